"""What all draws have in common: they can be shared out among parts, and their mean has a standard error."""

from __future__ import annotations

import numpy as np

from interact_cli.errors import BudgetError
from interact_cli.types import FloatArray


def shares(index: str, n_draws: int, parts: int) -> list[slice]:
    """Share draws out among parts, in turn: sizes differ by at most one.

    Raises:
        BudgetError: fewer draws than parts.
    """
    if n_draws < parts:
        raise BudgetError(
            f"Sharing '{index}' out among {parts} plans needs at least {parts} draws of each value, got {n_draws}. "
            f"Raise --budget."
        )
    return [slice(part, None, parts) for part in range(parts)]


PRIOR_DRAWS = 4
"""Draws that the spread of all sets counts as, beside a set's own."""
ROUNDING = 2.0**-50
"""Rounding of a value, over the largest."""


def moderated_standard_errors(draws: FloatArray) -> FloatArray:
    """Return the standard errors of the means of few draws of many sets: ``(set, draw)`` -> ``(set,)``.

    ``s^2 = (4 mean of all s^2 + (K - 1) s^2 of the set) / (4 + K - 1)``: two draws that happen to agree say nothing of
    how sure their mean is. The mean of the squares over the sets stays what it is. NaN for a single draw.

    Source: Smyth (2004), with fixed prior degrees of freedom.
    """
    n_draws = draws.shape[1]
    if n_draws < 2:
        return np.full(len(draws), np.nan)
    own = draws.var(axis=1, ddof=1)
    moderated = (PRIOR_DRAWS * own.mean() + (n_draws - 1) * own) / (PRIOR_DRAWS + n_draws - 1)
    errors: FloatArray = np.sqrt(moderated / n_draws)
    return errors


def rounding_of(values: FloatArray, size: int) -> float:
    """Return how far rounding of a game's values moves an interaction of so many players, at most."""
    return float(2.0**size * ROUNDING * np.abs(values).max()) if values.size else 0.0


def standard_error(draws: FloatArray, axis: int) -> FloatArray:
    """Return the standard error of the mean of independent draws; NaN for a single draw."""
    n_draws = draws.shape[axis]
    if n_draws < 2:
        return np.full(np.delete(draws.shape, axis), np.nan)
    error: FloatArray = draws.std(axis=axis, ddof=1) / np.sqrt(n_draws)
    return error
