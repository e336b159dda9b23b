"""The partition of A whose coalitions are worth most together, over all set partitions or over contiguous ones."""

from __future__ import annotations

from typing import Literal

import numpy as np

from interact_cli.games.coalitions import bits_of
from interact_cli.types import BoolArray, FloatArray, IntArray

Family = Literal["contiguous", "all"]
Partition = tuple[tuple[int, ...], ...]
"""Disjoint non-empty blocks, ordered by their first member."""

AT_ONCE = 10
"""Players whose ``3^k`` disjoint pairs of coalitions are laid out at once: half a megabyte."""


def best_of_all(gains: FloatArray) -> Partition:
    """Return the set partition that maximises the sum of its blocks' gains.

    ``best(M) = max over blocks C of M that hold the last player of M of gain(C) + best(M minus C)``: ``3^a / 2``
    additions.

    Args:
        gains: ``(2^a,)`` by bit code; entry 0 is not read.

    Example:
        >>> best_of_all(np.array([0.0, 0, 0, 1, 0, 5, 2, 4]))
        ((0, 2), (1,))
    """
    best = np.zeros(1)
    while len(best) < len(gains):
        best = np.concatenate([best, _disjoint_maxima(gains[len(best) : 2 * len(best)], best)])
    blocks = []
    rest = len(gains) - 1
    while rest:
        last = 1 << (rest.bit_length() - 1)
        companions = _subsets(rest ^ last)
        chosen = int(companions[np.argmax(gains[companions | last] + best[rest ^ last ^ companions])]) | last
        blocks.append(bits_of(chosen))
        rest ^= chosen
    return tuple(sorted(blocks))


def best_of_contiguous(gains: FloatArray) -> Partition:
    """Return the partition into runs of successive players that maximises the sum of its blocks' gains.

    ``best(k) = max over first < k of best(first) + gain(first..k-1)``: ``a^2 / 2`` additions.

    Args:
        gains: ``(a, a)``: of the run first..last; entries below the diagonal are not read.

    Example:
        >>> best_of_contiguous(np.array([[0.0, 2, 1], [0, 0, 3], [0, 0, 0]]))
        ((0,), (1, 2))
    """
    n_members = len(gains)
    of_run = gains.tolist()
    best, begins = [0.0], [0]
    for last in range(n_members):
        sums = [best[first] + of_run[first][last] for first in range(last + 1)]
        best.append(max(sums))
        begins.append(sums.index(best[-1]))
    blocks = []
    end = n_members
    while end:
        blocks.append(tuple(range(begins[end], end)))
        end = begins[end]
    return tuple(reversed(blocks))


def from_joins(joins: BoolArray) -> Partition:
    """Return the contiguous partition in which ``joins[k]`` puts members k and k + 1 into one block.

    Example:
        >>> from_joins(np.array([True, False, True, True]))
        ((0, 1), (2, 3, 4))
    """
    starts = [0, *(np.flatnonzero(~joins) + 1).tolist()]
    return tuple(tuple(range(*ends)) for ends in zip(starts, [*starts[1:], len(joins) + 1], strict=True))


def _disjoint_maxima(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return ``max over disjoint C, D with C u D = M of first(C) + second(D)``, by bit code of M."""
    n_players = len(first).bit_length() - 1
    if n_players > AT_ONCE:
        half = len(first) // 2
        without = _disjoint_maxima(first[:half], second[:half])
        in_first = _disjoint_maxima(first[half:], second[:half])
        in_second = _disjoint_maxima(first[:half], second[half:])
        return np.concatenate([without, np.maximum(in_first, in_second, out=in_first)])
    # Each player in neither, in C or in D: one axis of three states per player, the last player outermost.
    for player in reversed(range(n_players)):
        first = first.reshape(-1, 2, 2**player)[:, [0, 1, 0]]
        second = second.reshape(-1, 2, 2**player)[:, [0, 0, 1]]
    sums = (first + second).reshape(-1)
    for player in range(n_players):
        states = sums.reshape(-1, 3, 2**player)
        sums = np.stack([states[:, 0], np.maximum(states[:, 1], states[:, 2])], axis=1)
    return sums.reshape(-1)


def _subsets(code: int) -> IntArray:
    """Return the codes of all subsets of a coalition, ascending."""
    subsets = np.zeros(1, dtype=np.int64)
    for position in bits_of(code):
        subsets = np.concatenate([subsets, subsets | 1 << position])
    return subsets
