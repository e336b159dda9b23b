"""How many of the printed 95 % intervals hold the value, of every index that can be read off, by every estimator.

The games are networks of 16 players with complete tables, and sums of small parts of 36. An interval is the value
plus and minus 1.96 standard errors; intervals of all budgets, games and seeds are pooled. Those of one estimate err
together, so the shares are less certain than their number says, least so at 8,000 evaluations, where seeds are few.
Then the bias, from many draws of one game. About 15 minutes of one core; run by hand: ``make bench-coverage``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from math import sqrt

import numpy as np

from benchmarks.estimator_games import Known, composed, networks
from benchmarks.table import Goal, Row
from interact_cli.games.coalitions import unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs.budgets import PAIR, Estimator, Sampling
from interact_cli.interactions.designs.sets import all_sets
from interact_cli.interactions.designs.within_budget import design_within
from interact_cli.seeding import generator
from interact_cli.types import FloatArray, IntArray

ASKED = {
    "shapley": ("shapley", 1),
    "banzhaf": ("banzhaf", 1),
    "shapley-interaction": ("shapley-interaction", PAIR),
    "banzhaf-interaction": ("banzhaf-interaction", PAIR),
    "shapley-interaction of 3": ("shapley-interaction", 3),
    "shapley-taylor of pairs": ("shapley-taylor", PAIR),
}
"""By words: the index, and the players of a set."""
ESTIMATORS: tuple[Estimator, ...] = ("surrogate", "reuse", "sampled")
SEEDS = {16: {500: 24, 2000: 16, 8000: 3}, 36: {500: 12, 2000: 6, 8000: 1}}
"""By players and budget: seeds of the surrogate, at least 2,000 intervals an index of players."""
MORE = 8
"""So many times the seeds where no model is fitted: contexts of their own measure few sets at a time."""
MOST_SETS = 700
"""Most sets of one size that are asked for."""
BIAS: Mapping[Estimator, tuple[int, Goal | None]] = {"reuse": (1000, Goal(most=0.1)), "surrogate": (500, None)}
"""Budget and goal; a posterior mean errs towards 0, and is meant to."""
BIAS_SEEDS = 400
COVERED = Goal(least=93, most=97, unit=" %")
COVERED_ZEROS = Goal(least=93, unit=" %")


class Scores:
    """Standardised errors of everything that was estimated."""

    def __init__(self) -> None:
        self.listed: dict[tuple[str, bool], list[FloatArray]] = defaultdict(list)

    def add(self, what: str, scores: FloatArray, truth: FloatArray) -> None:
        zero = np.abs(truth) < 1e-12
        self.listed[what, False].append(scores[~zero])
        self.listed[what, True].append(scores[zero])

    def rows(self) -> Iterator[Row]:
        """Yield the share of 95 % intervals that hold the value, pooled."""
        for (what, zero), parts in self.listed.items():
            scores = np.concatenate(parts)
            if len(scores):
                spread = f"{len(scores):,} intervals, rms z {np.sqrt((scores**2).mean()):.3g}"
                share = 100 * float((np.abs(scores) < 1.96).mean())
                name = f"coverage of 95 % intervals, {what}{' that are 0' if zero else ''}"
                yield Row(name, share, " %", COVERED_ZEROS if zero else COVERED, spread)


def coverage(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    share = 4 if quick else 1
    for n_players, games in ((16, tuple(networks())), (36, tuple(composed(36)))):
        for estimator in ESTIMATORS:
            scores = Scores()
            for budget, n_seeds in SEEDS[n_players].items():
                more = 1 if estimator == "surrogate" else MORE
                for game in games:
                    for seed in range(-(-n_seeds * more // share)):
                        for what in ASKED:  # in succession: one fit answers them all
                            errors, truth = _errors(game, what, estimator, budget, seed)
                            scores.add(f"{what}, {estimator}, n = {n_players}", errors[0] / errors[1], truth)
            yield from scores.rows()
    for estimator, (budget, goal) in BIAS.items():
        yield from _bias(estimator, budget, BIAS_SEEDS // share, goal)


def _errors(game: Known, what: str, estimator: Estimator, budget: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return what the measured values err by, with their standard errors, and the truth: ``(2, set)``, ``(set,)``."""
    index, size = ASKED[what]
    sets = _sets(game.n_players, size)
    sampling = Sampling(budget, seed, "benchmark", estimator=estimator, grid=game.grid)
    design = design_within(
        indices.lookup(index), game.n_players, sampling, candidates=sets, size=size if size > PAIR else None
    )
    estimate = design.estimate(game.value(unpack(design.asked, game.n_players)))
    place = {members: row for row, members in enumerate(map(tuple, sets.tolist()))}
    measured = [
        (value, place[members])
        for value, members in enumerate(estimate.players)
        if len(members) == size and not estimate.exact[value]
    ]
    values, rows = np.array(measured).T
    truth = _truth(game, what)[rows]
    return np.stack([estimate.values[values] - truth, estimate.standard_errors[values]]), truth


@cache
def _truth(game: Known, what: str) -> FloatArray:
    index, size = ASKED[what]
    return game.truth(index, _sets(game.n_players, size))


@cache
def _sets(n_players: int, size: int) -> IntArray:
    sets = all_sets(n_players, size)
    if len(sets) <= MOST_SETS:
        return sets
    return sets[np.sort(generator(0, "sets").choice(len(sets), MOST_SETS, replace=False))]


def _bias(estimator: Estimator, budget: int, n_seeds: int, goal: Goal | None) -> Iterator[Row]:
    """Compare mean errors with the spread of single estimates; the mean of unbiased ones has 1/seeds of its square."""
    game = next(networks())
    errors: dict[str, list[FloatArray]] = defaultdict(list)
    for seed in range(n_seeds):
        for what in ("shapley", "shapley-interaction"):
            errors[what].append(_errors(game, what, estimator, budget, seed)[0][0])
    for what, listed in errors.items():
        by_seed = np.stack(listed)
        square = ((by_seed.mean(axis=0) / by_seed.std(axis=0, ddof=1)) ** 2).mean() - 1 / n_seeds
        name = f"bias over one standard error, rms, {what}, {estimator}, n = 16, {budget:,} evaluations"
        yield Row(name, sqrt(max(0.0, square)), goal=goal, spread=f"{n_seeds} seeds, {by_seed.shape[1]} sets")
