"""Writes lines and tables that read at any width and in any encoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD, Box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

ASCII = str.maketrans(
    {
        **dict(zip("▁▂▃▄▅▆▇█", "_.-=+*#@", strict=True)),
        "±": "+/-",
        "·": "-",
        "–": "-",
        "…": "...",
        "×": "x",
        "→": "->",
    }
)
ASCII_HEAD = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
GAP = 3
"""Columns between two cells of a table."""
INDENT = 2
COLOURS = ("bold cyan", "bold magenta", "bold yellow", "bold green", "bold blue", "bold red")
"""Styles of groups that belong together, in turn; what they say is said without colour too."""
MAX_WIDTH = 120
"""Wider terminals get lines of this length: longer ones are hard to follow."""
BETWEEN = "  "
"""Between two words above their values."""


@dataclass(frozen=True)
class Column:
    """One column of a table: a heading and one cell per row."""

    head: str
    cells: Sequence[str]
    right: bool = True
    """Numbers stand at the right edge, names at the left."""
    most: int | None = None
    """Terminal cells of a line; longer entries go on below. None for as many as the widest entry takes."""

    @property
    def width(self) -> int:
        """Terminal cells that the widest line takes."""
        return self._widest if self.most is None else min(self._widest, self.most)

    @property
    def folded(self) -> bool:
        """True where an entry takes more than one line."""
        return self.most is not None and self._widest > self.most

    @property
    def _widest(self) -> int:
        return max(cell_len(text) for text in (self.head, *self.cells))


@dataclass(frozen=True)
class Pen:
    """Turns strings into renderables; the strings are never read as markup."""

    width: int
    ascii_only: bool = False

    def text(self, words: str, style: str = "") -> Text:
        """Plain text; characters that the encoding lacks become ASCII ones."""
        return Text(self._encodable(words), style=style, overflow="fold")

    def heading(self, words: str) -> RenderableType:
        """A rule with a title."""
        return Rule(self.text(words, "bold"), characters="-" if self.ascii_only else "─", align="left", style="dim")

    def line(self, words: str, style: str = "", indent: int = INDENT) -> RenderableType:
        """A paragraph."""
        return Padding(self.text(words, style), (0, 0, 0, min(indent, self.width // 8)))

    def pieces(self, parts: Sequence[tuple[str, str]], indent: int = 2 * INDENT) -> RenderableType:
        """A paragraph of ``(words, style)`` pieces."""
        text = Text(overflow="fold")
        for words, style in parts:
            text.append(self._encodable(words), style)
        return Padding(text, (0, 0, 0, min(indent, self.width // 8)))

    def facts(self, rows: Sequence[tuple[str, str]]) -> RenderableType:
        """Names at the left, what they are at the right; folded, never cut."""
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, what in rows:
            grid.add_row(self.text(name), self.text(what))
        return grid

    def tables(self, lead: Column, groups: Sequence[Sequence[Column]]) -> Iterator[RenderableType]:
        """As many tables as the width asks for, or one paragraph per row where not even one fits, or names are folded.

        ``lead`` opens each table; the columns of a group (a number and its interval) stay together.
        """
        room = self.width - INDENT
        widths = [sum(GAP + column.width for column in group) for group in groups]
        if any(lead.width + width > room for width in widths) or (lead.folded and lead.width + sum(widths) > room):
            yield from self._paragraphs(lead, groups)
            return
        part: list[Column] = []
        for group in groups:
            if part and lead.width + sum(GAP + column.width for column in [*part, *group]) > room:
                yield self._table([lead, *part])
                part = []
            part += group
        yield self._table([lead, *part])

    def interlinear(self, columns: Sequence[Sequence[str]]) -> Iterator[RenderableType]:
        """Short texts with what belongs to them underneath, wrapped like words; the first row is bold."""
        blocks: list[list[list[str]]] = [[]]
        room, used = self.width - INDENT, 0
        for column in columns:
            cells = [self._encodable(cell) for cell in column]
            width = max(map(cell_len, cells))
            if blocks[-1] and used + len(BETWEEN) + width > room:
                blocks.append([])
            used = width + (used + len(BETWEEN) if blocks[-1] else 0)
            blocks[-1].append([" " * (width - cell_len(cell)) + cell for cell in cells])
        for position, block in enumerate(blocks):
            for row, line in enumerate(zip(*block, strict=True)):
                yield self.line(BETWEEN.join(line), ("bold", "", "dim")[min(row, 2)])
            if position < len(blocks) - 1:
                yield self.text("")

    def _encodable(self, words: str) -> str:
        return words.translate(ASCII).encode("ascii", "replace").decode("ascii") if self.ascii_only else words

    def _paragraphs(self, lead: Column, groups: Sequence[Sequence[Column]]) -> Iterator[RenderableType]:
        for row, name in enumerate(lead.cells):
            parts = [" ".join([group[0].head, *(column.cells[row] for column in group)]) for group in groups]
            first = f"{lead.head} {name}" if lead.right else name
            yield self.line(f"{first}: {'; '.join(parts)}")

    def _table(self, columns: Sequence[Column]) -> RenderableType:
        table = Table(
            box=ASCII_HEAD if self.ascii_only else SIMPLE_HEAD, show_edge=False, pad_edge=False, border_style="dim"
        )
        for column in columns:
            table.add_column(
                self.text(column.head),
                justify="right" if column.right else "left",
                overflow="fold",
                style="",
                max_width=column.most,
            )
        for row in zip(*(column.cells for column in columns), strict=True):
            table.add_row(*(self.text(cell) for cell in row))
        return Padding(table, (0, 0, 0, INDENT))


@dataclass(frozen=True)
class Page:
    """What rich renders: folded to the console's width, ASCII where the encoding is."""

    parts: Callable[[Pen], Iterable[RenderableType]]
    """Makes the parts, top to bottom, each time the page is rendered."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the parts."""
        width = min(options.max_width, MAX_WIDTH)
        for part in self.parts(Pen(width, options.ascii_only)):
            yield from console.render(part, options.update_width(width))
