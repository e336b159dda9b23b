"""Resampling samples: standard errors and intervals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support.runs import cohort

from interact_cli.errors import UnknownNameError
from interact_cli.metrics.summaries.statistics import Resampler, tail_of_interval
from interact_cli.results import Quantity


def data(n, *shape, seed=0):
    return np.random.default_rng(seed).normal(3.0, 2.0, size=(n, *shape))


def part(values, name="x"):
    return Quantity(name, ("sample", *"abc"[: values.ndim - 1]), values, "1", "a part")


@pytest.mark.parametrize("n", [30, 100])
def test_the_standard_error_of_a_mean_is_the_analytic_one(n):
    values = data(n, 4)
    summary = Resampler.over(cohort(2, n), "x").summarise("mean", part(values))
    np.testing.assert_allclose(summary.value, values.mean(axis=0))
    analytic = values.std(axis=0, ddof=1) / np.sqrt(n)
    np.testing.assert_allclose(summary.standard_error, analytic, rtol=0.07)


def test_the_interval_of_a_mean_is_the_normal_one_for_many_samples():
    values = data(200)
    summary = Resampler.over(cohort(2, 200), "x").summarise("mean", part(values))
    half = 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert summary.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert summary.high == pytest.approx(values.mean() + half, abs=0.15 * half)


@pytest.mark.parametrize("n", [20, 60])
def test_the_interval_of_a_mean_covers_the_truth_as_often_as_it_says(n):
    """4,000 cohorts, one per column: 95 % within 3 standard deviations. The plain percentile interval has 92 %."""
    summary = Resampler.over(cohort(2, n), "x").summarise("mean", part(data(n, 4000)))
    covered = ((summary.low <= 3.0) & (summary.high >= 3.0)).mean()
    assert covered == pytest.approx(0.95, abs=0.0104)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_the_standard_error_of_few_samples_is_not_too_small(n):
    """The mean of its square is the variance of a mean, 4 / n; the plain bootstrap has (n - 1) / n of that."""
    summary = Resampler.over(cohort(2, n), "x").summarise("mean", part(data(n, 20000)))
    spread = np.sqrt(2 / (n - 1) / 20000)
    assert (summary.standard_error**2).mean() * n / 4 == pytest.approx(1, abs=0.03 + 3 * spread)


def test_the_interval_is_as_wide_as_students():
    for n in (20, 33, 100, 1000):
        expected = stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
        assert tail_of_interval(n) == pytest.approx(expected, rel=2e-4)


def test_the_interval_of_a_strength_stays_above_zero():
    """It is made of resamples, so it never leaves the range of the statistic."""
    values = np.abs(data(20)) * (np.arange(20) == 0)
    summary = Resampler.over(cohort(2, 20), "x").summarise("mean", part(values))
    assert summary.low == 0 < summary.high


@pytest.mark.parametrize(("n", "expected"), [(1, False), (2, False), (19, False), (20, True)])
def test_intervals_need_twenty_samples(n, expected):
    summary = Resampler.over(cohort(2, n), "x").summarise("mean", part(data(n, 3)))
    assert (summary.low is not None) == (summary.high is not None) == expected
    assert np.isnan(summary.standard_error).all() == (n == 1)


def test_an_illustration_has_no_interval():
    summary = Resampler.over(cohort(2, 50, intervals=False), "x").summarise("mean", part(data(50)))
    assert summary.low is summary.high is None


def test_excluded_samples_change_nothing():
    values, included = data(40), np.arange(40) % 2 == 0
    left_out = Resampler.over(cohort(2, 40, included=included), "x").summarise("mean", part(values))
    alone = Resampler.over(cohort(2, 20), "x").summarise("mean", part(values[included]))
    assert left_out.value == alone.value == pytest.approx(values[::2].mean())
    assert left_out.standard_error == alone.standard_error
    values[~included] = np.nan
    again = Resampler.over(cohort(2, 40, included=included), "x").summarise("mean", part(values))
    assert (again.value, again.low, again.high) == (left_out.value, left_out.low, left_out.high)
    nineteen = included.copy()
    nineteen[0] = False
    assert Resampler.over(cohort(2, 40, included=nineteen), "x").summarise("mean", part(values)).low is None


def test_a_ratio_keeps_the_dependence_of_its_parts():
    """The standard error of a / b with b = 2a is 0, however a varies."""
    values = np.abs(data(30)) + 1
    resampler = Resampler.over(cohort(2, 30), "x")
    summary = resampler.summarise(lambda a, b: a / b, part(values), part(2 * values))
    assert summary.value == pytest.approx(0.5)
    assert summary.standard_error == pytest.approx(0, abs=1e-12)


def test_resamples_depend_on_the_seed_and_the_metric():
    values = data(25)

    def error(seed, purpose):
        return float(Resampler.over(cohort(2, 25, seed=seed), purpose).summarise("mean", part(values)).standard_error)

    assert error(0, "a") == error(0, "a")
    assert len({error(0, "a"), error(1, "a"), error(0, "b")}) == 3


def test_a_summary_says_what_it_is_of():
    values, more = part(np.abs(data(22, 3)), "values"), part(np.abs(data(22, 3, seed=1)), "more")
    resampler = Resampler.over(cohort(2, 22), "x")
    held = resampler.summarise("share", values, more).quantity("share_of_values", "a share")
    assert (held.statistic, held.parts) == ("share", ("values", "more"))
    other = resampler.summarise(lambda a, b: a / b, values, more).quantity("ratio", "a ratio")
    assert (other.statistic, other.parts) == ("", ())
    with pytest.raises(UnknownNameError, match=r"Unknown statistic 'shar'.*share"):
        resampler.summarise("shar", values)


def test_a_magnitude_is_taken_before_the_mean():
    summary = Resampler.over(cohort(2, 2), "x").summarise("mean_magnitude", part(np.array([-3.0, 1.0])))
    assert summary.value == 2


def test_integers_are_averaged_as_numbers():
    summary = Resampler.over(cohort(2, 30), "x").summarise("mean", part(np.arange(30)))
    assert summary.value == 14.5


@pytest.mark.parametrize("where", [0, 1])
def test_a_number_that_its_parts_cannot_give_again_names_no_statistic(where):
    """mean_abs needs no `unbiased`, but its corrected twin does; a number that is none itself is none again."""
    included = np.array([True, False, True])
    absolute, unbiased = np.ones((3, 2)), np.ones((3, 2))
    unbiased[where] = np.nan
    parts = [part(absolute, "absolute"), part(absolute, "square"), part(unbiased, "unbiased")]
    resampler = Resampler.over(cohort(2, 3, included=included), "x")
    raw, corrected = (resampler.summarise(name, *parts).quantity("x", "x") for name in ("rms", "rms_corrected"))
    assert raw.statistic == ("rms" if not included[where] else "")
    assert (corrected.statistic, corrected.parts) == ("rms_corrected", ("absolute", "square", "unbiased"))


@pytest.mark.parametrize(("raw", "twin"), [("rms", "rms_corrected"), ("J_mean_abs", "J_mean_abs_corrected")])
def test_the_interval_of_a_raw_number_covers_that_of_its_twin_without_noise(raw, twin):
    """Half of every square is noise: the twin lies far below, and the raw interval ends where the outer one does."""
    rng = np.random.default_rng(2)
    size = np.exp(0.5 * rng.normal(size=(30, 4)))
    moments = [size, size**2 * 2, size**2 * (1 + 0.5 * np.arange(4))]
    parts = [part(array, name) for array, name in zip(moments, ("absolute", "square", "unbiased"), strict=True)]
    resampler = Resampler.over(cohort(2, 30), "x")
    covering, corrected = (resampler.summarise(name, *parts) for name in (raw, twin))
    assert (covering.low <= np.minimum(corrected.low, covering.value)).all()
    assert (covering.high >= np.maximum(corrected.high, covering.value)).all()
    assert (covering.low == corrected.low).any()
    assert (covering.high > 1.05 * corrected.high).any()


@pytest.mark.parametrize("statistic", ["mean", "share"])
def test_the_referee_scipys_bootstrap_gives_the_same_ends(statistic):
    """scipy resamples by itself; its percentiles as far out as ours are the ends of our interval, but for chance."""
    n, rng = 40, np.random.default_rng(5)
    values = rng.gamma(2.0, size=(n, 3))
    ours = Resampler.over(cohort(2, n), "x").summarise(statistic, part(values, "values"))

    def of_samples(rows):
        means = values[rows].mean(axis=0)
        return means / means.sum() if statistic == "share" else means

    referee = stats.bootstrap(
        (np.arange(n),), lambda rows, axis: np.stack([of_samples(one) for one in np.atleast_2d(rows)]).T,
        confidence_level=1 - 2 * tail_of_interval(n), n_resamples=4000, method="percentile",
        rng=np.random.default_rng(6), axis=-1,
    )  # fmt: skip
    spread = referee.standard_error.reshape(-1)
    np.testing.assert_allclose(ours.low, referee.confidence_interval.low.reshape(-1), atol=0.3 * spread.max())
    np.testing.assert_allclose(ours.high, referee.confidence_interval.high.reshape(-1), atol=0.3 * spread.max())
    np.testing.assert_allclose(ours.standard_error, spread * np.sqrt(n / (n - 1)), rtol=0.07)
