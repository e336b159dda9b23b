"""The plan of one sample: the coalitions of all metrics together, each asked for once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interact_cli.games.coalitions import pack, unique
from interact_cli.interfaces import Design, Metric, Question, Reduced
from interact_cli.seeding import digest
from interact_cli.types import FloatArray, IntArray, PackedArray


@dataclass(frozen=True)
class Plan:
    """What is asked about one sample."""

    question: Question
    designs: Mapping[str, Design]
    coalitions: PackedArray
    """``(unique, bytes)``: every coalition once, sorted by bytes."""
    where: IntArray
    """``(asked,)``: position of each asked coalition; designs in order, then the empty and the grand coalition."""
    sizes: tuple[int, ...]
    """Coalitions that each design asks for."""

    @property
    def n_asked(self) -> int:
        """Coalitions that the metrics ask for, repetitions included."""
        return len(self.where) - 2

    @property
    def hash(self) -> str:
        """SHA-256 of the distinct coalitions."""
        return digest(str(self.question.n_players), self.coalitions.tobytes())

    def ends(self, values: FloatArray) -> tuple[float, float]:
        """Return v(empty) and v(N) from the values of ``coalitions``."""
        empty, full = values[self.where[-2:]]
        return float(empty), float(full)

    def reduce(self, metrics: tuple[Metric, ...], values: FloatArray) -> list[Reduced]:
        """Answer every metric from the values of ``coalitions``."""
        asked = values[self.where]
        start = 0
        answers = []
        for metric, size in zip(metrics, self.sizes, strict=True):
            answers.append(metric.reduce(self.designs[metric.name], asked[start : start + size], self.question))
            start += size
        return answers


def plan_sample(metrics: tuple[Metric, ...], question: Question) -> Plan:
    """Draw the designs of all metrics and remove the repetitions.

    Raises:
        BudgetError: the budget is too small for a metric.
    """
    designs = {metric.name: metric.design(question) for metric in metrics}
    ends = pack(np.stack([np.zeros(question.n_players, np.bool_), np.ones(question.n_players, np.bool_)]))
    asked = [design.asked for design in designs.values()]
    coalitions, where = unique(np.concatenate([*asked, ends]))
    return Plan(question, designs, coalitions, where, tuple(map(len, asked)))
