"""Players that are the same in every sample, and the kind of network that they are made for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline
from interact_cli.types import INPUT, Entry, InputKind, IntArray, Model, PlayerSet, Sample, Tokens

_TAKES: dict[InputKind, str] = {
    "image": "images. Use --players grid:8x8",
    "columns": "columns. Use --players columns",
    "text": "text. Use --players words",
}


@dataclass(frozen=True)
class SharedPlayers:
    """The same parts of every input; an `interact_cli.interfaces.Players`."""

    names: tuple[str, ...]
    owner: IntArray
    """``(1, H, W)`` or ``(F,)``."""
    spec: str
    span: tuple[int, ...] = ()
    grid: tuple[int, int] | None = None
    entry: Entry = INPUT

    def of(self, sample: Sample, baseline: Baseline) -> PlayerSet:
        """Return the players of one sample: the same for all."""
        return PlayerSet(self.names, self.owner, baseline.values, baseline.name, self.spec, self.grid, span=self.span)


def token_players(text: Tokens) -> tuple[IntArray, tuple[str, ...]]:
    """Return the player of each token, -1 for special tokens and the continuation, and the players' names."""
    present = text.word_of >= 0
    owner = np.where(present, np.cumsum(present) - 1, -1)
    return owner, tuple(piece for piece, is_player in zip(text.pieces, present, strict=True) if is_player)


def check_kind(model: Model, kind: InputKind, need: str) -> None:
    """Refuse a network of another kind of input; ``need`` says what is needed.

    Raises:
        UsageError: it takes something else; the message names players for that.
    """
    if model.input.kind != kind:
        raise UsageError(f"{need}; this one takes {_TAKES[model.input.kind]}.")
