"""The way of masked rows from an entry to the output: opened once, checked on the spot, then driven by the engine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from interact_cli.entries.graphs import split_network
from interact_cli.entries.hooks import Hooked
from interact_cli.entries.observing import LISTING, modules_named, observe, twice
from interact_cli.entries.replaying import replay_network
from interact_cli.entries.slicing import slice_network
from interact_cli.entries.wrapped import TextNetwork, reading_text
from interact_cli.errors import NonFiniteError, UsageError
from interact_cli.interfaces import Passage
from interact_cli.safe_text import safe_text
from interact_cli.types import EMBEDDING, INPUT, Entry

TOLERANCE = 1e-6
"""Largest difference from the full network, over the largest absolute value."""

ROUNDING = 1e-5
"""A network may differ this much from itself in another batch or another layout; what differs more is random."""


@dataclass(frozen=True)
class WholeNetwork:
    """The way from the input."""

    module: nn.Module
    way: str = "whole network"

    def start(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Return the inputs."""
        return inputs, None

    def finish(self, masked: torch.Tensor, _carried: Any) -> Any:
        """Run the network."""
        return self.module(masked)


@dataclass(frozen=True)
class FromWordVectors:
    """The way from the word vectors; position and segment embeddings join them after the mask."""

    module: TextNetwork
    way: str = "from the word vectors"

    def start(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Look up the word vectors."""
        return self.module.embed(inputs), inputs

    def finish(self, masked: torch.Tensor, carried: Any) -> Any:
        """Run the rest."""
        return self.module.finish(masked, carried)


@dataclass(frozen=True)
class Opened:
    """A passage, and what its check found."""

    passage: Passage
    difference: float
    """Largest difference from the full network in the check, over the largest absolute value."""
    rejected: tuple[str, ...] = ()
    """Faster ways that were tried and not taken, each with the reason."""

    @property
    def way(self) -> str:
        """How, in words for the report."""
        return self.passage.way


def open_passage(
    module: nn.Module, entry: Entry, inputs: torch.Tensor, *, probe_rows: int = 8, taps: Sequence[str] = ()
) -> Opened:
    """Open the fastest way from an entry to the output that equals the full network.

    Tried in order: a slice (modules in a chain), a graph (torch.fx, cut at the entry), a replay (the stem's modules
    answer from memory), and a scoped hook with a full forward pass. A way is taken only if, here and now, it gives
    what the hook gives on ``probe_rows`` unmasked rows, as many with random halves set to 0, and the unmasked ones
    again, with every tap run exactly once. Equal means: every number of the output tensor, and of what each tap gives,
    within 1e-6 of that tensor's largest absolute value, plus the rounding by which the plain network itself differs
    between one row and a batch (at most 1e-5). The hook is checked first: unmasked it must equal the plain network
    but for rounding (1.1e-5: what it hands over may lie otherwise in memory, and other kernels take it), and the entry
    must be passed exactly once.

    Args:
        module: The network, on the device where it will run; put into eval mode.
        entry: Where the mask enters.
        inputs: One sample ``(1, *input shape)`` on that device.
        probe_rows: Rows of each of the two batches of the check.
        taps: Modules whose outputs are going to be read while the tail runs.

    Raises:
        UsageError: no mask can enter there, the network is random in eval mode, or a tap does not run exactly once.
        NonFiniteError: the network returns NaN or infinity on this sample.
        RunFailed: the entry is not passed exactly once.
    """
    module.eval()
    modules_named(module, (*taps, entry.module))
    with torch.inference_mode():
        reference = _reference(module, entry)
        if entry == INPUT and not taps:
            return Opened(reference, 0.0)
        ways = list(_ways(module, entry, inputs))  # now: an entry that takes no mask is refused before the check
        check = _Check(module, reference, inputs, probe_rows, taps)
        rejected: list[str] = []
        for name, make in ways:
            try:
                passage = make()
                difference = check.difference(passage)
            except torch.OutOfMemoryError:  # whoever opens the passage tries again with fewer rows
                raise
            except Exception as error:  # whatever keeps a tail from being built or run, a slower way remains
                rejected.append(f"{name}: {safe_text(error, 160)}")
                continue
            if difference <= check.tolerance:
                return Opened(passage, difference, tuple(rejected))
            rejected.append(f"{name}: differs by {difference:.1e} of the largest value")
        return Opened(reference, check.of_reference, tuple(rejected))


def _ways(module: nn.Module, entry: Entry, inputs: torch.Tensor) -> Iterator[tuple[str, Callable[[], Passage]]]:
    """Yield the ways to try, fastest first.

    Raises:
        UsageError: no mask can enter there.
    """
    if entry in {INPUT, EMBEDDING}:
        return
    observation = observe(module, twice(inputs))
    observation.met(entry)
    yield "slice", partial(slice_network, module, entry, inputs, observation)
    for copies in (False, True):
        word = " with copies" if copies else ""
        yield f"graph{word}", partial(split_network, module, entry, inputs, copies=copies)
        yield f"replay{word}", partial(replay_network, module, entry, inputs, observation, copies=copies)


def _reference(module: nn.Module, entry: Entry) -> Passage:
    if entry == INPUT:
        return WholeNetwork(module)
    if entry == EMBEDDING:
        return FromWordVectors(reading_text(module))
    return Hooked(module, entry)


class _Check:
    """Whether a tail gives what the full network gives with the same rows at the entry."""

    def __init__(
        self, module: nn.Module, reference: Passage, inputs: torch.Tensor, rows: int, taps: Sequence[str]
    ) -> None:
        self.inputs, self.rows = inputs, rows
        self.taps = modules_named(module, taps)
        single = self._run(lambda: module(inputs))
        plain = self._run(lambda: module(inputs.expand(rows, *inputs.shape[1:])))
        if not all(value.isfinite().all() for value in plain):
            raise NonFiniteError("The network returned NaN or infinity on an unmasked input. Check its weights.")
        first = [value[:1] if value.ndim else value for value in plain]
        self.tolerance = TOLERANCE + min(_difference(first, single), ROUNDING)
        self.expected = self._through(reference)
        self.of_reference = _difference(self.expected[0], plain)
        if self.of_reference > TOLERANCE + ROUNDING:
            raise UsageError(
                f"Expected the network to give the same output for the same input, got outputs that differ by "
                f"{self.of_reference:.1e} of the largest value. Take out what is random in eval mode."
            )

    def difference(self, passage: Passage) -> float:
        """Return the largest difference from the full network, over the largest absolute value."""
        return max(_difference(a, b) for a, b in zip(self._through(passage), self.expected, strict=True))

    def _through(self, passage: Passage) -> list[list[torch.Tensor]]:
        """Run unmasked rows, masked rows, and the unmasked ones again: a tail must not change what it carries."""
        at, carried = passage.start(self.inputs)
        unmasked = at.expand(self.rows, *at.shape[1:])
        halves = torch.rand(unmasked.shape, generator=torch.Generator().manual_seed(0)) < 0.5
        masked = unmasked * halves.to(at.device)
        # Each run has rows of its own, as a tail may write into them.
        batches = (unmasked, masked, unmasked)
        return [self._run(partial(passage.finish, rows.clone(), carried)) for rows in batches]

    def _run(self, run: Callable[[], Any]) -> list[torch.Tensor]:
        """Return every number of the output, then of what each tap gives."""
        given: dict[str, list[Any]] = {name: [] for name in self.taps}
        with ExitStack() as hooks:
            for name, module in self.taps.items():
                hooks.callback(
                    module.register_forward_hook(lambda _m, _a, output, kept=given[name]: kept.append(output)).remove
                )
            output = run()
        for name, outputs in given.items():
            if len(outputs) != 1:
                raise UsageError(
                    f"Expected module '{safe_text(name)}' to run once in a forward pass, it ran {len(outputs)} times. "
                    f"Choose another for the score ('{LISTING}')."
                )
        leaves = pytree.tree_leaves((output, given))
        return [leaf.cpu().double() for leaf in leaves if isinstance(leaf, torch.Tensor) and leaf.is_floating_point()]


def _difference(values: Sequence[torch.Tensor], expected: Sequence[torch.Tensor]) -> float:
    """Return the largest difference of two lists of tensors, each over the largest absolute value expected in it."""
    worst = 0.0
    for value, reference in zip(values, expected, strict=True):
        if value.shape != reference.shape:
            return math.inf
        unequal = ~torch.isclose(value, reference, rtol=0, atol=0, equal_nan=True)
        if unequal.any():
            largest = reference[reference.isfinite()].abs().max().item()
            relative = ((value - reference)[unequal].abs().max() / largest).item()
            # NaN where only one of the two is a number: that is no equality within any tolerance.
            worst = max(worst, math.inf if math.isnan(relative) else relative)
    return worst
