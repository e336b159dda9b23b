"""J by order, read off a surrogate, beside the published protocol: networks of 16 players by look-up.

The protocol measures all 120 pairs in 100 contexts at each order, all contexts where there are no more. Its spread is
simulated by drawing those contexts from the complete tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

import interact_cli as ic
from benchmarks.estimator_games import network_tables
from benchmarks.table import Goal, Row
from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.interfaces import Question
from interact_cli.metrics.multi_order import MultiOrder
from interact_cli.metrics.published import published_orders
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

N_PLAYERS = 16
CONTEXTS = 100
"""Of each pair and order under the protocol."""
REPEATS = 400
BUDGETS = (2000, 4000, 6240)
"""The last is a hundredth of what the protocol takes."""
SEEDS = 8


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
    for budget, cells in spread.items():
        if cells:
            ratios, biases = zip(*cells, strict=True)
            last = budget == BUDGETS[-1]
            name = f"networks, n = 16, {budget:,} evaluations"
            goal = Goal(most=1) if last else None
            yield Row(f"{name}: sd of J over the protocol's, geometric mean", _geometric_mean(ratios), goal=goal)
            goal = Goal(most=3, unit=" %") if last else None
            yield Row(f"{name}: largest bias of J at any order", max(biases), " %", goal)


def _geometric_mean(numbers: tuple[float, ...]) -> float:
    return float(np.exp(np.log(numbers).mean()))


def _measured(table: FloatArray, budget: int, seed: int) -> FloatArray:
    question = Question(N_PLAYERS, budget, seed, "benchmark", grid=(4, 4))
    design = MultiOrder(pairs="all").design(question)
    estimate = design.estimate(ic.TableGame(table)(unpack(design.asked, N_PLAYERS)))
    return _curve(estimate.squares.mean(axis=1))


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
