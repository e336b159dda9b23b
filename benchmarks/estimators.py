"""Pair interactions and Shapley values at equal evaluations: the surrogate against the best of shapiq, cell by cell.

The peer's estimate of a cell is the best of its methods after the fact, pairing on, adjustment on and off; ours is what
``--estimator auto`` prints. A cell is a family and a budget; its ratio is of geometric means over games and seeds.
Where the truth is an estimate itself, its own variance is taken off the mean squares.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import nan
from pathlib import Path
from time import perf_counter
from typing import IO

import numpy as np

import interact_cli as ic
from benchmarks.coverage import Scores
from benchmarks.demo_games import N_PLAYERS as DEMO_PLAYERS
from benchmarks.demo_games import demo_games
from benchmarks.estimator_games import Known, composed, networks
from benchmarks.peer_environment import Unavailable, peer_python
from benchmarks.table import Goal, Row
from interact_cli.games.coalitions import unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs.budgets import Estimator, Sampling
from interact_cli.interactions.designs.within_budget import design_within
from interact_cli.types import FloatArray

PAIRS = ("KernelSHAP-IQ", "inconsistent KernelSHAP-IQ", "ProxySHAP", "ProxySHAP adjusted")
VALUES = ("KernelSHAP", "LeverageSHAP", "OddSHAP", "ProxySHAP values", "ProxySHAP values adjusted")
BUDGETS = {16: (500, 1000, 2000, 4000, 8000), 36: (2000, 5000, 20000), 49: (2000, 5000, 20000), 64: (2000, 4000)}
PER_CELL = {"pairs": Goal(most=0.85), "values": Goal(most=1.0)}
MEDIAN = {"pairs": Goal(most=0.4), "values": Goal(most=0.6), "pairs of the demo's networks": Goal(most=0.6)}
TIME = Goal(most=0.1)


class Failed(Exception):
    """A method of the peer raised an exception."""


@dataclass(frozen=True)
class Peer:
    """The peer in its process; it asks for the values of the game."""

    version: str
    folder: Path
    questions: IO[str]
    answers: IO[str]

    def estimate(self, method: str, game: Known, budget: int, seed: int) -> tuple[FloatArray, float]:
        """Return the estimate of one method, and the seconds of its own work.

        Raises:
            Failed: the method raised an exception; the message is its.
        """
        self._say(f"{method}\t{game.n_players}\t{budget}\t{seed}")
        while (line := self.answers.readline().rstrip("\n")) == "ask":
            np.save(self.folder / "values.npy", game.value(np.load(self.folder / "asked.npy")))
            self._say("there")
        end, _, said = line.partition("\t")
        if end != "done":
            raise Failed(said or "the peer's process ended")
        return np.load(self.folder / "found.npy"), float(said)

    def _say(self, line: str) -> None:
        self.questions.write(line + "\n")
        self.questions.flush()


@contextmanager
def asked(python: Path) -> Iterator[Peer]:
    """Start the peer, and end it."""
    with tempfile.TemporaryDirectory() as name:
        command = [str(python), str(Path(__file__).with_name("estimator_peer_process.py")), name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            if process.stdin is None or process.stdout is None:
                raise RuntimeError("the peer was started without pipes")
            yield Peer(process.stdout.readline().strip(), Path(name), process.stdin, process.stdout)
            process.stdin.close()


def estimators(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    try:
        python = peer_python()
    except Unavailable as reason:
        yield Row(f"surrogate over shapiq: skipped, {reason}", nan)
        return
    seeds = range(1 if quick else 5)
    families = {16: tuple(networks()), 36: tuple(composed(36))}
    if not quick:
        families |= {49: tuple(composed(49)), 64: tuple(demo_games())}
    with asked(python) as peer:
        ratios: dict[str, list[float]] = defaultdict(list)
        scores = Scores()
        for n_players, games in families.items():
            for budget in BUDGETS[n_players][: 3 if quick else None]:
                for family in dict.fromkeys(game.family for game in games):
                    of_family = [game for game in games if game.family == family]
                    some = seeds[: 2 if n_players == DEMO_PLAYERS else None]  # minutes each
                    for what, row in cell(peer, of_family, budget, some, scores):
                        ratios[what].append(row.value)
                        yield row
        for what, listed in ratios.items():
            yield Row(f"{what}: median of the cells", statistics.median(listed), goal=MEDIAN[what])
        yield from scores.rows()
        yield _time(peer, families[36][-1], 5000)


def cell(
    peer: Peer, games: Sequence[Known], budget: int, seeds: Sequence[int], scores: Scores
) -> Iterator[tuple[str, Row]]:
    """Yield the rows of a family and a budget, each with what its ratio belongs to."""
    n, family = games[0].n_players, games[0].family
    for what, index, methods in (("pairs", "shapley-interaction", PAIRS), ("values", "shapley", VALUES)):
        if what == "values" and n > 16:
            continue
        group = "pairs of the demo's networks" if n == DEMO_PLAYERS else what
        errors: dict[str, list[float]] = defaultdict(list)
        for game in games:
            truth = game.pairs if what == "pairs" else game.shapley
            for seed in seeds:
                estimate = ours(game, index, budget, seed)
                errors["surrogate"].append(error_of(estimate.values, truth, game.noise))
                deviations = np.hypot(estimate.standard_errors, np.sqrt(game.noise))
                scores.add(group, (estimate.values - truth) / deviations, truth)
                for method in methods:
                    with suppress(Failed):  # such as a regression with fewer values than sets
                        errors[method].append(error_of(peer.estimate(method, game, budget, seed)[0], truth, game.noise))
        always = {method: listed for method, listed in errors.items() if len(listed) == len(errors["surrogate"])}
        means = {method: statistics.geometric_mean(listed) for method, listed in always.items()}
        own = means.pop("surrogate")
        best = min(means, key=lambda method: means[method])
        spread = f"{own:.2g} / {means[best]:.2g} of {best}"
        name = f"{what}: MSE over the best of shapiq {peer.version}, {family}, n = {n}, {budget:,} evaluations"
        yield group, Row(name, own / means[best], goal=PER_CELL[what], spread=spread)


def ours(game: Known, index: str, budget: int, seed: int, estimator: Estimator = "auto") -> ic.Estimate:
    """Return what ``--estimator`` prints; all pairs in their order, of ``sampled`` where they fit the budget."""
    sampling = Sampling(budget, seed, "benchmark", estimator=estimator, grid=game.grid)
    design = design_within(indices.lookup(index), game.n_players, sampling)
    return design.estimate(game.value(unpack(design.asked, game.n_players)))


def error_of(found: FloatArray, truth: FloatArray, noise: FloatArray | float) -> float:
    """Return the mean square error over the mean square of the truth, both free of the truth's own variance."""
    own = np.broadcast_to(noise, truth.shape).sum()
    return float((((found - truth) ** 2).sum() - own) / ((truth**2).sum() - own))


def _time(peer: Peer, game: Known, budget: int) -> Row:
    design = design_within(
        indices.lookup("shapley-interaction"), game.n_players, Sampling(budget, 0, "time", estimator="auto")
    )
    values = game.value(unpack(design.asked, game.n_players))
    started = perf_counter()
    design.estimate(values)
    own = perf_counter() - started
    _, theirs = peer.estimate("SVARM-IQ", game, budget, 0)
    name = f"estimator time over SVARM-IQ's, n = {game.n_players}, {budget:,} evaluations"
    return Row(name, own / theirs, goal=TIME, spread=f"{own:.1f} s / {theirs:.1f} s")
