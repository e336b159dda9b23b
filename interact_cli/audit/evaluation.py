"""Records of one sample's plan: those that are known, those that the journal holds, and only then the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from interact_cli.audit.planning import Plan
from interact_cli.errors import ReportRefused
from interact_cli.games.coalitions import positions
from interact_cli.journal.units import Journal
from interact_cli.results import Records, SampleRecords
from interact_cli.seeding import digest
from interact_cli.types import FloatArray, PackedArray

UNIT_ROWS = 4096
"""Coalitions of one journaled unit; fixed, so that a unit's key does not depend on speed."""

Fetch = Callable[[int, PackedArray, tuple[int, ...]], FloatArray]
"""``fetch(sample, coalitions, classes)`` -> ``(m, slot, component)`` from the network."""


@dataclass(frozen=True)
class Kept:
    """Where the records of one sample lie in the journal."""

    classes: tuple[int, ...]
    coalitions: str
    units: tuple[str, ...]
    n_evaluated: int
    """Coalitions that went through the network in this run."""


@dataclass
class Evaluations:
    """Evaluates plans sample by sample and keeps every record in the journal.

    Args:
        journal: Where finished units are.
        fetch: Asks the network.
        known: Records of an earlier report, or None.
    """

    journal: Journal
    fetch: Fetch
    known: Records | None = None
    kept: list[Kept] = field(default_factory=list)

    def of(self, sample: int, plan: Plan, classes: tuple[int, ...]) -> FloatArray:
        """Return the records of a sample's plan: ``(unique, slot, component)``.

        Samples are asked for in their order, each once.
        """
        coalitions = plan.coalitions
        earlier = self._earlier(sample, classes)
        found = np.full(len(coalitions), -1) if earlier is None else positions(coalitions, earlier.coalitions)
        missing = coalitions[found < 0]
        records, units, n_evaluated = self._through_journal(sample, plan, missing, classes)
        if earlier is not None:
            merged = np.empty((len(coalitions), *earlier.values.shape[1:]))
            merged[found >= 0] = earlier.values[found[found >= 0]]
            merged[found < 0] = records
            records, units = merged, (self._store("merged", sample, plan, merged),)
        rows = self._store("coalitions", sample, plan, coalitions)
        self.kept.append(Kept(classes, rows, units, n_evaluated))
        return records

    def records(self, slots: int, components: int, n_rows: Sequence[int]) -> Records:
        """Return all records, read back one sample at a time."""
        return Records(int(sum(n_rows)), slots, components, self._read, len(self.kept))

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
        self, sample: int, plan: Plan, missing: PackedArray, classes: tuple[int, ...]
    ) -> tuple[FloatArray, tuple[str, ...], int]:
        parts, keys, n_evaluated = [], [], 0
        plan_hash = digest(missing.tobytes())
        for start in range(0, len(missing), UNIT_ROWS):
            batch = missing[start : start + UNIT_ROWS]
            key = digest(plan_hash, plan.question.sample_id, str(start), str(len(batch)))
            part = self.journal.read(key)
            if part is None:
                part = self.fetch(sample, batch, classes)
                self.journal.write(key, part)
                n_evaluated += len(batch)
            parts.append(part)
            keys.append(key)
        records = np.concatenate(parts) if parts else np.empty((0, max(1, len(classes)), 4 if classes else 1))
        return records, tuple(keys), n_evaluated

    def _store(self, what: str, sample: int, plan: Plan, array: FloatArray | PackedArray) -> str:
        key = digest(what, plan.hash, plan.question.sample_id, str(sample))
        if self.journal.read(key) is None:
            self.journal.write(key, array)
        return key

    def _read(self, sample: int) -> SampleRecords:
        kept = self.kept[sample]
        arrays = [self.journal.read(key) for key in (kept.coalitions, *kept.units)]
        whole = [array for array in arrays if array is not None]
        if len(whole) < len(arrays):
            raise ReportRefused(f"Finished units vanished from '{self.journal.folder}'. Rerun the same command.")
        return SampleRecords(sample, kept.classes, whole[0], np.concatenate(whole[1:]))
