"""Exact indices from a ready table, against the table's own Moebius pass."""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Iterator
from functools import partial

import interact_cli as ic
from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved, Work, quartiles
from interact_cli.interactions import indices
from interact_cli.interactions.designs.within_budget import full_table
from interact_cli.interactions.exact.transforms import moebius, or_interactions
from interact_cli.seeding import generator

N_PLAYERS = 20
FEWER = 16
MIB = 2**20
TOGETHER = ("shapley", "banzhaf", "shapley-interaction", "banzhaf-interaction", "multi-order", "harsanyi")


def exact_indices(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    yield from _pairs(9 if quick else 21)
    yield from _together(9 if quick else 21)
    for index, size in (("shapley-interaction", None), ("harsanyi", None), ("or-interaction", None), ("k-shapley", 3)):
        of_size = f" up to {size} players" if size else ""
        what = f"memory above the table: {index}{of_size}, n = {N_PLAYERS}"
        yield Row(what, _memory(index, size), " MiB", goal=Goal(most=128, unit=" MiB"))


def _pairs(rounds: int) -> Iterator[Row]:
    table = generator(0, "benchmark table").normal(size=2**N_PLAYERS)
    design = full_table(indices.lookup("shapley-interaction"), N_PLAYERS)
    timed = Interleaved.of([partial(design.estimate, table), partial(moebius, table)], rounds)
    ratios = timed.ratios(0, 1)
    what = f"all {N_PLAYERS * (N_PLAYERS - 1) // 2} pairs exactly, n = {N_PLAYERS} / Moebius pass"
    yield Row(what, statistics.median(ratios), goal=Goal(most=4), spread=quartiles(ratios))
    yield Row(f"Moebius pass, n = {N_PLAYERS}", 1000 * timed.median(1), " ms")


def _together(rounds: int) -> Iterator[Row]:
    game = ic.TableGame(generator(1, "benchmark table").normal(size=2**FEWER))
    works: list[Work] = [
        lambda: [ic.measure(game, index) for index in TOGETHER],
        lambda: ic.measure(game, "k-shapley", interaction_size=4),
        lambda: (moebius(game.table), or_interactions(game.table)),
        partial(moebius, game.table),
    ]
    timed = Interleaved.of(works, rounds)
    ratios = timed.ratios(0, 3)
    what = f"players, pairs, orders and dividends together, n = {FEWER} / Moebius pass"
    yield Row(what, statistics.median(ratios), goal=Goal(most=40), spread=quartiles(ratios))
    ratios = timed.ratios(1, 3)
    what = f"k-Shapley values of all sets up to 4 players, n = {FEWER} / Moebius pass"
    yield Row(what, statistics.median(ratios), spread=quartiles(ratios))
    what = f"dividends and OR interactions, n = {FEWER}"
    yield Row(what, timed.median(2), " s", goal=Goal(most=0.1, unit=" s"))


def _memory(index: str, size: int | None) -> float:
    game = ic.TableGame(generator(0, "benchmark table").normal(size=2**N_PLAYERS))
    tracemalloc.start()
    ic.measure(game, index, interaction_size=size)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / MIB
