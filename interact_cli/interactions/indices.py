"""The indices as a table: name, source, what it gives a value to, how it is exact, and how it is sampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np

from interact_cli.errors import UnknownNameError
from interact_cli.interactions.and_or.split import learned_split
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.exact import weights
from interact_cli.interactions.exact.size_sums import SizeSums, interactions_by_order, marginals_by_size
from interact_cli.interactions.exact.transforms import moebius, or_interactions, rounding_of_dividends
from interact_cli.interactions.exact.weights import Weight
from interact_cli.interactions.laws import Law
from interact_cli.interactions.patterns import mean_patterns, rounding_of_mean_patterns
from interact_cli.types import FloatArray

ValuesOf = Literal["players", "pairs", "orders", "sets", "coalitions"]
"""What an index gives a value to: each player; each pair; each pair at each order; each set of up to k players; each of
the 2^n coalitions."""


@dataclass(frozen=True)
class Index:
    """A rule from a game to values of players, of pairs, of pairs at each order, of sets, or of coalitions."""

    name: str
    summary: str
    source: str
    values_of: ValuesOf
    exact: Callable[[FloatArray], FloatArray] | None = None
    """The full table -> ``(n,)``, ``(n, n)``, ``(n - 1, n, n)`` or ``(2^n,)``; None where the next two say it."""
    weight: Weight | None = None
    """For sets of any size: what the dividend of a superset counts for."""
    rounding: Callable[[FloatArray, float], FloatArray] | None = None
    """The full table and the rounding of one value, over the largest -> the standard deviation that rounding gives
    each value, shaped like the values or ``(order, 1)``; None where each is a mean of a few values, as sure as they."""
    whole: Callable[[FloatArray], Estimate] | None = None
    """The full table -> an estimate that says more than values."""
    keep_rate: tuple[float, float] | None = None
    """A context keeps each other player with one probability, uniform between these bounds; None where contexts are
    weighed otherwise. The orders of an index by order together are all contexts of that law."""
    beta_of_size: bool = False
    """True where that probability is Beta(1, k) for sets of k players, and smaller sets are worth their dividends."""
    instead: str = ""
    """The nearest index that can be sampled; empty where this one can."""
    formula: str = ""
    """One line."""
    efficient: bool = False
    """True where all values of a game add up: of players to v(N) - v(empty), of sets, the empty one too, to v(N)."""

    @property
    def cost(self) -> str:
        """What it asks for, one line."""
        if self.instead:
            return f"all 2^n coalitions of a sample, never fewer; where --budget does not hold them: {self.instead}"
        return "exact where --budget holds all 2^n coalitions of a sample (4,000: of 11 players); else drawn within it"

    def law(self, size: int) -> Law | None:
        """Return how the contexts of sets of a size are weighed; None where no keep rate says it."""
        if self.keep_rate is None:
            return None
        low, high = self.keep_rate
        return Law(low) if low == high else Law(beta=size if self.beta_of_size else 1)

    @property
    def takes_size(self) -> bool:
        """True where an interaction size can be asked for."""
        return self.weight is not None


def shapley(table: FloatArray) -> FloatArray:
    """Return ``phi(i) = sum_S s! (n-s-1)! / n! [v(S+i) - v(S)]``, the mean over sizes of the mean marginals.

    Source: Shapley (1953); Zhang et al. (ICLR 2021), equation 1 (misprinted as equation 1 of Zhou et al. (2024):
    erratum 1).
    ``(2^n,)`` -> ``(n,)``.
    """
    values: FloatArray = marginals_by_size(SizeSums.of(table)).mean(axis=0)
    return values


def banzhaf(table: FloatArray) -> FloatArray:
    """Return ``psi(i) = 2^-(n-1) sum_S [v(S+i) - v(S)]``.

    Source: Banzhaf (1965); Zhang et al. (ICLR 2021), section 3. ``(2^n,)`` -> ``(n,)``.
    """
    sums = SizeSums.of(table)
    return _share_of_sizes(sums.n_players - 1) @ marginals_by_size(sums)


def shapley_interaction(table: FloatArray) -> FloatArray:
    """Return ``I(i,j) = sum_S s! (n-2-s)! / (n-1)! [v(S+i+j) - v(S+i) - v(S+j) + v(S)]``, no factor 1/2.

    The mean over orders of the multi-order interactions.

    Source: Grabisch & Roubens (1999); Zhang et al. (ICLR 2021), equation 2. ``(2^n,)`` -> ``(n, n)``.
    """
    values: FloatArray = interactions_by_order(SizeSums.of(table)).mean(axis=0)
    return values


def banzhaf_interaction(table: FloatArray) -> FloatArray:
    """Return ``2^-(n-2) sum_S [v(S+i+j) - v(S+i) - v(S+j) + v(S)]``, no factor 1/2.

    Source: Grabisch & Roubens (1999); Zhang et al. (ICLR 2021), section 3. ``(2^n,)`` -> ``(n, n)``.
    """
    sums = SizeSums.of(table)
    return np.tensordot(_share_of_sizes(sums.n_players - 2), interactions_by_order(sums), axes=1)


def multi_order(table: FloatArray) -> FloatArray:
    """Return ``I^(m)(i,j) = mean over |S| = m of [v(S+i+j) - v(S+i) - v(S+j) + v(S)]``.

    Source: Zhang et al. (2020); Deng et al. (2022), equation 1. ``(2^n,)`` -> ``(n - 1, n, n)``.
    """
    return interactions_by_order(SizeSums.of(table))


INDICES = {
    index.name: index
    for index in (
        Index(
            "shapley",
            "Shapley value of every player",
            "Shapley (1953); Zhang et al. (ICLR 2021), equation 1",
            "players",
            shapley,
            keep_rate=(0.0, 1.0),
            efficient=True,
            formula="phi(i) = sum over S without i of s! (n-s-1)! / n! [v(S+i) - v(S)]",
        ),
        Index(
            "banzhaf",
            "Banzhaf value of every player",
            "Banzhaf (1965); Zhang et al. (ICLR 2021), section 3",
            "players",
            banzhaf,
            keep_rate=(0.5, 0.5),
            formula="psi(i) = 2^-(n-1) sum over S without i of [v(S+i) - v(S)]",
        ),
        Index(
            "shapley-interaction",
            "Shapley interaction index of pairs, or of sets of one size",
            "Grabisch & Roubens (1999); Zhang et al. (ICLR 2021), equation 2; Zhou et al. (2024), equation 5",
            "pairs",
            shapley_interaction,
            weights.shapley_interaction,
            keep_rate=(0.0, 1.0),
            formula="I(i,j) = sum over S without i, j of s! (n-2-s)! / (n-1)! [v(S+i+j) - v(S+i) - v(S+j) + v(S)]",
        ),
        Index(
            "banzhaf-interaction",
            "Banzhaf interaction index of pairs, or of sets of one size",
            "Grabisch & Roubens (1999); Zhang et al. (ICLR 2021), section 3",
            "pairs",
            banzhaf_interaction,
            weights.banzhaf_interaction,
            keep_rate=(0.5, 0.5),
            formula="I(i,j) = 2^-(n-2) sum over S without i, j of [v(S+i+j) - v(S+i) - v(S+j) + v(S)]",
        ),
        Index(
            "shapley-taylor",
            "Shapley-Taylor interaction of all sets of up to k players",
            "Dhamdhere, Agarwal & Sundararajan (2020)",
            "sets",
            weight=weights.shapley_taylor,
            keep_rate=(0.0, 1.0),
            beta_of_size=True,
            efficient=True,
            formula="I(A) = k/n sum over T without A of D_A v(T) / C(n-1, t) for |A| = k; smaller A: their dividends",
        ),
        Index(
            "k-shapley",
            "k-Shapley value of all sets of up to k players",
            "Bordt & von Luxburg (2023)",
            "sets",
            weight=weights.k_shapley,
            instead="shapley-interaction",
            efficient=True,
            formula="I(A) = sum over j of B_j sum of the Shapley interactions of the S around A with a + j players",
        ),
        Index(
            "faithful-shapley",
            "faithful Shapley interaction of all sets of up to k players",
            "Tsai, Yeh & Ravikumar (2023)",
            "sets",
            weight=weights.faithful_shapley,
            instead="shapley-taylor",
            efficient=True,
            formula="polynomial of degree k in the players, nearest to v by Shapley's weights, exact at both ends",
        ),
        Index(
            "faithful-banzhaf",
            "faithful Banzhaf interaction of all sets of up to k players",
            "Hammer & Holzman (1992); Tsai, Yeh & Ravikumar (2023)",
            "sets",
            weight=weights.faithful_banzhaf,
            instead="banzhaf-interaction",
            formula="polynomial of degree k in the players, nearest to v by least squares over all coalitions",
        ),
        Index(
            "multi-order",
            "Interaction I^(m)(i,j) of pairs at each order m",
            "Zhang et al. (2020); Deng et al. (2022), equation 1",
            "orders",
            multi_order,
            keep_rate=(0.0, 1.0),
            formula="I^(m)(i,j) = mean over |S| = m of [v(S+i+j) - v(S+i) - v(S+j) + v(S)]",
        ),
        Index(
            "inference-patterns",
            "Mean inference pattern J^(q)(i,j) of pairs with q others",
            "Zhang et al. (ICLR 2021), equation 4",
            "orders",
            mean_patterns,
            rounding=rounding_of_mean_patterns,
            instead="multi-order",
            formula="J^(q)(i,j) = mean over |T| = q of the dividend of T + i + j",
        ),
        Index(
            "harsanyi",
            "Harsanyi dividend of every coalition",
            "Harsanyi (1963); Zhou et al. (2024), section 2",
            "coalitions",
            moebius,
            rounding=rounding_of_dividends,
            instead="shapley-taylor",
            formula="I(S) = sum over L in S of (-1)^(s-l) v(L)",
        ),
        Index(
            "or-interaction",
            "OR interaction of every coalition",
            "code of the authors of Zhou et al. (2024)",
            "coalitions",
            or_interactions,
            rounding=rounding_of_dividends,
            instead="shapley-taylor",
            formula="I_or(S) = - sum over L in S of (-1)^(s-l) v(N - L)",
        ),
        Index(
            "and-or",
            "AND and OR interactions of every coalition, the split between them learned",
            "code of the authors of Zhou et al. (2024)",
            "coalitions",
            rounding=rounding_of_dividends,
            whole=learned_split,
            instead="shapley-taylor",
            formula="v + q = v_and + v_or, least ||I_and||_1 + ||I_or||_1 over the split and a small noise q",
        ),
    )
}


def lookup(name: str) -> Index:
    """Return the index of that name.

    Raises:
        UnknownNameError: no such index.
    """
    if name not in INDICES:
        raise UnknownNameError("index", name, INDICES)
    return INDICES[name]


def _share_of_sizes(n_others: int) -> FloatArray:
    """Share of the coalitions of ``n_others`` players that have each size."""
    return np.array([comb(n_others, size) / 2**n_others for size in range(n_others + 1)])
