"""What dropout leaves of the interactions of a network, predicted from their inference patterns.

Zhang et al. (ICLR 2021) argue that dropout suppresses interactions because their patterns ``Gamma^(q)(i,j|s)`` mostly
share a sign. That is sufficient, not necessary, and on random games it is rare (erratum 22): so both are counted here,
how often the condition holds and how often dropout suppresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interactions import indices, patterns
from interact_cli.interactions.designs.contexts import PairContexts
from interact_cli.interactions.designs.full_table import FullTable
from interact_cli.interactions.indices import Index
from interact_cli.interactions.patterns import QUANTILES, Ratios
from interact_cli.interfaces import Cohort, Design, Question, Reduced
from interact_cli.metrics.drawn_sets import DrawnSets
from interact_cli.metrics.index_design import design_for
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.multi_order import moments_of
from interact_cli.metrics.summaries import sentences
from interact_cli.metrics.summaries.axes import OrderAxis
from interact_cli.metrics.summaries.dropout import (
    SHARES,
    above_order_0,
    least_by_order,
    left_by_order,
    quantiles_of,
    shares_of,
)
from interact_cli.metrics.summaries.statistics import LEAST_FOR_INTERVAL, Resampler, Summary
from interact_cli.metrics.summaries.tables import estimator_of, estimators, pairs_of, pairs_quantity, stacked
from interact_cli.metrics.summaries.verdict import ROUNDING
from interact_cli.options import option
from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

DRAWS = 10_000
"""Numbers of survivors that the simulation draws for each order of a sample."""


@dataclass(frozen=True)
class _Survival:
    """One sample under dropout."""

    predicted: FloatArray
    """``(order, pair)``: E_r I_drop^(s)."""
    shares: FloatArray
    """``(share,)``: `SHARES`."""
    quantiles: FloatArray
    """``(quantile,)`` of E_r I_drop / I^(s)."""
    gap: FloatArray
    """``(2,)``: the largest difference between prediction and simulation, and the simulation's largest error."""


@dataclass(frozen=True, kw_only=True)
class DropoutSuppression(DrawnSets, IndexMetric):
    """What dropout would leave of the interactions, order by order, and how often the paper's condition for it holds.

    ``E_r I_drop^(s)(i,j) = sum_q p^q Gamma^(q)(i,j|s)``, r ~ Binomial(s, p), p = 1 - drop rate the share kept;
    given r survivors ``I_drop^(s) = I^(r)``.

    Source: Zhang et al. (ICLR 2021), section 3, equations 4 to 6.
    """

    name: str = "dropout-suppression"
    source: str = "Zhang et al. (ICLR 2021), equations 4 to 6"
    formula: str = "E_r I_drop^(s)(i,j) = mean over r ~ Binomial(s, 1 - drop rate) of I^(r)(i,j)"
    example: str = "interact measure mlp.pt --dataset csv:rows.csv --metric dropout-suppression:drop-rate=0.3"
    index: Index = indices.lookup("multi-order")
    drop_rate: float = option(0.5, "Share of the players that dropout removes.", above=0, below=1, flag=True)

    def design(self, question: Question) -> Design:
        """Ask for the full table where it fits the budget, else for contexts of every order.

        Raises:
            BudgetError: not even one pair with 2 contexts at every order fits the budget.
            UsageError: a protocol that leaves orders out.
        """
        n = question.n_players
        design = design_for(self.index, question, self, orders=tuple(range(n - 1)))
        if isinstance(design, PairContexts) and len(design.strata) < n - 1:
            raise UsageError(
                f"'{self.name}' needs all {n - 1} orders, 0 to {n - 2}; protocol '{question.protocol}' measures "
                f"{len(design.strata)} of them. Leave --protocol out, or choose fewer players."
            )
        return design

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Estimate one sample without dropout, and predict and simulate it under dropout."""
        estimate = design.estimate(values)
        rounding = ROUNDING * float(np.abs(values).max())
        mean_patterns = None
        if isinstance(design, FullTable):
            i, j = pairs_of(estimate).T
            mean_patterns = patterns.mean_patterns(values)[:, i, j]
        survival = _survival(estimate.values, mean_patterns, rounding, 1 - self.drop_rate, question)
        extras = {
            "predicted": survival.predicted,
            "shares": survival.shares,
            "quantiles": survival.quantiles,
            "gap": survival.gap,
            "rounding": np.asarray(rounding),
        }
        return Reduced(estimate, extras, estimator_of(design))

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise over the samples and say whether dropout suppresses."""
        axis = OrderAxis.of(results, cohort)
        resampler = Resampler.over(cohort, self.name)
        unit = cohort.unit
        under = f"under dropout at rate {self.drop_rate:g}"
        moments = moments_of(results, axis).quantities((axis.dim,), unit)
        by_order = (left_by_order(results, axis, unit, under), moments[0], least_by_order(results, axis, unit))
        above_0 = above_order_0(results, unit, under)
        kept = resampler.summarise("ratio", *above_0)
        shares, quantiles = shares_of(results), quantiles_of(results)
        counted = {name: resampler.summarise("mean_of_known", *shares[name]) for name in SHARES}
        of_all = f"mean |E_r I_drop| / mean |I|, both over pairs and orders >= 1, {under}"
        summary = (
            resampler.summarise("mean_abs", *moments).quantity(
                "mean_abs", "mean |I^(s)| over pairs", "mean |I|", "by-order"
            ),
            resampler.summarise("mean", by_order[0]).quantity(
                "mean_abs_dropout", f"mean |E_r I_drop^(s)| over pairs, {under}", "mean |I| under dropout", "by-order"
            ),
            resampler.summarise("ratio", *by_order).quantity(
                "kept_by_order", "mean |E_r I_drop^(s)| / mean |I^(s)|", "share kept", "by-order"
            ),
            kept.quantity("kept", of_all, "share of mean |I| that dropout keeps", "headline"),
            *[
                counted[name].quantity(name, f"{text}, mean over samples", label)
                for name, (_, text, label) in SHARES.items()
            ],
            resampler.summarise("mean_of_known", *quantiles).quantity(
                "ratio_quantiles",
                "quantiles of E_r I_drop / I^(s), mean over samples",
                "I under dropout / I",
                "by-order",
            ),
            *_check(np.stack([result.extras["gap"] for result in results])[cohort.included], unit),
        )
        estimates = [result.estimate for result in results]
        predicted = stacked([result.extras["predicted"] for result in results], np.nan)
        parts = (*moments, *by_order, *above_0, *[part for pair in shares.values() for part in pair], *quantiles)
        return self.measurement(
            estimators(results),
            per_sample=(
                pairs_quantity(estimates),
                Quantity("predicted", ("sample", "order", "pair"), predicted, unit, f"E_r I_drop^(s)(i,j), {under}"),
                *{part.name: part for part in parts}.values(),
            ),
            summary=summary,
            coordinates={**axis.coordinates, "quantile": np.array(QUANTILES)},
            findings=[*sentences.part_measured(results), _finding(self.drop_rate, kept, counted, resampler)],
            notes=_notes(results),
        )


def _survival(
    interactions: FloatArray, mean_patterns: FloatArray | None, rounding: float, keep: float, question: Question
) -> _Survival:
    """Put one sample under dropout.

    Args:
        interactions: ``(order, pair)``: all orders.
        mean_patterns: ``(q, pair)``; None where the interactions are sampled, and the signs of patterns mean nothing.
        rounding: Interactions up to here are rounding of the forward passes.
        keep: Share of the players that dropout leaves.
        question: Whose draws these are.
    """
    one_sign = np.nan
    if mean_patterns is None:
        predicted = patterns.mixed_over_survivors(interactions, keep)
    else:
        predicted = patterns.after_dropout(mean_patterns, keep)
        tolerance = patterns.rounding_of_patterns(question.n_players, rounding)[:, None]
        shared = patterns.share_a_sign(mean_patterns, tolerance)[1:]
        one_sign = float(shared.mean()) if shared.size else np.nan
    of_mean = Ratios.of(patterns.ratios_to(predicted[1:], interactions[1:], rounding))
    of_survivors = Ratios.of(patterns.survivor_ratios(interactions, rounding))
    rngs = [generator(question.seed, "dropout", question.sample_id, order) for order in range(len(interactions))]
    simulated, errors = patterns.simulated_dropout(interactions, keep, DRAWS, rngs)
    shares = [
        one_sign,
        of_mean.above_one,
        of_mean.negative,
        of_mean.stronger,
        of_mean.quantiles[QUANTILES.index(0.5)],
        of_survivors.above_one,
        of_survivors.negative,
        of_survivors.stronger,
    ]
    gap = np.array([np.abs(predicted - simulated).max(), errors.max()])
    return _Survival(predicted, np.array(shares), of_mean.quantiles, gap)


def _check(gaps: FloatArray, unit: str) -> list[Quantity]:
    difference, noise = gaps.max(axis=0)
    text = f"largest |prediction - simulation| of {DRAWS:,} draws of r, over samples, pairs and orders"
    error = "largest standard error of a simulated mean: what the difference is to be judged by"
    return [
        Quantity(
            "simulation_gap",
            (),
            np.asarray(difference),
            unit,
            text,
            label="prediction against simulation, largest difference",
        ),
        Quantity(
            "simulation_error", (), np.asarray(noise), unit, error, label="standard error of the simulation, largest"
        ),
    ]


def _finding(rate: float, kept: Summary, counted: dict[str, Summary], resampler: Resampler) -> Finding:
    """Say whether dropout suppresses on average, and how often the paper's sufficient condition holds."""
    names = ("one_sign", "stronger", "above_one", "negative")
    facts = {"kept": float(kept.value), **{name: float(counted[name].value) for name in names}}
    if not np.isfinite(kept.value):
        return Finding(
            "not tested",
            "Not tested: above order 0 no interaction is larger than rounding of the forward passes makes it.",
            facts,
        )
    condition = "" if np.isnan(facts["one_sign"]) else _of_condition(facts["one_sign"])
    left = f"mean |I| is {facts['kept']:.0%} of what it is without"
    tail = f"; single interactions grow in {facts['stronger']:.0%} of cases{condition}."
    if kept.low is None or kept.high is None:
        why = "an illustration has no interval"
        if resampler.n_samples < LEAST_FOR_INTERVAL:
            why = f"{resampler.counted}, an interval needs {LEAST_FOR_INTERVAL}"
        return Finding("not tested", f"Dropout at rate {rate:g}: {left}{tail} Not tested: {why}.", facts)
    facts |= {"low": float(kept.low), "high": float(kept.high)}
    ends = f" (95 % interval {facts['low']:.0%} to {facts['high']:.0%})"
    word = "suppresses" if facts["high"] < 1 else "strengthens" if facts["low"] > 1 else "not distinguishable"
    claim = {
        "suppresses": "suppresses interactions on average",
        "strengthens": "strengthens interactions on average",
        "not distinguishable": "neither suppresses nor strengthens interactions measurably",
    }[word]
    return Finding(word, f"Dropout at rate {rate:g} {claim}: {left}{ends}{tail}", facts)


def _of_condition(one_sign: float) -> str:
    return f", and the paper's sufficient condition, Gammas of one sign, holds in {one_sign:.0%} of them"


def _notes(results: Sequence[Reduced]) -> tuple[str, ...]:
    notes = [
        "The drop rate is 1 - p; Zhang et al. (ICLR 2021) write p, the share kept, into Binomial(s, p) (erratum 23)."
    ]
    if not all(result.estimate.exact.all() for result in results):
        notes.append(
            "Sampled: the noise of the drawn contexts makes |I| too large, and its mean over survivors less so: the "
            "ratios lean towards suppression. The signs of the Gammas are counted on full tables only."
        )
    return tuple(notes)
