from __future__ import annotations

import argparse
import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from interact_cli.adapters.loading import load_model
from interact_cli.adapters.preprocessing import preprocess
from interact_cli.datasets import bundled
from interact_cli.errors import DataRefused, OutputError, UnknownNameError, UsageError
from interact_cli.extensions import adapters
from interact_cli.interfaces import DataRequest
from interact_cli.training.reference import REFERENCES, default_epochs, reference_network


@pytest.fixture
def make(tiny_cifar, tmp_path, progress):
    def call(**changes):
        train, test = tiny_cifar
        choices = {"train": train, "test": test, "epochs": 1, "device": "cpu", "seed": 0, "cache_dir": tmp_path / "c"}
        return reference_network("cifar10", **{**choices, "progress": progress, **changes})

    return call


def weights(model):
    return torch.cat([tensor.flatten().float() for tensor in model.module.state_dict().values()])


def test_the_model_says_what_it_is(make, progress):
    model = make()
    assert (model.arch, model.arch_source, model.family) == ("reference:resnet20", "reference", "convnet")
    assert (model.output, model.n_classes, len(model.class_names)) == ("classes", 10, 10)
    assert (model.input.kind, model.input.shape) == ("image", (3, 32, 32))
    assert not model.module.training
    assert progress.steps == 1  # 40 images make one batch
    assert any("resnet20" in note and "1 epoch on 40 images, seed 0" in note for note in progress.notes)
    assert any("Training takes about" in note for note in progress.notes)


def test_the_accuracy_in_the_notes_is_that_of_the_returned_network(make, tiny_cifar):
    model = make()
    as_input = preprocess(model.input)
    _, test = tiny_cifar
    correct = [
        int(model.module(torch.from_numpy(as_input(test.raw(i)))[None]).argmax()) == test.labels[i]
        for i in range(len(test))
    ]
    assert model.notes == (f"trained here: 1 epoch, held-out accuracy {np.mean(correct):.3f} on 20 images",)


def test_trained_once_then_read(make, progress):
    first = make()
    again = make()
    assert progress.steps == 1
    assert progress.warnings == []
    assert torch.equal(weights(first), weights(again))
    assert again.digest == first.digest
    assert again.notes == first.notes


def test_the_digest_is_that_of_the_file(make):
    model = make()
    assert model.digest == hashlib.sha256(Path(model.path).read_bytes()).hexdigest()


def test_a_seeded_run_gives_the_same_file_twice(make, tmp_path):
    first, second = make(cache_dir=tmp_path / "a"), make(cache_dir=tmp_path / "b")
    assert first.path != second.path
    assert torch.equal(weights(first), weights(second))
    assert first.digest == second.digest


@pytest.mark.parametrize("change", ["seed", "epochs", "pixels", "labels", "held-out"])
def test_another_choice_is_another_network(make, make_images, tiny_cifar, progress, change):
    train, test = tiny_cifar
    changes = {
        "seed": {"seed": 1},
        "epochs": {"epochs": 2},
        "pixels": {"train": make_images("cifar10", "train", 40, 32, "RGB", seed=9)},
        "labels": {"train": dataclasses.replace(train, labels=np.roll(train.labels, 1))},
        "held-out": {"test": make_images("cifar10", "test", 30, 32, "RGB")},
    }[change]
    assert make().path != make(**changes).path
    assert progress.steps == 1 + (2 if change == "epochs" else 1)
    assert test.split == "test"


@pytest.mark.parametrize("damage", ["truncated", "empty", "other pickle", "other weights", "foreign key"])
def test_a_damaged_file_is_trained_again_with_a_warning(make, progress, damage):
    first = make()
    path = Path(first.path)
    raw = path.read_bytes()
    content = torch.load(path, weights_only=False)
    if damage == "truncated":
        path.write_bytes(raw[: len(raw) // 2])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "other pickle":
        torch.save({"state_dict": {}, "code": dataclasses.make_dataclass}, path)
    elif damage == "other weights":
        content["state_dict"].popitem()
        torch.save(content, path)
    else:
        torch.save({**content, "key": "0"}, path)
    again = make()
    assert len(progress.warnings) == 1
    assert "damaged" in progress.warnings[0]
    assert "weights_only" not in progress.warnings[0]
    assert progress.steps == 2
    assert again.digest == first.digest
    assert path.read_bytes() == raw


def test_nothing_but_the_finished_file_is_left(make, tmp_path):
    model = make()
    assert [str(path) for path in (tmp_path / "c").iterdir()] == [model.path]


def test_the_file_is_a_checkpoint_like_any_other(make):
    model = make()
    with torch.serialization.safe_globals([argparse.Namespace]):
        content = torch.load(model.path, weights_only=True)
    assert {"epoch", "arch", "args", "state_dict", "version", "metric", "accuracy", "recipe"} <= set(content)
    assert content["metric"] == 100 * content["accuracy"]
    loaded = load_model(model.path, builders=adapters())
    assert loaded.arch == "py:interact_cli.networks:resnet20"
    assert loaded.digest == model.digest
    assert torch.equal(weights(loaded), weights(model))
    same = dataclasses.replace(loaded.input, source="reference")
    assert same == model.input


def test_default_epochs(make, progress):
    make(epochs=None)
    assert progress.steps == default_epochs("cifar10", "cpu") == 1
    assert default_epochs("cifar10", "cuda:1") == 20


def test_digits_are_learnt_even_with_few_epochs(tmp_path, progress):
    train, test = (bundled.read(DataRequest("digits", split=split)) for split in ("train", "test"))
    model = reference_network(
        "digits", train=train, test=test, epochs=4, device="cpu", seed=0, cache_dir=tmp_path, progress=progress
    )
    assert model.arch == "reference:small_convnet"
    assert model.input.shape == (1, 32, 32)
    share = float(model.notes[0].split("accuracy ")[1].split()[0])
    assert share > 0.8
    assert model.notes[0].endswith(f"on {len(test)} images")


@pytest.mark.slow
def test_digits_by_default_are_accurate(tmp_path, progress):
    train, test = (bundled.read(DataRequest("digits", split=split)) for split in ("train", "test"))
    model = reference_network(
        "digits", train=train, test=test, epochs=None, device="cpu", seed=0, cache_dir=tmp_path, progress=progress
    )
    assert float(model.notes[0].split("accuracy ")[1].split()[0]) > 0.97


def test_digits_are_normalised_by_their_own_statistics():
    train = bundled.read(DataRequest("digits", split="train"))
    as_input = preprocess(REFERENCES["digits"].input)
    inputs = np.stack([as_input(train.raw(i)) for i in range(len(train))])
    assert abs(inputs.mean()) < 0.01
    assert abs(inputs.std() - 1) < 0.01


def test_unknown_data_set_lists_those_that_have_one(make, tiny_cifar, tmp_path, progress):
    train, test = tiny_cifar
    with pytest.raises(UnknownNameError, match=r"'digit'\. Did you mean 'digits'\? Available: cifar10, digits"):
        reference_network(
            "digit", train=train, test=test, epochs=1, device="cpu", seed=0, cache_dir=tmp_path, progress=progress
        )


def test_splits_that_are_not_train_and_held_out_are_refused(make, tiny_cifar):
    train, test = tiny_cifar
    with pytest.raises(DataRefused, match="'test' and 'test'"):
        make(train=test)
    with pytest.raises(DataRefused, match="'train' and 'train'"):
        make(test=train)
    with pytest.raises(DataRefused, match="without labels"):
        make(train=dataclasses.replace(train, labels=None))


def test_no_epoch_is_refused(make):
    with pytest.raises(UsageError, match="at least 1 epoch, got 0"):
        make(epochs=0)


def test_an_unwritable_cache_is_said_before_the_training(make, tmp_path, progress):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(OutputError, match="folder that can be written"):
        make(cache_dir=file)
    assert progress.steps == 0
