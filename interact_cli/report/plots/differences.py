"""The picture of a comparison: both reports above, the difference with its interval below, the margin as a band."""

from __future__ import annotations

import textwrap
from functools import partial
from pathlib import Path

from interact_cli.errors import UsageError
from interact_cli.report.plots.difference_panels import draw_curves, draw_numbers, numbers_height
from interact_cli.report.plots.page import check_suffix, draw_page
from interact_cli.report.plots.panels import Panel
from interact_cli.report.views.differences import series_of
from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Comparison, Side, Verdict
from interact_cli.words import count

MOST = 24
"""Pictures on one page, and single numbers; more of them are named as not drawn."""


def plot_comparison(comparison: Comparison, output: Path, *, verdict: Verdict | None = None) -> list[str]:
    """Draw a comparison on one page; an existing picture is replaced only when the new one is complete.

    Every headline quantity with one axis has both reports' curves and, below them, candidate minus reference; single
    numbers stand below each other, each in its own scale. With a verdict, what its rules judged comes first, with the
    interval that was judged, the changes that the rule allows, and the places that failed or stayed undecided.

    Args:
        comparison: What differs.
        output: ``.png`` (150 dpi), ``.pdf`` or ``.svg``.
        verdict: Of a gate on the same comparison.

    Returns:
        What was drawn: ``["difference of bottleneck J_mean_abs"]``.

    Raises:
        UsageError: nothing that can be drawn, or another file suffix.
        OutputError: the picture cannot be written.
    """
    check_suffix(output)
    every = series_of(comparison, verdict)
    curves, numbers = (
        [of_quantity for of_quantity in every if of_quantity.dim],
        [of_quantity for of_quantity in every if not of_quantity.dim],
    )
    panels = [
        Panel("difference", (), partial(draw_curves, series=of_quantity), 4.9, half=True, of=of_quantity.name)
        for of_quantity in curves[:MOST]
    ]
    if numbers:
        shown = numbers[:MOST]
        draw = partial(draw_numbers, series=shown)
        panels.append(
            Panel(
                "difference", (), draw, numbers_height(shown), of=", ".join(of_quantity.name for of_quantity in shown)
            )
        )
    if not panels:
        raise UsageError(
            "Expected a single number or a curve over one axis to draw, got none; '--json' holds them all."
        )
    left = [of_quantity.name for of_quantity in (*curves[MOST:], *numbers[MOST:])]
    draw_page(panels, output, partial(_title, comparison, verdict), partial(_footnote, comparison, left))
    return [panel.shown for panel in panels]


def _title(comparison: Comparison, verdict: Verdict | None, columns: int) -> str:
    head = "Candidate against reference"
    lines = [] if verdict is None else textwrap.wrap(safe_text(verdict.sentence, limit=400), columns)
    if verdict is not None:
        head = f"{verdict.word}: candidate against reference"
    lines += [_side("reference", comparison.reference), _side("candidate", comparison.candidate)]
    return "\n".join([head, *(textwrap.shorten(line, columns, placeholder=" …") for line in lines)])


def _side(role: str, side: Side) -> str:
    known = [side.checkpoint, side.arch, side.digest[:12], side.created[:10]]
    about = ", ".join(safe_text(text, limit=60) for text in known if text)
    return f"{role}: {safe_text(side.path, limit=80)}" + (f" ({about})" if about else "")


def _footnote(comparison: Comparison, left: list[str], columns: int) -> str:
    pairing = comparison.pairing
    kept = "that both classify correctly" if pairing.rule == "both-correct" else "classified correctly or not"
    lines = [
        f"Candidate minus reference on {count(pairing.n_samples, 'paired sample')} {kept} "
        f"(wrong in the reference alone {pairing.lost_by_reference:,}, in the candidate alone "
        f"{pairing.lost_by_candidate:,}, in both {pairing.lost_by_both:,}); intervals: paired bootstrap over samples, "
        f"{comparison.resamples:,} resamples, seed {comparison.seed}."
    ]
    lines += [safe_text(remark, limit=300) for remark in comparison.remarks]
    if left:
        lines.append(f"Not drawn for want of space: {', '.join(left[:8])}{' and more' if len(left) > 8 else ''}.")
    return "\n".join(line for text in lines for line in textwrap.wrap(text, columns))
