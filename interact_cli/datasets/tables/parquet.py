"""A table of numeric columns with a label column, as a Parquet file: read by row group, when a row is asked for.

Only plain types are read. An extension type carries a program's own serialisation (in old versions of Arrow a pickle),
so a file that has one is refused, whichever column is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interact_cli.datasets.request import required_path, resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.tables.delimited import MAX_COLUMNS
from interact_cli.datasets.tables.records import MAX_DISTINCT, Column
from interact_cli.datasets.tables.table import choose_label, labelled_rows
from interact_cli.datasets.texts.lines import refuse_no_file
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray

EXPECTED = "FILE.parquet: numeric columns, and a label column (names or 0..K-1); no extension types"

Group = TypeVar("Group")

MAX_ROWS = 10**8
_MAX_GROUP_BYTES = 1 << 31
_CACHED_VALUES = 1 << 24
"""Numbers of row groups that stay in memory (128 MB), or one row group if that is larger."""


def read(request: DataRequest) -> Samples:
    """Open a Parquet table; the row numbers in ids and messages count from 0.

    Labels are found and read as in a text table. The numbers of a row group are read when the first of its rows is
    asked for.

    Raises:
        DataRefused: no such file, no Parquet, a type that is no number, or a row without a label; later, of one row: a
            value that is missing or not finite.
        UsageError: no path, an unknown split or label column, or no way to tell the label column.
    """
    resolve_split(request, ("all",), labels_by_column=True)
    path = required_path(request, what="file")
    table = open_parquet(path)
    label_column = choose_label(path, table.names, request.label_column)
    columns = tuple(name for name in table.names if name != label_column)
    _refuse_no_numbers(table, columns)
    read_row = partial(_row, path, columns, table.groups(columns, partial(_numbers, columns)))
    return labelled_rows(request, path, label_column, table.column(label_column), columns, read_row)


@dataclass(frozen=True)
class Parquet:
    """A Parquet file, and which row group holds which rows."""

    path: Path
    schema: pa.Schema
    ends: IntArray
    """``(group,)`` number of the first row behind each row group."""

    def __len__(self) -> int:
        return int(self.ends[-1])

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self.schema.names)

    def column(self, name: str) -> Column:
        """Read one column for all rows; a missing value is an empty text.

        Raises:
            DataRefused: it cannot be read, or has more than `MAX_DISTINCT` different values.
        """
        with _opened(self.path, [name] if is_text(self.schema.field(name).type) else []) as file:
            values = file.read(columns=[name], use_threads=False).column(0)
            encoded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
            whole = encoded.unify_dictionaries().combine_chunks()
            if isinstance(whole, pa.ChunkedArray) or len(whole) != len(self):
                raise pa.ArrowInvalid(f"column '{name}' does not have the {len(self)} rows that the file announces")
            texts = ["" if value is None else str(value) for value in whole.dictionary[: MAX_DISTINCT + 1].to_pylist()]
            positions = whole.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False).astype(np.int64)
        if len(texts) > MAX_DISTINCT:
            raise DataRefused(
                f"Expected at most {MAX_DISTINCT:,} different values in column '{safe_text(name)}' of '{self.path}', "
                "got more. Is it the right column?"
            )
        return Column((*texts, ""), positions)

    def groups(
        self, columns: Sequence[str], convert: Callable[[pa.Table], Group]
    ) -> Callable[[int], tuple[Group, int]]:
        """Return a function from a row to its row group, converted, and its number in there.

        The last row groups stay in memory.
        """
        texts = [name for name in columns if is_text(self.schema.field(name).type)]
        starts = np.concatenate([[0], self.ends])
        largest = int(np.diff(starts).max()) * len(columns)

        @lru_cache(maxsize=max(1, _CACHED_VALUES // largest))
        def read_group(group: int) -> Group:
            with _opened(self.path, texts) as file:
                return convert(file.read_row_group(group, columns=list(columns), use_threads=False))

        def find(row: int) -> tuple[Group, int]:
            group = int(np.searchsorted(self.ends, row, side="right"))
            return read_group(group), row - int(starts[group])

        return find


def open_parquet(path: Path) -> Parquet:
    """Read what a Parquet file says of itself, and nothing else.

    Raises:
        DataRefused: no such file, no Parquet, no rows, an extension type, two columns of one name, or too large.
    """
    refuse_no_file(path, "a Parquet file")
    with _opened(path, []) as file:
        metadata, schema = file.metadata, file.schema_arrow
        rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        sizes = [metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)]
    if not sum(rows) or min(rows) < 0:
        raise DataRefused(f"Expected rows in '{path}', got none.")
    if len(schema.names) > MAX_COLUMNS:
        raise DataRefused(f"Expected at most {MAX_COLUMNS:,} columns in '{path}', got more. Keep the model's columns.")
    if sum(rows) > MAX_ROWS or max(sizes) > _MAX_GROUP_BYTES:
        raise DataRefused(
            f"Expected at most {MAX_ROWS:,} rows, in groups of at most {_MAX_GROUP_BYTES >> 30} GiB, in '{path}', got "
            "more. Write it again with smaller row groups, or in parts."
        )
    _refuse_types(path, schema)
    return Parquet(path, schema, np.cumsum(rows, dtype=np.int64))


def _refuse_types(path: Path, schema: pa.Schema) -> None:
    seen: set[str] = set()
    for field in schema:
        if field.name in seen:
            raise DataRefused(f"Column '{safe_text(field.name)}' appears more than once in '{path}'. Rename one.")
        if isinstance(field.type, pa.BaseExtensionType) or b"ARROW:extension:name" in (field.metadata or {}):
            raise DataRefused(
                f"Column '{safe_text(field.name)}' of '{path}' has an extension type, which is not read. Save it as "
                "plain numbers or texts."
            )
        seen.add(field.name)


@contextmanager
def _opened(path: Path, texts: Sequence[str]) -> Iterator[pq.ParquetFile]:
    """Open the file; ``texts`` stay dictionaries, so that one long text in a million rows is held once."""
    try:
        with pq.ParquetFile(path, read_dictionary=list(texts)) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DataRefused(f"Cannot read '{path}' as Parquet: {safe_text(error)}.") from error


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _refuse_no_numbers(table: Parquet, columns: Sequence[str]) -> None:
    if not columns:
        raise DataRefused(f"Expected at least two columns in '{table.path}', got one. Expected {EXPECTED}.")
    is_number = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    for name in columns:
        kind = table.schema.field(name).type
        if not any(test(kind) for test in is_number):
            raise DataRefused(
                f"Column '{safe_text(name)}' of '{table.path}' is not numeric: its type is {safe_text(str(kind), 60)}. "
                "Encode it as numbers the way the model was trained, or remove it."
            )


def _numbers(columns: Sequence[str], group: pa.Table) -> FloatArray:
    """Return ``(row, column)`` numbers; a missing value is NaN."""
    numbers = [group.column(name).cast(pa.float64(), safe=False).to_numpy() for name in columns]
    matrix: FloatArray = np.stack(numbers, axis=1)
    matrix.setflags(write=False)
    return matrix


def _row(path: Path, columns: Sequence[str], find: Callable[[int], tuple[FloatArray, int]], index: int) -> FloatArray:
    group, place = find(index)
    row: FloatArray = group[place]
    wrong = np.flatnonzero(~np.isfinite(row))
    if wrong.size:
        value = "nothing" if np.isnan(row[wrong[0]]) else row[wrong[0]]
        raise DataRefused(
            f"Expected a finite number in column '{safe_text(columns[wrong[0]])}', row {index} of '{path}', got "
            f"{value}. Fill it in."
        )
    return row
