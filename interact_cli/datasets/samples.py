"""The one record behind every reader of this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from interact_cli.types import InputKind, IntArray


@dataclass(frozen=True)
class Numbered:
    """The ids ``PREFIX/0``, ``PREFIX/1``, ...: made when asked for, so that a million of them take no memory.

    Example:
        >>> Numbered("csv/x.csv", 3)[2]
        'csv/x.csv/2'
    """

    prefix: str
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> str:
        return f"{self.prefix}/{range(self.size)[index]}"  # range refuses a number outside


@dataclass(eq=False)
class Samples:
    """A `Dataset`: stable ids, and a function that reads one sample when it is asked for."""

    name: str
    split: str
    kind: InputKind
    ids: Sequence[str] | Numbered
    """One stable id per sample."""
    read: Callable[[int], Any]
    """Position -> PIL image, float64 row, or `interact_cli.types.Text`."""
    labels: IntArray | None = None
    class_names: tuple[str, ...] = ()
    column_names: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
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
