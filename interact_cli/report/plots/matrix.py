"""The pair matrix: signed interaction of every measured pair, mean over samples."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import SubFigure

from interact_cli.report.pairs import pair_matrix, pair_means
from interact_cli.report.plots.grid_map import centred
from interact_cli.report.plots.style import DIVERGING, UNMEASURED, colour_bar, names_of, unit_label
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

NAMED = 40
"""Players up to which rows and columns carry names."""


def draw_matrix(part: SubFigure, report: Report, metric: str) -> None:
    """Draw the symmetric ``(n, n)`` matrix on a scale centred at 0."""
    means = pair_means(report, report.measurement(metric))
    if means is None:
        return
    n_players = len(report.players.names)
    matrix = pair_matrix(means, n_players)
    axes = part.subplots()
    colours = colormaps[DIVERGING].with_extremes(bad=UNMEASURED)
    picture = axes.imshow(matrix, cmap=colours, norm=centred(matrix), interpolation="nearest")
    axes.set_anchor("N")
    axes.spines[:].set_visible(False)
    if n_players <= NAMED:
        size = 8 if n_players <= 16 else 6
        names = names_of(report.players)
        axes.set_xticks(np.arange(n_players), names, rotation=45, ha="right", rotation_mode="anchor", fontsize=size)
        axes.set_yticks(np.arange(n_players), names, fontsize=size)
        axes.tick_params(length=0)
    else:
        axes.set_xlabel("player")
        axes.set_ylabel("player")
    title = f"{safe_text(metric, limit=40)}: signed mean over samples"
    held = len(means.first) < n_players * (n_players - 1) // 2
    axes.set_title(f"{title}\ngrey: not measured" if held else title)
    colour_bar(part, picture, axes, unit_label("I(i, j)", means.unit))
