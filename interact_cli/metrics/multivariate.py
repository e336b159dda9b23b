"""Interaction of several players at once: how much more they are worth together, as one coalition or as several."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from interact_cli.interactions.multivariate.design import multivariate_design
from interact_cli.interactions.multivariate.learning.climbing import Gradient
from interact_cli.interactions.multivariate.partitions import Family
from interact_cli.interactions.multivariate.result import QUANTITIES, Multivariate
from interact_cli.interfaces import Cohort, Design, Metric, Question, Reduced
from interact_cli.metrics.drawn_sets import WithinSpan
from interact_cli.metrics.summaries.sentences import said
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.tables import estimators, stacked
from interact_cli.options import option
from interact_cli.results import Finding, Measurement, Quantity, Role
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import described

MEANINGS = {
    "B": "B([A]) = phi([A]) - sum of phi(i), i in A, each in the game without the rest of A",
    "B_max": "largest sum of phi(C) over the coalitions C of a partition of A, minus sum of phi(i)",
    "B_min": "smallest sum of phi(C) over the coalitions C of a partition of A, minus sum of phi(i)",
    "T": "T([A]) = B_max - B_min",
    "B_plus": "sum of the positive interactions of the subsets of A with two players or more",
    "B_minus": "sum of their negative interactions",
}
"""Quantity -> formula; phi as in Zhang et al. (AAAI 2021)."""
LABELS = {
    "B": "B, all as one coalition",
    "B_max": "B_max, the best partition",
    "B_min": "B_min, the worst partition",
    "T": "T = B_max - B_min",
    "B_plus": "B+, sum of positive interactions",
    "B_minus": "B-, sum of negative interactions",
}
LEADING = ("T", "B")
LEANING = (
    "The largest of noisy sums is too large on average: where contexts were drawn, B_max, T and B+ lean upwards, B_min "
    "and B- downwards, B neither way."
)
FAMILIES = {"contiguous": "partitions into runs of successive players", "all": "all partitions"}


@dataclass(frozen=True, kw_only=True)
class MultivariateInteraction(WithinSpan, Metric):
    """How much more the players of a set A are worth together than alone, and how they team up best and worst.

    B is all of A as one coalition; B_max and B_min are the best and the worst partition, T their difference. A is what
    ``--span`` names.

    Source: Zhang et al. (AAAI 2021), equations 3 to 8; the subsets of B+ and B- are taken without the rest of A
    (erratum 18).
    """

    name: str = "multivariate"
    source: str = "Zhang et al. (AAAI 2021), equations 3 to 8"
    formula: str = "B([A]) = phi([A]) - sum of phi(i) over A; T([A]) = B_max - B_min over the partitions of A"
    cost: str = "all 2^n coalitions of a sample where --budget holds them, else drawn contexts of every coalition of A"
    example: str = 'interact measure bert-folder --text "the film was not good" --metric multivariate --span 1:5'
    of_predicted: bool = True
    partitions: Family = option(
        "contiguous",
        "Coalitions of the multivariate interaction: runs of successive players, or any.",
        kind=str,
        choices=get_args(Family),
        flag=True,
    )
    learned: Gradient | None = option(
        None,
        "Learn the partition of the multivariate interaction too, by the corrected or by the paper's gradient.",
        kind=str,
        choices=get_args(Gradient),
        flag=True,
    )

    def design(self, question: Question) -> Design:
        """Ask for the full table where it fits the budget, else for drawn contexts of all coalitions of A.

        Raises:
            BudgetError: the budget is too small.
        """
        return multivariate_design(
            question.n_players,
            question.span or tuple(range(question.n_players)),
            question.budget,
            seed=question.seed,
            stream=question.sample_id,
            partitions=self.partitions,
            learned=self.learned,
            repeats=question.repeats,
        )

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Estimate one sample."""
        estimate = design.estimate(values)
        full = f"2^{question.n_players}"
        family = FAMILIES[self.partitions]
        learned = f", learned too by the {self.learned} gradient" if self.learned else ""
        how = "exact" if bool(estimate.exact[:4].all()) else "sampled"
        text = f"{how}: {len(design.asked):,} coalitions asked per sample, of {full}; {family}{learned}"
        return Reduced(estimate, {}, text)

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Put the samples side by side, and average what can be averaged."""
        estimates = [_multivariate_of(result) for result in results]
        numbers = _numbers(estimates, cohort.unit)
        means = [*_means(numbers, cohort)]
        return self.measurement(
            estimators(results),
            per_sample=(
                *numbers,
                *_partitions(estimates),
                *_learned(estimates, cohort.unit),
            ),
            summary=means,
            findings=[*_told(means)],
            notes=() if all(estimate.exact[0] for estimate in estimates) else (LEANING,),
        )


def _multivariate_of(result: Reduced) -> Multivariate:
    if not isinstance(result.estimate, Multivariate):
        raise TypeError(f"'multivariate' summarises its own estimates, got {type(result.estimate).__name__}")
    return result.estimate


def _numbers(estimates: Sequence[Multivariate], unit: str) -> list[Quantity]:
    values, errors, exact = (
        np.stack([getattr(estimate, name) for estimate in estimates], axis=1)
        for name in ("values", "standard_errors", "exact")
    )
    return [
        Quantity(name, ("sample",), values[k], unit, MEANINGS[name], standard_errors=errors[k], exact=exact[k])
        for k, name in enumerate(QUANTITIES)
    ]


def _partitions(estimates: Sequence[Multivariate]) -> list[Quantity]:
    dims = ("sample", "member")
    members = stacked([np.array(estimate.members, dtype=np.int64) for estimate in estimates], -1)
    quantities = [Quantity("members", dims, members, "1", "the players of A; -1 where none")]
    for name, reached in (("partition_max", "B_max"), ("partition_min", "B_min")):
        blocks = stacked([_blocks(estimate.members, getattr(estimate, name)) for estimate in estimates], -1)
        text = f"coalition of each player of A in the partition that reaches {reached}, from 0; -1 where none"
        quantities.append(Quantity(name, dims, blocks, "1", text))
    return quantities


def _blocks(members: tuple[int, ...], partition: Sequence[Sequence[int]]) -> IntArray:
    """Number the coalition of every member, coalitions in the order of their first player."""
    block = {player: number for number, players in enumerate(sorted(map(sorted, partition))) for player in players}
    return np.array([block[player] for player in members], dtype=np.int64)


def _learned(estimates: Sequence[Multivariate], unit: str) -> list[Quantity]:
    """Return how the learning went, where every sample learned."""
    largest = [estimate.trace for estimate in estimates if estimate.trace is not None]
    smallest = [estimate.trace_min for estimate in estimates if estimate.trace_min is not None]
    reached = [estimate.learned_T for estimate in estimates if estimate.learned_T is not None]
    if not len(largest) == len(smallest) == len(reached) == len(estimates):
        return []
    dims = ("sample", "epoch", "gap")
    text = "probability that the players beside a gap share a coalition, by epoch, learned for the"
    return [
        Quantity("p_max", dims, stacked(largest, np.nan), "1", f"{text} largest sum"),
        Quantity("p_min", dims, stacked(smallest, np.nan), "1", f"{text} smallest sum"),
        Quantity("learned_T", ("sample",), np.array(reached), unit, "T at the learned probabilities"),
    ]


def _means(numbers: Sequence[Quantity], cohort: Cohort) -> Iterator[Quantity]:
    """Average each quantity that every sample of the summary has."""
    resampler = Resampler.over(cohort, "multivariate")
    for part in numbers:
        if np.isfinite(part.values[cohort.included]).all():
            role: Role = "headline" if part.name in LEADING else "detail"
            text = f"mean over samples; {part.meaning}"
            yield resampler.summarise("mean", part).quantity(f"mean_{part.name}", text, LABELS[part.name], role)


def _told(means: Sequence[Quantity]) -> Iterator[Finding]:
    by_name = {mean.name.removeprefix("mean_"): mean for mean in means}
    if all(name in by_name for name in LEADING):
        apart, together = (by_name[name] for name in LEADING)
        yield said(
            f"How the players team up makes a difference of {described(apart)} (T = B_max - B_min, mean of samples).",
            apart,
        )
        yield said(f"All of them as one coalition instead of each alone: {described(together)} (B).", together)
