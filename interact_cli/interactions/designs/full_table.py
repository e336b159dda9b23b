"""All coalitions: every index exactly, where the number of players and the budget allow it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from interact_cli.games.coalitions import all_coalitions
from interact_cli.interactions.estimate import Estimate
from interact_cli.types import FloatArray, IntArray, PackedArray

LARGEST_TABLE = 24
"""Most players whose full table is ever asked for: 2^24 values are 128 MiB."""


@dataclass(frozen=True)
class FullTable:
    """All ``2^n`` coalitions: every index exactly, of everything or of the pairs or sets that were asked for."""

    index: str
    n_players: int
    from_table: Callable[[FloatArray], FloatArray | Estimate]
    """The table -> ``(n,)``, ``(pair,)``, ``(order, pair)``, ``(set,)``, ``(2^n, ...)``, or an estimate of its own."""
    pairs: IntArray | None = None
    """``(pair, 2)``: the pairs of the values."""
    orders: IntArray | None = None
    """``(order,)``: the orders of the values."""
    sets: IntArray | None = None
    """``(set, size)``: the sets of the values, padded with -1."""

    @property
    def asked(self) -> PackedArray:
        """``(2^n, bytes)`` in the order of the bit codes."""
        return all_coalitions(self.n_players)

    def estimate(self, values: FloatArray) -> Estimate:
        """Reduce the whole table."""
        result = self.from_table(np.asarray(values, dtype=np.float64))
        if isinstance(result, Estimate):
            return result
        return Estimate(
            self.index,
            result,
            np.zeros(result.shape),
            np.ones(result.shape, dtype=np.bool_),
            2**self.n_players,
            self.n_players,
            self.pairs,
            self.orders,
            self.sets,
        )

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Return the same estimate ``parts`` times: nothing is drawn."""
        return [self.estimate(values)] * parts
