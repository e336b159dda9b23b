"""The second phase of a run: every record that is missing comes into the journal, from where all is answered.

What a report already holds (``--from``) and what an interrupted run has left is not missing. Who evaluates the rest is
the executor's affair: it is given units, and each says itself what the journal is to hold of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from interact_cli.errors import ReportRefused, RunFailed
from interact_cli.games.coalitions import positions
from interact_cli.journal.units import Journal
from interact_cli.pipeline.planning import Plan
from interact_cli.pipeline.subject import Subject
from interact_cli.results import Records, SampleRecords
from interact_cli.seeding import digest
from interact_cli.types import FloatArray, PackedArray

UNIT_ROWS = 4096
"""Coalitions of one unit; fixed, so that a unit's key does not depend on speed."""


@dataclass(frozen=True)
class Evaluation:
    """A unit of work: some coalitions of one sample that the network must be asked about."""

    key: str
    sample: int
    """Position among the samples of the subject."""
    coalitions: PackedArray
    """``(m, bytes)``."""
    classes: tuple[int, ...]
    """Class of each slot of a record; empty for outputs without classes."""

    @property
    def n_rows(self) -> int:
        """Masked inputs that run through the network."""
        return len(self.coalitions)

    def carry_out(self, subject: Subject) -> Mapping[str, FloatArray]:
        """Evaluate the coalitions: ``(m, slot, component)`` under `key`, the rows of smaller batches under another."""
        evaluator, sample = subject.evaluator, subject.inputs.samples[self.sample]
        records = evaluator.records(sample, subject.players[self.sample], self.coalitions, self.classes)
        backed_off = evaluator.rows != evaluator.first_rows
        # The records last: once they are in the journal the unit is done, and its note must be there.
        return {**({_rows_key(self.key): np.array([evaluator.rows])} if backed_off else {}), self.key: records}


@dataclass(frozen=True)
class Line:
    """Where the records of one sample lie in the journal."""

    sample_id: str
    classes: tuple[int, ...]
    shape: tuple[int, int]
    """Slots and components of a record."""
    coalitions: str
    """Key of all coalitions of the plan."""
    units: tuple[str, ...]
    """Keys of the records that no earlier report holds: `UNIT_ROWS` coalitions each, the last fewer."""
    n_new: int
    """Coalitions that no earlier report holds."""
    n_missing: int
    """Those of them that no interrupted run had left either: they go through the network in this run."""


@dataclass
class Ledger:
    """Which records a run needs, sample by sample, and where they lie.

    Args:
        journal: Where finished units are.
        known: Records of an earlier report, or None.
    """

    journal: Journal
    known: Records | None = None
    lines: list[Line] = field(default_factory=list)

    def enter(self, plan: Plan, classes: tuple[int, ...], shape: tuple[int, int]) -> list[Evaluation]:
        """Enter the next sample, and return what is missing of it.

        Args:
            plan: What is asked.
            classes: Class of each slot; empty for outputs without classes.
            shape: Slots and components of a record.

        Raises:
            ReportRefused: the earlier report holds records of other classes.
        """
        sample, sample_id = len(self.lines), plan.question.sample_id
        known = self._known(sample, classes)
        new = plan.coalitions
        if known is not None:
            new = new[positions(new, known.coalitions) < 0]
        whole = digest(new.tobytes())
        parts = [new[start : start + UNIT_ROWS] for start in range(0, len(new), UNIT_ROWS)]
        keys = [digest(whole, sample_id, str(i * UNIT_ROWS), str(len(part))) for i, part in enumerate(parts)]
        units = [Evaluation(key, sample, part, classes) for key, part in zip(keys, parts, strict=True)]
        missing = [unit for unit in units if self.journal.read(unit.key) is None]
        stored = digest("coalitions", plan.hash, sample_id, str(sample))
        n_missing = sum(unit.n_rows for unit in missing)
        self.lines.append(Line(sample_id, classes, shape, stored, tuple(keys), len(new), n_missing))
        return missing

    def filled(self, sample: int, plan: Plan) -> FloatArray:
        """Return the records of a plan once the journal is filled, and keep its coalitions there for the report.

        Returns:
            ``(coalition, slot, component)`` in the order of the plan's coalitions.
        """
        stored = self.lines[sample].coalitions
        if self.journal.read(stored) is None:  # not before: a run that is refused leaves no journal behind
            self.journal.write(stored, plan.coalitions)
        return self.read(sample).values

    def read(self, sample: int) -> SampleRecords:
        """Return what a report holds of a sample: the records of the earlier report, if there is one, and the new ones.

        Raises:
            RunFailed: units that were finished are not there any more, or an executor wrote something else.
        """
        line = self.lines[sample]
        coalitions, *parts = map(self.journal.whole, (line.coalitions, *line.units))
        new = np.concatenate(parts) if parts else np.empty((0, *line.shape))
        if new.shape != (line.n_new, *line.shape) or new.dtype != np.float64 or not np.isfinite(new).all():
            arrived = f"{new.dtype} of shape {new.shape}" if new.dtype == np.float64 else str(new.dtype)
            raise RunFailed(
                f"Expected finite float64 records of shape {(line.n_new, *line.shape)} for sample {sample}, got "
                f"{arrived}. Rerun the command with --force, and without another --executor."
            )
        known = self._known(sample, line.classes)
        if known is None:
            return SampleRecords(sample, line.classes, coalitions, new)
        where = positions(coalitions, known.coalitions)
        values = np.empty((len(coalitions), *known.values.shape[1:]))
        values[where >= 0] = known.values[where[where >= 0]]
        values[where < 0] = new
        return SampleRecords(sample, line.classes, coalitions, values)

    def records(self, shape: tuple[int, int], n_rows: Sequence[int], *, vectors: bool) -> Records:
        """Return all records, read back one sample at a time.

        Args:
            shape: Slots and components that hold the records of every sample.
            n_rows: Records of each sample.
            vectors: Whether the components are those of a vector score.
        """
        return Records(int(sum(n_rows)), *shape, self.read, len(self.lines), vectors)

    def smaller_batches(self) -> list[dict[str, Any]]:
        """Return the units that were evaluated, now or before an interruption, after memory had run out."""
        batches = []
        for line in self.lines:
            for i, key in enumerate(line.units):
                rows = self.journal.read(_rows_key(key))
                if rows is not None:
                    start = i * UNIT_ROWS
                    count = min(UNIT_ROWS, line.n_new - start)
                    batches.append({"sample": line.sample_id, "start": start, "count": count, "rows": int(rows[0])})
        return batches

    def _known(self, sample: int, classes: tuple[int, ...]) -> SampleRecords | None:
        if self.known is None:
            return None
        known: SampleRecords = self.known.read(sample)
        if known.classes != classes:
            raise ReportRefused(
                f"Expected records of classes {classes} for sample {sample}, the report holds {known.classes}. "
                f"Measure again without --from."
            )
        return known


def _rows_key(unit_key: str) -> str:
    """Name of the note that says with how many rows a unit was evaluated."""
    return digest("rows", unit_key)
