"""Shapley and Banzhaf interactions of pairs or of larger sets, and the strength of a network's interactions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from interact_cli.interactions import indices
from interact_cli.interactions.designs.contexts import PairContexts
from interact_cli.interactions.indices import Index
from interact_cli.interfaces import Cohort, Design, Need, Question, Reduced
from interact_cli.metrics.drawn_sets import ByEstimator, DrawnSets, SizedSets
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.published import KEEP_RATES, with_components
from interact_cli.metrics.set_interactions import by_sets
from interact_cli.metrics.summaries import sentences, strengths
from interact_cli.metrics.summaries.statistics import Resampler, Summary
from interact_cli.metrics.summaries.strengths import LABELS, STRENGTHS, Moments
from interact_cli.metrics.summaries.tables import (
    estimators,
    explained_quantity,
    pairs_quantity,
    shared_pairs,
    values_quantity,
)
from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.types import FloatArray
from interact_cli.words import described

_DRAW = (
    "over a class-balanced draw of at most 1,000 unmasked samples of the named split; for a single logit "
    "| E_positive f - E_negative f |"
)
READINGS = {
    "paper": (
        f"range Y of the score, | E_x [f_true - mean of f over the other classes] |, as printed, {_DRAW}",
        "as printed",
    ),
    "code": (
        f"range Y of the score, E_x | f_true - mean of f over the other classes |, as the authors code it, {_DRAW}",
        "as in the code",
    ),
}
"""Reading of Y -> what it means, and what a reader calls it."""


@dataclass(frozen=True, kw_only=True)
class PairStrengths(ByEstimator, DrawnSets, IndexMetric):
    """One value per pair and sample; the strength over pairs and samples."""

    version: int = 2

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise strengths; pair by pair too where every sample has the same pairs."""
        estimates = [result.estimate for result in results]
        resampler = Resampler.over(cohort, self.name)
        moments = Moments.stack([Moments.of(estimate) for estimate in estimates]).quantities((), cohort.unit)
        values = values_quantity(estimates, ("pair",), cohort.unit, self.index.summary)
        pairs = shared_pairs(estimates, cohort)
        by_pair = [] if pairs is None else _by_pair(values, resampler)
        strength = self.strength(resampler, moments, cohort)
        return self.measurement(
            estimators(results),
            per_sample=(pairs_quantity(estimates), values, *moments, *explained_quantity(results)),
            summary=(*strength, *by_pair),
            findings=[*sentences.part_measured(results), *self.sentences(strength)],
            coordinates={} if pairs is None else {"pair_i": pairs[:, 0], "pair_j": pairs[:, 1]},
        )

    def strength(self, resampler: Resampler, moments: Sequence[Quantity], cohort: Cohort) -> list[Quantity]:
        """Return the four strengths."""
        return strengths.quantities(resampler, moments, of="strength")

    def sentences(self, strength: Sequence[Quantity]) -> list[Finding]:
        """Say how strong two players interact."""
        return [sentences.of_pairs(strength[0])]


@dataclass(frozen=True, kw_only=True)
class PairInteractions(SizedSets, PairStrengths):
    """How much two players change each other's effect on the score, averaged over what else is present.

    One value per pair, or set of ``--interaction-size`` players, and sample; the strength over them and samples.
    """

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise the pairs; the sets, and set by set where every sample has the same, where sets were asked for."""
        of_sets = results[0].estimate.sets is not None
        return by_sets(self, results, cohort) if of_sets else super().aggregate(results, cohort)


@dataclass(frozen=True, kw_only=True)
class Strength(PairStrengths):
    """One number for how strongly the players interact in pairs, also as a share of the range Y of the score.

    ``I = E_x E_(i,j) |I(i,j)|``, normalised ``I / Y``

    Under the protocol of Zhang et al. (ICLR 2021) also its order components: the strength in contexts whose keep rate
    lies in one of five ranges, 500 contexts for each. They are no orders: such contexts have sizes of a mixture of
    binomials.

    Source: Zhang et al. (ICLR 2021), section 3 and appendix E; both readings of Y, see `interact_cli.scores.Ranges`.
    """

    name: str = "strength"
    source: str = "Zhang et al. (ICLR 2021), section 3 and appendix E"
    formula: str = (
        "E |I(i,j)| over samples and pairs, I the Shapley interaction; normalised: over the range Y of the score"
    )
    index: Index = indices.lookup("shapley-interaction")
    needs: frozenset[Need] = frozenset({"ranges"})

    def design(self, question: Question) -> Design:
        """Ask as the index does; under the protocol of Zhang et al. (ICLR 2021) for the order components too."""
        design = super().design(question)
        if question.protocol is None or not isinstance(design, PairContexts):
            return design
        return with_components(design, question)

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Estimate the index on one sample, and the moments of the order components where they were asked for."""
        reduced = super().reduce(design, values, question)
        if not isinstance(design, PairContexts) or len(design.strata) == 1:
            return reduced
        means, errors = design.averages(design.differences(values))
        moments = Moments.of(replace(reduced.estimate, values=means[1:], standard_errors=errors[1:]))
        extras = {"components": np.stack([moments.absolute, moments.square, moments.unbiased])}
        return replace(reduced, extras=extras)

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise strengths, and the order components where they were asked for."""
        measurement = super().aggregate(results, cohort)
        if "components" not in results[0].extras:
            return measurement
        dims, unit = ("keep_rate",), cohort.unit
        moments = Moments(*np.stack([result.extras["components"] for result in results], axis=1))
        parts = moments.quantities(dims, unit, prefix="component_")
        resampler = Resampler.over(cohort, self.name)
        components = strengths.quantities(resampler, parts, of="component", role="by-order")
        where = "; in contexts whose keep rate lies in one of five ranges, named by their middles"
        centres = {"keep_rate": np.mean(KEEP_RATES, axis=1).round(3)}
        return replace(
            measurement,
            per_sample=(*measurement.per_sample, *[replace(part, meaning=part.meaning + where) for part in parts]),
            summary=(*measurement.summary, *[replace(part, meaning=part.meaning + where) for part in components]),
            coordinates={**measurement.coordinates, **centres},
        )

    def sentences(self, strength: Sequence[Quantity]) -> list[Finding]:
        """Say the two strengths."""
        return [
            sentences.said(
                f"Interaction strength by {part.called.removeprefix('strength, ')}: {described(part)}.", part
            )
            for part in strength
            if part.role == "headline"
        ]

    def strength(self, resampler: Resampler, moments: Sequence[Quantity], cohort: Cohort) -> list[Quantity]:
        """Return the four strengths, each also over both readings of Y."""
        quantities = super().strength(resampler, moments, cohort)
        for reading in READINGS:
            if reading not in cohort.ranges:
                continue
            range_, error = cohort.ranges[reading], cohort.ranges.get(f"{reading}_standard_error")
            of_range = None if error is None else np.asarray(error)
            text, words = READINGS[reading]
            quantities.append(
                Quantity(f"Y_{reading}", (), np.asarray(range_), cohort.unit, text, of_range, label=f"Y {words}")
            )
            known = "without the error of Y" if error is None else "error of strength and Y as of independent samples"
            for name, summary in strengths.summaries(resampler, moments).items():
                normalised = _divided(summary, range_, error or 0.0)
                text = f"{STRENGTHS[name]}; over Y_{reading}, {known}"
                label = f"{LABELS[name]} / Y {words}"
                quantities.append(normalised.quantity(f"normalised_{name}_{reading}", text, label))
        return quantities


def _divided(summary: Summary, range_: float, error: float) -> Summary:
    """Return strength / Y: relative errors add in squares, as if the samples behind the two were independent."""
    scale = 1 / range_ if range_ > 0 else np.nan
    value = summary.value * scale
    of_range = np.abs(value) * error * scale
    low = high = None
    if summary.low is not None and summary.high is not None:
        # Each end moves outwards; a strength is never below 0.
        low = np.maximum(value - np.hypot(value - summary.low * scale, 1.96 * of_range), 0.0)
        high = value + np.hypot(summary.high * scale - value, 1.96 * of_range)
    error_of_both = np.hypot(summary.standard_error * scale, of_range)
    return Summary(value, error_of_both, low, high, summary.replicates * scale, summary.dims, "1")


def _by_pair(values: Quantity, resampler: Resampler) -> list[Quantity]:
    """Summarise the pairs that all samples share."""
    signed, magnitude = (resampler.summarise(name, values) for name in ("mean", "mean_magnitude"))
    return [
        signed.quantity("pair_mean", "mean over samples", "signed mean", "by-pair"),
        magnitude.quantity("pair_mean_abs", "mean magnitude over samples", "mean |I|", "by-pair"),
    ]


def shapley_interaction() -> PairInteractions:
    """Return the metric ``shapley-interaction``."""
    return PairInteractions.of("shapley-interaction")


def banzhaf_interaction() -> PairInteractions:
    """Return the metric ``banzhaf-interaction``."""
    return PairInteractions.of("banzhaf-interaction")
