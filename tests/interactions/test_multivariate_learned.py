"""The learned p of Zhang et al. (AAAI 2021): its optimum, gradients and optimiser, and what it asks the game for."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from support import multivariate_reference as reference
from support import references

from interact_cli.errors import BudgetError, UnknownNameError, UsageError
from interact_cli.games.coalitions import pack
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions.multivariate.design import multivariate_design
from interact_cli.interactions.multivariate.learning.climbing import SETTINGS, Setting, climb
from interact_cli.interactions.multivariate.learning.learn import learn, learn_tables
from interact_cli.interactions.multivariate.members import Coalitions


def noise(n, seed, scale=1.0):
    return TableGame(scale * np.random.default_rng(seed).normal(size=2**n))


def exact(game, members, **options):
    design = multivariate_design(game.n_players, members, 2**game.n_players, seed=0, stream="game", **options)
    return design.estimate(game.table)


class Recorded:
    """A game that remembers the coalitions that it was asked for."""

    def __init__(self, game):
        self.game, self.n_players, self.rows = game, game.n_players, []

    def __call__(self, coalitions):
        self.rows.append(coalitions.copy())
        return self.game(coalitions)

    @property
    def asked(self):
        return pack(np.concatenate(self.rows))


def toy_games(operators, count, seed):
    """Random expressions of 8 or 9 variables with members from 2 to 5, and the operators inside A."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        n = int(rng.integers(8, 10))
        chosen = "".join(rng.choice(list(operators), n - 1))
        size = int(rng.integers(2, 5))
        start = int(rng.integers(0, n - size + 1))
        game = TableGame(references.table(reference.expression(chosen), n))
        yield game, tuple(range(start, start + size)), chosen[start : start + size - 1]


# --- the optimum ------------------------------------------------------------------------------------


def test_the_objective_is_multilinear_so_its_optimum_is_the_best_contiguous_partition():
    """dL/dp_k = E[V | g_k = 1] - E[V | g_k = 0] for every p, and no p beats the best vertex."""
    game, members = noise(5, 0), (0, 1, 2, 4)
    v = references.set_game(game.table, 5)

    def total(partition):
        return reference.sum_over(v, 5, members, partition)

    rng = np.random.default_rng(1)
    best = exact(game, members).B_max
    vertices = [reference.expected_sum(total, members, p) for p in product((0.0, 1.0), repeat=3)]
    assert max(vertices) == pytest.approx(best)
    for _ in range(5):
        p = rng.random(3)
        assert reference.expected_sum(total, members, p) <= best
        for k in range(3):
            ends = [reference.expected_sum(total, members, np.where(np.arange(3) == k, end, p)) for end in (0.0, 1.0)]
            assert reference.expected_sum(total, members, p) == pytest.approx((1 - p[k]) * ends[0] + p[k] * ends[1])


@pytest.mark.parametrize("operators", ["*+", "&|"])
def test_the_learned_partition_is_the_exact_contiguous_optimum_on_toy_games(operators):
    games, members, _ = zip(*toy_games(operators, 40, seed=3), strict=True)
    for game, players, found in zip(games, members, learn_tables(games, members, seed=4), strict=True):
        truth = exact(game, players)
        assert found.method == "learned"
        assert found.B_max == pytest.approx(truth.B_max, abs=1e-9)
        assert pytest.approx(truth.B, abs=1e-9) == found.B
        assert found.exact[:4].all()


def test_the_labels_of_the_operators_are_learned():
    """``*`` and ``&`` join, ``|`` does not; ``+`` is a tie and not asked about."""
    right = asked = 0
    for operators in ("*+", "&|"):
        games, members, inside = zip(*toy_games(operators, 60, seed=5), strict=True)
        for players, labels, found in zip(members, inside, learn_tables(games, members, seed=6), strict=True):
            block = {player: k for k, players_of in enumerate(found.partition_max) for player in players_of}
            for k, label in enumerate(labels):
                if label != "+":
                    asked += 1
                    right += (block[players[k]] == block[players[k + 1]]) == (label in "*&")
    assert asked > 150
    assert right / asked > 0.99


def test_random_games_reach_the_optimum_where_the_setting_leaves_time():
    games = [noise(7, [7, seed], scale=3.0) for seed in range(40)]
    found = learn_tables(games, [(1, 2, 3, 4)] * 40, setting="bert")
    reached = [one.B_max == pytest.approx(exact(g, (1, 2, 3, 4)).B_max) for g, one in zip(games, found, strict=True)]
    assert np.mean(reached) > 0.7
    for game, one in zip(games, found, strict=True):
        truth = exact(game, (1, 2, 3, 4))
        assert one.B_max <= truth.B_max + 1e-9
        assert one.B_min >= truth.B_min - 1e-9


# --- the gradients ----------------------------------------------------------------------------------

RUNS = Coalitions(3, complete=False).runs
ONE_EPOCH = Setting(rate=1.0, momentum=0.5, epochs=1, partitions=4, contexts=1)


def one_step(joins, worths, gradient):
    """p after one epoch of given joins (partition, gap) in both climbs, and the mean V of each branch."""
    joins = np.array(joins)
    uniforms = np.where(joins, 0.0, 0.9)[None, None, None].repeat(2, axis=2)
    trace = climb(lambda epoch, drawn: worths[None], uniforms, RUNS, ONE_EPOCH, gradient).trace
    return trace[0, :, 1]


def step_by_hand(slope):
    return 1 / (1 + np.exp(-slope * 0.25))


# Worths of 0, {0}, {0,1}, {0,1,2}, {1}, {1,2}, {2}.
WORTHS = np.array([0.0, 1.0, 5.0, 11.0, 2.0, 3.0, 4.0])
TOTALS = {(0, 0): 7.0, (1, 0): 9.0, (0, 1): 4.0, (1, 1): 11.0}


def test_the_corrected_gradient_by_hand():
    joins = [(0, 0), (1, 0), (1, 1), (1, 0)]
    largest, smallest = one_step(joins, WORTHS, "corrected")
    slopes = np.array([(9 + 11 + 9) / 3 - 7, 11 - (7 + 9 + 9) / 3])
    np.testing.assert_allclose(largest, step_by_hand(slopes))
    np.testing.assert_allclose(smallest, step_by_hand(-slopes))


def test_the_corrected_gradient_leaves_a_gap_alone_whose_branch_was_never_sampled():
    largest, smallest = one_step([(0, 1), (0, 0), (0, 1), (0, 1)], WORTHS, "corrected")
    assert largest[0] == smallest[0] == 0.5
    np.testing.assert_allclose([largest[1], smallest[1]], step_by_hand(np.array([4 - 7, 7 - 4])))


def test_the_rule_of_the_paper_divides_by_the_members_and_counts_an_empty_branch_as_nothing():
    """A never-sampled branch pushes by total / m, with the sign of the total: rich get richer."""
    largest, smallest = one_step([(0, 1), (0, 0), (0, 1), (0, 1)], WORTHS, "paper")
    mean = (4 + 7 + 4 + 4) / 4
    np.testing.assert_allclose(largest, step_by_hand(np.array([-mean, 4 - 7]) / 3))
    np.testing.assert_allclose(smallest, step_by_hand(np.array([mean, 7 - 4]) / 3))


def test_the_corrected_gradient_is_the_derivative_on_average():
    """Given that both branches were drawn, the mean slope is dL/dp: every draw of 3 partitions."""
    draws = list(product(product((0, 1), repeat=2), repeat=3))
    slopes, known = np.zeros(2), np.zeros(2)
    for joins in draws:
        p = one_step(joins, WORTHS, "corrected")[0]
        drawn = np.array(joins).any(axis=0) & ~np.array(joins).all(axis=0)
        slopes += np.where(drawn, 4 * np.log(p / (1 - p)), 0)
        known += drawn
    at_half = [
        np.mean([TOTALS[1, g] - TOTALS[0, g] for g in (0, 1)]),
        np.mean([TOTALS[g, 1] - TOTALS[g, 0] for g in (0, 1)]),
    ]
    np.testing.assert_allclose(slopes / known, at_half, atol=1e-9)


def test_the_rule_of_the_paper_locks_in_what_is_drawn_by_chance():
    """Interactions of +-0.5 beside main effects of 3: an empty branch pushes by those.

    Worst where few partitions are drawn and the rate is high, as in the setting for intermediate layers.
    """
    signs = np.random.default_rng(8).choice([-1.0, 1.0], (60, 3))
    games = [
        TableGame(
            references.table(lambda S, own=own: 3 * len(S) + sum(own[k] / 2 * ({k, k + 1} <= S) for k in range(3)), 5)
        )
        for own in signs
    ]

    def share_right(gradient):
        found = learn_tables(games, [(0, 1, 2, 3)] * 60, gradient=gradient, setting="layers")
        return np.mean([((one.trace[-1] > 0.5) == (own > 0)).all() for one, own in zip(found, signs, strict=True)])

    assert share_right("corrected") == 1.0
    assert share_right("paper") < 0.95


# --- the optimiser ----------------------------------------------------------------------------------


def test_momentum_and_decay_follow_tensorflow():
    """m = momentum m + g; w += rate decay^(epoch / 10) m, replayed in a plain loop."""
    setting = Setting(rate=0.7, momentum=0.6, epochs=30, partitions=5, contexts=1, decay=0.8)
    uniforms = np.random.default_rng(9).random((30, 1, 2, 5, 2))
    trace = climb(lambda epoch, drawn: WORTHS[None], uniforms, RUNS, setting, "paper").trace[0]
    for climbing, sign in enumerate((1, -1)):
        w, m = np.zeros(2), np.zeros(2)
        for epoch in range(30):
            p = 1 / (1 + np.exp(-w))
            np.testing.assert_allclose(trace[climbing, epoch], p, atol=1e-12)
            joins = (uniforms[epoch, 0, climbing] < p).astype(int)
            totals = np.array([sign * TOTALS[tuple(g)] for g in joins.tolist()])
            for k in range(2):
                means = [totals[joins[:, k] == g].mean() if (joins[:, k] == g).any() else 0.0 for g in (0, 1)]
                m[k] = 0.6 * m[k] + (means[1] - means[0]) / 3 * p[k] * (1 - p[k])
            w += 0.7 * 0.8 ** (epoch / 10) * m


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("toy", (1, 0.4, 1.0, 200, 10, 50, 0.1)),
        ("bert", (1, 0.9, 1.0, 100, 10, 50, None)),
        ("accuracy", (1, 0.9, 0.95, 100, 10, 25, None)),
        ("layers", (10, 0.9, 1.0, 100, 5, 25, 0.05)),
        ("instability", (2, 0.9, 0.95, 100, 50, 50, None)),
    ],
)
def test_the_settings_are_the_published_ones(name, numbers):
    found = SETTINGS[name]
    fields = (found.rate, found.momentum, found.decay, found.epochs, found.partitions, found.contexts, found.margin)
    assert fields == numbers


def test_learning_stops_once_every_p_is_decided():
    game = TableGame(references.table(lambda S: 9.0 * ({0, 1} <= S) - 9.0 * ({1, 2} <= S), 6))
    found = learn(game, (0, 1, 2), setting="toy")
    for trace, joins in ((found.trace, [True, False]), (found.trace_min, [False, True])):
        assert trace.shape == (201, 2)
        assert (trace[0] == 0.5).all()
        decided = (np.abs(trace - 0.5) > 0.4).all(axis=1)
        stopped = int(np.argmax(decided))
        assert 0 < stopped < 100
        assert (trace[stopped:] == trace[stopped]).all()
        assert ((trace[-1] > 0.5) == joins).all()
    assert found.learned_T == pytest.approx(18.0, rel=0.35)
    assert pytest.approx(18.0) == found.T


def test_an_additive_gap_stays_undecided():
    game = TableGame(references.table(lambda S: len(S) + 4.0 * ({0, 1} <= S), 6))
    trace = learn(game, (0, 1, 2), setting="toy").trace
    assert trace[-1, 0] > 0.9
    np.testing.assert_allclose(trace[:, 1], 0.5, atol=0.35)


def test_in_a_game_of_small_values_the_side_of_one_half_decides():
    game = TableGame(references.table(lambda S: 0.004 * ({0, 1} <= S) - 0.004 * ({1, 2} <= S), 6))
    found = learn(game, (0, 1, 2), setting="toy")
    assert 0.5 < found.trace[-1, 0] < 0.6
    assert found.partition_max == ((0, 1), (2,))
    assert found.partition_min == ((0,), (1, 2))


@pytest.mark.parametrize("scale", [1e6, 1e9, 1e12, 1e90])
def test_in_a_game_of_large_values_what_was_learned_is_read_out(scale):
    game = TableGame(scale * references.table(lambda S: 5.0 * ({0, 1} <= S) - 4.0 * ({1, 2} <= S), 6))
    found = learn(game, (0, 1, 2), setting="toy")
    assert found.trace[-1].round(2).tolist() == [1.0, 0.0]
    assert found.partition_max == ((0, 1), (2,))
    assert found.partition_min == ((0,), (1, 2))


@pytest.mark.parametrize("gradient", ["corrected", "paper"])
def test_the_empty_value_does_not_matter(gradient):
    values = noise(8, 14, scale=2.0).table
    learned = [
        (
            exact(TableGame(values + empty), (1, 2, 3), learned=gradient),
            learn(TableGame(values + empty), (1, 2, 3), gradient=gradient),
        )
        for empty in (0.0, 50.0)
    ]
    for one, other in zip(*learned, strict=True):
        np.testing.assert_allclose(one.trace, other.trace, atol=1e-9)
        assert one.learned_T == pytest.approx(other.learned_T)


def test_large_rates_do_not_overflow():
    with np.errstate(all="raise"):
        found = learn(noise(6, 10, scale=1e4), (0, 1, 2, 3), setting="layers", gradient="paper")
    assert np.isfinite(found.values[:4]).all()


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "members"), [(7, (1, 2, 3)), (12, (4, 5, 6, 7)), (40, (3, 9, 20)), (4, (0, 1, 2, 3))])
def test_nothing_is_asked_twice_and_evaluations_count_it(n, members):
    game = Recorded(CallableGame(lambda rows: np.cos(rows @ np.arange(1.0, n + 1)) * 3, n))
    found = learn(game, members, setting="toy", seed=1)
    assert found.evaluations == len(game.asked) == len(np.unique(game.asked, axis=0))
    assert found.evaluations <= 2.0**n


def test_only_drawn_runs_are_asked_for():
    """With p decided, the other runs are no longer drawn: far fewer evaluations than the static plan of all runs."""
    n, members = 60, tuple(range(10, 20))
    game = CallableGame(lambda rows: 20.0 * (rows[:, 10] & rows[:, 11]) + 0.1 * rows.sum(axis=1), n)
    found = learn(game, members, setting="bert")
    assert found.evaluations < 0.8 * (100 * 50 + 500) * 56
    assert found.partition_max[0] == (10, 11)


def test_tables_side_by_side_learn_as_each_alone():
    """Other sizes, other numbers of players: same p, same values, same count."""
    games = [noise(n, [11, n, k], scale=2.0) for n in (6, 8, 10) for k in range(4)]
    members = [(0, 1), (1, 2, 3), (0, 2, 4, 5), (1, 2, 3, 4)] * 3
    # One that stops at once for both sums, one that stops for the largest alone, and one that never does.
    both = references.table(lambda S: 9.0 * ({0, 1} <= S) - 9.0 * ({1, 2} <= S), 13)
    largest = references.table(lambda S: 9.0 * ({0, 1, 2} <= S) + 2.0 * ({1, 2} <= S), 13)
    games += [TableGame(both), TableGame(largest), TableGame(references.table(len, 13))]
    members += [(0, 1, 2)] * 3
    for setting in ("toy", "bert"):
        together = learn_tables(games, members, seed=3, setting=setting)
        for k, (game, players, found) in enumerate(zip(games, members, together, strict=True)):
            alone = learn(game, players, seed=3, stream=str(k), setting=setting)
            np.testing.assert_allclose(found.trace, alone.trace, atol=1e-9)
            np.testing.assert_allclose(found.values, alone.values, atol=1e-9)
            assert found.evaluations == alone.evaluations
            assert found.learned_T == pytest.approx(alone.learned_T, abs=1e-9)
            assert (found.partition_max, found.partition_min) == (alone.partition_max, alone.partition_min)


def test_draws_depend_on_the_seed_and_never_on_the_game():
    """Two games with the same preferences are asked the same coalitions."""
    asked = []
    for scale in (5.0, 6.0):
        game = Recorded(CallableGame(lambda rows, scale=scale: scale * (rows[:, 0] & rows[:, 1]), 20))
        learn(game, (0, 1), setting="toy", seed=2)
        asked.append(game.rows[0])
    np.testing.assert_array_equal(asked[0], asked[1])


def test_the_last_values_are_unbiased_and_their_errors_honest():
    n, members = 14, (2, 3)
    game = noise(n, 12, scale=3.0)
    truth = exact(game, members).B
    found = learn_tables([game] * 150, [members] * 150, setting="accuracy")
    z = np.array([(one.B - truth) / one.standard_errors[0] for one in found])
    assert not any(one.exact.any() for one in found)
    assert abs(z.mean()) < 0.35
    assert 0.7 < z.var() < 1.4


@pytest.mark.parametrize("budget", [7 * 52, 900, 2500])
def test_a_budget_is_kept(budget):
    n, members = 30, (1, 2, 3)
    game = Recorded(CallableGame(lambda rows: np.sin(rows @ np.arange(1.0, n + 1)) * 4, n))
    found = learn(game, members, setting="toy", budget=budget)
    assert len(game.asked) == found.evaluations <= budget
    assert (found.trace[1] != 0.5).any()


def test_a_budget_that_all_contexts_fit_is_enough():
    members = (2, 3, 4, 5)  # five others: 32 contexts of 11 coalitions, fewer than one epoch and a reading ask for
    free, bounded = (learn(noise(9, seed=3), members, budget=budget) for budget in (None, 32 * 11))
    np.testing.assert_array_equal(bounded.values, free.values)
    np.testing.assert_array_equal(bounded.trace, free.trace)
    assert bounded.evaluations == free.evaluations <= 32 * 11
    with pytest.raises(BudgetError, match=r"at least 352 evaluations \(all 32 contexts, each with 11 coalitions"):
        learn(noise(9, seed=3), members, budget=351)


def test_a_budget_below_one_epoch_says_what_it_takes():
    game = CallableGame(lambda rows: rows.sum(axis=1), 30)
    with pytest.raises(BudgetError, match=r"at least 364 evaluations.*got 363"):
        learn(game, (1, 2, 3), setting="toy", budget=363)


def test_the_game_is_checked():
    with pytest.raises(UsageError, match="each player once"):
        learn(noise(4, 0), (1, 1))
    with pytest.raises(UnknownNameError, match=r"setting 'bart'.*'bert'"):
        learn(noise(4, 0), (0, 1), setting="bart")


# --- beside the enumeration ---------------------------------------------------------------------------


@pytest.mark.parametrize("budget", [2**9, 400, 32 * 11])
def test_learning_beside_the_enumeration_changes_no_value(budget):
    game, members = noise(9, 13, scale=4.0), (2, 3, 4, 6)
    plain, beside = (
        multivariate_design(9, members, budget, seed=0, stream="game", learned=learned)
        for learned in (None, "corrected")
    )
    np.testing.assert_array_equal(plain.asked, beside.asked)
    codes = plain.asked.astype(np.int64) @ np.array([1, 256])
    one, other = plain.estimate(game.table[codes]), beside.estimate(game.table[codes])
    np.testing.assert_array_equal(one.values, other.values)
    assert (one.partition_max, one.partition_min) == (other.partition_max, other.partition_min)
    assert one.trace is None
    assert one.learned_T is None
    assert other.method == "exact"
    assert other.trace.shape == other.trace_min.shape == (101, 3)
    assert other.learned_T == pytest.approx(other.T, rel=0.5)
    assert other.learned_T <= other.T + 1e-9


def test_learning_beside_a_table_reaches_the_optimum():
    values = references.table(lambda S: 6.0 * ({0, 1} <= S) - 6.0 * ({2, 3} <= S), 7)
    found = exact(TableGame(values), (0, 1, 2, 3), learned="corrected")
    assert found.learned_T == pytest.approx(12.0, rel=0.2)
    assert found.trace[-1, 0] > 0.9
    assert found.trace[-1, 2] < 0.1
    assert found.trace_min[-1, 0] < 0.1
    assert found.trace_min[-1, 2] > 0.9
