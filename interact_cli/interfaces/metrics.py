"""What can be measured: metrics of games with their designs, and numbers of the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

import numpy.typing as npt

from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.types import BoolArray, FloatArray, IntArray, PackedArray

if TYPE_CHECKING:
    from interact_cli.interactions.estimate import Estimate
    from interact_cli.interactions.surrogate.design import Surrogate
    from interact_cli.pipeline.subject import Subject


class Game(Protocol):
    """Coalition -> one number, for one sample."""

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""

    def __call__(self, coalitions: BoolArray, /) -> FloatArray:
        """Return one value per coalition: ``(n_coalitions, n_players)`` bool -> ``(n_coalitions,)`` float64."""


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
    rounding: float = 0.0
    """Standard deviation of the rounding of a value, over the largest value of the game; 0 where none is known."""
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


@runtime_checkable
class ReadOff(Design, Protocol):
    """A design whose values are read off a surrogate, some of them at least, and that can do without."""

    @property
    def surrogates(self) -> tuple[Surrogate, ...]:
        """What is read off one; empty once it does without."""

    @property
    def without_surrogate(self) -> Design:
        """The same coalitions, answered by maximum sample reuse."""


@dataclass(frozen=True)
class Reduced:
    """What a metric keeps of one sample."""

    estimate: Estimate
    extras: Mapping[str, FloatArray] = field(default_factory=dict)
    """Further arrays that `Metric.aggregate` needs: null draws, halves."""
    estimator: str = ""
    """How the values were obtained, in words."""
    otherwise: Reduced | None = None
    """What stands here if the run drops its surrogate; None where there is none, or where it is held to."""


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
