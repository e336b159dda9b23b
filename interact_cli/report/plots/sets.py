"""The strongest sets of players: signed bars with names, the words of a text in boxes, strength by size beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import MaxNLocator

from interact_cli.report.plots.flow import LINE, MARGIN, Word, canvas, draw_flow, lines_of
from interact_cli.report.plots.style import (
    BLUE,
    ERRORS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    WIDTH,
    half_widths,
    name_rows,
    unit_label,
)
from interact_cli.report.sentences import about, names_of, plain_names
from interact_cli.report.views import player_sets
from interact_cli.report.views.pairs import find
from interact_cli.results import Measurement, Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import count

SHOWN, SHOWN_OF_SAMPLE = 15, 8
"""Bars: of the means over samples, and of one sample."""
NAMED = 48
"""Characters of a set."""
SHARES = (3.2, 1.0)
"""Widths of the bars and of the strength by size."""
Kind = tuple[str, FloatArray, FloatArray, FloatArray | None]
"""A kind of interaction: its name, sizes, strength at each size, and the widths of its error bars."""
ROOM = WIDTH * SHARES[0] / sum(SHARES) - 2 * MARGIN
BOXED = "boxed: the strongest set of two or more"
BAR, HEADING, SCALE = 0.235, 0.28, 0.6
"""Inches of a bar, of a line of heading, and below the bars."""


def sets_height(report: Report, measurement: Measurement, samples: IntArray) -> float:
    """Inches that the bars take."""
    if report.players.shared:
        ranking = player_sets.of_all(report, measurement, SHOWN)
        return max(2.6, HEADING + SCALE + BAR * len(ranking.sets if ranking else ()))
    return max(2.6, sum(_heights(report, measurement, samples)))


def draw_sets(part: SubFigure, report: Report, metric: str, *, samples: IntArray) -> None:
    """Draw the strongest sets: by their mean over samples where all share the players, else those of a few samples."""
    measurement = report.measurement(metric)
    left, right = part.subfigures(1, 2, width_ratios=SHARES, squeeze=False)[0]
    kinds = _by_size(report, measurement)
    if any(np.count_nonzero(strength) > 1 for _, _, strength, _ in kinds):
        below = max(1e-3, sets_height(report, measurement, samples) - 2.6)
        upper = right.add_gridspec(2, 1, height_ratios=(2.6, below))[0, 0]
        _draw_sizes(right.add_subplot(upper), kinds, report, measurement)
    ranking = player_sets.of_all(report, measurement, SHOWN)
    if ranking is not None:
        axes = left.subplots()
        lengths = metric == player_sets.CONCEPTS
        _draw_bars(axes, ranking, names_of(report, 0), f"{'mean length' if lengths else 'signed mean'} over samples")
        ranked = "length" if lengths else "|value|"
        axes.set_title(f"{safe_text(metric, limit=60)}, ranked by mean {ranked}{_cut(ranking)}")
        return
    heights = _heights(report, measurement, samples)
    rows = left.subfigures(len(samples), 1, height_ratios=heights, squeeze=False)[:, 0]
    for row, sample, height in zip(rows, samples.tolist(), heights, strict=True):
        ranking = player_sets.of_sample(measurement, sample, SHOWN_OF_SAMPLE)
        words = _sentence(report, ranking, sample)
        head = HEADING + LINE * lines_of(words, ROOM)
        upper, lower = row.subfigures(2, 1, height_ratios=(head, height - head), squeeze=False)[:, 0]
        paper = canvas(upper, head, ROOM)
        paper.text(0, head - 0.02, f"{about(report, sample)}{_cut(ranking)}", va="top", fontsize=9.5, fontweight="bold")
        draw_flow(paper, words, head - HEADING, ROOM)
        notes = [BOXED] if sample == samples[-1] else []
        _draw_bars(lower.subplots(), ranking, names_of(report, sample), safe_text(metric, limit=60), *notes)


def _heights(report: Report, measurement: Measurement, samples: IntArray) -> list[float]:
    heights = []
    for sample in samples.tolist():
        ranking = player_sets.of_sample(measurement, sample, SHOWN_OF_SAMPLE)
        lines = lines_of(_sentence(report, ranking, sample), ROOM)
        heights.append(HEADING + LINE * lines + BAR * len(ranking.sets) + SCALE)
    return heights


def _sentence(report: Report, ranking: player_sets.Ranking, sample: int) -> list[Word]:
    """The players of a sample in their order, those of its strongest set of at least two in boxes."""
    best = next((named_set for named_set in ranking.sets if len(named_set.members) > 1), None)
    members = best.members if best else ()
    fill = "#F9D3B8" if best and best.value < 0 else "#CFE3F5"
    edge = ORANGE if best and best.value < 0 else BLUE
    return [
        Word(name, INK, fill, edge, joined=player - 1 in members) if player in members else Word(name, GREY)
        for player, name in enumerate(plain_names(report.players.of_sample(sample)))
    ]


def _draw_bars(axes: Axes, ranking: player_sets.Ranking, names: Sequence[str], words: str, *notes: str) -> None:
    values = np.array([named_set.value for named_set in ranking.sets])
    errors = np.array([named_set.error for named_set in ranking.sets])
    known = bool((np.nan_to_num(errors) > 0).any())
    colours = np.where(values < 0, ORANGE, BLUE)
    hollow = len({named_set.joined for named_set in ranking.sets}) > 1
    axes.barh(
        np.arange(len(values)),
        values,
        0.7,
        color=[
            "white" if hollow and named_set.joined == player_sets.OR else c
            for named_set, c in zip(ranking.sets, colours, strict=True)
        ],
        edgecolor=colours,
        linewidth=1.3 if hollow else 0,
        xerr=np.nan_to_num(errors) if known else None,
        error_kw=ERRORS,
    )
    name_rows(axes, [named_set.named(names, NAMED) for named_set in ranking.sets])
    axes.set_ylim(max(len(values), 1) - 0.4, -0.6)
    captions = [unit_label(words, ranking.unit), "thin bars: ± standard error" * known, "hollow: OR" * hollow, *notes]
    axes.set_xlabel("; ".join(filter(None, captions)))


def _draw_sizes(axes: Axes, kinds: Sequence[Kind], report: Report, measurement: Measurement) -> None:
    for turn, (words, sizes, values, widths) in enumerate(kinds):
        thick = 0.72 / len(kinds)
        axes.bar(
            sizes + (turn - (len(kinds) - 1) / 2) * thick,
            values,
            thick * 0.94,
            color=(GREY, GREEN)[turn],
            label=words,
            yerr=widths,
            error_kw=ERRORS,
        )
    if len(kinds) > 1:
        axes.legend(loc="best")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.grid(axis="y")
    axes.set_xlabel("players of a set\n(mean over samples)")
    unit = next(iter(player_sets.set_quantities(measurement).values())).unit
    summed = find(measurement, "strength_by_size") is not None or player_sets.every_set(report, measurement)
    axes.set_ylabel(unit_label("sum of |value|" if summed else "mean |value| of a measured set", unit))
    axes.set_title("strength by size")


def _by_size(report: Report, measurement: Measurement) -> list[Kind]:
    """Return the strength of each kind of interaction."""
    kinds = []
    for name, words in (("strength_by_size", "AND"), ("or_strength_by_size", "OR")):
        quantity = find(measurement, name)
        if quantity is not None:
            values = np.asarray(quantity.values, dtype=np.float64)
            widths = half_widths(quantity)[0]
            sizes = np.asarray(measurement.coordinates.get("size", np.arange(len(values)) + 1), dtype=np.float64)
            kinds.append((words, sizes, values, None if widths is None else np.nan_to_num(widths)))
    if kinds:
        return kinds
    counted = list(player_sets.by_size(report, measurement))
    return [("", np.array([row[0] for row in counted], float), np.array([row[2] for row in counted], float), None)]


def _cut(ranking: player_sets.Ranking) -> str:
    shown = len(ranking.sets)
    return f": {shown} of {count(ranking.total, 'set')}" if shown < ranking.total else ""
