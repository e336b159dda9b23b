"""Pairs of small reports to compare: random games with heavy tails, measured by the real metrics, no network.

The candidate plays the reference's games, scaled and with noise added to every value; the truth is known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from interact_cli import extensions
from interact_cli.games.coalitions import unpack
from interact_cli.interfaces import Cohort, Metric, Question
from interact_cli.options import changed, configured, options_of
from interact_cli.pipeline.planning import plan_sample
from interact_cli.report.documents import content_key
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import Measurement, PlayerTable, Quantity, Report, SampleTable

METRICS = ("multi-order", "bottleneck", "strength", "shapley")
BY_ORDER = ("multi-order", "bottleneck")
N_PLAYERS = 8
BUDGET = 150
PAIRS = "random:3"


@dataclass(frozen=True)
class Made:
    """How a report is made; two reports of equal ``Made`` are equal."""

    n_samples: int = 40
    metrics: tuple[str, ...] = METRICS
    scale: float = 1.0
    """Every value of every game is multiplied by it: so are all interactions."""
    noise: float = 0.0
    """Standard deviation of what is added to every value, relative to the values' own."""
    noise_seed: int = 1
    game_seed: int = 0
    """The games; equal in both reports of a pair."""
    seed: int = 0
    """Plan seed."""
    n_players: int = N_PLAYERS
    budget: int = BUDGET
    pairs: str = PAIRS
    """Of the metrics that choose pairs."""
    labels: tuple[int, ...] | None = None
    """None: sample k is of class k % 3."""
    predicted: tuple[int, ...] | None = None
    """None: as labelled."""
    picked: tuple[int, ...] | None = None
    """Which of the samples are measured, in this order; all unless given."""
    only: str = "all"
    checkpoint: str = ""
    """What its digest is made of; by scale and noise unless given."""
    created: str = "2026-03-01T10:00:00+00:00"


def made(how: Made | None = None, **knobs: Any) -> Report:
    """Measure one report."""
    return _made(replace(how or Made(), **knobs))


def pair_of_reports(
    *,
    scale: float = 1.0,
    noise: float = 0.0,
    seeds: tuple[int, int] = (0, 0),
    predicted: tuple[Sequence[int] | None, Sequence[int] | None] = (None, None),
    **knobs: Any,
) -> tuple[Report, Report]:
    """Measure a reference and a candidate, as if read from ``a.h5`` and ``b.h5``.

    Args:
        scale: Of the candidate: 1.1 makes every interaction 10 % stronger.
        noise: Of the candidate, relative to the games' values.
        seeds: Plan seeds of both.
        predicted: Classes that both name; None as labelled.
        knobs: Of both, see `Made`; ``labels`` may be any sequence.
    """
    if knobs.get("labels") is not None:
        knobs["labels"] = tuple(knobs["labels"])
    told = [None if one is None else tuple(one) for one in predicted]
    reference = made(seed=seeds[0], predicted=told[0], **knobs)
    candidate = made(
        seed=seeds[1], predicted=told[1], scale=scale, noise=noise, created="2026-03-02T10:00:00+00:00", **knobs
    )
    return replace(reference, path=Path("a.h5")), replace(candidate, path=Path("b.h5"))


def written(folder: Path, *reports: Report) -> tuple[Path, ...]:
    """Write reports as ``0.h5``, ``1.h5``, ... and return the paths."""
    paths = tuple(folder / f"{position}.h5" for position in range(len(reports)))
    for path, report in zip(paths, reports, strict=True):
        write_report(report, path)
    return paths


def with_provenance(report: Report, **changed: Any) -> Report:
    """Change what a report says at the top of its provenance."""
    return replace(report, provenance={**report.provenance, **changed})


def with_question(report: Report, changed: Mapping[str, Any]) -> Report:
    """Change what a report says that it was asked, by dotted names: ``{"plan.budget": 99}``."""
    identity = report.provenance["identity"]
    return with_provenance(report, identity={**identity, "question": {**identity["question"], **changed}})


def with_rounding(report: Report, **changed: Any) -> Report:
    """Change what a report says of where and how it was measured."""
    identity = report.provenance["identity"]
    return with_provenance(report, identity={**identity, "rounding": {**identity["rounding"], **changed}})


def with_options(report: Report, metric: str, /, **changed: Any) -> Report:
    """Change the options that one metric was asked with; None leaves one out, so that it is at its default."""
    metrics = []
    for name, version, options in report.provenance["identity"]["question"]["metrics"]:
        merged = {**options, **changed} if name == metric else options
        metrics.append([name, version, {key: value for key, value in merged.items() if value is not None}])
    return with_question(report, {"metrics": metrics})


def with_samples(report: Report, **changed: Any) -> Report:
    """Change columns of the sample table."""
    return replace(report, samples=replace(report.samples, **changed))


def with_players(report: Report, **changed: Any) -> Report:
    """Change the player table."""
    return replace(report, players=replace(report.players, **changed))


def with_measurement(report: Report, metric: str, /, **changed: Any) -> Report:
    """Change fields of one measurement."""
    held = tuple(replace(m, **changed) if m.key == metric else m for m in report.measurements)
    return replace(report, measurements=held)


def with_quantity(report: Report, metric: str, kind: str, name: str, /, **changed: Any) -> Report:
    """Change one quantity; ``kind`` is ``"summary"`` or ``"per_sample"``."""
    held: tuple[Quantity, ...] = getattr(report.measurement(metric), kind)
    return with_measurement(
        report, metric, **{kind: tuple(replace(q, **changed) if q.name == name else q for q in held)}
    )


def reordered(report: Report, order: Sequence[int]) -> Report:
    """Take samples by position: permuted, or some twice; summaries stay as they are, so for fewer see `Made.picked`."""
    picked = np.asarray(order, dtype=np.int64)
    table = report.samples
    columns = ("labels", "predicted", "included", "full_value", "empty_value", "asked", "unique", "evaluated")
    samples = replace(
        table,
        ids=tuple(table.ids[k] for k in picked),
        **{column: getattr(table, column)[picked] for column in columns},
    )
    measurements = tuple(
        replace(m, per_sample=tuple(_picked(quantity, picked) for quantity in m.per_sample))
        for m in report.measurements
    )
    return replace(report, samples=samples, measurements=measurements)


def _picked(quantity: Quantity, picked: np.ndarray) -> Quantity:
    companions = {
        name: getattr(quantity, name)[picked]
        for name in ("standard_errors", "low", "high", "exact")
        if getattr(quantity, name) is not None
    }
    return replace(quantity, values=quantity.values[picked], **companions)


def ids_of(n_samples: int) -> tuple[str, ...]:
    """The samples' names."""
    return tuple(f"made/test/{k:03d}" for k in range(n_samples))


@lru_cache(maxsize=64)
def _made(how: Made) -> Report:
    picked = list(range(how.n_samples) if how.picked is None else how.picked)
    ids = tuple(ids_of(how.n_samples)[k] for k in picked)
    metrics = _metrics(how)
    n, n_samples = how.n_players, len(picked)
    classes = [k % 3 for k in range(how.n_samples)] if how.labels is None else how.labels
    labels = np.array(classes, dtype=np.int64)[picked]
    predicted = labels if how.predicted is None else np.array(how.predicted, dtype=np.int64)[picked]
    included = labels == predicted if how.only == "correct" else np.ones(n_samples, dtype=bool)
    plans = [plan_sample(metrics, Question(n, how.budget, how.seed, id_)) for id_ in ids]
    games = _tables(how)
    tables = [games[k] for k in picked]
    codes = 2 ** np.arange(n)
    values = [table[unpack(plan.coalitions, n) @ codes] for plan, table in zip(plans, tables, strict=True)]
    reduced = [plan.reduce(metrics, numbers) for plan, numbers in zip(plans, values, strict=True)]
    cohort = Cohort(included, np.full(n_samples, n), True, None, "log-odds", how.seed, intervals=True)
    measurements: list[Measurement] = [
        metric.aggregate([kept[position] for kept in reduced], cohort) for position, metric in enumerate(metrics)
    ]
    unlabelled = (labels < 0).all()
    samples = SampleTable(
        ids, labels, predicted, included,
        full_value=np.array([table[-1] for table in tables]),
        empty_value=np.array([table[0] for table in tables]),
        asked=np.array([plan.n_asked for plan in plans]),
        unique=np.array([len(plan.coalitions) for plan in plans]),
        evaluated=np.array([len(plan.coalitions) for plan in plans]),
        accuracy=float("nan") if unlabelled else float((labels == predicted).mean()),
        chance=float("nan") if unlabelled else 1 / 3,
    )  # fmt: skip
    names = tuple(f"c{k}" for k in range(n))
    players = PlayerTable(names, "columns", np.arange(n), np.zeros(n, np.float32), "mean")
    plan_hash = sha256("".join(plan.hash for plan in plans).encode()).hexdigest()
    provenance, config = _documents(how, metrics, plan_hash)
    return Report(config, provenance, _run(how), samples, players, tuple(measurements))


def _metrics(how: Made) -> tuple[Metric, ...]:
    """Pairs by order have contexts of their own: a naive loop over values and standard errors knows all of them."""
    return tuple(_configured(extensions.metric(name), how) for name in how.metrics)


def _configured(metric: Metric, how: Made) -> Metric:
    has = {option.name for option in options_of(metric)}
    asked = {"pairs": how.pairs, "estimator": "sampled"} if metric.name in BY_ORDER else {"pairs": how.pairs}
    return configured(metric, {name: value for name, value in asked.items() if name in has})


def _tables(how: Made) -> list[np.ndarray]:
    """Games of independent values; how large they are differs among the samples with a heavy tail."""
    games, disturbed = (
        np.random.default_rng([key, 7]) for key in (how.game_seed, 1000 * how.noise_seed + how.game_seed)
    )
    size = (how.n_samples, 2**how.n_players)
    tables = games.normal(size=size) * np.exp(games.normal(scale=0.5, size=(how.n_samples, 1)))
    return list(how.scale * tables + how.noise * disturbed.normal(size=size) * tables.std(axis=1, keepdims=True))


def _documents(how: Made, metrics: Sequence[Metric], plan_hash: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    weights = sha256((how.checkpoint or f"{how.scale} {how.noise} {how.noise_seed}").encode()).hexdigest()
    data = sha256(json.dumps([how.game_seed, how.n_samples, sorted(how.picked or ())]).encode()).hexdigest()
    identity = _identity(how, metrics, weights, data)
    provenance = {
        "arch": "py:network.py:make",
        "arch_source": "given",
        "baseline": {"name": "mean", "source": "column means of data set 'made' (test)", "values": [0.0] * 4},
        "batch_rows": 256,
        "budget": how.budget,
        "checkpoint": {"path": f"version-{weights[:4]}.pt", "sha256": weights, "weights_key": "state_dict"},
        "class_names": ["a", "b", "c"],
        "content_key": content_key(identity),
        "data": {"fingerprint": data, "n_total": 1000, "name": "csv:made.csv", "split": "test"},
        "device": "cpu",
        "dtype": "float32, TF32 off",
        "entry": {"call": 0, "difference": 0.0, "module": "", "place": "input", "way": "whole network",
                  "where": "input"},
        "identity": identity,
        "illustration": False,
        "metrics": dict.fromkeys(how.metrics, "interact-cli 0.1.0"),
        "modules": [],
        "n_classes": 3,
        "notes": [],
        "output": "classes",
        "plan_hash": plan_hash,
        "players": "columns",
        "preprocessing": {"kind": "columns", "shape": [how.n_players], "mean": [], "std": []},
        "protocol": None,
        "ranges": {"fingerprint": "5" * 64, "n_samples": 100, "scores": {}, "split": "test"},
        "score": "log-odds",
        "score_unit": "log-odds",
        "seed": how.seed,
        "smaller_batches": [],
        "target": "true",
        "threads": 1,
        "vector": False,
        "versions": {"h5py": "3.16.0", "interact-cli": "0.1.0", "numpy": "2.4.6", "python": "3.11.7",
                     "torch": "2.15.0"},
    }  # fmt: skip
    config = {
        "data": {"name": "csv:made.csv", "only": how.only, "limit": None, "n_samples": how.n_samples},
        "metrics": [{m.name: changed(m)} if changed(m) else m.name for m in metrics],
        "plan": {"budget": how.budget, "instability": None, "protocol": None, "seed": how.seed},
        "players": "columns",
        "score": "log-odds",
        "span": None,
        "target": "true",
    }
    return provenance, config


def _identity(how: Made, metrics: Sequence[Metric], weights: str, data: str) -> dict[str, Any]:
    """What decides the numbers, in the three parts of a report of schema 1.4."""
    return {
        "records": {
            "architecture": "py:network.py:make",
            "architecture arguments": {},
            "baseline": {"name": "mean", "values": "8" * 64},
            "checkpoint": weights,
            "code": "9" * 64,
            "data": data,
            "dtype": "float32, TF32 off",
            "entry": {"call": 0, "module": "", "place": "input"},
            "limit": None,
            "modules": [],
            "output": "classes",
            "owners": "a" * 64,
            "players": "columns",
            "prepared inputs": "b" * 64,
            "preprocessing": {"kind": "columns", "shape": [how.n_players], "mean": [], "std": []},
            "protocol": None,
            "samples": "c" * 64,
            "span": None,
            "tool": "0",
            "weights": "state_dict",
        },
        "rounding": {"batch rows": 256, "device": "cpu", "threads": 1, "timm": "1.0.26", "tokenizers": "0.22.2",
                     "torch": "2.15.0", "torchvision": "0.30.0", "transformers": "5.3.0", "way": "whole network"},
        "question": {
            "data.only": how.only,
            "score": "log-odds",
            "target": "true",
            "metrics": [[metric.name, metric.version, changed(metric)] for metric in metrics],
            "plan.budget": how.budget,
            "plan.seed": how.seed,
            "plan.instability": None,
            "metric origins": dict.fromkeys(how.metrics, "interact-cli 0.1.0"),
            "records kept": True,
            "ranges": "5" * 64,
            "illustration": False,
        },
    }  # fmt: skip


def _run(how: Made) -> Mapping[str, Any]:
    return {"created_utc": how.created, "seconds": 1.0, "host": "made", "argv": ["interact", "measure"], "places": {}}
