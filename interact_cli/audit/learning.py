"""Baselines that are learned, one for each sample: how far they may go, learning them, and what a report says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from interact_cli.audit.baselines import default_baseline, described, spread_of
from interact_cli.audit.inputs import Inputs
from interact_cli.engine.learned_baseline import (
    DECADES,
    FIRST_RATE,
    ITERATIONS,
    MOST_PLAYERS,
    check_players,
    check_score,
    learn_baseline,
)
from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline, Dataset, Progress
from interact_cli.journal.units import Journal
from interact_cli.results import LEARNED
from interact_cli.seeding import digest
from interact_cli.types import Entry, FloatArray, Model, PlayerSet

if TYPE_CHECKING:
    from interact_cli.audit.material import Material
    from interact_cli.audit.preparation import Subject

REACH = {"image": 0.3, "columns": 0.3, "text": 0.05}
"""How far a learned baseline may go from its start, in standard deviations: of the data, or of the word vectors."""


@dataclass(frozen=True)
class Learning:
    """How the baselines of a run are learned."""

    score: str
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
            "score": self.score,
            "target": self.target,
            "iterations": ITERATIONS,
            "first rate": FIRST_RATE,
            "decades": DECADES,
            "reach": self.reach,
        }


def start_name(name: str, entry: Entry, score: str) -> str:
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
    check_score(score)
    return default_baseline(entry)


def learning_of(start: Baseline, score: str, target: str | None, model: Model, dataset: Dataset, seed: int) -> Learning:
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


def learned(subject: Subject, material: Material, journal: Journal, progress: Progress) -> Subject:
    """Learn the baseline of every sample, and give it to its players; without learning nothing changes.

    A finished sample is a unit of the journal: a resumed run goes on with the same bits.

    Raises:
        NonFiniteError: the network returned NaN or infinity.
        OutOfMemory: not even one row fits the device.
    """
    learning, settings = subject.learning, subject.settings
    if learning is None:
        return subject
    work = [(ITERATIONS + 1) * 2**players.n_players for players in subject.players]
    progress.start("Learning baselines", sum(work), "coalitions")
    values, losses = [], []
    for index, (sample, players) in enumerate(zip(subject.inputs.samples, subject.players, strict=True)):
        keys = [digest("learned baseline", what, sample.id, str(index)) for what in ("values", "losses")]
        kept, loss = map(journal.read, keys)
        if kept is None or loss is None:
            classes = material.classes(index)
            label = classes[material.slot(index, 0, settings.target or "true")] if classes else None
            bounds = learning.low, learning.high
            found = learn_baseline(subject.evaluator, sample, players, label, learning.score, bounds)
            kept, loss = found.values, np.array([found.before, found.after])
            for key, array in zip(keys, (kept, loss), strict=True):
                journal.write(key, array)
        else:
            progress.advance(work[index])
        values.append(kept)
        losses.append(loss)
    progress.finish()
    whole = replace(subject, learning=replace(learning, losses=np.stack(losses)))
    progress.note(f"Baseline: {source_of(whole)}.")
    return with_baselines(whole, values)


def with_baselines(subject: Subject, values: Sequence[npt.NDArray[np.float32]]) -> Subject:
    """Give each sample's players their own learned baseline."""
    players = tuple(
        replace(one, baseline=own, baseline_name=LEARNED) for one, own in zip(subject.players, values, strict=True)
    )
    return replace(subject, players=players)


def source_of(subject: Subject) -> str:
    """Say in words where the learned baselines come from and what was gained."""
    learning = subject.learning
    if learning is None or learning.losses is None:
        return subject.baseline.source
    before, after = learning.losses.T
    n_kept, n = int((after >= before).sum()), len(before)
    target = f" of the {learning.target} class" if learning.target else ""
    stayed = f"; {n_kept} of {n} samples keep the start, which no step improved" if n_kept else ""
    return (
        f"of each sample its own, learned from {subject.baseline.name} ({subject.baseline.source}) for "
        f"{learning.score}{target}: sum of |I(S)| {before.mean():.4g} -> {after.mean():.4g} on average{stayed}"
    )


def baseline_identity(subject: Subject) -> dict[str, Any]:
    """Return what decides the baselines of a run: the start and the settings of the learning, not what was learned."""
    held = dict(described(subject.baseline))
    return held if subject.learning is None else {**held, "learned": dict(subject.learning.settings)}


def baseline_document(subject: Subject) -> dict[str, Any]:
    """Return what a report says of its baselines."""
    learning = subject.learning
    if learning is None or learning.losses is None:
        return baseline_identity(subject)
    values = np.stack([players.baseline for players in subject.players])
    before, after = learning.losses.T
    return {
        **described(Baseline(LEARNED, values, source_of(subject))),
        "start": described(subject.baseline),
        "learned": learning.settings,
        "loss_before": before.tolist(),
        "loss_after": after.tolist(),
    }
