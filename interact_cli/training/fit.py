"""The one training loop: cross entropy, a recipe that is data, and bits that depend on the seed alone."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from interact_cli import seeding
from interact_cli.errors import NonFiniteError
from interact_cli.progress import Progress
from interact_cli.training.augment import flip, shift
from interact_cli.training.examples import Examples

TRIAL_STEPS = 3
EVALUATION_BATCH = 512


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: with the data and the seed, everything that decides its weights."""

    optimiser: Literal["sgd", "adamw"]
    """``sgd`` has momentum 0.9."""
    learning_rate: float
    """The highest one; see `learning_rate_share`."""
    weight_decay: float
    epochs: int
    """Passes over the training data."""
    batch_size: int = 128
    """Samples per step; an epoch leaves out the remainder of its own random order."""
    warm_up: float = 0.1
    """Share of the steps during which the learning rate rises."""
    label_smoothing: float = 0.0
    """Probability that is spread over all classes."""
    shift: int = 0
    """Pixels: each image is moved by up to so many along both axes, and the gap shows the channel's darkest value;
    0 for rows."""
    flip: bool = False
    """Whether each image is mirrored left to right with probability 1/2."""

    def n_steps(self, n_examples: int) -> int:
        """Optimiser steps over all epochs."""
        return self.epochs * max(1, n_examples // self.batch_size)


def learning_rate_share(step: int, n_steps: int, warm_up: float) -> float:
    """Share of the highest learning rate at a step: a linear rise, then half a cosine down to zero.

    Source: Loshchilov & Hutter (2017), https://arxiv.org/abs/1608.03983; Goyal et al. (2017) for the warm-up.

    Example:
        >>> [round(learning_rate_share(step, 5, 0.2), 2) for step in range(5)]
        [1.0, 1.0, 0.85, 0.5, 0.15]
    """
    rising = math.floor(warm_up * n_steps)
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, n_steps - rising)))


@contextmanager
def seeded(seed: int, purpose: str) -> Iterator[torch.Generator]:
    """Run a body under its own seeded torch generators on the CPU, and give the caller's back afterwards.

    None of the networks trained here draws random numbers on another device.

    Args:
        seed: The user's seed.
        purpose: What the draws are for; another purpose is another stream.

    Yields:
        A CPU generator. Torch's global CPU generator, which layers initialise from, is seeded too.
    """
    draws = seeding.generator(seed, f"training {purpose}").integers(2**63, size=2)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(draws[0]))
        yield torch.Generator().manual_seed(int(draws[1]))


def build(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Make a network whose initial weights depend on the seed alone.

    Example:
        >>> a, b = (build(lambda: nn.Linear(2, 1), seed=3) for _ in range(2))
        >>> bool((a.weight == b.weight).all())
        True
    """
    with seeded(seed, "weights"):
        return make()


def fit(module: nn.Module, examples: Examples, recipe: Recipe, *, seed: int, device: str, progress: Progress) -> None:
    """Train a network in place; it comes back on the CPU, in eval mode.

    A few steps are measured first, on a copy, and the estimated time is told before the work begins. On one
    machine, with one number of threads, the same arguments give the same weights to the bit.

    Args:
        module: Network with logits ``(B, K)`` as output.
        examples: The training data.
        recipe: How to train.
        seed: Seed of the order of the samples and of the augmentation.
        device: Where to train, as torch names it.
        progress: Told the estimate, then every step.

    Raises:
        NonFiniteError: the loss became NaN or infinite.
    """
    total = recipe.n_steps(len(examples))
    flags = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    with seeded(seed, "steps") as draws, flags:
        module.to(device).train()
        seconds = total * _seconds_per_step(module, examples, recipe, device)
        progress.note(f"Training takes about {_duration(seconds)} on {device}: {total} steps.")
        progress.start("training", total, "step")
        try:
            _descend(module, examples, recipe, draws, device, progress)
        finally:
            progress.finish()
    module.to("cpu").eval()


def accuracy(module: nn.Module, examples: Examples, device: str = "cpu") -> float:
    """Share of the examples whose highest logit is the true class's; the network comes back on the CPU, in eval mode.

    Example:
        >>> accuracy(nn.Identity(), Examples(torch.tensor([[0.0, 1.0], [0.0, 1.0]]), torch.tensor([1, 0])))
        0.5
    """
    module.to(device).eval()
    correct = 0
    with torch.inference_mode():
        for start in range(0, len(examples), EVALUATION_BATCH):
            logits = module(examples.inputs[start : start + EVALUATION_BATCH].to(device))
            labels = examples.labels[start : start + EVALUATION_BATCH].to(device)
            correct += int((logits.argmax(dim=1) == labels).sum())
    module.to("cpu")
    return correct / len(examples)


def _descend(
    module: nn.Module, examples: Examples, recipe: Recipe, draws: torch.Generator, device: str, progress: Progress
) -> None:
    total = recipe.n_steps(len(examples))
    optimiser = _optimiser(module, recipe)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: learning_rate_share(step, total, recipe.warm_up)
    )
    inputs, labels = examples.inputs.to(device), examples.labels.to(device)
    black = inputs.amin(dim=(0, 2, 3)) if recipe.shift else None
    for epoch in range(recipe.epochs):
        loss = torch.zeros(())
        order = torch.randperm(len(examples), generator=draws)
        for start in range(0, max(1, len(examples) - recipe.batch_size + 1), recipe.batch_size):
            rows = order[start : start + recipe.batch_size].to(device)
            batch = inputs[rows]
            if recipe.flip:
                batch = flip(batch, draws=draws)
            if black is not None:
                batch = shift(batch, pixels=recipe.shift, fill=black, draws=draws)
            loss = _step(module, optimiser, batch, labels[rows], recipe.label_smoothing)
            schedule.step()
            progress.advance(1)
        # Once an epoch: every look waits for the device.
        if not math.isfinite(loss.item()):
            raise NonFiniteError(
                f"Expected a finite training loss, got {loss.item()} in epoch {epoch + 1} of {recipe.epochs}. "
                "Check the inputs for NaN, or train with another --seed."
            )


def _step(
    module: nn.Module, optimiser: torch.optim.Optimizer, batch: Tensor, labels: Tensor, label_smoothing: float
) -> Tensor:
    optimiser.zero_grad(set_to_none=True)
    loss = F.cross_entropy(module(batch), labels, label_smoothing=label_smoothing)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    optimiser.step()
    return loss.detach()


def _optimiser(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(
            module.parameters(), lr=recipe.learning_rate, momentum=0.9, weight_decay=recipe.weight_decay
        )
    return torch.optim.AdamW(module.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def _seconds_per_step(module: nn.Module, examples: Examples, recipe: Recipe, device: str) -> float:
    trial = copy.deepcopy(module)
    optimiser = _optimiser(trial, recipe)
    batch = examples.inputs[: recipe.batch_size].to(device)
    labels = examples.labels[: recipe.batch_size].to(device)
    _step(trial, optimiser, batch, labels, recipe.label_smoothing).item()
    # Not the first step, which pays for allocations; item() waits until the device is done.
    start = time.perf_counter()
    for _ in range(TRIAL_STEPS):
        _step(trial, optimiser, batch, labels, recipe.label_smoothing).item()
    return (time.perf_counter() - start) / TRIAL_STEPS


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
