"""The rules that usual gates follow, beside which this one is shown. Each answers: has the candidate changed?

They are given what 50 samples of both reports hold, ``(sample, row)``: rows are coalitions, or pairs of players.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from scipy import stats

from interact_cli.seeding import generator
from interact_cli.types import FloatArray

RESAMPLES = 1000
Rule = Callable[[FloatArray, FloatArray], bool]


def rose(reference: FloatArray, candidate: FloatArray) -> bool:
    """One number against one number: pytest-benchmark's ``mean:5%``."""
    return bool(candidate.mean() > 1.05 * reference.mean())


def disjoint(reference: FloatArray, candidate: FloatArray) -> bool:
    """The 95 % intervals of the two reports, each by itself, have nothing in common."""
    (first_low, first_high), (low, high) = (_interval(rows.mean(axis=1)) for rows in (reference, candidate))
    return bool(low > first_high or high < first_low)


def mann_whitney(reference: FloatArray, candidate: FloatArray) -> bool:
    """A rank test that does not know which samples belong together."""
    return bool(stats.mannwhitneyu(reference.mean(axis=1), candidate.mean(axis=1)).pvalue < 0.05)


def over_rows(reference: FloatArray, candidate: FloatArray) -> bool:
    """The paired bootstrap, of rows as if each were a sample of its own."""
    differences = (candidate - reference).ravel()
    replicates = _weights(differences.size) @ differences
    low, high = np.quantile(replicates, [0.025, 0.975])
    return bool(low > 0 or high < 0)


def paired_t(reference: FloatArray, candidate: FloatArray) -> bool:
    """Student's t on the samples' differences."""
    low, high = _interval((candidate - reference).mean(axis=1))
    return bool(low > 0 or high < 0)


CLASSIC: Mapping[str, Rule] = {
    '"mean rose by more than 5 %"': rose,
    "separate 95 % intervals disjoint": disjoint,
    "unpaired Mann-Whitney": mann_whitney,
    "bootstrap over rows": over_rows,
    "paired t": paired_t,
}


def _interval(values: FloatArray) -> tuple[float, float]:
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - half, values.mean() + half


@cache
def _weights(n_rows: int) -> FloatArray:
    rng = generator(0, "benchmark rows", n_rows)
    return rng.multinomial(n_rows, np.full(n_rows, 1 / n_rows), size=RESAMPLES) / n_rows
