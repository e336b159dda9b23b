from __future__ import annotations

import pytest
import torch
from torch import nn

from interact_cli.errors import UsageError
from interact_cli.networks import mlp, resnet20, small_convnet
from interact_cli.networks.residual import BasicBlock


def n_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_resnet20_has_the_parameters_of_the_paper():
    convolutions = 9 * (3 * 16 + 6 * 16 * 16 + 16 * 32 + 5 * 32 * 32 + 32 * 64 + 5 * 64 * 64)
    normalisations = 2 * (7 * 16 + 6 * 32 + 6 * 64)
    assert n_parameters(resnet20()) == convolutions + normalisations + 64 * 10 + 10 == 269_722


def test_resnet20_has_twenty_layers_with_weights():
    assert sum(isinstance(part, nn.Conv2d | nn.Linear) for part in resnet20().modules()) == 20


def test_resnet20_stages_halve_the_image():
    network = resnet20(n_classes=7, in_channels=1).eval()
    shapes = []
    for part in network:
        if isinstance(part, nn.Sequential):
            part.register_forward_hook(lambda _module, _args, output: shapes.append(tuple(output.shape[1:])))
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 7)
    assert shapes == [(16, 32, 32), (16, 32, 32), (32, 16, 16), (64, 8, 8)]


def test_option_a_shortcut_takes_every_second_pixel_and_adds_zero_channels():
    block = BasicBlock(2, 6)
    x = torch.arange(2 * 4 * 4, dtype=torch.float32).reshape(1, 2, 4, 4)
    out = block.shortcut(x)
    assert out.shape == block(x).shape == (1, 6, 2, 2)
    for row in range(2):
        for column in range(2):
            assert out[0, 2:4, row, column].tolist() == x[0, :, 2 * row, 2 * column].tolist()
    assert not out[0, [0, 1, 4, 5]].any()


def test_shortcut_within_a_stage_is_the_identity():
    x = torch.randn(1, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    assert BasicBlock(4, 4).shortcut(x) is x


def test_small_convnet():
    network = small_convnet().eval()
    assert n_parameters(network) == 9 * (16 + 16 * 32 + 32 * 64) + 2 * (16 + 32 + 64) + 64 * 10 + 10
    assert network(torch.zeros(3, 1, 32, 32)).shape == (3, 10)


def test_mlp_of_paper_003():
    network = mlp(12, 2)
    widths = [(part.in_features, part.out_features) for part in network if isinstance(part, nn.Linear)]
    assert widths == [(12, 100), (100, 100), (100, 100), (100, 100), (100, 2)]
    assert [type(part) for part in network] == [*[nn.Linear, nn.ReLU] * 4, nn.Linear]


def test_one_layer_is_a_linear_model():
    assert [type(part) for part in mlp(3, 1, layers=1)] == [nn.Linear]


@pytest.mark.parametrize("wrong", [{"n_columns": 0}, {"n_outputs": 0}, {"hidden": 0}, {"layers": 0}])
def test_mlp_without_size_is_refused(wrong):
    with pytest.raises(UsageError, match="at least 1"):
        mlp(**{"n_columns": 3, "n_outputs": 2, **wrong})
