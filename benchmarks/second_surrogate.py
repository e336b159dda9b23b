"""Pairs and players with boosted trees as the second surrogate, over those without: games of 36 players."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from math import nan
from pathlib import Path

from benchmarks.estimator_games import composed
from benchmarks.estimators import error_of
from benchmarks.table import Row
from interact_cli.games.coalitions import unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs.budgets import PAIR, Sampling
from interact_cli.interactions.designs.sets import all_sets
from interact_cli.interactions.designs.within_budget import design_within
from interact_cli.interfaces import Learner

PLUGIN = Path(__file__).parents[1] / "plugins" / "interact-trees"
INDICES = {"shapley": 1, "shapley-interaction": PAIR}
BUDGETS = (20_000, 60_000)


def second_surrogate(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    sys.path.insert(0, str(PLUGIN))
    try:
        learn = import_module("interact_trees.trees").learn
    except ImportError as reason:
        yield Row(f"trees over the process alone: skipped, {reason}", nan)
        return
    for budget in BUDGETS[: 1 if quick else None]:
        for game in composed(36):
            errors: dict[str, list[float]] = {index: [] for index in INDICES}
            for learner in (Learner("trees", learn), None):
                sampling = Sampling(budget, 0, "benchmark", estimator="surrogate", learner=learner)
                for index, size in INDICES.items():  # in succession: one fit answers both
                    design = design_within(indices.lookup(index), 36, sampling)
                    estimate = design.estimate(game.value(unpack(design.asked, 36)))
                    truth = game.truth(index, all_sets(36, size))
                    errors[index].append(error_of(estimate.values, truth, 0.0))
            for index, (with_trees, alone) in errors.items():
                name = f"{index}: MSE with trees over without, {game.family}, n = 36, {budget:,} evaluations"
                yield Row(name, with_trees / alone, spread=f"{with_trees:.2g} / {alone:.2g}")
