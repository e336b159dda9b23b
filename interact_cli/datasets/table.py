"""A table of numeric columns with a label column, as comma- or tab-separated text."""

from __future__ import annotations

import difflib
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from interact_cli.datasets.request import required_path, resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.types import BoolArray, FloatArray, IntArray

EXPECTED = "FILE.csv or FILE.tsv: one line of column names, numeric columns, and a label column (names or 0..K-1)"

LABEL_NAMES = ("label", "class", "target", "y")
MAX_COLUMNS = 10_000
_MAX_HEADER_BYTES = 1024**2
_MAX_CLASSES = 10_000
_CHUNK_VALUES = 1_000_000
"""Values that are held as text at a time."""
_MISSING = ["?"]
"""Counted as missing besides what pandas knows."""


def read(request: DataRequest) -> Samples:
    """Open a table; the row numbers in ids and messages count from 0, below the line of names.

    The label column is ``request.label_column``, else the last column if it is called label, class, target or y.
    Labels that are whole numbers are class indices; all others are class names, indexed in sorted order.

    Raises:
        DataRefused: no such file, no table, a missing value, or a column that is not numeric.
        UsageError: no path, an unknown split or label column, or no way to tell the label column.
    """
    split = resolve_split(request, ("all",), labels_by_column=True)
    path = required_path(request, what="file")
    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    _refuse_other_files(path, separator)
    names = _column_names(path, separator)
    label_column = _label_column(path, names, request.label_column)
    rows, texts = _read_columns(path, separator, names, label_column)
    labels, class_names, notes = _labels(path, label_column, texts)
    return Samples(
        name="csv",
        split=split,
        kind="columns",
        ids=tuple(f"csv/{path.name}/{row}" for row in range(len(rows))),
        read=rows.__getitem__,
        labels=labels,
        class_names=class_names,
        column_names=tuple(name for name in names if name != label_column),
        notes=(f"label column: {label_column}", *notes),
    )


def _refuse_other_files(path: Path, separator: str) -> None:
    if not path.is_file():
        found = "a folder" if path.is_dir() else "nothing"
        raise DataRefused(f"Expected a table at '{path}', got {found}. Expected {EXPECTED}.")
    try:
        with path.open("rb") as file:
            header = file.readline(_MAX_HEADER_BYTES)
            file.seek(0)
            has_nul = any(b"\0" in block for block in iter(lambda: file.read(1024**2), b""))
    except OSError as error:
        raise DataRefused(f"Cannot read '{path}': {error.strerror or error}.") from error
    if path.stat().st_size == 0:
        raise DataRefused(f"Expected a table at '{path}', got an empty file. Expected {EXPECTED}.")
    if has_nul:
        raise DataRefused(f"Expected UTF-8 text at '{path}', got NUL bytes: binary, or UTF-16? Save it as UTF-8.")
    if header.count(separator.encode()) >= MAX_COLUMNS or len(header) == _MAX_HEADER_BYTES:
        raise DataRefused(f"Expected at most {MAX_COLUMNS:,} columns in '{path}', got more. Keep the model's columns.")


@contextmanager
def _table_text(path: Path) -> Iterator[TextIO]:
    """Open the text; what pandas says about a malformed table becomes a refusal, and a warning counts as malformed."""
    try:
        with warnings.catch_warnings(), path.open(encoding="utf-8-sig", newline="") as file:
            warnings.simplefilter("error", pd.errors.ParserWarning)
            yield file
    except UnicodeDecodeError as error:
        raise DataRefused(f"Expected UTF-8 text at '{path}', got other bytes ({error}). Save it as UTF-8.") from error
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        cause = " ".join(str(error).split())
        raise DataRefused(f"'{path}' is no table of equally long rows: {cause}. Expected {EXPECTED}.") from error


def _column_names(path: Path, separator: str) -> list[str]:
    with _table_text(path) as file:
        header = pd.read_csv(
            file, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False, skipinitialspace=True
        )
    names = [str(name).strip() for name in header.iloc[0].tolist()]
    if len(names) < 2:
        hint = "; it is separated by semicolons: use commas" if ";" in names[0] else ""
        raise DataRefused(f"Expected at least two columns in '{path}', got one ('{names[0][:40]}'){hint}.")
    if all(_is_number(name) for name in names):
        raise DataRefused(f"Expected column names in the first line of '{path}', got numbers. Add a line of names.")
    if "" in names:
        raise DataRefused(
            f"Column {names.index('') + 1} of {len(names)} in '{path}' has no name. Name it or remove it."
        )
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataRefused(f"Column '{twice[0]}' appears more than once in '{path}'. Rename one of them.")
    return names


def _label_column(path: Path, names: list[str], asked: str | None) -> str:
    if asked in names:
        return str(asked)
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    if asked is not None:
        near = difflib.get_close_matches(asked, names, n=1, cutoff=0.5)
        guess = f" Did you mean '{near[0]}'?" if near else ""
        raise UsageError(f"'{path}' has no column '{asked}'.{guess} Its columns: {shown}.")
    if names[-1].lower() not in LABEL_NAMES:
        raise UsageError(
            f"Which column of '{path}' is the label? The last one is '{names[-1]}', expected one of "
            f"{', '.join(LABEL_NAMES)}. Name it with --label-column. Columns: {shown}."
        )
    return names[-1]


def _read_columns(path: Path, separator: str, names: list[str], label_column: str) -> tuple[FloatArray, list[str]]:
    """Return ``(n_rows, n_columns)`` numbers and one label text per row; none of them is missing.

    Python's own float() reads the numbers, so they are right to the last bit under every version of pandas.
    """
    rows: list[FloatArray] = []
    labels: list[Any] = []
    with _table_text(path) as file:
        chunks = pd.read_csv(
            file,
            sep=separator,
            header=0,
            names=names,
            index_col=False,
            dtype=str,
            na_values=_MISSING,
            skipinitialspace=True,
            chunksize=max(1, _CHUNK_VALUES // len(names)),
        )
        for chunk in chunks:
            labels += chunk[label_column].tolist()
            rows.append(_numbers(path, chunk.drop(columns=label_column)))
    if not labels:
        raise DataRefused(f"Expected rows below the column names of '{path}', got none.")
    matrix = np.concatenate(rows)
    columns = [name for name in names if name != label_column]
    _refuse_missing(path, {**dict(zip(columns, np.isnan(matrix).T, strict=True)), label_column: pd.isna(labels)})
    _refuse_infinite(path, matrix, columns)
    matrix.setflags(write=False)
    return matrix, [str(label).strip() for label in labels]


def _numbers(path: Path, columns: pd.DataFrame) -> FloatArray:
    try:
        numbers: FloatArray = columns.to_numpy(dtype=object, na_value=np.nan).astype(np.float64)
    except ValueError:
        name, row, value = next(_texts(columns))
        raise DataRefused(
            f"Column '{name}' of '{path}' is not numeric: row {row} holds '{value[:40]}'. "
            "Encode it as numbers the way the model was trained, or remove it."
        ) from None
    return numbers


def _texts(columns: pd.DataFrame) -> Iterator[tuple[str, int, str]]:
    """Yield column, row and text of every value that is no number."""
    for name in columns:
        for row, value in columns[name].items():
            if not _is_number(value):
                yield str(name), int(str(row)), str(value)


def _refuse_missing(path: Path, missing: Mapping[str, BoolArray]) -> None:
    affected = [name for name, where in missing.items() if where.any()]
    if affected:
        raise DataRefused(
            f"'{path}' has {sum(int(where.sum()) for where in missing.values())} missing value(s) in {len(affected)} "
            f"column(s), the first in column '{affected[0]}', row {int(missing[affected[0]].argmax())}. "
            "Fill them in or remove the rows."
        )


def _refuse_infinite(path: Path, matrix: FloatArray, columns: list[str]) -> None:
    infinite = np.argwhere(~np.isfinite(matrix))
    if infinite.size:
        row, column = infinite[0]
        raise DataRefused(
            f"Column '{columns[column]}' of '{path}' is not finite: row {row} holds {matrix[row, column]}. "
            "Fill it in or remove the row."
        )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _labels(path: Path, column: str, texts: list[str]) -> tuple[IntArray, tuple[str, ...], tuple[str, ...]]:
    """Return class indices, class names, and what is to be noted about them."""
    if all(_is_number(text) for text in texts):
        return _index_labels(path, column, texts)
    names = sorted(set(texts))
    indices = {name: index for index, name in enumerate(names)}
    shown = ", ".join(f"{name} = {index}" for name, index in list(indices.items())[:10])
    more = ", ..." if len(names) > 10 else ""
    return np.array([indices[text] for text in texts], np.int64), tuple(names), (f"classes by name: {shown}{more}",)


def _index_labels(path: Path, column: str, texts: list[str]) -> tuple[IntArray, tuple[str, ...], tuple[str, ...]]:
    numbers = np.array([float(text) for text in texts])
    wrong = np.flatnonzero(~((numbers >= 0) & (numbers < _MAX_CLASSES) & (numbers == np.floor(numbers))))
    if wrong.size:
        raise DataRefused(
            f"Expected class names or whole numbers 0..K-1 in label column '{column}' of '{path}', "
            f"got {texts[wrong[0]]} in row {wrong[0]}. Is it the right --label-column?"
        )
    labels = numbers.astype(np.int64)
    lowest = int(labels.min())
    notes = (f"labels start at {lowest} and are class indices: class 0 does not occur",) if lowest else ()
    return labels, tuple(str(index) for index in range(int(labels.max()) + 1)), notes
