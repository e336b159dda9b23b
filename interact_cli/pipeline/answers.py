"""The third phase of a run: every question answered from the journal, sample by sample, then over the samples."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from interact_cli.errors import RunFailed
from interact_cli.interfaces import Cohort, Number, Reduced, Unit
from interact_cli.metrics.fallback import settled
from interact_cli.pipeline.executors import fill
from interact_cli.pipeline.filling import Ledger
from interact_cli.pipeline.material import Material
from interact_cli.pipeline.planning import Plan, Questions, check_kept, rounds
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.results import Measurement, Records, SampleTable
from interact_cli.seeding import digest
from interact_cli.types import BoolArray, FloatArray
from interact_cli.words import noun, player_name

MOST_SIDE_BY_SIDE = 8
"""Most samples that are answered at a time: each may hold some hundred megabytes."""


@dataclass(frozen=True)
class Answers:
    """What the metrics say."""

    samples: SampleTable
    measurements: tuple[Measurement, ...]
    records: Records
    plan_hash: str


@dataclass(frozen=True)
class OfSample:
    """What the metrics make of one sample."""

    reduced: list[list[Reduced]]
    """By game and metric."""
    ends: list[tuple[float, float]]
    """v(empty) and v(N) of each game."""
    n_coalitions: tuple[int, int, int]
    """Asked for, different, and evaluated in this run."""
    plan_hash: str


def answer(
    material: Material,
    questions: Questions,
    ledger: Ledger,
    subject: Callable[[], Subject],
    progress: Progress,
) -> Answers:
    """Plan all samples, have what is missing filled into the journal, answer every metric from there.

    Args:
        material: Samples and players.
        questions: What is asked of them.
        ledger: Which records there are, and where.
        subject: Gives the network on its inputs; called only where something is missing, or a number is asked for.
        progress: Told how far the coalitions are.

    Raises:
        RunFailed: no sample passes the filter.
        BudgetError: values by coalition that do not fit the memory.
    """
    settings, n_samples = questions.settings, len(material.ids)
    included = material.included(settings.data.only or "all")
    if not included.any():
        raise RunFailed(f"None of {n_samples} samples is classified correctly; --only correct leaves nothing.")
    n_players = [len(material.players.of_sample(sample)) for sample in range(n_samples)]
    check_kept(questions.metrics, n_players, len(questions.scores))
    # First, as they may refuse: a run that is refused has evaluated nothing and leaves no journal behind.
    numbers = [number.measure(subject(), _cohort(material, questions, included, "1")) for number in questions.numbers]
    answered: list[OfSample] = []
    for plans in rounds(questions, material):
        missing: list[Unit] = []
        for sample, plan in enumerate(plans, len(answered)):
            missing += ledger.enter(plan, material.classes(sample), material.record_shape(sample))
        n_coalitions = sum(len(plan.coalitions) for plan in plans)
        if not answered:  # of several rounds only the first has been planned: the bar takes the others to be like it
            progress.start("Evaluating", round(n_coalitions / len(plans) * n_samples), "coalitions")
        progress.advance(n_coalitions - sum(unit.n_rows for unit in missing))
        if missing:
            fill(subject(), ledger.journal, missing)
        answered += _each(plans, partial(_answered, material, questions, ledger), len(answered))
    progress.finish()

    asked, unique, evaluated = np.array([sample.n_coalitions for sample in answered], dtype=np.int64).T
    ends_of_games = np.array([sample.ends for sample in answered]).T
    empty, full = ends_of_games[:, 0]
    accuracy, chance = material.accuracy
    table = SampleTable(
        material.ids,
        material.labels,
        material.predicted,
        included,
        full,
        empty,
        asked,
        unique,
        evaluated,
        material.skipped,
        accuracy,
        chance,
        material.pictures,
        material.texts,
    )
    measurements = [*_measurements(material, questions, answered, included, ends_of_games), *numbers]
    if len(questions.scores) == 1:  # of several games, those of all metrics come first: a number is of none of them
        of_games, of_network = iter(measurements[: len(questions.metrics)]), iter(numbers)
        measurements = [next(of_network if isinstance(metric, Number) else of_games) for metric in questions.asked]
    return Answers(
        table,
        tuple(measurements),
        ledger.records(material.widest_record, unique.tolist(), vectors=material.vector),
        digest(*(sample.plan_hash for sample in answered)),
    )


def side_by_side(n_samples: int) -> int:
    """Return how many samples are answered at a time."""
    return min(MOST_SIDE_BY_SIDE, n_samples, os.cpu_count() or 1)


def _each(plans: Sequence[Plan], answered: Callable[[Plan, int], OfSample], first: int) -> list[OfSample]:
    """Answer of every sample: several side by side, each on one thread of linear algebra.

    So the numbers of a sample do not depend on the machine's cores, and many small matrices do not wait for each other.
    """
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(side_by_side(len(plans))) as pool:
        return list(pool.map(answered, plans, range(first, first + len(plans))))


def _answered(material: Material, questions: Questions, ledger: Ledger, plan: Plan, sample: int) -> OfSample:
    records, target = ledger.filled(sample, plan), questions.settings.target or "true"
    games = [
        score.of_record(records[:, material.slot(sample, game, target)]) for game, score in enumerate(questions.scores)
    ]
    return OfSample(
        [plan.reduce(questions.metrics, values) for values in games],
        [plan.ends(values) for values in games],
        (plan.n_asked, len(plan.coalitions), ledger.lines[sample].n_missing),
        plan.hash,
    )


def _measurements(
    material: Material, questions: Questions, answered: list[OfSample], included: BoolArray, ends: FloatArray
) -> Iterator[Measurement]:
    """Summarise every metric of every game; ``ends`` is v(empty) and v(N): ``(2, game, sample)``."""
    several, n_games, n_samples = len(questions.scores) > 1, len(questions.scores), len(answered)
    results = [
        settled([sample.reduced[game][position] for game in range(n_games) for sample in answered])
        for position in range(len(questions.metrics))
    ]
    for game, (score, empty, full) in enumerate(zip(questions.scores, *ends, strict=True)):
        cohort = replace(_cohort(material, questions, included, score.unit), full_value=full, empty_value=empty)
        of_game = slice(game * n_samples, (game + 1) * n_samples)
        for metric, of_games in zip(questions.metrics, results, strict=True):
            measurement = metric.aggregate(of_games[of_game], cohort)
            yield replace(measurement, of=score.module or "output") if several else measurement


def _cohort(material: Material, questions: Questions, included: BoolArray, unit: str) -> Cohort:
    players, plan = material.players, questions.settings.plan
    return Cohort(
        included=included,
        n_players=np.array([len(players.of_sample(sample)) for sample in range(len(included))]),
        shared_players=players.shared,
        grid=players.grid,
        unit=unit,
        seed=plan.seed,
        intervals=questions.intervals,
        ranges=questions.ranges,
        protocol=plan.protocol,
        noun=noun(players),
        names=tuple(player_name(players, player) for player in range(len(players.names))),
    )
