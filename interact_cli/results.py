"""Frozen records of what was measured, with everything a reader needs to judge it.

The report, the terminal summary and the pictures read these records and nothing else; a metric fills
them. Every array names its dimensions, so a report can label its axes without knowing the metric.

Dimension names: ``sample``, ``player``, ``pair``, ``order``, ``member`` (the two players of a pair), ``ratio`` (order
over n - 2, where the samples differ in n), ``keep_rate`` (the middle of a range of keep rates of the contexts),
``split``, ``draw``, ``set`` (with ``member``), ``coalition`` (all 2^n by bit code, player i = bit i), ``size`` (players
of a coalition), ``pattern``, ``node``, ``edge``, ``end``, ``epoch``, ``gap`` (between successive players).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from interact_cli.errors import UnknownNameError
from interact_cli.types import FloatArray, IntArray, PackedArray, Skipped

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

Role = Literal["headline", "by-order", "by-pair", "detail"]
"""What a number is for: to speak for its metric; to stand in a table along an axis; to stand in a table of players,
pairs or sets; to be looked up."""


@dataclass(frozen=True)
class Quantity:
    """One array of numbers with its dimensions, unit and uncertainty."""

    name: str
    """Short and stable: ``"values"``, ``"J_mean_abs"``; a data set name in the report."""
    dims: tuple[str, ...]
    """One name per axis of ``values``."""
    values: npt.NDArray[Any]
    """float64, NaN where nothing was measured; int64 for indices such as ``pairs``."""
    unit: str
    """``"log-odds"``, ``"logit"``, ``"nat"``, ``"probability"``, ``"1"`` for pure numbers and indices."""
    meaning: str
    """One line, with the formula."""
    standard_errors: FloatArray | None = None
    """Shaped like ``values``; where exact, what rounding of the network's outputs may do, 0 where that counts for
    nothing; NaN where it cannot be known (one sample)."""
    low: FloatArray | None = None
    """Lower end of the 95 % interval; None below 20 samples."""
    high: FloatArray | None = None
    """Upper end of the 95 % interval; None below 20 samples."""
    exact: npt.NDArray[np.bool_] | None = None
    """True where the value needed no sampling of coalitions."""
    statistic: str = ""
    """Of a summary: the function of sample means that it is, a name in `metrics.summaries.of_means.STATISTICS`; empty
    where it is none, and nothing can recompute it on other samples."""
    parts: tuple[str, ...] = ()
    """Of a summary: the per-sample quantities of the same measurement whose means over the included samples the
    statistic takes; their dims are ``("sample", *dims)``."""
    label: str = ""
    """What a reader calls it: ``"mean |I|"``; the name unless given."""
    role: Role = "detail"
    """What it is for: tables, pictures, `compare` and a first policy begin with the headlines."""

    @property
    def called(self) -> str:
        """What a reader calls it."""
        return self.label or self.name


EXPLAINED = "explained"
"""Name of the quantity of each sample that says how much a surrogate explains of it; NaN where it needed none."""


@dataclass(frozen=True)
class Finding:
    """A statement that the numbers support, or the statement that they support none."""

    word: str
    """A verdict in a word: ``"weaker"``, ``"stronger"`` or ``"no difference shown"`` for the bottleneck; empty where
    the sentence only tells the numbers."""
    sentence: str
    """What a tired person should read."""
    facts: Mapping[str, float] = field(default_factory=dict)
    """The numbers that it rests on."""
    says: tuple[str, ...] = ()
    """The quantities whose numbers the sentence writes out."""


@dataclass(frozen=True)
class Measurement:
    """All numbers of one metric."""

    metric: str
    version: int
    """Raised whenever the same inputs give other numbers."""
    source: str
    """Paper and equation."""
    estimator: str
    """How the values were obtained, in words: ``"exact, all 256 coalitions"``."""
    per_sample: tuple[Quantity, ...]
    """Quantities whose first dimension is ``sample``, in the order of the report's sample table."""
    summary: tuple[Quantity, ...]
    """Quantities aggregated over the samples that passed the filter."""
    coordinates: Mapping[str, npt.NDArray[Any]]
    """Labels of a dimension, for example ``{"order": [0, 3, 6]}``."""
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """Caveats that must be read with the numbers."""
    of: str = ""
    """Which game of the run: the module of a feature score; empty where the run has one game."""

    @property
    def key(self) -> str:
        """Name in the report: ``"shapley"``, or ``"shapley@encoder.layer.0"`` where the run has several games."""
        return f"{self.metric}@{self.of}" if self.of else self.metric

    @property
    def of_samples(self) -> dict[str, Quantity]:
        """The quantities of each sample, by their names."""
        return {quantity.name: quantity for quantity in self.per_sample}

    def quantity(self, name: str) -> Quantity:
        """Return the quantity of that name, summary first.

        Raises:
            UnknownNameError: no such quantity; the message names those of the metric and suggests the nearest.
        """
        quantities = (*self.summary, *self.per_sample)
        for quantity in quantities:
            if quantity.name == name:
                return quantity
        raise UnknownNameError(f"quantity of {self.key}", name, {quantity.name for quantity in quantities})


@dataclass(frozen=True)
class SampleTable:
    """The samples of a run, in the order in which every ``sample`` axis runs."""

    ids: tuple[str, ...]
    labels: IntArray
    """``(sample,)``; -1 for unlabelled."""
    predicted: IntArray
    """``(sample,)``; class with the highest logit on the unmasked input, -1 for scalar outputs."""
    included: npt.NDArray[np.bool_]
    """``(sample,)``; False where the filter (``--only correct``) leaves the sample out of every summary."""
    full_value: FloatArray
    """``(sample,)`` v(N) in the score's unit; of the first game where a run has several, its Euclidean length where
    values are vectors."""
    empty_value: FloatArray
    """``(sample,)`` v(empty), likewise."""
    asked: IntArray
    """``(sample,)`` coalitions asked for, over all metrics."""
    unique: IntArray
    """``(sample,)`` after deduplication."""
    evaluated: IntArray
    """``(sample,)`` sent through the network in this run; less than ``unique`` where records were reused."""
    skipped: tuple[Skipped, ...] = ()
    accuracy: float = float("nan")
    """Share of the drawn samples that the network classifies correctly, before any filter; NaN if unlabelled."""
    chance: float = float("nan")
    """Share that naming the most frequent class would reach: of the drawn samples or of the data set, the smaller;
    NaN if unlabelled."""
    pictures: npt.NDArray[np.uint8] | None = None
    """``(picture, y, x, 3)`` of the first samples, for maps; None for rows."""
    texts: tuple[str, ...] = ()
    """The text of each sample; empty for other inputs."""

    @property
    def at_chance(self) -> bool:
        """True when the accuracy is not above chance; see `at_chance`."""
        return at_chance(self.accuracy, self.chance, len(self.ids))


LEARNED = "learned"
"""Name of a baseline that each sample has its own of."""


@dataclass(frozen=True)
class PlayerTable:
    """The players of a run: shared by every sample, or each sample's own (words)."""

    names: tuple[str, ...]
    """Of the players that every sample shares; empty where each has its own."""
    spec: str
    owner: IntArray
    """Player of each position at the entry, -1 where always present: ``(1, H, W)``, ``(F,)``, the shape of an
    activation, or ``(sample, position)`` where each sample has its own players."""
    baseline: npt.NDArray[np.float32]
    """What an absent position shows: ``(C, 1, 1)``, ``(F,)``, ``(1, d)``, the shape of an activation or ``()``; with
    ``sample`` as another first axis where each sample has its own."""
    baseline_name: str
    grid: tuple[int, int] | None = None
    own_names: tuple[tuple[str, ...], ...] = ()
    """The names of each sample's own players, in the order of the sample table; empty where all share theirs."""
    entry: str = "input"
    """Where the mask enters the network, in words (`interact_cli.types.Entry`)."""
    spans: IntArray | None = None
    """``(sample, 2)`` first and past-the-last player whose interactions were asked for; None for all players."""

    @property
    def shared(self) -> bool:
        """True where player i is the same thing in every sample."""
        return not self.own_names

    @property
    def own_baselines(self) -> bool:
        """True where each sample has a baseline of its own: the learned ones."""
        return self.baseline_name == LEARNED

    @property
    def largest(self) -> int:
        """Most players of any sample: the length of the ``player`` axis."""
        return max((len(names) for names in self.own_names), default=len(self.names))

    def of_sample(self, sample: int) -> tuple[str, ...]:
        """Return the names of one sample's players."""
        return self.own_names[sample] if self.own_names else self.names

    def span_of(self, sample: int) -> tuple[int, ...]:
        """Return the players of one sample whose interactions were asked for; empty means all."""
        return () if self.spans is None else tuple(range(*self.spans[sample].tolist()))


@dataclass(frozen=True)
class SampleRecords:
    """The evaluation records of one sample: enough for every score function, with no further forward pass."""

    sample: int
    """Position in the sample table."""
    classes: tuple[int, ...]
    """Class of each slot: the true class, then the predicted one where it differs; empty where there are no classes."""
    coalitions: PackedArray
    """``(evaluation, ceil(n / 8))``, sorted by bytes; see `interact_cli.types.PackedArray`."""
    values: FloatArray
    """``(evaluation, slot, 4)``: logit, and of the other logits the logsumexp, maximum and mean;
    ``(evaluation, 1, 1)`` for a scalar output; ``(evaluation, 1, 4)`` for a continuation: log p, log(1 - p), 0, 0;
    ``(evaluation, module, 1)`` for feature scores: <f_N, f_S> / ||f_N|| of each module; ``(evaluation, 1, d)`` for a
    vector score: the module's output, mean over space or words."""


@dataclass(frozen=True)
class Report:
    """Everything that a report holds, in memory."""

    config: Mapping[str, Any]
    """The resolved settings, JSON types only."""
    provenance: Mapping[str, Any]
    """What decides the numbers: checkpoint digest, architecture, weights key, preprocessing, seeds, plan hash,
    data fingerprint, versions, device type, dtype, batch shape. JSON types only."""
    run: Mapping[str, Any]
    """What does not decide them: time, host, command line, durations. JSON types only."""
    samples: SampleTable
    players: PlayerTable
    measurements: tuple[Measurement, ...]
    records: Records | None = None
    """None when left out (``--no-records``)."""
    status: Literal["complete", "limited"] = "complete"
    notes: tuple[str, ...] = ()
    """What the reader has to say of the file itself (a newer schema); never written."""
    path: Path | None = None
    """Where its file lies; None while it has none; never written into the file."""

    def measurement(self, metric: str) -> Measurement:
        """Return the measurement of that metric, or of ``metric@module`` where the run has several games.

        Raises:
            UnknownNameError: the report holds no such metric; the message names those that it holds and suggests the
                nearest.
        """
        return self.measurements_of(metric)[0]

    def measurements_of(self, metric: str) -> tuple[Measurement, ...]:
        """Return the measurements of that metric, one for each game of the run, or the one of ``metric@module``.

        Raises:
            UnknownNameError: as `measurement`.
        """
        of_metric = tuple(measured for measured in self.measurements if metric in {measured.key, measured.metric})
        if not of_metric:
            raise UnknownNameError("measurement", metric, (measured.key for measured in self.measurements))
        return of_metric

    # What follows is of the room above, for whoever holds a report in Python: imported when it is called.

    def summary(self, width: int = 100) -> str:
        """Return what ``interact show`` prints, as plain text without colours.

        Args:
            width: Columns of a line, 40 or more; above 120 lines stay at 120.

        Raises:
            UsageError: fewer columns.
        """
        from interact_cli.report.terminal.summary import summary_text

        return summary_text(self, width=width)

    def plot(self, metric: str | None = None) -> Figure:
        """Draw what ``interact plot`` draws of a metric; nothing is shown, nothing is written.

        The figure belongs to no window and to no `matplotlib.pyplot`: ``figure.savefig("curve.png")`` writes it, a
        notebook shows it.

        Args:
            metric: As in `measurement`; the first that has a picture unless given.

        Raises:
            UnknownNameError: the report holds no such metric.
            UsageError: there is no picture of it.
        """
        from interact_cli.report.plots.page import figure_of

        return figure_of(self, metric)

    def to_dataframe(self, metric: str) -> pandas.DataFrame:
        """Return every number of a metric as a tidy table: one row for each, numbers of the samples first.

        Columns: ``quantity``; one for each dimension of the metric, with its labels (ids of samples, names of players
        and pairs), missing where a quantity has no such dimension; ``value``, ``standard_error``, ``low``, ``high``,
        ``exact`` and ``unit``, as in `Quantity`.

        Args:
            metric: As in `measurement`.

        Raises:
            UnknownNameError: the report holds no such metric.
        """
        from interact_cli.report.export import to_dataframe

        return to_dataframe(self, metric)


@dataclass(frozen=True)
class Records:
    """Evaluation records of all samples, read one sample at a time so that memory stays bounded."""

    total: int
    """Evaluations over all samples."""
    slots: int
    """2 for classifiers (true and predicted class), 1 for other outputs and a vector score, one per module for feature
    scores."""
    components: int
    """4 for classifiers and continuations, 1 for scalar outputs and feature scores, d for a vector score."""
    read: Callable[[int], SampleRecords]
    """Position in the sample table -> the records of that sample."""
    n_samples: int = 0
    vectors: bool = False
    """True where the components are the numbers of a vector score."""

    def __iter__(self) -> Iterator[SampleRecords]:
        for sample in range(self.n_samples):
            yield self.read(sample)


SIGNIFICANCE = 0.05
"""An accuracy is above chance when luck alone reaches it in fewer draws than this share."""


def at_chance(accuracy: float, chance: float, n_samples: int) -> bool:
    """Return True when an accuracy is not above chance by the exact one-sided binomial test at 5 %.

    So few samples that luck alone could get all of them right decide nothing: the answer is False, as it is where
    accuracy or chance is unknown. An accuracy of 1 is therefore never at chance.

    Args:
        accuracy: Share of correct predictions.
        chance: Share that is reached without looking at the input.
        n_samples: How many predictions ``accuracy`` counts.

    Example:
        >>> at_chance(0.7, 0.5, 10), at_chance(0.9, 0.5, 10), at_chance(0.5, 0.5, 2)
        (True, False, False)
    """
    if not (0 <= accuracy <= 1 and 0 < chance < 1) or chance**n_samples > SIGNIFICANCE:
        return False
    from scipy.special import bdtrc  # a third of a second that most commands need not wait

    return bool(bdtrc(round(accuracy * n_samples) - 1, n_samples, chance) > SIGNIFICANCE)
