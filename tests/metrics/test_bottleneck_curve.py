"""J^(m): its formula, its null, its instability and its verdicts."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from math import comb

import numpy as np
import pytest
from support import references, runs

from interact_cli.interfaces import Cohort, Question
from interact_cli.metrics.bottleneck import Bottleneck
from interact_cli.metrics.published import published_orders
from interact_cli.metrics.summaries.bands import Bands, without_structure
from interact_cli.metrics.summaries.root_ratio import RootRatio
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.verdict import Squares, judge

SAID = {"weaker", "stronger", "no difference shown"}
SAMPLED = Bottleneck(estimator="sampled")


def verdicts(measurement):
    """What is judged; the other sentences tell numbers."""
    return [finding for finding in measurement.findings if finding.word]


def words(measurement):
    return [finding.word for finding in verdicts(measurement)]


# --- the curve --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exact():
    n, n_samples = 6, 21
    tables = np.random.default_rng(0).normal(size=(n_samples, 2**n)) * np.linspace(0.3, 3, n_samples)[:, None]
    measurement = runs.measured(Bottleneck(), runs.of_tables(tables), n, n_samples, 2**n)
    orders = np.stack([references.multi_order(references.set_game(table, n), n) for table in tables])
    return measurement, orders


def test_j_is_the_mean_magnitude_over_its_mean_over_orders(exact):
    """Contexts first, then the magnitude, then pairs, then samples, then the orders."""
    measurement, orders = exact
    magnitude = np.nanmean(np.abs(orders), axis=(0, 2, 3))
    np.testing.assert_allclose(measurement.quantity("J_mean_abs").values, magnitude / magnitude.mean(), rtol=1e-10)
    rms = np.sqrt(np.nanmean(orders**2, axis=(0, 2, 3)))
    for name in ("rms", "rms_corrected"):
        np.testing.assert_allclose(measurement.quantity(f"J_{name}").values, rms / rms.mean(), rtol=1e-10)
    assert measurement.quantity("J_mean_abs").values.mean() == pytest.approx(1)


def test_exact_tables_are_stable(exact):
    measurement, _ = exact
    assert measurement.quantity("split_half_instability").values == 0


def test_enumerated_orders_are_stable():
    """Eight columns under the published plan: every order has at most 100 contexts, so nothing is drawn."""
    measurement = runs.measured(Bottleneck(), runs.noise(0), 8, 3, 4000, protocol="deng2022")
    assert measurement.quantity("values").exact.all()
    assert measurement.quantity("split_half_instability").values == 0


def test_drawn_contexts_are_less_stable_the_fewer_they_are():
    few, many = (
        runs.measured(SAMPLED, runs.noise(0), 14, 6, budget).quantity("split_half_instability").values
        for budget in (400, 12000)
    )
    assert 0 < many < few < 2


@pytest.mark.parametrize(
    ("n_samples", "intervals", "expected"), [(19, True, False), (20, True, True), (20, False, False)]
)
def test_intervals_and_verdicts_need_twenty_samples_and_no_illustration(n_samples, intervals, expected):
    metric = Bottleneck()
    results = runs.reduced(metric, runs.noise(3), runs.questions(6, n_samples, 64))
    measurement = metric.aggregate(results, runs.cohort(6, n_samples, intervals=intervals))
    for name in ("J_mean_abs", "J_rms", "J_rms_corrected", "J_mean_abs_corrected"):
        quantity = measurement.quantity(name)
        assert (quantity.low is not None) == (quantity.high is not None) == expected
        assert np.isfinite(quantity.standard_errors).all()
    assert all((word != "not tested") == expected for word in words(measurement))
    assert len(verdicts(measurement)) == 1
    reason = "an illustration has no verdict" if not intervals else "19 samples, a verdict needs 20"
    assert all(reason in finding.sentence for finding in verdicts(measurement)) != expected
    assert any("interval" in note for note in measurement.notes) != expected


def test_one_sample_is_an_estimate_without_error():
    measurement = runs.measured(Bottleneck(), runs.noise(3), 6, 1, 64)
    assert np.isnan(measurement.quantity("J_mean_abs").standard_errors).all()
    assert np.isfinite(measurement.quantity("J_mean_abs").values).all()
    assert set(words(measurement)) == {"not tested"}
    assert all("1 sample, a verdict needs 20" in finding.sentence for finding in verdicts(measurement))
    assert "No interval: 1 sample, it needs 20." in measurement.notes


@pytest.mark.parametrize("n", [2, 3])
def test_two_and_three_players_have_no_middle(n):
    measurement = runs.measured(Bottleneck(), runs.noise(3), n, 22, 100)
    assert set(words(measurement)) == {"not tested"}
    assert measurement.quantity("J_mean_abs").values.shape == (n - 1,)


# --- the null -----------------------------------------------------------------------------------------


def simulated_null(n_contexts, n_orders, n_pairs=4000, seed=0):
    """Section 17 by simulation: every pair, order and context has its own four i.i.d. N(0, 1) values."""
    rng = np.random.default_rng(seed)
    absolute, unbiased = [], []
    for order in range(n_orders):
        k = 1 if order in (0, n_orders - 1) else n_contexts
        v = rng.normal(size=(n_pairs, k, 4))
        differences = v[..., 0] - v[..., 1] - v[..., 2] + v[..., 3]
        means = differences.mean(axis=1)
        noise = differences.var(axis=1, ddof=1) / k if k > 1 else 0.0
        absolute.append(np.abs(means).mean())
        unbiased.append((means**2 - noise).mean())
    rms = np.sqrt(np.maximum(unbiased, 0))
    return np.array(absolute) / np.mean(absolute), rms / rms.mean()


def test_the_null_of_the_published_plan():
    """n = 256, 100 contexts: [4.19, .42 x 11, 4.19] for the papers' strength, [6.5, 0 x 11, 6.5] corrected."""
    n, orders = 256, published_orders(256)
    printed = np.array([4.19, *[0.42] * 11, 4.19])
    absolute, rms = simulated_null(100, len(orders))
    assert absolute == pytest.approx(printed, rel=0.04)
    assert rms[[0, -1]] == pytest.approx([6.5, 6.5], rel=0.1)

    questions = [Question(n, 4408 * 12, 0, f"s{s}", grid=(16, 16)) for s in range(4)]
    results = runs.reduced(Bottleneck(contexts=100), runs.noise(0), questions)
    assert results[0].estimate.pairs.shape == (12, 2)
    measurement = Bottleneck().aggregate(results, runs.cohort(n, 4))
    np.testing.assert_array_equal(measurement.coordinates["order"], orders)
    null = measurement.quantity("null_mean_abs")
    assert null.values == pytest.approx(printed, rel=0.1)
    assert null.values == pytest.approx(absolute, rel=0.1)
    corrected = measurement.quantity("null_rms_corrected").values
    assert corrected[[0, -1]].mean() == pytest.approx(6.5, rel=0.15)
    assert corrected[1:-1].max() < 0.6
    # the measured curve of a pure-noise game is that null
    assert measurement.quantity("J_mean_abs").values[1:-1].mean() == pytest.approx(0.42, rel=0.15)


def test_the_null_gives_a_repeated_coalition_one_value():
    """The published plan asks the one context of order 0 a hundred times: its noise must not average out."""
    questions = [Question(16, 4000, 0, f"s{s}", grid=(4, 4), protocol="deng2022") for s in range(2)]
    results = runs.reduced(Bottleneck(), runs.noise(0), questions)
    measurement = Bottleneck().aggregate(results, runs.cohort(16, 2))
    middle = measurement.coordinates["order"].tolist().index(7)
    for name in ("null_mean_abs", "J_mean_abs"):
        curve = measurement.quantity(name).values
        assert curve[[0, -1]].mean() / curve[middle] == pytest.approx(10, rel=0.25)


def test_the_null_of_a_full_table_falls_with_the_root_of_the_number_of_contexts():
    """Var I^(m) = (4 terms) / C(n-2, m) up to the sharing of coalitions inside one order, which leaves 4 / C."""
    n = 8
    measurement = runs.measured(Bottleneck(), runs.noise(0), n, 40, 2**n)
    expected = np.array([1 / np.sqrt(comb(n - 2, m)) for m in range(n - 1)])
    for name in ("mean_abs", "rms", "rms_corrected"):
        null = measurement.quantity(f"null_{name}")
        assert null.values == pytest.approx(expected / expected.mean(), rel=0.1)
        assert (null.standard_errors < 1e-15).all()


def test_a_surrogate_has_no_noise_of_contexts():
    """No halves, and the null is that of all contexts; what the run falls back to has the same."""
    (reduced,) = runs.reduced(Bottleneck(), runs.noise(0), runs.questions(9, 1, 200))
    assert reduced.estimate.explained is not None
    assert np.isnan(reduced.extras["halves"]).all()
    squares = 4 / np.array([comb(7, order) for order in reduced.estimate.orders])
    np.testing.assert_allclose(reduced.extras["null"][2], np.tile(squares, (20, 1)))
    assert reduced.otherwise.extras == reduced.extras
    measurement = runs.measured(Bottleneck(), runs.noise(0), 9, 3, 200)
    assert not {"split_half_change", "split_half_instability"} & {
        part.name for part in (*measurement.summary, *measurement.per_sample)
    }
    np.testing.assert_allclose(
        measurement.quantity("null_rms").values, np.sqrt(squares) / np.sqrt(squares).mean(), rtol=1e-12
    )
    assert (measurement.quantity("null_rms").standard_errors == 0).all()
    assert "in closed form" in measurement.quantity("null_rms").meaning


def test_where_some_samples_have_no_halves_no_instability_is_told():
    """As in texts, some too long for a surrogate."""
    everyone = Cohort(np.ones(2, dtype=bool), np.array([9, 9]), True, None, "logit", 0, True)
    (sampled,) = runs.reduced(SAMPLED, runs.noise(0), runs.questions(9, 1, 200))
    (read_off,) = runs.reduced(Bottleneck(), runs.noise(1), runs.questions(9, 1, 200))
    for results, told in (([sampled, sampled], True), ([sampled, read_off], False)):
        measurement = Bottleneck().aggregate(results, everyone)
        names = {part.name for part in (*measurement.summary, *measurement.per_sample)}
        assert ({"split_half_change", "split_half_instability"} <= names) == told


def test_nulls_differ_from_sample_to_sample_and_repeat():
    metric = SAMPLED
    first, second = runs.reduced(metric, runs.noise(0), runs.questions(9, 2, 200))
    (again,) = runs.reduced(metric, runs.noise(1), runs.questions(9, 1, 200))
    assert not np.array_equal(first.extras["null"], second.extras["null"])
    np.testing.assert_array_equal(first.extras["null"], again.extras["null"])
    assert first.extras["null"].shape[1] >= 20


# --- verdicts -----------------------------------------------------------------------------------------


def band_orders(orders, n):
    bands = Bands.at(np.asarray(orders), n - 2)
    return [np.asarray(orders)[part].tolist() for part in (bands.low_end, bands.middle, bands.high_end)]


def test_bands_hold_the_published_orders_on_both_sides():
    """Orders 228 and 76 stand for .9 and .3 of 254, though 228 / 254 < .9 and 76 / 254 < .3."""
    assert band_orders(published_orders(256), 256) == [[0, 12, 25], [76, 101, 127, 152, 177], [228, 241, 254]]


@pytest.mark.parametrize("n", [64, 100, 196, 256, 400, 1024])
def test_bands_hold_the_same_ratios_on_any_fine_grid(n):
    low, middle, high = band_orders(published_orders(n), n)
    assert [len(low), len(middle), len(high)] == [3, 5, 3]


def test_bands_of_few_players_take_no_tolerance():
    assert band_orders(range(7), 8) == [[0], [2, 3, 4], [6]]
    assert band_orders(range(11), 12) == [[0, 1], [3, 4, 5, 6, 7], [9, 10]]


@pytest.mark.parametrize("n", range(2, 60))
def test_bands_are_symmetric_and_apart(n):
    low, middle, high = band_orders(range(n - 1), n)
    assert [n - 2 - m for m in reversed(low)] == high
    assert [n - 2 - m for m in reversed(middle)] == middle
    assert not set(middle) & {*low, *high}


def test_a_full_table_of_noise_has_the_mean_squares_of_a_game_without_structure():
    """An interaction of order m is a mean of C(n-2, m) independent differences of variance 4."""
    n, i, j = 10, 2, 5
    contexts = [code for code in range(2**n) if not code >> i & 1 and not code >> j & 1]
    sizes = np.array([code.bit_count() for code in contexts])
    v = np.random.default_rng(0).normal(size=(3000, 2**n))
    both, first, second = (np.array(contexts) | bits for bits in (1 << i | 1 << j, 1 << i, 1 << j))
    differences = v[:, both] - v[:, first] - v[:, second] + v[:, contexts]
    squares = [(differences[:, sizes == m].mean(axis=1) ** 2).mean() for m in range(n - 1)]
    np.testing.assert_allclose(squares, 4 * without_structure(n, np.arange(n - 1)), rtol=0.1)


def test_r_is_the_root_of_the_mean_squares_of_the_published_orders(exact_of_sixteen):
    """A full table has orders 3, 6 and 10 of 16 players too; R must not depend on what the budget holds."""
    measurement, tables = exact_of_sixteen
    assert measurement.coordinates["order"].tolist() == list(range(15))
    square = (measurement.quantity("values").values ** 2).mean(axis=(0, 2))
    expected = np.sqrt(square[[4, 5, 7, 8, 9]].mean() / square[[0, 1, 2, 12, 13, 14]].mean())
    assert measurement.quantity("middle_over_ends").values == pytest.approx(expected)
    sampled = runs.measured(Bottleneck(estimator="sampled"), runs.of_tables(tables), 16, len(tables), 4000)
    assert sampled.quantity("middle_over_ends").values == pytest.approx(expected, rel=0.3)
    read_off = runs.measured(Bottleneck(), runs.of_tables(tables), 16, len(tables), 900)
    assert read_off.quantity("middle_over_ends").values == pytest.approx(expected, rel=0.1)
    for name, orders in (("middle_square", [4, 5, 7, 8, 9]), ("ends_square", [0, 1, 2, 12, 13, 14])):
        own = (measurement.quantity("values").values[:, orders] ** 2).mean(axis=(1, 2))
        np.testing.assert_allclose(measurement.quantity(name).values, own)


@pytest.fixture(scope="module")
def exact_of_sixteen():
    rng = np.random.default_rng(5)
    present = (np.arange(2**16)[:, None] >> np.arange(16)) & 1
    tables = np.stack(
        [np.tanh(present @ rng.normal(size=16)) + 0.2 * (present @ rng.normal(size=16)) for _ in range(6)]
    )
    return runs.measured(Bottleneck(), runs.of_tables(tables), 16, 6, 2**16), tables


def test_noise_gets_a_word_in_few_cohorts():
    """Squares straight from the law: 12 pairs in 4 contexts; scales of log standard deviation .75, n = 12."""
    rng, n = np.random.default_rng(2), 12
    everyone = Resampler(np.empty((0, 20)), np.ones(20, dtype=bool), intervals=True)
    rho = without_structure(n, np.arange(3, 8)).mean() / without_structure(n, np.array([0, 1, 9, 10])).mean()
    said = 0
    for _ in range(400):
        means = 2 * rng.normal(size=(20, 7, 12, 4))  # two ends of one context, five middle orders
        middle = (means.mean(axis=-1) ** 2 - means.var(axis=-1, ddof=1) / 4)[:, :5].mean(axis=(1, 2))
        ends = 0.5 * (means[:, 5:, :, 0] ** 2).mean(axis=(1, 2)) + 0.5 * 4 * 0.1
        scales = np.exp(1.5 * rng.normal(size=20))
        squares = Squares(middle * scales, ends * scales, scales, np.full(20, rho))
        said += judge(RootRatio.of(squares.middle, squares.ends), squares, everyone).word in SAID
    assert said <= 20


@pytest.mark.parametrize(("n", "budget", "estimator"), [(7, 128, "exact"), (12, 500, "sampled"), (12, 500, "reuse")])
def test_noise_that_was_measured_gets_no_word(n, budget, estimator):
    """Sample reuse is what a run comes to whose surrogate explains nothing."""
    metric = Bottleneck(estimator=estimator)
    found = [words(runs.measured(metric, runs.noise(seed), n, 20, budget, seed=seed)) for seed in range(6)]
    assert not SAID & set(chain(*found))


def by_size(n, second_difference):
    """A symmetric game whose Delta v(i,j,S) is a given function of |S| and nothing else."""
    g = np.zeros(n + 1)
    for m in range(n - 1):
        g[m + 2] = 2 * g[m + 1] - g[m] + second_difference(m)
    return g


def of_sizes(n, second_difference, n_samples):
    g, scales = by_size(n, second_difference), np.random.default_rng(0).uniform(0.5, 2, n_samples)
    return lambda s, c: scales[s] * g[c.sum(axis=1)]


@pytest.mark.parametrize(("n", "budget"), [(8, 256), (12, 500), (12, 4000), (12, 4096), (14, 3000)])
@pytest.mark.parametrize(("middle", "word"), [(0.6, "weaker"), (1.0, "no difference shown"), (1.6, "stronger")])
def test_a_word_says_what_the_game_was_built_with(n, budget, middle, word):
    """Interactions are alike at all orders but those of the middle, which are so many times as strong."""
    metric = Bottleneck(estimator="sampled" if budget < 2**n else "exact")
    measurement = runs.measured(metric, of_sizes(n, profile(n, middle), 24), n, 24, budget)
    assert words(measurement) == [word]
    ratio = measurement.quantity("middle_over_ends")
    assert ratio.values == pytest.approx(middle, rel=1e-6)
    assert ratio.low <= middle * (1 + 1e-9)
    assert ratio.high >= middle * (1 - 1e-9)
    assert f"{middle:.3f}"[:4] in verdicts(measurement)[0].sentence


def profile(n, middle):
    _, in_middle, _ = band_orders(range(n - 1), n)
    return lambda m: middle if m in in_middle else 1.0


def all_or_a_pair(n, weights, whole, pair):
    """An additive game, plus `whole` when everybody is there, plus `pair` when players 0 and 1 are."""
    return lambda s, c: c @ weights[s] + whole * c.all(axis=1) + pair * (c[:, 0] & c[:, 1])


def test_a_middle_below_twice_what_noise_shows_gets_a_bound():
    n = 12
    weights = np.random.default_rng(1).normal(size=(24, n))
    tables = runs.measured(Bottleneck(), all_or_a_pair(n, weights, whole=5.0, pair=0.3), n, 24, 2**n)
    assert words(tables) == ["bounded"]
    n_pairs = comb(n, 2)
    expected = np.full(n - 1, 0.3 / n_pairs)
    expected[-1] = 5.0 + 0.3 / n_pairs
    np.testing.assert_allclose(tables.quantity("J_mean_abs").values, expected / expected.mean(), rtol=1e-8)
    (finding,) = verdicts(tables)
    assert finding.facts["ratio"] < finding.facts["ratio_without_structure"]
    assert "at most" in finding.sentence


def of_random_weights(gain, n=12, n_samples=24):
    """Two hidden layers of tanh on 12 numbers; the larger the gain, the less any order has in common with another."""
    rng = np.random.default_rng(0)
    first, second = gain * rng.normal(size=(n, 32)) / np.sqrt(n), gain * rng.normal(size=(32, 32)) / np.sqrt(32)
    last, inputs = rng.normal(size=32) / np.sqrt(32), rng.normal(size=(n_samples, n))
    return lambda s, c: np.tanh(np.tanh((c * inputs[s]) @ first) @ second) @ last


@pytest.mark.parametrize(("gain", "said"), [(6, {"weaker"}), (14, {"bounded", "weaker"})])
def test_no_budget_contradicts_another(gain, said):
    """These networks were "deeper", "shallower" and neither against the noise of each plan; R is .35 and .28."""
    game, n = of_random_weights(gain), 12
    exact = runs.measured(Bottleneck(), game, n, 24, 2**n).quantity("middle_over_ends")
    plans = [("auto", 500), ("sampled", 1500), ("sampled", 4000), ("exact", 2**n)]
    for estimator, budget in plans:
        measurement = runs.measured(Bottleneck(estimator=estimator), game, n, 24, budget)
        ratio = measurement.quantity("middle_over_ends")
        assert set(words(measurement)) <= said
        assert ratio.low <= exact.values <= ratio.high < 1


def test_texts_of_different_lengths_are_each_held_against_their_own_noise():
    """Without structure R is .35 of 8 words, less of 13: what a third of the samples show is not shown of all."""
    sizes = [8, 8, 13] * 8
    games = {n: by_size(n, profile(n, 0.5)) for n in set(sizes)}
    questions = [Question(n, 700, 0, f"text/{k}") for k, n in enumerate(sizes)]
    results = runs.reduced(Bottleneck(), lambda s, c: (1 + s % 4) * games[sizes[s]][c.sum(axis=1)], questions)
    everyone = Cohort(np.ones(24, dtype=bool), np.array(sizes), False, None, "logit", 0, True)
    measurement = Bottleneck().aggregate(results, everyone)
    assert words(measurement) == ["bounded"]
    assert "values without structure show, up to 0." in verdicts(measurement)[0].sentence
    longer = [result for result, n in zip(results, sizes, strict=True) if n == 13] * 3
    alone = Bottleneck().aggregate(longer, replace(everyone, n_players=np.full(24, 13)))
    assert words(alone) == ["weaker"]


def test_ends_that_are_not_shown_are_no_measure_of_the_middle():
    n = 12
    measurement = runs.measured(Bottleneck(), of_sizes(n, lambda m: float(3 <= m <= 7), 24), n, 24, 2**n)
    assert words(measurement) == ["not shown"]
    assert "ends" in verdicts(measurement)[0].sentence


@pytest.mark.parametrize("budget", [256, 200])
def test_a_game_without_any_interaction_gets_no_verdict(budget):
    """J is 0 / 0: no number, no warning on the console, and no claim."""
    measurement = runs.measured(Bottleneck(), lambda _, c: np.zeros(len(c)), 8, 22, budget)
    assert np.isnan(measurement.quantity("J_mean_abs").values).all()
    assert set(words(measurement)) == {"not tested"}
    assert "no pairwise interaction" in verdicts(measurement)[0].sentence
    assert "split_half_instability" not in {part.name for part in measurement.summary} or budget == 256


def test_the_fitted_theory_of_a_game_that_follows_it():
    """Second differences drawn as F^(m) of n' = n give back n' = n."""
    n = 9
    g = by_size(n, lambda m: (n - m - 1) / np.sqrt(comb(n - 2, m)))
    measurement = runs.measured(Bottleneck(), lambda _, c: g[c.sum(axis=1)], n, 3, 2**n)
    assert measurement.quantity("theory_n_prime").values == n
    assert measurement.quantity("theory_rmse").values == pytest.approx(0, abs=1e-9)
    curve = measurement.quantity("J_mean_abs").values
    np.testing.assert_allclose(measurement.quantity("theory").values, curve / curve[0], atol=1e-9)


def test_rounding_noise_of_an_additive_model_is_not_judged():
    """Values of an additive game in float32 differ from additivity only by rounding: no verdict may rest on it."""
    metric = Bottleneck()
    results = []
    for sample in range(24):
        question = Question(8, 256, 0, f"s{sample}")
        design = metric.design(question)
        weights = np.random.default_rng(sample).normal(size=8)
        present = (design.asked[:, :1] >> np.arange(8)) & 1
        values = (present @ weights).astype(np.float32).astype(np.float64)
        results.append(metric.reduce(design, values, question))
    cohort = Cohort(np.ones(24, dtype=bool), np.full(24, 8), True, None, "log-odds", 0, True)
    (finding,) = verdicts(metric.aggregate(results, cohort))
    assert finding.word == "not tested"
    assert "rounding" in finding.sentence
