from __future__ import annotations

from math import prod

import pytest
import torch

from interact_cli.engine.batch_rows import batch_rows
from interact_cli.engine.devices import describe, full_float32, resolve_device
from interact_cli.errors import UsageError

PRECISIONS = [("cuda", "matmul"), ("cudnn", "conv"), ("mkldnn", "matmul"), ("mkldnn", "conv")]


def precisions() -> list[str]:
    return [getattr(getattr(torch.backends, a), b).fp32_precision for a, b in PRECISIONS]


@pytest.fixture
def tf32():
    """A process whose user asked for lower precision, put back afterwards."""
    before = torch.get_float32_matmul_precision(), precisions()
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision(before[0])
    for (a, b), precision in zip(PRECISIONS, before[1], strict=True):
        getattr(getattr(torch.backends, a), b).fp32_precision = precision


def test_cpu():
    assert resolve_device("cpu") == torch.device("cpu")
    assert describe(resolve_device("cpu")) == "cpu"


def test_auto_takes_what_is_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert resolve_device("auto").type == "cpu"
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert resolve_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == torch.device("cuda", 0)


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:3"])
def test_cuda_asked_for_and_absent(monkeypatch, name):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match=f"'{name}' was asked for, but torch .* sees 0 CUDA devices"):
        resolve_device(name)


def test_cuda_of_a_number_that_does_not_exist(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert resolve_device("cuda") == torch.device("cuda", 0)
    assert resolve_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(UsageError, match="sees 2 CUDA devices"):
        resolve_device("cuda:2")


def test_mps_asked_for_and_absent(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(UsageError, match="this machine has none"):
        resolve_device("mps")


@pytest.mark.parametrize("name", ["", "gpu", "CPU", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "tpu", "auto "])
def test_names_that_are_none(name):
    with pytest.raises(UsageError, match="Expected --device"):
        resolve_device(name)


def test_full_float32_inside_and_restored_after(tf32):
    before = precisions()
    assert "ieee" not in before, "the setting must differ for the test to mean anything"
    with full_float32():
        assert precisions() == ["ieee"] * 4
    assert precisions() == before


def test_full_float32_is_restored_after_an_error(tf32):
    before = precisions()
    with pytest.raises(KeyError), full_float32():
        raise KeyError
    assert precisions() == before


def test_lower_precision_of_the_process_does_not_reach_the_values(case, tf32, naive, gap):
    assert gap(case.records(64), naive[case.model.family]) <= 1e-5


@pytest.mark.parametrize("family", ["mlp", "convnet", "transformer"])
@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_the_table_has_an_answer_for_every_size(build, family, device):
    shapes = [(1,), (12,), (5000,), (1, 8, 8), (3, 32, 32), (3, 64, 64), (3, 224, 224), (3, 1024, 1024)]
    rows = [
        batch_rows(build.model(torch.nn.Identity(), shape, 2, family), device) for shape in sorted(shapes, key=prod)
    ]
    assert rows == sorted(rows, reverse=True), "a larger input never has a larger batch"
    assert all(row >= 16 and row & (row - 1) == 0 for row in rows)
    assert max(rows) <= 4096, "no batch is larger than a journaled unit: the rest would be padding"


def test_asked_rows_win(build):
    model = build.model(torch.nn.Identity(), (12,), 2)
    assert batch_rows(model, "cpu", 7) == 7
    for asked in (0, -3, "many"):
        with pytest.raises(UsageError, match="--batch-size"):
            batch_rows(model, "cpu", asked)


def test_a_family_that_the_table_lacks(build):
    with pytest.raises(UsageError, match="got 'graph'"):
        batch_rows(build.model(torch.nn.Identity(), (12,), 2, "graph"), "cpu")
