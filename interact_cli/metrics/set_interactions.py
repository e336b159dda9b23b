"""Interactions of sets of any size: one value per set and sample, and their strength over the largest sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.drawn_sets import ByEstimator, SizedSets
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.summaries import sentences, strengths
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.strengths import Moments
from interact_cli.metrics.summaries.tables import estimators, explained_quantity, stacked, values_quantity
from interact_cli.results import Measurement, Quantity
from interact_cli.types import IntArray


@dataclass(frozen=True, kw_only=True)
class SetInteractions(SizedSets, IndexMetric):
    """What the players of a set are worth together, beyond what fewer of them are worth: every set up to a size.

    One value per set of up to ``--interaction-size`` players and sample, and the strength of the largest sets.
    """

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise strengths; set by set too where every sample has the same sets."""
        return by_sets(self, results, cohort)


@dataclass(frozen=True, kw_only=True)
class SampledSets(ByEstimator, SetInteractions):
    """The same of an index that needs not all coalitions."""

    version: int = 2


def by_sets(metric: IndexMetric, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
    """Summarise the estimates of a metric that values sets.

    The strengths are over the sets of the largest size of each sample: values of smaller sets are other quantities,
    the single players' their own effects.

    Args:
        metric: Whose estimates they are.
        results: Of all samples; their estimates have ``sets``.
        cohort: What the samples share.
    """
    estimates = [result.estimate for result in results]
    resampler = Resampler.over(cohort, metric.name)
    moments = Moments.stack([Moments.of(_largest(estimate)) for estimate in estimates])
    parts = moments.quantities((), cohort.unit, over="sets of the largest size")
    values = values_quantity(estimates, ("set",), cohort.unit, metric.index.summary)
    strength = strengths.quantities(resampler, parts, of="strength")
    size = max(sets_of(estimate).shape[1] for estimate in estimates)
    findings = [*sentences.part_measured(results), sentences.of_sets(strength[0], size, cohort)]
    if metric.index.efficient:
        findings += sentences.sum_of_sets(values, size, cohort)
    return metric.measurement(
        estimators(results),
        per_sample=(sets_quantity(estimates), values, *parts, *explained_quantity(results)),
        summary=(*strength, *_by_set(estimates, values, resampler, cohort)),
        findings=findings,
    )


def sets_quantity(estimates: Sequence[Estimate]) -> Quantity:
    """Return which players each set of each sample has."""
    sets = stacked([sets_of(estimate) for estimate in estimates], -1)
    return Quantity("sets", ("sample", "set", "member"), sets, "1", "the players of each set; -1 where none")


def sets_of(estimate: Estimate) -> IntArray:
    """Return the sets of an estimate, ``(set, size)``, padded with -1."""
    if estimate.sets is None:
        raise ValueError(f"'{estimate.index}' has no sets")
    return estimate.sets


def _largest(estimate: Estimate) -> Estimate:
    """Keep the sets of the largest size."""
    sizes = (sets_of(estimate) >= 0).sum(axis=1)
    chosen = sizes == sizes.max()
    return replace(
        estimate,
        values=estimate.values[chosen],
        standard_errors=estimate.standard_errors[chosen],
        exact=estimate.exact[chosen],
        sets=sets_of(estimate)[chosen],
    )


def _by_set(estimates: Sequence[Estimate], values: Quantity, resampler: Resampler, cohort: Cohort) -> list[Quantity]:
    first = sets_of(estimates[0])
    if not cohort.shared_players or not all(np.array_equal(first, sets_of(estimate)) for estimate in estimates):
        return []
    return [
        Quantity("shared_sets", ("set", "member"), first, "1", "players of each set in every sample", label="players"),
        resampler.summarise("mean", values).quantity("set_mean", "mean over samples", "signed mean", "by-pair"),
        resampler.summarise("mean_magnitude", values).quantity(
            "set_mean_abs", "mean magnitude over samples", "mean |I|", "by-pair"
        ),
    ]


def shapley_taylor() -> SampledSets:
    """Return the metric ``shapley-taylor``."""
    return SampledSets.of("shapley-taylor")


def k_shapley() -> SetInteractions:
    """Return the metric ``k-shapley``."""
    return SetInteractions.of("k-shapley")


def faithful_shapley() -> SetInteractions:
    """Return the metric ``faithful-shapley``."""
    return SetInteractions.of("faithful-shapley")


def faithful_banzhaf() -> SetInteractions:
    """Return the metric ``faithful-banzhaf``."""
    return SetInteractions.of("faithful-banzhaf")
