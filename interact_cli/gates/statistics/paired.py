"""Both reports' numbers on the same samples and resamples, a block of places at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from scipy.special import ndtri

from interact_cli.gates.statistics.counts import Counts
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import AT_ONCE, LEAST_FOR_INTERVAL, Resamples
from interact_cli.metrics.summaries import log_normal
from interact_cli.metrics.summaries.bounds import Bounds
from interact_cli.metrics.summaries.of_means import OfMeans
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray

Parts = tuple[FloatArray, ...]
ROUNDING = 1e-12
"""Share of a number below which a difference is rounding."""
REFERENCE_ALPHA = 0.025
"""The reference's own interval is one of 95 %."""


@dataclass(frozen=True)
class Change:
    """A change, absolute or relative, with what is needed to bound it; ``(place,)`` each."""

    readings: tuple[Bounds, ...]
    """The change, and the same without the noise of the drawn contexts where there is such a number. What that noise
    adds is an estimate too, so a bound is the outer one of both readings, each with its own spread."""
    error: FloatArray
    """Standard error of the resamples, mended for the samples that they were drawn from."""
    widest: FloatArray
    """The larger one of both readings."""
    rounding: FloatArray
    """What is too small to count."""
    counts: tuple[Counts, ...] = ()
    """Of a share of samples: the outermost of the bounds and of these holds."""

    @property
    def value(self) -> Bounds:
        """The change itself."""
        return self.readings[0]

    @property
    def bias(self) -> FloatArray:
        """The part by which noise of the drawn contexts alone moves it: raw minus corrected."""
        return self.value.value - self.readings[-1].value if len(self.readings) > 1 else np.zeros_like(self.error)

    @property
    def finite(self) -> BoolArray:
        """True where every number of both readings is."""
        finite: BoolArray = np.logical_and.reduce([reading.finite for reading in self.readings])
        return finite

    @property
    def falls_nowhere(self) -> BoolArray:
        """True where neither reading is below 0 on any resample, and no share of samples is read: that may yet fall."""
        least = np.minimum.reduce([reading.ordered[:, 0] for reading in self.readings])
        return np.asarray((least >= 0) & (not self.counts))

    def low(self, alpha: float) -> FloatArray:
        """Return the lower bound at level alpha."""
        low: FloatArray = np.minimum.reduce([bounds.low(alpha) for bounds in self._bounds])
        return low

    def high(self, alpha: float) -> FloatArray:
        """Return the upper bound at level alpha."""
        high: FloatArray = np.maximum.reduce([bounds.high(alpha) for bounds in self._bounds])
        return high

    def spread(self, alpha: float) -> FloatArray:
        """Return the standard error that tells how far more samples reach, that of other bounds where it is larger."""
        exact = [(bounds.high(alpha) - bounds.low(alpha)) / (-2 * ndtri(alpha)) for bounds in self.counts]
        by_law = [reading.spread(alpha) for reading in self.readings]
        wider: FloatArray = np.fmax.reduce([self.widest, *exact, *by_law])
        return wider

    def p_above(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the lower bound is at the threshold."""
        levels = [reading.p_above(threshold + self.rounding) for reading in self.readings]
        p: FloatArray = np.maximum.reduce([*levels, *(counts.p_above(threshold) for counts in self.counts)])
        return p

    def p_below(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the upper bound is at the threshold."""
        levels = [reading.p_below(threshold - self.rounding) for reading in self.readings]
        p: FloatArray = np.maximum.reduce([*levels, *(counts.p_below(threshold) for counts in self.counts)])
        return p

    @property
    def _bounds(self) -> tuple[Bounds | Counts, ...]:
        return (*self.readings, *self.counts)


@dataclass(frozen=True)
class Paired:
    """Some places of both reports; ``(place,)`` each."""

    reference: FloatArray
    candidate: FloatArray
    identical: BoolArray
    """Finite and equal: on all samples, on every resample and without any one sample."""
    finite: BoolArray
    """Both numbers, and their bias."""
    bounded: BoolArray
    """The difference has an interval: enough samples, finite on every resample and without any one sample."""
    positive: BoolArray
    """The relative difference has one too: both readings of the reference are above 0 by their own
    intervals, and in every resample."""
    absolute: Change
    relative: Change
    """Candidate over reference, minus 1."""


def blocks(numbers: PairedNumbers, resamples: Resamples) -> Iterator[Paired]:
    """Yield all places, row-major: as many at a time as memory allows, or all where they depend on each other."""
    before = numbers.statistic.before
    sides = [
        tuple(part if before is None else before(part) for part in side)
        for side in (numbers.reference, numbers.candidate)
    ]
    shape = tuple(len(labels) for labels in numbers.labels)
    fit = max(1, AT_ONCE // max(1, len(resamples.counts)))
    if prod(shape) <= fit or sides[0][0].shape[1:] != shape or not _by_place(numbers.statistic, len(sides[0])):
        with_axis = [tuple(part if part.ndim > 1 else part[:, None] for part in side) for side in sides]
        yield _paired(numbers, with_axis, resamples)
        return
    flat = [tuple(_flat(part) for part in side) for side in sides]
    for first in range(0, prod(shape), fit):
        yield _paired(numbers, [tuple(part[:, first : first + fit] for part in side) for side in flat], resamples)


def _by_place(statistic: OfMeans, n_parts: int) -> bool:
    """Return True where every place is a number of its own, so that the places can be cut: not so for J."""
    parts = generator(0, "gate", "places").random((n_parts, 8))
    whole = statistic.of(*parts)
    alone = np.concatenate([statistic.of(*parts[:, [place]]) for place in range(8)])
    return bool(np.isfinite(whole).all() and (whole == alone).all())


def _paired(numbers: PairedNumbers, sides: Sequence[Parts], resamples: Resamples) -> Paired:
    known = [statistic for statistic in (numbers.statistic, numbers.corrected) if statistic is not None]
    statistics = [statistic.of for statistic in known]

    def readings(*means: FloatArray) -> FloatArray:
        """Return the number, and the same without the noise of drawn contexts: ``(row, reading * place)``."""
        return np.concatenate([_flat(statistic(*means)) for statistic in statistics], axis=-1)

    with np.errstate(all="ignore"):
        values, without = ([readings(*map(take, side)) for side in sides] for take in (_mean, _left_out))
        drawn = [resamples.of(readings, side) for side in sides]
        absolute = [second - first for first, second in (values, drawn, without)]
        relative = [second / first - 1 for first, second in (values, drawn, without)]
        (first, *_), (second, *_) = (np.split(value[0], len(statistics)) for value in values)
        rounding = ROUNDING * np.maximum(np.abs(first), np.abs(second))
        by_law = [_pivots(statistic, *sides) for statistic in known]
        changed = _change(absolute, [both and both[1] - both[0] for both in by_law], rounding)
        shared = _change(relative, [both and both[1] / both[0] - 1 for both in by_law], np.full_like(first, ROUNDING))
        if numbers.counted:
            counts = Counts.of(*(side[0] for side in sides))
            changed = replace(changed, counts=(counts,))
            shared = replace(shared, counts=(replace(counts, unit=1 / first),))

        finite = np.isfinite(first) & np.isfinite(second) & np.isfinite(changed.bias) & _clean(sides, len(first))
        bounded = finite & changed.finite & (numbers.n_samples >= LEAST_FOR_INTERVAL)
        own = Bounds.of(values[0][0], drawn[0], without[0])
        above = (own.low(REFERENCE_ALPHA) > ROUNDING * np.abs(own.value)) & (own.ordered[:, 0] > 0)
        positive = bounded & above.reshape(len(statistics), -1).all(axis=0) & shared.finite
        alike = np.logical_and.reduce(
            [(reference == candidate).all(axis=0) for reference, candidate in (values, without, drawn)]
        )
        equal = alike.reshape(len(statistics), -1).all(axis=0) | all(
            np.array_equal(reference, candidate) for reference, candidate in zip(*sides, strict=True)
        )
        identical = finite & equal & (not numbers.counted)
    return Paired(first, second, identical, finite, bounded, positive, changed, shared)


def _pivots(statistic: OfMeans, reference: Parts, candidate: Parts) -> tuple[FloatArray, FloatArray] | None:
    """Return what both numbers may be if those of the samples are log-normal, ``(pivot, place)`` each."""
    if statistic.alone is None or len(reference[0]) < LEAST_FOR_INTERVAL:
        return None
    shape = reference[statistic.alone].shape[1:]
    drawn = log_normal.pairs_of_means(*(_flat(side[statistic.alone]) for side in (reference, candidate)))
    first, second = (statistic.of(*[means.reshape(-1, *shape)] * len(reference)) for means in drawn)
    return _flat(first), _flat(second)


def _change(numbers: Sequence[FloatArray], pivots: Sequence[FloatArray | None], rounding: FloatArray) -> Change:
    """Bound value, resamples and jackknife of a change, ``(row, reading * place)`` each."""
    value, replicates, left_out = (np.split(rows, len(pivots), axis=-1) for rows in numbers)
    bounds = tuple(
        Bounds.of(measured[0], drawn, without, by_law)
        for measured, drawn, without, by_law in zip(value, replicates, left_out, pivots, strict=True)
    )
    n = np.float64(len(left_out[0]))
    errors = [rows.std(axis=0, ddof=1) * np.sqrt(n / (n - 1)) for rows in replicates]
    return Change(bounds, errors[0], np.maximum.reduce(errors), rounding)


def _flat(numbers: FloatArray) -> FloatArray:
    """Return ``(row, ..., place)`` with all axes of places as one: ``(row, place)``."""
    return numbers.reshape(len(numbers), prod(numbers.shape[1:]))


def _clean(sides: Sequence[Parts], n_places: int) -> BoolArray:
    """Return where every part is finite, whether or not the statistic reads it; anywhere, if it takes some places."""
    clean = np.logical_and.reduce([_flat(np.isfinite(part)).all(axis=0) for side in sides for part in side])
    return clean if len(clean) == n_places else np.full(n_places, clean.all())


def _mean(part: FloatArray) -> FloatArray:
    """Return the mean over samples, NaN of none: ``(sample, ...)`` -> ``(1, ...)``."""
    total: FloatArray = part.sum(axis=0, keepdims=True)
    return total / np.float64(len(part))


def _left_out(part: FloatArray) -> FloatArray:
    """Return the mean without each sample: ``(sample, ...)`` -> ``(sample, ...)``."""
    total: FloatArray = part.sum(axis=0, keepdims=True)
    return (total - part) / np.float64(len(part) - 1)
