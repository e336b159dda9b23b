"""What a page is made of, before a terminal or Markdown writes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interact_cli.report.terminal.pen import Column


@dataclass(frozen=True)
class Title:
    """The result in a word, and in one sentence."""

    word: str
    sentence: str
    style: str = "bold"


@dataclass(frozen=True)
class Section:
    """A heading."""

    words: str


@dataclass(frozen=True)
class Line:
    """A paragraph, opened by a word in its own style where ``word`` is given."""

    words: str
    style: str = ""
    word: str = ""


@dataclass(frozen=True)
class Item:
    """One of several lines that belong to the paragraph above."""

    words: str


@dataclass(frozen=True)
class Facts:
    """Names, and what they are."""

    rows: Sequence[tuple[str, str]]
    indent: int = 0


@dataclass(frozen=True)
class Grid:
    """A table; a cell may hold several lines."""

    columns: Sequence[Column]
    folds: int
    """Which column gives way where there is no room."""


Block = Title | Section | Line | Item | Facts | Grid
