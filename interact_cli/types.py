"""The records that travel between the rooms: model, sample, player set. Data only, no behaviour of torch.

Shapes use these letters: ``n`` players, ``C`` channels, ``H`` height, ``W`` width, ``F`` columns,
``L`` tokens, ``d`` numbers of a word vector, ``K`` classes. Arrays in a record are read-only by convention; nobody
writes into them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

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

InputKind = Literal["image", "columns", "text"]
OutputKind = Literal["classes", "single-logit", "scalar", "continuation", "features"]
"""What one input gives: a logit per class; one logit of two classes; one number; the log-probability of a given
continuation, in nats; a feature tensor without a head."""

TOKEN_ROWS = ("id", "type", "continued")
"""Rows of a text input ``(3, L)``: token ids; segment ids; 1 where a token belongs to the continuation."""


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
    """``(C, H, W)`` for images, ``(F,)`` for columns, ``(3, longest L)`` for text (`TOKEN_ROWS`)."""
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
class Text:
    """One text as a data set stores it."""

    text: str
    second: str | None = None
    """The other sentence of a pair."""
    continuation: str | None = None
    """What a causal language model is asked to go on with."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """One sample that is already in the network's input space: nothing more is done to it."""

    input: npt.NDArray[np.float32]
    """``(C, H, W)`` or ``(F,)``."""


@dataclass(frozen=True)
class Tokens:
    """One text as a network reads it, position by position."""

    input: IntArray
    """``(3, L)``, see `TOKEN_ROWS`."""
    pieces: tuple[str, ...]
    """How each of the ``L`` positions is shown: ``"[CLS]"``, ``"un"``, ``"##believ"``."""
    word_of: IntArray
    """``(L,)`` word of each position; -1 for special tokens and the continuation, which are always present."""
    words: tuple[str, ...]
    """How each word is shown."""


class Tokenizer(Protocol):
    """Cuts texts for one network."""

    def __call__(self, text: Text) -> Tokens:
        """Cut one text; nothing is truncated.

        Raises:
            SampleSkipped: longer than the network can take, or empty.
            DataRefused: a part that this network needs is missing (a continuation) or not taken (a pair).
        """

    def token_id(self, token: str) -> int:
        """Return the id of one token of the vocabulary; ``"mask"`` and ``"pad"`` name the special tokens.

        Raises:
            UsageError: the vocabulary has no such token.
        """


@dataclass(frozen=True)
class Entry:
    """Where the mask enters a network."""

    place: Literal["input", "embedding", "output", "into", "dropout"] = "input"
    """The input; the word vectors; the output of a module; the input of a module; the input of a functional dropout."""
    module: str = ""
    """Name as in ``named_modules``; for a functional dropout the module whose forward calls it."""
    call: int = 0
    """Which of that module's functional dropouts, or which run of a dropout layer, from 0."""

    def __str__(self) -> str:
        if self.place in {"input", "embedding"}:
            return self.place
        what = {"output": "output of", "into": "input of", "dropout": f"input of functional dropout {self.call} in"}
        run = f", run {self.call}" if self.call and self.place == "into" else ""
        return f"{what[self.place]} {self.module or 'the network'}{run}"


INPUT = Entry()
EMBEDDING = Entry("embedding")

MEMORY = "memory"
"""What names a network, or a data set, that no file holds."""
FRESH = "fresh"
"""Which weights of a checkpoint: none of the file's, those that its architecture starts with."""


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
    """``K``; 2 for a single logit, 0 for outputs without classes."""
    family: str
    """Row of the committed batch-size table: ``"convnet"``, ``"transformer"``, ``"mlp"``."""
    digest: str
    """SHA-256 of the very bytes that were loaded."""
    weights_key: str
    """Which weights of the file: ``"state_dict"``, ``"state_dict_ema"``, ``"(whole file)"``."""
    code: str = ""
    """SHA-256 of the source files that define a factory's network; empty where a library's version pins it."""
    class_names: tuple[str, ...] = ()
    tokenizer: Tokenizer | None = None
    """For networks that read text; their ``module`` is an `interact_cli.entries.wrapped.TextNetwork`."""
    classifier: str = ""
    """The module whose input feeds the classifier, where the adapter knows it."""
    path: str = ""
    """The file or folder as the user named it; empty for a network built in memory."""
    notes: tuple[str, ...] = ()
    """What was done on the way in, for the report: stripped prefixes, guessed preprocessing."""


@dataclass(frozen=True)
class Sample:
    """One input of the data set, already in the network's input space."""

    id: str
    """Stable across machines: data set, split and position or file name."""
    input: npt.NDArray[np.float32] | IntArray
    """``(C, H, W)`` or ``(F,)`` float32, or ``(3, L)`` int64 for text, as the checkpoint wants it."""
    label: int | None
    """True class, or None for unlabelled inputs."""
    picture: npt.NDArray[np.uint8] | None = None
    """``(H', W', 3)`` for plots; None elsewhere."""
    tokens: Tokens | None = None
    """For texts."""
    text: str = ""
    """The text as the data set stores it; empty elsewhere."""


@dataclass(frozen=True)
class Skipped:
    """A sample that was not measured, and why."""

    id: str
    reason: str


@dataclass(frozen=True)
class PlayerSet:
    """The players of one sample: which part of what stands at the entry each one is, and how absence looks.

    A masked row is ``where(present[owner], what stands at the entry, baseline)``; positions whose owner is -1 are
    always present.
    """

    names: tuple[str, ...]
    """One name per player."""
    owner: IntArray
    """Player of each position, or -1; broadcastable to what stands at the entry: ``(1, H, W)`` for image grids,
    ``(F,)`` for columns, ``(L, 1)`` for tokens, the shape of an activation."""
    baseline: npt.NDArray[np.float32]
    """What an absent position shows, broadcastable likewise: ``(C, 1, 1)``, ``(F,)``, ``(1, d)``, or an activation."""
    baseline_name: str
    """How the baseline was chosen: ``"mean"``, ``"zero"``, ``"value:0.5"``, ``"mask"``."""
    spec: str
    """As on the command line, resolved: ``"grid:8x8"``, ``"columns"``, ``"words"``, ``"activations:layer3"``."""
    grid: tuple[int, int] | None = None
    """Rows and columns of an image grid; None elsewhere. Player ``r * columns + c`` sits at ``(r, c)``."""
    entry: Entry = INPUT
    """Where the mask enters the network."""
    span: tuple[int, ...] = ()
    """The players whose interactions are asked for (`--span`); empty means all."""

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return len(self.names)


Preprocess = Callable[[Any], npt.NDArray[np.float32]]
"""Raw sample (PIL image or row) -> network input, as the checkpoint says."""
