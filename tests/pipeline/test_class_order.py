"""Labels by name stand for the network's classes of these names, whatever order a reader sorts them in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.workbench import done
from torch import nn

import interact_cli as ic
from interact_cli.datasets.drawing import draw
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.pipeline.class_order import in_network_order
from interact_cli.pipeline.inputs import range_inputs
from interact_cli.types import InputSpec, Model

OWN = ("contradiction", "entailment", "neutral")


def network(*class_names: str, n_classes: int = 3) -> Model:
    return Model(
        module=nn.Identity(), arch="py:x:y", arch_source="flag", input=InputSpec("columns", (1,)), output="classes",
        n_classes=n_classes, family="mlp", digest="", weights_key="", class_names=class_names,
    )  # fmt: skip


def data(*class_names: str, labels: tuple[int, ...] | None = (0, 1, 2, 1)) -> Samples:
    return Samples(
        name="made",
        split="all",
        kind="columns",
        ids=Numbered("made", 4),
        read=lambda index: np.array([float(index)]),
        labels=None if labels is None else np.array(labels),
        class_names=class_names,
        column_names=("x",),
        notes=("read",),
    )


def test_names_decide_and_capitals_do_not():
    dataset = data(*OWN)
    numbered = in_network_order(network("ENTAILMENT", "Neutral", "contradiction"), dataset)
    assert numbered.labels.tolist() == [2, 0, 1, 0]
    assert numbered.class_names == ("ENTAILMENT", "Neutral", "contradiction")
    assert numbered.notes[0] == "read" and "ENTAILMENT = 0, Neutral = 1, contradiction = 2" in numbered.notes[1]
    assert (dataset.labels.tolist(), dataset.class_names, dataset.notes) == ([0, 1, 2, 1], OWN, ("read",))


def test_data_with_some_of_the_classes():
    numbered = in_network_order(
        network("ant", "bee", "cat", "dog", n_classes=4), data("bee", "dog", labels=(0, 1, 1, 0))
    )
    assert numbered.labels.tolist() == [1, 3, 3, 1]


def test_a_class_that_no_sample_has_needs_no_name():
    numbered = in_network_order(network("b", "a", n_classes=2), data("a", "b", "other", labels=(0, 1, 1, 0)))
    assert numbered.labels.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (OWN, (0, 1, 2, 1)),
        (("0", "1", "2"), (0, 1, 2, 1)),
        (("x", "y", "z"), (0, 1, 2, 1)),
        ((), (0, 1, 2, 1)),
        (OWN[::-1], None),
    ],
)
def test_what_is_left_as_it_is(names, labels):
    dataset = data(*names, labels=labels)
    assert in_network_order(network(*OWN), dataset) is dataset
    assert in_network_order(network("2", "1", "0"), data("0", "1", "2")).labels.tolist() == [0, 1, 2, 1]
    assert in_network_order(network(), dataset) is dataset
    assert in_network_order(network("crane", "crane", "ox"), dataset) is dataset


def test_names_of_which_only_some_are_the_networks_are_told():
    numbered = in_network_order(network(*OWN), data("entailment", "neutral", "odd"))
    assert numbered.labels.tolist() == [0, 1, 2, 1]
    assert "1 of 3 classes of the data are none of the network's names ('odd')" in numbered.notes[1]


def test_the_draw_does_not_depend_on_the_network():
    dataset, model = data(*OWN), network(*OWN[::-1])
    model = replace(model, input=replace(model.input, columns=replace(model.input.columns, names=("x",))))
    inputs, labels = range_inputs(model, dataset, 0)
    drawn = draw(dataset, 4, 0)
    assert [int(row[0]) for row in inputs] == drawn
    assert labels.tolist() == [2 - dataset.labels[index] for index in drawn]


def test_a_network_that_knows_the_answer_is_right(desk: Path):
    (desk / "net.py").write_text(
        "import torch\n"
        "class Known(torch.nn.Module):\n"
        "    input_shape, class_names = (3,), ('zebra', 'ant', 'Moth')\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.scale = torch.nn.Parameter(torch.ones(1))\n"
        "    def forward(self, x):\n"
        "        return self.scale * x\n"
        "def make():\n"
        "    return Known()\n"
    )
    rows = [[int(k == index % 3) for k in range(3)] for index in range(12)]
    names = ("ZEBRA", "ant", "moth")
    lines = ["zebra,ant,moth,label", *(f"{','.join(map(str, row))},{names[row.index(1)]}" for row in rows)]
    (desk / "rows.csv").write_text("\n".join(lines))
    torch.save({"scale": torch.ones(1)}, "net.pt")
    done("measure", "net.pt", "--arch", "py:net.py:make", "-d", "csv:rows.csv", "-m", "shapley", "-o", "a.h5")
    report = ic.read_report("a.h5")
    assert report.samples.accuracy == 1.0
    assert report.provenance["class_names"] == ["zebra", "ant", "Moth"]
