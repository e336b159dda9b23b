"""Parts of an activation inside the network: numbers, channels, or positions."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Literal

import numpy as np

from interact_cli.entries.locate import argument_of, locate
from interact_cli.entries.modules import example_input
from interact_cli.entries.shapes import Standing, standing
from interact_cli.errors import SampleSkipped, ShapeError, UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.shared import token_players
from interact_cli.safe_text import safe_text
from interact_cli.types import Entry, IntArray, Model, PlayerSet, Sample, Tokens

Unit = Literal["unit", "channel", "cell"]
UNITS: tuple[Unit, ...] = ("unit", "channel", "cell")


@dataclass(frozen=True)
class Cut:
    """An activation cut into players."""

    names: tuple[str, ...]
    owner: IntArray
    """Broadcastable to the activation; -1 where always present."""
    grid: tuple[int, int] | None = None


@dataclass(frozen=True)
class Activations:
    """Players of one activation; see `activations`."""

    spec: str
    entry: Entry
    model: Model
    unit: Unit
    standing: dict[tuple[int, ...], Standing] = field(default_factory=dict, compare=False, repr=False)
    """What stands at the entry, by the shape of the input: texts of other lengths have other activations."""
    cuts: dict[tuple[int, ...], Cut] = field(default_factory=dict, compare=False, repr=False)
    """Its players, likewise, where they do not depend on the text: names of 100,000 units are held once."""

    def of(self, sample: Sample, baseline: Baseline) -> PlayerSet:
        """Return the players of one sample.

        Raises:
            SampleSkipped: this sample has fewer than two of them.
            ShapeError: the baseline is of another activation.
            UsageError: no mask can enter there for this sample.
        """
        shape = sample.input.shape
        if shape not in self.standing:
            self.standing[shape] = standing(self.model, self.entry, sample.input)
        tokens = sample.tokens if self.unit == "cell" else None
        cut = self.cuts.get(shape) or cut_activation(self.standing[shape], self.unit, tokens)
        if tokens is None:
            self.cuts[shape] = cut
        if len(cut.names) < 2:
            raise SampleSkipped(
                f"{len(cut.names)} players in sample '{safe_text(sample.id)}' ({self.spec}, by {self.unit}); "
                f"an interaction needs two."
            )
        self._check(baseline, self.standing[shape].shape)
        return PlayerSet(
            cut.names, cut.owner, baseline.values, baseline.name, self.spec, grid=cut.grid, entry=self.entry
        )

    def _check(self, baseline: Baseline, shape: tuple[int, ...]) -> None:
        given = baseline.values.shape
        fits = len(given) <= len(shape) and all(a in {1, b} for a, b in zip(given[::-1], shape[::-1], strict=False))
        if not fits:
            raise ShapeError(f"Expected a baseline that broadcasts to the activation {shape}, got {given}.")


def activations(argument: str | None, model: Model, options: PlayerOptions) -> Activations:
    """Make parts of what stands at a module inside the network the players.

    ``--unit unit``: every number. ``--unit channel``: a channel with all its positions. ``--unit cell``: a position
    with all its channels. Default: units of a vector ``(d,)``, channels of anything larger. Where an activation of a
    text has one position per token, cells are named by the tokens, and those of special tokens and the continuation
    are always present, as they are for `--players tokens`; units and channels hold them too.

    Args:
        argument: ``MODULE``, ``pre-dropout``, ``pre-dropout:first|last|NAME``; see `interact_cli.entries.locate`.
        model: Any network.
        options: Takes ``--unit``.

    Raises:
        UsageError: no such module, no mask can enter there, or fewer than two players.
    """
    example = example_input(model)
    entry = locate(model, argument, example)
    spec = f"activations:{argument_of(entry)}"
    options.refuse(spec, "unit")
    stands = standing(model, entry, example[0].numpy())
    players = Activations(spec, entry, model, _unit(options.unit, stands))
    largest = len(cut_activation(stands, players.unit).names)
    if largest < 2 and model.input.kind != "text":
        others = ", ".join(f"--unit {unit}" for unit in UNITS if len(cut_activation(stands, unit).names) > 1)
        raise UsageError(
            f"Expected at least 2 players, got {largest}: '{spec}' has shape {stands.shape}, by {players.unit}. "
            f"Use {others or 'another module'}."
        )
    return players


def _unit(name: str | None, stands: Standing) -> Unit:
    if name is None:
        return "unit" if len(stands.shape) < 2 else "channel"
    for unit in UNITS:
        if name == unit:
            return unit
    raise UsageError(f"Expected --unit {', '.join(UNITS[:-1])} or {UNITS[-1]}, got '{safe_text(name)}'.")


def cut_activation(stands: Standing, unit: Unit, tokens: Tokens | None = None) -> Cut:
    """Cut an activation.

    Args:
        stands: Its shape and the axis of its channels.
        unit: What a player is.
        tokens: For texts, their tokens: cells are named by them where each has one.

    Example:
        >>> cut_activation(Standing((8, 2, 3), 0), "cell").owner.tolist()
        [[[0, 1, 2], [3, 4, 5]]]
    """
    shape = stands.shape
    if unit == "unit":
        return Cut(_numbered("unit", prod(shape)), np.arange(prod(shape), dtype=np.int64).reshape(shape))
    positions = tuple(1 if axis == stands.channels else size for axis, size in enumerate(shape))
    if unit == "channel":
        channels = tuple(size if axis == stands.channels else 1 for axis, size in enumerate(shape))
        return Cut(_numbered("channel", prod(channels)), np.arange(prod(channels), dtype=np.int64).reshape(channels))
    sides = tuple(size for axis, size in enumerate(shape) if axis != stands.channels)
    if tokens is not None and sides == (len(tokens.pieces),):
        owner, names = token_players(tokens)
        return Cut(names, owner.reshape(positions))
    owner = np.arange(prod(sides), dtype=np.int64)
    if len(sides) == 2:
        rows, columns = sides
        names = tuple(f"r{row}c{column}" for row in range(rows) for column in range(columns))
        return Cut(names, owner.reshape(positions), (rows, columns))
    return Cut(_numbered("token" if len(sides) == 1 else "cell", prod(sides)), owner.reshape(positions))


def _numbered(what: str, count: int) -> tuple[str, ...]:
    return tuple(f"{what} {number}" for number in range(count))
