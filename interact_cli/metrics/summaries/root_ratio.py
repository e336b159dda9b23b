"""The root of a ratio of two means over samples, with an interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np

from interact_cli.metrics.summaries.intervals import by_logarithm, student
from interact_cli.types import FloatArray


@dataclass(frozen=True)
class RootRatio:
    """``R = sqrt(max(0, mean a) / mean b)`` over samples."""

    value: float
    """NaN where the mean of b is not above 0."""
    standard_error: float
    """Of the jackknife; NaN where R has none."""
    low: float
    high: float
    """95 % interval; infinite where the mean of b may be 0."""

    @classmethod
    def of(cls, part: FloatArray, whole: FloatArray) -> RootRatio:
        """Divide the means of two numbers of each sample, ``(sample,)`` each.

        The interval is the outermost of two: Fieller's, and Student's t of log R on the jackknife's standard error,
        where that is defined. Fieller's alone is too short where few samples carry the ratio, that of the logarithm
        where the mean of b is uncertain.

        Source: Fieller (1954); Efron & Tibshirani (1993), chapter 11, for the jackknife.
        """
        n, top, bottom = len(part), float(part.mean()) if len(part) else nan, float(whole.mean()) if len(part) else nan
        if not bottom > 0:
            return cls(nan, nan, 0.0, inf)
        value = sqrt(max(0.0, top) / bottom)
        if n < 2:
            return cls(value, nan, 0.0, inf)
        tops, bottoms = (part.sum() - part) / (n - 1), (whole.sum() - whole) / (n - 1)
        low, high = _fieller(part, whole)
        if not (bottoms > 0).all():
            return cls(value, nan, low, high)
        left_out = np.sqrt(np.maximum(tops / bottoms, 0.0))
        if (left_out > 0).all() and top > 0:
            lower, higher = by_logarithm(np.asarray(value), left_out)
            low, high = min(low, float(lower)), max(high, float(higher))
        return cls(value, sqrt((n - 1) * left_out.var()), low, high)


def shown_above_zero(numbers: FloatArray) -> bool:
    """Say whether a mean over samples is above 0 by a one-sided t test at 2.5 %."""
    n = len(numbers)
    error = numbers.std(ddof=1) / sqrt(n) if n > 1 else nan
    return bool(numbers.mean() > student(n) * error) if n > 1 else False


def _fieller(part: FloatArray, whole: FloatArray) -> tuple[float, float]:
    """Return the ratios that a t test of ``a - ratio b`` does not refuse, as roots.

    With ``ratio = T + d`` and ``e = a - T b``, whose mean is 0: ``(B d)^2 <= t^2 var(e - d b) / n``.
    """
    n, bottom = len(part), whole.mean()
    ratio = part.mean() / bottom
    (var_left, covariance), (_, var_bottom) = student(n) ** 2 * np.cov(part - ratio * whole, whole) / n
    steep = bottom**2 - var_bottom
    if steep <= 0:
        return 0.0, inf
    half = sqrt(covariance**2 + var_left * steep)
    low, high = (ratio + (side * half - covariance) / steep for side in (-1, 1))
    return sqrt(max(0.0, low)), sqrt(max(0.0, high))
