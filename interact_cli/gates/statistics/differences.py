"""Candidate minus reference, place by place, with intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from itertools import product

import numpy as np

from interact_cli.gates.statistics.bounds import holm
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.paired import Paired, blocks
from interact_cli.gates.statistics.resampling import LEAST_FOR_INTERVAL, Resamples
from interact_cli.types import BoolArray, FloatArray
from interact_cli.verdicts import Change, Difference


def differences(numbers: PairedNumbers, resamples: Resamples, *, confidence: float = 0.95) -> tuple[Difference, ...]:
    """Compare a quantity at each of its places, row-major.

    Both reports are resampled alike: their common samples, and whatever else they share, cancel. The interval is the
    outermost of three (`gates.statistics.bounds.Bounds`), and covers that of the number without the noise of drawn
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
    return records(numbers, joined(Columns.of(block, alpha) for block in blocks(numbers, resamples)), confidence)


@dataclass(frozen=True)
class Columns:
    """A table of differences, one entry a place; NaN where there is no such number."""

    reference: FloatArray
    candidate: FloatArray
    difference: FloatArray
    low: FloatArray
    high: FloatArray
    t_low: FloatArray
    t_high: FloatArray
    standard_error: FloatArray
    bias: FloatArray
    relative: FloatArray
    relative_low: FloatArray
    relative_high: FloatArray
    relative_error: FloatArray
    p_rose: FloatArray
    p_fell: FloatArray
    identical: BoolArray
    undefined: BoolArray

    @classmethod
    def of(cls, block: Paired, alpha: float) -> Columns:
        """Bound every place at level alpha on either side."""
        zero, n = np.zeros_like(block.reference), block.absolute.bounds.n_samples
        absolute, relative = block.absolute, block.relative

        def shown(numbers: FloatArray, where: BoolArray, if_identical: float = 0.0) -> FloatArray:
            return np.where(where, np.where(block.identical, if_identical, numbers), np.nan)

        with np.errstate(all="ignore"):
            t_low, t_high = absolute.bounds.student(alpha)
            return cls(
                block.reference,
                block.candidate,
                block.candidate - block.reference,
                shown(absolute.low(alpha), block.bounded),
                shown(absolute.high(alpha), block.bounded),
                shown(t_low, block.bounded),
                shown(t_high, block.bounded),
                shown(absolute.error, block.finite),
                shown(absolute.bias, block.finite),
                shown(relative.bounds.value, block.positive),
                shown(relative.low(alpha), block.positive),
                shown(relative.high(alpha), block.positive),
                shown(relative.error, block.positive),
                shown(absolute.p_above(zero), block.bounded, 1.0),
                shown(absolute.p_below(zero), block.bounded, 1.0),
                block.identical,
                ~block.bounded if n >= LEAST_FOR_INTERVAL else ~block.finite,
            )


def joined(tables: Iterable[Columns]) -> Columns:
    """Put tables of some places each behind one another."""
    held = list(tables)
    return Columns(*[np.concatenate([getattr(table, column.name) for table in held]) for column in fields(Columns)])


def records(numbers: PairedNumbers, table: Columns, confidence: float) -> tuple[Difference, ...]:
    """Return the table as records, with what each place shows, corrected for their number."""
    adjusted = holm(np.minimum(2 * np.minimum(table.p_rose, table.p_fell), 1.0))
    named = numbers.metric, numbers.quantity, numbers.dims
    return tuple(
        Difference(
            *named,
            at,
            numbers.unit,
            reference=float(table.reference[place]),
            candidate=float(table.candidate[place]),
            difference=float(table.difference[place]),
            low=float(table.low[place]),
            high=float(table.high[place]),
            confidence=confidence,
            t_low=float(table.t_low[place]),
            t_high=float(table.t_high[place]),
            standard_error=float(table.standard_error[place]),
            bias=float(table.bias[place]),
            change=_change(table, place, shown=bool(adjusted[place] < 1 - confidence)),
            relative=_known(table.relative[place]),
            relative_low=_known(table.relative_low[place]),
            relative_high=_known(table.relative_high[place]),
            label=numbers.label,
        )
        for place, at in enumerate(product(*numbers.labels))
    )


def _change(table: Columns, place: int, *, shown: bool) -> Change:
    if table.undefined[place]:
        return "undefined"
    if table.identical[place]:
        return "identical"
    if not shown:
        return "no change shown"
    return "rose" if table.p_rose[place] < table.p_fell[place] else "fell"


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
