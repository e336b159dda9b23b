"""95 % intervals of numbers over samples: a rule for each kind of number, each measured by look-up.

A mean of signed values has the expanded percentile interval. A strength is a mean of sizes that few samples carry:
there the percentile interval is too short (of rms, 80 to 91 % hold the truth). It has the outermost of Student's t of
its logarithm and of the log-normal interval. J, a strength over its mean over the orders, has the outermost of three
that the gate has too (`Bounds`). `python -m benchmarks --only strength-intervals` measures both.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from interact_cli.metrics.summaries import log_normal
from interact_cli.metrics.summaries.of_means import OfMeans
from interact_cli.types import FloatArray

TAIL = 0.025
"""Of each side."""


def interval_of(
    known: OfMeans, parts: list[FloatArray], value: FloatArray, replicates: FloatArray, percentile: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return both ends, ``(...)`` each.

    Args:
        known: The statistic.
        parts: ``(sample, ...)`` each: what it takes the means of.
        value: ``(...)``: the number.
        replicates: ``(resample, ...)``: on every resample.
        percentile: ``(2, ...)``: the ends of the expanded percentile interval.
    """
    low, high = percentile
    if known.interval == "percentile":
        return low, high
    n = len(parts[0])
    left_out = known.of(*[(part.sum(axis=0) - part) / (n - 1) for part in parts])
    if known.interval == "outermost":
        from interact_cli.metrics.summaries.bounds import Bounds  # scipy takes a third of a second

        bounds = Bounds.of(value.ravel(), replicates.reshape(len(replicates), -1), left_out.reshape(n, -1))
        return bounds.low(TAIL).reshape(value.shape), bounds.high(TAIL).reshape(value.shape)
    positive = (left_out > 0).all(axis=0) & (value > 0)
    low, high = (
        np.where(positive, end, one) for end, one in zip(by_logarithm(value, left_out), percentile, strict=True)
    )
    if known.alone is None:
        return low, high
    pivots = log_normal.means(parts[known.alone].reshape(n, -1)).reshape(-1, *value.shape)
    lower, higher = np.quantile(known.of(*[pivots] * len(parts)), [TAIL, 1 - TAIL], axis=0)
    return np.fmin(low, lower), np.fmax(high, higher)


def student(n_samples: int) -> float:
    """Return how many standard errors of a mean its 95 % interval reaches to either side."""
    from scipy.special import stdtrit  # a third of a second that most commands need not wait

    return float(stdtrit(n_samples - 1, 1 - TAIL))


def by_logarithm(value: FloatArray, left_out: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Student's interval of the logarithm of a number above 0, its standard error by the jackknife.

    Args:
        value: ``(...)``.
        left_out: ``(sample, ...)``: the number without each of the samples.
    """
    n = len(left_out)
    logarithms = np.log(np.where(left_out > 0, left_out, 1.0))
    half = student(n) * sqrt(n - 1) * logarithms.std(axis=0)
    return value * np.exp(-half), value * np.exp(np.minimum(half, 700.0))
