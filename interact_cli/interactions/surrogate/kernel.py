"""How alike the values of two coalitions are: the covariance of the process, a sum of parts that are products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.types import BoolArray, FloatArray, IntArray

CODES = ((-1.0, 1.0), (0.0, 1.0), (1.0, 0.0))
"""Codes of an absent and a present player: both speak, presence alone (AND), absence alone (OR)."""
AT_ONCE = 512
"""Rows of a covariance matrix that are computed at a time."""
JITTER = 1e-8
"""Variance that every coalition has to itself at least, of values of variance 1, so that matrices can be factorised."""


@dataclass(frozen=True)
class Product:
    """One product over all players, each with a scale of its own.

    ``k(S, T) = amplitude prod_i exp(a_i (z_i(S) z_i(T) - 1))``, z the code of absence and presence
    """

    absent: float
    present: float
    scales: FloatArray
    """``(n,)``: a."""
    amplitude: float

    def coded(self, coalitions: BoolArray) -> FloatArray:
        """Return z: ``(row, n)``."""
        return np.where(coalitions, self.present, self.absent)

    def between(self, first: BoolArray, second: BoolArray) -> FloatArray:
        """Return the covariances ``(row, row)`` of two lists of coalitions ``(row, n)``."""
        exponents: FloatArray = (self.coded(first) * self.scales) @ self.coded(second).T
        exponents -= self.scales.sum()
        np.exp(exponents, out=exponents)
        exponents *= self.amplitude
        return exponents


@dataclass(frozen=True)
class Parities:
    """Products of the signs of some sets of players: the constant, every player, and sets of neighbours.

    ``k(S, T) = sum_A c_A chi_A(S) chi_A(T)``, ``chi_A(S) = prod over i in A of +1 if i is in S, else -1``
    """

    sets: tuple[IntArray, ...]
    """By size, ``(set, size)`` each; the first is the empty set."""
    weights: FloatArray
    """``(set,)``: c, of all sizes below each other."""

    def signs(self, coalitions: BoolArray) -> FloatArray:
        """Return chi: ``(row, set)``."""
        z = np.where(coalitions, 1.0, -1.0)
        return np.concatenate([z[:, members].prod(axis=2) for members in self.sets], axis=1)

    def between(self, first: BoolArray, second: BoolArray) -> FloatArray:
        """Return the covariances ``(row, row)`` of two lists of coalitions ``(row, n)``."""
        covariances: FloatArray = (self.signs(first) * self.weights) @ self.signs(second).T
        return covariances


@dataclass(frozen=True)
class Kernel:
    """The covariance of a game's values: smooth parts, and what each coalition has to itself.

    The last is structure that no smooth part can follow. It is largest at coalitions of middle size: near both ends
    few interactions of high order are switched on or off.
    """

    products: tuple[Product, ...]
    parities: Parities
    own: float
    """Variance that a coalition of middle size has to itself."""

    def own_by_size(self, n_players: int) -> FloatArray:
        """Return the variance that a coalition of each size has to itself: ``(n + 1,)``."""
        return self.own * own_profile(n_players) + JITTER

    def smooth(self, first: BoolArray, second: BoolArray) -> FloatArray:
        """Return the covariances of the smooth parts: ``(row, row)``."""
        covariances = self.parities.between(first, second)
        for product in self.products:
            covariances += product.between(first, second)
        return covariances

    def matrix(self, coalitions: BoolArray) -> FloatArray:
        """Return the covariances of the values of different coalitions: ``(row, row)``, the lower triangle alone."""
        n_rows, signs = len(coalitions), self.parities.signs(coalitions)
        covariances = np.zeros((n_rows, n_rows))
        for start in range(0, n_rows, AT_ONCE):
            rows, before = slice(start, start + AT_ONCE), slice(start + AT_ONCE)
            block = (signs[rows] * self.parities.weights) @ signs[before].T
            for product in self.products:
                block += product.between(coalitions[rows], coalitions[before])
            covariances[rows, before] = block
        own = self.own_by_size(coalitions.shape[1])[coalitions.sum(axis=1)]
        covariances[np.diag_indices(n_rows)] += own
        return covariances


def own_profile(n_players: int) -> FloatArray:
    """Return what a coalition of each size has to itself, over one of middle size: ``(n + 1,)``.

    ``(4 s (n - s) / n^2)^2``
    """
    size = np.arange(n_players + 1)
    return np.asarray((4 * size * (n_players - size) / n_players**2) ** 2, dtype=np.float64)
