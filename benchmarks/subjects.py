"""Networks with random weights, random inputs and their players."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import prod

import numpy as np
import timm
import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from interact_cli.adapters.huggingface.text_networks import text_network
from interact_cli.engine.batch_rows import batch_rows
from interact_cli.engine.evaluator import Evaluator
from interact_cli.games.coalitions import pack
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.columns import columns
from interact_cli.players.image_grid import image_grid
from interact_cli.seeding import generator
from interact_cli.types import EMBEDDING, InputSpec, Model, PackedArray, PlayerSet, Sample

CPU = torch.device("cpu")
CLASSES = (0, 1)
"""Two classes are recorded, as in an audit: the true and the predicted one."""
VOCABULARY, WIDTH = 1000, 384
"""Tokens that the encoder knows, and numbers of a word vector."""


@dataclass(frozen=True)
class Subject:
    """A network, one sample of it and its players."""

    name: str
    model: Model
    sample: Sample
    players: PlayerSet

    @property
    def rows(self) -> int:
        """Rows of a batch by the committed table."""
        size = self.sample.input.shape[1] * WIDTH if self.model.input.kind == "text" else None
        return batch_rows(self.model, "cpu", size=size)

    def evaluator(self, rows: int | None = None) -> Evaluator:
        return Evaluator(self.model, CPU, rows or self.rows, entry=self.players.entry)

    def coalitions(self, count: int) -> PackedArray:
        """Random coalitions of every size."""
        rng = generator(0, "benchmark coalitions", self.name)
        return pack(rng.random((count, self.players.n_players)) < rng.random((count, 1)))

    def inputs(self, rows: int) -> torch.Tensor:
        """Resident random inputs, never zeros; the ids of tokens for texts."""
        rng = generator(0, "benchmark inputs")
        if self.model.input.kind == "text":
            return torch.from_numpy(rng.integers(1, VOCABULARY, size=(rows, self.sample.input.shape[1])))
        return torch.from_numpy(rng.normal(size=(rows, *self.model.input.shape)).astype(np.float32))


def subject(name: str, module: nn.Module, shape: tuple[int, ...], family: str, n_classes: int) -> Subject:
    """Wrap a network: a grid of 8 x 8 cells, or one player per column."""
    rng = generator(0, "benchmark sample", name)
    kind = "image" if len(shape) == 3 else "columns"
    spec = InputSpec("image" if len(shape) == 3 else "columns", shape)
    model = Model(module.eval(), f"benchmark:{name}", "benchmark", spec, "classes", n_classes, family, "0" * 64, "")
    sample = Sample(name, rng.normal(size=shape).astype(np.float32), 0)
    values = rng.normal(size=(shape[0], 1, 1) if kind == "image" else shape).astype(np.float32)
    baseline = Baseline("mean", values, "benchmark")
    make, argument = (image_grid, "8x8") if kind == "image" else (columns, None)
    return Subject(name, model, sample, make(argument, model, PlayerOptions()).of(sample, baseline))


def resnet18(side: int) -> Subject:
    return subject(
        f"ResNet-18, {side} px", timm.create_model("resnet18", num_classes=10), (3, side, side), "convnet", 10
    )


def vit(side: int) -> Subject:
    module = timm.create_model("vit_tiny_patch16_224", img_size=side, patch_size=8, num_classes=10)
    return subject(f"ViT-Tiny/8, {side} px", module, (3, side, side), "transformer", 10)


def mlp(shape: tuple[int, ...], n_classes: int = 2) -> Subject:
    """Five hidden layers of 100."""
    widths = [prod(shape), 100, 100, 100, 100, 100]
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    where = f"{shape[0]} columns" if len(shape) == 1 else f"{shape[-1]} px"
    return subject(f"MLP 5x100, {where}", nn.Sequential(*layers, nn.Linear(100, n_classes)), shape, "mlp", n_classes)


def encoder(n_tokens: int, layers: int = 6) -> Subject:
    """A BERT-style classifier of texts; every token between the first and the last is a player."""
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=layers,
        num_attention_heads=12,
        intermediate_size=1536,
    )
    core = BertForSequenceClassification(config)
    core.train(mode=False)
    module = text_network(core, "classes")
    name = f"BERT {layers}x{WIDTH}, {n_tokens} tokens"
    spec = InputSpec("text", (3, config.max_position_embeddings))
    model = Model(module, f"benchmark:{name}", "benchmark", spec, "classes", 2, "transformer", "0" * 64, "")
    ids = generator(0, "benchmark sample", name).integers(1, VOCABULARY, n_tokens)
    sample = Sample(name, np.stack([ids, np.zeros_like(ids), np.zeros_like(ids)]), 0)
    owner = np.array([-1, *range(n_tokens - 2), -1])[:, None]
    names = tuple(f"token {i}" for i in range(n_tokens - 2))
    zero = np.zeros((1, WIDTH), dtype=np.float32)
    return Subject(name, model, sample, PlayerSet(names, owner, zero, "zero", "tokens", entry=EMBEDDING))
