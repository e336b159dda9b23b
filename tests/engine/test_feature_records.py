"""Feature scores <f_N, f_S> / ||f_N|| against dot products written out in numpy, module by module."""

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.engine.evaluator import BackOff, Evaluator
from interact_cli.errors import NonFiniteError, RunFailed, UnknownNameError, UsageError
from interact_cli.types import Entry

CPU = torch.device("cpu")


def features(module: nn.Sequential, row: np.ndarray) -> list[np.ndarray]:
    """The flattened output of every layer for one input, in float64."""
    batch, found = torch.from_numpy(row).double()[None], []
    for layer in module:
        with torch.no_grad():
            batch = layer(batch)
        found.append(batch.numpy().ravel())
    return found


def scores_of(module: nn.Sequential, rows: list[np.ndarray], full: np.ndarray) -> np.ndarray:
    """``(row, layer)`` by definition."""
    of_full = features(module, full)
    return np.array(
        [[sum(f * g) / sum(f * f) ** 0.5 for f, g in zip(of_full, features(module, row), strict=True)] for row in rows]
    )


@pytest.fixture(params=["convnet", "mlp"])
def layered(request, cases) -> Any:
    """Cases whose network is a plain sequence of layers."""
    return cases[request.param]


def names_of(case: Any) -> tuple[str, ...]:
    return (*map(str, range(len(case.model.module))), "")


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_every_layer_at_once_equals_its_definition(layered, build, gap, rows):
    module = copy.deepcopy(layered.model.module).double()
    masked = [build.naive_masked(layered.sample.input, layered.players, present) for present in layered.present]
    expected = scores_of(module, masked, layered.sample.input)
    records = layered.records(rows, features=names_of(layered))
    assert records.shape == (len(masked), expected.shape[1] + 1, 1)
    assert records.dtype == np.float64
    for layer, values in enumerate(expected.T):
        assert values.std() > 1e-3 * np.abs(values).max(), "masking must change the feature"
        assert gap(records[:, layer, 0], values) <= 1e-5
    np.testing.assert_array_equal(records[:, -1], records[:, -2], err_msg="the network returns its last layer's output")


def test_from_an_entry_inside(cases, build, gap):
    case = cases["mlp"]
    players = build.players(np.arange(20) % 5, np.full(20, 0.5))
    inside = replace(case, players=players, present=build.coalitions(5, 32, 0))
    module = copy.deepcopy(case.model.module).double()
    standing = features(module, case.sample.input)[1]
    masked = [build.naive_masked(standing, players, present) for present in inside.present]
    records = inside.records(8, entry=Entry("output", "1"), features=("3", "2", ""))
    expected = scores_of(module[2:], masked, standing)[:, [1, 0, 2]]
    assert gap(records[..., 0], expected) <= 1e-5


@pytest.mark.parametrize("rows", [7, 64])
def test_bits_do_not_depend_on_the_neighbours(layered, rows):
    names = names_of(layered)
    whole = layered.records(rows, features=names)
    order = np.random.default_rng(0).permutation(len(whole))
    np.testing.assert_array_equal(layered.records(rows, layered.packed[order], features=names), whole[order])
    for position in order[:3]:
        alone = layered.records(rows, layered.packed[position : position + 1], features=names)
        np.testing.assert_array_equal(alone[0], whole[position])


def test_all_players_together_give_the_length_of_the_feature(layered, gap):
    grand = layered.records(8, layered.packed[1:2], features=("1", ""))[0, :, 0]
    found = features(copy.deepcopy(layered.model.module).double(), layered.sample.input)
    assert gap(grand, np.array([np.linalg.norm(found[1]), np.linalg.norm(found[-1])])) <= 1e-6


def test_the_products_are_formed_in_float64(cases):
    case = cases["convnet"]
    batch = torch.from_numpy(case.sample.input).expand(8, -1, -1, -1).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        feature = case.model.module.to(memory_format=torch.channels_last)[:3](batch)[0].double().numpy().ravel()
    grand = case.records(8, case.packed[1:2], features=("2",))[0, 0, 0]
    assert grand == pytest.approx(np.sqrt(sum(feature * feature)), rel=1e-12)


def test_one_more_batch_than_without_features_however_many_modules(cases, limited, swap):
    case = cases["mlp"]
    module = limited(case.model.module, 64, RuntimeError())
    evaluator = Evaluator(swap(case, module).model, CPU, 16, features=("inner.0", "inner.2", ""))
    evaluator.open(case.sample)
    module.finished.clear()
    for start in (0, 32):
        evaluator.records(case.sample, case.players, case.packed[start : start + 32], case.classes)
    assert [len(batch) for batch in module.finished] == [16] * 5


def test_after_a_back_off_both_features_come_from_the_smaller_batch(cases, limited, swap):
    case = cases["mlp"]
    module = limited(case.model.module, 10, MemoryError())
    small = swap(case, module)
    evaluator = Evaluator(small.model, CPU, 32, features=("inner.2",))
    records = evaluator.records(case.sample, case.players, case.packed, case.classes)
    assert evaluator.back_offs == [BackOff(case.sample.id, 0, rows) for rows in (16, 8)]
    np.testing.assert_array_equal(records, case.records(8, features=("2",)))


def test_a_back_off_on_the_way_asks_for_the_unmasked_feature_again(cases, limited, swap):
    case = cases["mlp"]
    module = limited(case.model.module, 16, MemoryError())
    evaluator = Evaluator(swap(case, module).model, CPU, 16, features=("inner.2",))
    evaluator.open(case.sample)
    module.finished.clear()
    evaluator.records(case.sample, case.players, case.packed[:32], case.classes)
    module.most = 8
    evaluator.records(case.sample, case.players, case.packed[32:], case.classes)
    assert [len(batch) for batch in module.finished] == [16] * 3 + [8] * 5
    for unmasked in (module.finished[0], module.finished[3]):
        np.testing.assert_array_equal(unmasked, np.broadcast_to(case.sample.input, unmasked.shape))


class Odd(nn.Module):
    """Returns something of what its inner network returns; has parts for every trouble."""

    def __init__(self, inner: nn.Module, change: Any) -> None:
        super().__init__()
        self.inner, self.change = inner, change
        self.part, self.idle = Part(change), nn.Identity()

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        outputs = self.inner(batch)
        self.part(outputs)
        return outputs


class Part(nn.Module):
    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change = change

    def forward(self, outputs: torch.Tensor) -> Any:
        return self.change(outputs)


@pytest.mark.parametrize(
    "change",
    [
        lambda outputs: (outputs, None),
        lambda outputs: [None, outputs],
        lambda outputs: {"mask": None, "hidden": outputs, "other": outputs + 1},
        lambda outputs: outputs[:, :, None, None],
    ],
)
def test_the_first_tensor_of_what_a_module_returns(cases, swap, change):
    case = cases["mlp"]
    records = swap(case, Odd(case.model.module, change)).records(8, features=("part", "inner"))
    np.testing.assert_array_equal(records[:, 0], records[:, 1])


@pytest.mark.parametrize(
    ("change", "arrived"),
    [
        (lambda outputs: None, "got a NoneType"),
        (lambda outputs: ("a", 1), "got a tuple"),
        (lambda outputs: {}, "got a dict"),
        (lambda outputs: outputs.sum(), r"got shape \(\)"),
        (lambda outputs: outputs[:1], r"per input \(8\), got shape \(1, 3\)"),
        (lambda outputs: outputs[:, 0], r"got shape \(8,\)"),
    ],
)
def test_a_module_without_features(cases, swap, change, arrived):
    case = swap(cases["mlp"], Odd(cases["mlp"].model.module, change))
    with pytest.raises(UsageError, match=rf"module 'part' .*{arrived}"):
        case.records(8, features=("inner", "part"))


def test_a_feature_of_length_zero(cases, swap):
    case = swap(cases["mlp"], Odd(cases["mlp"].model.module, torch.zeros_like))
    with pytest.raises(RunFailed, match="module 'part' is zero on an unmasked input"):
        case.records(8, features=("part",))


def test_a_feature_that_is_not_finite(cases, swap):
    case = swap(cases["mlp"], Odd(cases["mlp"].model.module, lambda outputs: outputs / 0))
    with pytest.raises(NonFiniteError, match="NaN or infinity"):
        case.records(8, features=("part",))


def test_a_module_that_does_not_run(cases, swap):
    case = swap(cases["mlp"], Odd(cases["mlp"].model.module, torch.tanh))
    with pytest.raises(UsageError, match="'idle'"):
        case.records(8, features=("part", "idle"))


@pytest.mark.parametrize("name", ["0", "1"])
def test_a_module_before_the_entry(cases, build, name):
    players = build.players(np.arange(20), np.zeros(20))
    case = replace(cases["mlp"], players=players, present=build.coalitions(20, 8, 0))
    with pytest.raises(UsageError, match=f"'{name}'"):
        case.records(8, entry=Entry("output", "1"), features=(name, "3"))


def test_a_module_that_does_not_exist(cases):
    with pytest.raises(UnknownNameError, match=r"Unknown module 'layer\.3'"):
        cases["mlp"].records(8, features=("layer.3",))


def test_a_module_that_runs_twice(cases, swap):
    class Twice(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.first, self.act, self.second, self.end = inner[0], nn.Tanh(), inner[2], nn.Identity()
            self.head = inner[4]

        def forward(self, batch):
            return self.head(self.end(self.act(self.second(self.act(self.first(batch))))))

    case = swap(cases["mlp"], Twice(cases["mlp"].model.module))
    with pytest.raises(UsageError, match="'act'"):
        case.records(8, features=("act", "end"))


@pytest.mark.parametrize("change", [torch.tanh, lambda outputs: None])
def test_no_hook_outlives_the_records(cases, swap, change):
    case = swap(cases["mlp"], Odd(cases["mlp"].model.module, change))
    with suppress(UsageError):
        case.records(8, features=("part", "inner.0", "inner.1"))
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in case.model.module.modules())


def test_a_network_without_a_head(cases, gap):
    case = cases["mlp"]
    encoder = replace(case, model=replace(case.model, output="features", n_classes=0), classes=())
    records = encoder.records(8, features=("2",))
    np.testing.assert_array_equal(records, case.records(8, features=("2",)))
    with pytest.raises(UsageError, match="Use --score feature:MODULE"):
        encoder.records(8)
    with pytest.raises(UsageError, match="Use --score feature:MODULE"):
        Evaluator(encoder.model, CPU, 8).logits([case.sample.input])
