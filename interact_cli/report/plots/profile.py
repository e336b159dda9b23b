"""Numbers along an axis: each that leads or stands in the table, with its twin free of sampling noise, or with it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import SubFigure

from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.report.plots.style import BLUE, GREEN, GREY, ORANGE, line_with_band, place_axis, unit_label
from interact_cli.report.wording import called
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.safe_text import safe_text

COLOURS = (BLUE, ORANGE, GREEN)
MOST = 4
"""Panels beside each other."""


def profiled(measurement: Measurement, axis: str) -> list[list[Quantity]]:
    """Return what each panel shows: first what leads or stands in the table along this axis, then its twin.

    A twin is the same statistic of the same parts with the noise of drawn contexts, or without.
    """
    along_axis = [quantity for quantity in measurement.summary if quantity.dims == (axis,)]
    shown = [quantity for role in ("headline", "by-order") for quantity in along_axis if quantity.role == role]
    panels = []
    for quantity in shown:
        panels.append([quantity, *(other for other in along_axis if other not in shown and _twins(quantity, other))])
    return panels[:MOST]


def _twins(left: Quantity, right: Quantity) -> bool:
    corrected = [
        STATISTICS[quantity.statistic].corrected if quantity.statistic in STATISTICS else ""
        for quantity in (left, right)
    ]
    return left.parts == right.parts and (corrected[0] == right.statistic != "" or corrected[1] == left.statistic != "")


def draw_profile(part: SubFigure, report: Report, metric: str, panels: Sequence[Sequence[Quantity]]) -> None:
    """Draw the numbers of a metric at every place of an axis."""
    measurement = report.measurement(metric)
    row = part.subplots(1, len(panels), squeeze=False)[0]
    for position, (axes, (first, *twins)) in enumerate(zip(row, panels, strict=True)):
        x = place_axis(axes, report, measurement)
        line_with_band(axes, x, first, colour=COLOURS[position % len(COLOURS)], name=called(first), style="-")
        for twin in twins:
            line_with_band(axes, x, twin, colour=GREY, name=called(twin), style="--")
        axes.set_ylabel(unit_label(called(first), first.unit))
        if (first.values >= 0).all():
            axes.set_ylim(bottom=0)
        else:
            axes.axhline(0, color="#888888", linewidth=0.8, zorder=1)
        axes.set_title(f"{safe_text(metric, limit=60) if axes is row[0] else ''}\n{called(first)}")
        axes.legend(loc="best")
