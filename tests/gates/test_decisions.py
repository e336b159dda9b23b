"""PASS, FAIL or INCONCLUSIVE: one interval against the margin, and how often each is wrong."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from interact_cli.gates.policy import Margin
from interact_cli.gates.statistics.decisions import decide, problem, word_of
from interact_cli.gates.statistics.differences import differences
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.of_means import STATISTICS

RANK = {"PASS": 0, "INCONCLUSIVE": 1, "FAIL": 2}
DIRECTIONS = ("rise", "fall", "change")


def numbers(reference, candidate, statistic="mean"):
    """One quantity by order: ``(sample, order)`` each, or a tuple of such parts."""
    reference, candidate = (side if isinstance(side, tuple) else (side,) for side in (reference, candidate))
    of, labels = STATISTICS[statistic], (tuple(range(reference[0].shape[1])),)
    corrected = STATISTICS.get(of.corrected)
    return PairedNumbers("bottleneck", statistic, ("order",), labels, "logit", of, corrected, reference, candidate)


def drawn(n, resamples=2000):
    return Resamples.draw(n, seed=0, resamples=resamples)


def judged(paired, must_not="rise", margin=0.1, alpha=0.05, noise=None, resamples=2000):
    draws = drawn(paired.n_samples, resamples)
    return decide(paired, draws, must_not=must_not, margin=Margin.parse(margin), alpha=alpha, noise=noise)


def strengths(n=40, places=1, seed=0, change=1.0, spread=0.1):
    rng = np.random.default_rng(seed)
    reference = np.exp(0.5 * rng.normal(size=(n, places)))
    return reference, reference * change * np.exp(spread * rng.normal(size=(n, places)) - spread**2 / 2)


def moments(strength):
    return strength, strength**2 * 1.5, strength**2 * 1.4


def shifted(mean, n=40, places=1, seed=0, spread=1.0):
    """Differences of exactly this mean and standard deviation, on top of 10."""
    noise = np.random.default_rng(seed).normal(size=(n, places))
    noise = spread * (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1)
    return np.full((n, places), 10.0), 10 + mean + noise


@pytest.mark.parametrize(
    ("must_not", "mean", "word"),
    [
        ("rise", 0.0, "PASS"),
        ("rise", 0.3, "INCONCLUSIVE"),
        ("rise", 0.6, "FAIL"),
        ("rise", -9.0, "PASS"),
        ("fall", 0.0, "PASS"),
        ("fall", -0.3, "INCONCLUSIVE"),
        ("fall", -0.6, "FAIL"),
        ("fall", 9.0, "PASS"),
        ("change", 0.0, "PASS"),
        ("change", 0.3, "INCONCLUSIVE"),
        ("change", 0.6, "FAIL"),
        ("change", -0.6, "FAIL"),
    ],
)
def test_a_known_change_is_judged_as_it_is(must_not, mean, word):
    [one] = judged(numbers(*shifted(mean, spread=0.4)), must_not, margin=0.3)
    assert one.word == word
    assert (one.margin, one.relative, one.difference.confidence) == (0.3, False, 0.9)
    assert (one.needed is None) == (word != "INCONCLUSIVE" or abs(mean) == 0.3)


@given(st.integers(0, 5000), st.sampled_from(DIRECTIONS), st.sampled_from(["0.05", "4%"]), st.sampled_from([0.05, 0.2]))
@settings(max_examples=30)
def test_one_interval_against_the_margin(seed, must_not, margin, alpha):
    """With one place, the word is read off the printed interval; a two-sided FAIL off the one at 1 - alpha."""
    paired = numbers(*strengths(25, 1, seed, change=1 + 0.02 * (seed % 7 - 3)))
    [one] = judged(paired, must_not, margin, alpha, resamples=400)
    wide = judged(paired, "rise", margin, alpha / 2, resamples=400)[0].difference
    bounds = []
    for found in (one.difference, wide):
        bounds.append((found.relative_low, found.relative_high) if one.relative else (found.low, found.high))
    (low, high), (lowest, highest), limit = *bounds, one.margin
    passed = {"rise": high < limit, "fall": low > -limit, "change": -limit < low and high < limit}
    failed = {"rise": low > limit, "fall": high < -limit, "change": lowest > limit or highest < -limit}
    assert one.word == ("PASS" if passed[must_not] else "FAIL" if failed[must_not] else "INCONCLUSIVE")
    assert (one.p_value < alpha) == failed[must_not]


@given(st.integers(0, 5000), st.sampled_from(["rise", "fall"]))
@settings(max_examples=30)
def test_many_places_fail_by_holms_steps(seed, must_not):
    """Step by step with intervals: the place that stands out most at alpha / k, the next at alpha / (k - 1)."""
    rng = np.random.default_rng(seed)
    reference, candidate = shifted(rng.uniform(-1, 1, size=5), 25, 5, seed)
    paired, draws, sign = numbers(reference, candidate), drawn(25, 400), 1 if must_not == "rise" else -1
    found = decide(paired, draws, must_not=must_not, margin=Margin(0.1), alpha=0.1)
    expected = set()
    for step, place in enumerate(sorted(range(5), key=lambda place: found[place].p_value)):
        level = 0.1 / (5 - step)
        interval = differences(paired, draws, confidence=1 - 2 * level)[place]
        if not (interval.low if sign > 0 else -interval.high) > 0.1:
            break
        expected.add(place)
    assert {place for place, one in enumerate(found) if one.word == "FAIL"} == expected


@pytest.mark.parametrize("n", [20, 60])
def test_the_p_values_of_a_mean_are_students(n):
    """One-sided against the margin; the outermost of three bounds is a little more careful."""
    reference, candidate = shifted(0.45, n, 3, seed=1)
    for must_not, alternative, limit in (("rise", "greater", 0.1), ("fall", "less", -0.1)):
        for place, one in enumerate(judged(numbers(reference, candidate), must_not, resamples=20_000)):
            gone = candidate[:, place] - reference[:, place]
            expected = stats.ttest_1samp(gone, limit, alternative=alternative).pvalue
            assert expected - 1e-12 <= one.p_value <= 1.3 * expected + 0.004


def test_equivalence_is_two_one_sided_tests():
    """The larger p of the two t-tests decides PASS; checked away from the edge, where three bounds are not one."""
    seen = set()
    for seed in range(60):
        reference, candidate = shifted(0.004 * seed, 40, 1, seed, spread=0.5)
        gone = (candidate - reference)[:, 0]
        p = max(
            stats.ttest_1samp(gone, -0.25, alternative="greater").pvalue,
            stats.ttest_1samp(gone, 0.25, alternative="less").pvalue,
        )
        [one] = judged(numbers(reference, candidate), "change", margin=0.25, resamples=10_000)
        if not 0.035 < p < 0.05:
            assert (one.word == "PASS") == (p < 0.05)
            seen.add(one.word)
    assert seen == {"PASS", "INCONCLUSIVE"}


@given(st.integers(0, 5000), st.sampled_from(DIRECTIONS), st.sampled_from([0.01, 0.05, "3%"]), st.floats(1, 4))
@settings(max_examples=30)
def test_a_wider_margin_never_turns_pass_into_fail(seed, must_not, margin, factor):
    paired = numbers(*strengths(25, 3, seed, change=1 + 0.03 * (seed % 5 - 2)))
    narrow = Margin.parse(margin)
    wide = Margin(narrow.amount * factor, narrow.kind)
    for one, other in zip(judged(paired, must_not, narrow), judged(paired, must_not, wide), strict=True):
        assert RANK[other.word] <= RANK[one.word]


@given(st.integers(0, 5000), st.sampled_from(DIRECTIONS), st.sampled_from([0.01, "3%"]), st.floats(0.01, 1))
@settings(max_examples=30)
def test_a_smaller_alpha_never_decides_more(seed, must_not, margin, factor):
    paired = numbers(*strengths(25, 3, seed, change=1 + 0.03 * (seed % 5 - 2)))
    strict = judged(paired, must_not, margin, 0.2 * factor)
    for one, other in zip(judged(paired, must_not, margin, 0.2), strict, strict=True):
        assert other.word in {one.word, "INCONCLUSIVE"}


@given(st.integers(0, 5000), st.sampled_from(["0.03", "3%"]))
@settings(max_examples=30)
def test_swapping_the_reports_swaps_rise_and_fall(seed, margin):
    """In the unit of the number; a share of the candidate is another share."""
    reference, candidate = strengths(25, 3, seed, change=1 + 0.03 * (seed % 5 - 2))
    there, back = numbers(reference, candidate), numbers(candidate, reference)
    if margin.endswith("%"):
        unit = judged(numbers(7 * reference, 7 * candidate), "rise", margin)
        assert [one.word for one in unit] == [one.word for one in judged(there, "rise", margin)]
    else:
        for one, other in zip(judged(there, "rise", margin), judged(back, "fall", margin), strict=True):
            assert one.word == other.word
            assert one.p_value == pytest.approx(other.p_value, rel=1e-6, abs=1e-12)


def test_equal_reports_pass_any_margin():
    parts = moments(strengths(30, 4)[0])
    for statistic in ("mean_abs", "J_rms_corrected"):
        for must_not in DIRECTIONS:
            found = judged(numbers(parts, parts, statistic), must_not, margin=1e-300)
            assert [(one.word, one.p_value, one.p_adjusted) for one in found] == [("PASS", 1, 1)] * 4
            assert {one.difference.change for one in found} == {"identical"}
            assert word_of(found) == "PASS"


def test_equal_numbers_below_zero_pass_a_share_of_them():
    negative = -strengths(30, 1)[0]
    [one] = judged(numbers(negative, negative), margin="1%")
    assert one.word == "PASS"
    assert problem(one) is None


@pytest.mark.parametrize("n", [1, 2, 19])
@pytest.mark.parametrize("change", [1.0, 50.0])
def test_few_samples_decide_nothing(n, change):
    reference = strengths(n, 2)[0]
    found = judged(numbers(reference, change * reference), margin="5%")
    assert {one.word for one in found} == {word_of(found)} == {"INCONCLUSIVE"}
    assert all(problem(one) is None for one in found)
    assert all(np.isnan(one.p_adjusted) for one in found)


@pytest.mark.parametrize(("margin", "word"), [("49%", "FAIL"), ("51%", "PASS"), ("50%", "INCONCLUSIVE")])
def test_without_spread_the_number_decides(margin, word):
    """Every sample rises by half its own; at the margin itself nothing is shown, whatever the last bit says."""
    reference = strengths(30, 1)[0]
    [one] = judged(numbers(reference, 1.5 * reference), margin=margin)
    assert one.word == word


@pytest.mark.parametrize(("margin", "word"), [(0.49, "FAIL"), (0.51, "PASS"), (0.5, "INCONCLUSIVE")])
def test_without_spread_the_number_decides_of_signed_numbers_too(margin, word):
    reference = strengths(30, 1)[0] - 1
    [one] = judged(numbers(reference, reference + 0.5), margin=margin)
    assert one.word == word
    assert one.difference.standard_error == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("must_not", DIRECTIONS)
def test_the_last_bit_never_decides(must_not):
    """Every sample moves by exactly the margin, in decimals that binary numbers do not hold."""
    reference = strengths(30, 1)[0]
    sign = -1 if must_not == "fall" else 1
    for step in range(1, 60):
        [one] = judged(numbers(reference, reference + sign * step / 100), must_not, margin=step / 100, resamples=200)
        assert one.word == "INCONCLUSIVE"
        assert one.p_value == pytest.approx(1)
        [share] = judged(numbers(reference, reference * (1 + sign * step / 100)), must_not, f"{step}%", resamples=200)
        assert share.word == "INCONCLUSIVE"


def test_two_sides_cost_twice():
    paired = numbers(*shifted(np.array([0.3, -0.3]), 40, 2))
    first, second = (judged(paired, must_not, margin=0.1) for must_not in ("rise", "fall"))
    for place, one in enumerate(judged(paired, "change", margin=0.1)):
        assert one.p_value == pytest.approx(2 * min(first[place].p_value, second[place].p_value))
        assert one.p_value < 0.5


@pytest.mark.parametrize("statistic", ["mean_abs", "mean_abs_corrected", "rms", "rms_corrected", "J_mean_abs", "J_rms"])
@pytest.mark.parametrize("planted", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_passes(statistic, planted):
    for part in range(3):
        for in_candidate in (False, True):
            for must_not in DIRECTIONS:
                for margin in ("1000", "100000%", "9 noise"):
                    sides = [[one.copy() for one in moments(side)] for side in strengths(25, 3)]
                    sides[in_candidate][part][4, 1] = planted
                    paired = numbers(*map(tuple, sides), statistic)
                    found = judged(paired, must_not, margin, noise=np.ones(3), resamples=100)
                    assert found[1].word == "INCONCLUSIVE"
                    assert problem(found[1]).field == f"bottleneck: {statistic}: order 1"
                    assert word_of(found) != "PASS"


def test_both_reports_with_the_same_hole_are_not_identical():
    values = strengths(30, 2)[0]
    values[3, 0] = np.inf
    found = judged(numbers(values, values))
    assert [one.word for one in found] == ["INCONCLUSIVE", "PASS"]


@pytest.mark.parametrize("noise", [None, [np.nan], [np.inf]])
def test_unknown_noise_decides_nothing(noise):
    reference, candidate = strengths()
    [one] = judged(numbers(reference, candidate), margin="2 noise", noise=None if noise is None else np.array(noise))
    assert one.word == "INCONCLUSIVE"
    assert np.isnan(one.margin)
    assert one.noise is None
    assert "--self-check" in problem(one).advice


def test_a_margin_in_noise_is_a_multiple_of_each_places_own():
    reference, candidate = shifted(0.5, 40, 2, spread=0.1)
    found = judged(numbers(reference, candidate), margin="2 noise", noise=np.array([0.1, 0.4]))
    assert [(one.word, one.margin, one.noise) for one in found] == [("FAIL", 0.2, 0.1), ("PASS", 0.8, 0.4)]


@pytest.mark.parametrize(
    ("mean", "must_not", "word"),
    [
        (0.0, "rise", "INCONCLUSIVE"),
        (0.5, "rise", "FAIL"),
        (-0.5, "rise", "PASS"),
        (-0.5, "change", "FAIL"),
        (0.0, "change", "INCONCLUSIVE"),
    ],
)
def test_without_noise_any_change_that_is_shown_counts(mean, must_not, word):
    """An exact place: two plan seeds agree to the bit, and so must two versions, or better."""
    reference, candidate = shifted(mean, 40)
    assert judged(numbers(reference, candidate), must_not, "2 noise", noise=np.zeros(1))[0].word == word
    assert judged(numbers(reference, reference), must_not, "2 noise", noise=np.zeros(1))[0].word == "PASS"


def test_noise_is_told_in_the_unit_of_the_margin():
    reference, candidate = strengths(change=1.2)
    [share] = judged(numbers(reference, candidate), margin="5%", noise=np.array([0.3]))
    [plain] = judged(numbers(reference, candidate), margin="0.05", noise=np.array([0.3]))
    assert share.noise == pytest.approx(0.3 / reference.mean())
    assert plain.noise == 0.3


def test_a_share_of_nothing_decides_nothing():
    values = np.random.default_rng(0).normal(size=(40, 1))
    [one] = judged(numbers(values - values.mean(), values + 5), margin="5%")
    assert one.word == "INCONCLUSIVE"
    assert one.needed is None
    assert "logit" in problem(one).advice
    [plain] = judged(numbers(values - values.mean(), values + 5), margin="0.05")
    assert (plain.word, problem(plain)) == ("FAIL", None)


def test_bias_of_noise_neither_fails_nor_passes():
    """Raw rms rises by noise of the contexts alone: it is not FAIL, and its fall of as much is no PASS."""
    strength = strengths(40)[0]
    quiet = (strength, strength**2, strength**2)
    loud = (strength, strength**2 + 0.5, strength**2)
    assert judged(numbers(quiet, loud, "rms"), "rise", 0.1)[0].word == "INCONCLUSIVE"
    assert judged(numbers(quiet, loud, "rms"), "fall", 0.1)[0].word == "PASS"
    assert judged(numbers(loud, quiet, "rms"), "rise", 0.1)[0].word == "PASS"
    assert judged(numbers(loud, quiet, "rms"), "fall", 0.1)[0].word == "INCONCLUSIVE"
    assert judged(numbers(quiet, quiet, "rms"), "change", 0.1)[0].word == "PASS"


def test_no_number_of_samples_decides_between_two_readings():
    """Raw, the change is beyond the margin; corrected, inside."""
    strength = strengths(40)[0]
    sides = (strength, strength**2, strength**2), (strength, strength**2 + 0.5, strength**2)
    for must_not in ("rise", "change"):
        [one] = judged(numbers(*sides, "rms"), must_not, 0.1)
        assert (one.word, one.needed) == ("INCONCLUSIVE", None)
        assert one.difference.bias > 0.1


@pytest.mark.parametrize(("mean", "gap"), [(0.2, 0.1), (0.4, 0.1), (-0.2, 0.5)])
def test_the_samples_that_are_needed_follow_the_formula(mean, gap):
    [one] = judged(numbers(*shifted(mean, 40, spread=3.0)), margin=0.3)
    z = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)
    assert one.word == "INCONCLUSIVE"
    assert one.needed == pytest.approx(40 * (z * one.difference.standard_error / gap) ** 2, abs=1)
    assert one.detectable == pytest.approx(0.3 + z * one.difference.standard_error)


def test_the_samples_that_are_needed_reckon_with_both_readings():
    """The candidate is quieter: raw it falls, corrected it does not, and a rise is held against the corrected one."""
    strength, other = strengths(40, 1, spread=0.5)
    strength[0] = other[0] = 0  # no law is known of such numbers, so none widens the bounds
    loud, quiet = (strength, strength**2 + 0.5, strength**2), (other, other**2, other**2)
    [one] = judged(numbers(loud, quiet, "rms"), margin=0.7)
    found = one.difference
    z = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)
    assert found.bias < -0.1
    assert one.word == "INCONCLUSIVE"
    gap = 0.7 - (found.difference - found.bias)
    assert one.needed == max(41, ceil(40 * (z * found.standard_error / gap) ** 2))
    assert one.needed > 41


def test_a_claim_of_one_of_many_needs_more_samples_than_one_alone():
    reference, candidate = (side - 10 for side in shifted(0.4, 40, 5, spread=3.0))
    z = stats.norm.ppf(1 - 0.05 / 5) + stats.norm.ppf(0.8)
    for one in judged(numbers(reference, candidate), margin=0.3):
        assert one.needed == ceil(40 * (z * one.difference.standard_error / (0.4 - 0.3)) ** 2)
        assert one.detectable == pytest.approx(0.3 + z * one.difference.standard_error)


def test_no_number_of_samples_decides_what_lies_at_the_margin():
    assert judged(numbers(*shifted(0.3)), margin=0.3)[0].needed is None
    assert judged(numbers(*shifted(0.3 + 1e-6)), margin=0.3)[0].needed is None


def test_as_many_samples_as_are_said_to_be_needed_decide_in_four_of_five_cases():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(30, 1))
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    [first] = judged(numbers(np.full((30, 1), 5.0), 5 + noise), margin=0.2)
    n = first.needed
    again = np.full((n, 1000), 5.0), 5 + rng.normal(size=(n, 1000))
    found = judged(numbers(*again), margin=0.2)
    assert np.mean([one.word == "PASS" for one in found]) == pytest.approx(0.8, abs=0.05)


def test_so_they_do_where_few_samples_carry_the_strength():
    """Log-normal strengths of exact moments; then as many new samples as are said, whose true change is theirs."""
    shares = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        basis = np.linalg.qr(np.column_stack([np.ones(50), rng.normal(size=(50, 2))]))[0]
        strength, move = (7 * basis[:, 1:] * [0.75, 0.2]).T
        [first] = judged(numbers(*(np.exp(side)[:, None] for side in (strength, strength + move))), margin=0.08)
        n, change = first.needed, first.difference.difference
        if n is None or n > 500:  # decided already, or near the margin
            continue
        before, moved = (spread * rng.normal(size=(n, 200)) for spread in (0.75, 0.2))
        moved += np.log(1 + change / np.exp(0.75**2 / 2)) - 0.2**2 / 2
        words = [one.word for one in judged(numbers(np.exp(before), np.exp(before + moved)), margin=0.08)]
        shares.append(np.mean([word == "PASS" for word in words]))
    assert len(shares) >= 4
    assert np.mean(shares) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("alpha", [1e-12, 1e-100, 1e-300])
def test_a_level_below_the_last_bit_of_1_decides_nothing_and_warns_of_nothing(alpha):
    same = np.full((30, 2), 2.0)
    for paired in (numbers(*shifted(0.3, places=2)), numbers(same, same * 1.5)):
        for one in judged(paired, "change", margin=1.0, alpha=alpha):
            assert one.detectable is None or 0 < one.detectable < np.inf


@pytest.mark.parametrize("mean", [0.0, 0.03, -0.1])
def test_so_they_do_where_both_directions_count(mean):
    """Two bounds must both lie inside: near 0, either can be the one that does not."""
    [first] = judged(numbers(*(side - 10 for side in shifted(mean, 30))), "change", margin=0.2)
    n = first.needed
    again = np.zeros((n, 1000)), mean + np.random.default_rng(1).normal(size=(n, 1000))
    found = judged(numbers(*again), "change", margin=0.2)
    assert np.mean([one.word == "PASS" for one in found]) == pytest.approx(0.8, abs=0.05)


def test_a_lost_sample_more_or_less_than_the_margin():
    """Accuracy: counts of samples. 2 of 50 lost is 4 %, to the last bit of neither."""
    correct = np.ones((50, 1))
    lost = correct.copy()
    lost[:2] = 0
    [one] = judged(numbers(correct, lost), "fall", margin=0.04)
    assert one.difference.difference == pytest.approx(-0.04)
    assert one.word == "INCONCLUSIVE"
    lost[:15] = 0
    assert judged(numbers(correct, lost), "fall", margin=0.04)[0].word == "FAIL"


def test_the_word_of_a_rule():
    found = judged(numbers(*shifted(np.array([0.0, 0.3, 0.9]), 40, 3, spread=0.2)), margin=0.3)
    assert [one.word for one in found] == ["PASS", "INCONCLUSIVE", "FAIL"]
    assert word_of(found) == "FAIL"
    assert word_of(found[:2]) == "INCONCLUSIVE"
    assert word_of(found[:1]) == "PASS"
    assert word_of(()) == "INCONCLUSIVE"


# How often a gate is wrong: 1,000 pairs of reports, one a place, each judged for itself. Two standard errors are 1.4 %.


def repeats(change, spread, heavy, n=50, seed=0):
    """Heavy-tailed strengths of 1,000 pairs of reports whose candidate is truly larger by ``change``."""
    return numbers(*strengths(n, 1000, seed, 1 + change, spread)) if not heavy else _heavy(change, spread, n, seed)


def _heavy(change, spread, n, seed):
    rng = np.random.default_rng(seed)
    reference = np.exp(rng.normal(size=(n, 1000)))
    each = np.exp(spread * rng.normal(size=(n, 1000)) - spread**2 / 2)
    return numbers(reference, reference * (1 + change) * each)


def share_failed(paired, must_not, margin, alpha=0.05):
    """Each place for itself: its own p, not Holm's."""
    return np.mean([one.p_value < alpha for one in judged(paired, must_not, margin, alpha)])


def share_passed(paired, must_not, margin, alpha=0.05):
    return np.mean([one.word == "PASS" for one in judged(paired, must_not, margin, alpha)])


@pytest.mark.parametrize("heavy", [False, True])
def test_a_change_of_exactly_the_margin_is_a_false_alarm_in_at_most_7_of_100(heavy):
    paired = repeats(0.05, 0.1, heavy)
    assert share_failed(paired, "rise", "5%") <= 0.07
    truth = 0.05 * np.exp(0.5 if heavy else 0.125)
    assert share_failed(paired, "rise", truth) <= 0.07


@pytest.mark.parametrize(("heavy", "most"), [(False, 0.07), (True, 0.09)])
def test_a_fall_of_exactly_the_margin_is_a_false_alarm_hardly_more_often(heavy, most):
    """Few of the samples hold most of a heavy-tailed strength, and where they rise, they rise by much."""
    assert share_failed(repeats(-0.05, 0.1, heavy), "fall", "5%") <= most


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("must_not", DIRECTIONS)
def test_no_change_is_a_false_alarm_in_at_most_1_of_100(heavy, must_not):
    assert share_failed(repeats(0.0, 0.1, heavy), must_not, "5%") <= 0.01


def test_a_rise_of_a_tenth_is_caught():
    """`+10 %` against a margin of 1 %: at least 95 % of repeats, strengths of spread 0.5, 50 samples."""
    assert share_failed(repeats(0.10, 0.1, heavy=False), "rise", "1%") >= 0.95


@pytest.mark.parametrize(("heavy", "most"), [(False, 0.07), (True, 0.09)])
def test_a_change_of_exactly_the_margin_seldom_passes(heavy, most):
    """The other error: shipping what has become worse. The long tail lies on this side."""
    assert share_passed(repeats(0.05, 0.1, heavy), "rise", "5%") <= most


def test_one_of_many_orders_is_a_false_alarm_no_more_often_than_one_alone():
    """13 orders of J, all of them at the margin of a rise at once, 150 pairs: any FAIL in at most 7 %."""
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(150):
        shared = 0.3 * rng.normal(size=(50, 1))
        reference = np.exp(shared + 0.3 * rng.normal(size=(50, 13)))
        candidate = 1.05 * reference * np.exp(0.2 * rng.normal(size=(50, 13)) - 0.02)
        found = judged(numbers(reference, candidate), "rise", "5%", resamples=1000)
        alarms += word_of(found) == "FAIL"
    assert alarms / 150 <= 0.07


def test_an_alarm_at_every_order_by_itself_would_be_far_too_many():
    """What Holm is for: the same, each order for itself."""
    rng = np.random.default_rng(0)
    reference = np.exp(0.3 * rng.normal(size=(50, 13 * 100)))
    candidate = 1.05 * reference * np.exp(0.2 * rng.normal(size=(50, 13 * 100)) - 0.02)
    alone = [one.p_value < 0.05 for one in judged(numbers(reference, candidate), "rise", "5%")]
    assert np.reshape(alone, (100, 13)).any(axis=1).mean() > 0.2


def sampled(strength, noise, truth, n=50, places=200, n_contexts=4, n_pairs=20, seed=0):
    """Moments as a report has them: interactions of size ``truth``, estimated from a few contexts, place by place."""
    rng = np.random.default_rng(7)
    interactions = truth * strength[:, :, None] * rng.normal(size=(n, places, n_pairs))
    noises = np.random.default_rng(seed).normal(size=(n, places, n_pairs, n_contexts))
    contexts = interactions[..., None] + noise * strength[:, :, None, None] * noises
    means, errors = contexts.mean(axis=-1), contexts.var(axis=-1, ddof=1) / n_contexts
    return np.abs(means).mean(axis=-1), (means**2).mean(axis=-1), (means**2 - errors).mean(axis=-1)


@pytest.mark.parametrize("statistic", ["mean_abs", "rms"])
def test_noise_of_contexts_of_which_an_estimate_is_all_that_is_known_is_no_change(statistic):
    """Four contexts a pair, which vary more in the candidate: the interactions are the same, the rest is a guess."""
    size = np.exp(0.5 * np.random.default_rng(0).normal(size=(50, 200)))
    paired = numbers(sampled(size, 1.0, 0.3, seed=1), sampled(size, 1.5, 0.3, seed=2), statistic)
    assert share_failed(paired, "rise", "5%") <= 0.03
    assert share_failed(paired, "rise", 0.01) <= 0.07


@pytest.mark.parametrize("statistic", ["mean_abs", "rms"])
def test_less_noise_of_contexts_hides_no_rise(statistic):
    """The interactions rise by exactly the margin, while their contexts vary less."""
    size = np.exp(0.5 * np.random.default_rng(0).normal(size=(50, 200)))
    paired = numbers(sampled(size, 1.0, 0.3, seed=1), sampled(size, 0.5, 0.33, seed=2), statistic)
    assert share_passed(paired, "rise", "10%") <= 0.09


def test_the_noise_of_contexts_is_no_change():
    """The corrected twin sees it; without it the raw number of a noisier candidate FAILs."""
    rng = np.random.default_rng(0)
    truth = np.exp(0.3 * rng.normal(size=(50, 1)))
    error = rng.normal(size=(50, 1)) ** 2
    noisy = (truth, truth**2 + 0.3 * error, truth**2 + 0.3 * error - 0.3)
    quiet = (truth, truth**2, truth**2)
    assert judged(numbers(quiet, noisy, "rms"), "rise", "5%")[0].word != "FAIL"
    blind = replace(numbers(quiet, noisy, "rms"), corrected=None)
    assert judged(blind, "rise", "5%")[0].word == "FAIL"


def test_a_reference_of_zero_cannot_fall_by_a_share_of_itself():
    """No salient coalition before, some now: "must not fall by 10 %" holds. Elsewhere a share of 0 stays undecided."""
    none, few = np.zeros((40, 1)), np.where(np.arange(40)[:, None] < 3, 2.0, 0.0)
    assert [one.word for one in judged(numbers(none, few), "fall", margin="10%")] == ["PASS"]
    assert [one.word for one in judged(numbers(none, none), "fall", margin="10%")] == ["PASS"]
    assert [one.word for one in judged(numbers(none, few - 0.1), "fall", margin="10%")] == ["INCONCLUSIVE"], (
        "some are lower"
    )
    assert [one.word for one in judged(numbers(none, -few), "fall", margin="10%")] == ["INCONCLUSIVE"]
    for must_not in ("rise", "change"):
        [one] = judged(numbers(none, few), must_not, margin="10%")
        assert one.word == "INCONCLUSIVE"
        assert "reference that is shown to be above 0" in problem(one).advice
    [low, moved] = judged(numbers(np.hstack([none, none + 1]), np.hstack([few, none + 0.5])), "fall", margin="10%")
    assert (low.word, moved.word) == ("PASS", "FAIL"), "each place by itself"


def test_a_share_of_samples_of_zero_may_be_lost_elsewhere():
    """None of 40 right does not say that none is right anywhere: the exact bound stands."""
    none, few = np.zeros((40, 1)), np.where(np.arange(40)[:, None] < 3, 1.0, 0.0)
    paired = replace(numbers(none, few), counted=True)
    assert [one.word for one in judged(paired, "fall", margin="10%")] == ["INCONCLUSIVE"]
