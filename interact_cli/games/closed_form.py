"""A game whose indices are known in closed form.

Everything follows on paper from one law of the game: what the players of a set A make together in a context S,

``D_A v(S) = sum_{L in A} (-1)^(|A| - |L|) v(S u L)``,  averaged over the contexts S of s players outside A.

No formula sums over the coalitions of the game, except where an index is itself a sum over supersets (`faithful_*`).
Letters: n players, a = |A|, k the largest size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np

from interact_cli.games.game import TableGame

Members = frozenset[int]

BERNOULLI = (1.0, -1 / 2, 1 / 6, 0.0, -1 / 30)
"""Bernoulli numbers, the corrections of k-Shapley values up to k = 5."""


@dataclass(frozen=True)
class Partitioned:
    """Multivariate interaction of a set of players: Zhang et al. (AAAI 2021), equations 3 to 5."""

    together: float
    """B: everybody in one coalition, less everybody alone."""
    most: float
    """B_max, over contiguous partitions."""
    least: float
    """B_min, over contiguous partitions."""


@dataclass(frozen=True)
class KnownGame:
    """A game with its closed forms; ``A`` is a non-empty set of players."""

    name: str
    game: TableGame
    order: Callable[[Members, int], float]
    """(A, s) -> mean of ``D_A v(S)`` over the contexts S of s players: the multi-order interaction of any set."""
    shapley: Callable[[Members], float]
    """A -> Shapley interaction index; of one player, the Shapley value."""
    banzhaf: Callable[[Members], float]
    """A -> Banzhaf interaction index; of one player, the Banzhaf value."""
    multivariate: Callable[[Members], Partitioned] | None = None
    """A, a run of successive players with others outside -> B and its extremes; None where no short form is known."""

    @property
    def n_players(self) -> int:
        """Number of players."""
        return self.game.n_players

    @property
    def empty(self) -> float:
        """v(empty)."""
        return float(self.game.table[0])

    def dividend(self, members: Members) -> float:
        """``I(A) = D_A v(empty)``; of the empty set, v(empty)."""
        return self.order(members, 0) if members else self.empty

    def or_interaction(self, members: Members) -> float:
        """``I_or(A) = (-1)^(a + 1) D_A v(N - A)``; of the empty set, v(empty).

        In ``- sum_{L in A} (-1)^(a - l) v(N - L)`` put K = A - L: the sign becomes (-1)^k, the coalition (N - A) u K.
        """
        size = len(members)
        return -((-1) ** size) * self.order(members, self.n_players - size) if members else self.empty

    def inference_pattern(self, pair: Members, size: int) -> float:
        """``J^(q)``: mean dividend of the pair with q others. Source: Zhang et al. (ICLR 2021), equation 5."""
        others = combinations(sorted(set(range(self.n_players)) - pair), size)
        return float(np.mean([self.dividend(pair | set(some)) for some in others]))

    def shapley_taylor(self, members: Members, top: int) -> float:
        """Dividends below the top size k; at it ``k/n sum_s C(n-k, s) / C(n-1, s) * order(A, s)``.

        Source: Dhamdhere, Agarwal & Sundararajan (2020).
        """
        n = self.n_players
        if len(members) < top:
            return self.dividend(members)
        return top / n * sum(comb(n - top, s) / comb(n - 1, s) * self.order(members, s) for s in range(n - top + 1))

    def k_shapley(self, members: Members, top: int) -> float:
        """``sum_{L outside A, a + l <= k} B_l I_Sh(A u L)`` with Bernoulli numbers B; of the empty set, v(empty).

        Source: Bordt & von Luxburg (2023).
        """
        if not members:
            return self.empty
        others = sorted(set(range(self.n_players)) - members)
        return sum(
            BERNOULLI[size] * self.shapley(members | set(more))
            for size in range(min(top - len(members), len(others)) + 1)
            for more in combinations(others, size)
        )

    def faithful_shapley(self, members: Members, top: int) -> float:
        """Polynomial of degree k nearest to v by Shapley's weights, exact at the empty and the grand coalition.

        ``I(A) + (-1)^(k-a) a/(k+a) C(k,a) sum_{T > A, t > k} C(t-1,k) / C(t+k-1,k+a) I(T)``

        Source: Tsai, Yeh & Ravikumar (2023).
        """
        a = len(members)
        share = (-1.0) ** (top - a) * a / (top + a) * comb(top, a)
        return self.dividend(members) + share * sum(
            comb(t - 1, top) / comb(t + top - 1, top + a) * dividend for t, dividend in self._above(members, top)
        )

    def faithful_banzhaf(self, members: Members, top: int) -> float:
        """Polynomial of degree k nearest to v, all coalitions alike.

        ``I(A) + (-1)^(k-a) sum_{T > A, t > k} 2^-(t-a) C(t-a-1, k-a) I(T)``

        Source: Tsai, Yeh & Ravikumar (2023); Hammer & Holzman (1992).
        """
        a = len(members)
        sign = -1.0 if (top - a) % 2 else 1.0
        return self.dividend(members) + sign * sum(
            comb(t - a - 1, top - a) * 0.5 ** (t - a) * dividend for t, dividend in self._above(members, top)
        )

    def _above(self, members: Members, top: int) -> list[tuple[int, float]]:
        """Sizes and dividends of the supersets of more than ``top`` players."""
        others, a = sorted(set(range(self.n_players)) - members), len(members)
        return [
            (a + size, self.dividend(members | set(more)))
            for size in range(max(0, top + 1 - a), len(others) + 1)
            for more in combinations(others, size)
        ]
