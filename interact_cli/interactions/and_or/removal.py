"""Greedy removal of noisy patterns: what is left explains the game with a few patterns, and says how well.

A pattern is an interaction that may be kept: an AND pattern S adds its value to every coalition that contains S, an OR
pattern to every one that meets S. Removing it adds its value to the residual there, so the squared error changes by
``2 I(S) (sum of the residual there) + I(S)^2 (number of those coalitions)``. The residual is summed over a pattern's
coalitions once, as it becomes a candidate, and changed once, as it goes: ``2^(n - |S|)`` steps each, ``3^n`` over all
patterns, never ``4^n``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interactions.and_or.split import total_of
from interact_cli.types import BoolArray, FloatArray, IntArray

GUARD = 1e-7
"""Added to the denominators of the error and the explained ratio, as published."""
ROUNDING = 1e-12
"""Interactions below this share of the strongest are rounding, not patterns."""
EVERY = slice(None)


@dataclass(frozen=True)
class Rules:
    """How a graph is simplified; the defaults are the published ones."""

    candidates: int = 20
    """Weakest patterns among which the one to remove is chosen."""
    min_patterns: int = 15
    """Removal goes on until this many are left."""
    max_patterns: int = 80
    """Most patterns of a graph."""
    max_error: float = 0.1
    """The squared error as a share of ``sum v^2`` stays below this."""
    min_ratio: float = 0.95
    """The explained ratio stays above this."""
    max_merges: int = 5
    """Most coalitions that are merged into nodes of their own."""

    def __post_init__(self) -> None:
        if self.candidates < 1 or not 0 <= self.min_patterns <= self.max_patterns or self.max_merges < 0:
            raise UsageError(
                f"Expected candidates >= 1, 0 <= min_patterns <= max_patterns and max_merges >= 0, got "
                f"{self.candidates}, {self.min_patterns}, {self.max_patterns} and {self.max_merges}."
            )


PUBLISHED = Rules()
DEMO = Rules(candidates=40, max_error=0.01)
"""The authors' demonstration."""


@dataclass(frozen=True)
class Patterns:
    """Interactions of both kinds."""

    codes: IntArray
    """``(pattern,)``: bit codes of the players."""
    is_or: BoolArray
    """``(pattern,)``."""
    values: FloatArray
    """``(pattern,)``: I(S)."""

    def take(self, chosen: IntArray | BoolArray) -> Patterns:
        """Return some of them."""
        return Patterns(self.codes[chosen], self.is_or[chosen], self.values[chosen])


@dataclass(frozen=True)
class Kept:
    """The patterns that stay, and how well they explain the game."""

    patterns: Patterns
    """Strongest first."""
    sse: float
    """``sum_L (v(L) - the kept patterns' sum at L)^2``; the constant is always kept."""
    error: float
    """``SSE / (sum v^2 + 1e-7)``."""
    explained_ratio: float
    """`explained_ratio`."""
    faithful: bool
    """Whether error, ratio and number of patterns meet the rules."""


def explained_ratio(kept: FloatArray, removed: FloatArray) -> float:
    """Return the printed explain ratio, ``sum_kept |I| / (sum_kept |I| + |sum_removed I| + 1e-7)``.

    The removed part is the size of the SUM, in which interactions of opposite sign cancel: the ratio may be close to 1
    while much strength is removed, so it is read together with the error.

    Source: code of the authors of Zhou et al. (2024).

    Args:
        kept: Interactions of the kept patterns, the empty coalition left out.
        removed: Of the removed ones, likewise.

    Example:
        >>> round(explained_ratio(np.array([3.0, -1.0]), np.array([2.0, -1.0])), 6)
        0.8
    """
    strength = float(np.abs(kept).sum())
    return strength / (strength + abs(float(removed.sum())) + GUARD)


def keep_salient(v: FloatArray, and_values: FloatArray, or_values: FloatArray, rules: Rules) -> Kept:
    """Remove noisy patterns greedily and choose where to stop.

    Among the weakest remaining patterns the one goes whose removal leaves the least squared error. The latest step
    whose error and explained ratio meet the rules is taken, if at most ``max_patterns`` are left there. Otherwise the
    graph is not faithful: of the steps with few enough patterns, the one with the least error.

    Unlike in the authors' code the constant is no pattern and never goes, interactions that are zero up to rounding
    are none from the start, and a graph that misses the rules says so.

    Args:
        v: ``(2^n,)``: the game.
        and_values: ``(2^n,)`` by bit code; entry 0 is the constant.
        or_values: ``(2^n,)`` by bit code, 0 for the empty coalition.
        rules: How to simplify.
    """
    patterns, noise = _listed(and_values, or_values)
    residual = v - sum_of(patterns, float(and_values[0]), len(v))
    gone, errors = _Removal(patterns, residual, rules.candidates).run(rules.min_patterns)
    n_steps = len(errors)
    strengths = np.abs(patterns.values)
    kept = strengths.sum() - np.concatenate([[0.0], np.cumsum(strengths[gone])])
    removed = noise.sum() + np.concatenate([[0.0], np.cumsum(patterns.values[gone])])
    ratios = kept / (kept + np.abs(removed) + GUARD)
    power = float(np.square(v).sum()) + GUARD
    few = np.arange(n_steps) >= len(strengths) - rules.max_patterns
    nothing = len(strengths) == 0
    good = (errors / power < rules.max_error) & ((ratios > rules.min_ratio) | nothing)
    latest = int(np.flatnonzero(good)[-1]) if good.any() else -1
    faithful = latest >= 0 and bool(few[latest])
    step = latest if faithful else int(np.argmin(np.where(few, errors, np.inf)))

    stays = np.ones(len(strengths), dtype=np.bool_)
    stays[gone[:step]] = False
    chosen = np.flatnonzero(stays)[np.argsort(-strengths[stays], kind="stable")]
    left = patterns.take(chosen)
    sse = float(np.square(v - sum_of(left, float(and_values[0]), len(v))).sum())
    ratio = explained_ratio(left.values, np.concatenate([noise, patterns.values[~stays]]))
    return Kept(left, sse, sse / power, ratio, faithful)


def sum_of(patterns: Patterns, constant: float, n_coalitions: int) -> FloatArray:
    """Add patterns up at every coalition: ``(2^n,)`` by bit code."""
    parts = np.zeros((2, n_coalitions))
    parts[0, 0] = constant
    parts[patterns.is_or.astype(np.int64), patterns.codes] += patterns.values
    return total_of(parts[0], parts[1])


def _listed(and_values: FloatArray, or_values: FloatArray) -> tuple[Patterns, FloatArray]:
    """Return the patterns, AND before OR, and the values that are but rounding; the empty coalition in neither."""
    codes = np.arange(1, len(and_values))
    values = np.concatenate([and_values[1:], or_values[1:]])
    every = Patterns(np.tile(codes, 2), np.repeat([False, True], len(codes)), values)
    strengths = np.abs(values)
    counts = strengths > ROUNDING * strengths.max()
    return every.take(counts), values[~counts]


class _Removal:
    """The removal as it goes on: which patterns may go next, and the residual that the gone ones left."""

    def __init__(self, patterns: Patterns, residual: FloatArray, n_candidates: int) -> None:
        n = len(residual).bit_length() - 1
        self.patterns = patterns
        self.n_candidates = n_candidates
        self.containing = np.ones(1)
        """``(2^n,)``: how many coalitions contain the players of a code."""
        for _ in range(n):
            self.containing = np.concatenate([2 * self.containing, self.containing])
        self.residual = residual.reshape((2,) * n).copy()
        """Less `offset`, of sum `total`; the axis of player i is the i-th from the end."""
        self.total = float(residual.sum())
        self.offset = 0.0

    def run(self, least: int) -> tuple[IntArray, FloatArray]:
        """Remove until ``least`` patterns are left.

        Returns:
            Positions in the order of removal, and the squared error before it all and after each.
        """
        values = self.patterns.values
        queue = np.argsort(np.abs(values), kind="stable")
        own = values * self._overlaps(slice(None), slice(None))
        gone = np.empty(max(0, len(queue) - least), dtype=np.int64)
        errors = np.full(len(gone) + 1, float(np.square(self.residual).sum()))
        pool, waiting = queue[: self.n_candidates].copy(), self.n_candidates
        sums = np.array([self._sum_at(position) for position in pool])
        for step in range(len(gone)):
            changes = values[pool] * (2 * sums + own[pool])
            best = int(changes.argmin())
            removed = gone[step] = pool[best]
            errors[step + 1] = errors[step] + changes[best]
            self._add_at(removed)
            sums += values[removed] * self._overlaps(removed, pool)
            pool[best:-1], sums[best:-1] = pool[best + 1 :], sums[best + 1 :]
            if waiting < len(queue):
                pool[-1] = queue[waiting]
                sums[-1] = self._sum_at(pool[-1])
                waiting += 1
            else:
                pool, sums = pool[:-1], sums[:-1]
        return gone, errors

    def _overlaps(self, pattern: np.int64 | slice, others: IntArray | slice) -> FloatArray:
        """Return how many coalitions a pattern shares with others."""
        a, b = self.patterns.codes[pattern], self.patterns.codes[others]
        a_or, b_or = self.patterns.is_or[pattern], self.patterns.is_or[others]
        both: FloatArray = self.containing[a | b]
        if not (np.any(a_or) or np.any(b_or)):
            return both
        with_a, with_b = self.containing[a], self.containing[b]
        either = with_a + with_b - both
        missed = both * ((a & b) == 0)
        mixed = np.where(b_or, with_a, with_b) - missed
        return np.where(a_or & b_or, self.containing[0] - either, np.where(a_or | b_or, mixed, both))

    def _sum_at(self, position: np.int64) -> float:
        """Sum the residual over the coalitions of a pattern."""
        inside, n_inside = float(self.residual[self._where(position)].sum()), self._n_where(position)
        if self.patterns.is_or[position]:
            inside, n_inside = self.total - inside, float(self.containing[0]) - n_inside
        return inside + self.offset * n_inside

    def _add_at(self, position: np.int64) -> None:
        """Add a pattern to the residual; an OR pattern is added everywhere, and taken away where it is missed."""
        value = float(self.patterns.values[position])
        if self.patterns.is_or[position]:
            self.offset += value
            value = -value
        self.residual[self._where(position)] += value
        self.total += value * self._n_where(position)

    def _n_where(self, position: np.int64) -> float:
        return float(self.containing[self.patterns.codes[position]])

    def _where(self, position: np.int64) -> tuple[int | slice, ...]:
        """Index the coalitions that hold all players of an AND pattern, or none of an OR pattern."""
        code, present = int(self.patterns.codes[position]), 0 if self.patterns.is_or[position] else 1
        n = self.residual.ndim
        return tuple(present if code >> player & 1 else EVERY for player in range(n - 1, -1, -1))
