"""How an index weighs the contexts of a set: each context keeps every other player with one random probability."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma

import numpy as np

from interact_cli.types import FloatArray

MOST_NODES = 32
"""Nodes beyond which a rule is not refined: the integrands are smooth, so that the error is rounding long before."""


@dataclass(frozen=True)
class Law:
    """The keep probability r of the contexts: one number, or Beta(1, ``beta``).

    ``I(A) = E_r d_A f(r, ..., r)``, f the multilinear extension of the game, d_A its derivative in the players of A

    Source: Owen (1972); Grabisch & Roubens (1999).
    """

    keep_rate: float | None = None
    """The probability; None where it is drawn from Beta(1, ``beta``), the uniform law for 1."""
    beta: int = 1

    def rule(self, degree: int) -> tuple[FloatArray, FloatArray]:
        """Return nodes and weights that integrate polynomials in r: ``(node,)`` twice.

        Exact up to ``degree``, as far as `MOST_NODES` goes.

        Example:
            >>> nodes, weights = Law().rule(3)
            >>> round(float(weights @ nodes**3), 12)
            0.25
        """
        if self.keep_rate is not None:
            return np.array([self.keep_rate]), np.ones(1)
        from scipy.special import roots_jacobi

        nodes, weights = roots_jacobi(min(degree // 2 + 1, MOST_NODES), self.beta - 1, 0)
        return (nodes + 1) / 2, weights / weights.sum()

    def of_contexts(self, n_others: int) -> FloatArray:
        """Return the probability of one context of each size among so many players: ``(n_others + 1,)``.

        Example:
            >>> Law().of_contexts(2).round(3).tolist()
            [0.333, 0.167, 0.333]
        """
        if self.keep_rate is not None:
            size, rate = np.arange(n_others + 1), self.keep_rate
            return np.asarray(rate**size * (1 - rate) ** (n_others - size), dtype=np.float64)
        # k B(t + 1, m - t + k): the Beta functions of t kept among m others.
        k, m = self.beta, n_others
        return np.array([k * exp(lgamma(t + 1) + lgamma(m - t + k) - lgamma(m + k + 1)) for t in range(m + 1)])
