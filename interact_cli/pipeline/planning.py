"""The first phase of a run: which coalitions each sample is asked about, those of all metrics together, each once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from interact_cli.config.settings import Settings
from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import pack, unique
from interact_cli.interactions.designs.full_table import LARGEST_TABLE
from interact_cli.interfaces import Design, Measurable, Metric, Number, Question, Reduced
from interact_cli.pipeline.defaults import BUDGET
from interact_cli.pipeline.material import Material
from interact_cli.scores import Score
from interact_cli.seeding import digest
from interact_cli.types import FloatArray, IntArray, PackedArray

ROUNDING = 2.0**-23
"""Rounding of a value over the largest: networks run in float32. Values of networks of 12 players, measured against the
same networks in float64, were 0.6 to 1.6 of it off (root mean square), their dividends 0 to 2 of what it gives them."""
MOST_NUMBERS = 2**26
"""Numbers of a vector score that one sample's records may hold, as float64; they are in memory a few times."""
MOST_PLANNED = 2**28
"""Bytes of plans that are in memory at a time; a run with more goes in rounds."""
MOST_KEPT = 2**31
"""Bytes that values by coalition may take over all samples and metrics until they are written."""


@dataclass(frozen=True)
class Plan:
    """What is asked about one sample."""

    question: Question
    designs: Mapping[str, Design]
    coalitions: PackedArray
    """``(unique, bytes)``: every coalition once, sorted by bytes."""
    where: IntArray
    """``(asked,)``: position of each asked coalition; designs in order, then the empty and the grand coalition."""
    sizes: tuple[int, ...]
    """Coalitions that each design asks for."""

    @property
    def n_asked(self) -> int:
        """Coalitions that the metrics ask for, repetitions included."""
        return len(self.where) - 2

    @property
    def n_bytes(self) -> int:
        """Memory that it takes, each design counted as what it asks for."""
        return int(self.coalitions.nbytes + self.where.nbytes + len(self.where) * self.coalitions.shape[1])

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the distinct coalitions."""
        return digest(str(self.question.n_players), self.coalitions.tobytes())

    def ends(self, values: FloatArray) -> tuple[float, float]:
        """Return v(empty) and v(N) from the values of ``coalitions``; of vectors their Euclidean lengths."""
        pair = values[self.where[-2:]]
        empty, full = pair if pair.ndim == 1 else np.linalg.norm(pair, axis=1)
        return float(empty), float(full)

    def reduce(self, metrics: tuple[Metric, ...], values: FloatArray) -> list[Reduced]:
        """Answer every metric from the values of ``coalitions``: ``(unique,)``, or ``(unique, d)`` vectors."""
        asked = values[self.where]
        start = 0
        answers = []
        for metric, size in zip(metrics, self.sizes, strict=True):
            answers.append(metric.reduce(self.designs[metric.name], asked[start : start + size], self.question))
            start += size
        return answers


def games(asked: Sequence[Measurable]) -> tuple[Metric, ...]:
    """Return those of what is asked for that are answered by games."""
    return tuple(metric for metric in asked if isinstance(metric, Metric))


def least_players(asked: Sequence[Measurable]) -> int:
    """Return how many players every sample must have."""
    return max((metric.least_players for metric in games(asked)), default=0)


def check_numbers(n_players: int, budget: int, width: int) -> None:
    """Refuse vectors of which one sample's coalitions would hold too many numbers.

    Args:
        n_players: Of the sample with the most.
        budget: Coalitions that may be asked for.
        width: Numbers of one coalition.

    Raises:
        UsageError: more than `MOST_NUMBERS` for one sample.
    """
    rows = min(2**n_players, budget)
    if rows * width > MOST_NUMBERS:
        raise UsageError(
            f"Expected at most {MOST_NUMBERS:,} numbers ({MOST_NUMBERS >> 17:,} MiB) for one sample, got {rows:,} "
            f"coalitions x {width:,} of the vector score: {rows * width >> 17:,} MiB. Use fewer players (on images "
            f"--players grid:3x4), a module that gives fewer numbers, or a smaller --budget."
        )


def check_kept(metrics: Sequence[Metric], n_players: Sequence[int], n_games: int) -> None:
    """Refuse values by coalition that would not fit the memory over all samples.

    Args:
        metrics: What is measured.
        n_players: Of each sample.
        n_games: Games of each sample.

    Raises:
        BudgetError: more than `MOST_KEPT` bytes.
    """
    kept = [metric for metric in metrics if metric.kept_per_coalition]
    each = 8 * n_games * sum(metric.kept_per_coalition for metric in kept)
    needed = each * sum(2**n for n in n_players if n <= LARGEST_TABLE)  # others have no table: their design says so
    if needed > MOST_KEPT:
        raise BudgetError(
            f"Expected values by coalition that take at most {MOST_KEPT >> 30} GiB, got {needed / 2**30:,.1f} GiB: "
            f"{', '.join(metric.name for metric in kept)} of {len(n_players)} samples of up to {max(n_players)} "
            f"players. Use fewer samples (--n-samples) or fewer players; and-or-graph keeps patterns only."
        )


def plan_sample(metrics: tuple[Metric, ...], question: Question) -> Plan:
    """Draw the designs of all metrics and remove the repetitions.

    Raises:
        BudgetError: the budget is too small for a metric.
    """
    designs = {metric.name: metric.design(question) for metric in metrics}
    ends = pack(np.stack([np.zeros(question.n_players, np.bool_), np.ones(question.n_players, np.bool_)]))
    asked = [design.asked for design in designs.values()]
    coalitions, where = unique(np.concatenate([*asked, ends]))
    return Plan(question, designs, coalitions, where, tuple(map(len, asked)))


@dataclass(frozen=True)
class Questions:
    """What is asked of all samples of a run."""

    settings: Settings
    scores: tuple[Score, ...]
    """One for each game."""
    asked: tuple[Measurable, ...]
    ranges: Mapping[str, float]
    intervals: bool

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """What is asked of the games."""
        return games(self.asked)

    @cached_property
    def numbers(self) -> tuple[Number, ...]:
        """What is asked of the network itself."""
        return tuple(asked for asked in self.asked if isinstance(asked, Number))

    def of_samples(self, material: Material) -> Iterator[Question]:
        """Yield what the metrics may know of each sample."""
        plan, players = self.settings.plan, material.players
        for sample, sample_id in enumerate(material.ids):
            yield Question(
                n_players=len(players.of_sample(sample)),
                budget=plan.budget or BUDGET,
                seed=plan.seed,
                sample_id=sample_id,
                grid=players.grid,
                protocol=plan.protocol,
                span=players.span_of(sample),
                repeats=plan.instability or 1,
                rounding=ROUNDING,
            )


def rounds(questions: Questions, material: Material) -> Iterator[tuple[Plan, ...]]:
    """Plan the samples in their order, each once; as many together as `MOST_PLANNED` holds, usually all.

    Raises:
        BudgetError: the budget is too small for a metric.
    """
    plans: list[Plan] = []
    n_bytes = 0
    for question in questions.of_samples(material):
        plans.append(plan_sample(questions.metrics, question))
        n_bytes += plans[-1].n_bytes
        if n_bytes > MOST_PLANNED:
            yield tuple(plans)
            plans, n_bytes = [], 0
    if plans:
        yield tuple(plans)
