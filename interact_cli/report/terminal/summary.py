"""The terminal summary: what was measured, on what, what stands out, how sure, and what to do next."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator
from functools import partial
from io import StringIO
from pathlib import Path

import numpy as np
from rich.console import Console, RenderableType

from interact_cli.errors import UsageError
from interact_cli.report.terminal.game_sections import games_section
from interact_cli.report.terminal.metric_sections import metric_section
from interact_cli.report.terminal.pen import Page, Pen
from interact_cli.report.wording import INTERVAL_NEEDS, by_metric, games, mapping, module_name, subject
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.scores import VECTOR_PREFIX
from interact_cli.types import FRESH, FloatArray
from interact_cli.words import NOT_MEASURED, count, number, plus_minus, spread, unit_words, with_unit

BASELINE_VALUES = 6
"""Baseline values that are written out; more are given as a range."""
GAMES = 6
"""Modules that are named."""
NARROWEST = 40
"""Columns that the summary needs."""


def render_summary(report: Report) -> Page:
    """Return the summary of a report, ready for ``Console.print``.

    Args:
        report: What was measured; where it has a file, the commands that read it stand at the end.
    """
    return Page(partial(_parts, report))


def render_beside(report: Report, title: str) -> Page:
    """Return what a report says of its metrics in sentences, under a title of its own: to stand below another's."""
    return Page(partial(_sentences, report, title))


def _sentences(report: Report, title: str, pen: Pen) -> Iterator[RenderableType]:
    yield pen.text("")
    yield pen.heading(title)
    for measurement in report.measurements:
        for finding in measurement.findings:
            yield pen.line(safe_text(finding.sentence, limit=600), "bold")
    if report.path is not None:
        yield pen.line(f"Report: {safe_text(report.path)}", "dim")


def _parts(report: Report, pen: Pen) -> Iterator[RenderableType]:
    yield from _warnings(report, pen)
    yield pen.facts(_what(report))
    for measurements in by_metric(report):
        if len(measurements) > 1:
            yield from games_section(report, measurements, pen)
        else:
            yield from metric_section(report, measurements[0], pen)
    if not report.measurements:
        yield pen.line("This report holds no metric.", "bold yellow")
    yield pen.text("")
    yield pen.heading("how sure")
    yield pen.facts(_how_sure(report))
    for note in _notes(report):
        yield pen.line(f"Note: {note}", "italic", indent=0)
    yield from _next(report.path, pen)


def summary_text(report: Report, *, width: int = 80, ascii_only: bool = False) -> str:
    """Return the summary as plain text: no escape sequences, no line longer than ``width``.

    Args:
        report: What was measured.
        width: Columns, 40 or more.
        ascii_only: Use ASCII characters only, for terminals and logs that have no others.

    Raises:
        UsageError: fewer columns.
    """
    if width < NARROWEST:
        raise UsageError(f"Expected a width of {NARROWEST} columns or more, got {width}.")
    console = Console(file=StringIO(), width=width, height=1000, color_system=None, force_terminal=False)
    options = console.options.update(width=width)
    options.encoding = "ascii" if ascii_only else "utf-8"
    lines = console.render_lines(render_summary(report), options, pad=False)
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines) + "\n"


def _warnings(report: Report, pen: Pen) -> Iterator[RenderableType]:
    first = report.provenance.get("accuracy_first_line")
    if first:
        yield pen.line(safe_text(first, limit=300), "bold", indent=0)
    samples = report.samples
    if report.provenance.get("illustration"):
        yield pen.line(
            "ILLUSTRATION: no data was named, so these are bundled inputs; the numbers show how the tool works "
            "and say nothing about the network's own data.",
            "bold yellow",
            indent=0,
        )
    if samples.at_chance and report.config.get("weights") != FRESH:
        yield pen.line(
            f"WARNING: accuracy {number(samples.accuracy)} is not above chance ({number(samples.chance)}). "
            "Are checkpoint, preprocessing and data the ones that belong together?",
            "bold red",
            indent=0,
        )
    if report.status == "limited":
        yield pen.line("LIMITED: a quick look (--limit); gates refuse this report.", "bold yellow", indent=0)


def _what(report: Report) -> list[tuple[str, str]]:
    provenance = report.provenance
    network, data, score = subject(report)
    checkpoint = mapping(provenance, "checkpoint")
    measured = ", ".join(dict.fromkeys(safe_text(measurement.metric, limit=60) for measurement in report.measurements))
    rows = [("Measured", measured or NOT_MEASURED), ("Network", network)]
    who = [f"architecture named by {safe_text(provenance.get('arch_source'), limit=80)}"]
    who = who if provenance.get("arch_source") else []
    if checkpoint.get("weights_key"):
        who.append(f"weights {safe_text(checkpoint['weights_key'], limit=80)}")
    if checkpoint.get("sha256"):
        who.append(f"sha256 {safe_text(str(checkpoint['sha256'])[:12])}")
    rows += [("", "; ".join(who))] if who else []
    rows.append(("Data", data + _accuracy(report)))
    rows.append(("Samples", _samples(report)))
    reasons = Counter(safe_text(skipped.reason) for skipped in report.samples.skipped)
    rows += [("", f"skipped: {reason} ({times:,})") for reason, times in reasons.most_common(5)]
    rows.append(("Players", _players(report)))
    rows += _entry(report)
    rows.append(("Baseline", _baseline(report)))
    unit = safe_text(provenance.get("score_unit") or "", limit=40)
    rows.append(("Score", f"{score}, in {unit}" if unit not in ("", "1") and unit not in score else score))
    rows += _games(report)
    rows.append(("Game", _game(report, unit)))
    if provenance.get("protocol"):
        rows.append(("Protocol", safe_text(provenance["protocol"], limit=60)))
    computed = [safe_text(provenance[key], limit=40) for key in ("device", "dtype") if provenance.get(key)]
    if provenance.get("batch_rows"):
        computed.append(f"{safe_text(provenance['batch_rows'])} rows per batch")
    if provenance.get("seed") is not None:
        computed.append(f"seed {safe_text(provenance['seed'])}")
    return [*rows, ("Computed", ", ".join(computed) or "on an unnamed device")]


def _accuracy(report: Report) -> str:
    samples = report.samples
    if not np.isfinite(samples.accuracy):
        return "; accuracy not measured (no labels)"
    return f"; accuracy {number(samples.accuracy)} (the most frequent class alone: {number(samples.chance)})"


def _samples(report: Report) -> str:
    included = int(report.samples.included.sum())
    left_out = int((~report.samples.included).sum())
    total = mapping(report.provenance, "data").get("n_total")
    counts = (
        f"{included:,} in the summary, {left_out:,} left out by the filter, {len(report.samples.skipped):,} skipped"
    )
    return f"{counts}; {total:,} in the data" if isinstance(total, int) else counts


def _players(report: Report) -> str:
    players, spec = report.players, safe_text(report.players.spec, limit=60)
    if players.shared:
        return f"{players.largest:,} ({spec})"
    sizes = sorted(len(names) for names in players.own_names)
    return f"{spread(np.array(sizes))} ({spec}){': each sample has its own' if len(sizes) > 1 else ''}"


def _entry(report: Report) -> list[tuple[str, str]]:
    """Say where the mask enters, which way was taken from there, and how well that was checked."""
    stated, entry = mapping(report.provenance, "entry"), report.players.entry
    if entry == "input":
        return []
    rows = [("Entry", f"masked at the {_stands(safe_text(stated.get('where') or entry, limit=120))}")]
    way, difference = stated.get("way"), stated.get("difference")
    lines = [f"way: {safe_text(way, limit=200)}"] if way else []
    if isinstance(difference, float | int):
        off = f"differs from the full network by {number(difference, 2)} of max|v|"
        lines.append(f"checked: {off if difference else 'equals the full network'}")
    return [*rows, ("", "; ".join(lines))] if lines else rows


def _stands(entry: str) -> str:
    return "word vectors (embedding)" if entry == "embedding" else safe_text(entry, limit=120)


def _games(report: Report) -> list[tuple[str, str]]:
    modules = games(report)
    if not modules:
        return []
    shown = [module_name(module) for module in modules]
    shown = shown if len(shown) <= GAMES else [*shown[: GAMES - 1], "…", shown[-1]]
    return [("Modules", f"{', '.join(shown)}{f' ({len(modules):,}, each its own game)' if len(modules) > 1 else ''}")]


def _baseline(report: Report) -> str:
    stated = mapping(report.provenance, "baseline")
    values = np.asarray(report.players.baseline, dtype=np.float64).ravel()
    name = safe_text(report.players.baseline_name, limit=60)
    source = safe_text(stated.get("source") or "", limit=120)
    entry = report.players.entry
    where = "in the network's input space" if entry == "input" else f"at the {_stands(entry)}"
    if values.size > 1 and np.ptp(values) == 0:
        shown = f"{number(values[0])} everywhere"
    elif values.size <= BASELINE_VALUES:
        shown = ", ".join(number(value) for value in values)
    else:
        shown = f"{values.size} values, from {number(values.min())} to {number(values.max())}"
    shown_where = f"{shown} {where}"
    return f"{name}: {shown_where} ({source})" if source and source != shown_where else f"{name}: {shown_where}"


def _game(report: Report, unit: str) -> str:
    included = report.samples.included
    full, empty = report.samples.full_value[included], report.samples.empty_value[included]
    modules = games(report)
    of = f" of {module_name(modules[0])}" if len(modules) > 1 else ""
    samples = f"(means of {count(int(included.sum()), 'sample')})"
    if str(report.provenance.get("score")).startswith(VECTOR_PREFIX):
        return f"|v(N)| {_mean(full)}, |v(empty)| {_mean(empty)}: lengths of vectors, in {unit_words(unit)} {samples}"
    return (
        f"v(N){of} {_mean(full)}, v(empty) {_mean(empty)}; all players together change the score by "
        f"{with_unit(_mean(full - empty), unit)} {samples}"
    )


def _mean(values: FloatArray) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return NOT_MEASURED
    error = float(finite.std(ddof=1) / np.sqrt(finite.size)) if finite.size > 1 else None
    return plus_minus(float(finite.mean()), error)


def _how_sure(report: Report) -> list[tuple[str, str]]:
    samples = report.samples
    totals = f"{samples.asked.sum():,} asked, {samples.unique.sum():,} unique, {samples.evaluated.sum():,} evaluated"
    rows = [("Evaluations", f"{totals} in this run")]
    if len(samples.ids):
        rows.append(("per sample", f"{spread(samples.asked)} asked, {spread(samples.unique)} unique"))
    included = int(samples.included.sum())
    has_intervals = any(
        quantity.low is not None for measurement in report.measurements for quantity in measurement.summary
    )
    if has_intervals:
        rows.append(("Intervals", f"95 %, over {count(included, 'sample')}"))
    elif included < INTERVAL_NEEDS:
        rows.append(("Intervals", f"none: {count(included, 'sample')}, an interval needs {INTERVAL_NEEDS}"))
    else:
        rows.append(("Intervals", "none in this report"))
    return [*rows, ("± and [ ]", "one standard error; the ends of a 95 % interval")]


def _notes(report: Report) -> list[str]:
    notes = report.provenance.get("notes")
    return [safe_text(note, limit=600) for note in notes] if isinstance(notes, (list, tuple)) else []


def _next(path: Path | None, pen: Pen) -> Iterator[RenderableType]:
    if path is None:
        return
    shown = safe_text(path, limit=1000)
    quoted = shlex.quote(shown)
    yield pen.text("")
    yield pen.facts(
        [
            ("Report", shown),
            ("Picture", f"interact plot {quoted} -o {shlex.quote(str(Path(shown).with_suffix('.png')))}"),
            ("Numbers", f"interact show {quoted} --json"),
        ]
    )
