"""One page per report: which pictures its metrics can give, their places, the title, the footnote and the file."""

from __future__ import annotations

import contextlib
import os
import secrets
import textwrap
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from interact_cli.errors import OutputError, UnknownNameError, UsageError
from interact_cli.report.pairs import PAIR_METRICS, find, pair_means, pair_values
from interact_cli.report.plots.curve import draw_curve
from interact_cli.report.plots.grid_map import draw_map, draw_player_map
from interact_cli.report.plots.matrix import NAMED, draw_matrix
from interact_cli.report.plots.players import SHOWN, draw_players
from interact_cli.report.plots.profile import draw_profile
from interact_cli.report.plots.style import GREY, STYLE
from interact_cli.report.wording import count, subject
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

KINDS = ("curve", "profile", "map", "matrix", "players")
SUFFIXES = (".png", ".pdf", ".svg")
DPI = 150
WIDTH = 11.0
"""Inches."""


@dataclass(frozen=True)
class Panel:
    """One picture on the page."""

    kind: str
    metric: str
    draw: Callable[[SubFigure], None]
    height: float
    """Inches."""
    beside: str = ""
    """A second metric in the same picture."""
    half: bool = False
    """True when two such pictures share a row."""


def plot_report(
    report: Report,
    output: Path,
    *,
    kind: str | None = None,
    sample: int = 0,
    neighbours: Literal[4, 8] = 8,
) -> list[str]:
    """Draw a report on one page; an existing picture is replaced only when the new one is complete.

    Args:
        report: What was measured.
        output: ``.png`` (150 dpi), ``.pdf`` or ``.svg``.
        kind: ``"curve"``, ``"profile"``, ``"map"``, ``"matrix"`` or ``"players"``; None for all that fit the metrics.
        sample: Position in the sample table, for the maps.
        neighbours: Neighbouring cells that Color(g) averages over.

    Returns:
        What was drawn, for example ``["curve of bottleneck", "map of shapley-interaction"]``.

    Raises:
        UnknownNameError: no such kind of picture.
        UsageError: nothing in the report can be drawn, no such sample, another file suffix, another neighbourhood.
        OutputError: the picture cannot be written.
    """
    if kind is not None and kind not in KINDS:
        raise UnknownNameError("picture", kind, KINDS)
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"Expected a picture named *.png, *.pdf or *.svg, got '{safe_text(output.name)}'.")
    if neighbours not in (4, 8):
        raise UsageError(f"Expected 4 or 8 neighbours, got {neighbours}.")
    if not 0 <= sample < len(report.samples.ids):
        held = count(len(report.samples.ids), "sample")
        raise UsageError(f"Expected a sample from 0 to {len(report.samples.ids) - 1}, got {sample}; {held} measured.")
    panels = [panel for panel in _panels(report, sample, neighbours, kind) if kind in (None, panel.kind)]
    if not panels:
        metrics = ", ".join(safe_text(measurement.metric, limit=60) for measurement in report.measurements) or "nothing"
        wanted = f"a {kind}" if kind else "a picture"
        raise UsageError(f"Expected a metric that gives {wanted}, got {metrics}; 'interact show' prints its numbers.")
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = _page(report, panels)
        _save(figure, output)
    return [f"{panel.kind} of {' and '.join(_metrics(panel))}" for panel in panels]


def _metrics(panel: Panel) -> tuple[str, ...]:
    return (panel.metric, panel.beside) if panel.beside else (panel.metric,)


def _panels(report: Report, sample: int, neighbours: int, kind: str | None) -> list[Panel]:
    panels = []
    for measurement in report.measurements:
        metric = measurement.metric
        if "order" not in measurement.coordinates:
            continue
        if find(measurement, "J_mean_abs") or find(measurement, "J_rms_corrected"):
            panels.append(Panel("curve", metric, partial(draw_curve, report=report, metric=metric), 4.0))
        elif any((held := find(measurement, name)) and held.dims == ("order",) for name in ("mean_abs", "rms", "mean")):
            panels.append(Panel("profile", metric, partial(draw_profile, report=report, metric=metric), 3.6))
    panels.sort(key=lambda panel: KINDS.index(panel.kind))
    return panels + _pair_panels(report, sample, neighbours, kind) + _player_panels(report, sample)


def _pair_panels(report: Report, sample: int, neighbours: int, kind: str | None) -> list[Panel]:
    held = {measurement.metric: measurement for measurement in report.measurements}
    known = [held[name] for name in PAIR_METRICS if name in held]
    chosen = next((one for one in [*known, *report.measurements] if pair_values(one) is not None), None)
    means = None if chosen is None else pair_means(report, chosen)
    if chosen is None or means is None:
        return []
    panels, n_players = [], len(report.players.names)
    if report.players.grid is not None:
        draw = partial(draw_map, report=report, metric=chosen.metric, sample=sample, neighbours=neighbours)
        panels.append(Panel("map", chosen.metric, draw, 3.8))
    every_pair = len(means.first) == n_players * (n_players - 1) // 2
    if means.first.size and (kind == "matrix" or report.players.grid is None or every_pair):
        draw = partial(draw_matrix, report=report, metric=chosen.metric)
        panels.append(Panel("matrix", chosen.metric, draw, 4.8 if n_players <= NAMED else 5.2, half=True))
    return panels


def _player_panels(report: Report, sample: int) -> list[Panel]:
    metrics = [
        measurement.metric
        for measurement in report.measurements
        if (held := find(measurement, "mean")) is not None and held.dims == ("player",)
    ][:2]
    if not metrics:
        return []
    if report.players.grid is not None and any(q.name == "values" for q in report.measurement(metrics[0]).per_sample):
        draw = partial(draw_player_map, report=report, metric=metrics[0], sample=sample)
        return [Panel("players", metrics[0], draw, 3.8)]
    rows = min(SHOWN, len(report.players.names))
    draw_bars = partial(draw_players, report=report, metrics=metrics)
    beside = metrics[1] if len(metrics) > 1 else ""
    return [Panel("players", metrics[0], draw_bars, max(3.0, 1.2 + 0.24 * rows), beside, half=True)]


def _rows(panels: Sequence[Panel]) -> list[list[Panel]]:
    rows: list[list[Panel]] = []
    for panel in panels:
        if panel.half and rows and len(rows[-1]) == 1 and rows[-1][0].half:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows


def _page(report: Report, panels: Sequence[Panel]) -> Figure:
    rows = _rows(panels)
    width = WIDTH if any(len(row) > 1 or not row[0].half for row in rows) else WIDTH * 0.64
    columns = int(width * 11.5)
    title, foot = _title(report, columns), _footnote(report, panels, int(columns * 1.45))
    heights = [0.3 + 0.17 * (title.count("\n") + 1), *(max(panel.height for panel in row) for row in rows)]
    heights.append(0.16 + 0.15 * (foot.count("\n") + 1))
    figure = Figure(figsize=(width, sum(heights)), dpi=DPI, layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    places = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    parts = [figure.add_subfigure(places[row, 0]) for row in range(len(heights))]
    head, *lines = title.split("\n")
    parts[0].text(0.015, 0.9, head, fontsize=12, fontweight="bold", va="top")
    parts[0].text(0.015, 0.9 - 0.24 / heights[0], "\n".join(lines), fontsize=9, color=GREY, va="top", linespacing=1.3)
    parts[-1].text(0.015, 0.95, foot, fontsize=7.5, color=GREY, va="top", linespacing=1.4)
    for part, row in zip(parts[1:-1], rows, strict=True):
        beside = part.add_gridspec(1, len(row))
        for column, panel in enumerate(row):
            panel.draw(part.add_subfigure(beside[0, column]))
    return figure


def _title(report: Report, columns: int) -> str:
    network, data, score = subject(report)
    about = f"{data}; score: {score}; {count(len(report.players.names), 'player')} ({safe_text(report.players.spec)})"
    first = report.provenance.get("accuracy_first_line")
    if report.provenance.get("illustration"):
        about = f"ILLUSTRATION on bundled inputs; {about}"
    lines = [textwrap.shorten(network, int(columns * 0.72), placeholder=" …"), *textwrap.wrap(about, columns)]
    return "\n".join(lines + (textwrap.wrap(safe_text(first), columns) if first else []))


def _footnote(report: Report, panels: Sequence[Panel], columns: int) -> str:
    samples = report.samples
    included = int(samples.included.sum())
    said = [
        f"{included:,} of {count(len(samples.ids), 'sample')} in the means; "
        f"{int(samples.unique.sum()):,} unique coalitions evaluated ({int(samples.asked.sum()):,} asked for)."
    ]
    if report.status == "limited":
        said[0] += " LIMITED: a quick look."
    for measurement in report.measurements:
        if any(measurement.metric in _metrics(panel) for panel in panels):
            said.append(f"{safe_text(measurement.metric, limit=60)}: {safe_text(measurement.estimator).rstrip('.')}.")
            said += [safe_text(finding.sentence, limit=300) for finding in measurement.findings]
    return "\n".join(line for text in said for line in textwrap.wrap(text, columns))


def _save(figure: Figure, output: Path) -> None:
    suffix = output.suffix.lower()
    metadata = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}[suffix]
    temporary = output.with_name(f".{secrets.token_hex(8)}{suffix}")
    try:
        figure.draw_without_rendering()
        with temporary.open("xb") as stream:
            figure.savefig(stream, format=suffix[1:], dpi=DPI, metadata=metadata)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(output)
    except OSError as error:
        raise OutputError(
            f"Cannot write the picture '{safe_text(output)}': {error.strerror or error}. Choose another place with -o."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
