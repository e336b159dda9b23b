"""What a run knows of its samples and players once the network has seen the unmasked inputs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.audit.inputs import chance_of, share_correct
from interact_cli.audit.preparation import Subject
from interact_cli.results import PlayerTable, Report, at_chance
from interact_cli.types import BoolArray, FloatArray, IntArray, OutputKind, PlayerSet, Skipped


@dataclass(frozen=True)
class Material:
    """Samples and players, without network and without inputs: a report holds as much."""

    ids: tuple[str, ...]
    labels: IntArray
    """``(sample,)``; -1 for unlabelled."""
    predicted: IntArray
    """``(sample,)``; -1 for scalar outputs."""
    skipped: tuple[Skipped, ...]
    pictures: np.ndarray | None
    players: PlayerTable
    output: OutputKind
    chance: float
    """Accuracy that naming one class always would reach; NaN if unlabelled."""

    @classmethod
    def of_subject(cls, subject: Subject, logits: FloatArray) -> Material:
        """Look at the unmasked outputs, ``(sample, K)``."""
        samples, players = subject.inputs.samples, subject.players
        pictures = [sample.picture for sample in samples if sample.picture is not None]
        return cls(
            ids=tuple(sample.id for sample in samples),
            labels=subject.inputs.labels,
            predicted=predictions(subject.model.output, logits),
            skipped=subject.inputs.skipped,
            pictures=np.stack(pictures) if pictures else None,
            players=player_table(players),
            output=subject.model.output,
            chance=_chance(subject),
        )

    @classmethod
    def of_report(cls, report: Report) -> Material:
        """Take what an earlier report holds."""
        samples = report.samples
        return cls(
            samples.ids,
            samples.labels,
            samples.predicted,
            samples.skipped,
            samples.pictures,
            report.players,
            report.provenance["output"],
            report.samples.chance,
        )

    @property
    def accuracy(self) -> tuple[float, float]:
        """Share of correct predictions and share of the most frequent class."""
        measured = share_correct(self.predicted, self.labels)
        return measured, float("nan") if np.isnan(measured) else self.chance

    @property
    def at_chance(self) -> bool:
        """True when the accuracy is not above chance."""
        return at_chance(*self.accuracy, len(self.ids))

    def classes(self, sample: int) -> tuple[int, ...]:
        """Return the classes that a record keeps: the true one, then the predicted one where it differs."""
        if self.output == "scalar":
            return ()
        wanted = [int(self.labels[sample]), int(self.predicted[sample])]
        return tuple(dict.fromkeys(label for label in wanted if label >= 0))

    def slot(self, sample: int, target: str) -> int:
        """Return which slot of a record holds the target class."""
        if self.output == "scalar":
            return 0
        wanted = self.labels if target == "true" else self.predicted
        return self.classes(sample).index(int(wanted[sample]))

    def included(self, only: str) -> BoolArray:
        """Return which samples enter the summaries."""
        if only == "all":
            return np.ones(len(self.ids), dtype=np.bool_)
        correct: BoolArray = self.labels == self.predicted
        return correct


def _chance(subject: Subject) -> float:
    """The draw is stratified: its most frequent class may be rarer than the data set's, and one sample says nothing."""
    return float(np.fmin(chance_of(subject.inputs.labels), chance_of(subject.inputs.dataset.labels)))


def player_table(players: PlayerSet) -> PlayerTable:
    """Return the players as a report holds them."""
    return PlayerTable(
        players.names, players.spec, players.owner, players.baseline, players.baseline_name, players.grid
    )


def predictions(output: OutputKind, logits: FloatArray) -> IntArray:
    """Return the predicted class of each input: ``(input, K)`` -> ``(input,)``; -1 for scalar outputs."""
    if output == "scalar":
        return np.full(len(logits), -1, dtype=np.int64)
    if output == "single-logit":
        return (logits[:, 0] > 0).astype(np.int64)
    best: IntArray = logits.argmax(axis=1).astype(np.int64)
    return best
