"""How the baselines of a run may be learned: from which start, how far, and for which samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.audit.baselines import default_baseline, spread_of
from interact_cli.audit.inputs import Inputs
from interact_cli.engine.learned_baseline import (
    DECADES,
    FIRST_RATE,
    ITERATIONS,
    MOST_PLAYERS,
    check_players,
    tensor_form,
)
from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline, Dataset
from interact_cli.results import LEARNED
from interact_cli.scores import Score
from interact_cli.types import Entry, FloatArray, Model, PlayerSet

REACH = {"image": 0.3, "columns": 0.3, "text": 0.05}
"""How far a learned baseline may go from its start, in standard deviations: of the data, or of the word vectors."""


@dataclass(frozen=True)
class Learning:
    """How the baselines of a run are learned."""

    score: Score
    target: str | None
    reach: str
    """How far they may go, in words."""
    low: npt.NDArray[np.float32]
    high: npt.NDArray[np.float32]
    losses: FloatArray | None = None
    """``(sample, 2)``: sum of |I(S)| at the start and at the learned baseline; None before learning."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What decides the learned baselines, besides network, inputs, players and start."""
        return {
            "score": self.score.name,
            "target": self.target,
            "iterations": ITERATIONS,
            "first rate": FIRST_RATE,
            "decades": DECADES,
            "reach": self.reach,
        }


def start_name(name: str, entry: Entry, score: Score) -> str:
    """Return the baseline to begin with: the one that is asked for, or what the learned ones start from.

    Raises:
        UsageError: learning inside the network, or for a score that no gradient follows.
    """
    if name != LEARNED:
        return name
    if entry.place not in {"input", "embedding"}:
        raise UsageError(
            f"--baseline learned starts from inputs or word vectors, and these players stand at the {entry}. Use "
            f"--baseline zero, or players of the input."
        )
    tensor_form(score)
    return default_baseline(entry)


def learning_of(
    start: Baseline, score: Score, target: str | None, model: Model, dataset: Dataset, seed: int
) -> Learning:
    """Return how the baselines are learned: from ``start``, no further than `REACH`.

    Raises:
        RunFailed: no sample of the data can be read.
    """
    spread, what = spread_of(model, dataset, seed)
    step = (REACH[model.input.kind] * spread).astype(np.float32)
    reach = f"{REACH[model.input.kind]} standard deviations of {what}"
    return Learning(score, target, reach, start.values - step, start.values + step)


def few_enough(inputs: Inputs, players: tuple[PlayerSet, ...]) -> tuple[Inputs, tuple[PlayerSet, ...]]:
    """Leave out the samples that have too many players to learn a baseline, with the reason.

    Raises:
        UsageError: all of them have.
    """
    counts = [one.n_players for one in players]
    check_players(min(counts))
    reason = f"players, expected at most {MOST_PLAYERS} for --baseline learned"
    reasons = {index: f"{count} {reason}" for index, count in enumerate(counts) if count > MOST_PLAYERS}
    kept = tuple(one for index, one in enumerate(players) if index not in reasons)
    return inputs.without(reasons) if reasons else inputs, kept
