"""What stands at an entry: its shape, and which axis holds the channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import torch
from torch import nn
from torch.nn.modules import batchnorm, conv, instancenorm, pooling

from interact_cli.entries.observing import Call, Met, Observation, device_of, observe, twice
from interact_cli.entries.wrapped import named_modules, reading_text
from interact_cli.types import EMBEDDING, INPUT, Entry, Model

CHANNELS_FIRST = (
    conv._ConvNd, batchnorm._NormBase, instancenorm._InstanceNorm, nn.GroupNorm,
    pooling._MaxPoolNd, pooling._AvgPoolNd, pooling._AdaptiveMaxPoolNd, pooling._AdaptiveAvgPoolNd,
)  # fmt: skip
CHANNELS_LAST = (nn.Linear, nn.LayerNorm, nn.RMSNorm)


@dataclass(frozen=True)
class Standing:
    """What stands at an entry for one sample."""

    shape: tuple[int, ...]
    """Without the batch: ``(d,)``, ``(L, d)``, ``(C, h, w)`` or ``(h, w, C)``."""
    channels: int
    """The axis of ``shape`` that holds the channels."""


def standing(model: Model, entry: Entry, sample_input: npt.NDArray[Any]) -> Standing:
    """Return the shape of what stands at an entry, and the axis of its channels.

    Channels of maps lie first (``(C, h, w)``) or last (``(h, w, C)``, as in timm's Swin); of sequences ``(L, d)`` they
    lie last. What decides, in this order: a layer that gives or takes the very tensor and knows its channels
    (convolutions, pooling, batch and group norms: first; linear layers, layer norms: last); what timm says of the
    network's maps (``output_fmt``); the usual, first for maps and last for sequences.

    Args:
        model: The network, on any device.
        entry: Where the mask enters.
        sample_input: ``Sample.input``: ``(C, H, W)``, ``(F,)`` or ``(3, L)``.

    Raises:
        UsageError: no mask can enter there.
    """
    if entry == INPUT:
        return Standing(sample_input.shape, 0)
    inputs = torch.from_numpy(sample_input)[None].to(device_of(model.module))
    if entry == EMBEDDING:
        with torch.inference_mode():
            return Standing(tuple(reading_text(model.module).embed(inputs).shape[1:]), 1)
    return standing_inside(model.module, entry, inputs)


def standing_inside(network: nn.Module, entry: Entry, inputs: torch.Tensor) -> Standing:
    """Return the shape of what stands at an entry inside a network, and the axis of its channels; see `standing`.

    Args:
        network: On any device.
        entry: Inside it.
        inputs: One sample, ``(1, *input shape)``.

    Raises:
        UsageError: no mask can enter there.
    """
    observation = observe(network.eval(), twice(inputs))
    met = observation.met(entry)
    shape = tuple(met.at.tensor.shape[1:])
    return Standing(shape, _channels(network, observation, met, len(shape)))


def _channels(network: nn.Module, observation: Observation, met: Met, axes: int) -> int:
    if axes <= 1:
        return 0
    modules = named_modules(network)
    touching = [call for call in observation.calls if call.kind == "module" and _touches(call, met)]
    for module in (modules[call.name] for call in touching):
        # The name first: timm's LayerNorm2d is a LayerNorm by class, of channels that lie first.
        if isinstance(module, CHANNELS_FIRST) or type(module).__name__.endswith("Norm2d"):
            return 0
        if isinstance(module, CHANNELS_LAST):
            return axes - 1
    maps_last = axes == 3 and "NHWC" in str(getattr(modules[""], "output_fmt", ""))
    return axes - 1 if axes == 2 or maps_last else 0


def _touches(call: Call, met: Met) -> bool:
    """Whether a call gives or takes the very tensor of the entry."""
    return met.at.same(call.output) or met.at.same(call.input)
