"""What the engine does when memory runs out or the network misbehaves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.engine.evaluator import UNMASKED, BackOff, Evaluator
from interact_cli.errors import NonFiniteError, OutOfMemory, RunFailed
from interact_cli.progress import Silent

CPU = torch.device("cpu")
ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: not enough memory: you tried to allocate"),
    RuntimeError("MPS backend out of memory (MPS allocated: 5.00 GB)"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if you passed"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]


class Warnings(Silent):
    def __init__(self) -> None:
        self.messages: list[str] = []
        self.done = 0

    def warn(self, message: str) -> None:
        self.messages.append(message)

    def advance(self, done: int) -> None:
        self.done += done


def ask(evaluator, case, packed=None):
    return evaluator.records(case.sample, case.players, case.packed if packed is None else packed, case.classes)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: str(error)[:30])
def test_halves_until_it_fits(cases, limited, swap, naive, gap, error):
    """Whatever a device calls it."""
    assert_halved(cases["mlp"], limited, swap, naive, gap, error)


@pytest.mark.parametrize("family", ["convnet", "transformer"])
def test_every_family_halves(cases, limited, swap, naive, gap, family):
    assert_halved(cases[family], limited, swap, naive, gap, ERRORS[0])


def assert_halved(case, limited, swap, naive, gap, error):
    module = limited(case.model.module, 5, error)
    progress = Warnings()
    evaluator = Evaluator(swap(case, module).model, CPU, 40, progress)
    records = ask(evaluator, case)
    assert gap(records, naive[case.model.family]) <= 1e-5
    assert module.refused == [40, 20, 10]
    assert {len(batch) for batch in module.finished} == {5}
    assert evaluator.rows == 5
    assert evaluator.first_rows == 40
    assert evaluator.back_offs == [BackOff(case.sample.id, 0, rows) for rows in (20, 10, 5)]
    assert [message.split(":")[0] for message in progress.messages] == ["Out of memory"] * 3
    assert progress.done == len(case.packed)


def test_finished_rows_are_not_repeated(cases, limited, swap, gap):
    case = cases["mlp"]
    module = limited(case.model.module, 64, ERRORS[0])
    evaluator = Evaluator(swap(case, module).model, CPU, 16)
    forward = module.forward

    def third_batch_is_too_much(batch):
        if len(module.finished) == 2:
            module.most = 8
        return forward(batch)

    module.forward = third_batch_is_too_much
    records = ask(evaluator, case)
    assert evaluator.back_offs == [BackOff(case.sample.id, 32, 8)]
    assert [len(batch) for batch in module.finished] == [16, 16, 8, 8, 8, 8]
    assert module.refused == [16]
    np.testing.assert_array_equal(records[:32], case.records(16)[:32])
    np.testing.assert_array_equal(records[32:], case.records(8)[32:])


def test_the_smaller_batch_stays(cases, limited, swap):
    case = cases["mlp"]
    module = limited(case.model.module, 8, ERRORS[0])
    evaluator = Evaluator(swap(case, module).model, CPU, 32)
    ask(evaluator, case)
    ask(evaluator, case)
    assert module.refused == [32, 16]
    assert len(evaluator.back_offs) == 2


def test_not_even_one_row(cases, limited, swap):
    case = cases["mlp"]
    evaluator = Evaluator(swap(case, limited(case.model.module, 0, ERRORS[0])).model, CPU, 8)
    with pytest.raises(OutOfMemory, match="Not even one input of sample 'rows/1'") as caught:
        ask(evaluator, case)
    assert caught.value.exit_code == 5
    assert [back_off.rows for back_off in evaluator.back_offs] == [4, 2, 1]


def test_memory_runs_out_on_unmasked_inputs(case, limited, swap, gap):
    inputs = [case.sample.input * scale for scale in np.linspace(-1, 1, 11, dtype=np.float32)]
    expected = Evaluator(case.model, CPU, 4).logits(inputs)
    evaluator = Evaluator(swap(case, limited(case.model.module, 5, ERRORS[1])).model, CPU, 16)
    assert gap(evaluator.logits(inputs), expected) <= 1e-5
    assert evaluator.back_offs == [BackOff(UNMASKED, 0, 8), BackOff(UNMASKED, 0, 4)]


def test_the_network_itself_does_not_fit(cases, swap):
    class Huge(nn.Module):
        def to(self, *args, **kwargs):
            raise ERRORS[0]

    with pytest.raises(OutOfMemory, match="network itself"):
        Evaluator(swap(cases["mlp"], Huge()).model, CPU, 8)


def test_back_off_frees_what_the_failed_batch_held(cases, swap):
    case = cases["mlp"]
    alive: list[torch.Tensor] = []

    class Hoarder(nn.Module):
        def forward(self, batch):
            activation = Tracked(torch.ones(3))
            if len(batch) > 8:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return case.model.module(batch) + 0 * activation.sum()

    class Tracked:
        def __init__(self, tensor):
            self.sum = tensor.sum
            alive.append(self.sum)

        def __del__(self):
            alive.remove(self.sum)

    seen: list[int] = []

    class Watching(Warnings):
        def warn(self, message):
            seen.append(len(alive))

    ask(Evaluator(swap(case, Hoarder()).model, CPU, 16, Watching()), case)
    assert seen == [0]


def test_other_errors_pass_through(cases, limited, swap):
    case = swap(
        cases["mlp"], limited(cases["mlp"].model.module, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    )
    evaluator = Evaluator(case.model, CPU, 8)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        ask(evaluator, case)
    assert not evaluator.back_offs


class Broken(nn.Module):
    def __init__(self, inner, value, slot=0):
        super().__init__()
        self.inner, self.value, self.slot = inner, value, slot

    def forward(self, batch):
        outputs = self.inner(batch).clone()
        outputs[-1, self.slot] = self.value
        return outputs


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("slot", [0, 1])
def test_non_finite_outputs_name_the_sample(cases, swap, value, slot):
    case = swap(cases["mlp"], Broken(cases["mlp"].model.module, value, slot))
    with pytest.raises(NonFiniteError, match="masked inputs of sample 'rows/1'") as caught:
        ask(Evaluator(case.model, CPU, 8), case)
    assert caught.value.exit_code == 5
    with pytest.raises(NonFiniteError, match="unmasked"):
        Evaluator(case.model, CPU, 1).logits([case.sample.input])


def test_non_finite_padding_is_nobody_s_business(cases, swap):
    case = swap(cases["mlp"], Broken(cases["mlp"].model.module, float("nan")))
    assert np.isfinite(ask(Evaluator(case.model, CPU, 65), case)).all()


@pytest.mark.parametrize(
    ("change", "arrived"),
    [
        (lambda outputs: outputs[:, :, None], r"shape \(8, 3, 1\)"),
        (lambda outputs: outputs[:, :2], r"shape \(8, 2\)"),
        (lambda outputs: outputs[0], r"shape \(3,\)"),
        (lambda outputs: outputs[:1], r"shape \(1, 3\)"),
        (lambda outputs: outputs.sum(), r"shape \(\)"),
        (lambda outputs: {"logits": outputs}, "a dict"),
        (lambda outputs: (outputs, None), "a tuple"),
    ],
)
def test_outputs_of_another_shape(cases, swap, change, arrived):
    class Odd(nn.Module):
        def forward(self, batch):
            return change(cases["mlp"].model.module(batch))

    case = swap(cases["mlp"], Odd())
    with pytest.raises(RunFailed, match=rf"= \(8, 3\), got {arrived}"):
        ask(Evaluator(case.model, CPU, 8), case)
    with pytest.raises(RunFailed, match="tensor of shape"):
        Evaluator(case.model, CPU, 8).logits([case.sample.input])
