"""Every statistic by which samples become one number: a named function of means over the samples.

A summary that says which statistic it is, and of which per-sample quantities, can be computed again from the report:
on other samples, on resamples, and on two reports together. That is all that a comparison needs to know of a metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from interact_cli.types import FloatArray

MeansToNumber = Callable[..., FloatArray]
"""Means of the parts, ``(..., place)`` each -> ``(..., place)``."""


@dataclass(frozen=True)
class OfMeans:
    """A statistic of sample means."""

    of: MeansToNumber
    corrected: str = ""
    """The same number without the noise of drawn contexts, another statistic of the same parts; empty where the
    statistic is unbiased."""
    before: Callable[[FloatArray], FloatArray] | None = None
    """What is done to every part of a sample before the mean; nothing unless given."""


def _mean(mean: FloatArray) -> FloatArray:
    return mean


STATISTICS: dict[str, OfMeans] = {
    "mean": OfMeans(_mean),
}
"""Name in a report -> the statistic."""
