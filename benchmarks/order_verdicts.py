"""What the verdict about middle and end orders says of games whose truth is known: noise, and networks by look-up.

A cohort is drawn from a pool of samples, each measured by the plan of `bottleneck` at a budget. Noise has one
independent value for every coalition and another scale in every sample. Networks of digits have complete tables of 16
players; with four of them always present they are games of 12. Their R is moved to a given truth by adding, to every
table, a game with interactions at the ends or in the middle. About 40 minutes of one core; run by hand:
``make bench-coverage``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from scipy.special import betaincinv

import interact_cli as ic
from benchmarks.gate_networks import FAMILIES
from benchmarks.order_games import N_IMAGES, Value, measured, network_tables
from benchmarks.table import Goal, Row
from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.interactions.designs.budgets import Estimator
from interact_cli.metrics.published import published_orders
from interact_cli.metrics.summaries.bands import Bands, without_structure
from interact_cli.metrics.summaries.root_ratio import RootRatio
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.verdict import Squares, judge
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray

WORDS = ("weaker", "stronger", "no difference shown")
TRUTHS = {0.5: "weaker", 0.7: "weaker", 1.0: "no difference shown", 1.4: "stronger"}
"""R, and what is right to say of it."""
EXACT = 2**16
BUDGETS = (500, 1500, 4000, EXACT)
SIZES = (20, 50)
COHORTS = 1000
PLANS = 32
"""Of each image at each budget."""
NOISES = 2000
"""Games of noise in a pool."""
Law = Callable[[np.random.Generator, int], FloatArray]
LAWS: Mapping[str, Law] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "t3": lambda rng, size: rng.standard_t(3, size),
}
"""Of the values of noise."""
LARGEST = 4.0
"""Most that is added to a table, in its standard deviations."""


@dataclass(frozen=True)
class Pool:
    """Measured samples: mean unbiased squares of the middle and of the ends, and the variance of the values."""

    middle: FloatArray
    """``(sample,)``, as the others."""
    ends: FloatArray
    variance: FloatArray
    without_structure: float
    """rho^2."""

    @classmethod
    def of(cls, samples: Sequence[FloatArray], n_players: int) -> Pool:
        """Take what was measured, all with the same orders."""
        orders = np.array(published_orders(n_players))
        middle, ends = Bands.at(orders, n_players - 2).means(without_structure(n_players, orders))
        of_samples = np.stack(samples, axis=1)
        return cls(of_samples[0], of_samples[1], of_samples[2], float(middle / ends))

    def judged(self, chosen: IntArray, scales: FloatArray | float = 1.0) -> tuple[str, RootRatio]:
        """Judge a cohort of these samples, each times its own scale."""
        squared = np.broadcast_to(np.asarray(scales) ** 2, chosen.shape)
        middle, ends, variance = (part[chosen] * squared for part in (self.middle, self.ends, self.variance))
        ratio = RootRatio.of(middle, ends)
        random = np.full(len(chosen), self.without_structure)
        everyone = Resampler(np.empty((0, len(chosen))), np.ones(len(chosen), dtype=np.bool_), intervals=True)
        return judge(ratio, Squares(middle, ends, variance, random), everyone).word, ratio


def order_verdicts(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    n_cohorts = COHORTS // 5 if quick else COHORTS
    yield from _of_noise(n_cohorts)
    for n_players in (12, 16):
        yield from _of_networks(n_players, n_cohorts)


def _of_noise(n_cohorts: int) -> Iterator[Row]:
    # A surrogate explains nothing of noise: a run drops it, and sample reuse answers.
    plans: list[tuple[int, int, Estimator]] = [(64, 4000, "sampled")]
    plans += product((12, 16), BUDGETS, ("sampled",))
    plans += product((12, 16), BUDGETS[:-1], ("reuse",))
    for (n_players, budget, estimator), law in product(plans, LAWS):
        rng = generator(0, "noise", n_players, budget, law)
        noise = partial(_drawn, LAWS[law], rng)
        samples = [_measured(noise, n_players, budget, sample, 0, estimator) for sample in range(NOISES)]
        by = ", sample reuse" if estimator == "reuse" else ""
        pool, of = Pool.of(samples, n_players), f"{law}, {_told(n_players, budget)}{by}"
        for size, spread in product(SIZES, (0.0, 0.75, 1.5)):
            said = 0
            for _ in range(n_cohorts):
                scales = np.exp(spread * rng.standard_normal(size))
                said += pool.judged(rng.choice(NOISES, size, replace=False), scales)[0] in WORDS
            upper = 100 * float(betaincinv(said + 1, n_cohorts - said, 0.975)) if said < n_cohorts else 100.0
            what = f"noise, {of}, {size} samples, scales of log sd {spread:g}: any word, upper end of its rate"
            yield Row(what, upper, " %", Goal(most=7, unit=" %"), f"{said} of {n_cohorts}")


def _of_networks(n_players: int, n_cohorts: int) -> Iterator[Row]:
    covered: dict[int, list[float]] = {size: [] for size in SIZES}
    for (truth, right), name in product(TRUTHS.items(), FAMILIES):
        tables = _moved_to(truth, network_tables(name)[:, -(2**n_players) :], n_players)
        pools = {budget: _pool(tables, n_players, budget) for budget in BUDGETS}
        for size in SIZES:
            rng = generator(0, "cohorts", name, n_players, size, str(truth))
            of = f"{name}, R = {truth:g}, {size} samples"
            cohorts = rng.integers(N_IMAGES * PLANS, size=(n_cohorts, size))
            judged = {budget: [pool.judged(cohort) for cohort in cohorts] for budget, pool in pools.items()}
            for budget, verdicts in judged.items():
                share = 100 * float(np.mean([ratio.low <= truth <= ratio.high for _, ratio in verdicts]))
                covered[size].append(share)
                yield Row(f"{of}, {_told(n_players, budget)}: interval holds R", share, " %", Goal(least=90, unit=" %"))
                words = Counter(word for word, _ in verdicts)
                told = ", ".join(f"{word} {count / n_cohorts:.2f}" for word, count in words.most_common())
                yield Row(f"{of}, {_told(n_players, budget)}: '{right}'", words[right] / n_cohorts, spread=told)
            opposite = sum(map(_contradict, zip(*judged.values(), strict=True))) / n_cohorts
            goal = Goal(most=1 if truth == 1 else 0, unit=" %")
            yield Row(f"{of}, n = {n_players}: opposite words at other budgets", 100 * opposite, " %", goal)
    for size, shares in covered.items():
        goal = Goal(least=93, most=97, unit=" %")
        yield Row(f"n = {n_players}, {size} samples: intervals hold R, pooled", float(np.mean(shares)), " %", goal)


def _drawn(law: Law, rng: np.random.Generator, rows: BoolArray) -> FloatArray:
    return law(rng, len(rows))


def _contradict(verdicts: Sequence[tuple[str, RootRatio]]) -> bool:
    """Say whether one budget says the opposite of another; a bound below 1 speaks against stronger."""
    words = {word for word, _ in verdicts}
    below = any(word == "bounded" and ratio.high < 1 for word, ratio in verdicts)
    return "stronger" in words and ("weaker" in words or below)


def _told(n_players: int, budget: int) -> str:
    return f"n = {n_players}, {'exact' if budget >= 2**n_players else f'{budget:,} evaluations'}"


def _measured(
    value: Value, n_players: int, budget: int, sample: int, plan: int = 0, estimator: Estimator = "sampled"
) -> FloatArray:
    """Measure one game by the plan of a bottleneck: middle, ends and variance, ``(3,)``."""
    moments, orders, variance = measured(value, n_players, budget, sample, plan, estimator)
    return np.array([*Bands.at(orders, n_players - 2).means(moments.unbiased), variance])


def _pool(tables: FloatArray, n_players: int, budget: int) -> Pool:
    """Measure every table by several plans, all alike where it is exact."""
    plans = 1 if budget >= 2**n_players else PLANS
    games = enumerate(map(ic.TableGame, tables))
    samples = [_measured(game, n_players, budget, sample, plan) for sample, game in games for plan in range(plans)]
    return Pool.of([sample for sample in samples for _ in range(PLANS // plans)], n_players)


def _moved_to(truth: float, tables: FloatArray, n_players: int) -> FloatArray:
    """Add to every table a game, of random pairs at the ends or of all pairs in the middle, until R is the truth."""
    present = unpack(all_coalitions(n_players), n_players).astype(np.float64)
    rng = generator(0, "added", n_players)
    signs = rng.choice([-1.0, 1.0], (len(tables), 1))
    weights = rng.standard_normal((len(tables), n_players, n_players))
    at_ends = np.stack([((present @ own) * present).sum(axis=1) for own in weights])
    at_ends *= np.abs(2 * present.mean(axis=1) - 1) ** 3
    second = np.exp(-(((np.arange(n_players - 1) - n_players / 2 + 1) / 1.5) ** 2))  # differences of a game of sizes
    by_size = np.concatenate([[0.0, 0.0], np.cumsum(np.cumsum(second))])
    in_middle = by_size[present.sum(axis=1).astype(np.int64)] - by_size[-1] * present.mean(axis=1)
    level = tables.std(axis=1, keepdims=True)

    def moved(amount: float) -> FloatArray:
        """Where the amount is above 0 towards the middle, else towards the ends."""
        added = signs * in_middle if amount > 0 else at_ends
        moved: FloatArray = tables + abs(amount) * level * added / added.std(axis=1, keepdims=True)
        return moved

    low, high = -LARGEST, LARGEST
    for _ in range(14):
        amount = (low + high) / 2
        middle, ends, _ = np.mean(
            [_measured(ic.TableGame(table), n_players, EXACT, 0) for table in moved(amount)], axis=0
        )
        low, high = (amount, high) if middle < truth**2 * ends else (low, amount)
    return moved((low + high) / 2)
