"""From two reports to the numbers that a comparison rests on: one quantity, the same places, sample by sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isclose
from typing import Any

import numpy as np

from interact_cli.gates.evidence.pairing import PairedSamples, Rows
from interact_cli.gates.evidence.soundness import Asserted, unsound
from interact_cli.gates.evidence.stated import differs, same_network
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.metrics.summaries.of_means import STATISTICS, OfMeans
from interact_cli.results import EXPLAINED, Measurement, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray
from interact_cli.verdicts import Problem
from interact_cli.words import Label, labels_of

ACCURACY = "accuracy"
"""Metric and quantity: the share of samples that a network classifies correctly."""
MAGNITUDE, WITH_TWIN = "mean_magnitude", "mean_abs"
"""Statistics of one number: the first of the values themselves, the second of moments that know their noise."""
NO_MEAN = "no mean of samples"
ONLY_MEANS = (
    "Only means of samples are compared. A report of an older version is made anew from its records by "
    "'interact measure --from REPORT'; else name another number."
)
"""Why a quantity without a statistic cannot be compared."""
MOST_LISTED = 20
"""Labels of places that a message lists."""
_EVERY = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Sound:
    """Numbers that a verdict can rest on."""

    numbers: PairedNumbers
    """At the asserted places only."""
    chosen: IntArray
    """Positions of the asserted places along the quantity's first axis; empty for a single number."""

    def of(self, at_all_places: FloatArray) -> FloatArray:
        """Take what is asserted from numbers at every place of the quantity."""
        return at_all_places[self.chosen] if at_all_places.ndim else at_all_places


@dataclass(frozen=True)
class Both:
    """Two comparable reports and their paired samples."""

    reference: Report
    candidate: Report
    paired: PairedSamples

    def numbers(self, key: str, name: str, at: Sequence[Label] | None = None) -> Sound | tuple[Problem, ...]:
        """Return what the paired samples contribute to one quantity, or why no verdict can rest on it.

        Args:
            key: Metric as the reports call it, or `ACCURACY`.
            name: A quantity of its summary.
            at: Labels along the first axis that are asserted; all unless given.
        """
        if key == ACCURACY:
            return self._accuracy(at)
        field, reports = f"{safe_text(key)}: {safe_text(name)}", (self.reference, self.candidate)
        sides = [_Side.of(report, key, name) for report in reports]
        missing = [_missing(side) for side in sides]
        first, second = sides
        if first is None or second is None or any(missing):
            return (differs(field, (text or "held" for text in missing), ONLY_MEANS),)
        different = tuple(_different(field, first, second))
        if different:
            return different
        chosen = _chosen(field, first, at)
        if isinstance(chosen, Problem):
            return (chosen,)
        asserted = (
            Asserted(self.reference, first.measurement, first.quantity, first.places(chosen)),
            Asserted(self.candidate, second.measurement, second.quantity, second.places(chosen)),
        )
        return unsound(*asserted) or Sound(self._numbers(*asserted, first.labels, chosen), chosen)

    def _numbers(
        self, reference: Asserted, candidate: Asserted, labels: tuple[tuple[Label, ...], ...], chosen: IntArray
    ) -> PairedNumbers:
        quantity, rows = reference.quantity, self.paired.rows
        name, taken = quantity.statistic, ((reference, rows.reference), (candidate, rows.candidate))
        first, second = (_taken(side.parts, some) for side, some in taken)
        moments = [_moments(side, some) for side, some in taken] if name == MAGNITUDE else []
        if moments and all(moments):
            name, (first, second) = WITH_TWIN, moments
        statistic = STATISTICS[name]
        corrected = STATISTICS.get(statistic.corrected)
        if labels and len(chosen) < len(labels[0]):
            labels = (tuple(labels[0][place] for place in chosen), *labels[1:])
            statistic = _at_places(statistic, chosen, len(labels))
            corrected = corrected and _at_places(corrected, chosen, len(labels))
        named = reference.measurement.key, quantity.name, quantity.dims
        label = safe_text(quantity.label, limit=60)
        counted = name == "mean" and all(map(_yes_or_no, (first, second))) and not self._same_network
        numbers = PairedNumbers(*named, labels, quantity.unit, statistic, corrected, first, second, label, counted)
        return replace(numbers, samples=self._names(rows))

    @property
    def _same_network(self) -> bool:
        return same_network(self.reference, self.candidate)

    def _accuracy(self, at: Sequence[Label] | None) -> Sound | tuple[Problem, ...]:
        rows = self.paired.labelled
        if at is not None:
            return (_no_places(ACCURACY, at),)
        if not len(rows):
            return (Problem(ACCURACY, "unlabelled", "unlabelled", "It needs samples with labels."),)
        first, second = (
            (side.samples.labels[taken] == side.samples.predicted[taken]).astype(np.float64)
            for side, taken in ((self.reference, rows.reference), (self.candidate, rows.candidate))
        )
        mean, counted = STATISTICS["mean"], not self._same_network
        numbers = PairedNumbers(ACCURACY, ACCURACY, (), (), "1", mean, None, (first,), (second,), counted=counted)
        return Sound(replace(numbers, samples=self._names(rows)), _EVERY)

    def _names(self, rows: Rows) -> tuple[str, ...]:
        return tuple(self.reference.samples.ids[row] for row in rows.reference)


def _yes_or_no(parts: tuple[FloatArray, ...]) -> bool:
    """Return whether every sample answers yes or no: 1 or 0, and nothing between."""
    (part,) = parts
    return part.ndim == 1 and bool(np.isin(part, (0.0, 1.0)).all())


@dataclass(frozen=True)
class _Side:
    """One quantity of one report."""

    measurement: Measurement
    quantity: Quantity
    labels: tuple[tuple[Label, ...], ...]

    @classmethod
    def of(cls, report: Report, key: str, name: str) -> _Side | None:
        of_metric = [measurement for measurement in report.measurements if measurement.key == key]
        for measurement, quantity in ((measured, quantity) for measured in of_metric for quantity in measured.summary):
            if quantity.name == name:
                return cls(measurement, quantity, labels_of(measurement, quantity, report.players))
        return None

    @property
    def places_in_words(self) -> str:
        """``"order 0, 1, 2"``."""
        axes = zip(self.quantity.dims, self.labels, strict=True)
        return "; ".join(f"{safe_text(dim)} {_listed(labels)}" for dim, labels in axes) or "a single number"

    def places(self, chosen: IntArray) -> Any:
        asserted = np.zeros(self.quantity.values.shape, dtype=np.bool_)
        asserted[chosen if asserted.ndim else ()] = True
        return asserted


def _missing(side: _Side | None) -> str:
    """Say why a quantity cannot be compared; empty where it can."""
    if side is None:
        return "not held"
    quantity, shapes = side.quantity, {part.name: part.values.shape for part in side.measurement.per_sample}
    if quantity.statistic not in STATISTICS:
        return f"unknown statistic '{safe_text(quantity.statistic)}'" if quantity.statistic else NO_MEAN
    wrong = [name for name in quantity.parts if shapes.get(name, (0, ...))[1:] != quantity.values.shape]
    if wrong or not quantity.parts:
        return f"without its parts {', '.join(map(safe_text, wrong))}".rstrip()
    return ""


def _different(field: str, first: _Side, second: _Side) -> Iterator[Problem]:
    """Compare the definitions: the same statistic, unit and places."""
    left, right = first.quantity, second.quantity
    definitions = (
        ("statistic", f"{left.statistic} of {', '.join(left.parts)}", f"{right.statistic} of {', '.join(right.parts)}"),
        ("unit", left.unit, right.unit),
    )
    for what, of_first, of_second in definitions:
        if of_first != of_second:
            yield Problem(f"{field}: {what}", safe_text(of_first), safe_text(of_second))
    if (left.dims, first.labels) != (right.dims, second.labels):
        yield Problem(f"{field}: places", first.places_in_words, second.places_in_words)


def _chosen(field: str, side: _Side, at: Sequence[Label] | None) -> IntArray | Problem:
    """Return which places along the first axis are asserted."""
    if not side.labels:
        return _no_places(field, at) if at is not None else _EVERY
    known = side.labels[0]
    if not side.quantity.values.size or at == ():
        return Problem(f"{field}: places", "none asserted", "none asserted", "Name places in 'at', or leave it out.")
    if at is None:
        return np.arange(len(known))
    places = [next((place for place, label in enumerate(known) if _same(label, wanted)), None) for wanted in at]
    unknown = [safe_text(wanted) for wanted, place in zip(at, places, strict=True) if place is None]
    if unknown:
        held_places, dim = side.places_in_words, safe_text(side.quantity.dims[0])
        return Problem(
            f"{field}: at {dim} {', '.join(unknown)}", held_places, held_places, "Name one of these in 'at'."
        )
    return np.array(sorted({place for place in places if place is not None}), dtype=np.int64)


def _listed(labels: Sequence[Label]) -> str:
    more = f", {len(labels) - MOST_LISTED} more" if len(labels) > MOST_LISTED else ""
    return ", ".join(map(str, labels[:MOST_LISTED])) + more


def _same(label: Label, wanted: Label) -> bool:
    if isinstance(label, str) or isinstance(wanted, str):
        return str(label) == safe_text(wanted)
    return isclose(label, wanted, rel_tol=1e-9)


def _no_places(field: str, at: Sequence[Label] | None) -> Problem:
    labels = ", ".join(safe_text(label) for label in at or ())
    return Problem(f"{field}: at {labels}", "a single number", "a single number", "Leave 'at' out.")


def _taken(parts: Sequence[Quantity], rows: IntArray) -> tuple[FloatArray, ...]:
    return tuple(np.asarray(part.values[rows], dtype=np.float64) for part in parts)


def _moments(side: Asserted, rows: IntArray) -> tuple[FloatArray, ...]:
    """Return magnitude, square and unbiased square of values that say how noisy they are; empty where they do not.

    The magnitude of a value is too large by the noise of its drawn contexts, as a strength is, and too small where it
    is read off a surrogate, by what that does not know: so it has a twin too.
    """
    part = side.parts[0]
    if part.standard_errors is None:
        return ()
    values, errors = (np.asarray(numbers[rows], dtype=np.float64) for numbers in (part.values, part.standard_errors))
    if not np.isfinite(errors).all():
        return ()
    explained = side.measurement.of_samples.get(EXPLAINED)
    read_off = np.isfinite(explained.values[rows]) if explained is not None else np.zeros(len(rows), dtype=np.bool_)
    sign = np.where(read_off, 1.0, -1.0).reshape(-1, *[1] * (values.ndim - 1))
    return np.abs(values), values**2, values**2 + sign * errors**2


def _at_places(statistic: OfMeans, chosen: IntArray, n_axes: int) -> OfMeans:
    """Choose places after the statistic: J of one order needs all of them."""
    return replace(statistic, of=lambda *means: np.take(statistic.of(*means), chosen, axis=-n_axes))
