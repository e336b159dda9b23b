"""The reference network of digits."""

from __future__ import annotations

from torch import nn

from interact_cli.networks.layers import GlobalMean, conv3x3


def small_convnet(n_classes: int = 10, in_channels: int = 1) -> nn.Sequential:
    """Three 3x3 convolutions (16, 32 and 64 channels, the first two with stride 2), global mean, linear head.

    Made for digits at 32x32; 24,058 parameters for 10 classes and one channel.

    Args:
        n_classes: Number of classes ``K``.
        in_channels: Channels ``C`` of the input.

    Returns:
        A network ``(B, C, H, W) -> (B, K)`` logits, freshly initialised from the global generator of torch.
    """
    layers: list[nn.Module] = []
    width = in_channels
    for channels, stride in ((16, 2), (32, 2), (64, 1)):
        layers += [conv3x3(width, channels, stride), nn.BatchNorm2d(channels), nn.ReLU()]
        width = channels
    return nn.Sequential(*layers, GlobalMean(), nn.Linear(width, n_classes))
