"""A table of numeric columns with a label column, as comma- or tab-separated text.

A table is not parsed when it is opened: one pass over its bytes finds where its rows start and reads the label column;
a row is parsed when it is asked for, and what is wrong with it is said then.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from interact_cli.datasets.labels import LABEL_NAMES, MISSING, class_labels, is_number
from interact_cli.datasets.request import required_path, resolve_split
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.datasets.tables.delimited import open_table
from interact_cli.datasets.tables.records import Column, Records, scan
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray

EXPECTED = "FILE.csv or FILE.tsv: one line of column names, numeric columns, and a label column (names or 0..K-1)"


def read(request: DataRequest) -> Samples:
    """Open a table; the row numbers in ids and messages count from 0, below the line of names.

    The label column is ``request.label_column``, else the last column if it is called label, class, target or y.
    Labels that are whole numbers are class indices; all others are class names, indexed in sorted order.

    Raises:
        DataRefused: no such file, no table of equally long rows, or a row without a label; later, of one row: a value
            that is missing or no finite number.
        UsageError: no path, an unknown split or label column, or no way to tell the label column.
    """
    resolve_split(request, ("all",), labels_by_column=True)
    path = required_path(request, what="file")
    table = open_table(path, "\t" if path.suffix.lower() == ".tsv" else ",", expected=EXPECTED)
    _refuse_no_names(path, table.names)
    label_column = choose_label(path, table.names, request.label_column)
    records, read_columns = scan(table, [label_column])
    if not len(records):
        raise DataRefused(f"Expected rows below the column names of '{path}', got none.")
    columns = [name for name in table.names if name != label_column]
    samples = labelled_rows(
        request, path, label_column, read_columns[label_column], columns, partial(read_numbers, records, columns)
    )
    _refuse_texts(path, records, columns)
    return samples


def choose_label(path: Path, names: Sequence[str], asked: str | None) -> str:
    """Return the label column: the one asked for, or the last if it has a usual name.

    Raises:
        UsageError: no such column, or no way to tell.
    """
    if asked is not None:
        return named_column(path, names, asked)
    if names[-1].lower() not in LABEL_NAMES:
        raise UsageError(
            f"Which column of '{path}' is the label? The last one is '{safe_text(names[-1])}', expected one of "
            f"{', '.join(LABEL_NAMES)}. Name it with --label-column. Columns: {_listed(names)}."
        )
    return names[-1]


def named_column(path: Path, names: Sequence[str], asked: str) -> str:
    """Return the column that was asked for.

    Raises:
        UsageError: there is none of this name.
    """
    if asked not in names:
        near = difflib.get_close_matches(asked, names, n=1, cutoff=0.5)
        guess = f" Did you mean '{safe_text(near[0])}'?" if near else ""
        raise UsageError(f"'{path}' has no column '{safe_text(asked)}'.{guess} Its columns: {_listed(names)}.")
    return asked


def numbers(path: Path, row: int, names: Sequence[str], texts: Sequence[str]) -> FloatArray:
    """Return the fields of one row as numbers, read by Python's own float(): right to the last bit.

    Raises:
        DataRefused: one is missing, no number, or not finite.
    """
    values = np.empty(len(names))
    for place, (name, text) in enumerate(zip(names, texts, strict=True)):
        if text.strip() in MISSING:
            raise DataRefused(f"Row {row} of '{path}' has no value in column '{safe_text(name)}'. Fill it in.")
        try:
            values[place] = float(text)
        except ValueError:
            raise _not_numeric(path, row, name, text) from None
        if not np.isfinite(values[place]):
            raise DataRefused(f"Column '{safe_text(name)}' of '{path}' is not finite: row {row} holds {text.strip()}.")
    return values


def labelled_rows(
    request: DataRequest,
    path: Path,
    label_column: str,
    label: Column,
    columns: Sequence[str],
    read_row: Callable[[int], FloatArray],
) -> Samples:
    """Return the rows of a table whose label column has been read; they are numbered from 0.

    Raises:
        DataRefused: a label is missing, or no class.
    """
    labels = class_labels(label.texts, label.positions, f"label column '{safe_text(label_column)}' of '{path}'")
    return Samples(
        name=request.name,
        split="all",
        kind="columns",
        ids=Numbered(f"{request.name}/{path.name}", label.positions.size),
        read=read_row,
        labels=labels.indices,
        class_names=labels.class_names,
        column_names=tuple(columns),
        notes=(f"label column: {safe_text(label_column)}", *labels.notes),
    )


def read_numbers(records: Records, columns: Sequence[str], index: int) -> FloatArray:
    """Return some columns of one record; see `numbers`."""
    fields = records.row(index)
    return numbers(records.table.path, index, columns, [fields[name] for name in columns])


def _refuse_no_names(path: Path, names: Sequence[str]) -> None:
    if len(names) < 2:
        hint = "; it is separated by semicolons: use commas" if ";" in names[0] else ""
        raise DataRefused(f"Expected at least two columns in '{path}', got one ('{safe_text(names[0], 40)}'){hint}.")
    if all(is_number(name) for name in names):
        raise DataRefused(f"Expected column names in the first line of '{path}', got numbers. Add a line of names.")


def _refuse_texts(path: Path, records: Records, columns: Sequence[str]) -> None:
    """Refuse a table whose first row already shows a column of texts: then no row can be read."""
    fields = records.row(0)
    for name in columns:
        if fields[name].strip() not in MISSING and not is_number(fields[name]):
            raise _not_numeric(path, 0, name, fields[name])


def _not_numeric(path: Path, row: int, name: str, text: str) -> DataRefused:
    return DataRefused(
        f"Column '{safe_text(name)}' of '{path}' is not numeric: row {row} holds '{safe_text(text, 40)}'. "
        "Encode it as numbers the way the model was trained, or remove it."
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(safe_text(name, 40) for name in names[:10]) + (", ..." if len(names) > 10 else "")
