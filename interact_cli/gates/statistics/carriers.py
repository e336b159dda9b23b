"""Few samples that carry a difference: no interval sees how many more like them there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import LEAST_FOR_INTERVAL
from interact_cli.metrics.summaries.of_means import OfMeans
from interact_cli.types import BoolArray, FloatArray, IntArray

FEW = 1 / 5
"""At most this share of the samples is few."""
FAR = 4.0
"""So many standard deviations from the middle sample, as the middle half of them tells it, stands out."""
NORMAL = 1.4826
"""Standard deviation over median absolute deviation of a normal law."""
MOST = 0.9
"""Of what all of them move is moved by those that are named."""
MATTERS = 0.5
"""Share of the margin by which they must move the difference."""


@dataclass(frozen=True)
class Carriers:
    """Few samples without which a difference would be another."""

    rows: IntArray
    """Of the paired samples, the one that moves it furthest first."""
    without: float
    """The difference of the others, in the unit of the margin."""


def carriers(numbers: PairedNumbers, place: int, margin: float, *, relative: bool) -> Carriers | None:
    """Find the samples that stand out in what they contribute to a difference, if they are few and matter.

    They stand out where the jackknife's pseudo-values ``n d - (n - 1) d_(-i)`` lie far from their median, and matter
    where the difference without them lies half a margin from the one with them.

    Args:
        numbers: What the paired samples contribute.
        place: Which of the places, row-major.
        margin: The smallest change that matters, above 0.
        relative: Whether the margin is a share of the reference.

    Returns:
        None where no sample stands out, where they are more than a fifth, or where they do not matter.

    Example:
        >>> from interact_cli.metrics.summaries.of_means import STATISTICS
        >>> before = np.ones((40, 1)) + np.arange(40)[:, None] / 40
        >>> after = before.copy()
        >>> after[[7, 9]] *= 3
        >>> numbers = PairedNumbers("shapley", "mean_abs", ("player",), (("a",),), "logit", STATISTICS["mean"], None,
        ...                         (before,), (after,))
        >>> found = carriers(numbers, 0, 0.1, relative=True)
        >>> found.rows.tolist(), found.without
        ([9, 7], 0.0)
    """
    n, before = numbers.n_samples, numbers.statistic.before
    if n < LEAST_FOR_INTERVAL:
        return None
    sides = [
        [part if before is None else before(part) for part in side] for side in (numbers.reference, numbers.candidate)
    ]

    def difference(weights: FloatArray) -> FloatArray:
        """Return it for rows of weights of the samples: ``(row, sample)`` -> ``(row,)``."""
        first, second = (_at(numbers.statistic, side, weights, place) for side in sides)
        return second / first - 1 if relative else second - first

    with np.errstate(all="ignore"):
        whole = difference(np.full((1, n), 1 / n))[0]
        pseudo = n * whole - (n - 1) * difference((1 - np.eye(n)) / (n - 1))
        moved = pseudo - np.median(pseudo)
        spread = NORMAL * np.median(np.abs(moved))
        stands_out: BoolArray = np.abs(moved) > FAR * spread + 1e-9 * np.abs(moved).max()
        if not 0 < stands_out.sum() <= FEW * n:
            return None
        rows = np.flatnonzero(stands_out)
        rows = rows[np.argsort(-np.abs(moved[rows]), kind="stable")]
        so_far = np.abs(moved[rows]).cumsum()
        rows = rows[: np.searchsorted(so_far, MOST * so_far[-1]) + 1]
        others = np.ones((1, n))
        others[0, rows] = 0
        without = difference(others / others.sum())[0]
    return Carriers(rows, float(without)) if abs(whole - without) >= MATTERS * margin else None


def _at(statistic: OfMeans, side: list[FloatArray], weights: FloatArray, place: int) -> FloatArray:
    """Return a statistic of weighted means at one place: ``(row,)``."""
    means = [np.tensordot(weights, part, axes=1) for part in side]
    means = [mean if mean.ndim > 1 else mean[:, None] for mean in means]
    at: FloatArray = statistic.of(*means).reshape(len(weights), -1)[:, place]
    return at
