"""Sets of players by size: listed, found by their number, padded into one array.

Sets of one size are rows ``(set, size)``, ascending inside and in lexicographic order. There may be very many, so "all
sets" is written None, and a set is found from its number when it is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from interact_cli.errors import BudgetError, UsageError
from interact_cli.types import IntArray

LISTED = 2**20
"""Most sets of one size that are listed: all of 20 players, whatever the size."""
COUNTABLE = 2**63 - 1
"""Most sets that can be numbered."""


def numbered(numbers: IntArray, n_players: int, size: int = 2) -> IntArray:
    """Return sets by their position among all of that size: ``(set,)`` -> ``(set, size)``.

    Example:
        >>> numbered(np.array([0, 3, 5]), 4).tolist()
        [[0, 1], [1, 2], [2, 3]]
        >>> numbered(np.array([0, 9]), 5, 3).tolist()
        [[0, 1, 2], [2, 3, 4]]
    """
    # Counted from the end, a set is a sum of binomials C(c, i), one for each member n - 1 - c.
    rest = comb(n_players, size) - 1 - np.asarray(numbers, dtype=np.int64)
    sets = np.empty((len(rest), size), dtype=np.int64)
    for member in range(size):
        counts = np.array([min(comb(c, size - member), COUNTABLE) for c in range(n_players)], dtype=np.int64)
        largest = np.searchsorted(counts, rest, side="right") - 1
        sets[:, member] = n_players - 1 - largest
        rest = rest - counts[largest]
    return sets


def all_sets(n_players: int, size: int) -> IntArray:
    """Return every set of a size: ``(C(n, size), size)``; one empty row for size 0.

    Raises:
        BudgetError: more sets than are listed.
    """
    count = comb(n_players, size)
    if count > LISTED:
        raise BudgetError(
            f"Expected at most {LISTED:,} sets to list, got {count:,} of {size} of {n_players} players "
            f"({count * size / 2**27:,.1f} GiB). Use a smaller interaction size, or fewer players."
        )
    return numbered(np.arange(count), n_players, size)


def countable(n_players: int, size: int) -> int:
    """Return ``C(n, size)``, the number of sets that may be drawn.

    Raises:
        UsageError: it exceeds what an integer of 64 bits holds.
    """
    count = comb(n_players, size)
    if count > COUNTABLE:
        raise UsageError(
            f"Expected fewer than 2^63 sets to draw from, got {count:.1e} of {size} of {n_players} players. "
            f"Use a smaller interaction size, or fewer players."
        )
    return count


def among(players: tuple[int, ...], size: int = 2) -> IntArray:
    """Return every set of a size of some players."""
    chosen = np.array(sorted(players), dtype=np.int64)
    return chosen[all_sets(len(chosen), size)]


def subsets_of(sets: IntArray, size: int) -> IntArray:
    """Return every set of a size that lies in one of the sets, once.

    Example:
        >>> subsets_of(np.array([[0, 1, 3], [1, 2, 3]]), 2).tolist()
        [[0, 1], [0, 3], [1, 2], [1, 3], [2, 3]]
    """
    if size == 0:
        return all_sets(0, 0)
    columns = combinations(range(sets.shape[1]), size)
    return np.unique(np.concatenate([sets[:, list(chosen)] for chosen in columns]), axis=0)


def padded(parts: Sequence[IntArray]) -> IntArray:
    """Put sets of different sizes below each other, padded with -1 to the longest.

    Example:
        >>> padded([np.array([[0], [1]]), np.array([[0, 1]])]).tolist()
        [[0, -1], [1, -1], [0, 1]]
    """
    longest = max(part.shape[1] for part in parts)
    return np.concatenate(
        [np.pad(part, ((0, 0), (0, longest - part.shape[1])), constant_values=-1) for part in parts]
    ).astype(np.int64, copy=False)


def joined(pairs: IntArray, n_players: int, size: int) -> IntArray:
    """Return every set of at least 2 players any two of which are one of the pairs.

    Args:
        pairs: ``(pair, 2)`` with ``i < j``, sorted.
        n_players: Number of players.
        size: Players of a set.

    Raises:
        BudgetError: more sets than are listed.
    """
    beside = np.zeros((n_players, n_players), dtype=np.bool_)
    beside[pairs[:, 0], pairs[:, 1]] = True
    sets = pairs
    for _ in range(size - 2):
        common = beside[sets[:, 0]]
        for member in sets.T[1:]:
            common &= beside[member]
        row, further = np.nonzero(common)
        if len(row) > LISTED:
            raise BudgetError(
                f"Expected at most {LISTED:,} sets of players within the radius, got more. Use a smaller radius."
            )
        sets = np.column_stack([sets[row], further])
    return sets
