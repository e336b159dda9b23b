"""The multivariate interaction of Zhang et al. (AAAI 2021): its definition by sets, its identities and its errata."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import multivariate_reference as reference
from support import references
from support.strategies import tables

from interact_cli.interactions.multivariate import partitions
from interact_cli.interactions.multivariate.design import multivariate_design
from interact_cli.interactions.multivariate.members import Coalitions
from interact_cli.interactions.multivariate.result import QUANTITIES
from interact_cli.interactions.multivariate.worths import Worths, by_context, shapley_weights

FAMILIES = ("contiguous", "all")


def exact(values, members, family="contiguous"):
    n = len(values).bit_length() - 1
    return multivariate_design(n, members, 2**n, seed=0, stream="test", partitions=family).estimate(np.asarray(values))


def noise(n, seed):
    return np.random.default_rng(seed).normal(size=2**n)


def scaled(values):
    return 1e-9 * max(1.0, float(np.abs(values).max()))


@st.composite
def games_and_members(draw, low=2, high=6, most=5):
    values, n = draw(tables(low, high))
    members = draw(st.sets(st.integers(0, n - 1), min_size=2, max_size=min(n, most)))
    return values, n, tuple(sorted(members))


# --- the definition -------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25, deadline=None)
@given(drawn=games_and_members())
def test_all_six_quantities_equal_the_set_definition(family, drawn):
    values, n, members = drawn
    estimate = exact(values, members, family)
    expected = reference.quantities(references.set_game(values, n), n, members, family)
    for name in QUANTITIES:
        assert getattr(estimate, name) == pytest.approx(expected[name], abs=scaled(values)), name
    assert estimate.exact.all()
    assert not estimate.standard_errors.any()
    assert estimate.evaluations == 2**n
    assert estimate.members == members
    assert estimate.players == (members,) * 6


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=20, deadline=None)
@given(drawn=games_and_members())
def test_the_partitions_reach_the_extremes(family, drawn):
    values, n, members = drawn
    estimate = exact(values, members, family)
    v = references.set_game(values, n)
    for partition, value in ((estimate.partition_max, estimate.B_max), (estimate.partition_min, estimate.B_min)):
        assert sorted(player for block in partition for player in block) == list(members)
        assert list(partition) == sorted(partition)
        assert reference.sum_over(v, n, members, partition) == pytest.approx(value, abs=scaled(values))


@settings(max_examples=20, deadline=None)
@given(drawn=games_and_members())
def test_the_worth_of_every_coalition_is_its_shapley_value_in_the_reduced_game(drawn):
    values, n, members = drawn
    coalitions = Coalitions(len(members), complete=True)
    phi = Worths(coalitions, by_context(values, members), shapley_weights(n - len(members))).phi
    v = references.set_game(values, n)
    for code, row in enumerate(coalitions.rows):
        chosen = [player for player, inside in zip(members, row, strict=True) if inside]
        assert phi[code] == pytest.approx(reference.worth(v, n, members, chosen), abs=scaled(values))


def test_the_members_need_not_succeed_each_other():
    """Contiguous means successive in A: with players 1, 2, 6 all of [1 2 6] is one run, {1, 6} is none."""
    values = references.table(lambda S: 5.0 * ({1, 6} <= S) + 2.0 * ({2, 6} <= S), 7)
    assert exact(values, (6, 1, 2)).partition_max == ((1, 2, 6),)
    assert exact(values, (6, 1, 2), "all").partition_min == ((1,), (2,), (6,))
    values = references.table(lambda S: 5.0 * ({1, 6} <= S) - 2.0 * ({1, 2} <= S), 7)
    assert exact(values, (1, 2, 6), "all").partition_max == ((1, 6), (2,))
    assert exact(values, (1, 2, 6)).B_max == pytest.approx(3.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_all_players_may_be_asked_about(family):
    """|A| = n: one empty context, so phi(C) = v(C) - v(empty)."""
    values = noise(5, 1)
    estimate = exact(values, range(5), family)
    v = references.set_game(values, 5)
    empty = v[frozenset()]
    alone = sum(v[frozenset({i})] - empty for i in range(5))
    assert pytest.approx(v[frozenset(range(5))] - empty - alone) == estimate.B
    sums = [sum(v[frozenset(C)] - empty for C in parts) for parts in reference.FAMILIES[family](range(5))]
    assert pytest.approx(max(sums) - min(sums)) == estimate.T


# --- partitions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 3, 6, 7])
def test_the_subset_programme_equals_the_enumeration_of_all_partitions(size):
    for seed in range(5):
        gains = np.random.default_rng([seed, size]).normal(size=2**size)
        found = {
            parts: sum(gains[sum(2**i for i in C)] for C in parts) for parts in reference.all_partitions(range(size))
        }
        best = partitions.best_of_all(gains)
        assert tuple(sorted(best)) == tuple(sorted(max(found, key=found.__getitem__)))


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_the_interval_programme_equals_the_enumeration_of_contiguous_partitions(size):
    for seed in range(5):
        gains = np.random.default_rng([seed, size]).normal(size=(size, size))
        found = {
            parts: sum(gains[C[0], C[-1]] for C in parts) for parts in reference.contiguous_partitions(range(size))
        }
        assert partitions.best_of_contiguous(gains) == max(found, key=found.__getitem__)


def test_the_subset_programme_is_the_same_in_pieces(monkeypatch):
    gains = noise(9, 4)
    whole = partitions.best_of_all(gains)
    monkeypatch.setattr(partitions, "AT_ONCE", 2)
    assert partitions.best_of_all(gains) == whole


def test_a_planted_partition_of_fourteen_players_is_found():
    planted = ((0, 5, 13), (1,), (2, 3, 4, 9), (6, 12), (7, 8, 10, 11))
    gains = -np.abs(noise(14, 5))
    for block in planted:
        gains[sum(2**i for i in block)] = 1.0
    assert partitions.best_of_all(gains) == planted


@pytest.mark.parametrize("family", FAMILIES)
def test_additive_gaps_are_not_joined(family):
    """Ties go to fewer joins, though sums of tenths differ in the last bits."""
    weights = np.array([0.1, 0.7, 1e6 / 3, -0.3, 0.9, 1 / 7])
    values = references.table(lambda S: 0.3 + sum(weights[i] for i in S), 6)
    estimate = exact(values, (0, 1, 2, 4), family)
    assert estimate.partition_max == estimate.partition_min == ((0,), (1,), (2,), (4,))
    assert estimate.T == 0.0
    values = references.table(lambda S: sum(weights[i] for i in S) + 0.1 * ({1, 2} <= S), 6)
    assert exact(values, (0, 1, 2, 4), family).partition_max == ((0,), (1, 2), (4,))


def test_the_examples_of_the_paper():
    """y = x1 + x2 x3 + x4 x5 + x6 + x7 and x1 | (x2 & x3) | (x4 & x5) | x6 | x7 with A = {x2..x5}."""
    for operators in ("+*+*++", "|&|&||"):
        values = references.table(reference.expression(operators), 7)
        assert exact(values, (1, 2, 3, 4)).partition_max == ((1, 2), (3, 4))


# --- identities of the multivariate interaction -------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(drawn=tables(2, 6), seed=st.integers(0, 100))
def test_identity_b_of_a_pair_is_its_shapley_interaction(drawn, seed):
    values, n = drawn
    i, j = np.random.default_rng(seed).permutation(n)[:2].tolist()
    expected = references.shapley_interaction(references.set_game(values, n), n)[i, j]
    assert pytest.approx(expected, abs=scaled(values)) == exact(values, (i, j)).B


@settings(max_examples=25, deadline=None)
@given(drawn=games_and_members())
def test_identity_b_is_the_sum_of_the_interactions_of_its_subsets_without_the_rest_of_a(drawn):
    values, n, members = drawn
    v = references.set_game(values, n)
    others = set(range(n)) - set(members)
    total = sum(reference.interaction(v, others | L, L) for L in references.subsets(members) if len(L) > 1)
    assert pytest.approx(total, abs=scaled(values)) == exact(values, members).B


@settings(max_examples=25, deadline=None)
@given(drawn=games_and_members(high=7))
def test_identity_b_plus_and_b_minus_sum_to_b(drawn):
    values, _, members = drawn
    estimate = exact(values, members)
    assert estimate.B_plus + estimate.B_minus == pytest.approx(estimate.B, abs=scaled(values))
    assert estimate.B_plus >= 0 >= estimate.B_minus


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25, deadline=None)
@given(drawn=games_and_members(high=7))
def test_identity_t_is_not_negative_and_b_lies_between(family, drawn):
    values, _, members = drawn
    estimate = exact(values, members, family)
    slack = scaled(values)
    assert pytest.approx(estimate.B_max - estimate.B_min, abs=slack) == estimate.T
    assert estimate.B_max >= -slack
    assert estimate.B_min <= slack
    assert estimate.B_min - slack <= estimate.B <= estimate.B_max + slack


@settings(max_examples=15, deadline=None)
@given(drawn=games_and_members(low=3))
def test_identity_phi_is_the_mean_over_uniform_sizes_of_uniform_contexts(drawn):
    values, n, members = drawn
    v = references.set_game(values, n)
    others = set(range(n)) - set(members)
    by_size = [
        np.mean([v[S | set(members)] - v[S] for S in references.subsets(others) if len(S) == size])
        for size in range(len(others) + 1)
    ]
    coalitions = Coalitions(len(members), complete=True)
    phi = Worths(coalitions, by_context(values, members), shapley_weights(len(others))).phi
    assert phi[-1] == pytest.approx(np.mean(by_size), abs=scaled(values))


# --- errata -----------------------------------------------------------------------------------------


def test_erratum_17_b_prime_is_not_the_difference_of_shapley_values():
    """Zhou et al. (2024) write B([S]) = sum |I(L)|: that is B' = B+ - B-. Pairs of both signs cancel in B."""
    values = references.table(lambda S: 3.0 * ({0, 1} <= S) - 3.0 * ({2, 3} <= S), 5)
    estimate = exact(values, (0, 1, 2, 3))
    assert pytest.approx(0.0, abs=1e-12) == estimate.B
    assert estimate.B_plus - estimate.B_minus == pytest.approx(6.0)
    assert pytest.approx((3.0, -3.0)) == (estimate.B_max, estimate.B_min)
    assert estimate.partition_max == ((0, 1), (2,), (3,))
    assert estimate.partition_min == ((0,), (1,), (2, 3))


def test_erratum_18_the_subsets_are_measured_without_the_rest_of_a():
    """Over all of N, as equation 6 of Zhang et al. (AAAI 2021) reads, the sum is wrong."""
    n, members = 5, (0, 1, 2)
    values = noise(n, 18)
    v = references.set_game(values, n)
    subsets = [L for L in references.subsets(members) if len(L) > 1]
    over_reduced = sum(reference.interaction(v, {3, 4} | L, L) for L in subsets)
    over_all = sum(reference.interaction(v, range(n), L) for L in subsets)
    assert pytest.approx(over_reduced, abs=1e-9) == exact(values, members).B
    assert abs(over_all - over_reduced) > 0.3


def test_erratum_19_the_change_is_signed_and_the_empty_value_does_not_matter():
    """|f(I) - f(0)| = sum phi fails for a falling game; v(empty) need not be 0."""
    values = 0.7 - references.table(lambda S: len(S) + 1.0 * ({0, 1} <= S), 3)
    phi = references.shapley(references.set_game(values, 3), 3)
    assert phi.sum() == pytest.approx(values[-1] - values[0])
    assert phi.sum() < 0
    estimate = exact(values, (0, 1))
    assert pytest.approx(-1.0) == estimate.B
    np.testing.assert_allclose(exact(values + 100.0, (0, 1)).values, estimate.values, atol=1e-9)


def test_erratum_20_contiguous_partitions_reach_a_smaller_maximum_in_nearly_half_of_random_games():
    smaller = 0
    for seed in range(200):
        values = noise(6, [20, seed])
        contiguous, every = (exact(values, (0, 1, 2, 3), family) for family in FAMILIES)
        assert contiguous.B_max <= every.B_max + 1e-12
        assert contiguous.B_min >= every.B_min - 1e-12
        smaller += contiguous.B_max < every.B_max - 1e-9
    assert 70 <= smaller <= 115
