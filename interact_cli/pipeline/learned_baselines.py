"""Baselines that are learned, one for each sample: from which start, how far, and what a report says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.engine.baseline_descent import (
    DECADES,
    FIRST_RATE,
    ITERATIONS,
    MOST_PLAYERS,
    check_players,
    learn_baseline,
    tensor_form,
)
from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline, Dataset
from interact_cli.journal.units import Journal
from interact_cli.pipeline.baselines import default_baseline, described, spread_of
from interact_cli.pipeline.executors import fill
from interact_cli.pipeline.inputs import Inputs
from interact_cli.pipeline.material import Material
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.results import LEARNED
from interact_cli.scores import Score
from interact_cli.seeding import digest
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
    counts = [of_sample.n_players for of_sample in players]
    check_players(min(counts))
    reason = f"players, expected at most {MOST_PLAYERS} for --baseline learned"
    reasons = {index: f"{count} {reason}" for index, count in enumerate(counts) if count > MOST_PLAYERS}
    kept = tuple(of_sample for index, of_sample in enumerate(players) if index not in reasons)
    return inputs.without(reasons) if reasons else inputs, kept


@dataclass(frozen=True)
class Search:
    """A unit of work: the baseline of one sample."""

    sample: int
    """Position among the samples of the subject."""
    sample_id: str
    label: int | None
    """The class whose score is the value; None for outputs without classes."""
    n_players: int

    @property
    def key(self) -> str:
        """Where the journal holds the losses at the start and at the learned baseline: ``(2,)``."""
        return self._key("losses")

    @property
    def values(self) -> str:
        """Where the journal holds the baseline, in the shape of the players'."""
        return self._key("values")

    @property
    def n_rows(self) -> int:
        """Masked inputs that run through the network, those of the gradients left out."""
        return (ITERATIONS + 1) << self.n_players

    def carry_out(self, subject: Subject) -> Mapping[str, npt.NDArray[Any]]:
        """Learn the baseline.

        Raises:
            NonFiniteError: the network returned NaN or infinity.
            OutOfMemory: not even one row fits the device.
        """
        learning, sample = subject.learning, subject.inputs.samples[self.sample]
        assert learning is not None  # only a subject whose baselines are learned has such units
        bounds = learning.low, learning.high
        players = subject.players[self.sample]
        best = learn_baseline(subject.evaluator, sample, players, self.label, learning.score, bounds)
        # The key last: once it is in the journal the unit is done, and the baseline must be there.
        return {self.values: best.values, self.key: np.array([best.before, best.after])}

    def _key(self, what: str) -> str:
        return digest("learned baseline", what, self.sample_id, str(self.sample))


def learned(subject: Subject, material: Material, journal: Journal, progress: Progress) -> Subject:
    """Learn the baseline of every sample, and give it to its players; without learning nothing changes.

    A round of its own, before the coalitions are planned: what is missing is filled into the journal, so that a resumed
    run goes on with the same bits.

    Raises:
        NonFiniteError: the network returned NaN or infinity.
        OutOfMemory: not even one row fits the device.
    """
    learning, target = subject.learning, subject.settings.target or "true"
    if learning is None:
        return subject
    searches = []
    for index, (sample, players) in enumerate(zip(subject.inputs.samples, subject.players, strict=True)):
        classes = material.classes(index)
        label = classes[material.slot(index, 0, target)] if classes else None
        searches.append(Search(index, sample.id, label, players.n_players))
    missing = [search for search in searches if journal.read(search.key) is None]
    n_rows, n_missing = (sum(search.n_rows for search in some) for some in (searches, missing))
    progress.start("Learning baselines", n_rows, "coalitions")
    progress.advance(n_rows - n_missing)
    fill(subject, journal, missing)
    progress.finish()
    losses = np.stack([journal.whole(search.key) for search in searches])
    subject = replace(subject, learning=replace(learning, losses=losses))
    progress.note(f"Baseline: {source_of(subject)}.")
    return with_baselines(subject, [journal.whole(search.values) for search in searches])


def with_baselines(subject: Subject, values: Sequence[npt.NDArray[np.float32]]) -> Subject:
    """Give each sample's players their own learned baseline."""
    players = tuple(
        replace(each, baseline=own, baseline_name=LEARNED) for each, own in zip(subject.players, values, strict=True)
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
        f"of each sample its own; sum of |I(S)|, v(empty) included, {before.mean():.4g} -> {after.mean():.4g} on "
        f"average{stayed}; learned for {learning.score.name}{target} from {subject.baseline.name} "
        f"({subject.baseline.source})"
    )


def baseline_identity(subject: Subject) -> dict[str, Any]:
    """Return what decides the baselines of a run: the start and the settings of the learning, not what was learned."""
    decided = {name: value for name, value in described(subject.baseline).items() if name != "source"}
    return decided if subject.learning is None else {**decided, "learned": dict(subject.learning.settings)}


def baseline_document(subject: Subject) -> dict[str, Any]:
    """Return what a report says of its baselines."""
    learning = subject.learning
    if learning is None or learning.losses is None:
        return {**described(subject.baseline), **baseline_identity(subject)}
    values = np.stack([players.baseline for players in subject.players])
    before, after = learning.losses.T
    return {
        **described(Baseline(LEARNED, values, source_of(subject))),
        "start": described(subject.baseline),
        "learned": learning.settings,
        "loss_before": before.tolist(),
        "loss_after": after.tolist(),
    }
