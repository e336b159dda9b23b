"""Which pairs of players, or larger sets, are measured: all, those within a radius on a grid, or a draw of them.

Players inside a network are many: 10,000 units have 50 million pairs. So "all pairs" is written None, and a pair is
found from its number when it is drawn.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interactions.designs.sets import countable, joined, numbered
from interact_cli.types import IntArray

MOST = 10**6
"""Largest radius, and most pairs of a draw."""


def all_pairs(n_players: int) -> IntArray:
    """Return every unordered pair ``i < j``: ``(n (n - 1) / 2, 2)``."""
    return np.stack(np.triu_indices(n_players, 1), axis=1).astype(np.int64, copy=False)


def drawn_uniformly(n_players: int, n_sets: int, rng: np.random.Generator, size: int = 2) -> IntArray:
    """Draw different pairs, or sets of another size, each equally likely, sorted; all where there are no more.

    Source: the code of Zhang et al. (ICLR 2021) draws 500 random pairs of units so.

    Raises:
        UsageError: more sets than can be numbered.
    """
    possible = countable(n_players, size)
    return numbered(np.sort(rng.choice(possible, min(n_sets, possible), replace=False)), n_players, size)


def within_radius(grid: tuple[int, int], radius: int) -> IntArray:
    """Return the unordered pairs of grid cells whose rows and columns differ by at most ``radius``.

    Args:
        grid: Rows and columns; player ``r * columns + c`` sits at ``(r, c)``.
        radius: Chebyshev distance, at least 1.

    Returns:
        ``(pair, 2)`` with ``i < j``, sorted.
    """
    players = np.arange(grid[0] * grid[1], dtype=np.int64).reshape(grid)
    down, aside = min(radius, grid[0] - 1), min(radius, grid[1] - 1)
    by_offset = [np.empty((0, 2), dtype=np.int64)]
    for rows, columns in product(range(down + 1), range(-aside, aside + 1)):
        if (rows, columns) <= (0, 0):
            continue  # each pair once, from its upper or left cell
        first = players[: grid[0] - rows, max(0, -columns) : grid[1] - max(0, columns)]
        by_offset.append(np.stack([first.ravel(), first.ravel() + rows * grid[1] + columns], axis=1))
    pairs = np.concatenate(by_offset)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]


def candidates(
    rule: str, n_players: int, grid: tuple[int, int] | None, rng: np.random.Generator, size: int = 2
) -> IntArray | None:
    """Return the pairs, or sets of another size, that a rule allows; None for all.

    Args:
        rule: ``"all"``, ``"radius:R"`` (any two members within R), ``"random:K"``, or ``"auto"``: ``radius:2`` on a
            grid and ``all`` elsewhere.
        n_players: Number of players.
        grid: Rows and columns, or None.
        rng: Draws the sets of ``random:K``.
        size: Players of a set.

    Returns:
        ``(set, size)``, ascending and sorted, or None.

    Raises:
        UsageError: an unknown rule, a radius without a grid, or fewer players than a set has.
    """
    if n_players < size:
        raise UsageError(f"Expected at least {size} players for an interaction, got {n_players}. Choose finer players.")
    if rule == "auto":
        rule = "radius:2" if grid else "all"
    if rule == "all":
        return None
    name, _, number = rule.partition(":")
    if name not in {"radius", "random"} or not number.isdecimal() or not 1 <= int(number) <= MOST:
        raise UsageError(f"Expected pairs to be 'auto', 'all', 'radius:R' or 'random:K', got '{rule}'.")
    if name == "random":
        return drawn_uniformly(n_players, int(number), rng, size)
    if grid is None:
        raise UsageError(f"'{rule}' needs players on a grid; these players have no positions. Use pairs 'all'.")
    return None if size == 1 else joined(within_radius(grid, int(number)), n_players, size)


def drawn_with_clamped_offsets(grid: tuple[int, int], n_pairs: int, radius: int, rng: np.random.Generator) -> IntArray:
    """Draw pairs as the code of Deng et al. (2022) does.

    The first cell is uniform; the second is the first plus an offset uniform over the non-zero offsets within the
    radius, clamped to the grid, so border pairs are over-represented; equal cells and repeated pairs are rejected.

    Source: Deng et al. (2022), appendix C, and its authors' code.

    Returns:
        ``(pair, 2)`` with ``i < j``, in the order of the draw; fewer than ``n_pairs`` only if the grid has fewer.
    """
    offsets = [offset for offset in product(range(-radius, radius + 1), repeat=2) if offset != (0, 0)]
    possible = len(within_radius(grid, radius))
    chosen: dict[tuple[int, int], None] = {}
    while len(chosen) < min(n_pairs, possible):
        first = int(rng.integers(grid[0] * grid[1]))
        offset = offsets[int(rng.integers(len(offsets)))]
        row = int(np.clip(first // grid[1] + offset[0], 0, grid[0] - 1))
        column = int(np.clip(first % grid[1] + offset[1], 0, grid[1] - 1))
        second = row * grid[1] + column
        if first != second:
            chosen[min(first, second), max(first, second)] = None
    return np.array(list(chosen), dtype=np.int64).reshape(-1, 2)


def drawn_at_anchors(grid: tuple[int, int], neighbours: int, radius: int, rng: np.random.Generator) -> IntArray:
    """Draw pairs as the code of Zhang et al. (ICLR 2021): anchors at every third cell, each with random neighbours.

    On a 16 x 16 grid the anchors are rows and columns 0, 5, 10 and 15; 5 neighbours each give 80 pairs.

    Source: Zhang et al. (ICLR 2021), appendix E, and its authors' code.

    Returns:
        ``(pair, 2)`` with ``i < j``; a pair drawn from both of its ends is kept once.
    """
    rows = sorted({round(step * (grid[0] - 1) / 3) for step in range(4)})
    columns = sorted({round(step * (grid[1] - 1) / 3) for step in range(4)})
    chosen: dict[tuple[int, int], None] = {}
    for row, column in product(rows, columns):
        near = [
            r * grid[1] + c
            for r in range(max(0, row - radius), min(grid[0], row + radius + 1))
            for c in range(max(0, column - radius), min(grid[1], column + radius + 1))
            if (r, c) != (row, column)
        ]
        anchor = row * grid[1] + column
        for other in rng.permutation(near)[:neighbours].tolist():
            chosen[min(anchor, other), max(anchor, other)] = None
    return np.array(list(chosen), dtype=np.int64).reshape(-1, 2)
