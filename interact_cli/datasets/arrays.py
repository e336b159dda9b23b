"""Inputs that are in memory, as a data set: what the network's ``forward`` takes, one row after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.errors import DataRefused
from interact_cli.types import MEMORY, IntArray, Prepared

TARGETS = "the labels are numbers, not classes: samples are unlabelled"
"""What a report notes of the targets of a regression."""
FORMS = "inputs or (inputs, labels): arrays, tensors or a data frame; images (n, C, H, W) or columns (n, F)"


def in_memory(inputs: Any, labels: Any = None) -> Samples:
    """Take inputs as a data set; nothing is done to them.

    Args:
        inputs: ``(n, C, H, W)`` images or ``(n, F)`` columns: an array, a tensor, a data frame or lists.
        labels: ``(n,)`` class indices. Numbers that are no classes (a regression's) make no labels.

    Raises:
        DataRefused: another form, not finite, or not as many labels.

    Example:
        >>> data = in_memory([[0.5, 1.0], [2.0, 3.0]], [0, 1])
        >>> len(data), data.kind, data.labels.tolist()
        (2, 'columns', [0, 1])
    """
    # A copy: what the user does to the array later does not reach the samples.
    rows = _numbers(inputs, "inputs").astype(np.float32)
    if rows.ndim not in {2, 4} or not rows.size:
        raise DataRefused(f"Expected {FORMS}; got inputs of shape {rows.shape}.")
    if not np.isfinite(rows).all():
        raise DataRefused("Expected finite inputs, got NaN or infinity. Fill or drop these rows.")
    rows.setflags(write=False)
    classes, notes = (None, ()) if labels is None else _classes(labels, len(rows))
    return Samples(
        name=MEMORY,
        split="given",
        kind="columns" if rows.ndim == 2 else "image",
        ids=Numbered(MEMORY, len(rows)),
        read=lambda index: Prepared(rows[index]),
        labels=classes,
        column_names=tuple(map(str, getattr(inputs, "columns", ()))),
        notes=notes,
    )


def _classes(labels: Any, n_rows: int) -> tuple[IntArray | None, tuple[str, ...]]:
    numbers = _numbers(labels, "labels")
    if numbers.ndim == 2 and numbers.shape[1] == 1:
        numbers = numbers[:, 0]
    if numbers.shape != (n_rows,):
        raise DataRefused(f"Expected one label for each of {n_rows} inputs, got labels of shape {numbers.shape}.")
    whole = np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all()
    if not whole:
        return None, (TARGETS,)
    return numbers.astype(np.int64), ()


def _numbers(given: Any, what: str) -> npt.NDArray[Any]:
    """Return what is given as an array, whatever library it comes from."""
    kind = type(given).__name__
    try:
        if isinstance(given, list | tuple) and given and hasattr(given[0], "detach"):
            given = np.stack([_numbers(row, what) for row in given])
        if hasattr(given, "detach"):  # a tensor may lie on another device, be part of a graph, or know fewer bits
            tensor = given.detach().cpu()
            given = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
        if hasattr(given, "to_numpy"):  # a frame may hold several kinds of numbers
            given = given.to_numpy(dtype=np.float64)
        numbers = np.asarray(given)
    except (TypeError, ValueError, RuntimeError):
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "fiub":
        arrived = f"{kind} of {numbers.dtype}" if kind == "ndarray" else kind
        advice = " Labels are class numbers from 0." if what == "labels" else ""
        raise DataRefused(f"Expected {FORMS}; got {what} that are no numbers: {arrived}.{advice}")
    return numbers
