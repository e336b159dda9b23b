"""What a learning draws before it starts, what it remembers, and how its end is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from interact_cli.interactions.multivariate.contexts import contexts_drawn, every_context
from interact_cli.interactions.multivariate.learning.climbing import Setting, numbers_of
from interact_cli.interactions.multivariate.learning.reading import (
    Learned,
    difference_of_sums,
    joins_drawn,
    read_out,
)
from interact_cli.interactions.multivariate.members import Coalitions, Members
from interact_cli.interactions.multivariate.reduction import reduced
from interact_cli.interactions.multivariate.result import Multivariate
from interact_cli.interactions.multivariate.worths import Worths, shapley_weights
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray

Fetch = Callable[[IntArray, IntArray], FloatArray]
"""Rows and numbers of coalitions, ``(asked,)`` each -> their values."""


@dataclass(frozen=True)
class Memory:
    """The values that a game has been asked for."""

    rows: IntArray
    """``(context,)``: the row of every context of the draws."""
    values: FloatArray
    """``(row, coalition)``; what was not asked means nothing."""
    asked: BoolArray
    """``(row, coalition)``."""
    fetch: Fetch | None
    """Asks the game; None where ``values`` are complete and asking is only counted."""

    @classmethod
    def empty(cls, rows: IntArray, n_rows: int, n_coalitions: int, fetch: Fetch) -> Memory:
        """Know nothing yet."""
        shape = (n_rows, n_coalitions)
        return cls(rows, np.zeros(shape), np.zeros(shape, dtype=np.bool_), fetch)

    @property
    def evaluations(self) -> int:
        """Distinct coalitions that were asked for."""
        return int(np.count_nonzero(self.asked))

    def ask(self, rows: IntArray, numbers: IntArray, most: int | None = None) -> bool:
        """Ask for some coalitions, and the empty one, in some contexts; False where that would exceed ``most``."""
        rows, numbers = np.unique(rows), np.union1d(numbers, 0)
        new, which = np.nonzero(~self.asked[np.ix_(rows, numbers)])
        if most is not None and self.evaluations + len(new) > most:
            return False
        if len(new):
            at = rows[new], numbers[which]
            self.asked[at] = True
            if self.fetch is not None:
                self.values[at] = self.fetch(*at)
        return True

    def mark(self, drawn: BoolArray, per_epoch: int) -> None:
        """Count the coalitions of whole epochs, ``(epoch, coalition)``, as asked."""
        by_epoch = self.rows[: len(drawn) * per_epoch].reshape(len(drawn), per_epoch)
        self.asked[by_epoch[drawn.any(axis=1)], 0] = True
        for number in np.flatnonzero(drawn.any(axis=0)):
            self.asked[by_epoch[drawn[:, number]], number] = True


@dataclass(frozen=True)
class Draws:
    """All draws of one learning."""

    members: Members
    uniforms: FloatArray
    """``(epoch + 1, 2, partition, gap)``: the last for the reading."""
    contexts: BoolArray
    """``(context, other)``: those of every epoch, then those of the reading."""
    per_epoch: int
    n_reading: int
    weights: FloatArray | None
    """``(context,)`` of the reading where these are all; None where they were drawn."""

    @classmethod
    def draw(cls, members: Members, setting: Setting, n_reading: int, *, seed: int, stream: str) -> Draws:
        """Draw the numbers of the partitions, the contexts of the epochs, and those of the reading or take them all."""
        n_others = len(members.others)
        n_learning = setting.epochs * setting.contexts
        rng = generator(seed, "multivariate contexts", stream)
        if 2**n_others <= n_reading:
            contexts = [contexts_drawn(n_learning, n_others, rng), every_context(n_others)]
            weights = shapley_weights(n_others)
        else:
            contexts, weights = [contexts_drawn(n_learning + n_reading, n_others, rng)], None
        joined = np.concatenate(contexts)
        uniforms = joins_drawn(len(members.players), setting, seed, stream)
        return cls(members, uniforms, joined, setting.contexts, len(joined) - n_learning, weights)

    def epoch(self, number: int) -> slice:
        """Return where the contexts of an epoch stand."""
        return slice(number * self.per_epoch, (number + 1) * self.per_epoch)

    def read(self, traces: FloatArray, coalitions: Coalitions, memory: Memory) -> Multivariate:
        """Value what was learned in the contexts of the reading: ``(2, epoch + 1, gap)`` traces."""
        partitions = read_out(traces, float(max(memory.values.max(), -memory.values.min())))
        drawn = numbers_of(self.uniforms[-1] < traces[:, -1, None], coalitions.runs)
        whole = (tuple(range(coalitions.n_members)),)
        valued = [coalitions.numbers(partition) for partition in (whole, *partitions)]
        rows = memory.rows[-self.n_reading :]
        memory.ask(rows, np.concatenate([drawn.ravel(), coalitions.singles, *valued]))
        worths = Worths(coalitions, memory.values[rows], self.weights)
        return reduced(
            worths,
            self.members,
            "contiguous",
            partitions=partitions,
            evaluations=memory.evaluations,
            learned=Learned(traces[0], traces[1], difference_of_sums(drawn, worths.phi)),
            method="learned",
        )
