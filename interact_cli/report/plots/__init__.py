"""Pictures of a report: the J curve, the order profile, the grid map Color(g), the pair matrix, player values."""

from __future__ import annotations

from interact_cli.report.plots.page import plot_report
from interact_cli.report.plots.panels import KINDS

__all__ = ["KINDS", "plot_report"]
