"""Intervals of strengths and of J, from second derivations, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from interact_cli.metrics.summaries.bounds import Bounds
from interact_cli.metrics.summaries.intervals import interval_of
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.metrics.summaries.statistics import tail_of_interval


def cohort(n, spread=0.5, places=3, seed=0):
    """Moments of samples: absolute, square, unbiased, ``(sample, place)`` each."""
    rng = np.random.default_rng(seed)
    size = np.exp(spread * rng.normal(size=(n, 1)) + 0.2 * rng.normal(size=(n, places)))
    square = size**2 * 1.6
    return [size, square, square * 0.8]


def found(name, parts, seed=0):
    n, known = len(parts[0]), STATISTICS[name]
    value = known.of(*[part.mean(axis=0) for part in parts])
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=2000) / n
    replicates = known.of(*[weights @ part for part in parts])
    tail = tail_of_interval(n)
    percentile = np.quantile(replicates, [tail, 1 - tail], axis=0)
    return interval_of(known, parts, value, replicates, percentile), percentile, value, replicates


def left_out(name, parts):
    n = len(parts[0])
    return np.array(
        [STATISTICS[name].of(*[np.delete(part, k, axis=0).mean(axis=0) for part in parts]) for k in range(n)]
    )


def by_logarithm(name, parts, value):
    n = len(parts[0])
    logarithms = np.log(left_out(name, parts))
    error = np.sqrt((n - 1) / n * ((logarithms - logarithms.mean(axis=0)) ** 2).sum(axis=0))
    half = stats.t.ppf(0.975, n - 1) * error
    return value * np.exp(-half), value * np.exp(half)


def by_pivots(numbers, power, draws=200_000):
    """Krishnamoorthy & Mathew: mean and variance of the logarithms as their fiducial draws."""
    n, rng = len(numbers), np.random.default_rng(9)
    logarithms = np.log(numbers)
    variance = (n - 1) * logarithms.var(ddof=1) / rng.chisquare(n - 1, draws)
    mean = logarithms.mean() + rng.normal(size=draws) * np.sqrt(variance / n)
    return np.exp(power * np.quantile(mean + variance / 2, [0.025, 0.975]))


@pytest.mark.parametrize(("name", "part", "power"), [("mean_abs", 0, 1), ("rms", 1, 0.5), ("rms_corrected", 2, 0.5)])
@pytest.mark.parametrize("n", [20, 50])
def test_a_strength_has_the_outermost_of_two(name, part, power, n):
    parts = cohort(n)
    (low, high), _, value, _ = found(name, parts)
    logarithm = by_logarithm(name, parts, value)
    pivots = np.array([by_pivots(column, power) for column in parts[part].T]).T
    np.testing.assert_allclose(low, np.minimum(logarithm[0], pivots[0]), rtol=0.02)
    np.testing.assert_allclose(high, np.maximum(logarithm[1], pivots[1]), rtol=0.03)


def test_each_of_the_two_may_be_the_outer_one_on_either_side():
    """Six samples of a tenth: the logarithms spread far, the mean hardly moves."""
    sizes = np.ones((20, 1)) + 0.01 * np.arange(20)[:, None]
    sizes[:6] = 0.1
    parts = [sizes, sizes**2, sizes**2]
    (low, high), _, value, _ = found("mean_abs", parts)
    logarithm, pivots = by_logarithm("mean_abs", parts, value), by_pivots(sizes[:, 0], 1)
    assert pivots[0] < 0.99 * logarithm[0]
    np.testing.assert_allclose([low[0], high[0]], pivots, rtol=0.03)


def test_a_strength_of_several_parts_has_that_of_its_logarithm():
    parts = cohort(30)
    (low, high), _, value, _ = found("mean_abs_corrected", parts)
    expected = by_logarithm("mean_abs_corrected", parts, value)
    np.testing.assert_allclose([low, high], expected)


def test_samples_that_are_far_apart_are_not_taken_for_log_normal():
    parts = cohort(30)
    parts[1][0] = 1e-9
    (low, high), _, value, _ = found("rms", parts)
    np.testing.assert_allclose([low, high], by_logarithm("rms", parts, value))


def test_nor_are_few_that_lie_far_below_the_others():
    """One of a tenth hardly moves the mean; the law would stretch the interval above by a third for it."""
    parts = [1 + 0.01 * np.arange(20.0)[:, None]] * 3
    parts[0][0] = 0.1
    (low, high), _, value, _ = found("mean_abs", parts)
    np.testing.assert_allclose([low, high], by_logarithm("mean_abs", parts, value))
    assert by_pivots(parts[0][:, 0], 1)[1] > 1.3 * high[0]


def test_a_corrected_strength_that_may_be_zero_keeps_its_percentiles():
    rng = np.random.default_rng(0)
    parts = [np.ones((20, 1)), np.ones((20, 1)), rng.normal(size=(20, 1)) + 0.05]
    parts[2] -= parts[2].mean() - 0.01
    (low, high), percentile, _, _ = found("rms_corrected", parts)
    np.testing.assert_array_equal([low, high], percentile)
    assert low[0] == 0


@pytest.mark.parametrize("name", ["J_mean_abs", "J_rms_corrected"])
def test_j_has_the_gates_interval(name):
    parts = cohort(25, places=5)
    (low, high), _, value, replicates = found(name, parts)
    bounds = Bounds.of(value, replicates, left_out(name, parts))
    np.testing.assert_allclose([low, high], [bounds.low(0.025), bounds.high(0.025)])


def test_a_mean_of_signed_values_has_its_percentiles():
    parts = [np.random.default_rng(0).normal(size=(20, 4))]
    (low, high), percentile, _, _ = found("mean", parts)
    np.testing.assert_array_equal([low, high], percentile)


@pytest.mark.parametrize(("n", "spread"), [(20, 0.3), (20, 0.7), (50, 0.7)])
def test_intervals_of_strengths_hold_the_truth(n, spread):
    """Mean size ``exp(spread^2 / 2)``; 600 cohorts have a standard error of .9 %."""
    truth = np.exp((spread**2 + 0.2**2) / 2)
    held = [
        low[0] <= truth <= high[0]
        for (low, high), *_ in (found("mean_abs", cohort(n, spread, 1, seed), seed) for seed in range(600))
    ]
    assert 0.93 <= np.mean(held) <= 0.99
