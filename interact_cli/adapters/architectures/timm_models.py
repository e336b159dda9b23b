"""``--arch timm:NAME``: any network of timm, built without touching the network or pretrained weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import timm
import torch
from timm.data.config import resolve_data_config
from timm.models import split_model_name_tag
from torch import nn

from interact_cli.adapters.architectures.arguments import is_plain
from interact_cli.adapters.architectures.describing import described
from interact_cli.adapters.architectures.geometry import Geometry, read_geometry
from interact_cli.errors import CheckpointRefused, InteractError, UnknownNameError, UsageError
from interact_cli.interfaces import Network
from interact_cli.safe_text import safe_text

_DATA_KEYS = frozenset(
    {"input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode", "columns", "output_kind", "class_names"}
)
_FORBIDDEN = ("pretrained", "checkpoint_path", "cache_dir", "features_only", "device", "scriptable", "exportable")
"""timm options that would read files, reach for the hub, or build something that is not the network."""

_MODEL_KEYS = {
    "num_classes": "num_classes",
    "in_chans": "in_chans",
    "gp": "global_pool",
    "bn_eps": "bn_eps",
    "bn_momentum": "bn_momentum",
}
"""Arguments of timm's train script that shape the network -> keyword of ``create_model``."""


class TimmBuilder:
    """Builds networks by timm's names; an `OutlineBuilder`."""

    def __call__(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Network:
        """Build the network, freshly initialised.

        Raises:
            UnknownNameError: timm has no such architecture.
            UsageError: an argument does not fit it.
            CheckpointRefused: what the checkpoint saved does not fit it.
        """
        module = _create(name, arguments, saved)
        where = f"timm:{safe_text(name)}"
        if getattr(module, "num_classes", None) == 0:
            raise UsageError(
                f"Expected class scores from {where}, but num_classes is 0. Give --arch-arg num_classes=K."
            )
        geometry = _geometry(name, module, arguments, saved)
        return described(module, geometry, where, classifier=_classifier(module))

    def outline(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> nn.Module:
        """Build the network on the meta device, for its shapes."""
        with torch.device("meta"):
            return _create(name, arguments, saved)


build = TimmBuilder()


def _classifier(module: nn.Module) -> str:
    """Return the name of what timm calls the classifier; empty for networks with several."""
    found = module.get_classifier() if hasattr(module, "get_classifier") else None  # type: ignore[operator]  # timm's
    return next((name for name, part in module.named_modules() if part is found), "")


def _create(name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> nn.Module:
    if not timm.is_model(split_model_name_tag(name)[0]) or ":" in name or "/" in name:
        raise UnknownNameError("timm architecture", safe_text(name), timm.list_models(), listing="interact list archs")
    options = _saved_options(name, saved) | {k: v for k, v in arguments.items() if k not in _DATA_KEYS}
    _refuse_forbidden(name, options)
    if "img_size" in arguments and not _fixed_size(name):
        options.pop("img_size", None)
    try:
        module = timm.create_model(name, pretrained=False, **options)
    except InteractError:
        raise
    except Exception as error:  # timm forwards options to hundreds of constructors
        reason = safe_text((str(error).strip() or type(error).__name__).splitlines()[0].rstrip("."), 160)
        blamed = bool(saved) and not arguments
        told = " with the checkpoint's args" if blamed else " with --arch-arg as given" if arguments else ""
        kind: type[InteractError] = CheckpointRefused if blamed else UsageError
        raise kind(f"Expected a network timm:{safe_text(name)}, but{told} it cannot be built: {reason}.") from None
    if not isinstance(module, nn.Module):
        raise UsageError(f"Expected timm:{safe_text(name)} to be a torch network, got {type(module).__name__}.")
    return module


def _saved_options(name: str, saved: Mapping[str, Any]) -> dict[str, Any]:
    options = {key: saved[word] for word, key in _MODEL_KEYS.items() if saved.get(word) is not None}
    extra = _extra(saved)
    if not is_plain(extra):
        raise CheckpointRefused(
            f"Expected plain values in 'model_kwargs' of the checkpoint's args for timm:{safe_text(name)}, "
            f"got {safe_text(extra, 80)}."
        )
    options |= {str(key): value for key, value in extra.items()}
    size = _size(saved)
    if size and "img_size" not in options and _fixed_size(name) and size != _default_size(name):
        options["img_size"] = size
    return options


def _refuse_forbidden(name: str, options: Mapping[str, Any]) -> None:
    for key in options:
        if key.startswith(_FORBIDDEN):
            raise UsageError(
                f"Expected arguments that shape timm:{safe_text(name)}, got '{safe_text(key)}', which loads or "
                "changes something else. Leave it out."
            )


def _configuration(name: str) -> Any:
    return timm.get_pretrained_cfg(name) or timm.get_pretrained_cfg(split_model_name_tag(name)[0])


def _fixed_size(name: str) -> bool:
    return bool(getattr(_configuration(name), "fixed_input_size", False))


def _default_size(name: str) -> tuple[int, int]:
    _channels, height, width = getattr(_configuration(name), "input_size", (3, 224, 224))
    return height, width


def _size(said: Mapping[str, Any]) -> tuple[int, int] | None:
    shape = read_geometry(
        {key: said.get(key) for key in ("input_size", "img_size")}, "the arguments of the network", "unknown"
    ).shape
    return (shape[1], shape[2]) if len(shape) == 3 else None


def _channels(module: nn.Module, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> int:
    for said in (arguments, _extra(saved), saved):
        if isinstance(said.get("in_chans"), int):
            return int(said["in_chans"])
    return int(getattr(module, "in_chans", None) or 3)


def _geometry(name: str, module: nn.Module, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Geometry:
    """Resolve what nobody said by timm's own data-config rule."""
    given = read_geometry(arguments, "--arch-arg", "--arch-arg")
    said = given.or_else(read_geometry(saved, "the checkpoint's args", "checkpoint args"))
    where = f"timm:{safe_text(name)}"
    channels = _channels(module, arguments, saved)
    asked = {
        "mean": _expanded("mean", said.mean, channels, where),
        "std": _expanded("std", said.std, channels, where),
        "interpolation": said.interpolation,
        "crop_pct": said.crop_pct,
        "crop_mode": said.crop_mode,
        "input_size": (channels, *_input_size(name, module, arguments, saved)),
    }
    resolved: dict[str, Any] = resolve_data_config(  # type: ignore[no-untyped-call]  # timm leaves it untyped
        args={key: value for key, value in asked.items() if value}, model=module
    )
    mean, std = tuple(map(float, resolved["mean"])), tuple(map(float, resolved["std"]))
    source = said.source if saved or given.speaks else f"timm's configuration of {name}"
    if len(mean) != channels:
        mean, std = (sum(mean) / len(mean),), (sum(std) / len(std),)
        source = f"guessed: the mean over the channels of timm's configuration of {name}"
    return replace(
        said,
        shape=tuple(resolved["input_size"]),
        mean=mean,
        std=std,
        interpolation=resolved["interpolation"],
        crop_pct=float(resolved["crop_pct"]),
        crop_mode=resolved["crop_mode"],
        source=source,
    )


def _expanded(key: str, values: tuple[float, ...], channels: int, where: str) -> tuple[float, ...]:
    if len(values) == 1:
        return values * channels
    if values and len(values) != channels:
        raise UsageError(f"Expected {channels} entries in '{key}' for {where}, got {len(values)}.")
    return values


def _input_size(
    name: str, module: nn.Module, arguments: Mapping[str, Any], saved: Mapping[str, Any]
) -> tuple[int, int]:
    embedded = getattr(getattr(module, "patch_embed", None), "img_size", None)
    if isinstance(embedded, tuple | list) and _fixed_size(name):
        return int(embedded[0]), int(embedded[1])
    return _size(arguments) or _size(_extra(saved)) or _size(saved) or _default_size(name)


def _extra(saved: Mapping[str, Any]) -> Mapping[str, Any]:
    extra = saved.get("model_kwargs")
    return extra if isinstance(extra, Mapping) else {}
