from __future__ import annotations

import numpy as np
import pytest
import torch

from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.columns import columns
from interact_cli.types import INPUT, Columns, InputSpec, Model, Sample


def model(n_columns: int, names: tuple[str, ...] = (), **groups: tuple[str, ...]) -> Model:
    spec = InputSpec("columns", (n_columns,), columns=Columns(names, groups=groups))
    return Model(torch.nn.Identity(), "py:tests", "test", spec, "classes", 2, "mlp", "0" * 64, "test")


def made(model: Model, argument: str | None = None):
    n_columns = model.input.shape[0]
    values = np.arange(n_columns, dtype=np.float32)
    return columns(argument, model, PlayerOptions()).of(Sample("row", values, 0), Baseline("mean", values, "mean"))


def test_every_column_is_a_player():
    players = made(model(3, ("age", "bmi", "sex")))
    assert players.names == ("age", "bmi", "sex")
    assert players.owner.tolist() == [0, 1, 2]
    assert players.owner.dtype == np.int64
    assert players.baseline.tolist() == [0, 1, 2]
    assert (players.spec, players.baseline_name, players.grid) == ("columns", "mean", None)
    assert players.entry == INPUT


def test_columns_without_names_are_numbered():
    assert made(model(2)).names == ("column 0", "column 1")


def test_one_hot_groups_stay_together_wherever_their_columns_stand():
    names = ("red", "age", "green", "yes", "blue", "no")
    players = made(model(6, names, colour=("blue", "red", "green"), smokes=("yes", "no")))
    assert players.names == ("colour", "age", "smokes")
    assert players.owner.tolist() == [0, 1, 0, 2, 0, 2]


def test_a_group_may_have_the_name_of_one_of_its_columns():
    assert made(model(3, ("a", "b", "c"), a=("a", "c"))).owner.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (model(2, ("a", "b"), g=("a", "x")), "Group 'g' names column 'x', which the model does not have"),
        (model(3, ("a", "b", "c"), g=("a", "b"), h=("b", "c")), "Column 'b' is in two groups, 'g' and 'h'"),
        (model(2, ("a", "b"), g=("a", "a")), "Column 'a' is in two groups, 'g' and 'g'"),
        (model(3, ("a", "b", "c"), a=("b", "c")), "Group 'a' has the name of a column outside it"),
        (model(3, ("a", "b", "a")), "got 'a' more than once"),
    ],
)
def test_groups_and_names_that_do_not_fit(given, message):
    with pytest.raises(UsageError, match=message):
        made(given)


def test_no_argument():
    with pytest.raises(UsageError, match="take no argument"):
        made(model(2), "a")


def test_an_image_model_has_no_columns():
    image = Model(
        torch.nn.Identity(),
        "py:tests",
        "test",
        InputSpec("image", (3, 8, 8)),
        "classes",
        2,
        "convnet",
        "0" * 64,
        "test",
    )
    with pytest.raises(UsageError, match="need a column model"):
        columns(None, image, PlayerOptions())


def test_no_other_options():
    with pytest.raises(UsageError, match="--unit does not apply to players 'columns'"):
        columns(None, model(4), PlayerOptions(unit="cell"))


def test_a_span_is_a_range_of_players():
    assert columns(None, model(4), PlayerOptions(span="1:4")).span == (1, 2, 3)


@pytest.mark.parametrize("span", ["1:5", "some words"])
def test_a_span_outside_the_players_is_refused(span):
    with pytest.raises(UsageError, match="--span START:STOP within the 4 players of 'columns'"):
        columns(None, model(4), PlayerOptions(span=span))
