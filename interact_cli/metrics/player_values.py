"""Shapley and Banzhaf values of the players."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.summaries.statistics import Resampler, mean
from interact_cli.metrics.summaries.tables import estimators, values_quantity
from interact_cli.results import Measurement


class PlayerValues(IndexMetric):
    """One value per player and sample, and their mean and mean magnitude over samples."""

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Average over samples, player by player where all samples share them."""
        estimates = [result.estimate for result in results]
        resampler = Resampler.over(cohort, self.name)
        unit = cohort.unit
        magnitudes = np.array([np.abs(estimate.values).mean() for estimate in estimates])
        text = "mean magnitude over players and samples"
        summary = [resampler.summarise(mean, magnitudes).quantity("strength", (), unit, text)]
        if cohort.shared_players:
            values = np.stack([estimate.values for estimate in estimates])
            summary = [
                resampler.summarise(mean, values).quantity("mean", ("player",), unit, "mean over samples"),
                resampler.summarise(mean, np.abs(values)).quantity(
                    "mean_abs", ("player",), unit, "mean magnitude over samples"
                ),
            ]
        return Measurement(
            self.name,
            self.version,
            self.source,
            estimators(results),
            per_sample=(values_quantity(estimates, ("player",), unit, self.index.summary),),
            summary=tuple(summary),
            coordinates={},
        )


def shapley() -> PlayerValues:
    """Return the metric ``shapley``."""
    return PlayerValues("shapley")


def banzhaf() -> PlayerValues:
    """Return the metric ``banzhaf``."""
    return PlayerValues("banzhaf")
