"""The lines of a text file: where they start, and one of them when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from interact_cli.errors import DataRefused
from interact_cli.safe_text import safe_text

MAX_LINE_BYTES = 1 << 20
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One line that is not blank."""

    number: int
    """From 1, blank lines counted, as an editor shows it."""
    start: int
    """Byte in the file."""
    text: str
    """Without the end of the line."""


def lines(path: Path, *, encoding: str = "utf-8") -> Iterator[Line]:
    """Yield the lines of a file that are not blank; a byte-order mark at its start is no text.

    Raises:
        DataRefused: no such file, no text of this encoding, NUL bytes, or a line above `MAX_LINE_BYTES`.
    """
    refuse_no_file(path)
    with reading(path) as file:
        if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            file.seek(0)
        start, number = file.tell(), 0
        while content := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            text = _text(path, number, content, encoding)
            if text.strip():
                yield Line(number, start, text)
            start += len(content)


def line_at(path: Path, start: int | np.int64, *, encoding: str = "utf-8") -> str:
    """Return the line that starts at a byte.

    Raises:
        DataRefused: the file is gone or has changed.
    """
    with reading(path) as file:
        file.seek(int(start))
        content = file.readline(MAX_LINE_BYTES + 1)
    return _text(path, None, content, encoding)


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a file for its bytes.

    Raises:
        DataRefused: the system cannot open or read it.
    """
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise DataRefused(f"Cannot read '{safe_text(path)}': {error.strerror or error}.") from error


def refuse_no_file(path: Path, expected: str = "a text file") -> None:
    """Refuse what is no regular file: a folder, a pipe, nothing.

    Raises:
        DataRefused: no regular file.
    """
    if not path.is_file():
        arrived = "a folder" if path.is_dir() else "another thing" if path.exists() else "nothing"
        raise DataRefused(f"Expected {expected} at '{path}', got {arrived}. Check the path.")


def _text(path: Path, number: int | None, content: bytes, encoding: str) -> str:
    where = f"'{path}'" if number is None else f"line {number} of '{path}'"
    if len(content) > MAX_LINE_BYTES:
        raise DataRefused(f"Expected lines of at most {MAX_LINE_BYTES:,} bytes, got more in {where}. Is it text?")
    if b"\0" in content:
        raise DataRefused(f"Expected {encoding} text, got NUL bytes in {where}: binary, or UTF-16? Save it as UTF-8.")
    try:
        return content.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataRefused(f"Expected {encoding} text, got other bytes in {where} ({error.reason}).") from error
