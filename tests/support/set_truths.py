"""Interactions of sets by their definitions, over listed subsets; nothing is shared with the package."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import factorial

import numpy as np

from support.references import Coalition, SetGame, merged, restricted, shapley, subsets


def set_delta(v: SetGame, A: Coalition, T: Coalition) -> float:
    """Delta_A v(T) = sum_{L in A} (-1)^(|A|-|L|) v(T u L)."""
    return sum((-1) ** (len(A) - len(L)) * v[T | L] for L in subsets(A))


def shapley_index(v: SetGame, n: int, A: Coalition) -> float:
    """I_Sh(A) = sum_{T in N minus A} t! (n-t-a)! / (n-a+1)! Delta_A v(T)."""
    a = len(A)
    return sum(
        factorial(len(T)) * factorial(n - len(T) - a) / factorial(n - a + 1) * set_delta(v, A, T)
        for T in subsets(set(range(n)) - A)
    )


def banzhaf_index(v: SetGame, n: int, A: Coalition) -> float:
    """The mean of Delta_A v(T) over all T."""
    contexts = list(subsets(set(range(n)) - A))
    return sum(set_delta(v, A, T) for T in contexts) / len(contexts)


def or_interaction(v: SetGame, n: int, S: Coalition) -> float:
    """I_or(S) = - sum_{L in S} (-1)^(|S|-|L|) v(N minus L); v(empty) for the empty set."""
    if not S:
        return v[S]
    everyone = frozenset(range(n))
    return -sum((-1) ** (len(S) - len(L)) * v[everyone - L] for L in subsets(S))


def worth(v: SetGame, n: int, A: Coalition, C: Coalition) -> float:
    """phi([C]) in the game of C as one player and everybody outside A."""
    game, players = restricted(v, (set(range(n)) - A) | C)
    joined, size = merged(game, len(players), [players.index(player) for player in C])
    return float(shapley(joined, size)[-1])


def runs(members: tuple[int, ...]) -> list[list[Coalition]]:
    """All partitions into runs of successive members."""
    found = []
    for n_cuts in range(len(members)):
        for cuts in combinations(range(1, len(members)), n_cuts):
            ends = [0, *cuts, len(members)]
            found.append([frozenset(members[a:b]) for a, b in pairwise(ends)])
    return found


def multivariate(v: SetGame, n: int, members: tuple[int, ...]) -> dict[str, float]:
    """B, B_max, B_min, T, B_plus and B_minus of ``members`` over contiguous partitions."""
    A = frozenset(members)
    alone = sum(worth(v, n, A, frozenset({i})) for i in members)
    sums = [sum(worth(v, n, A, C) for C in partition) for partition in runs(members)]
    together = worth(v, n, A, A)
    parts = []
    for size in range(2, len(members) + 1):
        for L in combinations(members, size):
            game, players = restricted(v, (set(range(n)) - A) | set(L))
            parts.append(shapley_index(game, len(players), frozenset(players.index(i) for i in L)))
    return {
        "B": together - alone,
        "B_max": max(sums) - alone,
        "B_min": min(sums) - alone,
        "T": max(sums) - min(sums),
        "B_plus": sum(np.maximum(parts, 0.0)),
        "B_minus": sum(np.minimum(parts, 0.0)),
    }


def best_runs(v: SetGame, n: int, members: tuple[int, ...], sign: int) -> list[Coalition]:
    """The contiguous partition with the largest (sign 1) or smallest (sign -1) sum."""
    A = frozenset(members)
    return max(runs(members), key=lambda partition: sign * sum(worth(v, n, A, C) for C in partition))
