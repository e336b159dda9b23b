"""Two strengths that are never mixed: ``mean-abs`` E|I| (the papers') and ``rms`` sqrt(E I^2), raw and corrected.

An estimate from K contexts is I plus noise of variance s^2/K, so E|estimate| and E estimate^2 are too large, most
where the noise is. ``U = mean^2 - s^2/K`` is unbiased for I^2. One that is read off a surrogate is a posterior mean: I
is it plus what is not known, so both are too small and ``U = mean^2 + s^2``. U is averaged over pairs and samples first
and clipped at 0 only then. The correction of ``mean-abs`` assumes that the shape of the distribution of |I| is kept
and is called approximate.

Source: Deng et al. (2022), equation 3 (mean-abs); docs/mathematics.md, "Noise".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interact_cli.interactions.estimate import Estimate
from interact_cli.metrics.summaries.statistics import Resampler, Summary
from interact_cli.results import Quantity, Role
from interact_cli.types import BoolArray, FloatArray

MOMENTS = {
    "absolute": "mean |I|",
    "square": "mean I^2, raw (Q)",
    "unbiased": "mean of I^2 free of its standard error, unbiased (U)",
}
"""Per-sample quantity -> what it means."""


@dataclass(frozen=True)
class Moments:
    """Means over the pairs of one sample, or of many stacked: ``(...)`` for pairs, ``(..., order)`` by order."""

    absolute: FloatArray
    """Mean |I|."""
    square: FloatArray
    """Mean I^2, raw (Q)."""
    unbiased: FloatArray
    """Mean of I^2 free of its standard error, see `Estimate.squares` (U)."""

    @classmethod
    def of(cls, estimate: Estimate) -> Moments:
        """Average over the last axis, the pairs."""
        return cls(
            np.abs(estimate.values).mean(axis=-1),
            (estimate.values**2).mean(axis=-1),
            estimate.squares.mean(axis=-1),
        )

    @classmethod
    def stack(cls, moments: list[Moments]) -> Moments:
        """Put samples in front: ``(sample, ...)``."""
        return cls(
            np.stack([m.absolute for m in moments]),
            np.stack([m.square for m in moments]),
            np.stack([m.unbiased for m in moments]),
        )

    def among(self, orders: BoolArray) -> Moments:
        """Return the means over some of the orders, ``(order,)``, over all where none of these is there."""
        chosen = orders if orders.any() else np.ones_like(orders)
        means = [part[..., chosen].mean(axis=-1) for part in (self.absolute, self.square, self.unbiased)]
        return Moments(*means)

    def quantities(self, dims: tuple[str, ...], unit: str, over: str = "pairs", prefix: str = "") -> list[Quantity]:
        """Return the moments of stacked samples as per-sample quantities: the parts of the four strengths.

        Args:
            dims: Axes behind the sample.
            unit: Of I.
            over: What the means run over.
            prefix: Of the names.
        """
        squared = f"{unit}^2"
        parts = ((self.absolute, unit), (self.square, squared), (self.unbiased, squared))
        return [
            Quantity(prefix + name, ("sample", *dims), values, of, f"{meaning}, over the {over} of the sample")
            for (name, meaning), (values, of) in zip(MOMENTS.items(), parts, strict=True)
        ]


STRENGTHS = {
    "rms_corrected": "sqrt(max(0, U)), U the unbiased mean of I^2",
    "mean_abs": "E|I|, raw: what the papers report; too large by the noise of contexts, too small by what a surrogate "
    "does not know",
    "mean_abs_corrected": "E|I| sqrt(max(0, U) / Q): approximately free of both",
    "rms": "sqrt(E I^2), raw",
}
"""Name of the statistic -> what it means. The one without bias leads."""
LABELS = {
    "rms_corrected": "rms I corrected",
    "mean_abs": "mean |I|",
    "mean_abs_corrected": "mean |I| corrected (approximate)",
    "rms": "rms I",
}
LEADING = ("rms_corrected", "mean_abs")
"""One of each kind: what speaks for a metric; the two are never mixed."""


def summaries(resampler: Resampler, moments: Sequence[Quantity]) -> dict[str, Summary]:
    """Return the four strengths over samples."""
    return {name: resampler.summarise(name, *moments) for name in STRENGTHS}


def quantities(
    resampler: Resampler,
    moments: Sequence[Quantity],
    *,
    of: str = "",
    role: Role = "headline",
) -> list[Quantity]:
    """Return the four strengths as quantities of a report.

    Args:
        resampler: Over the samples.
        moments: The parts of the strengths.
        of: What they are the strengths of, before their names and labels: ``"strength"``.
        role: Of the two that speak for the others.
    """
    prefix, words = (f"{of}_", f"{of}, ") if of else ("", "")
    return [
        summary.quantity(prefix + name, STRENGTHS[name], words + LABELS[name], role if name in LEADING else "detail")
        for name, summary in summaries(resampler, moments).items()
    ]
