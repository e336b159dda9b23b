"""The contract of the Python API."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from support import references

import interact_cli as ic
from interact_cli import api, errors

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
    estimate = ic.measure(square(np.int64(70)), "shapley-interaction", budget=400)
    assert np.nanmax(np.abs(estimate.values - 2.0)) < 1e-9
    with pytest.raises(errors.BudgetError, match="at least 8"):
        ic.measure(square(np.int64(70)), "shapley-interaction", budget=3)


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
    assert max(sizes) <= api.BATCH < 2**18


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [[], [1.0], [1, 2, 3], np.zeros((2, 2)), 5.0, np.zeros(12)])
def test_a_table_of_another_shape_is_refused(values):
    with pytest.raises(errors.ShapeError, match=r"\(2\^n,\)"):
        ic.TableGame(values)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(errors.NonFiniteError, match="1 NaN or infinite"):
        ic.TableGame([0.0, bad])
    with pytest.raises(errors.NonFiniteError, match="finite"):
        ic.measure(ic.CallableGame(lambda c: np.where(c.all(axis=1), bad, 0.0), n_players=3), "shapley")


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


# --- the surface ----------------------------------------------------------------------------------------


def test_public_names():
    assert ic.__all__ == api.__all__
    for name in ic.__all__:
        assert getattr(ic, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="It offers: CallableGame"):
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
        "ic.measure(ic.TableGame(range(16)), 'multi-order')\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
