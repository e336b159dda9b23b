"""Time of an estimate over that of its forward passes: ResNet-18 at 64 px, 64 cells, 4,000 evaluations, one thread."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

import torch
from threadpoolctl import threadpool_limits

from benchmarks.subjects import CLASSES, resnet18
from benchmarks.table import Goal, Row
from benchmarks.timing import quartiles, seconds
from interact_cli import extensions
from interact_cli.games.coalitions import pack, unpack
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interactions.surrogate.effort import operations
from interact_cli.interfaces import Question
from interact_cli.options import configured
from interact_cli.pipeline.forecast import seconds_per_operation
from interact_cli.scores import lookup
from interact_cli.seeding import generator

BUDGET = 4000
COUNTED = Goal(least=0.5, most=2.5)
ROWS = 512
"""Rows whose forward passes are timed in each round."""


def surrogate_time(quick: bool) -> Iterator[Row]:
    """Yield the rows; a run answers samples side by side, each on one thread, so both are timed on one."""
    subject, threads = resnet18(64), torch.get_num_threads()
    metric = extensions.metric_of_game("shapley-interaction")
    question = Question(64, BUDGET, 0, "sample", grid=(8, 8))
    designs = {
        "pairs at most 2 cells apart, the default": metric.design(question),
        "all pairs": configured(metric, {"pairs": "all"}).design(question),
    }
    asked = next(iter(designs.values())).asked
    score, evaluator = lookup("log-odds", "classes"), subject.evaluator()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):
            values = score.of_record(evaluator.records(subject.sample, subject.players, asked, CLASSES)[:, 0])
            some = pack(unpack(asked, 64)[generator(0, "rows").permutation(len(asked))[:ROWS]])
            for what, design in designs.items():
                if not isinstance(design, Surrogate):
                    raise TypeError(f"expected a surrogate, got {type(design).__name__}")
                shares, times = [], []
                for number in range(3 if quick else 9):
                    forward = seconds(partial(evaluator.records, subject.sample, subject.players, some, CLASSES))
                    # Other values each time: equal ones would find the fit that is remembered.
                    noise = generator(number, "noise", what).normal(0, 0.01 * values.std(), len(values))
                    estimate = seconds(partial(design.estimate, values + noise))
                    shares.append(estimate / (forward * len(asked) / ROWS))
                    times.append(estimate / (operations([design]) * seconds_per_operation()))
                name = f"estimate over forward passes, {subject.name}, 64 cells, {BUDGET:,} evaluations, {what}"
                goal = Goal(most=0.25) if "default" in what else None
                yield Row(name, statistics.median(shares), goal=goal, spread=quartiles(shares))
                counted = f"the same over the operations that a dry run counts, {what}"
                yield Row(counted, statistics.median(times), goal=COUNTED, spread=quartiles(times))
    finally:
        torch.set_num_threads(threads)
