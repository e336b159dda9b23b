"""Sampled interactions of sets: the law of the contexts, unbiased, exact where all contexts are listed; shares."""

from __future__ import annotations

from collections import Counter
from math import comb

import numpy as np
import pytest
from support import references, set_indices
from support.sampling import measure_sampled

import interact_cli as ic
from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import unique, unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs import sets
from interact_cli.interactions.designs.budgets import Sampling
from interact_cli.interactions.designs.contexts import ContextsBySize, SetContexts, Stratum
from interact_cli.interactions.designs.full_table import FullTable
from interact_cli.interactions.designs.pairs import candidates, drawn_uniformly, within_radius
from interact_cli.interactions.designs.within_budget import design_within, full_table
from interact_cli.interfaces import Divisible

SAMPLED = ["shapley-interaction", "banzhaf-interaction", "shapley-taylor"]
EVERY = ["shapley", "banzhaf", *SAMPLED, "multi-order"]


def noise_game(n, seed=0):
    return ic.TableGame(np.random.default_rng(seed).normal(size=2**n))


def values_of(game, design):
    return game(unpack(design.asked, game.n_players))


def sampled(index, n, budget, size=None, **settings):
    sampling = Sampling(budget, settings.pop("seed", 0), "x", orders=tuple(range(n - 1)), **settings)
    return design_within(indices.lookup(index), n, sampling, size=size)


def chi_square(counts, probabilities):
    counts, expected = np.asarray(counts, float), np.asarray(probabilities) * np.sum(counts)
    return float(((counts - expected) ** 2 / expected).sum())


def limit(cells):
    return (cells - 1) + 5 * np.sqrt(2 * (cells - 1))


def contexts_of(design):
    """Check the terms of a design of one stratum and return its contexts, ``(set, context, n)``."""
    size = design.sets.shape[1]
    rows = unpack(design.asked, design.n_players).reshape(len(design.sets), -1, 2**size, design.n_players)
    bare = rows[:, :, -1]
    for members, of_set in zip(design.sets.tolist(), rows, strict=True):
        assert not of_set[:, -1][:, members].any(), "a context never contains its set"
        for row in of_set:
            added = {frozenset(np.flatnonzero(term & ~row[-1]).tolist()) for term in row}
            assert added == set(references.subsets(members))
    return bare


@pytest.mark.parametrize(("index", "k"), [("shapley-interaction", 3), ("shapley-taylor", 2), ("shapley-taylor", 3)])
def test_the_law_of_the_keep_rate_gives_the_weights_of_the_index(index, k):
    """t! (n-t-k)! / (n-k+1)! for the Shapley interaction, k/n / C(n-1,t) for the top of Shapley-Taylor."""
    n, draws = 6, 20000
    stratum = Stratum(draws, keep_rate=(0.0, 1.0), beta=k if index == "shapley-taylor" else 1)
    members = list(range(1, k + 1))
    design = SetContexts.draw(index, n, np.array([members]), (stratum,), [np.random.default_rng(6)])
    counts = Counter(frozenset(np.flatnonzero(row).tolist()) for row in contexts_of(design)[0])
    contexts = set_indices.outside(n, frozenset(members))
    if index == "shapley-taylor":
        law = [k / n / comb(n - 1, len(T)) for T in contexts]
    else:
        law = [1 / ((n - k + 1) * comb(n - k, len(T))) for T in contexts]
    assert sum(law) == pytest.approx(1.0)
    assert chi_square([counts[T] for T in contexts], law) < limit(len(contexts))


def test_banzhaf_contexts_of_sets_are_uniform():
    design = sampled("banzhaf-interaction", 30, 8 * 4000, size=3, contexts=2000)
    sizes = np.bincount(contexts_of(design).sum(axis=2).ravel(), minlength=28)
    law = np.array([comb(27, t) / 2**27 for t in range(28)])
    middle = law > 1e-3
    assert chi_square(sizes[middle], law[middle] / law[middle].sum()) < limit(middle.sum())


@pytest.mark.parametrize(("index", "k"), [(index, k) for index in SAMPLED for k in (1, 2, 3)])
def test_the_mean_over_seeds_is_the_exact_value(index, k):
    n = 8
    game = noise_game(n, seed=k)
    v = references.set_game(game.table, n)
    truth = set_indices.DEFINITIONS[index](v, n, k)
    drawn: dict[frozenset[int], list[float]] = {S: [] for S in truth}
    for seed in range(900 if k == 3 else 300):
        estimate = measure_sampled(game, index, budget=2**n - 1, seed=seed, interaction_size=k)
        for players, value, exact in zip(estimate.players, estimate.values, estimate.exact, strict=True):
            drawn[frozenset(players)].append(value)
            assert exact == (index == "shapley-taylor" and len(players) < k)
            if exact:
                assert value == pytest.approx(truth[frozenset(players)], abs=1e-12)
    tops = {S: values for S, values in drawn.items() if len(S) == k and len(values) > 30}
    assert len(tops) == comb(n, k)
    z = [(np.mean(x) - truth[S]) / (np.std(x, ddof=1) / np.sqrt(len(x))) for S, x in tops.items()]
    assert np.abs(z).max() < 4.2
    assert np.std(z) < 1.5


@pytest.mark.parametrize("index", SAMPLED)
def test_standard_errors_are_calibrated(index):
    n, k = 10, 3
    game = noise_game(n, seed=4)
    truth = full_table(indices.lookup(index), n, np.array([[0, 4, 7]]), k).estimate(game.table)
    keep_rate = indices.lookup(index).keep_rate
    stratum = Stratum(200, keep_rate=keep_rate, beta=k if index == "shapley-taylor" else 1)
    z = []
    for seed in range(300):
        design = SetContexts.draw(index, n, truth.sets[-1:], (stratum,), [np.random.default_rng(seed)])
        estimate = design.estimate(values_of(game, design))
        z.append((estimate.values[0] - truth.values[-1]) / estimate.standard_errors[0])
    assert 0.8 < np.var(z) < 1.25
    assert abs(np.mean(z)) < 0.2


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_listing_all_contexts_gives_every_index_exactly(k):
    """Means over the contexts of each size: alike for Shapley, by their number for Banzhaf, k C(n-k,t) / (n C(n-1,t))
    for the top of Shapley-Taylor."""
    n = 6
    game = noise_game(n, seed=9)
    v = references.set_game(game.table, n)
    strata = tuple(Stratum(comb(n - k, t), t, exact=True) for t in range(n - k + 1))
    every = sets.all_sets(n, k)
    design = SetContexts.draw("any", n, every, strata, [np.random.default_rng(0)] * len(strata))
    means, errors = design.averages(design.differences(values_of(game, design)))
    assert (errors == 0).all()
    counts = np.array([comb(n - k, t) for t in range(n - k + 1)])
    shares = {
        "shapley-interaction": np.full(n - k + 1, 1 / (n - k + 1)),
        "banzhaf-interaction": counts / 2 ** (n - k),
        "shapley-taylor": np.array([k / n * c / comb(n - 1, t) for t, c in enumerate(counts.tolist())]),
    }
    for index, share in shares.items():
        truth = set_indices.DEFINITIONS[index](v, n, k)
        expected = [truth[frozenset(members)] for members in every.tolist()]
        np.testing.assert_allclose(share @ means, expected, atol=1e-12)


@pytest.mark.parametrize("n", [8, 70])
def test_sampled_shapley_taylor_has_every_smaller_set_exactly(n):
    """Dividends of 2^|S| values each: of a game that is a polynomial they are its coefficients."""
    weights = np.random.default_rng(0).normal(size=n)
    game = ic.CallableGame(lambda c: 3.0 + c @ weights + 2.0 * c[:, 1] * c[:, 4], n)
    estimate = measure_sampled(game, "shapley-taylor", budget=200 if n == 8 else 4000, interaction_size=3)
    found = dict(zip(estimate.players, estimate.values.tolist(), strict=True))
    assert list(found)[: 1 + n + comb(n, 2)] == [tuple(sorted(S)) for S in set_indices.sets_of(n, 0, 1, 2)]
    expected = {(): 3.0, (1, 4): 2.0} | {(i,): weights[i] for i in range(n)}
    for players, value in found.items():
        assert value == pytest.approx(expected.get(players, 0.0), abs=1e-12)
    lower = np.array([len(players) < 3 for players in found])
    np.testing.assert_array_equal(estimate.exact, lower)
    assert (estimate.standard_errors[lower] == 0).all()
    assert 0 < (~lower).sum() <= comb(n, 3)


# --- budgets ------------------------------------------------------------------------------------------


class Counting:
    def __init__(self, n):
        self.n_players = n
        self.rows = 0

    def __call__(self, coalitions):
        self.rows += len(coalitions)
        return np.sin(coalitions @ (1.0 + np.arange(self.n_players)))


@pytest.mark.parametrize("index", SAMPLED)
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_the_budget_is_kept_and_the_refusal_names_the_least_that_works(index, k):
    n = 30
    before = sum(comb(n, size) for size in range(k)) if index == "shapley-taylor" else 0
    least = before + 2 * 2**k
    with pytest.raises(BudgetError, match=f"at least {least} evaluations"):
        measure_sampled(Counting(n), index, budget=least - 1, interaction_size=k)
    for budget in (least, least + 1, 2 * least + 100):
        game = Counting(n)
        estimate = measure_sampled(game, index, budget=budget, interaction_size=k)
        assert game.rows == estimate.evaluations <= budget
        assert np.isfinite(estimate.standard_errors).all()


@pytest.mark.parametrize("index", EVERY)
@pytest.mark.parametrize("repeats", [1, 2, 5])
def test_every_value_gets_a_draw_for_each_repeat(index, repeats):
    n = 12
    with pytest.raises(BudgetError) as refused:
        sampled(index, n, 3, repeats=repeats)
    least = int(str(refused.value).split("at least ")[1].split()[0])
    game = noise_game(n)
    for budget in (least, least + 50):
        design = sampled(index, n, budget, repeats=repeats)
        assert len(unique(design.asked)[0]) <= budget
        assert isinstance(design, Divisible)
        assert len(design.estimates(values_of(game, design), repeats)) == repeats
    with pytest.raises(BudgetError, match=f"at least {least}"):
        sampled(index, n, least - 1, repeats=repeats)


def test_fewer_contexts_than_repeats_are_refused():
    with pytest.raises(BudgetError, match="at least 5 contexts, one for each share of the draws, got 4"):
        sampled("shapley-interaction", 12, 1000, repeats=5, contexts=4)
    assert sampled("shapley-interaction", 12, 1000, repeats=5, contexts=5).strata[0].n_contexts == 5


# --- shares of the draws --------------------------------------------------------------------------------


@pytest.mark.parametrize("index", EVERY)
def test_equal_shares_of_the_draws_average_to_the_whole(index):
    n = 9
    game = noise_game(n, seed=1)
    settings = {} if index in ("shapley", "banzhaf") else {"contexts": 6}
    design = sampled(index, n, 400 if settings else {"shapley": 2 + 8 * 24, "banzhaf": 10 * 24}[index], **settings)
    values = values_of(game, design)
    whole, shares = design.estimate(values), design.estimates(values, 3)
    assert len(shares) == 3
    mean = np.mean([share.values for share in shares], axis=0)
    np.testing.assert_allclose(mean, whole.values, atol=1e-12)
    for share in shares:
        np.testing.assert_array_equal(share.exact, whole.exact)
        assert share.players == whole.players
        np.testing.assert_array_equal(share.values[share.exact], whole.values[share.exact])
        assert not np.array_equal(share.values, whole.values)
    with pytest.raises(BudgetError, match="at least 99 draws of each value"):
        design.estimates(values, 99)


def test_shares_of_contexts_hold_different_draws():
    """A game that only the first context can see changes only the first share."""
    design = sampled("shapley-interaction", 40, 4 * 6, size=2, contexts=6)
    values = np.zeros(len(design.asked))
    values[0] = 1.0
    found = np.array([share.values[0] for share in design.estimates(values, 3)])
    assert found.tolist() == [0.5, 0.0, 0.0]


@pytest.mark.parametrize("index", sorted(indices.INDICES))
def test_a_full_table_gives_every_share_the_same(index):
    game = noise_game(4)
    design = full_table(indices.lookup(index), 4)
    assert isinstance(design, FullTable)
    assert isinstance(design, Divisible)
    shares = design.estimates(game.table, 3)
    assert len(shares) == 3
    for share in shares:
        np.testing.assert_array_equal(share.values, design.estimate(game.table).values)


# --- which sets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "size"), [(1, 1), (5, 0), (5, 2), (7, 3), (9, 8), (70, 68), (12, 6)])
def test_sets_are_numbered_in_lexicographic_order(n, size):
    expected = [sorted(S) for S in set_indices.sets_of(n, size)]
    assert sets.all_sets(n, size).tolist() == expected
    some = np.arange(comb(n, size))[::3]
    assert sets.numbered(some, n, size).tolist() == expected[::3]


def test_sets_of_very_many_players_are_drawn_without_listing_them():
    drawn = drawn_uniformly(10_000, 50, np.random.default_rng(0), size=4)
    assert drawn.shape == (50, 4)
    assert (np.diff(drawn, axis=1) > 0).all()
    assert 0 <= drawn.min() < drawn.max() < 10_000
    with pytest.raises(UsageError, match=r"fewer than 2\^63 sets"):
        drawn_uniformly(10_000, 50, np.random.default_rng(0), size=9)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("radius", [1, 2])
def test_sets_within_a_radius_have_every_pair_within_it(size, radius):
    grid = (3, 4)
    near = {frozenset(pair) for pair in within_radius(grid, radius).tolist()}
    expected = [
        sorted(S)
        for S in set_indices.sets_of(12, size)
        if all(pair in near for pair in set_indices.sets_of(12, 2) if pair <= S)
    ]
    found = candidates(f"radius:{radius}", 12, grid, np.random.default_rng(0), size)
    assert (sets.all_sets(12, 1) if found is None else found).tolist() == expected


@pytest.mark.parametrize("k", [2, 3])
def test_candidates_of_shapley_taylor_bring_the_sets_inside_them(k):
    n = 7
    top = sets.among((1, 2, 4, 6), k)
    inside = [tuple(sorted(S)) for size in range(k + 1) for S in set_indices.sets_of(7, size) if not S & {0, 3, 5}]
    game = noise_game(n)
    truth = set_indices.shapley_taylor(references.set_game(game.table, n), n, k)
    definition = indices.lookup("shapley-taylor")
    for budget in (128, 90):
        design = design_within(definition, n, Sampling(budget, 0, "x"), candidates=top, size=k)
        assert isinstance(design, FullTable if budget == 128 else ContextsBySize)
        estimate = design.estimate(values_of(game, design))
        assert list(estimate.players) == inside
        for players, value, exact in zip(estimate.players, estimate.values, estimate.exact, strict=True):
            if exact:
                assert value == pytest.approx(truth[frozenset(players)], abs=1e-12)


def test_sets_of_two_ask_what_pairs_ask():
    """One plan for the matrix and for the list."""
    pairs = sampled("shapley-interaction", 20, 900)
    two = sampled("shapley-interaction", 20, 900, size=2)
    np.testing.assert_array_equal(pairs.asked, two.asked)
    np.testing.assert_array_equal(pairs.pairs, two.sets)
