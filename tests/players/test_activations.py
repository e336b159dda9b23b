from __future__ import annotations

import numpy as np
import pytest
from support.inner_networks import Shared, Winding, model_of, randomised, timm_network
from torch import nn

from interact_cli.entries.shapes import Standing
from interact_cli.errors import SampleSkipped, ShapeError, UnknownNameError, UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.activations import activations, cut_activation
from interact_cli.types import Entry, InputSpec, Sample, Tokens

ZERO = Baseline("zero", np.zeros((), dtype=np.float32), "zero")


def made(name: str, argument: str | None, unit: str | None = None, baseline: Baseline = ZERO):
    network, inputs = timm_network(name)
    model = model_of(network, *inputs.shape[1:], classifier="fc")
    players = activations(argument, model, PlayerOptions(unit=unit))
    return players, players.of(Sample("one", inputs[0].numpy(), 0), baseline)


@pytest.mark.parametrize(
    ("name", "argument", "unit", "names", "owner", "spec"),
    [
        ("resnet18", None, None, "unit 511", (512,), "activations:pre-dropout:fc"),
        ("resnet18", "layer3", None, "channel 255", (256, 1, 1), "activations:layer3"),
        ("resnet18", "layer3", "unit", "unit 1023", (256, 2, 2), "activations:layer3"),
        ("resnet18", "layer2", "cell", "r3c3", (1, 4, 4), "activations:layer2"),
        ("vit_tiny_patch16_224", "blocks.1", None, "channel 23", (1, 24), "activations:blocks.1"),
        ("vit_tiny_patch16_224", "blocks.1", "cell", "token 16", (17, 1), "activations:blocks.1"),
        ("vit_tiny_patch16_224", "pre-dropout", None, "unit 23", (24,), "activations:pre-dropout:head_drop"),
        ("swin_tiny_patch4_window7_224", "layers.1", None, "channel 23", (1, 1, 24), "activations:layers.1"),
        ("swin_tiny_patch4_window7_224", "layers.1", "cell", "r7c7", (8, 8, 1), "activations:layers.1"),
    ],
)
def test_players_of_an_activation(name, argument, unit, names, owner, spec):
    players, made_set = made(name, argument, unit)
    assert made_set.names[-1] == names
    assert made_set.owner.shape == owner
    assert made_set.owner.ravel().tolist() == list(range(made_set.n_players))
    assert (players.spec, made_set.spec, made_set.entry) == (spec, spec, players.entry)
    assert made_set.grid == (owner[1:] if names == "r3c3" else (8, 8) if names == "r7c7" else None)


@pytest.mark.parametrize("unit", ["unit", "channel", "cell"])
@pytest.mark.parametrize(("shape", "channels"), [((3, 2, 4), 0), ((2, 4, 3), 2), ((5, 3), 1), ((3, 2, 2, 2), 0)])
def test_every_number_belongs_to_the_player_of_its_place(unit, shape, channels):
    cut = cut_activation(Standing(shape, channels), unit)
    owner = np.broadcast_to(cut.owner, shape)
    key = {
        "unit": lambda place: place,
        "channel": lambda place: place[channels],
        "cell": lambda place: tuple(np.delete(place, channels)),
    }[unit]
    places = [tuple(map(int, place)) for place in np.ndindex(shape)]
    players: dict[object, set[int]] = {}
    for place in places:
        players.setdefault(key(place), set()).add(int(owner[place]))
    assert all(len(owners) == 1 for owners in players.values())
    assert sorted(owner for owners in players.values() for owner in owners) == list(range(len(cut.names)))
    assert len(set(cut.names)) == len(cut.names)


def test_baselines_broadcast_to_the_activation():
    for shape in ((), (256, 1, 1), (256, 2, 2), (1, 2, 2)):
        values = np.ones(shape, dtype=np.float32)
        assert made("resnet18", "layer3", baseline=Baseline("data-mean", values, "mean"))[1].baseline is values
    for shape in ((3, 1, 1), (2, 256, 2, 2), (512,)):
        with pytest.raises(ShapeError, match=r"broadcasts to the activation \(256, 2, 2\), got \("):
            made("resnet18", "layer3", baseline=Baseline("data-mean", np.ones(shape, dtype=np.float32), "mean"))


class Texts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words, self.body = nn.Embedding(9, 4), nn.Linear(4, 5)

    def forward(self, tokens):
        return self.body(self.words(tokens[:, 0])).mean(1)


def text(*pieces: str) -> Sample:
    words = np.array([-1 if piece.startswith("[") else 0 for piece in pieces])
    tokens = Tokens(np.zeros((3, len(pieces)), dtype=np.int64), pieces, words, ("a",))
    return Sample("text", tokens.input, 0, tokens=tokens)


def test_texts_of_every_length():
    model = model_of(randomised(Texts()), 3, input=InputSpec("text", (3, 16)))
    cells = activations("body", model, PlayerOptions(unit="cell"))
    for pieces in (("[CLS]", "un", "##kind", "[SEP]"), ("[CLS]", "so", "so", "so", "[SEP]")):
        players = cells.of(text(*pieces), ZERO)
        assert players.names == pieces[1:-1]
        assert players.owner.ravel().tolist() == [-1, *range(len(pieces) - 2), -1]
        assert players.owner.shape == (len(pieces), 1)
    with pytest.raises(SampleSkipped, match="1 players in sample 'text'"):
        cells.of(text("[CLS]", "one", "[SEP]"), ZERO)
    channels = activations("body", model, PlayerOptions())
    assert channels.of(text("[CLS]", "one", "[SEP]"), ZERO).names == tuple(f"channel {i}" for i in range(5))
    assert activations("body", model, PlayerOptions(unit="unit")).of(text("a", "b"), ZERO).n_players == 10


def test_options_and_arguments_that_do_not_fit():
    network, inputs = timm_network("resnet18")
    model = model_of(network, *inputs.shape[1:], classifier="fc")
    with pytest.raises(UsageError, match="Expected --unit unit, channel or cell, got 'neuron'"):
        activations("layer3", model, PlayerOptions(unit="neuron"))
    with pytest.raises(UsageError, match="--span does not apply to players 'activations:layer3'"):
        activations("layer3", model, PlayerOptions(span="1:3"))
    with pytest.raises(UnknownNameError, match="Did you mean 'layer3'"):
        activations("layr3", model, PlayerOptions())
    with pytest.raises(
        UsageError, match=r"got 1: 'activations:layer4' has shape .512, 1, 1., by cell. Use --unit unit"
    ):
        activations("layer4", model, PlayerOptions(unit="cell"))
    with pytest.raises(UsageError, match="found none that runs"):
        activations(None, model_of(randomised(Winding()), 6), PlayerOptions())
    with pytest.raises(UsageError, match="comes by the output of twice 2 times"):
        activations("twice", model_of(randomised(Shared()), 6), PlayerOptions())


def test_one_number_is_no_game():
    model = model_of(randomised(nn.Sequential(nn.Linear(6, 1), nn.Linear(1, 4))), 6)
    with pytest.raises(UsageError, match=r"by unit\. Use another module"):
        activations("0", model, PlayerOptions())


def test_the_network_is_asked_once_for_every_shape():
    network, inputs = timm_network("vit_tiny_patch16_224")
    players = activations("blocks.1", model_of(network, *inputs.shape[1:]), PlayerOptions())
    runs = []
    hook = network.register_forward_hook(lambda *_: runs.append(1))
    for _ in range(3):
        players.of(Sample("one", inputs[0].numpy(), 0), ZERO)
    hook.remove()
    assert len(runs) == 1
    assert players.entry == Entry("output", "blocks.1")


def test_the_names_of_many_units_are_held_once():
    players, one = made("resnet18", "layer3", "unit")
    other = players.of(Sample("other", np.zeros((3, 32, 32), dtype=np.float32), 0), ZERO)
    assert other.names is one.names
    assert other.owner is one.owner
