"""The theory curve F^(m) of Deng et al. (2022), and the latent dimension n' whose curve fits a measured J best."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np

from interact_cli.types import FloatArray

MOST_DIMENSIONS = 200

_log_gamma = np.vectorize(lgamma, otypes=[np.float64])


def learning_strength(n_players: float, order: FloatArray) -> FloatArray:
    """Return ``F^(m) / F^(0)``: how strongly training moves interactions of order m, relative to order 0.

    ``F^(m) = (n - m - 1) / (n (n - 1)) / sqrt(C(n - 2, m))``, with the binomial continued to real m.

    Source: Deng et al. (2022), theorem 1 (erratum 8 leaves the shape as it is).

    Args:
        n_players: n.
        order: m, real numbers in 0..n-2.

    Example:
        >>> learning_strength(6, np.arange(5.0)).round(3).tolist()
        [1.0, 0.4, 0.245, 0.2, 0.2]
    """
    others = n_players - 2
    log_binomial = _log_gamma(np.asarray(others + 1.0)) - _log_gamma(order + 1.0) - _log_gamma(others - order + 1.0)
    strength: FloatArray = (n_players - order - 1) / (n_players - 1) * np.exp(-0.5 * log_binomial)
    return strength


@dataclass(frozen=True)
class Fit:
    """The best integer n' and how well its curve fits."""

    n_prime: int
    curve: FloatArray
    """``(order,)``: F / F(0) at the measured orders' shares of n - 2."""
    rmse: float
    """Root mean square of J / J(0) - F / F(0)."""
    n_prime_log: int
    """The best n' when the logarithms are compared."""
    rmse_log: float


def fit(strength: FloatArray, shares: FloatArray, n_players: int) -> Fit | None:
    """Choose the integer n' in 3..min(n, 200) that minimises ``sum (J/J(0) - F/F(0))^2``.

    The paper publishes neither the rule nor the n' of its figures; this rule is ours.

    Args:
        strength: ``(order,)`` J at the measured orders.
        shares: ``(order,)`` order / (n - 2).
        n_players: n.

    Returns:
        The fit, or None where order 0 was not measured or has no strength, or fewer than 3 orders were measured.
    """
    if len(strength) < 3 or shares[0] > 0 or not strength[0] > 0 or n_players < 3:
        return None
    relative = strength / strength[0]
    choices = list(range(3, min(n_players, MOST_DIMENSIONS) + 1))
    curves = np.stack([learning_strength(n, shares * (n - 2)) for n in choices])
    errors = np.sqrt(((curves - relative) ** 2).mean(axis=1))
    best = int(errors.argmin())
    positive = relative > 0
    log_errors = np.sqrt(((np.log(curves[:, positive]) - np.log(relative[positive])) ** 2).mean(axis=1))
    best_log = int(log_errors.argmin())
    return Fit(choices[best], curves[best], float(errors[best]), choices[best_log], float(log_errors[best_log]))
