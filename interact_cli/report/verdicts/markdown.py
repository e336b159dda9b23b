"""A comparison and a verdict as GitHub-flavoured Markdown, for the summary of a CI step or a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from interact_cli.report.terminal.pen import Column
from interact_cli.report.verdicts.blocks import Block, Facts, Grid, Item, Line, Section, Title
from interact_cli.report.verdicts.comparison_page import comparison_page
from interact_cli.report.verdicts.verdict_page import verdict_page
from interact_cli.report.verdicts.wording import defused
from interact_cli.verdicts import Comparison, Verdict
from interact_cli.words import count

LIMIT = (1 << 20) - 4096
"""Bytes; GitHub shows nothing of a step summary above 1 MiB, and other steps write into the same one."""
_SPECIAL = re.compile(r"[\\`*{}\[\]<>|~&!$]|_(?![^\W_])|(?<![^\W_])_|:(?=/)|(?<=www)\.", re.IGNORECASE)
"""Characters that make markup, HTML, formulas or links."""
_REFERENCE = re.compile(r"[@#](?=\w)")
"""What GitHub turns into the mention of a user or of an issue."""
_OPENING = re.compile(r"(?P<number>\d+)(?P<after>[.)])|(?P<mark>[-+=#])")
"""What makes a list or a heading at the beginning of a line."""


def verdict_markdown(verdict: Verdict) -> str:
    """Write a verdict as Markdown, below 1 MiB.

    Args:
        verdict: What a gate says.
    """
    return _written(verdict_page(verdict))


def comparison_markdown(comparison: Comparison, *, everything: bool = False) -> str:
    """Write a comparison as Markdown, below 1 MiB.

    Args:
        comparison: What differs between two reports.
        everything: Show every quantity and every place, not the headlines only.
    """
    return _written(comparison_page(comparison, everything=everything))


def inline(words: str) -> str:
    r"""Return text that Markdown shows as it is: no markup, no HTML, no link, no mention, no command of a runner.

    Example:
        >>> inline("mean |I| [x](http://y) @me"), inline("two\nlines")
        ('mean \\|I\\| \\[x\\](http\\://y) @<!-- -->me', 'two<br>lines')
    """
    pieces = (_SPECIAL.sub(r"\\\g<0>", defused(piece)) for piece in words.split("\n"))
    return "<br>".join(_REFERENCE.sub(r"\g<0><!-- -->", piece) for piece in pieces)


def _opening(words: str) -> str:
    """Text at the beginning of a line."""
    text = inline(words.strip())
    opening = _OPENING.match(text)
    if opening is None:
        return text
    split = opening.start("after") if opening["number"] else 0
    return f"{text[:split]}\\{text[split:]}"


def _written(blocks: Iterable[Block]) -> str:
    """Join the lines of all blocks, as long as there is room."""
    lines = [line for block in _spaced(blocks) for line in block]
    used, kept = 0, len(lines)
    for number, line in enumerate(lines):
        used += len(line.encode()) + 1
        if used > LIMIT:
            kept = number
            break
    if kept < len(lines):
        left = count(len(lines) - kept, "more line")
        lines[kept:] = ["", f"**Cut here: {left} left out, GitHub shows nothing above 1 MiB. The JSON holds all.**"]
    return "\n".join(lines).strip("\n") + "\n"


def _spaced(blocks: Iterable[Block]) -> Iterator[list[str]]:
    """The lines of each block, with an empty one between blocks; items stay together."""
    before: Block | None = None
    for block in blocks:
        if before is not None and not (isinstance(block, Item) and isinstance(before, Item)):
            yield [""]
        yield _lines(block)
        before = block


def _lines(block: Block) -> list[str]:
    match block:
        case Title():
            return [f"## {inline(block.word)}", "", f"**{inline(block.sentence)}**"]
        case Section():
            return [f"### {inline(block.words)}"]
        case Line():
            opened = [f"**{inline(block.word)}**"] if block.word else []
            words = inline(block.words) if opened else _opening(block.words)
            return [" ".join([*opened, words]).rstrip()]
        case Item():
            return [f"- {_opening(block.words)}"]
        case Facts():
            return [f"- **{inline(name)}:** {inline(what)}" for name, what in block.rows]
        case Grid():
            return _table(block.columns)


def _table(columns: Iterable[Column]) -> list[str]:
    filled = list(columns)
    rows = zip(*(column.cells for column in filled), strict=True)
    return [
        _row(column.head for column in filled),
        f"| {' | '.join('---:' if column.right else '---' for column in filled)} |",
        *map(_row, rows),
    ]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(inline(cell) for cell in cells)} |"
