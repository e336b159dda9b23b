"""Shapley and Banzhaf values of the players."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.statistics import Resampler, mean
from interact_cli.metrics.tables import stacked, values_quantity
from interact_cli.results import Measurement


class PlayerValues(IndexMetric):
    """One value per player and sample, and their mean and mean magnitude over samples."""

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Average over samples; players are the same positions in every sample."""
        estimates = [result.estimate for result in results]
        values = stacked([estimate.values for estimate in estimates], np.nan)
        resampler = Resampler.over(cohort, self.name)
        unit = cohort.unit
        return Measurement(
            self.name,
            self.version,
            self.source,
            results[0].estimator,
            per_sample=(values_quantity(estimates, ("player",), unit, self.index.summary),),
            summary=(
                resampler.summarise(mean, values).quantity("mean", ("player",), unit, "mean over samples"),
                resampler.summarise(mean, np.abs(values)).quantity(
                    "mean_abs", ("player",), unit, "mean magnitude over samples"
                ),
            ),
            coordinates={},
        )


def shapley() -> PlayerValues:
    """Return the metric ``shapley``."""
    return PlayerValues("shapley")


def banzhaf() -> PlayerValues:
    """Return the metric ``banzhaf``."""
    return PlayerValues("banzhaf")
