"""Coalitions in complementary pairs, so many of each size, the sizes at both ends whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb, sqrt

import numpy as np

from interact_cli.games.coalitions import pack, unique, unpack
from interact_cli.interactions.designs.sets import LISTED, all_sets, numbered
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, IntArray


@dataclass(frozen=True)
class ComplementaryPairs:
    """Different coalitions and their complements, spread over the sizes as ``1 / sqrt(s (n - s))``.

    A size that has no more coalitions than its share is taken whole; the sizes up to ``whole``, with their complements,
    whenever they are at most half of the budget. It is equal, and drawn alike, whatever is read off it.

    Source: complementary pairs: Covert & Lee (2021); sizes at the ends whole: Lundberg & Lee (2017).
    """

    n_players: int
    budget: int
    """Coalitions, at least 2; an odd one stays unspent."""
    seed: int
    stream: str
    """What the draws belong to, such as the sample."""
    whole: int = 1
    """Players of the largest coalitions that are all taken, if the budget allows it."""

    @cached_property
    def first(self) -> BoolArray:
        """``(pair, n)``: one coalition of each pair, the smaller one where one is smaller, in random order."""
        rng = generator(self.seed, "complementary pairs", self.stream, self.n_players, self.budget)
        drawn = [self._drawn(size, count, rng) for size, count in enumerate(self.counts)]
        return np.concatenate(drawn)[rng.permutation(sum(self.counts))]

    @property
    def coalitions(self) -> BoolArray:
        """``(2 pair, n)``: each coalition of `first`, its complement behind it."""
        return with_complements(self.first)

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Pairs of each size of the smaller coalition, from 0 to n // 2."""
        n, possible = self.n_players, self.possible
        pairs = min(self.budget // 2, sum(possible))
        shares = [0.0, *[1 / sqrt(size * (n - size)) for size in range(1, n // 2 + 1)]]
        if n % 2 == 0:
            shares[-1] /= 2  # complements of half of the players have their size
        sizes = range(min(self.whole, n // 2) + 1)
        whole = {size for size in sizes if size == 0 or possible[0] + sum(possible[: size + 1]) <= pairs}
        while True:
            left = pairs - sum(possible[size] for size in whole)
            total = sum(share for size, share in enumerate(shares) if size not in whole)
            more = {
                size
                for size in range(len(possible))
                if size not in whole and left * shares[size] >= total * possible[size]
            }
            if not more:
                break
            whole |= more
        exact = [left * share / total if total else 0.0 for share in shares]
        counts = [possible[size] if size in whole else int(exact[size]) for size in range(len(possible))]
        # What is lost by rounding down goes to the sizes that lost most.
        for size in sorted(set(range(len(possible))) - whole, key=lambda size: int(exact[size]) - exact[size]):
            counts[size] += int(sum(counts) < pairs)
        return tuple(counts)

    @property
    def possible(self) -> tuple[int, ...]:
        """Pairs that there are of each size of the smaller coalition, from 0 to n // 2."""
        n = self.n_players
        return tuple(comb(n, size) if 2 * size < n else comb(n, size) // 2 for size in range(n // 2 + 1))

    def _drawn(self, size: int, count: int, rng: np.random.Generator) -> BoolArray:
        n = self.n_players
        if 2 * size < n:
            return _different(n, size, count, rng)
        others = _different(n - 1, size - 1, count, rng)  # of two halves, the one with the first player
        return np.concatenate([np.ones((count, 1), dtype=np.bool_), others], axis=1)


def with_complements(first: BoolArray) -> BoolArray:
    """Put behind each coalition its complement: ``(pair, n)`` -> ``(2 pair, n)``."""
    return np.stack([first, ~first], axis=1).reshape(-1, first.shape[1])


def _different(n_players: int, size: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Draw different coalitions of one size, each equally likely: ``(count, n)``."""
    possible = comb(n_players, size)
    if count == possible:
        return _with(all_sets(n_players, size), n_players)
    if possible <= LISTED:
        return _with(numbered(rng.choice(possible, count, replace=False), n_players, size), n_players)
    found: Sequence[BoolArray] = [np.empty((0, n_players), dtype=np.bool_)]
    while sum(map(len, found)) < count:  # of so many, repetitions are rare
        chosen = np.argpartition(rng.random((count, n_players)), size - 1, axis=1)[:, :size]
        rows, _ = unique(pack(np.concatenate([*found, _with(chosen, n_players)])))
        found = [unpack(rows, n_players)]
    return found[0][np.sort(rng.choice(len(found[0]), count, replace=False))]


def _with(sets: IntArray, n_players: int) -> BoolArray:
    coalitions = np.zeros((len(sets), n_players), dtype=np.bool_)
    np.put_along_axis(coalitions, sets, values=True, axis=1)
    return coalitions
