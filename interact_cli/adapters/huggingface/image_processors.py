"""``preprocessor_config.json`` of transformers into an `InputSpec`.

Its steps, in their order, are resize, centre crop, 0..1, subtract the mean, divide by the standard deviation; the
evaluation transform of `interact_cli.adapters.preprocessing` does the same, but for an odd margin of the crop, whose
odd pixel the libraries leave on different sides. A step that it does not know is a refusal; what the file leaves open
is guessed, and said.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from PIL import Image

from interact_cli.adapters.architectures.geometry import INTERPOLATIONS, input_spec, read_geometry
from interact_cli.adapters.containers.directories import ModelDirectory, has, member
from interact_cli.adapters.containers.model_config import MAX_BYTES, read_json
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text
from interact_cli.types import InputSpec

FILE = "preprocessor_config.json"
_CROPS_BY_SHARE = frozenset({"ConvNextImageProcessor", "ConvNextFeatureExtractor"})
"""Processors whose one size is that of the crop; the image is resized to size / crop_pct, or squashed from 384 on."""
_SQUASH_FROM = 384
_RESCALE = 1 / 255
_OTHER_STEPS = ("do_flip_channel_order", "do_pad", "do_color_quantize", "rescale_offset", "do_thumbnail", "do_rotate")
_FAMILIES_WITH_OTHER_STEPS = ("EfficientNet", "Levit", "PoolFormer", "Perceiver", "TextNet", "ImageGPT", "Donut")
"""Image processors that resize or normalise in a way of their own."""


@dataclass(frozen=True)
class _Steps:
    """What becomes of an image."""

    size: tuple[int, int]
    resized: tuple[int, int]
    """Height and width before the crop; of the shorter side where the mode is ``"center"``."""
    mode: str
    guess: str = ""


def image_input(directory: ModelDirectory, config: Any) -> tuple[InputSpec, Mapping[str, str]]:
    """Return what a network of images takes, and the digest of the file that says so, by name.

    Args:
        directory: Its folder.
        config: Its configuration, of transformers: ``num_channels`` and ``image_size`` where the family has them.

    Raises:
        CheckpointRefused: the file asks for steps that cannot be repeated here, or is ill-formed.
    """
    channels = getattr(config, "num_channels", None) or 3
    fixed = _pair(getattr(config, "image_size", None))
    if not has(directory.path, FILE):
        return InputSpec("image", (channels, *(fixed or (224, 224))), source=f"guessed: there is no {FILE}"), {}
    settings, digest = read_json(member(directory.path, FILE, at_most=MAX_BYTES))
    where = f"{FILE} of '{directory.name}'"
    _refuse_other_steps(settings, where)
    steps = _steps(settings, fixed, where)
    if fixed is not None and steps.size != fixed:
        steps = _Steps(fixed, fixed, "squash", f"{FILE} gives {steps.size}, and the network takes {fixed}")
    normalises = settings.get("do_normalize", settings.get("image_mean") is not None)
    geometry = read_geometry(
        {
            "shape": (channels, *steps.size),
            "mean": settings.get("image_mean") if normalises else None,
            "std": settings.get("image_std") if normalises else None,
            "interpolation": _interpolation(settings.get("resample"), where),
            "crop_pct": _share(steps, where),
            "crop_mode": steps.mode,
        },
        where,
        f"guessed: {steps.guess}" if steps.guess else FILE,
    )
    return input_spec(geometry, where), {FILE: digest}


def _refuse_other_steps(settings: Mapping[str, Any], where: str) -> None:
    kind = _kind(settings)
    step = next((name for name in _OTHER_STEPS if settings.get(name)), None)
    if kind.startswith(_FAMILIES_WITH_OTHER_STEPS):
        step = kind
    factor = settings.get("rescale_factor", _RESCALE)
    if settings.get("do_rescale") is False or not isinstance(factor, float) or not math.isclose(factor, _RESCALE):
        step = "another rescaling than 1/255"
    if step is not None:
        raise CheckpointRefused(
            f"Expected resize, centre crop, 0..1, mean and standard deviation in {where}, got {safe_text(step, 60)}. "
            "Rebuild the network in a factory (py:FILE.py:FACTORY) that takes pixels as these steps leave them."
        )


def _kind(settings: Mapping[str, Any]) -> str:
    named = settings.get("image_processor_type") or settings.get("feature_extractor_type")
    return named.removesuffix("Pil").removesuffix("Fast") if isinstance(named, str) else ""


def _steps(settings: Mapping[str, Any], fixed: tuple[int, int] | None, where: str) -> _Steps:
    if settings.get("do_resize") is False:
        size = _pair(settings.get("crop_size")) or fixed or (224, 224)
        return _Steps(size, size, "center", f"{FILE} does not resize; images of other sizes are")
    both = _pair(settings.get("size"))
    shorter = settings["size"].get("shortest_edge") if isinstance(settings.get("size"), dict) else None
    if _kind(settings) in _CROPS_BY_SHARE:
        return _by_share(both[0] if both else shorter, settings.get("crop_pct"), where)
    crop = _pair(settings.get("crop_size")) if settings.get("do_center_crop") else None
    if both is not None:
        return _Steps(crop or both, both, "squash")
    if not _is_side(shorter):
        raise CheckpointRefused(f"Expected a size in {where}, got {safe_text(settings.get('size'), 60)}.")
    if crop is not None:
        return _Steps(crop, (shorter, shorter), "center")
    guess = f"{FILE} keeps the aspect; the longer side is cropped"
    return _Steps(fixed or (shorter, shorter), (shorter, shorter), "center", guess)


def _by_share(side: Any, share: Any, where: str) -> _Steps:
    if not _is_side(side):
        raise CheckpointRefused(f"Expected a size in {where}, got {safe_text(side, 60)}.")
    if side >= _SQUASH_FROM:
        return _Steps((side, side), (side, side), "squash")
    share = 224 / 256 if share is None else share
    if not isinstance(share, float | int) or not 0.1 <= share <= 1:
        raise CheckpointRefused(f"Expected crop_pct in {where} to be above 0.1, got {safe_text(share, 40)}.")
    before = int(side / share)
    return _Steps((side, side), (before, before), "center")


def _pair(value: Any) -> tuple[int, int] | None:
    """Return (height, width) from a number, two numbers, or ``{"height", "width"}``."""
    if isinstance(value, dict):
        value = (value.get("height"), value.get("width"))
    if _is_side(value):
        return value, value
    if isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_side, value)):
        return value[0], value[1]
    return None


def _is_side(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 2**14


def _share(steps: _Steps, where: str) -> float:
    """Return ``crop_pct`` such that ``floor(side / crop_pct)`` is the side before the crop."""
    side, before = steps.size[0], steps.resized[0]
    share = side / before
    if math.floor(side / share) != before:
        share = math.nextafter(share, 0)  # the quotient was rounded up, past the whole number
    if math.floor(steps.size[1] / share) != steps.resized[1]:
        raise CheckpointRefused(
            f"Expected a crop of one share of height and width in {where}, got {steps.size} of {steps.resized}."
        )
    return share


def _interpolation(resample: Any, where: str) -> str | None:
    if resample is None:
        return None
    names = {int(method): method.name.lower() for method in Image.Resampling}
    name = names.get(resample) if isinstance(resample, int) else None
    if name not in INTERPOLATIONS:
        raise CheckpointRefused(f"Expected a resampling of PIL (0 to 5) in {where}, got {safe_text(resample, 40)}.")
    return name
