"""Preprocessing of a directory of transformers: pixels arrive as the library's own image processor leaves them."""

from __future__ import annotations

import numpy as np
import pytest
import transformers
from PIL import Image
from support.directories import reweigh, rewrite, save_tiny, write_json

from interact_cli.adapters.loading import load_model
from interact_cli.adapters.preprocessing import preprocess
from interact_cli.errors import CheckpointRefused, UsageError

RGB = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.25, 0.3]}
CROPPED = {"do_center_crop": True, "crop_size": {"height": 24, "width": 24}}
PROCESSORS = {
    "squashed": ("ViTImageProcessorPil", "ResNet", {"size": {"height": 24, "width": 24}, "resample": 2, **RGB}),
    "squashed, cropped": ("DeiTImageProcessorPil", "ResNet", {"size": {"height": 29, "width": 29}, **CROPPED, **RGB}),
    "by share": ("ConvNextImageProcessorPil", "ResNet", {"size": {"shortest_edge": 28}, "crop_pct": 0.875, **RGB}),
    "large": ("ConvNextImageProcessorPil", "ResNet", {"size": {"shortest_edge": 384}, "crop_pct": 0.875, **RGB}),
    "cropped": ("BitImageProcessorPil", "ResNet", {"size": {"shortest_edge": 32}, **CROPPED, "resample": 3, **RGB}),
    "no mean": ("ViTImageProcessorPil", "ResNet", {"size": {"height": 24, "width": 24}, "do_normalize": False}),
    "a ViT": ("ViTImageProcessorPil", "ViT", {"size": {"height": 16, "width": 16}, "resample": 3, **RGB}),
}


def picture(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


@pytest.mark.parametrize("case", PROCESSORS)
@pytest.mark.parametrize("size", [(40, 40), (60, 30), (30, 90)])
def test_pixels_are_those_of_the_library(case, size, tmp_path, builders):
    name, family, settings = PROCESSORS[case]
    save_tiny(f"{family}ForImageClassification", tmp_path)
    processor = getattr(transformers, name)(**settings)
    processor.save_pretrained(tmp_path)
    expected = processor(picture(*size), return_tensors="np")["pixel_values"][0]
    spec = load_model(tmp_path, builders=builders).input
    found = preprocess(spec)(picture(*size))
    assert found.shape == expected.shape
    # The library resizes in float and rounds, or cuts, to 8 bits; PIL rounds: one step of a pixel at most.
    step = 1.01 / 255 / min(spec.std or (1.0,))
    assert np.abs(found - expected).max() <= step
    assert spec.source == "preprocessor_config.json"


def test_a_directory_without_one_is_guessed_and_says_so(tmp_path, builders):
    save_tiny("ViTForImageClassification", tmp_path)
    model = load_model(tmp_path, builders=builders)
    assert (model.input.shape, model.input.mean) == ((3, 16, 16), ())
    assert any("guessed" in note and "preprocessor_config.json" in note for note in model.notes)


def test_older_words(tmp_path, builders):
    save_tiny("ViTForImageClassification", tmp_path)
    write_json(
        tmp_path / "preprocessor_config.json",
        {"feature_extractor_type": "ViTFeatureExtractor", "size": 16, "resample": 2, "do_normalize": True, **RGB},
    )
    spec = load_model(tmp_path, builders=builders).input
    assert (spec.shape, spec.mean) == ((3, 16, 16), (0.4, 0.5, 0.6))
    assert (spec.interpolation, spec.crop_mode) == ("bilinear", "squash")


def test_another_size_than_the_network_s_is_a_guess(tmp_path, builders):
    save_tiny("ViTForImageClassification", tmp_path)
    write_json(tmp_path / "preprocessor_config.json", {"size": 99, **RGB})
    model = load_model(tmp_path, builders=builders)
    assert model.input.shape == (3, 16, 16)
    assert any("guessed" in note and "(99, 99)" in note for note in model.notes)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"do_flip_channel_order": True}, "do_flip_channel_order"),
        ({"do_pad": True}, "do_pad"),
        ({"rescale_factor": 1 / 127.5, "rescale_offset": True}, "rescal"),
        ({"rescale_factor": 1}, "rescaling"),
        ({"do_rescale": False}, "rescaling"),
        ({"image_processor_type": "EfficientNetImageProcessor"}, "EfficientNet"),
        ({"resample": 17}, "resampling"),
        ({"resample": "x"}, "resampling"),
        ({"size": "big"}, "a size"),
        ({"size": [32, 32], "do_center_crop": True, "crop_size": [24, 28]}, "one share"),
        ({"size": {"height": 16, "width": 10**9}}, "a size"),
        ({"size": {"shortest_edge": "x\x1b"}}, "a size"),
        ({"image_processor_type": "ConvNextImageProcessor", "crop_pct": 0}, "crop_pct"),
    ],
)
def test_steps_that_cannot_be_repeated_are_refused(tmp_path, builders, changes, word):
    save_tiny("ResNetForImageClassification", tmp_path)
    write_json(tmp_path / "preprocessor_config.json", {"size": 16, **RGB, **changes})
    with pytest.raises(CheckpointRefused) as caught:
        load_model(tmp_path, builders=builders)
    assert word in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("mean", [[0.1, 0.2], ["a", "b", "c"], {}, [float("nan")] * 3])
def test_means_that_do_not_fit(tmp_path, builders, mean):
    save_tiny("ViTForImageClassification", tmp_path)
    write_json(tmp_path / "preprocessor_config.json", {"size": 16, "image_mean": mean, "image_std": [1, 1, 1]})
    with pytest.raises((CheckpointRefused, UsageError)):
        load_model(tmp_path, builders=builders)


def test_one_label_of_an_image_is_a_number(tmp_path, builders):
    save_tiny("ViTForImageClassification", tmp_path)
    rewrite(tmp_path / "config.json", id2label={"0": "age"}, label2id=None)
    reweigh(
        tmp_path / "model.safetensors",
        lambda state: state.update({name: state[name][:1] for name in ("classifier.weight", "classifier.bias")}),
    )
    model = load_model(tmp_path, builders=builders)
    assert (model.output, model.n_classes) == ("scalar", 0)
