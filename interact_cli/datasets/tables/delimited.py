"""A comma- or tab-separated text file: its line of names, and how one of its records is parsed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Literal

from interact_cli.datasets.texts.lines import BYTE_ORDER_MARK, reading, refuse_no_file
from interact_cli.errors import DataRefused
from interact_cli.safe_text import safe_text

MAX_COLUMNS = 10_000
_MAX_HEADER_BYTES = 1 << 20


@dataclass(frozen=True)
class Table:
    """A delimited file, its names of columns, and where its records start."""

    path: Path
    separator: str
    quoted: bool
    """Whether quotes enclose fields; else they are characters like others."""
    names: tuple[str, ...]
    start: int
    """Byte below the line of names."""

    def parse(self, content: bytes) -> list[str]:
        """Return the fields of the first record in ``content``.

        Raises:
            ValueError: no UTF-8.
            csv.Error: a quote that is never closed, or a field above the csv module's limit of 131,072 characters.
        """
        return next(_reader(io.StringIO(content.decode(), newline=""), self.separator, quoted=self.quoted), [])


def open_table(path: Path, separator: str, *, quoted: bool = True, expected: str) -> Table:
    """Read the names of the columns: the first line that is not blank.

    Args:
        path: The file.
        separator: One ASCII character.
        quoted: Whether quotes enclose fields.
        expected: The layout, for messages.

    Raises:
        DataRefused: no such file, no line of names, too many columns, or a name that is missing or stands twice.
    """
    refuse_no_file(path, "a table")
    with reading(path) as file:
        if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            file.seek(0)
        names = _header(path, file, separator, quoted=quoted)
        start = file.tell()
    if not names:
        arrived = "only blank lines" if start else "an empty file"
        raise DataRefused(f"Expected a table at '{path}', got {arrived}. Expected {expected}.")
    return Table(path, separator, quoted, tuple(names), start)


def _header(path: Path, file: BinaryIO, separator: str, *, quoted: bool) -> list[str]:
    first = b"\n"
    while first and not first.strip():
        start = file.tell()
        first = file.readline(_MAX_HEADER_BYTES)
    if first.count(separator.encode()) >= MAX_COLUMNS or len(first) == _MAX_HEADER_BYTES:
        raise DataRefused(f"Expected at most {MAX_COLUMNS:,} columns in '{path}', got more. Keep the model's columns.")
    if b"\0" in first:
        raise DataRefused(f"Expected UTF-8 text at '{path}', got NUL bytes: binary, or UTF-16? Save it as UTF-8.")
    if b"\r" in first.rstrip(b"\r\n"):
        raise DataRefused(f"Expected lines of '{path}' to end with LF or CR LF, got CR alone. Save it with LF.")
    # Once more from there: a quoted name may go on in the next line.
    file.seek(start)
    content = (line.decode() for line in iter(partial(file.readline, _MAX_HEADER_BYTES), b""))
    try:
        rows = _reader(content, separator, quoted=quoted)
        names = [name.strip() for name in next(rows, [])]
    except UnicodeDecodeError as error:
        raise DataRefused(f"Expected UTF-8 text at '{path}', got other bytes ({error.reason}).") from error
    except csv.Error as error:
        raise DataRefused(
            f"Expected a line of column names in '{path}', got none that can be read: {error}."
        ) from error
    _refuse_names(path, names)
    return names


def _refuse_names(path: Path, names: Sequence[str]) -> None:
    if names and "" in names:
        raise DataRefused(
            f"Column {names.index('') + 1} of {len(names)} in '{path}' has no name. Name it or remove it."
        )
    twice = next((name for name, later in zip(sorted(names), sorted(names)[1:], strict=False) if name == later), None)
    if twice is not None:
        raise DataRefused(f"Column '{safe_text(twice)}' appears more than once in '{path}'. Rename one of them.")


def _reader(lines: Iterable[str], separator: str, *, quoted: bool) -> Iterator[list[str]]:
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=separator, quoting=quoting, skipinitialspace=quoted, strict=True)
