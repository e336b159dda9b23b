"""Which column of a saved folder is the label, and what its values mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from interact_cli.datasets.labels import LABEL_NAMES, Labels, class_labels
from interact_cli.datasets.tables.parquet import is_text
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray

_HIDDEN = -1
"""How published test parts mark a label that is kept secret."""


def label_column(features: Mapping[str, Any], rows: pa.Table, asked: str | None) -> str | None:
    """Return the label column: the one asked for, the only one of classes, or one of a usual name.

    Raises:
        UnknownNameError: no such column.
        UsageError: several columns of classes, and none was asked for.
    """
    names = rows.column_names
    if asked is not None:
        if asked not in names:
            raise UnknownNameError("label column", safe_text(asked), [safe_text(name) for name in names])
        return asked
    classes = [name for name in names if _is_class_label(features, name)]
    if len(classes) > 1:
        raise UsageError(
            f"Expected one column of classes, got {', '.join(map(safe_text, classes))}. Name one with --label-column."
        )
    return next(iter([*classes, *(name for name in LABEL_NAMES if name in names)]), None)


def _is_class_label(features: Mapping[str, Any], name: str) -> bool:
    feature = features.get(name)
    return isinstance(feature, dict) and feature.get("_type") == "ClassLabel" and isinstance(feature.get("names"), list)


def read_labels(features: Mapping[str, Any], rows: pa.Table, column: str | None) -> Labels:
    """Return the labels, and what is to be said about them.

    A column of fractions is a number to predict, not a class: samples are then unlabelled, as they are where every
    label is hidden (-1).

    Args:
        features: Column -> its description in ``dataset_info.json``.
        rows: The table.
        column: The label column.

    Raises:
        DataRefused: a missing label, one outside the classes, or a column that holds neither numbers nor names.
    """
    if column is None:
        return Labels(notes=("no label column: samples are unlabelled",))
    where = f"label column '{safe_text(column)}'"
    values = rows.column(column)
    if pa.types.is_floating(values.type):
        return Labels(notes=(f"{where} holds fractions, not classes: samples are unlabelled",))
    texts, positions = _distinct(values, where)
    if texts == [str(_HIDDEN)]:
        return Labels(notes=(f"every label of {where} is hidden ({_HIDDEN}): samples are unlabelled",))
    note = f"label column: {safe_text(column)}"
    if not _is_class_label(features, column):
        labels = class_labels(texts, positions, where)
        return replace(labels, notes=(note, *labels.notes))
    names = tuple(str(name) for name in features[column]["names"])
    numbers = np.array([_whole(text) for text in texts], np.int64)[positions]
    wrong = np.flatnonzero((numbers < 0) | (numbers >= len(names)))
    if wrong.size:
        got = safe_text(texts[positions[wrong[0]]])
        raise DataRefused(
            f"Expected class numbers in 0..{len(names) - 1} in {where}, got '{got}' in row {wrong[0]} ({wrong.size} of "
            f"{numbers.size} labels are outside). Is it the right --label-column?"
        )
    return Labels(numbers, names, (note,))


def _distinct(values: pa.ChunkedArray, where: str) -> tuple[list[str], IntArray]:
    """Return the different labels as texts, and the position of each row's label among them."""
    if values.null_count:
        raise DataRefused(f"Expected a label in every row of {where}, got {values.null_count} rows without.")
    kind = values.type
    if not any(test(kind) for test in (pa.types.is_integer, pa.types.is_boolean, is_text)):
        raise DataRefused(
            f"Expected class numbers or names in {where}, got {safe_text(str(kind))}. Choose --label-column."
        )
    try:
        values.validate(full=True)
        encoded = values.dictionary_encode().combine_chunks()
        texts = encoded.dictionary.cast(pa.string()).to_pylist()
        return texts, encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    except (pa.ArrowException, ValueError) as error:
        raise DataRefused(f"Cannot read {where}: {safe_text(error)}.") from error


def _whole(text: str) -> int:
    # More digits are no class, and may not fit 64 bits.
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 10 else _HIDDEN
