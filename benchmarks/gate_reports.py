"""What reports of all versions of a network would hold of every image, under several plan seeds: look-ups in tables.

Kept are the parts that a report's summaries are statistics of: the moments over the pairs of each image. They are
computed by the metrics' own designs and reductions, once, and kept in the user's cache.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import interact_cli
from benchmarks.gate_networks import N_PLAYERS, PIXELS, VERSIONS, Family, Images, Tables, correct, trained
from interact_cli import extensions
from interact_cli.datasets.locations import cache_folder
from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Metric, Question
from interact_cli.metrics.summaries.strengths import MOMENTS, Moments
from interact_cli.options import configured
from interact_cli.seeding import digest
from interact_cli.types import BoolArray, FloatArray, IntArray

BUDGET = 4000
METRICS: dict[str, dict[str, Any]] = {"multi-order": {"estimator": "sampled"}, "strength": {"estimator": "sampled"}}
"""Metric -> its options. ``bottleneck`` asks for the same coalitions as ``multi-order``, and J and R are statistics of
the same parts. A surrogate for each of 23,000 reports would take hours."""
PART_NAMES = tuple(MOMENTS)


@dataclass(frozen=True)
class Reports:
    """Reports of every version under every plan seed, and what they would hold if they asked for all coalitions."""

    seeds: dict[str, FloatArray]
    """Metric -> ``(version, plan seed, part, sample, place)``; one place where the metric has no orders."""
    exact: dict[str, FloatArray]
    """Metric -> ``(version, part, sample, place)``, of all pairs and contexts."""
    pairs: FloatArray
    """``(version, plan seed, sample, pair)``: |I| of the metric ``strength``, which the parts are means of."""
    correct: BoolArray
    """``(version, sample)``."""
    orders: IntArray
    """Of the places of ``multi-order``."""

    @property
    def n_seeds(self) -> int:
        return int(self.seeds["strength"].shape[1])


def reports(family: Family, n_seeds: int) -> Reports:
    """Return the reports of a family, from the cache where they lie there."""
    facts: list[Any] = [
        family.name,
        asdict(family.recipe),
        asdict(PIXELS),
        {name: asdict(v) for name, v in VERSIONS.items()},
    ]
    facts += [BUDGET, n_seeds, interact_cli.__version__, torch.__version__]
    facts += [[extensions.metric_of_game(name).version, options] for name, options in METRICS.items()]
    path = cache_folder(os.environ) / "benchmarks" / f"gate-{digest(json.dumps(facts))[:16]}.npz"
    if path.exists():
        return _read(path)
    made = _measured(family, n_seeds)
    arrays: dict[str, Any] = {"pairs": made.pairs, "correct": made.correct, "orders": made.orders}
    arrays |= _flat("seeds", made.seeds) | _flat("exact", made.exact)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}.npz")
    np.savez(temporary, **arrays)
    temporary.replace(path)
    return made


def _flat(kind: str, arrays: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {f"{kind} {metric}": array for metric, array in arrays.items()}


def _read(path: Path) -> Reports:
    with np.load(path) as held:
        seeds, exact = ({metric: held[f"{kind} {metric}"] for metric in METRICS} for kind in ("seeds", "exact"))
        return Reports(seeds, exact, held["pairs"], held["correct"], held["orders"])


def _measured(family: Family, n_seeds: int) -> Reports:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    train, test = Images.of("train"), Images.of("test")
    models = [trained(family, version, train) for version in VERSIONS.values()]
    tables = [Tables(model, test) for model in models]
    by_sample = [
        _of_sample([table.of(position) for table in tables], id_, n_seeds) for position, id_ in enumerate(test.ids)
    ]
    torch.set_num_threads(threads)
    orders = by_sample[0].orders
    seeds = {metric: np.stack([one.seeds[metric] for one in by_sample], axis=3) for metric in METRICS}
    exact = {metric: np.stack([one.exact[metric] for one in by_sample], axis=2) for metric in METRICS}
    pairs = np.stack([one.pairs for one in by_sample], axis=2)
    return Reports(seeds, exact, pairs, np.stack([correct(model, test) for model in models]), orders)


@dataclass(frozen=True)
class _OfSample:
    seeds: dict[str, FloatArray]
    """``(version, plan seed, part, place)``."""
    exact: dict[str, FloatArray]
    pairs: FloatArray
    orders: IntArray


def _of_sample(tables: list[FloatArray], sample_id: str, n_seeds: int) -> _OfSample:
    seeds, exact = {}, {}
    orders, pairs = np.zeros(0, dtype=np.int64), np.zeros(0)
    for name, options in METRICS.items():
        metric = configured(extensions.metric_of_game(name), options)
        drawn = [list(_estimates(metric, tables, sample_id, seed, BUDGET)) for seed in range(n_seeds)]
        whole = list(_estimates(metric, tables, sample_id, 0, 2**N_PLAYERS))
        seeds[name] = np.stack([[_parts(estimate) for estimate in of_seed] for of_seed in drawn], axis=1)
        exact[name] = np.stack([_parts(estimate) for estimate in whole])
        if whole[0].orders is not None and drawn[0][0].orders is not None:
            orders = drawn[0][0].orders
            exact[name] = exact[name][..., np.searchsorted(whole[0].orders, orders)]
        else:
            pairs = np.stack([[np.abs(estimate.values) for estimate in of_seed] for of_seed in drawn], axis=1)
    return _OfSample(seeds, exact, pairs, orders)


def _estimates(metric: Metric, tables: list[FloatArray], sample_id: str, seed: int, budget: int) -> Iterator[Estimate]:
    """Plan once; look up and reduce every version."""
    question = Question(N_PLAYERS, budget, seed, sample_id, grid=(4, 4))
    design = metric.design(question)
    codes = design.asked.astype(np.int64) @ (1 << 8 * np.arange(design.asked.shape[1]))
    for table in tables:
        yield metric.reduce(design, table[codes], question).estimate


def _parts(estimate: Estimate) -> FloatArray:
    moments = Moments.of(estimate)
    return np.stack([np.atleast_1d(getattr(moments, part)) for part in PART_NAMES])
