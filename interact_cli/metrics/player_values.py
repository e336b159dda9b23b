"""Shapley and Banzhaf values of the players."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interactions import indices
from interact_cli.interfaces import Cohort, Design, Question, Reduced
from interact_cli.metrics.published import design_for
from interact_cli.metrics.statistics import Resampler, mean
from interact_cli.metrics.tables import estimator_of, stacked, values_quantity
from interact_cli.results import Measurement
from interact_cli.types import FloatArray


class PlayerValues:
    """One value per player and sample, and their mean and mean magnitude over samples."""

    version = 1
    needs_ranges = False

    def __init__(self, index: str) -> None:
        self.index = indices.lookup(index)
        self.name = self.index.name
        self.source = self.index.source

    def design(self, question: Question) -> Design:
        """Ask for the full table, or for permutations (Shapley) or flips (Banzhaf)."""
        return design_for(self.index, question)

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Estimate the values of one sample."""
        del question
        return Reduced(design.estimate(values), {}, estimator_of(design))

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
