"""What a measured J says against the null of its own plan: deeper, shallower, or nothing.

The ends, the middle and the comparison are ours (docs/decisions/0003-the-null-of-a-bottleneck.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.metrics.statistics import LEAST_FOR_INTERVAL, Resampler, Summary
from interact_cli.results import Finding
from interact_cli.types import BoolArray, FloatArray

ENDS = 0.1
"""Orders within this share of n - 2 of either end are the ends."""
MIDDLE = (0.3, 0.7)
"""Orders between these shares of n - 2 are the middle."""
ROUNDING = 1e-5
"""Interactions below this share of max|v| at every order are rounding of the float32 forward passes."""


@dataclass(frozen=True)
class Ratio:
    """J(middle) / J(ends): which orders are which."""

    low_end: BoolArray
    high_end: BoolArray
    middle: BoolArray

    @classmethod
    def at(cls, shares: FloatArray) -> Ratio:
        """Sort orders, given as shares of n - 2, into ends and middle."""
        return cls(shares <= ENDS, shares >= 1 - ENDS, (shares >= MIDDLE[0]) & (shares <= MIDDLE[1]))

    @property
    def defined(self) -> bool:
        """True when both ends and the middle were measured."""
        return bool(self.low_end.any() and self.high_end.any() and self.middle.any())

    def of(self, curves: FloatArray) -> FloatArray:
        """Return the ratio of each curve: ``(..., order)`` -> ``(...)``."""
        ends = curves[..., self.low_end | self.high_end].mean(axis=-1)
        ratio: FloatArray = curves[..., self.middle].mean(axis=-1) / np.where(ends > 0, ends, np.nan)
        return ratio


def below_rounding(scale: float) -> Finding:
    """Say that there is nothing to judge: J would normalise rounding errors."""
    sentence = (
        f"Not tested: at every order mean |I| is below the rounding of the forward passes "
        f"({ROUNDING:g} of max|v| = {scale:.3g}); the network shows no pairwise interaction."
    )
    return Finding("not tested", sentence, {"scale": scale, "rounding": ROUNDING * scale})


def judge(name: str, curve: Summary, null: FloatArray, ratio: Ratio, resampler: Resampler) -> Finding:
    """Compare J(middle) / J(ends) with the null's ratio, in either direction.

    Args:
        name: The strength that J is made of.
        curve: J over the samples, with its resamples.
        null: ``(draw, order)``: J of the same plan on noise.
        ratio: Which orders are ends and middle.
        resampler: Whether there are enough samples for an interval.
    """
    label = {"mean_abs": "raw mean |I|", "rms_corrected": "corrected rms"}[name]
    if not ratio.defined:
        return Finding("not tested", f"Not tested on {label}: too few orders for a middle and two ends.")
    measured, by_draw = float(ratio.of(curve.value)), ratio.of(null)
    by_draw = by_draw[np.isfinite(by_draw)]
    facts = {"ratio": measured, "null_ratio": float(by_draw.mean()) if len(by_draw) else float("nan")}
    if not resampler.intervals:
        few = f"{resampler.n_samples} samples, an interval needs {LEAST_FOR_INTERVAL}"
        why = few if resampler.n_samples < LEAST_FOR_INTERVAL else "an illustration has no interval"
        return Finding("not tested", f"Not tested on {label}: {why}.", facts)
    if not np.isfinite(measured):
        return Finding("not tested", f"Not tested on {label}: no interaction at the ends to compare with.", facts)
    spread = ratio.of(curve.replicates)
    spread = spread[np.isfinite(spread)]
    error = float(np.hypot(spread.std(ddof=1), by_draw.std(ddof=1) / np.sqrt(len(by_draw))))
    difference = measured - facts["null_ratio"]
    facts |= {"difference": difference, "low": difference - 1.96 * error, "high": difference + 1.96 * error}
    numbers = f"middle/ends {measured:.3g} against {facts['null_ratio']:.3g} from noise (difference {difference:+.3g}, "
    numbers += f"95 % interval {facts['low']:+.3g} to {facts['high']:+.3g})"
    if facts["low"] <= 0 <= facts["high"]:
        return Finding("not distinguishable", f"By {label}: not distinguishable from noise, {numbers}.", facts)
    if difference < 0:
        return Finding("deeper", f"By {label}: the middle orders are weaker than noise would show, {numbers}.", facts)
    return Finding("shallower", f"By {label}: the middle orders are stronger than noise would show, {numbers}.", facts)
