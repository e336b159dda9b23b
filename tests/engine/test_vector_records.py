"""Vector records, f_S of one module averaged over space or words, against hooks and means written out here."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import timm
import torch
from support.references import dividends as dividends_by_sets
from support.references import subsets
from torch import nn

from interact_cli.engine.evaluator import Evaluator
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interactions.exact.transforms import moebius
from interact_cli.types import Entry, Sample, Tokens

CPU = torch.device("cpu")


def outputs_of(network: nn.Module, name: str, rows: list[np.ndarray]) -> list[np.ndarray]:
    """What a module gives for each row alone, in float64, seen by a hook of our own."""
    network, found = copy.deepcopy(network).double().eval(), []
    module = network if name == "" else dict(network.named_modules())[name]
    hook = module.register_forward_hook(lambda _module, _taken, given: found.append(given[0].numpy().copy()))
    with torch.no_grad():
        for row in rows:
            network(torch.from_numpy(row).double()[None])
    hook.remove()
    return found


def masked_rows(case: Any, build: Any) -> list[np.ndarray]:
    return [build.naive_masked(case.sample.input, case.players, present) for present in case.present]


def vectors(case: Any, module: str, rows: int = 8, **fields: Any) -> np.ndarray:
    return case.records(rows, features=(module,), vector=True, **fields)


@pytest.mark.parametrize(("name", "module"), [("convnet", "4"), ("convnet", "9"), ("mlp", "2"), ("convnet", "")])
@pytest.mark.parametrize("rows", [1, 64])
def test_means_over_space_by_a_hook(cases, build, gap, name, module, rows):
    case = cases[name]
    found = outputs_of(case.model.module, module, masked_rows(case, build))
    expected = np.array([map_.reshape(len(map_), -1).mean(axis=1) for map_ in found])
    records = vectors(case, module, rows)
    assert records.shape == (len(case.present), 1, len(expected[0]))
    assert records.dtype == np.float64
    assert expected.std(axis=0).max() > 1e-3, "masking must change the vector"
    assert gap(records[:, 0], expected) <= 1e-5


def test_means_over_tokens_by_a_hook(cases, build, gap):
    case = cases["transformer"]
    found = outputs_of(case.model.module, "blocks.0", masked_rows(case, build))
    assert found[0].shape == (13, 24)
    expected = np.array([sum(tokens) / len(tokens) for tokens in found])
    assert gap(vectors(case, "blocks.0")[:, 0], expected) <= 1e-5


def test_channels_of_maps_that_lie_last_are_not_averaged(build):
    """Swin gives (h, w, C)."""
    options = {"embed_dim": 6, "depths": (1, 1), "num_heads": (1, 2), "window_size": 2, "img_size": 16, "patch_size": 4}
    swin = build.randomised(timm.create_model("swin_tiny_patch4_window7_224", num_classes=3, **options), 5)
    rng = np.random.default_rng(0)
    sample = Sample("images/0", rng.normal(size=(3, 16, 16)).astype(np.float32), 0)
    players = build.players(np.arange(256).reshape(1, 16, 16) // 64, np.zeros((3, 1, 1)))
    case = build.case(
        build.model(swin, (3, 16, 16), 3, "transformer"), sample, players, build.coalitions(4, 6, 0), (0,)
    )
    found = outputs_of(swin, "layers.0", masked_rows(case, build))
    assert found[0].shape == (4, 4, 6)
    np.testing.assert_allclose(vectors(case, "layers.0")[:, 0], [m.mean(axis=(0, 1)) for m in found], atol=1e-5)


def test_from_an_entry_inside(cases, build, gap):
    case = cases["mlp"]
    players = build.players(np.arange(20) % 5, np.full(20, 0.5))
    inside = replace(case, players=players, present=build.coalitions(5, 32, 0))
    (standing,) = outputs_of(case.model.module, "1", [case.sample.input])
    masked = [build.naive_masked(standing, players, present) for present in inside.present]
    expected = outputs_of(case.model.module[2:], "2", masked)
    assert gap(vectors(inside, "2", entry=Entry("output", "1"))[:, 0], np.array(expected)) <= 1e-5


class Reader(nn.Module):
    """Word vectors of three tokens are columns here; a layer gives ``(L, d)``, the head leaves one position out."""

    def __init__(self) -> None:
        super().__init__()
        self.mix, self.head = nn.Linear(2, 4), nn.Identity()

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        states = self.mix(batch.view(len(batch), 3, 2)).tanh()
        return self.head(states[:, 1:]).flatten(1)


def test_texts_are_averaged_over_their_words(build):
    """Position 0 is a special token; where an output has another number of positions, all of them count."""
    network, rng = build.randomised(Reader(), 1), np.random.default_rng(0)
    tokens = Tokens(np.zeros((3, 3), np.int64), ("[CLS]", "not", "good"), np.array([-1, 0, 1]), ("not", "good"))
    sample = Sample("texts/0", rng.normal(size=6).astype(np.float32), None, tokens=tokens)
    players = build.players(np.array([0, 0, 1, 1, 2, 2]), np.zeros(6))
    case = build.case(build.model(network, (6,), 8), sample, players, build.coalitions(3, 8, 0), (0,))
    rows = masked_rows(case, build)
    of_words = [states[1:].mean(axis=0) for states in map(np.tanh, outputs_of(network, "mix", rows))]
    assert vectors(case, "mix").shape == (8, 1, 4)
    linear = [states[1:].mean(axis=0) for states in outputs_of(network, "mix", rows)]
    np.testing.assert_allclose(vectors(case, "mix")[:, 0], linear, atol=1e-6)
    np.testing.assert_allclose(vectors(case, "head")[:, 0], of_words, atol=1e-6)


def test_vector_dividends_of_a_recorded_game_by_set_enumeration(cases, build):
    """I(S) = sum over L in S of (-1)^(|S| - |L|) f(x_L), every f(x_L) from a hook."""
    case = cases["mlp"]
    present = np.array([[code >> i & 1 for i in range(6)] for code in range(64)], dtype=bool)
    case = replace(case, present=present)
    found = outputs_of(case.model.module, "2", masked_rows(case, build))
    of_set = {S: found[sum(2**i for i in S)] for S in subsets(range(6))}
    dividends = moebius(vectors(case, "2")[:, 0])
    for S, expected in dividends_by_sets(of_set).items():
        np.testing.assert_allclose(dividends[sum(2**i for i in S)], expected, atol=2e-5)


def test_bits_do_not_depend_on_the_neighbours(cases):
    case = cases["convnet"]
    whole = vectors(case, "4", 7)
    order = np.random.default_rng(0).permutation(len(whole))
    again = case.records(7, case.packed[order], features=("4",), vector=True)
    np.testing.assert_array_equal(again, whole[order])


def test_no_coalition_no_row(cases):
    case = cases["mlp"]
    assert case.records(8, case.packed[:0], features=("2",), vector=True).shape == (0, 1, 20)


class Growing(nn.Module):
    """Gives as many numbers as its input is long."""

    def __init__(self) -> None:
        super().__init__()
        self.part = nn.Identity()

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.part(batch)[:, :2]


def test_samples_whose_vectors_differ_in_length_are_refused(build):
    model = build.model(Growing(), (4,), 2)
    evaluator = Evaluator(model, CPU, 4, features=("part",), vector=True)
    for size, says in ((4, None), (6, "got 4 and 6 for sample 'rows/6'")):
        sample = Sample(f"rows/{size}", np.ones(size, np.float32), 0)
        players = build.players(np.arange(size) % 2, np.zeros(size))
        packed = np.array([[0], [3]], dtype=np.uint8)
        if says is None:
            assert evaluator.records(sample, players, packed, ()).shape == (2, 1, 4)
        else:
            with pytest.raises(UsageError, match=says):
                evaluator.records(sample, players, packed, ())


def test_modules_that_cannot_be_recorded(cases):
    with pytest.raises(UnknownNameError, match="module"):
        vectors(cases["mlp"], "nothing")
    with pytest.raises(UsageError, match="after the entry"):
        vectors(cases["mlp"], "0", entry=Entry("output", "2"))
