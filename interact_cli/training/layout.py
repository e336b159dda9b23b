"""What a saved checkpoint says of itself: the keys of timm's own train script."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from interact_cli.training.fit import Recipe
from interact_cli.types import InputSpec


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about."""

    arch: str
    module: nn.Module
    input: InputSpec
    n_classes: int
    recipe: Recipe
    seed: int
    accuracy: float
    """On held-out data, between 0 and 1."""
    model_kwargs: Mapping[str, Any] = field(default_factory=dict)
    """What the architecture's factory takes beyond the number of classes and channels."""


def timm_layout(trained: Trained) -> dict[str, Any]:
    """Return ``epoch, arch, args, state_dict, version`` and ``metric`` as timm's checkpoint saver stores them.

    ``args`` carries the names of timm's train script; a network of columns has no image settings. The metric
    is the held-out accuracy in percent, as timm's is.
    """
    recipe = trained.recipe
    args = argparse.Namespace(
        model=trained.arch,
        model_kwargs=dict(trained.model_kwargs),
        pretrained=False,
        num_classes=trained.n_classes,
        opt=recipe.optimiser,
        lr=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        smoothing=recipe.label_smoothing,
        seed=trained.seed,
    )
    if trained.input.kind == "image":
        channels, height, width = trained.input.shape
        args.in_chans = channels
        args.img_size = height if height == width else None
        args.input_size = [channels, height, width]
        args.mean = list(trained.input.mean)
        args.std = list(trained.input.std)
        args.interpolation = trained.input.interpolation
        args.crop_pct = trained.input.crop_pct
    state = {name: tensor.detach().cpu().clone() for name, tensor in trained.module.state_dict().items()}
    return {
        "epoch": recipe.epochs - 1,
        "arch": trained.arch,
        "args": args,
        "state_dict": state,
        "version": 2,
        "metric": 100 * trained.accuracy,
    }
