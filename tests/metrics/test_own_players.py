"""Samples with different numbers of players: texts. Every number against sets, loops and the published ratios."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import floor

import numpy as np
import pytest
from support import references
from support.runs import reduced

from interact_cli import extensions
from interact_cli.errors import UsageError
from interact_cli.interfaces import Cohort, Question
from interact_cli.options import configured

SIZES = (4, 7, 5)
RATIOS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


@pytest.fixture
def games():
    rng = np.random.default_rng(7)
    return [rng.normal(size=2**n) for n in SIZES]


def value_of(games):
    def evaluate(sample, coalitions):
        return games[sample][(coalitions * 2 ** np.arange(coalitions.shape[1])).sum(axis=1)]

    return evaluate


def metric_of(name, **options):
    return configured(extensions.metric(name), options)


def measured(name, games, *, included=(True, True, True), **more):
    metric = extensions.metric(name)
    questions = [Question(n, 4000, 0, f"text/{k}", **more) for k, n in enumerate(SIZES)]
    results = reduced(metric, value_of(games), questions)
    cohort = Cohort(np.array(included), np.array(SIZES), False, None, "logit", 0, intervals=True)
    return metric.aggregate(results, cohort)


def test_values_of_players_stand_beside_their_sample_and_only_their_strength_is_summarised(games):
    measurement = measured("shapley", games)
    truth = [references.shapley(references.set_game(game, n), n) for game, n in zip(games, SIZES, strict=True)]
    values = measurement.quantity("values").values
    assert values.shape == (3, 7)
    for row, expected in zip(values, truth, strict=True):
        np.testing.assert_allclose(row[: len(expected)], expected, atol=1e-12)
        assert np.isnan(row[len(expected) :]).all()
    strength = np.mean([np.abs(one).mean() for one in truth])
    np.testing.assert_allclose(measurement.quantity("strength").values, strength)
    assert {quantity.name for quantity in measurement.summary} == {"strength"}


def test_orders_are_lined_up_by_their_share_of_the_longest_context(games):
    measurement = measured("multi-order", games, included=(True, True, False))
    assert measurement.coordinates["ratio"].tolist() == expected_places()
    by_sample = []
    for game, n in zip(games, SIZES, strict=True):
        exact = references.multi_order(references.set_game(game, n), n)
        rows = [exact[floor((n - 2) * ratio + 1e-9)] for ratio in expected_places()]
        by_sample.append([np.mean([abs(row[i, j]) for i, j in combinations(range(n), 2)]) for row in rows])
    np.testing.assert_allclose(measurement.quantity("mean_abs").values, np.mean(by_sample[:2], axis=0))
    assert measurement.quantity("mean_abs").dims == ("ratio",)
    assert measurement.quantity("orders").values.tolist()[0] == [0, 1, 2, -1, -1, -1]


def expected_places():
    """Ratios whose orders differ from those of every earlier ratio in at least one sample."""
    seen, places = set(), []
    for ratio in RATIOS:
        orders = tuple(floor((n - 2) * ratio + 1e-9) for n in SIZES)
        if orders not in seen:
            seen.add(orders)
            places.append(ratio)
    return places


def test_a_bottleneck_over_texts_has_a_curve_its_null_and_no_invented_verdict(games):
    measurement = measured("bottleneck", games)
    curve = measurement.quantity("J_mean_abs")
    assert curve.dims == ("ratio",)
    np.testing.assert_allclose(np.mean(curve.values), 1.0)
    assert measurement.quantity("null_mean_abs").values.shape == curve.values.shape
    assert {finding.word for finding in measurement.findings if finding.word} == {"not tested"}


def test_equal_numbers_of_own_players_keep_their_orders_and_are_not_averaged_by_pair():
    rng = np.random.default_rng(1)
    metric = extensions.metric("multi-order")
    tables = [rng.normal(size=32) for _ in range(2)]
    results = reduced(metric, value_of(tables), [Question(5, 4000, 0, f"text/{k}") for k in range(2)])
    measurement = metric.aggregate(results, Cohort(np.ones(2, bool), np.array([5, 5]), False, None, "logit", 0, True))
    assert measurement.coordinates["order"].tolist() == [0, 1, 2, 3]
    assert "pair_i" not in measurement.coordinates
    assert "pair_mean_abs" not in {quantity.name for quantity in measurement.summary}


@pytest.mark.parametrize("budget", [4000, 60])
def test_a_span_asks_only_for_the_pairs_inside_it(budget):
    metric = extensions.metric("shapley-interaction")
    table = np.random.default_rng(3).normal(size=2**7)
    question = Question(7, budget, 0, "text/0", span=(2, 3, 4))
    result = reduced(metric, value_of([table]), [question])[0].estimate
    assert {tuple(pair) for pair in result.pairs.tolist()} <= {(2, 3), (2, 4), (3, 4)}
    one = reduced(metric, value_of([table]), [replace(question, span=(2, 3), budget=60)])[0]
    assert one.estimate.pairs.tolist() == [[2, 3]]
    if budget == 4000:
        exact = references.shapley_interaction(references.set_game(table, 7), 7)
        np.testing.assert_allclose(result.values, [exact[i, j] for i, j in result.pairs], atol=1e-12)


def test_a_span_without_a_pair_is_refused():
    question = Question(16, 4000, 0, "x", grid=(4, 4), span=(0, 15))
    with pytest.raises(UsageError, match="inside the span"):
        metric_of("shapley-interaction", pairs="radius:1").design(question)


def test_random_pairs_are_the_same_in_every_sample():
    metric = metric_of("shapley-interaction", pairs="random:20")
    designs = [metric.design(Question(300, 4000, 0, name)) for name in ("a", "b")]
    assert designs[0].sets.shape == (20, 2)
    np.testing.assert_array_equal(designs[0].sets, designs[1].sets)
    other = metric.design(Question(300, 4000, 1, "a"))
    assert not np.array_equal(designs[0].sets, other.sets)


def test_the_protocol_of_paper_000_measures_500_random_pairs_of_activations():
    question = Question(600, 4000, 0, "a", protocol="zhang2021-dropout")
    design = metric_of("strength", pairs="random:500").design(question)
    assert design.pairs.shape == (500, 2)
    assert design.strata[0].n_contexts == 500


def test_exact_and_sampled_samples_are_told_apart():
    metric = extensions.metric("shapley")
    questions = [Question(n, 100, 0, f"text/{n}") for n in (4, 5, 12, 13)]
    results = reduced(metric, lambda _sample, coalitions: coalitions.sum(axis=1) ** 2.0, questions)
    cohort = Cohort(np.ones(4, bool), np.array([4, 5, 12, 13]), False, None, "logit", 0, intervals=True)
    measurement = metric.aggregate(results, cohort)
    assert measurement.estimator == (
        "exact: all 16 coalitions of the sample; elsewhere surrogate: all values read off a Gaussian process, "
        "100 coalitions per sample, and alike for other numbers of players; of values that it was not given it "
        "explains R2 = 1.00 (1.00 to 1.00)"
    )
    exact = measurement.quantity("values").exact
    assert exact[0, :4].all()
    assert not exact[2].any()
