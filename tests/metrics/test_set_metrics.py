"""Metrics of sets: the arrays of a report against sums over listed sets."""

from __future__ import annotations

from itertools import combinations
from math import sqrt

import numpy as np
import pytest
from support import references, set_indices
from support.runs import cohort, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.errors import UnknownNameError
from interact_cli.interfaces import Cohort, Question
from interact_cli.options import configured, options_of

N = 5


@pytest.fixture
def tables():
    return np.random.default_rng(11).normal(size=(3, 2**N))


def measured(name, tables, *, included=(True, True, True), **options):
    metric = configured(extensions.metric(name), options)
    n = int(np.log2(tables.shape[1]))
    results = reduced(metric, of_tables(tables), questions(n, len(tables), 4000))
    return metric.aggregate(results, cohort(n, len(tables), included=np.array(included[: len(tables)])))


def triples(tables, index=set_indices.shapley_interaction, size=3):
    n = int(np.log2(tables.shape[1]))
    games = [references.set_game(table, n) for table in tables]
    return np.array([[index(v, n, frozenset(A)) for A in combinations(range(n), size)] for v in games])


@pytest.mark.parametrize(
    "name, index",
    [
        ("shapley-interaction", set_indices.shapley_interaction),
        ("banzhaf-interaction", set_indices.banzhaf_interaction),
    ],
)
def test_interactions_of_three_players_stand_by_set_and_are_averaged_over_the_samples_of_the_summary(
    name, index, tables
):
    measurement = measured(name, tables, included=(True, False, True), interaction_size=3)
    truth = triples(tables, index)
    sets = measurement.quantity("sets")
    assert sets.dims == ("sample", "set", "member")
    assert sets.values[1].tolist() == [list(A) for A in combinations(range(N), 3)]
    np.testing.assert_allclose(measurement.quantity("values").values, truth, atol=1e-9)
    assert measurement.quantity("shared_sets").values.tolist() == sets.values[0].tolist()
    counted = truth[[0, 2]]
    np.testing.assert_allclose(measurement.quantity("set_mean").values, counted.mean(axis=0))
    np.testing.assert_allclose(measurement.quantity("set_mean_abs").values, np.abs(counted).mean(axis=0))
    np.testing.assert_allclose(measurement.quantity("strength_mean_abs").values, np.abs(counted).mean())
    np.testing.assert_allclose(measurement.quantity("strength_rms").values, sqrt((counted**2).mean()))
    assert measurement.quantity("strength_rms_corrected").unit == "logit"


def test_an_explicit_size_of_two_is_a_set_and_none_is_a_pair(tables):
    flat = measured("shapley-interaction", tables, interaction_size=2)
    pairs = measured("shapley-interaction", tables)
    assert {quantity.name for quantity in flat.per_sample} == {"sets", "values", "absolute", "square", "unbiased"}
    assert {quantity.name for quantity in pairs.per_sample} == {"pairs", "values", "absolute", "square", "unbiased"}
    np.testing.assert_allclose(flat.quantity("values").values, pairs.quantity("values").values)
    assert flat.quantity("sets").values.tolist() == pairs.quantity("pairs").values.tolist()


@pytest.mark.parametrize("name", ["k-shapley", "shapley-taylor", "faithful-shapley"])
def test_values_of_all_sets_sum_to_the_full_value(name, tables):
    measurement = measured(name, tables, interaction_size=3)
    values, sets = measurement.quantity("values").values, measurement.quantity("sets").values
    np.testing.assert_allclose(values.sum(axis=1), tables[:, -1])
    sizes = (sets[0] >= 0).sum(axis=1)
    assert np.bincount(sizes).tolist() == [1, 5, 10, 10]


def test_the_strength_is_that_of_the_largest_sets_alone(tables):
    # The k-Shapley values of the top size are the Shapley interactions of that size.
    measurement = measured("k-shapley", tables, interaction_size=3)
    np.testing.assert_allclose(measurement.quantity("strength_mean_abs").values, np.abs(triples(tables)).mean())
    pairs = measured("k-shapley", tables)
    np.testing.assert_allclose(pairs.quantity("strength_mean_abs").values, np.abs(triples(tables, size=2)).mean())


@pytest.mark.parametrize("name", ["shapley-interaction", "shapley-taylor", "k-shapley", "faithful-banzhaf"])
def test_samples_with_players_of_their_own_are_padded_and_not_averaged_by_set(name):
    sizes = (3, 5, 4)
    rng = np.random.default_rng(2)
    games = [rng.normal(size=2**n) for n in sizes]

    def value(sample, coalitions):
        return games[sample][coalitions @ 2 ** np.arange(coalitions.shape[1])]

    metric = configured(extensions.metric(name), {"interaction_size": 3})
    asked = [Question(n, 4000, 0, f"text/{k}") for k, n in enumerate(sizes)]
    everyone = Cohort(np.ones(3, bool), np.array(sizes), False, None, "logit", 0, intervals=True)
    measurement = metric.aggregate(reduced(metric, value, asked), everyone)
    sets, values = measurement.quantity("sets").values, measurement.quantity("values").values
    for row, numbers, n in zip(sets, values, sizes, strict=True):
        own = [list(A) for A in combinations(range(n), 3)]
        assert [[i for i in A if i >= 0] for A in row.tolist() if sum(i >= 0 for i in A) == 3] == own
        filled = np.isfinite(numbers)
        assert (row[~filled] == -1).all()
        assert (row[filled] < n).all()
    assert {quantity.name for quantity in measurement.summary} == {
        "strength_mean_abs",
        "strength_mean_abs_corrected",
        "strength_rms",
        "strength_rms_corrected",
    }
    if name == "shapley-interaction":
        truth = [np.abs(triples(game[None])).mean() for game in games]
        np.testing.assert_allclose(measurement.quantity("strength_mean_abs").values, np.mean(truth))


def test_equal_numbers_of_own_players_are_not_averaged_by_set(tables):
    metric = extensions.metric("shapley-taylor")
    results = reduced(metric, of_tables(tables), questions(N, 3, 4000))
    own = Cohort(np.ones(3, bool), np.full(3, N), False, None, "logit", 0, intervals=True)
    assert "shared_sets" not in {quantity.name for quantity in metric.aggregate(results, own).summary}


def test_one_sample_has_values_and_no_standard_error(tables):
    measurement = measured("shapley-taylor", tables[:1])
    assert np.isfinite(measurement.quantity("set_mean").values).all()
    assert np.isnan(measurement.quantity("set_mean").standard_errors).all()
    assert measurement.quantity("set_mean").low is None


def test_drawn_sets_that_differ_between_samples_are_not_averaged_by_set():
    options = {"interaction_size": 3, "estimator": "sampled"}
    metric = configured(extensions.metric("shapley-interaction"), options)
    asked = questions(16, 2, 400)
    results = reduced(metric, lambda _sample, coalitions: coalitions.sum(axis=1) ** 3.0, asked)
    measurement = metric.aggregate(results, cohort(16, 2))
    assert "shared_sets" not in {quantity.name for quantity in measurement.summary}
    assert not measurement.quantity("values").exact.any()
    assert "set" in measurement.estimator


def test_only_metrics_of_sets_take_an_interaction_size(tables):
    assert names_of_options("strength") == ["span", "pairs", "contexts", "estimator", "second_surrogate"]
    assert names_of_options("shapley") == ["estimator", "second_surrogate"]
    sized = ("shapley-interaction", "banzhaf-interaction", "shapley-taylor", "k-shapley", "faithful-shapley")
    assert all("interaction_size" in names_of_options(name) for name in sized)
    with pytest.raises(UnknownNameError, match="Unknown option of 'strength': 'interaction_size'"):
        measured("strength", tables, interaction_size=3)
    assert "pairs" in {quantity.name for quantity in measured("strength", tables).per_sample}


def names_of_options(metric):
    return [option.name for option in options_of(extensions.metric(metric))]


def test_a_set_needs_its_players():
    assert extensions.metric("shapley-taylor").least_players == 0
    assert configured(extensions.metric("shapley-taylor"), {"interaction_size": 3}).least_players == 3
