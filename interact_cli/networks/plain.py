"""AlexNet and the VGGs for small images: convolutions, then three fully connected layers.

Every network is a chain of named layers (``conv1``, ``relu1``, ``pool1``, ..., ``fc3``), so that its tail can be run by
itself. ``dropout_before`` names a layer: Zhang et al. (2021), https://arxiv.org/abs/2009.11729 put the dropout before
``conv3`` (AlexNet, VGG-11), before ``conv5`` (the other VGGs), and before ``fc1``, ``fc2`` or ``fc3``. Their "high"
layer is ``fc2``, the default here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from interact_cli.errors import UsageError
from interact_cli.networks.layers import with_dropout

VGG_STAGES = {
    "vgg11": ((64,), (128,), (256, 256), (512, 512), (512, 512)),
    "vgg13": ((64, 64), (128, 128), (256, 256), (512, 512), (512, 512)),
    "vgg16": ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
    "vgg19": ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
}
"""Channels of the 3x3 convolutions of each stage: columns A, B, D and E of Simonyan & Zisserman (2015), table 1."""


def alexnet(
    n_classes: int = 10,
    in_channels: int = 3,
    image_size: Sequence[int] = (32, 32),
    dropout: float = 0.0,
    dropout_before: str = "fc2",
) -> nn.Sequential:
    """AlexNet with a 7x7 stem of stride 1, 3x3 pooling with padding, and fully connected layers of 512 units.

    The layout of the CIFAR-10 experiments of Zhang et al. (2021) and Deng et al. (2022), whose code publishes it (their
    tensors have other names). Widths of the convolutions: Krizhevsky (2014), https://arxiv.org/abs/1404.5997

    4,821,322 parameters for 10 classes and 3x32x32 images.

    Args:
        n_classes: Number of classes ``K``.
        in_channels: Channels ``C`` of the input.
        image_size: Height and width.
        dropout: Rate of a dropout; 0 for none.
        dropout_before: The layer that follows the dropout.

    Returns:
        A network ``(B, C, H, W) -> (B, K)`` logits, freshly initialised from the global generator of torch.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    width = in_channels
    for number, (channels, kernel) in enumerate(((64, 7), (192, 5), (384, 3), (256, 3), (256, 3)), start=1):
        layers[f"conv{number}"] = nn.Conv2d(width, channels, kernel, padding=kernel // 2)
        layers[f"relu{number}"] = nn.ReLU()
        if number in {1, 2, 5}:
            layers[f"pool{number}"] = nn.MaxPool2d(3, stride=2, padding=1)
        width = channels
    height, length = (-(-side // 8) for side in image_size)
    _fully_connected(layers, width * height * length, 512, n_classes)
    return with_dropout(nn.Sequential(layers), dropout, dropout_before)


def vgg11(
    n_classes: int = 10,
    in_channels: int = 3,
    image_size: Sequence[int] = (32, 32),
    dropout: float = 0.0,
    dropout_before: str = "fc2",
) -> nn.Sequential:
    """VGG-11 without batch normalisation, its pooling as in the paper, fully connected layers of 4,096 units.

    The layout of the published code of Zhang et al. (2021): 512x1x1 features at 32 pixels, 512x2x2 at 64.
    28,144,010 parameters for 10 classes and 3x32x32 images.

    Source: Simonyan & Zisserman (2015), https://arxiv.org/abs/1409.1556

    Args:
        n_classes: Number of classes ``K``.
        in_channels: Channels ``C`` of the input.
        image_size: Height and width, each at least 32.
        dropout: Rate of a dropout; 0 for none.
        dropout_before: The layer that follows the dropout.

    Returns:
        A network ``(B, C, H, W) -> (B, K)`` logits, freshly initialised from the global generator of torch.

    Raises:
        UsageError: a smaller image: five poolings leave nothing of it.
    """
    return with_dropout(_vgg("vgg11", n_classes, in_channels, image_size), dropout, dropout_before)


def vgg13(
    n_classes: int = 10,
    in_channels: int = 3,
    image_size: Sequence[int] = (32, 32),
    dropout: float = 0.0,
    dropout_before: str = "fc2",
) -> nn.Sequential:
    """VGG-13 in the same way as `vgg11`; 28,328,522 parameters for 10 classes and 3x32x32 images."""
    return with_dropout(_vgg("vgg13", n_classes, in_channels, image_size), dropout, dropout_before)


def vgg16(
    n_classes: int = 10,
    in_channels: int = 3,
    image_size: Sequence[int] = (32, 32),
    dropout: float = 0.0,
    dropout_before: str = "fc2",
) -> nn.Sequential:
    """VGG-16 in the same way as `vgg11`; 33,638,218 parameters for 10 classes and 3x32x32 images."""
    return with_dropout(_vgg("vgg16", n_classes, in_channels, image_size), dropout, dropout_before)


def vgg19(
    n_classes: int = 10,
    in_channels: int = 3,
    image_size: Sequence[int] = (32, 32),
    dropout: float = 0.0,
    dropout_before: str = "fc2",
) -> nn.Sequential:
    """VGG-19 in the same way as `vgg11`; 38,947,914 parameters for 10 classes and 3x32x32 images."""
    return with_dropout(_vgg("vgg19", n_classes, in_channels, image_size), dropout, dropout_before)


def _vgg(name: str, n_classes: int, in_channels: int, image_size: Sequence[int]) -> nn.Sequential:
    if min(image_size) < 32:
        raise UsageError(
            f"Expected images of at least 32x32 pixels for {name}, whose five poolings halve them, got "
            f"{'x'.join(map(str, image_size))}. Set --arch-arg img_size=32; the images are resized."
        )
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    width, number = in_channels, 0
    for stage, widths in enumerate(VGG_STAGES[name], start=1):
        for channels in widths:
            number += 1
            conv = nn.Conv2d(width, channels, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]  # a convolution made with a bias has one
            layers |= {f"conv{number}": conv, f"relu{number}": nn.ReLU()}
            width = channels
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    height, length = (side // 32 for side in image_size)
    _fully_connected(layers, width * height * length, 4096, n_classes)
    return nn.Sequential(layers)


def _fully_connected(layers: OrderedDict[str, nn.Module], features: int, hidden: int, n_classes: int) -> None:
    layers["flatten"] = nn.Flatten()
    for number, (before, after) in enumerate(((features, hidden), (hidden, hidden), (hidden, n_classes)), start=1):
        layers[f"fc{number}"] = nn.Linear(before, after)
        if number < 3:
            layers[f"relu_fc{number}"] = nn.ReLU()
