"""Which samples are measured, and the fingerprint of those that were.

The draw is a function of the data set's identity and the seed alone: neither the model, nor the order of
work, nor the number of players changes it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from interact_cli.datasets.samples import Numbered
from interact_cli.errors import DataRefused, ShapeError, UsageError
from interact_cli.interfaces import Dataset
from interact_cli.safe_text import safe_text
from interact_cli.seeding import digest, digest_each, generator
from interact_cli.types import IntArray, Prepared, Text

MAX_ID_BYTES = 1 << 26
"""Most bytes of a file of sample ids."""
_COMPARED = 10_000
"""Ids among which a misspelt one is looked for: in a million that takes longer than the run."""


def identity(dataset: Dataset) -> str:
    """Return the SHA-256 over name, split, sample ids and labels: what a draw is keyed by.

    Numbered ids are given by their prefix and their number, so a million of them cost nothing.
    """
    labels, ids = dataset.labels, getattr(dataset, "ids", None)
    if isinstance(ids, Numbered):
        raw = b"" if labels is None else labels.astype("<i8").tobytes()
        return digest(dataset.name, dataset.split, ids.prefix, str(len(ids)), raw)
    each = digest_each(map(dataset.sample_id, range(len(dataset))))
    return digest(dataset.name, dataset.split, each, digest_each(() if labels is None else map(str, labels.tolist())))


def draw(dataset: Dataset, n_samples: int, seed: int) -> list[int]:
    """Draw samples without replacement, with equal shares of the classes.

    Every class is shuffled; then the classes take turns, in a seeded order, until enough samples are drawn. So the
    counts of two classes differ by at most one while neither is used up, and the first k samples of a draw are the
    draw of k samples. Unlabelled data is one class.

    Args:
        dataset: Where to draw from.
        n_samples: How many; more than there are means all of them.
        seed: The data seed.

    Returns:
        Positions in the data set, in the order of the draw.

    Raises:
        UsageError: ``n_samples`` is below 1.
    """
    if n_samples < 1:
        raise UsageError(f"Expected at least 1 sample, got --n-samples {n_samples}.")
    random = generator(seed, "draw", identity(dataset))
    shuffled = random.permutation(len(dataset))
    labels = np.zeros(len(dataset), np.int64) if dataset.labels is None else dataset.labels
    turn, round_ = _turns(labels[shuffled], random)
    return [int(index) for index in shuffled[np.lexsort((turn, round_))][:n_samples]]


def _turns(labels: IntArray, random: np.random.Generator) -> tuple[IntArray, IntArray]:
    """Return, for every sample, the place of its class in a round and the round in which it comes."""
    classes, position = np.unique(labels, return_inverse=True)
    turn = random.permutation(classes.size).astype(np.int64)[position]
    by_class = np.argsort(position, kind="stable")  # stable: within a class the shuffled order holds
    first = np.searchsorted(position[by_class], np.arange(classes.size))
    round_ = np.empty(labels.size, np.int64)
    round_[by_class] = np.arange(labels.size) - first[position[by_class]]
    return turn, round_


def read_ids(path: Path, dataset: Dataset) -> list[int]:
    """Read the samples that a file names, one id per line; blank lines are skipped.

    Returns:
        Positions in the data set, in the order of the file.

    Raises:
        DataRefused: the file is missing, no text, or larger than `MAX_ID_BYTES`.
        UsageError: it names no sample, one twice, or one that the data set does not have.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ID_BYTES + 1)
        if len(content) > MAX_ID_BYTES:
            raise DataRefused(
                f"Expected at most {MAX_ID_BYTES:,} bytes of sample ids, got more in '{path}'. Is it the right file?"
            )
        lines = content.decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataRefused(f"Expected a text file with one sample id per line at '{path}': {error}.") from error
    sample_ids = [line.strip() for line in lines if line.strip()]
    known = {dataset.sample_id(index): index for index in range(len(dataset))}
    chosen: dict[int, None] = {}
    for sample_id in sample_ids:
        if sample_id not in known:
            raise UsageError(_unknown_id(sample_id, path, dataset, known))
        if known[sample_id] in chosen:
            raise UsageError(f"'{path}' names sample '{sample_id}' twice. Keep one line per sample.")
        chosen[known[sample_id]] = None
    if not chosen:
        raise UsageError(f"'{path}' names no sample; expected one id per line, such as '{dataset.sample_id(0)}'.")
    return list(chosen)


def positions(ids: Sequence[str], dataset: Dataset) -> list[int]:
    """Find samples that were measured before.

    Returns:
        Positions in the data set, in the order of ``ids``.

    Raises:
        DataRefused: the data set lacks some of them.
    """
    measured, position_of = set(ids), {}
    for index in range(len(dataset)):
        if (sample_id := dataset.sample_id(index)) in measured:
            position_of[sample_id] = index
    missing = [sample_id for sample_id in ids if sample_id not in position_of]
    if missing:
        raise DataRefused(
            f"Expected the samples that the report holds in data set '{dataset.name}' ({dataset.split}), but it lacks "
            f"{len(missing)} of {len(ids)}, first '{safe_text(missing[0])}'. Name the data that was measured: "
            f"--data-root DIR, or --dataset."
        )
    return [position_of[sample_id] for sample_id in ids]


def _unknown_id(sample_id: str, path: Path, dataset: Dataset, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(sample_id, islice(known, _COMPARED), n=1)
    guess = f" Did you mean '{near[0]}'?" if near else f" Ids look like '{dataset.sample_id(0)}'."
    return f"'{path}' names sample '{sample_id}', which data set '{dataset.name}' ({dataset.split}) lacks.{guess}"


def raw_digest(raw: Any) -> str:
    """Return the SHA-256 of one raw sample: pixels with mode and size, a float64 row, a text's parts, a prepared input.

    Raises:
        ShapeError: neither a PIL image, nor a text, nor a row of numbers.
    """
    if isinstance(raw, Text):
        parts = (raw.text, raw.second, raw.continuation)
        # "=" tells an empty part from a missing one; texts out of JSON may hold half a surrogate pair.
        return digest("text", *("" if part is None else f"={part}".encode("utf-8", "surrogatepass") for part in parts))
    if isinstance(raw, Prepared):
        return digest("prepared", str(raw.input.shape), raw.input.astype("<f4").tobytes())
    if isinstance(raw, Image.Image):
        # The bytes of a palette image are numbers of colours, and say nothing without the palette.
        pixels = raw.convert("RGBA") if raw.mode in {"P", "PA"} else raw
        return digest("image", pixels.mode, f"{pixels.width}x{pixels.height}", pixels.tobytes())
    row = np.asarray(raw)
    if row.ndim != 1 or row.dtype.kind not in "fiub":
        raise ShapeError(f"Expected a PIL image or one row of numbers, got {type(raw).__name__} of shape {row.shape}.")
    return digest("row", str(row.size), row.astype("<f8").tobytes())


def fingerprint(entries: Iterable[tuple[str, str, int | None]]) -> str:
    """Return the SHA-256 of the samples that were used, whatever their order.

    Args:
        entries: Sample id, `raw_digest` of the sample, and label (None when unlabelled).

    Example:
        >>> a, b = ("digits/test/1", "00", 7), ("digits/test/2", "01", 3)
        >>> fingerprint([a, b]) == fingerprint([b, a])
        True
    """
    return digest(*sorted(digest(name, content, str(label)) for name, content, label in entries))
