"""Candidate minus reference, place by place, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.gates.statistics.holm import holm
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.paired import Paired, blocks
from interact_cli.gates.statistics.resampling import LEAST_FOR_INTERVAL, Resamples
from interact_cli.types import BoolArray, FloatArray
from interact_cli.verdicts import Change, Difference


def differences(numbers: PairedNumbers, resamples: Resamples, *, confidence: float = 0.95) -> tuple[Difference, ...]:
    """Compare a quantity at each of its places, row-major.

    Both reports are resampled alike: their common samples, and whatever else they share, cancel. The interval is the
    outermost of all (`metrics.summaries.bounds.Bounds`), and covers that of the number without the noise of drawn
    contexts too, where there is one. Intervals are NaN below 20 samples, and where a number is not finite on some
    resample.

    Args:
        numbers: What the paired samples contribute.
        resamples: Resamples of these samples.
        confidence: Of the interval.

    Returns:
        One difference a place, in the unit of the quantity.

    Example:
        >>> from interact_cli.metrics.summaries.of_means import STATISTICS
        >>> before = np.random.default_rng(0).random((40, 1))
        >>> numbers = PairedNumbers("shapley", "mean_abs", ("player",), (("a",),), "logit", STATISTICS["mean"], None,
        ...                         (before,), (before + 0.5,))
        >>> [found] = differences(numbers, Resamples.draw(40, seed=0, resamples=2000))
        >>> found.place, round(found.difference, 6), found.change
        ('player a', 0.5, 'rose')
    """
    alpha = (1 - confidence) / 2
    return records(numbers, (table_of(block, alpha) for block in blocks(numbers, resamples)), confidence)


Table = Mapping[str, npt.NDArray[Any]]
"""Numbers of differences by their field, one entry a place, NaN where there is no such number; and `TOLD_BY`."""
TOLD_BY = ("p_rose", "p_fell", "identical", "undefined")
"""What decides the word of a change."""
SHARES = ("relative", "relative_low", "relative_high")


def table_of(block: Paired, alpha: float) -> Table:
    """Bound every place of a block at level alpha on either side."""
    zero, n = np.zeros_like(block.reference), block.absolute.value.n_samples
    absolute, relative = block.absolute, block.relative

    def shown(numbers: FloatArray, where: BoolArray, if_identical: float = 0.0) -> FloatArray:
        return np.where(where, np.where(block.identical, if_identical, numbers), np.nan)

    with np.errstate(all="ignore"):
        t_low, t_high = absolute.value.student(alpha)
        return {
            "reference": block.reference,
            "candidate": block.candidate,
            "difference": block.candidate - block.reference,
            "low": shown(absolute.low(alpha), block.bounded),
            "high": shown(absolute.high(alpha), block.bounded),
            "t_low": shown(t_low, block.bounded),
            "t_high": shown(t_high, block.bounded),
            "standard_error": shown(absolute.error, block.finite),
            "bias": shown(absolute.bias, block.finite),
            "relative": shown(relative.value.value, block.positive),
            "relative_low": shown(relative.low(alpha), block.positive),
            "relative_high": shown(relative.high(alpha), block.positive),
            "p_rose": shown(absolute.p_above(zero), block.bounded, 1.0),
            "p_fell": shown(absolute.p_below(zero), block.bounded, 1.0),
            "identical": block.identical,
            "undefined": ~block.bounded if n >= LEAST_FOR_INTERVAL else ~block.finite,
        }


def records(numbers: PairedNumbers, blocks: Iterable[Table], confidence: float) -> tuple[Difference, ...]:
    """Return tables of some places each as records, with what each place shows, corrected for their number."""
    tables = list(blocks)
    table = {name: np.concatenate([block[name] for block in tables]) for name in tables[0]}
    adjusted = holm(np.minimum(2 * np.minimum(table["p_rose"], table["p_fell"]), 1.0))
    rows = []
    for place, at in enumerate(product(*numbers.labels)):
        row = {name: column[place].item() for name, column in table.items()}
        change = _change(**{name: row.pop(name) for name in TOLD_BY}, shown=bool(adjusted[place] < 1 - confidence))
        row |= {name: _known(row[name]) for name in SHARES}
        named = numbers.metric, numbers.quantity, numbers.dims, at, numbers.unit
        rows.append(Difference(*named, **row, confidence=confidence, change=change, label=numbers.label))
    return tuple(rows)


def _change(*, p_rose: float, p_fell: float, identical: bool, undefined: bool, shown: bool) -> Change:
    if undefined:
        return "undefined"
    if identical:
        return "identical"
    if not shown:
        return "no change shown"
    return "rose" if p_rose < p_fell else "fell"


def _known(number: float) -> float | None:
    return number if isfinite(number) else None
