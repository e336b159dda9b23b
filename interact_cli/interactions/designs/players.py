"""Draws of the indices of players: random orders for Shapley values, random coalitions for Banzhaf's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.games.coalitions import pack, single_player_bits, unique
from interact_cli.interactions.designs.draws import moderated_standard_errors, rounding_of, shares
from interact_cli.interactions.estimate import Estimate
from interact_cli.types import BoolArray, FloatArray, IntArray, PackedArray


@dataclass(frozen=True)
class Permutations:
    """Random orders of the players: one marginal contribution per player and order.

    ``phi(i) = E_order [ v(predecessors + i) - v(predecessors) ]``

    Source: Castro, Gomez & Tejada (2009); every single order satisfies efficiency.
    """

    index: str
    orders: IntArray
    """``(draw, n)``: the players in the order in which they enter."""

    @classmethod
    def draw(cls, index: str, n_players: int, n_draws: int, rng: np.random.Generator) -> Permutations:
        """Draw ``n_draws`` uniform orders."""
        players = np.tile(np.arange(n_players), (n_draws, 1))
        return cls(index, rng.permuted(players, axis=1))

    @property
    def asked(self) -> PackedArray:
        """``(draw * (n + 1), bytes)``: for each order, the empty coalition, then one player more at a time."""
        n_draws, n = self.orders.shape
        rank = np.argsort(self.orders, axis=1)
        prefixes = rank[:, None, :] < np.arange(n + 1)[None, :, None]
        return pack(prefixes.reshape(n_draws * (n + 1), n))

    def estimate(self, values: FloatArray) -> Estimate:
        """Average the marginal contributions of each player over the orders."""
        return self.estimates(values, 1)[0]

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Share the orders out among ``parts`` estimates.

        Raises:
            BudgetError: fewer orders than parts.
        """
        n_draws, n = self.orders.shape
        steps = np.diff(values.reshape(n_draws, n + 1), axis=1)
        marginals = np.empty_like(steps)
        np.put_along_axis(marginals, self.orders, steps, axis=1)
        return _averaged(self.index, marginals, self.asked, parts, rounding_of(values, 1))


@dataclass(frozen=True)
class Flips:
    """Uniform coalitions, each with every single player flipped: one marginal contribution per player and draw.

    ``psi(i) = E_S [ v(S + i) - v(S - i) ]``, S uniform over all coalitions.

    Source: Banzhaf (1965).
    """

    index: str
    bases: BoolArray
    """``(draw, n)``."""

    @classmethod
    def draw(cls, index: str, n_players: int, n_draws: int, rng: np.random.Generator) -> Flips:
        """Draw ``n_draws`` coalitions, each player present with probability one half."""
        return cls(index, rng.random((n_draws, n_players)) < 0.5)

    @property
    def asked(self) -> PackedArray:
        """``(draw * (n + 1), bytes)``: for each draw, the base, then the base with player 0..n-1 flipped."""
        flips = np.concatenate([pack(np.zeros_like(self.bases[:1])), single_player_bits(self.bases.shape[1])])
        flipped: PackedArray = pack(self.bases)[:, None, :] ^ flips
        return flipped.reshape(-1, flips.shape[1])

    def estimate(self, values: FloatArray) -> Estimate:
        """Average the signed flips of each player over the draws."""
        return self.estimates(values, 1)[0]

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Share the draws out among ``parts`` estimates.

        Raises:
            BudgetError: fewer draws than parts.
        """
        n_draws, n = self.bases.shape
        by_draw = values.reshape(n_draws, n + 1)
        change = by_draw[:, 1:] - by_draw[:, :1]
        return _averaged(self.index, np.where(self.bases, -change, change), self.asked, parts, rounding_of(values, 1))


def _averaged(index: str, draws: FloatArray, asked: PackedArray, parts: int, rounding: float) -> list[Estimate]:
    """Average ``(draw, n)`` marginal contributions, in ``parts`` shares; none is surer than rounding lets it be."""
    n_players = draws.shape[1]
    n_distinct = len(unique(asked)[0])
    return [
        Estimate(
            index,
            draws[share].mean(axis=0),
            np.maximum(moderated_standard_errors(draws[share].T), rounding),
            np.zeros(n_players, dtype=np.bool_),
            n_distinct,
            n_players,
        )
        for share in shares(index, len(draws), parts)
    ]
