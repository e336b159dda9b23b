"""Plans of interactions of sets: which sets a question allows, and how a report says where the values come from."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from support.set_indices import sets_of

from interact_cli import extensions
from interact_cli.errors import BudgetError, UnknownNameError, UsageError
from interact_cli.interactions import indices
from interact_cli.interactions.designs.contexts import ContextsBySize, PairContexts, SetContexts
from interact_cli.interactions.designs.full_table import FullTable
from interact_cli.interfaces import Question
from interact_cli.metrics.drawn_sets import SizedSets
from interact_cli.metrics.index_design import design_for
from interact_cli.metrics.pair_interactions import Strength, shapley_interaction
from interact_cli.metrics.summaries.tables import estimator_of
from interact_cli.options import configured


def plan(index, n=16, budget=4000, size=3, pairs="auto", contexts=None, **asked):
    drawn = SizedSets(pairs=pairs, contexts=contexts, interaction_size=size)
    return design_for(indices.lookup(index), Question(n, budget, 0, "x", **asked), drawn)


def listed(array):
    return [frozenset(int(player) for player in row if player >= 0) for row in array]


def test_sets_of_a_grid_lie_within_its_radius():
    def near(S):
        rows, columns = [i // 4 for i in S], [i % 4 for i in S]
        return max(rows) - min(rows) <= 2 and max(columns) - min(columns) <= 2

    exact = plan("shapley-interaction", budget=2**16, grid=(4, 4))
    assert isinstance(exact, FullTable)
    assert listed(exact.sets) == [S for S in sets_of(16, 3) if near(S)]
    drawn = plan("shapley-interaction", grid=(4, 4))
    assert isinstance(drawn, SetContexts)
    assert all(near(S) for S in listed(drawn.sets))


@pytest.mark.parametrize("index", ["shapley-taylor", "k-shapley", "faithful-shapley", "faithful-banzhaf"])
def test_sets_with_a_common_sum_are_all_taken_unless_the_rule_says_otherwise(index):
    whole = plan(index, n=9, budget=512, grid=(3, 3), size=2)
    assert listed(whole.sets) == sets_of(9, 0, 1, 2)
    near = plan(index, n=9, budget=512, grid=(3, 3), size=2, pairs="radius:1")
    assert len(near.sets) == 1 + 9 + 20


@pytest.mark.parametrize("budget", [400, 2**9])
def test_a_span_holds_every_set(budget):
    design = plan("shapley-taylor", n=9, budget=budget, span=(2, 3, 5, 8))
    assert isinstance(design, FullTable if budget == 2**9 else ContextsBySize)
    values = np.zeros(len(design.asked))
    inside = [S for S in sets_of(9, 0, 1, 2, 3) if S.issubset({2, 3, 5, 8})]
    assert listed(design.estimate(values).sets) == inside


def test_a_span_without_a_set_of_that_size_is_refused():
    with pytest.raises(UsageError, match="a set of 3 players inside the span, got none"):
        plan("shapley-interaction", span=(2, 3))
    with pytest.raises(UsageError, match="a set of 5 players within the radius, got none"):
        plan("shapley-interaction", size=5, grid=(4, 4), pairs="radius:1")


def test_random_sets_are_drawn_once_for_all_samples():
    first, second = (plan("banzhaf-interaction", pairs="random:12", budget=budget) for budget in (2**16, 12 * 8 * 3))
    assert first.sets.shape == (12, 3)
    np.testing.assert_array_equal(first.sets, second.sets)


def test_a_metric_that_reads_no_size_measures_pairs():
    question = Question(16, 4000, 0, "x")
    triples = replace(shapley_interaction(), interaction_size=3, estimator="sampled")
    assert isinstance(Strength(estimator="sampled").design(question), PairContexts)
    assert Strength().design(question).values_of == "pairs"
    assert replace(triples, estimator="auto").design(question).values_of == "sets"
    with pytest.raises(UnknownNameError, match="Unknown option of 'strength': 'interaction_size'"):
        configured(Strength(), {"interaction_size": 3})
    assert isinstance(triples.design(question), SetContexts)
    assert not isinstance(triples.design(question), PairContexts)


def test_a_protocol_fixes_pairs():
    with pytest.raises(UsageError, match="fixes pairs of players, got interaction size 3"):
        plan("shapley-interaction", protocol="zhang2021-dropout")


def test_every_set_gets_a_context_for_each_repeat():
    design = plan("shapley-interaction", repeats=7)
    assert design.strata[0].n_contexts >= 7
    with pytest.raises(BudgetError, match="at least 56 evaluations"):
        plan("shapley-interaction", repeats=7, budget=55)


def test_the_report_says_how_sets_are_measured():
    assert estimator_of(plan("shapley-interaction", budget=2**16)) == "exact: all 65536 coalitions of the sample"
    said = estimator_of(plan("shapley-interaction", contexts=5, pairs="random:20"))
    assert said == "8-term contexts: 20 sets of 3 per sample, 5 drawn contexts each"
    below = 1 + 16 + comb(16, 2)
    said = estimator_of(plan("shapley-taylor", budget=below + 16))
    assert said == (
        "dividends of all smaller sets, exactly; 8-term contexts: 1 of 560 sets of 3 per sample, 2 drawn contexts each"
    )
    assert estimator_of(plan("shapley-interaction", size=2, pairs="random:4", contexts=3)) == (
        "four-term contexts: 4 pairs per sample, 3 drawn contexts each"
    )


@pytest.mark.parametrize("estimator", ["surrogate", "sampled"])
def test_a_budget_near_all_coalitions_says_what_would_be_exact(estimator):
    metric = configured(extensions.metric("shapley-interaction"), {"estimator": estimator})
    near, far = (estimator_of(metric.design(Question(10, budget, 0, "x"))) for budget in (300, 200))
    assert near.endswith("(2^10 = 1,024: --budget 1024 would make all exact)")
    assert "--budget" not in far


def test_a_part_of_the_pairs_is_said_to_be_one():
    metric = configured(extensions.metric("shapley-interaction"), {"estimator": "sampled"})
    assert "of 276 pairs per sample" in estimator_of(metric.design(Question(24, 100, 0, "x")))
    assert "contexts: 276 pairs per sample" in estimator_of(metric.design(Question(24, 4000, 0, "x")))
