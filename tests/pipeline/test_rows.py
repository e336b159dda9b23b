"""How many rows go through which part of a network at once."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.workbench import done, refused
from torch import nn

import interact_cli as ic
from interact_cli.engine.batch_rows import batch_rows, whole_rows
from interact_cli.engine.evaluator import Evaluator
from interact_cli.types import Entry, InputSpec, Model

NETWORK = """
from torch import nn


class Net(nn.Module):
    input_shape = (3, 64, 64)

    def __init__(self, winding):
        super().__init__()
        self.winding = winding
        self.stem = nn.Sequential(nn.Conv2d(3, 2, 8, 8), nn.Flatten(), nn.Linear(128, 6), nn.ReLU())
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        h = self.stem(x)
        if self.winding and float(h.abs().max()) < 1e9:
            return self.head(h.sin())
        return self.head(h)


def make(winding=0):
    return Net(winding)
"""


def model(family: str) -> Model:
    return Model(nn.Identity(), "py:x", "", InputSpec("image", (3, 64, 64)), "classes", 3, family, "", "")


def test_whole_rows_are_those_of_the_table_and_no_more_than_the_others():
    assert whole_rows(model("convnet"), "cpu", 256, 3 * 64 * 64) == 64
    assert whole_rows(model("convnet"), "cpu", 8, 3 * 64 * 64) == 8
    assert whole_rows(model("of a plugin"), "cpu", 40, 3 * 64 * 64) == 40
    assert batch_rows(model("convnet"), "cpu") == 64


def test_unmasked_inputs_are_not_padded_to_the_rows_behind_the_entry():
    seen: list[int] = []
    module = nn.Sequential(nn.Flatten(), nn.Linear(48, 6), nn.Linear(6, 3))
    module[0].register_forward_pre_hook(lambda _module, args: seen.append(len(args[0])))
    network = replace(model("mlp"), module=module, input=InputSpec("image", (3, 4, 4)))
    evaluator = Evaluator(network, torch.device("cpu"), 64, entry=Entry("output", "1"), whole_rows=4)
    inputs = list(np.random.default_rng(0).normal(size=(5, 3, 4, 4)).astype(np.float32))
    logits = evaluator.logits(inputs)
    assert seen == [4, 4]
    with torch.no_grad():
        np.testing.assert_allclose(logits, module(torch.from_numpy(np.stack(inputs))), atol=1e-6)


@pytest.mark.parametrize(("winding", "way", "rows"), [(0, "slice", 2048), (1, "replay", 512)])
def test_a_way_through_the_whole_network_takes_its_rows(desk: Path, winding: int, way: str, rows: int):
    Path("net.py").write_text(NETWORK)
    torch.save(runpy.run_path("net.py")["make"](winding).state_dict(), "net.pt")
    run = ("measure", "net.pt", "--arch", "py:net.py:make", "--arch-arg", f"winding={winding}", "-m", "shapley")
    done(*run, "-d", "photographs", "--players", "activations:stem", "-o", "a.h5")
    report = ic.read_report("a.h5")
    assert report.provenance["entry"]["way"].split(":")[0] == way
    assert report.provenance["batch_rows"] == report.config["run"]["batch_size"] == rows


def test_a_continuation_is_for_language_models(desk: Path):
    told = refused(2, "measure", "ckpt.pt", "-d", "digits", "-m", "shapley", "--continuation", " yes")
    assert "--continuation" in told
