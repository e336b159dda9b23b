"""One network to be trained, by which recipe; and what its checkpoint says of itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from interact_cli.adapters.preprocessing import preprocess
from interact_cli.interfaces import Dataset
from interact_cli.progress import Progress
from interact_cli.training.examples import load_examples
from interact_cli.training.fit import Recipe, accuracy, build, fit
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
    """What the architecture's factory takes beyond the number of classes and channels."""

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
        return Trained(self, module, accuracy(module, held_out, device))


@dataclass(frozen=True)
class Trained:
    """A trained network and how it came about."""

    job: Job
    module: nn.Module
    accuracy: float
    """On held-out data, between 0 and 1."""

    def timm_layout(self) -> dict[str, Any]:
        """Return ``epoch, arch, args, state_dict, version`` and ``metric`` as timm's checkpoint saver stores them.

        ``args`` carries the names of timm's train script; a network of columns has no image settings. The metric
        is the held-out accuracy in percent, as timm's is.
        """
        job, recipe = self.job, self.job.recipe
        args = argparse.Namespace(
            model=job.arch,
            model_kwargs=dict(job.model_kwargs),
            pretrained=False,
            num_classes=job.n_classes,
            opt=recipe.optimiser,
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            epochs=recipe.epochs,
            batch_size=recipe.batch_size,
            smoothing=recipe.label_smoothing,
            seed=job.seed,
        )
        if job.input.kind == "image":
            channels, height, width = job.input.shape
            args.in_chans = channels
            args.img_size = height if height == width else None  # timm's word for the side of a square
            args.input_size = [channels, height, width]
            args.mean = list(job.input.mean)
            args.std = list(job.input.std)
            args.interpolation = job.input.interpolation
            args.crop_pct = job.input.crop_pct
        state = {name: tensor.detach().cpu().clone() for name, tensor in self.module.state_dict().items()}
        return {
            "epoch": recipe.epochs - 1,
            "arch": job.arch,
            "args": args,
            "state_dict": state,
            "version": 2,
            "metric": 100 * self.accuracy,
        }
