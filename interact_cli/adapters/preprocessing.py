"""Raw samples into network inputs, as the checkpoint says."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from interact_cli.errors import DataRefused, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.types import InputSpec, Preprocess

_MODES = {1: "L", 3: "RGB"}
_WIDE_MODES = ("I", "F")


def preprocess(spec: InputSpec) -> Preprocess:
    """Return the function from a raw sample to the network's input.

    Images: grey for one channel and RGB for three, then timm's evaluation transform (resize, centre crop, 0..1,
    subtract the mean, divide by the standard deviation; without these, pixels stay in 0..1).
    Rows: ``(row - mean) / std`` in float64, then float32; without these, raw columns.

    Args:
        spec: What the network takes.

    Returns:
        PIL image or ``(F,)`` row -> float32 array of ``spec.shape``. It raises DataRefused for a sample that
        does not fit.

    Raises:
        UsageError: the network takes images of neither one nor three channels.

    Example:
        >>> preprocess(InputSpec("columns", (2,)))([1, 2])
        array([1., 2.], dtype=float32)
    """
    if spec.kind == "columns":
        return partial(_row, spec=spec)
    channels = spec.shape[0]
    if channels not in _MODES:
        raise UsageError(f"Expected a network for grey (1) or RGB (3) images, got one for {channels} channels.")
    from timm.data.transforms_factory import create_transform  # seconds that columns need not wait

    _channels, height, width = spec.shape
    transform = create_transform(
        input_size=(height, width),
        is_training=False,
        interpolation=spec.interpolation,
        mean=spec.mean or (0.0,) * channels,
        std=spec.std or (1.0,) * channels,
        crop_pct=spec.crop_pct,
        crop_mode=spec.crop_mode,
    )
    return partial(_image, spec=spec, transform=transform)


def _image(sample: Any, *, spec: InputSpec, transform: Any) -> npt.NDArray[np.float32]:
    if not isinstance(sample, Image.Image):
        raise DataRefused(f"Expected an image for a network of images, got a {safe_text(type(sample).__name__)}.")
    if sample.mode.startswith(_WIDE_MODES):
        raise DataRefused(f"Expected an image of 8 bits per channel, got mode '{sample.mode}'. Convert it first.")
    tensor = transform(sample.convert(_MODES[spec.shape[0]]))
    array = np.asarray(tensor.numpy(), dtype=np.float32)
    if array.shape != spec.shape:
        raise DataRefused(f"Expected an input of shape {spec.shape}, got {array.shape} from an image of {sample.size}.")
    return array


def _row(sample: Any, *, spec: InputSpec) -> npt.NDArray[np.float32]:
    try:
        row = np.asarray(sample, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataRefused(f"Expected a row of numbers, got: {safe_text(error)}.") from None
    if row.shape != spec.shape:
        raise DataRefused(f"Expected a row of {spec.shape[0]} columns, got shape {row.shape}.")
    if not np.isfinite(row).all():
        bad = int(np.flatnonzero(~np.isfinite(row))[0])
        name = spec.columns.names[bad] if spec.columns.names else str(bad)
        raise DataRefused(
            f"Expected finite numbers, got {row[bad]} in column '{safe_text(name)}'. Fill or drop the row."
        )
    if spec.columns.mean:
        row = row - np.asarray(spec.columns.mean)
    if spec.columns.std:
        row = row / np.asarray(spec.columns.std)
    return row.astype(np.float32)
