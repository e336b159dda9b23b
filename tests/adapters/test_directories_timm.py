"""Directories of timm, and which module its networks call the classifier."""

from __future__ import annotations

import pytest
import timm
import torch
from safetensors.torch import load_file
from support.directories import reweigh, rewrite, save_timm

from interact_cli.adapters.loading import load_model
from interact_cli.errors import CheckpointRefused, UnknownNameError, UsageError


def test_what_the_directory_says_is_the_network(tmp_path, builders):
    network = save_timm(tmp_path)
    model = load_model(tmp_path, builders=builders)
    assert (model.arch, model.arch_source) == ("timm:resnet10t", "directory")
    assert (model.output, model.n_classes, model.class_names) == ("classes", 3, ("cat", "dog", "owl"))
    assert (model.input.shape, model.input.mean, model.input.std) == ((1, 32, 32), (0.25,), (0.5,))
    assert (model.input.interpolation, model.input.crop_pct, model.input.crop_mode) == ("bilinear", 0.9, "center")
    assert model.classifier == "fc"
    pixels = torch.randn(2, 1, 32, 32)
    with torch.inference_mode():
        assert torch.equal(model.module(pixels), network(pixels))


def test_the_older_layout_has_everything_at_the_top(tmp_path, builders):
    save_timm(tmp_path)
    rewrite(
        tmp_path / "config.json",
        pretrained_cfg=None, label_names=None, labels=["a", "b", "c"], input_size=[1, 32, 32], mean=[0.1], std=[0.2],
        interpolation="bicubic", crop_pct=0.8,
    )  # fmt: skip
    model = load_model(tmp_path, builders=builders)
    assert (model.input.mean, model.input.crop_pct, model.class_names) == ((0.1,), 0.8, ("a", "b", "c"))


def test_a_pickle_of_weights(tmp_path, builders):
    network = save_timm(tmp_path)
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    assert load_model(tmp_path, builders=builders).n_classes == 3


def test_the_command_line_wins(tmp_path, builders):
    save_timm(tmp_path)
    model = load_model(tmp_path, arch="timm:resnet10t", arch_arguments={"img_size": 48}, builders=builders)
    assert (model.arch_source, model.input.shape) == ("--arch", (1, 48, 48))
    with pytest.raises(CheckpointRefused, match=r"timm:resnet18 \(named by --arch\)"):
        load_model(tmp_path, arch="timm:resnet18", builders=builders)


def test_weights_that_do_not_fit(tmp_path, builders):
    save_timm(tmp_path)
    reweigh(tmp_path / "model.safetensors", lambda state: [state.pop(name) for name in ("fc.weight", "fc.bias")])
    with pytest.raises(CheckpointRefused, match="2 missing"):
        load_model(tmp_path, builders=builders)
    one, two = (load_model(tmp_path, allow_missing=("fc.*",), builders=builders) for _time in range(2))
    assert any("--allow-missing" in note for note in one.notes)
    assert torch.equal(one.module.fc.weight, two.module.fc.weight)
    rewrite(tmp_path / "config.json", num_classes=5, label_names=None)
    head = {"fc.weight": torch.zeros(3, 512), "fc.bias": torch.zeros(3)}
    reweigh(tmp_path / "model.safetensors", lambda state: state.update(head))
    with pytest.raises(CheckpointRefused, match="3 classes where the network has 5"):
        load_model(tmp_path, builders=builders)


@pytest.mark.parametrize(
    ("changes", "error", "word"),
    [
        ({"architecture": "resnet_of_mine"}, UsageError, "the directory names"),
        ({"architecture": "hf-hub:org/name"}, UsageError, "the directory names"),
        ({"model_args": {"pretrained": True}}, UsageError, "pretrained"),
        ({"model_args": {"checkpoint_path": "/etc/passwd"}}, UsageError, "checkpoint_path"),
        ({"model_args": {"features_only": True}}, UsageError, "features_only"),
        ({"model_args": [1]}, CheckpointRefused, "mapping"),
        ({"pretrained_cfg": "x\x1b"}, CheckpointRefused, "mapping"),
        ({"num_classes": 10**9}, CheckpointRefused, "at most"),
        ({"quantization_config": {"bits": 4}}, CheckpointRefused, "quantised"),
    ],
)
def test_what_a_configuration_may_not_say(tmp_path, builders, changes, error, word):
    save_timm(tmp_path)
    rewrite(tmp_path / "config.json", **changes)
    with pytest.raises(error) as caught:
        load_model(tmp_path, builders=builders)
    assert word in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("arch", "options", "name"),
    [
        ("resnet10t", {}, "fc"),
        ("vit_tiny_patch16_224", {"depth": 1, "embed_dim": 16, "num_heads": 2}, "head"),
        ("convnext_atto", {"depths": [1, 1, 1, 1], "dims": [4, 4, 4, 4]}, "head.fc"),
        ("mobilenetv3_small_050", {}, "classifier"),
        ("deit_tiny_distilled_patch16_224", {"depth": 1, "embed_dim": 16, "num_heads": 2}, ""),
    ],
)
def test_the_classifier_of_timm(tmp_path, builders, arch, options, name):
    network = timm.create_model(arch, num_classes=3, **options)
    path = tmp_path / "weights.pt"
    torch.save(network.state_dict(), path)
    model = load_model(path, arch=f"timm:{arch}", arch_arguments={"num_classes": 3, **options}, builders=builders)
    assert model.classifier == name
    if name:
        seen = []
        model.module.get_submodule(name).register_forward_hook(lambda _m, inputs, _out: seen.append(inputs[0]))
        pixels = torch.randn(1, *model.input.shape)
        with torch.inference_mode():
            model.module(pixels)
            before = model.module.forward_head(model.module.forward_features(pixels), pre_logits=True)
        torch.testing.assert_close(seen[0], before)


FACTORIES = """
from torch import nn

def plain():
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))

def named():
    net = plain()
    net.classifier = "0"
    return net

def other():
    return nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), nn.Identity())

def absent():
    return plain()

absent.classifier = "head"
"""


def test_the_classifier_of_a_factory(tmp_path, builders):
    (tmp_path / "nets.py").write_text(FACTORIES)
    shapes = {"0.weight": (5, 4), "0.bias": (5,), "2.weight": (3, 5), "2.bias": (3,)}
    torch.save({name: torch.zeros(shape) for name, shape in shapes.items()}, tmp_path / "w.pt")

    def classifier(factory):
        return load_model(tmp_path / "w.pt", arch=f"py:{tmp_path / 'nets.py'}:{factory}", builders=builders).classifier

    assert (classifier("plain"), classifier("named"), classifier("other")) == ("2", "0", "")
    with pytest.raises(UnknownNameError, match="'head'"):
        classifier("absent")


def test_tensors_are_those_of_the_file(tmp_path, builders):
    save_timm(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path, builders=builders).module.state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in state.items())
