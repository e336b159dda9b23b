from __future__ import annotations

import argparse
import dataclasses

import numpy as np
import pytest
import timm
import torch
import yaml

from interact_cli.adapters.loading import load_model
from interact_cli.adapters.preprocessing import preprocess
from interact_cli.datasets import bundled
from interact_cli.errors import RunFailed
from interact_cli.extensions import adapters
from interact_cli.interfaces import DataRequest
from interact_cli.progress import Silent
from interact_cli.training import demo
from interact_cli.training.files import read_checkpoint

MLP = "breast_cancer_mlp"
IMAGES = ("digits_convnet", "digits_vit")


@pytest.fixture
def quick(monkeypatch):
    """One epoch and no bound: the files, not the accuracy."""
    networks = {
        name: dataclasses.replace(
            network, recipe=dataclasses.replace(network.recipe, epochs=1, batch_size=512), lowest_accuracy=0.0
        )
        for name, network in demo.NETWORKS.items()
    }
    monkeypatch.setattr(demo, "NETWORKS", networks)


def held_out_accuracy(model, data):
    test = bundled.read(DataRequest(data, split="test"))
    as_input = preprocess(model.input)
    inputs = torch.from_numpy(np.stack([as_input(test.raw(i)) for i in range(len(test))]))
    with torch.inference_mode():
        return (model.module(inputs).argmax(1).numpy() == test.labels).mean()


def test_the_mlp_reaches_its_accuracy_and_loads_with_its_sidecar(tmp_path, capsys):
    demo.train_demo(tmp_path, seed=0, progress=Silent(), names=[MLP])
    model = load_model(tmp_path / f"{MLP}.pt", builders=adapters())
    train = bundled.read(DataRequest("breast_cancer", split="train"))
    rows = np.stack([train.raw(i) for i in range(len(train))])
    assert model.arch == "py:interact_cli.networks:mlp"
    assert model.class_names == ("malignant", "benign")
    assert model.input.columns.names == train.column_names
    np.testing.assert_allclose(model.input.columns.mean, rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(model.input.columns.std, rows.std(axis=0), rtol=1e-12)
    accuracy = held_out_accuracy(model, "breast_cancer")
    assert accuracy >= 0.9
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert all(word in line for word in (MLP, f"accuracy {accuracy:.3f}", f"{MLP}.pt"))


def test_the_sidecar_has_the_documented_keys(tmp_path):
    demo.train_demo(tmp_path, seed=0, progress=Silent(), names=[MLP])
    sidecar = yaml.safe_load((tmp_path / f"{MLP}.yaml").read_text())
    assert sidecar["arch_args"] == {"n_columns": 30, "n_outputs": 2}
    assert sidecar["input"] == {"kind": "columns", "shape": [30]}
    assert set(sidecar) == {"arch", "arch_args", "input", "columns", "class_names"}


@pytest.mark.usefixtures("quick")
def test_files_have_the_layout_of_timms_train_script(tmp_path):
    demo.train_demo(tmp_path, seed=0, progress=Silent(), names=IMAGES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits_convnet.pt", "digits_vit.pt"]
    for name in IMAGES:
        content = read_checkpoint(tmp_path / f"{name}.pt").content
        assert {"epoch", "arch", "args", "state_dict", "version", "metric"} <= set(content)
        args = content["args"]
        assert isinstance(args, argparse.Namespace)
        assert (args.model, args.num_classes, args.in_chans, args.img_size) == (content["arch"], 10, 1, 32)
        assert len(args.mean) == len(args.std) == 1
        rebuilt = timm.create_model(
            args.model, num_classes=args.num_classes, in_chans=args.in_chans, **args.model_kwargs
        )
        rebuilt.load_state_dict(content["state_dict"], strict=True)


@pytest.mark.usefixtures("quick")
def test_the_adapters_rebuild_the_same_networks(tmp_path):
    demo.train_demo(tmp_path, seed=0, progress=Silent(), names=IMAGES)
    for name, family in zip(IMAGES, ("convnet", "transformer"), strict=True):
        model = load_model(tmp_path / f"{name}.pt", builders=adapters())
        content = read_checkpoint(tmp_path / f"{name}.pt").content
        assert (model.arch, model.family) == (f"timm:{content['arch']}", family)
        assert model.input == dataclasses.replace(demo.DIGITS_INPUT, source=model.input.source)
        assert 100 * held_out_accuracy(model, "digits") == pytest.approx(content["metric"])


def test_the_convnet_has_three_stages_and_the_vit_sixteen_patches():
    module = demo.make_network(demo.NETWORKS["digits_convnet"])
    assert len(module.stages) == 3
    assert [len(stage.blocks) for stage in module.stages] == [2, 2, 2]
    vit = demo.make_network(demo.NETWORKS["digits_vit"])
    assert (len(vit.blocks), vit.embed_dim, vit.patch_embed.num_patches) == (4, 64, 16)


@pytest.mark.usefixtures("quick")
def test_same_seed_same_bytes(tmp_path):
    for folder, seed in (("a", 3), ("b", 3), ("c", 4)):
        demo.train_demo(tmp_path / folder, seed=seed, progress=Silent(), names=["digits_convnet"])
    a, b, c = ((tmp_path / folder / "digits_convnet.pt").read_bytes() for folder in "abc")
    assert a == b
    assert a != c


def test_too_little_accuracy_fails_and_leaves_no_file(tmp_path, monkeypatch, capsys):
    strict = dataclasses.replace(demo.NETWORKS[MLP], lowest_accuracy=1.01)
    monkeypatch.setattr(demo, "NETWORKS", {MLP: strict})
    with pytest.raises(RunFailed, match=r"at least 1\.01 from breast_cancer_mlp, got 0\.\d{3}"):
        demo.train_demo(tmp_path, seed=0, progress=Silent(), names=[MLP])
    assert list(tmp_path.iterdir()) == []
    assert demo.main([str(tmp_path), "--only", MLP]) == 5
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[-1].startswith("error: Expected a held-out accuracy")


def test_an_unwritable_folder_is_exit_code_2(tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    assert demo.main([str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err.startswith("error: Expected a folder that can be written")


@pytest.mark.slow
def test_the_whole_demo(tmp_path, capsys):
    assert demo.main([str(tmp_path), "--seed", "0"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    for name, data, lowest in ((IMAGES[0], "digits", 0.95), (IMAGES[1], "digits", 0.85), (MLP, "breast_cancer", 0.9)):
        model = load_model(tmp_path / f"{name}.pt", builders=adapters())
        assert held_out_accuracy(model, data) >= lowest
