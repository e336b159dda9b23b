"""``--arch torchvision:NAME``: any image classifier of torchvision, built without its pretrained weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import nn
from torchvision import models

from interact_cli.adapters.architectures.arguments import INPUT_WORDS, OUTPUT_WORDS, Said
from interact_cli.adapters.architectures.geometry import Geometry, described
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interfaces import Network
from interact_cli.safe_text import safe_text

_FORBIDDEN = ("weights", "pretrained", "progress", "init_weights")
"""Options that would download weights, or that change nothing once weights are loaded."""

_TRAINED_ON_OTHER_SCALE = ("googlenet", "inception_v3")
"""torchvision's own weights of these were converted, and want ``transform_input``."""


class TorchvisionBuilder:
    """Builds networks by torchvision's names; an `OutlineBuilder`."""

    def __call__(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Network:
        """Build the network, freshly initialised: 1,000 classes and auxiliary heads unless something says otherwise.

        Raises:
            UnknownNameError: torchvision has no such classifier.
            UsageError: an argument does not fit it.
            CheckpointRefused: what the checkpoint saved does not fit it.
        """
        said = _said(name, arguments, saved)
        module = _create(name, said)
        geometry = _geometry(name, said)
        return described(module, geometry, said.where, classifier=_classifier(module))

    def outline(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> nn.Module:
        """Build the network on the meta device, for its shapes.

        RegNets compute their widths with torch, which the meta device cannot do; only their classifier, whose size
        a file may claim, is left without memory.
        """
        said = _said(name, arguments, saved)
        if not name.startswith("regnet_"):
            with torch.device("meta"):
                return _create(name, said)
        module = _create(name, Said(said.where, {**arguments, "num_classes": 1}, saved))
        module.fc = nn.Linear(_width(module), said.count("num_classes", 1000), device="meta")
        return module


build = TorchvisionBuilder()


def _said(name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Said:
    known = models.list_models(module=models)
    if name not in known:
        raise UnknownNameError("torchvision architecture", safe_text(name), known, listing="interact list archs")
    return Said(f"torchvision:{name}", arguments, saved)


def _create(name: str, said: Said) -> nn.Module:
    said.check_plain()
    options = {
        key: value
        for key, value in {**said.extra, **said.arguments}.items()
        if key not in INPUT_WORDS and key not in OUTPUT_WORDS
    }
    said.refuse(options, _FORBIDDEN)
    options["num_classes"] = said.count("num_classes", 1000)
    channels, height, width = said.image_shape(_own_size(name))
    if channels != 3:
        raise UsageError(
            f"Expected 3 channels for {said.where}, got {channels}: torchvision builds networks for RGB only. "
            "Name a factory of your own with --arch py:FILE.py:FACTORY."
        )
    if name.startswith("vit_") and (height, width) != _own_size(name):
        options["image_size"] = height
    if name in _TRAINED_ON_OTHER_SCALE:
        options["init_weights"] = False  # a random start that takes seconds, under weights that replace it
    module: nn.Module = said.built(models.get_model, name, {"weights": None, **options}, saved=bool(said.extra))
    return module


def _geometry(name: str, said: Said) -> Geometry:
    """Fill what nobody said from the transforms of torchvision's own weights."""
    shape = said.image_shape(_own_size(name))
    geometry = said.geometry(shape)
    recipe = _own_weights(name).transforms()
    guessed = f"guessed: torchvision's ImageNet defaults of {name}"
    if name in _TRAINED_ON_OTHER_SCALE and said.get("transform_input") is None:
        guessed += "; torchvision's own weights of it also want --arch-arg transform_input=true"
    resize, crop = recipe.resize_size[0], recipe.crop_size[0]
    defaults = replace(
        Geometry(),
        mean=tuple(map(float, recipe.mean)),
        std=tuple(map(float, recipe.std)),
        interpolation=recipe.interpolation.value,
        crop_pct=crop / resize if shape[1:] == _own_size(name) else 1.0,
        source=guessed,
    )
    described = bool(geometry.mean and geometry.std)
    return replace(geometry.or_else(defaults), source=geometry.source if described else guessed)


def _own_weights(name: str) -> Any:
    """Return the description of torchvision's first weights of a network: the ones for its smallest images."""
    entries = list(models.get_model_weights(name))
    plain = [entry for entry in entries if entry.name == "IMAGENET1K_V1"]
    return (plain or sorted(entries, key=lambda entry: entry.transforms().crop_size))[0]


def _own_size(name: str) -> tuple[int, int]:
    side = _own_weights(name).transforms().crop_size[0]
    return side, side


def _width(module: nn.Module) -> int:
    """Return the number of features that a RegNet's classifier reads."""
    return int(module.state_dict()["fc.weight"].shape[1])


def _classifier(module: nn.Module) -> str:
    """Return the last layer with weights: auxiliary heads come before it."""
    layers: list[str] = [name for name, part in module.named_modules() if isinstance(part, nn.Linear | nn.Conv2d)]
    return layers[-1]
