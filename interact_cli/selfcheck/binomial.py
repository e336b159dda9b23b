"""The exact interval of a share, from the binomial law alone."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.types import FloatArray

HALVINGS = 50
"""Steps of the bisection: 2^-50 is below 1e-15."""


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of shares under which what was seen is not too rare from either side.

    The lower end is the share p at which ``P(X >= successes) = (1 - confidence) / 2``, the upper end the one at which
    ``P(X <= successes)`` is that; 0 and 1 where no trial, or every trial, succeeded.

    Source: Clopper & Pearson (1934), Biometrika 26(4).

    Raises:
        UsageError: no trial, or successes outside 0..trials.

    Example:
        >>> low, high = clopper_pearson(0, 10)
        >>> low, round(high, 4)
        (0.0, 0.3085)
    """
    if not 0 <= successes <= trials or trials < 1:
        raise UsageError(f"Expected 0 <= successes <= trials with a trial at least, got {successes} of {trials}.")
    each_side = (1 - confidence) / 2
    low = _crossing(_tail(successes, trials), each_side) if successes else 0.0
    high = 1 - _crossing(_tail(trials - successes, trials), each_side) if successes < trials else 1.0
    return low, high


def _tail(successes: int, trials: int) -> Callable[[float], float]:
    """Return ``p -> P(X >= successes)`` for X binomial, which grows with p."""
    counts = np.arange(successes, trials + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials + 1)))])
    log_ways: FloatArray = log_factorials[trials] - log_factorials[counts] - log_factorials[trials - counts]

    def tail(share: float) -> float:
        return float(np.exp(log_ways + counts * log(share) + (trials - counts) * log(1 - share)).sum())

    return tail


def _crossing(growing: Callable[[float], float], level: float) -> float:
    """Return where a growing function of (0, 1) crosses a level."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if growing(middle) > level else (middle, high)
    return (low + high) / 2
