"""Shapley and Banzhaf interactions of pairs, and the strength of a network's interactions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics import strengths
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.statistics import Resampler, Summary, mean
from interact_cli.metrics.strengths import STRENGTHS, Moments
from interact_cli.metrics.tables import pairs_quantity, shared_pairs, stacked, values_quantity
from interact_cli.results import Measurement, Quantity


class PairInteractions(IndexMetric):
    """One value per pair and sample, and the strength over pairs and samples."""

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise strengths; pair by pair too where every sample has the same pairs."""
        estimates = [result.estimate for result in results]
        resampler = Resampler.over(cohort, self.name)
        moments = Moments.stack([Moments.of(estimate) for estimate in estimates])
        by_pair, coordinates = _by_pair(estimates, resampler, cohort.unit)
        return Measurement(
            self.name,
            self.version,
            self.source,
            results[0].estimator,
            per_sample=(
                pairs_quantity(estimates),
                values_quantity(estimates, ("pair",), cohort.unit, self.index.summary),
            ),
            summary=(*self.strength(resampler, moments, cohort), *by_pair),
            coordinates=coordinates,
        )

    def strength(self, resampler: Resampler, moments: Moments, cohort: Cohort) -> list[Quantity]:
        """Return the four strengths."""
        return strengths.quantities(resampler, moments, (), cohort.unit, "strength_")


class Strength(PairInteractions):
    """Strength of the pairwise Shapley interactions, also normalised by the range Y of the network's score.

    ``I = E_x E_(i,j) |I(i,j)|``, normalised ``I / Y``

    Source: paper 000, section 3 and appendix E; both readings of Y, see `interact_cli.scores.Ranges`.
    """

    needs_ranges = True

    def __init__(self) -> None:
        super().__init__("shapley-interaction", name="strength", source="paper 000, section 3 and appendix E")

    def strength(self, resampler: Resampler, moments: Moments, cohort: Cohort) -> list[Quantity]:
        """Return the four strengths, each also over both readings of Y."""
        quantities = super().strength(resampler, moments, cohort)
        for reading, range_ in cohort.ranges.items():
            meaning = f"range of the score over unmasked samples, {reading}'s reading"
            quantities.append(Quantity(f"Y_{reading}", (), np.asarray(range_), cohort.unit, meaning))
            for name, summary in strengths.summaries(resampler, moments).items():
                normalised = _divided(summary, range_)
                text = f"{STRENGTHS[name][1]}; over Y in the {reading}'s reading"
                quantities.append(normalised.quantity(f"normalised_{name}_{reading}", (), "1", text))
        return quantities


def _divided(summary: Summary, range_: float) -> Summary:
    scale = 1 / range_ if range_ > 0 else np.nan
    low = None if summary.low is None else summary.low * scale
    high = None if summary.high is None else summary.high * scale
    return Summary(summary.value * scale, summary.standard_error * scale, low, high, summary.replicates * scale)


def _by_pair(
    estimates: Sequence[Estimate], resampler: Resampler, unit: str
) -> tuple[list[Quantity], dict[str, np.ndarray]]:
    pairs = shared_pairs(estimates)
    if pairs is None:
        return [], {}
    values = stacked([estimate.values for estimate in estimates], np.nan)
    signed = resampler.summarise(mean, values).quantity("pair_mean", ("pair",), unit, "mean over samples")
    magnitude = resampler.summarise(mean, np.abs(values))
    absolute = magnitude.quantity("pair_mean_abs", ("pair",), unit, "mean magnitude over samples")
    return [signed, absolute], {"pair_i": pairs[:, 0], "pair_j": pairs[:, 1]}


def shapley_interaction() -> PairInteractions:
    """Return the metric ``shapley-interaction``."""
    return PairInteractions("shapley-interaction")


def banzhaf_interaction() -> PairInteractions:
    """Return the metric ``banzhaf-interaction``."""
    return PairInteractions("banzhaf-interaction")
