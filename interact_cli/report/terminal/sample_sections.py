"""Samples whose players are their own: the text first, then its words with their values, or its strongest pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import takewhile

import numpy as np
from rich.console import RenderableType

from interact_cli.report.sentences import about, around, first_samples, plain_names, sentence, span_of, told_apart
from interact_cli.report.terminal.pen import GAP, INDENT, Column, Pen
from interact_cli.report.views.pairs import PairValues, largest, pair_values, strongest_of_sample
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import NOT_MEASURED, count, noun, number, plus_minus, unit_words

SAMPLES = 3
"""Samples that the summary shows; the report holds all."""
TOP_PAIRS = 5
TOP_PLAYERS = 8
IN_FULL = 24
"""Players of a text up to which every one is shown above its value."""
BY_CHANCE = "Chosen because they are large: part of their size may be chance."
CELLS = "r and c count rows and columns of the grid from 0, top left."
CONTEXT = 24
"""Characters that a look at the text around a pair needs at least."""


def sample_section(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Show the first samples of a metric whose players are each sample's own."""
    values, pairs = player_values(measurement), pair_values(measurement)
    same = shown_before(report, measurement) if pairs is not None else None
    if same is not None:
        yield pen.line(f"The strongest pairs of each sample: as under {safe_text(same.key, limit=100)}.", "dim")
        return
    averaged = ", averaged over the orders of each sample" if pairs is not None and pairs.orders_averaged else ""
    if values is not None:
        what, unit, spanned = f"Signed value of each {noun(report.players)}", values.unit, ""
        body = partial(_players, report, values, pen=pen)
    elif pairs is not None:
        what, unit, spanned = "The strongest pairs", pairs.unit, "pairs"
        body = partial(_pairs, report, pairs, pen=pen)
    else:
        return
    yield pen.line(f"{what}, in {unit_words(unit)}{averaged}:", "dim")
    yield from each_sample(report, pen, body, spanned=spanned)
    if pairs is not None and pairs.pairs.shape[1] > TOP_PAIRS:
        yield pen.line(BY_CHANCE, "dim")


def each_sample(
    report: Report, pen: Pen, body: Callable[[int], Iterator[RenderableType]], *, spanned: str = ""
) -> Iterator[RenderableType]:
    """Write the first samples of the summary, each with its opening, and how many more there are.

    Args:
        report: What was measured.
        pen: Writes.
        body: What follows the opening of a sample.
        spanned: What was asked about within the span; empty where it does not matter.
    """
    shown = first_samples(report, SAMPLES)
    for sample in shown:
        yield pen.text("")
        yield from opening(report, sample, pen, spanned=spanned)
        yield from body(sample)
    left = int(report.samples.included.sum()) - len(shown)
    yield pen.text("")
    if left:
        yield pen.line(f"{count(left, 'more sample')} in the report.", "dim")


def shown_before(report: Report, measurement: Measurement) -> Measurement | None:
    """Return an earlier metric with the same values of the same pairs (``bottleneck`` holds those of its orders)."""
    mine = pair_values(measurement)
    for other in takewhile(lambda earlier: earlier is not measurement, report.measurements):
        theirs = pair_values(other)
        if mine is None or theirs is None or other.of != measurement.of:
            continue
        if np.array_equal(theirs.pairs, mine.pairs) and np.array_equal(theirs.values, mine.values, equal_nan=True):
            return other
    return None


def opening(report: Report, sample: int, pen: Pen, *, spanned: str) -> Iterator[RenderableType]:
    """Say which sample this is."""
    yield pen.line(about(report, sample), "dim")
    if not report.players.shared:
        yield pen.line(sentence(report, sample, pen.width - INDENT - 2), "bold")
    span = span_of(report, sample, spanned) if spanned else ""
    if span:
        yield pen.line(span, "dim")


def player_values(measurement: Measurement) -> Quantity | None:
    """Return the values ``(sample, player)`` of a metric, None where it has none."""
    values = measurement.of_samples.get("values")
    return values if values is not None and values.dims == ("sample", "player") else None


def largest_players(quantity: Quantity, sample: int, n_players: int, limit: int) -> IntArray:
    """Return the players of one sample with the largest |value|, largest first; unmeasured ones are left out."""
    size: FloatArray = np.abs(np.asarray(quantity.values[sample, :n_players], dtype=np.float64))
    return largest(size, limit)


def uncertain(errors: FloatArray | None, *index: int) -> float | None:
    """Return a standard error, None where there is none or the value is exact."""
    error = None if errors is None else float(errors[index])
    return error if error else None


def with_error(measured: Quantity | PairValues, *index: int) -> str:
    """Write one value with its standard error, if it has one."""
    return plus_minus(float(measured.values[index]), uncertain(measured.standard_errors, *index))


def _players(report: Report, quantity: Quantity, sample: int, *, pen: Pen) -> Iterator[RenderableType]:
    own = report.players.of_sample(sample)
    values = np.asarray(quantity.values[sample], dtype=np.float64)
    errors = [uncertain(quantity.standard_errors, sample, player) for player in range(len(own))]
    if len(own) <= IN_FULL:
        columns = [[name, number(value)] for name, value in zip(plain_names(own), values, strict=False)]
        if any(error is not None and np.isfinite(error) for error in errors):
            under = [f"± {number(error, 2)}" if error is not None else "" for error in errors]
            columns = [[*column, error] for column, error in zip(columns, under, strict=True)]
        yield from pen.interlinear(columns)
        return
    best = [int(player) for player in largest_players(quantity, sample, len(own), TOP_PLAYERS)]
    group = Column("value", [plus_minus(values[player], errors[player]) for player in best])
    yield pen.line(f"The {len(best)} largest of {count(len(own), noun(report.players))}:", "dim")
    names = told_apart(own)
    lead = Column(noun(report.players), [names[player] for player in best], right=False)
    yield from with_context(report, sample, [(player,) for player in best], [lead, group], pen)


def _pairs(report: Report, interactions: PairValues, sample: int, *, pen: Pen) -> Iterator[RenderableType]:
    best = strongest_of_sample(interactions, sample, TOP_PAIRS)
    if not best.size:
        yield pen.line(f"Pairs: {NOT_MEASURED}.")
        return
    shown = [with_error(interactions, sample, pair) for pair in best]
    ends = [(int(i), int(j)) for i, j in np.sort(interactions.pairs[sample][best], axis=-1)]
    names = told_apart(report.players.of_sample(sample))
    lead = Column("pair", [f"{names[i]} × {names[j]}" for i, j in ends], right=False)
    yield from with_context(report, sample, ends, [lead, Column("I", shown)], pen)


def with_context(
    report: Report, sample: int, marked: Sequence[tuple[int, ...]], columns: Sequence[Column], pen: Pen
) -> Iterator[RenderableType]:
    """Write a table of players or sets; where the text is too long for a line, with what stands around them.

    Args:
        report: What was measured.
        sample: Whose players they are.
        marked: The players of each row.
        columns: The names first, then the numbers.
        pen: Writes.
    """
    own, (lead, *numbers) = report.players.of_sample(sample), columns
    room = pen.width - INDENT - lead.width - sum(GAP + column.width for column in numbers) - GAP
    if len(" ".join(own)) > pen.width - INDENT - 2 and room >= CONTEXT:
        context = [around(own, players, min(room, 60)) for players in marked]
        numbers = [*numbers, Column("in the text", context, right=False)]
    yield from pen.tables(lead, [[column] for column in numbers])
