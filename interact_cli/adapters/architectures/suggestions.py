"""Which architectures some weights would fit: for the text of an error, never for a decision.

Different networks have the same names and shapes of tensors and compute different things: ``efficientnet_b0`` and
``tf_efficientnet_b0`` pad differently, ``resnet50`` and ``tv_resnet50`` resize differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from interact_cli.adapters.architectures import paper_networks, timm_models, torchvision_models
from interact_cli.adapters.containers.contents import PREFIXES
from interact_cli.interfaces import OutlineBuilder

Shapes = Mapping[str, tuple[int, ...]]

_VGGS = ("vgg11", "vgg13", "vgg16", "vgg19")

_FAMILIES: dict[str, dict[str, tuple[str, ...]]] = {
    "layer1.0.conv1.weight": {
        "timm": (
            *("resnet10t", "resnet14t", "resnet18", "resnet26", "resnet34", "resnet50", "resnet101", "resnet152"),
            *("wide_resnet50_2", "wide_resnet101_2", "resnext50_32x4d", "seresnet50"),
        ),
        "paper": ("resnet18", "resnet34"),
    },
    "conv_stem.weight": {
        "timm": (
            *("efficientnet_b0", "tf_efficientnet_b0", "efficientnet_b1", "tf_efficientnet_b1", "efficientnet_b2"),
            *("mobilenetv2_100", "mobilenetv3_small_100", "mobilenetv3_large_100", "tf_mobilenetv3_large_100"),
        )
    },
    "blocks.0.attn.qkv.weight": {
        "timm": (
            *("vit_tiny_patch16_224", "vit_small_patch16_224", "vit_small_patch32_224", "vit_base_patch16_224"),
            *("vit_base_patch32_224", "vit_large_patch16_224", "deit_tiny_patch16_224", "deit_small_patch16_224"),
        )
    },
    "stages.0.blocks.0.conv_dw.weight": {
        "timm": (
            *("convnext_atto", "convnext_femto", "convnext_pico", "convnext_nano", "convnext_tiny", "convnext_small"),
            "convnext_base",
        )
    },
    "layers.0.blocks.0.attn.relative_position_bias_table": {
        "timm": ("swin_tiny_patch4_window7_224", "swin_small_patch4_window7_224", "swin_base_patch4_window7_224")
    },
    "features.denseblock1.denselayer1.conv1.weight": {"timm": ("densenet121", "densenet169", "densenet201")},
    "features.0.weight": {"timm": _VGGS, "torchvision": ("alexnet", *_VGGS, "squeezenet1_1")},
    "features.0.0.weight": {
        "torchvision": (
            *("mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "efficientnet_v2_s"),
            *("convnext_tiny", "convnext_small", "convnext_base", "swin_t", "swin_s", "swin_b"),
        )
    },
    "conv_proj.weight": {"torchvision": ("vit_b_16", "vit_b_32", "vit_l_16", "vit_l_32")},
    "Conv2d_1a_3x3.conv.weight": {"torchvision": ("inception_v3",)},
    "inception3a.branch1.conv.weight": {"torchvision": ("googlenet",)},
    "blocks.0.mlp_tokens.fc1.weight": {"timm": ("mixer_s32_224", "mixer_s16_224", "mixer_b16_224")},
    "fc3.weight": {"paper": ("alexnet", *_VGGS)},
    "stage1.0.conv1.weight": {"paper": ("resnet20", "resnet44", "resnet56")},
}
"""A telling tensor name -> the common architectures that have it, by prefix."""

_BUILDERS: dict[str, OutlineBuilder] = {
    "timm": timm_models.build,
    "torchvision": torchvision_models.build,
    "paper": paper_networks.build,
}
_HEADS = ("head.", "fc.", "fc3.", "classifier.", "heads.", "head_dist.", "AuxLogits.", "aux1.", "aux2.")


def suggest(state: Mapping[Any, torch.Tensor]) -> tuple[str, ...]:
    """Return the common architectures whose tensors, but for the classifier, have these names and shapes.

    Args:
        state: The tensors of the file, by name.

    Returns:
        Values for ``--arch``, with the image size where the tensors depend on it; empty when none fits.
    """
    bare = {_without_prefix(str(name)): tuple(tensor.shape) for name, tensor in state.items()}
    family = next((names for telling, names in _FAMILIES.items() if telling in bare), {})
    body = _body(bare)
    return tuple(
        f"{prefix}:{name}{''.join(f' --arch-arg {key}={value}' for key, value in options.items())}"
        for prefix, names in family.items()
        for name in names
        for options in _sizes(prefix, name)
        if _outline_body(prefix, name, options, bare) == body
    )


def _sizes(prefix: str, name: str) -> tuple[dict[str, int], ...]:
    """Return the image sizes that make a difference: the papers' are 32, the default, and 64."""
    return ({}, {"img_size": 64}) if prefix == "paper" and paper_networks.NAMES[name].sized else ({},)


def _outline_body(prefix: str, name: str, options: Mapping[str, Any], shapes: Shapes) -> dict[str, tuple[int, ...]]:
    try:
        module = _BUILDERS[prefix].outline(name, {**options, **_channels(shapes)}, {})
    except Exception:  # an architecture that this timm lacks, or that takes no such size, is no suggestion
        return {}
    return _body({key: tuple(tensor.shape) for key, tensor in module.state_dict().items()})


def _channels(shapes: Shapes) -> dict[str, Any]:
    """Read the number of input channels off the first convolution."""
    first = next((shape for shape in shapes.values() if len(shape) == 4), None)
    return {"in_chans": first[1]} if first is not None and first[1] in (1, 2, 3, 4) else {}


def _body(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if not name.startswith(_HEADS)}


def _without_prefix(name: str) -> str:
    while name.startswith(PREFIXES):
        name = name[len(next(prefix for prefix in PREFIXES if name.startswith(prefix))) :]
    return name


def told(names: tuple[str, ...]) -> str:
    """Return a sentence about suggestions; empty for none."""
    if not names:
        return ""
    if len(names) == 1:
        return f" Its tensors look like {names[0]}: if that is right, pass --arch {names[0]}."
    return (
        f" Its tensors look like {' and '.join(names)}, which compute different things; pass the right one, "
        f"for example --arch {names[0]}."
    )
