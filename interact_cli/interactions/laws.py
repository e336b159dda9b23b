"""How an index weighs the contexts of a set: by a keep probability of every other player, or by their size."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, exp, lgamma, log, log1p

import numpy as np

from interact_cli.types import FloatArray

MOST_NODES = 32
"""Nodes beyond which a rule of keep rates is not refined: the integrands are smooth, so that the error is rounding long
before."""


@dataclass(frozen=True)
class Rule:
    """The mean over contexts of a product of one factor for each other player, as a short sum.

    ``E_T prod_i g_i(T) = Re sum_q weights_q prod_i (absent_q g_i(absent) + present_q g_i(present))``
    """

    absent: np.ndarray
    """``(node,)``, real or complex, as the others."""
    present: np.ndarray
    weights: np.ndarray

    @property
    def whole(self) -> Rule:
        """The same sum without "real part of": each complex node and its conjugate."""
        if not np.iscomplexobj(self.weights):
            return self
        both = [np.concatenate([part, part.conj()]) for part in (self.absent, self.present, self.weights / 2)]
        return Rule(*both)


@dataclass(frozen=True)
class Law:
    """The law of the contexts: of their keep probability r, one number or Beta(1, ``beta``); or of one size.

    ``I(A) = E_r d_A f(r, ..., r)``, f the multilinear extension of the game, d_A its derivative in the players of A;
    of one size m the mean over the contexts of m players, what ``r^m (1 - r)^(n - a - m)`` counts for in d_A f over
    C(n - a, m).

    Source: Owen (1972); Grabisch & Roubens (1999); of one size: Zhang et al. (2020).
    """

    keep_rate: float | None = None
    """The probability; None where it is drawn from Beta(1, ``beta``), the uniform law for 1."""
    beta: int = 1
    order: int | None = None
    """The size of all contexts, each equally likely; None where a keep probability is the law."""

    def rule(self, n_others: int, degree: int | None = None) -> Rule:
        """Return the rule for so many other players.

        Of keep rates it is a Gauss-Jacobi rule, exact where at most ``degree`` of the players matter, all by default,
        as far as `MOST_NODES` goes. Of one size it is Cauchy's integral over a circle, exact: the factors multiply to a
        polynomial in z, ``prod_i (g_i(absent) + z g_i(present))``, of which the coefficient of z^m is wanted. Its
        radius makes m the mean size, so that nothing cancels; conjugate nodes are one.

        Example:
            >>> rule = Law().rule(3)
            >>> round(float(rule.weights @ rule.present**3), 12)
            0.25
            >>> rule = Law(order=2).rule(3)  # two of three are there: none of them with probability 0
            >>> round(float((rule.weights @ rule.absent**3).real), 12) + 0
            0.0
            >>> round(float((rule.weights @ (rule.absent * rule.present**2)).real), 12)
            0.333333333333
        """
        if self.order is not None:
            return _of_one_size(self.order, n_others)
        if self.keep_rate is not None:
            return Rule(np.array([1 - self.keep_rate]), np.array([self.keep_rate]), np.ones(1))
        from scipy.special import roots_jacobi

        degree = n_others if degree is None else degree
        nodes, weights = roots_jacobi(min(degree // 2 + 1, MOST_NODES), self.beta - 1, 0)
        return Rule((1 - nodes) / 2, (nodes + 1) / 2, weights / weights.sum())

    def of_contexts(self, n_others: int) -> FloatArray:
        """Return the probability of one context of each size among so many players: ``(n_others + 1,)``.

        Example:
            >>> Law().of_contexts(2).round(3).tolist()
            [0.333, 0.167, 0.333]
            >>> Law(order=1).of_contexts(2).tolist()
            [0.0, 0.5, 0.0]
        """
        if self.order is not None:
            return np.array([(size == self.order) / comb(n_others, size) for size in range(n_others + 1)])
        if self.keep_rate is not None:
            size, rate = np.arange(n_others + 1), self.keep_rate
            return np.asarray(rate**size * (1 - rate) ** (n_others - size), dtype=np.float64)
        # k B(t + 1, m - t + k): the Beta functions of t kept among m others.
        k, m = self.beta, n_others
        return np.array([k * exp(lgamma(t + 1) + lgamma(m - t + k) - lgamma(m + k + 1)) for t in range(m + 1)])


def _of_one_size(order: int, n_others: int) -> Rule:
    n_nodes = n_others + 1 + n_others % 2  # more than the degree, and odd: -radius, where factors may vanish, is none
    radius = (order + 0.5) / (n_others - order + 0.5)
    angle = 2 * np.pi * np.arange(n_nodes // 2 + 1) / n_nodes
    # The probability of m present ones, each with probability radius / (1 + radius).
    chance = exp(log(comb(n_others, order)) + order * log(radius) - n_others * log1p(radius))
    weights = np.exp(-1j * order * angle) / (n_nodes * chance)
    weights[1:] *= 2
    return Rule(
        np.full(len(angle), 1 / (1 + radius), dtype=np.complex128), radius * np.exp(1j * angle) / (1 + radius), weights
    )
