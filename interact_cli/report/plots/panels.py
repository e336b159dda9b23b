"""Which pictures the metrics of a report can give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import SubFigure

from interact_cli.report.plots.contexts import contexts_height, draw_contexts
from interact_cli.report.plots.curve import draw_curve
from interact_cli.report.plots.games import draw_curves, draw_modules, draw_significance
from interact_cli.report.plots.graph import draw_graph, graph_height
from interact_cli.report.plots.grid_map import draw_map, draw_player_map
from interact_cli.report.plots.matrix import NAMED, WHOLE, draw_matrix
from interact_cli.report.plots.numbers import ROW as NUMBER_ROW
from interact_cli.report.plots.numbers import draw_numbers, single_numbers
from interact_cli.report.plots.partition import draw_partition_map, draw_partitions, partitions_height
from interact_cli.report.plots.players import SHOWN, draw_players
from interact_cli.report.plots.profile import draw_profile, profiled
from interact_cli.report.plots.samples import ROW, draw_word_pairs, draw_words
from interact_cli.report.plots.sets import draw_sets, sets_height
from interact_cli.report.plots.style import axis_of
from interact_cli.report.sentences import names_of
from interact_cli.report.views.contexts import pair_named, recorded_contexts
from interact_cli.report.views.graphs import has_graph
from interact_cli.report.views.pairs import PAIR_METRICS, Reading, find, pair_means, pair_values
from interact_cli.report.views.partitions import has_partitions
from interact_cli.report.views.player_sets import set_quantities
from interact_cli.report.wording import by_metric
from interact_cli.results import Measurement, Report
from interact_cli.scores import Score
from interact_cli.types import IntArray
from interact_cli.words import count

KINDS = ("curve", "profile", "graph", "partition", "sets", "map", "matrix", "players", "contexts", "numbers")
SAMPLES = 3
"""Samples with players of their own that one picture shows."""


@dataclass(frozen=True)
class Panel:
    """One picture on the page."""

    kind: str
    measurements: tuple[Measurement, ...]
    """What it shows: one metric, two beside each other, or one metric in several games."""
    draw: Callable[[SubFigure], None]
    height: float
    """Inches."""
    half: bool = False
    """True when two such pictures share a row."""
    of: str = ""
    """What it shows where that is no metric."""

    @property
    def shown(self) -> str:
        """Say what is drawn: ``"curve of bottleneck"``, ``"curve of bottleneck in 6 modules"``."""
        if self.of:
            return f"{self.kind} of {self.of}"
        metrics = list(dict.fromkeys(measurement.metric for measurement in self.measurements))
        if len(metrics) < len(self.measurements):
            return f"{self.kind} of {metrics[0]} in {count(len(self.measurements), 'module')}"
        return f"{self.kind} of {' and '.join(measurement.key for measurement in self.measurements)}"


def _panel(
    kind: str, report: Report, measurement: Measurement, draw: Callable[..., None], height: float, **options: Any
) -> Panel:
    """A row of its own with the picture of one metric; ``asked`` is what the picture takes beside it."""
    return Panel(kind, (measurement,), partial(draw, report=report, metric=measurement.key, **options), height)


def panels_of(report: Report, sample: int, neighbours: int, kind: str | None, reading: Reading) -> list[Panel]:
    """Choose the pictures of a report, in the order of the page.

    Args:
        report: What was measured.
        sample: Position in the sample table: for maps, and the first of the samples with players of their own.
        neighbours: Neighbouring cells that Color(g) averages over.
        kind: One of `KINDS`, None for all that need no pair.
        reading: Which reading of Color(g).
    """
    panels = [panel for measurements in by_metric(report) for panel in _order_panels(report, measurements)]
    panels.sort(key=lambda panel: KINDS.index(panel.kind))
    samples = np.arange(sample, min(sample + SAMPLES, len(report.samples.ids)))
    panels += _graph_panels(report, sample) + _partition_panels(report, samples)
    panels += _set_panels(report, samples)
    panels += _pair_panels(report, samples, kind, neighbours, reading) + _player_panels(report, samples)
    drawn = {measurement.metric for panel in panels for measurement in panel.measurements}
    panels += _number_panels([measurement for measurement in report.measurements if measurement.metric not in drawn])
    return [panel for panel in panels if kind in (None, panel.kind)]


def _order_panels(report: Report, measurements: list[Measurement]) -> list[Panel]:
    first, axis = measurements[0], axis_of(measurements[0])
    curve = bool(find(first, "J_mean_abs") or find(first, "J_rms_corrected"))
    profiles = [] if axis is None else profiled(first, axis)
    if not profiles:
        return []
    if len(measurements) > 1:
        leading = [panel[0].name for panel in profiles if panel[0].role == "headline"]
        draw = partial(draw_curves, report=report, measurements=measurements, names=leading)
        return [Panel("curve" if curve else "profile", tuple(measurements), draw, 4.0)] if leading else []
    if curve:
        return [_panel("curve", report, first, draw_curve, 4.0)]
    return [_panel("profile", report, first, draw_profile, 3.6, panels=profiles)]


def _graph_panels(report: Report, sample: int) -> list[Panel]:
    """The graph of one sample, of several games that of the last module."""
    graphs = [measurement for measurement in report.measurements if has_graph(measurement)][-1:]
    return [
        _panel("graph", report, measurement, draw_graph, graph_height(report, measurement, sample), sample=sample)
        for measurement in graphs
    ]


def _partition_panels(report: Report, samples: IntArray) -> list[Panel]:
    """Partitions, of several games those of the last module, and how T grows from module to module."""
    panels: list[Panel] = []
    for measurements in by_metric(report):
        last = measurements[-1]
        if not has_partitions(last):
            continue
        if len(measurements) > 1:
            draw = partial(draw_significance, measurements=measurements)
            panels.append(Panel("profile", tuple(measurements), draw, 3.6))
        if report.players.grid is not None:
            panels.append(_panel("partition", report, last, draw_partition_map, 3.8, sample=int(samples[0])))
            continue
        height = partitions_height(report, last, samples)
        panels.append(_panel("partition", report, last, draw_partitions, height, samples=samples))
    return panels


def _set_panels(report: Report, samples: IntArray) -> list[Panel]:
    """The strongest sets of every metric that values them; of several games those of the last module."""
    of_sets = [measurements[-1] for measurements in by_metric(report) if set_quantities(measurements[-1])]
    return [
        _panel("sets", report, measurement, draw_sets, sets_height(report, measurement, samples), samples=samples)
        for measurement in of_sets
    ]


def context_panel(report: Report, sample: int, pair: str, known: Mapping[str, Score]) -> Panel:
    """Draw the salient contexts of one pair, from the records.

    Args:
        report: What was measured.
        sample: Position in the sample table.
        pair: ``"I,J"``, by number or name.
        known: The score functions that there are.

    Raises:
        UsageError: no such pair, or nothing recorded of it.
    """
    recorded = recorded_contexts(report, sample, pair_named(report, sample, pair), known)
    draw = partial(draw_contexts, report=report, recorded=recorded, sample=sample)
    names = names_of(report, sample)
    of = " × ".join(names[player] for player in recorded.salient.pair)
    return Panel("contexts", (), draw, contexts_height(report, recorded), of=of)


def _pair_panels(report: Report, samples: IntArray, kind: str | None, neighbours: int, reading: Reading) -> list[Panel]:
    """Pairs of the one metric that a picture prefers; of several games that of the last module."""
    by_name = {measurement.metric: measurement for measurement in report.measurements}
    known = [by_name[name] for name in PAIR_METRICS if name in by_name]
    chosen = next(
        (measurement for measurement in [*known, *by_name.values()] if pair_values(measurement) is not None), None
    )
    if chosen is None:
        return []
    if not report.players.shared:
        return [_panel("matrix", report, chosen, draw_word_pairs, 3.8, samples=samples)]
    means = pair_means(report, chosen)
    if means is None:
        return []
    panels, n_players = [], report.players.largest
    if report.players.grid is not None:
        options = {"sample": int(samples[0]), "neighbours": neighbours, "reading": reading}
        panels.append(_panel("map", report, chosen, draw_map, 3.8, **options))
    every_pair = len(means.first) == n_players * (n_players - 1) // 2
    if means.first.size and (kind == "matrix" or report.players.grid is None or every_pair):
        labelled = n_players <= NAMED or n_players > WHOLE
        panels.append(replace(_panel("matrix", report, chosen, draw_matrix, 4.8 if labelled else 5.2), half=True))
    return panels


def _player_panels(report: Report, samples: IntArray) -> list[Panel]:
    of_players = [measurements for measurements in by_metric(report) if _has_players(report, measurements[0])][:2]
    if not of_players:
        return []
    first = of_players[0][0]
    if len(of_players[0]) > 1:
        rows = 1 if report.players.shared else len(samples)
        draw = partial(draw_modules, report=report, measurements=of_players[0], samples=samples)
        return [Panel("players", tuple(of_players[0]), draw, rows * (0.9 + 0.24 * max(len(of_players[0]), 4)))]
    if not report.players.shared:
        return [_panel("players", report, first, draw_words, 0.6 + ROW * len(samples), samples=samples)]
    if report.players.grid is not None and any(quantity.name == "values" for quantity in first.per_sample):
        return [_panel("players", report, first, draw_player_map, 3.8, sample=int(samples[0]))]
    shown = tuple(measurements[0] for measurements in of_players)
    draw = partial(draw_players, report=report, metrics=[measurement.key for measurement in shown])
    rows = min(SHOWN, report.players.largest)
    return [Panel("players", shown, draw, max(3.0, 1.2 + 0.24 * rows), half=True)]


def _number_panels(undrawn: Sequence[Measurement]) -> list[Panel]:
    """The single numbers of what no other picture shows."""
    shown = tuple(measurement for measurement in undrawn if single_numbers(measurement))
    if not shown:
        return []
    n_rows = sum(len(single_numbers(measurement)) for measurement in shown)
    return [Panel("numbers", shown, partial(draw_numbers, measurements=shown), 0.5 + NUMBER_ROW * n_rows)]


def _has_players(report: Report, measurement: Measurement) -> bool:
    if report.players.shared:
        mean = find(measurement, "mean")
        return mean is not None and mean.dims == ("player",)
    return any(
        quantity.name == "values" and quantity.dims == ("sample", "player") for quantity in measurement.per_sample
    )


def rows_of(panels: Sequence[Panel]) -> list[list[Panel]]:
    """Put two half pictures beside each other."""
    rows: list[list[Panel]] = []
    for panel in panels:
        if panel.half and rows and len(rows[-1]) == 1 and rows[-1][0].half:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows
