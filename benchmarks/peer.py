"""Exact Shapley interaction of all pairs, values already known: ours against the exact computer of shapiq.

Both see the same tables in one run, in turn, each in one process that stays warm. The peer computes the sets of 0, 1
and 2 players together: it has no way to ask for pairs alone.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import nan
from pathlib import Path
from typing import IO

import numpy as np

import interact_cli as ic
from benchmarks.peer_environment import Unavailable, peer_python
from benchmarks.table import Goal, Row
from benchmarks.timing import Clock, Work, quartiles, seconds
from interact_cli.interactions import indices
from interact_cli.interactions.designs.within_budget import full_table
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

SIZES = (10, 12, 14)
GOAL = Goal(least=100)
"""At the largest of the sizes."""
FLOOR = 0.1
"""Seconds that one timing of ours takes at least; one call takes far less."""


@dataclass(frozen=True)
class Peer:
    """The peer in its process."""

    version: str
    questions: IO[str]
    answers: IO[str]

    def seconds(self, n_players: int) -> float:
        """Compute all pairs of one game; seconds by the clock of this run."""
        self.questions.write(f"{n_players}\n")
        self.questions.flush()
        wall, cpu = map(float, self.answers.readline().split())
        return cpu if Clock.cpu_time else wall


def peer(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    try:
        python = peer_python()
    except Unavailable as reason:
        yield Row(f"times faster than shapiq: skipped, {reason}", nan)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables = {n: generator(0, "peer", f"{n} players").normal(size=2**n) for n in SIZES}
        for n, table in tables.items():
            np.save(folder / f"{n}.npy", table)
        with asked(python, folder) as other:
            for table in tables.values():
                yield from _compare(other, folder, table, 3 if quick else 7)


@contextmanager
def asked(python: Path, folder: Path) -> Iterator[Peer]:
    """Start the peer on the tables of a folder, and end it."""
    command = [str(python), str(Path(__file__).with_name("peer_process.py")), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the peer was started without pipes")
        yield Peer(process.stdout.readline().strip(), process.stdin, process.stdout)
        process.stdin.close()


def _compare(other: Peer, folder: Path, table: FloatArray, rounds: int) -> Iterator[Row]:
    n = len(table).bit_length() - 1
    design = full_table(indices.lookup("shapley-interaction"), n)

    def from_values() -> FloatArray:
        return design.estimate(table).dense().values

    from_game = partial(ic.measure, ic.TableGame(table), "shapley-interaction")
    works: list[tuple[Work, int]] = [(work, _calls(work)) for work in (from_values, from_game)]
    times: list[tuple[float, float, float]] = []
    for _ in range(rounds):
        values, game = (_per_call(work, calls) for work, calls in works)
        times.append((values, game, other.seconds(n)))
    ratios = [theirs / values for values, _, theirs in times]
    what = f"times faster than shapiq {other.version}, all pairs exact, n = {n}"
    yield Row(what, statistics.median(ratios), goal=GOAL if n == max(SIZES) else None, spread=quartiles(ratios))
    yield Row(f"planning included (ic.measure), n = {n}", statistics.median(t[2] / t[1] for t in times))
    yield Row(f"its time, n = {n}", 1000 * statistics.median(t[2] for t in times), " ms")
    difference = float(np.nanmax(np.abs(np.load(folder / f"{n}-peer.npy") - from_values())))
    yield Row(f"largest difference of the values, n = {n}", difference, goal=Goal(most=1e-9))


def _per_call(work: Work, calls: int) -> float:
    started = Clock.now()
    for _ in range(calls):
        work()
    return (Clock.now() - started) / calls


def _calls(work: Work) -> int:
    work()
    return max(1, round(FLOOR / max(1e-9, seconds(work))))
