from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from interact_cli.adapters.preprocessing import preprocess
from interact_cli.errors import DataRefused, UsageError
from interact_cli.types import Columns, InputSpec


def image(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_grey_image_without_resizing():
    pixels = image(0, 6, 6)
    spec = InputSpec("image", (1, 6, 6), mean=(0.25,), std=(0.5,))
    got = preprocess(spec)(Image.fromarray(pixels))
    np.testing.assert_allclose(got, (pixels[None] / 255 - 0.25) / 0.5, rtol=1e-5, atol=1e-6)
    assert got.dtype == np.float32


def test_rgb_from_other_modes():
    grey = image(1, 5, 5)
    got = preprocess(InputSpec("image", (3, 5, 5)))(Image.fromarray(grey))
    np.testing.assert_allclose(got, np.broadcast_to(grey / 255, (3, 5, 5)), rtol=1e-6)
    palette = Image.fromarray(image(2, 5, 5, 3)).convert("P")
    got = preprocess(InputSpec("image", (3, 5, 5)))(palette)
    np.testing.assert_allclose(got, np.moveaxis(np.asarray(palette.convert("RGB")), -1, 0) / 255, rtol=1e-6)


def test_resize_and_crop():
    pixels = image(3, 20, 40, 3)
    spec = InputSpec("image", (3, 8, 8), interpolation="nearest", crop_pct=0.8)
    got = preprocess(spec)(Image.fromarray(pixels))
    resized = np.asarray(Image.fromarray(pixels).resize((20, 10), Image.Resampling.NEAREST))
    np.testing.assert_allclose(got, np.moveaxis(resized[1:9, 6:14], -1, 0) / 255, rtol=1e-6)


@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("size", [(3, 3), (50, 7), (7, 50), (64, 64)])
def test_shape_is_always_the_network_s(mode, size):
    spec = InputSpec("image", (3, 16, 12), mean=(0.5,) * 3, std=(0.5,) * 3, crop_pct=0.9, crop_mode=mode)
    assert preprocess(spec)(Image.new("RGB", size)).shape == (3, 16, 12)


def test_images_that_do_not_fit():
    with pytest.raises(UsageError, match="5 channels"):
        preprocess(InputSpec("image", (5, 4, 4)))
    with pytest.raises(DataRefused, match="8 bits"):
        preprocess(InputSpec("image", (1, 4, 4)))(Image.new("I", (4, 4)))
    with pytest.raises(DataRefused, match="an image"):
        preprocess(InputSpec("image", (1, 4, 4)))([1, 2])


def test_rows():
    columns = Columns(("a", "b"), (10.0, 1.0), (2.0, 4.0))
    assert preprocess(InputSpec("columns", (2,), columns=columns))([14, 3]).tolist() == [2.0, 0.5]
    assert preprocess(InputSpec("columns", (2,)))([14, 3]).tolist() == [14.0, 3.0]
    with pytest.raises(DataRefused, match="2 columns"):
        preprocess(InputSpec("columns", (2,)))([1])
    with pytest.raises(DataRefused, match="column 'b'"):
        preprocess(InputSpec("columns", (2,), columns=columns))([1, float("nan")])
    with pytest.raises(DataRefused, match="numbers"):
        preprocess(InputSpec("columns", (2,)))(["x", "y"])
