"""In-place transforms over all coalitions: ``n 2^n`` additions, never a ``2^n x 2^n`` matrix.

Every function takes ``(2^n,)`` values by bit code (player i = bit i), or ``(2^n, d)`` where a value is a vector, works
in one copy of them and returns it, float64. As linear maps, `superset_sums` and `superset_differences` are the
transposes of `zeta` and `moebius`: what gradients through those need.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from interact_cli.types import FloatArray

STRIDED = 3
"""Players whose halves are cut into strided runs: blocks of less than ``2^STRIDED`` numbers are slow to walk."""


def moebius(table: FloatArray) -> FloatArray:
    """Return the Harsanyi dividends of a table.

    ``I(S) = sum_{L in S} (-1)^(|S| - |L|) v(L)``

    Source: Harsanyi (1963); Zhou et al. (2024), section 2.

    Args:
        table: ``(2^n,)`` or ``(2^n, d)`` values by bit code.

    Returns:
        Dividends by bit code, shaped like ``table``; entry 0 is v(empty).

    Example:
        >>> moebius(np.array([1.0, 2.0, 3.0, 10.0])).tolist()
        [1.0, 1.0, 2.0, 6.0]
    """
    dividends = np.array(table, dtype=np.float64)
    for without, with_player in _halves(dividends):
        with_player -= without
    return dividends


def rounding_of_dividends(table: FloatArray, rounding: float) -> FloatArray:
    """Return the standard deviation that rounding of the values gives each dividend, shaped like ``table``.

    ``2^(|S| / 2) rounding max |v|``: a dividend is a signed sum of 2^|S| values whose roundings are nearly independent.
    Were they all alike they would add up to ``2^|S|`` times one; they never are.

    Args:
        table: ``(2^n,)`` or ``(2^n, d)`` values by bit code.
        rounding: Of one value, over the largest.

    Example:
        >>> rounding_of_dividends(np.array([0.0, 5.0, -10.0, 2.0]), 1e-7).tolist()
        [1e-06, 1.4142135623730952e-06, 1.4142135623730952e-06, 2e-06]
    """
    of_value = rounding * np.abs(table).max(axis=0)
    by_size = 2.0 ** (np.bitwise_count(np.arange(len(table))) / 2)
    errors: FloatArray = np.multiply.outer(by_size, of_value)
    return errors


def zeta(dividends: FloatArray) -> FloatArray:
    """Undo `moebius`: ``v(S) = sum_{L in S} I(L)``, shaped like ``dividends``."""
    table = np.array(dividends, dtype=np.float64)
    for without, with_player in _halves(table):
        with_player += without
    return table


def superset_sums(values: FloatArray) -> FloatArray:
    """Return ``sum_{T containing S} x(T)`` of every coalition S, shaped like ``values``: the transpose of `zeta`.

    Example:
        >>> superset_sums(np.array([1.0, 2.0, 3.0, 10.0])).tolist()
        [16.0, 12.0, 13.0, 10.0]
    """
    sums = np.array(values, dtype=np.float64)
    for without, with_player in _halves(sums):
        without += with_player
    return sums


def superset_differences(sums: FloatArray) -> FloatArray:
    """Undo `superset_sums`: ``sum_{T containing S} (-1)^(|T| - |S|) y(T)``: the transpose of `moebius`."""
    values = np.array(sums, dtype=np.float64)
    for without, with_player in _halves(values):
        without -= with_player
    return values


def or_interactions(table: FloatArray) -> FloatArray:
    """Return the OR interactions of a table: what S adds as soon as any of its players is present.

    ``I_or(S) = - sum_{L in S} (-1)^(|S| - |L|) v(N minus L)`` for non-empty S, ``I_or(empty) = v(empty)``; so
    ``v(T) = I_or(empty) + sum over S that meet T of I_or(S)``. Up to the sign the dividends of the complemented game.

    Source: code of the authors of Zhou et al. (2024).

    Args:
        table: ``(2^n,)`` or ``(2^n, d)`` values by bit code.

    Returns:
        OR interactions by bit code, shaped like ``table``.

    Example:
        >>> or_interactions(np.array([0.0, 1.0, 1.0, 1.0])).tolist()
        [0.0, 0.0, 0.0, 1.0]
    """
    interactions = moebius(table[::-1])
    np.negative(interactions, out=interactions)
    interactions[0] = table[0]
    # -0.0 of vanishing terms is nobody's interest.
    interactions += 0.0
    return interactions


def _halves(array: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """For each player, views of the entries without and with it, in one pair of runs or in several."""
    n_players = len(array).bit_length() - 1
    strided = min(STRIDED, n_players)
    for player in range(strided):
        bit, step = 2**player, 2**strided
        for code in range(step):
            if not code & bit:
                yield array[code::step], array[code | bit :: step]
    for player in range(strided, n_players):
        folded = array.reshape(-1, 2, 2**player, *array.shape[1:])
        yield folded[:, 0], folded[:, 1]
