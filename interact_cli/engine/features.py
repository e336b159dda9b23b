"""Feature scores: the length of a module's output along its unmasked output, for several modules in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

import torch
from torch import nn

from interact_cli.errors import RunFailed, UsageError
from interact_cli.safe_text import safe_text

Run = Callable[[torch.Tensor], Any]
"""The rest of the network: ``(rows, *entry shape)`` -> its output."""


class FeatureRecorder:
    """Records ``<f_N, f_S> / ||f_N||_2`` of every module for one sample, in float64.

    f_N and f_S are the flattened outputs of a module on the unmasked and the masked row, both in batches of the same
    shape; of a tuple or a `ModelOutput` the first tensor.
    Source: paper 004, intermediate layers.

    Args:
        modules: The modules by name; ``""`` is what the network returns.
        run: The rest of the network, for this sample.
        standing: What stands at the entry, unmasked: ``(1, *entry shape)``.
    """

    def __init__(self, modules: Mapping[str, nn.Module], run: Run, standing: torch.Tensor) -> None:
        self.modules = modules
        self.run = run
        self.standing = standing
        # MPS has no float64: there the products are computed on the host.
        self.device = torch.device("cpu") if standing.device.type == "mps" else standing.device
        self.directions: dict[int, dict[str, torch.Tensor]] = {}

    def __call__(self, masked: torch.Tensor) -> torch.Tensor:
        """Record a batch: ``(rows, *entry shape)`` -> ``(rows, module, 1)`` float64.

        Raises:
            UsageError: a module does not run after the entry, or returns nothing that has one row per input.
            RunFailed: the unmasked output of a module is zero.
        """
        rows = len(masked)
        if rows not in self.directions:
            unmasked = torch.empty_like(masked).copy_(self.standing)
            self.directions[rows] = self._each(unmasked, _direction)
        directions = self.directions[rows]
        lengths = self._each(masked, lambda name, features: (features * directions[name]).sum(dim=1))
        return torch.stack(list(lengths.values()), dim=1).unsqueeze(-1)

    def _each(self, batch: torch.Tensor, of: Callable[[str, torch.Tensor], torch.Tensor]) -> dict[str, torch.Tensor]:
        """Run a batch and return what ``of`` makes of each module's features, made as soon as they are there."""
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


def not_after(name: str) -> UsageError:
    """Return the error that says that masking cannot change what a module gives."""
    return UsageError(
        f"Expected a module that runs after the entry, but masking cannot change the output of '{safe_text(name)}'. "
        f"Ask for the feature of a module that comes later."
    )


def _features(name: str, output: object, rows: int) -> torch.Tensor:
    """Return what a module gave back for a batch as ``(rows, numbers)``."""
    found = output
    if isinstance(found, Mapping):
        found = tuple(found.values())
    if isinstance(found, tuple | list):
        found = next((part for part in found if isinstance(part, torch.Tensor)), found)
    if not isinstance(found, torch.Tensor):
        raise UsageError(
            f"Expected module '{safe_text(name)}' to return a tensor, got a {type(output).__name__}. "
            f"Ask for the feature of another module."
        )
    if found.ndim < 2 or len(found) != rows:
        raise UsageError(
            f"Expected module '{safe_text(name)}' to return one row of features per input ({rows}), got shape "
            f"{tuple(found.shape)}. Ask for the feature of another module."
        )
    return found.flatten(1)


def _direction(name: str, features: torch.Tensor) -> torch.Tensor:
    """Return ``f_N / ||f_N||_2``: ``(numbers,)`` float64."""
    unmasked = features[0].double()
    length = torch.linalg.vector_norm(unmasked)
    if length == 0:
        raise RunFailed(
            f"The output of module '{safe_text(name)}' is zero on an unmasked input, so its feature score is not "
            f"defined. Ask for the feature of another module."
        )
    return unmasked.div(length)
