"""The And-Or graphs of the first samples: patterns with their values, merged coalitions, how well they explain."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from interact_cli.report.terminal.pen import GAP, INDENT, Column, Pen
from interact_cli.report.terminal.sample_sections import CELLS, each_sample
from interact_cli.report.views.graphs import GraphView, graph_of
from interact_cli.results import Measurement, Report
from interact_cli.words import count, number, unit_words

TOP_PATTERNS = 8


def graph_section(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Show the graphs of the first samples."""
    unit = unit_words(measurement.quantity("pattern_values").unit)
    yield pen.line(f"The patterns of each sample, strongest first; values in {unit}:", "dim")
    yield from each_sample(report, pen, lambda sample: _graph(graph_of(report, measurement, sample), pen))
    if report.players.grid is not None:
        yield pen.line(CELLS, "dim")


def _graph(view: GraphView, pen: Pen) -> Iterator[RenderableType]:
    graph, patterns = view.graph, sorted(view.patterns, key=lambda pattern: -abs(pattern.value))
    shown = patterns[:TOP_PATTERNS]
    if shown:
        values = Column("value", [number(pattern.value) for pattern in shown])
        room = pen.width - INDENT - GAP - values.width
        labels = [view.label(pattern.members, limit=room) for pattern in shown]
        yield from pen.tables(Column("pattern", labels, right=False), [[values]])
    if len(shown) < len(patterns):
        yield pen.line(f"The {len(shown)} strongest of {count(len(patterns), 'pattern')}.", "dim")
    merged = [view.label(members) for members in graph.coalitions]
    if merged:
        yield pen.line(f"Common to several: {'; '.join(merged)}.")
    yield pen.line(f"{view.counted}{'' if graph.faithful else ': more than the published rules allow'}.")
