"""One-sided bounds of a number at any level, and the level at which a bound reaches a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from interact_cli.gates.resampling import distance, level
from interact_cli.types import BoolArray, FloatArray

FARTHEST = 37.0
"""Normal deviate beyond which a share of float64 is 0 or 1."""
LEAST = 1e-9


@dataclass(frozen=True)
class Bounds:
    """Numbers with their resamples; each place by itself.

    A bound is the outermost of three, each of which is too close somewhere: the expanded percentile (J and other
    ratios), BCa, which moves the percentile by median bias and skewness (heavy tails, where it also comes too close on
    the other side), and Student's t on the jackknife's standard error (a change of few samples).

    Measured, 4,000 repeats, level 5 %: how often the bound lies beyond the truth, on the side away from the long tail /
    on the side of it, 20 and 50 samples. Log-normal strengths of spread 0.5, a relative change that varies by 10 %
    between samples: 3.6 / 5.2 and 4.3 / 5.1 % (percentile alone: 4.0 / 6.2 and 4.7 / 5.5); the same change absolute:
    2.0 / 7.8 and 2.9 / 6.0 (2.7 / 9.1 and 3.7 / 6.8). Spread 1, relative, varying by 20 %: 3.1 / 6.8 and 3.7 / 6.8
    (4.2 / 7.6 and 4.7 / 7.6); absolute: 0.7 / 13.0 and 1.4 / 9.7 (1.4 / 15.1 and 2.4 / 11.3). J over 13 orders of
    spread 0.5: 3.9 / 6.2 and 4.1 / 5.9 (4.7 / 7.0 and 4.6 / 6.4). A tenth of the samples doubled: 0.5 / 17.1 and
    1.2 / 8.3 (1.0 / 22.3 and 1.8 / 13.9). So a change of skewed numbers that grows with them seldom FAILs wrongly, and
    PASSes at exactly the margin more often than 5 % the fewer samples carry it. The price: 3 to 10 % wider.
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

    @classmethod
    def of(cls, value: FloatArray, replicates: FloatArray, left_out: FloatArray) -> Bounds:
        """Order the resamples of a number.

        Source: Efron (1987), "Better Bootstrap Confidence Intervals", equations 2.3 and 6.6.

        Args:
            value: ``(place,)``.
            replicates: ``(resample, place)``, the number on every resample.
            left_out: ``(sample, place)``, the number without each of the samples.
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

    def p_above(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the lower bound is at the threshold: p of "not above it"."""
        return self._level(self._share(threshold, "right"), threshold, -1)

    def p_below(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the upper bound is at the threshold: p of "not below it"."""
        return self._level(self._share(threshold, "left"), threshold, 1)

    def _bound(self, alpha: float, side: Literal[-1, 1]) -> FloatArray:
        deviate = side * distance(self.n_samples, alpha)
        moved = self.shift + deviate
        moved = self.shift + moved / np.maximum(1 - self.acceleration * moved, LEAST)
        percentile = self._quantile(np.full_like(self.value, ndtr(deviate)))
        corrected = self._quantile(ndtr(moved))
        student = self.student(alpha)[side > 0]
        outer: FloatArray = side * np.maximum.reduce([side * percentile, side * corrected, side * student])
        return outer

    def _level(self, share: FloatArray, threshold: FloatArray, side: Literal[-1, 1]) -> FloatArray:
        deviate = np.clip(ndtri(share), -FARTHEST, FARTHEST)
        moved = deviate - self.shift
        moved = moved / np.maximum(1 + self.acceleration * moved, LEAST) - self.shift
        steps = side * (self.value - threshold)
        errors = steps / np.where(self.error > 0, self.error, 1.0)
        exact = np.where(steps < 0, -np.inf, np.inf)
        student = stdtr(self.n_samples - 1, np.where(self.error > 0, errors, exact))
        percentile, corrected = level(self.n_samples, -side * deviate), level(self.n_samples, -side * moved)
        outer: FloatArray = np.maximum.reduce([percentile, corrected, student])
        return outer

    def _quantile(self, share: FloatArray) -> FloatArray:
        """Return the quantile of each place's resamples, linear between two: ``(place,)`` -> ``(place,)``."""
        last = self.ordered.shape[-1] - 1
        at = np.clip(np.nan_to_num(share), 0, 1) * last
        lower = np.minimum(at.astype(np.int64), last - 1)
        rows = np.arange(len(at))
        left, right = self.ordered[rows, lower], self.ordered[rows, lower + 1]
        between: FloatArray = left + (at - lower) * (right - left)
        return between

    def _share(self, threshold: FloatArray, end: Literal["left", "right"]) -> FloatArray:
        """Return the share whose quantile is the threshold: the inverse of `_quantile`; among equal ones that end."""
        last = self.ordered.shape[-1] - 1
        limit = threshold[:, None]
        below = (self.ordered <= limit if end == "right" else self.ordered < limit).sum(axis=-1)
        lower = np.clip(below - 1, 0, last - 1)
        rows = np.arange(len(below))
        left, right = self.ordered[rows, lower], self.ordered[rows, lower + 1]
        share = (lower + (threshold - left) / np.where(right > left, right - left, 1.0)) / last
        inverse: FloatArray = np.where(below == 0, 0.0, np.where(below > last, 1.0, share))
        return inverse


def holm(p_values: FloatArray) -> FloatArray:
    """Return Holm's adjusted p-values: the k - i fold of the i-th smallest, never below a smaller one's.

    NaN stays NaN and counts as a place.

    Source: Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure".

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).round(2).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted
