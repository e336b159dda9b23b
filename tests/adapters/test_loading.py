from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from functools import partial

import numpy as np
import pytest
import timm
import torch

from interact_cli.adapters.loading import load_model
from interact_cli.errors import CheckpointRefused, InputRefused, NonFiniteError, UnknownNameError, UsageError
from interact_cli.interfaces import Network
from interact_cli.types import InputSpec, Model

FACTORY = """
import torch
from torch import nn

def mlp(hidden=5, classes=3):
    return nn.Sequential(nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, classes))

def described():
    net = mlp()
    net.preprocessing = {"columns": {"names": ["a", "b", "c", "d"], "mean": [1, 2, 3, 4], "std": [1, 1, 2, 2],
                                     "groups": {"cd": ["c", "d"]}}}
    net.class_names = ["x", "y", "z"]
    return net

def conv(width=4):
    body = nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.Conv2d(width, 2, 3), nn.AdaptiveAvgPool2d(1))
    return body.append(nn.Flatten())

def image():
    net = conv()
    net.input_shape = (3, 8, 8)
    return net

def logit():
    return nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))

def double():
    return mlp().double()

def pair():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 2)
        def forward(self, x):
            return self.layer(x), x
    return Pair()

def sequence():
    return nn.Sequential(nn.Linear(4, 6), nn.Unflatten(1, (2, 3)))

def broken():
    raise KeyError("no\\x1b[31m such thing")

number = 3
"""


@pytest.fixture
def factory(tmp_path):
    (tmp_path / "nets.py").write_text(FACTORY)
    return f"py:{tmp_path / 'nets.py'}"


def mlp_state() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = {"0.weight": (5, 4), "0.bias": (5,), "2.weight": (3, 5), "2.bias": (3,)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def by_hand(state, rows):
    """The MLP of FACTORY in numpy."""
    w1, b1, w2, b2 = (tensor.double().numpy() for tensor in state.values())
    return np.maximum(rows @ w1.T + b1, 0) @ w2.T + b2


def outputs(model: Model, rows) -> np.ndarray:
    with torch.inference_mode():
        return model.module(torch.as_tensor(rows, dtype=torch.float32)).numpy()


def message_of(call, error) -> str:
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert type(caught.value) is error
    assert len(message.splitlines()) == 1
    assert "weights_only" not in message
    assert "\x1b" not in message
    return message


class TestTimm:
    def test_train_file_finds_its_own_architecture(self, save, builders, resnet, timm_args):
        state = {name: torch.rand_like(t) if t.is_floating_point() else t for name, t in resnet.state_dict().items()}
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": state, "metric": np.float64(9)})
        model = load_model(path, builders=builders)
        assert (model.arch, model.arch_source) == ("timm:resnet10t", "checkpoint")
        assert (model.output, model.n_classes, model.family) == ("classes", 10, "convnet")
        assert model.input.shape == (1, 32, 32)
        assert (model.input.mean, model.input.std) == ((0.3,), (0.2,))
        assert model.input.interpolation == "bilinear"
        assert model.input.crop_pct == timm.get_pretrained_cfg("resnet10t").crop_pct
        assert model.input.source == "checkpoint args"
        assert model.weights_key == "state_dict"
        loaded = model.module.state_dict()
        assert all(torch.equal(loaded[name], state[name]) for name in state)
        assert not model.module.training
        assert not any(p.requires_grad for p in model.module.parameters())

    def test_everything_else_in_timm_s_arguments_is_left_alone(self, save, builders, resnet, timm_args):
        unused = {
            "output": "./train",
            "device": "cuda",
            "train_interpolation": "random",
            "pretrained": True,
            "opt": "lamb",
        }
        for name, value in unused.items():
            setattr(timm_args, name, value)
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        assert load_model(path, builders=builders).output == "classes"

    def test_arguments_that_are_not_plain(self, save, builders, resnet, timm_args):
        nest = [0]
        for _level in range(100):
            nest = [nest] * 10
        timm_args.model_kwargs = {"layers": nest}
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        assert "plain values" in message_of(lambda: load_model(path, builders=builders), CheckpointRefused)

    def test_vit_with_an_image_size(self, save, builders, vit):
        args = argparse.Namespace(
            model="vit_tiny_patch16_224", num_classes=3, img_size=32, mean=None, std=None, in_chans=None,
            model_kwargs={"patch_size": 8, "depth": 1, "embed_dim": 16, "num_heads": 2},
        )  # fmt: skip
        path = save({"arch": "vit_tiny_patch16_224", "args": args, "state_dict": vit.state_dict()})
        model = load_model(path, builders=builders)
        assert model.family == "transformer"
        assert model.input.shape == (3, 32, 32)
        assert model.input.mean == tuple(timm.get_pretrained_cfg("vit_tiny_patch16_224").mean)
        x = torch.rand(2, 3, 32, 32)
        with torch.inference_mode():
            assert torch.equal(model.module(x), vit(x))

    def test_explicit_architecture_and_prefixes(self, save, builders, resnet):
        for prefix in ("module.", "_orig_mod.", "module._orig_mod.", "model.", "net."):
            path = save({f"{prefix}{name}": tensor for name, tensor in resnet.state_dict().items()})
            model = load_model(
                path, arch="timm:resnet10t", arch_arguments={"num_classes": 10, "in_chans": 1}, builders=builders
            )
            assert model.arch_source == "--arch"
            assert any(f"'{prefix}'" in note for note in model.notes)
            assert model.input.source.startswith("guessed")
            assert len(model.input.mean) == 1

    def test_half_precision_becomes_float32(self, save, builders, resnet, timm_args):
        state = {n: t.bfloat16() if t.is_floating_point() else t for n, t in resnet.state_dict().items()}
        model = load_model(save({"arch": "resnet10t", "args": timm_args, "state_dict": state}), builders=builders)
        assert {p.dtype for p in model.module.parameters()} == {torch.float32}
        assert any("bfloat16" in note for note in model.notes)

    def test_prefix_is_kept_when_stripping_is_not_exact(self, save, builders, resnet):
        state = {f"model.{name}": tensor for name, tensor in resnet.state_dict().items()}
        state["loss.weight"] = torch.ones(1)
        path = save(state)
        message_of(
            lambda: load_model(
                path, arch="timm:resnet10t", arch_arguments={"num_classes": 10, "in_chans": 1}, builders=builders
            ),
            CheckpointRefused,
        )

    def test_wrong_architecture_names_both(self, save, builders, timm_args):
        with torch.device("meta"):
            wide = timm.create_model("wide_resnet50_2")
        state = {name: torch.zeros(tensor.shape) for name, tensor in wide.state_dict().items()}
        timm_args.num_classes, timm_args.in_chans, timm_args.mean, timm_args.std = 1000, 3, None, None
        path = save({"arch": "resnet50", "args": timm_args, "state_dict": state})
        message = message_of(lambda: load_model(path, builders=builders), CheckpointRefused)
        assert "timm:resnet50 (named by checkpoint)" in message
        assert "timm:wide_resnet50_2" in message

    def test_wrong_number_of_classes_names_both(self, save, builders, resnet):
        path = save(resnet.state_dict())
        call = partial(load_model, path, arch="timm:resnet10t", arch_arguments={"in_chans": 1}, builders=builders)
        message = message_of(call, CheckpointRefused)
        assert "got 10 classes where the network has 1000" in message
        assert "--arch-arg num_classes=10" in message

    def test_missing_and_extra_keys_are_counted(self, save, builders, resnet, timm_args):
        state = dict(resnet.state_dict())
        for name in ("fc.weight", "fc.bias", "bn1.weight", "bn1.bias"):
            del state[name]
        state["odd\x1b[31m"] = torch.zeros(1)
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": state})
        message = message_of(lambda: load_model(path, builders=builders), CheckpointRefused)
        assert "4 missing ('bn1.weight', 'bn1.bias', 'fc.weight', ...)" in message
        assert "1 unexpected ('odd\\x1b[31m')" in message

    def test_ambiguous_weights_ask_for_the_architecture(self, save, builders):
        with torch.device("meta"):
            net = timm.create_model("efficientnet_b0")
        path = save({name: torch.zeros(tensor.shape) for name, tensor in net.state_dict().items()})
        message = message_of(lambda: load_model(path, builders=builders), UsageError)
        assert "timm:efficientnet_b0 and timm:tf_efficientnet_b0" in message
        assert "--arch" in message

    def test_hint_of_a_class_name(self, save, builders, resnet):
        path = save({"arch": "resnet", "state_dict": resnet.state_dict()})
        message = message_of(lambda: load_model(path, builders=builders), UsageError)
        assert "'resnet'" in message
        assert "timm:resnet10t" in message

    def test_arch_that_timm_does_not_know(self, save, builders, timm_args):
        path = save({"arch": "mynet", "args": timm_args, "state_dict": mlp_state()})
        message = message_of(lambda: load_model(path, builders=builders), UsageError)
        assert "'timm:mynet'" in message
        assert "--arch" in message
        assert len(message) < 800

    @pytest.mark.parametrize("name", ["resnet81", "hf-hub:x/y", "local-dir:/tmp"])
    def test_unknown_names(self, save, builders, name):
        path = save(mlp_state())
        message = message_of(lambda: load_model(path, arch=f"timm:{name}", builders=builders), UnknownNameError)
        assert len(message) < 600

    def test_near_name_is_proposed(self, save, builders):
        with pytest.raises(UnknownNameError, match="Did you mean 'resnet18"):
            load_model(save(mlp_state()), arch="timm:resnet_18", builders=builders)

    @pytest.mark.parametrize("arch", ["resnet18", "nets.py:make", "timm:", "tim:resnet18"])
    def test_prefixes_are_asked_for(self, save, builders, arch):
        with pytest.raises(UsageError) as caught:
            load_model(save(mlp_state()), arch=arch, builders=builders)
        proposal = {"resnet18": "timm:resnet18", "nets.py:make": "py:nets.py:make", "tim:resnet18": "timm"}
        assert proposal.get(arch, "timm:resnet18") in str(caught.value)

    @pytest.mark.parametrize("key", ["pretrained", "checkpoint_path", "pretrained_cfg", "features_only", "cache_dir"])
    def test_a_file_cannot_make_timm_read_or_download(self, save, builders, timm_args, key, monkeypatch):
        monkeypatch.setattr(timm, "create_model", lambda *_a, **_k: pytest.fail("timm was asked to build"))
        timm_args.model_kwargs = {key: "x"}
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": mlp_state()})
        with pytest.raises(UsageError, match=key):
            load_model(path, builders=builders)

    def test_a_huge_claim_is_refused_before_memory_is_taken(self, save, builders, resnet, timm_args, monkeypatch):
        timm_args.num_classes = 10**9
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        with pytest.raises(CheckpointRefused, match="1000000000"):
            load_model(path, builders=builders)

    def test_nothing_random_is_consumed(self, save, builders, resnet, timm_args):
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        before = torch.random.get_rng_state()
        load_model(path, builders=builders)
        assert torch.equal(torch.random.get_rng_state(), before)

    def test_arguments_that_do_not_fit(self, save, builders, resnet, timm_args):
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        message_of(lambda: load_model(path, arch_arguments={"wings": 2}, builders=builders), UsageError)
        timm_args.model_kwargs = {"wings": 2}
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        message_of(lambda: load_model(path, builders=builders), CheckpointRefused)
        call = partial(load_model, path, arch="timm:resnet18.no_tag", builders=builders)
        path = save(resnet.state_dict())
        assert "no_tag" in message_of(call, UsageError)
        timm_args.model_kwargs, timm_args.mean = {}, [0.1, 0.2]
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        message_of(lambda: load_model(path, builders=builders), UsageError)

    def test_no_classifier(self, save, builders, resnet):
        state = {n: t for n, t in resnet.state_dict().items() if not n.startswith("fc.")}
        call = partial(
            load_model,
            save(state),
            arch="timm:resnet10t",
            arch_arguments={"num_classes": 0, "in_chans": 1},
            builders=builders,
        )
        assert "num_classes is 0" in message_of(call, UsageError)


class TestFactories:
    def test_column_model_computes_what_its_weights_say(self, save, builders, factory):
        state = mlp_state()
        model = load_model(save(state), arch=f"{factory}:mlp", builders=builders)
        rows = np.random.default_rng(0).normal(size=(7, 4))
        np.testing.assert_allclose(outputs(model, rows), by_hand(state, rows), rtol=1e-5, atol=1e-6)
        assert (model.input.kind, model.input.shape) == ("columns", (4,))
        assert (model.output, model.n_classes, model.family) == ("classes", 3, "mlp")
        assert any("raw numeric columns" in note for note in model.notes)

    def test_every_network_ends_in_float32(self, save, builders, factory):
        model = load_model(save(mlp_state()), arch=f"{factory}:double", builders=builders)
        assert {p.dtype for p in model.module.parameters()} == {torch.float32}

        def half(_name, _arguments, _saved):
            spec = InputSpec("columns", (4,))
            body = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3)).half()
            return Network(body, spec, "classes", 3, "mlp")

        builders.add("half", lambda: half, summary="", origin="test")
        model = load_model(save(mlp_state()), arch="half:x", builders=builders)
        assert {p.dtype for p in model.module.parameters()} == {torch.float32}

    def test_package(self, save, builders, tmp_path, monkeypatch):
        package = tmp_path / "site" / "adapters_test_package"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "nets.py").write_text(FACTORY)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        arch = "py:adapters_test_package.nets:mlp"
        assert load_model(save(mlp_state()), arch=arch, builders=builders).arch == arch

    def test_attributes(self, save, builders, factory):
        model = load_model(save(mlp_state()), arch=f"{factory}:described", builders=builders)
        assert model.class_names == ("x", "y", "z")
        assert model.input.columns.names == ("a", "b", "c", "d")
        assert model.input.columns.mean == (1, 2, 3, 4)
        assert model.input.columns.groups == {"cd": ("c", "d")}
        assert model.input.source == "factory"

    def test_arguments(self, save, builders, factory):
        state = {k: torch.zeros(s) for k, s in {"0.weight": (9, 4), "0.bias": (9,), "2.weight": (2, 9), "2.bias": (2,)}.items()}  # fmt: skip  # noqa: E501
        model = load_model(
            save(state), arch=f"{factory}:mlp", arch_arguments={"hidden": 9, "classes": 2}, builders=builders
        )
        assert model.n_classes == 2
        args = argparse.Namespace(model_kwargs={"hidden": 9, "classes": 2})
        path = save({"arch": "x", "args": args, "state_dict": state})
        assert load_model(path, arch=f"{factory}:mlp", builders=builders).n_classes == 2
        message = message_of(
            lambda: load_model(save(state), arch=f"{factory}:mlp", arch_arguments={"wide": 9}, builders=builders),
            UsageError,
        )
        assert "wide" in message
        assert "hidden" in message

    def test_image_needs_a_shape(self, save, builders, factory):
        state = {"0.weight": torch.zeros(4, 3, 3, 3), "0.bias": torch.zeros(4), "2.weight": torch.zeros(2, 4, 3, 3), "2.bias": torch.zeros(2)}  # fmt: skip  # noqa: E501
        assert "input_shape" in message_of(
            lambda: load_model(save(state), arch=f"{factory}:conv", builders=builders), UsageError
        )
        model = load_model(save(state), arch=f"{factory}:image", builders=builders)
        assert (model.input.shape, model.family) == ((3, 8, 8), "convnet")
        assert any("0..1" in note for note in model.notes)

    def test_one_number(self, save, builders, factory, tmp_path):
        path = save({"0.weight": torch.ones(1, 4), "0.bias": torch.zeros(1)})
        model = load_model(path, arch=f"{factory}:logit", builders=builders)
        assert (model.output, model.n_classes) == ("single-logit", 2)
        (tmp_path / "ckpt.yaml").write_text("output: scalar\n")
        model = load_model(path, arch=f"{factory}:logit", builders=builders)
        assert (model.output, model.n_classes) == ("scalar", 0)

    @pytest.mark.parametrize(("name", "word"), [("pair", "tuple"), ("sequence", "(2, 2, 3)")])
    def test_other_outputs(self, save, builders, factory, name, word):
        call = partial(load_model, save(mlp_state()), arch=f"{factory}:{name}", builders=builders)
        assert word in message_of(call, CheckpointRefused)

    @pytest.mark.parametrize(
        ("name", "word", "error"),
        [
            ("broken", "KeyError", UsageError),
            ("number", "callable", UsageError),
            ("mpl", "Did you mean 'mlp'", UnknownNameError),
            ("", "py:FILE.py:factory", UsageError),
        ],
    )
    def test_factories_that_fail(self, save, builders, factory, name, word, error):
        call = partial(load_model, save(mlp_state()), arch=f"{factory}:{name}", builders=builders)
        assert word in message_of(call, error)

    def test_missing_code(self, save, builders, tmp_path):
        path = save(mlp_state())

        def call(arch):
            return partial(load_model, path, arch=arch, builders=builders)

        assert "no module 'not_there'" in message_of(call("py:not_there.at_all:make"), UsageError)
        assert "no file" in message_of(call("py:not_there.py:make"), InputRefused)
        (tmp_path / "bad.py").write_text("def (")
        assert "SyntaxError" in message_of(call(f"py:{tmp_path / 'bad.py'}:make"), UsageError)
        (tmp_path / "exit.py").write_text("raise SystemExit(0)")
        assert "SystemExit" in message_of(call(f"py:{tmp_path / 'exit.py'}:make"), UsageError)

    def test_the_folder_does_not_join_the_path_and_stays_clean(self, save, builders, factory, tmp_path, monkeypatch):
        monkeypatch.setattr(sys, "dont_write_bytecode", False)
        before = list(sys.path)
        load_model(save(mlp_state()), arch=f"{factory}:mlp", builders=builders)
        assert sys.path == before
        assert not (tmp_path / "__pycache__").exists()

    def test_an_edited_file_is_read_again(self, save, builders, factory, tmp_path):
        path = save(mlp_state())
        load_model(path, arch=f"{factory}:mlp", builders=builders)
        (tmp_path / "nets.py").write_text(FACTORY.replace("classes=3", "classes=4"))
        assert "3 classes where the network has 4" in message_of(
            lambda: load_model(path, arch=f"{factory}:mlp", builders=builders), CheckpointRefused
        )

    def test_a_checkpoint_cannot_choose_code(self, save, builders, factory, tmp_path):
        (tmp_path / "nets.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n{FACTORY}")
        for arch in (f"{factory}:mlp", "py:os:system"):
            path = save({"arch": arch, "args": argparse.Namespace(a=1), "state_dict": mlp_state()})
            message = message_of(lambda path=path: load_model(path, builders=builders), UsageError)
            assert "may not choose code" in message
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize("name", ["interact_cli.networks:nets.py", "interact_cli.networks.nets.py"])
    def test_a_file_that_is_called_like_our_networks(self, save, builders, tmp_path, monkeypatch, name):
        monkeypatch.chdir(tmp_path)
        (tmp_path / name).write_text("open('ran', 'w')\n" + FACTORY)
        path = save({"arch": f"py:{name}:mlp", "args": argparse.Namespace(a=1), "state_dict": mlp_state()})
        assert "may not choose code" in message_of(lambda: load_model(path, builders=builders), UsageError)
        assert not (tmp_path / "ran").exists()

    def test_a_checkpoint_may_name_our_own_networks(self, save, builders):
        kwargs = {"n_columns": 4, "n_outputs": 3, "hidden": 5, "layers": 2}
        args = argparse.Namespace(model_kwargs=kwargs, num_classes=3)
        path = save({"arch": "py:interact_cli.networks:mlp", "args": args, "state_dict": mlp_state()})
        assert load_model(path, builders=builders).input.shape == (4,)


class TestSidecar:
    def test_everything(self, save, builders, factory, tmp_path):
        (tmp_path / "ckpt.yaml").write_text(
            "arch: py:nets.py:mlp\narch_args: {hidden: 5}\n"
            "input: {kind: columns, shape: [4]}\n"
            "columns: {names: [a, b, c, d], mean: [1, 1e0, 0, 0], std: [2, 2, 1, 1], groups: {ab: [a, b]}}\n"
            "class_names: [on, off, 3]\n"
        )
        state = mlp_state()
        model = load_model(save(state), builders=builders)
        assert (model.arch, model.arch_source) == ("py:nets.py:mlp", "sidecar ckpt.yaml")
        assert model.class_names == ("on", "off", "3")
        assert model.input.source == "sidecar"
        assert model.input.columns.groups == {"ab": ("a", "b")}
        assert any("names code" in note for note in model.notes)
        assert np.allclose(outputs(model, np.ones((1, 4))), by_hand(state, np.ones((1, 4))), atol=1e-6)

    def test_timm(self, save, builders, resnet, tmp_path):
        (tmp_path / "ckpt.yaml").write_text(
            "arch: timm:resnet10t\narch_args: {num_classes: 10, in_chans: 1}\n"
            "input: {shape: [1, 16, 24], mean: [0.5], std: [0.25], interpolation: nearest, crop_pct: 0.5}\n"
        )
        spec = load_model(save(resnet.state_dict()), builders=builders).input
        assert (spec.shape, spec.mean, spec.std) == ((1, 16, 24), (0.5,), (0.25,))
        assert (spec.interpolation, spec.crop_pct, spec.source) == ("nearest", 0.5, "sidecar")

    def test_order_of_sources(self, save, builders, resnet, timm_args, tmp_path):
        path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict()})
        (tmp_path / "ckpt.yaml").write_text("arch: timm:resnet50\narch_args: {wings: 2}\n")
        assert load_model(path, builders=builders).arch_source == "checkpoint"
        with pytest.raises(CheckpointRefused, match=r"timm:resnet18 \(named by --arch\)"):
            load_model(path, arch="timm:resnet18", builders=builders)

    @pytest.mark.parametrize(
        ("text", "word"),
        [
            ("arhc: timm:resnet18", "Did you mean 'arch'"),
            ("arch: [1]", "to be text"),
            ("input: {shape: [4, 4]}", "[C, H, W]"),
            ("input: {shape: [0]}", "above 0"),
            ("input: {kind: sound, shape: [4]}", "image or columns"),
            ("input: {kind: image, shape: [4]}", "kind image"),
            ("input: {shape: [4], std: [1, 0, 1, 1]}", "above 0"),
            ("input: {mean: [.nan]}", "finite"),
            ("columns: {names: [a, a]}", "differ"),
            ("columns: {names: [a, b], groups: {g: [a, z]}}", "in 'names'"),
            ("columns: {names: [a, b], groups: {g: [a], h: [a]}}", "share"),
            ("columns: {names: [a, b]}", "Expected 4 entries in 'columns.names'"),
            ("output: two", "one of classes"),
            ("class_names: [a]", "3 class names"),
            ("- a", "mapping"),
            ("a: &x 1", "aliases"),
        ],
    )
    def test_mistakes(self, save, builders, factory, tmp_path, text, word):
        (tmp_path / "ckpt.yaml").write_text(text)
        call = partial(load_model, save(mlp_state()), arch=f"{factory}:mlp", builders=builders)
        assert word in message_of(call, UsageError)

    def test_not_text(self, save, builders, factory, tmp_path):
        (tmp_path / "ckpt.yaml").write_bytes(b"\xff\xfe\x00")
        call = partial(load_model, save(mlp_state()), arch=f"{factory}:mlp", builders=builders)
        assert "readable text" in message_of(call, InputRefused)


def test_nan_weights(save, builders, factory):
    state = mlp_state()
    state["2.bias"][1] = float("nan")
    path = save(state)
    assert "'2.bias'" in message_of(lambda: load_model(path, arch=f"{factory}:mlp", builders=builders), NonFiniteError)


def test_every_field_of_the_model_is_filled(save, builders, factory):
    path = save(mlp_state())
    model = load_model(path, arch=f"{factory}:described", builders=builders)
    unknown_here = {"notes", "tokenizer", "classifier"}
    known = [field.name for field in fields(model) if field.name not in unknown_here]
    assert all(getattr(model, name) not in (None, "", ()) for name in known)
    assert model.path == str(path)


def test_a_file_as_architecture_gets_the_way_to_write_it(save, builders):
    with pytest.raises(UsageError, match=r"Did you mean --arch py:net\.py:FACTORY\?"):
        load_model(save({"w": torch.ones(1)}), arch="net.py", builders=builders)
