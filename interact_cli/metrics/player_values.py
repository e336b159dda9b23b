"""Shapley and Banzhaf values of the players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.drawn_sets import ByEstimator
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.summaries import sentences
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.strengths import Moments
from interact_cli.metrics.summaries.tables import estimators, explained_quantity, values_quantity
from interact_cli.results import Finding, Measurement, Quantity


@dataclass(frozen=True, kw_only=True)
class PlayerValues(ByEstimator, IndexMetric):
    """What each player alone is worth: how much the score changes by it, averaged over what else is present.

    One value per player and sample, and their mean and mean magnitude over samples.
    """

    version: int = 2

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Average over samples, player by player where all samples share them."""
        estimates = [result.estimate for result in results]
        resampler = Resampler.over(cohort, self.name)
        unit = cohort.unit
        values = values_quantity(estimates, ("player",), unit, self.index.summary)
        parts: list[Quantity] = []
        findings: list[Finding] = []
        if cohort.shared_players:
            signed, magnitude = (resampler.summarise(name, values) for name in ("mean", "mean_magnitude"))
            summary = [
                signed.quantity("mean", "mean over samples", "signed mean", "by-pair"),
                magnitude.quantity("mean_abs", "mean magnitude over samples", "mean |value|", "headline"),
            ]
            findings += sentences.best_player(summary[1], cohort)
        else:
            moments = Moments.stack([Moments.of(estimate) for estimate in estimates])
            parts = moments.quantities((), unit, over="players")
            strength = resampler.summarise("mean_abs", *parts)
            text = "mean magnitude over players and samples"
            summary = [strength.quantity("strength", text, "mean |value|", "headline")]
            findings.append(sentences.overall_player(summary[0], cohort))
        if self.index.efficient:
            findings += sentences.sum_of_players(values, cohort)
        return self.measurement(
            estimators(results),
            per_sample=(values, *parts, *explained_quantity(results)),
            summary=summary,
            findings=findings,
        )


def shapley() -> PlayerValues:
    """Return the metric ``shapley``."""
    return PlayerValues.of("shapley")


def banzhaf() -> PlayerValues:
    """Return the metric ``banzhaf``."""
    return PlayerValues.of("banzhaf")
