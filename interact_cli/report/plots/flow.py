"""Words one after another, in coloured boxes where they belong together, wrapped at the width of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch
from matplotlib.textpath import text_to_path

from interact_cli.report.plots.style import INK, STYLE, WIDTH

SIZE = 9.5
"""Points of a word."""
LINE = 0.31
"""Inches from one line to the next; the other lengths are inches too."""
PAD, GAP, SPACE, HIGH = 0.05, 0.045, 0.055, 0.225
MARGIN = 0.17
ROOM = WIDTH - 2 * MARGIN


@dataclass(frozen=True)
class Word:
    """One word and the box around it."""

    text: str
    ink: str = INK
    fill: str | None = None
    edge: str | None = None
    joined: bool = False
    """True when it stands in the same box as the word before it."""


@dataclass(frozen=True)
class Placed:
    """A word with its place."""

    word: Word
    line: int
    left: float
    """Of its box."""
    width: float
    """Of its box."""


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = SIZE) -> float:
    """Inches of a text."""
    points, _, _ = text_to_path.get_text_width_height_descent(
        text, FontProperties(family=STYLE["font.family"], size=size), ismath=False
    )
    return float(points) / 72


def flowed(words: Sequence[Word], room: float = ROOM) -> list[Placed]:
    """Place words in lines of at most ``room`` inches; a word that is wider has a line of its own."""
    placed: list[Placed] = []
    line, left = 0, 0.0
    for word in words:
        width = width_of(word.text) + 2 * PAD
        if placed:
            left += SPACE - 2 * PAD if _same_ground(placed[-1].word, word) else GAP
        if placed and left + width > room:
            line, left = line + 1, 0.0
        placed.append(Placed(word, line, left, width))
        left += width
    return placed


def _same_ground(left: Word, right: Word) -> bool:
    """Return True for words in one box, and for words without any."""
    return right.joined or not any((left.fill, left.edge, right.fill, right.edge))


def lines_of(words: Sequence[Word], room: float = ROOM) -> int:
    """How many lines the words take."""
    return max((placed.line for placed in flowed(words, room)), default=0) + 1


def canvas(part: SubFigure, height: float, room: float = ROOM) -> Axes:
    """Axes without lines whose unit is the inch: x from 0 to ``room``, y from ``height`` at the top down to 0."""
    width = room + 2 * MARGIN
    axes = part.add_axes((MARGIN / width, 0.0, room / width, 1.0))
    axes.set(xlim=(0, room), ylim=(0, height))
    axes.set_axis_off()
    return axes


def draw_flow(axes: Axes, words: Sequence[Word], top: float, room: float = ROOM) -> float:
    """Write words below ``top``, in inches; return the height where the next thing may begin."""
    placed = flowed(words, room)
    for box in _boxes(placed):
        first, last = box[0], box[-1]
        if first.word.fill is None and first.word.edge is None:
            continue
        axes.add_patch(
            FancyBboxPatch(
                (first.left, top - LINE * first.line - (LINE + HIGH) / 2),
                last.left + last.width - first.left,
                HIGH,
                boxstyle="round,pad=0,rounding_size=0.05",
                facecolor=first.word.fill or "none",
                edgecolor=first.word.edge or "none",
                linewidth=0.9,
                clip_on=False,
            )
        )
    for placed_word in placed:
        axes.text(
            placed_word.left + PAD,
            top - LINE * (placed_word.line + 0.5) - 0.043,
            placed_word.word.text,
            fontsize=SIZE,
            color=placed_word.word.ink,
            va="baseline",
        )
    return top - LINE * lines_of(words, room)


def _boxes(placed: Sequence[Placed]) -> list[list[Placed]]:
    """Put the words of one box and one line together."""
    boxes: list[list[Placed]] = []
    for placed_word in placed:
        if placed_word.word.joined and boxes and boxes[-1][-1].line == placed_word.line:
            boxes[-1].append(placed_word)
        else:
            boxes.append([placed_word])
    return boxes
