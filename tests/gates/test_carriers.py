"""Few samples that carry a difference are found, and named where they matter."""

from __future__ import annotations

import numpy as np
import pytest

from interact_cli.gates.statistics.carriers import carriers
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.metrics.summaries.of_means import STATISTICS

RNG = np.random.default_rng(5)


def numbers(reference, candidate, statistic="mean"):
    sides = [side if isinstance(side, tuple) else (side,) for side in (reference, candidate)]
    labels = (tuple(range(sides[0][0].shape[1])),) if sides[0][0].ndim > 1 else ()
    return PairedNumbers("m", "q", ("order",)[: len(labels)], labels, "1", STATISTICS[statistic], None, *sides)


def strengths(n=40, places=1):
    return np.exp(0.5 * np.random.default_rng(n).normal(size=(n, places)))


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("sign", [1, -1])
def test_samples_that_alone_move_a_mean_are_found(relative, sign):
    reference = strengths()
    candidate = reference * np.exp(0.02 * RNG.normal(size=reference.shape))
    candidate[[3, 30], 0] += sign * np.array([2.0, 5.0])
    found = carriers(numbers(reference, candidate), 0, 0.1, relative=relative)
    kept = np.delete(np.arange(40), [3, 30])
    first, second = reference[kept].mean(), candidate[kept].mean()
    assert found.rows.tolist() == [30, 3]
    assert found.without == pytest.approx(second / first - 1 if relative else second - first)


def test_the_place_is_the_one_that_is_asked():
    reference = strengths(40, 3)
    candidate = reference * 1.2
    candidate[7, 1] += 9
    paired = numbers((reference,) * 3, (candidate,) * 3, "J_mean_abs")
    found = carriers(paired, 1, 0.1, relative=False)
    curves = [side / side.mean() for side in (np.delete(one, 7, axis=0).mean(axis=0) for one in (reference, candidate))]
    assert found.rows.tolist() == [7]
    assert found.without == pytest.approx((curves[1] - curves[0])[1])


def test_magnitudes_are_taken_before_the_mean():
    reference = strengths() * np.where(np.arange(40) % 2, 1, -1)[:, None]
    candidate = reference.copy()
    candidate[8] *= 20
    found = carriers(numbers(reference, candidate, "mean_magnitude"), 0, 0.1, relative=True)
    assert (found.rows.tolist(), found.without) == ([8], pytest.approx(0))


def test_lost_samples_are_few_that_carry_a_share():
    right = np.ones(40)
    wrong = right.copy()
    wrong[[5, 6, 30]] = 0
    found = carriers(numbers(right, wrong), 0, 0.05, relative=False)
    assert sorted(found.rows.tolist()) == [5, 6, 30]
    assert found.without == 0


@pytest.mark.parametrize(
    "changed",
    [
        lambda x: 1.5 * x,
        lambda x: x + 1,
        lambda x: x,
        lambda x: x * np.exp(0.1 * np.random.default_rng(1).normal(size=x.shape)),
        lambda x: np.where(np.arange(40)[:, None] < 9, x + 3, x),
    ],
    ids=["all alike by a share", "all alike", "none", "each a little", "more than a fifth"],
)
def test_where_no_few_carry_it_nobody_is_named(changed):
    assert carriers(numbers(strengths(), changed(strengths())), 0, 0.1, relative=True) is None


def test_who_stands_out_and_does_not_matter_is_not_named():
    reference = strengths()
    candidate = reference.copy()
    candidate[4] += 0.2
    paired = numbers(reference, candidate)
    moved = 0.2 / 40
    assert carriers(paired, 0, 2.1 * moved, relative=False) is None
    assert carriers(paired, 0, 1.9 * moved, relative=False).rows.tolist() == [4]


def test_few_samples_name_nobody():
    reference = strengths(19)
    candidate = reference.copy()
    candidate[4] += 9
    assert carriers(numbers(reference, candidate), 0, 0.1, relative=False) is None
