"""Single numbers with their uncertainty: what a metric without places, or a number of the network, has to show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import SubFigure

from interact_cli.report.plots.style import BLUE, half_widths, unit_label
from interact_cli.results import Measurement, Quantity
from interact_cli.safe_text import safe_text
from interact_cli.words import described

ROW = 0.75
"""Inches of one number with its axis."""


def single_numbers(measurement: Measurement) -> list[Quantity]:
    """Return the headlines that are one known number each."""
    return [
        quantity
        for quantity in measurement.summary
        if quantity.role == "headline" and quantity.dims == () and np.isfinite(quantity.values)
    ]


def draw_numbers(part: SubFigure, measurements: Sequence[Measurement]) -> None:
    """Draw each number on an axis of its own, as their units differ: a dot, and a bar for what uncertainty there is."""
    rows = [(measurement, quantity) for measurement in measurements for quantity in single_numbers(measurement)]
    for axes, (measurement, quantity) in zip(np.ravel(part.subplots(len(rows))), rows, strict=True):
        widths, what = half_widths(quantity)
        value = float(quantity.values)
        axes.errorbar(value, 0, xerr=None if widths is None else widths.reshape(2, 1), fmt="o", color=BLUE, capsize=3)
        axes.set_yticks([])
        of = "" if quantity.called == measurement.key else f"{measurement.key}: "
        axes.set_title(safe_text(f"{of}{quantity.called} {described(quantity)}", limit=100))
        axes.set_xlabel(unit_label(quantity.called, quantity.unit) + (f", bar: {what}" if what else ""))
        axes.grid(axis="x")
