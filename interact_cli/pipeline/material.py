"""What a run knows of its samples and players once the network has seen the unmasked inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interact_cli.metrics.summaries.tables import stacked
from interact_cli.pipeline.defaults import WITH_CLASSES
from interact_cli.pipeline.inputs import chance_of, share_correct
from interact_cli.pipeline.subject import Subject
from interact_cli.results import LEARNED, PlayerTable, Report, at_chance
from interact_cli.types import EMBEDDING, BoolArray, IntArray, OutputKind, PlayerSet, Skipped


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
    texts: tuple[str, ...]
    """Of each sample; empty for other inputs."""
    players: PlayerTable
    output: OutputKind
    modules: tuple[str, ...]
    """The modules whose features are the games; empty for a score of outputs."""
    chance: float
    """Accuracy that naming one class always would reach; NaN if unlabelled."""
    vector: bool = False
    """True where the value of a coalition is the vector of the only module."""
    width: int = 1
    """Numbers of a module in a record: d of a vector score."""

    @classmethod
    def of_subject(cls, subject: Subject) -> Material:
        """Look at the outputs for unmasked inputs, where they are classes."""
        samples, players = subject.inputs.samples, subject.players
        pictures = [sample.picture for sample in samples if sample.picture is not None]
        return cls(
            ids=tuple(sample.id for sample in samples),
            labels=subject.inputs.labels,
            predicted=subject.predicted,
            skipped=subject.inputs.skipped,
            pictures=np.stack(pictures) if pictures else None,
            texts=tuple(sample.text for sample in samples) if subject.model.input.kind == "text" else (),
            players=player_table(players),
            output=subject.model.output,
            modules=subject.evaluator.features,
            chance=_chance(subject),
            vector=subject.evaluator.vector,
            width=subject.evaluator.width(samples[0]),
        )

    @classmethod
    def of_report(cls, report: Report) -> Material:
        """Take what an earlier report holds."""
        samples, vector = report.samples, bool(report.provenance.get("vector"))
        return cls(
            samples.ids,
            samples.labels,
            samples.predicted,
            samples.skipped,
            samples.pictures,
            samples.texts,
            report.players,
            report.provenance["output"],
            tuple(report.provenance.get("modules", ())),  # reports before schema 1.1 know no feature scores
            report.samples.chance,
            vector,
            report.records.components if vector and report.records else 1,
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
        if self.modules or self.output not in WITH_CLASSES:
            return ()
        labels = [int(self.labels[sample]), int(self.predicted[sample])]
        return tuple(dict.fromkeys(label for label in labels if label >= 0))

    def slot(self, sample: int, game: int, target: str) -> int:
        """Return which slot of a sample's records holds a game: its module's features, or its target class."""
        if self.modules:
            return game
        if self.output not in WITH_CLASSES:
            return 0
        labels = self.labels if target == "true" else self.predicted
        return self.classes(sample).index(int(labels[sample]))

    def record_shape(self, sample: int) -> tuple[int, int]:
        """Return slots and components of a sample's records."""
        if self.modules:
            return len(self.modules), self.width
        return max(1, len(self.classes(sample))), 1 if self.output == "scalar" else 4

    @property
    def widest_record(self) -> tuple[int, int]:
        """Return slots and components that hold the records of every sample."""
        if self.modules or self.output not in WITH_CLASSES:
            return self.record_shape(0)
        return 2, 4

    def included(self, only: str) -> BoolArray:
        """Return which samples enter the summaries."""
        if only == "all":
            return np.ones(len(self.ids), dtype=np.bool_)
        correct: BoolArray = self.labels == self.predicted
        return correct


def _chance(subject: Subject) -> float:
    """The draw is stratified: its most frequent class may be rarer than the data set's, and one sample says nothing."""
    # fmin passes over NaN, as min does not.
    return float(np.fmin(chance_of(subject.inputs.labels), chance_of(subject.inputs.dataset.labels)))


def player_table(players: Sequence[PlayerSet]) -> PlayerTable:
    """Return the players of all samples as a report holds them: once where all samples share them.

    The words of a text are its own, even where it is the only one.
    """
    first = players[0]
    shared = first.entry != EMBEDDING and all(each is first or _alike(each, first) for each in players[1:])
    spans = [(each.span[0], each.span[-1] + 1) for each in players if each.span]
    return PlayerTable(
        names=first.names if shared else (),
        spec=first.spec,
        owner=first.owner if shared else stacked([each.owner.ravel() for each in players], -1),
        baseline=np.stack([each.baseline for each in players]) if first.baseline_name == LEARNED else first.baseline,
        baseline_name=first.baseline_name,
        grid=first.grid,
        own_names=() if shared else tuple(each.names for each in players),
        entry=str(first.entry),
        spans=np.array(spans, dtype=np.int64) if spans else None,
    )


def _alike(players: PlayerSet, other: PlayerSet) -> bool:
    return players.names == other.names and np.array_equal(players.owner, other.owner)
