"""The two extreme partitions of a multivariate interaction: words in coloured boxes, cells coloured over a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import SubFigure

from interact_cli.report.plots.flow import LINE, MARGIN, Word, canvas, draw_flow, lines_of
from interact_cli.report.plots.grid_map import bare, cell_pixels
from interact_cli.report.plots.style import COALITIONS, GREY, INK, WIDTH
from interact_cli.report.sentences import about, plain_names
from interact_cli.report.views.pairs import find
from interact_cli.report.views.partitions import Block, Partitions, directions, partitions_of
from interact_cli.report.wording import module_name
from interact_cli.results import Measurement, Report
from interact_cli.types import BoolArray, IntArray
from interact_cli.words import plus_minus, with_unit

AROUND = 25
"""Players beside those asked about that a row shows."""
HEADING, LABEL, BELOW = 0.4, 0.27, 0.16
"""Inches of a sample's two lines of heading, of the line above a row, and below a sample."""
SYMBOLS = {"B": "B", "T": "T", "B_plus": "B+", "B_minus": "B−", "learned_T": "T as learned"}
"""Quantity -> how a sample's heading calls it; the extremes stand above their rows."""
LEGEND = "One colour for each coalition; outlined: a coalition of its own"
FOOT = 0.24

Colours = dict[Block, tuple[str, str]]


def partitions_height(report: Report, measurement: Measurement, samples: IntArray) -> float:
    """Inches that the rows of some samples take."""
    heights = [
        HEADING + BELOW + sum(LABEL + LINE * lines_of(words) for _, words in _rows(report, measurement, sample))
        for sample in samples.tolist()
    ]
    return sum(heights) + FOOT


def draw_partitions(part: SubFigure, report: Report, metric: str, *, samples: IntArray) -> None:
    """Draw the players of a few samples in a row for the maximum and one for the minimum, coalitions in boxes."""
    measurement = report.measurement(metric)
    top = partitions_height(report, measurement, samples)
    axes = canvas(part, top)
    for sample in samples.tolist():
        axes.text(0, top, about(report, sample), va="top", fontsize=10, fontweight="bold")
        axes.text(0, top - 0.2, _numbers(measurement, sample), va="top", fontsize=8.5, color=GREY)
        top -= HEADING
        for label, words in _rows(report, measurement, sample):
            axes.text(0, top - 0.07, label, va="top", fontsize=8.5, color=INK)
            top = draw_flow(axes, words, top - LABEL)
        top -= BELOW
    legend = f"{LEGEND}." if report.players.shared else f"{LEGEND}; grey: not asked about."
    axes.text(0, top, legend, va="top", fontsize=7.5, color=GREY)


def draw_partition_map(part: SubFigure, report: Report, metric: str, *, sample: int) -> None:
    """Colour the cells of each coalition over the picture, for the maximum and for the minimum side by side."""
    measurement = report.measurement(metric)
    partitions = partitions_of(measurement, sample)
    pictures, grid = report.samples.pictures, report.players.grid
    if grid is None:
        return
    picture = pictures[sample] if pictures is not None and sample < len(pictures) else None
    axes: list[Axes] = list(part.subplots(1, 2 if picture is None else 3, squeeze=False)[0])
    for panel in axes:
        bare(panel)
    title = f"{about(report, sample)}\n{_numbers(measurement, sample)}"
    part.suptitle(title, x=MARGIN / WIDTH, ha="left", fontsize=9.5, linespacing=1.4)
    if picture is not None:
        axes[0].imshow(picture, interpolation="nearest")
        cells = cell_pixels(report, *picture.shape[:2])
        ground = np.repeat(picture.astype(np.float64).mean(axis=-1, keepdims=True) / 255, 3, axis=-1)
    else:
        cells = np.arange(grid[0] * grid[1]).reshape(grid)
        ground = np.full((*grid, 3), 0.93)
    if partitions is None:
        return
    colours = _colours(partitions)
    for panel, blocks, label in zip(
        axes[-2:], (partitions.best, partitions.worst), _labels(report, measurement, sample), strict=True
    ):
        _colour_cells(panel, cells, ground, blocks, colours)
        panel.set_title(label.replace(": ", "\n", 1), fontsize=9)
    axes[-1].set_xlabel("outlined: a coalition of its own; without outline: not asked about", fontsize=7.5, loc="right")


def _colour_cells(axes: Axes, cells: IntArray, ground: np.ndarray, blocks: Sequence[Block], colours: Colours) -> None:
    shown = ground.copy()
    number = np.full(int(cells.max()) + 2, -1)
    for position, block in enumerate(blocks):
        number[list(block)] = position
        if block in colours:
            here = np.isin(cells, block)
            shown[here] = 0.35 * shown[here] + 0.65 * np.array(to_rgb(colours[block][1]))
    axes.imshow(shown, interpolation="nearest")
    for lines, colour, width in ((_edges(number[cells]), "white", 2.6), (_edges(number[cells]), INK, 1.2)):
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=width, capstyle="projecting"))


def _edges(label: IntArray) -> list[list[tuple[float, float]]]:
    """Return the lines between pixels of different labels, the border of the picture included."""
    framed = np.pad(label, 1, constant_values=-1)
    across = _runs(framed[1:, 1:-1] != framed[:-1, 1:-1])
    down = _runs((framed[1:-1, 1:] != framed[1:-1, :-1]).T)
    lines = [[(start - 0.5, y - 0.5), (stop - 0.5, y - 0.5)] for y, start, stop in across]
    return lines + [[(x - 0.5, start - 0.5), (x - 0.5, stop - 0.5)] for x, start, stop in down]


def _runs(marked: BoolArray) -> Iterator[tuple[int, int, int]]:
    """Yield ``(row, start, stop)`` of every run of True."""
    for row, line in enumerate(marked):
        ends = np.flatnonzero(np.diff(np.pad(line.astype(np.int8), 1)))
        yield from ((row, start, stop) for start, stop in ends.reshape(-1, 2).tolist())


def _rows(report: Report, measurement: Measurement, sample: int) -> list[tuple[str, list[Word]]]:
    partitions = partitions_of(measurement, sample)
    if partitions is None:
        return [("no players were asked about", [])]
    colours = _colours(partitions)
    return [
        (label, _words(report, sample, partitions, blocks, colours))
        for label, blocks in zip(_labels(report, measurement, sample), (partitions.best, partitions.worst), strict=True)
    ]


def _colours(partitions: Partitions) -> Colours:
    """Give each coalition a colour: the same coalition the same one, and no two of one partition alike."""
    colours: Colours = {}
    for blocks in (partitions.best, partitions.worst):
        joined = [block for block in blocks if len(block) > 1]
        taken = {colours[block] for block in joined if block in colours}
        free = sorted(
            set(COALITIONS) - taken, key=lambda colour: (colour in colours.values(), COALITIONS.index(colour))
        )
        new = [block for block in joined if block not in colours]
        colours |= zip(new, cycle(free or COALITIONS), strict=False)
    return colours


def _words(
    report: Report, sample: int, partitions: Partitions, blocks: Sequence[Block], colours: Colours
) -> list[Word]:
    names = plain_names(report.players.of_sample(sample))
    owner = {player: block for block in blocks for player in block}
    if report.players.shared:
        shown: Sequence[int] = partitions.members
    else:
        shown = range(max(0, partitions.members[0] - AROUND), min(len(names), partitions.members[-1] + AROUND + 1))
    words = [Word("…", GREY)] if shown[0] and not report.players.shared else []
    for player in shown:
        block = owner.get(player)
        if block is None:
            words.append(Word(names[player], GREY))
            continue
        fill, edge = colours.get(block, (None, "#BBBBBB"))
        words.append(
            Word(names[player], INK, fill, edge, joined=owner.get(player - 1) == block and not report.players.shared)
        )
    return words + ([Word("…", GREY)] if shown[-1] < len(names) - 1 and not report.players.shared else [])


def _labels(report: Report, measurement: Measurement, sample: int) -> list[str]:
    labels = []
    for name, bound, words in zip(("maximum", "minimum"), ("B_max", "B_min"), directions(report, sample), strict=True):
        numbers = _numbers(measurement, sample, bound)
        labels.append(": ".join(filter(None, [", ".join(filter(None, [name, words])), numbers])))
    return labels


def _numbers(measurement: Measurement, sample: int, *names: str) -> str:
    numbers = []
    for name in names or tuple(SYMBOLS):
        quantity = find(measurement, name)
        if quantity is not None and np.isfinite(quantity.values[sample]):
            error = None if quantity.standard_errors is None else float(quantity.standard_errors[sample])
            value = plus_minus(float(quantity.values[sample]), error or None)
            numbers.append(f"{SYMBOLS.get(name, name)} = {with_unit(value, quantity.unit)}")
    where = f"at {module_name(measurement.of)}: " if measurement.of and not names else ""
    return where + ", ".join(numbers)
