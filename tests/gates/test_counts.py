"""Bounds of a share of samples: exact where too few samples differ for resampling to know anything."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from interact_cli.gates.policy import Margin
from interact_cli.gates.statistics.counts import Counts
from interact_cli.gates.statistics.decisions import decide, word_of
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.of_means import STATISTICS

MEAN = STATISTICS["mean"]


def accuracy(first: np.ndarray, second: np.ndarray, *, counted: bool = True) -> PairedNumbers:
    sides = (first.astype(float),), (second.astype(float),)
    return PairedNumbers("accuracy", "accuracy", (), (), "1", MEAN, None, *sides, counted=counted)


def word(first: np.ndarray, second: np.ndarray, margin: object, must_not: str = "fall", **more: bool) -> str:
    numbers = accuracy(first, second, **more)
    drawn = Resamples.draw(len(first), seed=0, resamples=2000)
    return word_of(decide(numbers, drawn, must_not=must_not, margin=Margin.parse(margin), alpha=0.05))


@given(st.integers(20, 200), st.data())
def test_bounds_are_those_at_which_so_few_are_rare(n: int, data: st.DataObject):
    """Clopper and Pearson's definition: under the bound, seeing no more than this has probability alpha."""
    seen = data.draw(st.integers(0, n - 1))
    first, second = np.ones((n, 1)), np.ones((n, 1))
    second[:seen] = 0
    counts = Counts.of(first, second)
    share = -counts.low(0.05)[0]

    assert stats.binom.cdf(seen, n, share) == pytest.approx(0.05, rel=1e-6)
    assert counts.p_below(np.array([-0.5]))[0] == pytest.approx(stats.binom.cdf(0, n, max(seen / n - 0.5, 0)))
    assert counts.p_above(np.array([-share]))[0] == pytest.approx(0.05, rel=1e-6)


def test_what_no_sample_shows_does_not_pass_a_small_margin():
    right = np.ones(50, dtype=bool)

    assert word(right, right, 0.02) == "INCONCLUSIVE", "0 of 50 lost leaves a loss of 5.8 % open"
    assert word(right, right, 0.06) == "PASS"
    assert word(right, right, "2%") == "INCONCLUSIVE"
    assert word(right, right, "6%") == "PASS"
    assert word(right, right, 0.02, "change") == "INCONCLUSIVE"
    assert word(right, right, 0.02, counted=False) == "PASS", "one network twice: nothing can differ elsewhere"
    many = np.ones(200, dtype=bool)
    assert word(many, many, 0.02) == "PASS"


def test_a_shown_loss_still_fails():
    before, after = np.ones(50, dtype=bool), np.ones(50, dtype=bool)
    after[:25] = False
    assert word(before, after, 0.1) == "FAIL"
    assert word(before, after, "10%") == "FAIL"
    assert word(after, before, 0.1) == "PASS"


@pytest.mark.parametrize("n", [20, 50, 100])
def test_a_true_loss_of_the_margin_seldom_passes(n: int):
    """The share that would pass, from the law of the counts: at most alpha, whatever the gains."""
    margin, passed = 0.05, 0.0
    for lost in range(n + 1):
        first, second = np.ones((n, 1)), np.ones((n, 1))
        second[:lost] = 0
        if Counts.of(first, second).low(0.05)[0] > -margin:
            passed += stats.binom.pmf(lost, n, margin)
    assert passed <= 0.05
    by_resampling = stats.binom.pmf(0, n, margin)
    assert n > 50 or by_resampling > 0.05, "what the mere bootstrap would pass"


def chance_to_pass(n: int, share: float, margin: float) -> float:
    """The share of the counts, under their law, of which a loss of the margin is ruled out at 5 %."""
    lost = np.arange(n + 1)
    passes = stats.binom.cdf(lost, n, margin) < 0.05
    return float(stats.binom.pmf(lost[passes], n, share).sum())


def test_the_samples_that_a_share_needs_are_those_of_its_exact_bound():
    """One of 50 lost, held against 8 %: one sample more would not decide it."""
    before, after = np.ones(50), np.ones(50)
    after[0] = 0
    drawn = Resamples.draw(50, seed=0, resamples=2000)
    [one] = decide(accuracy(before, after), drawn, must_not="fall", margin=Margin.parse(0.08), alpha=0.05)
    assert (one.word, one.needed is None, one.detectable is None) == ("INCONCLUSIVE", False, False)
    assert chance_to_pass(51, 0.02, 0.08) < 0.8
    assert 0.8 <= chance_to_pass(one.needed, 0.02, 0.08) < 0.97

    shown = sum(stats.binom.pmf(lost, 50, one.detectable) for lost in range(51) if lost / 50 - 0.0582 > 0.08)
    assert shown == pytest.approx(0.8, abs=0.1)
    loss = accuracy(np.ones(50), np.arange(50) >= 1)
    [relative] = decide(loss, drawn, must_not="fall", margin=Margin.parse("8%"), alpha=0.05)
    assert relative.needed == one.needed
