"""Inference patterns of a pair, and what dropout leaves of an interaction that they make up.

A pattern is a set ``T u {i,j}`` whose reward needs all of its players. Interactions of all orders are sums of rewards
of patterns; dropout removes players of the context and with them the patterns that they are part of.

``p`` is the probability with which a player is KEPT: Zhang et al. (ICLR 2021) write ``1 - p`` for the dropout rate in
section 3 and ``p`` elsewhere (erratum 23).

Source: Zhang et al. (ICLR 2021), section 3, equations 4 to 6, and appendices B to D.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import comb

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interactions.exact.size_sums import SizeSums
from interact_cli.interactions.exact.transforms import moebius
from interact_cli.types import BoolArray, FloatArray

STABLE = 10
"""Largest q up to which binomial inversion can be trusted."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""What `Ratios` tells of a distribution."""


def pattern_rewards(table: FloatArray, i: int, j: int) -> FloatArray:
    """Return the reward of every pattern of a pair.

    ``R^T(i,j) = Delta v(i,j,T) - sum over proper subsets T' of T of R^T'(i,j)``: the dividend of ``T u {i,j}``

    Source: Zhang et al. (ICLR 2021), appendix D, equation 26.

    Args:
        table: ``(2^n,)`` values by bit code.
        i: One player of the pair.
        j: The other one.

    Returns:
        ``(2^(n-2),)``, in the unit of the table: T by bit code of the players besides i and j, in their own order.

    Raises:
        UsageError: i and j are not two players of the game.

    Example:
        >>> unanimity = np.array([0.0, 0, 0, 0, 0, 0, 0, 5])  # three players, all of them needed
        >>> pattern_rewards(unanimity, 0, 2).tolist()
        [0.0, 5.0]
    """
    n = len(table).bit_length() - 1
    if i == j or not {i, j} <= set(range(n)):
        raise UsageError(f"Expected two different players from 0 to {n - 1}, got {i} and {j}.")
    codes = np.arange(len(table))
    rewards: FloatArray = moebius(table)[(codes >> i & codes >> j & 1) == 1]
    return rewards


def mean_patterns(table: FloatArray) -> FloatArray:
    """Return the mean reward of the patterns of each size, of every pair.

    ``J^(q)(i,j) = mean over |T| = q, T in N minus {i,j}, of R^T(i,j)``

    Source: Zhang et al. (ICLR 2021), equation 4.

    Args:
        table: ``(2^n,)`` values by bit code.

    Returns:
        ``(n - 1, n, n)``: q = 0..n-2, symmetric, NaN on the diagonal; in the unit of the table.

    Example:
        >>> unanimity = np.array([0.0, 0, 0, 0, 0, 0, 0, 5])
        >>> mean_patterns(unanimity)[:, 0, 2].tolist()
        [0.0, 5.0]
    """
    n = len(table).bit_length() - 1
    counts = np.array([comb(n - 2, q) for q in range(n - 1)], dtype=np.float64)[:, None, None]
    patterns: FloatArray = SizeSums.of(moebius(table)).with_pair[2:] / counts
    patterns[:, np.arange(n), np.arange(n)] = np.nan
    return patterns


def patterns_of_orders(interactions: FloatArray) -> FloatArray:
    """Return the mean patterns that interactions of all orders are made of, by binomial inversion.

    ``J^(q) = sum over s <= q of (-1)^(q-s) C(q,s) I^(s)``, the q-th difference of I at order 0

    Every difference doubles the largest possible error: beyond q = 10 what is left of sampled or rounded interactions
    may be noise, and a warning says so. Where the table is at hand, `mean_patterns` needs no inversion.

    Source: Zhang et al. (ICLR 2021), equation 4, solved for J.

    Args:
        interactions: ``(order, ...)``: I^(0), I^(1), ..., no order left out.

    Returns:
        ``(order, ...)``: J^(0), J^(1), ..., in the same unit.

    Example:
        >>> patterns_of_orders(np.array([1.0, 3.0, 9.0])).tolist()
        [1.0, 2.0, 4.0]
    """
    last = len(interactions) - 1
    if last > STABLE:
        warnings.warn(
            f"Inverting {last + 1} orders multiplies errors by up to 2^{last}; J^(q) is unstable beyond q = {STABLE}.",
            RuntimeWarning,
            stacklevel=2,
        )
    left = np.array(interactions, dtype=np.float64)
    patterns = np.empty_like(left)
    for q in range(last + 1):
        patterns[q] = left[0]
        left = np.diff(left, axis=0)
    return patterns


def components(patterns: FloatArray, order: int) -> FloatArray:
    """Return what the patterns of each size contribute to the interaction of one order.

    ``Gamma^(q)(i,j|s) = C(s,q) J^(q)(i,j)``, and ``I^(s)(i,j) = sum over q <= s of Gamma^(q)(i,j|s)``

    Source: Zhang et al. (ICLR 2021), equation 4.

    Args:
        patterns: ``(q, ...)`` mean patterns.
        order: s.

    Returns:
        ``(s + 1, ...)`` for q = 0..s.

    Example:
        >>> components(np.array([1.0, 2.0, 4.0]), 2).tolist()
        [1.0, 4.0, 4.0]
    """
    return _scaled(patterns[: order + 1], [float(comb(order, q)) for q in range(order + 1)])


def after_dropout(patterns: FloatArray, keep: float) -> FloatArray:
    """Predict the interaction of every order under dropout.

    ``E_r I_drop^(s)(i,j) = sum over q <= s of p^q Gamma^(q)(i,j|s)``, r ~ Binomial(s, p)

    A pattern of q players of the context survives with probability p^q.

    Source: Zhang et al. (ICLR 2021), equation 5, averaged over r.

    Args:
        patterns: ``(q, ...)`` mean patterns.
        keep: p, one minus the drop rate.

    Returns:
        ``(order, ...)`` for s = 0..n-2.

    Example:
        >>> after_dropout(np.array([1.0, 2.0, 4.0]), 0.5).tolist()
        [1.0, 2.0, 4.0]
    """
    survivors = _scaled(patterns, [keep**q for q in range(len(patterns))])
    return np.stack([components(survivors, order).sum(axis=0) for order in range(len(patterns))])


def mixed_over_survivors(interactions: FloatArray, keep: float) -> FloatArray:
    """Predict the same from the interactions: r of s players are left, and I_drop^(s) given r is I^(r).

    ``E_r I_drop^(s) = sum over r <= s of C(s,r) p^r (1-p)^(s-r) I^(r)``

    No sign alternates, so it holds its precision where the patterns are not known.

    Source: Zhang et al. (ICLR 2021), equation 5; equal to `after_dropout`.

    Args:
        interactions: ``(order, ...)``: I^(0), I^(1), ..., no order left out.
        keep: p, one minus the drop rate.

    Returns:
        ``(order, ...)``.

    Example:
        >>> mixed_over_survivors(np.array([1.0, 3.0, 9.0]), 0.5).tolist()
        [1.0, 2.0, 4.0]
    """
    orders = range(len(interactions))
    shares = [[comb(s, r) * keep**r * (1 - keep) ** (s - r) if r <= s else 0.0 for r in orders] for s in orders]
    return np.tensordot(np.array(shares), interactions, axes=1)


def simulated_dropout(
    interactions: FloatArray, keep: float, n_draws: int, rngs: list[np.random.Generator]
) -> tuple[FloatArray, FloatArray]:
    """Draw the number of survivors and average what is left: ``r ~ Binomial(s, p)``, ``I_drop^(s) = I^(r)``.

    Args:
        interactions: ``(order, ...)``: I^(0), I^(1), ..., no order left out.
        keep: p, one minus the drop rate.
        n_draws: Draws for each order.
        rngs: One generator for each order.

    Returns:
        Mean over the draws and its standard error, ``(order, ...)`` each.
    """
    means, errors = np.empty_like(interactions), np.empty_like(interactions)
    for order, rng in enumerate(rngs):
        shares = np.bincount(rng.binomial(order, keep, n_draws), minlength=order + 1) / n_draws
        left = interactions[: order + 1]
        means[order] = np.tensordot(shares, left, axes=1)
        spread = np.tensordot(shares, (left - means[order]) ** 2, axes=1)
        errors[order] = np.sqrt(spread / n_draws)
    return means, errors


def share_a_sign(patterns: FloatArray, tolerance: FloatArray | float = 0.0) -> BoolArray:
    """Say for every order s whether all ``Gamma^(q)(i,j|s)``, q = 0..s, share a sign.

    Where they do, ``0 <= I^(r) / I^(s) <= 1`` for every r <= s: dropout cannot strengthen the interaction. The
    condition is sufficient, not necessary (erratum 22).

    Source: Zhang et al. (ICLR 2021), equation 6 and the assumption below it.

    Args:
        patterns: ``(q, ...)`` mean patterns: ``C(s,q) > 0``, so they have the signs of the Gammas.
        tolerance: What counts as 0, which has either sign; broadcastable to ``patterns``.

    Returns:
        ``(order, ...)``; True at order 0, where there is one Gamma.

    Example:
        >>> share_a_sign(np.array([1.0, 2.0, -4.0])).tolist()
        [True, True, False]
    """
    never_negative = np.logical_and.accumulate(patterns >= -np.asarray(tolerance), axis=0)
    never_positive = np.logical_and.accumulate(patterns <= np.asarray(tolerance), axis=0)
    return never_negative | never_positive


def rounding_of_patterns(n_players: int, rounding: float) -> FloatArray:
    """Return how large rounding alone makes J^(q), when it makes an interaction in one context ``rounding`` large.

    ``rounding x sqrt(sum over s <= q of C(q,s)^2 / C(n-2,s))``: I^(s) averages C(n-2,s) contexts, and J^(q) is their
    q-th difference.

    Returns:
        ``(n - 1,)`` for q = 0..n-2.

    Example:
        >>> rounding_of_patterns(4, 1.0).round(3).tolist()
        [1.0, 1.225, 2.0]
    """
    others = n_players - 2
    squares = [sum(comb(q, s) ** 2 / comb(others, s) for s in range(q + 1)) for q in range(others + 1)]
    return rounding * np.sqrt(np.array(squares, dtype=np.float64))


def rounding_of_mean_patterns(table: FloatArray, rounding: float) -> FloatArray:
    """Return the standard deviation that rounding of the values gives J^(q): ``(n - 1, 1)``, alike for all pairs.

    `rounding_of_patterns`, the four values of an interaction rounded independently.

    Args:
        table: ``(2^n,)``.
        rounding: Of one value, over the largest.
    """
    n_players = len(table).bit_length() - 1
    return rounding_of_patterns(n_players, 2 * rounding * float(np.abs(table).max()))[:, None]


@dataclass(frozen=True)
class Ratios:
    """How interactions under dropout compare with those without, over pairs and orders; NaN where there is none."""

    above_one: float
    """Share of ratios above 1: equation 6 of Zhang et al. (ICLR 2021) says that there is none (erratum 22)."""
    negative: float
    """Share of ratios below 0: dropout turns the interaction around."""
    stronger: float
    """Share of ratios whose magnitude is above 1."""
    quantiles: FloatArray
    """``(5,)`` at `QUANTILES`."""

    @classmethod
    def of(cls, ratios: FloatArray) -> Ratios:
        """Describe ratios of any shape; NaN are left out.

        Example:
            >>> held = Ratios.of(np.array([-2.0, 0.5, 3.0, np.nan]))
            >>> round(held.above_one, 3), round(held.negative, 3), round(held.stronger, 3), float(held.quantiles[2])
            (0.333, 0.333, 0.667, 0.5)
        """
        known = ratios[np.isfinite(ratios)]
        if not known.size:
            return cls(np.nan, np.nan, np.nan, np.full(len(QUANTILES), np.nan))
        above_one, negative, stronger = (float(np.mean(chosen)) for chosen in (known > 1, known < 0, abs(known) > 1))
        return cls(above_one, negative, stronger, np.quantile(known, QUANTILES))


def survivor_ratios(interactions: FloatArray, tolerance: float = 0.0) -> FloatArray:
    """Return ``I^(r) / I^(s)`` for every r < s: what is left when r of s players survive.

    Source: Zhang et al. (ICLR 2021), equation 6, right.

    Args:
        interactions: ``(order, ...)``: I^(0), I^(1), ..., no order left out.
        tolerance: Magnitudes of I^(s) up to which there is no ratio.

    Returns:
        ``(order pair, ...)``, NaN where there is none.
    """
    fewer, more = np.triu_indices(len(interactions), 1)
    return ratios_to(interactions[fewer], interactions[more], tolerance)


def ratios_to(left: FloatArray, whole: FloatArray, tolerance: float = 0.0) -> FloatArray:
    """Return ``left / whole``, NaN where ``|whole|`` is at most ``tolerance``."""
    known = np.abs(whole) > tolerance
    return np.where(known, left, np.nan) / np.where(known, whole, 1.0)


def _scaled(patterns: FloatArray, factors: list[float]) -> FloatArray:
    shaped = np.array(factors).reshape(-1, *[1] * (patterns.ndim - 1))
    scaled: FloatArray = patterns * shaped
    return scaled
