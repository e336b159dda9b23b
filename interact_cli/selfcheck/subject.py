"""A random game, and the package's answers about it, each under the players that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from interact_cli.games.closed_form import Members
from interact_cli.games.game import TableGame
from interact_cli.interactions.estimate import Estimate
from interact_cli.selfcheck.checks import Measure
from interact_cli.types import FloatArray, IntArray

Answers = Mapping[Members, FloatArray]
"""Players -> value, or ``(order,)`` values."""


@dataclass(frozen=True)
class Subject:
    """A table of values and who is asked about it."""

    measure: Measure
    table: FloatArray
    """``(2^n,)``."""
    rng: np.random.Generator
    """For whatever an identity chooses: players, weights, permutations."""

    @property
    def n(self) -> int:
        """Number of players."""
        return len(self.table).bit_length() - 1

    @property
    def players(self) -> range:
        """All players."""
        return range(self.n)

    @property
    def gain(self) -> float:
        """``v(N) - v(empty)``."""
        return float(self.table[-1] - self.table[0])

    def ask(self, index: str, **options: Any) -> Answers:
        """Measure an index exactly."""
        return by_players(self.estimate(index, **options))

    def estimate(self, index: str, **options: Any) -> Estimate:
        """Measure an index exactly, as the package returns it."""
        return self.measure(TableGame(self.table), index, **options)

    def on(self, table: FloatArray) -> Subject:
        """Return the same question about another table."""
        return replace(self, table=table)

    def without(self, players: Iterable[int], *, present: bool = False) -> Subject:
        """Return the game of the other players, in their order, while these are absent or present."""
        gone = frozenset(players)
        codes = coalitions_of(player for player in self.players if player not in gone)
        return self.on(self.table[codes | code(gone)] if present else self.table[codes])

    def merged(self, block: Iterable[int], absent: Iterable[int] = ()) -> Subject:
        """Return the game in which a block acts as one player, the last, and some players are absent."""
        joined, gone = frozenset(block), frozenset(absent)
        codes = coalitions_of(player for player in self.players if player not in joined | gone)
        return self.on(np.concatenate([self.table[codes], self.table[codes | code(joined)]]))

    def difference(self, members: Iterable[int], context: IntArray) -> FloatArray:
        """``D_A v(T) = sum_{L in A} (-1)^(a - l) v(T u L)`` for codes T of contexts, ``(context,)``."""
        inside = coalitions_of(members)
        signs = (-1.0) ** (np.bitwise_count(inside[-1]) - np.bitwise_count(inside))
        values: FloatArray = signs @ self.table[inside[:, None] | context]
        return values

    def contexts(self, members: Iterable[int]) -> IntArray:
        """Return the codes of all coalitions of the players outside A."""
        inside = frozenset(members)
        return coalitions_of(player for player in self.players if player not in inside)

    def run_of_players(self, size: int) -> tuple[int, ...]:
        """Choose a set of successive players."""
        first = int(self.rng.integers(self.n - size + 1))
        return tuple(range(first, first + size))


def by_players(estimate: Estimate) -> dict[Members, FloatArray]:
    """Take an estimate apart: each value, or values by order, under its players.

    Example:
        >>> from interact_cli.interactions.estimate import Estimate
        >>> by_players(Estimate("shapley", np.array([1.0, 2.0]), np.zeros(2), np.ones(2, bool), 4, 2))
        {frozenset({0}): np.float64(1.0), frozenset({1}): np.float64(2.0)}
    """
    if estimate.players:
        return dict(zip(map(frozenset, estimate.players), np.moveaxis(estimate.values, -1, 0), strict=True))
    return {frozenset((i, j)): estimate.values[..., i, j] for i, j in combinations(range(estimate.n_players), 2)}


def coalitions_of(players: Iterable[int]) -> IntArray:
    """Return the codes of all subsets of some players, in the order of the subset's own bit code.

    Example:
        >>> coalitions_of([0, 2]).tolist()
        [0, 1, 4, 5]
    """
    codes = np.zeros(1, dtype=np.int64)
    for player in players:
        codes = np.concatenate([codes, codes | 1 << player])
    return codes


def code(players: Iterable[int]) -> int:
    """Return the bit code of a coalition."""
    return sum(1 << player for player in players)


def subsets(players: Iterable[int], least: int = 0, most: int | None = None) -> Iterator[Members]:
    """List the subsets of some players from the smallest on, of at least and at most so many."""
    pool = sorted(players)
    for size in range(least, (len(pool) if most is None else most) + 1):
        yield from map(frozenset, combinations(pool, size))


def largest(*differences: Any) -> float:
    """Return the largest absolute value; NaN where anything is NaN."""
    return float(np.max(np.abs(np.concatenate([np.ravel(difference) for difference in differences]))))


def apart(one: Answers, other: Mapping[Members, Any]) -> float:
    """Return the largest difference between two sets of answers to one question; infinite where they are about others.

    NaN where anything is NaN.
    """
    if one.keys() != other.keys():
        return float("inf")
    return largest(*(one[members] - other[members] for members in one))
