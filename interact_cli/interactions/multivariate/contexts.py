"""Contexts of a set A: all coalitions of the other players, or a draw of them by the Shapley law."""

from __future__ import annotations

import numpy as np

from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.types import BoolArray


def every_context(n_others: int) -> BoolArray:
    """Return all contexts of so many players in the order of their bit codes, ``(2^q, q)``."""
    if not n_others:
        return np.zeros((1, 0), dtype=np.bool_)
    return unpack(all_coalitions(n_others), n_others)


def contexts_drawn(n_contexts: int, n_others: int, rng: np.random.Generator) -> BoolArray:
    """Draw contexts of the players outside A by the law of the Shapley value, ``(context, other)``.

    Each keeps every player with one probability r, uniform in [0, 1]:
    ``int_0^1 r^s (1-r)^(q-s) dr = s! (q-s)! / (q+1)!``.
    """
    rates = rng.random((n_contexts, 1))
    return rng.random((n_contexts, n_others)) < rates
