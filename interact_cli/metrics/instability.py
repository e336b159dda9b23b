"""Any metric with its instability: how much its numbers change from one share of the draws to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.instability import instability
from interact_cli.interactions.multivariate.result import QUANTITIES, Multivariate
from interact_cli.interfaces import Cohort, Design, Divisible, Metric, Question, ReadOff, Reduced
from interact_cli.metrics.bottleneck import Bottleneck
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.results import Measurement, Quantity
from interact_cli.types import FloatArray

SOURCE = "Zhang et al. (ICLR 2021), appendix K; Deng et al. (2022), appendix C; Zhang et al. (AAAI 2021), Experiments"
EXACT = "Instability: exact, nothing is drawn."
OF_T = "instability_T"
"""Zhang et al. (AAAI 2021) measure T alone, among the numbers of a multivariate interaction."""
LABELS = {
    "instability": "instability, split plans",
    OF_T: "instability of T alone",
}


@dataclass(frozen=True, kw_only=True)
class WithInstability(Metric):
    """A metric that also says how stable its numbers are.

    The draws of its plan are dealt to R parts, each part is reduced alone, and the R results are compared:
    ``E_x mean over places of [ mean over u != v of |s_u - s_v| / mean over w of |s_w| ]``. A part has 1/R of the
    draws, so this is the instability of a plan of that size; the metric's own numbers use all draws.

    Source: Zhang et al. (ICLR 2021), appendix K; Deng et al. (2022), appendix C; Zhang et al. (AAAI 2021), Experiments.
    """

    metric: Metric
    """Any metric, a plugin's too."""
    parts: int
    """R, at least 2."""

    @classmethod
    def of(cls, metric: Metric, parts: int) -> Self:
        """Return the metric with its instability, otherwise as it is."""
        return cls(metric=metric, parts=parts, **{part.name: getattr(metric, part.name) for part in fields(Metric)})

    @property
    def least_players(self) -> int:
        """Players that a sample must have."""
        return self.metric.least_players

    def design(self, question: Question) -> Design:
        """Ask for what the metric asks for."""
        return self.metric.design(question)

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Reduce all draws, and the statistic of each part.

        Raises:
            BudgetError: fewer draws than parts.
            UsageError: the metric draws coalitions, and its design cannot share them out.
        """
        reduced = self._shared_out(self.metric.reduce(design, values, question), design, values)
        if reduced.otherwise is None:
            return reduced
        # The shares are those of what answers, so each of the two has its own.
        other = design.without_surrogate if isinstance(design, ReadOff) else design
        return replace(reduced, otherwise=self._shared_out(reduced.otherwise, other, values))

    def _shared_out(self, reduced: Reduced, design: Design, values: FloatArray) -> Reduced:
        """Add how much the statistic changes from one share of the draws to the next."""
        if _all_exact(reduced.estimate):
            return replace(reduced, extras={**reduced.extras, "instability": np.zeros(())})
        if not isinstance(design, Divisible):
            raise UsageError(
                f"'{self.name}' draws coalitions and cannot share them out among {self.parts} plans. "
                f"Leave --instability out, or measure it without '{self.name}'."
            )
        parts = np.stack([self._statistic(part) for part in design.estimates(values, self.parts)])
        changes = {"instability": np.asarray(instability(parts))}
        if isinstance(reduced.estimate, Multivariate):
            changes[OF_T] = np.asarray(instability(parts[:, QUANTITIES.index("T")]))
        return replace(reduced, extras={**reduced.extras, **changes})

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Add the mean instability over samples to what the metric says."""
        measurement = self.metric.aggregate(results, cohort)
        resampler = Resampler.over(cohort, self.name)
        counted, many = self._counted(results[0].estimate), f"each of {self.parts} equal shares of the draws"
        text = f"mean over samples of mean |s_u - s_v| / mean |s_w|, s: {counted}, from {many}; {SOURCE}"
        texts = {"instability": text}
        notes = measurement.notes
        if all(_all_exact(result.estimate) for result in results):
            notes = (*notes, EXACT)
        if all(OF_T in result.extras for result in results):
            texts[OF_T] = f"the same of T alone, as Zhang et al. (AAAI 2021) define it, from {many}"
        parts = [_own(name, results) for name in texts]
        added = [
            resampler.summarise("mean", part).quantity(name, text, LABELS[name])
            for part, (name, text) in zip(parts, texts.items(), strict=True)
        ]
        return replace(
            measurement,
            per_sample=(*measurement.per_sample, *parts),
            summary=(*measurement.summary, *added),
            notes=notes,
        )

    def _statistic(self, estimate: Estimate) -> FloatArray:
        """Return the numbers of one part that are compared: ``(place,)``."""
        if estimate.sets is None and estimate.pairs is None:
            return np.ravel(estimate.values)
        magnitude = np.abs(estimate.values)
        if estimate.sets is not None:
            # The empty set holds v(empty), and the strength of sets is that of the largest.
            magnitude = magnitude[(estimate.sets >= 0).all(axis=1)]
        strength = np.atleast_1d(magnitude.mean(axis=-1))
        if isinstance(self.metric, Bottleneck):
            level = strength.mean()
            return strength / level if level > 0 else strength
        return strength

    def _counted(self, estimate: Estimate) -> str:
        if estimate.sets is not None:
            return "mean |I| over the largest sets"
        if estimate.pairs is None:
            return "each of the six numbers, averaged" if isinstance(estimate, Multivariate) else "each value, averaged"
        if isinstance(self.metric, Bottleneck):
            return "J^(m) of the sample at each order, averaged"
        return "mean |I| over pairs" + (" at each order, averaged" if estimate.orders is not None else "")


def _own(name: str, results: Sequence[Reduced]) -> Quantity:
    """Return the instability of each sample."""
    by_sample = np.array([float(result.extras[name]) for result in results])
    return Quantity(f"own_{name}", ("sample",), by_sample, "1", "mean |s_u - s_v| / mean |s_w| of the sample")


def _all_exact(estimate: Estimate) -> bool:
    """Return True where nothing was drawn; a number that was left out (NaN) is not sampled either."""
    return bool(estimate.exact[np.isfinite(estimate.values)].all())
