"""Sums of a table by coalition size: from these follow all exact player, pair and multi-order indices.

One pass over the table gives, for every size s, the sum of v over all coalitions of that size, over those that
contain i, and over those that contain i and j. No dividend is formed, so nothing alternates in sign over many
terms: the indices keep the table's own precision.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from interact_cli.types import FloatArray


@dataclass(frozen=True)
class SizeSums:
    """Sums of v over coalitions of each size ``s = 0..n``."""

    total: FloatArray
    """``(n + 1,)``: over all coalitions of size s."""
    with_player: FloatArray
    """``(n + 1, n)``: over those that contain i."""
    with_pair: FloatArray
    """``(n + 1, n, n)``: over those that contain i and j; the diagonal repeats ``with_player``."""

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return int(self.with_player.shape[1])

    @classmethod
    def of(cls, table: FloatArray) -> SizeSums:
        """Sum a full table.

        The table is read as a matrix ``W`` whose rows are the coalitions of the upper half of the players and
        whose columns those of the lower half; with indicator features ``[|coalition| = a] x {1, i present}`` of
        each half, one product ``A^T W B`` holds every sum that involves at most one player of each half.

        Args:
            table: ``(2^n,)`` values by bit code.
        """
        n = len(table).bit_length() - 1
        n_low = n // 2
        low, high = _Half.of(n_low), _Half.of(n - n_low)
        matrix = table.reshape(high.n_coalitions, low.n_coalitions)
        at_low = matrix @ low.features  # (high coalitions, low sizes * low parts)
        mixed = (high.features.T @ at_low).reshape(high.n_sizes, high.n_players + 1, low.n_sizes, low.n_players + 1)
        by_low_size = at_low.reshape(high.n_coalitions, low.n_sizes, -1)[:, :, 0]
        by_high_size = high.features.reshape(high.n_coalitions, high.n_sizes, -1)[:, :, 0].T @ matrix
        inside_high = high.pair_sums(by_low_size)  # (high sizes, low sizes, i, j)
        inside_low = low.pair_sums(by_high_size.T).swapaxes(0, 1)

        total = np.zeros(n + 1)
        with_pair = np.zeros((n + 1, n, n))
        for a in range(high.n_sizes):
            # Sizes a + b of all b at once.
            sizes = slice(a, a + low.n_sizes)
            across = mixed[a, 1:, :, 1:].swapaxes(0, 1)
            total[sizes] += mixed[a, 0, :, 0]
            with_pair[sizes, :n_low, :n_low] += inside_low[a]
            with_pair[sizes, n_low:, n_low:] += inside_high[a]
            with_pair[sizes, n_low:, :n_low] += across
            with_pair[sizes, :n_low, n_low:] += across.swapaxes(1, 2)
        with_player = np.ascontiguousarray(np.diagonal(with_pair, axis1=1, axis2=2))
        return cls(total, with_player, with_pair)


@dataclass(frozen=True)
class _Half:
    """The coalitions of one half of the players, with their indicator features."""

    n_players: int
    present: FloatArray
    """``(2^h, h)``."""
    of_size: FloatArray
    """``(2^h, h + 1)``."""
    features: FloatArray
    """``(2^h, (h + 1) * (1 + h))``: size indicator times (1, presence of each player)."""

    @property
    def n_coalitions(self) -> int:
        return len(self.present)

    @property
    def n_sizes(self) -> int:
        return self.n_players + 1

    @classmethod
    def of(cls, n_players: int) -> _Half:
        codes = np.arange(2**n_players)
        present = ((codes[:, None] >> np.arange(n_players)) & 1).astype(np.float64)
        of_size = (present.sum(axis=1)[:, None] == np.arange(n_players + 1)).astype(np.float64)
        parts = np.concatenate([np.ones((len(codes), 1)), present], axis=1)
        features = (of_size[:, :, None] * parts[:, None, :]).reshape(len(codes), -1)
        return cls(n_players, present, of_size, features)

    def pair_sums(self, rows: FloatArray) -> FloatArray:
        """Sum ``rows`` (coalitions of this half, sizes of the other) over those that contain i and j.

        Returns:
            ``(own sizes, other sizes, i, j)``.
        """
        sums = np.empty((self.n_sizes, rows.shape[1], self.n_players, self.n_players))
        for own in range(self.n_sizes):
            chosen = self.of_size[:, own] > 0
            present = self.present[chosen]
            sums[own] = (rows[chosen].T[:, None, :] * present.T) @ present
        return sums


def marginals_by_size(sums: SizeSums) -> FloatArray:
    """Return the mean marginal contribution of each player to coalitions of each size.

    ``mean over |S| = s, S in N minus i, of v(S + i) - v(S)``

    Returns:
        ``(n, n)``: size s = 0..n-1, player i.
    """
    n = sums.n_players
    counts = np.array([comb(n - 1, size) for size in range(n)], dtype=np.float64)
    present = sums.with_player[1:]
    absent = sums.total[:-1, None] - sums.with_player[:-1]
    return (present - absent) / counts[:, None]


def interactions_by_order(sums: SizeSums) -> FloatArray:
    """Return the multi-order interactions of all pairs.

    ``I^(m)(i,j) = mean over |S| = m, S in N minus {i,j}, of v(S+i+j) - v(S+i) - v(S+j) + v(S)``

    Source: Zhang et al. (2020); Deng et al. (2022), equation 1.

    Returns:
        ``(n - 1, n, n)``: order m = 0..n-2, symmetric, NaN on the diagonal.
    """
    n = sums.n_players
    counts = np.array([comb(n - 2, order) for order in range(n - 1)], dtype=np.float64)[:, None, None]
    pair, single = sums.with_pair, sums.with_player
    both = pair[2:]
    one_of_two = single[1:-1, :, None] + single[1:-1, None, :] - 2 * pair[1:-1]
    neither = sums.total[:-2, None, None] - single[:-2, :, None] - single[:-2, None, :] + pair[:-2]
    values: FloatArray = (both - one_of_two + neither) / counts
    values[:, np.arange(n), np.arange(n)] = np.nan
    return values
