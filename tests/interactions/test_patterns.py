"""Inference patterns and dropout against recursion, sets and draws."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import pattern_references, references
from support.strategies import tables

from interact_cli.errors import UsageError
from interact_cli.interactions import patterns
from interact_cli.seeding import generator

QUICK = settings(max_examples=25, deadline=None)
KEEP = st.floats(0.05, 0.95)


def close(actual, expected, table):
    np.testing.assert_allclose(actual, expected, atol=1e-9 * max(1.0, np.abs(table).max()), rtol=0)


def upper(matrices):
    i, j = np.triu_indices(matrices.shape[-1], 1)
    return matrices[:, i, j]


def random_games(n, number, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(number):
        table = rng.normal(size=2**n)
        yield upper(patterns.mean_patterns(table))


@QUICK
@given(drawn=tables(2, 6), data=st.data())
def test_rewards_follow_the_recursive_definition(drawn, data):
    table, n = drawn
    i, j = data.draw(st.permutations(range(n)))[:2]
    v = references.set_game(table, n)
    truth = pattern_references.rewards(v, n, i, j)
    rest = pattern_references.others(n, i, j)
    expected = [
        truth[frozenset(k for place, k in enumerate(rest) if code >> place & 1)] for code in range(2 ** (n - 2))
    ]
    close(patterns.pattern_rewards(table, i, j), expected, table)


@QUICK
@given(drawn=tables(2, 6))
def test_mean_patterns_by_enumeration(drawn):
    table, n = drawn
    v = references.set_game(table, n)
    found = patterns.mean_patterns(table)
    assert np.isnan(found[:, np.arange(n), np.arange(n)]).all()
    for i in range(n):
        for j in set(range(n)) - {i}:
            close(found[:, i, j], pattern_references.mean_rewards(v, n, i, j), table)


@QUICK
@given(drawn=tables(2, 6))
def test_mean_patterns_by_binomial_inversion(drawn):
    table, n = drawn
    orders = references.multi_order(references.set_game(table, n), n)
    by_formula = np.array(
        [sum((-1) ** (q - s) * comb(q, s) * orders[s, 0, 1] for s in range(q + 1)) for q in range(n - 1)]
    )
    close(patterns.patterns_of_orders(orders)[:, 0, 1], by_formula, table)
    close(patterns.patterns_of_orders(orders)[:, 0, 1], patterns.mean_patterns(table)[:, 0, 1], table)


def test_inversion_warns_where_it_is_unstable():
    patterns.patterns_of_orders(np.zeros(11))
    with pytest.warns(RuntimeWarning, match=r"errors by up to 2\^11.*unstable beyond q = 10"):
        patterns.patterns_of_orders(np.zeros(12))


@QUICK
@given(drawn=tables(2, 6))
def test_equation_4_the_components_of_an_order_sum_to_its_interaction(drawn):
    table, n = drawn
    orders = references.multi_order(references.set_game(table, n), n)
    found = patterns.mean_patterns(table)
    for s in range(n - 1):
        gammas = patterns.components(found, s)
        assert gammas.shape == (s + 1, n, n)
        close(gammas.sum(axis=0)[0, 1], orders[s, 0, 1], table)


@QUICK
@given(drawn=tables(3, 6))
def test_equation_5_with_r_survivors_an_interaction_is_that_of_order_r(drawn):
    table, n = drawn
    v = references.set_game(table, n)
    found = patterns.mean_patterns(table)[:, 0, 1]
    for s in range(n - 1):
        for r in range(s + 1):
            left = pattern_references.given_survivors(v, n, 0, 1, s, r)
            close(patterns.components(found, r).sum(), left, table)


@QUICK
@given(drawn=tables(2, 6), keep=KEEP)
def test_dropout_leaves_p_to_the_q_of_each_component(drawn, keep):
    """E_r I_drop = sum_q p^q Gamma^(q)(i,j|s), over every context and everything that can be left of it."""
    table, n = drawn
    v = references.set_game(table, n)
    truth = pattern_references.after_dropout(v, n, 0, n - 1, keep)
    found = patterns.mean_patterns(table)[:, 0, n - 1]
    by_hand = [sum(keep**q * comb(s, q) * found[q] for q in range(s + 1)) for s in range(n - 1)]
    close(by_hand, truth, table)
    close(patterns.after_dropout(found, keep), truth, table)
    orders = references.multi_order(v, n)
    close(patterns.mixed_over_survivors(orders, keep)[:, 0, n - 1], truth, table)


def test_dropout_of_drawn_contexts_agrees_with_the_prediction():
    """Contexts, survivors and values drawn one by one; then the numbers of survivors alone, as the package draws."""
    n, keep, n_draws = 6, 0.7, 40_000
    rng = np.random.default_rng(4)
    table = rng.normal(size=2**n)
    predicted = patterns.after_dropout(patterns.mean_patterns(table), keep)[:, 1, 4]
    rest = np.array([0, 2, 3, 5])
    for s in range(n - 1):
        contexts = np.argsort(rng.random((n_draws, len(rest))), axis=1)[:, :s]
        kept = rng.random((n_draws, s)) < keep
        codes = (kept * 2 ** rest[contexts]).sum(axis=1)
        terms = table[codes | 2 | 16] - table[codes | 2] - table[codes | 16] + table[codes]
        assert abs(terms.mean() - predicted[s]) < 4.5 * terms.std() / np.sqrt(n_draws) + 1e-12
    orders = references.multi_order(references.set_game(table, n), n)[:, [1], [4]]
    rngs = [generator(0, "dropout", "x", s) for s in range(n - 1)]
    means, errors = patterns.simulated_dropout(orders, keep, n_draws, rngs)
    assert (np.abs(means[:, 0] - predicted) < 4.5 * errors[:, 0] + 1e-12).all()
    assert errors[0, 0] == 0
    assert (errors[1:] > 0).all()


@QUICK
@given(r=st.integers(0, 12), s=st.integers(1, 12))
def test_equation_6_left_larger_patterns_suffer_more(r, s):
    r = min(r, s)
    ones = np.ones(13)
    left, whole = patterns.components(ones, r), patterns.components(ones, s)[: r + 1]
    falling = left / whole
    assert falling[0] == 1
    assert (falling >= 0).all()
    assert (np.diff(falling) <= 1e-12).all()


def test_erratum_22_dropout_strengthens_interactions_of_random_games():
    """The ratio is above 1 in 25 %, negative in 50 %, larger in size in 49 %; after averaging over r still in 21 %."""
    survivors, averaged = [], []
    for found in random_games(8, 300):
        orders = np.stack([patterns.components(found, s).sum(axis=0) for s in range(7)])
        survivors.append(patterns.survivor_ratios(orders))
        averaged.append(patterns.ratios_to(patterns.after_dropout(found, 0.5)[1:], orders[1:]))
    each = patterns.Ratios.of(np.stack(survivors))
    assert each.above_one == pytest.approx(0.25, abs=0.02)
    assert each.negative == pytest.approx(0.50, abs=0.02)
    assert each.stronger == pytest.approx(0.49, abs=0.02)
    assert patterns.Ratios.of(np.stack(averaged)).above_one == pytest.approx(0.21, abs=0.03)


def test_erratum_22_the_sufficient_condition_is_sufficient_and_not_necessary():
    bounded_without = 0
    for found in random_games(5, 200, seed=1):
        orders = np.stack([patterns.components(found, s).sum(axis=0) for s in range(4)])
        shared = patterns.share_a_sign(found)
        assert shared[0].all()
        for s in range(1, 4):
            ratios = orders[:s] / orders[s]
            bounded = ((ratios >= -1e-12) & (ratios <= 1 + 1e-12)).all(axis=0)
            signs = np.sign(found[: s + 1])
            np.testing.assert_array_equal(shared[s], (signs == signs[0]).all(axis=0))
            assert bounded[shared[s]].all()
            bounded_without += int((bounded & ~shared[s]).sum())
    assert bounded_without > 0


def test_what_counts_as_zero_has_either_sign():
    found = np.array([1.0, -1e-7, 2.0])
    assert patterns.share_a_sign(found).tolist() == [True, False, False]
    assert patterns.share_a_sign(found, np.array([0.0, 1e-6, 0.0])).tolist() == [True, True, True]


def test_survivor_ratios_take_every_r_below_s():
    orders = np.array([[1.0], [2.0], [8.0]])
    assert sorted(patterns.survivor_ratios(orders)[:, 0].tolist()) == [1 / 8, 2 / 8, 1 / 2]
    assert np.isnan(patterns.survivor_ratios(orders, tolerance=2.0)[0, 0])


def test_ratios_of_nothing_are_unknown():
    held = patterns.Ratios.of(np.array([np.nan]))
    assert np.isnan([held.above_one, held.negative, held.stronger, *held.quantiles]).all()


def test_rounding_of_patterns_is_what_independent_errors_make_of_them():
    n = 6
    found = np.stack(list(random_games(n, 3000, seed=2)))  # four values of variance 1 in every context
    np.testing.assert_allclose(found.std(axis=(0, 2)), patterns.rounding_of_patterns(n, 2.0), rtol=0.03)


def test_rounding_of_mean_patterns_is_that_of_the_values_of_a_game():
    n, rounding = 5, 1e-4
    table = np.linspace(-3.0, 5.0, 2**n)
    by_value = np.stack([patterns.mean_patterns(row)[:, 1, 3] for row in np.eye(2**n)])
    expected = 5.0 * rounding * np.sqrt((by_value**2).sum(axis=0))
    np.testing.assert_allclose(patterns.rounding_of_mean_patterns(table, rounding)[:, 0], expected)


@pytest.mark.parametrize(("i", "j"), [(0, 0), (0, 3), (-1, 1)])
def test_a_pair_of_patterns_is_two_players_of_the_game(i, j):
    with pytest.raises(UsageError, match=f"Expected two different players from 0 to 2, got {i} and {j}"):
        patterns.pattern_rewards(np.zeros(8), i, j)
