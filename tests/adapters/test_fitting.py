"""Weights that fit, nearly fit and do not fit."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import nn

from interact_cli.adapters.loading import load_model
from interact_cli.errors import CheckpointRefused, UsageError
from interact_cli.networks import mlp

ARCH = {"arch": "timm:resnet10t", "arch_arguments": {"num_classes": 10, "in_chans": 1}}
HEAD = ("fc.weight", "fc.bias")


def message_of(call, error) -> str:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.fixture
def load(save, builders):
    def loaded(state, **options):
        return load_model(save(state), builders=builders, **{**ARCH, **options})

    return loaded


@pytest.fixture
def headless(resnet):
    return {name: tensor for name, tensor in resnet.state_dict().items() if name not in HEAD}


def test_a_missing_head_is_refused_and_the_way_out_is_told_with_its_price(load, headless):
    message = message_of(partial(load, headless), CheckpointRefused)
    assert "2 missing ('fc.weight', 'fc.bias')" in message
    assert "--allow-missing 'fc.*'" in message
    assert "random classifier" in message


@pytest.mark.parametrize("patterns", [("fc.*",), ("fc.weight", "fc.bias"), ("*",)])
def test_a_missing_head_may_be_allowed(load, headless, patterns):
    model = load(headless, allow_missing=patterns)
    loaded = model.module.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in headless.items())
    assert torch.isfinite(loaded["fc.weight"]).all()
    assert loaded["fc.weight"].std() > 0
    (note,) = [note for note in model.notes if "--allow-missing" in note]
    assert f"2 of {len(loaded)} tensors" in note
    assert "'fc.weight', 'fc.bias'" in note


def test_the_random_start_is_always_the_same_and_leaves_the_generator_alone(load, headless):
    first = load(headless, allow_missing=("fc.*",)).module.fc.weight
    torch.random.default_generator.manual_seed(99)
    before = torch.random.get_rng_state()
    second = load(headless, allow_missing=("fc.*",)).module.fc.weight
    assert torch.equal(first, second)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_nothing_is_noted_where_nothing_is_missing(load, resnet):
    assert not any("--allow-missing" in note for note in load(resnet.state_dict(), allow_missing=("fc.*",)).notes)


def test_only_what_the_pattern_names_may_be_missing(load, headless):
    del headless["bn1.weight"]
    message = message_of(partial(load, headless, allow_missing=("fc.*",)), CheckpointRefused)
    assert "1 missing ('bn1.weight')" in message
    assert "--allow-missing" not in message


def test_other_shapes_are_never_allowed(load, resnet):
    state = dict(resnet.state_dict())
    state["fc.weight"] = torch.zeros(7, 512)
    state["fc.bias"] = torch.zeros(7)
    assert "got 7 classes" in message_of(partial(load, state, allow_missing=("*",)), CheckpointRefused)


def test_tensors_left_over_are_never_allowed(load, resnet):
    state = {**resnet.state_dict(), "fc2.weight": torch.zeros(1)}
    assert "1 unexpected ('fc2.weight')" in message_of(partial(load, state, allow_missing=("*",)), CheckpointRefused)


@pytest.mark.parametrize("pattern", ["head.*", "FC.*", "fc"])
def test_a_pattern_that_names_nothing_is_a_mistake(load, resnet, pattern):
    message = message_of(partial(load, resnet.state_dict(), allow_missing=(pattern,)), UsageError)
    assert f"'{pattern}'" in message
    assert "'fc.*'" in message


def test_a_head_of_several_layers_is_named_by_what_they_share(save, builders, tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\ndef make():\n"
        "    head = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))\n"
        "    return nn.Sequential(nn.Linear(4, 3), head)\n"
    )
    arch = f"py:{tmp_path / 'net.py'}:make"
    path = save({"0.weight": torch.zeros(3, 4), "0.bias": torch.zeros(3)})
    call = partial(load_model, path, arch=arch, builders=builders)
    assert "--allow-missing '1.*'" in message_of(call, CheckpointRefused)
    assert load_model(path, arch=arch, builders=builders, allow_missing=("1.*",)).n_classes == 2


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "model.", "net.", "backbone.", "module._orig_mod.", "_orig_mod.module.", "model.net."],
)
def test_prefixes_are_stripped_and_told(load, prefix):
    options = {"arch": "paper:mlp5", "arch_arguments": {"n_columns": 4, "n_outputs": 2}}
    state = {f"{prefix}{name}": tensor for name, tensor in mlp(4, 2).state_dict().items()}
    told = f"prefix '{prefix}' stripped from every tensor name"
    assert told in load(state, **options).notes
    del state[f"{prefix}8.bias"]
    assert told in load(state, **options, allow_missing=("8.bias",)).notes


def test_a_prefix_is_no_prefix_where_only_some_names_have_it(load, resnet):
    state = {f"module.{name}" if name in HEAD else name: tensor for name, tensor in resnet.state_dict().items()}
    message = message_of(partial(load, state), CheckpointRefused)
    assert "2 missing" in message
    assert "2 unexpected ('module.fc.weight'" in message


def test_what_lies_beside_the_network_is_told_and_not_dropped(load, resnet):
    state = {f"net.{name}": tensor for name, tensor in resnet.state_dict().items()} | {"loss.weight": torch.ones(10)}
    message = message_of(partial(load, state), CheckpointRefused)
    assert "What begins with 'net.' is the network" in message
    recipe = message.partition("state = ")[2].partition(";")[0]
    kept = eval(recipe, {"state": state})
    assert load(kept).module.state_dict().keys() == kept.keys()
    del state["net.fc.bias"]
    assert "Name the right one" in message_of(partial(load, state), CheckpointRefused)


def test_a_network_may_itself_have_a_part_of_that_name(save, builders, tmp_path):
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n\nclass Net(nn.Module):\n    input_shape = (4,)\n\n    def __init__(self):\n"
        "        super().__init__()\n        self.model = nn.Linear(4, 2)\n\n"
        "    def forward(self, x):\n        return self.model(x)\n\n\ndef make():\n    return Net()\n"
    )
    state = nn.Linear(4, 2).state_dict()
    for prefix, told in (("model.", ""), ("module.model.", "module."), ("model.model.", "model.")):
        path = save({f"{prefix}{name}": tensor for name, tensor in state.items()})
        model = load_model(path, arch=f"py:{tmp_path / 'net.py'}:make", builders=builders)
        assert torch.equal(model.module.model.weight, state["weight"])
        assert [note for note in model.notes if "prefix" in note] == (
            [f"prefix '{told}' stripped from every tensor name"] if told else []
        )


def test_whole_numbers_do_not_stand_for_weights(load, resnet):
    state = {**resnet.state_dict(), "fc.bias": torch.zeros(10, dtype=torch.int64)}
    assert "1 of another shape or kind" in message_of(partial(load, state), CheckpointRefused)
