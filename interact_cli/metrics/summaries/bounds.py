"""One-sided bounds of a number over samples at any level, and the level at which a bound reaches a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from interact_cli.types import BoolArray, FloatArray

FARTHEST = 37.0
"""Normal deviate beyond which a share of float64 is 0 or 1."""
LEAST = 1e-9
"""In the place of a denominator, or of a parameter, that may be 0."""


@dataclass(frozen=True)
class Bounds:
    """Numbers with their resamples; each place by itself.

    A bound is the outermost of up to four, each of which is too close somewhere: the expanded percentile (heavy tails),
    BCa, which moves the percentile by median bias and skewness (the side away from the tail), Student's t on the
    jackknife's standard error (a change of few samples), and where every sample has a number above 0 the log-normal one
    (a tail of which few samples have shown anything). `python -m benchmarks --only gate-bounds` measures how often a
    bound lies beyond the truth, docs/ci.md has its table.
    """

    value: FloatArray
    """``(place,)``."""
    ordered: FloatArray
    """``(place, resample)``, ascending."""
    error: FloatArray
    """``(place,)``: standard error of the jackknife."""
    shift: FloatArray
    """``(place,)``: normal deviate of the share of resamples below the value, BCa's z0."""
    acceleration: FloatArray
    """``(place,)``: skewness of what single samples contribute, BCa's a."""
    n_samples: int
    pivots: FloatArray | None = None
    """``(place, pivot)``, ascending: what it may be by a law of the samples' numbers (`log_normal`). NaN at places
    where they do not follow it; None where there is none."""

    @classmethod
    def of(
        cls, value: FloatArray, replicates: FloatArray, left_out: FloatArray, pivots: FloatArray | None = None
    ) -> Bounds:
        """Order the resamples of a number.

        Source: Efron (1987), "Better Bootstrap Confidence Intervals", equations 2.3 and 6.6.

        Args:
            value: ``(place,)``.
            replicates: ``(resample, place)``, the number on every resample.
            left_out: ``(sample, place)``, the number without each of the samples.
            pivots: ``(pivot, place)``, see the field.
        """
        n = np.float64(len(left_out))
        ordered = np.sort(np.ascontiguousarray(replicates.T), axis=-1)
        influence = left_out.sum(axis=0) / n - left_out
        squares = (influence**2).sum(axis=0)
        spread = np.where(squares > 0, squares, 1.0) ** 1.5
        below = (ordered < value[:, None]).mean(axis=-1)
        at = (ordered == value[:, None]).mean(axis=-1)
        half = 0.5 / ordered.shape[-1]
        return cls(
            value,
            ordered,
            np.sqrt(squares * (n - 1) / n),
            ndtri(np.clip(below + at / 2, half, 1 - half)),
            (influence**3).sum(axis=0) / (6 * spread),
            len(left_out),
            None if pivots is None else np.sort(np.ascontiguousarray(pivots.T), axis=-1),
        )

    @property
    def finite(self) -> BoolArray:
        """``(place,)``: True where value, resamples and jackknife all are."""
        ends = self.ordered[:, 0] + self.ordered[:, -1] + self.value + self.error + self.acceleration
        return np.isfinite(ends)

    def low(self, alpha: float) -> FloatArray:
        """Return the lower bound at level alpha, below one half."""
        return self._bound(alpha, -1)

    def high(self, alpha: float) -> FloatArray:
        """Return the upper bound at level alpha, below one half."""
        return self._bound(alpha, 1)

    def student(self, alpha: float) -> tuple[FloatArray, FloatArray]:
        """Return Student's bounds alone."""
        half = stdtrit(self.n_samples - 1, 1 - alpha) * self.error
        return self.value - half, self.value + half

    def spread(self, alpha: float) -> FloatArray:
        """Return the standard error of which the bounds by the law are a multiple; NaN where there are none."""
        if self.pivots is None:
            return np.full_like(self.value, np.nan)
        low, high = (quantile(self.pivots, np.full_like(self.value, share)) for share in (alpha, 1 - alpha))
        error: FloatArray = (high - low) / (-2 * ndtri(alpha))
        return error

    def p_above(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the lower bound is at the threshold: p of "not above it"."""
        return self._level(threshold, -1)

    def p_below(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the upper bound is at the threshold: p of "not below it"."""
        return self._level(threshold, 1)

    def _bound(self, alpha: float, side: Literal[-1, 1]) -> FloatArray:
        deviate = side * distance(self.n_samples, alpha)
        moved = self.shift + deviate
        moved = self.shift + moved / np.maximum(1 - self.acceleration * moved, LEAST)
        percentile = quantile(self.ordered, np.full_like(self.value, ndtr(deviate)))
        corrected = quantile(self.ordered, ndtr(moved))
        student = self.student(alpha)[side > 0]
        # The outermost: the lowest where side is -1, the highest where it is 1.
        outer: FloatArray = np.maximum.reduce([side * percentile, side * corrected, side * student])
        if self.pivots is not None:
            by_law = quantile(self.pivots, np.full_like(self.value, alpha if side < 0 else 1 - alpha))
            outer = np.fmax(outer, side * by_law)
        return side * outer

    def _level(self, threshold: FloatArray, side: Literal[-1, 1]) -> FloatArray:
        deviate = np.clip(ndtri(share_of(self.ordered, threshold, side)), -FARTHEST, FARTHEST)
        moved = deviate - self.shift
        moved = moved / np.maximum(1 + self.acceleration * moved, LEAST) - self.shift
        steps = side * (self.value - threshold)
        errors = steps / np.where(self.error > 0, self.error, 1.0)
        exact = np.where(steps < 0, -np.inf, np.inf)
        student = stdtr(self.n_samples - 1, np.where(self.error > 0, errors, exact))
        percentile, corrected = level(self.n_samples, -side * deviate), level(self.n_samples, -side * moved)
        outer: FloatArray = np.maximum.reduce([percentile, corrected, student])
        if self.pivots is not None:
            beyond = share_of(self.pivots, threshold, side)
            outer = np.fmax(outer, np.where(np.isnan(self.pivots[:, 0]), np.nan, beyond if side < 0 else 1 - beyond))
        return outer


def quantile(ordered: FloatArray, share: FloatArray) -> FloatArray:
    """Return the quantile of ascending numbers, linear between two: ``(place, number)``, ``(place,)`` -> ``(place,)``.

    Example:
        >>> quantile(np.array([[0.0, 1.0, 4.0]]), np.array([0.75]))
        array([2.5])
    """
    last = ordered.shape[-1] - 1
    at = np.clip(np.nan_to_num(share), 0, 1) * last
    lower = np.minimum(at.astype(np.int64), last - 1)
    rows = np.arange(len(at))
    left, right = ordered[rows, lower], ordered[rows, lower + 1]
    between: FloatArray = left + (at - lower) * (right - left)
    return between


def share_of(ordered: FloatArray, threshold: FloatArray, side: Literal[-1, 1]) -> FloatArray:
    """Return the share whose quantile is the threshold, the inverse of `quantile`; among equal ones the graver end.

    Args:
        ordered: ``(place, number)``, ascending.
        threshold: ``(place,)``.
        side: -1 for a lower bound, 1 for an upper one.

    Example:
        >>> share_of(np.array([[0.0, 1.0, 4.0]]), np.array([2.5]), 1)
        array([0.75])
    """
    last = ordered.shape[-1] - 1
    limit = threshold[:, None]
    below = (ordered <= limit if side < 0 else ordered < limit).sum(axis=-1)
    lower = np.clip(below - 1, 0, last - 1)
    rows = np.arange(len(below))
    left, right = ordered[rows, lower], ordered[rows, lower + 1]
    share = (lower + (threshold - left) / np.where(right > left, right - left, 1.0)) / last
    inverse: FloatArray = np.where(below == 0, 0.0, np.where(below > last, 1.0, share))
    return inverse


def distance(n_samples: int, alpha: float) -> float:
    """Return how many standard errors of the resamples lie between a number and its one-sided bound.

    ``sqrt(n / (n - 1)) t``, t Student's point of n - 1 degrees: the resamples spread too little by the root, and do not
    know that their spread is an estimate. So the interval of a mean is as wide as Student's.

    Source: Hesterberg (2015), "What Teachers Should Know About the Bootstrap", section 3.4.
    """
    degrees = np.float64(n_samples - 1)
    return float(np.sqrt(n_samples / degrees) * stdtrit(degrees, 1 - alpha))


def level(n_samples: int, deviation: FloatArray) -> FloatArray:
    """Return alpha of the bound at which a normal deviate stands: ``level(n, -distance(n, alpha))`` is alpha.

    Args:
        n_samples: Number of paired samples, at least 2.
        deviation: Normal deviates of shares of resamples, negative far below.

    Example:
        >>> round(float(level(20, np.float64(-distance(20, 0.05)))), 6)
        0.05
    """
    alpha: FloatArray = stdtr(n_samples - 1, deviation * np.sqrt((n_samples - 1) / np.float64(n_samples)))
    return alpha
