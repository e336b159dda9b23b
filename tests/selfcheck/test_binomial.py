"""The Clopper-Pearson interval against published tables and its definition in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from interact_cli.errors import UsageError
from interact_cli.selfcheck.binomial import clopper_pearson

TABLE = {
    (0, 10): (0.0, 0.3085),
    (1, 10): (0.0025, 0.4450),
    (5, 10): (0.1871, 0.8129),
    (10, 10): (0.6915, 1.0),
    (1, 20): (0.0013, 0.2487),
    (10, 100): (0.0490, 0.1762),
    (50, 100): (0.3983, 0.6017),
}
"""Successes, trials -> 95 % interval: the usual tables of exact binomial limits."""


@pytest.mark.parametrize(("seen", "interval"), TABLE.items(), ids=str)
def test_published_tables(seen: tuple[int, int], interval: tuple[float, float]):
    assert clopper_pearson(*seen) == pytest.approx(interval, abs=5e-5)


def at_least(successes: int, trials: int, share: float) -> Fraction:
    p = Fraction(share)
    return sum(
        (comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(successes, trials + 1)), start=Fraction(0)
    )


@pytest.mark.parametrize(("successes", "trials", "confidence"), [(3, 17, 0.95), (29, 30, 0.99), (1, 5, 0.9999)])
def test_ends_leave_half_of_the_rest_on_either_side(successes: int, trials: int, confidence: float):
    low, high = clopper_pearson(successes, trials, confidence)
    assert float(at_least(successes, trials, low)) == pytest.approx((1 - confidence) / 2, rel=1e-9)
    assert float(1 - at_least(successes + 1, trials, high)) == pytest.approx((1 - confidence) / 2, rel=1e-9)


def test_many_trials():
    low, high = clopper_pearson(11_572, 23_145)
    half = 1.959964 * (0.25 / 23_145) ** 0.5
    assert (low, high) == pytest.approx((0.5 - half, 0.5 + half), abs=1e-4)
    assert clopper_pearson(23_145, 23_145) == pytest.approx((0.025 ** (1 / 23_145), 1.0), abs=1e-12)


@pytest.mark.parametrize("seen", [(1, 0), (-1, 3), (4, 3)])
def test_impossible_counts(seen: tuple[int, int]):
    with pytest.raises(UsageError, match="successes"):
        clopper_pearson(*seen)
