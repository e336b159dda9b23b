"""Axioms and recursions of indices of sets, and the errata of the papers that change numbers, each by its number."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import references, set_indices
from support.strategies import tables

import interact_cli as ic

QUICK = settings(max_examples=20, deadline=None)
INDICES = list(set_indices.DEFINITIONS)


def measured(values, index, k):
    """Set -> value."""
    estimate = ic.measure(ic.TableGame(values), index, interaction_size=k)
    return {
        frozenset(players): value for players, value in zip(estimate.players, estimate.values.tolist(), strict=True)
    }


def shapley_index(v, n, A):
    """I_Sh of one set of a set game, as the package has it; phi for a single player."""
    return measured(references.table(lambda S: v[S], n), "shapley-interaction", len(A))[frozenset(A)]


def dividends(v, n):
    estimate = ic.measure(ic.TableGame(references.table(lambda S: v[S], n)), "harsanyi")
    return dict(zip(map(frozenset, estimate.players), estimate.values.tolist(), strict=True))


def near(expected, values, factor=10):
    return pytest.approx(expected, abs=factor * 1e-9 * max(1.0, float(np.abs(values).max())))


def agree(found, expected, values):
    assert found.keys() == expected.keys()
    for S, value in found.items():
        assert value == near(expected[S], values), S


# --- axioms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", INDICES)
@QUICK
@given(drawn=tables(2, 6), factor=st.floats(-5, 5, width=32), seed=st.integers(0, 1000), data=st.data())
def test_linearity_of_sets(index, drawn, factor, seed, data):
    values, n = drawn
    k = data.draw(st.integers(1, n))
    other = np.random.default_rng(seed).normal(size=2**n)
    one, two = measured(values, index, k), measured(other, index, k)
    agree(measured(values + factor * other, index, k), {S: one[S] + factor * two[S] for S in one}, values)


@pytest.mark.parametrize("index", INDICES)
@QUICK
@given(drawn=tables(2, 6), data=st.data())
def test_anonymity_of_sets(index, drawn, data):
    """Renaming the players renames the sets and changes nothing else."""
    values, n = drawn
    k, new_name = data.draw(st.integers(1, n)), data.draw(st.permutations(range(n)))
    v = references.set_game(values, n)
    renamed = references.table(lambda S: v[frozenset(i for i in range(n) if new_name[i] in S)], n)
    after = measured(renamed, index, k)
    agree({S: after[frozenset(new_name[i] for i in S)] for S in after}, measured(values, index, k), values)


@pytest.mark.parametrize("index", INDICES)
@QUICK
@given(drawn=tables(3, 6), data=st.data())
def test_symmetry_of_sets(index, drawn, data):
    """Two players that may be exchanged in every coalition may be exchanged in every set."""
    values, n = drawn
    k, (i, j) = data.draw(st.integers(1, n)), data.draw(st.permutations(range(n)))[:2]
    v = references.set_game(values, n)

    def exchanged(S):
        return frozenset({i: j, j: i}.get(player, player) for player in S)

    found = measured(references.table(lambda S: (v[S] + v[exchanged(S)]) / 2, n), index, k)
    agree({S: found[exchanged(S)] for S in found}, found, values)


@pytest.mark.parametrize("index", [*INDICES, "harsanyi"])
@QUICK
@given(drawn=tables(1, 5), alone=st.floats(-10, 10, width=32), data=st.data())
def test_errata_6_and_7_dummy_of_sets(index, drawn, alone, data):
    """v(S+i) = v(S) + v(i) - v(empty): sets of i and NON-EMPTY others are worth nothing, {i} v(i) - v(empty)."""
    rest, n_rest = drawn
    n, i = n_rest + 1, data.draw(st.integers(0, n_rest))
    others = [player for player in range(n) if player != i]
    game = references.set_game(rest, n_rest)
    values = references.table(lambda S: game[frozenset(others.index(j) for j in S if j != i)] + alone * (i in S), n)
    if index == "harsanyi":
        found = dividends(references.set_game(values, n), n)
    else:
        found = measured(values, index, data.draw(st.integers(1, n)))
    for S, value in found.items():
        if i in S:
            assert value == near(alone if len(S) == 1 else 0.0, values, 2**n)


def test_erratum_7_an_additive_game_violates_the_printed_condition():
    """v(S+i) = v(S) + v(i), as printed, holds for no player of an additive game with v(empty) = .7."""
    weights = [1.0, -2.0, 3.0]
    values = references.table(lambda S: 0.7 + sum(weights[i] for i in S), 3)
    v = references.set_game(values, 3)
    for i in range(3):
        gaps = [v[S | {i}] - v[S] - v[frozenset({i})] for S in references.subsets({0, 1, 2} - {i})]
        assert gaps == pytest.approx([-0.7] * 4)
    assert ic.measure(ic.TableGame(values), "shapley").values == pytest.approx(weights)
    assert dividends(v, 3)[frozenset({1})] == pytest.approx(-2.0)


def test_distribution_a_unanimity_game_has_one_dividend():
    T = frozenset({0, 2, 3})
    found = dividends(references.set_game(references.table(lambda S: 4.0 * (T <= S), 5), 5), 5)
    assert {S: value for S, value in found.items() if value} == {T: 4.0}


# --- weights ----------------------------------------------------------------------------------------


def test_erratum_1_the_printed_shapley_weights_do_not_sum_to_one():
    """c(S) = s! (n-s+1)! / n! as printed sums to 18.67 for n = 6; s! (n-s-1)! / n! sums to 1 and gives efficiency."""
    n = 6
    contexts = [S for S in references.subsets(range(n)) if 0 not in S]
    printed = [factorial(len(S)) * factorial(n - len(S) + 1) / factorial(n) for S in contexts]
    correct = [factorial(len(S)) * factorial(n - len(S) - 1) / factorial(n) for S in contexts]
    assert sum(printed) == pytest.approx(18.67, abs=0.005)
    assert sum(correct) == pytest.approx(1.0)
    values = np.random.default_rng(1).normal(size=2**n)
    v = references.set_game(values, n)
    marginals = np.array([v[S | {0}] - v[S] for S in contexts])
    found = ic.measure(ic.TableGame(values), "shapley").values
    assert found[0] == pytest.approx(marginals @ correct)
    assert abs(found[0] - marginals @ printed) > 0.1
    assert found.sum() == pytest.approx(values[-1] - values[0])


@pytest.mark.parametrize("a", [1, 2, 3, 4])
def test_erratum_2_the_weights_of_the_shapley_interaction_index_are_right_as_printed(a):
    """t! (n-t-a)! / (n-a+1)! sums to 1 and equals sum_T I(A u T) / (|T|+1)."""
    n, A = 6, frozenset(range(a))
    contexts = set_indices.outside(n, A)
    assert sum(factorial(len(T)) * factorial(n - len(T) - a) for T in contexts) == factorial(n - a + 1)
    values = np.random.default_rng(a).normal(size=2**n)
    shares = references.dividends(references.set_game(values, n))
    expected = sum(shares[A | T] / (len(T) + 1) for T in contexts)
    assert measured(values, "shapley-interaction", a)[A] == near(expected, values)


@QUICK
@given(drawn=tables(2, 7))
def test_erratum_8_efficiency_needs_ordered_pairs_or_twice_the_weight(drawn):
    """w^(m) = (n-1-m) / (n(n-1)) over ordered pairs; over unordered ones 2 w^(m)."""
    values, n = drawn
    orders = ic.measure(ic.TableGame(values), "multi-order").values
    alone = sum(values[2**i] - values[0] for i in range(n))
    w = [(n - 1 - m) / (n * (n - 1)) for m in range(n - 1)]
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    ordered = sum(w[m] * orders[m, i, j] for m in range(n - 1) for i in range(n) for j in range(n) if i != j)
    unordered = sum(2 * w[m] * orders[m, i, j] for m in range(n - 1) for i, j in pairs)
    for total in (ordered, unordered):
        assert alone + total == near(values[-1] - values[0], values)


# --- recursions -------------------------------------------------------------------------------------


def sets_and_games(low=2):
    return given(drawn=tables(3, 6), data=st.data(), size=st.integers(low, 3))


@QUICK
@sets_and_games()
def test_erratum_3_the_dividends_are_those_of_the_original_game(drawn, data, size):
    """I_Sh(S) = sum_T I(S u T) / (|T|+1) with dividends of v itself; those of the merged player give phi([S])."""
    values, n = drawn
    v = references.set_game(values, n)
    S = frozenset(data.draw(st.permutations(range(n)))[:size])
    original = dividends(v, n)
    expected = sum(original[S | T] / (len(T) + 1) for T in references.subsets(set(range(n)) - S))
    assert shapley_index(v, n, S) == near(expected, values, 2**n)

    together, n_together = references.merged(v, n, S)
    of_merged = dividends(together, n_together)
    player = n_together - 1
    wrong = sum(share / len(T) for T, share in of_merged.items() if player in T)
    assert wrong == near(shapley_index(together, n_together, {player}), values, 2**n)


def test_erratum_3_dividends_of_the_merged_player_give_another_number():
    values = np.random.default_rng(3).normal(size=32)
    v = references.set_game(values, 5)
    together, size = references.merged(v, 5, {1, 3})
    of_merged = sum(share / len(T) for T, share in dividends(together, size).items() if size - 1 in T)
    assert abs(of_merged - shapley_index(v, 5, {1, 3})) > 0.1


@QUICK
@sets_and_games()
def test_erratum_4_recursion_over_proper_subsets(drawn, data, size):
    """I_Sh(S|N) = phi([S] | N_[S]) - sum over PROPER non-empty L in S of I_Sh(L | N minus S u L)."""
    values, n = drawn
    v = references.set_game(values, n)
    S = frozenset(data.draw(st.permutations(range(n)))[:size])
    together, n_together = references.merged(v, n, S)
    expected = shapley_index(together, n_together, {n_together - 1})
    for L in references.subsets(S):
        if L and L != S:
            rest, players = references.restricted(v, (set(range(n)) - S) | L)
            expected -= shapley_index(rest, len(players), {players.index(i) for i in L})
    assert shapley_index(v, n, S) == near(expected, values, 2**n)


def test_erratum_4_the_printed_sum_contains_its_own_left_side():
    """L = S, as equation 6 of Zhou et al. (2024) allows, takes I_Sh(S|N) away once more: 0 is left, not I_Sh(S|N)."""
    n, S = 5, frozenset({0, 2})
    v = references.set_game(np.random.default_rng(4).normal(size=2**n), n)
    together, n_together = references.merged(v, n, S)
    printed = shapley_index(together, n_together, {n_together - 1})
    for L in references.subsets(S):
        if L:
            rest, players = references.restricted(v, (set(range(n)) - S) | L)
            printed -= shapley_index(rest, len(players), {players.index(i) for i in L})
    assert printed == pytest.approx(0.0, abs=1e-9)
    assert abs(shapley_index(v, n, S)) > 0.1


@pytest.mark.parametrize("index", ["shapley-interaction", "banzhaf-interaction"])
@QUICK
@given(drawn=tables(3, 6), data=st.data(), size=st.integers(1, 3))
def test_erratum_5_recursion_with_a_player_outside_the_set(index, drawn, data, size):
    """I(S+i) = I(S | i present, on N minus i) - I(S | i absent, on N minus i), i NOT in S."""
    values, n = drawn
    size = min(size, n - 1)
    chosen = data.draw(st.permutations(range(n)))
    i, S = chosen[0], frozenset(chosen[1 : size + 1])
    v = references.set_game(values, n)
    parts = []
    for always in ({i}, set()):
        game, players = references.restricted(v, set(range(n)) - {i}, always)
        table = references.table(lambda T, game=game: game[T], n - 1)
        parts.append(measured(table, index, size)[frozenset(players.index(j) for j in S)])
    assert measured(values, index, size + 1)[S | {i}] == near(parts[0] - parts[1], values, 2**n)


@QUICK
@given(drawn=tables(2, 6), data=st.data())
def test_the_top_of_shapley_taylor_is_the_mean_over_orders_of_arrival(drawn, data):
    """E over orders of D_A v(those before the first of A to arrive): Dhamdhere et al., section 2."""
    values, n = drawn
    k = data.draw(st.integers(1, n))
    v = references.set_game(values, n)
    A = frozenset(data.draw(st.permutations(range(n)))[:k])
    expected = 0.0
    for T in set_indices.outside(n, A):
        # T arrives first, then a member of A: t! k (n-t-1)! orders of n!.
        t = len(T)
        expected += factorial(t) * k * factorial(n - t - 1) / factorial(n) * set_indices.difference(v, A, T)
    assert measured(values, "shapley-taylor", k)[A] == near(expected, values)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_faithful_indices_are_the_nearest_polynomials(k):
    """No other coefficients come nearer: the error is orthogonal to every indicator of up to k players (Banzhaf)."""
    n = 6
    values = np.random.default_rng(k).normal(size=2**n)
    found = measured(values, "faithful-banzhaf", k)
    error = {T: x - sum(y for A, y in found.items() if A <= T) for T, x in references.set_game(values, n).items()}
    for A in found:
        assert sum(x for T, x in error.items() if A <= T) == pytest.approx(0.0, abs=1e-10)
    weighted = measured(values, "faithful-shapley", k)
    ends = [sum(weighted.values()) - values[-1], weighted[frozenset()] - values[0]]
    assert ends == pytest.approx([0.0, 0.0], abs=1e-10)
