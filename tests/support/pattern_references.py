"""Inference patterns, dropout and salient contexts, spelled out with Python sets (see `support.references`)."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np

from support.references import Coalition, SetGame, delta, subsets


def others(n: int, i: int, j: int) -> list[int]:
    """The players besides the pair."""
    return [k for k in range(n) if k not in (i, j)]


def rewards(v: SetGame, n: int, i: int, j: int) -> SetGame:
    """R^T = Delta v(i,j,T) minus the R of every proper subset of T, from the empty T upwards."""
    found: SetGame = {}
    for T in subsets(others(n, i, j)):
        found[T] = delta(v, i, j, T) - sum(found[L] for L in subsets(T) if L != T)
    return found


def mean_rewards(v: SetGame, n: int, i: int, j: int) -> np.ndarray:
    """J^(q) = mean of R^T over the T of q players."""
    found = rewards(v, n, i, j)
    by_size = [[found[frozenset(T)] for T in combinations(others(n, i, j), q)] for q in range(n - 1)]
    return np.array([sum(group) / len(group) for group in by_size])


def after_dropout(v: SetGame, n: int, i: int, j: int, keep: float) -> np.ndarray:
    """Mean over the contexts S of s players, and over what is left of S when each player stays with chance keep."""
    expected = np.zeros(n - 1)
    for s in range(n - 1):
        contexts = [frozenset(S) for S in combinations(others(n, i, j), s)]
        for S in contexts:
            for left in subsets(S):
                chance = keep ** len(left) * (1 - keep) ** (s - len(left))
                expected[s] += chance * delta(v, i, j, left) / len(contexts)
    return expected


def given_survivors(v: SetGame, n: int, i: int, j: int, s: int, r: int) -> float:
    """Mean over S of s players and S' in S of r players of Delta v(i,j,S'): equation 5, left."""
    terms = [delta(v, i, j, frozenset(left)) for S in combinations(others(n, i, j), s) for left in combinations(S, r)]
    return sum(terms) / len(terms)


def shapley_weight(n: int, s: int) -> float:
    """s! (n-2-s)! / (n-1)!: weight of a context of s players."""
    return factorial(s) * factorial(n - 2 - s) / factorial(n - 1)


def salient_map(v: SetGame, n: int, i: int, j: int) -> tuple[np.ndarray, float, list[Coalition]]:
    """The map over all contexts, the weight of the salient ones, and these, in order of falling |Delta v|."""
    every = list(subsets(others(n, i, j)))
    B = sum(shapley_weight(n, len(S)) * delta(v, i, j, S) for S in every)
    salient = [S for S in every if delta(v, i, j, S) * B > 0]
    picture = np.full(n, np.nan)
    for k in others(n, i, j):
        picture[k] = sum(shapley_weight(n, len(S)) * abs(delta(v, i, j, S)) for S in salient if k in S)
    total = sum(shapley_weight(n, len(S)) * abs(delta(v, i, j, S)) for S in salient)
    return picture, total, sorted(salient, key=lambda S: -abs(delta(v, i, j, S)))


def instability(repeats: list[float]) -> float:
    """mean over u != v of |s_u - s_v| over mean over w of |s_w|, by two loops."""
    R = len(repeats)
    change = sum(abs(repeats[u] - repeats[w]) for u in range(R) for w in range(R) if u != w) / (R * (R - 1))
    size = sum(abs(s) for s in repeats) / R
    return change / size if size else 0.0
