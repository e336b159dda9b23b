"""J by order, read off a surrogate: beside the published protocol, and on images that no smooth model follows.

The protocol measures all 120 pairs of 16 players in 100 contexts at each order, all contexts where there are no more.
Its spread is simulated by drawing those contexts from the complete tables of networks.

Of 32 cells the truth is an estimate of its own, from random bases of each order with all pairs flipped. About twenty
minutes of one core; run by hand: ``make bench-coverage``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, product
from math import comb

import numpy as np

import interact_cli as ic
from benchmarks.coverage import Scores
from benchmarks.demo_games import DEMO, game_of, trained_as_in_the_demo
from benchmarks.estimator_games import Value, network_tables
from benchmarks.gate_networks import Images, correct
from benchmarks.table import Goal, Row
from interact_cli.games.coalitions import all_coalitions, unique, unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs.budgets import Estimator
from interact_cli.interactions.designs.pairs import within_radius
from interact_cli.interactions.designs.within_budget import full_table
from interact_cli.interfaces import Question
from interact_cli.metrics.multi_order import MultiOrder
from interact_cli.metrics.published import published_orders
from interact_cli.seeding import generator
from interact_cli.training.demo import DIGITS_INPUT
from interact_cli.types import FloatArray

N_PLAYERS = 16
CONTEXTS = 100
"""Of each pair and order under the protocol."""
REPEATS = 400
BUDGETS = (2000, 6240)
"""The last is a hundredth of what the protocol takes."""
SEEDS = 5
COVERED = (500, 2000)
"""Budgets at which intervals of single values are counted."""
GRID = (4, 8)
N_IMAGES = 12
N_BASES = 16
"""Of each order and size."""
UNCORRECTED = "surrogate, not corrected"
PLANS: dict[str, Estimator] = {"surrogate": "surrogate", UNCORRECTED: "surrogate", "sampled": "sampled"}


def orders(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    asked = np.array(published_orders(N_PLAYERS))
    spread: dict[int, list[tuple[float, float]]] = {budget: [] for budget in BUDGETS}
    for number, table in enumerate(network_tables()):
        truth, drawn = _by_protocol(table, asked, 40 if quick else REPEATS)
        of_protocol = float(drawn.std(axis=0, ddof=1).mean())
        for budget in BUDGETS[-1:] if quick else BUDGETS:
            found = np.stack([_measured(table, budget, seed) for seed in range(2 if quick else SEEDS)])
            deviation = float(found.std(axis=0, ddof=1).mean())
            bias = float(np.abs(found.mean(axis=0) / truth - 1).max())
            error = float((found.std(axis=0, ddof=1) / truth).max() / np.sqrt(len(found)))
            spread[budget].append((deviation / of_protocol, 100 * bias))
            told = f"{deviation:.4f} / {of_protocol:.4f}; bias at most {100 * bias:.1f} % (its error {100 * error:.1f})"
            name = f"network {number}, n = 16, {budget:,} evaluations: sd of J over the protocol's"
            yield Row(name, deviation / of_protocol, spread=told)
    yield from _summed_up(spread)
    yield from _coverage(quick)
    yield from _of_images(4 if quick else N_IMAGES)


def _summed_up(spread: Mapping[int, Sequence[tuple[float, float]]]) -> Iterator[Row]:
    for budget, cells in spread.items():
        if cells:
            ratios, biases = zip(*cells, strict=True)
            last = budget == BUDGETS[-1]
            name = f"networks, n = 16, {budget:,} evaluations"
            goal = Goal(most=1) if last else None
            yield Row(f"{name}: sd of J over the protocol's, geometric mean", _geometric_mean(ratios), goal=goal)
            goal = Goal(most=3, unit=" %") if last else None
            yield Row(f"{name}: largest bias of J at any order", max(biases), " %", goal)


def _coverage(quick: bool) -> Iterator[Row]:
    """Yield how many intervals of single values hold the value, of orders that are not exact."""
    asked = list(published_orders(N_PLAYERS))
    estimators: tuple[Estimator, ...] = ("surrogate", "reuse")
    for estimator, budget in product(estimators, COVERED):
        scores = Scores()
        for table in network_tables():
            truth = _by_order(table)[asked]
            for seed in range(2 if quick else SEEDS):
                estimate = _estimated(table, budget, seed, estimator)
                drawn = ~estimate.exact
                missed = (estimate.values - truth)[drawn] / estimate.standard_errors[drawn]
                scores.add(f"orders, {estimator}, n = {N_PLAYERS}, {budget:,} evaluations", missed, truth[drawn])
        yield from scores.rows()


def _by_order(table: FloatArray) -> FloatArray:
    return full_table(indices.lookup("multi-order"), N_PLAYERS).estimate(table).values


def _of_images(n_images: int) -> Iterator[Row]:
    """Yield how far J of a cohort of images is off, at the worst order."""
    players = GRID[0] * GRID[1]
    asked = published_orders(players)
    means = {"truth": np.zeros(len(asked)), **{name: np.zeros(len(asked)) for name in PLANS}}
    for number, value in enumerate(_images(n_images)):
        means["truth"] += _by_bases(value, asked, number)
        for name, estimator in PLANS.items():
            question = Question(players, 4000, 0, str(number), grid=GRID)
            design = MultiOrder(estimator=estimator).design(question)
            rows, inverse = unique(design.asked)
            estimate = design.estimate(value(unpack(rows, players))[inverse])
            corrected = name != UNCORRECTED
            squares = estimate.squares if corrected else estimate.values**2 + estimate.standard_errors**2
            means[name] += squares.mean(axis=1)
    truth = _curve(means["truth"])
    for name in PLANS:
        off = 100 * (_curve(means[name]) / truth - 1)
        told = "by order: " + " ".join(f"{part:+.0f}" for part in off)
        what = f"convnet, {n_images} images of 32 cells, 4,000 evaluations, {name}: J of the cohort is off by at most"
        yield Row(what, float(np.abs(off).max()), " %", spread=told)


def _images(n_images: int) -> Iterator[Value]:
    """Yield the games of the demo's convolutional network."""
    test = Images.of("test", DIGITS_INPUT)
    name, kind = DEMO["convnet"]
    model = trained_as_in_the_demo(name, kind)
    for position in np.flatnonzero(correct(model, test))[: 7 * n_images : 7]:
        yield game_of(model, test.sample(int(position)), int(test.labels[position]), f"{GRID[0]}x{GRID[1]}")


def _by_bases(value: Value, asked: tuple[int, ...], number: int) -> FloatArray:
    """Return the mean square of the interactions of near pairs at each order, without bias: ``(order,)``.

    A base S with one or both of a pair flipped gives one difference of the pair, at the order that |S| without the
    pair is. Products of different bases have no noise in their mean.
    """
    n, pairs = GRID[0] * GRID[1], within_radius(GRID, 2)
    first, second = pairs.T
    one = np.eye(n, dtype=np.bool_)
    flips = np.concatenate([np.zeros((1, n), dtype=np.bool_), one, one[first] | one[second]])
    sums = np.zeros((3, n - 1, len(pairs)))  # of differences, of their squares, how many
    rng = generator(number, "bases by order", n)
    for order in asked:
        edge = order in {0, n - 2}
        sizes = [n if order else 0] if edge else [order, order + 1, order + 2] * N_BASES
        for size in sizes:
            base = np.zeros(n, dtype=np.bool_)
            base[rng.permutation(n)[:size]] = True
            values = value(base ^ flips)
            signs = np.where(base[first] == base[second], 1.0, -1.0)
            differences = signs * (values[0] - values[1 + first] - values[1 + second] + values[1 + n :])
            at = size - base[first].astype(np.int64) - base[second]
            for part, amount in zip(sums, (differences, differences**2, 1.0), strict=True):
                np.add.at(part, (at, np.arange(len(pairs))), amount)
    total, squared, count = sums[:, list(asked)]
    unbiased = np.divide(total**2 - squared, count * (count - 1), out=np.full(total.shape, np.nan), where=count > 1)
    unbiased[[0, -1]] = (total[[0, -1]] / count[[0, -1]]) ** 2  # these have one context each
    means: FloatArray = np.nanmean(unbiased, axis=1)
    return means


def _geometric_mean(numbers: tuple[float, ...]) -> float:
    return float(np.exp(np.log(numbers).mean()))


def _estimated(table: FloatArray, budget: int, seed: int, estimator: Estimator = "surrogate") -> ic.Estimate:
    question = Question(N_PLAYERS, budget, seed, "benchmark", grid=(4, 4))
    design = MultiOrder(pairs="all", estimator=estimator).design(question)
    return design.estimate(ic.TableGame(table)(unpack(design.asked, N_PLAYERS)))


def _measured(table: FloatArray, budget: int, seed: int) -> FloatArray:
    return _curve(_estimated(table, budget, seed).squares.mean(axis=1))


def _curve(squares: FloatArray) -> FloatArray:
    """Return J: the root over its mean over the orders."""
    roots: FloatArray = np.sqrt(np.maximum(squares, 0))
    return np.asarray(roots / roots.mean(axis=-1, keepdims=True))


def _by_protocol(table: FloatArray, asked: np.ndarray, repeats: int) -> tuple[FloatArray, FloatArray]:
    """Return the true J, and that of so many runs of the protocol: ``(order,)``, ``(repeat, order)``."""
    codes, sizes = np.arange(len(table)), unpack(all_coalitions(N_PLAYERS), N_PLAYERS).sum(axis=1)
    rng = generator(0, "protocol", N_PLAYERS)
    truth = np.zeros(len(asked))
    squares = np.zeros((repeats, len(asked)))
    for first, second in combinations(range(N_PLAYERS), 2):
        one, other = 1 << first, 1 << second
        contexts = codes[(codes & (one | other)) == 0]
        differences = table[contexts | one | other] - table[contexts | one] - table[contexts | other] + table[contexts]
        for place, order in enumerate(asked):
            of_order = differences[sizes[contexts] == order]
            truth[place] += of_order.mean() ** 2
            if comb(N_PLAYERS - 2, int(order)) <= CONTEXTS:
                squares[:, place] += of_order.mean() ** 2
                continue
            drawn = of_order[rng.integers(len(of_order), size=(repeats, CONTEXTS))]
            squares[:, place] += drawn.mean(axis=1) ** 2 - drawn.var(axis=1, ddof=1) / CONTEXTS
    return _curve(truth), _curve(squares)
