"""Which columns of a table, or keys of an object, hold the parts of a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interact_cli.datasets.labels import LABEL_NAMES
from interact_cli.datasets.tables.records import Column
from interact_cli.datasets.tables.table import named_column
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import Text

TEXT_NAMES = ("text", "sentence", "sentence1", "prompt")
SECOND_NAMES = ("second", "sentence2")
CONTINUATION_NAMES = ("continuation",)


@dataclass(frozen=True)
class TextParts:
    """Names of the columns."""

    text: str
    second: str | None
    continuation: str | None
    label: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Those that make the text."""
        return tuple(name for name in (self.text, self.second, self.continuation) if name is not None)

    def named(self) -> Iterator[tuple[str, str | None]]:
        """Yield what each column is, and its name."""
        yield from (("text", self.text), ("second text", self.second))
        yield from (("continuation", self.continuation), ("label", self.label))


def choose_parts(path: Path, names: Sequence[str], request: DataRequest) -> TextParts:
    """Return the columns that were asked for, else those with a usual name.

    Raises:
        UsageError: there is no such column, or no way to tell the text.
    """
    text_column = request.text_column
    text = _first(names, TEXT_NAMES) if text_column is None else named_column(path, names, text_column)
    if text is None:
        raise UsageError(
            f"Which column of '{path}' is the text? Expected one of {', '.join(TEXT_NAMES)}. Name it with "
            f"--text-column. Columns: {', '.join(safe_text(name, 40) for name in names[:10])}."
        )
    rest = [name for name in names if name != text]
    label = request.label_column
    return TextParts(
        text,
        _first(rest, SECOND_NAMES),
        _first(rest, CONTINUATION_NAMES),
        _first(rest, LABEL_NAMES) if label is None else named_column(path, rest, label),
    )


@dataclass(frozen=True)
class Source:
    """The texts of one file."""

    count: int
    read: Callable[[int], Text]
    parts: TextParts | None = None
    label: Column | None = None
    ids: Sequence[str] | None = None


def read_text(path: Path, parts: TextParts, read_row: Callable[[int], Mapping[str, Any]], row: int) -> Text:
    """Return the text of one row; an empty second text or continuation is none, an empty first one an empty text.

    Raises:
        DataRefused: a part is missing or no text.
    """
    record = read_row(row)
    texts = {name: _part(path, row, name, record.get(name)) for name in parts.columns}
    if record.get(parts.text) is None:
        raise DataRefused(f"Expected a text as '{safe_text(parts.text)}' in row {row} of '{path}', got nothing.")
    return Text(texts[parts.text], texts.get(parts.second or "") or None, texts.get(parts.continuation or "") or None)


def _part(path: Path, row: int, name: str, value: Any) -> str:
    if not isinstance(value, str | None):
        shown = safe_text(value, 40)
        raise DataRefused(f"Expected a text as '{safe_text(name)}' in row {row} of '{path}', got '{shown}'.")
    return value or ""


def _first(names: Sequence[str], usual: Sequence[str]) -> str | None:
    return next((name for word in usual for name in names if name.lower() == word), None)
