"""How many of the printed 95 % intervals of strengths and of J hold the truth, by look-up.

Networks of digits have complete tables of 16 players; with four of them always present they are games of 12. A cohort
is drawn from their samples, each times a scale of its own, log-normal: trained networks have a log standard deviation
of 0.5 to 0.75. The truth of a strength is that of all samples times the mean scale. The percentile interval, which
stood here before, is counted beside it. About 5 minutes of one core; run by hand: ``make bench-coverage``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

import interact_cli as ic
from benchmarks.gate_networks import FAMILIES
from benchmarks.order_games import measured, network_tables
from benchmarks.table import Goal, Row
from interact_cli.interfaces import Cohort
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.metrics.summaries.statistics import Resampler, tail_of_interval
from interact_cli.metrics.summaries.strengths import STRENGTHS
from interact_cli.results import Quantity
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

COHORTS = 150
PLANS = 16
SIZES = (20, 50)
SPREADS = (0.0, 0.5, 0.7)
ALL = 2**16
BUDGETS = (4000, ALL)
"""Evaluations a sample: drawn contexts, and exact."""
POOLED = Goal(least=93, most=97, unit=" %")
EACH = Goal(least=90, most=99, unit=" %")


def strength_intervals(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    n_cohorts = COHORTS // 8 if quick else COHORTS
    pooled: dict[tuple[str, str], list[float]] = {}
    for name, n_players, budget in product(FAMILIES, (12, 16), BUDGETS):
        moments = _moments(network_tables(name)[:, -(2**n_players) :], n_players, budget)
        truths = _moments(network_tables(name)[:, -(2**n_players) :], n_players, ALL)
        drawn = "exact" if budget >= 2**n_players else "drawn"
        for size, spread in product(SIZES, SPREADS):
            shares = _covered(moments, truths, size, spread, n_cohorts)
            for statistic, (ours, before) in shares.items():
                pooled.setdefault((statistic, drawn), []).append(ours)
                pooled.setdefault((statistic, f"{drawn}, by percentiles"), []).append(before)
                of = f"{statistic}, {name}, n = {n_players}, {drawn}, {size} samples, scales of log sd {spread:g}"
                yield Row(of, ours, " %", _goal(statistic, drawn, EACH), f"percentiles {before:.3g} %")
    for (statistic, how), listed in pooled.items():
        what, share = f"{statistic}, {how}: pooled", float(np.mean(listed))
        yield Row(what, share, " %", _goal(statistic, how, POOLED), f"worst {min(listed):.3g} %")


def _goal(statistic: str, how: str, goal: Goal) -> Goal | None:
    """Return the goal of what is meant to hold the truth: raw strengths of drawn contexts hold their noise too."""
    return goal if how == "exact" or (how == "drawn" and statistic.endswith("_corrected")) else None


def _covered(
    moments: FloatArray, truths: FloatArray, size: int, spread: float, n_cohorts: int
) -> dict[str, tuple[float, float]]:
    """Return the share of intervals that hold the truth, pooled over the orders, and that of percentiles."""
    names = [*STRENGTHS, *(f"J_{name}" for name in STRENGTHS)]
    rng = generator(0, "strength intervals", size, str(spread), n_cohorts)
    scale = np.exp(spread**2 * np.array([0.5, 2, 2]))[:, None]  # the mean of a log-normal scale, and of its square
    held: dict[str, list[tuple[bool, bool]]] = {name: [] for name in names}
    true = {name: STATISTICS[name].of(*(truths.mean(axis=1) * scale)) for name in names}
    cohort = Cohort(np.ones(size, np.bool_), np.full(size, 12), True, None, "1", 0, intervals=True)
    for seed in range(n_cohorts):
        scales = np.exp(spread * rng.standard_normal(size))[:, None]
        chosen = moments[:, rng.integers(moments.shape[1], size=size)] * np.stack([scales, scales**2, scales**2])
        parts = [Quantity(str(place), ("sample", "order"), part, "1", "") for place, part in enumerate(chosen)]
        resampler = Resampler.over(cohort, f"cohort {seed}")
        tail = tail_of_interval(size)
        for name in names:
            summary = resampler.summarise(name, *parts)
            before = np.quantile(summary.replicates, [tail, 1 - tail], axis=0)
            ends = np.stack([np.array(summary.low), np.array(summary.high), *before])
            ours, theirs = (ends[0::2] <= true[name]) & (true[name] <= ends[1::2])
            held[name] += list(zip(ours.tolist(), theirs.tolist(), strict=True))
    shares = {name: 100 * np.mean(listed, axis=0) for name, listed in held.items()}
    return {name: (float(ours), float(theirs)) for name, (ours, theirs) in shares.items()}


def _moments(tables: FloatArray, n_players: int, budget: int) -> FloatArray:
    """Return the moments of every sample by every plan, at the published orders: ``(moment, sample, order)``."""
    games, plans = enumerate(map(ic.TableGame, tables)), range(1 if budget >= 2**n_players else PLANS)
    found = [measured(game, n_players, budget, sample, plan)[0] for sample, game in games for plan in plans]
    return np.stack([[part.absolute, part.square, part.unbiased] for part in found], axis=1)
