"""A comparison and a verdict as a terminal shows them: no line is a command, nothing is markup, colour is an extra."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rich.console import RenderableType
from rich.padding import Padding

from interact_cli.report.terminal.pen import GAP, INDENT, Column, Page, Pen
from interact_cli.report.verdicts.blocks import Block, Facts, Grid, Item, Line, Section, Title
from interact_cli.report.verdicts.comparison_page import comparison_page
from interact_cli.report.verdicts.verdict_page import verdict_page
from interact_cli.report.verdicts.wording import defused
from interact_cli.verdicts import Comparison, Verdict

NARROWEST = 14
"""Cells that a column needs at least to fold its words; below, rows become paragraphs."""


def render_comparison(comparison: Comparison, *, everything: bool = False) -> RenderableType:
    """Return a comparison, ready for ``Console.print``.

    Args:
        comparison: What differs between two reports.
        everything: Show every quantity and every place, not the headlines only.
    """
    return Page(lambda pen: _written(comparison_page(comparison, everything=everything), pen))


def render_verdict(verdict: Verdict) -> RenderableType:
    """Return a verdict, ready for ``Console.print``.

    Args:
        verdict: What a gate says.
    """
    return Page(lambda pen: _written(verdict_page(verdict), pen))


def _written(blocks: Iterable[Block], pen: Pen) -> Iterator[RenderableType]:
    for block in blocks:
        yield from _parts(block, pen)


def _parts(block: Block, pen: Pen) -> Iterator[RenderableType]:
    match block:
        case Title():
            yield pen.pieces([(f"{defused(block.word)}: ", block.style), (defused(block.sentence), "bold")], indent=0)
        case Section():
            yield pen.text("")
            yield pen.heading(defused(block.words))
        case Line(word=""):
            yield pen.line(defused(block.words), block.style)
        case Line():
            yield pen.text("")
            yield pen.pieces([(defused(f"{block.word} "), block.style), (defused(block.words), "")], indent=INDENT)
        case Item():
            yield pen.line(defused(block.words), indent=2 * INDENT)
        case Facts():
            rows = pen.facts([(defused(name), defused(what)) for name, what in block.rows])
            yield Padding(rows, (0, 0, 0, min(block.indent, pen.width // 8)))
        case Grid():
            yield from _grid(block, pen)


def _grid(grid: Grid, pen: Pen) -> Iterator[RenderableType]:
    """One table where it fits, its folding column giving way; else one paragraph per row."""
    columns = [
        replace(column, head=defused(column.head), cells=[defused(cell) for cell in column.cells])
        for column in grid.columns
    ]
    room = pen.width - INDENT - sum(column.width for column in columns) - GAP * (len(columns) - 1)
    folding = columns[grid.folds]
    most = folding.width + min(room, 0)
    if most < min(folding.width, NARROWEST):
        yield from _paragraphs(columns, pen)
        return
    fitted = [replace(column, most=most) if column is folding else column for column in columns]
    lead, *others = fitted
    yield from pen.tables(lead, [[column] for column in others])


def _paragraphs(columns: list[Column], pen: Pen) -> Iterator[RenderableType]:
    lead, *others = columns
    for row, name in enumerate(lead.cells):
        parts = [f"{column.head} {column.cells[row]}" for column in others if column.cells[row]]
        first = f"{lead.head} {name}" if lead.right else name
        yield pen.line(defused(f"{first}: {'; '.join(parts)}".replace("\n", " ")))
