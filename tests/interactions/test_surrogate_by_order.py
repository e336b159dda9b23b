"""Orders read off a surrogate: what is exact, what the squares are made of, and where pairs have their own contexts."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from support import references
from support.known_games import smooth_game

import interact_cli as ic
from interact_cli.errors import UsageError
from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.interactions.designs.contexts import PairContexts
from interact_cli.interactions.designs.sets import all_sets
from interact_cli.interactions.surrogate import design as design_module
from interact_cli.interactions.surrogate.by_order import SurrogateByOrder
from interact_cli.interfaces import Learner, Leaves, Question
from interact_cli.metrics.multi_order import MultiOrder
from interact_cli.metrics.published import published_orders


def design_of(n, budget, seed=0, **options):
    return MultiOrder(**options).design(Question(n, budget, seed, "sample"))


def asked_of(game, design):
    return game(unpack(design.asked, game.n_players))


def by_definition(game):
    """``(order, pair)`` at the published orders: the mean difference over the contexts of each size, listed."""
    n, v = game.n_players, game.table
    codes = np.arange(2**n)
    sizes = unpack(all_coalitions(n), n).sum(axis=1)
    values = []
    for i, j in combinations(range(n), 2):
        contexts = codes[(codes >> i & 1 == 0) & (codes >> j & 1 == 0)]
        differences = v[contexts | 1 << i | 1 << j] - v[contexts | 1 << i] - v[contexts | 1 << j] + v[contexts]
        values.append([differences[sizes[contexts] == order].mean() for order in published_orders(n)])
    return np.array(values).T


def test_the_truth_of_these_tests_is_the_definition():
    game = smooth_game(7)
    dense = references.multi_order(references.set_game(game.table, 7), 7)
    np.testing.assert_allclose(by_definition(game), dense[list(published_orders(7))][:, *np.triu_indices(7, 1)])


# --- where it stands ----------------------------------------------------------------------------


def test_it_answers_unless_pairs_must_have_contexts_of_their_own():
    assert isinstance(design_of(16, 1000), SurrogateByOrder)
    assert isinstance(design_of(63, 4000), SurrogateByOrder)
    assert isinstance(design_of(64, 4000), PairContexts)
    assert isinstance(design_of(16, 1000, estimator="sampled"), PairContexts)
    assert isinstance(design_of(16, 2000, contexts=2), PairContexts)
    question = Question(16, 4000, 0, "sample", repeats=2)
    assert isinstance(MultiOrder().design(question), PairContexts)
    question = Question(16, 4000, 0, "sample", grid=(4, 4), protocol="deng2022")
    assert isinstance(MultiOrder().design(question), PairContexts)


@pytest.mark.parametrize(
    ("n", "budget", "options", "match"),
    [
        (64, 4000, {}, "takes at most 63 players, got 64. Choose fewer players"),
        (20, 4000, {"contexts": 2}, "Leave --contexts out"),
        (20, 70, {}, r"needs a budget of at least \d+ evaluations, got 70. Raise --budget"),
    ],
)
def test_what_it_cannot_do_is_refused_where_it_is_asked_for(n, budget, options, match):
    with pytest.raises(UsageError, match=match):
        design_of(n, budget, estimator="surrogate", **options)


def test_instability_has_plans_of_its_own():
    with pytest.raises(UsageError, match=r"is not shared out among plans\. Leave --instability out"):
        MultiOrder(estimator="surrogate").design(Question(16, 4000, 0, "sample", repeats=2))


def test_the_least_budget_that_a_refusal_names_suffices_and_has_every_size():
    n = 20
    with pytest.raises(UsageError) as refused:
        design_of(n, 50, estimator="surrogate")
    least = int(str(refused.value).split("at least ")[1].split()[0])
    with pytest.raises(UsageError):
        design_of(n, least - 1, estimator="surrogate")
    sizes = np.bincount(unpack(design_of(n, least, estimator="surrogate").asked, n).sum(axis=1), minlength=n + 1)
    assert (sizes >= np.minimum(2, [comb(n, size) for size in range(n + 1)])).all()


# --- the ends ----------------------------------------------------------------------------------


def test_the_ends_are_exact_where_they_cost_at_most_a_third_of_the_budget():
    game = smooth_game(12)  # 2 (1 + 12 + 66) = 158 coalitions make them exact
    truth, orders = by_definition(game), published_orders(12)
    for budget, exact in ((474, True), (473, False)):
        design = design_of(12, budget)
        estimate = design.estimate(asked_of(game, design))
        assert estimate.orders.tolist() == list(orders)
        assert estimate.exact[[0, -1]].all() == exact
        assert not estimate.exact[1:-1].any()
        far = np.abs(estimate.values - truth) > 1e-12 * np.abs(game.table).max()
        assert far[[0, -1]].any() == (not exact)
        as_sure_as_rounding = estimate.standard_errors[[0, -1]].max() < 1e-13 * np.abs(game.table).max()
        assert as_sure_as_rounding == exact
        assert far[1:-1].any()


@pytest.mark.parametrize("estimator", ["surrogate", "reuse"])
def test_pairs_whose_coalitions_were_drawn_are_exact_and_no_other_is_certain(estimator):
    """Few of a size hold a given pair: sample reuse said 0 +- 0 of pairs that none held."""
    game = smooth_game(12, 4)
    truth = by_definition(game)
    design = design_of(12, 300, estimator=estimator)
    estimate = design.estimate(asked_of(game, design))
    asked = {row.tobytes() for row in unpack(design.asked, 12)}
    for place, (i, j) in enumerate(design.pairs.tolist()):
        alone = np.zeros((2, 12), dtype=np.bool_)
        alone[0, [i, j]] = True
        alone[1] = ~alone[0]
        assert estimate.exact[[0, -1], place].tolist() == [row.tobytes() in asked for row in alone]
    assert 0 < estimate.exact[0].sum() < len(design.pairs)
    largest = np.abs(game.table).max()
    np.testing.assert_allclose(estimate.values[estimate.exact], truth[estimate.exact], atol=1e-12 * largest)
    np.testing.assert_allclose(estimate.squares[estimate.exact], truth[estimate.exact] ** 2, atol=1e-10 * largest**2)
    scores = (estimate.values - truth)[~estimate.exact] / estimate.standard_errors[~estimate.exact]
    assert np.abs(scores).max() < 8


def test_exact_ends_stay_where_the_process_is_not_given_all(monkeypatch):
    monkeypatch.setattr(design_module, "SEEN", 260)
    game = smooth_game(10, 1)
    design = design_of(10, 600)
    estimate = design.estimate(asked_of(game, design))
    np.testing.assert_allclose(estimate.values[[0, -1]], by_definition(game)[[0, -1]], atol=1e-10)


# --- values and squares ------------------------------------------------------------------------


def test_values_are_near_the_truth_and_their_errors_cover_it():
    covered, left = [], []
    for seed in range(6):
        game = smooth_game(10, seed)
        truth = by_definition(game)
        design = design_of(10, 500, seed)
        estimate = design.estimate(asked_of(game, design))
        middle = ~estimate.exact
        miss = (estimate.values - truth)[middle]
        left.append((miss**2).sum() / (truth[middle] ** 2).sum())
        covered.append(np.abs(miss) <= 1.96 * estimate.standard_errors[middle])
    assert np.mean(left) < 0.05
    assert 0.85 < np.concatenate(covered).mean() < 0.995


def naive_products(game, coalitions, kernel, order, sets):
    """Each value left out by a fit without it: what it misses, times what that fit says of the index; ``(set,)``."""
    y = game(coalitions)
    every = unpack(all_coalitions(coalitions.shape[1]), coalitions.shape[1])
    weights = np.zeros((len(every), len(sets)))
    n, sizes = coalitions.shape[1], coalitions.sum(axis=1)
    for place, (i, j) in enumerate(sets):
        inside = every[:, i].astype(int) + every[:, j]
        counts = every.sum(axis=1) - inside == order
        weights[counts, place] = (-1.0) ** inside[counts] / comb(n - 2, order)
    together = kernel.matrix(np.concatenate([coalitions, every]))
    together = np.tril(together) + np.tril(together, -1).T
    own = kernel.own_by_size(n)
    full = together[: len(y), : len(y)]
    with_index = together[: len(y), len(y) :] @ weights
    row_of = {members.tobytes(): row for row, members in enumerate(every)}
    for row, members in enumerate(coalitions):  # a coalition is one with itself: what it has alone is in the index too
        with_index[row] += own[sizes[row]] * weights[row_of[members.tobytes()]]
    products = np.zeros(len(sets))
    for row, members in enumerate(coalitions):
        rest = np.arange(len(y)) != row
        solved = np.linalg.solve(full[np.ix_(rest, rest)], y[rest])
        missed = y[row] - full[row, rest] @ solved
        counts = comb(n, int(sizes[row])) / (sizes == sizes[row]).sum()
        products += counts * weights[row_of[members.tobytes()]] * missed * (solved @ with_index[rest])
    return products


def test_squares_are_corrected_by_what_left_out_values_miss():
    n, order = 8, 3
    game = smooth_game(n, 2)
    design = design_of(n, 120)
    part = design.parts[design.orders.index(order)]
    coalitions = unpack(design.asked, n)
    values = game(coalitions)
    scaled = ic.TableGame((game.table - values.mean()) / values.std())
    estimate = part.estimate(scaled(coalitions))
    model = design_module._last.model
    products = naive_products(scaled, coalitions, model.process.kernel, order, all_sets(n, 2))
    expected = estimate.values**2 + estimate.standard_errors**2 + 2 * products
    np.testing.assert_allclose(estimate.squares, expected, rtol=1e-5, atol=1e-8)
    assert np.abs(products).max() > 1e-3


def bump(n):
    """A middle that no smooth function of the players follows."""
    every = unpack(all_coalitions(n), n)
    sizes = every.sum(axis=1)
    return np.where((sizes == 4) | (sizes == 5), np.where(every[:, 0], 1.0, -1.0), 0.0)


def test_a_middle_that_the_surrogate_misses_is_found_in_part():
    found, plain, truth = [], [], []
    for seed in range(16):
        game = ic.TableGame(smooth_game(10, seed).table + 1.5 * bump(10))
        design = design_of(10, 400, seed)
        estimate = design.estimate(asked_of(game, design))
        found.append(estimate.squares[1:-1].mean())
        plain.append((estimate.values**2 + estimate.standard_errors**2)[1:-1].mean())
        truth.append((by_definition(game)[1:-1] ** 2).mean())
    assert np.mean(truth) - np.mean(found) < 0.75 * (np.mean(truth) - np.mean(plain))


@pytest.mark.parametrize("seen", [8192, 260])
def test_mean_squares_are_those_of_the_game(monkeypatch, seen):
    monkeypatch.setattr(design_module, "SEEN", seen)
    found, truth = [], []
    for seed in range(30):
        game = smooth_game(10, seed)
        design = design_of(10, 600, seed)
        found.append(design.estimate(asked_of(game, design)).squares[1:-1].mean())
        truth.append((by_definition(game)[1:-1] ** 2).mean())
    error = np.std(np.subtract(found, truth), ddof=1) / np.sqrt(30)
    assert abs(np.mean(found) - np.mean(truth)) < 3 * error
    assert error < 0.07 * np.mean(truth)


def four_players(coalitions, values):
    """Learn the mean of every pattern of the first four players."""
    codes = coalitions[:, :4] @ np.array([1, 2, 4, 8])
    means = np.array([values[codes == code].mean() if (codes == code).any() else 0.0 for code in range(16)])
    present = np.zeros((16, coalitions.shape[1]), dtype=np.bool_)
    present[:, :4] = np.arange(16)[:, None] >> np.arange(4) & 1
    absent = np.zeros_like(present)
    absent[:, :4] = ~present[:, :4]
    return Leaves(present, absent, means)


def test_a_second_surrogate_moves_values_and_no_squares(monkeypatch):
    """Its own error is not known: added to that of the process, mean squares were a third too large."""
    monkeypatch.setattr(design_module, "SEEN", 100)
    parity = np.where(unpack(all_coalitions(10), 10)[:, :4], 1.0, -1.0).prod(axis=1)
    game = ic.TableGame(0.1 * smooth_game(10).table + parity)
    design = design_of(10, 900)
    alone = design.estimate(asked_of(game, design))
    both = design_of(10, 900, learner=Learner("patterns", four_players)).estimate(asked_of(game, design))
    miss_alone, miss_both = (np.square(one.values - by_definition(game)).sum() for one in (alone, both))
    assert miss_both < 0.8 * miss_alone
    np.testing.assert_array_equal(both.squares, alone.squares)


# --- what happens to it -------------------------------------------------------------------------


def test_noise_falls_back_to_sample_reuse_without_bias():
    n, squares, truth = 10, [], []
    for seed in range(40):
        game = ic.TableGame(np.random.default_rng(seed).normal(size=2**n))
        question = Question(n, 400, seed, "sample")
        reduced = MultiOrder().reduce(design := MultiOrder().design(question), asked_of(game, design), question)
        assert reduced.estimate.explained < 0.2
        assert reduced.otherwise is not None
        assert reduced.otherwise.estimate.explained is None
        assert reduced.otherwise.estimate.exact[[0, -1]].all()
        squares.append(reduced.otherwise.estimate.squares.mean(axis=1))
        truth.append((by_definition(game) ** 2).mean(axis=1))
    difference = np.subtract(squares, truth)
    z = difference.mean(axis=0)[1:-1] / (difference.std(axis=0, ddof=1)[1:-1] / np.sqrt(40))
    assert np.abs(z).max() < 3.5
    np.testing.assert_allclose(difference[:, [0, -1]], 0, atol=1e-9)


def test_dense_squares_stand_where_their_values_stand():
    game = smooth_game(10)
    design = design_of(10, 400)
    flat = design.estimate(asked_of(game, design))
    laid_out = flat.dense()
    assert np.isnan(laid_out.squares[:, 0, 0]).all()
    for place, order in enumerate(design.orders):
        for (i, j), square in zip(design.pairs.tolist(), flat.squares[place], strict=True):
            assert laid_out.squares[order, i, j] == laid_out.squares[order, j, i] == square


def test_samples_share_no_coalitions_but_whole_sizes():
    first, second = (MultiOrder().design(Question(12, 900, 0, sample)).asked for sample in ("a", "b"))
    shared = {row.tobytes() for row in first} & {row.tobytes() for row in second}
    sizes = {int(np.unpackbits(np.frombuffer(row, np.uint8)).sum()) for row in shared}
    assert {0, 1, 2, 10, 11, 12} <= sizes
    assert len(shared) < 0.8 * len(first)
