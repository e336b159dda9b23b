"""The four strengths: naive formulas, unbiasedness, and nothing left over on noise."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from support import references, runs

from interact_cli.interactions.designs.contexts import PairContexts, Stratum
from interact_cli.interactions.designs.pairs import all_pairs
from interact_cli.interactions.estimate import Estimate
from interact_cli.metrics.multi_order import MultiOrder
from interact_cli.metrics.pair_interactions import PairInteractions, Strength
from interact_cli.metrics.player_values import PlayerValues
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.metrics.summaries.strengths import STRENGTHS, Moments


def strength(name, moments):
    return STATISTICS[name].of(moments.absolute, moments.square, moments.unbiased)


def test_moments_and_strengths_by_hand():
    """Two pairs, I = 3 +- 1 and -1 +- 2: E|I| = 2, Q = 5, U = (8 - 3) / 2 = 2.5."""
    estimate = Estimate("x", np.array([3.0, -1.0]), np.array([1.0, 2.0]), np.zeros(2, bool), 8, 3)
    moments = Moments.of(estimate)
    assert strength("mean_abs", moments) == 2.0
    assert strength("rms", moments) == pytest.approx(np.sqrt(5))
    assert strength("rms_corrected", moments) == pytest.approx(np.sqrt(2.5))
    assert strength("mean_abs_corrected", moments) == pytest.approx(2 * np.sqrt(2.5 / 5))


def test_the_correction_is_clipped_after_averaging_only():
    below = Moments(np.array([1.0, 1.0]), np.array([1.0, 9.0]), np.array([-3.0, 8.0]))
    mean = Moments(*(part.mean() for part in (below.absolute, below.square, below.unbiased)))
    assert strength("rms_corrected", mean) == pytest.approx(np.sqrt(2.5))
    assert strength("rms_corrected", Moments(1.0, 1.0, -1.0)) == 0
    assert strength("mean_abs_corrected", Moments(1.0, 1.0, -1.0)) == 0


def test_strengths_of_a_game_without_interaction_are_zero():
    for name in STRENGTHS:
        assert strength(name, Moments(np.zeros(3), np.zeros(3), np.zeros(3))).tolist() == [0, 0, 0]


def test_the_unbiased_second_moment_is_unbiased_and_the_raw_one_is_not():
    """Averaged over many designs of one game, U meets the mean of I^2; Q stays above it by the noise."""
    n, order, contexts, draws = 9, 3, 5, 1500
    values = np.random.default_rng(2).normal(size=2**n)
    exact = references.multi_order(references.set_game(values, n), n)[order]
    pairs = all_pairs(n)[::6]
    truth = np.mean([exact[i, j] ** 2 for i, j in pairs.tolist()])
    evaluate = runs.of_tables(values[None])
    square, unbiased = [], []
    for seed in range(draws):
        strata = (Stratum(contexts, order),)
        design = PairContexts.draw("multi-order", n, pairs, strata, [np.random.default_rng(seed)])
        rows = np.unpackbits(design.asked, axis=-1, count=n, bitorder="little").astype(bool)
        moments = Moments.of(design.estimate(evaluate(0, rows)))
        square.append(moments.square.item())
        unbiased.append(moments.unbiased.item())
    error = np.std(unbiased) / np.sqrt(draws)
    assert abs(np.mean(unbiased) - truth) < 4 * error
    assert np.mean(square) - truth > 20 * error


def test_the_corrected_rms_of_noise_is_consistent_with_zero():
    """The true interaction of middle orders of an i.i.d. game of 40 players is below 1e-4; the raw rms is not."""
    n, n_samples = 40, 24
    results = runs.reduced(MultiOrder(estimator="sampled"), runs.noise(1), runs.questions(n, n_samples, 2000))
    orders = results[0].estimate.orders
    middle = (orders >= 5) & (orders <= n - 7)
    by_sample = np.stack([Moments.of(result.estimate).unbiased for result in results])[:, middle]
    z = by_sample.mean(axis=0) / (by_sample.std(axis=0, ddof=1) / np.sqrt(n_samples))
    assert np.abs(z).max() < 4
    assert (z < 0).any()
    measurement = MultiOrder().aggregate(results, runs.cohort(n, n_samples))
    corrected, raw = measurement.quantity("rms_corrected"), measurement.quantity("rms")
    assert (corrected.low[middle] == 0).mean() > 0.5
    assert (corrected.values[middle] < 0.35 * raw.values[middle]).all()
    assert raw.values[middle].min() > 0.5
    assert (raw.low <= corrected.low).all(), "what is raw is never shown without the noise that it may be"
    assert (corrected.high <= raw.high).all()
    # order 0 has one context: it is exact, and its interaction is sqrt(4) of the N(0, 1) values
    assert corrected.values[0] == pytest.approx(raw.values[0])
    assert raw.values[0] == pytest.approx(2.0, rel=0.25)


@pytest.fixture(scope="module")
def tables():
    return np.random.default_rng(4).normal(size=(22, 16)) * np.linspace(0.5, 2, 22)[:, None]


@pytest.mark.parametrize("index", ["shapley-interaction", "banzhaf-interaction"])
def test_strength_of_pairs_against_a_naive_loop(index, tables):
    n = 4
    measurement = runs.measured(PairInteractions.of(index), runs.of_tables(tables), n, len(tables), 16)
    matrices = [references.DEFINITIONS[index](references.set_game(t, n), n) for t in tables]
    flat = [matrix[i, j] for matrix in matrices for i, j in combinations(range(n), 2)]
    assert measurement.quantity("strength_mean_abs").values == pytest.approx(np.mean(np.abs(flat)))
    assert measurement.quantity("strength_rms").values == pytest.approx(np.sqrt(np.mean(np.square(flat))))
    assert measurement.quantity("strength_rms_corrected").values == pytest.approx(np.sqrt(np.mean(np.square(flat))))
    assert measurement.quantity("pair_mean").values == pytest.approx(
        [np.mean([m[i, j] for m in matrices]) for i, j in combinations(range(n), 2)]
    )
    values = measurement.quantity("values")
    assert values.dims == ("sample", "pair")
    assert values.unit == "logit"
    assert values.exact.all()
    assert (values.standard_errors == 0).all()


def test_excluded_samples_stay_in_the_table_and_out_of_the_summary(tables):
    n, included = 4, np.arange(22) != 3
    metric = PairInteractions.of("shapley-interaction")
    results = runs.reduced(metric, runs.of_tables(tables), runs.questions(n, 22, 16))
    measurement = metric.aggregate(results, runs.cohort(n, 22, included=included))
    matrices = [references.shapley_interaction(references.set_game(t, n), n) for t in tables[included]]
    assert measurement.quantity("strength_mean_abs").values == pytest.approx(np.nanmean(np.abs(matrices)))
    assert measurement.quantity("values").values.shape == (22, 6)


def test_strength_over_the_range_y(tables):
    n = 4
    results = runs.reduced(Strength(), runs.of_tables(tables), runs.questions(n, 22, 16))
    ranges = {"paper": 2.0, "code": 4.0}
    measurement = Strength().aggregate(results, runs.cohort(n, 22, ranges=ranges))
    raw = measurement.quantity("strength_mean_abs")
    for reading, y in ranges.items():
        over = measurement.quantity(f"normalised_mean_abs_{reading}")
        assert over.unit == "1"
        assert over.values == pytest.approx(raw.values / y)
        assert over.standard_errors == pytest.approx(raw.standard_errors / y)
        assert (over.low, over.high) == (pytest.approx(raw.low / y), pytest.approx(raw.high / y))
        assert measurement.quantity(f"Y_{reading}").values == y
    unknown = Strength().aggregate(results, runs.cohort(n, 22, ranges={"paper": 0.0, "code": float("nan")}))
    assert np.isnan(unknown.quantity("normalised_rms_paper").values)
    assert np.isnan(unknown.quantity("normalised_rms_code").values)


def test_the_error_of_y_enters_the_normalised_strength(tables):
    """I / Y with I = a +- s and Y = y +- t: (s / y)^2 + (a t / y^2)^2, by numerical differentiation too."""
    n, y, t = 4, 2.0, 0.5
    results = runs.reduced(Strength(), runs.of_tables(tables), runs.questions(n, 22, 16))
    ranges = {"paper": y, "code": 4.0, "paper_standard_error": t, "code_standard_error": 0.0}
    measurement = Strength().aggregate(results, runs.cohort(n, 22, ranges=ranges))
    raw = measurement.quantity("strength_mean_abs")
    over = measurement.quantity("normalised_mean_abs_paper")
    rng = np.random.default_rng(0)
    drawn = rng.normal(raw.values, raw.standard_errors / 50, 200_000) / rng.normal(y, t / 50, 200_000)
    assert over.standard_errors == pytest.approx(50 * drawn.std(), rel=0.01)
    assert over.values == pytest.approx(raw.values / y)
    assert over.values - over.low == pytest.approx(np.hypot((raw.values - raw.low) / y, 1.96 * raw.values * t / y**2))
    assert over.high - over.values == pytest.approx(np.hypot((raw.high - raw.values) / y, 1.96 * raw.values * t / y**2))
    assert measurement.quantity("Y_paper").standard_errors == t
    certain = measurement.quantity("normalised_mean_abs_code")
    assert certain.standard_errors == pytest.approx(raw.standard_errors / 4)
    named = [quantity.name for quantity in measurement.summary if quantity.name.startswith("Y_")]
    assert named == ["Y_paper", "Y_code"]
    for name in named:
        assert "class-balanced draw of at most 1,000 unmasked samples of the named split" in (
            measurement.quantity(name).meaning
        )
    assert "independent" in over.meaning


def test_an_unknown_error_of_y_is_said_or_stays_unknown(tables):
    results = runs.reduced(Strength(), runs.of_tables(tables), runs.questions(4, 22, 16))
    silent = Strength().aggregate(results, runs.cohort(4, 22, ranges={"paper": 2.0}))
    assert silent.quantity("Y_paper").standard_errors is None
    assert "without the error of Y" in silent.quantity("normalised_rms_paper").meaning
    one_sample = {"paper": 2.0, "paper_standard_error": float("nan")}
    unknown = Strength().aggregate(results, runs.cohort(4, 22, ranges=one_sample)).quantity("normalised_rms_paper")
    assert np.isfinite(unknown.values)
    assert np.isnan([unknown.standard_errors, unknown.low, unknown.high]).all()


@pytest.mark.parametrize("index", ["shapley", "banzhaf"])
def test_player_values_over_samples(index, tables):
    measurement = runs.measured(PlayerValues.of(index), runs.of_tables(tables), 4, 22, 16)
    expected = np.stack([references.DEFINITIONS[index](references.set_game(t, 4), 4) for t in tables])
    np.testing.assert_allclose(measurement.quantity("values").values, expected, atol=1e-12)
    np.testing.assert_allclose(measurement.quantity("mean").values, expected.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(measurement.quantity("mean_abs").values, np.abs(expected).mean(axis=0), atol=1e-12)


def test_the_profile_by_order_against_a_naive_loop(tables):
    n = 4
    measurement = runs.measured(MultiOrder(), runs.of_tables(tables), n, 22, 16)
    orders = np.stack([references.multi_order(references.set_game(t, n), n) for t in tables])
    np.testing.assert_array_equal(measurement.coordinates["order"], [0, 1, 2])
    np.testing.assert_allclose(measurement.quantity("mean").values, np.nanmean(orders, axis=(0, 2, 3)), atol=1e-12)
    np.testing.assert_allclose(
        measurement.quantity("mean_abs").values, np.nanmean(np.abs(orders), axis=(0, 2, 3)), atol=1e-12
    )
    np.testing.assert_allclose(
        measurement.quantity("rms").values, np.sqrt(np.nanmean(orders**2, axis=(0, 2, 3))), atol=1e-12
    )
    i, j = measurement.coordinates["pair_i"], measurement.coordinates["pair_j"]
    np.testing.assert_allclose(
        measurement.quantity("pair_mean_abs").values, np.abs(orders[:, :, i, j]).mean(axis=0), atol=1e-12
    )
