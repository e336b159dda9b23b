"""Resamples of the paired samples, and how far out a bound lies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from interact_cli.errors import ShapeError
from interact_cli.gates.statistics import resampling
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.bounds import distance, level
from interact_cli.metrics.summaries.statistics import tail_of_interval


def test_a_resample_draws_as_many_samples_as_there_are():
    drawn = Resamples.draw(50, seed=0, resamples=3000)
    assert drawn.counts.shape == (3000, 50)
    assert (drawn.counts.sum(axis=1) == 50).all()


def test_every_sample_is_drawn_alike():
    """Counts are multinomial: mean 1, variance 1 - 1 / n, covariance -1 / n; within 5 standard errors."""
    n, rows = 8, 40_000
    counts = Resamples.draw(n, seed=3, resamples=rows).counts.astype(float)
    covariance = np.cov(counts.T)
    np.testing.assert_allclose(counts.mean(axis=0), 1, atol=5 / np.sqrt(rows))
    np.testing.assert_allclose(covariance, np.eye(n) - 1 / n, atol=10 / np.sqrt(rows))


def test_the_draw_is_a_function_of_the_seed_and_the_number_of_samples():
    one = Resamples.draw(30, seed=1, resamples=500).counts
    np.testing.assert_array_equal(one, Resamples.draw(30, seed=1, resamples=500).counts)
    np.testing.assert_array_equal(one[:200], Resamples.draw(30, seed=1, resamples=200).counts)
    assert (one != Resamples.draw(30, seed=2, resamples=500).counts).any()
    assert (one != Resamples.draw(31, seed=1, resamples=500).counts[:, :30]).any()


@pytest.mark.parametrize("n", [3, 300])
def test_how_many_are_drawn_at_a_time_changes_nothing(n, monkeypatch):
    whole = Resamples.draw(n, seed=5, resamples=400)
    values = np.random.default_rng(0).random((n, 4))
    found = whole.of(lambda means: means, [values])
    monkeypatch.setattr(resampling, "AT_ONCE", 7 * n)
    np.testing.assert_array_equal(Resamples.draw(n, seed=5, resamples=400).counts, whole.counts)
    np.testing.assert_allclose(whole.of(lambda means: means, [values]), found, rtol=1e-14)


def test_few_bytes_hold_the_counts():
    assert Resamples.draw(50, seed=0, resamples=10_000).counts.nbytes == 500_000


@pytest.mark.parametrize("shape", [(2,), (2, 3)])
def test_a_statistic_is_evaluated_on_lists_of_drawn_samples(shape):
    rng = np.random.default_rng(1)
    above, below = rng.random((12, *shape)), 1 + rng.random((12, *shape))
    drawn = Resamples.draw(12, seed=4, resamples=30)
    found = drawn.of(lambda a, b: a / b.sum(axis=-1, keepdims=True), [above, below])
    for row, counts in enumerate(drawn.counts):
        samples = [sample for sample, count in enumerate(counts) for _ in range(count)]
        first = sum(above[sample] for sample in samples) / 12
        second = sum(below[sample] for sample in samples) / 12
        np.testing.assert_allclose(found[row], (first / second.sum(axis=-1, keepdims=True)).ravel(), rtol=1e-12)


def test_other_samples_than_were_drawn_are_refused():
    with pytest.raises(ShapeError, match="the 12 resampled samples, got 11"):
        Resamples.draw(12, seed=0, resamples=5).of(lambda means: means, [np.zeros((11, 1))])


def test_no_samples_draw_nothing():
    assert Resamples.draw(0, seed=0, resamples=5).counts.shape == (5, 0)


@pytest.mark.parametrize("n", [20, 50, 1000])
@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.05 / 13, 1e-6])
def test_the_interval_of_a_mean_is_as_wide_as_students(n, alpha):
    expected = stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(1 - alpha, n - 1))
    assert stats.norm.cdf(-distance(n, alpha)) == pytest.approx(expected, rel=1e-9)
    assert level(n, stats.norm.ppf(expected)) == pytest.approx(alpha, rel=1e-6)


@pytest.mark.parametrize("n", [20, 33, 100])
def test_a_report_and_a_gate_go_equally_far(n):
    assert stats.norm.cdf(-distance(n, 0.025)) == pytest.approx(tail_of_interval(n), rel=2e-4)
