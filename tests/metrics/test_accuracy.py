"""The exact interval of a share, held against a binomial law that is added up here."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from interact_cli.metrics.accuracy import interval


@pytest.mark.parametrize("n", [1, 2, 20, 50, 137])
def test_the_interval_covers_every_share(n: int):
    """The probability of all counts whose interval holds the share, for shares all over 0 to 1."""
    ends = [interval(k, n) for k in range(n + 1)]
    for share in [*np.linspace(0, 1, 201), 0.002, 0.998]:
        covered = sum(binom.pmf(k, n, share) for k, (low, high) in enumerate(ends) if low <= share <= high)
        assert covered >= 0.95 - 1e-12, share


@pytest.mark.parametrize(("k", "n"), [(0, 20), (20, 20), (7, 20), (49, 50), (1, 3)])
def test_the_interval_is_that_of_clopper_and_pearson(k: int, n: int):
    known = binomtest(k, n).proportion_ci(0.95, "exact")
    assert interval(k, n) == pytest.approx((known.low, known.high), abs=1e-12)
