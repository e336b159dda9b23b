"""The tail by memory: the network runs as it is written, and every module before the entry answers from memory.

For networks that are no chain and no graph (transformers with a language-model head, data-dependent glue): only what
stands between the modules of the stem is computed again, on the whole batch.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import torch
from torch import nn

from interact_cli.entries.batching import PerRow, kept
from interact_cli.entries.hooks import at_entry, standing_at
from interact_cli.entries.observing import Call, Observation, override, twice
from interact_cli.entries.wrapped import named_modules
from interact_cli.types import Entry

Memory = dict[str, list[Any]]
"""Module -> each remembered answer."""


@dataclass(frozen=True)
class Replayed:
    """A `Passage` through the whole network, with the stem's modules answering from memory."""

    module: nn.Module
    entry: Entry
    remembered: dict[str, tuple[int, ...]]
    """Module of the stem -> which of its calls answer from memory."""
    per_row: dict[str, tuple[PerRow, ...]]
    way: str = "replay"

    def start(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Run the network once and keep what stands at the entry and the answers of the stem's modules."""
        at, memory = _stem(self.module, self.entry, self.remembered, inputs)
        return at, (inputs, memory)

    def finish(self, masked: torch.Tensor, carried: Any) -> Any:
        """Run the network with the masked rows at the entry."""
        inputs, memory = carried
        rows, modules = len(masked), named_modules(self.module)
        with ExitStack() as stack:
            for name, answers in memory.items():
                replay = _replay(modules[name], map(PerRow.repeated, self.per_row[name], answers, repeat(rows)))
                stack.enter_context(override(modules[name], "forward", replay))
            stack.enter_context(at_entry(self.module, self.entry, lambda _tensor: masked))
            return self.module(inputs.expand(rows, *inputs.shape[1:]))


def replay_network(
    module: nn.Module, entry: Entry, inputs: torch.Tensor, observation: Observation, *, copies: bool = False
) -> Replayed:
    """Return the passage by memory.

    Args:
        module: The network, in eval mode, on its device.
        entry: Inside the network.
        inputs: ``(1, *input shape)``.
        observation: Of a forward pass of this sample.
        copies: Copy the remembered answers for every row, for a network that writes into them.

    Raises:
        NotOfOneRow: an answer cannot be repeated for every row.
    """
    remembered = _finished(observation, entry)
    (_, one), (_, two) = (_stem(module, entry, remembered, rows) for rows in (inputs, twice(inputs)))
    per_row = {
        name: tuple(PerRow.learned(a, b, copies=copies) for a, b in zip(one[name], two[name], strict=True))
        for name in one
    }
    return Replayed(module, entry, remembered, per_row)


def _finished(observation: Observation, entry: Entry) -> dict[str, tuple[int, ...]]:
    """Return the outermost calls that end before the entry: module -> which of its calls."""
    until = observation.met(entry).start
    finished: defaultdict[str, list[int]] = defaultdict(list)
    last: Call | None = None
    for call in observation.calls:
        if call.kind == "module" and call.end <= until and (last is None or call.start > last.end):
            finished[call.name].append(call.index)
            last = call
    return {name: tuple(indices) for name, indices in finished.items()}


def _stem(
    network: nn.Module, entry: Entry, remembered: dict[str, tuple[int, ...]], inputs: torch.Tensor
) -> tuple[torch.Tensor, Memory]:
    modules, memory = named_modules(network), Memory()
    calls: Counter[str] = Counter()

    def keeper(name: str) -> Callable[..., None]:
        def keep(_module: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
            if calls[name] in remembered[name]:
                memory.setdefault(name, []).append(kept(output))
            calls[name] += 1

        return keep

    with ExitStack() as stack:
        for name in remembered:
            stack.callback(modules[name].register_forward_hook(keeper(name)).remove)
        return standing_at(network, entry, inputs), memory


def _replay(module: nn.Module, answers: Iterator[Any]) -> Callable[..., Any]:
    """Return a forward that gives the remembered answers first and computes afterwards."""
    compute = module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        for answer in answers:  # the next one, if any is left
            return answer
        return compute(*args, **kwargs)

    return forward
