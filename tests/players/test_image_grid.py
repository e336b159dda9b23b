from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.image_grid import image_grid
from interact_cli.types import INPUT, InputSpec, Model, Sample

BASELINE = Baseline("zero", np.zeros((3, 1, 1), dtype=np.float32), "zero")
sides = st.integers(1, 70)


def model(*shape: int) -> Model:
    spec = InputSpec("image" if len(shape) == 3 else "columns", shape)
    return Model(torch.nn.Identity(), "py:tests", "test", spec, "classes", 2, "convnet", "0" * 64, "test")


def made(argument: str | None, model: Model):
    sample = Sample("one", np.zeros(model.input.shape, dtype=np.float32), 0)
    return image_grid(argument, model, PlayerOptions()).of(sample, BASELINE)


@given(height=sides, width=sides, data=st.data())
@settings(max_examples=150, deadline=None)
def test_every_pixel_in_exactly_one_cell_and_no_cell_empty(height, width, data):
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    players = made(f"{rows}x{columns}", model(3, height, width))
    assert players.owner.shape == (1, height, width)
    assert players.n_players == rows * columns == len(set(players.names))
    assert np.unique(players.owner).tolist() == list(range(rows * columns))
    sizes = np.bincount(players.owner.ravel())
    assert sizes.sum() == height * width
    tall, wide = {height // rows, -(-height // rows)}, {width // columns, -(-width // columns)}
    assert set(sizes.tolist()) <= {h * w for h in tall for w in wide}


@given(height=sides, width=sides, data=st.data())
@settings(max_examples=150, deadline=None)
def test_equals_nearest_neighbour_upsampling_of_the_cell_map(height, width, data):
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    players = made(f"{rows}x{columns}", model(3, height, width))
    np.testing.assert_array_equal(players.owner[0], upsampled(rows, columns, height, width))
    if height % rows == 0 and width % columns == 0:  # elsewhere torch's float32 scale can move a border by a pixel
        cells = torch.arange(rows * columns, dtype=torch.float64).view(1, 1, rows, columns)
        enlarged = F.interpolate(cells, size=(height, width), mode="nearest")
        np.testing.assert_array_equal(players.owner[0], enlarged[0, 0].numpy())


def upsampled(rows: int, columns: int, height: int, width: int) -> np.ndarray:
    """Nearest-neighbour enlargement, each target pixel on its own, in whole numbers."""
    cells = np.arange(rows * columns).reshape(rows, columns)
    row_of = [max(r for r in range(rows) if r * height <= y * rows) for y in range(height)]
    column_of = [max(c for c in range(columns) if c * width <= x * columns) for x in range(width)]
    return cells[np.ix_(row_of, column_of)]


def test_names_and_order():
    players = made("2x3", model(3, 4, 6))
    assert players.names == ("r0c0", "r0c1", "r0c2", "r1c0", "r1c1", "r1c2")
    assert players.owner[0].tolist() == [[0, 0, 1, 1, 2, 2]] * 2 + [[3, 3, 4, 4, 5, 5]] * 2
    assert (players.grid, players.spec, players.entry) == ((2, 3), "grid:2x3", INPUT)
    assert players.baseline is BASELINE.values


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        ((224, 224), (16, 16)), ((32, 32), (16, 16)), ((33, 40), (16, 16)), ((31, 31), (8, 8)), ((28, 28), (8, 8)),
        ((16, 16), (8, 8)), ((64, 31), (8, 8)), ((15, 15), (4, 4)), ((8, 8), (4, 4)), ((8, 100), (4, 4)),
        ((7, 7), (2, 2)), ((4, 4), (2, 2)), ((3, 9), (2, 2)), ((2, 2), (2, 2)), ((1, 5), (1, 2)),
    ],
)  # fmt: skip
def test_default_is_the_largest_grid_with_cells_of_two_by_two(size, sides):
    players = made(None, model(3, *size))
    assert players.grid == sides
    assert players.spec == f"grid:{sides[0]}x{sides[1]}"


def test_one_cell_per_pixel_is_the_finest():
    assert made("5x7", model(1, 5, 7)).owner.ravel().tolist() == list(range(35))
    for argument in ("6x7", "5x8", "99999x1"):
        with pytest.raises(UsageError, match="at most 5 x 7 cells"):
            made(argument, model(1, 5, 7))


@pytest.mark.parametrize(
    "argument", ["", "8", "8x", "x8", "0x8", "8x0", "-1x8", "8X8", "8x8x8", "8 x 8", "a", "08x8", "٣x٣"]
)
def test_arguments_that_are_no_grid(argument):
    with pytest.raises(UsageError, match="Expected --players grid:ROWSxCOLUMNS"):
        made(argument, model(3, 32, 32))


def test_a_column_model_has_no_grid():
    with pytest.raises(UsageError, match="need an image model"):
        made("2x2", model(12))


def test_no_other_options():
    with pytest.raises(UsageError, match="--unit does not apply to players 'grid:2x2'"):
        image_grid("2x2", model(3, 8, 8), PlayerOptions(unit="cell"))


def test_a_span_is_a_range_of_players():
    assert image_grid("2x2", model(3, 8, 8), PlayerOptions(span="1:4")).span == (1, 2, 3)


@pytest.mark.parametrize("span", ["1:5", "some words"])
def test_a_span_outside_the_players_is_refused(span):
    with pytest.raises(UsageError, match="--span START:STOP within the 4 players of 'grid:2x2'"):
        image_grid("2x2", model(3, 8, 8), PlayerOptions(span=span))
