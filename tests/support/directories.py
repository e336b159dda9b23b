"""Tiny model directories of transformers and timm, written as these libraries write them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import timm
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from support.texts import byte_level, wordpiece

SIZE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
WORDS = {**SIZE, "vocab_size": 64, "max_position_embeddings": 24, "pad_token_id": 0}
DECODER = {"vocab_size": 320, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 24, "pad_token_id": 0}
PIXELS = {**SIZE, "image_size": 16, "patch_size": 8, "num_labels": 3}
NAMES = {"id2label": {0: "cat", 1: "dog", 2: "owl"}, "label2id": {"cat": 0, "dog": 1, "owl": 2}}

TEXTS: Mapping[str, Mapping[str, Any]] = {
    "BertModel": WORDS,
    "BertForSequenceClassification": {**WORDS, **NAMES},
    "RobertaForSequenceClassification": {**WORDS, "num_labels": 2},
    "DistilBertForSequenceClassification": {
        **{"vocab_size": 64, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": 24},
        "num_labels": 2,
    },
    "GPT2LMHeadModel": DECODER,
    "GPT2ForSequenceClassification": {**DECODER, "num_labels": 2},
    "LlamaForCausalLM": {**WORDS, "vocab_size": 320, "num_key_value_heads": 1},
}
IMAGES: Mapping[str, Mapping[str, Any]] = {
    "ViTForImageClassification": PIXELS,
    "ViTModel": {key: value for key, value in PIXELS.items() if key != "num_labels"},
    "ResNetForImageClassification": {
        **{"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
        **NAMES,
    },
    "SwinForImageClassification": {
        **{"image_size": 32, "patch_size": 4, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 2]},
        **{"window_size": 4, "num_labels": 3},
    },
}


def save_tiny(architecture: str, folder: Path, **more: Any) -> PreTrainedModel:
    """Save a network of that class with random weights, its tokenizer beside it; return it as the library sees it."""
    network = built(architecture)
    network.save_pretrained(folder, **more)
    if architecture in TEXTS:
        decoder = architecture.startswith(("GPT2", "Llama"))
        (byte_level(["the film is good", "the cast was dull"]) if decoder else wordpiece()).save_pretrained(folder)
    return network


def built(architecture: str) -> PreTrainedModel:
    """Build a network of that class; its weights are large enough to tell one from another."""
    cls = getattr(transformers, architecture)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(3)
        config = cls.config_class(**{**TEXTS, **IMAGES}[architecture])
        network: PreTrainedModel = cls(config).eval()
        for name, buffer in network.named_buffers():
            if name.endswith("running_mean"):
                buffer.normal_()
        for parameter in network.parameters():
            parameter.data.normal_(std=0.3)
    return network


def save_timm(folder: Path, **cfg: Any) -> torch.nn.Module:
    """Save a small timm network as timm pushes one to a hub."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(3)
        network = timm.create_model("resnet10t", num_classes=3, in_chans=1).eval()
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(network.state_dict()), folder / "model.safetensors")
    write_json(
        folder / "config.json",
        {
            "architecture": "resnet10t",
            "num_classes": 3,
            "num_features": 512,
            "model_args": {"in_chans": 1},
            "label_names": ["cat", "dog", "owl"],
            "pretrained_cfg": {
                **{"input_size": [1, 32, 32], "mean": [0.25], "std": [0.5], "interpolation": "bilinear"},
                **{"crop_pct": 0.9, "crop_mode": "center", "classifier": "fc", "url": "", "hf_hub_id": "org/name"},
                **cfg,
            },
        },
    )
    return network


def write_json(path: Path, document: Any) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(document))


def rewrite(path: Path, **changes: Any) -> None:
    """Change entries of a JSON object; None removes one."""
    document = {**json.loads(path.read_text()), **changes}
    write_json(path, {key: value for key, value in document.items() if value is not None})


def reweigh(path: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    """Change the tensors of a safetensors file in place."""
    state = load_file(path)
    change(state)
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, path)
