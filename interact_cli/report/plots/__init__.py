"""Pictures of a report: curves by order, grid maps, pair matrices, player values, graphs, partitions, sets."""

from __future__ import annotations

from interact_cli.report.plots.page import plot_report
from interact_cli.report.plots.panels import KINDS

__all__ = ["KINDS", "plot_report"]
