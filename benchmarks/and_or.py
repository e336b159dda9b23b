"""The learned AND-OR split and the And-Or graph, in seconds and against a Moebius pass of the same table."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved, seconds
from interact_cli.interactions.and_or.graph import and_or_graph
from interact_cli.interactions.and_or.split import ITERATIONS, AndOr, learned_split
from interact_cli.interactions.exact.transforms import moebius
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

MOST_SECONDS = {12: 10.0, 16: 180.0}
"""Players -> seconds for the published number of iterations."""
QUICK_ITERATIONS = 1000


def and_or(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    for n_players, most in MOST_SECONDS.items():
        table = generator(0, "benchmark table", n_players).normal(size=2**n_players)
        passed = Interleaved.of([partial(moebius, table)], 5).median(0)
        yield from _split_rows(table, n_players, passed, most, QUICK_ITERATIONS if quick else ITERATIONS)
        yield from _graph_rows(table, n_players, passed)


def _split_rows(table: FloatArray, n_players: int, passed: float, most: float, iterations: int) -> Iterator[Row]:
    taken = seconds(lambda: learned_split(table, iterations=iterations)) * ITERATIONS / iterations
    timed = "" if iterations == ITERATIONS else f" (timed on {iterations:,})"
    what = f"learned split, {ITERATIONS:,} iterations{timed}, n = {n_players}"
    yield Row(what, taken, " s", Goal(most=most, unit=" s"))
    yield Row(f"one iteration of it, n = {n_players} / Moebius pass", taken / ITERATIONS / passed)


def _graph_rows(table: FloatArray, n_players: int, passed: float) -> Iterator[Row]:
    dividends = moebius(table)
    split: AndOr = learned_split(table, iterations=10)
    for what, work in (("AND", lambda: and_or_graph(dividends)), ("AND and OR", lambda: and_or_graph(split))):
        taken = seconds(work)
        yield Row(f"graph of all {what} interactions, n = {n_players}", taken, " s")
        yield Row(f"graph of all {what} interactions, n = {n_players} / Moebius pass", taken / passed)
