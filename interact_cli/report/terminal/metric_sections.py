"""One section of the terminal summary for each metric: the sentence first, then the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import RenderableType

from interact_cli.report.terminal.graph_sections import graph_section
from interact_cli.report.terminal.partition_sections import partition_section
from interact_cli.report.terminal.pen import INDENT, Column, Pen
from interact_cli.report.terminal.sample_sections import BY_CHANCE, CELLS, sample_section
from interact_cli.report.terminal.set_sections import set_section
from interact_cli.report.views.graphs import has_graph
from interact_cli.report.views.pairs import PATTERNS, pair_means, pair_values
from interact_cli.report.views.partitions import has_partitions
from interact_cli.report.wording import bars, called
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import (
    NOT_MEASURED,
    count,
    described,
    entry,
    number,
    player_name,
    plus_minus,
    unit_words,
    with_unit,
)

TOP_PLAYERS = 8
TOP_PAIRS = 6
ORDER_ROWS = 16
"""Rows of a table by order; more orders than this are thinned out evenly, both ends kept."""
AXES = {
    "order": ("order", "By order m (players present beside the pair)"),
    "ratio": ("m/(n-2)", "By order m as a share of n-2 (m of the sample's n players present beside the pair)"),
    "keep_rate": ("keep rate", "By keep rate of the contexts (order components)"),
    "size": ("size", "By size of the coalition (number of players)"),
    "quantile": ("quantile", "By quantile over pairs and orders"),
}
"""Axis of a summary -> the head of its column and of its table."""
UNDECIDED = ("", "not distinguishable", "not tested", "not shown", "bounded", "no difference shown")
"""Words of a sentence that do not speak for either side."""
OF_PATTERNS = ("order q", "By order q (players of the pattern beside the pair)")
"""The same for the orders of inference patterns."""


def metric_section(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Write everything that the summary says about one metric."""
    yield pen.text("")
    yield pen.heading(safe_text(measurement.key, limit=100))
    for finding in measurement.findings:
        yield pen.line(safe_text(finding.sentence, limit=600), _style_of(finding.word))
    yield from _scalars(measurement, pen)
    for axis in _axes(measurement):
        yield from _by_axis(measurement, axis, pen)
    yield from _by_player(report, measurement, pen)
    yield from _by_pair(report, measurement, pen)
    yield from set_section(report, measurement, pen)
    if has_graph(measurement):
        yield from graph_section(report, measurement, pen)
    if has_partitions(measurement):
        yield from partition_section(report, measurement, pen)
    if not report.players.shared:
        yield from sample_section(report, measurement, pen)
    yield pen.line(provenance_line(measurement), "dim")
    for note in measurement.notes:
        yield pen.line(f"Note: {safe_text(note, limit=600)}", "italic")


def _style_of(word: str) -> str:
    return "bold" if word in UNDECIDED else "bold cyan"


def provenance_line(measurement: Measurement) -> str:
    """Say how the numbers were obtained, and from which source."""
    values = [
        (np.asarray(quantity.exact)[measured], _rounding_of(quantity), quantity.unit)
        for quantity in measurement.per_sample
        if quantity.exact is not None and quantity.values.dtype.kind == "f"
        for measured in [np.isfinite(quantity.values)]
    ]
    flags = np.concatenate([exact for exact, _, _ in values]) if values else np.empty(0, dtype=bool)
    how = safe_text(measurement.estimator, limit=400)
    rounding, unit = max(((most, unit) for _, most, unit in values), default=(0.0, ""))
    exactly = f"exact up to rounding of about {with_unit(number(rounding, 1), unit)}" if rounding > 0 else "exact"
    if flags.size and not flags.any():
        how += "; every value is an estimate"
    elif flags.size and flags.all():
        how += f"; every value is {exactly}"
    elif flags.size:
        how += f"; {number(100 * float(flags.mean()))} % of the values are {exactly}, the others estimates"
    return f"How: {how}. Source: {safe_text(measurement.source, limit=200)} (version {measurement.version})."


def _rounding_of(quantity: Quantity) -> float:
    """Return the largest standard error of an exact value: what rounding of the network's outputs does to it."""
    if quantity.standard_errors is None or quantity.exact is None:
        return 0.0
    errors: FloatArray = np.asarray(quantity.standard_errors)[quantity.exact & np.isfinite(quantity.standard_errors)]
    return float(errors.max(initial=0.0))


def _scalars(measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Write the single numbers that no sentence has written out."""
    written_out = {name for finding in measurement.findings for name in finding.says}
    for quantity in measurement.summary:
        if quantity.dims == () and quantity.name not in written_out:
            yield pen.line(f"{called(quantity)}: {described(quantity)}")


def thinned(length: int, limit: int = ORDER_ROWS) -> IntArray:
    """Choose at most ``limit`` positions evenly, both ends kept."""
    return np.unique(np.linspace(0, length - 1, min(length, limit)).round().astype(np.int64))


def _by_axis(measurement: Measurement, axis: str, pen: Pen) -> Iterator[RenderableType]:
    along_axis = {quantity.name: quantity for quantity in measurement.summary if quantity.dims == (axis,)}
    orders = measurement.coordinates.get(axis)
    if not along_axis or orders is None:
        return
    head, heading = OF_PATTERNS if (axis, measurement.metric) == ("order", PATTERNS) else heads(axis)
    shown = tabled(measurement, axis)
    yield from _sparklines(shown, orders, pen)
    rows = thinned(len(orders))
    units = sorted({quantity.unit for quantity in shown} - {"1", ""})
    heading += f", in {', '.join(safe_text(unit, limit=24) for unit in units)}" if units else ""
    heading += f"; {rows.size} of {len(orders)} {axis.replace('_', ' ')}s" if rows.size < len(orders) else ""
    yield pen.line(f"{heading}:", "dim")
    groups = [_columns(quantity, called(quantity), [(int(row),) for row in rows]) for quantity in shown]
    yield from pen.tables(Column(head, [f"{round(float(orders[row]), 3):g}" for row in rows]), groups)
    left = [called(quantity) for quantity in along_axis.values() if quantity not in shown]
    if left:
        yield pen.line(f"Also in the report: {'; '.join(left)}.", "dim")


def heads(axis: str) -> tuple[str, str]:
    """Return the head of an axis's column and that of its table."""
    name = safe_text(axis, limit=40).replace("_", " ")
    return AXES.get(axis, (name, f"By {name}"))


def _axes(measurement: Measurement) -> list[str]:
    """Return the axes that tables run along: those that are known first, then the metric's own."""
    axes = [quantity.dims[0] for quantity in measurement.summary if len(quantity.dims) == 1]
    own = [axis for axis in axes if axis in measurement.coordinates]
    return [axis for axis in dict.fromkeys((*AXES, *own)) if axis in axes]


def tabled(measurement: Measurement, axis: str) -> list[Quantity]:
    """Return the quantities that a table along an axis shows, headlines first; all where none is meant for a table."""
    along_axis = [quantity for quantity in measurement.summary if quantity.dims == (axis,)]
    shown = [quantity for role in ("headline", "by-order") for quantity in along_axis if quantity.role == role]
    return shown or along_axis


def _sparklines(shown: Sequence[Quantity], orders: npt.NDArray[Any], pen: Pen) -> Iterator[RenderableType]:
    for quantity in shown:
        if len(orders) + len(called(quantity)) + 2 * INDENT <= pen.width:
            yield pen.line(f"{bars(np.asarray(quantity.values, np.float64))}  {called(quantity)}", "cyan")


def _columns(quantity: Quantity, head: str, rows: list[tuple[int, ...]]) -> list[Column]:
    entries = [entry(quantity, *row) for row in rows]
    columns = [Column(head, [text for text, _ in entries])]
    if any(ends for _, ends in entries):
        columns.append(Column("95 %", [ends for _, ends in entries]))
    return columns


def _by_player(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    along_players = [quantity for quantity in measurement.summary if quantity.dims == ("player",)]
    if not along_players:
        return
    ranked = next((quantity for quantity in along_players if quantity.role == "headline"), along_players[0])
    size: FloatArray = np.abs(np.asarray(ranked.values, dtype=np.float64))
    best = np.argsort(np.where(np.isfinite(size), -size, np.inf), kind="stable")[:TOP_PLAYERS]
    n_players = report.players.largest
    which = f"The {best.size} largest of {n_players} players" if n_players > best.size else "Players"
    yield pen.line(f"{which} by {called(ranked)}, in {unit_words(ranked.unit)}:", "dim")
    names = Column("player", [player_name(report.players, int(i)) for i in best], right=False)
    yield from pen.tables(
        names, [_columns(quantity, called(quantity), [(int(i),) for i in best]) for quantity in along_players]
    )


def _by_pair(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    means = pair_means(report, measurement)
    pairs = pair_values(measurement)
    if means is None or pairs is None:
        return
    if not means.first.size:
        yield pen.line(f"Pairs: {NOT_MEASURED}.")
        return
    best = means.over.strongest(TOP_PAIRS)
    chosen = f"The {best.size} strongest of {count(means.first.size, 'measured pair')} by mean |I|"
    if best.size == means.first.size:
        chosen = f"{count(best.size, 'measured pair')} by mean |I|"
    if pairs.orders_averaged:
        chosen += f", signed values averaged over {count(pairs.orders_averaged, 'order')}"
    yield pen.line(f"{chosen}, in {safe_text(means.unit, limit=24)}:", "dim")
    names = [
        " × ".join(player_name(report.players, int(end[p]), 30) for end in (means.first, means.second)) for p in best
    ]
    signed = [plus_minus(float(means.over.mean[p]), float(means.over.standard_errors[p])) for p in best]
    group = [Column("signed mean", signed), Column("mean |I|", [number(float(means.over.mean_abs[p])) for p in best])]
    if (means.over.samples != report.samples.included.sum()).any():
        group.append(Column("samples", [f"{int(means.over.samples[p]):,}" for p in best]))
    yield from pen.tables(Column("pair", names, right=False), [[column] for column in group])
    if best.size < means.first.size:
        yield pen.line(BY_CHANCE, "dim")
    if report.players.grid is not None:
        yield pen.line(CELLS, "dim")
