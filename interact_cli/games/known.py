"""Games with closed forms, each derived in its docstring: what every index of the package is checked against.

Letters: n players, a = |A|, t = |T|, ``D_A v(S)`` as in `closed_form`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import comb, prod

import numpy as np
from numpy.polynomial import Polynomial

from interact_cli.games.closed_form import KnownGame, Members, Partitioned
from interact_cli.games.game import TableGame
from interact_cli.types import BoolArray, FloatArray, IntArray


def unanimity(n_players: int, team: Sequence[int]) -> KnownGame:
    """Return ``u_T``: 1 when all of T are present, else 0.

    A inside T makes 1 in exactly the contexts that hold the rest of T: the dividend is 1 at A = T alone, the
    Shapley interaction ``1 / (t - a + 1)``, Banzhaf's ``2^-(t - a)``. A set that leaves T makes nothing. In a
    partition of A only the blocks that hold all of A's k = |A n T| players of T count, so for k >= 2
    ``B = B_max = 1 / (t - k + 1)`` and ``B_min = 0``.

    Example:
        >>> unanimity(3, [0, 1]).shapley(frozenset({0}))
        0.5
    """
    members = frozenset(team)
    n, t, codes = n_players, len(members), _codes(n_players)
    needed = sum(1 << player for player in members)

    def order(some: Members, s: int) -> float:
        a = len(some)
        missing = t - a
        return comb(n - t, s - missing) / comb(n - a, s) if some <= members and s >= missing else 0.0

    def multivariate(some: Members) -> Partitioned:
        k = len(some & members)
        together = 1 / (t - k + 1) if k > 1 else 0.0
        return Partitioned(together, together, 0.0)

    return KnownGame(
        "unanimity",
        TableGame(((codes & needed) == needed).astype(np.float64)),
        order,
        lambda some: 1 / (t - len(some) + 1) if some <= members else 0.0,
        lambda some: 0.5 ** (t - len(some)) if some <= members else 0.0,
        multivariate,
    )


def sum_of_unanimity(n_players: int, weights: Mapping[tuple[int, ...], float]) -> KnownGame:
    """Return ``v = sum_T c_T u_T``; the dividends are the weights, and every index is linear.

    The empty tuple's weight is v(empty).

    Example:
        >>> game = sum_of_unanimity(3, {(0, 1): 2.0, (0, 1, 2): -3.0})
        >>> game.shapley(frozenset({0})), game.dividend(frozenset({0, 1}))
        (0.0, 2.0)
    """
    empty = weights.get((), 0.0)
    terms = [(weight, unanimity(n_players, team)) for team, weight in weights.items() if team]
    table = np.full(2**n_players, empty) + sum(weight * term.game.table for weight, term in terms)
    return KnownGame(
        "sum of unanimity",
        TableGame(table),
        lambda some, s: sum(weight * term.order(some, s) for weight, term in terms),
        lambda some: sum(weight * term.shapley(some) for weight, term in terms),
        lambda some: sum(weight * term.banzhaf(some) for weight, term in terms),
    )


def disjunction(n_players: int, team: Sequence[int]) -> KnownGame:
    """Return the OR of T: 1 when any of T is present.

    The dual of `unanimity`: A inside T makes ``(-1)^(a + 1)`` in exactly the contexts without the rest of T, so the
    indices are unanimity's times that sign, every non-empty A inside T has the dividend ``(-1)^(a + 1)``, and the
    only OR interaction is 1 at T. A block that meets T is worth ``1 / (t - k + 1)`` with k = |A n T|, so for k >= 2
    ``B = B_min = (1 - k) / (t - k + 1)`` and ``B_max = 0``.

    Example:
        >>> disjunction(3, [0, 1]).shapley(frozenset({0, 1}))
        -1.0
    """
    members = frozenset(team)
    dual, n, t = unanimity(n_players, team), n_players, len(members)
    met = (_codes(n_players) & sum(1 << player for player in members)) != 0

    def multivariate(some: Members) -> Partitioned:
        k = len(some & members)
        together = (1 - k) / (t - k + 1) if k > 1 else 0.0
        return Partitioned(together, 0.0, together)

    return KnownGame(
        "disjunction (OR)",
        TableGame(met.astype(np.float64)),
        lambda some, s: _sign(some) * comb(n - t, s) / comb(n - len(some), s) if some <= members else 0.0,
        lambda some: _sign(some) * dual.shapley(some),
        lambda some: _sign(some) * dual.banzhaf(some),
        multivariate,
    )


def majority(n_players: int, quota: int | None = None) -> KnownGame:
    """Return 1 when at least ``quota`` players are present, by default more than half.

    With r = quota - s members of A still needed in a context of s players, ``D_A v(S) = (-1)^(a-r) C(a-1, r-1)`` for
    1 <= r <= a, else 0: the a-th difference of a step. A Shapley value is 1/n, a Banzhaf value
    ``C(n-1, quota-1) / 2^(n-1)``, and a sum of at most a terms gives either interaction index.

    Example:
        >>> round(majority(5).shapley(frozenset({0})), 12), majority(5).banzhaf(frozenset({0}))
        (0.2, 0.375)
    """
    n, needed = n_players, n_players // 2 + 1 if quota is None else quota

    def order(some: Members, s: int) -> float:
        a, r = len(some), needed - s
        return float((-1) ** (a - r) * comb(a - 1, r - 1)) if 1 <= r <= a else 0.0

    def shapley(some: Members) -> float:
        sizes = range(n - len(some) + 1)
        return sum(order(some, s) for s in sizes) / len(sizes)

    def banzhaf(some: Members) -> float:
        rest = n - len(some)
        return sum(comb(rest, s) * order(some, s) for s in range(rest + 1)) * 0.5**rest

    present = np.bitwise_count(_codes(n_players))
    return KnownGame("majority", TableGame((present >= needed).astype(np.float64)), order, shapley, banzhaf)


def additive(weights: Sequence[float], empty: float = 0.0) -> KnownGame:
    """Return ``v(S) = v(empty) + sum of the weights in S``: player i is worth w_i in every context, no set more.

    Example:
        >>> additive([1.0, 2.0], empty=0.7).shapley(frozenset({1}))
        2.0
    """

    def alone(some: Members) -> float:
        return float(weights[min(some)]) if len(some) == 1 else 0.0

    return KnownGame(
        "additive",
        TableGame(empty + _present(len(weights)) @ np.asarray(weights, dtype=np.float64)),
        lambda some, _: alone(some),
        alone,
        alone,
        lambda _: Partitioned(0.0, 0.0, 0.0),
    )


def product(present: Sequence[float], absent: Sequence[float]) -> KnownGame:
    """Return ``v(S) = prod_{i in S} x_i prod_{i not in S} b_i``.

    ``D_A v(S)`` is ``prod_A (x - b)`` times the product of the others at their values, whose mean over S of s players
    is the coefficient of z^s in ``prod (b + z x)`` over C(n - a, s). Banzhaf's index has everybody outside A at
    (x + b) / 2; Shapley's is the integral over r in 0..1 of everybody at ``b + r (x - b)``, a polynomial's.

    Example:
        >>> product([1.0, 1.0, 1.0], [0.0, 0.0, 0.0]).shapley(frozenset({0, 1}))
        0.5
    """
    x, b = np.asarray(present, dtype=np.float64), np.asarray(absent, dtype=np.float64)
    n = len(x)

    def inside(some: Members) -> float:
        return prod(float(x[i] - b[i]) for i in some)

    def outside(some: Members, slope: FloatArray) -> Polynomial:
        return prod((Polynomial([b[i], slope[i]]) for i in range(n) if i not in some), start=Polynomial([1.0]))

    def order(some: Members, s: int) -> float:
        # Factors of 0 shorten the polynomial: what it has no coefficient of is 0.
        return inside(some) * float(outside(some, x).coef[s : s + 1].sum()) / comb(n - len(some), s)

    return KnownGame(
        "product",
        TableGame(np.where(_present(n), x, b).prod(axis=1)),
        order,
        lambda some: inside(some) * float(outside(some, x - b).integ()(1.0)),
        lambda some: inside(some) * prod(float(x[i] + b[i]) / 2 for i in range(n) if i not in some),
    )


def parity(n_players: int) -> KnownGame:
    """Return XOR: 1 when an odd number of players is present.

    ``v = (1 - (-1)^s) / 2``, so ``D_A v(S) = (-1)^s (-2)^(a-1)``. Averaged over the n - a + 1 sizes this leaves
    ``(-2)^(a-1) / (n - a + 1)`` where n - a is even and nothing where it is odd; Banzhaf's index is 0 but of the grand
    coalition. A block is worth ``e = [n - |A| even] / (n - |A| + 1)`` where its size is odd, else 0: so the best
    partition has everybody alone, and the worst at most one odd block.

    Example:
        >>> parity(3).shapley(frozenset({0, 1, 2})), parity(3).banzhaf(frozenset({0}))
        (4.0, 0.0)
    """
    n = n_players

    def full(some: Members) -> float:
        return float((-2) ** (len(some) - 1))

    def shapley(some: Members) -> float:
        rest = n - len(some)
        return 0.0 if rest % 2 else full(some) / (rest + 1)

    def multivariate(some: Members) -> Partitioned:
        rest = n - len(some)
        worth = 0.0 if rest % 2 else 1 / (rest + 1)
        apart = (len(some) - len(some) % 2) * worth
        return Partitioned(-apart, 0.0, -apart)

    odd = np.bitwise_count(_codes(n_players)) % 2
    return KnownGame(
        "parity (XOR)",
        TableGame(odd.astype(np.float64)),
        lambda some, s: (-1) ** s * full(some),
        shapley,
        lambda some: full(some) if len(some) == n else 0.0,
        multivariate,
    )


def _codes(n_players: int) -> IntArray:
    return np.arange(2**n_players, dtype=np.int64)


def _present(n_players: int) -> BoolArray:
    """Return who is present in each coalition, ``(2^n, n)``."""
    return (_codes(n_players)[:, None] >> np.arange(n_players) & 1).astype(np.bool_)


def _sign(some: Members) -> int:
    return -1 if len(some) % 2 == 0 else 1
