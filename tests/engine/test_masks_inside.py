"""Masks that enter inside a network, against a stem and a tail written out by hand and run row by row in float64."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.engine.evaluator import BackOff, Evaluator
from interact_cli.errors import NonFiniteError, OutOfMemory, ShapeError, UsageError
from interact_cli.types import Entry, PlayerSet, Sample

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Inside:
    """A case entered inside its network, and the two halves of the network by hand."""

    case: Any
    entry: Entry
    stem: Callable[[nn.Module, torch.Tensor], torch.Tensor]
    tail: Callable[[nn.Module, torch.Tensor], torch.Tensor]

    def evaluator(self, rows: int, **fields: Any) -> Evaluator:
        return Evaluator(self.case.model, CPU, rows, entry=self.entry, **fields)

    def records(self, rows: int, packed: np.ndarray | None = None) -> np.ndarray:
        return self.case.records(rows, packed, entry=self.entry)

    def naive_standing(self, sample: Sample) -> np.ndarray:
        with torch.no_grad():
            return self.stem(self.double, torch.from_numpy(sample.input).double()[None])[0].numpy()

    @property
    def double(self) -> nn.Module:
        return copy.deepcopy(self.case.model.module).double().eval()

    def naive(self, build: Any) -> np.ndarray:
        """Records of every coalition: ``(row, class, 4)``."""
        standing, module = self.naive_standing(self.case.sample), self.double
        records = []
        for present in self.case.present:
            masked = torch.from_numpy(build.naive_masked(standing, self.case.players, present))[None]
            with torch.no_grad():
                logits = self.tail(module, masked)[0].numpy()
            records.append([build.naive_record(logits, label) for label in self.case.classes])
        return np.array(records)


def sliced(case: Any, entry: Entry, at: int, owner: np.ndarray, baseline: Any, build: Any) -> Inside:
    """An entry of a `Sequential`, before layer ``at``."""
    players = build.players(owner, np.asarray(baseline))
    inside = replace(case, players=players, present=build.coalitions(players.n_players, 40, at))
    return Inside(inside, entry, lambda module, x: module[:at](x), lambda module, h: module[at:](h))


def vit_stem(vit: Any, x: torch.Tensor) -> torch.Tensor:
    return vit.blocks[0](vit.norm_pre(vit._pos_embed(vit.patch_embed(x))))


def vit_tail(vit: Any, h: torch.Tensor) -> torch.Tensor:
    return vit.forward_head(vit.norm(vit.blocks[1](h)))


@pytest.fixture(params=["channels", "cells", "units of maps", "units", "classifier", "tokens"])
def inside(request, cases, build) -> Inside:
    rng = np.random.default_rng(7)
    convnet, transformer, mlp = cases["convnet"], cases["transformer"], cases["mlp"]
    if request.param == "channels":
        owner = np.array([0, 1, 2, -1, 3, 4, 5, 5])[:, None, None]
        return sliced(convnet, Entry("output", "2"), 3, owner, 0.25, build)
    if request.param == "cells":
        owner = np.arange(7 * 7).reshape(1, 7, 7)
        return sliced(convnet, Entry("into", "7"), 7, owner, rng.normal(size=(16, 1, 1)), build)
    if request.param == "units of maps":
        owner = np.arange(-1, 16 * 7 * 7 - 1).reshape(16, 7, 7)
        return sliced(convnet, Entry("output", "6"), 7, owner, rng.normal(size=(16, 7, 7)), build)
    if request.param == "classifier":
        return sliced(convnet, Entry("into", "9"), 9, np.arange(64), rng.normal(size=64), build)
    if request.param == "units":
        return sliced(mlp, Entry("output", "1"), 2, np.arange(20) % 18 - 1, 0.0, build)
    owner = np.arange(-1, 12)[:, None]  # the class token is always present
    case = replace(
        transformer, players=build.players(owner, rng.normal(size=(1, 24))), present=build.coalitions(12, 40, 5)
    )
    return Inside(case, Entry("into", "blocks.1"), vit_stem, vit_tail)


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_records_equal_the_tail_by_hand(inside, rows, build, gap):
    expected = inside.naive(build)
    assert expected.std(axis=0).min() > 1e-3 * np.abs(expected).max(), "masking must change the outputs"
    got = inside.records(rows)
    assert got.shape == expected.shape
    assert gap(got, expected) <= 1e-5


@pytest.mark.parametrize("rows", [7, 64])
def test_bits_do_not_depend_on_the_neighbours(inside, rows):
    whole, packed = inside.records(rows), inside.case.packed
    order = np.random.default_rng(0).permutation(len(whole))
    np.testing.assert_array_equal(inside.records(rows, packed[order]), whole[order])
    np.testing.assert_array_equal(inside.records(rows, packed[order[:5]]), whole[order[:5]])


def test_the_way_is_known_once_it_is_open(inside):
    evaluator = inside.evaluator(8)
    assert evaluator.stem.way == ""
    evaluator.open(inside.case.sample)
    assert evaluator.stem.way
    assert evaluator.stem.difference <= 1e-6


def test_the_mean_of_what_stands_there(inside, gap):
    rng = np.random.default_rng(1)
    shape = inside.case.sample.input.shape
    samples = [Sample(f"s/{i}", rng.normal(size=shape).astype(np.float32), 0) for i in range(3)]
    expected = np.mean([inside.naive_standing(sample) for sample in samples], axis=0)
    mean = inside.evaluator(8).stem.mean(samples, 8)
    assert mean.dtype == np.float32
    assert mean.shape == expected.shape
    assert gap(mean, expected) <= 1e-5


class Counted(nn.Module):
    """Remembers the batches that went through it."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner
        self.seen: list[torch.Tensor] = []

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.seen.append(batch)
        return self.inner(batch)


def counted_halves(case: Any, build: Any, swap: Any, tail: Callable[[nn.Module], nn.Module] = Counted) -> Any:
    """The MLP as two modules that count, entered between them."""
    module = nn.Sequential(Counted(case.model.module[:2]), tail(case.model.module[2:]))
    units = replace(swap(case, module), players=build.players(np.arange(20), np.zeros(20)))
    return replace(units, present=build.coalitions(20, 40, 2)), *module


def test_the_stem_runs_once_per_sample(cases, build, swap):
    case, stem, tail = counted_halves(cases["mlp"], build, swap)
    evaluator = Evaluator(case.model, CPU, 8, entry=Entry("output", "0"))
    evaluator.open(case.sample)
    stem.seen.clear()
    tail.seen.clear()
    other = replace(case.sample, id="rows/2", input=-case.sample.input)
    assert evaluator.records(case.sample, case.players, case.packed[:0], case.classes).shape == (0, 2, 4)
    assert (len(stem.seen), len(tail.seen)) == (0, 0), "no coalitions, no forward pass"
    first = evaluator.records(case.sample, case.players, case.packed[:16], case.classes)
    rest = evaluator.records(case.sample, case.players, case.packed[16:], case.classes)
    assert [len(batch) for batch in stem.seen] == [1]
    assert [len(batch) for batch in tail.seen if len(batch) > 1] == [8] * 5
    evaluator.records(other, case.players, case.packed[:16], case.classes)
    assert [len(batch) for batch in stem.seen] == [1, 1]
    np.testing.assert_array_equal(stem.seen[1], -stem.seen[0])
    np.testing.assert_array_equal(np.concatenate([first, rest]), case.records(8, entry=Entry("output", "0")))


@pytest.mark.parametrize("most", [5, 12])
def test_the_batch_is_halved_inside_the_network_too(cases, build, swap, limited, gap, most):
    case, stem, tail = counted_halves(cases["mlp"], build, swap, lambda half: limited(half, most, MemoryError()))
    evaluator = Evaluator(case.model, CPU, 40, entry=Entry("output", "0"))
    evaluator.open(case.sample)
    stem.seen.clear()
    tail.refused.clear()
    records = evaluator.records(case.sample, case.players, case.packed, case.classes)
    assert len(stem.seen) == 1, "the stem does not run again"
    tail.most = 40
    assert gap(records, case.records(40, entry=Entry("output", "0"))) <= 1e-5
    refused = [rows for rows in (40, 20, 10) if rows > most]
    assert tail.refused == refused
    assert evaluator.back_offs == [BackOff(case.sample.id, 0, rows // 2) for rows in refused]


def test_the_stem_itself_does_not_fit(cases, build, swap):
    class Greedy(nn.Module):
        def forward(self, batch):
            raise torch.OutOfMemoryError("CUDA out of memory")

    case, *_ = counted_halves(cases["mlp"], build, swap)
    case.model.module[0] = Greedy()
    with pytest.raises(OutOfMemory, match="Not even one input of sample 'rows/1'"):
        Evaluator(case.model, CPU, 8, entry=Entry("output", "0")).open(case.sample)


def test_non_finite_activations_are_refused(cases, build, swap):
    case, *_ = counted_halves(cases["mlp"], build, swap)
    evaluator = Evaluator(case.model, CPU, 8, entry=Entry("output", "0"))
    evaluator.open(case.sample)
    poisoned = replace(case.sample, id="rows/nan", input=case.sample.input * np.nan)
    with pytest.raises(NonFiniteError, match="output of 0"):
        evaluator.stem.mean([case.sample, poisoned], evaluator.rows)
    with pytest.raises(NonFiniteError, match="sample 'rows/nan'"):
        evaluator.records(poisoned, case.players, case.packed[1:2], case.classes)


@pytest.mark.parametrize("owner", [np.arange(19), np.arange(2)[:, None, None], np.zeros((3, 20), dtype=int)])
def test_players_of_another_shape(cases, build, owner):
    players: PlayerSet = build.players(owner, np.zeros(()))
    case = replace(cases["mlp"], players=players)
    with pytest.raises(ShapeError, match=r"fits \(20,\), which stands at the entry .*, got"):
        case.records(8, np.ones((1, 3), dtype=np.uint8), entry=Entry("output", "1"))


def test_activations_of_a_convnet_keep_the_layout_of_its_images(cases, build, swap):
    case = cases["convnet"]
    module = nn.Sequential(case.model.module[:3], Counted(case.model.module[3:]))
    players = build.players(np.arange(8)[:, None, None], np.zeros(()))
    inside = replace(swap(case, module), players=players, present=build.coalitions(8, 8, 0))
    inside.records(8, entry=Entry("output", "0"))
    assert module[1].seen[-1].is_contiguous(memory_format=torch.channels_last)
    assert not module[1].seen[-1].is_contiguous()


def test_samples_of_other_lengths_have_no_mean_where_channels_lie_first(build):
    module = nn.Sequential(nn.Conv1d(3, 4, 1), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2))
    evaluator = Evaluator(build.model(build.randomised(module, 1), (3, 8), 2), CPU, 4, entry=Entry("output", "0"))
    samples = [Sample(f"s/{n}", np.ones((3, n), dtype=np.float32), 0) for n in (8, 6)]
    with pytest.raises(UsageError, match=r"\(4, 6\) and \(4, 8\) at the output of 0. Use --baseline zero"):
        evaluator.stem.mean(samples, evaluator.rows)
    assert evaluator.stem.mean(samples[:1], evaluator.rows).shape == (4, 8)
