"""What the rooms promise each other. A plugin implements one of these and registers an entry point.

| interface | entry point group | answers |
|---|---|---|
| `ArchBuilder` | ``interact_cli.adapters`` | ``--arch PREFIX:NAME`` -> a network without weights |
| `DatasetReader` | ``interact_cli.datasets`` | ``--dataset NAME[:PATH]`` -> samples |
| `PlayerMaker` | ``interact_cli.players`` | ``--players NAME[:ARGUMENT]`` -> players |
| `Metric` | ``interact_cli.metrics`` | ``--metric NAME`` -> plan and reduce |
| `Number` | ``interact_cli.numbers`` | ``--metric NAME`` -> a number of the network that is no game |
| `Executor` | ``interact_cli.executors`` | ``--executor NAME`` -> the journal of a run, filled |
| `interact_cli.scores.Score` | ``interact_cli.scores`` | ``--score NAME`` -> an evaluation record to a value |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from interact_cli.errors import UsageError
from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.types import (
    BoolArray,
    Entry,
    FloatArray,
    InputKind,
    InputSpec,
    IntArray,
    OutputKind,
    PackedArray,
)

if TYPE_CHECKING:
    import torch

    from interact_cli.interactions.estimate import Estimate
    from interact_cli.journal.units import Journal
    from interact_cli.pipeline.subject import Subject
    from interact_cli.types import Model, PlayerSet, Sample, Tokenizer


class Game(Protocol):
    """Coalition -> one number, for one sample."""

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""

    def __call__(self, coalitions: BoolArray, /) -> FloatArray:
        """Return one value per coalition: ``(n_coalitions, n_players)`` bool -> ``(n_coalitions,)`` float64."""


@dataclass(frozen=True)
class Network:
    """A network as an `ArchBuilder` returns it: the right shape, not yet the right weights."""

    module: torch.nn.Module
    input: InputSpec
    output: OutputKind
    n_classes: int
    """``K``; 2 for a single logit, 0 for outputs without classes."""
    family: str
    """``"convnet"``, ``"transformer"`` or ``"mlp"``."""
    class_names: tuple[str, ...] = ()
    tokenizer: Tokenizer | None = None
    """For networks that read text."""
    classifier: str = ""
    """The module whose input feeds the classifier: ``"fc"``, ``"head"``; empty where it is not known."""
    code: str = ""
    """SHA-256 of the source files that define the network; empty where a library's version pins it."""


class ArchBuilder(Protocol):
    """Builds the network that ``--arch PREFIX:NAME`` names."""

    def __call__(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Network:
        """Build the network.

        Args:
            name: What follows the prefix.
            arguments: ``--arch-arg`` pairs; they win over ``saved``.
            saved: Training arguments that the checkpoint carries (num_classes, in_chans, img_size, mean, std, ...).

        Raises:
            InteractError: the name is unknown or the arguments do not fit.
        """


@runtime_checkable
class OutlineBuilder(ArchBuilder, Protocol):
    """An `ArchBuilder` that can tell the shapes before it takes the memory."""

    def outline(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> torch.nn.Module:
        """Build the same network on torch's meta device: shapes without numbers.

        Raises:
            InteractError: the name is unknown or the arguments do not fit.
        """


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


@dataclass(frozen=True)
class Question:
    """What a metric may know when it chooses coalitions for one sample, besides its own options: all but the model."""

    n_players: int
    budget: int
    """Coalitions that may be asked for."""
    seed: int
    """The plan seed."""
    sample_id: str
    grid: tuple[int, int] | None = None
    """Rows and columns of an image grid."""
    span: tuple[int, ...] = ()
    """The players whose interactions are asked for: only pairs among them; empty means all."""
    protocol: str | None = None
    """A published protocol that fixes pairs, orders and contexts."""
    repeats: int = 1
    """Independent plans among which the draws are shared out, to measure instability; 1 for none."""


class Design(Protocol):
    """The coalitions that one metric asks for on one sample, and how their values become an estimate."""

    @property
    def asked(self) -> PackedArray:
        """``(n_asked, bytes)`` packed coalitions, repetitions included."""

    def estimate(self, values: FloatArray) -> Estimate:
        """Reduce ``(n_asked,)`` values, in the order of ``asked``."""


@runtime_checkable
class Divisible(Design, Protocol):
    """A design whose draws can be shared out among independent plans."""

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Estimate from each of ``parts`` equal shares of the draws; all alike where nothing is drawn.

        Raises:
            BudgetError: fewer draws than parts.
        """


@dataclass(frozen=True)
class Reduced:
    """What a metric keeps of one sample."""

    estimate: Estimate
    extras: Mapping[str, FloatArray] = field(default_factory=dict)
    """Further arrays that `Metric.aggregate` needs: null draws, halves."""
    estimator: str = ""
    """How the values were obtained, in words."""


@dataclass(frozen=True)
class Cohort:
    """What all samples of a run share when their results are aggregated."""

    included: BoolArray
    """``(sample,)``; False leaves a sample out of every summary."""
    n_players: IntArray
    """``(sample,)``."""
    shared_players: bool
    """True where player i is the same thing in every sample, so that a mean over samples means something."""
    grid: tuple[int, int] | None
    unit: str
    """Unit of the score function."""
    seed: int
    intervals: bool
    """False for an illustration: no interval, no verdict."""
    ranges: Mapping[str, float] = field(default_factory=dict)
    """Y of Zhang et al. (ICLR 2021), in the score's unit: ``{"paper": ..., "code": ...}`` and, where known, their
    ``"paper_standard_error"`` and ``"code_standard_error"``; empty when not computed."""
    protocol: str | None = None
    noun: str = "player"
    """What one player is called: ``"word"``, ``"token"``."""
    names: tuple[str, ...] = ()
    """What a reader calls the players that all samples share; empty where each sample has its own."""
    full_value: FloatArray | None = None
    """``(sample,)`` v(N); None where nobody says."""
    empty_value: FloatArray | None = None
    """``(sample,)`` v(empty)."""


Need = Literal["labels", "every sample", "outputs", "input gradients", "weight gradients", "training part", "ranges"]
"""What a run must have, or prepare, before a metric or a number can be answered: see `Measurable.needs`."""


@dataclass(frozen=True, kw_only=True)
class Measurable(ABC):
    """What ``-m NAME`` asks for: a `Metric` of games, or a `Number` of the network that is no game.

    It is a frozen dataclass. Fields that are declared by `interact_cli.options.option` can be set by whoever asks for
    it, ``-m NAME:OPTION=VALUE``; what stands behind the entry point, called without arguments, gives it with all of
    them at their defaults.
    """

    name: str
    source: str
    """Paper and equation."""
    formula: str = ""
    """One line for ``interact list metrics NAME``; empty where the source says it better."""
    cost: str = ""
    """What it asks for, one line."""
    example: str = ""
    """A command that measures it; empty where it needs nothing beside its name."""
    version: int = 1
    """Raised whenever the same inputs give other numbers."""
    needs: frozenset[Need] = frozenset()
    """What the run must have, or prepare, for it; refused before any work where it cannot be had.

    ``labels``: true classes of all samples. ``every sample``: no filter by ``--only correct``. ``outputs``: a network
    with outputs, not features alone. ``input gradients``: outputs that can be followed back to the input. ``weight
    gradients``: weights that take gradients. ``training part``: the data set's training part, as
    `Subject.training_part`. ``ranges``: the range Y of the score, as `Cohort.ranges`.
    """

    def measurement(
        self,
        estimator: str,
        *,
        per_sample: Sequence[Quantity],
        summary: Sequence[Quantity],
        coordinates: Mapping[str, npt.NDArray[Any]] | None = None,
        findings: Sequence[Finding] = (),
        notes: Sequence[str] = (),
    ) -> Measurement:
        """Put together what `aggregate` returns, under this metric's name, version and source.

        Args:
            estimator: How the values were obtained, in words.
            per_sample: Quantities whose first dimension is ``sample``.
            summary: Quantities over the samples that passed the filter.
            coordinates: Labels of a dimension.
            findings: What the numbers say, in sentences.
            notes: Caveats that must be read with the numbers.
        """
        return Measurement(
            self.name,
            self.version,
            self.source,
            estimator,
            tuple(per_sample),
            tuple(summary),
            {} if coordinates is None else coordinates,
            tuple(findings),
            tuple(notes),
        )


@dataclass(frozen=True, kw_only=True)
class Metric(Measurable):
    """Plan and reduce of one thing that a report holds of a game."""

    cost: str = "as many coalitions of each sample as --budget allows"
    """What it asks for, one line."""
    of_vectors: bool = False
    """True when the values of a coalition are vectors: ``(n_asked, d)`` to `reduce`."""
    of_predicted: bool = False
    """True when the paper scores the predicted class, right or wrong, unless another is asked for."""
    kept_per_coalition: int = 0
    """Numbers that are held of every coalition of every sample until the end; 0 where values are not by coalition."""

    @property
    def least_players(self) -> int:
        """Players that a sample must have; one with fewer is left out, with a reason, where others have enough."""
        return 0

    @abstractmethod
    def design(self, question: Question) -> Design:
        """Choose the coalitions for one sample.

        Raises:
            BudgetError: the budget is too small; the message says how much it would take.
        """

    @abstractmethod
    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Turn the values of the asked coalitions into what is kept of this sample."""

    @abstractmethod
    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise over the samples."""


@dataclass(frozen=True, kw_only=True)
class Number(Measurable):
    """A number of the network itself: nothing is masked, so there is no coalition to ask about and nothing to plan."""

    cost: str = "one forward pass of each sample"
    """What it asks for, one line."""

    @abstractmethod
    def measure(self, subject: Subject, cohort: Cohort) -> Measurement:
        """Measure the network on its samples.

        Args:
            subject: The network on its inputs: ``subject.outputs``, ``subject.predicted``, ``subject.inputs``,
                ``subject.model.module``, and what was asked for by `needs`.
            cohort: Which samples count, the seed, and whether intervals are wanted; its unit is ``"1"``.
        """


class Unit(Protocol):
    """A piece of the work of a run that is not done yet: it can be pickled, and needs nothing but the subject."""

    @property
    def key(self) -> str:
        """Where the journal holds its result; it is done when the journal does."""

    @property
    def n_rows(self) -> int:
        """Masked inputs that it runs through the network: what it costs."""

    def carry_out(self, subject: Subject) -> Mapping[str, npt.NDArray[Any]]:
        """Do the work and return what the journal is to hold, by its keys; that under `key` last.

        Raises:
            InteractError: it cannot be done; what others have written stays.
        """


@runtime_checkable
class Executor(Protocol):
    """Does the work of a run, here or elsewhere. What stands behind the entry point is called without arguments.

    It is made anew for each round: what is to last longer belongs outside it.

    An executor that can carry a network that no file holds (because it works in this very process) says so by an
    attribute ``carries_memory = True``; others are not asked to.
    """

    def fill(self, subject: Subject, journal: Journal, missing: Sequence[Unit]) -> None:
        """Carry out every unit and write its result into the journal; called once in each round of a run.

        The order is free, and so is who does it: ``subject.settings`` and ``subject.inputs`` say what another process
        must load. A unit that is written stays, so an interrupted round goes on where it stopped.

        Args:
            subject: The network on its inputs.
            journal: ``journal.write(key, array)`` stores a result; it is whole on disk then.
            missing: What is to be done; none of it is in the journal.

        Raises:
            InteractError: it cannot be done.

        Example:
            >>> class Backwards:
            ...     carries_memory = True
            ...     def fill(self, subject, journal, missing):
            ...         for unit in reversed(missing):
            ...             for key, array in unit.carry_out(subject).items():
            ...                 journal.write(key, array)
            >>> isinstance(Backwards(), Executor)
            True
        """
