"""Whether an accuracy is above chance: the exact test, and where it says nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from interact_cli.results import SampleTable, at_chance


@pytest.mark.parametrize("n", [10, 30, 137, 5000])
@pytest.mark.parametrize("chance", [0.01, 0.1, 0.5, 0.63])
def test_is_the_exact_binomial_test(n: int, chance: float):
    assert chance**n < 0.05
    expected = round(chance * n)
    for correct in {0, max(0, expected - 1), expected, *range(expected, n + 1, max(1, n // 40)), n}:
        tested = stats.binomtest(correct, n, chance, alternative="greater").pvalue
        assert at_chance(correct / n, chance, n) == (tested > 0.05), correct


@pytest.mark.parametrize("n", range(1, 40))
@pytest.mark.parametrize("chance", [0.1, 0.5, 0.9, 0.99])
def test_a_perfect_score_is_never_chance(n: int, chance: float):
    assert not at_chance(1.0, chance, n)


def test_too_few_samples_decide_nothing():
    assert not at_chance(0.0, 0.5, 4)  # luck gets 4 of 4 right once in 16 times
    assert at_chance(0.0, 0.5, 5)  # and 5 of 5 once in 32


@pytest.mark.parametrize(
    ("accuracy", "chance"), [(np.nan, 0.5), (0.1, np.nan), (np.nan, np.nan), (0.1, 0.0), (0.1, 1.0), (7.0, 0.5)]
)
def test_what_is_not_known_is_not_chance(accuracy: float, chance: float):
    assert not at_chance(accuracy, chance, 100)


def test_a_table_counts_its_own_samples():
    numbers = np.zeros(20)
    counts = numbers.astype(np.int64)
    ids = tuple(map(str, range(20)))
    table = SampleTable(ids, counts, counts, counts == 0, numbers, numbers, counts, counts, counts, (), 0.6, 0.5)

    assert table.at_chance  # 12 of 20 coins: p = 0.25
    assert not dataclasses.replace(table, accuracy=0.75).at_chance  # 15 of 20: p = 0.021
