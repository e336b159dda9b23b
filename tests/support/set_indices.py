"""Indices of sets by their definitions: differences over listed contexts, recursions, and regressions.

As in `support.references`, a game is a dictionary ``frozenset -> value``; no weight of a dividend appears.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from math import comb, factorial

import numpy as np

from support.references import Coalition, SetGame, subsets

BERNOULLI = [Fraction(1), Fraction(-1, 2), Fraction(1, 6), Fraction(0), Fraction(-1, 30), Fraction(0), Fraction(1, 42)]
"""From a table of numbers, B_1 negative."""


def sets_of(n: int, *sizes: int) -> list[Coalition]:
    """Every set of the sizes, by size and in lexicographic order."""
    return [frozenset(S) for size in sizes for S in combinations(range(n), size)]


def difference(v: SetGame, A: Coalition, T: Coalition) -> float:
    """D_A v(T) = sum over L in A of (-1)^(|A|-|L|) v(T u L)."""
    return sum((-1) ** (len(A) - len(L)) * v[T | L] for L in subsets(A))


def outside(n: int, A: Coalition) -> list[Coalition]:
    """Every context of A."""
    return list(subsets(set(range(n)) - A))


def order(v: SetGame, n: int, A: Coalition, s: int) -> float:
    """Mean of D_A v(T) over the T of s players."""
    terms = [difference(v, A, T) for T in outside(n, A) if len(T) == s]
    return sum(terms) / len(terms)


def shapley_interaction(v: SetGame, n: int, A: Coalition) -> float:
    """sum_T t! (n-t-a)! / (n-a+1)! D_A v(T): Zhou et al. (2024), equation 5."""
    a = len(A)
    weights = {T: Fraction(factorial(len(T)) * factorial(n - len(T) - a), factorial(n - a + 1)) for T in outside(n, A)}
    return sum(float(weight) * difference(v, A, T) for T, weight in weights.items())


def banzhaf_interaction(v: SetGame, n: int, A: Coalition) -> float:
    """Mean of D_A v(T) over all T."""
    return sum(difference(v, A, T) for T in outside(n, A)) / 2 ** (n - len(A))


def shapley_taylor(v: SetGame, n: int, k: int) -> dict[Coalition, float]:
    """D_A v(empty) below k players, k/n sum_T D_A v(T) / C(n-1,t) at k."""
    values = {A: difference(v, A, frozenset()) for A in sets_of(n, *range(k))}
    for A in sets_of(n, k):
        values[A] = k / n * sum(difference(v, A, T) / comb(n - 1, len(T)) for T in outside(n, A))
    return values


def k_shapley(v: SetGame, n: int, k: int) -> dict[Coalition, float]:
    """The recursion: at size k the Shapley interaction; below, the values of order k-1 plus B_{k-|S|} times the sum of
    the Shapley interactions of the k-sets that contain S; v(empty) for nobody."""
    if k == 0:
        return {frozenset(): v[frozenset()]}
    top = {A: shapley_interaction(v, n, A) for A in sets_of(n, k)}
    values = k_shapley(v, n, k - 1)
    for S in values:
        if S:
            values[S] += float(BERNOULLI[k - len(S)]) * sum(x for A, x in top.items() if S < A)
    return values | top


def faithful_banzhaf(v: SetGame, n: int, k: int) -> dict[Coalition, float]:
    """Ordinary least squares of v on the indicators of the sets of up to k players, over all coalitions."""
    coalitions, sets = list(subsets(range(n))), sets_of(n, *range(k + 1))
    contains = np.array([[float(A <= S) for A in sets] for S in coalitions])
    solution = np.linalg.lstsq(contains, np.array([v[S] for S in coalitions]), rcond=None)[0]
    return dict(zip(sets, solution.tolist(), strict=True))


def faithful_shapley(v: SetGame, n: int, k: int) -> dict[Coalition, float]:
    """The same with weights (n-1) / (C(n,s) s (n-s)), exact at the empty and the grand coalition: by Lagrange."""
    sets = sets_of(n, *range(k + 1))
    between = [S for S in subsets(range(n)) if 0 < len(S) < n]
    ends = [frozenset(), frozenset(range(n))]

    def rows(coalitions: list[Coalition]) -> np.ndarray:
        return np.array([[float(A <= S) for A in sets] for S in coalitions]).reshape(-1, len(sets))

    weights = np.array([(n - 1) / (comb(n, len(S)) * len(S) * (n - len(S))) for S in between])
    contains, held = rows(between), rows(ends)
    normal = contains.T @ (weights[:, None] * contains)
    system = np.block([[normal, held.T], [held, np.zeros((2, 2))]])
    right = np.concatenate([contains.T @ (weights * [v[S] for S in between]), [v[S] for S in ends]])
    return dict(zip(sets, np.linalg.lstsq(system, right, rcond=None)[0].tolist(), strict=False))


def exactly(one: Callable[[SetGame, int, Coalition], float]) -> Callable[[SetGame, int, int], dict[Coalition, float]]:
    """Values of the sets of k players."""
    return lambda v, n, k: {A: one(v, n, A) for A in sets_of(n, k)}


DEFINITIONS: dict[str, Callable[[SetGame, int, int], dict[Coalition, float]]] = {
    "shapley-interaction": exactly(shapley_interaction),
    "banzhaf-interaction": exactly(banzhaf_interaction),
    "shapley-taylor": shapley_taylor,
    "k-shapley": k_shapley,
    "faithful-shapley": faithful_shapley,
    "faithful-banzhaf": faithful_banzhaf,
}
"""Index -> (game, n, k) -> value of every set, in the order of the package."""


def or_interactions(v: SetGame, n: int) -> dict[Coalition, float]:
    """I_or(S) = - sum_{L in S} (-1)^(|S|-|L|) v(N minus L); v(empty) for nobody."""
    everybody = frozenset(range(n))
    values = {S: -sum((-1) ** (len(S) - len(L)) * v[everybody - L] for L in subsets(S)) for S in subsets(range(n))}
    return values | {frozenset(): v[frozenset()]}
