"""Baselines, ranges and chance of a data set, broken files included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from interact_cli.config.settings import DataSettings
from interact_cli.engine.evaluator import Evaluator
from interact_cli.errors import DataRefused, RunFailed, UsageError
from interact_cli.pipeline.baselines import baseline_of
from interact_cli.pipeline.inputs import chance_of, open_dataset, range_inputs, share_correct
from interact_cli.types import InputSpec, Model

LEVELS = {"dark": (0, 51, 102), "light": (153, 204, 255)}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name, levels in LEVELS.items():
        (tmp_path / name).mkdir()
        for level in levels:
            Image.new("L", (4, 4), level).save(tmp_path / name / f"{level:03d}.png")
    return tmp_path


def model() -> Model:
    return Model(
        module=nn.Flatten(), arch="py:x:y", arch_source="flag", input=InputSpec("image", (1, 4, 4)), output="classes",
        n_classes=2, family="mlp", digest="", weights_key="",
    )  # fmt: skip


def opened(images: Path):
    return open_dataset(f"folder:{images}", DataSettings())


def baseline(name: str, dataset):
    return baseline_of(name, dataset, (), Evaluator(model(), torch.device("cpu"), 4), 0)


def test_mean_of_the_images(images: Path):
    made = baseline("mean", opened(images))

    assert made.values.shape == (1, 1, 1)
    assert made.values.item() == pytest.approx(0.5)
    assert made.source == "channel means of 6 images of data set 'folder' (all)"


def test_broken_images_are_left_out_of_mean_and_range_and_counted(images: Path):
    (images / "light" / "255.png").write_bytes(b"broken")
    (images / "light" / "204.png").write_bytes(b"")
    dataset = opened(images)
    made = baseline("data-mean", dataset)
    inputs, labels = range_inputs(model(), dataset, 0)

    assert made.values.item() == pytest.approx((0 + 51 + 102 + 153) / 4 / 255)
    assert "4 images" in made.source
    assert "2 more cannot be read" in made.source
    levels = [round(255 * float(image.mean())) for image in inputs]
    assert sorted(zip(labels.tolist(), levels, strict=True)) == [(0, 0), (0, 51), (0, 102), (1, 153)]


def test_no_readable_image(images: Path):
    for path in images.rglob("*.png"):
        path.write_bytes(b"broken")

    with pytest.raises(RunFailed, match="None of 6 samples"):
        baseline("mean", opened(images))
    inputs, labels = range_inputs(model(), opened(images), 0)
    assert (inputs, len(labels)) == ([], 0)


@pytest.mark.parametrize("value", ["1e99", "-1e39", "inf", "nan", "", "red"])
def test_baselines_that_are_no_float32(images: Path, value: str):
    with pytest.raises(UsageError, match="value:NUMBER"):
        baseline(f"value:{value}", opened(images))


def test_largest_baseline(images: Path):
    assert np.isfinite(baseline("value:3.4e38", opened(images)).values).all()


@pytest.mark.parametrize("reader", ["folder", "csv", "cifar10"])
def test_paths_that_no_file_can_have(reader: str):
    with pytest.raises(DataRefused, match="Cannot read the data"):
        open_dataset(f"{reader}:{300 * 'a'}", DataSettings())


def test_chance_is_the_share_of_the_most_frequent_class():
    assert chance_of(np.array([2, 0, 2, 2, 5])) == pytest.approx(0.6)
    for unknown in (None, np.array([], dtype=np.int64), np.array([-1, 0]), np.array([3, 3])):
        assert np.isnan(chance_of(unknown))


def test_share_of_correct_predictions():
    assert share_correct(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 1])) == 0.5
    assert np.isnan(share_correct(np.array([0]), np.array([-1])))
    assert np.isnan(share_correct(np.array([-1]), np.array([0])))
