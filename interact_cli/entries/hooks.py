"""The scoped hook: a full forward pass with the activation replaced.

The last resort, and the reference that every other way is compared with.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from interact_cli.entries.observing import FunctionalDropouts, is_dropout, running
from interact_cli.entries.wrapped import named_modules
from interact_cli.errors import RunFailed
from interact_cli.types import Entry

Visit = Callable[[torch.Tensor], torch.Tensor | None]
"""Sees what stands at the entry; what it returns goes on in its place, None changes nothing."""


@contextmanager
def at_entry(module: nn.Module, entry: Entry, visit: Visit) -> Iterator[None]:
    """Show what stands at an entry to ``visit`` at every forward pass inside this context.

    Raises:
        RunFailed: leaving the context, the passes did not come by exactly once.
    """
    reached = 0

    def counted(tensor: torch.Tensor) -> torch.Tensor | None:
        nonlocal reached
        reached += 1
        return visit(tensor)

    with ExitStack() as stack:
        _install(stack, module, entry, counted)
        yield
    if reached != 1:
        raise RunFailed(
            f"Expected one forward pass to come by the {entry} once, it came {reached} times. "
            f"The network takes other ways for other inputs: choose another module."
        )


def standing_at(module: nn.Module, entry: Entry, inputs: torch.Tensor) -> torch.Tensor:
    """Run the network and return a copy of what stands at an entry: ``(rows, *entry shape)``."""
    seen: list[torch.Tensor] = []
    with at_entry(module, entry, lambda tensor: seen.append(tensor.clone())):
        module(inputs)
    return seen[0]


@dataclass(frozen=True)
class Hooked:
    """A `Passage` that runs the whole network and puts the masked rows in its way."""

    module: nn.Module
    entry: Entry
    way: str = "hook"

    def start(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Return what stands at the entry, and the inputs."""
        return standing_at(self.module, self.entry, inputs), inputs

    def finish(self, masked: torch.Tensor, carried: Any) -> Any:
        """Run the whole network on as many equal inputs, with the masked rows at the entry."""
        with at_entry(self.module, self.entry, lambda _tensor: masked):
            return self.module(carried.expand(len(masked), *carried.shape[1:]))


def _install(stack: ExitStack, network: nn.Module, entry: Entry, visit: Visit) -> None:
    modules = named_modules(network)
    target = modules[entry.module]
    if entry.place == "output":
        hook = target.register_forward_hook(lambda _module, _args, output: _visited(output, visit))
        stack.callback(hook.remove)
        return
    calls = itertools.count()
    if entry.place == "into":

        def before(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            here = not is_dropout(module) or next(calls) == entry.call
            return _visited((args, kwargs), visit) if here else None

        stack.callback(target.register_forward_pre_hook(before, with_kwargs=True).remove)
        return

    def meet(owner: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        here = owner == entry.module and next(calls) == entry.call
        args, kwargs = (_visited((args, kwargs), visit) if here else None) or (args, kwargs)
        return func(*args, **kwargs)

    stack.enter_context(FunctionalDropouts(modules, stack.enter_context(running(modules)), meet))


def _visited(tree: Any, visit: Visit) -> Any:
    """Show the first tensor of a nest to ``visit``; return the nest with its answer, None where it gave none."""
    leaves, spec = pytree.tree_flatten(tree)
    position = next(i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor))
    answer = visit(leaves[position])
    if answer is None:
        return None
    leaves[position] = answer
    return pytree.tree_unflatten(leaves, spec)
