"""Digits come from the interval, signs from the difference, and rounding never moves an end across a mark."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import verdicts

from interact_cli.report.verdicts.wording import (
    Reading,
    absolute,
    alike,
    both_values,
    decimals,
    margin_text,
    place,
    probability,
    relative,
    written,
)

usual = st.floats(-1000, 1000).filter(lambda value: value == 0 or abs(value) > 1e-5)


def parsed(text):
    return float(text.replace(",", ""))


@pytest.mark.parametrize(
    ("value", "places", "said"),
    [
        (0.0507, 3, "+0.051"),
        (-0.0507, 3, "-0.051"),
        (0.0, 3, "0"),
        (-0.0, 3, "0"),
        (-0.0004, 3, "0.000"),
        (12345.6, 0, "+12,346"),
        (12345.6, -2, "+12,346"),
        (3.21e-9, 11, "+3.21e-09"),
        (math.nan, 3, "undefined"),
        (math.inf, 3, "+infinite"),
        (-math.inf, 3, "-infinite"),
    ],
)
def test_numbers_as_written_by_hand(value, places, said):
    assert written(value, places, "+") == said


@given(usual, st.integers(0, 6))
def test_a_written_number_is_the_rounded_one_and_never_minus_zero(value, places):
    text = written(value, places, "+")
    assert parsed(text) == pytest.approx(value, abs=0.5001 * 10**-places)
    assert not (text.startswith("-") and parsed(text) == 0)
    assert text[0] in "+-" or parsed(text) == 0


@pytest.mark.parametrize(
    ("low", "high", "places"),
    [(0.081, 0.165, 3), (0.81, 1.65, 2), (8.1, 16.5, 1), (81, 165, 0), (0.0004, 0.2, 4), (-0.5, 0.5, 2)],
)
def test_two_digits_of_half_the_width_decide(low, high, places):
    assert decimals(low, high) == places


@given(usual, st.floats(1e-3, 100), st.floats(1e-3, 10))
@example(0.0996, 0.09, 0.1)
def test_an_end_is_shown_on_its_side_of_zero_and_of_the_margin(value, half, margin):
    low, high = value - half, value + half
    read = Reading(value, low, high, "", margin)
    close = 10.0 ** -(1 - math.floor(math.log10(half)) + 2)
    for end, text in zip((low, high), read.interval.strip("[]").split(", "), strict=True):
        for mark in (0.0, margin, -margin):
            if abs(end - mark) > close:
                assert (parsed(text) > mark) == (end > mark)


def test_a_bound_just_below_the_margin_is_not_rounded_onto_it():
    assert Reading(0.03, 0.011, 0.04996, "", 0.05).interval == "[+0.01100, +0.04996]"


def test_value_and_interval_share_their_decimals_and_their_unit():
    held = verdicts.difference(3)
    assert absolute(held).full == "+0.051 [+0.033, +0.068] log-odds"
    assert relative(held).full == "+12.3 [+8.1, +16.6] %"
    assert relative(held).change == "+12.3 %"
    assert both_values(held) == ("0.412", "0.463")


def test_a_pure_number_has_no_unit_and_an_unknown_share_none():
    held = verdicts.difference(None, unit="1", share=False)
    assert absolute(held).full == "+0.051 [+0.033, +0.068]"
    assert relative(held) is None
    assert place(held) == ""


def test_what_is_not_known_is_said_in_words():
    held = verdicts.difference(3, change=verdicts.NAN, low=verdicts.NAN, high=verdicts.NAN, word="undefined")
    assert absolute(held).full == "undefined"
    assert absolute(held).interval == ""
    known = verdicts.difference(3, 0.4, 0.05, verdicts.NAN, verdicts.NAN)
    assert absolute(known).full == "+0.0500 log-odds"


def test_places_are_named_by_axis_and_rounded():
    held = verdicts.difference(dims=("keep_rate", "player"), at=(0.1 + 0.2, "r0 c1"))
    assert place(held) == "keep rate 0.3, player r0 c1"


def test_a_column_gets_one_number_of_decimals_where_one_digit_more_is_enough():
    near = alike([Reading(1, 0.8, 1.2, ""), Reading(2, 1.97, 2.03, ""), Reading(0, 0, 0, "")])
    assert [read.change for read in near] == ["+1.000", "+2.000", "0"]
    far = alike([Reading(1, 0.8, 1.2, ""), Reading(2, 1.997, 2.003, "")])
    assert [read.change for read in far] == ["+1.00", "+2.0000"]


@pytest.mark.parametrize(
    ("amount", "said"),
    [(5.000000000000001, "5"), (0.05, "0.05"), (0.0246917, "0.02469"), (12000, "12,000"), (1e-6, "1e-06"), (0, "0")],
)
def test_margins_are_written_as_people_write_them(amount, said):
    assert margin_text(amount) == said


def test_probabilities():
    assert [probability(p) for p in (0.05, 0.0002, 1e-12, 1.0, math.nan)] == [
        "p = 0.050",
        "p = 2.0e-04",
        "p < 0.0001",
        "p = 1.0",
        "",
    ]
