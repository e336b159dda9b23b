"""One-sided bounds, the levels at which they reach a threshold, and Holm's correction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from interact_cli.gates.statistics.holm import holm
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.bounds import Bounds


def bounds_of_mean(values, seed=0, resamples=2000, pivots=None):
    """The bounds of the mean of every column."""
    n = len(values)
    drawn = Resamples.draw(n, seed=seed, resamples=resamples).of(lambda means: means, [values])
    return Bounds.of(values.mean(axis=0), drawn, (values.sum(axis=0) - values) / (n - 1), pivots)


def skewed(n, places=5, seed=0):
    return np.exp(np.random.default_rng(seed).normal(size=(n, places)))


def naive(values, alpha, seed=0, resamples=2000):
    """Lower and upper bound of one mean by the books, in plain Python: percentile, BCa, Student; the outermost."""
    n = len(values)
    counts = Resamples.draw(n, seed=seed, resamples=resamples).counts
    drawn = [sum(value * int(count) for value, count in zip(values, row, strict=True)) / n for row in counts]
    mean = sum(values) / n
    deviations = [value - mean for value in values]
    student = stats.t.ppf(1 - alpha, n - 1)
    error = np.sqrt(sum(d**2 for d in deviations) / (n - 1) / n)
    z = student * np.sqrt(n / (n - 1))
    z0 = stats.norm.ppf(sum(one < mean for one in drawn) / resamples)
    a = sum(d**3 for d in deviations) / (6 * sum(d**2 for d in deviations) ** 1.5)
    ends = []
    for side, outer in ((-1, min), (1, max)):
        moved = z0 + (z0 + side * z) / (1 - a * (z0 + side * z))
        quantiles = np.quantile(drawn, [stats.norm.cdf(side * z), stats.norm.cdf(moved)])
        ends.append(outer(*quantiles, mean + side * student * error))
    return ends


@pytest.mark.parametrize("n", [20, 45])
@pytest.mark.parametrize("alpha", [0.05, 0.004])
def test_the_bound_is_the_outermost_of_three(n, alpha):
    values = skewed(n)
    found = bounds_of_mean(values)
    for place in range(values.shape[1]):
        low, high = naive(values[:, place].tolist(), alpha)
        assert found.low(alpha)[place] == pytest.approx(low, rel=1e-9)
        assert found.high(alpha)[place] == pytest.approx(high, rel=1e-9)


@pytest.mark.parametrize("alpha", [0.05, 0.004])
def test_what_a_law_says_is_the_fourth(alpha):
    """One place whose law is narrow, one wide below, one wide above, one of which no law is known."""
    values = skewed(30, 4)
    widths = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0], [np.nan, np.nan]])
    drawn = np.linspace(-1, 1, 1001)[:, None]
    pivots = values.mean(axis=0) + np.where(drawn < 0, widths[:, 0], widths[:, 1]) * drawn
    three, four = bounds_of_mean(values), bounds_of_mean(values, pivots=np.random.default_rng(0).permutation(pivots))
    low, high = three.low(alpha), three.high(alpha)
    low[1], high[2] = np.quantile(pivots[:, 1], alpha), np.quantile(pivots[:, 2], 1 - alpha)
    assert low[1] < three.low(alpha)[1] - 0.1
    assert high[2] > three.high(alpha)[2] + 0.1
    np.testing.assert_allclose(four.low(alpha), low)
    np.testing.assert_allclose(four.high(alpha), high)
    np.testing.assert_allclose(four.p_above(low), alpha, rtol=1e-5)
    np.testing.assert_allclose(four.p_below(high), alpha, rtol=1e-5)


def test_each_of_the_three_is_the_outermost_somewhere():
    """Left out one by one, each of them moves a bound; so none is dead weight."""
    found = bounds_of_mean(skewed(30, 40))
    z = -stats.t.ppf(0.95, 29) * np.sqrt(30 / 29)
    percentile = np.quantile(found.ordered, stats.norm.cdf([z, -z]), axis=-1)
    student = found.student(0.05)
    low, high = found.low(0.05), found.high(0.05)
    assert (low == student[0]).any()
    assert ((high > student[1]) & (high > percentile[1] + 1e-9)).any()
    skewed_left = bounds_of_mean(np.random.default_rng(1).normal(size=(30, 40)))
    assert np.isclose(skewed_left.low(0.05), np.quantile(skewed_left.ordered, stats.norm.cdf(z), axis=-1)).any()


@given(st.integers(0, 1000), st.floats(0.01, 0.4), st.booleans())
@settings(max_examples=40)
def test_the_level_of_a_threshold_is_the_inverse_of_the_bound(seed, alpha, mirrored):
    found = bounds_of_mean(skewed(25, 3, seed) * (-1 if mirrored else 1))
    np.testing.assert_allclose(found.p_above(found.low(alpha)), alpha, rtol=1e-5)
    np.testing.assert_allclose(found.p_below(found.high(alpha)), alpha, rtol=1e-5)


@pytest.mark.parametrize("seed", range(20))
def test_equal_resamples_never_put_a_bound_beyond_a_threshold_that_it_is_at(seed):
    """Means of -1, 0 and 1 have ties: "beyond" by the level and by the bound are the same, strict."""
    values = np.random.default_rng(seed).integers(-1, 2, size=(20, 30)).astype(float)
    found = bounds_of_mean(values, resamples=200)
    at = 0
    for alpha in (0.2, 0.05, 0.01):
        for steps in range(-9, 10):
            limit = np.full(30, steps / 20)
            np.testing.assert_array_equal(found.p_above(limit) < alpha, found.low(alpha) > limit)
            np.testing.assert_array_equal(found.p_below(limit) < alpha, found.high(alpha) < limit)
            at += (found.low(alpha) == limit).sum()
    assert at > 20


def test_numbers_below_zero_have_the_mirrored_bounds():
    """Also where many resamples equal the value itself."""
    values = np.random.default_rng(0).integers(-1, 2, size=(20, 30)).astype(float)
    found, mirrored = bounds_of_mean(values), bounds_of_mean(-values)
    np.testing.assert_allclose(found.low(0.05), -mirrored.high(0.05), atol=1e-12)
    np.testing.assert_allclose(found.high(0.05), -mirrored.low(0.05), atol=1e-12)
    np.testing.assert_allclose(found.shift, -mirrored.shift, atol=1e-12)


def test_a_bound_at_a_smaller_level_lies_further_out():
    found = bounds_of_mean(skewed(20, 50))
    levels = [0.45, 0.2, 0.05, 0.01, 1e-3, 1e-5, 1e-9]
    low, high = np.array([found.low(alpha) for alpha in levels]), np.array([found.high(alpha) for alpha in levels])
    assert (np.diff(low, axis=0) < 0).all()
    assert (np.diff(high, axis=0) > 0).all()
    assert (low <= found.value).all()
    assert (found.value <= high).all()


def test_beyond_all_resamples_student_goes_on():
    found = bounds_of_mean(skewed(30, 4))
    low = found.low(1e-8)
    assert (low < found.ordered[:, 0]).all()
    np.testing.assert_allclose(low, found.student(1e-8)[0])
    np.testing.assert_allclose(found.p_above(low), 1e-8, rtol=1e-5)


@pytest.mark.parametrize(("threshold", "p"), [(2.9, 0), (3.1, 1)])
def test_without_spread_the_number_decides(threshold, p):
    found = bounds_of_mean(np.full((20, 1), 3.0))
    assert found.low(0.05) == found.high(0.05) == 3
    assert found.p_above(np.array([threshold]))[0] == pytest.approx(p, abs=1e-12)
    assert found.p_below(np.array([threshold]))[0] == pytest.approx(1 - p, abs=1e-12)


@pytest.mark.parametrize("planted", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_seen(planted):
    values = skewed(20, 3)
    values[7, 1] = planted
    with np.errstate(invalid="ignore"):
        assert bounds_of_mean(values).finite.tolist() == [True, False, True]


def holm_by_hand(p_values, alpha):
    """Which hypotheses Holm's procedure rejects, step by step."""
    rejected = set()
    for step, place in enumerate(sorted(range(len(p_values)), key=lambda one: p_values[one])):
        if not p_values[place] < alpha / (len(p_values) - step):
            break
        rejected.add(place)
    return rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.4))
@example([0.01, 0.04, 0.03], 0.05)
def test_holm_rejects_what_the_steps_reject(p_values, alpha):
    adjusted = holm(np.array(p_values))
    if np.abs(adjusted - alpha).min() > 1e-12:
        assert set(np.flatnonzero(adjusted < alpha)) == holm_by_hand(p_values, alpha)
    assert (adjusted >= p_values).all()


def test_a_place_that_cannot_be_told_counts_as_one():
    adjusted = holm(np.array([0.01, np.nan, 0.04]))
    np.testing.assert_allclose(adjusted, [0.03, np.nan, 0.08])
