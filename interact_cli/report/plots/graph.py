"""The And-Or graph of a sample: players below, merged coalitions, patterns with their values, their sum on top."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.patches import FancyBboxPatch

from interact_cli.report.plots.flow import PAD, ROOM, canvas, width_of
from interact_cli.report.plots.style import BLUE, GREY, INK, ORANGE
from interact_cli.report.sentences import about
from interact_cli.report.views.graphs import GraphView, graph_of
from interact_cli.report.wording import module_name
from interact_cli.results import Measurement, Report
from interact_cli.types import FloatArray
from interact_cli.words import unit_words

LEGEND = (
    "A pattern adds its value where all players below it are present. Blue raises the score, orange lowers it; "
    "area and lines: the size of the value."
)
APART = 0.85
"""Inches between two players where there is room; all lengths here are inches."""
UPRIGHT = 0.5
"""Distance below which the values in the sum stand on end."""
STAGGERED = 0.24
"""Distance below which the patterns take two rows."""
CROWDED = 100
"""Edges."""
LARGEST, SMALLEST = 0.34, 0.05
"""Diameter of a pattern's circle."""
HEADING, FOOT, NAMES = 0.62, 0.26, 0.3


def graph_height(report: Report, measurement: Measurement, sample: int) -> float:
    """Inches that the graph of a sample takes."""
    view = graph_of(report, measurement, sample)
    return HEADING + _sum_height(view) + _middle(view) + _names_height(view) + FOOT


def draw_graph(part: SubFigure, report: Report, metric: str, *, sample: int) -> None:
    """Draw the graph of one sample; patterns stand in the order of their players, so that few lines cross."""
    measurement = report.measurement(metric)
    view = graph_of(report, measurement, sample)
    height = graph_height(report, measurement, sample)
    axes = canvas(part, height)
    where = f" at {module_name(measurement.of)}" if measurement.of else ""
    caption = view.counted + ("" if view.graph.faithful else ": misses the published rules")
    axes.text(0, height, about(report, sample) + where, va="top", fontsize=10, fontweight="bold")
    axes.text(0, height - 0.2, caption, va="top", fontsize=8.5, color=GREY)
    axes.text(0, 0.12, LEGEND, va="center", fontsize=7.5, color=GREY)
    if not view.patterns:
        return
    x, y = _places(view, height)
    _draw_edges(axes, view, x, y)
    _draw_sum(axes, view, x, y, height - HEADING)
    _draw_patterns(axes, view, x, y)
    _draw_players(axes, view, x, y)


def _places(view: GraphView, height: float) -> tuple[FloatArray, FloatArray]:
    """Return the place of every node but the sum, by node number."""
    n, merged, patterns = view.graph.n_players, len(view.graph.coalitions), len(view.patterns)
    x, y = np.zeros(n + merged + patterns), np.zeros(n + merged + patterns)
    x[:n] = _player_places(view)
    y[:n] = FOOT + _names_height(view)
    centres = np.array([x[list(node.members)].mean() if node.members else 0.0 for node in view.graph.nodes[n:-1]])
    x[n : n + merged] = spread(centres[:merged], 0.45, ROOM)
    y[n : n + merged] = y[0] + (0.42 + 0.09 * _levels(view)) * _middle(view)
    x[n + merged :] = spread(centres[merged:], _apart(view), ROOM)
    turn = np.argsort(np.argsort(x[n + merged :]))
    stagger = 0.3 * (turn % 2) if _apart(view) < STAGGERED else 0.0
    y[n + merged :] = height - HEADING - _sum_height(view) - 0.3 - stagger
    return x, y


def _levels(view: GraphView) -> FloatArray:
    """How far above or below the middle each merged coalition stands: those inside others below these."""
    n, merged = view.graph.n_players, len(view.graph.coalitions)
    depth = np.zeros(n + merged)
    for _ in range(merged):
        for node in range(n, n + merged):
            depth[node] = 1 + max((depth[child] for child in view.graph.nodes[node].children), default=0)
    own = depth[n:]
    middle = (own.max(initial=0) + own.min(initial=merged)) / 2
    return np.asarray(own - middle, dtype=np.float64)


def _player_places(view: GraphView) -> FloatArray:
    """Centres of the players: as in a line of text where their names fit, else evenly apart under tilted names."""
    widths = np.array([width_of(name, 9) + 4 * PAD for name in view.names])
    if not _in_line(view):
        places = (np.arange(view.graph.n_players) + 0.5) * ROOM / view.graph.n_players
        cut = max(0.0, float((0.77 * widths - places).max()))
        return cut + places * (ROOM - cut) / ROOM
    room, under_patterns = (whole - widths.sum() for whole in (ROOM, len(view.patterns) * _apart(view)))
    widths += min(room, max(APART * len(widths), under_patterns)) / len(widths)
    ends = np.cumsum(widths)
    places = (ROOM - ends[-1]) / 2 + ends - widths / 2
    return np.asarray(places, dtype=np.float64)


def _apart(view: GraphView) -> float:
    """Least distance between two patterns."""
    return min(0.6, ROOM / max(len(view.patterns), 1))


def spread(wanted: FloatArray, apart: float, room: float) -> FloatArray:
    """Move places as little as can be, in squares, so that neighbours are ``apart`` and all lie in ``(0, room)``.

    Args:
        wanted: ``(n,)`` places, in any order; their order is kept.
        apart: Least distance, at most ``room / n``.
        room: Width; half of ``apart`` stays free at both ends.

    Example:
        >>> spread(np.array([5.0, 1.0, 5.0]), 2.0, 10.0)
        array([4., 1., 6.])
    """
    order = np.argsort(wanted, kind="stable")
    steps = apart * np.arange(len(wanted))
    pools: list[tuple[float, int]] = []
    for value in (wanted[order] - steps).tolist():
        mean, size = value, 1
        while pools and pools[-1][0] > mean:
            before, members = pools.pop()
            mean, size = (before * members + mean * size) / (members + size), members + size
        pools.append((mean, size))
    level = np.concatenate([np.full(size, mean) for mean, size in pools]) if pools else np.zeros(0)
    placed = np.empty(len(wanted))
    placed[order] = level.clip(apart / 2, max(apart / 2, room - apart / 2 - steps[-1:].sum())) + steps
    return placed


def _draw_edges(axes: Axes, view: GraphView, x: FloatArray, y: FloatArray) -> None:
    """Draw the lines; where there are very many, weak patterns step back."""
    first = view.graph.n_players + len(view.graph.coalitions)
    contrast = 2 if len(view.graph.edges) > CROWDED else 1
    for parent, child in view.graph.edges:
        if parent >= len(x):
            continue
        ends = ([x[parent], x[child]], [y[parent], y[child]])
        if parent < first:
            axes.plot(*ends, color=INK, linewidth=1.0, zorder=3)
            continue
        value = view.patterns[parent - first].value
        share = (abs(value) / _largest(view)) ** contrast
        axes.plot(
            *ends,
            color=_colour(value),
            alpha=0.25 / contrast + 0.65 * share,
            linewidth=0.5 + 1.7 * share,
            zorder=1 + share,
        )


def _draw_sum(axes: Axes, view: GraphView, x: FloatArray, y: FloatArray, top: float) -> None:
    """Draw the root as a bar that holds the values of the patterns, each above its own."""
    first = view.graph.n_players + len(view.graph.coalitions)
    own, high = x[first:], _sum_height(view)
    apart = _apart(view)
    below = x[: view.graph.n_players]
    left, right = min(below.min() - 0.2, own.min() - apart / 2), max(below.max() + 0.2, own.max() + apart / 2)
    left, right = max(left, 0.0), min(right, ROOM)
    shape: Any = {"boxstyle": "round,pad=0,rounding_size=0.06", "fc": "#F1F1F1", "ec": "#999999", "lw": 0.8}
    axes.add_patch(FancyBboxPatch((left, top - high), right - left, high, clip_on=False, **shape))
    places = int(np.clip(2 - np.floor(np.log10(_largest(view))), 0, 6))
    caption = (
        f"sum of the patterns and of {_signed(view.graph.constant, places)}, the constant ({unit_words(view.unit)})"
    )
    axes.text(left, top + 0.05, caption, va="bottom", fontsize=8)
    for place, level, pattern in zip(own, y[first:], view.patterns, strict=True):
        axes.plot([place, place], [level, top - high], color=_colour(pattern.value), linewidth=0.7, alpha=0.8, zorder=1)
        axes.text(
            place,
            top - high / 2,
            _signed(pattern.value, places),
            ha="center",
            va="center",
            rotation=90 if apart < UPRIGHT else 0,
            fontsize=6.5 if apart < 0.15 else 7.5,
        )


def _signed(value: float, places: int) -> str:
    """Write a value with the decimals that the largest has; a proper minus.

    Example:
        >>> _signed(-0.126, 2), _signed(-0.001, 2)
        ('−0.13', '0.00')
    """
    return f"{value:z.{places}f}".replace("-", "−")


def _draw_patterns(axes: Axes, view: GraphView, x: FloatArray, y: FloatArray) -> None:
    n, top = view.graph.n_players, _largest(view)
    first = n + len(view.graph.coalitions)
    apart = _apart(view)
    largest = min(LARGEST, apart * (1.5 if apart < STAGGERED else 0.85))
    share = np.array([abs(pattern.value) / top for pattern in view.patterns])
    diameter = np.maximum(largest * np.sqrt(share), SMALLEST) * 72
    colours = [_colour(pattern.value) for pattern in view.patterns]
    axes.scatter(
        x[first:], y[first:], diameter**2, color=colours, edgecolors="white", linewidths=0.8, zorder=4, clip_on=False
    )
    axes.scatter(x[n:first], y[n:first], 150, color="white", edgecolors=INK, zorder=4)
    for node in range(n, first):
        axes.text(x[node], y[node] - 0.002, "&", ha="center", va="center", fontsize=7, zorder=5)


def _draw_players(axes: Axes, view: GraphView, x: FloatArray, y: FloatArray) -> None:
    n = view.graph.n_players
    axes.scatter(x[:n], y[:n], 34, color=INK, zorder=4)
    tilted: Any = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    for name, place, level in zip(view.names, x[:n], y[:n], strict=True):
        if _in_line(view):
            axes.text(place, level - 0.1, name, ha="center", va="top", fontsize=9)
        else:
            axes.text(place + 0.04, level - 0.11, name, va="top", fontsize=8, **tilted)


def _in_line(view: GraphView) -> bool:
    return sum(width_of(name, 9) + 4 * PAD for name in view.names) <= ROOM


def _names_height(view: GraphView) -> float:
    return NAMES if _in_line(view) else 0.25 + 0.64 * max(width_of(name, 8) for name in view.names)


def _sum_height(view: GraphView) -> float:
    return 0.26 if _apart(view) >= UPRIGHT else 0.5


def _middle(view: GraphView) -> float:
    return 1.9 + 0.45 * bool(view.graph.coalitions) + 0.03 * len(view.patterns)


def _largest(view: GraphView) -> float:
    return max(abs(pattern.value) for pattern in view.patterns) or 1.0


def _colour(value: float) -> str:
    return ORANGE if value < 0 else BLUE
