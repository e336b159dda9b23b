"""Instability: how much a number changes when it is measured again with other draws."""

from __future__ import annotations

import numpy as np

from interact_cli.types import FloatArray


def instability(statistics: FloatArray) -> float:
    """Return by how much repeated measurements of one sample differ, in units of their size.

    ``mean over places of [ mean over u != v of |s_u - s_v| ] / [ mean over w of |s_w| ]``

    A place is whatever the numbers of one measurement stand for: nothing for one number, the orders of a profile,
    the players. A place where every repeat gives 0 counts 0; one where a repeat is NaN is left out.

    Source: Zhang et al. (ICLR 2021), appendix K (one number: E|I| of an image); Deng et al. (2022), appendix C (J^(m)
    at every order m); Zhang et al. (AAAI 2021), Experiments (one number: T). Each then averages over samples.

    Args:
        statistics: ``(R,)`` or ``(R, place)``: one row for each of R >= 2 repeats.

    Returns:
        A pure number from 0 to 2; NaN where no place is left.

    Example:
        >>> instability(np.array([1.0, 3.0]))
        1.0
        >>> instability(np.array([[1.0, 0.0], [3.0, 0.0]]))
        0.5
    """
    repeats = np.asarray(statistics, dtype=np.float64).reshape(len(statistics), -1)
    repeats = repeats[:, np.isfinite(repeats).all(axis=0)]
    n_repeats, n_places = repeats.shape
    if not n_places or n_repeats < 2:
        return float("nan")
    level = np.abs(repeats).mean(axis=0)
    # Sorted, the k-th smallest of R numbers is the larger one of k pairs and the smaller one of R - 1 - k.
    rising = np.sort(repeats - repeats.min(axis=0), axis=0)
    signs = 2.0 * np.arange(n_repeats) - (n_repeats - 1)
    change = signs @ rising / (n_repeats * (n_repeats - 1) / 2)
    return float(np.where(level > 0, change / np.where(level > 0, level, 1.0), 0.0).mean())
