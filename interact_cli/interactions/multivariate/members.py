"""The players of A, and which of their coalitions are valued."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import index

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.games.coalitions import pack
from interact_cli.interactions.multivariate.partitions import Family, Partition
from interact_cli.safe_text import safe_text
from interact_cli.types import BoolArray, IntArray, PackedArray

MOST_FOR_ALL = 16
"""Most players whose set partitions are searched: ``3^|A| / 2`` additions, half a second at 16."""


@dataclass(frozen=True)
class Members:
    """The set A in its game."""

    n_players: int
    players: tuple[int, ...]
    """Ascending."""

    @classmethod
    def of(cls, players: Iterable[int], n_players: int) -> Members:
        """Check and sort the players of A.

        Raises:
            UsageError: fewer than two players, one that is repeated, or one that is not in the game.
        """
        try:
            listed = sorted(index(player) for player in players)
        except TypeError:
            raise UsageError(
                f"Expected the players of an interaction as whole numbers, got {safe_text(str(players))}."
            ) from None
        if len(listed) < 2:
            raise UsageError(f"An interaction needs at least 2 players, got {len(listed)}. Name more of them.")
        repeated = sorted({player for player in listed if listed.count(player) > 1})
        if repeated:
            raise UsageError(f"Expected each player once, got player {repeated[0]} repeatedly. Name it once.")
        foreign = [player for player in listed if not 0 <= player < n_players]
        if foreign:
            raise UsageError(f"Expected players 0 to {n_players - 1}, got {foreign[0]}. Name players of this game.")
        return cls(n_players, tuple(listed))

    @property
    def others(self) -> list[int]:
        """The players outside A, ascending."""
        return [player for player in range(self.n_players) if player not in self.players]

    def within(self, chosen: BoolArray) -> PackedArray:
        """Pack coalitions of A, ``(coalition, member)``, as coalitions of the game."""
        return self._packed(chosen, list(self.players))

    def outside(self, chosen: BoolArray) -> PackedArray:
        """Pack contexts, ``(context, other)``, as coalitions of the game."""
        return self._packed(chosen, self.others)

    def named(self, partition: Partition) -> Partition:
        """Return a partition of the positions 0..|A|-1 as one of the players."""
        return tuple(tuple(self.players[position] for position in block) for block in partition)

    def _packed(self, chosen: BoolArray, players: list[int]) -> PackedArray:
        rows = np.zeros((len(chosen), self.n_players), dtype=np.bool_)
        rows[:, players] = chosen
        return pack(rows)


@dataclass(frozen=True)
class Coalitions:
    """The coalitions of A that are valued, numbered; number 0 is the empty one.

    All ``2^|A|`` in the order of their bit codes (position k of A = bit k), or the runs of successive players.
    """

    n_members: int
    complete: bool
    """True for all ``2^|A|``."""

    @classmethod
    def of(cls, n_members: int, family: Family) -> Coalitions:
        """Value what the partitions of a family need.

        Raises:
            UsageError: too many players for all partitions.
        """
        if family == "all" and n_members > MOST_FOR_ALL:
            raise UsageError(
                f"All partitions of {n_members} players take 2^{n_members} coalitions in every context and "
                f"3^{n_members} = {3.0**n_members:.1g} additions; at most {MOST_FOR_ALL} players are searched. "
                f"Ask for 'contiguous' partitions or name fewer players."
            )
        return cls(n_members, complete=family == "all" or n_members == 2)

    @cached_property
    def runs(self) -> IntArray:
        """``(|A|, |A|)``: the number of the coalition of the successive players first..last; 0 where last < first."""
        first, last = np.triu_indices(self.n_members)
        numbers = np.zeros((self.n_members, self.n_members), dtype=np.int64)
        codes = (1 << (last + 1)) - (1 << first) if self.complete else np.arange(1, len(first) + 1)
        numbers[first, last] = codes
        return numbers

    @property
    def n(self) -> int:
        """How many."""
        return 2**self.n_members if self.complete else self.n_members * (self.n_members + 1) // 2 + 1

    @property
    def singles(self) -> IntArray:
        """``(|A|,)``: the number of each player alone."""
        return np.diagonal(self.runs)

    def numbers(self, partition: Partition) -> IntArray:
        """Return the numbers of the coalitions of a partition, given by positions in A."""
        if self.complete:
            return np.array([sum(1 << position for position in block) for block in partition], dtype=np.int64)
        return self.runs[[block[0] for block in partition], [block[-1] for block in partition]]

    @property
    def rows(self) -> BoolArray:
        """``(coalition, member)``."""
        positions = np.arange(self.n_members)
        if self.complete:
            return (np.arange(self.n)[:, None] >> positions & 1).astype(np.bool_)
        first, last = (ends[:, None] for ends in np.triu_indices(self.n_members))
        inside = (first <= positions) & (positions <= last)
        return np.concatenate([np.zeros((1, self.n_members), dtype=np.bool_), inside])
