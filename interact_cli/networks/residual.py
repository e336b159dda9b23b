"""ResNets for small images: the thin ones of He et al.'s CIFAR section, and ResNet-18 and -34 with a small stem.

Every network is a chain of named parts, so that its tail can be run by itself. ``dropout_before`` names a layer or a
residual block: Zhang et al. (2021), appendix G, https://arxiv.org/abs/2009.11729 put the dropout of ResNet-18 behind
the first block and that of ResNet-34 behind the second.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock as ProjectedBlock

from interact_cli.networks.layers import GlobalMean, conv3x3, with_dropout


def resnet20(
    n_classes: int = 10, in_channels: int = 3, dropout: float = 0.0, dropout_before: str = "head"
) -> nn.Sequential:
    """ResNet-20: three stages of three blocks, 16, 32 and 64 channels, option-A shortcuts.

    269,722 parameters for 10 classes and 3 channels; images of any size, 32x32 in the paper.

    Source: He et al. (2015), section 4.2, https://arxiv.org/abs/1512.03385

    Args:
        n_classes: Number of classes ``K``.
        in_channels: Channels ``C`` of the input.
        dropout: Rate of a dropout; 0 for none.
        dropout_before: The layer that follows the dropout.

    Returns:
        A network ``(B, C, H, W) -> (B, K)`` logits, freshly initialised from the global generator of torch.
    """
    return with_dropout(_thin(3, n_classes, in_channels), dropout, dropout_before)


def resnet44(
    n_classes: int = 10, in_channels: int = 3, dropout: float = 0.0, dropout_before: str = "head"
) -> nn.Sequential:
    """ResNet-44: `resnet20` with seven blocks per stage; 658,586 parameters for 10 classes and 3 channels."""
    return with_dropout(_thin(7, n_classes, in_channels), dropout, dropout_before)


def resnet56(
    n_classes: int = 10, in_channels: int = 3, dropout: float = 0.0, dropout_before: str = "head"
) -> nn.Sequential:
    """ResNet-56: `resnet20` with nine blocks per stage; 853,018 parameters for 10 classes and 3 channels."""
    return with_dropout(_thin(9, n_classes, in_channels), dropout, dropout_before)


def resnet18(
    n_classes: int = 10, in_channels: int = 3, dropout: float = 0.0, dropout_before: str = "layer1.1"
) -> nn.Sequential:
    """ResNet-18 with a 3x3 stem of stride 1 and no pooling before the stages, as is usual for 32 and 64 pixels.

    Tensors are named as in torchvision, so its ResNet-18 with ``conv1`` replaced and ``maxpool`` removed fits.
    11,173,962 parameters for 10 classes and 3 channels. Blocks end in ReLU, as in He et al.; the published code of
    Zhang et al. (2021) ends them in softplus.

    Args:
        n_classes: Number of classes ``K``.
        in_channels: Channels ``C`` of the input.
        dropout: Rate of a dropout; 0 for none.
        dropout_before: The layer that follows the dropout.

    Returns:
        A network ``(B, C, H, W) -> (B, K)`` logits, freshly initialised from the global generator of torch.
    """
    return with_dropout(_wide((2, 2, 2, 2), n_classes, in_channels), dropout, dropout_before)


def resnet34(
    n_classes: int = 10, in_channels: int = 3, dropout: float = 0.0, dropout_before: str = "layer1.2"
) -> nn.Sequential:
    """ResNet-34 in the same way as `resnet18`; 21,282,122 parameters for 10 classes and 3 channels."""
    return with_dropout(_wide((3, 4, 6, 3), n_classes, in_channels), dropout, dropout_before)


def _thin(blocks: int, n_classes: int, in_channels: int) -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    parts["stem"] = nn.Sequential(conv3x3(in_channels, 16), nn.BatchNorm2d(16), nn.ReLU())
    width = 16
    for number, channels in enumerate((16, 32, 64), start=1):
        stage = [BasicBlock(width if i == 0 else channels, channels) for i in range(blocks)]
        parts[f"stage{number}"] = nn.Sequential(*stage)
        width = channels
    parts["pool"] = GlobalMean()
    parts["head"] = nn.Linear(width, n_classes)
    return nn.Sequential(parts)


def _wide(blocks: Sequence[int], n_classes: int, in_channels: int) -> nn.Sequential:
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    parts["conv1"] = conv3x3(in_channels, 64)
    parts["bn1"] = nn.BatchNorm2d(64)
    parts["relu"] = nn.ReLU()
    width = 64
    for number, count in enumerate(blocks, start=1):
        channels = 32 * 2**number
        parts[f"layer{number}"] = nn.Sequential(
            *[_projected_block(width if i == 0 else channels, channels) for i in range(count)]
        )
        width = channels
    parts["pool"] = GlobalMean()
    parts["fc"] = nn.Linear(width, n_classes)
    return nn.Sequential(parts)


def _projected_block(in_channels: int, channels: int) -> nn.Module:
    """Return torchvision's block; where channels are added it has stride 2 and a shortcut with weights (option B)."""
    if in_channels == channels:
        plain: nn.Module = ProjectedBlock(channels, channels)
        return plain
    shortcut = nn.Sequential(nn.Conv2d(in_channels, channels, 1, stride=2, bias=False), nn.BatchNorm2d(channels))
    projected: nn.Module = ProjectedBlock(in_channels, channels, stride=2, downsample=shortcut)
    return projected


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
        self.conv1 = conv3x3(in_channels, channels, self.stride)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = conv3x3(channels, channels)
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
