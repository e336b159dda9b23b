"""Bars of player values with error bars, largest first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import SubFigure

from interact_cli.report.plots.style import BLUE, ERRORS, ORANGE, half_widths, name_rows, names_of, unit_label
from interact_cli.report.views.pairs import find
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

SHOWN = 20
"""Bars on one picture; more players than this are cut to the largest."""


def draw_players(part: SubFigure, report: Report, metrics: Sequence[str]) -> None:
    """Draw the signed mean of each player's value, one bar per metric, ranked by mean |value| of the first metric."""
    first = report.measurement(metrics[0])
    ranked = find(first, "mean_abs") or first.quantity("mean")
    size = np.nan_to_num(np.abs(np.asarray(ranked.values, dtype=np.float64)))
    best = np.argsort(-size, kind="stable")[:SHOWN]
    axes = part.subplots()
    height = 0.72 / len(metrics)
    unit, what = "1", ""
    for row, (metric, colour) in enumerate(zip(metrics, (BLUE, ORANGE), strict=False)):
        quantity = report.measurement(metric).quantity("mean")
        unit = quantity.unit
        widths, what = half_widths(quantity)
        y = np.arange(best.size) + (row - (len(metrics) - 1) / 2) * height
        axes.barh(
            y,
            np.asarray(quantity.values)[best],
            height * 0.9,
            color=colour,
            label=safe_text(metric, limit=40),
            xerr=None if widths is None else widths[:, best],
            error_kw=ERRORS,
        )
    names = names_of(report.players, 24)
    name_rows(axes, [names[player] for player in best])
    axes.set_xlabel(unit_label("signed mean over samples", unit) + (f"\nthin bars: {what}" if what else ""))
    title = "Value of each player"
    if best.size < len(names):
        title += f": the {best.size} largest of {len(names)}"
    axes.set_title(title)
    if len(metrics) > 1:
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1, 1),
            ncols=len(metrics),
            borderaxespad=0.2,
            handlelength=1.2,
            columnspacing=1,
        )
