"""R over samples and its interval, from second derivations, and how often the interval holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.metrics.summaries.root_ratio import RootRatio, shown_above_zero


def samples(n, seed=0, spread=0.5):
    rng = np.random.default_rng(seed)
    whole = np.exp(spread * rng.normal(size=n))
    return 0.5 * whole * np.exp(0.3 * rng.normal(size=n)), whole


def by_fieller(part, whole):
    """Every ratio that a t test of ``a - ratio b`` does not refuse, found on a fine grid."""
    grid = np.linspace(1e-4, 5, 200_001)
    n, limit = len(part), stats.t.ppf(0.975, len(part) - 1)
    (a, c), (_, b) = np.cov(part, whole) / n
    kept = grid[(part.mean() - grid * whole.mean()) ** 2 <= limit**2 * (a - 2 * grid * c + grid**2 * b)]
    return np.sqrt(kept.min()), np.sqrt(kept.max())


def by_logarithm(part, whole):
    n = len(part)
    left_out = np.array(
        [np.log(np.sqrt(np.delete(part, k).mean() / np.delete(whole, k).mean())) for k in range(n)],
    )
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    centre = np.log(np.sqrt(part.mean() / whole.mean()))
    half = stats.t.ppf(0.975, n - 1) * error
    return np.exp(centre - half), np.exp(centre + half)


@pytest.mark.parametrize(("n", "spread"), [(20, 0.3), (20, 1.0), (50, 0.7)])
def test_the_interval_is_the_outermost_of_fieller_and_the_logarithm(n, spread):
    part, whole = samples(n, spread=spread)
    found = RootRatio.of(part, whole)
    fieller, logarithm = by_fieller(part, whole), by_logarithm(part, whole)
    assert found.value == pytest.approx(np.sqrt(part.mean() / whole.mean()))
    assert found.low == pytest.approx(min(fieller[0], logarithm[0]), rel=1e-4)
    assert found.high == pytest.approx(max(fieller[1], logarithm[1]), rel=1e-4)


def test_the_standard_error_is_the_jackknifes():
    part, whole = samples(12)
    left_out = [np.sqrt(np.delete(part, k).mean() / np.delete(whole, k).mean()) for k in range(12)]
    expected = np.sqrt(11 * np.var(left_out))
    assert RootRatio.of(part, whole).standard_error == pytest.approx(expected)


def test_a_middle_below_zero_is_clipped_after_averaging():
    whole = np.ones(20) + 0.1 * np.arange(20)
    part = np.linspace(-1, 0.9, 20)
    found = RootRatio.of(part, whole)
    assert (found.value, found.low) == (0, 0)
    assert 0 < found.high < 1


@pytest.mark.parametrize("whole", [np.zeros(20), -np.ones(20), np.full(20, np.nan)])
def test_without_ends_there_is_no_ratio(whole):
    found = RootRatio.of(np.ones(20), whole)
    assert np.isnan(found.value)
    assert (found.low, found.high) == (0, np.inf)


def test_ends_that_may_be_zero_leave_the_interval_open():
    whole = np.random.default_rng(0).normal(size=20) + 0.1
    assert RootRatio.of(np.ones(20), whole + 0.05 - whole.mean()).high == np.inf


@pytest.mark.parametrize("n", [0, 1])
def test_one_sample_has_a_ratio_without_an_interval(n):
    found = RootRatio.of(np.ones(n), np.full(n, 4.0))
    assert (found.low, found.high) == (0, np.inf)
    assert np.isnan(found.standard_error)
    assert not shown_above_zero(np.ones(n))


@pytest.mark.parametrize("n", [2, 20])
def test_shown_above_zero_is_a_one_sided_t_test(n):
    for seed in range(50):
        numbers = np.random.default_rng(seed).normal(0.5, 1, n)
        expected = stats.ttest_1samp(numbers, 0, alternative="greater").pvalue < 0.025
        assert shown_above_zero(numbers) == expected


@pytest.mark.parametrize(("n", "spread"), [(20, 0.5), (20, 1.0), (50, 1.5)])
def test_intervals_hold_the_ratio(n, spread):
    """2,000 cohorts of log-normal samples, R = .71: half a percent is a standard error."""
    rng = np.random.default_rng(n)
    held = 0
    for _ in range(2000):
        whole = np.exp(spread * rng.normal(size=n))
        part = 0.5 * whole * np.exp(0.5 * rng.normal(size=n) - 0.125)
        found = RootRatio.of(part, whole)
        held += found.low <= np.sqrt(0.5) <= found.high
    assert 0.92 <= held / 2000 <= 0.985


def test_a_report_can_compute_it_again():
    part, whole = samples(20)
    found = STATISTICS["root_ratio"].of(part.mean(keepdims=True), whole.mean(keepdims=True))
    assert found[0] == pytest.approx(RootRatio.of(part, whole).value)
    assert np.isnan(STATISTICS["root_ratio"].of(np.ones(1), np.zeros(1))[0])
    assert STATISTICS["root_ratio"].of(np.array([-1.0]), np.ones(1))[0] == 0
