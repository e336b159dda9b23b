"""Budgets: never exceeded, and a refusal names a budget that works."""

from __future__ import annotations

import re
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import references

import interact_cli as ic
from interact_cli.errors import BudgetError, UsageError
from interact_cli.interactions import indices
from interact_cli.interactions.designs.budgets import Cost, Sampling, Shared, share
from interact_cli.interactions.designs.within_budget import full_table

INDICES = sorted(references.DEFINITIONS)


def sampling(budget, **settings):
    return Sampling(budget, 0, "x", **settings)


class Counting:
    """A smooth game that counts its rows and remembers whether any came twice."""

    def __init__(self, n):
        self.n_players = n
        self.rows = []

    def __call__(self, coalitions):
        self.rows += map(bytes, np.packbits(coalitions, axis=1))
        return np.sin(coalitions @ (1.0 + np.arange(self.n_players)))


@pytest.mark.parametrize("index", INDICES)
@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 14), budget=st.integers(0, 3000))
def test_no_more_distinct_coalitions_than_the_budget(index, n, budget):
    game = Counting(n)
    try:
        estimate = ic.measure(game, index, budget=budget)
    except BudgetError:
        assert not game.rows
        return
    assert len(game.rows) == len(set(game.rows)) == estimate.evaluations
    assert estimate.evaluations <= budget
    assert estimate.exact.any() == (2**n <= budget) or index == "multi-order"


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("n", [2, 3, 4, 7, 30])
def test_the_refusal_names_the_least_budget_that_works(index, n):
    with pytest.raises(BudgetError) as refused:
        ic.measure(Counting(n), index, budget=3)
    least = int(re.search(r"at least (\d+)", str(refused.value)).group(1))
    assert np.isfinite(ic.measure(Counting(n), index, budget=least).values).any()
    with pytest.raises(BudgetError, match=f"at least {least}"):
        ic.measure(Counting(n), index, budget=least - 1)


def test_sets_that_no_budget_reaches_are_told_to_be_smaller():
    with pytest.raises(BudgetError, match=r"Raise --budget or choose a smaller interaction size"):
        ic.measure(Counting(60), "shapley-interaction", interaction_size=60, budget=3000)


@pytest.mark.parametrize("index", INDICES)
def test_exact_is_refused_above_twenty_players(index):
    with pytest.raises(BudgetError, match=r"2\^21"):
        ic.measure(Counting(21), index)
    with pytest.raises(BudgetError, match=r"2\^40"):
        ic.measure(Counting(40), index)


def test_a_table_that_does_not_fit_is_refused():
    with pytest.raises(BudgetError, match="at most 24 players"):
        full_table(indices.lookup("shapley"), 25)


def test_a_budget_of_the_whole_table_is_exact():
    values = np.random.default_rng(0).normal(size=32)
    game = ic.TableGame(values)
    for index in INDICES:
        estimate = ic.measure(game, index, budget=32)
        np.testing.assert_array_equal(estimate.values, ic.measure(game, index).values)
        assert not ic.measure(game, index, budget=31).exact.all()


@settings(max_examples=60, deadline=None)
@given(
    budget=st.integers(8, 20000),
    n_candidates=st.integers(1, 200),
    n=st.integers(4, 40),
    by_order=st.booleans(),
)
def test_all_pairs_are_measured_where_two_contexts_for_each_fit(budget, n_candidates, n, by_order):
    """And the budget is used up: one more context for every pair would exceed it."""

    def cost(contexts):
        return 4 * (sum(min(contexts, comb(n - 2, m)) for m in range(n - 1)) if by_order else contexts)

    try:
        shared = share(n_candidates, Cost(n, orders=tuple(range(n - 1)) if by_order else None), sampling(budget))
    except BudgetError:
        assert budget < cost(2)
        return
    assert shared.n_contexts >= 2
    assert 1 <= shared.n_sets <= n_candidates
    assert shared.n_sets * cost(shared.n_contexts) <= budget
    if n_candidates * cost(2) <= budget:
        assert shared.n_sets == n_candidates
        one_more = n_candidates * cost(shared.n_contexts + 1)
        assert one_more > budget or one_more == n_candidates * cost(shared.n_contexts)


def test_contexts_asked_for_are_given():
    assert share(120, Cost(16), sampling(4000, contexts=50)) == Shared(20, 50)
    assert share(120, Cost(16, size=3), sampling(4000, contexts=50)) == Shared(10, 50)
    with pytest.raises(BudgetError, match="at least 200"):
        share(120, Cost(16), sampling(199, contexts=50))


@pytest.mark.parametrize("index", ["shapley-interaction", "banzhaf-interaction", "multi-order"])
def test_one_player_has_no_pairs(index):
    for budget in (None, 100):
        with pytest.raises(UsageError, match="at least 2 players, got 1"):
            ic.measure(Counting(1), index, budget=budget)
