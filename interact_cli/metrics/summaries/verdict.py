"""What a measured J says against the null of its own plan: deeper, shallower, or nothing.

The ends, the middle and the comparison are ours (docs/decisions/0003-the-null-of-a-bottleneck.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from interact_cli.metrics.summaries.statistics import LEAST_FOR_INTERVAL, Resampler, Summary
from interact_cli.results import Finding
from interact_cli.types import BoolArray, FloatArray, IntArray

ENDS = 0.1
"""Orders within this share of n - 2 of either end are the ends."""
MIDDLE = (0.3, 0.7)
"""Orders between these shares of n - 2 are the middle."""
SLACK = 1e-9
"""For products such as 0.7 * 10, which need not be 7."""
LEVEL = 2.2414
"""Standard errors of a two-sided 97.5 % interval: with two findings, either errs on noise in at most 5 %."""
ROUNDING = 1e-5
"""Interactions below this share of max|v| at every order are rounding of the float32 forward passes."""


@dataclass(frozen=True)
class Ratio:
    """J(middle) / J(ends): which orders are which."""

    low_end: BoolArray
    high_end: BoolArray
    middle: BoolArray

    @classmethod
    def at(cls, orders: FloatArray | IntArray, n_others: float) -> Ratio:
        """Sort orders out of 0..n-2 into ends and middle.

        The published orders are truncated shares: 0.9 of 254 is order 228, a share of 0.8976. So an order belongs
        to a band if it is less than one order outside. Where one order is a tenth of n - 2 or more it would be as
        wide as an end; there every order is measured and the bands stand as they are.

        Args:
            orders: The measured orders; or shares of n - 2, where the samples differ in n.
            n_others: n - 2; or 1.

        Example:
            >>> bands = Ratio.at(np.array([0, 12, 25, 50, 76, 101, 127, 152, 177, 203, 228, 241, 254]), 254)
            >>> int(bands.low_end.sum()), int(bands.middle.sum()), int(bands.high_end.sum())
            (3, 5, 3)
        """
        tolerance = 1 - SLACK if n_others * ENDS > 1 else SLACK
        ends = ENDS * n_others + tolerance
        low, high = orders <= ends, orders >= n_others - ends
        middle = (orders >= MIDDLE[0] * n_others - tolerance) & (orders <= MIDDLE[1] * n_others + tolerance)
        return cls(low, high, middle & ~low & ~high)

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

    The null draws are whole cohorts of noise, so their standard deviation is what the measured ratio would have on
    noise; resampling tells what it has on this network. The larger of the two is the error, times
    ``sqrt(1 + 1 / draws)`` because the null's own ratio is a mean of draws.

    Args:
        name: The strength that J is made of.
        curve: J over the samples, with its resamples.
        null: ``(draw, order)``: J of the same plan on noise.
        ratio: Which orders are ends and middle.
        resampler: Whether there are enough samples for an interval.
    """
    label = {"mean_abs": "J, mean-abs", "rms_corrected": "J, corrected rms"}[name]
    if not ratio.defined:
        return Finding("not tested", f"Not tested on {label}: too few orders for a middle and two ends.")
    measured, by_draw = float(ratio.of(curve.value)), ratio.of(null)
    by_draw = by_draw[np.isfinite(by_draw)]
    facts = {"ratio": measured, "null_ratio": float(by_draw.mean()) if len(by_draw) else float("nan")}
    if not resampler.intervals:
        few = f"{resampler.counted}, an interval needs {LEAST_FOR_INTERVAL}"
        why = few if resampler.n_samples < LEAST_FOR_INTERVAL else "an illustration has no interval"
        return Finding("not tested", f"Not tested on {label}: {why}.", facts)
    if not np.isfinite(measured):
        return Finding("not tested", f"Not tested on {label}: no interaction at the ends to compare with.", facts)
    resampled = ratio.of(curve.replicates)
    spread = resampler.spread(resampled[np.isfinite(resampled)])
    error = max(float(spread), float(by_draw.std(ddof=1))) * sqrt(1 + 1 / len(by_draw))
    difference = measured - facts["null_ratio"]
    facts |= {"difference": difference, "low": difference - LEVEL * error, "high": difference + LEVEL * error}
    numbers = f"middle/ends {measured:.3g} against {facts['null_ratio']:.3g} from noise (difference {difference:+.3g}, "
    numbers += f"97.5 % interval {facts['low']:+.3g} to {facts['high']:+.3g})"
    if facts["low"] <= 0 <= facts["high"]:
        return Finding("not distinguishable", f"By {label}: not distinguishable from noise, {numbers}.", facts)
    word, article, how = ("deeper", "a", "more") if difference < 0 else ("shallower", "no", "less")
    told = f"By {label}: {article} bottleneck beyond noise, the middle dips {how} than noise would, {numbers}."
    return Finding(word, told, facts)
