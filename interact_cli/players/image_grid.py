"""Cells of a grid over an image; all channels of a cell belong to one player."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.span import positions
from interact_cli.types import INPUT, Entry, IntArray, Model, PlayerSet, Sample

DEFAULT_SIDES = (16, 8, 4)


@dataclass(frozen=True)
class ImageGrid:
    """The same cells for every image; see `image_grid`."""

    names: tuple[str, ...]
    owner: IntArray
    """``(1, H, W)``."""
    grid: tuple[int, int]
    spec: str
    span: tuple[int, ...] = ()
    entry: Entry = INPUT

    def of(self, sample: Sample, baseline: Baseline) -> PlayerSet:
        """Return the players of one image: the same for all."""
        return PlayerSet(self.names, self.owner, baseline.values, baseline.name, self.spec, self.grid, span=self.span)


def image_grid(argument: str | None, model: Model, options: PlayerOptions) -> ImageGrid:
    """Cut the image into ``rows x columns`` cells.

    Pixel ``(y, x)`` belongs to cell ``(floor(y * rows / H), floor(x * columns / W))``: the mask of the cells,
    enlarged to the image by its nearest neighbour. Every pixel is in exactly one cell, also where the sides do not
    divide.

    Args:
        argument: ``"RxC"``; None takes the largest of 16, 8, 4 whose cells hold at least 2 x 2 pixels.
        model: An image model.
        options: ``span`` chooses successive cells, row by row.

    Raises:
        UsageError: another option, a span outside, no image model, no such form, or more cells than pixels along a
            side.
    """
    if model.input.kind != "image":
        other = "text. Use --players words" if model.input.kind == "text" else "columns. Use --players columns"
        raise UsageError(f"Players 'grid' need an image model; this one takes {other}.")
    _, height, width = model.input.shape
    rows, columns = _sides(argument, height, width)
    spec = f"grid:{rows}x{columns}"
    options.refuse(spec, "span")
    if rows > height or columns > width:
        raise UsageError(f"Expected at most {height} x {width} cells (one pixel each), got {spec}. Use fewer cells.")
    row_of = np.arange(height) * rows // height
    column_of = np.arange(width) * columns // width
    owner = row_of[:, None] * columns + column_of
    names = tuple(f"r{row}c{column}" for row in range(rows) for column in range(columns))
    span = positions(options.span, spec, len(names))
    return ImageGrid(names, owner[None].astype(np.int64), (rows, columns), spec, span)


def _sides(argument: str | None, height: int, width: int) -> tuple[int, int]:
    if argument is None:
        side = next((side for side in DEFAULT_SIDES if min(height, width) // side >= 2), 2)
        return min(side, height), min(side, width)
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", argument)
    if match is None:
        raise UsageError(f"Expected --players grid:ROWSxCOLUMNS, for example grid:8x8, got 'grid:{argument}'.")
    return int(match[1]), int(match[2])
