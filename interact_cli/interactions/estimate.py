"""Values of an index with their standard errors, and which of them needed no sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from interact_cli.types import BoolArray, FloatArray, IntArray

DENSE_LIMIT = 64
"""Most players for which multi-order values are laid out as ``(n - 1, n, n)``."""


@dataclass(frozen=True)
class Estimate:
    """What an index says of one game.

    ``values`` is ``(n,)`` for players; ``(pair,)`` for pairs and ``(order, pair)`` for multi-order values while
    ``pairs`` is given; ``(n, n)`` and ``(n - 1, n, n)`` once `dense` has laid them out, symmetric with NaN on the
    diagonal and wherever nothing was measured.
    """

    index: str
    values: FloatArray
    """In the unit of the game."""
    standard_errors: FloatArray
    """Shaped like ``values``: standard deviation of the estimate over draws of contexts; 0 where exact."""
    exact: BoolArray
    """Shaped like ``values``: True where every coalition of the definition was evaluated."""
    evaluations: int
    """Distinct coalitions that were evaluated."""
    n_players: int
    pairs: IntArray | None = None
    """``(pair, 2)``; None for player indices and once dense."""
    orders: IntArray | None = None
    """``(order,)``; None unless the index has orders."""

    def dense(self) -> Estimate:
        """Lay pair values out by player: ``(n, n)`` or ``(n - 1, n, n)``, the latter up to n = 64."""
        if self.pairs is None or (self.orders is not None and self.n_players > DENSE_LIMIT):
            return self
        return replace(
            self,
            values=self._laid_out(self.values, np.nan),
            standard_errors=self._laid_out(self.standard_errors, np.nan),
            exact=self._laid_out(self.exact, fill=False),
            pairs=None,
        )

    def _laid_out(self, flat: np.ndarray, fill: float) -> np.ndarray:
        if self.pairs is None:
            return flat
        i, j = self.pairs.T
        n = self.n_players
        leading = () if self.orders is None else (n - 1,)
        laid_out = np.full((*leading, n, n), fill, dtype=flat.dtype)
        if self.orders is None:
            laid_out[i, j] = laid_out[j, i] = flat
        else:
            laid_out[self.orders[:, None], i, j] = laid_out[self.orders[:, None], j, i] = flat
        return laid_out
