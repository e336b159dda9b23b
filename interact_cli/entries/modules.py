"""What ``interact list modules`` shows: every module by name, what it gives, and whether a mask can enter there."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from interact_cli.entries.observing import Observation, is_dropout, observe, twice
from interact_cli.entries.wrapped import named_modules
from interact_cli.errors import InputRefused, UsageError
from interact_cli.types import Entry, Model, Text


@dataclass(frozen=True)
class ModuleRow:
    """One module of a network."""

    name: str
    """As in ``--players activations:NAME``; empty for the network itself."""
    type: str
    shape: tuple[int, ...] | None
    """What it gives for one sample; None where it does not run, or gives no single tensor with the batch in front."""
    runs: int
    """How often it runs in one forward pass."""
    dropout: bool
    """Whether it is a dropout layer."""
    feeds_dropout: bool
    """Whether a dropout, layer or functional, takes what it gives."""
    functional_dropouts: int
    """How many functional dropouts its own forward calls."""
    stands_in: bool
    """Whether its input is what ``pre-dropout`` means, as no dropout runs: the classifier."""
    entry: bool
    """Whether a mask can enter at its output: it runs once and gives one floating tensor with the batch in front."""


def list_modules(model: Model, example: torch.Tensor) -> tuple[ModuleRow, ...]:
    """Describe every module by one forward pass of two equal rows.

    Args:
        model: The network; unchanged afterwards.
        example: ``(1, *input shape)``, of `example_input`.
    """
    observation = observe(model.module.eval(), twice(example))
    modules = named_modules(model.module)
    feeding = _feeding(observation)
    rows = []
    for name, module in modules.items():
        calls = observation.of(name)
        given = calls[-1].output if calls else None
        batched = given is not None and given.tensor.ndim > 0 and len(given.tensor) == observation.rows
        rows.append(
            ModuleRow(
                name,
                type(module).__name__,
                tuple(given.tensor.shape[1:]) if given is not None and batched else None,
                len(calls),
                is_dropout(module),
                name in feeding,
                len(observation.of(name, "dropout")),
                bool(calls) and name == model.classifier and not observation.dropouts,
                _can_be_entered(observation, name),
            )
        )
    return tuple(rows)


def example_input(model: Model) -> torch.Tensor:
    """Return one input that the network takes: zeros, or a short text: ``(1, *input shape)``."""
    if model.input.kind != "text":
        return torch.zeros(1, *model.input.shape)
    if model.tokenizer is not None:
        continuation = "four" if model.output == "continuation" else None
        try:
            return torch.from_numpy(model.tokenizer(Text("one two three", None, continuation)).input)[None]
        except InputRefused:  # a vocabulary without these words: the zeros below are tokens too
            pass
    tokens = torch.zeros(1, 3, min(8, model.input.shape[1]), dtype=torch.int64)
    tokens[:, 2, -1] = int(model.output == "continuation")
    return tokens


def _feeding(observation: Observation) -> frozenset[str]:
    """Return the modules whose output, unchanged, a later dropout takes."""
    return frozenset(
        call.name
        for call in observation.calls
        if call.kind == "module"
        and call.output is not None
        and any(call.end <= dropout.start and call.output.same(dropout.input) for dropout in observation.dropouts)
    )


def _can_be_entered(observation: Observation, name: str) -> bool:
    try:
        observation.met(Entry("output", name))
    except UsageError:
        return False
    return True
