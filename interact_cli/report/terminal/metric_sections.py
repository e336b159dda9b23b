"""One section of the terminal summary for each metric: the sentence first, then the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import RenderableType

from interact_cli.report.pairs import PAIR_METRICS, find, pair_means, pair_values, strongest
from interact_cli.report.sentences import noun
from interact_cli.report.terminal.pen import INDENT, Column, Pen
from interact_cli.report.terminal.sample_sections import player_values, sample_section
from interact_cli.report.wording import (
    NOT_MEASURED,
    bars,
    count,
    described,
    entry,
    games,
    label,
    number,
    player_name,
    plus_minus,
    unit_words,
    with_unit,
)
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray

PLAYER_VALUES = frozenset({"shapley", "banzhaf"})
"""Metrics whose player values say how much a player moves the score."""
TOP_PLAYERS = 8
TOP_PAIRS = 6
ORDER_ROWS = 16
"""Rows of a table by order; more orders than this are thinned out evenly, both ends kept."""
HEADLINES = {
    "multi-order": ("mean_abs", "rms_corrected"),
    "strength": ("strength_mean_abs", "strength_rms_corrected"),
    "bottleneck": ("J_mean_abs", "J_rms_corrected"),
}
"""Metric -> one quantity for each of the two strengths, never mixed."""
BY_ORDER = {
    "multi-order": ("mean_abs", "rms_corrected", "mean"),
    "bottleneck": ("J_mean_abs", "null_mean_abs", "J_rms_corrected", "null_rms_corrected", "theory"),
}
"""What the table by order shows; every other quantity is named below it and stays in the report."""
AXES = {
    "order": ("order", "By order m (players present beside the pair)"),
    "ratio": ("m/(n-2)", "By order m as a share of n-2 (m of the sample's n players present beside the pair)"),
    "keep_rate": ("keep rate", "By keep rate of the contexts (order components)"),
}
"""Axis of a summary -> the head of its column and of its table."""
OVERALL = ("strength", "mean_abs")
"""What the mean |value| over all players may be called."""
THEORY = ("theory_n_prime", "theory_rmse")
NULLS = {"J_mean_abs": "null_mean_abs", "J_rms_corrected": "null_rms_corrected"}


def metric_section(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Write everything that the summary says about one metric."""
    yield pen.text("")
    yield pen.heading(safe_text(measurement.key, limit=100))
    for finding in measurement.findings:
        yield pen.line(safe_text(finding.sentence, limit=600), _style_of(finding.word))
    for sentence in _sentences(report, measurement):
        yield pen.line(sentence, "bold")
    yield from _scalars(measurement, pen)
    for axis in AXES:
        yield from _by_axis(measurement, axis, pen)
    yield from _by_player(report, measurement, pen)
    yield from _by_pair(report, measurement, pen)
    if not report.players.shared:
        yield from sample_section(report, measurement, pen)
    yield pen.line(provenance_line(measurement), "dim")
    for note in measurement.notes:
        yield pen.line(f"Note: {safe_text(note, limit=600)}", "italic")


def _style_of(word: str) -> str:
    return "bold" if word in ("not distinguishable", "not tested") else "bold cyan"


def provenance_line(measurement: Measurement) -> str:
    """Say how the numbers were obtained, and from which source."""
    shares = [
        np.asarray(quantity.exact)[np.isfinite(quantity.values)]
        for quantity in measurement.per_sample
        if quantity.exact is not None and quantity.values.dtype.kind == "f"
    ]
    flags = np.concatenate(shares) if shares else np.empty(0, dtype=bool)
    how = safe_text(measurement.estimator, limit=200)
    if flags.size and not flags.any():
        how += "; every value is sampled"
    elif flags.size and flags.all():
        how += "; every value is exact"
    elif flags.size:
        how += f"; {number(100 * float(flags.mean()))} % of the values are exact, the others sampled"
    return f"How: {how}. Source: {safe_text(measurement.source, limit=200)} (version {measurement.version})."


def _sentences(report: Report, measurement: Measurement) -> Iterator[str]:
    for name in HEADLINES.get(measurement.metric, ()):
        quantity = find(measurement, name)
        if quantity is not None and quantity.dims in (("order",), ("ratio",)):
            yield _order_sentence(report, measurement, quantity)
        elif quantity is not None and quantity.dims == ():
            yield f"Interaction strength by {label(quantity).removeprefix('strength, ')}: {described(quantity)}."
    strength = find(measurement, "strength_mean_abs")
    if measurement.metric in PAIR_METRICS[:2] and strength is not None:
        yield f"Two players change each other's effect by {described(strength)} on average (mean |I| over pairs)."
    yield from _player_sentences(report, measurement)


def _order_sentence(report: Report, measurement: Measurement, quantity: Quantity) -> str:
    axis = quantity.dims[0]
    places = measurement.coordinates.get(axis)
    if places is None or not np.isfinite(quantity.values).any():
        return f"{label(quantity)}: {NOT_MEASURED}."
    most, least = int(np.nanargmax(quantity.values)), int(np.nanargmin(quantity.values))
    high, low = (f"{place_on_axis(axis, places[position])}" for position in (most, least))
    high += f" of 0..{report.players.largest - 2}" if axis == "order" else ""
    return (
        f"{label(quantity)}: largest at {high}, {described(quantity, most)}; "
        f"smallest at {low}, {described(quantity, least)}."
    )


def place_on_axis(axis: str, place: float) -> str:
    """Name one place of an axis.

    Example:
        >>> place_on_axis("order", 3), place_on_axis("ratio", 0.25), place_on_axis("ratio", 1.0)
        ('order 3', 'order 0.25 (n-2)', 'order n-2')
    """
    written = f"{round(float(place), 3):g}"
    if axis == "ratio" and place > 0:
        written = "n-2" if place == 1 else f"{written} (n-2)"
    return f"order {written}"


def _player_sentences(report: Report, measurement: Measurement) -> Iterator[str]:
    if measurement.metric not in PLAYER_VALUES:
        return
    overall = _overall(measurement)
    if overall is not None:
        yield f"One {noun(report)} moves the score by {described(overall)} on average (mean |value|)."
    mean_abs = find(measurement, "mean_abs")
    yield from _best_player(report, mean_abs)
    values = player_values(measurement)
    first = (*games(report), "")[0]
    if measurement.metric == "shapley" and values is not None and measurement.of == first:
        yield _efficiency(report, values)


def _overall(measurement: Measurement) -> Quantity | None:
    """Return the mean |value| over the players of all samples, where each sample has its own."""
    held = (find(measurement, name) for name in OVERALL)
    return next((quantity for quantity in held if quantity is not None and quantity.dims == ()), None)


def _best_player(report: Report, mean_abs: Quantity | None) -> Iterator[str]:
    if mean_abs is None or mean_abs.dims != ("player",) or not np.isfinite(mean_abs.values).any():
        return
    best = int(np.nanargmax(mean_abs.values))
    yield (
        f"'{player_name(report.players, best)}' moves the score most: "
        f"mean |value| {described(mean_abs, best)} over {count(int(report.samples.included.sum()), 'sample')}."
    )


def _efficiency(report: Report, values: Quantity) -> str:
    n_players = [len(report.players.of_sample(sample)) for sample in range(len(report.samples.ids))]
    own = np.arange(values.values.shape[1]) < np.array(n_players)[:, None]
    sums = np.where(own, values.values, 0.0).sum(axis=1)
    gap = sums - (report.samples.full_value - report.samples.empty_value)
    worst = float(np.nanmax(np.abs(gap))) if np.isfinite(gap).any() else float("nan")
    return (
        "Efficiency check: the values of a sample add up to v(N) - v(empty) "
        f"within {with_unit(number(worst, 2), values.unit)} (worst of {count(gap.size, 'sample')})."
    )


def _scalars(measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    said: tuple[str, ...] = HEADLINES.get(measurement.metric, ())
    if measurement.metric in PAIR_METRICS[:2]:
        said = ("strength_mean_abs",)
    if measurement.metric in PLAYER_VALUES:
        said = OVERALL
    n_prime, misfit = (find(measurement, name) for name in THEORY)
    if n_prime is not None and misfit is not None:
        said = (*said, *THEORY)
        yield pen.line(
            f"Theory curve F(m): fits best with n' = {float(n_prime.values):g}, "
            f"root mean square misfit {number(float(misfit.values))}."
        )
    for quantity in measurement.summary:
        if quantity.dims == () and quantity.name not in said:
            yield pen.line(f"{label(quantity)}: {described(quantity)}")


def thinned(length: int, limit: int = ORDER_ROWS) -> IntArray:
    """Choose at most ``limit`` positions evenly, both ends kept."""
    return np.unique(np.linspace(0, length - 1, min(length, limit)).round().astype(np.int64))


def _by_axis(measurement: Measurement, axis: str, pen: Pen) -> Iterator[RenderableType]:
    held = {quantity.name: quantity for quantity in measurement.summary if quantity.dims == (axis,)}
    orders = measurement.coordinates.get(axis)
    if not held or orders is None:
        return
    head, heading = AXES[axis]
    yield from _sparklines(measurement.metric, held, orders, pen)
    shown = [held[name] for name in BY_ORDER.get(measurement.metric, held) if name in held]
    rows = thinned(len(orders))
    units = sorted({quantity.unit for quantity in shown} - {"1", ""})
    heading += f", in {', '.join(safe_text(unit, limit=24) for unit in units)}" if units else ""
    heading += f"; {rows.size} of {len(orders)} orders" if rows.size < len(orders) else ""
    yield pen.line(f"{heading}:", "dim")
    groups = [_columns(quantity, label(quantity), [(int(row),) for row in rows]) for quantity in shown]
    yield from pen.tables(Column(head, [f"{round(float(orders[row]), 3):g}" for row in rows]), groups)
    left = [label(quantity) for quantity in held.values() if quantity not in shown]
    if left:
        yield pen.line(f"Also in the report: {'; '.join(left)}.", "dim")


def _sparklines(metric: str, held: dict[str, Quantity], orders: npt.NDArray[Any], pen: Pen) -> Iterator[RenderableType]:
    for name in HEADLINES.get(metric, ()):
        for quantity in (held.get(name), held.get(NULLS.get(name, ""))):
            if quantity is not None and len(orders) + len(label(quantity)) + 2 * INDENT <= pen.width:
                yield pen.line(f"{bars(np.asarray(quantity.values, np.float64))}  {label(quantity)}", "cyan")


def _columns(quantity: Quantity, head: str, rows: list[tuple[int, ...]]) -> list[Column]:
    entries = [entry(quantity, *row) for row in rows]
    columns = [Column(head, [text for text, _ in entries])]
    if any(ends for _, ends in entries):
        columns.append(Column("95 %", [ends for _, ends in entries]))
    return columns


def _by_player(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    held = [quantity for quantity in measurement.summary if quantity.dims == ("player",)]
    if not held:
        return
    ranked = next((quantity for quantity in held if quantity.name == "mean_abs"), held[0])
    size: FloatArray = np.abs(np.asarray(ranked.values, dtype=np.float64))
    best = np.argsort(np.where(np.isfinite(size), -size, np.inf), kind="stable")[:TOP_PLAYERS]
    n_players = report.players.largest
    which = f"The {best.size} largest of {n_players} players" if n_players > best.size else "Players"
    yield pen.line(f"{which} by {label(ranked)}, in {unit_words(ranked.unit)}:", "dim")
    names = Column("player", [player_name(report.players, int(i)) for i in best], right=False)
    yield from pen.tables(names, [_columns(quantity, label(quantity), [(int(i),) for i in best]) for quantity in held])


def _by_pair(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    means = pair_means(report, measurement)
    held = pair_values(measurement)
    if means is None or held is None:
        return
    if not means.first.size:
        yield pen.line(f"Pairs: {NOT_MEASURED}.")
        return
    best = strongest(means, TOP_PAIRS)
    chosen = f"The {best.size} strongest of {count(means.first.size, 'measured pair')} by mean |I|"
    if best.size == means.first.size:
        chosen = f"{count(best.size, 'measured pair')} by mean |I|"
    if held.orders_averaged:
        chosen += f", signed values averaged over {count(held.orders_averaged, 'order')}"
    yield pen.line(f"{chosen}, in {safe_text(means.unit, limit=24)}:", "dim")
    names = [
        " × ".join(player_name(report.players, int(end[p]), 30) for end in (means.first, means.second)) for p in best
    ]
    signed = [plus_minus(float(means.mean[p]), float(means.standard_errors[p])) for p in best]
    group = [Column("signed mean", signed), Column("mean |I|", [number(float(means.mean_abs[p])) for p in best])]
    if (means.samples != report.samples.included.sum()).any():
        group.append(Column("samples", [f"{int(means.samples[p]):,}" for p in best]))
    yield from pen.tables(Column("pair", names, right=False), [[column] for column in group])
    if best.size < means.first.size:
        yield pen.line("Chosen because they are large: part of their size may be chance.", "dim")
    if report.players.grid is not None:
        yield pen.line("r and c count rows and columns of the grid from 0, top left.", "dim")
