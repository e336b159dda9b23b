"""How every picture looks: sizes, colours that colour-blind readers can tell apart, and safe labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from interact_cli.results import Measurement, PlayerTable, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray
from interact_cli.words import player_name, shortened

BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#6E6E6E", "#222222"
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"
UNMEASURED = "#DCDCDC"
WIDTH = 11.0
"""Inches of a page."""
COALITIONS = (
    ("#CFE3F5", "#0072B2"),
    ("#F9D3B8", "#D55E00"),
    ("#BFE8D9", "#009E73"),
    ("#FBF3B5", "#A68F00"),
    ("#F0D2E4", "#B0568A"),
    ("#D9D9D9", "#444444"),
)
"""Fill and edge of coalitions, in turn: Okabe and Ito's colours, which colour-blind readers can tell apart."""

STYLE: Any = {
    "text.usetex": False,
    "text.parse_math": False,
    "text.color": INK,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#888888",
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "xtick.color": "#444444",
    "ytick.color": "#444444",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "hatch.color": "#BBBBBB",
    "hatch.linewidth": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "interact",
}
"""Settings for `matplotlib.rc_context`: a user's own matplotlibrc never changes a report's pictures."""


ZERO: Any = {"color": "#555555", "linewidth": 0.8}
"""The line where bars start."""
ERRORS: Any = {"elinewidth": 0.9, "ecolor": "#333333", "capsize": 2}
"""Thin bars on bars."""
UPRIGHT = 130
"""Characters up to which names stand upright below their bars."""


def name_rows(axes: Axes, names: Sequence[str], start: float = 0.0, **line: Any) -> None:
    """Name bars that lie below each other, the first at the top, with a line where they start."""
    axes.set_yticks(np.arange(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.axvline(start, **(ZERO | line))
    axes.grid(axis="x")


def name_columns(axes: Axes, names: Sequence[str], start: float = 0.0, **line: Any) -> None:
    """Name bars that stand beside each other, tilted where their names are long, with a line where they start."""
    upright = sum(map(len, names)) + len(names) < UPRIGHT
    tilted: Any = {} if upright else {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(np.arange(len(names)), names, **tilted)
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.6, max(len(names), 6) - 0.4)
    axes.axhline(start, **(ZERO | line))
    axes.grid(axis="y")


def unit_label(name: str, unit: str) -> str:
    """Axis label with its unit, unless the number is pure."""
    return name if unit in ("", "1") else f"{name} ({safe_text(unit, limit=24)})"


def names_of(players: PlayerTable, limit: int = 24) -> list[str]:
    """One short label per shared player."""
    return [shortened(player_name(players, player, 200), limit) for player in range(len(players.names))]


DRAWN_OTHERWISE = frozenset({"size", "keep_rate", "quantile", "coalition", "pair_i", "pair_j"})
"""Axes of numbers that have pictures of their own, or stand in tables only."""


def axis_of(measurement: Measurement) -> str | None:
    """Name the axis that a profile runs along; None where there is none.

    That is ``order``, ``ratio`` where the samples differ in n, else an axis of numbers of the metric's own.
    """
    labelled = measurement.coordinates
    own = (name for name, labels in labelled.items() if name not in DRAWN_OTHERWISE and labels.dtype.kind in "if")
    return next((axis for axis in ("order", "ratio") if axis in labelled), next(own, None))


def place_axis(axes: Axes, report: Report, measurement: Measurement) -> FloatArray:
    """Label the axis of orders and return their positions."""
    if axis_of(measurement) == "order":
        return order_axis(axes, measurement.coordinates["order"], report.players.largest)
    axes.grid(axis="y")
    axis = axis_of(measurement) or ""
    if axis == "ratio":
        axes.set_xlabel("order m / (n − 2), n players of each sample")
        axes.set_xlim(-0.03, 1.03)
    else:
        axes.set_xlabel(safe_text(axis, limit=40).replace("_", " "))
    return np.asarray(measurement.coordinates[axis], dtype=np.float64)


def half_widths(quantity: Quantity) -> tuple[FloatArray | None, str]:
    """Distances from the values to the ends of what uncertainty there is, ``(2, ...)``, and what they are called."""
    values = np.asarray(quantity.values, dtype=np.float64)
    if quantity.low is not None and quantity.high is not None:
        return np.abs(np.stack([values - quantity.low, quantity.high - values])), "95 % interval"
    errors = quantity.standard_errors
    if errors is None or not np.isfinite(errors).any():
        return None, ""
    return np.stack([errors, errors]), "± standard error"


def line_with_band(axes: Axes, x: FloatArray, quantity: Quantity, *, colour: str, name: str, style: str = "-") -> None:
    """Draw one quantity by order with its uncertainty as a band."""
    values = np.asarray(quantity.values, dtype=np.float64)
    widths, what = half_widths(quantity)
    words = f"{name}, {what}" if what else name
    axes.plot(x, values, style, color=colour, marker="o", markersize=3.5, label=words, zorder=3)
    if widths is not None and x.size == 1:
        axes.errorbar(x, values, widths, color=colour, capsize=3, linestyle="none")
    elif widths is not None:
        axes.fill_between(x, values - widths[0], values + widths[1], color=colour, alpha=0.18, linewidth=0, zorder=2)


def order_axis(axes: Axes, orders: npt.NDArray[Any], n_players: int) -> FloatArray:
    """Label the lower axis with m / (n - 2) and the upper one with m; return the positions of the orders."""
    last = n_players - 2
    scale = max(last, 1)
    axes.set_xlabel("order m / (n − 2)")
    axes.set_xlim(-0.03, 1.03)
    axes.grid(axis="y")
    ways = (lambda share: np.asarray(share) * scale, lambda order: np.asarray(order) / scale)
    upper = axes.secondary_xaxis("top", functions=ways)
    upper.set_xticks(np.unique(np.linspace(0, last, min(6, last + 1)).round().astype(int)))
    upper.set_xlabel("order m: players present beside the pair", fontsize=8)
    upper.spines["top"].set_visible(True)
    return np.asarray(orders, dtype=np.float64) / scale


def colour_bar(part: SubFigure, picture: AxesImage, axes: Axes, words: str) -> None:
    """A scale as high as the picture beside it."""
    bar = part.colorbar(picture, cax=axes.inset_axes((1.03, 0.0, 0.045, 1.0)))
    bar.set_label(words, fontsize=8)
    bar.outline.set_visible(False)


def hatch_unmeasured(axes: Axes, values: FloatArray) -> None:
    """Cover the NaN cells of a drawn matrix with hatching, and say below it what that means."""
    cells = np.argwhere(~np.isfinite(values))
    for row, column in cells:
        axes.add_patch(
            Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="#F4F4F4", hatch="////", edgecolor="#CCCCCC", lw=0)
        )
    if len(cells):
        axes.set_xlabel("hatched: not measured", fontsize=8)
