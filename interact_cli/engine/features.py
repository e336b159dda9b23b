"""What modules give while the rest of a network runs: feature scores of several modules, or the vector of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from interact_cli.errors import RunFailed, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.types import Tokens

Run = Callable[[torch.Tensor], Any]
"""The rest of the network: ``(rows, *entry shape)`` -> its output."""
ModuleRecorder = Callable[[torch.Tensor], torch.Tensor]
"""Records what modules give for a batch of one sample: ``(rows, *entry shape)`` -> ``(rows, slot, component)``."""
Of = Callable[[str, torch.Tensor], torch.Tensor]
"""What is made of a module's features, ``(rows, *shape)``, as soon as they are there."""


@dataclass(frozen=True)
class Taps:
    """Modules whose outputs are taken off while one sample runs; of a tuple or a `ModelOutput` the first tensor."""

    modules: Mapping[str, nn.Module]
    """By name; ``""`` is what the network returns."""
    run: Run
    """The rest of the network, for this sample."""
    device: torch.device
    """Where the numbers are computed: MPS has no float64, there it is the host."""

    def each(self, batch: torch.Tensor, of: Of) -> dict[str, torch.Tensor]:
        """Run a batch and return what ``of`` makes of each module's features, made as soon as they are there.

        Raises:
            UsageError: a module does not run after the entry, or returns nothing that has one row per input.
        """
        made: dict[str, torch.Tensor] = {}

        def tap(name: str, _module: object, _arguments: object, output: object) -> None:
            made[name] = of(name, _features(name, output, len(batch)).to(self.device))

        with ExitStack() as hooks:
            for name, module in self.modules.items():
                if name:
                    hooks.callback(module.register_forward_hook(partial(tap, name)).remove)
            output = self.run(batch)
        if "" in self.modules:
            tap("", None, None, output)
        silent = [name for name in self.modules if name not in made]
        if silent:
            raise not_after(silent[0])
        return {name: made[name] for name in self.modules}


class FeatureRecorder:
    """Records ``<f_N, f_S> / ||f_N||_2`` of every module for one sample, in float64.

    f_N and f_S are the flattened outputs of a module on the unmasked and the masked row, both in batches of the same
    shape.
    Source: Zhang et al. (AAAI 2021), intermediate layers.

    Args:
        taps: The modules, one slot each.
        standing: What stands at the entry, unmasked: ``(1, *entry shape)``.
    """

    def __init__(self, taps: Taps, standing: torch.Tensor) -> None:
        self.taps = taps
        self.standing = standing
        self.directions: dict[int, dict[str, torch.Tensor]] = {}

    def __call__(self, masked: torch.Tensor) -> torch.Tensor:
        """Record a batch: ``(rows, *entry shape)`` -> ``(rows, module, 1)`` float64.

        Raises:
            UsageError: a module does not run after the entry, or returns nothing that has one row per input.
            RunFailed: the unmasked output of a module is zero.
        """
        rows = len(masked)
        if rows not in self.directions:
            # In the layout of the masked batch too, so that the same kernels compute both.
            unmasked = torch.empty_like(masked).copy_(self.standing)
            self.directions[rows] = self.taps.each(unmasked, _direction)
        directions = self.directions[rows]
        lengths = self.taps.each(masked, lambda name, features: (features.flatten(1) * directions[name]).sum(dim=1))
        return torch.stack(list(lengths.values()), dim=1).unsqueeze(-1)


@dataclass(frozen=True)
class VectorRecorder:
    """Records the output f_S of one module for one sample: its mean over space or over words, in float64.

    ``(rows, C, h, w)`` maps become ``(rows, C)``, ``(rows, L, d)`` sequences ``(rows, d)``, vectors stay as they are.
    Source: Zhou et al. (2024), section 4.3; the mean is our own choice.

    Args:
        taps: The module, alone.
        channels: Axis of the channels in one row's output, see `interact_cli.entries.shapes.standing`; None for the
            usual, first in maps and last in sequences.
        tokens: For texts: only positions of words are taken, which special tokens and a continuation have not. None
            takes all positions, as does an output with another number of them than the text has tokens.
    """

    taps: Taps
    channels: int | None
    tokens: Tokens | None

    def __call__(self, masked: torch.Tensor) -> torch.Tensor:
        """Record a batch: ``(rows, *entry shape)`` -> ``(rows, 1, d)`` float64.

        Raises:
            UsageError: the module does not run after the entry, or returns nothing that has one row per input.
        """
        (vectors,) = self.taps.each(masked, self._pooled).values()
        return vectors.unsqueeze(1)

    def _pooled(self, _name: str, features: torch.Tensor) -> torch.Tensor:
        if features.ndim == 2:
            return features.double()
        usual = -1 if features.ndim == 3 else 1
        axis = usual if self.channels is None else self.channels + 1
        by_position = features.movedim(axis, -1).flatten(1, -2)
        if self.tokens is not None and by_position.shape[1] == len(self.tokens.word_of):
            words = torch.from_numpy(np.flatnonzero(self.tokens.word_of >= 0))
            by_position = by_position[:, words.to(by_position.device)]
        return by_position.mean(dim=1, dtype=torch.float64)


def not_after(name: str) -> UsageError:
    """Return the error that says that masking cannot change what a module gives."""
    return UsageError(
        f"Expected a module that runs after the entry, but masking cannot change the output of '{safe_text(name)}'. "
        f"Ask for the feature of a module that comes later."
    )


def _features(name: str, output: object, rows: int) -> torch.Tensor:
    """Return what a module gave back for a batch: ``(rows, *shape)``."""
    features = output
    if isinstance(features, Mapping):
        features = tuple(features.values())
    if isinstance(features, tuple | list):
        features = next((part for part in features if isinstance(part, torch.Tensor)), features)
    if not isinstance(features, torch.Tensor):
        raise UsageError(
            f"Expected module '{safe_text(name)}' to return a tensor, got a {type(output).__name__}. "
            f"Ask for the feature of another module."
        )
    if features.ndim < 2 or len(features) != rows:
        raise UsageError(
            f"Expected module '{safe_text(name)}' to return one row of features per input ({rows}), got shape "
            f"{tuple(features.shape)}. Ask for the feature of another module."
        )
    return features


def _direction(name: str, features: torch.Tensor) -> torch.Tensor:
    """Return ``f_N / ||f_N||_2``: ``(numbers,)`` float64."""
    unmasked = features[0].flatten().double()
    length = torch.linalg.vector_norm(unmasked)
    if length == 0:
        raise RunFailed(
            f"The output of module '{safe_text(name)}' is zero on an unmasked input, so its feature score is not "
            f"defined. Ask for the feature of another module."
        )
    return unmasked.div(length)
