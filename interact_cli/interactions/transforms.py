"""In-place transforms over all coalitions: ``n 2^n`` additions, never a ``2^n x 2^n`` matrix."""

from __future__ import annotations

import numpy as np

from interact_cli.types import FloatArray


def moebius(table: FloatArray) -> FloatArray:
    """Return the Harsanyi dividends of a table.

    ``I(S) = sum_{L in S} (-1)^(|S| - |L|) v(L)``

    Source: Harsanyi (1963); paper 002, section 2.

    Args:
        table: ``(2^n,)`` values by bit code.

    Returns:
        ``(2^n,)`` dividends by bit code; entry 0 is v(empty).

    Example:
        >>> moebius(np.array([1.0, 2.0, 3.0, 10.0])).tolist()
        [1.0, 1.0, 2.0, 6.0]
    """
    dividends = np.array(table, dtype=np.float64)
    for without, with_player in _halves(dividends):
        with_player -= without
    return dividends


def zeta(dividends: FloatArray) -> FloatArray:
    """Undo `moebius`: ``v(S) = sum_{L in S} I(L)``, ``(2^n,)`` -> ``(2^n,)``."""
    table = np.array(dividends, dtype=np.float64)
    for without, with_player in _halves(table):
        with_player += without
    return table


def _halves(array: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """For each player, the views of the entries without and with it."""
    n_players = len(array).bit_length() - 1
    folded = [array.reshape(-1, 2, 2**player) for player in range(n_players)]
    return [(view[:, 0], view[:, 1]) for view in folded]
