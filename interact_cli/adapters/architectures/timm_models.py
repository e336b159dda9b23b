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

from interact_cli.adapters.architectures.arguments import INPUT_WORDS, OUTPUT_WORDS, Said, image_shape
from interact_cli.adapters.architectures.geometry import Geometry, described, input_spec, read_geometry
from interact_cli.adapters.containers.directories import CONFIG, ModelDirectory
from interact_cli.errors import CheckpointRefused, UnknownNameError, UsageError
from interact_cli.interfaces import Network
from interact_cli.safe_text import safe_text

_DATA_KEYS = (INPUT_WORDS | OUTPUT_WORDS) - {"num_classes", "in_chans", "img_size"}
"""Arguments that ``create_model`` does not take."""
_SAVED_INPUT = ("input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode")
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
        said = _said(name, arguments, saved)
        module = _create(name, said)
        if getattr(module, "num_classes", None) == 0:
            raise UsageError(
                f"Expected class scores from {said.where}, but num_classes is 0. Give --arch-arg num_classes=K."
            )
        geometry = _geometry(name, module, said)
        return described(module, geometry, said.where, classifier=_classifier(module))

    def outline(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> nn.Module:
        """Build the network on the meta device, for its shapes."""
        with torch.device("meta"):
            return _create(name, _said(name, arguments, saved))


build = TimmBuilder()


def _classifier(module: nn.Module) -> str:
    """Return the name of what timm calls the classifier; empty for networks with several."""
    classifier = module.get_classifier() if hasattr(module, "get_classifier") else None  # type: ignore[operator]  # timm's
    return next((name for name, part in module.named_modules() if part is classifier), "")


def _said(name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Said:
    if not timm.is_model(split_model_name_tag(name)[0]) or ":" in name or "/" in name:
        raise UnknownNameError("timm architecture", safe_text(name), timm.list_models(), listing="interact list archs")
    return Said(f"timm:{safe_text(name)}", arguments, saved)


def _create(name: str, said: Said) -> nn.Module:
    said.check_plain()
    options = {key: said.saved[word] for word, key in _MODEL_KEYS.items() if said.saved.get(word) is not None}
    options |= said.extra
    size = image_shape(said.saved, said.where)[1:]
    if size and "img_size" not in options and _fixed_size(name) and size != _default_size(name):
        options["img_size"] = size
    options |= {key: value for key, value in said.arguments.items() if key not in _DATA_KEYS}
    said.refuse(options, _FORBIDDEN)
    # Networks of any size take no such argument: for them it is the size of the input alone.
    if "img_size" in said.arguments and not _fixed_size(name):
        options.pop("img_size", None)
    module = said.built(timm.create_model, name, {"pretrained": False, **options}, saved=bool(said.saved))
    if not isinstance(module, nn.Module):
        raise UsageError(f"Expected {said.where} to be a torch network, got {type(module).__name__}.")
    return module


def _configuration(name: str) -> Any:
    return timm.get_pretrained_cfg(name) or timm.get_pretrained_cfg(split_model_name_tag(name)[0])


def _fixed_size(name: str) -> bool:
    return bool(getattr(_configuration(name), "fixed_input_size", False))


def _default_size(name: str) -> tuple[int, int]:
    _channels, height, width = getattr(_configuration(name), "input_size", (3, 224, 224))
    return height, width


def _geometry(name: str, module: nn.Module, said: Said) -> Geometry:
    """Resolve what nobody said by timm's own data-config rule."""
    given = read_geometry(said.arguments, "--arch-arg", "--arch-arg")
    known = given.or_else(read_geometry(said.saved, "the checkpoint's args", "checkpoint args"))
    channels = int(said.get("in_chans") or getattr(module, "in_chans", None) or 3)
    spec = input_spec(replace(known, shape=(channels, *_input_size(name, module, said))), said.where)
    options = {
        "mean": spec.mean,
        "std": spec.std,
        "interpolation": known.interpolation,
        "crop_pct": known.crop_pct,
        "crop_mode": known.crop_mode,
        "input_size": spec.shape,
    }
    resolved: dict[str, Any] = resolve_data_config(  # type: ignore[no-untyped-call]  # timm leaves it untyped
        args={key: value for key, value in options.items() if value}, model=module
    )
    mean, std = tuple(map(float, resolved["mean"])), tuple(map(float, resolved["std"]))
    source = known.source if said.saved or given.speaks else f"timm's configuration of {name}"
    if len(mean) != channels:
        mean, std = (sum(mean) / len(mean),), (sum(std) / len(std),)
        source = f"guessed: the mean over the channels of timm's configuration of {name}"
    return replace(
        known,
        shape=tuple(resolved["input_size"]),
        mean=mean,
        std=std,
        interpolation=resolved["interpolation"],
        crop_pct=float(resolved["crop_pct"]),
        crop_mode=resolved["crop_mode"],
        source=source,
    )


def _input_size(name: str, module: nn.Module, said: Said) -> tuple[int, int]:
    embedded = getattr(getattr(module, "patch_embed", None), "img_size", None)
    if isinstance(embedded, tuple | list) and _fixed_size(name):
        return int(embedded[0]), int(embedded[1])
    _channels, height, width = said.image_shape(_default_size(name))
    return height, width


def said_by(directory: ModelDirectory) -> tuple[str, dict[str, Any]]:
    """Return the architecture that a timm directory names, and what it says of the network.

    Args:
        directory: A directory of kind ``"timm"``; ``pretrained_cfg`` may also stand at the top, as old ones have it.

    Returns:
        ``("timm:NAME", saved)`` with ``saved`` as `interact_cli.interfaces.ArchBuilder` takes it.

    Raises:
        CheckpointRefused: an entry is not of its kind.
    """
    config = directory.config
    data = _mapping(directory, "pretrained_cfg") if "pretrained_cfg" in config else config
    arguments = _mapping(directory, "model_args")
    saved = {key: data[key] for key in _SAVED_INPUT if data.get(key) is not None}
    saved["num_classes"] = config.get("num_classes", data.get("num_classes"))
    size = saved.get("input_size")
    if isinstance(size, list) and len(size) == 3:
        saved["in_chans"] = size[0]
    saved["model_kwargs"] = arguments
    names = config.get("label_names", data.get("label_names", data.get("labels")))
    if isinstance(names, list) and len(names) == saved["num_classes"]:
        saved["class_names"] = names
    return f"timm:{config['architecture']}", saved


def _mapping(directory: ModelDirectory, key: str) -> Mapping[str, Any]:
    value = directory.config.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise CheckpointRefused(
            f"Expected '{key}' in {CONFIG} of '{directory.name}' to be a mapping, got {safe_text(value, 60)}."
        )
    return value or {}
