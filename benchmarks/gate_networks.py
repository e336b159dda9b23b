"""Versions of a network of digits, each a game of 16 players on every image of the test part, with complete tables.

The players are the cells of a grid of 4 x 4 over the 8 x 8 pixels, so a table has 65,536 values, all evaluated by the
engine: log-odds of the true class, what is absent shows the mean of the preprocessing. Whatever a report of such a
version would hold, for any plan, is a look-up in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from interact_cli.adapters.preprocessing import preprocess
from interact_cli.datasets import bundled
from interact_cli.engine.batch_rows import batch_rows
from interact_cli.engine.evaluator import Evaluator
from interact_cli.games.coalitions import all_coalitions
from interact_cli.interfaces import Baseline, DataRequest, PlayerOptions
from interact_cli.networks import mlp, small_convnet
from interact_cli.players.image_grid import image_grid
from interact_cli.progress import Silent
from interact_cli.scores import lookup
from interact_cli.seeding import generator
from interact_cli.training.examples import Examples, load_examples
from interact_cli.training.fit import Recipe, build, fit
from interact_cli.types import FloatArray, InputSpec, IntArray, Model, Sample

N_PLAYERS = 16
N_CLASSES = 10
PIXELS = InputSpec("image", (1, 8, 8), mean=(0.306,), std=(0.324,), source="benchmark")
"""The images as scikit-learn stores them; a resize would only make them larger."""


@dataclass(frozen=True)
class Version:
    """How one version differs from the others in its training."""

    seed: int
    """Of weights, order and augmentation; no two versions share it."""
    noisy: float = 0.0
    """Share of the training images whose label is one of the other nine, drawn uniformly."""
    longer: int = 1
    """So many times the epochs."""
    dropout: float = 0.0
    """Rate of the dropout while training."""


VERSIONS: Mapping[str, Version] = {
    "reference": Version(0),
    "retrained": Version(1),
    "noisy labels": Version(2, noisy=0.4, longer=4),
    "dropout": Version(3, dropout=0.5),
}


@dataclass(frozen=True)
class Family:
    """An architecture and its recipe."""

    name: str
    """In words."""
    kind: str
    """Family of the table of batch sizes."""
    make: Callable[[float], nn.Module]
    """Rate of the dropout -> network."""
    recipe: Recipe


def _mlp(dropout: float) -> nn.Module:
    layers: list[nn.Module] = [nn.Flatten()]
    for layer in mlp(64, N_CLASSES):
        layers += [layer, nn.Dropout(dropout)] if isinstance(layer, nn.ReLU) and dropout else [layer]
    return nn.Sequential(*layers)


def _convnet(dropout: float) -> nn.Module:
    network = small_convnet(N_CLASSES, 1)
    if dropout:
        network.insert(len(network) - 1, nn.Dropout(dropout))
        for position in (6, 3):
            network.insert(position, nn.Dropout2d(dropout / 2))
    return network


FAMILIES: Mapping[str, Family] = {
    "mlp": Family("MLP 5x100", "mlp", _mlp, Recipe("adamw", 2e-3, 0.05, epochs=40, batch_size=64, shift=1)),
    "convnet": Family(
        "convnet 16-32-64", "convnet", _convnet, Recipe("sgd", 0.1, 1e-4, epochs=30, batch_size=32, shift=1)
    ),
}


@dataclass(frozen=True)
class Images:
    """A part of the digits, ready for a network."""

    examples: Examples
    ids: tuple[str, ...]

    @classmethod
    def of(cls, split: str, spec: InputSpec = PIXELS) -> Images:
        dataset = bundled.read(DataRequest("digits", split=split))
        ids = tuple(dataset.sample_id(index) for index in range(len(dataset)))
        return cls(load_examples(dataset, preprocess(spec), N_CLASSES), ids)

    @property
    def labels(self) -> IntArray:
        return self.examples.labels.numpy()

    def sample(self, position: int) -> Sample:
        return Sample(self.ids[position], self.examples.inputs[position].numpy(), int(self.labels[position]))


def trained(family: Family, version: Version, train: Images) -> Model:
    """Train one version, in seconds."""
    network = build(lambda: family.make(version.dropout), version.seed)
    recipe = replace(family.recipe, epochs=family.recipe.epochs * version.longer)
    examples = replace(train.examples, labels=torch.from_numpy(_labels(train.labels, version)))
    fit(network, examples, recipe, seed=version.seed, device="cpu", progress=Silent())
    return Model(
        network, f"benchmark:{family.name}", "benchmark", PIXELS, "classes", N_CLASSES, family.kind, "0" * 64, ""
    )


def _labels(labels: IntArray, version: Version) -> IntArray:
    rng = generator(version.seed, "noisy labels")
    wrong = rng.random(len(labels)) < version.noisy
    others = (labels + rng.integers(1, N_CLASSES, len(labels))) % N_CLASSES
    return np.where(wrong, others, labels)


class Tables:
    """The complete tables of one version: asked for one image at a time."""

    def __init__(self, model: Model, images: Images) -> None:
        self.images = images
        self.players = image_grid("4x4", model, PlayerOptions())
        self.evaluator = Evaluator(model, torch.device("cpu"), batch_rows(model, "cpu"))
        self.score = lookup("log-odds", "classes")
        self.coalitions = all_coalitions(N_PLAYERS)

    def of(self, position: int) -> FloatArray:
        """Return ``(2^16,)`` values by bit code; the last one, of the whole image, is above 0 where p > 1/2."""
        sample = self.images.sample(position)
        baseline = Baseline("mean", np.zeros((1, 1, 1), np.float32), "mean of the preprocessing")
        players = self.players.of(sample, baseline)
        records = self.evaluator.records(sample, players, self.coalitions, (int(self.images.labels[position]),))
        return self.score.of_record(records[:, 0])


def correct(model: Model, images: Images) -> np.ndarray:
    """Return which images a version classifies as labelled: ``(sample,)``."""
    with torch.inference_mode():
        predicted = model.module(images.examples.inputs).argmax(dim=1).numpy()
    right: np.ndarray = predicted == images.labels
    return right
