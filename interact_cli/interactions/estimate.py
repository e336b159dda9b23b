"""Values of an index with their standard errors, and which of them needed no sampling."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from interact_cli.games.coalitions import bits_of
from interact_cli.types import BoolArray, FloatArray, IntArray

BEYOND = 4
"""Standard deviations of its rounding that an exact value must exceed to count: of a million, luck takes 60 so far."""
DENSE_LIMIT = 64
"""Most players for which multi-order values are laid out as ``(n - 1, n, n)``."""


@dataclass(frozen=True)
class Estimate:
    """What an index says of one game.

    ``values`` is ``(n,)`` for players; ``(set,)`` for sets while ``sets`` names them; ``(2^n,)`` by bit code for
    coalitions (``(2^n, d)`` where the game's values are vectors); ``(pair,)`` for pairs and ``(order, pair)`` for
    multi-order values while ``pairs`` is given; ``(n, n)`` and ``(n - 1, n, n)`` once `dense` has laid them out,
    symmetric with NaN on the diagonal and wherever nothing was measured.
    """

    index: str
    values: FloatArray
    """In the unit of the game."""
    standard_errors: FloatArray
    """Shaped like ``values``: standard deviation of the estimate over draws of contexts; where exact, what rounding of
    the game's values may do, 0 where that is not known."""
    exact: BoolArray
    """Shaped like ``values``: True where every coalition of the definition was evaluated."""
    evaluations: int
    """Distinct coalitions that were evaluated."""
    n_players: int
    pairs: IntArray | None = None
    """``(pair, 2)``; None for player indices and once dense."""
    orders: IntArray | None = None
    """``(order,)``; None unless the index has orders."""
    sets: IntArray | None = None
    """``(set, size)``: the players of each set, ascending, padded with -1; None unless the index values sets."""
    candidates: int | None = None
    """Pairs or sets of the largest size that these were drawn from; None where all that may be measured are."""
    explained: float | None = None
    """R2 of values that a surrogate did not see; None where the values are not read off one."""
    raised: bool = False
    """True where a surrogate's covariances could be factorised only after more was left to each coalition alone."""
    corrected_squares: FloatArray | None = None
    """Shaped like ``values``: the squared values, where more is known of them than value and standard error say."""

    @property
    def squares(self) -> FloatArray:
        """The squared values, free of what the standard errors add or take away: shaped like ``values``.

        A sampled value is the true one plus noise: ``x^2 - se^2``. The true value is a posterior mean plus what is not
        known: ``x^2 + se^2``.
        """
        if self.corrected_squares is not None:
            return self.corrected_squares
        sign = 1.0 if self.explained is not None else -1.0
        squares: FloatArray = self.values**2 + sign * self.standard_errors**2
        return squares

    @property
    def beyond_rounding(self) -> FloatArray:
        """The values, exact ones that rounding alone may make as 0: shaped like ``values``."""
        rounded = self.exact & (np.abs(self.values) <= BEYOND * self.standard_errors)
        return np.where(rounded, 0.0, self.values)

    @property
    def players(self) -> tuple[tuple[int, ...], ...]:
        """The players that each value belongs to, along the last axis: single ones, pairs, sets, or all coalitions.

        Empty where the values are laid out as a matrix by player: there ``values[i, j]`` belongs to i and j.

        Example:
            >>> zeros, sets = np.zeros(2), np.array([[0, -1], [0, 2]])
            >>> Estimate("s", zeros, zeros, np.ones(2, bool), 8, 3, sets=sets).players
            ((0,), (0, 2))
        """
        if self.sets is not None:
            return tuple(tuple(player for player in row if player >= 0) for row in self.sets.tolist())
        if self.pairs is not None:
            return tuple((first, second) for first, second in self.pairs.tolist())
        if self.values.shape[0] == 2**self.n_players:
            return tuple(map(bits_of, range(2**self.n_players)))
        return tuple((player,) for player in range(self.n_players)) if self.values.ndim == 1 else ()

    def dense(self) -> Estimate:
        """Lay pair values out by player: ``(n, n)`` or ``(n - 1, n, n)``, the latter up to n = 64."""
        if self.pairs is None or (self.orders is not None and self.n_players > DENSE_LIMIT):
            return self
        squares = self.corrected_squares
        return replace(
            self,
            values=self._laid_out(self.values, np.nan),
            standard_errors=self._laid_out(self.standard_errors, np.nan),
            exact=self._laid_out(self.exact, fill=False),
            corrected_squares=None if squares is None else self._laid_out(squares, np.nan),
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
