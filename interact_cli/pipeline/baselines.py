"""What an absent player shows: in the network's input space, as a word vector, or inside the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from interact_cli.datasets.drawing import draw
from interact_cli.engine.evaluator import Evaluator
from interact_cli.entries.wrapped import TextNetwork
from interact_cli.errors import RunFailed, UsageError
from interact_cli.interfaces import Baseline, Dataset
from interact_cli.pipeline.preparer import Preparer
from interact_cli.players.words import embedding_baseline
from interact_cli.safe_text import safe_text
from interact_cli.seeding import digest
from interact_cli.types import Entry, FloatArray, Model, Sample

MEAN_SAMPLES = 1000
"""Images from which a baseline is averaged when the checkpoint names no mean."""
MEAN_ROWS = 10_000
"""Rows of a table from which its column means are taken; all rows where there are no more."""

MOST_LISTED = 1024
"""Values of a baseline that provenance lists one by one; of more it holds the digest, the report the values."""


def default_baseline(entry: Entry) -> str:
    """Return what is taken where nothing is asked for: the mean of inputs, zero of what the network computes."""
    return "mean" if entry.place == "input" else "zero"


def baseline_of(name: str, dataset: Dataset, samples: Sequence[Sample], evaluator: Evaluator, seed: int) -> Baseline:
    """Return what an absent player shows at the entry.

    Inputs: ``mean`` is the per-channel mean of the checkpoint's preprocessing, else of the data set; ``data-mean``
    always that of the data set; for columns both are the per-column mean of the data set. Samples that cannot be read
    are left out of a mean, and ``source`` counts them. Inside the network: ``zero`` (Zhang et al., ICLR 2021),
    ``value:V``, or ``mean``, the mean activation over the samples. Word vectors: see `embedding_baseline`.

    Raises:
        UsageError: no such baseline.
        RunFailed: a mean is asked for, and no sample can be read.
    """
    entry, model = evaluator.entry, evaluator.model
    if entry.place == "embedding":
        return embedding_baseline(model, name)
    inner = entry.place != "input"
    shape = () if inner else (model.input.shape[0], 1, 1) if model.input.kind == "image" else model.input.shape
    where = f"at the {entry}" if inner else "in the network's input space"
    if name == "zero":
        return Baseline("zero", np.zeros(shape, dtype=np.float32), f"0 {where}")
    if name.startswith("value:"):
        return Baseline(name, np.full(shape, _number(name), dtype=np.float32), f"given, {where}")
    if name not in ({"mean"} if inner else {"mean", "data-mean"}):
        known = "zero, mean" if inner else "mean, data-mean, zero, learned"
        raise UsageError(f"Expected --baseline {known} or value:NUMBER, got '{safe_text(name)}'.")
    if inner:
        mean = evaluator.stem.mean(samples, evaluator.rows)
        return Baseline("mean", mean, f"mean over {len(samples)} samples {where}")
    return _mean_input(name, model, dataset, seed)


def _mean_input(name: str, model: Model, dataset: Dataset, seed: int) -> Baseline:
    images = model.input.kind == "image"
    shape = (model.input.shape[0], 1, 1) if images else model.input.shape
    if name == "mean" and images and model.input.mean:
        # The mean pixel of the preprocessing is 0 after it.
        return Baseline("mean", np.zeros(shape, dtype=np.float32), "mean of the checkpoint's preprocessing")
    total, most = len(dataset), MEAN_SAMPLES if images else MEAN_ROWS
    whole = total <= most and not images
    indices = range(total) if whole else draw(dataset, min(most, total), seed)
    means, _, n_read, n_unread = _moments(model, dataset, indices)
    counted = "" if whole else f"{n_read} {'images' if images else 'rows'} of "
    what = f"{'channel' if images else 'column'} means of {counted}data set '{dataset.name}' ({dataset.split})"
    source = f"{what}; {n_unread} more cannot be read" if n_unread else what
    return Baseline(name, means.astype(np.float32).reshape(shape), source)


def spread_of(model: Model, dataset: Dataset, seed: int) -> tuple[FloatArray, str]:
    """Return the standard deviations by which a learned baseline may move, in a baseline's shape, and what they are of.

    Of images per channel, of tables per column, from as many samples as a mean is taken of; for texts those of the
    vocabulary's word vectors, per number: ``(1, d)``.

    Raises:
        RunFailed: no sample can be read.
    """
    if isinstance(model.module, TextNetwork):
        vectors: FloatArray = model.module.vocabulary().cpu().double().numpy()
        return vectors.std(axis=0, keepdims=True), "the vocabulary's word vectors"
    images = model.input.kind == "image"
    total, most = len(dataset), MEAN_SAMPLES if images else MEAN_ROWS
    indices = range(total) if total <= most else draw(dataset, most, seed)
    means, squares, _, _ = _moments(model, dataset, indices)
    spread = np.sqrt(np.maximum(squares - means**2, 0.0))  # rounding may leave a variance just below 0
    what = f"each {'channel' if images else 'column'} of data set '{dataset.name}' ({dataset.split})"
    return spread.reshape(-1, 1, 1) if images else spread, what


def _moments(model: Model, dataset: Dataset, indices: Sequence[int]) -> tuple[FloatArray, FloatArray, int, int]:
    """Return the mean and the mean square per channel or column, and how many samples could and could not be read."""
    total, n_read = np.zeros(model.input.shape[0]), 0
    squares = np.zeros_like(total)
    for _, prepared in Preparer(model, dataset).readable(indices):
        by_channel = prepared.reshape(len(total), -1)
        total += by_channel.mean(axis=1, dtype=np.float64)
        squares += np.square(by_channel, dtype=np.float64).mean(axis=1)
        n_read += 1
    if not n_read:
        raise RunFailed(
            f"None of {len(indices)} samples of data set '{dataset.name}' can be read, so it has no mean. "
            "Choose another --baseline, or mend the files."
        )
    return total / n_read, squares / n_read, n_read, len(indices) - n_read


def _number(name: str) -> float:
    try:
        value = float(name.removeprefix("value:"))
    except ValueError:
        value = float("nan")
    if not abs(value) <= float(np.finfo(np.float32).max):  # so written, NaN is refused too
        raise UsageError(f"Expected --baseline value:NUMBER, a finite float32 number, got '{safe_text(name)}'.")
    return value


def described(baseline: Baseline) -> Mapping[str, Any]:
    """Return a baseline for the report's provenance."""
    values = baseline.values.ravel()
    shown: Any = values.tolist() if values.size <= MOST_LISTED else digest(values.astype("<f4").tobytes())
    return {"name": baseline.name, "source": baseline.source, "values": shown}
