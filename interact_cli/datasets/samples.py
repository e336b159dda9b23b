"""The one record behind every reader of this room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from interact_cli.types import InputKind, IntArray


@dataclass(eq=False)
class Samples:
    """A `Dataset`: stable ids, and a function that reads one sample when it is asked for."""

    name: str
    split: str
    kind: InputKind
    ids: Sequence[str]
    """One stable id per sample."""
    read: Callable[[int], Any]
    """Position -> PIL image or float64 row."""
    labels: IntArray | None = None
    class_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.labels is not None:
            self.labels.setflags(write=False)

    def __len__(self) -> int:
        return len(self.ids)

    def sample_id(self, index: int) -> str:
        """Return the stable name of one sample."""
        return self.ids[index]

    def raw(self, index: int) -> Any:
        """Return one sample as stored.

        Raises:
            DataRefused: this one sample cannot be read.
        """
        return self.read(index)
