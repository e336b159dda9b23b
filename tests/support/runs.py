"""Metrics driven without a network: plan, evaluate a game, reduce, aggregate."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from interact_cli.games.coalitions import unique, unpack
from interact_cli.interfaces import Cohort, Metric, Question, Reduced
from interact_cli.results import Measurement

Evaluate = Callable[[int, np.ndarray], np.ndarray]
"""``(sample, (n_coalitions, n) bool) -> (n_coalitions,)``; asked once per sample with distinct coalitions."""


def of_tables(tables: np.ndarray) -> Evaluate:
    """Sample ``s`` plays the table ``tables[s]``, indexed by bit code."""
    codes = 2 ** np.arange(int(np.log2(tables.shape[1])))
    return lambda sample, coalitions: tables[sample][coalitions @ codes]


def noise(seed: int) -> Evaluate:
    """Every distinct coalition of every sample has an independent N(0, 1) value."""
    rng = np.random.default_rng([seed, 77])
    return lambda _, coalitions: rng.normal(size=len(coalitions))


def reduced(metric: Metric, evaluate: Evaluate, questions: list[Question]) -> list[Reduced]:
    """Plan, evaluate and reduce each sample."""
    results = []
    for sample, question in enumerate(questions):
        design = metric.design(question)
        rows, inverse = unique(design.asked)
        values = evaluate(sample, unpack(rows, question.n_players))
        results.append(metric.reduce(design, values[inverse], question))
    return results


def questions(n: int, n_samples: int, budget: int, *, seed: int = 0, **more: object) -> list[Question]:
    """One question per sample."""
    return [Question(n, budget, seed, f"sample/{s}", **more) for s in range(n_samples)]


def cohort(
    n: int,
    n_samples: int,
    *,
    seed: int = 0,
    intervals: bool = True,
    included: np.ndarray | None = None,
    ranges: Mapping[str, float] | None = None,
) -> Cohort:
    """All samples included unless said otherwise."""
    everyone = np.ones(n_samples, dtype=bool) if included is None else included
    return Cohort(everyone, np.full(n_samples, n), True, None, "logit", seed, intervals, ranges or {})


def measured(
    metric: Metric, evaluate: Evaluate, n: int, n_samples: int, budget: int, *, seed: int = 0, **more: object
) -> Measurement:
    """The whole way, with intervals."""
    results = reduced(metric, evaluate, questions(n, n_samples, budget, seed=seed, **more))
    return metric.aggregate(results, cohort(n, n_samples, seed=seed))
