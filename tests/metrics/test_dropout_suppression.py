"""Dropout's effect on interactions, against every context and everything that dropout can leave of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import comb

import numpy as np
import pytest
from support import pattern_references, references
from support.runs import cohort, measured, noise, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.errors import BudgetError, UsageError
from interact_cli.interfaces import Question
from interact_cli.metrics.dropout_suppression import DropoutSuppression

N = 5
PAIRS = list(combinations(range(N), 2))


@pytest.fixture(scope="module")
def tables():
    return np.random.default_rng(8).normal(size=(4, 2**N))


def without_and_with(tables, keep):
    """``(sample, order, pair)`` each, by sets."""
    games = [references.set_game(table, N) for table in tables]
    whole = np.stack([references.multi_order(v, N)[:, [i for i, _ in PAIRS], [j for _, j in PAIRS]] for v in games])
    left = np.stack(
        [np.stack([pattern_references.after_dropout(v, N, i, j, keep) for i, j in PAIRS], axis=1) for v in games]
    )
    return whole, left


def by_size(function, n, n_samples):
    """Games that know only how many players are present."""
    codes = np.arange(2**n)
    sizes = np.array([code.bit_count() for code in codes])
    return np.stack([(1 + 0.1 * k) * np.array([function(s) for s in range(n + 1)])[sizes] for k in range(n_samples)])


def test_erratum_23_the_drop_rate_is_one_minus_the_share_that_is_kept(tables):
    measurement = measured(DropoutSuppression(drop_rate=0.2), of_tables(tables), N, 4, 32)
    whole, left = without_and_with(tables, keep=0.8)
    np.testing.assert_allclose(measurement.quantity("predicted").values, left, atol=1e-12)
    np.testing.assert_allclose(measurement.quantity("mean_abs").values, np.abs(whole).mean(axis=(0, 2)))
    np.testing.assert_allclose(measurement.quantity("mean_abs_dropout").values, np.abs(left).mean(axis=(0, 2)))
    ratio = np.abs(left).mean(axis=(0, 2)) / np.abs(whole).mean(axis=(0, 2))
    np.testing.assert_allclose(measurement.quantity("kept_by_order").values, ratio)
    assert ratio[0] == pytest.approx(1)
    kept = np.abs(left[:, 1:]).mean() / np.abs(whole[:, 1:]).mean()
    assert float(measurement.quantity("kept").values) == pytest.approx(kept)


def test_erratum_22_what_is_counted_of_the_ratios(tables):
    included = np.array([True, True, False, True])
    results = reduced(DropoutSuppression(drop_rate=0.5), of_tables(tables), questions(N, 4, 32))
    measurement = DropoutSuppression().aggregate(results, cohort(N, 4, included=included))
    whole, left = without_and_with(tables[included], keep=0.5)
    ratios = (left / whole)[:, 1:].reshape(3, -1)
    survivors = np.stack([np.concatenate([w[r] / w[s] for s in range(N - 1) for r in range(s)]) for w in whole])
    signs = np.array(
        [
            [
                len({np.sign(gamma) for gamma in pattern_references.mean_rewards(v, N, i, j)[: s + 1]}) == 1
                for i, j in PAIRS
                for s in range(1, N - 1)
            ]
            for v in (references.set_game(table, N) for table in tables[included])
        ]
    )
    expected = {
        "one_sign": signs.mean(),
        "above_one": (ratios > 1).mean(),
        "negative": (ratios < 0).mean(),
        "stronger": (np.abs(ratios) > 1).mean(),
        "median_ratio": np.median(ratios, axis=1).mean(),
        "survivors_above_one": (survivors > 1).mean(),
        "survivors_negative": (survivors < 0).mean(),
        "survivors_stronger": (np.abs(survivors) > 1).mean(),
    }
    for name, truth in expected.items():
        assert float(measurement.quantity(name).values) == pytest.approx(truth), name
    quantiles = measurement.quantity("ratio_quantiles").values
    levels = measurement.coordinates["quantile"]
    np.testing.assert_allclose(quantiles, np.quantile(ratios, levels, axis=1).mean(axis=1))


def test_the_simulation_agrees_with_the_prediction(tables):
    measurement = measured(DropoutSuppression(), of_tables(tables), N, 4, 32)
    gap, error = (float(measurement.quantity(name).values) for name in ("simulation_gap", "simulation_error"))
    assert 0 < gap < 5 * error
    assert error < 0.05 * np.abs(tables).max()


def test_draws_belong_to_the_sample_and_the_seed(tables):
    same = [measured(DropoutSuppression(), of_tables(tables), N, 4, 32, seed=seed) for seed in (0, 0, 1)]
    gaps = [float(measurement.quantity("simulation_gap").values) for measurement in same]
    assert gaps[0] == gaps[1] != gaps[2]
    twins = reduced(DropoutSuppression(), of_tables(tables[[0, 0]]), questions(N, 2, 32))
    np.testing.assert_array_equal(twins[0].extras["predicted"], twins[1].extras["predicted"])
    assert twins[0].extras["gap"][0] != twins[1].extras["gap"][0]


@pytest.mark.parametrize(
    ("strength", "word"),
    [(lambda s: s**4.0, "suppresses"), (lambda s: float(np.sum([np.log(1 + k) for k in range(s)])), "strengthens")],
    ids=["interactions that grow with the context", "interactions that fade with the context"],
)
def test_the_finding_says_whether_dropout_suppresses(strength, word):
    tables = by_size(strength, 6, 24)
    measurement = measured(DropoutSuppression(), of_tables(tables), 6, 24, 64)
    (finding,) = measurement.findings
    assert finding.word == word
    kept = measurement.quantity("kept")
    assert finding.facts["kept"] == float(kept.values)
    assert (float(kept.high) < 1) == (word == "suppresses")
    assert (float(kept.low) > 1) == (word == "strengthens")
    assert f"Dropout at rate 0.5 {word} interactions on average" in finding.sentence
    assert "sufficient condition" in finding.sentence


def test_on_noise_the_condition_hardly_ever_holds_and_dropout_suppresses_all_the_same():
    (finding,) = measured(DropoutSuppression(), noise(1), 8, 24, 256).findings
    assert finding.word == "suppresses"
    assert finding.facts["one_sign"] < 0.05
    assert finding.facts["stronger"] > 0.2


def test_few_samples_are_not_tested(tables):
    (finding,) = measured(DropoutSuppression(), of_tables(tables), N, 4, 32).findings
    assert finding.word == "not tested"
    assert "4 samples, an interval needs 20" in finding.sentence


def test_without_interactions_there_is_nothing_to_suppress():
    codes = np.arange(64)
    additive = np.stack([sum(w * (codes >> k & 1) for k, w in enumerate(np.random.default_rng(0).normal(size=6)))])
    measurement = measured(DropoutSuppression(), of_tables(additive), 6, 1, 64)
    assert measurement.findings[0].sentence.startswith("Not tested: above order 0 no interaction is larger")
    assert np.isnan(measurement.quantity("kept").values)
    assert np.isnan(measurement.quantity("median_ratio").values)


def test_drawn_contexts_predict_without_patterns():
    n, budget = 8, 250
    metric = DropoutSuppression(drop_rate=0.3)
    results = reduced(metric, noise(3), questions(n, 3, budget))
    measurement = metric.aggregate(results, cohort(n, 3))
    assert results[0].estimate.orders.tolist() == list(range(n - 1))
    for sample, result in enumerate(results):
        held = result.estimate.values
        expected = [sum(comb(s, r) * 0.7**r * 0.3 ** (s - r) * held[r] for r in range(s + 1)) for s in range(n - 1)]
        predicted = measurement.quantity("predicted").values[sample][:, : held.shape[1]]
        np.testing.assert_allclose(predicted, expected, atol=1e-12)
    assert np.isnan(measurement.quantity("one_sign").values)
    assert any(note.startswith("Sampled:") for note in measurement.notes)
    assert "sufficient condition" not in measurement.findings[0].sentence


def test_every_order_must_be_paid_for():
    with pytest.raises(BudgetError, match=r"at least 224 evaluations .*29 orders"):
        DropoutSuppression().design(Question(30, 200, 0, "x"))


def test_a_protocol_that_leaves_orders_out_is_refused():
    with pytest.raises(UsageError, match="needs all 255 orders, 0 to 254; protocol 'deng2022' measures 13"):
        DropoutSuppression().design(Question(256, 4000, 0, "x", grid=(16, 16), protocol="deng2022"))
    DropoutSuppression().design(Question(10, 4000, 0, "x", protocol="deng2022"))  # tables: every order


def test_texts_of_different_lengths_are_lined_up():
    metric = extensions.metric("dropout-suppression")
    rng = np.random.default_rng(5)
    games = [rng.normal(size=2**n) for n in (4, 6)]
    asked = [Question(n, 64, 0, f"text/{n}") for n in (4, 6)]

    def evaluate(sample, coalitions):
        return games[sample][coalitions @ 2 ** np.arange(coalitions.shape[1])]

    results = reduced(metric, evaluate, asked)
    together = replace(cohort(4, 2), n_players=np.array([4, 6]), shared_players=False)
    measurement = metric.aggregate(results, together)
    assert measurement.quantity("kept_by_order").dims == ("ratio",)
    assert measurement.quantity("predicted").values.shape == (2, 5, 15)


def texts_measured(sizes, seed=5):
    """Random games of texts of these lengths, each measured exactly."""
    metric, rng = extensions.metric("dropout-suppression"), np.random.default_rng(seed)
    games = [rng.normal(size=2**n) for n in sizes]
    asked = [Question(n, 2**n, 0, f"text/{n}") for n in sizes]

    def evaluate(sample, coalitions):
        return games[sample][coalitions @ 2 ** np.arange(coalitions.shape[1])]

    results = reduced(metric, evaluate, asked)
    together = replace(cohort(4, len(sizes)), n_players=np.array(sizes), shared_players=len(set(sizes)) == 1)
    return metric.aggregate(results, together)


def test_a_text_of_two_words_takes_the_shares_from_no_other_text():
    longer, both = (texts_measured(sizes) for sizes in ((6, 5), (6, 5, 2)))
    for name in ("one_sign", "above_one", "stronger", "median_ratio", "survivors_negative", "ratio_quantiles", "kept"):
        np.testing.assert_allclose(both.quantity(name).values, longer.quantity(name).values, rtol=1e-12)
    assert "nan" not in both.findings[0].sentence
    alone = texts_measured((2, 2))
    assert np.isnan(alone.quantity("kept").values)
    assert alone.findings[0].word == "not tested"


def test_what_dropout_keeps_is_over_each_texts_own_orders_above_0():
    measurement = texts_measured((3, 6))
    pairs, predicted = (measurement.quantity(name).values for name in ("pairs", "predicted"))
    assert (pairs >= 0).all(axis=-1).sum(axis=1).tolist() == [3, 15]
    metric, rng, means = extensions.metric("multi-order"), np.random.default_rng(5), []
    for sample, n in enumerate((3, 6)):
        table = rng.normal(size=2**n)
        (result,) = reduced(metric, of_tables(table[None]), [Question(n, 2**n, 0, f"text/{n}")])
        left = predicted[sample, 1 : n - 1, : n * (n - 1) // 2]
        means.append((np.abs(result.estimate.values[1:]).mean(), np.abs(left).mean()))
    whole, left = np.mean(means, axis=0)
    assert float(measurement.quantity("kept").values) == pytest.approx(left / whole, rel=1e-12)
