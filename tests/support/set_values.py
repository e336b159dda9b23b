"""Indices of sets by their published definitions, over Python sets: they share no step with the package."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from math import comb, factorial

import numpy as np

from support.references import Coalition, SetGame, dividends, merged, restricted, shapley, subsets


def sets_of(n: int, size: int) -> list[Coalition]:
    return [frozenset(chosen) for chosen in combinations(range(n), size)]


def difference(v: SetGame, A: Iterable[int], S: Coalition) -> float:
    """D_A v(S) = sum_{L in A} (-1)^(|A| - |L|) v(S u L)."""
    A = frozenset(A)
    return sum((-1) ** (len(A) - len(L)) * v[S | L] for L in subsets(A))


def contexts(n: int, A: Coalition) -> list[Coalition]:
    return list(subsets(set(range(n)) - A))


def order(v: SetGame, n: int, A: Coalition, s: int) -> float:
    terms = [difference(v, A, S) for S in contexts(n, A) if len(S) == s]
    return sum(terms) / len(terms)


def shapley_of_set(v: SetGame, n: int, A: Coalition) -> float:
    """sum_T t! (n-t-a)! / (n-a+1)! D_A v(T)."""
    a = len(A)
    return sum(
        factorial(len(T)) * factorial(n - len(T) - a) / factorial(n - a + 1) * difference(v, A, T)
        for T in contexts(n, A)
    )


def banzhaf_of_set(v: SetGame, n: int, A: Coalition) -> float:
    return sum(difference(v, A, T) for T in contexts(n, A)) / 2 ** (n - len(A))


def or_value(v: SetGame, n: int, A: Coalition) -> float:
    """I_or(A) = - sum_{L in A} (-1)^(a-l) v(N - L); of the empty set, v(empty)."""
    if not A:
        return v[A]
    N = frozenset(range(n))
    return -sum((-1) ** (len(A) - len(L)) * v[N - L] for L in subsets(A))


def pattern(v: SetGame, n: int, pair: Coalition, q: int) -> float:
    """Mean over |T| = q of R^T = D_ij v(T) - sum_{T' proper} R^T', by that recursion."""
    rewards: dict[Coalition, float] = {}
    for T in contexts(n, pair):
        rewards[T] = difference(v, pair, T) - sum(rewards[part] for part in subsets(T) if part != T)
    chosen = [value for T, value in rewards.items() if len(T) == q]
    return sum(chosen) / len(chosen)


def shapley_taylor(v: SetGame, n: int, A: Coalition, k: int) -> float:
    if len(A) < k:
        return dividends(v)[A]
    return k / n * sum(difference(v, A, T) / comb(n - 1, len(T)) for T in contexts(n, A))


def k_shapley(v: SetGame, n: int, k: int) -> dict[Coalition, float]:
    """Bordt & von Luxburg's recursion over k: what the top size adds is taken from the smaller sets."""
    bernoulli = {0: 1.0, 1: -1 / 2, 2: 1 / 6, 3: 0.0, 4: -1 / 30}
    top = {A: shapley_of_set(v, n, A) for A in sets_of(n, k)}
    if k == 1:
        return top
    values = k_shapley(v, n, k - 1)
    for A in values:
        values[A] += bernoulli[k - len(A)] * sum(value for more, value in top.items() if more > A)
    return values | top


def nearest_polynomial(v: SetGame, n: int, k: int, by_size: Iterable[float]) -> dict[Coalition, float]:
    """Least squares with one weight per coalition size; a very large one pins the ends."""
    weights = list(by_size)
    rows, sets = list(v), [A for size in range(k + 1) for A in sets_of(n, size)]
    root = np.sqrt([weights[len(S)] for S in rows])
    features = np.array([[float(A <= S) for A in sets] for S in rows])
    found = np.linalg.lstsq(features * root[:, None], np.array([v[S] for S in rows]) * root, rcond=None)[0]
    return dict(zip(sets, found, strict=True))


def faithful_shapley_weights(n: int, pin: float) -> list[float]:
    return [pin, *((n - 1) / (comb(n, s) * s * (n - s)) for s in range(1, n)), pin]


def contiguous_partitions(players: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    if not players:
        yield ()
    for length in range(1, len(players) + 1):
        for rest in contiguous_partitions(players[length:]):
            yield (players[:length], *rest)


def worth_of_block(v: SetGame, n: int, block: Iterable[int], members: Iterable[int]) -> float:
    """phi([C] | N_C): the Shapley value of C as one player, the rest of A absent."""
    block, members = frozenset(block), frozenset(members)
    kept = sorted((set(range(n)) - members) | block)
    game, players = restricted(v, kept)
    together, size = merged(game, len(kept), [players.index(player) for player in block])
    return float(shapley(together, size)[-1])


def multivariate(v: SetGame, n: int, members: tuple[int, ...]) -> tuple[float, float, float]:
    """B, B_max and B_min over contiguous partitions."""
    apart = sum(worth_of_block(v, n, (i,), members) for i in members)
    totals = [sum(worth_of_block(v, n, C, members) for C in Omega) for Omega in contiguous_partitions(members)]
    return worth_of_block(v, n, members, members) - apart, max(totals) - apart, min(totals) - apart
