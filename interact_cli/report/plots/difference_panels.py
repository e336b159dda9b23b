"""One quantity of a comparison as two curves with their difference below, and single numbers as intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from interact_cli.report.plots.style import BLUE, GREEN, INK, ORANGE, unit_label
from interact_cli.report.views.differences import Series
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray
from interact_cli.verdicts import RuleVerdict
from interact_cli.words import number, shortened, with_unit

AXES = {
    "order": "order m: players present beside the pair",
    "ratio": "order m / (n − 2), n players of each sample",
    "size": "size of a coalition, in players",
    "keep_rate": "keep rate of the contexts, middle of its range",
}
"""Dimension -> what its axis is called; others by their name."""
MARKS: dict[str, dict[str, Any]] = {
    "FAIL": {"marker": "X", "color": "#B2182B", "markersize": 9, "markeredgecolor": "white"},
    "INCONCLUSIVE": {"marker": "D", "color": "white", "markersize": 6.5, "markeredgecolor": INK},
}
"""How a place that does not pass is marked: by shape, not by colour alone."""
ROLES = ((BLUE, "o", 6.0, "reference"), (ORANGE, "s", 3.5, "candidate"))
NAMES = 14
"""Most labels below an axis."""
ROW, AROUND = 0.62, 0.9
"""Inches of a single number, and of what stands around all of them."""


def draw_curves(part: SubFigure, series: Series) -> None:
    """Draw a quantity over its axis: both reports above, candidate minus reference below."""
    above, below = part.subplots(2, 1, sharex=True, height_ratios=(1.1, 1))
    numeric = series.positions
    x = np.arange(len(series.places), dtype=np.float64) if numeric is None else numeric
    for values, (colour, marker, size, role) in zip(series.values, ROLES, strict=True):
        line = "none" if numeric is None else "-"
        above.plot(x, values, linestyle=line, color=colour, marker=marker, markersize=size, label=role)
    verdict = f": {series.word}" if series.word else ""
    above.set_title(f"{_metric(series)}\n{series.label}{verdict}")
    above.set_ylabel(unit_label(shortened(series.label, 28), series.first.unit))
    above.legend(loc="best")
    above.grid(axis="y")
    _draw_change(below, series, x)
    below.set_ylabel("difference\n(% of the reference)" if series.relative else unit_label("difference", series.unit))
    below.set_xlabel(AXES.get(series.dim, safe_text(series.dim, limit=40)))
    _label_places(below, series, x)
    part.legend(**_legend([series]), loc="outside lower left", ncols=2)


def _draw_change(axes: Axes, series: Series, x: FloatArray) -> None:
    change, low, high = series.change
    edges, limits = _edges(x), _limits(series)
    for k, place in enumerate(series.places):
        for ends in series.allowed(place):
            span = edges[k : k + 2]
            axes.fill_between(span, *np.clip(ends, *limits), color=GREEN, alpha=0.15, linewidth=0, zorder=0)
            axes.hlines([end for end in ends if np.isfinite(end)], *span, color=GREEN, linewidth=1, zorder=1)
    axes.axhline(0, color="#555555", linewidth=0.9, zorder=2)
    curve = series.positions is not None and x.size > 1
    if curve:
        axes.fill_between(x, low, high, color=INK, alpha=0.18, linewidth=0, zorder=2)
        axes.plot(x, change, color=INK, marker="o", markersize=3.5, linewidth=1.4, zorder=3)
    else:
        widths = np.abs([change - low, high - change])
        axes.errorbar(x, change, widths, fmt="o", markersize=3.5, color=INK, elinewidth=0.9, capsize=2, zorder=3)
    for word, style in MARKS.items():
        marked = [bool(place.judged) and place.judged[0][1].word == word for place in series.places]
        axes.plot(x[marked], change[marked], linestyle="none", zorder=4, **style)
    axes.set_ylim(*limits)
    axes.grid(axis="y")


def _label_places(axes: Axes, series: Series, x: FloatArray) -> None:
    if series.positions is None:
        names = [shortened(safe_text(place.difference.at[0]), 18) for place in series.places]
        step = -(-len(names) // NAMES)
        axes.set_xticks(x[::step], names[::step], rotation=35, ha="right", rotation_mode="anchor")
    elif x.size <= NAMES:
        apart: list[float] = []
        for value in np.sort(x):
            if not apart or value - apart[-1] >= 0.05 * np.ptp(x):
                apart.append(value)
        axes.set_xticks(apart, [f"{round(value, 2):g}" for value in apart])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=bool(np.all(x == np.round(x)))))


def numbers_height(series: Sequence[Series]) -> float:
    """Inches that so many single numbers need."""
    return AROUND + ROW * len(series)


def draw_numbers(part: SubFigure, series: Sequence[Series]) -> None:
    """Draw single numbers below each other, each in a scale of its own, with 0 in the middle of all."""
    rows = part.subplots(len(series), 1, squeeze=False)[:, 0]
    for axes, single in zip(rows, series, strict=True):
        _draw_number(axes, single)
    rows[0].set_title("Single numbers: candidate minus reference, each in its own scale")
    part.legend(**_legend(series), loc="outside lower center", ncols=4)


def _draw_number(axes: Axes, series: Series) -> None:
    change, low, high = series.change[:, 0]
    reach = 1.1 * max(map(abs, _limits(series)))
    (place,) = series.places
    for ends in series.allowed(place):
        axes.axvspan(*np.clip(ends, -reach, reach), color=GREEN, alpha=0.15, linewidth=0, zorder=0)
        axes.vlines([end for end in ends if np.isfinite(end)], -1, 1, color=GREEN, linewidth=1, zorder=1)
    axes.axvline(0, color="#555555", linewidth=0.9, zorder=2)
    axes.errorbar(change, 0, xerr=[[change - low], [high - change]], fmt="o", color=INK, markersize=4, capsize=3)
    if series.word in MARKS:
        axes.plot(change, 0, linestyle="none", zorder=4, **MARKS[series.word])
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-1, 1)
    axes.set_yticks([0], ["\n".join(dict.fromkeys([_metric(series), series.label]))])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    reference, candidate = map(number, series.values[:, 0])
    lines = [with_unit(f"{reference} → {candidate}", series.first.unit), *map(_asked, series.rules)]
    axes.text(1.02, 0.5, "\n".join(lines), transform=axes.transAxes, va="center", fontsize=8)
    if series.relative:
        axes.xaxis.set_major_formatter("{x:g} %")


def _metric(series: Series) -> str:
    return safe_text(series.first.metric, limit=44)


def _asked(rule: RuleVerdict) -> str:
    return f"must not {rule.must_not} by {safe_text(rule.margin, limit=30)}"


def _edges(x: FloatArray) -> FloatArray:
    """Return the borders between places, half a step beyond the outer ones."""
    if x.size == 1:
        return np.array([x[0] - 0.5, x[0] + 0.5])
    inner = (x[1:] + x[:-1]) / 2
    return np.array([x[0] - (inner[0] - x[0]), *inner, x[-1] + (x[-1] - inner[-1])])


def _limits(series: Series) -> tuple[float, float]:
    """Return an axis that shows every interval and every margin, with some air."""
    ends = np.array([end for place in series.places for pair in series.allowed(place) for end in pair] or [0.0])
    shown = np.concatenate([series.change.ravel(), ends, [0.0]])
    shown = shown[np.isfinite(shown)]
    air = 0.12 * float(np.ptp(shown)) or 1e-3 * float(np.nan_to_num(np.abs(series.values)).max()) or 1.0
    return float(shown.min()) - air, float(shown.max()) + air


def _legend(series: Sequence[Series]) -> dict[str, list[Any]]:
    confidences = sorted({level for shown in series for level in shown.confidences})
    levels = " or ".join(f"{100 * level:g} %" for level in confidences)
    rules = list(dict.fromkeys(_asked(rule) for shown in series for rule in shown.rules))
    words = {decision.word for shown in series for place in shown.places for _, decision in place.judged[:1]}
    handles: list[Artist | tuple[Artist, ...]] = [
        (Patch(color=INK, alpha=0.18, linewidth=0), Line2D([], [], color=INK, marker="o", markersize=3.5))
    ]
    names = [f"candidate − reference, {levels} interval"]
    if rules:
        told = rules[0] if len(rules) == 1 else "the rule beside it" if len(series) > 1 else "; ".join(rules)
        handles.append(Patch(color=GREEN, alpha=0.25, linewidth=0))
        names.append(f"allowed: {told}")
    marked = [word for word in MARKS if word in words]
    handles += [Line2D([], [], linestyle="none", **MARKS[word]) for word in marked]
    return {"handles": handles, "labels": names + marked}
