"""Games by order: networks of digits with complete tables, and any game by the plan of a bottleneck."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from benchmarks.gate_networks import FAMILIES, VERSIONS, Images, Tables, correct, trained
from interact_cli.games.coalitions import unique, unpack
from interact_cli.interactions.designs.budgets import Estimator
from interact_cli.interfaces import Question
from interact_cli.metrics.bottleneck import Bottleneck
from interact_cli.metrics.published import published_orders
from interact_cli.metrics.summaries.strengths import Moments
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray

Value = Callable[[BoolArray], FloatArray]
N_IMAGES = 100
"""Of each network."""


@cache
def network_tables(name: str) -> FloatArray:
    """Return complete tables of a network's answers to images that it gets right: ``(image, 2^16)``."""
    train, test = Images.of("train"), Images.of("test")
    model = trained(FAMILIES[name], VERSIONS["reference"], train)
    right = np.flatnonzero(correct(model, test))
    chosen = generator(0, "images", name).choice(right, N_IMAGES, replace=False)
    tables = Tables(model, test)
    return np.stack([tables.of(int(position)) for position in np.sort(chosen)])


def measured(
    value: Value, n_players: int, budget: int, sample: int, plan: int = 0, estimator: Estimator = "sampled"
) -> tuple[Moments, IntArray, float]:
    """Measure one game by the plan of a bottleneck: moments at the published orders, these, variance of the values."""
    grid = (8, 8) if n_players == 64 else None
    design = Bottleneck(estimator=estimator).design(Question(n_players, budget, plan, str(sample), grid=grid))
    rows, inverse = unique(design.asked)
    values = value(unpack(rows, n_players))
    estimate = design.estimate(values[inverse])
    orders = np.array(published_orders(n_players))
    kept = np.isin(np.array(estimate.orders), orders)
    moments = Moments.of(estimate)
    return Moments(moments.absolute[kept], moments.square[kept], moments.unbiased[kept]), orders, float(values.var())
