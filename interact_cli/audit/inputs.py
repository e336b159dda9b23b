"""The inputs of a run: which data, which samples of it, in the network's input space, with which baseline."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from interact_cli import extensions
from interact_cli.adapters.preprocessing import preprocess
from interact_cli.config.settings import DataSettings
from interact_cli.datasets.drawing import draw, fingerprint, raw_digest, read_ids
from interact_cli.datasets.locations import default_roots
from interact_cli.errors import DataRefused, InputRefused, RunFailed, UsageError
from interact_cli.interfaces import Baseline, DataRequest, Dataset
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray, Model, Sample, Skipped

MEAN_SAMPLES = 1000
"""Images from which a baseline is averaged when the checkpoint names no mean."""
RANGE_SAMPLES = 1000
"""Unmasked samples from which the range Y is computed."""


def open_dataset(name: str, data: DataSettings, *, split: str | None = None) -> Dataset:
    """Open ``NAME`` or ``NAME:PATH``.

    Raises:
        UnknownNameError: no such data set.
        DataRefused: not found, in another layout, or not readable.
    """
    reader_name, _, path = name.partition(":")
    request = DataRequest(
        name=reader_name,
        path=Path(path) if path else None,
        roots=default_roots(data.root, os.environ),
        split=split or data.split,
        label_column=data.label_column,
        allow_download=data.allow_download,
    )
    reader = extensions.datasets().get(reader_name)
    try:
        return reader(request)
    except OSError as error:
        said = safe_text(error.strerror or error)
        raise DataRefused(f"Cannot read the data '{safe_text(name)}': {said}. Check the path.") from error


def fitting_data(model: Model) -> str:
    """Name the bundled inputs that fit a model for which no data was named.

    Raises:
        UsageError: a column model; no bundled table is its own.
    """
    if model.input.kind == "columns":
        raise UsageError(
            "Expected data for a column model: name it with --dataset csv:FILE --label-column NAME "
            "(or a bundled table, see 'interact list datasets')."
        )
    return "digits" if model.input.shape[0] == 1 and model.n_classes == 10 else "photographs"


@dataclass(frozen=True)
class Inputs:
    """The drawn samples."""

    dataset: Dataset
    samples: tuple[Sample, ...]
    skipped: tuple[Skipped, ...]
    fingerprint: str
    notes: tuple[str, ...]

    @property
    def labels(self) -> IntArray:
        """``(sample,)``; -1 for unlabelled."""
        return np.array([-1 if sample.label is None else sample.label for sample in self.samples], dtype=np.int64)


def matched(model: Model, dataset: Dataset) -> Model:
    """Name a column model's columns by the data where the checkpoint does not.

    Raises:
        DataRefused: another kind of input, or another number of columns.
    """
    if dataset.kind != model.input.kind:
        wanted = {"image": "images", "columns": "table rows"}
        raise DataRefused(
            f"Expected {wanted[model.input.kind]} for '{safe_text(model.arch)}', but data set '{dataset.name}' holds "
            f"{wanted[dataset.kind]}. Choose another --dataset."
        )
    if model.input.kind != "columns" or model.input.columns.names:
        return model
    (n_columns,) = model.input.shape
    if n_columns != len(dataset.column_names):
        raise DataRefused(
            f"Expected {n_columns} columns for '{safe_text(model.arch)}', data set '{dataset.name}' has "
            f"{len(dataset.column_names)}. Choose the columns the network was trained on."
        )
    columns = replace(model.input.columns, names=dataset.column_names)
    return replace(model, input=replace(model.input, columns=columns))


class Preparer:
    """Raw samples of a data set into the network's input space."""

    def __init__(self, model: Model, dataset: Dataset) -> None:
        self.model = model
        self.dataset = dataset
        self.prepare = preprocess(model.input)
        self.columns = _column_positions(model, dataset)

    def raw(self, index: int) -> Any:
        """Read one sample; rows are brought into the order of the model's columns."""
        raw = self.dataset.raw(index)
        return raw if self.columns is None else np.asarray(raw)[self.columns]

    def sample(self, index: int, *, with_picture: bool) -> tuple[Sample, str]:
        """Return one sample and the digest of its raw bytes."""
        raw = self.raw(index)
        prepared = self.prepare(raw)
        label = None if self.dataset.labels is None else int(self.dataset.labels[index])
        picture = _picture(prepared, self.model) if with_picture and isinstance(raw, Image.Image) else None
        return Sample(self.dataset.sample_id(index), prepared, label, picture), raw_digest(raw)

    def readable(self, indices: Sequence[int]) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Yield position and network input of those samples that can be read, one at a time."""
        for index in indices:
            try:
                prepared = self.prepare(self.raw(index))
            except InputRefused:
                continue
            yield index, prepared


def draw_inputs(
    data: DataSettings, model: Model, dataset: Dataset, *, n_samples: int, seed: int, n_pictures: int
) -> Inputs:
    """Draw samples and prepare them.

    Raises:
        DataRefused: a label outside the network's classes.
        RunFailed: more unreadable samples than tolerated, or none readable.
    """
    if len(dataset) == 0:
        raise DataRefused(f"Expected samples in data set '{dataset.name}' ({dataset.split}), got none.")
    _check_labels(model, dataset)
    indices = read_ids(data.samples, dataset) if data.samples else draw(dataset, n_samples, seed)
    if data.limit is not None:
        indices = indices[: data.limit]
    preparer = Preparer(model, dataset)
    samples: list[Sample] = []
    skipped: list[Skipped] = []
    entries = []
    for index in indices:
        try:
            sample, content = preparer.sample(index, with_picture=len(samples) < n_pictures)
        except InputRefused as error:
            skipped.append(Skipped(dataset.sample_id(index), str(error)))
            continue
        samples.append(sample)
        entries.append((sample.id, content, sample.label))
    if not samples or len(skipped) > data.max_failures:
        raise RunFailed(
            f"{len(skipped)} of {len(indices)} samples cannot be read (tolerated: --max-failures {data.max_failures}). "
            f"First: {skipped[0].reason}"
        )
    return Inputs(dataset, tuple(samples), tuple(skipped), fingerprint(entries), _notes(model, dataset))


def baseline_of(name: str, model: Model, dataset: Dataset, seed: int) -> Baseline:
    """Return what an absent player shows, in the network's input space.

    ``mean`` is the per-channel mean of the checkpoint's preprocessing, else of the data set; ``data-mean`` always that
    of the data set; for columns both are the per-column mean of the data set. Samples that cannot be read are left
    out of a mean, and ``source`` counts them.

    Raises:
        UsageError: no such baseline.
        RunFailed: a mean is asked for, and no sample can be read.
    """
    shape = (model.input.shape[0], 1, 1) if model.input.kind == "image" else model.input.shape
    if name == "zero":
        return Baseline("zero", np.zeros(shape, dtype=np.float32), "0 in the network's input space")
    if name.startswith("value:"):
        return Baseline(name, np.full(shape, _number(name), dtype=np.float32), "given, in the network's input space")
    if name not in {"mean", "data-mean"}:
        raise UsageError(f"Expected --baseline mean, data-mean, zero or value:NUMBER, got '{safe_text(name)}'.")
    if name == "mean" and model.input.kind == "image" and model.input.mean:
        # The mean pixel of the preprocessing is 0 after it.
        return Baseline("mean", np.zeros(shape, dtype=np.float32), "mean of the checkpoint's preprocessing")
    where = f"data set '{dataset.name}' ({dataset.split})"
    if model.input.kind == "columns":
        means, n_read, n_unread = _means(model, dataset, range(len(dataset)))
        what = f"column means of {where}"
    else:
        means, n_read, n_unread = _means(model, dataset, draw(dataset, min(MEAN_SAMPLES, len(dataset)), seed))
        what = f"channel means of {n_read} images of {where}"
    source = f"{what}; {n_unread} more cannot be read" if n_unread else what
    return Baseline(name, means.astype(np.float32).reshape(shape), source)


def _means(model: Model, dataset: Dataset, indices: Sequence[int]) -> tuple[FloatArray, int, int]:
    """Return the mean input per channel or column, and how many samples could and could not be read."""
    total, n_read = np.zeros(model.input.shape[0]), 0
    for _, prepared in Preparer(model, dataset).readable(indices):
        total += prepared.reshape(len(total), -1).mean(axis=1, dtype=np.float64)
        n_read += 1
    if not n_read:
        raise RunFailed(
            f"None of {len(indices)} samples of data set '{dataset.name}' can be read, so it has no mean. "
            "Choose another --baseline, or mend the files."
        )
    return total / n_read, n_read, len(indices) - n_read


def range_inputs(model: Model, dataset: Dataset, seed: int) -> tuple[list[npt.NDArray[np.float32]], IntArray]:
    """Return unmasked inputs and labels from which the range Y is computed: at most 1,000, stratified.

    Samples that cannot be read are left out.
    """
    if dataset.labels is None:
        return [], np.zeros(0, dtype=np.int64)
    indices = draw(dataset, min(RANGE_SAMPLES, len(dataset)), seed)
    kept = list(Preparer(model, dataset).readable(indices))
    return [prepared for _, prepared in kept], dataset.labels[[index for index, _ in kept]]


def share_correct(predicted: IntArray, labels: IntArray) -> float:
    """Return the share of correct predictions; NaN if unlabelled."""
    if not len(labels) or (labels < 0).any() or (predicted < 0).any():
        return float("nan")
    return float((predicted == labels).mean())


def chance_of(labels: IntArray | None) -> float:
    """Return the share of the most frequent class in a data set.

    NaN if unlabelled; one class alone does not say what chance is.

    Example:
        >>> chance_of(np.array([0, 1, 1, 2]))
        0.5
    """
    if labels is None or not len(labels) or (labels < 0).any():
        return float("nan")
    counts = np.bincount(labels)
    return float(counts.max() / len(labels)) if np.count_nonzero(counts) > 1 else float("nan")


def _check_labels(model: Model, dataset: Dataset) -> None:
    if dataset.labels is None or model.n_classes == 0 or not len(dataset.labels):
        return
    low, high = int(dataset.labels.min()), int(dataset.labels.max())
    if low < 0 or high >= model.n_classes:
        raise DataRefused(
            f"Expected labels in 0..{model.n_classes - 1} for the network's {model.n_classes} classes, data set "
            f"'{dataset.name}' has labels {low}..{high}. Choose the data set that the network was trained on."
        )


def _column_positions(model: Model, dataset: Dataset) -> IntArray | None:
    """Where each of the model's columns stands in a raw row; None for images."""
    if model.input.kind != "columns":
        return None
    missing = [name for name in model.input.columns.names if name not in dataset.column_names]
    if missing:
        raise DataRefused(
            f"Expected column '{safe_text(missing[0])}' in data set '{dataset.name}' ({len(missing)} of the model's "
            f"columns are missing); it has {safe_text(', '.join(dataset.column_names))}."
        )
    return np.array([dataset.column_names.index(name) for name in model.input.columns.names], dtype=np.int64)


def _picture(prepared: npt.NDArray[np.float32], model: Model) -> npt.NDArray[np.uint8]:
    """Show what the network sees: ``(C, H, W)`` input -> ``(H, W, 3)`` bytes."""
    image = prepared.transpose(1, 2, 0).astype(np.float64)
    if model.input.mean and model.input.std:
        image = image * np.array(model.input.std) + np.array(model.input.mean)
    else:
        image = (image - image.min()) / max(float(np.ptp(image)), 1e-12)
    pixels = (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
    return pixels[:, :, :3] if pixels.shape[2] >= 3 else np.repeat(pixels[:, :, :1], 3, axis=2)


def _notes(model: Model, dataset: Dataset) -> tuple[str, ...]:
    notes = list(dataset.notes)
    if dataset.class_names and model.n_classes and len(dataset.class_names) != model.n_classes:
        notes.append(f"the network has {model.n_classes} classes, the data set {len(dataset.class_names)}")
    return tuple(notes)


def _number(name: str) -> float:
    try:
        value = float(name.removeprefix("value:"))
    except ValueError:
        value = float("nan")
    if not abs(value) <= float(np.finfo(np.float32).max):
        raise UsageError(f"Expected --baseline value:NUMBER, a finite float32 number, got '{safe_text(name)}'.")
    return value


def described(baseline: Baseline) -> Mapping[str, Any]:
    """Return a baseline for the report's provenance."""
    return {"name": baseline.name, "source": baseline.source, "values": baseline.values.ravel().tolist()}
