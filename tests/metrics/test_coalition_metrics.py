"""Metrics with a value for every coalition: dividends, OR, both, lengths of vectors."""

from __future__ import annotations

import numpy as np
import pytest
from support import references, set_indices
from support.runs import cohort, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.errors import BudgetError
from interact_cli.interactions.and_or.split import AndOr as Split
from interact_cli.interfaces import Cohort, Question, Reduced

N = 4
EVERY = ("harsanyi", "or-interaction", "and-or", "concepts", "and-or-graph")


@pytest.fixture
def tables():
    return np.random.default_rng(5).normal(size=(3, 2**N))


def coalitions(n):
    """Every coalition in the order of the bit codes."""
    return sorted(references.subsets(range(n)), key=lambda S: sum(2**i for i in S))


def measured(name, tables, included=(True, True, True)):
    metric = extensions.metric(name)
    results = reduced(metric, of_tables(tables), questions(N, len(tables), 4000))
    return metric.aggregate(results, cohort(N, len(tables), included=np.array(included[: len(tables)])))


def of_games(name, games, sizes):
    def value(sample, rows):
        return games[sample][rows @ 2 ** np.arange(rows.shape[1])]

    metric = extensions.metric(name)
    asked = [Question(n, 4000, 0, f"text/{k}") for k, n in enumerate(sizes)]
    own = Cohort(np.ones(len(sizes), bool), np.array(sizes), False, None, "logit", 0, intervals=True)
    return metric.aggregate(reduced(metric, value, asked), own)


def truth(name, table, n):
    v = references.set_game(table, n)
    found = references.dividends(v) if name == "harsanyi" else set_indices.or_interactions(v, n)
    return np.array([found[S] for S in coalitions(n)])


def by_size(values, n):
    sums = np.zeros(n + 1)
    for value, S in zip(values, coalitions(n), strict=True):
        sums[len(S)] += abs(value)
    return sums[1:]


def n_salient(values):
    strengths = np.abs(values)[1:]
    return sum(strength >= 0.05 * max(strengths) for strength in strengths)


@pytest.mark.parametrize("name", ["harsanyi", "or-interaction"])
def test_every_coalition_has_its_value_and_strength_is_summed_by_size(name, tables):
    measurement = measured(name, tables, included=(True, False, True))
    found = np.stack([truth(name, table, N) for table in tables])
    held = measurement.quantity("values")
    assert held.dims == ("sample", "coalition")
    np.testing.assert_allclose(held.values, found, atol=1e-9)
    assert held.exact.all()
    assert measurement.coordinates["coalition"].tolist() == list(range(16))
    assert measurement.coordinates["size"].tolist() == [1, 2, 3, 4]
    sums = np.mean([by_size(found[k], N) for k in (0, 2)], axis=0)
    np.testing.assert_allclose(measurement.quantity("strength_by_size").values, sums)
    np.testing.assert_allclose(measurement.quantity("share_by_size").values, sums / sums.sum())
    np.testing.assert_allclose(measurement.quantity("n_salient").values, np.mean([n_salient(found[k]) for k in (0, 2)]))


@pytest.mark.parametrize("name", ["harsanyi", "or-interaction"])
def test_a_code_means_the_same_coalition_in_shorter_and_longer_texts(name):
    sizes = (3, 5, 2)
    rng = np.random.default_rng(8)
    games = [rng.normal(size=2**n) for n in sizes]
    measurement = of_games(name, games, sizes)
    values = measurement.quantity("values")
    assert values.values.shape == (3, 32)
    sums = np.zeros(5)
    for row, exact, game, n in zip(values.values, values.exact, games, sizes, strict=True):
        np.testing.assert_allclose(row[: 2**n], truth(name, game, n), atol=1e-9)
        assert np.isnan(row[2**n :]).all()
        assert exact.tolist() == [True] * 2**n + [False] * (32 - 2**n)
        sums[:n] += by_size(row[: 2**n], n) / 3
    np.testing.assert_allclose(measurement.quantity("strength_by_size").values, sums)
    assert measurement.quantity("strength_by_size").low is None


def test_the_threshold_of_salience_is_a_share_of_the_strongest_and_leaves_the_empty_coalition_out():
    dividends = np.zeros(16)
    dividends[[0, 1, 2, 3, 8]] = [128.0, 20.0, -1.0, 0.9375, -4.0]
    game = {S: sum(d for d, L in zip(dividends, coalitions(4), strict=True) if L <= S) for S in coalitions(4)}
    table = np.array([game[S] for S in coalitions(4)])
    measurement = measured("harsanyi", np.stack([table, np.zeros(16)]))
    assert measurement.quantity("n_salient").values == (3 + 0) / 2
    assert np.isfinite(measurement.quantity("share_by_size").values).all()


def test_a_game_without_interactions_has_no_shares():
    measurement = measured("harsanyi", np.zeros((2, 16)))
    assert np.isnan(measurement.quantity("share_by_size").values).all()
    assert measurement.quantity("n_salient").values == 0


def test_one_sample_has_values_and_no_standard_error(tables):
    measurement = measured("harsanyi", tables[:1])
    assert np.isnan(measurement.quantity("strength_by_size").standard_errors).all()


FLOAT32 = 2.0**-23


def additive_in_float32(n):
    """Two games in which players only add up, so that no set of two or more is worth anything, rounded as a network."""
    worths = np.random.default_rng(6).normal(size=(2, n))
    present = np.arange(2**n)[:, None] >> np.arange(n) & 1
    return (50.0 + worths @ present.T).astype(np.float32).astype(np.float64), worths


@pytest.mark.parametrize("name", ["harsanyi", "or-interaction", "concepts"])
def test_what_rounding_makes_of_additive_games_is_no_interaction(name):
    n = 10
    tables, worths = additive_in_float32(n)
    metric = extensions.metric(name)
    games = of_tables(np.stack([tables, tables], axis=2) if metric.of_vectors else tables)
    sizes = np.bitwise_count(np.arange(2**n))

    def at(rounding):
        results = reduced(metric, games, questions(n, 2, 2**n, rounding=rounding))
        return metric.aggregate(results, cohort(n, 2))

    known, unknown = at(FLOAT32), at(0.0)
    values = known.quantity("values")
    of_value = FLOAT32 * np.abs(tables).max(axis=1, keepdims=True) * np.sqrt(1 + metric.of_vectors)
    np.testing.assert_allclose(values.standard_errors, 2 ** (sizes / 2) * of_value)
    over = np.abs(values.values / values.standard_errors)[:, sizes > 1]
    assert over.max() <= 4  # the truth is 0
    assert 0.05 < np.sqrt((over**2).mean()) < 1.5  # and the bound is of that size
    assert (unknown.quantity("strength_by_size").values[1:] > 0).all()  # what float32 alone made
    assert (known.quantity("strength_by_size").values[1:] == 0).all()
    sums = np.abs(worths).sum(axis=1).mean() * np.sqrt(1 + metric.of_vectors)
    np.testing.assert_allclose(known.quantity("strength_by_size").values[0], sums, rtol=1e-4)
    assert values.exact.all()


def test_a_constant_network_has_no_salient_coalition_and_no_pattern():
    """Its float32 answers differ in the last bit by chance."""
    tables = (1000 * (1 + FLOAT32 * np.random.default_rng(1).integers(0, 2, size=(2, 2**8)))).astype(np.float64)
    for name, quantity in {"harsanyi": "n_salient", "and-or-graph": "mean_n_patterns"}.items():
        metric = extensions.metric(name)
        for rounding in (FLOAT32, 0.0):
            results = reduced(metric, of_tables(tables), questions(8, 2, 256, rounding=rounding))
            counted = float(metric.aggregate(results, cohort(8, 2)).quantity(quantity).values)
            assert (counted == 0) == (rounding > 0), (name, rounding)


def test_concepts_are_lengths_of_vector_dividends():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(2, 2**N, 3))
    metric = extensions.metric("concepts")
    assert metric.of_vectors
    results = reduced(metric, of_tables(features), questions(N, 2, 4000))
    measurement = metric.aggregate(results, cohort(N, 2))
    by_axis = np.stack([[truth("harsanyi", f[:, k], N) for k in range(3)] for f in features])
    lengths = np.sqrt((by_axis**2).sum(axis=1))
    np.testing.assert_allclose(measurement.quantity("values").values, lengths)
    share = measurement.quantity("share").values
    np.testing.assert_allclose(share[:, 1:], lengths[:, 1:] / lengths[:, 1:].sum(axis=1, keepdims=True))
    assert np.isnan(share[:, 0]).all()
    np.testing.assert_allclose(
        measurement.quantity("strength_by_size").values, np.mean([by_size(row, N) for row in lengths], axis=0)
    )
    assert measurement.quantity("values").exact.all()


def test_and_or_holds_both_kinds_and_together_they_are_the_game_up_to_its_noise(tables):
    measurement = measured("and-or", tables)
    ands, ors = (measurement.quantity(name).values for name in ("values", "or_values"))
    for table, of_and, of_or in zip(tables, ands, ors, strict=True):
        for S in coalitions(N):
            within = sum(x for x, L in zip(of_and, coalitions(N), strict=True) if L <= S)
            meeting = sum(x for x, L in zip(of_or, coalitions(N), strict=True) if L & S)
            noise = 0.04 * abs(table[-1] - table[0])
            assert abs(within + meeting + of_or[0] - table[sum(2**i for i in S)]) <= noise + 1e-9
    sums = [np.mean([by_size(row, N) for row in kind], axis=0) for kind in (ands, ors)]
    np.testing.assert_allclose(measurement.quantity("strength_by_size").values, sums[0])
    np.testing.assert_allclose(measurement.quantity("or_strength_by_size").values, sums[1])
    np.testing.assert_allclose(measurement.quantity("or_share_by_size").values, sums[1] / np.sum(sums))
    np.testing.assert_allclose(measurement.quantity("l1_after").values, np.sum(sums))
    before = np.mean([by_size(truth("harsanyi", table, N), N).sum() for table in tables])
    np.testing.assert_allclose(measurement.quantity("l1_before").values, before)
    both = [np.concatenate([[0.0], of_and[1:], of_or[1:]]) for of_and, of_or in zip(ands, ors, strict=True)]
    np.testing.assert_allclose(measurement.quantity("n_salient").values, np.mean([n_salient(row) for row in both]))


def test_and_or_of_texts_is_padded():
    rng = np.random.default_rng(4)
    measurement = of_games("and-or", [rng.normal(size=8), rng.normal(size=4)], (3, 2))
    for name in ("values", "or_values"):
        assert np.isnan(measurement.quantity(name).values[1, 4:]).all()
        assert np.isfinite(measurement.quantity(name).values[1, :4]).all()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("n, budget", [(13, 4000), (24, 4000), (40, 10**9)])
def test_too_many_players_are_a_budget_error_before_anything_is_evaluated(name, n, budget):
    with pytest.raises(BudgetError):
        extensions.metric(name).design(Question(n, budget, 0, "text/0"))


@pytest.mark.parametrize("name", EVERY)
def test_a_budget_of_all_coalitions_is_enough(name):
    assert len(extensions.metric(name).design(Question(10, 1024, 0, "text/0")).asked) == 1024


def test_a_split_that_saves_nothing_is_told():
    def split(before):
        values = np.array([0.0, 1.0, 2.0, -3.0])
        nothing = np.zeros(4)
        more = {"or_values": nothing, "p": nothing, "q": np.full(4, 0.25), "loss": np.array([9.0]), "l1_before": before}
        return Reduced(Split("and-or", values, nothing, np.ones(4, bool), 4, 2, **more))

    metric = extensions.metric("and-or")
    measurement = metric.aggregate([split(before=5.0), split(before=7.0)], cohort(2, 2))
    assert any("In 1 of 2 samples the learned split is no weaker than AND alone" in note for note in measurement.notes)
    assert any("at most 0.25 in any coalition" in note for note in measurement.notes)
    assert not any("weaker" in note for note in metric.aggregate([split(before=7.0)] * 2, cohort(2, 2)).notes)


def test_the_learned_split_is_told(tables):
    assert "the split between AND and OR learned" in measured("and-or", tables).estimator


@pytest.mark.parametrize("name", EVERY)
def test_what_is_never_sampled_is_refused_by_the_name_that_was_asked_for(name):
    for question in (Question(30, 4000, 0, "a"), Question(5, 31, 0, "a")):
        with pytest.raises(BudgetError, match=f"'{name}' is never sampled"):
            extensions.metric(name).design(question)
