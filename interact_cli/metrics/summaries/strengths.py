"""Two strengths that are never mixed: ``mean-abs`` E|I| (the papers') and ``rms`` sqrt(E I^2), raw and corrected.

An estimate from K contexts is I plus noise of variance s^2/K, so E|estimate| and E estimate^2 are too large, most
where the noise is. ``U = mean^2 - s^2/K`` is unbiased for I^2; it is averaged over pairs and samples first and
clipped at 0 only then. The correction of ``mean-abs`` assumes that the shape of the distribution of |I| is kept
and is called approximate.

Source: paper 003, equation 3 (mean-abs); `protocols.md` section 17.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from interact_cli.interactions.estimate import Estimate
from interact_cli.metrics.summaries.statistics import Resampler, Summary
from interact_cli.results import Quantity
from interact_cli.types import FloatArray


@dataclass(frozen=True)
class Moments:
    """Means over the pairs of one sample, or of many stacked: ``(...)`` for pairs, ``(..., order)`` by order."""

    absolute: FloatArray
    """Mean |I|."""
    square: FloatArray
    """Mean I^2, raw (Q)."""
    unbiased: FloatArray
    """Mean of I^2 minus its squared standard error (U)."""

    @classmethod
    def of(cls, estimate: Estimate) -> Moments:
        """Average over the last axis, the pairs."""
        square = estimate.values**2
        return cls(
            np.abs(estimate.values).mean(axis=-1),
            square.mean(axis=-1),
            (square - estimate.standard_errors**2).mean(axis=-1),
        )

    @classmethod
    def stack(cls, moments: list[Moments]) -> Moments:
        """Put samples in front: ``(sample, ...)``."""
        return cls(
            np.stack([m.absolute for m in moments]),
            np.stack([m.square for m in moments]),
            np.stack([m.unbiased for m in moments]),
        )


def mean_abs(moments: Moments) -> FloatArray:
    """Return E|I|, raw."""
    return moments.absolute


def mean_abs_corrected(moments: Moments) -> FloatArray:
    """Return E|I| sqrt(max(0, U) / Q): approximate."""
    square = moments.square
    share = np.maximum(moments.unbiased, 0.0) / np.where(square > 0, square, 1.0)
    corrected: FloatArray = moments.absolute * np.sqrt(share)
    return corrected


def rms(moments: Moments) -> FloatArray:
    """Return sqrt(E I^2), raw."""
    return np.sqrt(moments.square)


def rms_corrected(moments: Moments) -> FloatArray:
    """Return sqrt(max(0, U))."""
    return np.sqrt(np.maximum(moments.unbiased, 0.0))


STRENGTHS = {
    "mean_abs": (mean_abs, "E|I|, raw: what the papers report; too large by the noise of the contexts"),
    "mean_abs_corrected": (mean_abs_corrected, "E|I| sqrt(max(0, U) / Q): approximately free of that noise"),
    "rms": (rms, "sqrt(E I^2), raw"),
    "rms_corrected": (rms_corrected, "sqrt(max(0, U)), U the unbiased mean of I^2"),
}
"""Name -> how it follows from the moments, and what it means."""


def summaries(resampler: Resampler, moments: Moments) -> dict[str, Summary]:
    """Return the four strengths over samples."""
    return {name: summarise(resampler, moments, strength) for name, (strength, _) in STRENGTHS.items()}


def summarise(resampler: Resampler, moments: Moments, statistic: Callable[[Moments], FloatArray]) -> Summary:
    """Summarise any function of the moments' means over samples."""
    parts = (moments.absolute, moments.square, moments.unbiased)
    return resampler.summarise(lambda *means: statistic(Moments(*means)), *parts)


def quantities(
    resampler: Resampler, moments: Moments, dims: tuple[str, ...], unit: str, prefix: str = ""
) -> list[Quantity]:
    """Return the four strengths as quantities of a report."""
    return [
        summary.quantity(prefix + name, dims, unit, STRENGTHS[name][1])
        for name, summary in summaries(resampler, moments).items()
    ]
