"""The project's own architectures: ResNet-20 for CIFAR, a small convnet for digits, the five-layer MLP.

Each one is a plain factory, so that ``--arch py:interact_cli.training.networks:NAME`` builds it too.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from interact_cli.errors import UsageError


def resnet20(n_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """ResNet-20 for 32x32 images: three stages of three blocks, 16, 32 and 64 channels, option-A shortcuts.

    269,722 parameters for 10 classes and 3 channels.

    Source: He et al. (2015), section 4.2, https://arxiv.org/abs/1512.03385

    Args:
        n_classes: Number of classes ``K``.
        in_channels: Channels ``C`` of the input.

    Returns:
        A network ``(B, C, 32, 32) -> (B, K)`` logits, freshly initialised from the global generator of torch.
    """
    stages: OrderedDict[str, nn.Module] = OrderedDict()
    stages["stem"] = nn.Sequential(_conv3x3(in_channels, 16), nn.BatchNorm2d(16), nn.ReLU())
    width = 16
    for number, channels in enumerate((16, 32, 64), start=1):
        blocks = [BasicBlock(width if i == 0 else channels, channels) for i in range(3)]
        stages[f"stage{number}"] = nn.Sequential(*blocks)
        width = channels
    stages["pool"] = GlobalMean()
    stages["head"] = nn.Linear(width, n_classes)
    return nn.Sequential(stages)


def small_convnet(n_classes: int = 10, in_channels: int = 1) -> nn.Module:
    """Three 3x3 convolutions (16, 32 and 64 channels, the first two with stride 2), global mean, linear head.

    Made for digits at 32x32; 24,282 parameters for 10 classes and one channel.

    Args:
        n_classes: Number of classes ``K``.
        in_channels: Channels ``C`` of the input.

    Returns:
        A network ``(B, C, H, W) -> (B, K)`` logits, freshly initialised from the global generator of torch.
    """
    layers: list[nn.Module] = []
    width = in_channels
    for channels, stride in ((16, 2), (32, 2), (64, 1)):
        layers += [_conv3x3(width, channels, stride), nn.BatchNorm2d(channels), nn.ReLU()]
        width = channels
    return nn.Sequential(*layers, GlobalMean(), nn.Linear(width, n_classes))


def mlp(n_columns: int, n_outputs: int, hidden: int = 100, layers: int = 5) -> nn.Module:
    """Fully connected ReLU network; every layer but the last has ``hidden`` neurons.

    The defaults are the five-layer MLP of Deng et al. (2022), https://arxiv.org/abs/2111.06236

    Args:
        n_columns: Columns ``F`` of a row.
        n_outputs: Numbers that the last layer returns: classes, or 1 for a single logit.
        hidden: Neurons of each hidden layer.
        layers: Linear layers, the last one included.

    Returns:
        A network ``(B, F) -> (B, n_outputs)``, freshly initialised from the global generator of torch.

    Raises:
        UsageError: a size below 1.

    Example:
        >>> sum(parameter.numel() for parameter in mlp(12, 2).parameters())
        31802
    """
    if min(n_columns, n_outputs, hidden, layers) < 1:
        raise UsageError(
            f"Expected an MLP with at least 1 column, output, hidden neuron and layer, got n_columns={n_columns}, "
            f"n_outputs={n_outputs}, hidden={hidden}, layers={layers}. Correct the architecture's arguments."
        )
    widths = [n_columns, *[hidden] * (layers - 1)]
    body: list[nn.Module] = []
    for before, after in pairwise(widths):
        body += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*body, nn.Linear(widths[-1], n_outputs))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut without parameters (option A).

    Where the block has more channels than its input, the first convolution has stride 2, and the shortcut
    takes every second pixel and fills the new channels with zeros.

    Args:
        in_channels: Channels of the input.
        channels: Channels of the output.
    """

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.stride = 1 if in_channels == channels else 2
        self.new_channels = channels - in_channels
        self.conv1 = _conv3x3(in_channels, channels, self.stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = _conv3x3(channels, channels)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C', H', W')``."""
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))

    def shortcut(self, x: Tensor) -> Tensor:
        """Return the input at the shape of the output."""
        if not self.new_channels:
            return x
        before = self.new_channels // 2
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, self.new_channels - before))


class GlobalMean(nn.Module):
    """Mean over height and width; unlike torch's adaptive pooling its gradient is deterministic on a GPU."""

    def forward(self, x: Tensor) -> Tensor:
        """``(B, C, H, W) -> (B, C)``."""
        return torch.mean(x, dim=(2, 3))


def _conv3x3(in_channels: int, channels: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(in_channels, channels, kernel_size=3, stride=stride, padding=1, bias=False)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    return conv
