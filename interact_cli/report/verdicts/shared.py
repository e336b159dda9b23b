"""What the page of a comparison and that of a verdict have in common: the two sides, the samples, the small print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite

from interact_cli.report.verdicts.blocks import Block, Facts, Item, Line, Section
from interact_cli.report.verdicts.wording import foreign, sentence
from interact_cli.verdicts import Comparison, Pairing, Side
from interact_cli.words import count, number

LISTED = 12
"""Remarks, or fields that were left out, that are written; the others are counted."""


def measured(side: Side) -> str:
    """Say what was measured in the report of one side."""
    who = [foreign(side.checkpoint, 120), foreign(side.arch, 80)]
    about = [" ".join(part for part in (who[0], f"({who[1]})" if who[0] and who[1] else who[1]) if part)]
    about += [f"sha256 {foreign(side.digest[:12])}"] if side.digest else []
    about += [f"accuracy {number(side.accuracy)}"] if isfinite(side.accuracy) else []
    about += [f"measured {foreign(side.created, 40)}"] if side.created else []
    return "; ".join(part for part in about if part)


def pairing_facts(pairing: Pairing) -> list[tuple[str, str]]:
    """Say how many samples are compared, and what became of the others."""
    right = pairing.rule == "both-correct"
    kept = "right in both versions" if right else "right or wrong"
    rows = [("Samples", f"{pairing.n_samples:,} compared: paired by id, {kept}")]
    lost = (pairing.lost_by_reference, pairing.lost_by_candidate, pairing.lost_by_both)
    if any(lost) or right:
        what = "left out" if right else "compared all the same"
        counts = f"{lost[0]:,} by the reference only, {lost[1]:,} by the candidate only, {lost[2]:,} by both; {what}"
        rows.append(("Wrong class", counts if any(lost) else "none, in either version"))
    missing = (pairing.missing_in_reference, pairing.missing_in_candidate)
    if any(missing):
        counts = f"{missing[0]:,} not in the reference, {missing[1]:,} not in the candidate; left out"
        rows.append(("Unpaired", counts))
    return rows


def how_sure(comparison: Comparison, confidences: Iterable[float]) -> Iterator[Block]:
    """Say on which samples the numbers rest, what was left out, and what a reader must know.

    Args:
        comparison: Of both reports.
        confidences: Of the intervals that were shown.
    """
    yield Section("how sure")
    rows = [("Reference", measured(comparison.reference)), ("Candidate", measured(comparison.candidate))]
    rows = [row for row in rows if row[1]] + pairing_facts(comparison.pairing)
    levels = sorted(set(confidences))
    if levels and comparison.resamples:
        shares = " and ".join(percent(level) for level in levels)
        resamples = count(comparison.resamples, "resample")
        rows.append(("Intervals", f"{shares}, {resamples} of the samples, seed {comparison.seed}"))
    yield Facts(rows)
    yield from notes(comparison.remarks)
    if comparison.left_out:
        yield Line("In the reports, and not compared:")
        yield from (Item(sentence(left)) for left in comparison.left_out[:LISTED])
        rest = len(comparison.left_out) - LISTED
        if rest > 0:
            yield Item(f"{rest:,} more: the JSON document lists them.")


def notes(remarks: tuple[str, ...]) -> Iterator[Line]:
    """Write remarks, the first ones in full."""
    for remark in remarks[:LISTED]:
        yield Line(f"Note: {sentence(remark)}", "italic")
    if len(remarks) > LISTED:
        yield Line(f"Note: {count(len(remarks) - LISTED, 'more remark')}: the JSON document holds all.", "italic")


def percent(share: float) -> str:
    """``"95 %"``."""
    return f"{100 * share:.4g} %"
