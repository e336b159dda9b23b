"""Sampled designs: unbiased, with honest standard errors, from the laws that the papers name."""

from __future__ import annotations

from collections import Counter
from math import comb, factorial

import numpy as np
import pytest
from support import references
from support.sampling import measure_sampled

import interact_cli as ic
from interact_cli.games.coalitions import pack, unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs import contexts as contexts_module
from interact_cli.interactions.designs import within_budget
from interact_cli.interactions.designs.budgets import Sampling
from interact_cli.interactions.designs.contexts import PairContexts, Stratum
from interact_cli.interactions.designs.draws import moderated_standard_errors, variance_without_structure
from interact_cli.interactions.designs.pairs import all_pairs
from interact_cli.interactions.designs.players import Flips, Permutations

INDICES = sorted(references.DEFINITIONS)


def noise_game(n, seed=0):
    return ic.TableGame(np.random.default_rng(seed).normal(size=2**n))


def rows_of(game, packed):
    return game(unpack(packed, game.n_players))


def chi_square(counts, probabilities):
    """Pearson's statistic; its mean is the number of cells minus one."""
    counts, expected = np.asarray(counts, float), np.asarray(probabilities) * np.sum(counts)
    return float(((counts - expected) ** 2 / expected).sum())


def limit(cells):
    """Far in the tail of the chi-square law: mean + 5 standard deviations."""
    return (cells - 1) + 5 * np.sqrt(2 * (cells - 1))


# --- unbiased, calibrated ---------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "n"), [(index, n) for index in INDICES for n in (6, 8)])
def test_the_mean_over_seeds_is_the_exact_value(index, n):
    game = noise_game(n, seed=n)
    exact = references.DEFINITIONS[index](references.set_game(game.table, n), n)
    seeds = range(1000 if index == "multi-order" else 400)
    runs = np.stack([measure_sampled(game, index, budget=2**n - 4, seed=seed).values for seed in seeds])
    times = np.isfinite(runs).sum(axis=0)
    measured = times > 30
    np.testing.assert_array_equal(measured, np.isfinite(exact))
    runs, exact = runs[:, measured], exact[measured]
    error = np.nanstd(runs, axis=0, ddof=1) / np.sqrt(times[measured])
    drawn = error > 1e-12
    np.testing.assert_allclose(runs.mean(axis=0, where=np.isfinite(runs))[~drawn], exact[~drawn], atol=1e-12)
    z = (np.nanmean(runs, axis=0)[drawn] - exact[drawn]) / error[drawn]
    assert np.abs(z).max() < 4
    assert drawn.any()


@pytest.mark.parametrize("index", INDICES)
def test_standard_errors_are_calibrated(index):
    """(estimate - exact) / standard error has variance 1 over seeds."""
    n = 10
    game = noise_game(n, seed=3)
    exact = ic.measure(game, index)
    truth = exact.values
    if index in ("shapley", "banzhaf"):
        estimates = [measure_sampled(game, index, budget=1000, seed=seed) for seed in range(200)]
    else:
        pairs = np.array([[0, 1], [4, 7], [2, 9]])
        truth = truth[..., pairs[:, 0], pairs[:, 1]]
        keep_rate = None if index == "multi-order" else indices.lookup(index).keep_rate
        strata = (Stratum(100, keep_rate=keep_rate),) if keep_rate else tuple(Stratum(60, m) for m in (2, 4, 7))
        truth = truth if keep_rate else truth[[2, 4, 7]]
        estimates = []
        for seed in range(200):
            rngs = [np.random.default_rng([seed, k]) for k in range(len(strata))]
            design = PairContexts.draw(index, n, pairs, strata, rngs)
            estimates.append(design.estimate(rows_of(game, design.asked)))
    z = np.array([(estimate.values - truth) / estimate.standard_errors for estimate in estimates])
    assert 0.85 < z.var() < 1.2
    assert abs(z.mean()) < 0.2


def test_every_permutation_satisfies_efficiency():
    n = 7
    game = noise_game(n)
    design = Permutations.draw("shapley", n, 5, np.random.default_rng(0))
    values = rows_of(game, design.asked)
    assert design.estimate(values).values.sum() == pytest.approx(game.table[-1] - game.table[0], abs=1e-12)
    for draw in range(5):
        single = Permutations("shapley", design.orders[draw : draw + 1])
        own = values.reshape(5, n + 1)[draw]
        expected = np.empty(n)
        present = frozenset()
        table = references.set_game(game.table, n)
        for player in design.orders[draw].tolist():
            expected[player] = table[present | {player}] - table[present]
            present |= {player}
        np.testing.assert_allclose(single.estimate(own).values, expected, atol=1e-12)


def test_permutations_are_uniform():
    design = Permutations.draw("shapley", 4, 12000, np.random.default_rng(1))
    counts = Counter(map(tuple, design.orders.tolist()))
    assert len(counts) == 24
    assert chi_square(list(counts.values()), np.full(24, 1 / 24)) < limit(24)


def test_flips_start_from_uniform_coalitions_and_change_one_player():
    n = 3
    design = Flips.draw("banzhaf", n, 8000, np.random.default_rng(2))
    rows = unpack(design.asked, n).reshape(-1, n + 1, n)
    counts = Counter(map(tuple, rows[:, 0].tolist()))
    assert chi_square(list(counts.values()), np.full(8, 1 / 8)) < limit(8)
    for player in range(n):
        changed = rows[:, 1 + player] != rows[:, 0]
        assert (changed == np.eye(n, dtype=bool)[player]).all()


# --- the laws of contexts -----------------------------------------------------------------------------


def contexts_of(design, stratum=0):
    """Check the four terms of one stratum and return its contexts as ``(pair, context, n)``."""
    sizes = [len(design.pairs) * s.n_contexts * 4 for s in design.strata]
    start = sum(sizes[:stratum])
    rows = unpack(design.asked[start : start + sizes[stratum]], design.n_players)
    rows = rows.reshape(len(design.pairs), -1, 4, design.n_players)
    contexts = rows[:, :, 3]
    for p, (i, j) in enumerate(design.pairs.tolist()):
        assert not contexts[p][:, [i, j]].any(), "a context never contains its pair"
        for term, added in enumerate(({i, j}, {i}, {j})):
            expected = contexts[p].copy()
            expected[:, sorted(added)] = True
            np.testing.assert_array_equal(rows[p, :, term], expected)
    return contexts


@pytest.mark.parametrize("n", [6, 9, 70])
def test_contexts_of_an_order_have_that_size_and_leave_the_pair_out(n):
    orders = (0, 1, n // 2, n - 3, n - 2)
    strata = tuple(Stratum(7, order) for order in orders)
    pairs = np.array([[0, 1], [2, n - 1], [3, 5]])
    rngs = [np.random.default_rng(order) for order in orders]
    design = PairContexts.draw("multi-order", n, pairs, strata, rngs)
    for stratum, order in enumerate(orders):
        assert (contexts_of(design, stratum).sum(axis=2) == order).all()


def test_contexts_do_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch):
    """4,096 units, 500 pairs and 500 contexts would take 8 GB of random numbers at a time."""
    strata = (
        Stratum(9, keep_rate=(0.2, 0.8)),
        Stratum(7, order=4),
        Stratum(5, order=0),
        Stratum(11, order=1, exact=True),
    )

    def drawn() -> np.ndarray:
        rngs = [np.random.default_rng(seed) for seed in range(4)]
        return PairContexts.draw("any", 13, all_pairs(13)[3:40], strata, rngs).asked

    at_once = drawn()
    monkeypatch.setattr(contexts_module, "DRAWN_AT_ONCE", 13 * 9 * 4 + 1)
    np.testing.assert_array_equal(drawn(), at_once)


def test_contexts_of_an_order_are_uniform_subsets():
    n, order, pair = 6, 2, (1, 4)
    design = PairContexts.draw("multi-order", n, np.array([pair]), (Stratum(9000, order),), [np.random.default_rng(5)])
    counts = Counter(frozenset(np.flatnonzero(row).tolist()) for row in contexts_of(design)[0])
    expected = {S for S in references.subsets({0, 2, 3, 5}) if len(S) == order}
    assert set(counts) == expected
    assert chi_square(list(counts.values()), np.full(len(expected), 1 / len(expected))) < limit(len(expected))


@pytest.mark.parametrize("index", ["shapley-interaction", "banzhaf-interaction"])
def test_the_keep_rate_gives_the_weights_of_the_index(index):
    n, pair, draws = 6, (0, 3), 20000
    stratum = Stratum(draws, keep_rate=indices.lookup(index).keep_rate)
    design = PairContexts.draw(index, n, np.array([pair]), (stratum,), [np.random.default_rng(6)])
    counts = Counter(frozenset(np.flatnonzero(row).tolist()) for row in contexts_of(design)[0])
    subsets = list(references.subsets(set(range(n)) - set(pair)))
    if index == "shapley-interaction":
        law = [factorial(len(S)) * factorial(n - 2 - len(S)) / factorial(n - 1) for S in subsets]
        sizes = np.bincount([len(S) for S in counts.elements()], minlength=n - 1)
        assert chi_square(sizes, np.full(n - 1, 1 / (n - 1))) < limit(n - 1), "|S| is uniform on 0..n-2"
    else:
        law = [2.0 ** -(n - 2)] * len(subsets)
    assert chi_square([counts[S] for S in subsets], law) < limit(len(subsets))


def test_a_narrow_keep_rate_gives_the_integral_of_the_binomial():
    n, low, high = 8, 0.2, 0.4
    stratum = Stratum(30000, order=2, keep_rate=(low, high))
    design = PairContexts.draw("multi-order", n, np.array([[0, 1]]), (stratum,), [np.random.default_rng(7)])
    rates = low + (high - low) * (np.arange(2000) + 0.5) / 2000
    law = [np.mean(comb(n - 2, s) * rates**s * (1 - rates) ** (n - 2 - s)) for s in range(n - 1)]
    sizes = np.bincount(contexts_of(design)[0].sum(axis=1), minlength=n - 1)
    assert chi_square(sizes, law) < limit(n - 1)


# --- exactness of orders --------------------------------------------------------------------------------


def test_the_first_and_last_order_are_exact_and_rich_orders_are_drawn():
    n = 9
    game = noise_game(n)
    exact = ic.measure(game, "multi-order")
    estimate = ic.measure(game, "multi-order", budget=400, seed=1, estimator="sampled")
    measured = np.isfinite(estimate.values[0])
    for order in (0, n - 2):
        np.testing.assert_allclose(estimate.values[order][measured], exact.values[order][measured], atol=1e-12)
        assert (estimate.standard_errors[order][measured] == 0).all()
        assert estimate.exact[order][measured].all()
    middle = estimate.values[3]
    assert np.isfinite(middle[measured]).all()
    assert not estimate.exact[3].any()
    assert (estimate.standard_errors[3][measured] > 0).all()
    assert not estimate.exact[:, ~measured].any()
    assert np.isnan(estimate.standard_errors[:, ~measured]).all()


@pytest.mark.parametrize(
    ("contexts", "exact"), [(6, [0, 7]), (7, [0, 1, 6, 7]), (20, [0, 1, 6, 7]), (21, [0, 1, 2, 5, 6, 7])]
)
def test_an_order_is_exact_from_as_many_contexts_as_it_has(contexts, exact):
    """Nine players: C(7, m) = 1, 7, 21, 35, 35, 21, 7, 1."""
    strata = within_budget.order_strata(9, tuple(range(8)), contexts)
    assert [s.order for s in strata if s.exact] == exact
    rngs = [np.random.default_rng(m) for m in range(8)]
    design = PairContexts.draw("multi-order", 9, np.array([[2, 5]]), strata, rngs)
    for order in exact:
        assert len({tuple(row) for row in contexts_of(design, order)[0].tolist()}) == comb(7, order)


def test_orders_with_few_contexts_are_enumerated():
    """With 7 contexts for each of n-2 = 7 others, orders 0, 1, n-3 and n-2 need no draw."""
    n = 9
    game = noise_game(n)
    strata = within_budget.order_strata(n, tuple(range(n - 1)), 7)
    assert [s.exact for s in strata] == [comb(n - 2, m) <= 7 for m in range(n - 1)]
    assert [s.n_contexts for s in strata] == [min(7, comb(n - 2, m)) for m in range(n - 1)]
    pairs = all_pairs(n)[::5]
    rngs = [np.random.default_rng(m) for m in range(n - 1)]
    design = PairContexts.draw("multi-order", n, pairs, strata, rngs)
    estimate = design.estimate(rows_of(game, design.asked))
    truth = references.multi_order(references.set_game(game.table, n), n)[:, pairs[:, 0], pairs[:, 1]]
    np.testing.assert_allclose(estimate.values[estimate.exact], truth[estimate.exact], atol=1e-12)
    assert (estimate.standard_errors[estimate.exact] == 0).all()
    assert np.abs(estimate.values[~estimate.exact] - truth[~estimate.exact]).max() > 1e-3
    contexts = contexts_of(design, stratum=1)
    assert (contexts.sum(axis=(1, 2)) == n - 2).all()
    assert all(len({tuple(row) for row in of_pair.tolist()}) == n - 2 for of_pair in contexts)


# --- what a plan depends on -------------------------------------------------------------------------------


def plan(index, seed, stream, n=12, budget=400):
    sampling = Sampling(budget, seed, stream, orders=tuple(range(n - 1)))
    return within_budget.design_within(indices.lookup(index), n, sampling, candidates=all_pairs(n)).asked


@pytest.mark.parametrize("index", INDICES)
def test_a_plan_depends_on_seed_and_sample_only(index):
    first = plan(index, 3, "digits/test/1")
    np.random.seed(1)  # noqa: NPY002, TID251  # the global generator must not matter
    plan(index, 4, "between")
    np.testing.assert_array_equal(first, plan(index, 3, "digits/test/1"))
    assert not np.array_equal(first, plan(index, 4, "digits/test/1"))
    assert not np.array_equal(first, plan(index, 3, "digits/test/2"))


@pytest.mark.parametrize("index", INDICES)
def test_the_same_seed_asks_the_same_coalitions_of_every_game(index):
    asked = []

    def recording(offset):
        def fn(coalitions):
            asked.append(pack(coalitions))
            return coalitions @ np.arange(11.0) + offset

        return ic.CallableGame(fn, n_players=11)

    measure_sampled(recording(0.0), index, budget=500, seed=9)
    measure_sampled(recording(7.0), index, budget=500, seed=9)
    half = len(asked) // 2
    np.testing.assert_array_equal(np.concatenate(asked[:half]), np.concatenate(asked[half:]))


# --- never a false certainty ------------------------------------------------------------------------


def test_two_contexts_that_agree_are_not_certain():
    """Few pairs interact, in few contexts: most drawn differences are 0, and no mean is known for that."""
    team = np.arange(6)
    game = ic.CallableGame(lambda coalitions: 1.0 * coalitions[:, team].all(axis=1) + coalitions[:, 7], n_players=24)
    estimate = measure_sampled(game, "shapley-interaction", budget=2300)
    errors = estimate.standard_errors[np.triu_indices(24, 1)]
    assert (estimate.values[np.triu_indices(24, 1)] == 0).any()
    assert (errors > 1e-3).all()


def test_moderated_errors_share_the_spread_of_all_sets_and_keep_its_mean_square():
    draws = np.random.default_rng(0).normal(size=(50, 3)) * np.linspace(0, 2, 50)[:, None]
    errors = moderated_standard_errors(draws)
    own = draws.var(axis=1, ddof=1)
    np.testing.assert_allclose(errors**2 * 3, (4 * own.mean() + 2 * own) / 6)
    assert (errors**2).mean() == pytest.approx((own / 3).mean())
    assert errors[0] > 0
    assert np.isnan(moderated_standard_errors(draws[:, :1])).all()


def test_where_all_drawn_contexts_agree_a_mean_is_as_unsure_as_one_more_would_make_it():
    """No drawn context holds the team, so every third difference is 0 to rounding; nobody knows that all are."""
    team = np.arange(9)
    worth = np.arange(24.0)
    game = ic.CallableGame(lambda rows: 50.0 * rows[:, team].all(axis=1) + rows @ worth, n_players=24)
    asked = {"budget": 300, "interaction_size": 3}
    estimate = measure_sampled(game, "shapley-interaction", **asked)
    assert np.abs(estimate.values).max() < 1e-9
    assert (estimate.standard_errors > 1e-2).all()
    linear = measure_sampled(ic.CallableGame(lambda rows: rows @ worth, 24), "shapley-interaction", **asked)
    assert (linear.standard_errors < 1e-9).all()


def test_the_least_spread_is_that_of_one_draw_of_a_game_without_structure():
    draws = np.ones((5, 4))
    errors = moderated_standard_errors(draws, 32.0)
    np.testing.assert_allclose(errors**2 * 4, 4 * (32 / (5 * 3 + 1)) / 7)
    wide = np.random.default_rng(0).normal(size=(5, 4)) * 10
    np.testing.assert_array_equal(moderated_standard_errors(wide, 32.0), moderated_standard_errors(wide))


def test_a_game_without_structure_has_the_variance_of_its_values_for_every_term():
    rng = np.random.default_rng(1)
    rows = rng.random((4000, 20)) < 0.5
    values = rng.normal(size=4000) * 3 + rows @ np.arange(20.0)
    for size in (2, 3):
        assert variance_without_structure(pack(rows), values, 20, size) == pytest.approx(2**size * 9, rel=0.15)
    few = variance_without_structure(pack(rows[:30]), values[:30], 20, 2)
    assert few == pytest.approx(4 * values[:30].var(ddof=1))


@pytest.mark.parametrize("index", [index for index in INDICES if index != "multi-order"])
def test_nothing_that_is_sampled_is_surer_than_rounding(index):
    game = ic.CallableGame(lambda coalitions: coalitions.sum(axis=1) * 1e6, n_players=12)
    estimate = measure_sampled(game, index, budget=900)
    errors = estimate.standard_errors[np.isfinite(estimate.values) & ~estimate.exact]
    assert (errors > 0).all()
    assert (errors < 1e-3).all()
