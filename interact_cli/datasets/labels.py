"""Label texts into class indices: the same rule for tables and for texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interact_cli.errors import DataRefused
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray

LABEL_NAMES = ("label", "class", "target", "y")
"""What a label column is usually called."""

MISSING = frozenset({"", "?", "#N/A", "<NA>", "N/A", "n/a", "NA", "NaN", "nan", "NULL", "null", "None"})
"""Texts that stand for a value that is not there."""

MAX_CLASSES = 10_000


@dataclass(frozen=True)
class Labels:
    """Classes of the samples."""

    indices: IntArray | None = None
    """``(sample,)``; None when unlabelled."""
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What is to be said about them."""


def class_labels(texts: Sequence[str], positions: IntArray, where: str) -> Labels:
    """Return the classes that label texts stand for.

    Labels that are all whole numbers are class indices; all others are class names, indexed in sorted order.

    Args:
        texts: The different labels of a data set, in any order; those that no sample has do not count.
        positions: ``(sample,)`` position in ``texts`` of each sample's label.
        where: Where they stand, for messages: ``"label column 'y' of 'x.csv'"``.

    Raises:
        DataRefused: a label is missing or no class index, or there are more than `MAX_CLASSES` classes.

    Example:
        >>> class_labels(("wolf", "ox"), np.array([0, 1, 0]), "here").indices
        array([1, 0, 1])
    """
    used = np.bincount(positions, minlength=len(texts)) > 0
    # Texts that no sample has drop out, so those behind them move up.
    positions = (np.cumsum(used) - 1)[positions]
    stripped = [text.strip() for text, is_used in zip(texts, used, strict=True) if is_used]
    missing = np.isin(positions, [at for at, text in enumerate(stripped) if text in MISSING])
    if missing.any():
        raise DataRefused(
            f"Expected a label in every row, got {int(missing.sum())} missing in {where}, the first in row "
            f"{int(missing.argmax())}. Fill them in or remove the rows."
        )
    if all(is_number(text) for text in stripped):
        return _by_index(stripped, positions, where)
    names = sorted(set(stripped))
    if len(names) > MAX_CLASSES:
        raise DataRefused(f"Expected at most {MAX_CLASSES:,} classes, got {len(names):,} in {where}. Is it the label?")
    index_of = {name: index for index, name in enumerate(names)}
    shown = ", ".join(f"{safe_text(name, 40)} = {index}" for name, index in list(index_of.items())[:10])
    more = ", ..." if len(names) > 10 else ""
    indices = np.array([index_of[text] for text in stripped], np.int64)[positions]
    return Labels(indices, tuple(names), (f"classes by name: {shown}{more}",))


def is_number(text: str) -> bool:
    """Return whether Python's own float() reads the text."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _by_index(texts: Sequence[str], positions: IntArray, where: str) -> Labels:
    numbers = np.array([float(text) for text in texts])
    right = (numbers >= 0) & (numbers < MAX_CLASSES) & (numbers == np.floor(numbers))
    wrong = ~right[positions]
    if wrong.any():
        row = int(wrong.argmax())
        raise DataRefused(
            f"Expected class names or whole numbers 0..K-1 in {where}, got {safe_text(texts[positions[row]], 40)} in "
            f"row {row}. Is it the right --label-column?"
        )
    indices = numbers.astype(np.int64)[positions]
    lowest = int(indices.min())
    notes = (f"labels start at {lowest} and are class indices: class 0 does not occur",) if lowest else ()
    return Labels(indices, tuple(str(index) for index in range(int(indices.max()) + 1)), notes)
