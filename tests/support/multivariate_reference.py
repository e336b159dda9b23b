"""The multivariate interaction of Zhang et al. (AAAI 2021) by Python sets: games are reduced, partitions are listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import product
from math import factorial

import numpy as np

from support.references import Coalition, SetGame, merged, restricted, shapley, subsets

Blocks = tuple[tuple[int, ...], ...]


def worth(v: SetGame, n: int, A: Iterable[int], C: Iterable[int]) -> float:
    """phi([C] | N_C): the Shapley value of the merged player [C] in the game on N minus A plus C, built and solved."""
    if not set(C):
        return 0.0
    game, players = restricted(v, (set(range(n)) - set(A)) | set(C))
    reduced, m = merged(game, len(players), [players.index(i) for i in C])
    return float(shapley(reduced, m)[-1])


def interaction(v: SetGame, players: Iterable[int], L: Iterable[int]) -> float:
    """I_Sh(L | players) = sum_T t! (m-t-l)! / (m-l+1)! sum_{K in L} (-1)^(l-|K|) v(T u K), T in players minus L."""
    pool, inside = set(players), frozenset(L)
    m, size = len(pool), len(inside)
    total = 0.0
    for T in subsets(pool - inside):
        weight = factorial(len(T)) * factorial(m - len(T) - size) / factorial(m - size + 1)
        total += weight * sum((-1) ** (size - len(K)) * v[T | K] for K in subsets(inside))
    return total


def all_partitions(A: Iterable[int]) -> Iterator[Blocks]:
    """Every set partition: the last player joins one of the blocks of the others, or stands alone."""
    listed = sorted(A)
    if not listed:
        yield ()
        return
    *others, last = listed
    for blocks in all_partitions(others):
        yield (*blocks, (last,))
        for k, block in enumerate(blocks):
            yield (*blocks[:k], (*block, last), *blocks[k + 1 :])


def joined(A: Iterable[int], joins: Iterable[int]) -> Blocks:
    """The partition in which successive members k and k + 1 share a block where ``joins[k]``."""
    first, *others = sorted(A)
    blocks = [[first]]
    for player, join in zip(others, joins, strict=True):
        if join:
            blocks[-1].append(player)
        else:
            blocks.append([player])
    return tuple(map(tuple, blocks))


def contiguous_partitions(A: Iterable[int]) -> Iterator[Blocks]:
    """Every partition into runs of successive members."""
    listed = sorted(A)
    for joins in product((0, 1), repeat=len(listed) - 1):
        yield joined(listed, joins)


FAMILIES: dict[str, Callable[[Iterable[int]], Iterator[Blocks]]] = {
    "all": all_partitions,
    "contiguous": contiguous_partitions,
}


def sum_over(v: SetGame, n: int, A: Iterable[int], partition: Blocks) -> float:
    """V(partition) - sum_{i in A} phi(i | N_i)."""
    listed = list(A)
    return sum(worth(v, n, listed, C) for C in partition) - sum(worth(v, n, listed, (i,)) for i in listed)


def quantities(v: SetGame, n: int, A: Iterable[int], family: str) -> dict[str, float]:
    """B, B_max, B_min, T, B_plus and B_minus by their definitions."""
    listed = sorted(A)
    worths = {C: worth(v, n, listed, C) for C in subsets(listed)}
    alone = sum(worths[frozenset({i})] for i in listed)
    sums = [sum(worths[frozenset(C)] for C in partition) - alone for partition in FAMILIES[family](listed)]
    others = set(range(n)) - set(listed)
    parts = [interaction(v, others | L, L) for L in subsets(listed) if len(L) > 1]
    return {
        "B": worths[frozenset(listed)] - alone,
        "B_max": max(sums),
        "B_min": min(sums),
        "T": max(sums) - min(sums),
        "B_plus": sum(part for part in parts if part > 0),
        "B_minus": sum(part for part in parts if part < 0),
    }


def expected_sum(of_partition: Callable[[Blocks], float], A: Iterable[int], p: np.ndarray) -> float:
    """L(p) = E_g V(g), every g listed with its probability."""
    listed = sorted(A)
    total = 0.0
    for joins in product((0, 1), repeat=len(p)):
        probability = np.prod([own if join else 1 - own for join, own in zip(joins, p, strict=True)])
        total += float(probability) * of_partition(joined(listed, joins))
    return total


def expression(operators: str) -> Callable[[Coalition], float]:
    """x0 op x1 op x2 ... on the players that are present: ``*`` before ``+``, ``&`` before ``|``."""

    def value(S: Coalition) -> float:
        later = [f"{operator}{int(k in S)}" for k, operator in enumerate(operators, 1)]
        return float(eval("".join([str(int(0 in S)), *later])))

    return value
