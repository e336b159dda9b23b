"""The order profile of multi-order interactions: the two strengths, raw and corrected, and the signed mean."""

from __future__ import annotations

from matplotlib.figure import SubFigure

from interact_cli.report.plots.style import BLUE, GREEN, GREY, ORANGE, line_with_band, place_axis, unit_label
from interact_cli.report.views.pairs import find
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

PANELS = (
    (
        "mean |I| over pairs",
        (
            ("mean_abs", "raw", BLUE, "-"),
            ("mean_abs_corrected", "corrected (approximate)", GREY, "--"),
            ("mean_abs_dropout", "under dropout", ORANGE, "--"),
        ),
    ),
    ("rms I over pairs", (("rms", "raw", GREY, "--"), ("rms_corrected", "corrected", ORANGE, "-"))),
    ("signed mean of I", (("mean", "signed mean", GREEN, "-"),)),
)


def draw_profile(part: SubFigure, report: Report, metric: str) -> None:
    """Draw the strength of the interactions at every evaluated order."""
    measurement = report.measurement(metric)
    panels = [panel for panel in PANELS if any(find(measurement, line[0]) is not None for line in panel[1])]
    row = part.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, lines) in zip(row, panels, strict=True):
        x = place_axis(axes, report, measurement)
        for name, words, colour, style in lines:
            quantity = find(measurement, name)
            if quantity is not None:
                line_with_band(axes, x, quantity, colour=colour, name=words, style=style)
                axes.set_ylabel(unit_label(title.split(" over")[0], quantity.unit))
        if lines[0][0] == "mean":
            axes.axhline(0, color="#888888", linewidth=0.8, zorder=1)
        else:
            axes.set_ylim(bottom=0)
        axes.set_title(f"{safe_text(metric, limit=60) if axes is row[0] else ''}\n{title}")
        axes.legend(loc="best")
