"""The axioms, as properties of what the package returns."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import references
from support.strategies import tables

import interact_cli as ic
from interact_cli.interactions.exact.transforms import moebius

QUICK = settings(max_examples=25, deadline=None)
INDICES = sorted(references.DEFINITIONS)
PAIRS = ["shapley-interaction", "banzhaf-interaction", "multi-order"]


def measured(values, index):
    return ic.measure(ic.TableGame(values), index).values


def tolerance(*tables_):
    return 1e-9 * max(1.0, *(float(np.abs(values).max()) for values in tables_))


@QUICK
@given(drawn=tables(1, 8))
def test_efficiency_of_shapley(drawn):
    values, _ = drawn
    assert measured(values, "shapley").sum() == pytest.approx(values[-1] - values[0], abs=tolerance(values))


@QUICK
@given(drawn=tables(2, 7))
def test_efficiency_over_ordered_pairs(drawn):
    values, n = drawn
    total = references.efficiency_over_ordered_pairs(references.set_game(values, n), n, measured(values, "multi-order"))
    assert total == pytest.approx(values[-1] - values[0], abs=10 * tolerance(values))


@QUICK
@given(drawn=tables(2, 8))
def test_the_mean_over_orders_is_the_shapley_interaction(drawn):
    values, _ = drawn
    np.testing.assert_allclose(
        measured(values, "multi-order").mean(axis=0), measured(values, "shapley-interaction"), atol=tolerance(values)
    )


@QUICK
@given(drawn=tables(2, 8))
def test_the_binomial_mixture_of_orders_is_the_banzhaf_interaction(drawn):
    values, n = drawn
    orders = measured(values, "multi-order")
    mixture = sum(comb(n - 2, m) / 2 ** (n - 2) * orders[m] for m in range(n - 1))
    np.testing.assert_allclose(mixture, measured(values, "banzhaf-interaction"), atol=tolerance(values))


@pytest.mark.parametrize("index", INDICES)
@QUICK
@given(drawn=tables(2, 6), factor=st.floats(-5, 5, width=32), seed=st.integers(0, 1000))
def test_linearity(index, drawn, factor, seed):
    values, n = drawn
    other = np.random.default_rng(seed).normal(size=2**n)
    np.testing.assert_allclose(
        measured(values + factor * other, index),
        measured(values, index) + factor * measured(other, index),
        atol=10 * tolerance(values, factor * other),
    )


@pytest.mark.parametrize("index", INDICES)
@QUICK
@given(drawn=tables(2, 6), data=st.data())
def test_anonymity(index, drawn, data):
    """Renaming the players renames the values and changes nothing else."""
    values, n = drawn
    new_name = data.draw(st.permutations(range(n)))
    v = references.set_game(values, n)
    renamed = references.table(lambda S: v[frozenset(i for i in range(n) if new_name[i] in S)], n)
    before, after = measured(values, index), measured(renamed, index)
    at_old = after[np.array(new_name)] if before.ndim == 1 else after[..., new_name, :][..., :, new_name]
    np.testing.assert_allclose(at_old, before, atol=tolerance(values))


@QUICK
@given(drawn=tables(3, 6), data=st.data())
def test_symmetry(drawn, data):
    """Two players that may be exchanged in every coalition have the same values and interactions."""
    values, n = drawn
    i, j = data.draw(st.permutations(range(n)))[:2]
    v = references.set_game(values, n)

    def exchanged(S):
        return frozenset({i: j, j: i}.get(k, k) for k in S)

    symmetric = references.table(lambda S: (v[S] + v[exchanged(S)]) / 2, n)
    for index in ("shapley", "banzhaf"):
        result = measured(symmetric, index)
        assert result[i] == pytest.approx(result[j], abs=tolerance(values))
    for index in PAIRS:
        result = measured(symmetric, index)
        for k in set(range(n)) - {i, j}:
            np.testing.assert_allclose(result[..., i, k], result[..., j, k], atol=tolerance(values))


@QUICK
@given(drawn=tables(2, 6), alone=st.floats(-10, 10, width=32), data=st.data())
def test_dummy(drawn, alone, data):
    """v(S+i) = v(S) + v(i) - v(empty) for all S: worth v(i) - v(empty), and no interaction with anybody."""
    rest, n_rest = drawn
    n, i = n_rest + 1, data.draw(st.integers(0, n_rest))
    others = [k for k in range(n) if k != i]
    game = references.set_game(rest, n_rest)
    values = references.table(lambda S: game[frozenset(others.index(k) for k in S if k != i)] + alone * (i in S), n)
    assert values[2**i] - values[0] == pytest.approx(alone, abs=tolerance(values))
    for index in ("shapley", "banzhaf"):
        assert measured(values, index)[i] == pytest.approx(alone, abs=tolerance(values))
    for index in PAIRS:
        np.testing.assert_allclose(measured(values, index)[..., i, others], 0.0, atol=tolerance(values))
    shares = moebius(values)
    with_i = [code for code in range(2**n) if code >> i & 1 and code != 2**i]
    np.testing.assert_allclose(shares[with_i], 0.0, atol=2**n * tolerance(values))


# --- recursive identities ---------------------------------------------------------------------------


@QUICK
@given(drawn=tables(2, 6), data=st.data())
def test_a_pair_interaction_is_a_value_with_the_partner_minus_without(drawn, data):
    """I(i,j) = phi(i | j present) - phi(i | j absent)."""
    values, n = drawn
    i, j = data.draw(st.permutations(range(n)))[:2]
    v = references.set_game(values, n)
    rest = set(range(n)) - {j}
    for pair_index, index in (("shapley-interaction", "shapley"), ("banzhaf-interaction", "banzhaf")):
        value = []
        for always in ({j}, set()):
            game, players = references.restricted(v, rest, always)
            value.append(measured(references.table(lambda S, g=game: g[S], n - 1), index)[players.index(i)])
        assert measured(values, pair_index)[i, j] == pytest.approx(value[0] - value[1], abs=tolerance(values))


@QUICK
@given(drawn=tables(2, 6), data=st.data())
def test_a_pair_interaction_is_the_merged_value_minus_the_two_alone(drawn, data):
    """I(i,j) = phi(ij merged) - phi(i | without j) - phi(j | without i)."""
    values, n = drawn
    i, j = data.draw(st.permutations(range(n)))[:2]
    v = references.set_game(values, n)

    def shapley_of(game, size, player):
        return measured(references.table(lambda S: game[S], size), "shapley")[player]

    together, size = references.merged(v, n, {i, j})
    without_j, players_j = references.restricted(v, set(range(n)) - {j})
    without_i, players_i = references.restricted(v, set(range(n)) - {i})
    expected = (
        shapley_of(together, size, size - 1)
        - shapley_of(without_j, n - 1, players_j.index(i))
        - shapley_of(without_i, n - 1, players_i.index(j))
    )
    assert measured(values, "shapley-interaction")[i, j] == pytest.approx(expected, abs=tolerance(values))


@QUICK
@given(drawn=tables(2, 6), data=st.data())
def test_the_dividend_is_recursive(drawn, data):
    """I(S+i) = I(S | i present) - I(S)."""
    values, n = drawn
    i = data.draw(st.integers(0, n - 1))
    v = references.set_game(values, n)
    present, players = references.restricted(v, set(range(n)) - {i}, {i})
    shares = moebius(values)
    shares_present = moebius(references.table(lambda S: present[S], n - 1))
    for S in references.subsets(range(n - 1)):
        original = sum(2 ** players[k] for k in S)
        expected = shares_present[sum(2**k for k in S)] - shares[original]
        assert shares[original + 2**i] == pytest.approx(expected, abs=2**n * tolerance(values))


@QUICK
@given(drawn=tables(2, 8))
def test_the_mean_interaction_needs_2n_plus_2_values(drawn):
    """mean over i != j of I(i,j) = mean over i of [v(N) - v(N-i) - v(i) + v(empty)] / (n - 1)."""
    values, n = drawn
    full = 2**n - 1
    expected = np.mean([values[full] - values[full ^ 2**i] - values[2**i] + values[0] for i in range(n)]) / (n - 1)
    assert np.nanmean(measured(values, "shapley-interaction")) == pytest.approx(expected, abs=tolerance(values))
