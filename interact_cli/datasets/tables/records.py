"""The records of a delimited text file: found in one pass over its bytes, parsed when they are asked for.

Quoting is that of RFC 4180, strictly: a quoted field may hold separators, ends of lines and doubled quotes, and a
quote stands nowhere else. So a quote opens a field where an even number of quotes stands before it, and no byte has to
be looked at twice.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from interact_cli.datasets.tables.delimited import Table
from interact_cli.datasets.texts.lines import reading
from interact_cli.errors import DataRefused
from interact_cli.safe_text import safe_text
from interact_cli.types import BoolArray, IntArray

MAX_DISTINCT = 10_000
"""Most different values of a column that is read for all records."""
MAX_RECORD_BYTES = 1 << 24
_BLOCK_BYTES = 1 << 21
_PACKED_BYTES = 8
_MAX_PADDING = 64
"""Most spaces between a separator and an opening quote."""

_NEWLINE, _RETURN, _SPACE, _QUOTE = b'\n\r "'


@dataclass(frozen=True)
class Column:
    """One column, read for all records."""

    texts: tuple[str, ...]
    """Its different values."""
    positions: IntArray
    """``(record,)`` position in ``texts``."""


@dataclass(frozen=True)
class Records:
    """The records of a table, numbered from 0 below the line of names."""

    table: Table
    starts: IntArray
    """``(n + 1,)`` byte at which each record starts, and the end of the last."""

    def __len__(self) -> int:
        return self.starts.size - 1

    def row(self, index: int) -> dict[str, str]:
        """Parse one record: column -> field.

        Raises:
            DataRefused: the file is gone or has changed, or this record cannot be parsed.
        """
        start, end = self.starts[index : index + 2].tolist()
        try:
            with self.table.path.open("rb") as file:
                file.seek(start)
                content = file.read(end - start)
            fields = self.table.parse(content)
        except (OSError, ValueError, csv.Error) as error:
            raise DataRefused(f"Cannot read row {index} of '{self.table.path}': {safe_text(error)}.") from error
        if len(fields) != len(self.table.names):
            raise DataRefused(
                f"Expected {len(self.table.names)} fields in row {index} of '{self.table.path}', got {len(fields)}: "
                "the file has changed since it was opened."
            )
        return dict(zip(self.table.names, fields, strict=True))


def scan(table: Table, wanted: Sequence[str] = ()) -> tuple[Records, dict[str, Column]]:
    """Find the records, and read the columns in ``wanted`` on the way.

    The file passes by in blocks: what stays in memory is 8 bytes per record, and 8 per record and wanted column.

    Raises:
        DataRefused: NUL bytes, no UTF-8, a record with another number of fields, a quote inside a field, one that is
            never closed, or more than `MAX_DISTINCT` values in a wanted column.
    """
    pass_ = _Scan(table, tuple(table.names.index(name) for name in wanted))
    with reading(table.path) as file:
        file.seek(table.start)
        pass_.run(iter(partial(file.read, _BLOCK_BYTES), b""))
    starts = np.concatenate([*pass_.starts, [pass_.offset]]).astype(np.int64)
    return Records(table, starts), {name: pass_.column(place) for place, name in enumerate(wanted)}


@dataclass(frozen=True)
class _Block:
    """Some bytes, and where their complete records lie."""

    content: bytes
    first: IntArray
    """``(record,)`` byte at which each starts."""
    ends: IntArray
    """``(record,)`` its newline."""
    separators: IntArray
    """Every separator outside of quotes."""

    @property
    def before(self) -> IntArray:
        """``(record,)`` separators that stand before it."""
        return np.searchsorted(self.separators, self.first)

    def only(self, kept: BoolArray) -> _Block:
        """Leave the other records out."""
        return replace(self, first=self.first[kept], ends=self.ends[kept])

    def values(self, column: int, n_columns: int) -> tuple[list[bytes], IntArray]:
        """Return different values of one column, as they stand there, and which of them each record has."""
        begins = self.first if column == 0 else self.separators[self.before + column - 1] + 1
        stops = self.ends if column == n_columns - 1 else self.separators[self.before + column]
        width = int((stops - begins).max(initial=0))
        if width <= _PACKED_BYTES:
            return self._short(begins, stops, width)
        fields = [self.content[begin:stop] for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True)]
        return fields, np.arange(len(fields))

    def _short(self, begins: IntArray, stops: IntArray, width: int) -> tuple[list[bytes], IntArray]:
        """Pack short values into one number each: a tenth of the time of slicing them."""
        data = np.frombuffer(self.content, np.uint8)
        packed = np.zeros(begins.size, np.uint64)
        for place in range(width):
            at = np.minimum(begins + place, data.size - 1)
            packed |= np.where(begins + place < stops, data[at], 0).astype(np.uint64) << np.uint64(8 * place)
        different, positions = np.unique(packed, return_inverse=True)
        # The zeros behind a value are padding: NUL bytes in the file were refused.
        return [int(value).to_bytes(8, "little").rstrip(b"\0") for value in different], positions


class _Scan:
    """One pass over the bytes below the line of names."""

    def __init__(self, table: Table, wanted: tuple[int, ...]) -> None:
        self.table = table
        self.wanted = wanted
        self.offset = table.start
        """Byte up to which records are complete."""
        self.n_records = 0
        self.starts: list[IntArray] = []
        self.seen: list[dict[bytes, int]] = [{} for _ in wanted]
        self.positions: list[list[IntArray]] = [[] for _ in wanted]

    def run(self, blocks: Iterator[bytes]) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        rest = b""
        for block in blocks:
            self._check_text(block, decoder.decode)
            rest = self._records(rest + block)  # a record may go on in the next block
            if len(rest) > MAX_RECORD_BYTES:
                raise self._refused(f"is longer than {MAX_RECORD_BYTES:,} bytes", "Is a quote never closed?")
        self._check_text(b"", partial(decoder.decode, final=True))
        if rest and self._records(rest if rest.endswith(b"\n") else rest + b"\n"):
            raise self._refused("has a quote that is never closed", "Close it, or double it inside a quoted field.")

    def column(self, place: int) -> Column:
        texts = []
        for value in self.seen[place]:
            try:
                texts.append("".join(self.table.parse(value)[:1]))
            except csv.Error as error:
                raise self._refused(f"or one above has a value that cannot be read ({error})", "Mend it.") from error
        return Column(tuple(texts), np.concatenate([np.zeros(0, np.int64), *self.positions[place]]))

    def _check_text(self, block: bytes, decode: Callable[[bytes], str]) -> None:
        if b"\0" in block:
            raise DataRefused(
                f"Expected UTF-8 text at '{self.table.path}', got NUL bytes: binary, or UTF-16? Save it as UTF-8."
            )
        try:
            decode(block)
        except UnicodeDecodeError as error:
            raise DataRefused(
                f"Expected UTF-8 text at '{self.table.path}', got other bytes ({error.reason}). Save it as UTF-8."
            ) from error

    def _records(self, content: bytes) -> bytes:
        """Take the complete records of ``content``; return what is left."""
        data = np.frombuffer(content, np.uint8)
        ends, separators = np.flatnonzero(data == _NEWLINE), np.flatnonzero(data == ord(self.table.separator))
        quotes = np.flatnonzero(data == _QUOTE) if self.table.quoted and b'"' in content else None
        if quotes is not None and quotes.size:
            ends, separators = (at[np.searchsorted(quotes, at) % 2 == 0] for at in (ends, separators))
        if not ends.size:
            return content
        length = int(ends[-1]) + 1
        first = np.concatenate([[0], ends[:-1] + 1])
        if quotes is not None:
            self._check_quotes(data[:length], quotes[quotes < length], first)
        block = _Block(content, first, ends, separators)
        block = block.only(self._kept(block))
        self.starts.append(self.offset + block.first)
        for place, column in enumerate(self.wanted):
            self._collect(place, *block.values(column, len(self.table.names)))
        self.n_records += block.first.size
        self.offset += length
        return content[length:]

    def _kept(self, block: _Block) -> BoolArray:
        """Return which records are not blank; all others must have one field per column."""
        lengths = block.ends - block.first
        kept: BoolArray = lengths > 0
        kept[kept] = (lengths[kept] > 1) | (np.frombuffer(block.content, np.uint8)[block.first[kept]] != _RETURN)
        n_fields = np.searchsorted(block.separators, block.ends) - block.before + 1
        for at in np.flatnonzero(kept & (n_fields != len(self.table.names))).tolist():
            if block.content[block.first[at] : block.ends[at]].strip(b" \t\r"):
                expected, row = len(self.table.names), self.n_records + int(kept[:at].sum())
                raise DataRefused(
                    f"Expected equally long rows in '{self.table.path}': row {row} has {n_fields[at]} fields, the line "
                    f"of names {expected}. Remove the row, or quote fields that hold a separator."
                )
            kept[at] = False
        return kept

    def _collect(self, place: int, values: list[bytes], positions: IntArray) -> None:
        """Number the values of one column in the order in which they appear."""
        seen = self.seen[place]
        numbers = np.array([seen.setdefault(value, len(seen)) for value in values], np.int64)
        self.positions[place].append(numbers[positions])
        if len(seen) > MAX_DISTINCT:
            name = self.table.names[self.wanted[place]]
            raise DataRefused(
                f"Expected at most {MAX_DISTINCT:,} different values in column '{safe_text(name)}' of "
                f"'{self.table.path}', got more. Is it the right column?"
            )

    def _check_quotes(self, data: npt.NDArray[np.uint8], quotes: IntArray, first: IntArray) -> None:
        """Refuse quotes that neither enclose a field nor are doubled inside one."""
        edges = [_NEWLINE, _QUOTE, ord(self.table.separator)]
        before = quotes[0::2] - 1
        for _ in range(_MAX_PADDING):
            padding = (before >= 0) & (data[before] == _SPACE)
            if not padding.any():
                break
            before -= padding
        opens = (before < 0) | np.isin(data[before], edges)
        closes = np.isin(data[quotes[1::2] + 1], [*edges, _RETURN])
        wrong = np.flatnonzero(~(opens & closes))
        if wrong.size:
            self.n_records += int(np.searchsorted(first, quotes[2 * wrong[0]], side="right")) - 1
            raise self._refused(
                "has a quote in the middle of a field", "Enclose the whole field in quotes and double those inside it."
            )

    def _refused(self, what: str, todo: str) -> DataRefused:
        return DataRefused(f"Row {self.n_records} of '{self.table.path}' {what}. {todo}")
