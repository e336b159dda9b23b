"""Networks as plain torch factories: the reference networks and the papers' small-image networks.

Each one is named by ``--arch paper:NAME``, and by ``--arch py:interact_cli.networks:NAME``, as its arguments stand.

| module | holds |
|---|---|
| `plain` | AlexNet, VGG-11, -13, -16 and -19 |
| `residual` | ResNet-20, -44 and -56, ResNet-18 and -34 |
| `fully_connected` | MLPs for tables |
| `small` | the convnet for digits |
| `layers` | what they share |
"""

from interact_cli.networks.fully_connected import mlp
from interact_cli.networks.plain import alexnet, vgg11, vgg13, vgg16, vgg19
from interact_cli.networks.residual import resnet18, resnet20, resnet34, resnet44, resnet56
from interact_cli.networks.small import small_convnet

__all__ = [
    "alexnet",
    "mlp",
    "resnet18",
    "resnet20",
    "resnet34",
    "resnet44",
    "resnet56",
    "small_convnet",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
]
