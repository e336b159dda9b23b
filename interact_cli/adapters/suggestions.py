"""Which architectures some weights would fit: for the text of an error, never for a decision.

Different networks have the same names and shapes of tensors and compute different things: ``efficientnet_b0`` and
``tf_efficientnet_b0`` pad differently, ``resnet50`` and ``tv_resnet50`` resize differently.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import timm
import torch

Shapes = Mapping[str, tuple[int, ...]]

_FAMILIES: dict[str, tuple[str, ...]] = {
    "layer1.0.conv1.weight": (
        *("resnet10t", "resnet14t", "resnet18", "resnet26", "resnet34", "resnet50", "resnet101", "resnet152"),
        *("wide_resnet50_2", "wide_resnet101_2", "resnext50_32x4d", "seresnet50"),
    ),
    "conv_stem.weight": (
        *("efficientnet_b0", "tf_efficientnet_b0", "efficientnet_b1", "tf_efficientnet_b1", "efficientnet_b2"),
        *("mobilenetv2_100", "mobilenetv3_small_100", "mobilenetv3_large_100", "tf_mobilenetv3_large_100"),
    ),
    "blocks.0.attn.qkv.weight": (
        *("vit_tiny_patch16_224", "vit_small_patch16_224", "vit_small_patch32_224", "vit_base_patch16_224"),
        *("vit_base_patch32_224", "vit_large_patch16_224", "deit_tiny_patch16_224", "deit_small_patch16_224"),
    ),
    "stages.0.blocks.0.conv_dw.weight": (
        *("convnext_atto", "convnext_femto", "convnext_pico", "convnext_nano", "convnext_tiny", "convnext_small"),
        "convnext_base",
    ),
    "layers.0.blocks.0.attn.relative_position_bias_table": (
        *("swin_tiny_patch4_window7_224", "swin_small_patch4_window7_224", "swin_base_patch4_window7_224"),
    ),
    "features.denseblock1.denselayer1.conv1.weight": ("densenet121", "densenet169", "densenet201"),
    "features.0.weight": ("vgg11", "vgg13", "vgg16", "vgg19"),
    "blocks.0.mlp_tokens.fc1.weight": ("mixer_s32_224", "mixer_s16_224", "mixer_b16_224"),
}
"""A telling tensor name -> the common architectures that have it."""

_HEADS = ("head.", "fc.", "classifier.", "head_dist.")
_PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "backbone.")


def suggest(shapes: Shapes) -> tuple[str, ...]:
    """Return the common timm architectures whose tensors, but for the classifier, have these names and shapes.

    Args:
        shapes: Name and shape of each tensor in the file.

    Returns:
        Values for ``--arch``; empty when none fits.
    """
    bare = {_without_prefix(name): shape for name, shape in shapes.items()}
    candidates = next((names for telling, names in _FAMILIES.items() if telling in bare), ())
    body = _body(bare)
    return tuple(f"timm:{name}" for name in candidates if _outline_body(name, bare) == body)


def _outline_body(name: str, shapes: Shapes) -> dict[str, tuple[int, ...]]:
    options = {} if not timm.is_model(name) else _options(shapes)
    try:
        with torch.device("meta"):
            module = timm.create_model(name, pretrained=False, **options)
    except Exception:  # an architecture that this timm lacks, or that takes no such size, is no suggestion
        return {}
    return _body({key: tuple(tensor.shape) for key, tensor in module.state_dict().items()})


def _options(shapes: Shapes) -> dict[str, Any]:
    """Read the number of input channels off the first convolution."""
    first = next((shape for shape in shapes.values() if len(shape) == 4), None)
    return {"in_chans": first[1]} if first is not None and first[1] in (1, 2, 3, 4) else {}


def _body(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if not name.startswith(_HEADS)}


def _without_prefix(name: str) -> str:
    while name.startswith(_PREFIXES):
        name = name[len(next(prefix for prefix in _PREFIXES if name.startswith(prefix))) :]
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
