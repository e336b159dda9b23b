"""A game as a sum of AND and OR interactions, split between the two so that they are as weak as can be.

``v(T) + q(T) = sum_{S in T} I_and(S) + I_or(empty) + sum over the S that meet T of I_or(S)`` for every T, where q is
noise that the split leaves unexplained, at most a small share of ``|v(N) - v(empty)|`` in every coalition.

Source: code of the authors of Zhou et al. (2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.errors import NonFiniteError, ShapeError, UsageError
from interact_cli.games.game import real_numbers
from interact_cli.interactions.and_or.blocks import Blocks
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.exact.transforms import moebius, or_interactions, zeta
from interact_cli.types import FloatArray

ITERATIONS = 10_000
"""The published count."""
LEARNING_RATE = 1e-5
"""The published first rate, per unit of the range of v."""
FULL_RATE = 8
"""Most players that are learned at the full rate; each further one divides it by 3."""
MOMENTUM = 0.9
Q_SHARE = 0.04


@dataclass(frozen=True, kw_only=True)
class AndOr(Estimate):
    """AND and OR interactions of one game.

    ``values`` holds the AND interactions by bit code, ``(2^n,)``; ``values[0]`` is the constant. They are the
    dividends of ``v_and = (v + q) / 2 + p``, and ``or_values`` the OR interactions of ``v_or = (v + q) / 2 - p``.
    An OR of nobody or of one player is an AND as well: such terms stand in ``values`` alone, and in p.
    """

    or_values: FloatArray
    """``(2^n,)``: OR interactions by bit code, 0 for the empty coalition and for single players."""
    p: FloatArray
    """``(2^n,)``: half of what v_and has beyond v_or."""
    q: FloatArray
    """``(2^n,)``: the noise; v is explained up to it, ``v_and + v_or = v + q``."""
    loss: FloatArray
    """``(iterations + 1,)``: ``||I_and||_1 + ||I_or||_1`` before each step and after the last; the empty coalition
    counts here, and OR terms of single players are still OR terms."""
    l1_before: float
    """``sum |I(S)|`` over the non-empty S, all of v taken as AND: the strength of the Harsanyi dividends."""

    @property
    def l1_after(self) -> float:
        """``sum |I_and(S)| + |I_or(S)|`` over the non-empty S."""
        return float(np.abs(self.values[1:]).sum() + np.abs(self.or_values[1:]).sum())

    @property
    def sparser(self) -> bool:
        """Whether the split is weaker than AND alone; where it is not, the dividends are the better account of v."""
        return self.l1_after < self.l1_before

    @property
    def table(self) -> FloatArray:
        """The game that was split, ``(2^n,)``: what the interactions add up to, less q."""
        return total_of(self.values, self.or_values) - self.q


def learned_split(
    table: FloatArray,
    *,
    iterations: int = ITERATIONS,
    learning_rate: float = LEARNING_RATE,
    momentum: float = MOMENTUM,
    q_share: float = Q_SHARE,
) -> AndOr:
    """Learn p and q by gradient descent with momentum from p = q = 0, and split the game by them.

    ``minimise ||I_and||_1 + ||I_or||_1``, ``|q(S)| <= q_share |v(N) - v(empty)|``

    Loss, momentum, start and the clipping of q are the published ones, and the rate falls from its first value by one
    decade, evenly in its logarithm. The published first rates (1e-5, 1e-6) belong to log-odds of a handful of
    players. Here the rate is in units of ``max v - min v``, so that c v is split as v is; above 8 players it is
    divided by ``3^(n - 8)``, the growth of the squared norm of the transform, since beyond that the steps alone make
    more strength than they remove. At 10 players and log-odds that range over 10, this is the published 1e-5.

    The last iterate is returned, weaker than AND alone or not: see `AndOr.sparser`. On sparse games of 12 players and
    more 10,000 steps from p = 0 may be too few; Adam did no better on the games that were tried. The result is the
    same at every run on one machine; another linear-algebra library may round a sign near zero the other way.

    Source: code of the authors of Zhou et al. (2024).

    Args:
        table: ``(2^n,)`` finite values by bit code, in any unit.
        iterations: Steps.
        learning_rate: First rate, per unit of ``max v - min v``.
        momentum: Factor of the velocity at each step.
        q_share: Bound of the noise as a share of ``|v(N) - v(empty)|``; 0 explains v exactly.

    Raises:
        ShapeError: the length is no power of two, or below 2.
        NonFiniteError: a value is NaN or infinite.
        UsageError: a setting is out of range.

    Example:
        >>> table = np.array([0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 3.0])  # 2 AND(0, 1, 2) + OR(0, 1, 2)
        >>> split = learned_split(table, q_share=0.0)
        >>> bool(abs(split.values[7] - 2.0) < 1e-3), bool(abs(split.or_values[7] - 1.0) < 1e-3), split.sparser
        (True, True, True)
    """
    v = checked(table, "table")
    if iterations < 0 or learning_rate < 0 or not 0 <= momentum < 1 or q_share < 0:
        raise UsageError(
            f"Expected iterations >= 0, learning_rate >= 0, 0 <= momentum < 1 and q_share >= 0, got "
            f"{iterations}, {learning_rate}, {momentum} and {q_share}."
        )
    n = len(v).bit_length() - 1
    first = learning_rate * float(np.ptp(v)) / 3.0 ** max(0, n - FULL_RATE)
    rates = first * np.logspace(0, -1, iterations)
    p, q, loss = _descend(v, rates, momentum, q_share * abs(float(v[-1] - v[0])))
    half = 0.5 * (v + q)
    singles = _singles(or_interactions(half - p))
    p = p + zeta(singles)
    return AndOr(
        index="and-or",
        values=moebius(half + p),
        standard_errors=np.zeros(len(v)),
        exact=np.ones(len(v), dtype=np.bool_),
        evaluations=len(v),
        n_players=n,
        or_values=_without_singles(or_interactions(half - p)),
        p=p,
        q=q,
        loss=loss,
        l1_before=float(np.abs(moebius(v)[1:]).sum()),
    )


def total_of(and_values: FloatArray, or_values: FloatArray) -> FloatArray:
    """Add interactions up: ``sum_{S in T} I_and(S) + I_or(empty) + sum over the S that meet T of I_or(S)``.

    Args:
        and_values: ``(2^n,)`` AND interactions by bit code.
        or_values: ``(2^n,)`` OR interactions by bit code.

    Returns:
        ``(2^n,)`` values by bit code.

    Example:
        >>> total_of(np.array([1.0, 0.0, 0.0, 2.0]), np.array([0.0, 0.0, 0.0, 5.0])).tolist()
        [1.0, 6.0, 6.0, 8.0]
    """
    missed = zeta(or_values)[::-1]
    total: FloatArray = zeta(and_values) + or_values.sum() - missed + or_values[0]
    return total


def with_singles_as_and(and_values: FloatArray, or_values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Move the OR terms of nobody and of single players to the AND terms, where they mean the same."""
    singles = _singles(or_values)
    return and_values + singles, _without_singles(or_values)


def checked(values: FloatArray, name: str) -> FloatArray:
    """Return a copy of numbers by bit code.

    Raises:
        ShapeError: no real numbers, or the length is no power of two, or below 2.
        NonFiniteError: a number is NaN or infinite.
    """
    array = np.array(real_numbers(values, f"`{name}`"))
    if array.ndim != 1 or len(array) < 2 or len(array) & (len(array) - 1):
        raise ShapeError(f"Expected `{name}` of shape (2^n,) with n >= 1, got {array.shape}. One value per coalition.")
    if not np.isfinite(array).all():
        raise NonFiniteError(f"Expected finite `{name}`, got {int((~np.isfinite(array)).sum())} NaN or infinite ones.")
    return array


def _descend(
    v: FloatArray, rates: FloatArray, momentum: float, bound: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return p, q and the losses.

    Row 0 of the tables is v_and and row 1 is v_or read from the full coalition down: its dividends are the OR
    interactions with the other sign, but for the empty coalition, whose OR interaction is v_or(empty) itself.
    """
    n_players = len(v).bit_length() - 1
    forward = Blocks.moebius(n_players)
    backward = forward.transposed
    learned, velocity, gradient = (np.zeros((2, len(v))) for _ in range(3))  # p and q
    tables, spare = np.empty((2, len(v))), np.empty((2, len(v)))
    losses = np.empty(len(rates) + 1)
    for step in range(len(losses)):
        p, q = learned
        half = 0.5 * (v + q)
        np.add(half, p, out=tables[0])
        np.subtract(half, p, out=tables[1, ::-1])
        empty = tables[1, -1]
        interactions, signs = forward.apply(tables, spare)
        np.sign(interactions, out=signs)
        signs[1, 0] = 0.0
        losses[step] = np.einsum("ij,ij", signs, interactions) + abs(empty)
        if step == len(rates):
            break
        slopes, other = backward.apply(signs, interactions)
        slopes[1, -1] += np.sign(empty)
        of_and, of_or = slopes[0], slopes[1, ::-1]
        np.subtract(of_and, of_or, out=gradient[0])
        np.add(of_and, of_or, out=gradient[1])
        gradient[1] *= 0.5
        velocity *= momentum
        velocity += gradient
        np.multiply(velocity, rates[step], out=gradient)
        learned -= gradient
        np.clip(learned[1], -bound, bound, out=learned[1])
        tables, spare = slopes, other
    return learned[0], learned[1], losses


def _single_codes(n_coalitions: int) -> list[int]:
    return [0, *(1 << player for player in range(n_coalitions.bit_length() - 1))]


def _singles(or_values: FloatArray) -> FloatArray:
    singles = np.zeros_like(or_values)
    codes = _single_codes(len(or_values))
    singles[codes] = or_values[codes]
    return singles


def _without_singles(or_values: FloatArray) -> FloatArray:
    rest = or_values.copy()
    rest[_single_codes(len(rest))] = 0.0
    return rest
