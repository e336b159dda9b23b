"""``--arch mlp:WIDTHS``: a plain multilayer perceptron, its widths in its name, for example ``mlp:6-16-2``.

Linear layers with ReLU between them in one ``nn.Sequential``: tensors are called ``0.weight``, ``0.bias``,
``2.weight`` and so on. What the input means (column names, scaling) comes from the checkpoint or its sidecar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from interact_cli.adapters.architectures.geometry import Geometry, input_spec, probe, read_geometry
from interact_cli.errors import UsageError
from interact_cli.interfaces import Network
from interact_cli.safe_text import safe_text


class MlpBuilder:
    """Builds perceptrons by their widths; an `OutlineBuilder`.

    A checkpoint may name its own architecture, so a name may come from a stranger: the outline lets `interact`
    compare the shapes with the file before any memory is taken for the weights.
    """

    def __call__(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Network:
        """Build the network.

        Raises:
            UsageError: the name is no list of widths, or arguments were given.
            CheckpointRefused: what the checkpoint says of its input does not fit the widths.
        """
        module = _layers(name, arguments)
        where = f"mlp:{safe_text(name)}"
        widths = Geometry(shape=(_widths(name)[0],), source="architecture")
        geometry = read_geometry(saved, "the checkpoint or its sidecar", "checkpoint args").or_else(widths)
        output, n_classes = probe(module, geometry.shape, geometry.output, where)
        return Network(module, input_spec(geometry, where), output, n_classes, "mlp", geometry.class_names)

    def outline(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> nn.Module:
        """Build the network on the meta device, for its shapes."""
        del saved
        with torch.device("meta"):
            return _layers(name, arguments)


build = MlpBuilder()


def _layers(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    if arguments:
        given = safe_text(", ".join(arguments))
        raise UsageError(f"Expected no --arch-arg for mlp:WIDTHS, got {given}. The name says it all.")
    layers = [layer for sizes in pairwise(_widths(name)) for layer in (nn.Linear(*sizes), nn.ReLU())]
    return nn.Sequential(*layers[:-1])


def _widths(name: str) -> list[int]:
    if not re.fullmatch(r"[1-9]\d{0,5}(-[1-9]\d{0,5}){1,31}", name, re.ASCII):
        raise UsageError(
            f"Expected --arch mlp:WIDTHS, inputs first, for example mlp:6-16-2, got 'mlp:{safe_text(name)}'."
        )
    return [int(width) for width in name.split("-")]
