"""The pair matrix: signed interaction of every measured pair, mean over samples; bars where it would be too large."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import SubFigure
from matplotlib.image import AxesImage

from interact_cli.report.plots.grid_map import centred
from interact_cli.report.plots.style import (
    BLUE,
    DIVERGING,
    ERRORS,
    ORANGE,
    UNMEASURED,
    colour_bar,
    name_rows,
    names_of,
    unit_label,
)
from interact_cli.report.views.pairs import PairMeans, pair_matrix, pair_means
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray

NAMED = 40
"""Players up to which rows and columns carry names."""
WHOLE = 256
"""Players up to which there is a matrix."""
STRONGEST = 20
"""Bars in its place."""


def draw_matrix(part: SubFigure, report: Report, metric: str) -> None:
    """Draw the symmetric ``(n, n)`` matrix on a scale centred at 0; beyond `WHOLE` players the strongest pairs."""
    means = pair_means(report, report.measurement(metric))
    if means is None:
        return
    n_players = report.players.largest
    title = f"{safe_text(metric, limit=60)}: signed mean over samples"
    axes = part.subplots()
    if n_players > WHOLE:
        _bars(axes, means, names_of(report.players, 20))
        shown = f"the {min(STRONGEST, len(means.first))} strongest of {len(means.first):,} measured pairs, by mean |I|"
        axes.set_title(f"{title}\n{shown}")
        return
    matrix = pair_matrix(means.first, means.second, means.over.mean, np.arange(n_players))
    picture = draw_pairs(axes, matrix, names_of(report.players), centred(matrix))
    unmeasured = len(means.first) < n_players * (n_players - 1) // 2
    axes.set_title(f"{title}\ngrey: not measured" if unmeasured else title)
    colour_bar(part, picture, axes, unit_label("I(i, j)", means.unit))


def draw_pairs(axes: Axes, matrix: FloatArray, names: Sequence[str], norm: Normalize) -> AxesImage:
    """Draw one symmetric matrix; up to `NAMED` rows carry names."""
    colours = colormaps[DIVERGING].with_extremes(bad=UNMEASURED)
    picture = axes.imshow(matrix, cmap=colours, norm=norm, interpolation="nearest")
    axes.set_anchor("N")
    axes.spines[:].set_visible(False)
    places = np.arange(len(names))
    if len(names) <= NAMED:
        size = 8 if len(names) <= 16 else 6
        axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor", fontsize=size)
        axes.set_yticks(places, names, fontsize=size)
        axes.tick_params(length=0)
    else:
        axes.set_xlabel("player")
        axes.set_ylabel("player")
    return picture


def _bars(axes: Axes, means: PairMeans, names: Sequence[str]) -> None:
    best = means.over.strongest(STRONGEST)
    errors = means.over.standard_errors[best]
    axes.barh(
        np.arange(best.size),
        means.over.mean[best],
        0.7,
        color=np.where(means.over.mean[best] < 0, ORANGE, BLUE),
        xerr=np.nan_to_num(errors) if np.isfinite(errors).any() else None,
        error_kw=ERRORS,
    )
    pairs = [f"{names[means.first[pair]]} × {names[means.second[pair]]}" for pair in best]
    name_rows(axes, pairs)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel(unit_label("I(i, j)", means.unit) + "\nthin bars: ± standard error")
