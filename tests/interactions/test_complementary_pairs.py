"""Complementary draws: different coalitions, the budget spent, the ends whole, every coalition of a size as likely."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interact_cli.games.coalitions import pack, unique
from interact_cli.interactions.designs import complementary
from interact_cli.interactions.designs.complementary import ComplementaryPairs


def drawn(n, budget, seed=0, stream="x"):
    return ComplementaryPairs(n, budget, seed, stream)


@given(st.integers(1, 40), st.integers(2, 700), st.integers(0, 3))
def test_different_coalitions_in_complementary_pairs_that_spend_the_budget(n, budget, seed):
    draw = drawn(n, budget, seed)
    coalitions = draw.coalitions
    assert len(unique(pack(coalitions))[0]) == len(coalitions) == 2 * (min(budget, 2**n) // 2)
    np.testing.assert_array_equal(coalitions[1::2], ~coalitions[::2])
    assert (2 * draw.first.sum(axis=1) <= n).all()


@pytest.mark.parametrize(("n", "budget"), [(16, 500), (16, 4000), (36, 2000), (64, 4000)])
def test_nobody_and_single_players_are_whole_and_larger_sizes_have_fewer(n, budget):
    draw = drawn(n, budget)
    sizes = np.bincount(draw.coalitions.sum(axis=1), minlength=n + 1)
    assert sizes[[0, 1, n - 1, n]].tolist() == [1, n, n, 1]
    partial = [size for size in range(2, (n - 1) // 2) if sizes[size] < comb(n, size)]
    assert all(sizes[small] >= sizes[small + 1] for small in partial)
    np.testing.assert_array_equal(sizes, sizes[::-1])


def test_single_players_are_drawn_where_they_would_take_more_than_half():
    counts = drawn(64, 100).counts
    assert counts[0] == 1
    assert 0 < counts[1] < 64
    assert sum(counts) == 50


def test_equal_for_equal_keys_alone():
    first = drawn(20, 300).coalitions
    np.testing.assert_array_equal(first, drawn(20, 300).coalitions)
    for other in (drawn(20, 300, seed=1), drawn(20, 300, stream="y"), drawn(20, 302)):
        assert other.coalitions.shape != first.shape or (other.coalitions != first).any()


@pytest.mark.parametrize("listed", [complementary.LISTED, 0], ids=["numbered", "by random keys"])
def test_every_coalition_of_a_size_is_as_likely(monkeypatch, listed):
    monkeypatch.setattr(complementary, "LISTED", listed)
    n, runs = 8, 2000
    counts = np.zeros(2**n)
    for seed in range(runs):
        counts[drawn(n, 60, seed).coalitions @ (1 << np.arange(n))] += 1
    sizes = np.array([bin(code).count("1") for code in range(2**n)])
    per_size = drawn(n, 60).counts
    for size in range(n + 1):
        of_size = counts[sizes == size]
        expected = runs * per_size[min(size, n - size)] * (2 if 2 * size == n else 1) / comb(n, size)
        # Drawn without replacement: no more variance than that of independent draws.
        spread = np.sqrt(expected * max(1 - expected / runs, 0))
        assert abs(of_size - expected).max() <= 5 * spread + 1e-9
