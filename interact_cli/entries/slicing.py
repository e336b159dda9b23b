"""The tail as a slice: modules that hand one tensor on to each other, from the entry to the output.

Blocks and stages of timm's networks with their ``forward_head``, encoder layers of transformers and the parts of an
``nn.Sequential``, nested ones too, are such chains. The chain is read off one observed forward pass: each step takes
the very tensor that the step before gave, and the last gives the network's output. What a step takes besides (an
attention mask, rotary angles) is carried from the stem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from interact_cli.entries.batching import PerRow, kept
from interact_cli.entries.hooks import standing_at
from interact_cli.entries.observing import Call, Observation, twice
from interact_cli.entries.wrapped import named_modules
from interact_cli.types import Entry


@dataclass(frozen=True)
class Step:
    """One call of the tail."""

    name: str
    method: str
    """Empty for the module itself."""
    index: int
    """Which of the module's calls in a forward pass."""
    leaves: tuple[int, ...]
    """Where the handed-on tensor stands among the leaves of ``(args, kwargs)``."""
    alone: bool
    """Whether it takes nothing else."""


class NoChain(ValueError):
    """Something other than modules lies between the entry and the output."""


def find_chain(observation: Observation, entry: Entry) -> tuple[Step, ...]:
    """Return the steps from an entry to the output.

    Raises:
        NoChain: something other than modules lies between.
    """
    met = observation.met(entry)
    at, now, steps = met.at, met.start, list[Step]()
    later = {id(leaf.tensor) for call in observation.calls if call.start >= now for leaf in call.given if leaf}
    if entry.place == "output":
        later.add(id(at.tensor))
    while not at.same(observation.output):
        following = (c for c in observation.calls if c.start >= now and any(at.same(leaf) for leaf in c.taken))
        call = next(following, None)
        if call is None or call.output is None:
            raise NoChain(f"no module takes what '{steps[-1].name if steps else entry.module}' gives, unchanged")
        leaves = tuple(i for i, leaf in enumerate(call.taken) if at.same(leaf))
        if call is met.call:  # what is masked on the way into a module is its first tensor
            leaves = leaves[:1]
        elif any(leaf and id(leaf.tensor) in later and i not in leaves for i, leaf in enumerate(call.taken)):
            raise NoChain(f"'{call.name}' takes two tensors that may depend on the entry")
        if call.kind != "dropout":  # a functional dropout does nothing in eval mode
            steps.append(_step(call, leaves))
        at, now = call.output, call.end
    return tuple(steps)


def _step(call: Call, leaves: tuple[int, ...]) -> Step:
    method = "" if call.kind == "module" else call.kind
    return Step(call.name, method, call.index, leaves, len(call.taken) == 1)


@dataclass(frozen=True)
class Sliced:
    """A `Passage` along a chain of modules."""

    module: nn.Module
    entry: Entry
    steps: tuple[Step, ...]
    targets: tuple[Callable[..., Any], ...]
    per_row: tuple[PerRow | None, ...]
    """One per step that takes more than the tensor."""
    way: str

    def start(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Run the network once and keep what stands at the entry and what each step takes besides."""
        return _stem(self.module, self.entry, self.steps, inputs)

    def finish(self, masked: torch.Tensor, carried: Any) -> Any:
        """Run the steps."""
        value: Any = masked
        for step, target, per_row, taken in zip(self.steps, self.targets, self.per_row, carried, strict=True):
            if per_row is None:
                value = target(value)
            else:
                leaves, spec = pytree.tree_flatten(per_row.repeated(taken, len(masked)))
                for position in step.leaves:
                    leaves[position] = value
                args, kwargs = pytree.tree_unflatten(leaves, spec)
                value = target(*args, **kwargs)
            value = _tensor(value)
        return value


def slice_network(module: nn.Module, entry: Entry, inputs: torch.Tensor, observation: Observation) -> Sliced:
    """Return the passage along a chain.

    Args:
        module: The network, in eval mode, on its device.
        entry: Inside the network.
        inputs: ``(1, *input shape)``.
        observation: Of a forward pass of this sample.

    Raises:
        NoChain: something other than modules lies between the entry and the output.
    """
    steps = find_chain(observation, entry)
    modules = named_modules(module)
    targets = tuple(getattr(modules[step.name], step.method) if step.method else modules[step.name] for step in steps)
    (_, one), (_, two) = (_stem(module, entry, steps, rows) for rows in (inputs, twice(inputs)))
    per_row = tuple(None if step.alone else PerRow.learned(a, b) for step, a, b in zip(steps, one, two, strict=True))
    return Sliced(module, entry, steps, targets, per_row, f"slice: {named(steps, modules)}")


def _stem(
    network: nn.Module, entry: Entry, steps: Sequence[Step], inputs: torch.Tensor
) -> tuple[torch.Tensor, list[Any]]:
    modules = named_modules(network)
    taken: list[Any] = [None] * len(steps)
    with ExitStack() as stack:
        for position, step in enumerate(steps):
            if not step.alone:
                hook = modules[step.name].register_forward_pre_hook(_keeper(taken, position, step), with_kwargs=True)
                stack.callback(hook.remove)
        return standing_at(network, entry, inputs), taken


def _keeper(taken: list[Any], position: int, step: Step) -> Callable[..., None]:
    calls = 0

    def keep(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        nonlocal calls
        if calls == step.index:
            leaves, spec = pytree.tree_flatten((args, kwargs))
            for handed_on in step.leaves:
                leaves[handed_on] = None
            taken[position] = pytree.tree_unflatten(kept(leaves), spec)
        calls += 1

    return keep


def _tensor(value: Any) -> Any:
    """Return the only tensor of a step's result."""
    if isinstance(value, torch.Tensor):
        return value
    return next(leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, torch.Tensor))


def named(steps: Sequence[Step], modules: dict[str, nn.Module]) -> str:
    """Name the steps for people: ``"blocks[3:], norm, forward_head"``."""
    parts: list[str] = []
    numbered = [(parent, step) for step in steps for parent in [_container(step)]]
    for parent, group in groupby(numbered, key=lambda pair: pair[0]):
        members = [step for _, step in group]
        if parent is None or len(members) == 1:
            parts += [".".join(filter(None, (step.name, step.method))) for step in members]
        else:
            first, last = (int(step.name.rpartition(".")[2]) for step in (members[0], members[-1]))
            end = "" if last + 1 == len(list(modules[parent].children())) else last + 1
            parts.append(f"{parent}[{first}:{end}]")
    return ", ".join(parts) or "nothing"


def _container(step: Step) -> str | None:
    """Return the container of a numbered module."""
    parent, _, last = step.name.rpartition(".")
    return parent if last.isdecimal() and not step.method else None
