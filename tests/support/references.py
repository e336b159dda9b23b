"""The papers' definitions, spelled out with Python sets: slow, obvious, and sharing no step with the package.

A game here is a dictionary ``frozenset of players -> value``. Sums run over explicitly listed subsets with the
published weights; nothing is vectorised over coalitions, no bit trick is used, no size is grouped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, permutations
from math import comb, factorial

import numpy as np

Coalition = frozenset[int]
SetGame = dict[Coalition, float]


def subsets(players: Iterable[int]) -> Iterator[Coalition]:
    """Every subset of ``players``, the empty one and the full one included."""
    pool = sorted(players)
    for size in range(len(pool) + 1):
        yield from map(frozenset, combinations(pool, size))


def set_game(values: Iterable[float], n: int) -> SetGame:
    """Read a table whose position is the bit code (player i = bit i)."""
    listed = list(values)
    assert len(listed) == 2**n
    return {S: float(listed[sum(2**i for i in S)]) for S in subsets(range(n))}


def table(game: Callable[[Coalition], float], n: int) -> np.ndarray:
    """The table of a game given as a function of a set."""
    values = np.empty(2**n)
    for S in subsets(range(n)):
        values[sum(2**i for i in S)] = game(S)
    return values


def shapley(v: SetGame, n: int) -> np.ndarray:
    """phi(i) = sum_{S in N minus i} s! (n-s-1)! / n! [v(S+i) - v(S)]."""
    phi = np.zeros(n)
    for i in range(n):
        for S in subsets(set(range(n)) - {i}):
            weight = factorial(len(S)) * factorial(n - len(S) - 1) / factorial(n)
            phi[i] += weight * (v[S | {i}] - v[S])
    return phi


def shapley_by_permutations(v: SetGame, n: int) -> np.ndarray:
    """phi(i) as the mean marginal contribution over all n! orders of arrival."""
    phi = np.zeros(n)
    for order in permutations(range(n)):
        present: Coalition = frozenset()
        for i in order:
            phi[i] += v[present | {i}] - v[present]
            present |= {i}
    return phi / factorial(n)


def banzhaf(v: SetGame, n: int) -> np.ndarray:
    """psi(i) = 2^-(n-1) sum_S [v(S+i) - v(S)]."""
    return np.array([sum(v[S | {i}] - v[S] for S in subsets(set(range(n)) - {i})) / 2 ** (n - 1) for i in range(n)])


def delta(v: SetGame, i: int, j: int, S: Coalition) -> float:
    """Delta v(i,j,S) = v(S+i+j) - v(S+i) - v(S+j) + v(S)."""
    return v[S | {i, j}] - v[S | {i}] - v[S | {j}] + v[S]


def _pairs(n: int, value: Callable[[int, int], float]) -> np.ndarray:
    matrix = np.full((n, n), np.nan)
    for i in range(n):
        for j in range(n):
            if i != j:
                matrix[i, j] = value(i, j)
    return matrix


def _others(n: int, i: int, j: int) -> set[int]:
    return set(range(n)) - {i, j}


def shapley_interaction(v: SetGame, n: int) -> np.ndarray:
    """I(i,j) = sum_S s! (n-2-s)! / (n-1)! Delta v(i,j,S)."""

    def value(i: int, j: int) -> float:
        return sum(
            factorial(len(S)) * factorial(n - 2 - len(S)) / factorial(n - 1) * delta(v, i, j, S)
            for S in subsets(_others(n, i, j))
        )

    return _pairs(n, value)


def banzhaf_interaction(v: SetGame, n: int) -> np.ndarray:
    """2^-(n-2) sum_S Delta v(i,j,S)."""
    return _pairs(n, lambda i, j: sum(delta(v, i, j, S) for S in subsets(_others(n, i, j))) / 2 ** (n - 2))


def multi_order(v: SetGame, n: int) -> np.ndarray:
    """I^(m)(i,j) = mean of Delta v(i,j,S) over the S of m players without i and j; ``(n-1, n, n)``."""

    def layer(m: int) -> np.ndarray:
        def value(i: int, j: int) -> float:
            terms = [delta(v, i, j, frozenset(S)) for S in combinations(sorted(_others(n, i, j)), m)]
            return sum(terms) / len(terms)

        return _pairs(n, value)

    return np.stack([layer(m) for m in range(n - 1)])


def dividends(v: SetGame) -> SetGame:
    """Harsanyi dividend I(S) = sum_{L in S} (-1)^(|S|-|L|) v(L)."""
    return {S: sum((-1) ** (len(S) - len(L)) * v[L] for L in subsets(S)) for S in v}


def shapley_from_dividends(d: SetGame, n: int) -> np.ndarray:
    """Each member of S gets an equal share of the dividend of S."""
    return np.array([sum(share / len(S) for S, share in d.items() if i in S) for i in range(n)])


def banzhaf_from_dividends(d: SetGame, n: int) -> np.ndarray:
    """A marginal contribution of i sees I(S), i in S, when the other |S|-1 players happen to be present."""
    return np.array([sum(share / 2 ** (len(S) - 1) for S, share in d.items() if i in S) for i in range(n)])


def shapley_interaction_from_dividends(d: SetGame, n: int) -> np.ndarray:
    """I_Sh(i,j) = sum_T I(T + i + j) / (|T| + 1)."""
    return _pairs(n, lambda i, j: sum(share / (len(S) - 1) for S, share in d.items() if {i, j} <= S))


def banzhaf_interaction_from_dividends(d: SetGame, n: int) -> np.ndarray:
    """The |T| other players of I(T + i + j) are all present with probability 2^-|T|."""
    return _pairs(n, lambda i, j: sum(share / 2 ** (len(S) - 2) for S, share in d.items() if {i, j} <= S))


def multi_order_from_dividends(d: SetGame, n: int) -> np.ndarray:
    """A random context of m players contains T with probability C(n-2-t, m-t) / C(n-2, m)."""

    def layer(m: int) -> np.ndarray:
        def value(i: int, j: int) -> float:
            total = 0.0
            for S, share in d.items():
                t = len(S) - 2
                if {i, j} <= S and t <= m:
                    total += share * comb(n - 2 - t, m - t) / comb(n - 2, m)
            return total

        return _pairs(n, value)

    return np.stack([layer(m) for m in range(n - 1)])


DEFINITIONS: dict[str, Callable[[SetGame, int], np.ndarray]] = {
    "shapley": shapley,
    "banzhaf": banzhaf,
    "shapley-interaction": shapley_interaction,
    "banzhaf-interaction": banzhaf_interaction,
    "multi-order": multi_order,
}
"""Every index by the papers' set definition."""

FROM_DIVIDENDS: dict[str, Callable[[SetGame, int], np.ndarray]] = {
    "shapley": shapley_from_dividends,
    "banzhaf": banzhaf_from_dividends,
    "shapley-interaction": shapley_interaction_from_dividends,
    "banzhaf-interaction": banzhaf_interaction_from_dividends,
    "multi-order": multi_order_from_dividends,
}
"""Every index through the Moebius dividends."""


def efficiency_over_ordered_pairs(v: SetGame, n: int, orders: np.ndarray) -> float:
    """sum_i mu_i + sum_{i != j} sum_m w^(m) I^(m)(i,j), w = (n-1-m) / (n(n-1)), over ORDERED pairs."""
    empty = v[frozenset()]
    total = sum(v[frozenset({i})] - empty for i in range(n))
    for m in range(n - 1):
        for i in range(n):
            for j in range(n):
                if i != j:
                    total += (n - 1 - m) / (n * (n - 1)) * orders[m, i, j]
    return total


def restricted(v: SetGame, keep: Iterable[int], always: Iterable[int] = ()) -> tuple[SetGame, list[int]]:
    """The game on ``keep`` while ``always`` is present; players renumbered in increasing order."""
    players = sorted(keep)
    held = frozenset(always)
    game = {}
    for S in subsets(range(len(players))):
        game[S] = v[frozenset(players[k] for k in S) | held]
    return game, players


def merged(v: SetGame, n: int, group: Iterable[int]) -> tuple[SetGame, int]:
    """The game in which ``group`` acts as one player; that player comes last. Returns the game and its size."""
    block = frozenset(group)
    rest = sorted(set(range(n)) - block)
    game = {}
    for S in subsets(range(len(rest) + 1)):
        members = frozenset(rest[k] for k in S if k < len(rest))
        game[S] = v[members | block] if len(rest) in S else v[members]
    return game, len(rest) + 1


def unanimity(T: Iterable[int]) -> Callable[[Coalition], float]:
    """1 when everybody of T is present, else 0."""
    needed = frozenset(T)
    return lambda S: float(needed <= S)
