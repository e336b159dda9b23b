"""What the means of log-normal numbers may be, against draws of the posterior that the pivots are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from interact_cli.metrics.summaries import log_normal

SHARES = [0.01, 0.05, 0.5, 0.95, 0.99]


def versions(n, spread, moved, seed=0):
    rng = np.random.default_rng(seed)
    first = spread * rng.normal(size=n)
    return np.exp(first), np.exp(first + moved * rng.normal(size=n) + 0.1)


def by_inverse_wishart(before, after, draws=200_000):
    """Sigma by inverse Wishart of n - 1 degrees around the sums of squares, mu by a normal around the mean."""
    logarithms = np.log([before, after])
    n = logarithms.shape[1]
    sums = (n - 1) * np.cov(logarithms)
    covariances = stats.invwishart(n - 1, sums).rvs(draws, random_state=1)
    roots = np.linalg.cholesky(covariances)
    noise = np.random.default_rng(2).normal(size=(draws, 2, 1))
    mean = logarithms.mean(axis=1) + (roots @ noise)[..., 0] / np.sqrt(n)
    return np.exp(mean + covariances[:, [0, 1], [0, 1]] / 2).T


@pytest.mark.parametrize(("n", "spread", "moved"), [(20, 0.5, 0.1), (20, 1.0, 0.5), (50, 0.75, 0.15), (20, 0.02, 0.4)])
def test_two_means_are_drawn_together(n, spread, moved):
    before, after = versions(n, spread, moved)
    found = log_normal.pairs_of_means(before[:, None], after[:, None])
    expected = by_inverse_wishart(before, after)
    for of in (lambda first, second: second / first, lambda first, second: second - first):
        quantiles = np.quantile(of(*expected), SHARES)
        width = quantiles[-1] - quantiles[0]
        np.testing.assert_allclose(np.quantile(of(*found), SHARES), quantiles, atol=0.03 * width)


def test_a_mean_is_drawn_by_its_own_variance_alone():
    numbers = versions(30, 0.8, 0.1)[0]
    logarithms, rng = np.log(numbers), np.random.default_rng(3)
    variance = 29 * logarithms.var(ddof=1) / rng.chisquare(29, 200_000)
    expected = np.exp(rng.normal(logarithms.mean(), np.sqrt(variance / 30)) + variance / 2)
    quantiles = np.quantile(log_normal.means(numbers[:, None])[:, 0], SHARES)
    np.testing.assert_allclose(quantiles, np.quantile(expected, SHARES), rtol=0.02)


def test_what_both_share_cancels():
    """Every sample is 7 % larger: so is the mean, whatever it may be."""
    before = versions(25, 0.7, 0.1)[0][:, None]
    first, second = log_normal.pairs_of_means(before, 1.07 * before)
    assert np.quantile(first, 0.99) > 1.3 * np.quantile(first, 0.01)
    np.testing.assert_allclose(second / first, 1.07, rtol=1e-12)


def test_the_same_draws_speak_of_either_order():
    before, after = (
        np.stack(side, axis=-1) for side in zip(versions(25, 0.7, 0.3), versions(25, 0.1, 0.5), strict=True)
    )
    there, back = log_normal.pairs_of_means(before, after), log_normal.pairs_of_means(after, before)
    np.testing.assert_array_equal(there, back[::-1])


@pytest.mark.parametrize("planted", [0.0, -1.0, np.nan, np.inf, 1e-4])
def test_other_numbers_have_no_law(planted):
    """Not above 0, not finite, a thousand times smaller; the place beside keeps its law."""
    before, after = (np.stack([side, side], axis=-1) for side in versions(25, 0.3, 0.1))
    for spoiled in (before, after):
        kept = spoiled[3, 0]
        spoiled[3, 0] = planted
        for found in log_normal.pairs_of_means(before, after):
            assert np.isfinite(found).all(axis=0).tolist() == [False, True]
        assert np.isnan(log_normal.means(spoiled)).all(axis=0).tolist() == [True, False]
        spoiled[3, 0] = kept


def test_equal_numbers_are_certain():
    found = log_normal.pairs_of_means(np.full((20, 1), 3.0), np.full((20, 1), 4.0))
    np.testing.assert_allclose(found, np.broadcast_to([[[3.0]], [[4.0]]], (2, log_normal.PIVOTS, 1)))
