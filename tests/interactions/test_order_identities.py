"""Identities of the orders that no single index states, and the errata among them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.references import SetGame, delta, set_game, subsets
from support.strategies import tables

import interact_cli as ic
from interact_cli.metrics.published import published_orders
from interact_cli.scores import lookup, records_of

CLOSE = {"abs": 1e-9, "rel": 1e-9}


def nested_mean(v: SetGame, n: int, a1: int, a2: int, factor: float) -> float:
    """E[v(S2) - factor v(S1)] over all S1 of a1 players inside all S2 of a2 players."""
    terms = [
        v[frozenset(S2)] - factor * v[frozenset(S1)] for S2 in combinations(range(n), a2) for S1 in combinations(S2, a1)
    ]
    return sum(terms) / len(terms)


def weight(n: int, a1: int, a2: int, m: int) -> float:
    """Of I^(m), over ordered pairs: what theorem 2 of Deng et al. (2022) gives to order m."""
    if m <= a1 - 2:
        return (a2 / a1 - 1) * (m + 1) / (n * (n - 1))
    return (a2 - m - 1) / (n * (n - 1)) if m <= a2 - 2 else 0.0


@given(tables(low=3), st.data())
def test_erratum_10_theorem_2_holds_in_expectation(game, data: st.DataObject):
    table, n = game
    a1 = data.draw(st.integers(1, n - 1))
    a2 = data.draw(st.integers(a1 + 1, n))
    orders = np.nan_to_num(ic.measure(ic.TableGame(table), "multi-order").values)
    v = set_game(table, n)

    expected = (1 - a2 / a1) * v[frozenset()]
    expected += sum(weight(n, a1, a2, m) * orders[m].sum() for m in range(n - 1))
    scale = np.abs(table).max() + 1e-9
    assert nested_mean(v, n, a1, a2, a2 / a1) / scale == pytest.approx(expected / scale, **CLOSE)


def test_erratum_10_for_a_single_draw_the_identity_is_far_off():
    n, a1, a2 = 6, 2, 4
    table = np.random.default_rng(0).normal(size=2**n)
    orders = np.nan_to_num(ic.measure(ic.TableGame(table), "multi-order").values)
    v = set_game(table, n)
    expected = (1 - a2 / a1) * v[frozenset()] + sum(weight(n, a1, a2, m) * orders[m].sum() for m in range(n - 1))
    singles = np.array(
        [
            v[frozenset(S2)] - a2 / a1 * v[frozenset(S1)]
            for S2 in combinations(range(n), a2)
            for S1 in combinations(S2, a1)
        ]
    )
    assert singles.mean() == pytest.approx(expected)
    assert np.abs(singles - expected).mean() > 1


@pytest.mark.parametrize(("a1", "a2"), [(2, 5), (3, 5), (3, 6), (4, 6)])
def test_erratum_11_the_weight_peaks_one_below_the_first_coalition(a1: int, a2: int):
    """The weights themselves, read off random games: not at order a1 as printed, but at a1 - 1."""
    n = 6
    games = np.random.default_rng(1).normal(size=(40, 2**n))
    sums = [np.nan_to_num(ic.measure(ic.TableGame(table), "multi-order").values).sum(axis=(1, 2)) for table in games]
    means = [nested_mean(set_game(table, n), n, a1, a2, a2 / a1) - (1 - a2 / a1) * table[0] for table in games]
    weights, *_ = np.linalg.lstsq(np.array(sums), np.array(means), rcond=None)

    assert int(np.argmax(weights)) == a1 - 1
    assert weights == pytest.approx([weight(n, a1, a2, m) for m in range(n - 1)], abs=1e-9)


@given(tables(low=3))
def test_erratum_12_without_a_first_coalition_the_main_effects_remain(game):
    """With r1 = 0 and the code's coefficient 1 the players' own effects stay: a2 mean(mu) beside the interactions."""
    table, n = game
    v = set_game(table, n)
    a2 = n - 1
    orders = np.nan_to_num(ic.measure(ic.TableGame(table), "multi-order").values)
    alone = a2 * np.mean([v[frozenset({i})] - v[frozenset()] for i in range(n)])
    together = sum((a2 - m - 1) / (n * (n - 1)) * orders[m].sum() for m in range(a2 - 1))
    scale = np.abs(table).max() + 1e-9
    assert nested_mean(v, n, 0, a2, 1.0) / scale == pytest.approx((alone + together) / scale, **CLOSE)


def test_erratum_13_the_published_orders_stay_below_n_minus_1():
    """``m = r n / 10`` would name m = n, which leaves no room for the pair; the shares are of n - 2."""
    assert published_orders(12) == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    for n in range(2, 300):
        orders = published_orders(n)
        assert (orders[0], orders[-1]) == (0, n - 2)
        assert len(set(orders)) == len(orders)


def test_erratum_16_the_margin_is_that_of_the_best_wrong_class_over_the_true_one():
    logits = np.array([[1.0, 4.0, 2.5]])
    margins = lookup("margin", "classes").of_record(records_of(logits))[0]
    assert margins.tolist() == pytest.approx([3.0, -1.5, 1.5])


@given(tables(low=3))
def test_erratum_24_contexts_of_a_pair_have_the_weight_of_n_minus_2_players(game):
    table, n = game
    v = set_game(table, n)
    values = ic.measure(ic.TableGame(table), "banzhaf-interaction").values
    expected = sum(0.5 ** (n - 2) * delta(v, 0, 1, S) for S in subsets(set(range(n)) - {0, 1}))
    scale = np.abs(table).max() + 1e-9
    assert values[0, 1] / scale == pytest.approx(expected / scale, **CLOSE)


@given(tables(low=4), st.data())
def test_the_effect_of_two_groups_is_the_sum_over_their_pairs(game, data: st.DataObject):
    """Section 7: D v(S, A, B) = sum over (a, b) of D v(S + A before a + B before b, a, b)."""
    table, n = game
    v = set_game(table, n)
    players = data.draw(st.permutations(range(n)))
    A, B, S = players[:2], players[2:4], frozenset(players[4:])
    whole = v[S.union(A, B)] - v[S.union(A)] - v[S.union(B)] + v[S]
    pairs = sum(delta(v, a, b, S.union(A[:x], B[:y])) for x, a in enumerate(A) for y, b in enumerate(B))
    scale = np.abs(table).max() + 1e-9
    assert whole / scale == pytest.approx(pairs / scale, **CLOSE)
