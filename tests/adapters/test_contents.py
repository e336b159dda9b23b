from __future__ import annotations

import argparse
import hashlib
import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from interact_cli.adapters.containers import pickles
from interact_cli.adapters.containers.contents import read_contents
from interact_cli.adapters.containers.files import opened
from interact_cli.errors import CheckpointRefused, UsageError

RAW = {"w": torch.tensor([1.0, 2.0])}
EMA = {"w": torch.tensor([3.0, 4.0])}


@pytest.mark.parametrize("zipped", [True, False])
def test_plain_state_dict(save, zipped):
    path = save(RAW, _use_new_zipfile_serialization=zipped)
    contents = read_contents(str(path))
    assert contents.weights_key == "(whole file)"
    assert torch.equal(contents.state["w"], RAW["w"])
    assert contents.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert contents.arch is None
    assert contents.args == {}


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net", "params"])
def test_wrappers(save, key):
    contents = read_contents(str(save({"epoch": 1, key: RAW})))
    assert contents.weights_key == key
    assert torch.equal(contents.state["w"], RAW["w"])


@pytest.mark.parametrize(
    ("weights", "key", "value"),
    [("auto", "state_dict_ema", 3.0), ("ema", "state_dict_ema", 3.0), ("raw", "state_dict", 1.0)],
)
def test_moving_average(save, weights, key, value):
    contents = read_contents(str(save({"state_dict": RAW, "state_dict_ema": EMA})), weights)
    assert contents.weights_key == key
    assert contents.state["w"][0] == value
    assert key in contents.notes[0]


def test_no_moving_average(save):
    with pytest.raises(CheckpointRefused, match="it has 'state_dict'"):
        read_contents(str(save({"state_dict": RAW})), "ema")
    with pytest.raises(CheckpointRefused, match="one set"):
        read_contents(str(save(RAW)), "ema")
    with pytest.raises(UsageError, match="auto, ema or raw"):
        read_contents(str(save(RAW)), "both")


def test_timm_train_file(save, timm_args):
    contents = read_contents(
        str(save({"epoch": 3, "arch": "resnet10t", "args": timm_args, "state_dict": RAW, "metric": np.float64(91.5)}))
    )
    assert contents.arch == "resnet10t"
    assert contents.args["mean"] == [0.3]


def test_class_name_without_args_is_only_a_hint(save):
    contents = read_contents(str(save({"arch": "resnet", "state_dict": RAW})))
    assert contents.arch is None
    assert contents.arch_hint == "resnet"


@pytest.mark.parametrize(
    "number",
    [np.float64(1.5), np.float32(0.25), np.float16(2.0), np.int64(-3), np.uint8(200), np.int16(-5), np.bool_(True)],
    ids=lambda number: type(number).__name__,
)
@pytest.mark.parametrize("zipped", [True, False])
def test_numpy_scalars_become_plain_numbers(save, number, zipped):
    path = save({"metric": number}, _use_new_zipfile_serialization=zipped)
    with opened(path) as file:
        value = pickles.load_pickled(file)["metric"]
    assert value == number.item()
    assert type(value) is type(number.item())


def test_lightning_hyper_parameters_are_text(save):
    hostile = {"_instantiator": "os.system", "_class_path": "os.system", "lr": 0.1}
    contents = read_contents(str(save({"state_dict": RAW, "hyper_parameters": hostile})))
    assert contents.args == {}
    assert any("Lightning" in note for note in contents.notes)


def test_safetensors_with_metadata(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file(RAW, path, {"arch": "timm:resnet10t", "args": json.dumps({"num_classes": 10})})
    contents = read_contents(str(path))
    assert contents.arch == "timm:resnet10t"
    assert contents.args == {"num_classes": 10}
    save_file(RAW, path)
    assert read_contents(str(path)).arch is None


def test_parameters_lose_their_gradient(save):
    contents = read_contents(str(save({"w": torch.nn.Parameter(torch.ones(2))})))
    assert not contents.state["w"].requires_grad


def test_namespace_with_odd_keys(save):
    space = argparse.Namespace(a=1)
    space.__dict__[3] = 4
    assert read_contents(str(save({"arch": "x", "args": space, "state_dict": RAW}))).args == {"a": 1}
