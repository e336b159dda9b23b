"""Conventions against another library that defines the same indices: shapiq 1.8 or newer, on Python 3.12 or newer.

Optional: skipped where it is not installed; ``make test-peer`` installs it in an environment of its own.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

import interact_cli as ic

if sys.version_info < (3, 12):
    pytest.skip("shapiq 1.8 needs Python 3.12 or newer", allow_module_level=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    shapiq = pytest.importorskip("shapiq", minversion="1.8", reason="the peer, shapiq 1.8 or newer, is not installed")

GAMES = [(5, 0), (6, 1), (7, 2)]
"""Number of players, seed."""
OURS_THEIRS = {
    "shapley-interaction": "SII",
    "banzhaf-interaction": "BII",
    "shapley-taylor": "STII",
    "k-shapley": "k-SII",
    "faithful-shapley": "FSII",
    "faithful-banzhaf": "FBII",
}
CLOSE = {"rtol": 0, "atol": 1e-12}
PENALISED = {"rtol": 0, "atol": 1e-6}
"""Their faithful Shapley values meet v(empty) and v(N) by a weight of 1e8 in a regression, ours exactly."""


def table_of(n, seed):
    return np.random.default_rng(seed).normal(size=2**n)


def theirs(table, index, order):
    """Their values by set: ``{(0, 2): value}``."""
    n = len(table).bit_length() - 1
    codes = 1 << np.arange(n)
    computer = shapiq.ExactComputer(lambda coalitions: table[np.asarray(coalitions, bool) @ codes], n_players=n)
    found = computer(index, order=order)
    return {members: float(found.values[place]) for members, place in found.interaction_lookup.items()}


def ours(table, index, **options):
    estimate = ic.measure(ic.TableGame(table), index, **options)
    return dict(zip(estimate.players, estimate.values.tolist(), strict=True))


def agree(mine, peer, tolerance):
    np.testing.assert_allclose([mine[members] for members in mine], [peer[members] for members in mine], **tolerance)


@pytest.mark.parametrize(("n", "seed"), GAMES)
@pytest.mark.parametrize(("index", "peer"), [("shapley", "SV"), ("banzhaf", "BV")])
def test_values_of_players(index, peer, n, seed):
    table = table_of(n, seed)
    mine = ours(table, index)
    assert len(mine) == n
    agree(mine, theirs(table, peer, 1), CLOSE)


@pytest.mark.parametrize(("n", "seed"), GAMES)
def test_dividends_include_the_empty_set(n, seed):
    table = table_of(n, seed)
    mine = ours(table, "harsanyi")
    assert len(mine) == 2**n
    assert mine[()] == table[0]
    agree(mine, theirs(table, "Moebius", n), CLOSE)


@pytest.mark.parametrize(("n", "seed"), GAMES)
@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("index", ["shapley-interaction", "banzhaf-interaction"])
def test_interactions_of_one_size_carry_no_factor(index, size, n, seed):
    table = table_of(n, seed)
    mine = ours(table, index, interaction_size=size)
    assert {len(members) for members in mine} == {size}
    agree(mine, theirs(table, OURS_THEIRS[index], size), CLOSE)


@pytest.mark.parametrize(("n", "seed"), GAMES)
def test_the_matrix_of_pairs_holds_each_pair_twice_and_undivided(n, seed):
    table = table_of(n, seed)
    matrix = ic.measure(ic.TableGame(table), "shapley-interaction").values
    peer = theirs(table, "SII", 2)
    for i in range(n):
        for j in range(i + 1, n):
            assert matrix[i, j] == matrix[j, i] == pytest.approx(peer[i, j], abs=1e-12)


@pytest.mark.parametrize(("n", "seed"), GAMES)
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("index", ["shapley-taylor", "k-shapley", "faithful-shapley", "faithful-banzhaf"])
def test_indices_with_a_top_order_value_every_set_up_to_it(index, order, n, seed):
    """The empty set counts: v(empty), for faithful-banzhaf the constant of the regression."""
    table = table_of(n, seed)
    mine, peer = ours(table, index, interaction_size=order), theirs(table, OURS_THEIRS[index], order)
    assert mine.keys() == peer.keys()
    assert (mine[()] == pytest.approx(table[0])) == (index != "faithful-banzhaf")
    agree(mine, peer, PENALISED if index == "faithful-shapley" else CLOSE)


@pytest.mark.parametrize("index", ["shapley-taylor", "k-shapley", "faithful-shapley"])
def test_where_the_values_sum_to_that_of_all_players(index):
    table = table_of(6, 3)
    assert sum(ours(table, index, interaction_size=2).values()) == pytest.approx(table[-1], abs=1e-12)
    assert sum(theirs(table, OURS_THEIRS[index], 2).values()) == pytest.approx(table[-1], abs=1e-6)
