"""The multivariate interaction of a report against Shapley values of merged games."""

from __future__ import annotations

import numpy as np
import pytest
from support import multivariate_reference, references
from support.runs import cohort, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.errors import BudgetError, UsageError
from interact_cli.interfaces import Cohort, Question
from interact_cli.options import configured, options_of

SIZES = (5, 4, 6)
SPANS = ((1, 2, 3), (0, 1), (2, 3, 4, 5))
NAMES = ("B", "B_max", "B_min", "T", "B_plus", "B_minus")


@pytest.fixture
def games():
    rng = np.random.default_rng(21)
    return [rng.normal(size=2**n) for n in SIZES]


def value_of(games):
    return lambda sample, rows: games[sample][rows @ 2 ** np.arange(rows.shape[1])]


def measured(games, included=(True, True, True), **options):
    metric = configured(extensions.metric("multivariate"), options)
    asked = [Question(n, 4000, 0, f"text/{k}", span=span) for k, (n, span) in enumerate(zip(SIZES, SPANS, strict=True))]
    own = Cohort(np.array(included), np.array(SIZES), False, None, "logit", 0, intervals=True)
    return metric.aggregate(reduced(metric, value_of(games), asked), own)


def truths(games):
    return [
        multivariate_reference.quantities(references.set_game(game, n), n, span, "contiguous")
        for game, n, span in zip(games, SIZES, SPANS, strict=True)
    ]


def best_runs(v, n, members, sign):
    """The contiguous partition with the largest (sign 1) or smallest (sign -1) sum."""
    every = multivariate_reference.contiguous_partitions(members)
    return max(every, key=lambda blocks: sign * multivariate_reference.sum_over(v, n, members, blocks))


def test_all_six_numbers_of_every_text_and_their_means(games):
    measurement, truth = measured(games, included=(True, False, True)), truths(games)
    for name in NAMES:
        quantity = measurement.quantity(name)
        assert quantity.dims == ("sample",)
        np.testing.assert_allclose(quantity.values, [one[name] for one in truth], atol=1e-9)
        assert quantity.exact.all()
        assert (quantity.standard_errors == 0).all()
        mean = np.mean([truth[k][name] for k in (0, 2)])
        np.testing.assert_allclose(measurement.quantity(f"mean_{name}").values, mean, atol=1e-9)
    assert measurement.notes == ()
    assert "exact: 32 coalitions asked per sample, of 2^5; partitions into runs" in measurement.estimator


def test_partitions_are_numbers_of_coalitions_beside_their_players(games):
    measurement = measured(games)
    members = measurement.quantity("members").values
    assert members.tolist() == [[1, 2, 3, -1], [0, 1, -1, -1], [2, 3, 4, 5]]
    for name, sign in (("partition_max", 1), ("partition_min", -1)):
        for row, players, game, n in zip(
            measurement.quantity(name).values.tolist(), members.tolist(), games, SIZES, strict=True
        ):
            own = [player for player in players if player >= 0]
            best = best_runs(references.set_game(game, n), n, own, sign)
            expected = [next(k for k, C in enumerate(best) if player in C) for player in own]
            assert row == expected + [-1] * (4 - len(own))


def test_all_players_are_asked_about_where_there_is_no_span():
    tables = np.random.default_rng(1).normal(size=(2, 2**4))
    metric = extensions.metric("multivariate")
    measurement = metric.aggregate(reduced(metric, of_tables(tables), questions(4, 2, 4000)), cohort(4, 2))
    # Without a context a coalition is worth v(C) - v(empty).
    single = tables[:, [1, 2, 4, 8]].sum(axis=1) - 4 * tables[:, 0]
    np.testing.assert_allclose(measurement.quantity("B").values, tables[:, 15] - tables[:, 0] - single)
    assert measurement.quantity("members").values.tolist() == [[0, 1, 2, 3]] * 2


def test_all_partitions_are_another_family(games):
    assert "all partitions" in measured(games, partitions="all").estimator


def test_drawn_contexts_have_errors_a_note_and_no_sums_of_signs():
    def value(_sample, rows):
        return np.sin(rows @ np.arange(1.0, rows.shape[1] + 1))

    metric = extensions.metric("multivariate")
    asked = questions(14, 3, 1000, span=(4, 5, 6, 7))
    measurement = metric.aggregate(reduced(metric, value, asked), cohort(14, 3))
    assert (measurement.quantity("B").standard_errors > 0).all()
    assert not measurement.quantity("T").exact.any()
    assert np.isnan(measurement.quantity("B_plus").values).all()
    assert "mean_B_plus" not in {quantity.name for quantity in measurement.summary}
    assert "mean_T" in {quantity.name for quantity in measurement.summary}
    assert measurement.estimator.startswith("sampled: ")
    assert "of 2^14" in measurement.estimator
    assert any("lean upwards" in note for note in measurement.notes)


def test_learning_leaves_its_traces_beside_the_enumeration(games):
    measurement = measured(games, learned="corrected")
    plain = measured(games)
    for name in ("p_max", "p_min"):
        quantity = measurement.quantity(name)
        assert quantity.dims == ("sample", "epoch", "gap")
        assert quantity.values.shape[2] == 3
        assert np.isnan(quantity.values[1, :, 1:]).all()
        assert ((quantity.values[2] >= 0) & (quantity.values[2] <= 1)).all()
    assert measurement.quantity("learned_T").values.shape == (3,)
    np.testing.assert_allclose(measurement.quantity("T").values, plain.quantity("T").values)
    assert "learned too by the corrected gradient" in measurement.estimator


def test_one_sample_has_no_standard_error_over_samples():
    metric = extensions.metric("multivariate")
    table = np.random.default_rng(0).normal(size=(1, 16))
    measurement = metric.aggregate(reduced(metric, of_tables(table), questions(4, 1, 4000)), cohort(4, 1))
    assert np.isnan(measurement.quantity("mean_T").standard_errors)
    assert measurement.quantity("T").values.shape == (1,)


def test_the_predicted_class_is_scored_unless_another_is_asked_for():
    metric = extensions.metric("multivariate")
    assert metric.of_predicted
    assert {option.name for option in options_of(metric)} == {"partitions", "learned", "span"}


@pytest.mark.parametrize(("n_players", "budget", "options"), [(20, 10, {}), (64, 4000, {"partitions": "all"})])
def test_a_budget_or_a_set_that_cannot_be_measured_is_refused(n_players, budget, options):
    metric = configured(extensions.metric("multivariate"), options)
    with pytest.raises((BudgetError, UsageError)):
        metric.design(Question(n_players, budget, 0, "x"))
