"""What all draws have in common: they can be shared out among parts, and their mean has a standard error."""

from __future__ import annotations

import numpy as np

from interact_cli.errors import BudgetError
from interact_cli.games.coalitions import unpack
from interact_cli.types import FloatArray, PackedArray


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
FITTED = 1000
"""Coalitions that a linear fit follows where there are more, and fewer players."""
ROUNDING = 2.0**-50
"""Rounding of a value, over the largest."""


def moderated_standard_errors(draws: FloatArray, without_structure: float = 0.0) -> FloatArray:
    """Return the standard errors of the means of few draws of many sets: ``(set, draw)`` -> ``(set,)``.

    ``s^2 = (4 mean of all s^2 + (K - 1) s^2 of the set) / (4 + K - 1)``: two draws that happen to agree say nothing of
    how sure their mean is. The mean of the squares over the sets stays what it is, unless nearly all draws agree. NaN
    for a single draw.

    Source: Smyth (2004), with fixed prior degrees of freedom.

    Args:
        draws: Of each set its own.
        without_structure: The variance that a game without structure would have. The mean of all s^2 is at least what
            one such draw among all would make of it: that all drawn ones agree says little of the next.
    """
    n_sets, n_draws = draws.shape
    if n_draws < 2:
        return np.full(n_sets, np.nan)
    own = draws.var(axis=1, ddof=1)
    of_all = max(own.mean(), without_structure / (n_sets * (n_draws - 1) + 1))
    moderated = (PRIOR_DRAWS * of_all + (n_draws - 1) * own) / (PRIOR_DRAWS + n_draws - 1)
    errors: FloatArray = np.sqrt(moderated / n_draws)
    return errors


def variance_without_structure(coalitions: PackedArray, values: FloatArray, n_players: int, size: int) -> float:
    """Return the variance of a difference of so many players in a game of values that have nothing to do with another.

    ``2^size s^2``, s^2 the variance of what a linear fit leaves of the values, of `FITTED` coalitions or four for each
    player; of what their mean leaves, where they are fewer than two for each.

    Args:
        coalitions: ``(row, bytes)``.
        values: ``(row,)``.
        n_players: Number of players ``n``.
        size: Players of the difference.
    """
    distinct, first = np.unique(coalitions, axis=0, return_index=True)
    n_rows = min(len(first), max(FITTED, 4 * (n_players + 1)))
    rows = np.linspace(0, len(first) - 1, n_rows).astype(np.int64)
    terms = np.ones((n_rows, 1))
    if n_rows >= 2 * (n_players + 1):
        terms = np.concatenate([terms, np.where(unpack(distinct[rows], n_players), 1.0, -1.0)], axis=1)
    of_rows = values[first[rows]]
    left = of_rows - terms @ np.linalg.lstsq(terms, of_rows, rcond=None)[0]
    return float(2.0**size * (left**2).sum() / max(1, n_rows - terms.shape[1]))


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
