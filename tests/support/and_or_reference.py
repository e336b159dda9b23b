"""Section 9 of the protocols spelled out with Python sets and dense matrices: slow, obvious, sharing no step."""

from __future__ import annotations

from math import log

import numpy as np

from support.references import Coalition, subsets

Interaction = tuple[str, Coalition, float]
"""Kind, "and" or "or"; players; value."""


def holds(kind: str, S: Coalition, T: Coalition) -> bool:
    """Whether an interaction of S counts in coalition T."""
    return S <= T if kind == "and" else bool(S & T)


def total(interactions: list[Interaction], constant: float, n: int) -> np.ndarray:
    """The game that interactions add up to."""
    return np.array(
        [constant + sum(value for kind, S, value in interactions if holds(kind, S, T)) for T in in_order(n)]
    )


def in_order(n: int) -> list[Coalition]:
    """All coalitions in the order of their bit codes."""
    return sorted(subsets(range(n)), key=lambda S: sum(2**i for i in S))


def listed(and_values: np.ndarray, or_values: np.ndarray, n: int) -> list[Interaction]:
    """The interactions of all non-empty coalitions."""
    coalitions = list(enumerate(in_order(n)))[1:]
    return [("and", S, float(and_values[code])) for code, S in coalitions] + [
        ("or", S, float(or_values[code])) for code, S in coalitions
    ]


def and_matrix(n: int) -> np.ndarray:
    """Row S, column L: (-1)^(|S|-|L|) where L is inside S."""
    every = in_order(n)
    return np.array([[(-1.0) ** (len(S) - len(L)) if L <= S else 0.0 for L in every] for S in every])


def or_matrix(n: int) -> np.ndarray:
    """I_or(S) = - sum_{L in S} (-1)^(|S|-|L|) v(N minus L); I_or(empty) = v(empty)."""
    every, N = in_order(n), frozenset(range(n))
    rows = [[-((-1.0) ** (len(S) - len(N - K))) if N - K <= S else 0.0 for K in every] for S in every]
    rows[0] = [float(not K) for K in every]
    return np.array(rows)


def split(
    v: np.ndarray, n: int, *, rates: np.ndarray, momentum: float, bound: float
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Descend ||A((v+q)/2 + p)||_1 + ||B((v+q)/2 - p)||_1 over p and q, with velocities; returns p, q, the losses."""
    A, B = and_matrix(n), or_matrix(n)
    p, q, moving_p, moving_q = (np.zeros(len(v)) for _ in range(4))

    def loss() -> float:
        return float(np.abs(A @ ((v + q) / 2 + p)).sum() + np.abs(B @ ((v + q) / 2 - p)).sum())

    losses = [loss()]
    for rate in rates:
        from_and = A.T @ np.sign(A @ ((v + q) / 2 + p))
        from_or = B.T @ np.sign(B @ ((v + q) / 2 - p))
        moving_p = momentum * moving_p + (from_and - from_or)
        moving_q = momentum * moving_q + (from_and + from_or) / 2
        p = p - rate * moving_p
        q = np.minimum(np.maximum(q - rate * moving_q, -bound), bound)
        losses.append(loss())
    return p, q, losses


def squared_error(v: np.ndarray, kept: list[Interaction], constant: float, n: int) -> float:
    """sum_L (v(L) - what is kept there)^2."""
    return float(np.square(v - total(kept, constant, n)).sum())


def remove_greedily(
    v: np.ndarray, interactions: list[Interaction], constant: float, n: int, *, candidates: int, least: int
) -> list[list[Interaction]]:
    """What is kept at each step, from everything down to ``least``; every trial sums the whole game again."""
    kept = sorted(interactions, key=lambda interaction: abs(interaction[2]))
    steps = [kept]
    while len(kept) > least:
        trials = [[other for other in kept if other is not weak] for weak in kept[:candidates]]
        kept = min(trials, key=lambda trial: squared_error(v, trial, constant, n))
        steps.append(kept)
    return steps


def description(codes: list[tuple[float, frozenset[str]]]) -> float:
    """Code length of patterns (strength, words), plus ten times that of the dictionary."""
    words = {word for _, code in codes for word in code}
    weight = {word: sum(strength for strength, code in codes if word in code) for word in words}
    everything = sum(weight.values())
    length = {word: log(1 / (weight[word] / everything + 1e-8)) for word in words}
    return sum(weight[w] * length[w] for w in words) + 10 * sum(weight[w] / everything * length[w] for w in words)


def merge(patterns: list[Interaction], most: int) -> tuple[list[tuple[str, Coalition]], list[frozenset[str]]]:
    """Merge common coalitions by trying every set of words of every pattern; returns them and the final codes.

    A word is written as its players; ``"and 0 1"`` and ``"or 0 1"`` are two words, ``"0"`` stands for either kind.
    """
    players = {str(i): frozenset({i}) for _, S, _ in patterns for i in S}
    kinds = [kind for kind, _, _ in patterns]
    codes = [(abs(value), frozenset(str(i) for i in S)) for _, S, value in patterns]
    merged: list[tuple[str, Coalition]] = []
    while len(merged) < most:
        trials = []
        for kind, (_, code) in zip(kinds, codes, strict=True):
            for places in subsets(range(len(code))):
                chosen = frozenset(sorted(code)[place] for place in places)
                if len(chosen) < 2:
                    continue
                members = frozenset().union(*(players[word] for word in chosen))
                name = " ".join([kind, *map(str, sorted(members))])
                after = [
                    (strength, other - chosen | {name} if chosen <= other and k == kind else other)
                    for k, (strength, other) in zip(kinds, codes, strict=True)
                ]
                change = description(after) - description(codes)
                trials.append((change / len(members), change, kind, members, name, after))
        if not trials:
            break
        _, change, kind, members, name, after = min(trials, key=lambda trial: trial[0])
        if change > 0 or sum(name in code for _, code in after) < 2:
            break
        players[name] = members
        merged.append((kind, members))
        codes = after
    return merged, [code for _, code in codes]
