"""Each part of the plugin against a second derivation."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from interact_example.mean_interaction import Ends, MeanInteraction
from interact_example.mlp import build
from interact_example.odds import SCORE
from interact_example.parity import read
from interact_example.rings import rings
from torch import nn

import interact_cli as ic
from interact_cli.errors import BudgetError, CheckpointRefused, UnknownNameError, UsageError
from interact_cli.games.coalitions import unpack
from interact_cli.interfaces import Baseline, Cohort, DataRequest, PlayerOptions, Question
from interact_cli.options import configured
from interact_cli.scores import records_of
from interact_cli.types import InputSpec, Model, PlayerSet, Sample


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 7), seed=st.integers(0, 2**32 - 1))
def test_the_ends_give_the_mean_of_all_shapley_interactions(n, seed):
    table = np.random.default_rng(seed).normal(size=2**n)
    design = MeanInteraction().design(Question(n, 2 * n + 2, 0, "s"))
    codes = unpack(design.asked, n) @ 2 ** np.arange(n)
    estimate = design.estimate(table[codes])
    pairs = ic.measure(ic.TableGame(table), "shapley-interaction").values
    np.testing.assert_allclose(estimate.values, np.nanmean(pairs, axis=1), atol=1e-12)
    assert len(codes) == 2 * n + 2


def test_an_additive_game_has_none_and_a_triple_shares_its_own():
    def triple(coalitions):
        return coalitions @ [3.0, -1.0, 4.0, 2.0] + 6.0 * coalitions[:, :3].all(axis=1)

    values = Ends(4).estimate(triple(unpack(Ends(4).asked, 4))).values
    # I(i,j) = 6 / 2 for the three pairs within the triple (its dividend over its size minus one), 0 elsewhere.
    np.testing.assert_allclose(values, [2.0, 2.0, 2.0, 0.0], atol=1e-12)


def measured(games, **options):
    """Measure games of four players, one for each sample."""
    metric = configured(MeanInteraction(), options)
    questions = [Question(4, 10, 0, f"s/{k}") for k in range(len(games))]
    results = []
    for game, question in zip(games, questions, strict=True):
        design = metric.design(question)
        results.append(metric.reduce(design, game(unpack(design.asked, 4)).astype(np.float64), question))
    everyone = np.ones(len(games), bool)
    sizes = np.full(len(games), 4)
    cohort = Cohort(everyone, sizes, shared_players=True, grid=None, unit="logit", seed=0, intervals=True)
    return metric.aggregate(results, cohort)


def pair_of(size, worth=1.0):
    """Each player is worth so much alone, the first two together ``size`` more."""
    return lambda coalitions: worth * coalitions.sum(axis=1) + size * coalitions[:, :2].all(axis=1)


def test_relative_divides_by_what_all_players_change_the_score():
    """v(N) - v(empty) is 4 + 6 = 10 and -8 + 4 = -4; the first two have I = 6 and 4, each over three partners."""
    measurement = measured([pair_of(6.0), pair_of(4.0, worth=-2.0)], relative="true")
    values = measurement.quantity("values")
    np.testing.assert_allclose(values.values, [[0.2, 0.2, 0, 0], [1 / 3, 1 / 3, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(measurement.quantity("own_mean").values, [0.1, 1 / 6])
    overall = measurement.quantity("mean_over_pairs")
    assert overall.values == pytest.approx(2 / 15)
    np.testing.assert_allclose(measurement.quantity("mean").values, [4 / 15, 4 / 15, 0, 0], atol=1e-12)
    assert {quantity.unit for quantity in (*measurement.per_sample, *measurement.summary)} == {"1"}
    (told,) = measurement.findings
    assert told.sentence == "Two players interact by 0.133 ± 0.033 on average."
    plain = measured([pair_of(6.0), pair_of(4.0, worth=-2.0)])
    np.testing.assert_allclose(plain.quantity("values").values, [[2, 2, 0, 0], [4 / 3, 4 / 3, 0, 0]], atol=1e-12)
    assert plain.findings[0].sentence == "Two players interact by 0.833 ± 0.17 logit on average."


def test_relative_to_nothing_is_no_number():
    measurement = measured([pair_of(6.0), pair_of(8.0, worth=-2.0)], relative=True)
    values = measurement.quantity("values").values
    assert np.isfinite(values[0]).all()
    assert np.isnan(values[1]).all()
    (told,) = measurement.findings
    assert told.sentence == "No share to tell: in some sample all players together change nothing."


@pytest.mark.parametrize(
    ("sizes", "word", "sentence"),
    [
        ([3.0, 9.0], "help each other", r"On average two players help each other: by 1\.00 logit \[0\.\d+, 1\.\d+\]\."),
        ([-9.0, -3.0], "overlap", r"On average two players overlap: by -1\.00 logit \[-1\.\d+, -0\.\d+\]\."),
        (
            [-6.0, 6.0],
            "not distinguishable",
            r"On average two players neither help each other nor overlap measurably: ",
        ),
    ],
)
def test_with_an_interval_the_sentence_says_which_way(sizes, word, sentence):
    """I = size for one of six pairs."""
    measurement = measured([pair_of(size) for size in sizes * 15])
    (told,) = measurement.findings
    assert told.word == word
    assert re.match(sentence, told.sentence)
    assert told.says == ("mean_over_pairs",)


def test_odds_by_hand():
    """Class probabilities 1/2, 1/4, 1/4: odds 1, 1/3, 1/3; of a single logit log 3 the odds are 1/3 and 3."""
    np.testing.assert_allclose(SCORE.of_record(records_of(np.log([[2.0, 1.0, 1.0]]))), [[1, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(SCORE.of_record(records_of(np.log([[3.0]]))), [[1 / 3, 3]])


def test_too_small_a_budget_says_what_it_takes():
    MeanInteraction().design(Question(9, 20, 0, "s"))
    with pytest.raises(BudgetError, match=r"needs 20 evaluations for 9 players, got a budget of 19\. Pass --budget 20"):
        MeanInteraction().design(Question(9, 19, 0, "s"))
    MeanInteraction().design(Question(2, 4, 0, "s"))
    with pytest.raises(UsageError, match="at least 2 players, got 1"):
        MeanInteraction().design(Question(1, 4000, 0, "s"))


def image_model(height, width):
    spec = InputSpec("image", (3, height, width))
    return Model(nn.Identity(), "py:x", "--arch", spec, "classes", 2, "convnet", "0" * 64, "(whole file)")


BASELINE = Baseline("zero", np.zeros((3, 1, 1), np.float32), "zero")


def cut(argument: str | None, model: Model) -> PlayerSet:
    return rings(argument, model, PlayerOptions()).of(
        Sample("a/0", np.zeros(model.input.shape, np.float32), None), BASELINE
    )


def test_rings_of_equal_width():
    owner = cut("2", image_model(8, 4)).owner[0]
    expected = np.ones((8, 4), int)
    expected[2:6, 1:3] = 0
    np.testing.assert_array_equal(owner, expected)


@given(height=st.integers(1, 40), width=st.integers(1, 40), data=st.data())
def test_no_ring_is_empty_and_rings_lie_around_each_other(height, width, data):
    k = data.draw(st.integers(1, (min(height, width) + 1) // 2))
    players = cut(str(k), image_model(height, width))
    owner = players.owner[0]
    assert set(owner.ravel()) == set(range(k))
    np.testing.assert_array_equal(owner, owner[::-1])
    np.testing.assert_array_equal(owner, owner[:, ::-1])
    assert (np.diff(owner[: (height + 1) // 2], axis=0) <= 0).all()
    assert (owner[0] == k - 1).all() or k == 1 or height < 2
    assert players.spec == f"rings:{k}"


@pytest.mark.parametrize("argument", ["0", "5", "-1", "two", "1.5", "²", "9" * 30])
def test_impossible_rings_are_refused(argument):
    with pytest.raises(UsageError, match="K from 1 to 4 for this image"):
        rings(argument, image_model(8, 9), PlayerOptions())


def test_the_default_fits_small_images_and_columns_are_refused():
    assert cut(None, image_model(32, 32)).n_players == 4
    assert cut(None, image_model(3, 32)).n_players == 2
    columns = Model(nn.Identity(), "py:x", "", InputSpec("columns", (6,)), "classes", 2, "mlp", "", "")
    with pytest.raises(UsageError, match="need an image model"):
        rings(None, columns, PlayerOptions())


@pytest.mark.parametrize("k", range(1, 7))
def test_no_proper_part_of_the_columns_tells_the_class(k):
    train = read(DataRequest("parity", Path(str(k)), split="train"))
    rows = np.stack([train.raw(index) for index in range(len(train))])
    signs = np.where(rows < 0, -1, 1)
    parity = 1 - 2 * train.labels
    np.testing.assert_array_equal(parity, signs[:, :k].prod(axis=1))
    for size in range(1, k):
        # A product of fewer signs agrees with the class half of the time: five standard errors of 2,000 rows.
        assert abs((signs[:, :size].prod(axis=1) * parity).mean()) < 5 / np.sqrt(2000)
    test = read(DataRequest("parity", Path(str(k))))
    assert (test.split, len(test), len(train)) == ("test", 500, 2000)
    assert not np.isin(np.stack([test.raw(index) for index in range(500)]), rows).any()


@pytest.mark.parametrize("path", ["0", "7", "-1", "two", "02", "a/b"])
def test_an_impossible_parity_is_refused(path):
    with pytest.raises(UsageError, match=r"K from 1 to 6, for example parity:3, got 'parity:"):
        read(DataRequest("parity", Path(path)))


def test_an_unknown_split_is_refused():
    with pytest.raises(UnknownNameError, match="Available: test, train"):
        read(DataRequest("parity", split="all"))


def test_the_name_makes_the_network(perceptron):
    network = build("6-16-2", {}, {})
    network.module.load_state_dict(perceptron.state_dict(), strict=True)
    rows = torch.linspace(-1, 1, 18).reshape(3, 6)
    first, _, last = perceptron
    hidden = (rows @ first.weight.T + first.bias).clamp(min=0)
    torch.testing.assert_close(network.module(rows), hidden @ last.weight.T + last.bias)
    assert (network.output, network.n_classes, network.input.shape) == ("classes", 2, (6,))
    assert (build("6-1", {}, {}).output, build("6-1", {}, {}).n_classes) == ("single-logit", 2)


def test_a_checkpoint_may_describe_its_columns():
    saved = {"columns": {"names": ["a", "b"], "mean": [1, 2], "std": [3, 4]}, "class_names": ["no", "yes"]}
    network = build("2-4-2", {}, saved)
    assert (network.input.columns.names, network.input.columns.std) == (("a", "b"), (3.0, 4.0))
    assert network.class_names == ("no", "yes")
    with pytest.raises(UsageError, match=r"Expected 3 entries in 'columns\.mean' for mlp:3-2, got 2"):
        build("3-2", {}, {"columns": {"mean": [1, 2]}})
    with pytest.raises(CheckpointRefused, match=r"Expected mlp:3-2 to take inputs of shape \(3, 8, 8\)"):
        build("3-2", {}, {"input_size": [3, 8, 8]})


@pytest.mark.parametrize("name", ["", "6", "6-", "6-0-2", "6-x-2", "6--2", "6-٣", "9999999-2", "-".join(["9"] * 40)])
def test_another_name_is_refused(name):
    with pytest.raises(UsageError, match=r"Expected --arch mlp:WIDTHS, inputs first, for example mlp:6-16-2, got"):
        build.outline(name, {}, {})


def test_an_argument_is_refused():
    with pytest.raises(UsageError, match="no --arch-arg for mlp:WIDTHS, got depth"):
        build("6-2", {"depth": 3}, {})
