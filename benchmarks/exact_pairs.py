"""All pairs of the Shapley interaction from a ready table, against the table's own Moebius pass."""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Iterator

from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved, quartiles
from interact_cli.interactions import indices
from interact_cli.interactions.transforms import moebius
from interact_cli.seeding import generator

N_PLAYERS = 20
MIB = 2**20


def exact_pairs(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    table = generator(0, "benchmark table").normal(size=2**N_PLAYERS)
    design = indices.full_table(indices.lookup("shapley-interaction"), N_PLAYERS)
    timed = Interleaved.of([lambda: design.estimate(table), lambda: moebius(table)], 9 if quick else 21)
    ratios = timed.ratios(0, 1)
    yield Row(
        f"all {N_PLAYERS * (N_PLAYERS - 1) // 2} pairs exactly, n = {N_PLAYERS} / Moebius pass",
        statistics.median(ratios),
        goal=Goal(most=4),
        spread=quartiles(ratios),
    )
    yield Row("Moebius pass", 1000 * timed.median(1), " ms")
    tracemalloc.start()
    design.estimate(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Row("memory above the table", peak / MIB, " MiB", goal=Goal(most=128, unit=" MiB"))
