"""CUDA against the CPU; deselected unless ``-m gpu`` asks for it, and then a missing device is a failure."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.engine.devices import describe, resolve_device
from interact_cli.engine.evaluator import Evaluator

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_cuda_equals_the_cpu_in_float64(case, rows, naive, gap):
    records = case.records(rows, device="cuda")
    assert gap(records, naive[case.model.family]) <= 1e-5


def test_bits_do_not_depend_on_the_neighbours_on_cuda(case):
    whole = case.records(64, device="cuda")
    order = np.random.default_rng(0).permutation(len(whole))
    np.testing.assert_array_equal(case.records(64, case.packed[order], device="cuda"), whole[order])
    np.testing.assert_array_equal(case.records(64, case.packed[:1], device="cuda"), whole[:1])


def test_features_on_cuda_equal_those_on_the_cpu(case, gap):
    features = ("", next(name for name, _ in case.model.module.named_children()))
    on_cuda = case.records(64, device="cuda", features=features)
    assert gap(on_cuda, case.records(64, features=features)) <= 1e-5


def test_auto_takes_cuda():
    assert resolve_device("auto").type == "cuda"
    assert describe(resolve_device("cuda")).startswith("cuda (")


def test_real_memory_runs_out(cases, swap, gap, naive):
    """A layer that needs a share of the device's memory for each row: 64 rows never fit, 8 always do."""

    class Greedy(nn.Module):
        def __init__(self, inner: nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            _, total = torch.cuda.mem_get_info(batch.device)
            scratch = torch.empty(len(batch), total // 40, dtype=torch.uint8, device=batch.device)
            return self.inner(batch) + 0 * scratch[:, :1].float()

    case = cases["mlp"]
    evaluator = Evaluator(swap(case, Greedy(case.model.module)).model, torch.device("cuda"), 64)
    records = evaluator.records(case.sample, case.players, case.packed, case.classes)
    assert gap(records, naive["mlp"]) <= 1e-5
    assert 8 <= evaluator.rows < 64
    assert evaluator.back_offs
