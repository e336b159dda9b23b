"""Interactions of pairs at each order, and the profile of their strength over the orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from interact_cli.interactions import indices
from interact_cli.interactions.indices import Index
from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.drawn_sets import ByEstimator, DrawnSets
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.summaries import sentences, strengths
from interact_cli.metrics.summaries.axes import OrderAxis, orders_of
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.strengths import Moments
from interact_cli.metrics.summaries.tables import (
    estimators,
    explained_quantity,
    pairs_quantity,
    shared_pairs,
    stacked,
    values_quantity,
)
from interact_cli.results import Measurement, Quantity

OVERALL = "overall"
"""Before the names of what is over all published orders: a single number that means the same at every budget."""


@dataclass(frozen=True, kw_only=True)
class OrderStrengths(DrawnSets, IndexMetric):
    """One value per order, pair and sample; by order the mean and the strengths over pairs and samples."""

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise by order."""
        estimates = [result.estimate for result in results]
        axis = OrderAxis.of(results, cohort)
        resampler = Resampler.over(cohort, self.name)
        dims, unit = (axis.dim,), cohort.unit
        means = axis.aligned([estimate.values.mean(axis=-1) for estimate in estimates])
        signed = Quantity("signed", ("sample", *dims), means, unit, "mean of I, signed, over the pairs of the sample")
        moments = moments_of(results, axis)
        by_order = moments.quantities(dims, unit)
        overall = moments.among(axis.published).quantities((), unit, "pairs and published orders", f"{OVERALL}_")
        values = values_quantity(estimates, ("order", "pair"), unit, self.index.summary)
        summary = [
            resampler.summarise("mean", signed).quantity("mean", "mean of I over pairs", "signed mean", "by-order"),
            *strengths.quantities(resampler, by_order),
        ]
        findings = [*sentences.part_measured(results)]
        findings += [sentences.over_orders(part, axis, cohort) for part in summary if part.role == "headline"]
        summary += [part for part in strengths.quantities(resampler, overall, of=OVERALL) if part.role == "headline"]
        coordinates = axis.coordinates
        pairs = shared_pairs(estimates, cohort)
        if pairs is not None:
            magnitude = resampler.summarise("mean_magnitude", values)
            text = "mean magnitude over samples"
            summary.append(magnitude.quantity("pair_mean_abs", text, "mean |I|", "by-pair"))
            coordinates |= {"pair_i": pairs[:, 0], "pair_j": pairs[:, 1]}
        own_orders = [] if axis.dim == "order" else [_own_orders(results)]
        return self.measurement(
            estimators(results),
            per_sample=(
                pairs_quantity(estimates),
                values,
                *own_orders,
                signed,
                *by_order,
                *overall,
                *explained_quantity(results),
            ),
            summary=summary,
            coordinates=coordinates,
            findings=findings,
        )


@dataclass(frozen=True, kw_only=True)
class MultiOrder(ByEstimator, OrderStrengths):
    """How strong pairs interact with m other players present, order by order: ``I^(m)(i,j)``.

    Order 0 is the pair alone, order n - 2 the pair with everybody else. Per sample the values of the pairs, over pairs
    and samples their mean and strengths; overall, strengths of all published orders together. Of up to 63 players they
    are read off a surrogate.

    Source: Deng et al. (2022), equation 1.
    """

    name: str = "multi-order"
    version: int = 2
    source: str = "Deng et al. (2022), equation 1"
    index: Index = indices.lookup("multi-order")


def moments_of(results: Sequence[Reduced], axis: OrderAxis) -> Moments:
    """Return the moments of every sample by order: ``(sample, place)`` each."""
    by_sample = [Moments.of(result.estimate) for result in results]
    return Moments(
        axis.aligned([moments.absolute for moments in by_sample]),
        axis.aligned([moments.square for moments in by_sample]),
        axis.aligned([moments.unbiased for moments in by_sample]),
    )


def _own_orders(results: Sequence[Reduced]) -> Quantity:
    orders = stacked([orders_of(result) for result in results], -1)
    return Quantity("orders", ("sample", "order"), orders, "1", "the orders of each sample; -1 where none")
