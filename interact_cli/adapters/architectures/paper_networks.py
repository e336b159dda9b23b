"""``--arch paper:NAME``: the small-image networks and the MLPs of the papers.

Image networks take ``num_classes`` (10), ``in_chans`` (3), ``img_size`` (32), ``dropout`` (0) and ``dropout_before``;
the MLPs take ``n_columns`` and ``n_outputs``. All of them are built by `interact_cli.networks`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from interact_cli import networks
from interact_cli.adapters.architectures.arguments import Said
from interact_cli.adapters.architectures.geometry import described
from interact_cli.adapters.architectures.source_code import code_digest
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interfaces import Network
from interact_cli.safe_text import safe_text

IMAGE_ARGUMENTS = ("num_classes", "in_chans", "img_size", "dropout", "dropout_before")
COLUMN_ARGUMENTS = ("n_columns", "n_outputs")


@dataclass(frozen=True)
class Paper:
    """One network of the papers."""

    make: Callable[..., nn.Module]
    classifier: str
    """The module that gives the scores."""
    sized: bool = False
    """Whether its fully connected layers depend on the image size."""
    layers: int = 0
    """Linear layers of an MLP; 0 for image networks."""


NAMES: Mapping[str, Paper] = {
    "alexnet": Paper(networks.alexnet, "fc3", sized=True),
    "vgg11": Paper(networks.vgg11, "fc3", sized=True),
    "vgg13": Paper(networks.vgg13, "fc3", sized=True),
    "vgg16": Paper(networks.vgg16, "fc3", sized=True),
    "vgg19": Paper(networks.vgg19, "fc3", sized=True),
    "resnet18": Paper(networks.resnet18, "fc"),
    "resnet20": Paper(networks.resnet20, "head"),
    "resnet34": Paper(networks.resnet34, "fc"),
    "resnet44": Paper(networks.resnet44, "head"),
    "resnet56": Paper(networks.resnet56, "head"),
    "mlp5": Paper(networks.mlp, "8", layers=5),
    "mlp8": Paper(networks.mlp, "14", layers=8),
}


class PaperBuilder:
    """Builds the papers' networks; an `OutlineBuilder`."""

    def __call__(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Network:
        """Build the network, freshly initialised.

        Raises:
            UnknownNameError: no such network or argument.
            UsageError: an argument does not fit it, or is missing.
            CheckpointRefused: the checkpoint names arguments that it does not take.
        """
        paper, said = _find(name, arguments, saved)
        module, shape = _make(paper, said)
        geometry = said.geometry(shape)
        return described(
            module, geometry, said.where, classifier=paper.classifier, code=code_digest(module, paper.make)
        )

    def outline(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> nn.Module:
        """Build the network on the meta device, for its shapes."""
        paper, said = _find(name, arguments, saved)
        with torch.device("meta"):
            return _make(paper, said)[0]


build = PaperBuilder()


def _find(name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> tuple[Paper, Said]:
    if name not in NAMES:
        raise UnknownNameError("paper architecture", safe_text(name), NAMES, listing="interact list archs")
    paper = NAMES[name]
    said = Said(f"paper:{name}", arguments, saved)
    said.check_known(COLUMN_ARGUMENTS if paper.layers else IMAGE_ARGUMENTS)
    return paper, said


def _make(paper: Paper, said: Said) -> tuple[nn.Module, tuple[int, ...]]:
    """Return the network and the shape of its input."""
    if paper.layers:
        n_columns = said.count("n_columns", _n_columns(said))
        n_outputs = said.count("n_outputs", _n_outputs(said))
        return paper.make(n_columns, n_outputs, layers=paper.layers), (n_columns,)
    channels, height, width = said.image_shape((32, 32))
    options: dict[str, Any] = {"image_size": (height, width)} if paper.sized else {}
    module = paper.make(said.count("num_classes", 10), channels, **options, **_dropout(said))
    return module, (channels, height, width)


def _n_columns(said: Said) -> Any:
    """Return what a sidecar or the checkpoint says of the columns."""
    shape, columns = said.get("input_size"), said.get("columns")
    if isinstance(shape, list | tuple) and len(shape) == 1:
        return shape[0]
    names = columns.get("names") if isinstance(columns, Mapping) else None
    return len(names) if isinstance(names, list | tuple) and names else None


def _n_outputs(said: Said) -> Any:
    """Return what a sidecar or the checkpoint says of the output."""
    if said.get("output_kind") in {"single-logit", "scalar"}:
        return 1
    names = said.get("class_names")
    return said.get("num_classes") or (len(names) if isinstance(names, list | tuple) and names else None)


def _dropout(said: Said) -> dict[str, Any]:
    rate, before = said.get("dropout", 0.0), said.get("dropout_before")
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise UsageError(f"Expected 'dropout' of {said.where} to be a rate such as 0.5, got {safe_text(rate, 60)}.")
    if before is None:
        return {"dropout": rate}
    if not isinstance(before, str):
        raise UsageError(f"Expected 'dropout_before' of {said.where} to name a layer, got {safe_text(before, 60)}.")
    return {"dropout": rate, "dropout_before": before}
