"""Interactions of pairs at each order, and the profile of their strength over the orders."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics import strengths
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.statistics import Resampler, mean
from interact_cli.metrics.strengths import Moments
from interact_cli.metrics.tables import (
    pairs_of,
    pairs_quantity,
    shared_pairs,
    stacked,
    values_quantity,
)
from interact_cli.results import Measurement
from interact_cli.types import IntArray


class MultiOrder(IndexMetric):
    """``I^(m)(i,j)`` per sample, and its mean and strengths at each order m over pairs and samples.

    Source: paper 003, equation 1.
    """

    def __init__(self, *, name: str = "multi-order", source: str = "paper 003, equation 1") -> None:
        super().__init__("multi-order", name=name, source=source)

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise by order."""
        estimates = [result.estimate for result in results]
        resampler = Resampler.over(cohort, self.name)
        moments = Moments.stack([Moments.of(estimate) for estimate in estimates])
        signed = stacked([estimate.values.mean(axis=-1) for estimate in estimates], np.nan)
        summary = [
            resampler.summarise(mean, signed).quantity("mean", ("order",), cohort.unit, "mean of I over pairs"),
            *strengths.quantities(resampler, moments, ("order",), cohort.unit),
        ]
        coordinates = {"order": orders_of(results)}
        pairs = shared_pairs(estimates)
        if pairs is not None:
            magnitude = np.abs(stacked([estimate.values for estimate in estimates], np.nan))
            text = "mean magnitude over samples"
            dims = ("order", "pair")
            summary.append(resampler.summarise(mean, magnitude).quantity("pair_mean_abs", dims, cohort.unit, text))
            coordinates |= {"pair_i": pairs[:, 0], "pair_j": pairs_of(estimates[0])[:, 1]}
        return Measurement(
            self.name,
            self.version,
            self.source,
            results[0].estimator,
            per_sample=(
                pairs_quantity(estimates),
                values_quantity(estimates, ("order", "pair"), cohort.unit, self.index.summary),
            ),
            summary=tuple(summary),
            coordinates=coordinates,
        )


def orders_of(results: Sequence[Reduced]) -> IntArray:
    """Return the orders that the samples share."""
    orders = results[0].estimate.orders
    if orders is None:
        raise ValueError(f"'{results[0].estimate.index}' has no orders")
    return orders
