"""Parts that several networks share."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from interact_cli.errors import UsageError


class GlobalMean(nn.Module):
    """Mean over height and width; unlike torch's adaptive pooling its gradient is deterministic on a GPU."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C)``."""
        return torch.mean(x, dim=(2, 3))


def conv3x3(in_channels: int, channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a 3x3 convolution without bias that keeps the size, or halves it with stride 2.

    Initialised for ReLU as in He et al. (2015), https://arxiv.org/abs/1502.01852
    """
    conv = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    return conv


def with_dropout(network: nn.Sequential, rate: float, before: str) -> nn.Sequential:
    """Return the network with a dropout before one of its layers; every tensor keeps its name.

    Args:
        network: Layers with names.
        rate: Probability that a unit is dropped, 0 to below 1; 0 adds no layer.
        before: The layer, with dots where it lies inside another: ``"fc2"``, ``"layer1.1"``.

    Raises:
        UsageError: another rate, or no such layer.

    Example:
        >>> network = with_dropout(nn.Sequential(nn.ReLU(), nn.Linear(2, 2)), 0.5, "1")
        >>> [name for name, _layer in network.named_children()]
        ['0', 'dropout', '1']
    """
    if not 0 <= rate < 1:
        raise UsageError(f"Expected a dropout rate of at least 0 and below 1, got {rate}. Correct --arch-arg dropout.")
    if rate == 0:
        return network
    outer, _, name = before.rpartition(".")
    parts = {path: part for path, part in network.named_modules() if isinstance(part, nn.Sequential)}
    layers = dict(parts[outer].named_children()) if outer in parts else {}
    if name not in layers:
        known = [path for path, part in network.named_modules() if any(True for _ in part.parameters(recurse=False))]
        raise UsageError(
            f"Expected dropout before a layer of the network ({', '.join(known)}), got '{before}'. "
            "Correct --arch-arg dropout_before."
        )
    renewed = nn.Sequential()
    for path, layer in layers.items():
        if path == name:
            renewed.add_module("dropout", nn.Dropout(rate))
        renewed.add_module(path, layer)
    if not outer:
        return renewed
    network.set_submodule(outer, renewed)
    return network
