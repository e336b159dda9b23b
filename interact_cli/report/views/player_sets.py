"""Sets of players over the samples of a report: the strongest ones, of one sample and of all, and strength by size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np

from interact_cli.report.sentences import joined
from interact_cli.report.views.pairs import Means, find, largest
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.types import IntArray

CONCEPTS = "concepts"
"""The metric whose values are lengths."""
AND, OR, TIMES = " & ", " | ", " × "
JOINED_BY = {
    "harsanyi": {"values": AND},
    "or-interaction": {"values": OR},
    "and-or": {"values": AND, "or_values": OR},
    CONCEPTS: {"values": AND},
}
"""Metric -> its quantities with a value for each set, and what stands between the players of one."""
OF_SETS = {"values": TIMES}


@dataclass(frozen=True)
class NamedSet:
    """One set of players with its value."""

    members: tuple[int, ...]
    value: float
    """Signed; the mean over samples where there are several."""
    error: float
    """Its standard error, rounding of exact values included; NaN where unknown."""
    size: float
    """What it is ranked by: |value|, or its mean over samples."""
    samples: int
    """How many samples measured it."""
    joined: str = TIMES
    """What stands between the names."""

    def named(self, names: Sequence[str], limit: int) -> str:
        """Join the players' names; those that pass the limit of characters are counted."""
        return joined([names[player] for player in self.members], self.joined, limit)


@dataclass(frozen=True)
class Ranking:
    """The strongest sets, strongest first."""

    sets: tuple[NamedSet, ...]
    total: int
    """Sets that were measured, the empty one left out."""
    unit: str


def set_quantities(measurement: Measurement) -> dict[str, Quantity]:
    """Return the quantities that give each set of players a value; empty where the metric has none."""
    quantities = measurement.of_samples
    wanted = [quantities[name] for name in JOINED_BY.get(measurement.metric, OF_SETS) if name in quantities]
    axes = {("sample", "coalition")}
    if "sets" in quantities and quantities["sets"].dims == ("sample", "set", "member"):
        axes.add(("sample", "set"))
    return {quantity.name: quantity for quantity in wanted if quantity.dims in axes}


def of_sample(measurement: Measurement, sample: int, limit: int) -> Ranking:
    """Rank the sets of one sample by |value|."""
    sets: list[NamedSet] = []
    total, unit = 0, ""
    for name, quantity in set_quantities(measurement).items():
        values = np.asarray(quantity.values[sample], dtype=np.float64)
        keys = _keys(measurement, quantity, sample)
        measured = np.isfinite(values) & (keys > 0 if keys.ndim == 1 else (keys >= 0).any(axis=1))
        total, unit = total + int(measured.sum()), quantity.unit
        for place in largest(np.where(measured, np.abs(values), np.nan), limit).tolist():
            error = np.nan if quantity.standard_errors is None else float(quantity.standard_errors[sample, place])
            value, members = float(values[place]), _players(keys[place])
            sets.append(NamedSet(members, value, error, abs(value), 1, _joined(measurement, name)))
    return Ranking(_first(sets, limit), total, unit)


def of_all(report: Report, measurement: Measurement, limit: int) -> Ranking | None:
    """Rank sets by their mean |value| over the samples of the summary; None where each sample has its own players.

    Sets that few samples measured are passed over (`Means.strongest`).
    """
    if not report.players.shared or not set_quantities(measurement):
        return None
    included = np.flatnonzero(report.samples.included)
    sets: list[NamedSet] = []
    total, unit = 0, ""
    for name, quantity in set_quantities(measurement).items():
        keys, means = _means(measurement, quantity, included)
        total, unit = total + int((means.samples > 0).sum()), quantity.unit
        for place in means.strongest(limit).tolist():
            sets.append(
                NamedSet(
                    _players(keys[place]),
                    float(means.mean[place]),
                    float(means.standard_errors[place]),
                    float(means.mean_abs[place]),
                    int(means.samples[place]),
                    _joined(measurement, name),
                )
            )
    return Ranking(_first(sets, limit), total, unit)


def by_size(report: Report, measurement: Measurement) -> Iterator[tuple[int, int, float]]:
    """Yield ``(size, sets, strength)``: how many sets of that size a sample has at most, and their strength.

    The strength is sum |I|, mean of samples; where some sets were not measured (`every_set`), mean |I| over those
    that were: a sum over a draw says how many were drawn. Only for metrics whose sets are listed; those with a value
    for every coalition summarise this themselves.
    """
    quantity, sets = set_quantities(measurement).get("values"), find(measurement, "sets")
    if quantity is None or sets is None:
        return
    included = np.flatnonzero(report.samples.included)
    sizes = (np.asarray(sets.values) >= 0).sum(axis=-1)[included]
    strength = np.abs(np.asarray(quantity.values, dtype=np.float64)[included])
    complete = every_set(report, measurement)
    for size in range(1, int(sizes.max(initial=0)) + 1):
        chosen = (sizes == size) & np.isfinite(strength)
        counted = chosen.sum(axis=1)
        by_sample = np.where(chosen, strength, 0.0).sum(axis=1)
        if not complete:
            by_sample = by_sample[counted > 0] / counted[counted > 0]
        yield size, int(counted.max(initial=0)), float(by_sample.mean()) if by_sample.size else 0.0


def every_set(report: Report, measurement: Measurement) -> bool:
    """Return True where every sample of the summary has a value for each set of each size that the metric lists."""
    quantity, sets = set_quantities(measurement).get("values"), find(measurement, "sets")
    if quantity is None or sets is None:
        return False
    for sample in np.flatnonzero(report.samples.included).tolist():
        measured = np.isfinite(np.asarray(quantity.values[sample], dtype=np.float64))
        sizes = (np.asarray(sets.values[sample]) >= 0).sum(axis=-1)[measured]
        present_sizes, counts = np.unique(sizes[sizes > 0], return_counts=True)
        n = len(report.players.of_sample(sample))
        if counts.tolist() != [comb(n, size) for size in present_sizes.tolist()]:
            return False
    return True


def _means(measurement: Measurement, quantity: Quantity, included: IntArray) -> tuple[IntArray, Means]:
    """Return the distinct sets, ``(set, member)`` padded with -1 or ``(set,)`` bit codes, and their means."""
    values = np.asarray(quantity.values, dtype=np.float64)[included]
    keys, slots = _slots(measurement, quantity, included)
    measured = np.isfinite(values) & (slots >= 0)
    errors = None if quantity.standard_errors is None else quantity.standard_errors[included][measured]
    return keys, Means.of(slots[measured], values[measured], errors, len(keys))


def _slots(measurement: Measurement, quantity: Quantity, included: IntArray) -> tuple[IntArray, IntArray]:
    """Return the distinct sets, and for every value of every sample which of them it belongs to; -1 for the empty."""
    if quantity.dims[1] == "coalition":
        codes = _codes(measurement, quantity)
        place = np.where(codes > 0, np.arange(len(codes)), -1)
        return codes, np.broadcast_to(place, (len(included), len(codes)))
    sets = np.asarray(measurement.quantity("sets").values, dtype=np.int64)[included]
    rows, inverse = np.unique(sets.reshape(-1, sets.shape[-1]), axis=0, return_inverse=True)
    place = np.where((rows >= 0).any(axis=1), np.arange(len(rows)), -1)
    return rows, place[inverse.ravel()].reshape(sets.shape[:2])


def _keys(measurement: Measurement, quantity: Quantity, sample: int) -> IntArray:
    """Return the sets of one sample: ``(set, member)`` padded with -1, or ``(set,)`` bit codes."""
    if quantity.dims[1] == "coalition":
        return _codes(measurement, quantity)
    return np.asarray(measurement.quantity("sets").values[sample], dtype=np.int64)


def _codes(measurement: Measurement, quantity: Quantity) -> IntArray:
    codes = measurement.coordinates.get("coalition")
    return np.arange(quantity.values.shape[1]) if codes is None else np.asarray(codes, dtype=np.int64)


def _players(key: np.ndarray | np.integer) -> tuple[int, ...]:
    """Read players from a padded row, or from a bit code."""
    if np.ndim(key):
        return tuple(player for player in np.asarray(key).tolist() if player >= 0)
    code = int(key)
    return tuple(player for player in range(code.bit_length()) if code >> player & 1)


def _joined(measurement: Measurement, name: str) -> str:
    return JOINED_BY.get(measurement.metric, OF_SETS)[name]


def _first(sets: Sequence[NamedSet], limit: int) -> tuple[NamedSet, ...]:
    """Return the strongest; those without any strength only where there is no other."""
    ranked = sorted(sets, key=lambda named_set: -named_set.size)[:limit]
    return tuple([named_set for named_set in ranked if named_set.size > 0] or ranked)
