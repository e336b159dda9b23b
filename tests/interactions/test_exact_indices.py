"""Exact indices against the papers' set definitions and against Moebius dividends."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import references
from support.strategies import tables

import interact_cli as ic
from interact_cli.interactions.exact.size_sums import SizeSums
from interact_cli.interactions.exact.transforms import moebius, zeta

INDICES = sorted(references.DEFINITIONS)


def close(actual, expected, values):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9 * max(1.0, float(np.abs(values).max())))


@pytest.mark.parametrize("index", INDICES)
@settings(max_examples=25, deadline=None)
@given(drawn=tables(2, 6))
def test_exact_equals_the_set_definition(index, drawn):
    values, n = drawn
    estimate = ic.measure(ic.TableGame(values), index)
    close(estimate.values, references.DEFINITIONS[index](references.set_game(values, n), n), values)


@pytest.mark.parametrize("index", INDICES)
@pytest.mark.parametrize("n", [7, 8])
def test_exact_equals_the_set_definition_for_larger_games(index, n):
    values = np.random.default_rng(n).normal(size=2**n)
    estimate = ic.measure(ic.TableGame(values), index)
    close(estimate.values, references.DEFINITIONS[index](references.set_game(values, n), n), values)
    assert estimate.evaluations == 2**n


@pytest.mark.parametrize("index", INDICES)
@settings(max_examples=25, deadline=None)
@given(drawn=tables(2, 6))
def test_exact_equals_the_route_through_dividends(index, drawn):
    values, n = drawn
    shares = references.dividends(references.set_game(values, n))
    close(ic.measure(ic.TableGame(values), index).values, references.FROM_DIVIDENDS[index](shares, n), values)


@settings(max_examples=15, deadline=None)
@given(drawn=tables(1, 5))
def test_shapley_equals_the_mean_over_all_orders_of_arrival(drawn):
    values, n = drawn
    expected = references.shapley_by_permutations(references.set_game(values, n), n)
    close(ic.measure(ic.TableGame(values), "shapley").values, expected, values)


@pytest.mark.parametrize("index", ["shapley", "banzhaf"])
def test_one_player_is_worth_what_it_adds(index):
    assert ic.measure(ic.TableGame([2.0, 5.0]), index).values.tolist() == [3.0]


def test_the_exact_value_of_a_callable_equals_that_of_its_table():
    values = np.random.default_rng(1).normal(size=64)
    codes = 2 ** np.arange(6)
    game = ic.CallableGame(lambda coalitions: values[coalitions @ codes], n_players=6)
    for index in INDICES:
        ours, table = ic.measure(game, index), ic.measure(ic.TableGame(values), index)
        np.testing.assert_array_equal(ours.values, table.values)


# --- closed forms ---------------------------------------------------------------------------------


@st.composite
def unanimity_sums(draw):
    n = draw(st.integers(3, 9))
    terms = st.tuples(st.sets(st.integers(0, n - 1), min_size=1), st.integers(-5, 5))
    return n, [(frozenset(T), float(c)) for T, c in draw(st.lists(terms, min_size=1, max_size=4))]


@settings(max_examples=30, deadline=None)
@given(drawn=unanimity_sums())
def test_sums_of_unanimity_games_have_the_closed_form(drawn):
    """c u_T: 1/t, 2^-(t-1), 1/(t-1), 2^-(t-2) and C(n-t, m-t+2) / C(n-2, m), times c, for the members of T."""
    n, terms = drawn
    values = references.table(lambda S: sum(c * references.unanimity(T)(S) for T, c in terms), n)
    expected = {
        "shapley": np.zeros(n),
        "banzhaf": np.zeros(n),
        "shapley-interaction": np.zeros((n, n)),
        "banzhaf-interaction": np.zeros((n, n)),
        "multi-order": np.zeros((n - 1, n, n)),
    }
    for T, c in terms:
        t = len(T)
        for i in T:
            expected["shapley"][i] += c / t
            expected["banzhaf"][i] += c / 2 ** (t - 1)
            for j in T - {i}:
                expected["shapley-interaction"][i, j] += c / (t - 1)
                expected["banzhaf-interaction"][i, j] += c / 2 ** (t - 2)
                for m in range(t - 2, n - 1):
                    expected["multi-order"][m, i, j] += c * comb(n - t, m - t + 2) / comb(n - 2, m)
    for index, closed_form in expected.items():
        if closed_form.ndim > 1:
            closed_form[..., np.arange(n), np.arange(n)] = np.nan
        close(ic.measure(ic.TableGame(values), index).values, closed_form, values)


@pytest.mark.parametrize("n", [12, 15])
def test_unanimity_of_many_players(n):
    """Odd and even halves of the table, beyond what an enumeration in Python reaches."""
    T = set(range(0, n, 3))
    codes = np.arange(2**n)
    needed = sum(2**i for i in T)
    values = ((codes & needed) == needed).astype(float)
    orders = ic.measure(ic.TableGame(values), "multi-order").values
    for m in range(n - 1):
        inside = comb(n - len(T), m - len(T) + 2) / comb(n - 2, m) if m >= len(T) - 2 else 0.0
        assert orders[m, 0, 3] == pytest.approx(inside, abs=1e-12)
        assert orders[m, 0, 1] == pytest.approx(0.0, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(weights=st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=8), empty=st.floats(-10, 10, width=32))
def test_additive_games_have_no_interaction(weights, empty):
    n = len(weights)
    values = references.table(lambda S: empty + sum(weights[i] for i in S), n)
    close(ic.measure(ic.TableGame(values), "shapley").values, weights, values)
    close(ic.measure(ic.TableGame(values), "banzhaf").values, weights, values)
    off = ~np.eye(n, dtype=bool)
    for index in ("shapley-interaction", "banzhaf-interaction", "multi-order"):
        close(ic.measure(ic.TableGame(values), index).values[..., off], 0.0, values)


def test_mixture_of_two_unanimity_games_by_hand():
    """v = 6 u_{012} - 2 u_{01} on three players, worked on paper."""
    values = references.table(lambda S: 6.0 * ({0, 1, 2} <= S) - 2.0 * ({0, 1} <= S), 3)
    game = ic.TableGame(values)
    assert ic.measure(game, "shapley").values == pytest.approx([1.0, 1.0, 2.0])
    assert ic.measure(game, "shapley-interaction").values[0, 1] == pytest.approx(1.0)
    assert ic.measure(game, "shapley-interaction").values[0, 2] == pytest.approx(3.0)
    assert ic.measure(game, "multi-order").values[:, 0, 1] == pytest.approx([-2.0, 4.0])


# --- transforms and size sums ---------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(drawn=tables(1, 7))
def test_moebius_equals_inclusion_and_exclusion(drawn):
    values, n = drawn
    shares = references.dividends(references.set_game(values, n))
    expected = references.table(lambda S: shares[S], n)
    close(moebius(values), expected, values * 2**n)


@settings(max_examples=30, deadline=None)
@given(drawn=tables(1, 8))
def test_zeta_undoes_moebius_and_leaves_its_argument_alone(drawn):
    values, n = drawn
    before = values.copy()
    close(zeta(moebius(values)), values, values * 2**n)
    close(moebius(zeta(values)), values, values * 2**n)
    np.testing.assert_array_equal(values, before)


@settings(max_examples=15, deadline=None)
@given(drawn=tables(1, 6))
def test_size_sums_are_sums_over_the_listed_coalitions(drawn):
    values, n = drawn
    v = references.set_game(values, n)
    sums = SizeSums.of(values)
    for size in range(n + 1):
        of_size = {S: x for S, x in v.items() if len(S) == size}
        close(sums.total[size], sum(of_size.values()), values * 2**n)
        for i in range(n):
            close(sums.with_player[size, i], sum(x for S, x in of_size.items() if i in S), values * 2**n)
            for j in range(n):
                close(sums.with_pair[size, i, j], sum(x for S, x in of_size.items() if {i, j} <= S), values * 2**n)
