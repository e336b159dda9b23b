from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.inner_networks import Functional, Shared, model_of, noise, randomised, timm_network
from torch import nn

from interact_cli.entries.modules import example_input, list_modules
from interact_cli.entries.shapes import standing
from interact_cli.errors import SampleSkipped, UsageError
from interact_cli.types import EMBEDDING, INPUT, Entry, InputSpec, Text, Tokens


def rows(module: nn.Module, inputs: torch.Tensor):
    model = model_of(module, *inputs.shape[1:])
    return {row.name: row for row in list_modules(model, inputs)}


def test_every_module_with_what_it_gives():
    found = rows(randomised(Shared()), noise(1, 6))
    assert list(found) == ["", "twice", "never", "pair", "out"]
    assert [row.type for row in found.values()] == ["Shared", "Linear", "Linear", "Pair", "Linear"]
    assert [row.shape for row in found.values()] == [(4,), (6,), None, None, (4,)]
    assert [row.runs for row in found.values()] == [1, 2, 0, 1, 1]
    assert [name for name, row in found.items() if row.entry] == ["", "out"]


def test_dropouts_and_what_feeds_them():
    network = nn.Sequential(nn.Linear(6, 8), nn.Sequential(nn.ReLU(), nn.Dropout(0.0)), nn.Linear(8, 4))
    found = rows(randomised(network), noise(1, 6))
    assert [name for name, row in found.items() if row.dropout] == ["1.1"]
    assert [name for name, row in found.items() if row.feeds_dropout] == ["1.0"]


def test_functional_dropouts():
    found = rows(randomised(Functional()), noise(1, 6))
    assert found[""].functional_dropouts == 2
    assert not any(row.feeds_dropout for row in found.values()), "a ReLU and a sum stand between"


@pytest.mark.parametrize(("rate", "expected"), [(None, ["2"]), (0.0, [])])
def test_the_classifier_stands_in_where_no_dropout_runs(rate, expected):
    between = nn.ReLU() if rate is None else nn.Dropout(rate)
    model = replace(model_of(nn.Sequential(nn.Linear(6, 8), between, nn.Linear(8, 4)), 6), classifier="2")
    assert [row.name for row in list_modules(model, noise(1, 6)) if row.stands_in] == expected


def test_a_timm_network():
    network, inputs = timm_network("vit_tiny_patch16_224")
    found = rows(network, inputs)
    assert found["blocks.2"].shape == (17, 24)
    assert found["head_drop"].dropout
    assert [name for name, row in found.items() if row.feeds_dropout and "." not in name] == ["fc_norm"]
    assert found["blocks.0.attn.attn_drop"].runs == 0, "attention drops inside its own kernel"


def test_windows_are_no_entry():
    network, inputs = timm_network("swin_tiny_patch4_window7_224")
    found = rows(network, inputs)
    assert (found["layers.1.blocks.0.attn"].shape, found["layers.1.blocks.0.attn"].entry) == (None, False)
    assert found["layers.1.blocks.0"].entry


class Reader:
    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses, self.read = refuses, []

    def __call__(self, text: Text) -> Tokens:
        if self.refuses:
            raise SampleSkipped("too long")
        self.read.append(text)
        return Tokens(np.ones((3, 5), dtype=np.int64), ("a",) * 5, np.arange(5), ("a",) * 5)

    def token_id(self, token: str) -> int:
        return 0


def test_examples():
    assert example_input(model_of(nn.Identity(), 3, 8, 9)).shape == (1, 3, 8, 9)
    text = InputSpec("text", (3, 6))
    reader = Reader()
    assert example_input(model_of(nn.Identity(), 6, input=text, tokenizer=reader)).tolist() == [[[1] * 5] * 3]
    assert reader.read[0].continuation is None
    for tokenizer in (None, Reader(refuses=True)):
        example = example_input(model_of(nn.Identity(), 6, input=text, tokenizer=tokenizer))
        assert (example.shape, example.dtype) == ((1, 3, 6), torch.int64)


@pytest.mark.parametrize(
    ("name", "entry", "shape", "channels"),
    [
        ("resnet18", Entry("output", "layer3"), (256, 2, 2), 0),
        ("resnet18", Entry("into", "fc"), (512,), 0),
        ("resnet18", Entry("output", "layer2.0.conv1"), (128, 4, 4), 0),
        ("vit_tiny_patch16_224", Entry("output", "blocks.1"), (17, 24), 1),
        ("vit_tiny_patch16_224", Entry("output", "patch_embed"), (16, 24), 1),
        ("convnext_tiny", Entry("output", "stages.1"), (16, 8, 8), 0),
        ("convnext_tiny", Entry("output", "stages.1.blocks.0.norm"), (8, 8, 16), 2),
        ("convnext_tiny", Entry("output", "stages.1.blocks.0.mlp.fc1"), (8, 8, 64), 2),
        ("convnext_tiny", Entry("output", "stem.1"), (8, 16, 16), 0),
        ("swin_tiny_patch4_window7_224", Entry("output", "patch_embed"), (16, 16, 12), 2),
        ("swin_tiny_patch4_window7_224", Entry("output", "layers.0.blocks.0"), (16, 16, 12), 2),
        ("swin_tiny_patch4_window7_224", Entry("output", "layers.1"), (8, 8, 24), 2),
        ("swin_tiny_patch4_window7_224", Entry("into", "head.drop"), (96,), 0),
    ],
    ids=str,
)
def test_shapes_and_channels(name, entry, shape, channels):
    network, inputs = timm_network(name)
    model = model_of(network, *inputs.shape[1:])
    stands = standing(model, entry, inputs[0].numpy())
    assert (stands.shape, stands.channels) == (shape, channels)
    assert standing(model, entry, inputs[0].numpy()).shape == shape


def test_the_shape_at_the_edges_of_the_network():
    network, inputs = timm_network("resnet18")
    model = model_of(network, *inputs.shape[1:])
    assert standing(model, INPUT, inputs[0].numpy()).shape == (3, 32, 32)
    with pytest.raises(UsageError, match="reads text"):
        standing(model, EMBEDDING, inputs[0].numpy())


def test_sequences_of_convolutions_have_their_channels_first():
    network = nn.Sequential(nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 3, 1), nn.Flatten(), nn.Linear(18, 4))
    model = model_of(randomised(network), 6)
    assert standing(model, Entry("output", "1"), noise(6).numpy()).channels == 0
