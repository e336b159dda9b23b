"""Metrics that value sets of players: the strongest ones with names, over all samples or sample by sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import RenderableType

from interact_cli.report.sentences import names_of
from interact_cli.report.terminal.pen import GAP, INDENT, Column, Pen
from interact_cli.report.terminal.sample_sections import BY_CHANCE, CELLS, each_sample, with_context
from interact_cli.report.views import player_sets
from interact_cli.report.views.pairs import find
from interact_cli.results import Measurement, Report
from interact_cli.words import NOT_MEASURED, count, number, player_name, plus_minus, unit_words

TOP_SETS = 8
TOP_OF_SAMPLE = 5
LEAST = 18
"""Characters that a line of the names of a set gets at least."""
LINES = 4
"""Lines that the names of a set may take."""


def set_section(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Show the strongest sets; nothing where the metric values none."""
    if not player_sets.set_quantities(measurement):
        return
    yield from _by_size(report, measurement, pen)
    ranking = player_sets.of_all(report, measurement, TOP_SETS)
    if ranking is None:
        yield from _by_sample(report, measurement, pen)
        return
    if not ranking.sets:
        yield pen.line(f"Sets: {NOT_MEASURED}.")
        return
    yield pen.line(f"{_chosen(ranking)} by mean {_strength(measurement)}, in {unit_words(ranking.unit)}:", "dim")
    names = [player_name(report.players, player, 30) for player in range(len(report.players.names))]
    columns = _over_samples(report, measurement, ranking)
    lead = _lead(ranking.sets, names, columns, pen)
    yield from pen.tables(lead, [[column] for column in columns])
    if len(ranking.sets) < ranking.total and (report.samples.included.sum() > 1 or _sampled(measurement)):
        yield pen.line(BY_CHANCE, "dim")
    if report.players.grid is not None:
        yield pen.line(CELLS, "dim")


def _strength(measurement: Measurement) -> str:
    return "length" if measurement.metric == player_sets.CONCEPTS else "|I|"


def _chosen(ranking: player_sets.Ranking) -> str:
    shown = len(ranking.sets)
    if shown == ranking.total:
        return count(shown, "set")
    return f"The {f'{shown} ' if shown > 1 else ''}strongest of {count(ranking.total, 'set')}"


def _over_samples(report: Report, measurement: Measurement, ranking: player_sets.Ranking) -> list[Column]:
    value = [plus_minus(named_set.value, named_set.error or None) for named_set in ranking.sets]
    columns = [Column("size", [str(len(named_set.members)) for named_set in ranking.sets])]
    if measurement.metric == player_sets.CONCEPTS:
        columns.append(Column("mean length", value))
    else:
        columns += [
            Column("signed mean", value),
            Column("mean |I|", [number(named_set.size) for named_set in ranking.sets]),
        ]
    included = int(report.samples.included.sum())
    if any(named_set.samples != included for named_set in ranking.sets):
        columns.append(Column("samples", [f"{named_set.samples:,}" for named_set in ranking.sets]))
    return columns


def _lead(sets: Sequence[player_sets.NamedSet], names: Sequence[str], columns: Sequence[Column], pen: Pen) -> Column:
    """Name the sets in the room that the numbers leave, on a few lines; what does not fit on them is counted."""
    room = max(pen.width - INDENT - sum(GAP + column.width for column in columns), LEAST)
    return Column("set", [named_set.named(names, LINES * room) for named_set in sets], right=False, most=room)


def _by_size(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Sets and strength of each size, for metrics that list their sets and have more than one size."""
    rows = [(size, sets, strength) for size, sets, strength in player_sets.by_size(report, measurement) if sets]
    if len(rows) < 2:
        return
    quantity = player_sets.set_quantities(measurement)["values"]
    complete = player_sets.every_set(report, measurement)
    what = "sum of |I|" if complete else "mean |I| over the sets that were measured"
    yield pen.line(f"Strength by size, {what}, mean of samples, in {unit_words(quantity.unit)}:", "dim")
    total = sum(strength for _, _, strength in rows)
    columns = [
        Column("sets", [f"{sets:,}" for _, sets, _ in rows]),
        Column("strength", [number(strength) for _, _, strength in rows]),
    ]
    if complete:
        share = [f"{100 * strength / total:.0f} %" if total > 0 else "" for _, _, strength in rows]
        columns.append(Column("share", share))
    yield from pen.tables(Column("size", [str(size) for size, _, _ in rows]), [[column] for column in columns])


def _by_sample(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    unit = next(iter(player_sets.set_quantities(measurement).values())).unit
    yield pen.line(f"The strongest sets by {_strength(measurement)}, in {unit_words(unit)}:", "dim")
    shares = find(measurement, "share") if measurement.metric == player_sets.CONCEPTS else None

    def body(sample: int) -> Iterator[RenderableType]:
        ranking = player_sets.of_sample(measurement, sample, TOP_OF_SAMPLE)
        if not ranking.sets:
            yield pen.line(f"Sets: {NOT_MEASURED}.")
            return
        value = Column(
            "length" if shares is not None else "I",
            [plus_minus(named_set.value, named_set.error or None) for named_set in ranking.sets],
        )
        columns = [Column("size", [str(len(named_set.members)) for named_set in ranking.sets]), value]
        if shares is not None:
            codes = [sum(1 << player for player in named_set.members) for named_set in ranking.sets]
            share = [100 * float(np.asarray(shares.values)[sample, code]) for code in codes]
            columns.append(Column("share", [f"{percent:.1f} %" for percent in share]))
        lead = _lead(ranking.sets, names_of(report, sample), columns, pen)
        yield from with_context(
            report, sample, [named_set.members for named_set in ranking.sets], [lead, *columns], pen
        )
        if len(ranking.sets) < ranking.total:
            yield pen.line(f"{_chosen(ranking)}.", "dim")

    spanned = "" if measurement.metric in player_sets.JOINED_BY else "sets"
    yield from each_sample(report, pen, body, spanned=spanned)
    if _sampled(measurement):
        yield pen.line(BY_CHANCE, "dim")


def _sampled(measurement: Measurement) -> bool:
    """Return True where a value rests on drawn coalitions: the largest of such values are large by luck, too."""
    quantities = player_sets.set_quantities(measurement).values()
    return not all(
        quantity.exact is not None and quantity.exact[np.isfinite(quantity.values)].all() for quantity in quantities
    )
