"""Maximum sample reuse: what a model leaves of every drawn value counts for every set."""

from __future__ import annotations

import numpy as np

from interact_cli.interactions.designs.draws import PRIOR_DRAWS
from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.types import BoolArray, FloatArray


def reused(
    functional: Functional, first: BoolArray, left: FloatArray, possible: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the index of what a model leaves of a game, its standard error, and its variance: ``(set,)`` each.

    ``sum over pairs L, N - L of (N_s / T_s) [w_A(L) e(L) + w_A(N - L) e(N - L)]``: T_s of the N_s complementary pairs
    of a size were drawn, e is what is left of v. The variance is that of a stratified sample without replacement, 0
    where a size is whole. Where some pairs of a size count for nothing, as of an order, few may be left that count: a
    set of h such shares its spread with all, ``s^2 = (4 mean of all s^2 + h s^2 of the set) / (4 + h)``, for the
    standard error. A set that none counts for would be certain; the variance is without that, so that its mean over
    sets has no bias.

    Source: Fumagalli et al. (2023); Cochran (1977), chapter 5; Smyth (2004), with fixed prior degrees of freedom.

    Args:
        functional: The index.
        first: ``(pair, n)``: one coalition of each pair, the smaller one where one is smaller.
        left: ``(pair, 2)``: e of it and of its complement.
        possible: ``(n // 2 + 1,)``: the pairs of each size that ``first`` was drawn from.
    """
    sizes = first.sum(axis=1)
    drawn = np.bincount(sizes, minlength=len(possible))
    means, variances, moderated = np.zeros((3, len(functional.sets)))
    for some, part in functional.parts(len(first)):
        of_one, of_other = part.weights(first), part.weights(~first)
        counted = of_one * left[:, :1] + of_other * left[:, 1:]
        counts = (of_one != 0) | (of_other != 0)
        for size in np.flatnonzero(drawn):
            of_size = counted[sizes == size]
            scale = possible[size] / drawn[size]
            means[some] += scale * of_size.sum(axis=0)
            # A single pair has no variance; what is left of a game has a mean near 0.
            spread = of_size.var(axis=0, ddof=1) if drawn[size] > 1 else of_size[0] ** 2
            factor = (1 - 1 / scale) * scale**2 * drawn[size]
            variances[some] += factor * spread
            hits = counts[sizes == size].sum(axis=0)
            shared = (PRIOR_DRAWS * spread.mean() + hits * spread) / (PRIOR_DRAWS + hits)
            moderated[some] += factor * np.where(hits < drawn[size], shared, spread)
    return means, np.sqrt(moderated), variances
