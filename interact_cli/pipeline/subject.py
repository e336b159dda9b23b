"""The subject of a run: a network on its inputs, with players, games and metrics, before any masked input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from interact_cli.types import MEMORY, FloatArray, IntArray

if TYPE_CHECKING:
    from interact_cli.config.settings import Settings
    from interact_cli.engine.evaluator import Evaluator
    from interact_cli.interfaces import Baseline, Dataset, Measurable
    from interact_cli.pipeline.inputs import Inputs
    from interact_cli.pipeline.learned_baselines import Learning
    from interact_cli.pipeline.ranges import RangeData
    from interact_cli.scores import Score
    from interact_cli.types import Model, PlayerSet


@dataclass(frozen=True)
class Subject:
    """A network on its inputs, ready to be asked.

    `loading.load` makes it from settings, `in_memory.of` from a module and arrays.
    """

    asked: Settings
    """As they were given: with the ids of the samples, `load` makes the same subject of them elsewhere."""
    settings: Settings
    """Resolved: every default filled in."""
    model: Model
    inputs: Inputs
    baseline: Baseline
    """What an absent player shows; where baselines are learned, what they start from."""
    players: tuple[PlayerSet, ...]
    """Of each sample; one and the same where the input's shape decides them and no baseline is learned."""
    scores: tuple[Score, ...]
    """One for each game: several only for the features of several modules."""
    metrics: tuple[Measurable, ...]
    """In the order in which they were asked for, numbers that are no game among them."""
    evaluator: Evaluator
    illustration: bool
    """True for bundled inputs that are not the network's own data."""
    range_data: RangeData | None
    """Unmasked inputs for the range Y, where a metric is normalised by it."""
    training_part: Dataset | None = None
    """The training part of the data, where a number needs it."""
    learning: Learning | None = None
    """How each sample's own baseline is learned; None where all share one."""

    @cached_property
    def outputs(self) -> FloatArray:
        """``(sample, K)`` outputs for the unmasked samples; ``K`` is 1 unless there are classes.

        Raises:
            NonFiniteError: an output is NaN or infinite.
            UsageError: the network returns features.
        """
        return self.evaluator.logits([sample.input for sample in self.inputs.samples])

    @cached_property
    def predicted(self) -> IntArray:
        """``(sample,)`` predicted class of each; -1 for outputs without classes."""
        if self.model.output == "classes":
            return np.asarray(self.outputs.argmax(axis=1), dtype=np.int64)
        if self.model.output == "single-logit":
            return (self.outputs[:, 0] > 0).astype(np.int64)
        return np.full(len(self.inputs.samples), -1, dtype=np.int64)

    @property
    def in_memory(self) -> bool:
        """True where no file holds the network or its inputs: another process cannot load them."""
        return MEMORY in (self.model.arch_source, self.inputs.dataset.name)
