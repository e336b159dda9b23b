"""Data: what is asked for, and samples that can be reached by position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from interact_cli.types import InputKind, IntArray


@dataclass(frozen=True)
class DataRequest:
    """Which data the user asked for."""

    name: str
    path: Path | None = None
    """What follows the colon in ``--dataset NAME:PATH``."""
    roots: tuple[Path, ...] = ()
    """Where to look, in order: ``--data-root``, ``$INTERACT_DATA``, ``./data``, the user's cache."""
    split: str | None = None
    """None means the reader's default, the test part where there is one."""
    label_column: str | None = None
    """For tables; the attribute of CelebA."""
    text_column: str | None = None
    """For tables of texts."""
    texts: tuple[str, ...] = ()
    """The texts themselves, from the command line."""
    allow_download: bool = False


class Dataset(Protocol):
    """Samples that can be reached by position; nothing is read before it is asked for."""

    name: str
    split: str
    kind: InputKind
    class_names: tuple[str, ...]
    column_names: tuple[str, ...]
    """For tables: the names of a raw row's entries; empty elsewhere."""
    groups: Mapping[str, tuple[str, ...]]
    """For tables: columns that stand for one thing, a one-hot group or a histogram, by its name; those of the model
    win over them."""
    labels: IntArray | None
    """``(len,)``; None when unlabelled."""
    notes: tuple[str, ...]
    """What the reader decided on the user's behalf."""

    def __len__(self) -> int:
        """Number of samples in the split."""

    def sample_id(self, index: int) -> str:
        """Stable name of one sample: ``"digits/test/17"``, ``"folder/cats/7.png"``."""

    def raw(self, index: int) -> Any:
        """One sample as stored: a PIL image, a float64 row, or an `interact_cli.types.Text`; or one that is `Prepared`.

        Raises:
            DataRefused: this one sample cannot be read.
        """


class DatasetReader(Protocol):
    """Finds and opens a data set."""

    def __call__(self, request: DataRequest) -> Dataset:
        """Open the data set.

        Raises:
            DataRefused: not found, or in another layout; the message says which layout was expected where.
        """
