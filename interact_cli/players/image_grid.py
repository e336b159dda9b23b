"""Cells of a grid over an image; all channels of a cell belong to one player."""

from __future__ import annotations

import re

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interfaces import PlayerOptions
from interact_cli.players.shared import SharedPlayers, check_kind
from interact_cli.players.span import positions
from interact_cli.types import Model

DEFAULT_SIDES = (16, 8, 4)


def image_grid(argument: str | None, model: Model, options: PlayerOptions) -> SharedPlayers:
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
    check_kind(model, "image", "Players 'grid' need an image model")
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
    return SharedPlayers(names, owner[None].astype(np.int64), spec, span, (rows, columns))


def _sides(argument: str | None, height: int, width: int) -> tuple[int, int]:
    if argument is None:
        side = next((side for side in DEFAULT_SIDES if min(height, width) // side >= 2), 2)
        return min(side, height), min(side, width)  # the image may be a single pixel high or wide
    match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", argument)
    if match is None:
        raise UsageError(f"Expected --players grid:ROWSxCOLUMNS, for example grid:8x8, got 'grid:{argument}'.")
    return int(match[1]), int(match[2])
