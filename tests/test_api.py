"""The contract of the Python API."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from support import references
from support.distributions import distribution

import interact_cli as ic
from interact_cli import api, errors, extensions, one_game
from interact_cli.games.coalitions import pack
from interact_cli.interfaces import Metric, Reduced
from interact_cli.options import option

INDICES = sorted(references.DEFINITIONS)


def square(n):
    return ic.CallableGame(lambda coalitions: coalitions.sum(axis=1) ** 2.0, n_players=n)


SHAPES = {
    "shapley": lambda n: (n,),
    "banzhaf": lambda n: (n,),
    "shapley-interaction": lambda n: (n, n),
    "banzhaf-interaction": lambda n: (n, n),
    "multi-order": lambda n: (n - 1, n, n),
}


@pytest.mark.parametrize("budget", [None, 100])
@pytest.mark.parametrize("index", INDICES)
def test_shapes(index, budget):
    n = 7
    estimate = ic.measure(square(n), index, budget=budget)
    shape = SHAPES[index](n)
    assert estimate.values.shape == estimate.standard_errors.shape == estimate.exact.shape == shape
    assert estimate.values.dtype == estimate.standard_errors.dtype == np.float64
    assert estimate.exact.dtype == np.bool_
    assert isinstance(estimate.evaluations, int)
    assert 0 < estimate.evaluations <= (budget or 2**n)
    if len(shape) > 1:
        diagonal = np.arange(n)
        for array in (estimate.values, estimate.standard_errors):
            assert np.isnan(array[..., diagonal, diagonal]).all()
            np.testing.assert_array_equal(array, np.swapaxes(array, -1, -2))
        assert not estimate.exact[..., diagonal, diagonal].any()
    if budget is None:
        measured = np.isfinite(estimate.values)
        assert estimate.exact[measured].all()
        assert (estimate.standard_errors[measured] == 0).all()
        assert estimate.evaluations == 2**n


def test_multi_order_is_dense_up_to_64_players_and_listed_above():
    dense = ic.measure(square(64), "multi-order", budget=500)
    assert dense.values.shape == (63, 64, 64)
    assert np.nanmean(dense.values) == pytest.approx(2.0)
    assert np.isfinite(dense.values).any(axis=(1, 2)).sum() == 13
    listed = ic.measure(square(65), "multi-order", budget=500)
    assert listed.values.shape == (len(listed.orders), len(listed.pairs))
    assert listed.standard_errors.shape == listed.exact.shape == listed.values.shape
    np.testing.assert_allclose(listed.values, 2.0)
    assert listed.orders[[0, -1]].tolist() == [0, 63]


@pytest.mark.parametrize("index", INDICES)
def test_any_object_with_players_is_a_game(index):
    class Mine:
        n_players = 5

        def __call__(self, coalitions):
            assert coalitions.dtype == np.bool_
            assert coalitions.shape[1] == 5
            return [float(row.sum() ** 2) for row in coalitions]

    np.testing.assert_allclose(ic.measure(Mine(), index).values, ic.measure(square(5), index).values)


def test_integers_bools_and_lists_are_values():
    for fn in (lambda c: c.all(axis=1), lambda c: c.all(axis=1).astype(int), lambda c: c.all(axis=1).tolist()):
        assert ic.measure(ic.CallableGame(fn, n_players=3), "shapley").values == pytest.approx([1 / 3] * 3)


def test_numpy_integers_count_players():
    estimate = ic.measure(square(np.int64(70)), "shapley-interaction", budget=400, estimator="sampled")
    assert np.nanmax(np.abs(estimate.values - 2.0)) < 1e-9
    with pytest.raises(errors.BudgetError, match="at least 8"):
        ic.measure(square(np.int64(70)), "shapley-interaction", budget=3)
    assert ic.measure(square(np.int64(70)), "shapley", budget=400).values.shape == (70,)


def test_the_same_seed_gives_the_same_bits():
    runs = [ic.measure(square(12), "banzhaf-interaction", budget=900, seed=seed).values for seed in (4, 4, 5)]
    np.testing.assert_array_equal(runs[0], runs[1])
    spiky = ic.TableGame(np.random.default_rng(0).normal(size=4096))
    drawn = [ic.measure(spiky, "shapley", budget=900, seed=seed).values for seed in (4, 4, 5)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_large_plans_are_evaluated_in_bounded_batches():
    sizes = []

    def fn(coalitions):
        sizes.append(len(coalitions))
        return coalitions @ np.arange(18.0)

    estimate = ic.measure(ic.CallableGame(fn, n_players=18), "shapley")
    np.testing.assert_allclose(estimate.values, np.arange(18.0), atol=1e-9)
    assert sum(sizes) == 2**18
    assert max(sizes) <= one_game.BATCH < 2**18


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values", [[], [1.0], [1, 2, 3], np.zeros((3, 2)), np.zeros((4, 0)), np.zeros((2, 2, 2)), 5.0, np.zeros(12)]
)
def test_a_table_of_another_shape_is_refused(values):
    with pytest.raises(errors.ShapeError, match=r"\(2\^n,\)"):
        ic.TableGame(values)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(errors.NonFiniteError, match="1 NaN or infinite"):
        ic.TableGame([0.0, bad])
    with pytest.raises(errors.NonFiniteError, match="finite"):
        ic.measure(ic.CallableGame(lambda c: np.where(c.all(axis=1), bad, 0.0), n_players=3), "shapley")


@pytest.mark.parametrize("scale", [1e100, -1e100, 1e-300])
@pytest.mark.parametrize("index", ["harsanyi", "shapley", "faithful-shapley", "multi-order"])
def test_values_up_to_a_hundred_digits_do_not_overflow(index, scale):
    values = np.random.default_rng(0).uniform(-1, 1, 32)
    values[3] = 1.0
    unit, scaled = (ic.measure(ic.TableGame(factor * values), index).values for factor in (1.0, scale))
    np.testing.assert_allclose(scaled / scale, unit, atol=1e-12)
    assert 0.0 <= ic.and_or_graph(scale * values).error < 0.1


def test_values_whose_sums_would_overflow_are_refused():
    with pytest.raises(errors.UsageError, match=r"at most 1e\+100 in size, got 1.5e\+308.*Rescale"):
        ic.TableGame([0.0, -1.5e308])
    with pytest.raises(errors.UsageError, match=r"`fn` returns to be at most 1e\+100.*got 1.0e\+200"):
        ic.measure(ic.CallableGame(lambda c: 1e200 * c.all(axis=1), n_players=3), "shapley")


def test_a_table_is_copied_and_read_only():
    values = np.zeros(4)
    game = ic.TableGame(values)
    values[:] = 9
    assert game.table.tolist() == [0, 0, 0, 0]
    with pytest.raises(ValueError, match="read-only"):
        game.table[0] = 1


@pytest.mark.parametrize("n_players", [0, -1, 2.0, 2.5, "3", None, True])
def test_a_number_of_players_that_is_none_is_refused(n_players):
    with pytest.raises(errors.UsageError, match="whole number of at least 1"):
        ic.CallableGame(lambda c: c.sum(axis=1), n_players=n_players)

    class Mine:
        def __call__(self, coalitions):
            return np.zeros(len(coalitions))

    mine = Mine()
    mine.n_players = n_players
    with pytest.raises(errors.UsageError, match="whole number of at least 1"):
        ic.measure(mine, "shapley")


@pytest.mark.parametrize(
    "fn",
    [
        lambda c: c.sum(),
        lambda c: c.sum(axis=1, keepdims=True),
        lambda c: c.sum(axis=1)[:-1],
        lambda c: c.astype(float),
        lambda c: None,
    ],
    ids=["scalar", "column", "short", "matrix", "nothing"],
)
def test_a_function_that_returns_another_shape_is_refused(fn):
    with pytest.raises(errors.ShapeError, match=r"\(n_coalitions,\) = \(8,\)"):
        ic.measure(ic.CallableGame(fn, n_players=3), "shapley")


@pytest.mark.parametrize("values", [[0, 1, 2, 10], np.zeros(4), len], ids=["list", "array", "function"])
def test_what_is_no_game_is_told_how_to_become_one(values):
    with pytest.raises(errors.UsageError, match=r"Expected a game.*ic\.TableGame.*ic\.CallableGame"):
        ic.measure(values, "shapley")


@pytest.mark.parametrize("budget", ["100", 1e4, float("nan"), True, [100]], ids=str)
@pytest.mark.parametrize("n", [3, 30])
@pytest.mark.parametrize(
    ("index", "options"), [("shapley", {}), ("multivariate", {"players": (0, 1), "method": "learned"})]
)
def test_a_budget_is_a_whole_number(index, options, n, budget):
    with pytest.raises(errors.UsageError, match="`budget` to be a whole number"):
        ic.measure(square(n), index, budget=budget, **options)
    assert ic.measure(square(n), index, budget=np.int64(5000), **options).evaluations <= 5000


@pytest.mark.parametrize("index", ["multivariate", "salient-contexts"])
def test_one_player_is_not_several(index):
    with pytest.raises(errors.UsageError, match=r"`players` to be several.*got 3"):
        ic.measure(square(5), index, players=3)


@pytest.mark.parametrize("players", [(0, 1.0), (0.0, 1.5), ("0", "1"), "01", (True, 2), (0, None), [[0, 1]]], ids=str)
@pytest.mark.parametrize("index", ["multivariate", "salient-contexts"])
def test_players_are_whole_numbers(index, players):
    with pytest.raises(errors.UsageError, match=r"`players` as whole numbers, for example \(0, 1\), got"):
        ic.measure(square(5), index, players=players)


@pytest.mark.parametrize("index", ["multivariate", "salient-contexts"])
def test_players_may_be_numbers_of_numpy_and_come_in_any_way(index):
    expected = ic.measure(square(5), index, players=(1, 3)).values
    for players in (
        np.array([3, 1]),
        (np.uint8(1), np.int64(3)),
        (player for player in (3, 1)),
        {1, 3},
        range(1, 4, 2),
    ):
        np.testing.assert_array_equal(ic.measure(square(5), index, players=players).values, expected)


@pytest.mark.parametrize("seed", [None, 2.5, True, "a", float("nan"), (1, 2)], ids=str)
@pytest.mark.parametrize("budget", [None, 20])
def test_a_seed_is_a_whole_number(seed, budget):
    with pytest.raises(errors.UsageError, match="`seed` to be a whole number, got"):
        ic.measure(square(5), "shapley", seed=seed, budget=budget)


@pytest.mark.parametrize("name", [None, 3, ["shapley"]], ids=str)
def test_an_index_that_is_no_name_is_unknown(name):
    with pytest.raises(errors.UnknownNameError, match=r"Unknown index.*Available: and-or"):
        ic.measure(square(3), name)


def test_a_function_game_needs_a_function():
    with pytest.raises(errors.UsageError, match=r"`fn` to be a function.*got list.*TableGame"):
        ic.CallableGame([0, 1, 2, 3], n_players=2)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([10**400, 1], "too large"),
        (np.ma.array([1.0, 2.0], mask=[True, False]), "some are masked"),
        ([1j, 2], "complex"),
        (["a", "b"], "could not convert"),
    ],
)
def test_what_are_no_real_numbers_says_why(values, why):
    refused = pytest.raises(errors.ShapeError, match=f"one array of real numbers; it is not .*{why}")
    with refused:
        ic.TableGame(values)
    with refused:
        ic.measure(ic.CallableGame(lambda _: values, n_players=1), "shapley")
    with refused:
        ic.and_or_graph(values)


def test_an_unknown_index_is_refused_with_a_suggestion():
    with pytest.raises(errors.UnknownNameError, match="Did you mean 'shapley-interaction'"):
        ic.measure(square(3), "shapley-interactions")
    with pytest.raises(errors.UnknownNameError, match="multi-order"):
        ic.measure(square(3), "")


def test_an_unknown_index_costs_no_evaluation():
    def never(coalitions):
        raise AssertionError("asked before the question was checked")

    game = ic.CallableGame(never, n_players=30)
    for index, budget, error in (
        ("nonsense", 100, errors.UnknownNameError),
        ("shapley", None, errors.BudgetError),
        ("multi-order", 5, errors.BudgetError),
    ):
        with pytest.raises(error):
            ic.measure(game, index, budget=budget)


def test_what_a_game_raises_reaches_the_caller():
    class MineError(Exception):
        pass

    def failing(coalitions):
        raise MineError("no power")

    with pytest.raises(MineError, match="no power"):
        ic.measure(ic.CallableGame(failing, n_players=3), "shapley")


def test_refusals_are_interact_errors_with_one_line():
    for attempt in (
        lambda: ic.TableGame([1, 2, 3]),
        lambda: ic.measure(square(25), "shapley"),
        lambda: ic.measure(square(5), "shaply"),
        lambda: ic.measure(square(1), "multi-order"),
        lambda: ic.measure(square(9), "banzhaf", budget=0),
        lambda: ic.measure(square(9), "banzhaf", budget=-5),
    ):
        with pytest.raises(errors.InteractError) as refused:
            attempt()
        assert "\n" not in str(refused.value)
        assert refused.value.exit_code in (2, 5)


# --- options --------------------------------------------------------------------------------------------

SIZED = {
    "shapley-interaction",
    "banzhaf-interaction",
    "shapley-taylor",
    "k-shapley",
    "faithful-shapley",
    "faithful-banzhaf",
}
DRAWN = SIZED | {"multi-order", "inference-patterns", "strength", "bottleneck", "dropout-suppression"}
READS = {
    "interaction_size": SIZED,
    "pairs": DRAWN,
    "contexts": DRAWN,
    "drop_rate": {"dropout-suppression"},
    "players": DRAWN | {"multivariate", "salient-contexts"},
    "partitions": {"multivariate"},
    "learned": {"multivariate"},
    "method": {"multivariate"},
    "gradient": {"multivariate"},
    "setting": {"multivariate"},
}
OF_COALITIONS = {"harsanyi", "or-interaction", "and-or", "and-or-graph"}
OF_NUMBERS = sorted({"shapley", "banzhaf"}.union(OF_COALITIONS, *READS.values()))
NEEDS_PLAYERS = {"multivariate", "salient-contexts"}


def needed(index):
    return {"players": (0, 1)} if index in NEEDS_PLAYERS else {}


def test_every_metric_is_an_index_and_the_docstring_says_which():
    registered = {entry.name for entry in extensions.metrics_of_games() if entry.origin == extensions.ORIGIN}
    assert registered | {"salient-contexts"} == {*OF_NUMBERS, "concepts"}
    rows = [line.split("|")[1] for line in ic.measure.__doc__.splitlines() if line.strip().startswith("| ``")]
    assert sorted(re.findall(r'"([a-z-]+)"', "".join(rows))) == sorted([*OF_NUMBERS, "concepts"])


@pytest.mark.parametrize("index", OF_NUMBERS)
def test_every_index_of_numbers_is_measured_by_name(index):
    estimate = ic.measure(square(5), index, **needed(index))
    assert estimate.values.shape == estimate.standard_errors.shape == estimate.exact.shape
    assert estimate.evaluations == 32


@pytest.mark.parametrize("index", OF_NUMBERS)
@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("interaction_size", 3),
        ("pairs", "all"),
        ("contexts", 8),
        ("drop_rate", 0.25),
        ("players", (0, 1)),
        ("partitions", "all"),
        ("learned", "paper"),
        ("method", "learned"),
        ("gradient", "paper"),
        ("setting", "toy"),
    ],
)
def test_an_option_that_an_index_does_not_read_is_refused_by_name(index, option, given):
    if index in READS[option]:
        return
    with pytest.raises(errors.UsageError, match=f"'{index}'.*{option}"):
        ic.measure(square(4), index, **needed(index) | {option: given})
    ic.measure(square(4), index, **needed(index) | {option: None if option not in needed(index) else given})


def test_pairs_of_a_square_interact_by_two_at_every_order():
    """``(s + 2)^2 - 2 (s + 1)^2 + s^2 = 2`` whatever s: so of one game the metrics of pairs give 2 everywhere."""
    for index in ("strength", "bottleneck", "dropout-suppression"):
        for n, budget in ((6, None), (9, 400)):
            values = ic.measure(square(n), index, budget=budget).values
            assert values.shape[-2:] == (n, n)
            measured = values[np.isfinite(values)]
            assert len(measured)
            np.testing.assert_allclose(measured, 2.0, rtol=1e-5)


def test_the_graph_of_a_game_holds_its_patterns():
    game = ic.CallableGame(lambda c: 3.0 * c[:, :2].all(axis=1) + 2.0 * c[:, 2], n_players=4)
    graph = ic.measure(game, "and-or-graph")
    assert dict(zip(graph.players, graph.values.tolist(), strict=True)) == {(0, 1): 3.0, (2,): 2.0}


def test_options_are_those_that_the_metric_declares():
    chosen = ic.measure(square(12), "multi-order", budget=4000, pairs="random:5", contexts=7)
    assert np.isfinite(chosen.values).any(axis=0).sum() == 2 * 5, "a pair stands twice in a matrix"
    # At order 5 of 12 players 7 of C(10, 5) contexts, 4 coalitions each; the ends have 1 context.
    assert not chosen.exact[5].any()
    assert chosen.exact[[0, 10]].sum() == 2 * 2 * 5
    assert chosen.evaluations <= 5 * 4 * (2 * 1 + 9 * 7)
    with pytest.raises(
        errors.UsageError, match="drop-rate of 'dropout-suppression' to be a number above 0 and below 1"
    ):
        ic.measure(square(4), "dropout-suppression", drop_rate=1.5)
    with pytest.raises(errors.UsageError, match="needs players on a grid"):
        ic.measure(square(4), "strength", pairs="radius:1")
    with pytest.raises(errors.UnknownNameError, match="Did you mean 'contexts'"):
        ic.measure(square(4), "strength", context=3)


@pytest.mark.parametrize("budget", [None, 300])
@pytest.mark.parametrize("index", ["shapley-interaction", "multi-order"])
def test_only_the_interactions_among_some_players(index, budget):
    values = ic.measure(square(9), index, budget=budget, players=(7, 1, 4)).values
    found = np.argwhere(np.isfinite(values).any(axis=tuple(range(values.ndim - 2))))
    assert sorted(map(tuple, found.tolist())) == [(1, 4), (1, 7), (4, 1), (4, 7), (7, 1), (7, 4)]
    sets = ic.measure(square(9), "banzhaf-interaction", budget=budget, players=range(4), interaction_size=3)
    assert set(sets.players) == {(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)}
    with pytest.raises(errors.UsageError, match="Expected players 0 to 8, got 9"):
        ic.measure(square(9), index, budget=budget, players=(0, 9))
    with pytest.raises(errors.UsageError, match="at least 2 players, got 1"):
        ic.measure(square(9), index, budget=budget, players=(0,))


@dataclass(frozen=True, kw_only=True)
class Lone(Metric):
    """What a player is worth alone, some times over."""

    name: str = "lone"
    source: str = "a test"
    times: int = option(1, "How many times over.", at_least=1)

    def design(self, question):
        return Alone(question.n_players)

    def reduce(self, design, values, question):
        estimate = design.estimate(values)
        return Reduced(replace(estimate, values=self.times * estimate.values))

    def aggregate(self, results, cohort):
        raise AssertionError("one game is no sample of many")


@dataclass(frozen=True)
class Alone:
    n_players: int

    @property
    def asked(self):
        return pack(np.concatenate([np.zeros((1, self.n_players), bool), np.eye(self.n_players, dtype=bool)]))

    def estimate(self, values):
        gains, n = values[1:] - values[0], self.n_players
        return ic.Estimate("lone", gains, np.zeros(n), np.ones(n, bool), n + 1, n)


def test_a_metric_of_a_plugin_is_an_index_with_its_options(tmp_path, monkeypatch):
    points = (f"lone = {__name__}:Lone", "gone = nowhere:Nothing")
    monkeypatch.syspath_prepend(distribution(tmp_path, "metrics", *points))
    sizes = []

    def fn(coalitions):
        sizes.append(len(coalitions))
        return 5.0 + coalitions @ np.arange(30.0) + 9.0 * coalitions[:, :2].all(axis=1)

    game = ic.CallableGame(fn, n_players=30)
    np.testing.assert_array_equal(ic.measure(game, "lone", budget=40, times=3).values, 3 * np.arange(30.0))
    assert sizes == [31], "each coalition of the design once, and no other"
    with pytest.raises(errors.UsageError, match="times of 'lone' to be a whole number from 1, got 0"):
        ic.measure(game, "lone", budget=40, times=0)
    with pytest.raises(errors.UnknownNameError, match=r"Did you mean 'lone'.*banzhaf"):
        ic.measure(game, "loan")
    with pytest.raises(errors.UsageError, match="'lone' reads no players"):
        ic.measure(game, "lone", budget=40, players=(0, 1))
    with pytest.raises(errors.UsageError, match=r"'gone' of acme 1\.0 to work, but its code fails"):
        ic.measure(game, "gone")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, r"needs the players of the set A. Pass players="),
        ({"players": (0, 1), "partitions": "al"}, "Unknown partitions of 'multivariate': 'al'. Did you mean 'all'"),
        ({"players": (0, 1), "method": "learnt"}, "Unknown method of 'multivariate': 'learnt'. Did you mean 'learned'"),
        (
            {"players": (0, 1), "method": "learned", "gradient": "papers"},
            "Unknown gradient of 'multivariate': 'papers'",
        ),
        ({"players": (0, 1), "gradient": "paper"}, "gradient belongs to method='learned'"),
        ({"players": (0, 1, 2), "method": "learned", "partitions": "all"}, "successive players only"),
        ({"players": (0, 1, 2), "method": "learned", "learned": "paper"}, "learns already"),
        ({"players": (0, 9)}, "got 9"),
        ({"players": (0, 0)}, "0"),
        ({"players": (0,)}, "at least 2 players"),
    ],
)
def test_options_of_the_multivariate_interaction(options, said):
    with pytest.raises(errors.UsageError, match=said):
        ic.measure(square(4), "multivariate", **options)


def test_richer_results_are_estimates_with_more_to_say():
    table = np.random.default_rng(0).normal(size=64)
    game = ic.TableGame(table)
    found = ic.measure(game, "multivariate", players=[4, 1, 2])
    assert isinstance(found, ic.Estimate)
    assert found.members == (1, 2, 4)
    assert pytest.approx(found.B_max - found.B_min) == found.T
    assert (
        pytest.approx(ic.measure(game, "shapley-interaction").values[1, 2])
        == ic.measure(game, "multivariate", players=(1, 2)).B
    )
    learned = ic.measure(game, "multivariate", players=(1, 2, 4), method="learned", gradient="paper")
    assert learned.method == "learned"
    assert learned.trace.shape[1] == 2
    assert learned.evaluations <= 64
    assert ic.measure(game, "salient-contexts", players=(0, 5)).pair == (0, 5)
    split = ic.measure(game, "and-or")
    assert split.values.shape == split.or_values.shape == (64,)
    for source in (split, ic.measure(game, "harsanyi"), ic.measure(game, "harsanyi").values):
        assert ic.and_or_graph(source).n_players == 6


@pytest.mark.parametrize("players", [None, (0,), (0, 1, 2)])
def test_salient_contexts_are_of_one_pair(players):
    with pytest.raises(errors.UsageError, match="needs one pair of players, got"):
        ic.measure(square(5), "salient-contexts", players=players)


def test_numpy_players_and_sizes_are_taken():
    game = square(5)
    assert pytest.approx(2.0) == ic.measure(game, "multivariate", players=np.array([0, 2])).B
    estimate = ic.measure(game, "shapley-interaction", interaction_size=np.int64(2))
    np.testing.assert_allclose(estimate.values, 2.0)


# --- vectors --------------------------------------------------------------------------------------------


def test_a_game_may_have_vectors_for_values():
    table = ic.TableGame(np.arange(8.0).reshape(4, 2))
    assert (table.n_players, table.dimension) == (2, 2)
    assert table(np.array([[True, False]])).tolist() == [[2.0, 3.0]]
    assert ic.TableGame(np.zeros(4)).dimension is None
    game = ic.CallableGame(lambda c: np.stack([c.sum(axis=1), c.all(axis=1)], axis=1), 3, dimension=2)
    estimate = ic.measure(game, "harsanyi")
    assert estimate.values[:, 0].tolist() == [0, 1, 1, 0, 1, 0, 0, 0]
    assert estimate.values[:, 1].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


def test_any_object_with_a_dimension_is_a_vector_game():
    class Mine:
        n_players, dimension = 3, 2

        def __call__(self, coalitions):
            return np.repeat(coalitions.sum(axis=1, keepdims=True), 2, axis=1)

    assert ic.measure(Mine(), "harsanyi").values.shape == (8, 2)


@pytest.mark.parametrize("index", sorted(set(OF_NUMBERS) - {"harsanyi"}))
def test_only_dividends_are_of_vectors(index):
    with pytest.raises(errors.UsageError, match=f"'{index}' needs a game whose values are numbers, got vectors of 3"):
        ic.measure(ic.TableGame(np.zeros((8, 3))), index, **needed(index))


def test_concepts_are_lengths_of_vectors():
    game = ic.CallableGame(lambda c: np.outer(c[:, :2].all(axis=1), [3.0, -4.0]), 3, dimension=2)
    assert ic.measure(game, "concepts").values.tolist() == [0, 0, 0, 5, 0, 0, 0, 0]
    with pytest.raises(errors.UsageError, match=r"'concepts' needs a game whose values are vectors.*dimension="):
        ic.measure(square(3), "concepts")


def test_vectors_of_another_length_are_refused():
    with pytest.raises(errors.ShapeError, match=r"\(n_coalitions, dimension\) = \(8, 3\), got \(8, 2\)"):
        ic.measure(ic.CallableGame(lambda c: np.zeros((len(c), 2)), 3, dimension=3), "harsanyi")
    with pytest.raises(errors.ShapeError, match=r"got \(8,\)"):
        ic.measure(ic.CallableGame(lambda c: np.zeros(len(c)), 3, dimension=3), "harsanyi")
    with pytest.raises(errors.NonFiniteError):
        ic.measure(ic.CallableGame(lambda c: np.full((len(c), 3), np.nan), 3, dimension=3), "harsanyi")
    for dimension in (0, -1, 1.5, True):
        with pytest.raises(errors.UsageError, match="`dimension` to be a whole number of at least 1"):
            ic.CallableGame(len, 3, dimension=dimension)


@pytest.mark.parametrize(
    "fn",
    [
        lambda c: c.sum(axis=1) * 1j,
        lambda c: ["a"] * len(c),
        lambda c: [[1.0], *[2.0] * (len(c) - 1)],
        lambda c: [object()] * len(c),
    ],
    ids=["complex", "words", "ragged", "objects"],
)
def test_values_that_are_no_real_numbers_are_refused(fn):
    with pytest.raises(errors.ShapeError, match="what `fn` returns to be one array of real numbers"):
        ic.measure(ic.CallableGame(fn, 3), "shapley")
    with pytest.raises(errors.ShapeError, match="Expected values to be one array of real numbers"):
        ic.TableGame(fn(np.zeros((4, 2), dtype=bool)))


# --- what is too large ----------------------------------------------------------------------------------


@pytest.mark.parametrize("index", sorted({*OF_NUMBERS, "concepts"} - {"multivariate"}))
@pytest.mark.parametrize(("n", "memory"), [(21, "0.02 GiB"), (30, "8 GiB"), (2000, r"2\^1973 GiB")])
def test_too_many_players_say_how_much_memory_and_what_else(index, n, memory):
    def never(coalitions):
        raise AssertionError("asked before the question was checked")

    game = ic.CallableGame(never, n, dimension=2 if index == "concepts" else None)
    with pytest.raises(errors.BudgetError, match=f"{memory}.*(sample '|budget=)"):
        ic.measure(game, index, **needed(index))


# --- the surface ----------------------------------------------------------------------------------------


def test_public_names():
    assert ic.__all__ == api.__all__
    for name in ic.__all__:
        assert getattr(ic, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="It offers: AndOr"):
        _ = ic.nonsense


HEAVY = ("torch", "torchvision", "timm", "transformers", "h5py", "typer", "rich", "yaml", "scipy", "sklearn")


@pytest.mark.parametrize("program", ["import interact_cli", "import interact_cli.api", "from interact_cli import *"])
def test_the_import_is_light(program):
    script = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert "interact_cli" in loaded
    assert not loaded & set(HEAVY)


def test_measuring_loads_nothing_heavy():
    script = (
        "import interact_cli as ic, sys\n"
        "game = ic.TableGame(range(16))\n"
        "ic.measure(game, 'multi-order'), ic.measure(game, 'multivariate', players=(0, 1, 2), method='learned')\n"
        "ic.and_or_graph(ic.measure(game, 'and-or')), ic.measure(game, 'k-shapley')\n"
        "ic.measure(game, 'bottleneck'), ic.measure(game, 'dropout-suppression')\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['yaml']", "the registry of metrics is a YAML file"


def test_few_contexts_of_many_players_are_exact_without_a_budget():
    weights = np.arange(1.0, 26.0)
    game = ic.CallableGame(lambda coalitions: (coalitions @ weights) ** 2, n_players=25)
    found = ic.measure(game, "multivariate", players=range(25))
    assert found.evaluations == 326
    assert pytest.approx(weights.sum() ** 2 - (weights**2).sum()) == found.B
    assert found.exact[:4].all()


@pytest.mark.parametrize(
    ("index", "options"), [("shapley", {}), ("shapley-interaction", {}), ("multivariate", {"players": (0, 1, 2)})]
)
def test_a_plan_that_no_memory_holds_is_refused_with_its_size(index: str, options):
    game = ic.CallableGame(lambda coalitions: coalitions.sum(axis=1), n_players=60)
    with pytest.raises(
        errors.BudgetError, match="at most 35,791,394 evaluations to sample 60 players, got 1,000,000,000"
    ):
        ic.measure(game, index, budget=10**9, **options)


def test_paper_004s_settings_are_asked_for_by_name():
    game = ic.TableGame(np.random.default_rng(0).normal(size=2**6))
    epochs = {
        name: ic.measure(game, "multivariate", players=range(4), method="learned", setting=name).trace
        for name in SETTINGS
    }
    # 200 epochs for the expressions, 100 elsewhere; one row more for where p ended.
    assert {name: len(trace) for name, trace in epochs.items()} == {
        name: 201 if name == "toy" else 101 for name in SETTINGS
    }
    with pytest.raises(errors.UnknownNameError, match=r"setting of 'multivariate': 'brt'.*Did you mean 'bert'"):
        ic.measure(game, "multivariate", players=range(4), method="learned", setting="brt")
    with pytest.raises(errors.UsageError, match="setting belongs to method='learned'"):
        ic.measure(game, "multivariate", players=range(4), setting="toy")
    with pytest.raises(errors.UsageError, match="'harsanyi' has no options, got setting"):
        ic.measure(game, "harsanyi", setting="toy")


SETTINGS = ("toy", "bert", "accuracy", "layers", "instability")
"""The rows of the table in the digest, section 8."""
