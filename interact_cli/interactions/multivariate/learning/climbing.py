"""The learned p of Zhang et al. (AAAI 2021): the probability to join each gap, moved along the gradient of L(p).

``L(p) = E_g sum over the coalitions C of g of phi(C)``, g_k ~ Bernoulli(p_k), g_k = 1 joining members k and k + 1. L is
multilinear in p, so its optimum is a vertex: the best contiguous partition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from interact_cli.errors import UnknownNameError
from interact_cli.types import BoolArray, FloatArray, IntArray

Gradient = Literal["corrected", "paper"]
SIGNS = np.array([1.0, -1.0])[:, None]
"""The two climbs of every game: to the largest L and to the smallest."""


@dataclass(frozen=True)
class Setting:
    """How p is learned: the settings of the code of Zhang et al. (AAAI 2021)."""

    rate: float
    """Learning rate of w, p = sigmoid(w), per unit of the game."""
    momentum: float
    epochs: int
    partitions: int
    """Partitions drawn per epoch."""
    contexts: int
    """Contexts drawn per epoch, shared by all coalitions."""
    decay: float = 1.0
    """Factor of the rate every 10 epochs, continuously."""
    margin: float | None = None
    """Learning stops once every p is this close to 0 or 1."""


SETTINGS = {
    "toy": Setting(rate=1.0, momentum=0.4, epochs=200, partitions=10, contexts=50, margin=0.1),
    "bert": Setting(rate=1.0, momentum=0.9, epochs=100, partitions=10, contexts=50),
    "accuracy": Setting(rate=1.0, momentum=0.9, epochs=100, partitions=10, contexts=25, decay=0.95),
    "layers": Setting(rate=10.0, momentum=0.9, epochs=100, partitions=5, contexts=25, margin=0.05),
    "instability": Setting(rate=2.0, momentum=0.9, epochs=100, partitions=50, contexts=50, decay=0.95),
}
"""Name -> setting: the toy expressions; the BERT demo; the accuracy of T; intermediate layers; the fit whose
instability is measured (its contexts are not published: 50, as elsewhere)."""


def setting_named(name: str) -> Setting:
    """Return a published setting.

    Raises:
        UnknownNameError: no such setting.
    """
    if name not in SETTINGS:
        raise UnknownNameError("setting", name, SETTINGS)
    return SETTINGS[name]


@dataclass(frozen=True)
class Climbed:
    """Where the climbs of some games went."""

    trace: FloatArray
    """``(game, 2, epoch + 1, gap)``: p before each epoch and after the last."""
    asked: BoolArray
    """``(epoch, game, coalition)``: which coalitions were drawn."""


WorthsOf = Callable[[int, BoolArray], FloatArray | None]
"""Epoch and the coalitions drawn in it, ``(game, coalition)`` -> their worths, alike; None ends the learning."""


def climb(
    worths: WorthsOf, uniforms: FloatArray, runs: IntArray, setting: Setting, gradient: Gradient = "corrected"
) -> Climbed:
    """Learn p of several games at once, each to the largest and to the smallest L.

    The update is the momentum rule of TensorFlow: ``m = momentum m + dL/dw``, ``w += rate m``, with
    ``dL/dp_k = E[V | g_k = 1] - E[V | g_k = 0]``, V the sum of the drawn partition's worths. With ``"corrected"`` a gap
    of which only one branch was drawn is left as it is; with ``"paper"``, the authors' rule, the branch that was not
    drawn counts 0 and the difference is divided by |A|.

    Args:
        worths: Worths of the coalitions of A in the contexts of an epoch.
        uniforms: ``(epoch, game, 2, partition, gap)`` uniform numbers; a gap is joined where they lie below p.
        runs: ``(|A|, |A|)``: the number of the coalition first..last.
        setting: The optimiser.
        gradient: ``"corrected"`` or ``"paper"``.

    Returns:
        The traces of p; a climb that stopped early stands still.
    """
    n_epochs, n_games, _, _, n_gaps = uniforms.shape
    games = np.arange(n_games)[:, None, None, None]
    weights = np.zeros((n_games, 2, n_gaps))
    velocity = np.zeros_like(weights)
    p = np.full_like(weights, 0.5)
    active = np.ones((n_games, 2, 1), dtype=np.bool_)
    trace = np.full((n_games, 2, n_epochs + 1, n_gaps), 0.5)
    asked = np.zeros((n_epochs, n_games, int(runs.max()) + 1), dtype=np.bool_)
    for epoch in range(n_epochs):
        joins = uniforms[epoch] < p[:, :, None, :]
        drawn = numbers_of(joins, runs)
        asked[epoch][games, drawn * active[..., None]] = True
        asked[epoch] &= active.any(axis=1)
        phi = worths(epoch, asked[epoch])
        if phi is None:
            asked[epoch] = False
            trace[:, :, epoch + 1 :] = p[:, :, None]
            break
        totals = phi[games, drawn].sum(axis=-1) * SIGNS
        slopes, moved = _slopes(totals, joins, gradient)
        moved &= active
        velocity = np.where(moved, setting.momentum * velocity + slopes * p * (1.0 - p), velocity)
        weights += setting.rate * setting.decay ** (epoch / 10) * np.where(moved, velocity, 0.0)
        p = 0.5 + 0.5 * np.tanh(0.5 * weights)  # the sigmoid, without overflow
        trace[:, :, epoch + 1] = p
        if setting.margin is not None:
            active &= (np.abs(p - 0.5) <= 0.5 - setting.margin).any(axis=-1, keepdims=True)
            if not active.any():
                trace[:, :, epoch + 2 :] = p[:, :, None]
                break
    return Climbed(trace, asked)


def numbers_of(joins: BoolArray, runs: IntArray) -> IntArray:
    """Return the coalitions of drawn partitions: ``(..., gap)`` -> ``(..., member)``.

    A coalition stands at its last member; at the others stands 0, the empty coalition.
    """
    positions = np.arange(len(runs))
    begins = np.zeros((*joins.shape[:-1], len(runs)), dtype=np.int64)
    begins[..., 1:] = np.where(joins, 0, positions[1:])
    numbers = runs[np.maximum.accumulate(begins, axis=-1), positions]
    numbers[..., :-1] *= ~joins
    return numbers


def _slopes(totals: FloatArray, joins: BoolArray, gradient: Gradient) -> tuple[FloatArray, BoolArray]:
    """Return dL/dp by gap, and where it is known: ``(game, 2, partition)`` totals -> ``(game, 2, gap)``."""
    n_partitions, n_gaps = joins.shape[-2:]
    n_joined = joins.sum(axis=-2)
    joined = (totals[..., None, :] @ joins)[..., 0, :]
    apart = totals.sum(axis=-1, keepdims=True) - joined
    slopes = joined / np.maximum(n_joined, 1) - apart / np.maximum(n_partitions - n_joined, 1)
    if gradient == "paper":
        return slopes / (n_gaps + 1), np.ones_like(n_joined, dtype=np.bool_)
    return slopes, (n_joined > 0) & (n_joined < n_partitions)
