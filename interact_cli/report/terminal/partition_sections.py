"""The best and the worst partition of each sample's players: in the sentence, in colour, or by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

import numpy as np
from rich.console import RenderableType

from interact_cli.report.sentences import joined, names_of, plain_names
from interact_cli.report.terminal.pen import COLOURS, Pen
from interact_cli.report.terminal.sample_sections import CELLS, each_sample, with_error
from interact_cli.report.views.pairs import find
from interact_cli.report.views.partitions import Block, directions, partitions_of
from interact_cli.results import Measurement, Report
from interact_cli.words import count, number, shortened, unit_words, with_unit

SYMBOLS = {"T": "T", "B": "B", "B_max": "B_max", "B_min": "B_min", "B_plus": "B+", "B_minus": "B-"}
"""Quantity -> how the paper writes it."""
EXTREMES = (("B_max", "largest sum of values"), ("B_min", "smallest sum of values"))
LINES = 4
"""Lines of a sentence that are shown; more words than that are cut around the players asked about."""

IN_FULL = 60
"""Players asked about up to which every one is shown."""
COALITIONS = 8
"""Coalitions that are shown of more players."""
NAME = 30
"""Characters of one name."""
ALONE = ("(each alone)", "dim")

Pieces = list[tuple[str, str]]


def partition_section(report: Report, measurement: Measurement, pen: Pen) -> Iterator[RenderableType]:
    """Show the partitions of the first samples."""
    unit = unit_words(measurement.quantity("T").unit)
    yield pen.line(f"What acts together stands in brackets; values in {unit}:", "dim")
    body = partial(_partitions, report, measurement, pen=pen)
    yield from each_sample(report, pen, body, spanned="players asked about")
    if report.players.grid is not None:
        yield pen.line(CELLS, "dim")


def _partitions(report: Report, measurement: Measurement, sample: int, *, pen: Pen) -> Iterator[RenderableType]:
    partitions = partitions_of(measurement, sample)
    if partitions is None:
        return
    write = _in_the_text
    if report.players.shared:
        write = _in_a_row
    if len(partitions.members) > IN_FULL:
        write = _together
    for (name, reached), partition, direction in zip(
        EXTREMES, (partitions.best, partitions.worst), directions(report, sample), strict=True
    ):
        value = find(measurement, name)
        caption = f"{direction}, {reached}" if direction else reached
        caption += f", {SYMBOLS[name]} {with_error(value, sample)}" if value is not None else ""
        yield pen.line(f"{caption}:")
        yield pen.pieces(write(report, sample, partition, pen))
    measured = [name for name in SYMBOLS if _has(measurement, name, sample)]
    columns = [[SYMBOLS[name], *_stacked(measurement, name, sample)] for name in measured]
    depth = max(map(len, columns))
    yield from pen.interlinear([[*column, *[""] * (depth - len(column))] for column in columns])
    learned = find(measurement, "learned_T")
    if learned is not None:
        reached = with_unit(number(float(learned.values[sample])), learned.unit)
        yield pen.line(f"T by learning, as Zhang et al. (AAAI 2021) does: {reached}")


def _has(measurement: Measurement, name: str, sample: int) -> bool:
    quantity = find(measurement, name)
    return quantity is not None and bool(np.isfinite(quantity.values[sample]))


def _stacked(measurement: Measurement, name: str, sample: int) -> list[str]:
    value, _, error = with_error(measurement.quantity(name), sample).partition(" ± ")
    return [value, f"± {error}"] if error else [value]


def _in_the_text(report: Report, sample: int, partition: Sequence[Block], pen: Pen) -> Pieces:
    """Write the sentence; successive words of one coalition share a pair of brackets and a colour.

    A coalition whose words do not succeed each other carries a number behind each of its brackets.
    """
    words = plain_names(report.players.of_sample(sample))
    together = [block for block in partition if len(block) > 1]
    numbered = any(block[-1] - block[0] >= len(block) for block in together)
    coalition = {player: place for place, block in enumerate(together) for player in block}
    members = {player for block in partition for player in block}
    start, stop = _window([len(word) + 1 for word in words], members, LINES * pen.width)
    pieces: Pieces = [("… ", "dim")] if start else []
    for place, players in groupby(range(start, stop), key=coalition.get):
        run = list(players)
        if place is None:
            pieces += [(f"{words[player]} ", "bold" if player in members else "dim") for player in run]
            continue
        run_words = " ".join(words[player] for player in run)
        pieces += [(f"[{run_words}]{place + 1 if numbered else ''}", COLOURS[place % len(COLOURS)]), (" ", "")]
    pieces += [("… ", "dim")] if stop < len(words) else []
    return pieces if together else [*pieces, ALONE]


def _window(lengths: Sequence[int], members: set[int], room: int) -> tuple[int, int]:
    """Return the words to show: those asked about and as many on both sides as fit into ``room`` characters."""
    start, stop = min(members), max(members) + 1
    while start > 0 or stop < len(lengths):
        wider = max(start - 1, 0), min(stop + 1, len(lengths))
        if sum(lengths[slice(*wider)]) > room:
            break
        start, stop = wider
    return start, stop


def _in_a_row(report: Report, sample: int, partition: Sequence[Block], pen: Pen) -> Pieces:
    """Write the coalitions by the names of their players."""
    del pen
    names, place = names_of(report, sample), 0
    pieces: Pieces = []
    for block in partition:
        names_of_block = ", ".join(shortened(names[player], NAME) for player in block)
        pieces += [(", ", "")] if pieces else []
        pieces.append(
            (f"[{names_of_block}]", COLOURS[place % len(COLOURS)]) if len(block) > 1 else (names_of_block, "bold")
        )
        place += len(block) > 1
    return pieces if place else [*pieces, (" ", ""), ALONE]


def _together(report: Report, sample: int, partition: Sequence[Block], pen: Pen) -> Pieces:
    """Write the largest coalitions, and count the others and the players that stay alone."""
    names = names_of(report, sample)
    together = sorted((block for block in partition if len(block) > 1), key=len, reverse=True)
    pieces: Pieces = []
    for place, block in enumerate(together[:COALITIONS]):
        names_of_block = joined([names[player] for player in block], ", ", pen.width)
        pieces += [(f"[{names_of_block}]", COLOURS[place % len(COLOURS)]), (", ", "")]
    alone, left = len(partition) - len(together), len(together) - COALITIONS
    counted = [f"{count(left, 'more coalition')}"] if left > 0 else []
    pieces.append((", ".join([*counted, f"{alone} alone"]), "dim"))
    return pieces
