"""The multivariate interaction of a set A: all its partitions from a ready table, and the learned p."""

from __future__ import annotations

import statistics
import tracemalloc
from collections.abc import Iterator
from functools import partial

import numpy as np

from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved, quartiles, seconds
from interact_cli.games.game import TableGame
from interact_cli.interactions.exact.transforms import moebius
from interact_cli.interactions.multivariate.design import multivariate_design
from interact_cli.interactions.multivariate.learning.learn import learn_tables
from interact_cli.interactions.multivariate.partitions import Family
from interact_cli.seeding import generator

N_PLAYERS = 14
MIB = 2**20


def multivariate(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    table = generator(0, "benchmark table").normal(size=2**N_PLAYERS)
    asked: tuple[tuple[int, Family, float | None], ...] = ((8, "all", 200), (8, "contiguous", None), (14, "all", None))
    for size, family, most in asked:
        design = multivariate_design(N_PLAYERS, tuple(range(size)), len(table), seed=0, stream="", partitions=family)
        timed = Interleaved.of([partial(design.estimate, table), partial(moebius, table)], 5 if quick else 15)
        ratios = timed.ratios(0, 1)
        yield Row(
            f"{family} partitions of {size} of {N_PLAYERS} players / Moebius pass",
            statistics.median(ratios),
            goal=Goal(most=most) if most else None,
            spread=quartiles(ratios),
        )
    yield Row("memory above a table of 20 players, A all of them", _memory(), " MiB", goal=Goal(most=128, unit=" MiB"))
    n_games = 100 if quick else 500
    yield Row(f"p learned on {n_games} games of 10 players, |A| = 4", _learning(n_games), " s")


def _memory() -> float:
    table = generator(1, "benchmark table").normal(size=2**20)
    design = multivariate_design(20, tuple(range(20)), len(table), seed=0, stream="")
    tracemalloc.start()
    design.estimate(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / MIB


def _learning(n_games: int) -> float:
    tables = generator(2, "benchmark table").normal(size=(n_games, 2**10))
    games = [TableGame(np.ascontiguousarray(table)) for table in tables]
    return seconds(lambda: learn_tables(games, [(3, 4, 5, 6)] * n_games))
