"""Which pictures the metrics of a report can give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import SubFigure

from interact_cli.report.pairs import PAIR_METRICS, find, pair_means, pair_values
from interact_cli.report.plots.curve import draw_curve
from interact_cli.report.plots.games import CURVES, draw_curves, draw_modules
from interact_cli.report.plots.grid_map import draw_map, draw_player_map
from interact_cli.report.plots.matrix import NAMED, WHOLE, draw_matrix
from interact_cli.report.plots.players import SHOWN, draw_players
from interact_cli.report.plots.profile import draw_profile
from interact_cli.report.plots.samples import ROW, draw_word_pairs, draw_words
from interact_cli.report.plots.style import axis_of
from interact_cli.report.wording import by_metric, count
from interact_cli.results import Measurement, Report
from interact_cli.types import IntArray

KINDS = ("curve", "profile", "map", "matrix", "players")
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

    @property
    def shown(self) -> str:
        """Say what is drawn: ``"curve of bottleneck"``, ``"curve of bottleneck in 6 modules"``."""
        metrics = list(dict.fromkeys(measurement.metric for measurement in self.measurements))
        if len(metrics) < len(self.measurements):
            return f"{self.kind} of {metrics[0]} in {count(len(self.measurements), 'module')}"
        return f"{self.kind} of {' and '.join(measurement.key for measurement in self.measurements)}"


def panels_of(report: Report, sample: int, neighbours: int, kind: str | None) -> list[Panel]:
    """Choose the pictures of a report, in the order of the page.

    Args:
        report: What was measured.
        sample: Position in the sample table: for maps, and the first of the samples with players of their own.
        neighbours: Neighbouring cells that Color(g) averages over.
        kind: One of `KINDS`, None for all.
    """
    panels = [panel for measurements in by_metric(report) for panel in _order_panels(report, measurements)]
    panels.sort(key=lambda panel: KINDS.index(panel.kind))
    samples = np.arange(sample, min(sample + SAMPLES, len(report.samples.ids)))
    panels += _pair_panels(report, samples, neighbours, kind) + _player_panels(report, samples)
    return [panel for panel in panels if kind in (None, panel.kind)]


def _order_panels(report: Report, measurements: list[Measurement]) -> list[Panel]:
    first, axis = measurements[0], axis_of(measurements[0])
    curve = bool(find(first, "J_mean_abs") or find(first, "J_rms_corrected"))
    profile = any((held := find(first, name)) and held.dims == (axis,) for name in ("mean_abs", "rms", "mean"))
    if axis is None or not (curve or profile):
        return []
    kind, height = ("curve", 4.0) if curve else ("profile", 3.6)
    if len(measurements) > 1:
        if not any(find(first, name) for name, _, _ in CURVES):
            return []
        return [Panel(kind, tuple(measurements), partial(draw_curves, report=report, measurements=measurements), 4.0)]
    draw = partial(draw_curve if curve else draw_profile, report=report, metric=first.key)
    return [Panel(kind, (first,), draw, height)]


def _pair_panels(report: Report, samples: IntArray, neighbours: int, kind: str | None) -> list[Panel]:
    """Pairs of the one metric that a picture prefers; of several games that of the last module."""
    held = {measurement.metric: measurement for measurement in report.measurements}
    known = [held[name] for name in PAIR_METRICS if name in held]
    chosen = next((one for one in [*known, *held.values()] if pair_values(one) is not None), None)
    if chosen is None:
        return []
    if not report.players.shared:
        draw = partial(draw_word_pairs, report=report, metric=chosen.key, samples=samples)
        return [Panel("matrix", (chosen,), draw, 3.8)]
    means = pair_means(report, chosen)
    if means is None:
        return []
    panels, n_players = [], report.players.largest
    if report.players.grid is not None:
        sample = int(samples[0])
        draw = partial(draw_map, report=report, metric=chosen.key, sample=sample, neighbours=neighbours)
        panels.append(Panel("map", (chosen,), draw, 3.8))
    every_pair = len(means.first) == n_players * (n_players - 1) // 2
    if means.first.size and (kind == "matrix" or report.players.grid is None or every_pair):
        draw = partial(draw_matrix, report=report, metric=chosen.key)
        labelled = n_players <= NAMED or n_players > WHOLE
        panels.append(Panel("matrix", (chosen,), draw, 4.8 if labelled else 5.2, half=True))
    return panels


def _player_panels(report: Report, samples: IntArray) -> list[Panel]:
    held = [measurements for measurements in by_metric(report) if _has_players(report, measurements[0])][:2]
    if not held:
        return []
    first = held[0][0]
    if len(held[0]) > 1:
        rows = 1 if report.players.shared else len(samples)
        draw = partial(draw_modules, report=report, measurements=held[0], samples=samples)
        return [Panel("players", tuple(held[0]), draw, rows * (0.9 + 0.24 * max(len(held[0]), 4)))]
    if not report.players.shared:
        draw = partial(draw_words, report=report, metric=first.key, samples=samples)
        return [Panel("players", (first,), draw, 0.6 + ROW * len(samples))]
    if report.players.grid is not None and any(quantity.name == "values" for quantity in first.per_sample):
        draw = partial(draw_player_map, report=report, metric=first.key, sample=int(samples[0]))
        return [Panel("players", (first,), draw, 3.8)]
    shown = tuple(measurements[0] for measurements in held)
    draw = partial(draw_players, report=report, metrics=[measurement.key for measurement in shown])
    rows = min(SHOWN, report.players.largest)
    return [Panel("players", shown, draw, max(3.0, 1.2 + 0.24 * rows), half=True)]


def _has_players(report: Report, measurement: Measurement) -> bool:
    if report.players.shared:
        mean = find(measurement, "mean")
        return mean is not None and mean.dims == ("player",)
    return any(held.name == "values" and held.dims == ("sample", "player") for held in measurement.per_sample)


def rows_of(panels: Sequence[Panel]) -> list[list[Panel]]:
    """Put two half pictures beside each other."""
    rows: list[list[Panel]] = []
    for panel in panels:
        if panel.half and rows and len(rows[-1]) == 1 and rows[-1][0].half:
            rows[-1].append(panel)
        else:
            rows.append([panel])
    return rows
