"""The subject of a run: a network on its inputs, with players, games and metrics, before any masked input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from interact_cli.types import MEMORY

if TYPE_CHECKING:
    from interact_cli.config.settings import Settings
    from interact_cli.engine.evaluator import Evaluator
    from interact_cli.interfaces import Baseline, Metric
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
    metrics: tuple[Metric, ...]
    evaluator: Evaluator
    illustration: bool
    """True for bundled inputs that are not the network's own data."""
    range_data: RangeData | None
    """Unmasked inputs for the range Y, where a metric is normalised by it."""
    learning: Learning | None = None
    """How each sample's own baseline is learned; None where all share one."""

    @property
    def in_memory(self) -> bool:
        """True where no file holds the network or its inputs: another process cannot load them."""
        return MEMORY in (self.model.arch_source, self.inputs.dataset.name)
