"""The J curve of the bottleneck, with interval, null and theory: one panel for each of the two strengths."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import SubFigure

from interact_cli.report.plots.style import BLUE, GREEN, GREY, ORANGE, line_with_band, place_axis
from interact_cli.report.views.pairs import find
from interact_cli.results import Quantity, Report

PANELS = (
    ("J_mean_abs", "null_mean_abs", "J by mean |I| (as the papers)", BLUE),
    ("J_rms_corrected", "null_rms_corrected", "J by rms I, corrected for sampling noise", ORANGE),
)
FITTED = "J_mean_abs"
"""The curve that the theory is fitted to."""


def draw_curve(part: SubFigure, report: Report, metric: str) -> None:
    """Draw J^(m) over the order.

    The theory curve F^(m) / F^(0) is fitted to the papers' J, by mean |I|, and drawn beside that one only: times J at
    the lowest order, so that both start at the same height.
    """
    measurement = report.measurement(metric)
    theory, n_prime = find(measurement, "theory"), find(measurement, "theory_n_prime")
    panels = [panel for panel in PANELS if find(measurement, panel[0]) is not None]
    for axes, (name, null_name, title, colour) in zip(
        part.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        quantity = measurement.quantity(name)
        x = place_axis(axes, report, measurement)
        line_with_band(axes, x, quantity, colour=colour, name="J")
        null = find(measurement, null_name)
        if null is not None:
            axes.plot(
                x,
                null.values,
                "--",
                color=GREY,
                marker=".",
                markersize=4,
                label="null: values without structure",
                zorder=2,
            )
        if theory is not None and name == FITTED:
            fitted = "" if n_prime is None else f", n′ = {float(n_prime.values):g}"
            axes.plot(x, theory.values * quantity.values[0], ":", color=GREEN, label=f"theory F{fitted}", zorder=2)
        axes.axhline(1, color="#BBBBBB", linewidth=0.7, zorder=1)
        axes.set_ylim(*_limits(quantity))
        axes.set_ylabel("J(m), mean over orders = 1")
        axes.set_title(title)
        axes.legend(loc="best")


def _limits(curve: Quantity) -> tuple[float, float | None]:
    """Return the heights that J needs; the null, many times as high at its ends, may leave the picture."""
    parts = [curve.values, *(end for end in (curve.low, curve.high) if end is not None)]
    heights = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
    heights = heights[np.isfinite(heights)]
    return (min(0.0, float(heights.min())), 1.3 * float(heights.max())) if len(heights) else (0.0, None)
