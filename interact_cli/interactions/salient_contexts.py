"""Salient contexts of a pair: which players stand in the contexts that make the pair interact.

``map(k) = sum over contexts S with Delta v(i,j,S) B(S_ij) > 0 of |Delta v(i,j,S)| 1[k in S]``

Source: Zhang et al. (AAAI 2021), figure 2 and "Interaction between two players".
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import all_coalitions, positions, single_player_bits, unique, unpack
from interact_cli.interactions.designs.budgets import check_planned
from interact_cli.interactions.designs.contexts import TERMS, PairContexts, Stratum
from interact_cli.interactions.designs.draws import shares
from interact_cli.interactions.designs.full_table import LARGEST_TABLE
from interact_cli.interactions.estimate import Estimate
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray, PackedArray

INDEX = "salient-contexts"
SHOWN = 20
"""Contexts that an estimate names."""


@dataclass(frozen=True, kw_only=True)
class SalientContexts(Estimate):
    """The map of one pair: ``values`` ``(n,)``, NaN at the pair itself.

    The sum weighs every context as the Shapley interaction does, ``w(S) = s! (n-2-s)! / (n-1)!``; over contexts drawn
    by that law, as the paper draws them, it is their mean, so it does not grow with their number.
    """

    pair: tuple[int, int]
    interaction: float
    """B(S_ij), the pair's Shapley interaction over the same contexts, in the unit of the game."""
    interaction_error: float
    """Its standard error over contexts; 0 where exact. Where it is not small the sign, and so the map, is not sure."""
    salient_weight: float
    """``sum w(S) |Delta v|`` over the salient contexts, in the unit of the game."""
    n_contexts: int
    """Contexts of the pair that were evaluated."""
    n_salient: int
    """How many of them push the interaction to where it is."""
    contexts: tuple[tuple[int, ...], ...]
    """The `SHOWN` salient contexts with the largest |Delta v|, largest first."""
    differences: FloatArray
    """``(context,)``: their Delta v."""

    @property
    def normalised(self) -> FloatArray:
        """Return the map scaled to [0, 1] over the other players, ``(n,)``; all 0 where they are equal."""
        low, high = np.nanmin(self.values), np.nanmax(self.values)
        return (self.values - low) / (high - low if high > low else 1.0)

    @property
    def inclusion_rate(self) -> FloatArray:
        """Return the share of the salient weight in whose contexts a player stands, ``(n,)``; NaN where there is none.

        ``map(k) / sum over salient S of |Delta v(i,j,S)|``: a player that plays no part has about 1/2.
        """
        weight = self.salient_weight
        return self.values / (weight if weight > 0 else np.nan)


@dataclass(frozen=True)
class PairDesign:
    """All contexts of one pair, or a draw of them by the law of the Shapley interaction."""

    n_players: int
    pair: tuple[int, int]
    asked: PackedArray
    """``(context * 4, bytes)``: S+i+j, S+i, S+j and S."""
    exact: bool
    """True when these are all ``2^(n-2)`` contexts."""

    @property
    def contexts(self) -> PackedArray:
        """``(context, bytes)``: S."""
        return self.asked[3::4]

    def estimate(self, values: FloatArray) -> SalientContexts:
        """Weigh the contexts of the pair by their second differences."""
        contexts, differences = self.contexts, values.reshape(-1, 4) @ TERMS
        if not self.exact:
            return self._mean(contexts, differences)
        weights = size_weights(contexts, self.n_players)
        return weighed(self.n_players, self.pair, contexts, differences, weights, exact=True)

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Estimate from each of ``parts`` equal shares of the draws; all alike where nothing is drawn.

        Raises:
            BudgetError: fewer contexts than parts.
        """
        if self.exact:
            return [self.estimate(values)] * parts
        differences = values.reshape(-1, 4) @ TERMS
        return [
            self._mean(self.contexts[share], differences[share]) for share in shares(INDEX, len(differences), parts)
        ]

    def _mean(self, contexts: PackedArray, differences: FloatArray) -> SalientContexts:
        weights = np.full(len(contexts), 1 / len(contexts))
        return weighed(self.n_players, self.pair, contexts, differences, weights, exact=False)


def salient_contexts_design(
    n_players: int, pair: tuple[int, int], budget: int, *, seed: int, stream: str
) -> PairDesign:
    """Ask for all contexts of a pair where ``2^n`` evaluations fit the budget, else draw ``budget / 4`` contexts.

    A drawn context keeps every other player with one probability, uniform in [0, 1]: the law of the Shapley
    interaction.

    Args:
        n_players: Number of players, at least 3.
        pair: Two different players.
        budget: Evaluations.
        seed: The plan seed.
        stream: What the draws belong to, such as the sample.

    Raises:
        UsageError: fewer than 3 players, or no pair of them.
        BudgetError: fewer than 2 contexts fit the budget.

    Example:
        >>> design = salient_contexts_design(3, (0, 1), 8, seed=0, stream="game")
        >>> values = 2.0 * (design.asked[:, 0] == 0b111)  # all three are needed
        >>> design.estimate(values).values.tolist()
        [nan, nan, 1.0]
    """
    i, j = checked_pair(pair, n_players)
    if n_players <= LARGEST_TABLE and 2**n_players <= budget:
        return PairDesign(n_players, (i, j), _every_context(n_players, i, j), exact=True)
    if budget < 8:
        least = min(8, 2**n_players)
        raise BudgetError(f"'{INDEX}' needs a budget of at least {least} evaluations, got {budget}. Raise --budget.")
    check_planned(budget, n_players)
    stratum = Stratum(budget // 4, keep_rate=(0.0, 1.0))
    rng = generator(seed, "contexts", stream, INDEX, i, j)
    drawn = PairContexts.draw(INDEX, n_players, np.array([[i, j]]), (stratum,), [rng])
    return PairDesign(n_players, (i, j), drawn.asked, exact=False)


def checked_pair(pair: tuple[int, int], n_players: int) -> tuple[int, int]:
    """Return the pair, the smaller player first.

    Raises:
        UsageError: fewer than 3 players, or not two of them.
    """
    if n_players < 3:
        raise UsageError(f"'{INDEX}' needs at least 3 players, got {n_players}: nobody is left to stand in a context.")
    if len(set(pair)) != 2 or len(pair) != 2 or not set(pair) <= set(range(n_players)):
        shown = ", ".join(map(str, pair))
        raise UsageError(f"Expected two different players from 0 to {n_players - 1}, got {shown}.")
    first, second = sorted(int(player) for player in pair)
    return first, second


def contexts_among(coalitions: PackedArray, pair: tuple[int, int], n_players: int) -> tuple[PackedArray, IntArray]:
    """Find the contexts of a pair in any coalitions: every S with S+i, S+j and S+i+j among them too.

    Args:
        coalitions: ``(n_coalitions, bytes)``, distinct and sorted by bytes, as records are.
        pair: i and j.
        n_players: Number of players.

    Returns:
        The contexts ``(context, bytes)``, and where S+i+j, S+i, S+j and S stand, ``(context, 4)``.
    """
    i, j = single_player_bits(n_players, np.array(pair))
    bare = coalitions[~(coalitions & (i | j)).any(axis=1)]
    four = [positions(bare | added, coalitions) for added in (i | j, i, j, np.zeros_like(i))]
    where = np.stack(four, axis=1)
    whole = (where >= 0).all(axis=1)
    return bare[whole], where[whole]


def size_weights(contexts: PackedArray, n_players: int) -> FloatArray:
    """Weigh every size that occurs alike, and the contexts of one size alike: ``(context,)``, their sum is 1.

    Of all contexts these are the Shapley weights ``s! (n-2-s)! / (n-1)!``.
    """
    sizes = np.bitwise_count(contexts).sum(axis=1, dtype=np.int64)
    counts = np.bincount(sizes, minlength=n_players - 1)
    weights: FloatArray = 1.0 / (counts[sizes] * max(1, int((counts > 0).sum())))
    return weights


def weighed(
    n_players: int,
    pair: tuple[int, int],
    contexts: PackedArray,
    differences: FloatArray,
    weights: FloatArray,
    *,
    exact: bool,
) -> SalientContexts:
    """Sum the salient contexts of a pair into its map.

    Standard errors are those of a weighted mean of independent contexts, the sign of B taken as known; 0 where exact,
    NaN for a single context.

    Args:
        n_players: Number of players.
        pair: i and j, the smaller first.
        contexts: ``(context, bytes)``.
        differences: ``(context,)`` Delta v(i,j,S).
        weights: ``(context,)`` w(S).
        exact: True when these are all contexts.
    """
    interaction = float(weights @ differences)
    salient = differences * interaction > 0
    pushed = np.where(salient, np.abs(differences), 0.0)
    values, errors = np.full(n_players, np.nan), np.full(n_players, np.nan)
    for player in set(range(n_players)) - set(pair):
        terms = pushed * (contexts[:, player // 8] >> player % 8 & 1)
        values[player] = weights @ terms
        errors[player] = 0.0 if exact else _error(weights, terms)
    ranked = np.argsort(-pushed, kind="stable")[: min(SHOWN, int(salient.sum()))]
    shown: BoolArray = unpack(contexts[ranked], n_players)
    measured = np.isfinite(values)
    return SalientContexts(
        INDEX,
        values,
        errors,
        measured & exact,
        2**n_players if exact else 4 * len(unique(contexts)[0]),
        n_players,
        pair=pair,
        interaction=interaction,
        interaction_error=0.0 if exact else _error(weights, differences),
        salient_weight=float(weights @ pushed),
        n_contexts=len(contexts),
        n_salient=int(salient.sum()),
        contexts=tuple(tuple(np.flatnonzero(row).tolist()) for row in shown),
        differences=differences[ranked],
    )


def _error(weights: FloatArray, terms: FloatArray) -> float:
    """Return ``sqrt(sum w^2 (x - mean)^2 / (1 - sum w^2))``; of equal weights ``s / sqrt(K)``."""
    if len(terms) < 2:
        return float("nan")
    squares = weights**2
    return sqrt(squares @ (terms - weights @ terms) ** 2 / (1.0 - squares.sum()))


def _every_context(n_players: int, i: int, j: int) -> PackedArray:
    """List S+i+j, S+i, S+j and S of all ``2^(n-2)`` contexts: ``(2^n, bytes)``."""
    bits = single_player_bits(n_players, np.array([i, j]))
    every = all_coalitions(n_players)
    bare = every[~(every & (bits[0] | bits[1])).any(axis=1)]
    added = np.stack([bits[0] | bits[1], bits[0], bits[1], np.zeros_like(bits[0])])
    terms: PackedArray = bare[:, None, :] | added
    return terms.reshape(-1, terms.shape[-1])
