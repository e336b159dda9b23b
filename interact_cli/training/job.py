"""One network to be trained: how it is built, on what, by which recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from interact_cli.adapters.preprocessing import preprocess
from interact_cli.interfaces import Dataset
from interact_cli.progress import Progress
from interact_cli.training.examples import load_examples
from interact_cli.training.fit import Recipe, accuracy, build, fit
from interact_cli.training.layout import Trained
from interact_cli.types import InputSpec


@dataclass(frozen=True)
class Job:
    """A network and how it is trained; equal jobs on equal data give equal weights on one machine."""

    arch: str
    """As ``--arch`` names it, without ``timm:`` for timm's."""
    make: Callable[[], nn.Module]
    input: InputSpec
    n_classes: int
    recipe: Recipe
    seed: int
    model_kwargs: Mapping[str, Any] = field(default_factory=dict)

    def network(self) -> nn.Module:
        """Build the network with its seeded initial weights."""
        return build(self.make, self.seed)

    def trained(self, train: Dataset, test: Dataset, device: str, progress: Progress) -> Trained:
        """Train the network, and measure its accuracy on held-out data.

        Raises:
            DataRefused: no labels, or labels out of range.
            NonFiniteError: the training diverged.
        """
        examples, held_out = (load_examples(part, preprocess(self.input), self.n_classes) for part in (train, test))
        module = self.network()
        fit(module, examples, self.recipe, seed=self.seed, device=device, progress=progress)
        return Trained(
            self.arch, module, self.input, self.n_classes, self.recipe, self.seed,
            accuracy(module, held_out, device), self.model_kwargs,
        )  # fmt: skip
