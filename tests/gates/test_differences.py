"""Candidate minus reference: intervals, words, and what no interval can rest on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from interact_cli.gates.statistics import paired
from interact_cli.gates.statistics.differences import differences
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.of_means import STATISTICS, OfMeans


def numbers(reference, candidate, statistic="mean", dims=("order",)):
    """A quantity of these parts: an array ``(sample, *dims)`` each, or a tuple of them."""
    reference, candidate = (side if isinstance(side, tuple) else (side,) for side in (reference, candidate))
    of = STATISTICS[statistic]
    labels = tuple(tuple(range(length)) for length in reference[0].shape[1:])
    corrected = STATISTICS.get(of.corrected)
    return PairedNumbers(
        "multi-order", statistic, dims[: len(labels)], labels, "logit", of, corrected, reference, candidate
    )


def drawn(n, resamples=2000, seed=0):
    return Resamples.draw(n, seed=seed, resamples=resamples)


def strengths(n=40, places=4, seed=0, change=1.0, spread=0.1):
    """Skewed strengths by order of two versions, most of which they share."""
    rng = np.random.default_rng(seed)
    reference = np.exp(0.5 * rng.normal(size=(n, places)))
    return reference, reference * change * np.exp(spread * rng.normal(size=(n, places)))


def moments(strength, noise=0.0):
    """Mean |I|, raw and unbiased square: what a strength is made of."""
    return strength, strength**2 * 1.5 + noise, strength**2 * 1.5


@pytest.mark.parametrize("n", [20, 50])
def test_the_interval_of_a_mean_is_students_and_little_more(n):
    rng = np.random.default_rng(1)
    reference = rng.normal(5, 1, size=(n, 6))
    candidate = reference + rng.normal(0.2, 0.5, size=(n, 6))
    for place, found in enumerate(differences(numbers(reference, candidate), drawn(n, 10_000))):
        test = stats.ttest_rel(candidate[:, place], reference[:, place])
        low, high = test.confidence_interval(0.95)
        assert (found.t_low, found.t_high) == pytest.approx((low, high), rel=1e-9)
        assert found.difference == pytest.approx((low + high) / 2)
        assert found.low <= low + 1e-12 < high - 1e-12 <= found.high
        assert found.high - found.low < 1.15 * (high - low)
        assert found.standard_error == pytest.approx(found.difference / test.statistic, rel=0.05)


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_both_sides_of_a_share_are_resampled_alike(confidence):
    """J by hand: lists of drawn samples, both reports from the same list; percentile interval inside ours."""
    reference, candidate = strengths(25, 3)
    found = differences(numbers(moments(reference), moments(candidate), "J_mean_abs"), drawn(25), confidence=confidence)

    def share(rows):
        means = [sum(row[place] for row in rows) / len(rows) for place in range(3)]
        return [one / (sum(means) / 3) for one in means]

    replicates, ratios = [], []
    for counts in drawn(25).counts.tolist():
        samples = [sample for sample, count in enumerate(counts) for _ in range(count)]
        first, second = share(reference[samples].tolist()), share(candidate[samples].tolist())
        replicates.append([two - one for one, two in zip(first, second, strict=True)])
        ratios.append([two / one - 1 for one, two in zip(first, second, strict=True)])
    first, second = share(reference.tolist()), share(candidate.tolist())
    shares = stats.norm.cdf(np.sqrt(25 / 24) * stats.t.ppf([(1 - confidence) / 2, (1 + confidence) / 2], 24))
    for place, one in enumerate(found):
        of_place = [row[place] for row in replicates]
        assert (one.reference, one.candidate) == pytest.approx((first[place], second[place]))
        assert one.standard_error == pytest.approx(np.std(of_place, ddof=1) * np.sqrt(25 / 24))
        for low, high, row in (
            (one.low, one.high, of_place),
            (one.relative_low, one.relative_high, [row[place] for row in ratios]),
        ):
            inner = np.quantile(row, shares)
            assert low <= inner[0] + 1e-12 < inner[1] - 1e-12 <= high
            assert high - low < 1.3 * (inner[1] - inner[0])
        assert one.relative == pytest.approx(second[place] / first[place] - 1)


def test_the_cross_check_of_a_ratio_is_the_jackknife_by_hand():
    reference, candidate = strengths(22, 2)
    [found, _] = differences(numbers(moments(reference), moments(candidate), "J_rms"), drawn(22))

    def difference(kept):
        sides = [np.sqrt((side[kept] ** 2).mean(axis=0)) for side in (reference, candidate)]
        first, second = (side / side.mean() for side in sides)
        return (second - first)[0]

    everyone = np.arange(22)
    pseudo = [22 * difference(everyone) - 21 * difference(everyone != one) for one in everyone]
    half = stats.t.ppf(0.975, 21) * np.std(pseudo, ddof=1) / np.sqrt(22)
    assert found.t_high - found.difference == pytest.approx(half, rel=1e-9)
    assert found.difference - found.t_low == pytest.approx(half, rel=1e-9)


def test_the_interval_covers_the_raw_and_the_corrected_reading():
    """More noise of the contexts in the candidate: raw rms rises by it, and the interval reaches down to the rest's."""
    reference, candidate = strengths(30, 1)
    reference[0] = candidate[0] = 0  # no law is known of such numbers
    plain = differences(numbers(moments(reference), moments(candidate), "rms_corrected"), drawn(30))[0]
    raw = numbers(moments(reference), moments(candidate, noise=0.5), "rms")
    uncorrected = differences(replace(raw, corrected=None), drawn(30))[0]
    found = differences(raw, drawn(30))[0]
    root = [np.sqrt(part.mean()) for part in (*raw.candidate[1:], *raw.reference[1:])]
    assert found.bias == pytest.approx((root[0] - root[2]) - (root[1] - root[3]))
    assert found.bias > 0 == uncorrected.bias
    assert (found.low, found.high) == (plain.low, uncorrected.high)
    assert (found.relative_low, found.relative_high) == (plain.relative_low, uncorrected.relative_high)
    assert found.low < plain.difference < uncorrected.low < found.difference < found.high
    mirrored = differences(replace(raw, reference=raw.candidate, candidate=raw.reference), drawn(30))[0]
    assert mirrored.bias == pytest.approx(-found.bias)
    assert mirrored.high == pytest.approx(-found.low)


def test_a_reference_that_is_all_noise_has_no_relative_difference():
    """Corrected, nothing is left of it: a share of nothing."""
    reference, candidate = strengths(30, 1)
    parts = (reference, reference**2, -(reference**2)), moments(candidate)
    assert differences(numbers(*parts, "rms"), drawn(30))[0].relative is None
    assert differences(numbers(moments(reference), moments(candidate), "rms"), drawn(30))[0].relative is not None


def test_a_reference_that_is_nearly_all_noise_has_none_either():
    """A tenth of it is left, and the interval of what is left reaches down to zero."""
    reference, candidate = strengths(30, 1, spread=0.3)
    rest = np.random.default_rng(0).normal(size=(30, 1))
    loud = reference, reference**2, 0.01 * reference**2 + 0.1 * (rest - rest.mean())
    assert differences(numbers(loud, moments(candidate), "rms"), drawn(30))[0].relative is None


def test_nor_has_one_whose_rest_lies_in_one_sample():
    """Above zero on every resample, and its interval reaches far below."""
    reference, candidate = strengths(30, 1)
    rest = np.full((30, 1), 1e-4)
    rest[0] = 1.0
    assert (
        differences(numbers((reference, reference**2, rest), moments(candidate), "rms"), drawn(30))[0].relative is None
    )


@pytest.mark.parametrize("errors", [2.9, 5.0])
def test_a_reference_below_zero_on_some_resamples_has_no_relative_difference(errors):
    """2.9 standard errors above: its 95 % interval is above zero, its ratio still runs away on some resamples."""
    values = np.random.default_rng(3).normal(size=(50, 1))
    values = (values - values.mean()) / values.std(ddof=1) + errors / np.sqrt(50)
    [found] = differences(numbers(values, values + 1), drawn(50))
    assert stats.ttest_1samp(values[:, 0], 0).confidence_interval(0.95).low > 0
    assert (found.relative is None) == (errors < 3)


@pytest.mark.parametrize(
    ("shift", "shown"), [(2.0, True), (0.3, False), (0.0, False), (-2.0, False)], ids=["above", "at", "zero", "below"]
)
def test_a_share_of_the_reference_needs_a_reference_above_zero(shift, shown):
    values = np.random.default_rng(0).normal(size=(30, 1))
    values += shift - values.mean()
    [found] = differences(numbers(values, values + 1), drawn(30))
    given = (found.relative, found.relative_low, found.relative_high)
    assert [one is not None for one in given] == [shown] * 3
    assert np.isfinite([found.low, found.high]).all()


def test_the_relative_interval_is_read_off_the_ratio():
    """A candidate that is everywhere 7 % larger: no spread at all in the ratio, much in the difference."""
    reference, _ = strengths()
    for found in differences(numbers(reference, 1.07 * reference), drawn(40)):
        assert (found.relative_low, found.relative, found.relative_high) == pytest.approx((0.07,) * 3, abs=1e-9)
        assert found.high - found.low > 0.01
        assert found.change == "rose"


def test_equal_numbers_are_identical():
    reference, candidate = strengths(30, 3)
    candidate[:, 1] = reference[:, 1]
    first, second, third = differences(numbers(reference, candidate), drawn(30))
    assert second.change == "identical" != first.change
    assert third.change != "identical"
    assert (second.difference, second.low, second.high, second.t_low, second.standard_error, second.bias) == (0,) * 6
    assert (second.relative, second.relative_low, second.relative_high) == (0, 0, 0)


def test_where_places_share_a_level_all_must_be_equal_to_be_identical():
    reference, candidate = strengths(30, 3)
    candidate[:, 1] = reference[:, 1]
    sides = moments(reference), moments(candidate)
    assert all(one.change != "identical" for one in differences(numbers(*sides, "J_mean_abs"), drawn(30)))
    same = differences(numbers(sides[0], sides[0], "J_mean_abs"), drawn(30))
    assert [one.change for one in same] == ["identical"] * 3


def test_places_that_change_places_with_others_are_not_identical():
    """The level of J stays, sample by sample, and so does J at order 0; it is equal, so no change is made up."""
    reference, _ = strengths(30, 3)
    found = differences(numbers(moments(reference), moments(reference[:, [0, 2, 1]]), "J_mean_abs"), drawn(30))
    assert found[0].low == pytest.approx(0, abs=1e-12)
    assert found[1].difference == pytest.approx(-found[2].difference)
    assert found[1].difference != 0


def test_a_change_of_many_places_must_stand_out_more():
    """One place at two-sided p 0.02: shown alone, not among ten."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, 10))
    noise = (noise - noise.mean(axis=0)) / noise.std(axis=0, ddof=1)
    noise[:, 0] += stats.t.isf(0.01, 39) / np.sqrt(40)
    reference = 10 + np.zeros((40, 10))
    alone = differences(numbers(reference[:, :1], reference[:, :1] + noise[:, :1]), drawn(40, 10_000))
    among = differences(numbers(reference, reference + noise), drawn(40, 10_000))
    assert alone[0].change == "rose"
    assert {one.change for one in among} == {"no change shown"}
    assert among[0].low > 0


def test_a_shown_change_lies_outside_the_printed_interval_of_a_single_number():
    for seed in range(40):
        reference, candidate = strengths(25, 1, seed, change=1 + 0.02 * (seed % 5 - 2))
        [found] = differences(numbers(reference[:, 0], candidate[:, 0], dims=()), drawn(25))
        assert found.dims == found.at == ()
        assert found.change == ("rose" if found.low > 0 else "fell" if found.high < 0 else "no change shown")


@pytest.mark.parametrize("n", [0, 1, 2, 19])
def test_few_samples_have_no_interval(n):
    reference, candidate = strengths(n, 2) if n else (np.zeros((0, 2)),) * 2
    for found in differences(numbers(reference, candidate), drawn(n)):
        assert np.isnan([found.low, found.high, found.t_low, found.t_high]).all()
        assert found.relative is None
        assert found.change == ("no change shown" if n else "undefined")
        assert np.isfinite(found.standard_error) == (n > 1)


@given(
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.integers(0, 2),
    st.booleans(),
    st.integers(0, 24),
    st.integers(0, 2),
    st.sampled_from(["mean_abs", "mean_abs_corrected", "rms", "rms_corrected", "J_mean_abs", "J_rms_corrected"]),
)
def test_what_is_not_finite_is_undefined(planted, part, in_candidate, sample, place, statistic):
    """Also where the statistic does not read it: mean |I| of infinite squares."""
    sides = [[*moments(side)] for side in strengths(25, 3)]
    sides[in_candidate][part] = sides[in_candidate][part].copy()
    sides[in_candidate][part][sample, place] = planted
    found = differences(numbers(*map(tuple, sides), statistic), drawn(25, 200))
    assert found[place].change == "undefined"
    for one in found:
        if one.change == "undefined":
            assert np.isnan([one.low, one.high, one.t_low, one.t_high]).all()
            assert one.relative is one.relative_low is one.relative_high is None
        else:
            assert np.isfinite([one.reference, one.candidate, one.low, one.high]).all()


def test_a_planted_number_is_seen_through_a_choice_of_places():
    sides = [moments(side) for side in strengths(25, 3)]
    sides[1][1][3, 2] = np.nan
    some = replace(
        numbers(*sides, "mean_abs"),
        labels=((0,),),
        corrected=None,
        statistic=OfMeans(lambda *means: means[0][..., [0]]),
    )
    assert differences(some, drawn(25, 200))[0].change == "undefined"


def test_a_resample_without_a_number_is_seen():
    """All of the strength in one sample: a third of the resamples have none of it, and J is 0 / 0."""
    reference = np.zeros((30, 2))
    reference[0] = 1, 2
    found = differences(numbers(moments(reference), moments(2 * reference + 0.0), "J_mean_abs"), drawn(30))
    assert [one.change for one in found] == ["undefined"] * 2
    assert np.isfinite([one.difference for one in found]).all()


@given(st.integers(0, 10_000), st.sampled_from(["mean", "J_mean_abs", "rms"]))
@settings(max_examples=30)
def test_swapping_the_reports_mirrors_every_difference(seed, statistic):
    sides = strengths(25, 3, seed, change=1.05)
    if statistic != "mean":
        sides = tuple(moments(side) for side in sides)
    there = differences(numbers(*sides, statistic), drawn(25, 400))
    back = differences(numbers(*sides[::-1], statistic), drawn(25, 400))
    mirror = {"rose": "fell", "fell": "rose"}
    for one, other in zip(there, back, strict=True):
        assert (other.low, other.high) == pytest.approx((-one.high, -one.low), abs=1e-9)
        assert other.change == mirror.get(one.change, one.change)


@given(st.integers(0, 10_000), st.floats(1e-6, 1e6))
@settings(max_examples=30)
def test_another_unit_scales_the_interval_and_leaves_the_share(seed, unit):
    reference, candidate = strengths(25, 2, seed)
    plain = differences(numbers(reference, candidate), drawn(25, 400))
    scaled = differences(numbers(unit * reference, unit * candidate), drawn(25, 400))
    for one, other in zip(plain, scaled, strict=True):
        assert (other.low, other.high) == pytest.approx((unit * one.low, unit * one.high), rel=1e-6)
        assert (other.relative_low, other.relative_high) == pytest.approx(
            (one.relative_low, one.relative_high), rel=1e-6, abs=1e-9
        )
        assert other.change == one.change


def test_the_order_of_the_samples_decides_nothing():
    reference, candidate = strengths()
    order = np.random.default_rng(5).permutation(40)
    plain, drawn_for_it = numbers(reference, candidate), drawn(40, 10_000)
    moved = numbers(reference[order], candidate[order])
    along = Resamples(drawn_for_it.counts[:, order])
    for one, same, near in zip(
        *(differences(*pair) for pair in ((plain, drawn_for_it), (moved, along), (moved, drawn_for_it))), strict=True
    ):
        assert (same.low, same.high, same.t_low) == pytest.approx((one.low, one.high, one.t_low), rel=1e-9)
        assert (near.low, near.high) == pytest.approx((one.low, one.high), abs=0.1 * (one.high - one.low))


def test_places_are_taken_a_few_at_a_time(monkeypatch):
    rng = np.random.default_rng(0)
    reference, candidate = rng.random((25, 4, 30)), rng.random((25, 4, 30))
    maps = numbers(reference, candidate, dims=("order", "pair"))
    whole = differences(maps, drawn(25, 200))
    monkeypatch.setattr(paired, "AT_ONCE", 200 * 7)
    assert [one.at for one in whole] == [(order, pair) for order in range(4) for pair in range(30)]
    for one, other in zip(whole, differences(maps, drawn(25, 200)), strict=True):
        assert (other.low, other.relative_high) == pytest.approx((one.low, one.relative_high), rel=1e-9)
        assert other.change == one.change


def test_what_shares_a_level_is_never_cut(monkeypatch):
    sides = [moments(side) for side in strengths(25, 30)]
    whole = differences(numbers(*sides, "J_rms"), drawn(25, 200))
    monkeypatch.setattr(paired, "AT_ONCE", 200 * 7)
    assert differences(numbers(*sides, "J_rms"), drawn(25, 200)) == whole


def test_a_statistic_that_takes_some_places_needs_all_of_them():
    sides = [moments(side) for side in strengths(25, 5)]
    everything = numbers(*sides, "J_mean_abs")
    some = replace(
        everything,
        labels=((1, 4),),
        statistic=OfMeans(lambda *means: STATISTICS["J_mean_abs"].of(*means)[..., [1, 4]]),
        corrected=OfMeans(lambda *means: STATISTICS["J_mean_abs_corrected"].of(*means)[..., [1, 4]]),
    )
    whole = differences(everything, drawn(25))
    for one, other in zip(differences(some, drawn(25)), (whole[1], whole[4]), strict=True):
        assert one.at == other.at
        assert (one.low, one.high, one.relative_low) == pytest.approx((other.low, other.high, other.relative_low))


def test_what_is_done_before_the_mean_is_done():
    rng = np.random.default_rng(0)
    signed = rng.normal(size=(30, 2))
    found = differences(numbers(signed, 2 * signed, "mean_magnitude"), drawn(30))
    assert [one.reference for one in found] == pytest.approx(np.abs(signed).mean(axis=0))
    flipped = differences(numbers(signed, -signed, "mean_magnitude"), drawn(30))
    assert [one.change for one in flipped] == ["identical"] * 2
