from __future__ import annotations

import argparse
from functools import partial

import pytest
import torch

from interact_cli import networks
from interact_cli.adapters.architectures import paper_networks
from interact_cli.adapters.loading import load_model
from interact_cli.errors import CheckpointRefused, InteractError, UnknownNameError, UsageError
from interact_cli.interfaces import OutlineBuilder


def message_of(call, error) -> str:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def random_state(network):
    generator = torch.Generator().manual_seed(0)
    return {
        name: torch.rand(tensor.shape, generator=generator) * 0.1 if tensor.is_floating_point() else tensor
        for name, tensor in network.state_dict().items()
    }


@pytest.fixture
def load(save, builders):
    def loaded(state, **options):
        return load_model(save(state), builders=builders, **options)

    return loaded


@pytest.mark.parametrize(
    ("name", "arguments", "shape", "classifier"),
    [
        ("alexnet", {"img_size": 64, "num_classes": 4}, (3, 64, 64), "fc3"),
        ("alexnet", {"in_chans": 1, "img_size": 28}, (1, 28, 28), "fc3"),
        ("resnet44", {"in_chans": 1, "img_size": 28}, (1, 28, 28), "head"),
        ("resnet20", {"num_classes": 100}, (3, 32, 32), "head"),
        ("resnet18", {"img_size": 64, "num_classes": 200}, (3, 64, 64), "fc"),
    ],
)
def test_image_networks_load_what_they_saved(load, name, arguments, shape, classifier):
    words = {"num_classes": "n_classes", "in_chans": "in_channels"}
    options = {words[key]: value for key, value in arguments.items() if key in words}
    if name == "alexnet":
        options["image_size"] = shape[1:]
    network = getattr(networks, name)(**options).eval()
    state = random_state(network)
    network.load_state_dict(state)
    model = load(state, arch=f"paper:{name}", arch_arguments=arguments)
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(model.module(x), network(x))
    assert (model.input.shape, model.output, model.family) == (shape, "classes", "convnet")
    assert model.n_classes == arguments.get("num_classes", 10)
    assert model.module.get_submodule(paper_networks.NAMES[name].classifier).out_features == model.n_classes
    assert paper_networks.NAMES[name].classifier == classifier
    assert model.code
    assert any("no preprocessing is known" in note for note in model.notes)


def test_every_name_builds_and_names_its_classifier():
    assert isinstance(paper_networks.build, OutlineBuilder)
    for name, paper in paper_networks.NAMES.items():
        arguments = {"n_columns": 12, "n_outputs": 3} if paper.layers else {"num_classes": 3}
        outline = paper_networks.build.outline(name, arguments, {})
        assert all(tensor.is_meta for tensor in outline.state_dict().values())
        assert outline.get_submodule(paper.classifier).out_features == 3
        linears = [path for path, part in outline.named_modules() if isinstance(part, torch.nn.Linear)]
        assert linears[-1] == paper.classifier


@pytest.mark.parametrize(("name", "layers"), [("mlp5", 5), ("mlp8", 8)])
def test_mlps_of_paper_003(load, name, layers):
    network = networks.mlp(12, 2, layers=layers)
    model = load(network.state_dict(), arch=f"paper:{name}", arch_arguments={"n_columns": 12, "n_outputs": 2})
    by_hand = 12 * 100 + 100 + (layers - 2) * (100 * 100 + 100) + 100 * 2 + 2
    assert sum(p.numel() for p in model.module.parameters()) == by_hand
    assert (model.input.kind, model.input.shape, model.n_classes, model.family) == ("columns", (12,), 2, "mlp")


def test_mlp_with_a_sidecar(save, builders, tmp_path):
    names = ", ".join(f"c{i}" for i in range(7))
    (tmp_path / "ckpt.yaml").write_text(
        f"arch: paper:mlp5\ncolumns: {{names: [{names}], mean: [1, 1, 1, 1, 1, 1, 1]}}\noutput: single-logit\n"
    )
    model = load_model(save(networks.mlp(7, 1).state_dict()), builders=builders)
    assert (model.output, model.n_classes, model.input.shape) == ("single-logit", 2, (7,))
    assert model.input.columns.mean == (1.0,) * 7
    assert model.input.source == "sidecar"


def test_what_an_mlp_is_not_told(load):
    state = networks.mlp(12, 2).state_dict()
    assert "--arch-arg n_columns=N" in message_of(partial(load, state, arch="paper:mlp5"), UsageError)
    call = partial(load, state, arch="paper:mlp5", arch_arguments={"n_columns": 12})
    assert "--arch-arg n_outputs=N" in message_of(call, UsageError)


def test_a_file_tells_everything(load):
    args = argparse.Namespace(
        num_classes=4, in_chans=1, img_size=64, mean=[0.5], std=[0.25], model_kwargs={"dropout": 0.5}, gp=None
    )
    network = networks.alexnet(4, 1, (64, 64), dropout=0.5)
    model = load({"arch": "paper:alexnet", "args": args, "state_dict": network.state_dict()})
    assert (model.arch, model.arch_source) == ("paper:alexnet", "checkpoint")
    assert (model.input.shape, model.input.mean, model.input.source) == ((1, 64, 64), (0.5,), "checkpoint args")
    assert [name for name, part in model.module.named_modules() if isinstance(part, torch.nn.Dropout)] == ["dropout"]


def test_the_command_line_wins(load):
    args = argparse.Namespace(num_classes=9, in_chans=3, input_size=[3, 64, 64], mean=[0.5], model_kwargs=None)
    document = {"arch": "paper:resnet20", "args": args, "state_dict": networks.resnet20(4, 1).state_dict()}
    model = load(document, arch_arguments={"num_classes": 4, "in_chans": 1, "img_size": 32, "mean": [0.25]})
    assert (model.input.shape, model.input.mean, model.n_classes) == ((1, 32, 32), (0.25,), 4)
    assert model.input.source == "--arch-arg"


@pytest.mark.parametrize(
    ("arguments", "saved", "shape"),
    [
        ({"input_size": [3, 40, 32]}, {"in_chans": 1}, (3, 40, 32)),
        ({"in_chans": 1}, {"input_size": [3, 48, 48]}, (1, 48, 48)),
        ({"img_size": 64}, {"input_size": [1, 48, 48]}, (1, 64, 64)),
        ({}, {"in_chans": 1, "img_size": None}, (1, 32, 32)),
        ({}, {"img_size": 48, "model_kwargs": {"img_size": 64, "in_chans": None}}, (3, 64, 64)),
    ],
)
def test_channels_and_size_each_come_from_the_first_who_says_them(arguments, saved, shape):
    assert paper_networks.build("resnet20", arguments, saved).input.shape == shape


def test_wrong_number_of_classes_says_how_to_go_on(load):
    call = partial(load, networks.resnet20(7).state_dict(), arch="paper:resnet20")
    message = message_of(call, CheckpointRefused)
    assert "got 7 classes where the network has 10" in message
    assert "--arch-arg num_classes=7" in message


def test_other_image_size_shows_both_shapes(load):
    call = partial(load, networks.alexnet(image_size=(64, 64)).state_dict(), arch="paper:alexnet")
    message = message_of(call, CheckpointRefused)
    assert "'fc1.weight' is (512, 16384), not (512, 4096)" in message
    assert "--arch paper:alexnet --arch-arg img_size=64" in message


@pytest.mark.parametrize(
    ("name", "arguments", "word", "error"),
    [
        ("alexnett", {}, "Did you mean 'alexnet'", UnknownNameError),
        ("alexnet", {"num_class": 3}, "num_class", UnknownNameError),
        ("alexnet", {"num_classes": 0}, "count above 0", UsageError),
        ("alexnet", {"num_classes": "ten"}, "count above 0", UsageError),
        ("alexnet", {"in_chans": True}, "count above 0", UsageError),
        ("alexnet", {"img_size": -1}, "above 0", UsageError),
        ("alexnet", {"dropout": "half"}, "rate", UsageError),
        ("alexnet", {"dropout": 0.5, "dropout_before": ["fc1"]}, "name a layer", UsageError),
        ("alexnet", {"dropout": 0.5, "dropout_before": "fc9"}, "'fc9'", UsageError),
        ("vgg11", {"img_size": 28}, "at least 32x32", UsageError),
        ("mlp5", {"hidden": 3}, "hidden", UnknownNameError),
        ("mlp5", {"n_columns": 1.5, "n_outputs": 2}, "count above 0", UsageError),
    ],
)
def test_arguments_that_do_not_fit(load, name, arguments, word, error):
    call = partial(load, {"w": torch.zeros(1)}, arch=f"paper:{name}", arch_arguments=arguments)
    assert word in message_of(call, error)


def test_arguments_in_a_file_that_do_not_fit(load):
    args = argparse.Namespace(model_kwargs={"wings": 2})
    call = partial(load, {"arch": "paper:resnet20", "args": args, "state_dict": {"w": torch.zeros(1)}})
    assert "'wings'" in message_of(call, CheckpointRefused)


@pytest.mark.parametrize("claims", [{"num_classes": 2**20}, {"img_size": 2**20}])
def test_a_huge_claim_takes_no_memory(load, claims, monkeypatch):
    monkeypatch.setattr(paper_networks, "described", lambda *_a, **_k: pytest.fail("the network was built"))
    args = argparse.Namespace(**claims)
    with pytest.raises(InteractError):
        load({"arch": "paper:vgg11", "args": args, "state_dict": {"conv1.weight": torch.zeros(64, 3, 3, 3)}})
