"""Which samples of two reports belong together, and which of them a comparison rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from interact_cli.results import Report
from interact_cli.types import BoolArray, IntArray
from interact_cli.verdicts import Pairing

SampleRule = Literal["both-correct", "all"]


@dataclass(frozen=True)
class Rows:
    """Rows of two sample tables that hold the same samples."""

    reference: IntArray
    candidate: IntArray

    def __len__(self) -> int:
        return len(self.reference)

    def where(self, kept: BoolArray) -> Rows:
        """Keep some of the samples."""
        return Rows(self.reference[kept], self.candidate[kept])


@dataclass(frozen=True)
class PairedSamples:
    """The samples of a comparison."""

    pairing: Pairing
    rows: Rows
    """The samples that are compared."""
    labelled: Rows
    """Every paired sample with a label, whatever the rule, where both networks name classes: what accuracy rests on."""


def aligned(reference: Sequence[str], candidate: Sequence[str]) -> Rows:
    """Return the samples that both tables name, ordered by name: the order of a file decides nothing.

    Args:
        reference: Names of the samples, each once.
        candidate: Likewise.

    Example:
        >>> rows = aligned(("b", "a"), ("a", "c", "b"))
        >>> rows.reference.tolist(), rows.candidate.tolist()
        ([1, 0], [0, 2])
    """
    first, second = ({name: row for row, name in enumerate(ids)} for ids in (reference, candidate))
    both = sorted(first.keys() & second.keys())
    return Rows(*(np.array([rows[name] for name in both], dtype=np.int64) for rows in (first, second)))


def twice(ids: Sequence[str]) -> tuple[str, ...]:
    """Return the names that stand in a table more than once.

    Example:
        >>> twice(("a", "b", "a"))
        ('a',)
    """
    return tuple(name for name, count in Counter(ids).items() if count > 1)


def pair_samples(reference: Report, candidate: Report, rule: SampleRule | None) -> PairedSamples:
    """Choose the samples of a comparison.

    Args:
        reference: Comparable with ``candidate``: names unique, labels alike.
        candidate: Likewise.
        rule: ``both-correct`` keeps what both classify correctly; where nothing is labelled, all are compared. None
            is ``both-correct`` where anything is labelled.
    """
    rows = aligned(reference.samples.ids, candidate.samples.ids)
    labels = reference.samples.labels[rows.reference]
    first, second = reference.samples.predicted[rows.reference], candidate.samples.predicted[rows.candidate]
    named = all((side.samples.predicted >= 0).any() for side in (reference, candidate))
    labelled = (labels >= 0) & named  # a class that is missing for one sample is wrong, and never left out
    right, right_too = labelled & (first == labels), labelled & (second == labels)
    kept = right & right_too
    if rule == "all" or not labelled.any():
        rule, kept = "all", np.ones(len(rows), dtype=np.bool_)
    counts = Pairing(
        rule or "both-correct",
        int(kept.sum()),
        lost_by_reference=int((~right & right_too).sum()),
        lost_by_candidate=int((right & ~right_too).sum()),
        lost_by_both=int((labelled & ~right & ~right_too).sum()),
        missing_in_reference=len(candidate.samples.ids) - len(rows),
        missing_in_candidate=len(reference.samples.ids) - len(rows),
    )
    return PairedSamples(counts, rows.where(kept), rows.where(labelled))
