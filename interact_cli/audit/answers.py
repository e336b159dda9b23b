"""Plan, evaluate, reduce: sample by sample, then over the samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from interact_cli.audit.evaluation import Evaluations
from interact_cli.audit.material import Material
from interact_cli.audit.planning import Plan, check_kept, plan_sample
from interact_cli.audit.preparation import question
from interact_cli.config.settings import Settings
from interact_cli.errors import RunFailed
from interact_cli.interfaces import Cohort, Metric, Reduced
from interact_cli.progress import Progress
from interact_cli.results import Measurement, Records, SampleTable
from interact_cli.scores import Score
from interact_cli.seeding import digest
from interact_cli.types import BoolArray, FloatArray
from interact_cli.words import noun, player_name


@dataclass(frozen=True)
class Answers:
    """What the metrics say."""

    samples: SampleTable
    measurements: tuple[Measurement, ...]
    records: Records
    plan_hash: str


@dataclass(frozen=True)
class Ask:
    """What is asked of the material."""

    settings: Settings
    scores: tuple[Score, ...]
    """One for each game."""
    metrics: tuple[Metric, ...]
    ranges: Mapping[str, float]
    intervals: bool


def answer(material: Material, ask: Ask, evaluations: Evaluations, progress: Progress) -> Answers:
    """Ask every metric about every game of every sample, evaluating each coalition once.

    Raises:
        RunFailed: no sample passes the filter.
        BudgetError: values by coalition that do not fit the memory.
    """
    settings = ask.settings
    included = material.included(settings.data.only or "all")
    if not included.any():
        raise RunFailed(f"None of {len(included)} samples is classified correctly; --only correct leaves nothing.")
    check_kept(
        ask.metrics, [len(material.players.of_sample(sample)) for sample in range(len(included))], len(ask.scores)
    )
    results: list[list[list[Reduced]]] = [[[] for _ in ask.metrics] for _ in ask.scores]
    ends: list[list[tuple[float, float]]] = []
    counts, hashes = [], []
    progress.start("Evaluating", _n_coalitions(material, ask), "coalitions")
    for sample in range(len(material.ids)):
        plan = _plan(material, ask, sample)
        records = evaluations.of(sample, plan, material.classes(sample), material.record_shape(sample))
        n_evaluated = evaluations.kept[-1].n_evaluated
        progress.advance(len(plan.coalitions) - n_evaluated)
        games = [
            score.of_record(records[:, material.slot(sample, game, settings.target or "true")])
            for game, score in enumerate(ask.scores)
        ]
        for of_game, values in zip(results, games, strict=True):
            for kept, reduced in zip(of_game, plan.reduce(ask.metrics, values), strict=True):
                kept.append(reduced)
        ends.append([plan.ends(values) for values in games])
        counts.append((plan.n_asked, len(plan.coalitions), n_evaluated))
        hashes.append(plan.hash)
    progress.finish()

    asked, unique, evaluated = np.array(counts, dtype=np.int64).T
    ends_of_games = np.array(ends).T
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
    return Answers(
        table,
        tuple(_measurements(material, ask, results, included, ends_of_games)),
        evaluations.records(material.widest_record, unique.tolist(), vectors=material.vector),
        digest(*hashes),
    )


def _plan(material: Material, ask: Ask, sample: int) -> Plan:
    return plan_sample(ask.metrics, question(ask.settings, material.players, sample, material.ids[sample]))


def _n_coalitions(material: Material, ask: Ask) -> int:
    """Return about how many coalitions the plans of all samples have; exactly where each has its own players."""
    if material.players.shared:
        return len(_plan(material, ask, 0).coalitions) * len(material.ids)
    return sum(len(_plan(material, ask, sample).coalitions) for sample in range(len(material.ids)))


def _measurements(
    material: Material, ask: Ask, results: list[list[list[Reduced]]], included: BoolArray, ends: FloatArray
) -> Iterator[Measurement]:
    """Summarise every metric of every game; ``ends`` is v(empty) and v(N): ``(2, game, sample)``."""
    players, several = material.players, len(ask.scores) > 1
    for score, of_game, empty, full in zip(ask.scores, results, *ends, strict=True):
        cohort = Cohort(
            included=included,
            n_players=np.array([len(players.of_sample(sample)) for sample in range(len(included))]),
            shared_players=players.shared,
            grid=players.grid,
            unit=score.unit,
            seed=ask.settings.plan.seed,
            intervals=ask.intervals,
            ranges=ask.ranges,
            protocol=ask.settings.plan.protocol,
            noun=noun(players),
            names=tuple(player_name(players, player) for player in range(len(players.names))),
            full_value=full,
            empty_value=empty,
        )
        for metric, kept in zip(ask.metrics, of_game, strict=True):
            measurement = metric.aggregate(kept, cohort)
            yield replace(measurement, of=score.module or "output") if several else measurement
