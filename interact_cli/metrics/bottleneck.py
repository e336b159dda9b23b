"""The representation bottleneck: strength of interactions by order, and the middle orders over the ends.

``J^(m) = E_x E_(i,j) |I^(m)(i,j)| / mean over the measured orders of the same``

Orders 0 and n-2 have one context each while the orders between are averaged over many, so J of a game without any
structure is high at the ends and low between: a perfect bottleneck made by averaging, and deeper the more contexts are
drawn. The null shows it beside J. The verdict is about R alone, the corrected rms of the middle over that of the ends.

Source: Deng et al. (2022), equation 3 with the absolute value of Zhou et al. (2024), equation 21 (erratum 9); null and
verdict are ours (docs/decisions/0021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from interact_cli.games.coalitions import unique
from interact_cli.interactions.designs.contexts import PairContexts
from interact_cli.interactions.designs.full_table import FullTable
from interact_cli.interactions.surrogate.by_order import SurrogateByOrder
from interact_cli.interfaces import Cohort, Design, Question, Reduced
from interact_cli.metrics.multi_order import OVERALL, MultiOrder, moments_of
from interact_cli.metrics.summaries import sentences, theory
from interact_cli.metrics.summaries.axes import OrderAxis, orders_of
from interact_cli.metrics.summaries.bands import Bands, without_structure
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.metrics.summaries.root_ratio import RootRatio
from interact_cli.metrics.summaries.statistics import LEAST_FOR_INTERVAL, Resampler
from interact_cli.metrics.summaries.strengths import LEADING, STRENGTHS, Moments
from interact_cli.metrics.summaries.verdict import (
    ROUNDING,
    WHAT,
    Squares,
    below_rounding,
    judge,
    too_few_orders,
)
from interact_cli.results import Finding, Measurement, Quantity, Role
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray
from interact_cli.words import number

NULL_DRAWS = 20
LABELS = {
    "mean_abs": "mean-abs",
    "mean_abs_corrected": "mean-abs corrected",
    "rms": "rms",
    "rms_corrected": "corrected rms",
}
"""Strength -> what a reader calls J of it."""


@dataclass(frozen=True, kw_only=True)
class Bottleneck(MultiOrder):
    """How strongly pairs interact with few, some or nearly all others present, relative to the average order.

    J^(m) is the strength at order m over its mean over the orders. The papers find a dip in the middle: pairs count
    with few or nearly all others present, and less with some. The verdict is about R, the middle over the ends: orders
    from 0.3 to 0.7 of n - 2 over those within 0.1 of either end, by corrected rms, the root mean square less the noise
    of drawn contexts. Below 1 it says weaker in the middle, above 1 stronger. It says nothing where the ends are not
    shown to be there, and gives a bound where the middle is not shown to be more than twice what values without
    structure show: they dip too, because the middle orders average over more contexts. The null is their J; where
    contexts are drawn that of raw strengths is by the same plan. Theory F(m)/F(0) is the papers' curve with the n' that
    brings it nearest to J(m)/J(0). Split-half instability, of drawn contexts, says how far J from half of them is from
    the other half's; 0 where all are there.
    """

    name: str = "bottleneck"
    version: int = 3
    source: str = "Deng et al. (2022), equation 3; absolute value: Zhou et al. (2024), equation 21"
    formula: str = (
        "J^(m) = E|I^(m)(i,j)| over its mean over the orders, "
        "I^(m)(i,j) = mean over |S| = m of [v(S+i+j) - v(S+i) - v(S+j) + v(S)]"
    )

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Estimate one sample, its two halves, and the null of its plan."""
        if not isinstance(design, (FullTable, PairContexts, SurrogateByOrder)):
            raise TypeError(f"'{self.name}' reduces pair designs, got {type(design).__name__}")
        reduced = super().reduce(design, values, question)
        _, first = np.unique(design.asked, axis=0, return_index=True)
        extras = {
            "null": _null_moments(design, orders_of(reduced), question),
            "halves": _halves(design, values),
            "scale": np.abs(values).max(),
            "variance": values[first].var(),
        }
        otherwise = None if reduced.otherwise is None else replace(reduced.otherwise, extras=extras)
        return replace(reduced, extras=extras, otherwise=otherwise)

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise over samples and judge."""
        profile = super().aggregate(results, cohort)
        axis = OrderAxis.of(results, cohort)
        dims, included = (axis.dim,), cohort.included
        resampler = Resampler.over(cohort, self.name)
        moments = moments_of(results, axis)
        parts = moments.quantities(dims, cohort.unit)
        null = axis.aligned([result.extras["null"] for result in results])[included].mean(axis=0)
        random = axis.aligned([without_structure(result.estimate.n_players, orders_of(result)) for result in results])

        summary: list[Quantity] = []
        curves = {}
        for name, meaning in STRENGTHS.items():
            curve = resampler.summarise(f"J_{name}", *parts)
            text = f"strength by order over its mean over the measured orders; strength: {meaning}"
            role: Role = "headline" if name in LEADING else "detail"
            summary.append(curve.quantity(f"J_{name}", text, f"J, {LABELS[name]}", role))
            summary.append(_null_quantity(name, null, random[included].mean(axis=0), dims))
            curves[name] = curve.value
        fit = theory.fit(curves["mean_abs"], axis.shares, axis.n_players)
        summary += _theory_quantities(fit, dims)
        change = _change(axis.aligned([result.extras["halves"] for result in results]))
        summary += _instability(change, included)
        scales = np.array([result.extras["scale"] for result in results])[included]
        bands = Bands.at(*axis.positions).among(axis.published)
        findings = [*sentences.part_measured(results)]
        squares: tuple[Quantity, ...] = ()
        if bands.defined:
            squares = _squares(bands, moments, cohort.unit)
            middle, ends = (part.values[included] for part in squares)
            ratio = RootRatio.of(middle, ends)
            summary.append(_middle_over_ends(ratio, squares, resampler))
        largest = float(scales.max(initial=0.0))
        if moments.absolute[included].mean(axis=0).max() <= ROUNDING * largest:
            findings.append(below_rounding(largest))
        elif bands.defined:
            variance = np.array([result.extras["variance"] for result in results])[included]
            of_random = np.divide(*bands.means(random[included]))
            told = Squares(middle, ends, variance, of_random, (ROUNDING * scales) ** 2)
            findings.append(judge(ratio, told, resampler))
        else:
            findings.append(too_few_orders())
        findings += [sentences.over_orders(part, axis, cohort) for part in summary if part.name == "J_rms_corrected"]
        findings += [] if fit is None else [_of_theory(fit)]
        by_order = [part for part in profile.per_sample if not part.name.startswith(OVERALL)]
        return self.measurement(
            profile.estimator,
            per_sample=(*by_order, *squares, *change),
            summary=summary,
            coordinates=axis.coordinates,
            findings=findings,
            notes=_notes(cohort, resampler),
        )


def _squares(bands: Bands, moments: Moments, unit: str) -> tuple[Quantity, ...]:
    """Return the mean unbiased square of every sample over the middle orders and over the ends."""
    where = {"middle_square": "the middle orders, from 0.3 to 0.7 of n-2", "ends_square": "orders within 0.1 of an end"}
    return tuple(
        Quantity(name, ("sample",), values, f"{unit}^2", f"mean of I^2 free of its standard error, over {text}")
        for (name, text), values in zip(where.items(), bands.means(moments.unbiased), strict=True)
    )


def _middle_over_ends(ratio: RootRatio, squares: tuple[Quantity, ...], resampler: Resampler) -> Quantity:
    return Quantity(
        "middle_over_ends",
        (),
        np.asarray(ratio.value),
        "1",
        f"R: {WHAT}",
        np.asarray(ratio.standard_error),
        np.asarray(ratio.low) if resampler.intervals else None,
        np.asarray(ratio.high) if resampler.intervals else None,
        statistic="root_ratio",
        parts=tuple(part.name for part in squares),
        label="middle over ends, R",
        role="headline",
    )


def _null_moments(
    design: FullTable | PairContexts | SurrogateByOrder, orders: IntArray, question: Question
) -> FloatArray:
    """Reduce i.i.d. N(0, 1) values per distinct coalition: ``(moment, draw, order)``.

    Where no pair has contexts of its own, the null is that of all contexts, whose law is known: I^(m) is normal, with
    variance ``4 / C(n - 2, m)``.
    """
    if not isinstance(design, PairContexts):
        squares = 4 * without_structure(question.n_players, orders)
        moments = np.stack([np.sqrt(2 * squares / np.pi), squares, squares])
        return np.repeat(moments[:, None], NULL_DRAWS, axis=1)
    rows, inverse = unique(design.asked)
    rng = generator(question.seed, "null", question.sample_id)
    draws = [Moments.of(design.estimate(rng.standard_normal(len(rows))[inverse])) for _ in range(NULL_DRAWS)]
    stack = Moments.stack(draws)
    return np.stack([stack.absolute, stack.square, stack.unbiased])


def _of_theory(fit: theory.Fit) -> Finding:
    distance = f"{number(fit.rmse)} from J(m)/J(0) (root mean square)"
    sentence = f"Theory F(m)/F(0): nearest with n' = {fit.n_prime:g}, {distance}."
    return Finding("", sentence, says=("theory_n_prime", "theory_rmse"))


def _null_quantity(name: str, null: FloatArray, random: FloatArray, dims: tuple[str, ...]) -> Quantity:
    """Return J of values without structure: raw by the same plan, corrected in closed form."""
    if name.endswith("_corrected"):
        mean, error = np.sqrt(random) / np.sqrt(random).mean(), np.zeros(len(random))
        text = f"J_{name} of values i.i.d. N(0, 1): 1 / sqrt(C(n-2, m)) over its mean over the orders"
    else:
        draws = STATISTICS[f"J_{name}"].of(*null)
        mean, error = draws.mean(axis=0), draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
        text = f"J_{name} of the same plan on values i.i.d. N(0, 1), mean of {len(draws)} draws; error: of that mean"
        if not np.ptp(draws, axis=0).any():  # no contexts were drawn
            error = np.zeros(len(mean))
            text = f"J_{name} of values i.i.d. N(0, 1): of all contexts, in closed form"
    return Quantity(
        f"null_{name}",
        dims,
        mean,
        "1",
        text,
        error,
        label=f"null, {LABELS[name]}",
        role="by-order" if name in LEADING else "detail",
    )


def _halves(design: FullTable | PairContexts | SurrogateByOrder, values: FloatArray) -> FloatArray:
    """Return mean |I| by order from each half of the drawn contexts, exact orders whole: ``(half, order)``.

    NaN where the contexts are no pair's own.
    """
    if isinstance(design, SurrogateByOrder):
        return np.full((2, len(design.orders)), np.nan)
    if isinstance(design, FullTable):
        return np.stack([Moments.of(design.estimate(values)).absolute] * 2)
    strata = zip(design.differences(values), design.strata, strict=True)
    drawn = [(part, not stratum.exact and stratum.n_contexts > 1) for part, stratum in strata]
    parts = [[part[:, half::2] if split else part for part, split in drawn] for half in (0, 1)]
    return np.stack([Moments.of(design.estimate_of(part)).absolute for part in parts])


def _change(strength: FloatArray) -> list[Quantity]:
    """Return how far J of half of the contexts is from J of the other half, sample by sample.

    ``mean over orders of |J_1 - J_2| / mean of |J_1|, |J_2|``

    Source: Deng et al. (2022), section 3.1, with two halves in the place of repeated runs.

    Args:
        strength: ``(sample, half, order)`` mean |I|; NaN where a sample has no halves, and then nothing is told.
    """
    if np.isnan(strength).any():
        return []
    size = strength.mean(axis=-1, keepdims=True)
    curves = strength / np.where(size > 0, size, 1.0)
    level = np.abs(curves).mean(axis=1)
    change = np.abs(curves[:, 0] - curves[:, 1])
    by_sample = (change / np.where(level == 0, 1.0, level)).mean(axis=-1)
    text = "mean over orders of |J_1 - J_2| / mean(J_1, J_2), J of the sample from half of its contexts"
    return [Quantity("split_half_change", ("sample",), by_sample, "1", text)]


def _instability(changes: list[Quantity], included: BoolArray) -> list[Quantity]:
    """Return the mean over the included samples, if all have halves."""
    text = "mean over samples and orders of |J_1 - J_2| / mean(J_1, J_2), J of each sample from half of its contexts"
    told = []
    for change in changes:
        by_sample = change.values[included]
        n = len(by_sample)
        error = np.asarray(by_sample.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan)
        told.append(
            Quantity(
                "split_half_instability",
                (),
                by_sample.mean(),
                "1",
                text,
                error,
                statistic="mean",
                parts=(change.name,),
                label="split-half instability",
            )
        )
    return told


def _theory_quantities(fit: theory.Fit | None, dims: tuple[str, ...]) -> list[Quantity]:
    if fit is None:
        return []
    curve = Quantity(
        "theory",
        dims,
        fit.curve,
        "1",
        "F^(m) / F^(0) at n', fitted to J_mean_abs / J_mean_abs(0)",
        label="theory F/F(0)",
        role="by-order",
    )
    misfit = "root mean square of J/J(0) - F/F(0), J by mean |I|"
    told = (
        ("theory_n_prime", fit.n_prime, "fitted latent dimension n'", "n' of the theory curve"),
        ("theory_rmse", fit.rmse, misfit, "its misfit (root mean square)"),
        ("theory_n_prime_log", fit.n_prime_log, "n' fitted to the logarithms", "n' fitted to logarithms"),
        ("theory_rmse_log", fit.rmse_log, "the same error of the logarithms", "misfit of the logarithms"),
    )
    return [
        curve,
        *[Quantity(name, (), np.asarray(float(value)), "1", text, label=label) for name, value, text, label in told],
    ]


def _notes(cohort: Cohort, resampler: Resampler) -> tuple[str, ...]:
    notes = ["J of one strength is not comparable with J of another, nor J over other orders."]
    if not cohort.intervals:
        notes.append("Illustration: no interval and no verdict.")
    elif not resampler.intervals:
        notes.append(f"No interval: {resampler.counted}, it needs {LEAST_FOR_INTERVAL}.")
    return tuple(notes)
