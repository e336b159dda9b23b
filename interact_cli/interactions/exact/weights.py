"""Indices of sets of any size: each is a table of weights of the dividends of a set's supersets.

``value(A) = sum over T containing A of weight(|T|, |A|, k) I(T)``

So one mechanism evaluates all of them: weigh the dividends by size, sum over supersets in place, read the sets off.
No index carries a factor 1/2: a set is counted once, not once for each of its players.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import comb

import numpy as np

from interact_cli.interactions.exact.transforms import superset_sums
from interact_cli.types import FloatArray, IntArray

Weight = Callable[[int, int, int], float]
"""Players ``t`` of T, ``a`` of A, ``a <= t``, and the largest size ``k`` of a set that is valued."""


def shapley_interaction(t: int, a: int, k: int) -> float:
    """Weigh ``1 / (t - a + 1)``: the Shapley interaction index of a set, which knows no largest size.

    ``I_Sh(A) = sum_T t! (n-t-a)! / (n-a+1)! D_A v(T)``, T without A; no sum over sets is v(N).

    Source: Grabisch & Roubens (1999); Zhou et al. (2024), equation 5 (correct as printed: erratum 2).
    """
    del k
    return 1 / (t - a + 1)


def banzhaf_interaction(t: int, a: int, k: int) -> float:
    """Weigh ``2^-(t - a)``: the mean of ``D_A v(T)`` over all T without A.

    Source: Grabisch & Roubens (1999); Zhang et al. (ICLR 2021), section 3.
    """
    del k
    return 2.0 ** (a - t)


def shapley_taylor(t: int, a: int, k: int) -> float:
    """Weigh 1 for T = A below size k, ``1 / C(t, k)`` at size k: the Shapley-Taylor index.

    Below k a set is worth its dividend; at k, ``k/n sum_T D_A v(T) / C(n-1, t)``, T without A. Over all sets of 0 to k
    players, v(empty) included, the values sum to v(N).

    Source: Dhamdhere, Agarwal & Sundararajan (2020), "The Shapley Taylor interaction index".
    """
    return float(t == a) if a < k else 1 / comb(t, k)


def k_shapley(t: int, a: int, k: int) -> float:
    """Weigh ``sum_j B_j C(t-a, j) / (t-a-j+1)``, j = 0..k-a, B_1 = -1/2: the k-Shapley values (n-Shapley values).

    The Shapley interactions of the supersets of A of at most k players, aggregated by Bernoulli numbers:
    ``sum_j B_j sum over S containing A, |S| = a + j, of I_Sh(S)``. At size k they are the Shapley interactions. The
    empty set is worth v(empty), so over all sets of 0 to k players the values sum to v(N); k = 1 gives Shapley values.

    Source: Bordt & von Luxburg (2023), "From Shapley values to generalized additive models and back".
    """
    if a == 0:
        return float(t == 0)
    terms = (bernoulli(j) * comb(t - a, j) / (t - a - j + 1) for j in range(min(k, t) - a + 1))
    return float(sum(terms, Fraction(0)))


def faithful_shapley(t: int, a: int, k: int) -> float:
    """Weigh 1 for T = A and, where t > k, ``(-1)^(k-a) a/(k+a) C(k,a) C(t-1,k) / C(t+k-1,k+a)``: Faith-Shap.

    The polynomial of degree k in the players' presence that is nearest to v by the weights of the Shapley kernel,
    ``(n-1) / (C(n,s) s (n-s))``, and equals v at the empty and at the grand coalition: the empty set is worth v(empty)
    and over all sets of 0 to k players the values sum to v(N); k = 1 gives Shapley values.

    Source: Tsai, Yeh & Ravikumar (2023), "Faith-Shap: the faithful Shapley interaction index".
    """
    if t <= k:
        return float(t == a)
    sign = (-1) ** (k - a)
    return float(sign * Fraction(a, k + a) * Fraction(comb(k, a) * comb(t - 1, k), comb(t + k - 1, k + a)))


def faithful_banzhaf(t: int, a: int, k: int) -> float:
    """Weigh 1 for T = A and, where t > k, ``(-1)^(k-a) 2^-(t-a) C(t-a-1, k-a)``: the faithful Banzhaf interactions.

    The polynomial of degree k in the players' presence that is nearest to v by least squares over all coalitions. The
    value of the empty set is its constant, not v(empty), and the values of 0 to k players do not sum to v(N); k = 1
    gives Banzhaf values.

    Source: Hammer & Holzman (1992); Tsai, Yeh & Ravikumar (2023), "Faith-Shap".
    """
    if t <= k:
        return float(t == a)
    return float((-1) ** (k - a) * comb(t - a - 1, k - a)) * 2.0 ** (a - t)


def values_of_sets(dividends: FloatArray, sets: IntArray, weight: Weight, largest: int) -> FloatArray:
    """Return ``sum over T containing A of weight(|T|, |A|, k) I(T)`` of each set A.

    Args:
        dividends: ``(2^n,)`` by bit code.
        sets: ``(set, size)``, padded with -1.
        weight: Of a superset's dividend.
        largest: The largest size ``k``.

    Returns:
        ``(set,)``.

    Example:
        >>> of_both = np.array([0.0, 0.0, 0.0, 6.0])
        >>> values_of_sets(of_both, np.array([[0, -1], [0, 1]]), shapley_interaction, 2).tolist()
        [3.0, 6.0]
    """
    n = len(dividends).bit_length() - 1
    present = sets >= 0
    sizes = present.sum(axis=1)
    codes = np.where(present, 1 << np.maximum(sets, 0), 0).sum(axis=1)
    players = np.bitwise_count(np.arange(len(dividends), dtype=np.uint32))
    values = np.empty(len(sets))
    for a in np.unique(sizes).tolist():
        by_size = np.array([weight(t, a, largest) if t >= a else 0.0 for t in range(n + 1)])
        at = codes[sizes == a]
        if by_size[a + 1 :].any():
            values[sizes == a] = superset_sums(by_size[players] * dividends)[at]
        else:
            values[sizes == a] = by_size[a] * dividends[at]
    return values


@cache
def bernoulli(j: int) -> Fraction:
    """Return the Bernoulli number ``B_j`` with ``B_1 = -1/2``: ``sum_{i <= j} C(j+1, i) B_i = 0`` for j > 0.

    Example:
        >>> [str(bernoulli(j)) for j in range(5)]
        ['1', '-1/2', '1/6', '0', '-1/30']
    """
    return Fraction(1) if j == 0 else -sum((comb(j + 1, i) * bernoulli(i) for i in range(j)), Fraction(0)) / (j + 1)
