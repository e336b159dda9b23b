"""Drawn contexts of the multivariate interaction: unbiased, with honest standard errors; what is refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from support import multivariate_reference as reference
from support import references

from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import unpack
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions.instability import instability
from interact_cli.interactions.multivariate.design import multivariate_design
from interact_cli.interactions.multivariate.members import MOST_FOR_ALL


def noise_game(n, seed=0):
    return TableGame(np.random.default_rng(seed).normal(size=2**n))


def answers(game, design):
    return game(unpack(design.asked, game.n_players))


def estimate(game, members, budget, *, seed=0, partitions="contiguous"):
    design = multivariate_design(game.n_players, members, budget, seed=seed, stream="game", partitions=partitions)
    return design.estimate(answers(game, design))


# --- unbiased, calibrated ---------------------------------------------------------------------------


@pytest.mark.parametrize("partitions", ["contiguous", "all"])
def test_the_mean_of_b_over_seeds_is_the_exact_value(partitions):
    game, members = noise_game(8, seed=1), (1, 4, 6)
    exact = estimate(game, members, 2**8).B
    runs = np.array([estimate(game, members, 120, seed=seed, partitions=partitions).B for seed in range(400)])
    assert abs(runs.mean() - exact) < 4 * runs.std(ddof=1) / np.sqrt(len(runs))


def test_standard_errors_are_calibrated():
    """(estimate - exact) / standard error has variance 1: for B, and where the best partition is clear for T."""
    n, members = 10, (2, 3, 4)
    values = noise_game(n, seed=2).table + references.table(lambda S: 9.0 * ({2, 3} <= S) - 9.0 * ({3, 4} <= S), n)
    game = TableGame(values)
    exact = estimate(game, members, 2**n)
    drawn = [estimate(game, members, 600, seed=seed) for seed in range(300)]
    z = np.array([(found.values - exact.values) / found.standard_errors for found in drawn])[:, :4]
    assert abs(z.mean(axis=0)).max() < 0.3
    assert (z.var(axis=0) > 0.75).all()
    assert (z.var(axis=0) < 1.35).all()
    assert not any(found.exact.any() for found in drawn)


def test_the_signed_sums_have_standard_errors_too():
    n, members = 9, (0, 3, 8)
    values = noise_game(n, seed=3).table
    values = values + references.table(lambda S: 9.0 * ({0, 3} <= S) - 7.0 * ({0, 8} <= S) + 6.0 * ({3, 8} <= S), n)
    values = values - references.table(lambda S: 12.0 * ({0, 3, 8} <= S), n)
    game = TableGame(values)
    exact = estimate(game, members, 2**n)
    drawn = [estimate(game, members, 400, seed=seed, partitions="all") for seed in range(300)]
    z = np.array([(found.values - exact.values) / found.standard_errors for found in drawn])[:, 4:]
    assert abs(z.mean(axis=0)).max() < 0.3
    assert ((z.var(axis=0) > 0.75) & (z.var(axis=0) < 1.35)).all()


def test_a_maximum_over_noisy_values_is_too_large_and_is_not_corrected():
    """What the docstring of `Multivariate` says: nothing is hidden, the lean is there."""
    game, members = noise_game(10, seed=4), (0, 1, 2, 3, 4)
    exact = estimate(game, members, 2**10)
    drawn = [estimate(game, members, 80, seed=seed) for seed in range(200)]
    assert np.mean([found.B_max for found in drawn]) > exact.B_max
    assert np.mean([found.B_min for found in drawn]) < exact.B_min


# --- what is asked --------------------------------------------------------------------------------


def test_every_context_is_asked_with_every_run_of_successive_members_and_the_empty_one():
    design = multivariate_design(9, (1, 4, 7), 70, seed=0, stream="game")
    rows = unpack(design.asked, 9).reshape(10, 7, 9)
    expected = [set(), {1}, {1, 4}, {1, 4, 7}, {4}, {4, 7}, {7}]
    for context in rows:
        others = set(np.flatnonzero(context[0]).tolist())
        assert not others & {1, 4, 7}
        assert [set(np.flatnonzero(row).tolist()) - others for row in context] == expected
        assert all(others <= set(np.flatnonzero(row).tolist()) for row in context)


def test_contexts_follow_the_shapley_law():
    """Sizes are uniform on 0..q, subsets of one size equally likely."""
    design = multivariate_design(6, (0, 5), 4 * 6000, seed=1, stream="game")
    assert design.asked.shape[0] == 64
    design = multivariate_design(30, (0, 29), 4 * 6000, seed=1, stream="game")
    contexts = unpack(design.asked, 30).reshape(6000, 4, 30)[:, 0]
    counts = Counter(contexts.sum(axis=1).tolist())
    assert set(counts) == set(range(29))
    chi_square = sum((counts[size] - 6000 / 29) ** 2 / (6000 / 29) for size in range(29))
    assert chi_square < 28 + 5 * np.sqrt(2 * 28)
    shares = contexts[:, 1:29].mean(axis=0)
    assert np.abs(shares - 0.5).max() < 0.05


def test_all_contexts_are_taken_where_they_fit_the_budget():
    """Fewer coalitions than 2^n, and exact: only B+ and B- want the others."""
    game, members = noise_game(9, seed=5), (1, 2, 3, 4, 6)
    found, full = estimate(game, members, 300), estimate(game, members, 2**9)
    assert found.evaluations == 2**4 * 16
    np.testing.assert_allclose(found.values[:4], full.values[:4], atol=1e-12)
    assert found.exact.tolist() == [True] * 4 + [False] * 2
    assert np.isnan(found.values[4:]).all()
    assert np.isnan(found.standard_errors[4:]).all()
    assert (found.partition_max, found.partition_min) == (full.partition_max, full.partition_min)


def test_two_players_need_no_more_for_the_signed_sums():
    game = noise_game(12, seed=6)
    found = estimate(game, (3, 7), 400)
    assert np.isfinite(found.values).all()
    assert found.B_plus + found.B_minus == pytest.approx(found.B)


def test_evaluations_count_distinct_coalitions():
    game = noise_game(7, seed=7)
    design = multivariate_design(7, (0, 1, 2), 112, seed=0, stream="game", partitions="all")
    assert design.estimate(answers(game, design)).evaluations == len(np.unique(design.asked, axis=0))


def test_a_plan_depends_on_seed_and_stream_only():
    def plan(seed, stream):
        return multivariate_design(40, (3, 4, 5), 500, seed=seed, stream=stream).asked

    first = plan(3, "digits/test/1")
    np.testing.assert_array_equal(first, plan(3, "digits/test/1"))
    assert not np.array_equal(first, plan(4, "digits/test/1"))
    assert not np.array_equal(first, plan(3, "digits/test/2"))


def test_many_players():
    """Beyond one word of bits: an additive game with one join, which every context shows alike."""
    n, members = 100, (3, 60, 70, 99)
    game = CallableGame(lambda rows: rows @ np.arange(100.0) + 5.0 * (rows[:, 60] & rows[:, 70]), n)
    found = estimate(game, members, 1000)
    assert found.partition_max == ((3,), (60, 70), (99,))
    assert pytest.approx(5.0) == found.T
    assert found.standard_errors[:4] == pytest.approx(0.0, abs=1e-9)


# --- instability ----------------------------------------------------------------------------------


def test_the_contexts_are_shared_out_among_the_repeats():
    game, members = noise_game(10, seed=8), (1, 2, 3)
    design = multivariate_design(10, members, 7 * 100, seed=0, stream="game", repeats=5)
    values = answers(game, design)
    parts = design.estimates(values, 5)
    assert len(parts) == 5
    assert np.mean([part.B for part in parts]) == pytest.approx(design.estimate(values).B)
    ts = [part.T for part in parts]
    differences = [abs(ts[u] - ts[w]) for u in range(5) for w in range(5) if u != w]
    assert instability(np.array(ts)) == pytest.approx(np.mean(differences) / np.mean(np.abs(ts)))
    assert instability(np.array(ts)) > 0.01


def test_nothing_drawn_is_perfectly_stable():
    game, members = noise_game(8, seed=9), (1, 2, 3, 4)
    for budget in (2**8, 2**4 * 11):
        design = multivariate_design(8, members, budget, seed=0, stream="game", repeats=3)
        parts = design.estimates(answers(game, design), 3)
        assert instability(np.array([part.T for part in parts])) == 0.0


def test_more_parts_than_contexts_are_refused():
    design = multivariate_design(30, (0, 1), 12, seed=0, stream="game")
    with pytest.raises(BudgetError, match="at least 4 draws"):
        design.estimates(np.zeros(12), 4)


# --- bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ((1, 2, 1), "each player once, got player 1 repeatedly"),
        ((1, 8), "players 0 to 7, got 8"),
        ((-1, 2), "players 0 to 7, got -1"),
        ((3,), "at least 2 players, got 1"),
        ((), "at least 2 players, got 0"),
        (("a", 1), "whole numbers"),
        ((0.5, 1), "whole numbers"),
    ],
)
def test_players_that_are_none_are_refused(members, message):
    with pytest.raises(UsageError, match=message):
        multivariate_design(8, members, 2**8, seed=0, stream="game")


def test_too_many_players_for_all_partitions_are_told_of_contiguous_ones():
    members = tuple(range(MOST_FOR_ALL + 1))
    with pytest.raises(UsageError, match=r"2\^17 coalitions.*3\^17.*'contiguous'"):
        multivariate_design(40, members, 10**9, seed=0, stream="game", partitions="all")
    assert multivariate_design(40, members, 1000, seed=0, stream="game")


@pytest.mark.parametrize(
    ("partitions", "repeats", "least"), [("contiguous", 1, 22), ("contiguous", 5, 55), ("all", 1, 32)]
)
def test_a_budget_smaller_than_one_round_says_what_it_takes(partitions, repeats, least):
    options = {"seed": 0, "stream": "game", "partitions": partitions, "repeats": repeats}
    with pytest.raises(BudgetError, match=f"at least {least} evaluations.*got {least - 1}"):
        multivariate_design(30, (0, 1, 2, 3), least - 1, **options)
    design = multivariate_design(30, (0, 1, 2, 3), least, **options)
    assert len(design.asked) == least


def test_a_budget_for_one_context_says_so():
    with pytest.raises(BudgetError, match=r"at least 11 evaluations \(one context with 11"):
        multivariate_design(4, (0, 1, 2, 3), 10, seed=0, stream="game")


def test_learning_over_all_partitions_is_refused():
    with pytest.raises(UsageError, match="contiguous partitions only"):
        multivariate_design(5, (0, 1, 2), 2**5, seed=0, stream="game", partitions="all", learned="corrected")


def test_a_drawn_estimate_equals_the_average_over_its_own_contexts():
    """The six numbers of one draw, once more by sets."""
    game, members = noise_game(8, seed=10), (2, 4, 5)
    design = multivariate_design(8, members, 8 * 9, seed=0, stream="game", partitions="all")
    found = design.estimate(answers(game, design))
    v = references.set_game(game.table, 8)
    contexts = [frozenset(np.flatnonzero(row).tolist()) for row in unpack(design.asked, 8)[::8]]

    def worth(C):
        return np.mean([v[S | set(C)] - v[S] for S in contexts])

    alone = sum(worth((i,)) for i in members)
    sums = [sum(map(worth, parts)) - alone for parts in reference.all_partitions(members)]
    assert found.values[:4] == pytest.approx([worth(members) - alone, max(sums), min(sums), max(sums) - min(sums)])
    draws = [v[S | set(members)] - v[S] - sum(v[S | {i}] - v[S] for i in members) for S in contexts]
    assert found.standard_errors[0] == pytest.approx(np.std(draws, ddof=1) / np.sqrt(len(draws)))
