"""Values and indices of a game that is a sum over leaves of trees."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.interfaces.surrogates import Leaves
from interact_cli.types import BoolArray, FloatArray

AT_ONCE = 2**23
"""Numbers that are held at a time."""


def values_at(leaves: Leaves, coalitions: BoolArray) -> FloatArray:
    """Return the values of coalitions: ``(row, n)`` -> ``(row,)``."""
    signed = (leaves.present.astype(np.float32) - leaves.absent.astype(np.float32)).T
    n_present = leaves.present.sum(axis=1).astype(np.float32)
    at_once = max(1, AT_ONCE // max(1, len(n_present)))
    values = np.empty(len(coalitions))
    for start in range(0, len(coalitions), at_once):
        rows = slice(start, start + at_once)
        # All present ones are there, and no absent one takes any away.
        values[rows] = (coalitions[rows].astype(np.float32) @ signed == n_present) @ leaves.worth
    return values


def mean_of(games: Sequence[Leaves]) -> Leaves:
    """Return the mean of some games."""
    return Leaves(
        np.concatenate([game.present for game in games]),
        np.concatenate([game.absent for game in games]),
        np.concatenate([game.worth for game in games]) / len(games),
    )


def index_of(leaves: Leaves, functional: Functional, *, without: BoolArray) -> FloatArray:
    """Return an index of the game, as if some coalitions ``(row, n)`` had the value 0: ``(set,)``.

    A leaf of p present and q absent players is ``worth r^p (1 - r)^q`` where every player is kept with probability r;
    its derivative in a player divides this by r if the player is present, by ``-(1 - r)`` if it is absent, and is 0
    otherwise.

    Source: Owen (1972), for the game of one leaf.
    """
    n_present, n_absent = leaves.present.sum(axis=1), leaves.absent.sum(axis=1)
    depth = int((n_present + n_absent).max(initial=0))
    others = functional.n_players - functional.size
    rule = functional.law.rule(others, min(depth, others))
    absent, present, anywhere = (part[:, None] for part in (rule.absent, rule.present, rule.absent + rule.present))
    at_once = max(1, AT_ONCE // (len(rule.weights) * functional.n_players))
    total = np.zeros(len(functional.sets))
    for start in range(0, len(n_present), at_once):
        some = slice(start, start + at_once)
        n_free = functional.n_players - n_present[some] - n_absent[some]
        totals = rule.weights[:, None] * present ** n_present[some] * absent ** n_absent[some] * anywhere**n_free
        slopes = leaves.present[some] / present[..., None] - leaves.absent[some] / absent[..., None]
        total += functional.summed(totals * leaves.worth[some], slopes).sum(axis=0)
    values = values_at(leaves, without)
    for of_part, part in functional.parts(len(without)):
        total[of_part] -= values @ part.weights(without)
    return total
