"""Players, what an absent one shows, and the way of a masked row through the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from interact_cli.errors import UsageError
from interact_cli.types import Entry

if TYPE_CHECKING:
    import torch

    from interact_cli.types import Model, PlayerSet, Sample


@dataclass(frozen=True)
class Baseline:
    """What a masked position shows: in the network's input space, as a word vector, or inside the network."""

    name: str
    """``"mean"``, ``"data-mean"``, ``"zero"``, ``"value:V"``, ``"mask"``, ``"pad"``, ``"token:T"`` or ``"learned"``, as
    resolved."""
    values: npt.NDArray[np.float32]
    """Broadcastable to what stands at the entry: ``(C, 1, 1)`` for images, ``(F,)`` for columns, ``(1, d)`` for word
    vectors, an activation's shape or ``()`` inside the network; ``(sample, ...)`` where each has its own."""
    source: str
    """Where the values come from, in words: ``"mean of the checkpoint's preprocessing"``."""


class Players(Protocol):
    """Cuts what stands at an entry into players, sample by sample."""

    @property
    def spec(self) -> str:
        """As on the command line, resolved: ``"grid:8x8"``."""

    @property
    def entry(self) -> Entry:
        """Where the mask enters the network."""

    def of(self, sample: Sample, baseline: Baseline) -> PlayerSet:
        """Return the players of one sample.

        Raises:
            SampleSkipped: this sample has too few players, or not what was asked for.
        """


@dataclass(frozen=True)
class PlayerOptions:
    """Flags that only some players know; None where not given."""

    unit: str | None = None
    """``--unit unit|channel|cell``: what a player of an activation is."""
    span: str | None = None
    """``--span 3:8`` or ``--span "some words"``: the successive players whose interactions are asked for."""

    def refuse(self, spec: str, *known: str) -> None:
        """Refuse every option that was given and is not ``known`` to these players.

        Raises:
            UsageError: such an option was given.
        """
        given = [name for name in ("unit", "span") if getattr(self, name) is not None and name not in known]
        if given:
            raise UsageError(f"--{given[0]} does not apply to players '{spec}'. Leave it out.")


class PlayerMaker(Protocol):
    """Reads ``--players NAME:ARGUMENT`` for one network."""

    def __call__(self, argument: str | None, model: Model, options: PlayerOptions) -> Players:
        """Make the players.

        Args:
            argument: What follows the colon in ``--players NAME:ARGUMENT``; None for the default.
            model: The network, for its geometry.
            options: Further flags; those that do not apply are refused.

        Raises:
            UsageError: the argument or an option does not fit the model.
        """


class Passage(Protocol):
    """The way of a masked row from an entry to the output, on the device where the network is."""

    @property
    def way(self) -> str:
        """How, in words: ``"whole network"``, ``"slice: blocks[3:], norm"``, ``"graph"``, ``"replay"``, ``"hook"``."""

    def start(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Run the network up to the entry, once per sample.

        Args:
            inputs: ``(1, *input shape)``: one sample.

        Returns:
            What stands at the entry, ``(1, *entry shape)``, and whatever else the rest of the network needs.
        """

    def finish(self, masked: torch.Tensor, carried: Any) -> Any:
        """Run the rest: ``(rows, *entry shape)`` masked rows -> the network's outputs."""
