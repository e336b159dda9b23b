"""Leaves of boosted trees against xgboost's own predictions, and the plugin as ``interact`` finds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xgboost
from interact_trees.trees import ROUNDS, SETTINGS, learn

import interact_cli as ic
from interact_cli import extensions
from interact_cli.errors import UnknownNameError, UsageError


@pytest.fixture
def game():
    rng = np.random.default_rng(0)
    coalitions = rng.random((2000, 10)) < 0.5
    values = coalitions[:, :3].all(axis=1) - 0.5 * (coalitions[:, 3] & ~coalitions[:, 4]) + 0.1 * coalitions[:, 5]
    return coalitions, (values - values.mean()) / values.std()


def in_plain_words(leaves, coalition):
    """Sum the leaves that a coalition reaches."""
    members = set(np.flatnonzero(coalition))
    reached = [
        worth
        for present, absent, worth in zip(leaves.present, leaves.absent, leaves.worth, strict=True)
        if set(np.flatnonzero(present)) <= members and not members & set(np.flatnonzero(absent))
    ]
    return len(reached), sum(reached)


def test_the_leaves_say_what_the_trees_say(game):
    coalitions, values = game
    leaves = learn(coalitions, values)
    booster = xgboost.train(SETTINGS, xgboost.DMatrix(coalitions.astype(np.float32), values), ROUNDS)
    others = np.random.default_rng(1).random((20, 10)) < 0.5
    predicted = booster.predict(xgboost.DMatrix(others.astype(np.float32)))
    for coalition, expected in zip(others, predicted, strict=True):
        n_reached, worth = in_plain_words(leaves, coalition)
        assert n_reached == ROUNDS, "one leaf of every tree"
        assert worth == pytest.approx(expected, abs=1e-5)


def test_equal_values_give_equal_leaves(game):
    first, second = learn(*game), learn(*game)
    np.testing.assert_array_equal(first.worth, second.worth)
    np.testing.assert_array_equal(first.present, second.present)


def installed(folder: Path, *points: str) -> Path:
    """Lay out an installed distribution with these surrogates."""
    info = folder / "interact_trees-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: interact-trees\nVersion: 0.1.0\nSummary: trees\n")
    (info / "entry_points.txt").write_text("[interact_cli.surrogates]\n" + "\n".join(points) + "\n")
    return folder


BROKEN = """
def nothing(coalitions, values):
    pass

def fails(coalitions, values):
    raise RuntimeError("out of wood")
"""


def jumps(coalitions):
    return coalitions[:, :6].all(axis=1) * 1.0 + (coalitions[:, 6:12].sum(axis=1) > 4) - 0.3 * coalitions[:, 12]


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    points = ("trees = interact_trees.trees:learn", "nothing = broken_wood:nothing", "fails = broken_wood:fails")
    site = installed(tmp_path / "site", *points)
    (site / "broken_wood.py").write_text(BROKEN)
    monkeypatch.syspath_prepend(site)


def asked_of(second_surrogate, budget=3000):
    game = ic.CallableGame(jumps, 20)
    return ic.measure(game, "shapley", budget=budget, second_surrogate=second_surrogate)


@pytest.mark.usefixtures("plugin")
def test_it_is_found_by_its_name():
    (trees,) = (entry for entry in extensions.surrogates() if entry.name == "trees")
    assert trees.origin == "interact-trees 0.1.0"
    with pytest.raises(UnknownNameError, match="Did you mean 'trees'"):
        asked_of("tree")


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(("name", "reason"), [("nothing", "it returned NoneType"), ("fails", "out of wood")])
def test_a_surrogate_whose_code_fails_is_named(name, reason, monkeypatch):
    monkeypatch.setattr("interact_cli.interactions.surrogate.design.SEEN", 300)
    with pytest.raises(UsageError, match=rf"surrogate '{name}' of interact-trees 0\.1\.0.*{reason}"):
        asked_of(name, 1000)


@pytest.mark.usefixtures("plugin")
def test_the_values_get_nearer_to_the_truth(monkeypatch):
    monkeypatch.setattr("interact_cli.interactions.surrogate.design.SEEN", 300)
    monkeypatch.setattr("interact_trees.trees.ROUNDS", 200)
    # One of six that are needed; more than four of six: E_r C(5, 4) r^4 (1 - r) = 1/6; alone.
    truth = np.array([1 / 6] * 6 + [1 / 6] * 6 + [-0.3] + [0.0] * 7)
    with_trees, alone = asked_of("trees"), asked_of(None)
    assert ((with_trees.values - truth) ** 2).sum() < 0.7 * ((alone.values - truth) ** 2).sum()
    assert (np.abs(with_trees.values - truth) < 4 * with_trees.standard_errors).all()
