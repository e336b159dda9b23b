"""Tiny data sets in the shape of CIFAR-10 and of rows, and a `Progress` that remembers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from PIL import Image

from interact_cli.datasets.samples import Samples


@dataclass
class Remembered:
    steps: int = 0
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    open: int = 0

    def start(self, label, total, unit):
        self.total = total
        self.open += 1

    def advance(self, done):
        self.steps += done

    def finish(self):
        self.open -= 1

    def note(self, message):
        self.notes.append(message)

    def warn(self, message):
        self.warnings.append(message)


def tiny_images(name, split, n, size, mode, *, seed=0):
    """Images whose brightness gives the class away."""
    random = np.random.default_rng([seed, len(split), n])
    labels = np.arange(n) % 10
    shape = (n, size, size) if mode == "L" else (n, size, size, 3)
    pixels = (25 * labels).reshape(-1, *[1] * (len(shape) - 1)) + random.integers(0, 20, shape)
    return Samples(
        name=name,
        split=split,
        kind="image",
        ids=tuple(f"{name}/{split}/{i}" for i in range(n)),
        read=lambda i: Image.fromarray(pixels[i].astype(np.uint8)),
        labels=labels.astype(np.int64),
        class_names=tuple("0123456789"),
    )


@pytest.fixture
def progress():
    return Remembered()


@pytest.fixture
def make_images():
    return tiny_images


@pytest.fixture
def tiny_cifar():
    return tiny_images("cifar10", "train", 40, 32, "RGB"), tiny_images("cifar10", "test", 20, 32, "RGB")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
