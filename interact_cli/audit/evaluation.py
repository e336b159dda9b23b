"""Records of one sample's plan: those that are known, those that the journal holds, and only then the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from interact_cli.audit.planning import Plan
from interact_cli.audit.preparation import Subject
from interact_cli.errors import ReportRefused
from interact_cli.games.coalitions import positions
from interact_cli.journal.units import Journal
from interact_cli.results import Records, SampleRecords
from interact_cli.seeding import digest
from interact_cli.types import FloatArray, PackedArray

UNIT_ROWS = 4096
"""Coalitions of one journaled unit; fixed, so that a unit's key does not depend on speed."""


class Asked(Protocol):
    """Whoever answers what neither the journal nor an earlier report knows."""

    @property
    def smaller_rows(self) -> int | None:
        """Rows of a batch after memory ran out; None while it has not."""

    def records(self, sample: int, coalitions: PackedArray, classes: tuple[int, ...]) -> FloatArray:
        """Evaluate coalitions: ``(m, bytes)`` -> ``(m, slot, component)``."""


@dataclass(frozen=True)
class Network:
    """How the network is asked about the samples of a run; loaded only when it is."""

    subject: Callable[[], Subject]

    @classmethod
    def of(cls, subject: Subject) -> Network:
        """Ask a network that is already there."""
        return cls(lambda: subject)

    def records(self, sample: int, coalitions: PackedArray, classes: tuple[int, ...]) -> FloatArray:
        """Evaluate coalitions: ``(m, bytes)`` -> ``(m, slot, component)``."""
        subject = self.subject()
        return subject.evaluator.records(subject.inputs.samples[sample], subject.players[sample], coalitions, classes)

    @property
    def smaller_rows(self) -> int | None:
        """Rows of a batch after memory ran out; None while it has not."""
        evaluator = self.subject().evaluator
        return evaluator.rows if evaluator.rows != evaluator.first_rows else None


@dataclass(frozen=True)
class Unit:
    """A range of one sample's missing coalitions, in the journal."""

    key: str
    sample_id: str
    start: int
    count: int


@dataclass(frozen=True)
class Kept:
    """Where the records of one sample lie in the journal."""

    classes: tuple[int, ...]
    coalitions: str
    records: tuple[str, ...]
    n_evaluated: int
    """Coalitions that went through the network in this run."""


@dataclass
class Evaluations:
    """Evaluates plans sample by sample and keeps every record in the journal.

    Args:
        journal: Where finished units are.
        network: Asked for what neither the journal nor `known` holds.
        known: Records of an earlier report, or None.
    """

    journal: Journal
    network: Asked
    known: Records | None = None
    kept: list[Kept] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)

    def of(self, sample: int, plan: Plan, classes: tuple[int, ...], shape: tuple[int, int]) -> FloatArray:
        """Return the records of a sample's plan: ``(unique, slot, component)``.

        Samples are asked for in their order, each once.

        Args:
            sample: Position among the samples.
            plan: What is asked.
            classes: Class of each slot; empty for outputs without classes.
            shape: Slots and components.
        """
        coalitions = plan.coalitions
        earlier = self._earlier(sample, classes)
        found = np.full(len(coalitions), -1) if earlier is None else positions(coalitions, earlier.coalitions)
        missing = coalitions[found < 0]
        records, units, n_evaluated = self._through_journal(sample, plan.question.sample_id, missing, classes)
        if not len(records):
            records = records.reshape(0, *shape)
        keys = tuple(unit.key for unit in units)
        if earlier is not None:
            merged = np.empty((len(coalitions), *earlier.values.shape[1:]))
            merged[found >= 0] = earlier.values[found[found >= 0]]
            merged[found < 0] = records
            records, keys = merged, (self._store("merged", sample, plan, merged),)
        self.units.extend(units)
        self.kept.append(Kept(classes, self._store("coalitions", sample, plan, coalitions), keys, n_evaluated))
        return records

    def records(self, shape: tuple[int, int], n_rows: Sequence[int], *, vectors: bool) -> Records:
        """Return all records, read back one sample at a time.

        Args:
            shape: Slots and components that hold the records of every sample.
            n_rows: Records of each sample.
            vectors: Whether the components are those of a vector score.
        """
        return Records(int(sum(n_rows)), *shape, self._read, len(self.kept), vectors)

    def smaller_batches(self) -> list[dict[str, Any]]:
        """Return the units that were evaluated, now or before an interruption, after memory had run out."""
        found = [(unit, self.journal.read(_rows_key(unit.key))) for unit in self.units]
        return [
            {"sample": unit.sample_id, "start": unit.start, "count": unit.count, "rows": int(rows[0])}
            for unit, rows in found
            if rows is not None
        ]

    def _earlier(self, sample: int, classes: tuple[int, ...]) -> SampleRecords | None:
        if self.known is None:
            return None
        earlier: SampleRecords = self.known.read(sample)
        if earlier.classes != classes:
            raise ReportRefused(
                f"Expected records of classes {classes} for sample {sample}, the report holds {earlier.classes}. "
                f"Measure again without --from."
            )
        return earlier

    def _through_journal(
        self, sample: int, sample_id: str, missing: PackedArray, classes: tuple[int, ...]
    ) -> tuple[FloatArray, list[Unit], int]:
        parts, units, n_evaluated = [], [], 0
        missing_hash = digest(missing.tobytes())
        for start in range(0, len(missing), UNIT_ROWS):
            batch = missing[start : start + UNIT_ROWS]
            unit = Unit(digest(missing_hash, sample_id, str(start), str(len(batch))), sample_id, start, len(batch))
            part = self.journal.read(unit.key)
            if part is None:
                part = self.network.records(sample, batch, classes)
                rows = self.network.smaller_rows
                if rows is not None:
                    self.journal.write(_rows_key(unit.key), np.array([rows]))
                self.journal.write(unit.key, part)
                n_evaluated += len(batch)
            parts.append(part)
            units.append(unit)
        records = np.concatenate(parts) if parts else np.empty(0)
        return records, units, n_evaluated

    def _store(self, what: str, sample: int, plan: Plan, array: FloatArray | PackedArray) -> str:
        key = digest(what, plan.hash, plan.question.sample_id, str(sample))
        if self.journal.read(key) is None:
            self.journal.write(key, array)
        return key

    def _read(self, sample: int) -> SampleRecords:
        kept = self.kept[sample]
        arrays = [self.journal.read(key) for key in (kept.coalitions, *kept.records)]
        whole = [array for array in arrays if array is not None]
        if len(whole) < len(arrays):
            raise ReportRefused(f"Finished units vanished from '{self.journal.folder}'. Rerun the same command.")
        return SampleRecords(sample, kept.classes, whole[0], np.concatenate(whole[1:]))


def _rows_key(unit_key: str) -> str:
    """Name of the note that says with how many rows a unit was evaluated."""
    return digest("rows", unit_key)
