"""A learning of one game: its draws, which no value decides, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.interactions.multivariate.learning.climbing import Gradient, Setting, climb, numbers_of
from interact_cli.interactions.multivariate.members import Coalitions
from interact_cli.interactions.multivariate.partitions import Partition, from_joins
from interact_cli.interactions.multivariate.worths import Worths
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray

ROUNDING = 2.0**-32
"""What rounding may add to p over the epochs, as a share of the largest value."""
DECIDED = 0.75
"""A p above this is no rounding, however large the values."""


@dataclass(frozen=True)
class Learned:
    """What learning found."""

    trace: FloatArray
    """``(epoch, gap)``: p of the largest sum."""
    trace_min: FloatArray
    """``(epoch, gap)``: p of the smallest."""
    T: float
    """L of the largest sum minus L of the smallest, over partitions drawn from the last p."""


def joins_drawn(n_members: int, setting: Setting, seed: int, stream: str) -> FloatArray:
    """Draw the numbers that become partitions, ``(epoch + 1, 2, partition, gap)``: one epoch more for the reading."""
    rng = generator(seed, "multivariate joins", stream)
    return rng.random((setting.epochs + 1, 2, setting.partitions, n_members - 1))


def read_out(traces: FloatArray, largest_value: float) -> tuple[Partition, Partition]:
    """Return the two partitions of positions, joined where the last p is above 0.5 by more than rounding.

    Args:
        traces: ``(2, epoch, gap)``.
        largest_value: The largest absolute value of the game, which its rounding is measured by.
    """
    largest, smallest = traces[:, -1] > min(0.5 + ROUNDING * largest_value, DECIDED)
    return from_joins(largest), from_joins(smallest)


def difference_of_sums(drawn: IntArray, phi: FloatArray) -> float:
    """Return the mean sum of worths of the first partitions minus the second's: ``(2, partition, member)`` numbers."""
    largest, smallest = phi[drawn].sum(axis=-1).mean(axis=-1)
    return float(largest - smallest)


def learned_on(worths: Worths, setting: Setting, gradient: Gradient, *, seed: int, stream: str) -> Learned:
    """Learn from values that are known: the contexts of an epoch are drawn from theirs.

    Args:
        worths: Values in all contexts, drawn by their weights, or in contexts that were drawn, each as likely.
        setting: The optimiser.
        gradient: ``"corrected"`` or ``"paper"``.
        seed: The plan seed.
        stream: What the draws belong to.
    """
    runs = worths.coalitions.runs
    columns = np.concatenate([[0], runs[np.triu_indices(len(runs))]])
    values = worths.values[:, columns]
    runs = Coalitions(len(runs), complete=False).runs
    uniforms = joins_drawn(len(runs), setting, seed, stream)
    rng = generator(seed, "multivariate epochs", stream)
    rows = rng.choice(len(values), (setting.epochs, setting.contexts), p=worths.weights)

    def of_epoch(epoch: int, drawn: BoolArray) -> FloatArray:
        del drawn
        mean: FloatArray = values[rows[epoch]].mean(axis=0, keepdims=True)
        return mean - mean[:, :1]

    traces = climb(of_epoch, uniforms[:-1, None], runs, setting, gradient).trace[0]
    drawn = numbers_of(uniforms[-1] < traces[:, -1, None], runs)
    return Learned(traces[0], traces[1], difference_of_sums(drawn, worths.phi[columns]))
