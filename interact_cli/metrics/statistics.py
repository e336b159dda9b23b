"""From samples to summaries: means over samples, their standard errors and intervals, by resampling samples.

The sample is the independent unit. Whatever belongs to one sample (all its pairs, orders and contexts) is
resampled together, so a summary that is a function of sample means, such as a ratio of strengths, keeps the
dependence between its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from interact_cli.interfaces import Cohort
from interact_cli.results import Quantity
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

N_RESAMPLES = 2000
LEAST_FOR_INTERVAL = 20
"""Fewest samples from which a 95 % interval is given."""

Statistic = Callable[..., FloatArray]
"""Sample means ``(replicate, ...)``, one argument per moment -> ``(replicate, ...)``."""


@dataclass(frozen=True)
class Summary:
    """A number over samples."""

    value: FloatArray
    standard_error: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    replicates: FloatArray
    """``(resample, ...)``: the statistic on every resample."""

    def quantity(self, name: str, dims: tuple[str, ...], unit: str, meaning: str) -> Quantity:
        """Name the summary."""
        return Quantity(name, dims, self.value, unit, meaning, self.standard_error, self.low, self.high)


@dataclass(frozen=True)
class Resampler:
    """Bootstrap over the included samples: percentile intervals, B = 2,000, seeded.

    Source: Efron & Tibshirani (1993), chapter 13.
    """

    weights: FloatArray
    """``(resample, included sample)``: share of each sample."""
    included: np.ndarray
    intervals: bool

    @classmethod
    def over(cls, cohort: Cohort, purpose: str) -> Resampler:
        """Draw the resamples of a cohort."""
        n = int(cohort.included.sum())
        rng = generator(cohort.seed, "bootstrap", purpose)
        counts = rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES) if n else np.zeros((0, 0))
        return cls(counts / max(n, 1), cohort.included, cohort.intervals and n >= LEAST_FOR_INTERVAL)

    @property
    def n_samples(self) -> int:
        """Number of included samples."""
        return int(self.included.sum())

    def summarise(self, statistic: Statistic, *moments: FloatArray) -> Summary:
        """Evaluate a statistic of sample means, with standard error and interval.

        Args:
            statistic: Function of the moments' means over samples.
            *moments: ``(sample, ...)`` each, all samples of the run; excluded ones are ignored.
        """
        used = [moment[self.included] for moment in moments]
        value = statistic(*[moment.mean(axis=0, keepdims=True) for moment in used])[0]
        if self.n_samples < 2:
            nothing = np.full(np.shape(value), np.nan)
            return Summary(value, nothing, None, None, nothing[None])
        replicates = statistic(*[np.tensordot(self.weights, moment, axes=1) for moment in used])
        low = high = None
        if self.intervals:
            low, high = np.quantile(replicates, [0.025, 0.975], axis=0)
        return Summary(value, replicates.std(axis=0, ddof=1), low, high, replicates)


def mean(moment: FloatArray) -> FloatArray:
    """Return the mean itself: the simplest statistic."""
    return moment
