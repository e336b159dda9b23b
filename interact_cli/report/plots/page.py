"""One page per report: which pictures its metrics can give, their places, the title, the footnote and the file."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Literal

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from interact_cli.errors import OutputError, UnknownNameError, UsageError
from interact_cli.journal.whole import write_whole
from interact_cli.report.export import check_sample, metrics_of
from interact_cli.report.plots.grid_map import COLORS
from interact_cli.report.plots.panels import KINDS, Panel, context_panel, panels_of, rows_of
from interact_cli.report.plots.style import GREY, STYLE, WIDTH
from interact_cli.report.views.pairs import Reading
from interact_cli.report.wording import by_metric, module_name, players_count, subject
from interact_cli.results import Measurement, Report
from interact_cli.safe_text import safe_text
from interact_cli.scores import SCORES, Score
from interact_cli.words import count

SUFFIXES = (".png", ".pdf", ".svg")
DPI = 150


def plot_report(  # noqa: PLR0913  (options of a command, each a plain value)
    report: Report,
    output: Path,
    *,
    kind: str | None = None,
    sample: int = 0,
    neighbours: Literal[4, 8] = 8,
    reading: Reading = "mean-abs",
    pair: str | None = None,
    known: Mapping[str, Score] = SCORES,
) -> list[str]:
    """Draw a report on one page; an existing picture is replaced only when the new one is complete.

    Args:
        report: What was measured.
        output: ``.png`` (150 dpi), ``.pdf`` or ``.svg``.
        kind: One of `KINDS`; None for all that fit the metrics and need no pair.
        sample: Position in the sample table: for maps and graphs, and the first of the samples with players of
            their own.
        neighbours: Neighbouring cells that Color(g) averages over.
        reading: Color(g) as the mean of |I| over them, or as |mean of I|.
        pair: ``"I,J"``, two players by number or name: those whose salient contexts ``kind="contexts"`` draws.
        known: The score functions that there are; records become values by one of them.

    Returns:
        What was drawn, for example ``["curve of bottleneck", "map of shapley-interaction"]``.

    Raises:
        UnknownNameError: no such kind of picture.
        UsageError: nothing in the report can be drawn, no such sample or pair, another file suffix, neighbourhood or
            reading.
        OutputError: the picture cannot be written.
    """
    if kind is not None and kind not in KINDS:
        raise UnknownNameError("picture", kind, KINDS)
    check_suffix(output, ", or a graph named *.json")
    if neighbours not in (4, 8):
        raise UsageError(f"Expected 4 or 8 neighbours, got {neighbours}.")
    if reading not in COLORS:
        raise UsageError(f"Expected a reading of Color(g), {' or '.join(COLORS)}, got '{safe_text(reading)}'.")
    if (pair is None) == (kind == "contexts"):
        raise UsageError("Expected --kind contexts together with --pair I,J, the pair whose contexts are drawn.")
    check_sample(report, sample)
    if pair is None:
        panels = panels_of(report, sample, neighbours, kind, reading)
    else:
        panels = [context_panel(report, sample, pair, known)]
    if not panels:
        raise _no_picture(metrics_of(report), f"the picture '{kind}'" if kind else "a picture")
    draw_page(panels, output, partial(_title, report), partial(_footnote, report, panels))
    return [panel.shown for panel in panels]


def figure_of(report: Report, metric: str | None = None) -> Figure:
    """Draw the pictures of one metric, as `plot_report` does without options.

    Args:
        report: What was measured.
        metric: ``"shapley"``, in all its games, or ``"shapley@encoder.layer.0"``; None for the first with a picture.

    Returns:
        A figure that `matplotlib.pyplot` does not know of.

    Raises:
        UnknownNameError: the report holds no such metric.
        UsageError: nothing can be drawn.
    """
    for measurements in by_metric(report) if metric is None else [report.measurements_of(metric)]:
        of_metric = replace(report, measurements=tuple(measurements))
        panels = panels_of(of_metric, sample=0, neighbours=8, kind=None, reading="mean-abs")
        if panels:
            with _styled():
                figure = _page(panels, partial(_title, report), partial(_footnote, of_metric, panels))
                # The first drawing lays the page out and makes the ticks: both in our style, not in the user's.
                figure.draw_without_rendering()
            return figure
    raise _no_picture(metrics_of(report) if metric is None else safe_text(metric, limit=60), "a picture")


def _no_picture(metrics: str, wanted: str) -> UsageError:
    return UsageError(f"Expected a metric that gives {wanted}, got {metrics}; 'interact show' prints its numbers.")


def check_suffix(output: Path, other: str = "") -> None:
    """Refuse a picture that is named like no format.

    Args:
        output: The picture.
        other: What else the place may be, to be said in the message.

    Raises:
        UsageError: neither .png nor .pdf nor .svg.
    """
    if output.suffix.lower() not in SUFFIXES:
        raise UsageError(f"Expected a picture named *.png, *.pdf or *.svg{other}, got '{safe_text(output.name)}'.")


def draw_page(
    panels: Sequence[Panel], output: Path, title: Callable[[int], str], footnote: Callable[[int], str]
) -> None:
    """Draw pictures on one page; an existing file is replaced only when the new one is complete.

    Args:
        panels: In their order.
        output: ``.png`` (150 dpi), ``.pdf`` or ``.svg``.
        title: Characters of a line -> text; its first line is the heading.
        footnote: Characters of a line -> text.

    Raises:
        OutputError: the picture cannot be written.
    """
    with _styled():
        _save(_page(panels, title, footnote), output)


@contextmanager
def _styled() -> Iterator[None]:
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _page(panels: Sequence[Panel], titled: Callable[[int], str], footnoted: Callable[[int], str]) -> Figure:
    rows = rows_of(panels)
    width = WIDTH if any(len(row) > 1 or not row[0].half for row in rows) else WIDTH * 0.64
    # Characters of a line: so many to an inch at 9 points, more at the 7.5 of the footnote.
    columns = int(width * 11.5)
    title, foot = titled(columns), footnoted(int(columns * 1.45))
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
    players = report.players
    about = f"{data}; score: {score}; {players_count(players)} ({safe_text(players.spec)})"
    if players.entry != "input":
        about += f" at the {safe_text(players.entry)}"
    first = report.provenance.get("accuracy_first_line")
    if report.provenance.get("illustration"):
        about = f"ILLUSTRATION on bundled inputs; {about}"
    lines = [textwrap.shorten(network, int(columns * 0.72), placeholder=" …"), *textwrap.wrap(about, columns)]
    return "\n".join(lines + (textwrap.wrap(safe_text(first), columns) if first else []))


def _footnote(report: Report, panels: Sequence[Panel], columns: int) -> str:
    samples = report.samples
    included = int(samples.included.sum())
    told = [
        f"{included:,} of {count(len(samples.ids), 'sample')} in the means; "
        f"{int(samples.unique.sum()):,} unique coalitions evaluated ({int(samples.asked.sum()):,} asked for)."
    ]
    if report.status == "limited":
        told[0] += " LIMITED: a quick look."
    for measurements in by_metric(report):
        first = measurements[0]
        if any(shown.metric == first.metric for panel in panels for shown in panel.measurements):
            told.append(f"{safe_text(first.metric, limit=60)}: {safe_text(first.estimator).rstrip('.')}.")
            told += _findings(measurements)
    return "\n".join(line for text in told for line in textwrap.wrap(text, columns))


def _findings(measurements: Sequence[Measurement]) -> list[str]:
    """What was found: sentences of one game, a word for each of several."""
    if len(measurements) == 1:
        return [safe_text(finding.sentence, limit=300) for finding in measurements[0].findings]
    verdicts = (
        (measurement, dict.fromkeys(safe_text(f.word) for f in measurement.findings if f.word))
        for measurement in measurements
    )
    words = [
        f"{module_name(measurement.of)}: {' / '.join(verdict_words)}"
        for measurement, verdict_words in verdicts
        if verdict_words
    ]
    return [f"Verdicts: {'; '.join(words)}."] if words else []


def _save(figure: Figure, output: Path) -> None:
    suffix = output.suffix.lower()
    metadata = {".png": None, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}[suffix]
    picture = BytesIO()
    try:
        figure.draw_without_rendering()
        figure.savefig(picture, format=suffix[1:], dpi=DPI, metadata=metadata)
        write_whole(output, picture.getvalue())
    except OSError as error:
        raise OutputError(
            f"Cannot write the picture '{safe_text(output)}': {error.strerror or error}. Choose another place with -o."
        ) from error
