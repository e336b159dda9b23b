"""Whether the numbers behind an asserted field can bear a verdict: finite, of the right sign, and true to each other.

A report declares what it did not measure: -1 in ``pairs``, ``sets`` and ``orders``, and places beyond a sample's own
players. Everywhere else a NaN is a broken number, and a broken number never passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.types import BoolArray, FloatArray
from interact_cli.verdicts import Problem
from interact_cli.words import count

SIGNED = ("mean", "mean_of_known", "ratio")
"""Statistics that may be below zero; the others are strengths, magnitudes and shares."""
EXACT = 1e-9
"""A stored summary and the same from its own parts differ by no more than this share."""
ROUNDING = 1e-3
"""Of `EXACT`, and of the largest part: what may be left of terms that cancel."""
UNDERLYING = ("values", "or_values")
"""Per-sample quantities that the parts of a metric are made of."""
SOUND = "sound"
ADVICE = "No verdict can rest on it; measure again."


@dataclass(frozen=True)
class Asserted:
    """One quantity of one report, and where it is asserted."""

    report: Report
    measurement: Measurement
    quantity: Quantity
    places: BoolArray
    """Shaped like the quantity: True where it is asserted."""

    @property
    def parts(self) -> list[Quantity]:
        """The per-sample quantities whose means the quantity is a function of."""
        return [self.measurement.of_samples[name] for name in self.quantity.parts]

    def faults(self) -> dict[str, str]:
        """Return what is wrong, by field: ``{"per_sample/values": "not finite: 2 numbers, first of 'a'"}``."""
        checked = [(f"summary/{self.quantity.name}", self._summary()), *self._samples()]
        return {field: fault for field, fault in checked if fault}

    def _summary(self) -> str:
        stored = np.asarray(self.quantity.values, dtype=np.float64)
        asserted = stored[self.places]
        if not np.isfinite(asserted).all():
            return f"not finite at {count(int((~np.isfinite(asserted)).sum()), 'place')}"
        if self.quantity.statistic not in SIGNED and (asserted < 0).any():
            return f"{asserted.min():.4g}, which no such number can be"
        return self._contradiction(stored)

    def _contradiction(self, stored: FloatArray) -> str:
        """Compute the summary again as the report says that it was computed."""
        included = self.report.samples.included
        if not included.any():
            return "a summary of no sample"
        parts = [part.values[included] for part in self.parts]
        if not all(np.isfinite(part).all() for part in parts):
            return ""  # said of the parts
        try:
            again = value_of(self.quantity.statistic, parts)
        except (TypeError, ValueError, IndexError):
            return f"not a {self.quantity.statistic} of {len(parts)} parts"
        if again.shape != stored.shape:
            return f"{stored.shape}, but {again.shape} by its own samples"
        cancelled = EXACT * ROUNDING * np.abs(parts[0]).max(axis=0)
        off = self.places & ~np.isclose(stored, again, rtol=EXACT, atol=cancelled)
        if not off.any():
            return ""
        return f"{stored[off].flat[0]:.6g}, but {again[off].flat[0]:.6g} by its own samples"

    def _samples(self) -> Iterator[tuple[str, str]]:
        for part in self.parts:
            yield f"per_sample/{part.name}", self._fault(part.values, np.True_)
        for quantity in self.measurement.per_sample:
            if quantity.name in UNDERLYING:
                where = measured(self.report, self.measurement, quantity)
                yield f"per_sample/{quantity.name}", self._fault(quantity.values, where)
                if quantity.standard_errors is not None:
                    errors = quantity.standard_errors
                    yield f"per_sample/{quantity.name}_standard_error", self._fault(errors, where, least=0.0)

    def _fault(self, values: npt.NDArray[Any], where: Any, *, least: float = -np.inf) -> str:
        """Look at every sample, compared or not, ``where`` something was measured."""
        wrong = where & ~(np.isfinite(values) & (values >= least))
        if not wrong.any():
            return ""
        first = int(np.flatnonzero(wrong.reshape(len(wrong), -1).any(axis=1))[0])
        name = safe_text(self.report.samples.ids[first])
        kind = "not finite" if not np.isfinite(values[wrong]).all() else "below zero"
        return f"{kind}: {count(int(wrong.sum()), 'number')}, first of '{name}'"


def unsound(reference: Asserted, candidate: Asserted) -> tuple[Problem, ...]:
    """Return why the numbers of either report bear no verdict; empty where they do."""
    first, second = reference.faults(), candidate.faults()
    key = safe_text(reference.measurement.key)
    return tuple(
        Problem(f"{key}: {field}", first.get(field, SOUND), second.get(field, SOUND), ADVICE)
        for field in dict.fromkeys([*first, *second])
    )


def value_of(statistic: str, parts: list[npt.NDArray[Any]]) -> FloatArray:
    """Return a statistic of the parts' means over samples.

    Example:
        >>> value_of("mean_magnitude", [np.array([[-1.0, 2.0], [3.0, 2.0]])]).tolist()
        [2.0, 2.0]
    """
    known = STATISTICS[statistic]
    with np.errstate(all="ignore"):
        numbers = [np.asarray(part, dtype=np.float64) for part in parts]
        before = numbers if known.before is None else [known.before(part) for part in numbers]
        value: FloatArray = known.of(*[part.mean(axis=0, keepdims=True) for part in before])[0]
    return value


def measured(report: Report, measurement: Measurement, quantity: Quantity) -> BoolArray:
    """Return where a per-sample quantity was measured, shaped like it: all but what the report declares unmeasured."""
    where = np.ones(quantity.values.shape, dtype=np.bool_)
    for axis, dim in enumerate(quantity.dims):
        declared = _declared(report, measurement, dim, where.shape[axis])
        if declared is not None and declared.shape == (len(where), where.shape[axis]):
            where &= np.expand_dims(declared, tuple(set(range(1, where.ndim)) - {axis}))
    return where


def _declared(report: Report, measurement: Measurement, dim: str, length: int) -> BoolArray | None:
    """Return ``(sample, length)``: the places along an axis that each sample has; None where nothing is declared."""
    values_of = {quantity.name: quantity.values for quantity in measurement.per_sample}
    if dim in {"player", "coalition"}:
        n = np.array([len(report.players.of_sample(sample)) for sample in range(len(report.samples.ids))])
        count = n if dim == "player" else np.exp2(n)
        places: BoolArray = np.arange(length) < count[:, None]
        return places
    if dim == "pair" and "pairs" in values_of:
        both: BoolArray = np.asarray((values_of["pairs"] >= 0).all(axis=-1))
        return both
    if dim == "order" and "orders" in values_of:
        own: BoolArray = values_of["orders"] >= 0
        return own
    if dim == "set" and "sets" in values_of:
        named: BoolArray = np.asarray((values_of["sets"] >= 0).any(axis=-1))
        named[:, :1] = True  # no players at all: the empty set, which only stands first
        return named
    return None
