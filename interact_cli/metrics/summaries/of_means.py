"""Every statistic by which samples become one number: a named function of means over the samples.

A summary that says which statistic it is, and of which per-sample quantities, can be computed again from the report:
on other samples, on resamples, and on two reports together. That is all that a comparison needs to know of a metric.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from interact_cli.types import FloatArray

MeansToNumber = Callable[..., FloatArray]
"""Means of the parts, ``(..., place)`` each -> ``(..., place)``."""


Interval = Literal["percentile", "logarithm", "outermost"]


@dataclass(frozen=True)
class OfMeans:
    """A statistic of sample means."""

    of: MeansToNumber
    corrected: str = ""
    """The same number without the noise of drawn contexts, another statistic of the same parts; empty where there is
    none: the statistic is unbiased, or its parts cannot tell."""
    before: Callable[[FloatArray], FloatArray] | None = None
    """What is done to every part of a sample before the mean; nothing unless given."""
    relative: bool = False
    """True where the number is a ratio and has no unit; else it has that of the first part."""
    interval: Interval = "percentile"
    """By which rule its 95 % interval is found, see `intervals`."""
    alone: int | None = None
    """The only part that it takes the mean of, place by place; None where it takes several."""


def _mean(mean: FloatArray) -> FloatArray:
    return mean


def _mean_abs(absolute: FloatArray, square: FloatArray, unbiased: FloatArray) -> FloatArray:
    """Return E|I|, raw."""
    del square, unbiased
    return absolute


def _mean_abs_corrected(absolute: FloatArray, square: FloatArray, unbiased: FloatArray) -> FloatArray:
    """Return E|I| sqrt(max(0, U) / Q): approximate."""
    share = np.maximum(unbiased, 0.0) / np.where(square > 0, square, 1.0)
    return absolute * np.sqrt(share)


def _rms(absolute: FloatArray, square: FloatArray, unbiased: FloatArray) -> FloatArray:
    """Return sqrt(E I^2), raw."""
    del absolute, unbiased
    return np.sqrt(square)


def _rms_corrected(absolute: FloatArray, square: FloatArray, unbiased: FloatArray) -> FloatArray:
    """Return sqrt(max(0, U))."""
    del absolute, square
    return np.sqrt(np.maximum(unbiased, 0.0))


def _normalised(strength: MeansToNumber) -> MeansToNumber:
    """Return the strength divided by its mean over the last axis, the orders."""

    def curve(*means: FloatArray) -> FloatArray:
        raw = strength(*means)
        level = raw.mean(axis=-1, keepdims=True)
        return raw / np.where(level > 0, level, np.nan)

    return curve


def _share_of(place: int) -> MeansToNumber:
    """Return one part over the sum of all parts, each summed over the last axis."""

    def share(*means: FloatArray) -> FloatArray:
        total = np.concatenate(means, axis=-1).sum(axis=-1, keepdims=True)
        return means[place] / np.where(total > 0, total, np.nan)

    return share


def _mean_of_known(total: FloatArray, known: FloatArray) -> FloatArray:
    """Return the mean over the samples that have a number; ``total`` is 0 in the others, ``known`` 1 and 0."""
    return total / np.where(known > 0, known, np.nan)


def _ratio(part: FloatArray, whole: FloatArray, least: FloatArray, known: FloatArray | float = 1.0) -> FloatArray:
    """Return ``part / whole``, each a mean over the known samples; NaN where ``whole`` is at most ``least``."""
    above = whole / np.where(known > 0, known, np.nan)
    return (part / np.where(known > 0, known, np.nan)) / np.where(above > least, above, np.nan)


def _root_ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return ``sqrt(max(0, part) / whole)``; NaN where ``whole`` is not above 0."""
    return np.sqrt(np.maximum(part, 0.0) / np.where(whole > 0, whole, np.nan))


_STRENGTHS = {
    "mean_abs": OfMeans(_mean_abs, corrected="mean_abs_corrected", interval="logarithm", alone=0),
    "mean_abs_corrected": OfMeans(_mean_abs_corrected, interval="logarithm"),
    "rms": OfMeans(_rms, corrected="rms_corrected", interval="logarithm", alone=1),
    "rms_corrected": OfMeans(_rms_corrected, interval="logarithm", alone=2),
}

STATISTICS: dict[str, OfMeans] = {
    "mean": OfMeans(_mean, alone=0),
    "mean_magnitude": OfMeans(_mean, before=np.abs, alone=0),
    "mean_of_known": OfMeans(_mean_of_known),
    **_STRENGTHS,
    **{
        f"J_{name}": OfMeans(
            _normalised(of.of), corrected=of.corrected and f"J_{of.corrected}", relative=True, interval="outermost"
        )
        for name, of in _STRENGTHS.items()
    },
    "share": OfMeans(_share_of(0), relative=True),
    "share_of_second": OfMeans(_share_of(1), relative=True),
    "ratio": OfMeans(_ratio, relative=True),
    "root_ratio": OfMeans(_root_ratio, relative=True),
}
"""Name in a report -> the statistic. The strengths and ``J_...`` take ``absolute``, ``square`` and ``unbiased``."""
