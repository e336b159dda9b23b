"""Every container that people save weights in, through the public loader."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial

import pytest
import timm
import torch
from safetensors.torch import save_file

from interact_cli.adapters.inspection import inspect_file
from interact_cli.adapters.loading import load_model
from interact_cli.networks import mlp

ARCH = {"arch": "timm:resnet10t", "arch_arguments": {"num_classes": 10, "in_chans": 1}}
MLP = {"arch": "paper:mlp5", "arch_arguments": {"n_columns": 4, "n_outputs": 2}}


def zipped(document, path):
    torch.save(document, path)


def legacy(document, path):
    torch.save(document, path, _use_new_zipfile_serialization=False)


def safetensors(document, path):
    save_file(document, path)


@pytest.mark.parametrize("name", ["w.pt", "w.pth", "w.ckpt", "w.pth.tar", "w.bin", "w.safetensors", "w", "w.onnx"])
@pytest.mark.parametrize("write", [zipped, legacy, safetensors])
def test_the_content_decides_not_the_name(tmp_path, builders, write, name):
    state = mlp(4, 2).state_dict()
    write(state, tmp_path / name)
    loaded = load_model(tmp_path / name, **MLP, builders=builders).module.state_dict()
    assert all(torch.equal(loaded[key], state[key]) for key in state)


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model", "net", "params", "module"])
@pytest.mark.parametrize("write", [zipped, legacy])
def test_wrapped_state_dicts(tmp_path, builders, write, wrapper):
    document = {"epoch": 3, wrapper: mlp(4, 2).state_dict(), "optimizer": {"state": {}, "param_groups": [{"lr": 0.1}]}}
    write(document, tmp_path / "w.pth.tar")
    model = load_model(tmp_path / "w.pth.tar", **MLP, builders=builders)
    assert model.weights_key == wrapper


def train_file(resnet, **more):
    """What timm's CheckpointSaver writes: arguments that were not given are None."""
    unset = ("img_size", "input_size", "crop_pct", "mean", "std", "interpolation", "gp", "drop", "bn_eps", "in_chans")
    args = argparse.Namespace(**dict.fromkeys(unset), model="resnet10t", num_classes=10, model_kwargs={})
    averaged = {
        name: tensor + 1 if tensor.is_floating_point() else tensor for name, tensor in resnet.state_dict().items()
    }
    return {
        "epoch": 7, "arch": "resnet10t", "state_dict": resnet.state_dict(), "state_dict_ema": averaged, "version": 2,
        "optimizer": {"state": {0: {"momentum_buffer": torch.zeros(2)}}, "param_groups": []}, "args": args,
        "amp_scaler": {"scale": 65536.0}, "metric": 91.5, **more,
    }  # fmt: skip


@pytest.mark.parametrize(("weights", "shift", "key"), [("raw", 0, "state_dict"), ("ema", 1, "state_dict_ema")])
def test_timm_train_file_with_averaged_weights_and_silent_arguments(save, builders, weights, shift, key):
    resnet = timm.create_model("resnet10t", num_classes=10)
    path = save(train_file(resnet), "last.pth.tar")
    model = load_model(path, weights=weights, builders=builders)
    assert (model.arch, model.arch_source, model.weights_key) == ("timm:resnet10t", "checkpoint", key)
    torch.testing.assert_close(model.module.fc.bias, resnet.fc.bias + shift)
    assert model.input.mean == tuple(timm.get_pretrained_cfg("resnet10t").mean)
    assert any(key in note and "also has" in note for note in model.notes)
    if weights == "ema":
        assert load_model(path, builders=builders).weights_key == key


@pytest.fixture
def lightning(resnet):
    return {
        "epoch": 9, "global_step": 1000, "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"model.{name}": tensor for name, tensor in resnet.state_dict().items()},
        "loops": {"fit_loop": {"state_dict": {}, "epoch_progress": {"total": {"ready": 10}}}},
        "callbacks": {"ModelCheckpoint{'monitor': 'val'}": {"best_model_score": torch.tensor(0.9), "dirpath": "x"}},
        "optimizer_states": [{"state": {}, "param_groups": []}], "lr_schedulers": [], "hparams_name": "kwargs",
        "hyper_parameters": {"_instantiator": "os.system", "_class_path": "lightning.evil.Evil", "lr": 0.1,
                             "weights": "ResNet18_Weights.DEFAULT"},
    }  # fmt: skip


def test_lightning_hyper_parameters_are_shown_and_never_used(save, builders, resnet, lightning, monkeypatch):
    monkeypatch.setattr(os, "system", lambda *_a: pytest.fail("a hyper-parameter was called"))
    path = save(lightning, "epoch=9.ckpt")
    model = load_model(path, **ARCH, builders=builders)
    assert torch.equal(model.module.fc.weight, resnet.fc.weight)
    assert "prefix 'model.' stripped from every tensor name" in model.notes
    assert any("Lightning" in note for note in model.notes)
    assert model.weights_key == "state_dict"
    shown = dict(inspect_file(path).args)
    assert shown["_instantiator"] == "os.system"
    assert shown["_class_path"] == "lightning.evil.Evil"
    assert not [name for name in sys.modules if name.partition(".")[0] in {"lightning", "pytorch_lightning"}]


def test_lightning_names_no_architecture(save, builders, lightning):
    with pytest.raises(Exception, match="timm:resnet10t") as caught:
        partial(load_model, save(lightning), builders=builders)()
    assert caught.value.exit_code == 2
