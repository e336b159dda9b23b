"""One metric in several games: a curve for each module, and the values of the players at every module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from interact_cli.report.plots import style
from interact_cli.report.plots.grid_map import centred
from interact_cli.report.sentences import about, plain_names
from interact_cli.report.views.pairs import find
from interact_cli.report.wording import called, module_name
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.types import FloatArray, IntArray

LEGEND = 12
"""Modules up to which a legend names every curve; of more, only both ends and the middle."""
COLUMNS = 30
"""Players of a picture of modules against players."""


def draw_curves(part: SubFigure, report: Report, measurements: Sequence[Measurement], *, names: Sequence[str]) -> None:
    """Draw quantities along an axis, one line per module, dark to bright from the first module to the last."""
    shades = colormaps[style.SEQUENTIAL](np.linspace(0.05, 0.9, len(measurements)))
    named = set(np.linspace(0, len(measurements) - 1, min(LEGEND, len(measurements))).round().astype(int).tolist())
    row = part.subplots(1, len(names), squeeze=False)[0]
    for axes, name in zip(row, names, strict=True):
        x = style.place_axis(axes, report, measurements[0])
        first = measurements[0].quantity(name)
        for position, (measurement, shade) in enumerate(zip(measurements, shades, strict=True)):
            words = module_name(measurement.of, 30) if position in named else None
            axes.plot(x, measurement.quantity(name).values, color=shade, marker="o", markersize=3, label=words)
        axes.set_ylabel(style.unit_label(called(first), first.unit))
        noise = find(measurements[0], name.replace("J_", "null_", 1)) if name.startswith("J_") else None
        if noise is not None:
            axes.plot(x, noise.values, "--", color=style.GREY, label="null: values without structure", zorder=1)
        if any((np.asarray(line.get_ydata()) < 0).any() for line in axes.get_lines()):
            axes.axhline(0, color=style.GREY, linewidth=0.8, zorder=1)
        else:
            axes.set_ylim(bottom=0)
        axes.set_title(called(first))
    row[-1].legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def draw_significance(part: SubFigure, measurements: Sequence[Measurement]) -> None:
    """Draw the multivariate interaction by module: T, its mean over samples, and the B's beside it.

    Source: Zhang et al. (AAAI 2021), figure 4 (c).
    """
    x = np.arange(len(measurements), dtype=np.float64)
    axes_of_t, axes_of_b = part.subplots(1, 2, squeeze=False)[0]
    for name, words, colour, axes in (
        ("mean_T", "T", style.BLUE, axes_of_t),
        ("mean_B_max", "B_max", style.BLUE, axes_of_b),
        ("mean_B", "B", style.GREY, axes_of_b),
        ("mean_B_min", "B_min", style.ORANGE, axes_of_b),
    ):
        quantities = [find(measurement, name) for measurement in measurements]
        means = [quantity for quantity in quantities if quantity is not None]
        if len(means) == len(quantities):
            style.line_with_band(axes, x, joined(name, means), colour=colour, name=words)
            axes.set_ylabel(style.unit_label("mean over samples", means[0].unit))
    names = [module_name(measurement.of, 24) for measurement in measurements]
    tilt: Any = {} if sum(len(name) + 2 for name in names) < 60 else {"rotation": 40, "ha": "right"}
    for axes in (axes_of_t, axes_of_b):
        axes.set_xticks(x, names, **tilt)
        axes.set_xlim(-0.3, len(names) - 0.7)
        axes.grid(axis="y")
        axes.legend(loc="best")
    axes_of_t.set_ylim(bottom=0)
    axes_of_b.axhline(0, color="#888888", linewidth=0.8, zorder=1)
    axes_of_t.set_title("significance T of the interactions, module by module")
    axes_of_b.set_title("multivariate interaction B and its bounds")


def joined(name: str, scalars: Sequence[Quantity]) -> Quantity:
    """Put one number of several games together as a curve."""

    def column(attribute: str) -> FloatArray | None:
        parts = [getattr(quantity, attribute) for quantity in scalars]
        return None if any(part is None for part in parts) else np.array([float(part) for part in parts])

    values = np.array([float(quantity.values) for quantity in scalars])
    first, ends = scalars[0], (column("standard_errors"), column("low"), column("high"))
    return Quantity(name, ("module",), values, first.unit, first.meaning, *ends)


def draw_modules(part: SubFigure, report: Report, measurements: Sequence[Measurement], *, samples: IntArray) -> None:
    """Draw player values, modules down and players across: means over samples, or each sample's own words."""
    if report.players.shared:
        means = np.stack([measurement.quantity("mean").values for measurement in measurements])
        axes = part.subplots()
        _heat(part, axes, means, style.names_of(report.players, 16), measurements)
        axes.set_title("signed mean over samples" + _cut(means), fontsize=9)
        return
    for axes, sample in zip(part.subplots(len(samples), 1, squeeze=False)[:, 0], samples.tolist(), strict=True):
        own = report.players.of_sample(sample)
        values = np.stack([measurement.of_samples["values"].values[sample, : len(own)] for measurement in measurements])
        _heat(part, axes, values, plain_names(own), measurements)
        axes.set_title(about(report, sample) + _cut(values), fontsize=9)


def _cut(values: FloatArray) -> str:
    n_players = values.shape[1]
    return f"; the {COLUMNS} largest of {n_players:,} players" if n_players > COLUMNS else ""


def _heat(
    part: SubFigure, axes: Axes, values: FloatArray, names: Sequence[str], measurements: Sequence[Measurement]
) -> None:
    size = np.nan_to_num(np.abs(values)).max(axis=0)
    chosen = np.sort(np.argsort(-size, kind="stable")[:COLUMNS])
    shown = values[:, chosen]
    colours = colormaps[style.DIVERGING].with_extremes(bad=style.UNMEASURED)
    picture = axes.imshow(shown, cmap=colours, norm=centred(shown), interpolation="nearest", aspect="auto")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    tilt: Any = {} if sum(len(names[player]) + 2 for player in chosen) < 90 else {"rotation": 40, "ha": "right"}
    axes.set_xticks(np.arange(chosen.size), [names[player] for player in chosen], **tilt)
    axes.set_yticks(np.arange(len(values)), [module_name(measurement.of, 30) for measurement in measurements])
    unit = measurements[0].per_sample[0].unit if measurements[0].per_sample else ""
    style.colour_bar(part, picture, axes, style.unit_label("value", unit))
