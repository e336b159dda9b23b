"""Players that lie beside each other: what images have and tables have not."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from interact_cli.types import IntArray


def neighbours(grid: tuple[int, int] | None) -> tuple[IntArray, ...]:
    """Return the sets of at least two cells that fit into a window of 2 x 2, by size: ``(set, size)`` each.

    Args:
        grid: Rows and columns; player ``r * columns + c`` lies at ``(r, c)``. None for players without a place.

    Example:
        >>> [len(sets) for sets in neighbours((2, 3))]
        [11, 8, 2]
        >>> neighbours((1, 3))[0].tolist()
        [[0, 1], [1, 2]]
    """
    if grid is None:
        return ()
    rows, columns = grid
    high, wide = min(2, rows), min(2, columns)
    cells = np.arange(rows * columns).reshape(grid)
    windows = [
        cells[row : row + high, column : column + wide].ravel().tolist()
        for row, column in product(range(rows - high + 1), range(columns - wide + 1))
    ]
    by_size = [
        sorted({chosen for window in windows for chosen in combinations(window, size)})
        for size in range(2, high * wide + 1)
    ]
    return tuple(np.array(sets, dtype=np.int64) for sets in by_size)
