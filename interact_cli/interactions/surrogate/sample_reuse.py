"""Maximum sample reuse: what a model leaves of every drawn value counts for every set."""

from __future__ import annotations

import numpy as np

from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.types import BoolArray, FloatArray


def reused(
    functional: Functional, first: BoolArray, left: FloatArray, possible: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the index of what a model leaves of a game, and its standard error: ``(set,)`` twice.

    ``sum over pairs L, N - L of (N_s / T_s) [w_A(L) e(L) + w_A(N - L) e(N - L)]``: T_s of the N_s complementary pairs
    of a size were drawn, e is what is left of v. The standard error is that of a stratified sample without replacement,
    0 where a size is whole.

    Source: Fumagalli et al. (2023); Cochran (1977), chapter 5.

    Args:
        functional: The index.
        first: ``(pair, n)``: one coalition of each pair, the smaller one where one is smaller.
        left: ``(pair, 2)``: e of it and of its complement.
        possible: ``(n // 2 + 1,)``: the pairs of each size that ``first`` was drawn from.
    """
    sizes = first.sum(axis=1)
    drawn = np.bincount(sizes, minlength=len(possible))
    means, variances = np.zeros(len(functional.sets)), np.zeros(len(functional.sets))
    for some, part in functional.parts(len(first)):
        counted = part.weights(first) * left[:, :1] + part.weights(~first) * left[:, 1:]
        for size in np.flatnonzero(drawn):
            of_size = counted[sizes == size]
            scale = possible[size] / drawn[size]
            means[some] += scale * of_size.sum(axis=0)
            # A single pair has no variance; what is left of a game has a mean near 0.
            spread = of_size.var(axis=0, ddof=1) if drawn[size] > 1 else of_size[0] ** 2
            variances[some] += (1 - 1 / scale) * scale**2 * drawn[size] * spread
    return means, np.sqrt(variances)
