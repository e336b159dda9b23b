"""The records that travel between the rooms: model, sample, player set. Data only, no behaviour of torch.

Shapes use these letters: ``n`` players, ``C`` channels, ``H`` height, ``W`` width, ``F`` columns,
``K`` classes. Arrays in a record are read-only by convention; nobody writes into them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
PackedArray = npt.NDArray[np.uint8]
"""Coalitions as bits: row = coalition, ``ceil(n / 8)`` bytes, player ``i`` = bit ``i % 8`` of byte ``i // 8``.

Read as a little-endian number, a row is the coalition's bit code (player i = bit i)."""

InputKind = Literal["image", "columns"]
OutputKind = Literal["classes", "single-logit", "scalar"]


@dataclass(frozen=True)
class Columns:
    """What a column model expects of its rows."""

    names: tuple[str, ...] = ()
    """Column names in the order of the network's inputs; empty when the checkpoint does not say."""
    mean: tuple[float, ...] = ()
    """Subtracted from each column; empty means raw columns."""
    std: tuple[float, ...] = ()
    """Divided out of each column; empty means raw columns."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """One-hot groups: player name -> the columns that belong together."""


@dataclass(frozen=True)
class InputSpec:
    """The tensor that the network takes for one sample, and how a raw sample becomes it."""

    kind: InputKind
    shape: tuple[int, ...]
    """``(C, H, W)`` for images, ``(F,)`` for columns."""
    mean: tuple[float, ...] = ()
    """Per-channel mean of the checkpoint's preprocessing, in 0..1 pixel units; empty when unknown."""
    std: tuple[float, ...] = ()
    """Per-channel standard deviation of the checkpoint's preprocessing; empty when unknown."""
    interpolation: str = "bicubic"
    """How an image is resized."""
    crop_pct: float = 1.0
    """Share of the resized image's side that the centre crop keeps."""
    crop_mode: str = "center"
    """timm's word for what happens to an image of another aspect: ``"center"``, ``"squash"``, ``"border"``."""
    columns: Columns = Columns()
    """Column names, scaling and one-hot groups, for column models."""
    source: str = "unknown"
    """Where the preprocessing comes from: ``"checkpoint args"``, ``"sidecar"``, ``"factory"``, ``"guessed"``."""


@dataclass(frozen=True)
class Model:
    """A network with weights, ready to be evaluated, and everything a report must say of it."""

    module: torch.nn.Module
    """In eval mode, on the CPU, float32."""
    arch: str
    """How it was built: ``"timm:resnet18"``, ``"py:package.module:factory"``."""
    arch_source: str
    """Who named the architecture: ``"--arch"``, ``"checkpoint"``, ``"sidecar ckpt.yaml"``, ``"reference"``."""
    input: InputSpec
    output: OutputKind
    n_classes: int
    """``K``; 2 for a single logit, 0 for a scalar."""
    family: str
    """Row of the committed batch-size table: ``"convnet"``, ``"transformer"``, ``"mlp"``."""
    digest: str
    """SHA-256 of the very bytes that were loaded."""
    weights_key: str
    """Which weights of the file: ``"state_dict"``, ``"state_dict_ema"``, ``"(whole file)"``."""
    code: str = ""
    """SHA-256 of the source files that define a factory's network; empty where a library's version pins it."""
    class_names: tuple[str, ...] = ()
    path: str = ""
    """The file as the user named it; empty for a network built in memory."""
    notes: tuple[str, ...] = ()
    """What was done on the way in, for the report: stripped prefixes, guessed preprocessing."""


@dataclass(frozen=True)
class Sample:
    """One input of the data set, already in the network's input space."""

    id: str
    """Stable across machines: data set, split and position or file name."""
    input: npt.NDArray[np.float32]
    """``(C, H, W)`` or ``(F,)``, preprocessed as the checkpoint says."""
    label: int | None
    """True class, or None for unlabelled inputs."""
    picture: npt.NDArray[np.uint8] | None = None
    """``(H', W', 3)`` for plots; None for rows."""


@dataclass(frozen=True)
class Skipped:
    """A sample that was not measured, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class PlayerSet:
    """The players of one sample: which part of the input each one is, and how absence looks.

    A masked input is ``where(present[owner], input, baseline)``.
    """

    names: tuple[str, ...]
    """One name per player."""
    owner: IntArray
    """Player of each input position, broadcastable to the input: ``(1, H, W)`` for images, ``(F,)`` for columns."""
    baseline: npt.NDArray[np.float32]
    """What an absent position shows, broadcastable to the input: ``(C, 1, 1)`` or ``(F,)``, in input space."""
    baseline_name: str
    """How the baseline was chosen: ``"mean"``, ``"zero"``, ``"value:0.5"``."""
    spec: str
    """As on the command line, resolved: ``"grid:8x8"``, ``"columns"``."""
    grid: tuple[int, int] | None = None
    """Rows and columns of an image grid; None elsewhere. Player ``r * columns + c`` sits at ``(r, c)``."""
    entry: str = "input"
    """Where the mask enters the network."""

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return len(self.names)


Preprocess = Callable[[Any], npt.NDArray[np.float32]]
"""Raw sample (PIL image or row) -> network input, as the checkpoint says."""
