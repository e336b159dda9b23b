from __future__ import annotations

import argparse
from functools import partial

import pytest
import torch
from torchvision import models

from interact_cli.adapters.architectures import torchvision_models
from interact_cli.adapters.loading import load_model
from interact_cli.errors import CheckpointRefused, UnknownNameError, UsageError
from interact_cli.interfaces import OutlineBuilder


def message_of(call, error) -> str:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


@pytest.fixture
def load(save, builders):
    def loaded(state, **options):
        return load_model(save(state), builders=builders, **options)

    return loaded


@pytest.fixture(autouse=True)
def nothing_is_downloaded(monkeypatch):
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", lambda *_a, **_k: pytest.fail("a download was started"))


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1"])
def test_the_network_is_torchvision_s_own(load, name):
    theirs = models.get_model(name, weights=None, num_classes=7).eval()
    model = load(theirs.state_dict(), arch=f"torchvision:{name}", arch_arguments={"num_classes": 7})
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(model.module(x), theirs(x))
    assert (model.n_classes, model.output, model.family) == (7, "classes", "convnet")


def test_what_nobody_says_is_torchvision_s_and_called_a_guess(load):
    state = models.resnet18(weights=None).state_dict()
    model = load(state, arch="torchvision:resnet18")
    assert model.n_classes == 1000
    assert model.input.shape == (3, 224, 224)
    assert (model.input.mean, model.input.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert (model.input.interpolation, model.input.crop_pct) == ("bilinear", 224 / 256)
    assert "preprocessing guessed: torchvision's ImageNet defaults of resnet18" in model.notes


def test_what_the_file_says_is_no_guess(load):
    args = argparse.Namespace(num_classes=5, mean=[0.1, 0.2, 0.3], std=[1.0, 1.0, 1.0], img_size=32, crop_pct=None)
    state = models.resnet18(weights=None, num_classes=5).state_dict()
    model = load({"arch": "torchvision:resnet18", "args": args, "state_dict": state})
    assert (model.arch, model.arch_source) == ("torchvision:resnet18", "checkpoint")
    assert model.input.shape == (3, 32, 32)
    assert model.input.mean == (0.1, 0.2, 0.3)
    assert model.input.crop_pct == 1.0
    assert model.input.source == "checkpoint args"


def test_a_sidecar_describes_the_input(save, builders, tmp_path):
    (tmp_path / "ckpt.yaml").write_text(
        "arch: torchvision:resnet18\narch_args: {num_classes: 2}\n"
        "input: {shape: [3, 64, 64], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}\nclass_names: [a, b]\n"
    )
    state = models.resnet18(weights=None, num_classes=2).state_dict()
    model = load_model(save(state), builders=builders)
    assert (model.input.shape, model.input.source, model.class_names) == ((3, 64, 64), "sidecar", ("a", "b"))


@pytest.mark.parametrize(
    ("name", "classifier"),
    [
        ("alexnet", "classifier.6"),
        ("vgg16", "classifier.6"),
        ("resnet50", "fc"),
        ("densenet121", "classifier"),
        ("squeezenet1_0", "classifier.1"),
        ("inception_v3", "fc"),
        ("googlenet", "fc"),
        ("mobilenet_v3_small", "classifier.3"),
        ("efficientnet_b0", "classifier.1"),
        ("convnext_tiny", "classifier.2"),
        ("vit_b_16", "heads.head"),
        ("swin_t", "head"),
        ("maxvit_t", "classifier.5"),
        ("regnet_y_400mf", "fc"),
    ],
)
def test_classifiers(name, classifier):
    outline = torchvision_models.build.outline(name, {"num_classes": 6}, {})
    assert torchvision_models._classifier(outline) == classifier
    assert outline.get_submodule(classifier).weight.shape[0] == 6


def test_auxiliary_heads_are_loaded_and_give_no_second_output(load):
    theirs = models.googlenet(weights=None, num_classes=3, init_weights=False).eval()
    state = theirs.state_dict()
    model = load(state, arch="torchvision:googlenet", arch_arguments={"num_classes": 3})
    x = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(model.module(x), theirs(x))
    assert any("transform_input=true" in note for note in model.notes)
    bare = {name: tensor for name, tensor in state.items() if not name.startswith("aux")}
    call = partial(load, bare, arch="torchvision:googlenet", arch_arguments={"num_classes": 3})
    assert "'aux1.conv.conv.weight'" in message_of(call, CheckpointRefused)
    model = load(
        bare,
        arch="torchvision:googlenet",
        arch_arguments={"num_classes": 3, "aux_logits": False, "transform_input": True},
    )
    assert model.module.transform_input
    assert not any("transform_input" in note for note in model.notes)


def test_inception_takes_its_own_size(load):
    state = models.inception_v3(weights=None, num_classes=3, init_weights=False).state_dict()
    model = load(state, arch="torchvision:inception_v3", arch_arguments={"num_classes": 3})
    assert model.input.shape == (3, 299, 299)
    assert model.classifier == "fc"


def test_a_transformer_of_another_image_size(load):
    arguments = {"num_classes": 3, "img_size": 64}
    state = models.vit_b_32(weights=None, num_classes=3, image_size=64).state_dict()
    model = load(state, arch="torchvision:vit_b_32", arch_arguments=arguments)
    assert (model.input.shape, model.family) == ((3, 64, 64), "transformer")


def test_wrong_number_of_classes(load):
    state = models.resnet18(weights=None, num_classes=7).state_dict()
    message = message_of(partial(load, state, arch="torchvision:resnet18"), CheckpointRefused)
    assert "got 7 classes where the network has 1000" in message
    assert "--arch-arg num_classes=7" in message


@pytest.mark.parametrize(
    ("name", "arguments", "word", "error"),
    [
        ("resnet19", {}, "Did you mean 'resnet1", UnknownNameError),
        ("fasterrcnn_resnet50_fpn", {}, "torchvision architecture", UnknownNameError),
        ("quantized_resnet18", {}, "torchvision architecture", UnknownNameError),
        ("resnet18", {"weights": "DEFAULT"}, "'weights'", UsageError),
        ("resnet18", {"weights_backbone": "DEFAULT"}, "'weights_backbone'", UsageError),
        ("resnet18", {"pretrained": True}, "'pretrained'", UsageError),
        ("resnet18", {"in_chans": 1}, "RGB only", UsageError),
        ("resnet18", {"wings": 2}, "cannot be built", UsageError),
        ("resnet18", {"num_classes": -1}, "count above 0", UsageError),
    ],
)
def test_arguments_that_do_not_fit(load, name, arguments, word, error):
    call = partial(load, {"w": torch.zeros(1)}, arch=f"torchvision:{name}", arch_arguments=arguments)
    assert word in message_of(call, error)


def test_a_file_cannot_make_torchvision_download(load):
    for kwargs, error in (({"weights": "DEFAULT"}, UsageError), ({"x": [[[[[0]]]]]}, CheckpointRefused)):
        args = argparse.Namespace(model_kwargs=kwargs)
        call = partial(load, {"arch": "torchvision:resnet18", "args": args, "state_dict": {"w": torch.zeros(1)}})
        message_of(call, error)


@pytest.mark.parametrize("name", ["resnet18", "regnet_y_400mf"])
def test_a_huge_claim_takes_no_memory(load, name, monkeypatch):
    monkeypatch.setattr(torchvision_models, "described", lambda *_a, **_k: pytest.fail("the network was built"))
    args = argparse.Namespace(num_classes=2**20)
    document = {"arch": f"torchvision:{name}", "args": args, "state_dict": {"w": torch.zeros(1)}}
    message_of(partial(load, document), CheckpointRefused)


def test_outlines():
    assert isinstance(torchvision_models.build, OutlineBuilder)
    outline = torchvision_models.build.outline("resnet18", {}, {})
    assert all(tensor.is_meta for tensor in outline.state_dict().values())
