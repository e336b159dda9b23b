from __future__ import annotations

import inspect
import itertools

import pytest
import torch
import torchvision
from torch import nn

from interact_cli import networks
from interact_cli.errors import UsageError
from interact_cli.networks import alexnet, resnet18, resnet20, resnet34, resnet44, resnet56, vgg11, vgg16, vgg19
from interact_cli.networks.layers import with_dropout

IMAGE_NETWORKS = [name for name in networks.__all__ if name != "mlp"]


def n_parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def on_meta(name, **options):
    with torch.device("meta"):
        return getattr(networks, name)(**options)


def convolutions(*widths, kernel=3, bias=True):
    """Parameters of a chain of convolutions: kernel area x in x out, and one bias per output."""
    pairs = itertools.pairwise(widths)
    return sum(kernel**2 * before * after + bias * after for before, after in pairs)


def linears(*widths):
    return sum(before * after + after for before, after in itertools.pairwise(widths))


def test_alexnet_by_hand():
    body = convolutions(3, 64, kernel=7) + convolutions(64, 192, kernel=5) + convolutions(192, 384, 256, 256)
    assert n_parameters(on_meta("alexnet")) == body + linears(256 * 4 * 4, 512, 512, 10) == 4_821_322
    assert n_parameters(on_meta("alexnet", image_size=(64, 64), n_classes=200)) == body + linears(
        256 * 8 * 8, 512, 512, 200
    )


PUBLISHED_VGG_BODIES = {"vgg11": 9_220_480, "vgg13": 9_404_992, "vgg16": 14_714_688, "vgg19": 20_024_384}
"""Parameters of the convolutions: the networks for ImageNet less 123,642,856 of their fully connected layers."""


@pytest.mark.parametrize("name", PUBLISHED_VGG_BODIES)
@pytest.mark.parametrize(("side", "cells"), [(32, 1), (64, 4)])
def test_vggs_by_hand(name, side, cells):
    expected = PUBLISHED_VGG_BODIES[name] + linears(512 * cells, 4096, 4096, 10)
    assert n_parameters(on_meta(name, image_size=(side, side))) == expected


@pytest.mark.parametrize(("name", "blocks", "published"), [("resnet44", 7, 658_586), ("resnet56", 9, 853_018)])
def test_thin_resnets_by_hand(name, blocks, published):
    n = 2 * blocks
    weights = 9 * (3 * 16 + n * 16**2 + 16 * 32 + (n - 1) * 32**2 + 32 * 64 + (n - 1) * 64**2)
    normalisations = 2 * ((n + 1) * 16 + n * 32 + n * 64)
    assert n_parameters(on_meta(name)) == weights + normalisations + linears(64, 10) == published


@pytest.mark.parametrize(
    ("name", "layers"),
    [("vgg11", 11), ("vgg13", 13), ("vgg16", 16), ("vgg19", 19), ("alexnet", 8), ("resnet44", 44), ("resnet56", 56)],
)
def test_layers_with_weights_are_as_many_as_the_name_says(name, layers):
    assert sum(isinstance(part, nn.Conv2d | nn.Linear) for part in on_meta(name).modules()) == layers


@pytest.mark.parametrize("name", ["resnet18", "resnet34"])
def test_wide_resnets_compute_what_torchvision_s_do_with_a_small_stem(name):
    theirs = torchvision.models.get_model(name, weights=None, num_classes=7)
    theirs.conv1, theirs.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    ours = getattr(networks, name)(n_classes=7)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))
    assert n_parameters(on_meta("resnet18")) == 11_173_962
    assert n_parameters(on_meta("resnet34")) == 21_282_122


def test_vgg_computes_what_torchvision_s_layers_do():
    theirs = torchvision.models.vgg11(weights=None, num_classes=10)
    ours = vgg11(image_size=(64, 64)).eval()
    convs = [part for part in theirs.features if isinstance(part, nn.Conv2d)]
    for number, conv in enumerate(convs, start=1):
        ours.get_submodule(f"conv{number}").load_state_dict(conv.state_dict())
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = theirs.features(x)
        expected = ours.fc3(torch.relu(ours.fc2(torch.relu(ours.fc1(features.flatten(1))))))
        torch.testing.assert_close(ours(x), expected)


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_every_network_takes_32_and_64_pixels_and_grey(name):
    for side in (32, 64):
        sized = "image_size" in inspect.signature(getattr(networks, name)).parameters
        options = {"image_size": (side, side)} if sized else {}
        network = on_meta(name, n_classes=5, in_channels=1, **options)
        assert network(torch.zeros(2, 1, side, side, device="meta")).shape == (2, 5)


def test_mnist_without_resizing():
    assert resnet44(in_channels=1).eval()(torch.zeros(1, 1, 28, 28)).shape == (1, 10)
    assert alexnet(in_channels=1, image_size=(28, 28)).eval()(torch.zeros(1, 1, 28, 28)).shape == (1, 10)
    with pytest.raises(UsageError, match="at least 32x32 pixels for vgg16"):
        vgg16(in_channels=1, image_size=(28, 28))


def behind(network, path):
    """The layer that follows the one dropout of a network."""
    (name,) = [name for name, part in network.named_modules() if isinstance(part, nn.Dropout)]
    outer = network.get_submodule(name.rpartition(".")[0])
    names = list(dict(outer.named_children()))
    follower = names[names.index("dropout") + 1]
    prefix = name.rpartition(".")[0]
    return (f"{prefix}.{follower}" if prefix else follower) == path


@pytest.mark.parametrize(
    ("make", "options", "path"),
    [
        (alexnet, {}, "fc2"),
        (alexnet, {"dropout_before": "conv3"}, "conv3"),
        (vgg11, {"dropout_before": "fc1"}, "fc1"),
        (vgg19, {"dropout_before": "conv5"}, "conv5"),
        (resnet18, {}, "layer1.1"),
        (resnet34, {}, "layer1.2"),
        (resnet20, {}, "head"),
        (resnet56, {"dropout_before": "stage2.4"}, "stage2.4"),
    ],
)
def test_dropout_stands_where_the_paper_puts_it(make, options, path):
    with torch.device("meta"):
        bare, with_it = make(), make(dropout=0.5, **options)
    assert behind(with_it, path)
    assert list(with_it.state_dict()) == list(bare.state_dict())
    assert not any(isinstance(part, nn.Dropout) for part in bare.modules())


def test_dropout_is_of_the_rate_asked_for():
    network = with_dropout(nn.Sequential(nn.Identity(), nn.Identity()), 0.25, "1")
    torch.random.default_generator.manual_seed(0)
    kept = network.train()(torch.ones(100_000)).ne(0).float().mean()
    assert kept == pytest.approx(0.75, abs=0.01)
    assert torch.equal(network.eval()(torch.ones(5)), torch.ones(5))


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_rates_that_are_none(rate):
    with pytest.raises(UsageError, match="at least 0 and below 1"):
        alexnet(dropout=rate)


def test_dropout_before_a_layer_that_is_not_there():
    with pytest.raises(UsageError, match=r"conv1, .*fc3.*got 'fc4'"):
        alexnet(dropout=0.5, dropout_before="fc4")
