"""What R, the strength of the middle orders over that of the ends, says: weaker, stronger, no difference, or a bound.

The bands, R and the rule are ours (docs/decisions/0021-a-bottleneck-is-judged-by-its-own-ratio.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from interact_cli.metrics.summaries.root_ratio import RootRatio, shown_above_zero
from interact_cli.metrics.summaries.statistics import LEAST_FOR_INTERVAL, Resampler
from interact_cli.results import Finding
from interact_cli.types import FloatArray
from interact_cli.words import interval, number

ROUNDING = 1e-5
"""Interactions below this share of max|v| at every order are rounding of the float32 forward passes."""
TWICE = 2
"""So many times what a game without structure shows the middle must be, before anything is said of it."""
WHAT = "corrected rms of the middle orders over that of the ends"


@dataclass(frozen=True)
class Squares:
    """Mean unbiased squares of the included samples, ``(sample,)`` each."""

    middle: FloatArray
    ends: FloatArray
    variance: FloatArray
    """Of the values of the game: what the squares are divided by in a test, so that no sample outweighs the others."""
    without_structure: FloatArray
    """``rho^2``: middle over ends in a game of independent values."""
    rounding: FloatArray | float = 0.0
    """Squares up to here are rounding of the forward passes."""

    @property
    def ends_shown(self) -> bool:
        """True where interactions at the ends are shown to be there."""
        return shown_above_zero(self._scaled(self.ends - self.rounding))

    @property
    def middle_shown(self) -> bool:
        """True where the middle is shown to be more than twice what a game without structure shows."""
        least = TWICE**2 * self.without_structure * self.ends
        return shown_above_zero(self._scaled(self.middle - least - self.rounding))

    def _scaled(self, squares: FloatArray) -> FloatArray:
        return squares / np.where(self.variance > 0, self.variance, 1.0)


def below_rounding(scale: float) -> Finding:
    """Say that there is nothing to judge: J would normalise rounding errors."""
    sentence = (
        f"Not tested: at every order mean |I| is below the rounding of the forward passes "
        f"({ROUNDING:g} of max|v| = {scale:.3g}); the network shows no pairwise interaction."
    )
    return Finding("not tested", sentence, {"scale": scale, "rounding": ROUNDING * scale})


def too_few_orders() -> Finding:
    """Say that there is no middle or an end is missing."""
    return Finding("not tested", "Not tested: too few orders for a middle and two ends.")


def judge(ratio: RootRatio, squares: Squares, resampler: Resampler) -> Finding:
    """Say a word where ends and middle are shown to be there, else a bound.

    Args:
        ratio: R with its interval.
        squares: What R is made of.
        resampler: Whether there are enough samples for an interval.
    """
    rho = sqrt(float(squares.without_structure.mean())) if len(squares.without_structure) else float("nan")
    facts = {"ratio": ratio.value, "low": ratio.low, "high": ratio.high, "ratio_without_structure": rho}
    if not resampler.intervals:
        few = f"{resampler.counted}, a verdict needs {LEAST_FOR_INTERVAL}"
        why = few if resampler.n_samples < LEAST_FOR_INTERVAL else "an illustration has no verdict"
        return Finding("not tested", f"Not tested: {why}.", facts)
    if not squares.ends_shown or not isfinite(ratio.high):
        return Finding("not shown", "Not judged: that pairs interact at the ends at all is not shown.", facts)
    if not squares.middle_shown:
        least, most = np.sqrt([squares.without_structure.min(), squares.without_structure.max()])
        without = f"{'up to ' if least < most else ''}{number(most, 2)}"
        sentence = (
            f"The middle is at most {number(ratio.high)} times as strong as the ends (R, the {WHAT}); that it is more "
            f"than twice what values without structure show, {without}, is not shown."
        )
        return Finding("bounded", sentence, facts, ("middle_over_ends",))
    if ratio.low <= 1 <= ratio.high:
        word, told = "no difference shown", "No difference shown between the middle and the ends"
    else:
        word = "weaker" if ratio.high < 1 else "stronger"
        told = f"{word.capitalize()} in the middle than at the ends"
    numbers = f"R = {number(ratio.value)} {interval(ratio.low, ratio.high)}, the {WHAT}"
    return Finding(word, f"{told}: {numbers}.", facts, ("middle_over_ends",))
