from __future__ import annotations

import pytest
import timm
import torch
from support.inner_networks import Functional, Shared, Winding, halved, model_of, noise, randomised, timm_network
from torch import nn

from interact_cli.entries.hooks import Hooked
from interact_cli.entries.locate import argument_of, locate
from interact_cli.entries.passages import open_passage
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.types import Entry


class Layers(nn.Module):
    """Dropout layers of probability 0, a functional dropout between them, and one that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.drop_a, self.block = nn.Linear(6, 8), nn.Dropout(0.0), Functional8()
        self.b, self.drop_b, self.unused = nn.Linear(8, 4), nn.Dropout1d(0.3), nn.Dropout(0.5)

    def forward(self, x):
        return self.drop_b(self.b(self.block(self.drop_a(self.a(x)))))


class Functional8(Functional):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.out = nn.Linear(8, 8), nn.Linear(8, 8)


LAYERS = model_of(randomised(Layers()), 6)
EXAMPLE = noise(1, 6)


@pytest.mark.parametrize(
    ("argument", "entry"),
    [
        ("a", Entry("output", "a")),
        ("block.second", Entry("output", "block.second")),
        (None, Entry("into", "drop_b")),
        ("pre-dropout", Entry("into", "drop_b")),
        ("pre-dropout:last", Entry("into", "drop_b")),
        ("pre-dropout:first", Entry("into", "drop_a")),
        ("pre-dropout:drop_a", Entry("into", "drop_a")),
        ("pre-dropout:block[0]", Entry("dropout", "block", 0)),
        ("pre-dropout:block[1]", Entry("dropout", "block", 1)),
    ],
)
def test_entries_by_argument(argument, entry):
    found = locate(LAYERS, argument, EXAMPLE)
    assert found == entry
    assert locate(LAYERS, argument_of(found), EXAMPLE) == found


def test_a_functional_dropout_alone():
    model = model_of(randomised(Functional()), 6)
    assert locate(model, "pre-dropout:first", EXAMPLE) == Entry("dropout", "", 0)
    assert locate(model, "pre-dropout", EXAMPLE) == Entry("dropout", "", 1)
    assert locate(model, "pre-dropout:[1]", EXAMPLE) == Entry("dropout", "", 1)


def test_the_functional_dropout_of_a_timm_network():
    module = timm.create_model("resnet18", num_classes=4, drop_rate=0.2)
    model = model_of(module, 3, 32, 32, classifier="fc")
    assert locate(model, None, torch.zeros(1, 3, 32, 32)) == Entry("dropout", "", 0)


@pytest.mark.parametrize("argument", ["pre-dropout", "pre-dropout:first", "pre-dropout:fc"])
def test_without_dropout_the_classifier(argument):
    network, inputs = timm_network("resnet18")
    model = model_of(network, *inputs.shape[1:], classifier="fc")
    entry = locate(model, argument, inputs)
    assert entry == Entry("into", "fc")
    assert argument_of(entry) == "pre-dropout:fc"


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("vit_tiny_patch16_224", Entry("into", "head_drop")),
        ("convnext_tiny", Entry("into", "head.drop")),
        ("densenet121", Entry("into", "head_drop")),
        ("swin_tiny_patch4_window7_224", Entry("into", "head.drop")),
    ],
)
def test_timm_heads(name, entry):
    network, inputs = timm_network(name)
    assert locate(model_of(network, *inputs.shape[1:]), None, inputs) == entry


def test_neither_dropout_nor_classifier_that_runs():
    network = randomised(Winding())
    network.unused = torch.nn.Dropout()
    model = model_of(network, 6)
    with pytest.raises(
        UsageError, match=r"found none that runs. Name a module, for example one of: stem, middle, out\. "
    ):
        locate(model, None, EXAMPLE)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("blok", "Unknown module 'blok'. Did you mean 'block'"),
        ("", "Unknown module ''"),
        ("a\x1b[2J", r"Unknown module 'a\\x1b\[2J'"),
        ("pre-dropout:drop_c", "Unknown dropout 'drop_c'. Did you mean 'drop_"),
        ("pre-dropout:unused", "Unknown dropout 'unused'"),
        ("pre-dropout:block", r"Unknown dropout 'block'. Did you mean 'block\[[01]\]'"),
        ("pre-dropout:block[2]", "Unknown dropout"),
    ],
)
def test_names_that_nothing_has(argument, message):
    with pytest.raises(UnknownNameError, match=message):
        locate(LAYERS, argument, EXAMPLE)


@pytest.mark.parametrize(("name", "runs"), [("twice", 2), ("never", 0)])
def test_modules_that_do_not_run_once(name, runs):
    with pytest.raises(UsageError, match=f"comes by the output of {name} {runs} times"):
        locate(model_of(randomised(Shared()), 6), name, EXAMPLE)


class Head(nn.Module):
    """One dropout layer that runs twice, as in RoBERTa's classification head."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.drop, self.out = nn.Linear(6, 8), nn.Dropout(0.1), nn.Linear(8, 4)

    def forward(self, x):
        return self.out(self.drop(self.dense(self.drop(x)).tanh()))


@pytest.mark.parametrize(
    ("argument", "run", "width"),
    [("pre-dropout", 1, 8), ("pre-dropout:drop[1]", 1, 8), ("pre-dropout:first", 0, 6), ("pre-dropout:drop", 0, 6)],
)
def test_a_dropout_layer_that_runs_twice(argument, run, width):
    network = randomised(Head())
    model = model_of(network, 6)
    entry = locate(model, argument, EXAMPLE)
    assert entry == Entry("into", "drop", run)
    assert locate(model, argument_of(entry), EXAMPLE) == entry
    for passage in (Hooked(network, entry), open_passage(network, entry, EXAMPLE).passage):
        with torch.inference_mode():
            at, carried = passage.start(EXAMPLE)
            assert at.shape == (1, width)
            masked = halved(at)
            by_hand = network.out(masked) if run else network(masked)
            torch.testing.assert_close(passage.finish(masked.clone(), carried), by_hand)
