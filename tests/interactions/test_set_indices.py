"""Indices of sets of any size against differences over listed contexts, recursions and regressions."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import references, set_indices
from support.strategies import tables

import interact_cli as ic
from interact_cli.errors import BudgetError, UsageError
from interact_cli.interactions.exact import weights

SOME = settings(max_examples=20, deadline=None)
INDICES = list(set_indices.DEFINITIONS)
UP_TO = ["shapley-taylor", "k-shapley", "faithful-shapley", "faithful-banzhaf"]
OF_ONE_SIZE = ["shapley-interaction", "banzhaf-interaction"]


def measured(values, index, k):
    """Set -> value."""
    estimate = ic.measure(ic.TableGame(values), index, interaction_size=k)
    return {frozenset(players): value for players, value in zip(estimate.players, estimate.values, strict=True)}


def close(actual, expected, values):
    assert list(actual) == list(expected)
    tolerance = 1e-9 * max(1.0, float(np.abs(values).max()))
    np.testing.assert_allclose(list(actual.values()), list(expected.values()), rtol=0, atol=tolerance)


@pytest.mark.parametrize("index", INDICES)
@SOME
@given(drawn=tables(1, 6), data=st.data())
def test_sets_equal_their_definition(index, drawn, data):
    values, n = drawn
    k = data.draw(st.integers(1, n))
    expected = set_indices.DEFINITIONS[index](references.set_game(values, n), n, k)
    close(measured(values, index, k), expected, values)


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("k", range(1, 7))
def test_every_size_of_six_players(index, k):
    values = np.random.default_rng(k).normal(size=64)
    expected = set_indices.DEFINITIONS[index](references.set_game(values, 6), 6, k)
    close(measured(values, index, k), expected, values)


@pytest.mark.parametrize("index", INDICES)
def test_the_layout_of_sets(index):
    """The empty set first, then size by size; one size only for the indices of one; padded with -1."""
    estimate = ic.measure(ic.TableGame(np.arange(16.0) ** 2), index, interaction_size=3)
    sizes = [3] if index in OF_ONE_SIZE else [0, 1, 2, 3]
    assert [frozenset(players) for players in estimate.players] == set_indices.sets_of(4, *sizes)
    assert estimate.sets.shape == (len(estimate.values), 3)
    assert estimate.values.shape == estimate.standard_errors.shape == estimate.exact.shape
    assert estimate.exact.all()
    assert (estimate.standard_errors == 0).all()
    assert estimate.pairs is estimate.orders is None
    assert estimate.evaluations == 16


@pytest.mark.parametrize("index", UP_TO)
def test_without_a_size_pairs_are_the_largest_sets(index):
    game = ic.TableGame(np.random.default_rng(0).normal(size=32))
    named = ic.measure(game, index, interaction_size=2)
    assert ic.measure(game, index).players == named.players
    np.testing.assert_array_equal(ic.measure(game, index).values, named.values)


@pytest.mark.parametrize("index", OF_ONE_SIZE)
@SOME
@given(drawn=tables(2, 8))
def test_sets_of_two_are_the_pairs_of_the_matrix(index, drawn):
    """The dividends and the sums by size are two derivations."""
    values, _ = drawn
    matrix = ic.measure(ic.TableGame(values), index).values
    pairs = measured(values, index, 2)
    close(pairs, {frozenset(S): matrix[tuple(sorted(S))] for S in pairs}, values)


@SOME
@given(drawn=tables(1, 7))
def test_single_players_have_their_values(drawn):
    """Order 1: the Shapley value four times over, the Banzhaf value twice."""
    values, n = drawn
    for name, indices in (
        ("shapley", ["shapley-interaction", "shapley-taylor", "k-shapley", "faithful-shapley"]),
        ("banzhaf", ["banzhaf-interaction", "faithful-banzhaf"]),
    ):
        of_players = dict(zip(set_indices.sets_of(n, 1), ic.measure(ic.TableGame(values), name).values, strict=True))
        for index in indices:
            close({S: x for S, x in measured(values, index, 1).items() if S}, of_players, values)


@pytest.mark.parametrize("index", UP_TO)
@SOME
@given(drawn=tables(1, 6))
def test_at_the_largest_size_every_set_is_worth_its_dividend(index, drawn):
    values, n = drawn
    shares = references.dividends(references.set_game(values, n))
    close(measured(values, index, n), {S: shares[S] for S in set_indices.sets_of(n, *range(n + 1))}, values * 2**n)


@pytest.mark.parametrize("index", ["shapley-taylor", "k-shapley", "faithful-shapley"])
@SOME
@given(drawn=tables(1, 7), data=st.data())
def test_efficiency_with_the_empty_set_the_values_sum_to_the_grand_coalition(index, drawn, data):
    values, n = drawn
    found = measured(values, index, data.draw(st.integers(1, n)))
    tolerance = 1e-9 * max(1.0, float(np.abs(values).max()))
    assert sum(found.values()) == pytest.approx(values[-1], abs=10 * tolerance)
    assert found[frozenset()] == pytest.approx(values[0], abs=tolerance)


def test_faithful_banzhaf_values_do_not_sum_to_the_grand_coalition():
    """The majority of three, its least squares with k = 1 worked on paper: -1/4 + (x_0 + x_1 + x_2) / 2."""
    majority = references.table(lambda S: float(len(S) >= 2), 3)
    found = measured(majority, "faithful-banzhaf", 1)
    assert found[frozenset()] == pytest.approx(-0.25)
    assert [found[frozenset({i})] for i in range(3)] == pytest.approx([0.5] * 3)
    assert sum(found.values()) == pytest.approx(1.25)


CLOSED_FORMS = {
    "shapley-interaction": lambda t, a, k: 1 / (t - a + 1),
    "banzhaf-interaction": lambda t, a, k: 2.0 ** (a - t),
    "shapley-taylor": lambda t, a, k: float(t == a) if a < k else 1 / comb(t, k),
}


def unanimity(n, data):
    """Everybody of T is needed, and worth 3 together; a largest size."""
    T = frozenset(data.draw(st.sets(st.integers(0, n - 1), min_size=1)))
    return T, references.table(lambda S: 3.0 * (T <= S), n), data.draw(st.integers(1, n))


@pytest.mark.parametrize("index", CLOSED_FORMS)
@SOME
@given(n=st.integers(3, 8), data=st.data())
def test_unanimity_has_the_closed_form(index, n, data):
    T, values, k = unanimity(n, data)
    for A, value in measured(values, index, k).items():
        expected = 3 * CLOSED_FORMS[index](len(T), len(A), k) if A <= T else 0.0
        assert value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("index", UP_TO)
@SOME
@given(n=st.integers(3, 8), data=st.data())
def test_a_game_of_small_patterns_is_worth_its_patterns(index, n, data):
    """A polynomial of degree k is its own nearest one."""
    T, values, k = unanimity(n, data)
    for A, value in measured(values, index, max(k, len(T))).items():
        assert value == pytest.approx(3.0 * (A == T), abs=1e-9)


def test_weights_of_many_players_add_up():
    """At sizes that no enumeration reaches: over the sets inside T the shares of its dividend sum to 1."""
    assert [weights.bernoulli(j) for j in range(7)] == set_indices.BERNOULLI
    assert weights.bernoulli(20) == Fraction(-174611, 330)
    for k in (1, 3, 8):
        for t in (1, 5, 20):
            for weight in (weights.shapley_taylor, weights.k_shapley, weights.faithful_shapley):
                total = sum(comb(t, a) * weight(t, a, k) for a in range(min(k, t) + 1))
                assert total == pytest.approx(1.0, abs=1e-7)


def test_large_games_of_a_few_patterns():
    """18 players, v = 2 u_T - u_U: far beyond enumeration by sets."""
    n, T, U = 18, {0, 5, 9, 17}, {5, 9}
    codes = np.arange(2**n)
    masks = [sum(2**i for i in S) for S in (T, U)]
    values = 2.0 * ((codes & masks[0]) == masks[0]) - ((codes & masks[1]) == masks[1])
    found = measured(values, "shapley-interaction", 3)
    expected = {S: 1.0 if S < T else 0.0 for S in set_indices.sets_of(n, 3)}
    close(found, expected, values)
    assert measured(values, "shapley-taylor", 2)[frozenset({5, 9})] == pytest.approx(2 / 6 - 1)


# --- all coalitions ---------------------------------------------------------------------------------


@SOME
@given(drawn=tables(1, 6))
def test_harsanyi_and_or_interactions_equal_their_definitions(drawn):
    values, n = drawn
    v, game = references.set_game(values, n), ic.TableGame(values)
    for index, expected in (
        ("harsanyi", references.dividends(v)),
        ("or-interaction", set_indices.or_interactions(v, n)),
    ):
        estimate = ic.measure(game, index)
        found = {frozenset(players): x for players, x in zip(estimate.players, estimate.values, strict=True)}
        assert set(found) == set(expected)
        close({S: found[S] for S in expected}, expected, values * 2**n)
        assert estimate.exact.all()


@SOME
@given(drawn=tables(1, 6))
def test_a_game_is_the_sum_of_the_or_interactions_that_it_meets(drawn):
    """v(T) = I_or(empty) + sum over S that meet T of I_or(S)."""
    values, n = drawn
    estimate = ic.measure(ic.TableGame(values), "or-interaction")
    interactions = dict(zip(map(frozenset, estimate.players), estimate.values, strict=True))
    total = references.table(lambda T: interactions[frozenset()] + sum(x for S, x in interactions.items() if S & T), n)
    np.testing.assert_allclose(total, values, rtol=0, atol=2**n * 1e-9 * max(1.0, np.abs(values).max()))


@SOME
@given(drawn=tables(2, 6))
def test_inference_patterns_equal_the_recursion_of_the_paper(drawn):
    """R^T(i,j) = Delta v(i,j,T) - sum over proper T' of R^T'(i,j); J^(q) its mean over |T| = q."""
    values, n = drawn
    v = references.set_game(values, n)
    found = ic.measure(ic.TableGame(values), "inference-patterns").values
    assert found.shape == (n - 1, n, n)
    assert np.isnan(found[:, range(n), range(n)]).all()
    for i, j in set_indices.sets_of(n, 2):
        rewards = {}
        for T in references.subsets(set(range(n)) - {i, j}):
            rewards[T] = references.delta(v, i, j, T) - sum(x for smaller, x in rewards.items() if smaller < T)
        for q in range(n - 1):
            expected = np.mean([x for T, x in rewards.items() if len(T) == q])
            assert found[q, i, j] == found[q, j, i]
            assert found[q, i, j] == pytest.approx(expected, abs=2**n * 1e-9 * max(1.0, np.abs(values).max()))


def test_dividends_of_vectors_are_those_of_each_component():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(32, 5))
    codes = 2 ** np.arange(5)
    for game in (ic.TableGame(values), ic.CallableGame(lambda c: values[c @ codes], 5, dimension=5)):
        estimate = ic.measure(game, "harsanyi")
        assert estimate.values.shape == estimate.standard_errors.shape == estimate.exact.shape == (32, 5)
        assert len(estimate.players) == 32
        for component in range(5):
            alone = ic.measure(ic.TableGame(values[:, component]), "harsanyi").values
            np.testing.assert_array_equal(estimate.values[:, component], alone)


# --- what is refused --------------------------------------------------------------------------------


def never(coalitions):
    raise AssertionError("asked before the question was checked")


@pytest.mark.parametrize(
    ("index", "instead"),
    [
        ("k-shapley", "shapley-interaction"),
        ("faithful-shapley", "shapley-taylor"),
        ("faithful-banzhaf", "banzhaf-interaction"),
        ("harsanyi", "shapley-taylor"),
        ("or-interaction", "shapley-taylor"),
        ("and-or", "shapley-taylor"),
        ("inference-patterns", "multi-order"),
    ],
)
def test_what_is_never_sampled_says_what_it_takes_and_what_can_be(index, instead):
    with pytest.raises(BudgetError, match=f"at least 1024 evaluations, got 1023.*sample '{instead}'"):
        ic.measure(ic.CallableGame(never, 10), index, budget=1023)
    with pytest.raises(BudgetError, match=f"8 GiB.*at most 24.*'{instead}'"):
        ic.measure(ic.CallableGame(never, 30), index, budget=10**6)
    with pytest.raises(BudgetError, match=rf"2\^22 .*0.03 GiB.*budget=2\*\*22.*'{instead}'"):
        ic.measure(ic.CallableGame(never, 22), index)
    ic.measure(ic.CallableGame(lambda c: c.all(axis=1), 10), index, budget=1024)


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "from 1, got 0"),
        (-1, "from 1, got -1"),
        (2.0, "got 2.0"),
        (True, "got True"),
        (6, "at least 6 players, got 5"),
    ],
)
def test_a_size_that_no_set_has_is_refused(index, size, said):
    with pytest.raises(UsageError, match=said):
        ic.measure(ic.CallableGame(never, 5), index, interaction_size=size)


def test_more_sets_than_can_be_listed_are_refused_with_their_memory():
    with pytest.raises(BudgetError, match=r"got 2,704,156 of 12 of 24 players \(0.2 GiB\)"):
        ic.measure(ic.CallableGame(never, 24), "shapley-interaction", interaction_size=12, budget=2**24)
