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


def standard_error(draws: FloatArray, axis: int) -> FloatArray:
    """Return the standard error of the mean of independent draws; NaN for a single draw."""
    n_draws = draws.shape[axis]
    if n_draws < 2:
        return np.full(np.delete(draws.shape, axis), np.nan)
    error: FloatArray = draws.std(axis=axis, ddof=1) / np.sqrt(n_draws)
    return error
