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
    held = [quantity for quantity in measurement.summary if quantity.dims == (axis,)]
    shown = [one for role in ("headline", "by-order") for one in held if one.role == role]
    panels = []
    for one in shown:
        panels.append([one, *(other for other in held if other not in shown and _twins(one, other))])
    return panels[:MOST]


def _twins(one: Quantity, other: Quantity) -> bool:
    corrected = [STATISTICS[held.statistic].corrected if held.statistic in STATISTICS else "" for held in (one, other)]
    return one.parts == other.parts and (corrected[0] == other.statistic != "" or corrected[1] == one.statistic != "")


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
