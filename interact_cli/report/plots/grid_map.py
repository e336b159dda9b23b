"""Maps on the image grid: Color(g) of one sample, and player values, beside and over the sample's picture."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import SubFigure

from interact_cli.report.plots.style import DIVERGING, SEQUENTIAL, colour_bar, hatch_unmeasured, unit_label
from interact_cli.report.views.pairs import Reading, colour_map, min_max, pair_values
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import number, shortened

COLORS = {"mean-abs": "mean |I(g, g′)| over", "abs-mean": "|mean I(g, g′)| over"}
"""Reading of Color(g) -> its formula."""


def draw_map(
    part: SubFigure, report: Report, metric: str, *, sample: int, neighbours: int, reading: Reading = "mean-abs"
) -> None:
    """Draw Color(g), min-max normalised, beside and over the picture; cells that nothing measured are hatched."""
    interactions = pair_values(report.measurement(metric))
    grid = report.players.grid
    if interactions is None or grid is None:
        return
    raw = colour_map(interactions.pairs[sample], interactions.values[sample], grid, neighbours, reading)
    finite = raw[np.isfinite(raw)]
    ends = f"0 = {number(finite.min())}, 1 = {number(finite.max())}" if finite.size else "nothing measured"
    title = f"Color(g) = {COLORS[reading]} {neighbours} neighbours"
    title += f"\n{safe_text(metric, limit=40)}"
    title += f", mean over {interactions.orders_averaged} orders" if interactions.orders_averaged else ""
    look = Look(SEQUENTIAL, Normalize(0, 1), title, unit_label(f"Color(g), min–max: {ends}", interactions.unit))
    draw_cells(part, report, sample, min_max(raw), look)


def draw_player_map(part: SubFigure, report: Report, metric: str, *, sample: int) -> None:
    """Draw the player values of one sample beside and over its picture, on a scale centred at 0."""
    grid = report.players.grid
    quantity = report.measurement(metric).of_samples["values"]
    if grid is None:
        return
    values = np.asarray(quantity.values[sample], dtype=np.float64).reshape(grid)
    title = f"value of each cell\n{safe_text(metric, limit=40)}"
    look = Look(DIVERGING, centred(values), title, unit_label("value", quantity.unit))
    draw_cells(part, report, sample, values, look)


def centred(values: FloatArray) -> Normalize:
    """A scale that is symmetric about 0, so that white means no effect."""
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    return Normalize(-top, top)


def bare(axes: Axes) -> None:
    """Leave only what is drawn inside the axes."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


class Look(NamedTuple):
    """How a map of cells looks, and what it says."""

    colours: str
    norm: Normalize
    title: str
    scale: str
    """Beside the colour bar."""


def draw_cells(part: SubFigure, report: Report, sample: int, values: FloatArray, look: Look) -> list[Axes]:
    """Draw ``(rows, columns)`` values beside and over the picture of a sample; return the axes, the map last."""
    pictures, axes = report.samples.pictures, beside(part, report, sample)
    picture = axes[-1].imshow(values, cmap=look.colours, norm=look.norm, interpolation="nearest")
    hatch_unmeasured(axes[-1], values)
    axes[-1].set_title(look.title)
    colour_bar(part, picture, axes[-1], look.scale)
    if pictures is not None and len(axes) > 1:
        _over(axes[1], report, pictures[sample], values, look)
    return axes


def beside(part: SubFigure, report: Report, sample: int) -> list[Axes]:
    """Axes for picture, overlay and map; the map alone where the report holds no picture of the sample."""
    pictures = report.samples.pictures
    shown = pictures is not None and sample < len(pictures)
    axes: list[Axes] = list(part.subplots(1, 3 if shown else 1, squeeze=False)[0])
    for panel in axes:
        bare(panel)
    if pictures is not None and shown:
        axes[0].imshow(pictures[sample], interpolation="nearest")
        axes[0].set_title(
            f"sample {sample}: {shortened(safe_text(report.samples.ids[sample]), 30)}\n{_label(report, sample)}"
        )
    return axes


def _label(report: Report, sample: int) -> str:
    label, predicted = int(report.samples.labels[sample]), int(report.samples.predicted[sample])
    classes = f"class {label}" if label >= 0 else "no label"
    return f"{classes}, predicted {predicted}" if predicted >= 0 else classes


def _over(axes: Axes, report: Report, picture: npt.NDArray[np.uint8], values: FloatArray, look: Look) -> None:
    """Lay the values of the cells over the grey picture of a sample, large ones more opaque."""
    axes.imshow(picture.astype(np.float64).mean(axis=-1), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    cells = cell_pixels(report, *picture.shape[:2])
    size = np.nan_to_num(np.abs(values) / max(abs(look.norm.vmin or 0.0), abs(look.norm.vmax or 0.0)))
    opacity = np.where(np.isfinite(values), 0.25 + 0.55 * size, 0.0)
    shown = np.nan_to_num(values).ravel()[cells]
    axes.imshow(shown, cmap=look.colours, norm=look.norm, alpha=opacity.ravel()[cells], interpolation="nearest")
    entry = report.players.entry
    inside = f"stretched over the picture:\n{shortened(safe_text(entry), 40)}"
    axes.set_title("over the picture\n " if entry == "input" else inside)


def cell_pixels(report: Report, height: int, width: int) -> IntArray:
    """Player of each picture pixel: the report's own map of input positions, scaled to the picture's size.

    Cells of a map inside the network are laid over the whole picture.
    """
    owner, grid = report.players.owner, report.players.grid
    if grid is not None and report.players.entry != "input":
        owner = np.arange(math.prod(grid)).reshape(grid)
    plane = owner.reshape(-1, owner.shape[-1])
    rows = (np.arange(height) * len(plane)) // height
    columns = (np.arange(width) * owner.shape[-1]) // width
    return np.asarray(plane[np.ix_(rows, columns)], dtype=np.int64)
