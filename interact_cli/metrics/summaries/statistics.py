"""From samples to summaries: means over samples, their standard errors and intervals, by resampling samples.

The sample is the independent unit. Whatever belongs to one sample (all its pairs, orders and contexts) is
resampled together, so a summary that is a function of sample means, such as a ratio of strengths, keeps the
dependence between its parts.

The plain bootstrap knows n samples as if they were the population: the spread of its resamples is too small by
``sqrt((n - 1) / n)``, and its percentiles ignore that the spread itself is estimated. Both are mended here: standard
errors by that factor, intervals by percentiles further out, so that the interval of a mean is as wide as Student's.
Strengths and J have intervals of their own kind (`intervals`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from statistics import NormalDist

import numpy as np

from interact_cli.errors import UnknownNameError
from interact_cli.interfaces import Cohort
from interact_cli.metrics.summaries.intervals import interval_of
from interact_cli.metrics.summaries.of_means import STATISTICS, MeansToNumber, OfMeans
from interact_cli.results import Quantity, Role
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

N_RESAMPLES = 2000
LEAST_FOR_INTERVAL = 20
"""Fewest samples from which a 95 % interval is given."""


@dataclass(frozen=True)
class Summary:
    """A number over samples."""

    value: FloatArray
    standard_error: FloatArray
    low: FloatArray | None
    high: FloatArray | None
    replicates: FloatArray
    """``(resample, ...)``: the statistic on every resample; their spread is too small, see `Resampler.spread`."""
    dims: tuple[str, ...]
    """Axes: those of the per-sample quantities behind the sample."""
    unit: str
    statistic: str = ""
    """Name of the statistic; empty where a report cannot recompute it."""
    parts: tuple[str, ...] = ()
    """Names of the per-sample quantities that it takes."""

    def quantity(self, name: str, meaning: str, label: str = "", role: Role = "detail") -> Quantity:
        """Name the summary; the arguments are the fields of a `Quantity`."""
        uncertainty = (self.standard_error, self.low, self.high)
        made = Quantity(name, self.dims, self.value, self.unit, meaning, *uncertainty, label=label, role=role)
        return replace(made, statistic=self.statistic, parts=self.parts)


@dataclass(frozen=True)
class Resampler:
    """Bootstrap over the included samples: expanded percentiles, or an interval of the statistic's kind; B = 2,000.

    Source: Efron & Tibshirani (1993), chapter 13; Hesterberg (2015), "What Teachers Should Know About the
    Bootstrap", section 3.4, for the expansion.
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

    @property
    def counted(self) -> str:
        """``1 sample``, ``19 samples``."""
        return f"{self.n_samples} sample{'' if self.n_samples == 1 else 's'}"

    def summarise(self, statistic: str | MeansToNumber, *parts: Quantity) -> Summary:
        """Evaluate a statistic of sample means, with standard error and interval.

        Args:
            statistic: A name in `STATISTICS`: the summary can then be computed again from the report, provided that
                the measurement holds the parts among its per-sample quantities. Or any other function of the parts'
                means over samples, ``(replicate, ...)`` each -> ``(replicate, ...)``; nothing can recompute that.
            *parts: Per-sample quantities, all samples of the run; excluded ones are ignored.

        Raises:
            UnknownNameError: no statistic of that name.
        """
        known = _lookup(statistic) if isinstance(statistic, str) else OfMeans(statistic)
        used = [np.asarray(part.values[self.included], dtype=np.float64) for part in parts]
        used = used if known.before is None else [known.before(part) for part in used]
        value = known.of(*[part.mean(axis=0, keepdims=True) for part in used])[0]
        names: tuple[str, tuple[str, ...]] = ("", ())
        if isinstance(statistic, str) and all((np.isfinite(part) | ~np.isfinite(value)).all() for part in used):
            names = statistic, tuple(part.name for part in parts)
        kind = parts[0].dims[1:], "1" if known.relative else parts[0].unit
        if self.n_samples < 2:
            nothing = np.full(np.shape(value), np.nan)
            return Summary(value, nothing, None, None, nothing[None], *kind, *names)
        resampled = [np.tensordot(self.weights, part, axes=1) for part in used]
        replicates = known.of(*resampled)
        low = high = None
        if self.intervals:
            # A raw number holds the noise of drawn contexts: its interval covers that of its corrected twin too.
            both = [known, *([STATISTICS[known.corrected]] if known.corrected else [])]
            ends = [self._interval(one, used, resampled) for one in both]
            low, high = np.fmin.reduce([lower for lower, _ in ends]), np.fmax.reduce([higher for _, higher in ends])
        return Summary(value, self.spread(replicates), low, high, replicates, *kind, *names)

    def _interval(
        self, known: OfMeans, parts: list[FloatArray], resampled: list[FloatArray]
    ) -> tuple[FloatArray, FloatArray]:
        value, replicates = known.of(*[part.mean(axis=0, keepdims=True) for part in parts])[0], known.of(*resampled)
        tail = tail_of_interval(self.n_samples)
        return interval_of(known, parts, value, replicates, np.quantile(replicates, [tail, 1 - tail], axis=0))

    def spread(self, replicates: FloatArray) -> FloatArray:
        """Return the standard error from resamples: ``(resample, ...)`` -> ``(...)``, NaN below 2 samples."""
        if self.n_samples < 2:
            return np.full(replicates.shape[1:], np.nan)
        deviation: FloatArray = replicates.std(axis=0, ddof=1) * sqrt(self.n_samples / (self.n_samples - 1))
        return deviation


def tail_of_interval(n_samples: int) -> float:
    """Return the share of resamples below a 95 % interval: ``Phi(-sqrt(n / (n - 1)) t)``, t Student's 97.5 % point.

    2.5 % for many samples, 1.6 % for 20. The expansion of t is Fisher & Cornish's (1960), good to 1e-4 from
    20 samples on.

    Example:
        >>> round(tail_of_interval(20), 4), round(tail_of_interval(10**6), 4)
        (0.0159, 0.025)
    """
    z, degrees = NormalDist().inv_cdf(0.975), n_samples - 1
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    student = z + first / degrees + second / degrees**2 + third / degrees**3
    return NormalDist().cdf(-sqrt(n_samples / degrees) * student)


def _lookup(name: str) -> OfMeans:
    if name not in STATISTICS:
        raise UnknownNameError("statistic", name, STATISTICS)
    return STATISTICS[name]
