"""What may be true of means of log-normal numbers: draws of a generalised pivot, whose quantiles are bounds.

Few samples of a trained network carry most of its strength. A bound that knows only how far the samples spread that
were seen lies too near their mean on the side of the tail; one that knows the law of the tail does not.

Source: Krishnamoorthy & Mathew (2003), "Inferences on the means of lognormal distributions using generalized p-values
and generalized confidence intervals", equation 2.7; Bebu & Mathew (2008), "Comparing the means and variances of a
bivariate log-normal distribution", for two numbers of each sample.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray

PIVOTS = 10_000
WIDEST = 1e3
"""Numbers of samples that are further apart than so many times are not taken for log-normal."""
DOWNWARDS = 2.0
"""Nor are those whose logarithms are skewed downwards by more than so many standard errors of a normal law's skewness.
Samples far below the others hardly move a mean, but they spread the logarithms, and the law would read a tail above out
of that."""
LARGEST = 700.0
"""Logarithm of what is still a float."""
LEAST = 1e-24
"""In the place of a variance that is rounding."""


def means(numbers: FloatArray) -> FloatArray:
    """Draw what the mean of log-normal numbers may be.

    ``exp(m + z s / sqrt(n) + s^2 / 2)``, ``s^2 = (n - 1) S^2 / chi^2``: m and S^2 mean and variance of the logarithms,
    z normal, chi^2 of n - 1 degrees.

    Args:
        numbers: ``(sample, place)``.

    Returns:
        ``(pivot, place)``; NaN where the numbers are not taken for log-normal.

    Example:
        >>> pivots = means(np.exp(np.random.default_rng(0).normal(size=(50, 1))))
        >>> np.quantile(pivots, [0.025, 0.975]).round(1)
        array([1.3, 2.5])
    """
    logarithms = _logarithms(numbers)
    n = len(logarithms)
    rng = generator(0, "log-normal pivots", n)
    chi, z = rng.chisquare(n - 1, (PIVOTS, 1)), rng.standard_normal((PIVOTS, 1))
    spread = np.square(_moved(logarithms)).sum(axis=0) / chi
    return _exp(logarithms.mean(axis=0) + z * np.sqrt(spread / n) + spread / 2)


def pairs_of_means(before: FloatArray, after: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Draw what the means of two log-normal numbers of the same samples may be, together.

    The logarithms are normal together: ``Sigma = L (A A^T)^-1 L^T``, L the root of the matrix of their sums of squares,
    A that of a Wishart matrix of n - 1 degrees (Bartlett); ``mu = m + C z / sqrt(n)``, ``C C^T = Sigma``. So what both
    share cancels in a difference and in a ratio of the two.

    Args:
        before: ``(sample, place)``, at least three samples.
        after: The same samples.

    Returns:
        ``(pivot, place)`` each; NaN where either is not taken for log-normal.
    """
    first, second = _logarithms(before), _logarithms(after)
    first, second = (np.where(np.isnan(first + second), np.nan, one) for one in (first, second))
    n = len(first)
    rng = generator(0, "log-normal pivots of two", n)
    chi, chi_second = (np.sqrt(rng.chisquare(degrees, (PIVOTS, 1))) for degrees in (n - 1, n - 2))
    below, z_first, z_second = rng.standard_normal((3, PIVOTS, 1))
    # The one that spreads more leads, so that the same draws speak of either order of the two.
    turned = np.square(_moved(second)).sum(axis=0) > np.square(_moved(first)).sum(axis=0)
    leading, following = np.where(turned, second, first), np.where(turned, first, second)
    # L, one entry of it for each place.
    squares = np.square(_moved(leading)).sum(axis=0)
    slope = (_moved(leading) * _moved(following)).sum(axis=0) / np.where(squares > 0, squares, 1.0)
    root, own = np.sqrt(squares), np.sqrt(np.square(_moved(following) - slope * _moved(leading)).sum(axis=0))
    # C = L A^-T, for each place and pivot.
    in_both, in_second = -below / (chi * chi_second), 1 / chi_second
    ahead, behind = (
        _exp(logarithms.mean(axis=0) + (left * z_first + right * z_second) / np.sqrt(n) + (left**2 + right**2) / 2)
        for logarithms, left, right in (
            (leading, root / chi, root * in_both),
            (following, slope * root / chi, slope * root * in_both + own * in_second),
        )
    )
    return np.where(turned, behind, ahead), np.where(turned, ahead, behind)


def _logarithms(numbers: FloatArray) -> FloatArray:
    """Return the logarithms, NaN at places where they are not taken for normal: ``(sample, place)`` -> the same."""
    with np.errstate(all="ignore"):
        logarithms = np.log(numbers)
        moved = _moved(logarithms)
        skewness = (moved**3).mean(axis=0) / np.maximum((moved**2).mean(axis=0), LEAST) ** 1.5
        n = len(numbers)
        least = -DOWNWARDS * sqrt(6 * max(n - 2, 0) / ((n + 1) * (n + 3)))
        alike: BoolArray = (numbers.min(axis=0) > 0) & (numbers.max(axis=0) < WIDEST * numbers.min(axis=0))
        return np.where(alike & (skewness >= least), logarithms, np.nan)


def _moved(logarithms: FloatArray) -> FloatArray:
    """Return every sample's distance from the mean: ``(sample, place)`` -> the same."""
    moved: FloatArray = logarithms - logarithms.mean(axis=0)
    return moved


def _exp(logarithms: FloatArray) -> FloatArray:
    number: FloatArray = np.exp(np.minimum(logarithms, LARGEST))
    return number
