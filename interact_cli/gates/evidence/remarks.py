"""What a reader must know beside the numbers of a comparison."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np

from interact_cli.gates.evidence.measured import Both
from interact_cli.gates.evidence.stated import NOT_STATED, asked, at, words
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Problem

FEW = 30
"""Samples below which a comparison carries a remark."""
MOST_LISTED = 6


def remarks(both: Both, declared: tuple[Problem, ...], *, same_network: bool) -> tuple[str, ...]:
    """Say what else differs between two comparable reports, the gravest first.

    Args:
        both: The reports and their samples.
        declared: Fields that differ, and may.
        same_network: True where two reports of one checkpoint are what was asked for.
    """
    return (
        *_the_same(both, same_network=same_network),
        *_swapped(both),
        *(f"Declared different: {problem.field} ({problem.reference} / {problem.candidate})." for problem in declared),
        *_samples(both),
        *_plans(both),
        *_preprocessing(both),
        *_last_bits(both),
        *(f"{side}: {safe_text(note)}" for side, report in _sides(both) for note in report.notes),
    )


def _sides(both: Both) -> tuple[tuple[str, Report], tuple[str, Report]]:
    return ("Reference", both.reference), ("Candidate", both.candidate)


def _the_same(both: Both, *, same_network: bool) -> Iterator[str]:
    first, second = ((at(report.provenance, "checkpoint", "sha256")) for _, report in _sides(both))
    # Reports that were never on disk have no path, and are not the same for it.
    if both.reference.path == both.candidate.path is not None:
        yield "Both paths are the same report: it is compared with itself."
    elif _same_content(both.reference, both.candidate):
        yield "Both reports hold the same numbers of the same checkpoint: is the candidate the right file?"
    elif first == second != NOT_STATED and not same_network:
        yield f"Both reports are of the same checkpoint ({words(first)})."


def _same_content(reference: Report, candidate: Report) -> bool:
    keys = [at(report.provenance, "content_key") for report in (reference, candidate)]
    return keys[0] == keys[1] != NOT_STATED and all(
        np.array_equal(left.values, right.values, equal_nan=True)
        for first, second in zip(reference.measurements, candidate.measurements, strict=False)
        for left, right in zip(first.summary, second.summary, strict=False)
    )


def _swapped(both: Both) -> Iterator[str]:
    first, second = (_when(report) for _, report in _sides(both))
    if first is not None and second is not None and second < first:
        yield (
            f"The candidate was measured before the reference ({second:%Y-%m-%d %H:%M} / {first:%Y-%m-%d %H:%M} UTC): "
            "are they swapped? A difference is candidate minus reference."
        )


def _when(report: Report) -> datetime | None:
    try:
        when = datetime.fromisoformat(str(at(report.run, "created_utc")))
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _samples(both: Both) -> Iterator[str]:
    pairing = both.paired.pairing
    if pairing.n_samples < FEW:
        yield f"Samples compared: only {pairing.n_samples}; intervals of fewer than {FEW} are rough."
    missing = pairing.missing_in_reference, pairing.missing_in_candidate
    if any(missing):
        yield (
            f"Left out: {missing[1]} samples that only the reference holds, {missing[0]} of the candidate. "
            "The contents behind equal names could not be compared."
        )
    unlabelled = len(both.reference.samples.ids) - pairing.missing_in_candidate - len(both.paired.labelled)
    if pairing.rule == "both-correct" and unlabelled:
        yield f"Left out: {unlabelled} sample{'' if unlabelled == 1 else 's'} without a label."
    partial = [side.lower() for side, report in _sides(both) if report.status != "complete"]
    if partial:
        yield f"A quick look (--limit), the {' and the '.join(partial)}: too little to judge by."
    filters = [asked("data.only")(report) for _, report in _sides(both)]
    if filters[0] != filters[1]:
        yield (
            f"The reports' own summaries rest on other samples (only: {words(filters[0])} / {words(filters[1])}); this "
            "comparison does not."
        )


def _plans(both: Both) -> Iterator[str]:
    seeds = [asked("plan.seed")(report) for _, report in _sides(both)]
    if seeds[0] != seeds[1]:
        yield f"Plan seeds {words(seeds[0])} / {words(seeds[1])}: the drawn coalitions differ (A/A)."


def _preprocessing(both: Both) -> Iterator[str]:
    first, second = (at(report.provenance, "preprocessing") for _, report in _sides(both))
    if first != second:
        yield f"The networks prepare their inputs otherwise ({safe_text(', '.join(_unequal(first, second)))})."


def _unequal(*documents: Any) -> list[str]:
    """Return the keys under which two documents hold other values."""
    keys = {str(key) for document in documents if isinstance(document, dict) for key in document}
    return [key for key in sorted(keys) if at(documents[0], key) != at(documents[1], key)]


def _last_bits(both: Both) -> Iterator[str]:
    differences: dict[str, str] = {}
    for part in (("identity", "rounding"), ("versions",)):
        first, second = (at(report.provenance, *part) for _, report in _sides(both))
        for name in _unequal(first, second):
            differences[name] = f"{safe_text(name)} {words(at(first, name))} / {words(at(second, name))}"
    if differences:
        more = f" and {len(differences) - MOST_LISTED} more" if len(differences) > MOST_LISTED else ""
        yield f"Measured otherwise, which moves last bits: {', '.join([*differences.values()][:MOST_LISTED])}{more}."
