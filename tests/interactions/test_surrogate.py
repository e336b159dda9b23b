"""Values read off a surrogate: exact where it must be, covering where it is not, alike whatever else is asked."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from support import references
from support.known_games import smooth_game

import interact_cli as ic
from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.interactions.designs.complementary import ComplementaryPairs
from interact_cli.interactions.laws import Law
from interact_cli.interactions.surrogate import design as design_module
from interact_cli.interactions.surrogate import fitting
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.interactions.surrogate.process import Process
from interact_cli.interactions.surrogate.sample_reuse import reused
from interact_cli.interfaces import Reduced
from interact_cli.metrics.summaries.tables import estimators

FITTED = fitting.fitted
INDICES = ["shapley", "banzhaf", "shapley-interaction", "banzhaf-interaction"]


def exact(game, index):
    n = game.n_players
    return references.DEFINITIONS[index](references.set_game(game.table, n), n)


def flat(values):
    return values if values.ndim == 1 else values[np.triu_indices(len(values), 1)]


def design_of(n, budget, *, size=2, seed=0, law=None):
    sets = np.array(list(combinations(range(n), size)), dtype=np.int64)
    return Surrogate("x", Functional(law or Law(), n, sets), ComplementaryPairs(n, budget, seed, "x"))


def values_of(game, design):
    return game(design.draw.coalitions)


# --- exact where it must be ---------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3])
def test_of_all_coalitions_it_is_exact(size):
    game = smooth_game(6)
    design = design_of(6, 64, size=size)
    estimate = design.estimate(values_of(game, design))
    every = unpack(all_coalitions(6), 6)
    expected = game.table @ Functional(Law(), 6, design.sets).weights(every)
    np.testing.assert_allclose(estimate.values, expected, atol=1e-7 * np.abs(game.table).max())


@pytest.mark.parametrize("index", INDICES)
def test_additive_games(index):
    n = 9
    worth = np.arange(1.0, n + 1)
    game = ic.TableGame(unpack(all_coalitions(n), n) @ worth)
    estimate = ic.measure(game, index, budget=200, estimator="surrogate")
    expected = worth if "interaction" not in index else np.zeros(n * (n - 1) // 2)
    np.testing.assert_allclose(flat(estimate.values), expected, atol=1e-4)
    assert (flat(estimate.standard_errors) > 0).all()
    assert (np.abs(flat(estimate.values) - expected) <= 4 * flat(estimate.standard_errors)).all()


@pytest.mark.parametrize("constant", [0.0, 3.0, -1e12])
@pytest.mark.parametrize("index", INDICES)
def test_constant_games_are_nothing_up_to_rounding(index, constant):
    estimate = ic.measure(ic.TableGame(np.full(2**9, constant)), index, budget=100)
    np.testing.assert_array_equal(flat(estimate.values), 0)
    np.testing.assert_array_less(flat(estimate.standard_errors), 1e-14 * max(abs(constant), 1))
    assert ((flat(estimate.standard_errors) > 0) == (constant != 0)).all()
    assert not estimate.exact.any()


def test_one_salient_player():
    n = 10
    game = ic.TableGame(unpack(all_coalitions(n), n)[:, 3] * 5.0)
    estimate = ic.measure(game, "shapley", budget=100)
    np.testing.assert_allclose(estimate.values, 5.0 * (np.arange(n) == 3), atol=1e-3)


def test_shapley_values_add_up():
    game = smooth_game(10)
    estimate = ic.measure(game, "shapley", budget=300)
    assert estimate.values.sum() == pytest.approx(game.table[-1] - game.table[0], abs=1e-6)


@pytest.mark.parametrize("scale", [1e12, 1e-300])
def test_the_unit_of_the_game_changes_nothing(scale):
    game = smooth_game(9)
    plain = ic.measure(game, "shapley-interaction", budget=200)
    scaled = ic.measure(ic.TableGame(game.table * scale), "shapley-interaction", budget=200)
    np.testing.assert_allclose(flat(scaled.values) / scale, flat(plain.values), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(flat(scaled.standard_errors) / scale, flat(plain.standard_errors), rtol=1e-6)


# --- more certain than draws, by as much as it says ---------------------------------------------


@pytest.mark.parametrize("index", INDICES)
def test_more_accurate_than_contexts_at_the_same_budget(index):
    errors = {"surrogate": 0.0, "sampled": 0.0}
    for seed in range(3):
        game = smooth_game(10, seed)
        expected = flat(exact(game, index))
        for estimator in errors:
            estimate = ic.measure(game, index, budget=300, seed=seed, estimator=estimator)
            errors[estimator] += np.nanmean((np.nan_to_num(flat(estimate.values)) - expected) ** 2)
    assert errors["surrogate"] < errors["sampled"] / 4


@pytest.mark.parametrize("index", INDICES)
def test_the_interval_covers(index):
    """Pooled over games, values and seeds: between 90 and 99 of 100 intervals hold the value."""
    scores = []
    for seed in range(12):
        game = smooth_game(10, seed)
        estimate = ic.measure(game, index, budget=250, seed=seed)
        scores.append((flat(estimate.values) - flat(exact(game, index))) / flat(estimate.standard_errors))
    scores = np.concatenate(scores)
    assert 0.9 <= (np.abs(scores) < 1.96).mean() <= 0.99
    assert 0.7 <= (scores**2).mean() <= 1.5


def test_squares_are_those_of_the_values_on_average():
    ratios = []
    for seed in range(8):
        game = smooth_game(10, seed)
        estimate = ic.measure(game, "shapley-interaction", budget=150, seed=seed)
        assert estimate.explained > 0.5
        ratios.append(np.nanmean(flat(estimate.squares)) / np.mean(flat(exact(game, "shapley-interaction")) ** 2))
    assert np.mean(ratios) == pytest.approx(1, abs=0.1)
    sampled = ic.measure(game, "shapley-interaction", budget=1000, estimator="sampled")
    np.testing.assert_allclose(flat(sampled.squares), flat(sampled.values) ** 2 - flat(sampled.standard_errors) ** 2)


@pytest.mark.parametrize("more", [3, 4])
def test_larger_sets(more):
    game = smooth_game(9)
    estimate = ic.measure(game, "shapley-interaction", budget=300, interaction_size=more)
    expected = ic.measure(game, "shapley-interaction", interaction_size=more)
    np.testing.assert_array_equal(estimate.sets, expected.sets)
    error = ((estimate.values - expected.values) ** 2).mean()
    assert error < 0.5 * (expected.values**2).mean()
    assert 0.4 <= (((estimate.values - expected.values) / estimate.standard_errors) ** 2).mean() <= 2.5


@pytest.mark.parametrize("size", [2, 3])
def test_shapley_taylor_has_exact_dividends_below_the_largest_size(size):
    game = smooth_game(9)
    estimate = ic.measure(game, "shapley-taylor", budget=300, interaction_size=size)
    expected = ic.measure(game, "shapley-taylor", interaction_size=size)
    np.testing.assert_array_equal(estimate.sets, expected.sets)
    smaller = (estimate.sets < 0).any(axis=1)
    np.testing.assert_allclose(estimate.values[smaller], expected.values[smaller], atol=1e-12)
    assert estimate.exact[smaller].all()
    assert not estimate.exact[~smaller].any()
    assert ((estimate.values - expected.values)[~smaller] ** 2).mean() < 0.3 * (expected.values[~smaller] ** 2).mean()
    assert estimate.evaluations <= 300


# --- beyond what the process is given -----------------------------------------------------------


def test_what_the_process_leaves_of_the_others_corrects_it(monkeypatch):
    """Of 600 coalitions the process is given 200: corrected it is better, and its interval covers."""
    before, after, scores = 0.0, 0.0, []
    for seed in range(10):
        game = smooth_game(10, seed)
        expected = flat(exact(game, "shapley-interaction"))
        monkeypatch.setattr(design_module, "SEEN", 200)
        design = design_of(10, 600, seed=seed)
        estimate = design.estimate(values_of(game, design))
        few = design_of(10, 200, seed=seed)
        before += ((few.estimate(values_of(game, few)).values - expected) ** 2).mean()
        after += ((estimate.values - expected) ** 2).mean()
        scores.append((estimate.values - expected) / estimate.standard_errors)
    assert after < 0.7 * before
    scores = np.concatenate(scores)
    assert 0.9 <= (np.abs(scores) < 1.96).mean() <= 0.99


def test_sample_reuse_is_unbiased_and_knows_its_error():
    n, runs = 8, 300
    game, expected = smooth_game(n), flat(exact(smooth_game(n), "shapley-interaction"))
    functional = design_of(n, 60).functional
    found = []
    for seed in range(runs):
        draw = ComplementaryPairs(n, 60, seed, "x")
        left = game(draw.coalitions).reshape(-1, 2)
        found.append(reused(functional, draw.first, left, np.array(draw.possible, dtype=float))[:2])
    means, errors = np.array(found).transpose(1, 0, 2)
    z = (means.mean(axis=0) - expected) / (means.std(axis=0, ddof=1) / np.sqrt(runs))
    assert np.abs(z).max() < 4.5
    np.testing.assert_allclose((errors**2).mean(axis=0), means.var(axis=0, ddof=1), rtol=0.35)


def test_sample_reuse_judges_a_pair_of_coalitions_by_a_linear_fit_without_it():
    """Both values of a pair say the same of a linear game, so leaving one out would judge it by the other."""
    n, game = 9, smooth_game(9)
    design = design_of(n, 120)
    first, values = design.draw.first, game(design.draw.coalitions)
    terms = np.hstack([np.ones((2 * len(first), 1)), 2.0 * design.draw.coalitions - 1])
    missed = np.empty((len(first), 2))
    for pair in range(len(first)):
        held = [2 * pair, 2 * pair + 1]
        rest = np.delete(np.arange(len(values)), held)
        linear = np.linalg.lstsq(terms[rest], values[rest], rcond=None)[0]
        missed[pair] = values[held] - terms[held] @ linear
    _, expected, _ = reused(design.functional, first, missed, np.array(design.draw.possible, dtype=float))
    np.testing.assert_allclose(design.without_surrogate.estimate(values).standard_errors, expected)


def test_a_size_of_which_one_pair_was_drawn_is_not_certain():
    draw = ComplementaryPairs(20, 42, 0, "x")
    assert 1 in draw.counts[1:]
    functional = design_of(20, 42).functional
    left = np.random.default_rng(0).normal(size=(len(draw.first), 2))
    single = draw.first.sum(axis=1) == draw.counts.index(1, 1)
    _, errors, _ = reused(functional, draw.first[single], left[single], np.array(draw.possible, dtype=float))
    assert (errors > 0).all()


def test_a_value_at_one_coalition_alone_has_numbers_and_is_not_explained():
    """An AND of all players is told by no other coalition; R2 is a number all the same."""
    game = ic.CallableGame(lambda coalitions: coalitions.all(axis=1) * 1.0, 30)
    held = ic.measure(game, "shapley", budget=3000, estimator="surrogate")
    assert held.explained < 0.2
    assert np.isfinite(held.values).all()
    assert ic.measure(game, "shapley", budget=3000).explained is None


def test_without_surrogate_a_linear_game_is_exact():
    n = 9
    worth = np.arange(1.0, n + 1)
    game = ic.TableGame(unpack(all_coalitions(n), n) @ worth + 7)
    for size, expected in ((1, worth), (2, np.zeros(36))):
        design = design_of(n, 100, size=size)
        estimate = design.without_surrogate.estimate(values_of(game, design))
        np.testing.assert_allclose(estimate.values, expected, atol=1e-9)


# --- one fit, whatever is asked -----------------------------------------------------------------


def test_indices_of_equal_budget_ask_for_the_same_coalitions():
    asked = {
        index: ic.extensions.metric_of_game(index).design(ic.one_game.Question(12, 400, 0, "x")).asked.tobytes()
        for index in INDICES
    }
    assert len(set(asked.values())) == 1


def test_a_second_index_has_the_numbers_that_it_has_alone():
    game = smooth_game(10)
    alone = ic.measure(game, "banzhaf-interaction", budget=200)
    ic.measure(game, "shapley", budget=200)
    ic.measure(smooth_game(10, 1), "shapley", budget=200)
    after = ic.measure(game, "banzhaf-interaction", budget=200)
    np.testing.assert_array_equal(flat(alone.values), flat(after.values))
    np.testing.assert_array_equal(flat(alone.standard_errors), flat(after.standard_errors))


def test_the_fit_is_remembered_for_the_next_index(monkeypatch):
    fits = []
    fitted = fitting.fitted
    monkeypatch.setattr(fitting, "fitted", lambda *given: fits.append(1) or fitted(*given))
    game = smooth_game(10, 55)
    for index in INDICES:
        ic.measure(game, index, budget=200)
    assert len(fits) == 1
    ic.measure(smooth_game(10, 1), "shapley", budget=200)
    assert len(fits) == 2


def test_shares_are_disjoint_apart_from_whole_sizes():
    game, design = smooth_game(12), design_of(12, 300)
    values = values_of(game, design)
    parts = design.estimates(values, 3)
    assert len(parts) == 3
    assert sum(part.evaluations for part in parts) > 300 / 2
    assert all(part.evaluations < 300 / 2 for part in parts)
    assert not np.allclose(parts[0].values, parts[1].values)
    with pytest.raises(BudgetError, match="Raise --budget"):
        design.estimates(values, 200)


# --- what it is not asked for -------------------------------------------------------------------


def test_noise_falls_back_to_sample_reuse():
    game = ic.TableGame(np.random.default_rng(0).normal(size=2**10))
    fallen = ic.measure(game, "shapley-interaction", budget=300)
    held = ic.measure(game, "shapley-interaction", budget=300, estimator="surrogate")
    assert fallen.explained is None
    assert held.explained is not None
    assert held.explained < 0.2
    asked = ic.measure(game, "shapley-interaction", budget=300, estimator="reuse")
    np.testing.assert_array_equal(asked.values, fallen.values)
    np.testing.assert_array_equal(asked.standard_errors, fallen.standard_errors)
    scores = (flat(fallen.values) - flat(exact(game, "shapley-interaction"))) / flat(fallen.standard_errors)
    assert (np.abs(scores) < 1.96).mean() > 0.85


def test_a_matrix_that_cannot_be_factorised_gets_more_own_variance(monkeypatch):
    calls = []

    def refusing(kernel, coalitions, values, *, given=Process.given):
        calls.append(kernel.own)
        if len(calls) < 3:
            raise np.linalg.LinAlgError
        return given(kernel, coalitions, values)

    monkeypatch.setattr(Process, "given", refusing)
    estimate = ic.measure(smooth_game(9, 77), "shapley", budget=100)
    np.testing.assert_allclose(np.diff(np.log(calls)), np.log(100))
    assert np.isfinite(estimate.values).all()
    assert estimate.raised
    assert not ic.measure(smooth_game(9, 78), "shapley", budget=100).raised
    reduced = [
        Reduced(estimate, estimator="read off a surrogate"),
        Reduced(replace(estimate, raised=False), estimator="read off a surrogate"),
    ]
    assert estimators(reduced).endswith("; for 1 of 2 samples it could be computed only after it was made smoother")
    assert "smoother" not in estimators(reduced[1:])


@pytest.mark.parametrize(
    ("n", "budget", "options", "match"),
    [
        (30, 61, {}, "needs a budget of at least 62 evaluations, got 61. Raise --budget"),
        (12, 39, {}, "at least 40 evaluations"),
        (400, 4000, {}, "at most 300 players, got 400"),
        (40, 4000, {"contexts": 4}, "Leave --contexts out"),
        (20, 9000, {"interaction_size": 9}, "at most 8 players, got 9"),
        (80, 4000, {"interaction_size": 3}, "at most 50,000 sets, got 82,160"),
    ],
)
def test_where_there_is_no_surrogate_it_is_refused_and_auto_draws(n, budget, options, match):
    game = ic.CallableGame(lambda coalitions: coalitions.sum(axis=1).astype(float), n)
    with pytest.raises(UsageError, match=match):
        ic.measure(game, "shapley-interaction", budget=budget, estimator="surrogate", **options)
    with pytest.raises(UsageError, match=rf"Sample reuse of .*{match}"):
        ic.measure(game, "shapley-interaction", budget=budget, estimator="reuse", **options)
    assert ic.measure(game, "shapley-interaction", budget=budget, **options).explained is None


def test_sample_reuse_lies_around_the_truth_and_needs_no_fit(monkeypatch):
    monkeypatch.setattr(Process, "given", None)
    game = smooth_game(10, 5)
    for index in ("shapley", "shapley-interaction", "shapley-taylor"):
        found = [ic.measure(game, index, budget=300, seed=seed, estimator="reuse") for seed in range(20)]
        values = np.stack([flat(estimate.values) for estimate in found])
        truth, drawn = flat(ic.measure(game, index, budget=1024).values), ~flat(found[0].exact).astype(bool)
        z = (values.mean(axis=0) - truth)[drawn] / (values.std(axis=0, ddof=1)[drawn] / np.sqrt(20))
        assert np.sqrt((z**2).mean()) < 1.5
        assert all(estimate.explained is None for estimate in found)


def test_what_is_never_sampled_has_no_such_option():
    with pytest.raises(UsageError, match="estimator"):
        ic.measure(smooth_game(8), "inference-patterns", budget=256, estimator="surrogate")


@pytest.mark.parametrize(("n", "match"), [(10, "at least 1024 evaluations"), (30, "at most 24 players")])
def test_exact_or_nothing(n, match):
    game = ic.CallableGame(lambda coalitions: coalitions.sum(axis=1).astype(float), n)
    with pytest.raises(BudgetError, match=match):
        ic.measure(game, "shapley", budget=1000, estimator="exact")
    if n == 10:
        assert ic.measure(game, "shapley", budget=1024, estimator="exact").exact.all()


def test_the_scales_follow_every_size_equally_often(monkeypatch):
    """Half of what is drawn of 20 players lies within 4 of an end; of what the scales follow only its share."""
    n, drawn = 20, design_of(20, 2000, size=1)
    given = []
    monkeypatch.setattr(fitting, "fitted", lambda *args: given.append(args[0]) or FITTED(*args))
    drawn.estimate(values_of(smooth_game(n), drawn))
    first = given[0][:400].sum(axis=1)
    counts = np.bincount(np.minimum(first, n - first), minlength=11)
    least_but_halves = min(counts[3:10])  # smaller sizes have fewer pairs than their share
    assert max(counts[3:10]) - least_but_halves <= 1
    assert np.bincount(first, minlength=n + 1)[3:10].sum() == pytest.approx(counts[3:10].sum() / 2, rel=0.15)
    for coalition in given[0][: len(given[0]) // 2]:  # one of each pair before any twin
        assert not (given[0][: len(given[0]) // 2] == ~coalition).all(axis=1).any()


def test_a_later_search_starts_where_the_earlier_ended():
    """Its objective is at most that of the earlier one's scales, which is below that of the start."""
    n = 12
    coalitions = unpack(all_coalitions(n), n)[np.random.default_rng(0).permutation(2**n)[:900]]
    values = smooth_game(n)(coalitions)
    values = (values - values.mean()) / values.std()
    few, all_of_them = (fitting._Search(coalitions[:rows], values[:rows], ()) for rows in (400, 900))
    found = few.searched(None, fitting.STAGES[0][1])
    np.testing.assert_array_equal(
        fitting.fitted(coalitions[:400], values[:400]).products[0].scales, few.kernel(found).products[0].scales
    )
    later = all_of_them.searched(found, fitting.STAGES[1][1])
    assert all_of_them.objective(later)[0] < all_of_them.objective(found)[0] < all_of_them.objective(few.start)[0]
    np.testing.assert_array_equal(
        fitting.fitted(coalitions, values).products[0].scales, all_of_them.kernel(later).products[0].scales
    )


@pytest.mark.parametrize(
    ("rows", "expected"), [(41, [41]), (400, [400]), (401, [400, 401]), (1000, [400, 1000]), (8192, [400, 1000])]
)
def test_few_coalitions_are_searched_before_many(rows, expected):
    assert [stage for stage, _ in fitting.stages(rows)] == expected
