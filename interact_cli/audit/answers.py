"""Plan, evaluate, reduce: sample by sample, then over the samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interact_cli.audit.evaluation import Evaluations
from interact_cli.audit.material import Material
from interact_cli.audit.planning import plan_sample
from interact_cli.audit.preparation import question
from interact_cli.config.settings import Settings
from interact_cli.errors import RunFailed
from interact_cli.interfaces import Cohort, Metric, Progress, Reduced
from interact_cli.results import Measurement, Records, SampleTable
from interact_cli.scores import Score
from interact_cli.seeding import digest


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
    score: Score
    metrics: tuple[Metric, ...]
    ranges: Mapping[str, float]
    intervals: bool


def answer(material: Material, ask: Ask, evaluations: Evaluations, progress: Progress) -> Answers:
    """Ask every metric about every sample, evaluating each coalition once.

    Raises:
        RunFailed: no sample passes the filter.
    """
    settings = ask.settings
    included = material.included(settings.data.only or "all")
    if not included.any():
        raise RunFailed(f"None of {len(included)} samples is classified correctly; --only correct leaves nothing.")
    results: list[list[Reduced]] = [[] for _ in ask.metrics]
    ends, counts, hashes = [], [], []
    for sample, sample_id in enumerate(material.ids):
        plan = plan_sample(ask.metrics, question(settings, material.players, sample_id))
        if sample == 0:
            progress.start("Evaluating", len(plan.coalitions) * len(material.ids), "coalitions")
        records = evaluations.of(sample, plan, material.classes(sample))
        n_evaluated = evaluations.kept[-1].n_evaluated
        progress.advance(len(plan.coalitions) - n_evaluated)
        values = ask.score.of_record(records[:, material.slot(sample, settings.target or "true")])
        for kept, reduced in zip(results, plan.reduce(ask.metrics, values), strict=True):
            kept.append(reduced)
        ends.append(plan.ends(values))
        counts.append((plan.n_asked, len(plan.coalitions), n_evaluated))
        hashes.append(plan.hash)
    progress.finish()

    cohort = Cohort(
        included,
        material.players.names,
        material.players.grid,
        ask.score.unit,
        settings.plan.seed,
        ask.intervals,
        ask.ranges,
        settings.plan.protocol,
    )
    asked, unique, evaluated = np.array(counts, dtype=np.int64).T
    empty, full = np.array(ends).T
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
    )
    slots, components = (1, 1) if material.output == "scalar" else (2, 4)
    return Answers(
        table,
        tuple(metric.aggregate(kept, cohort) for metric, kept in zip(ask.metrics, results, strict=True)),
        evaluations.records(slots, components, unique.tolist()),
        digest(*hashes),
    )
