"""Instability against two loops over the repeats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support import pattern_references

from interact_cli.interactions.instability import instability

NUMBERS = st.floats(-50, 50, allow_nan=False, width=32)


@settings(max_examples=60, deadline=None)
@given(repeats=hnp.arrays(np.float64, st.tuples(st.integers(2, 7), st.integers(1, 4)), elements=NUMBERS))
def test_the_mean_over_places_of_the_published_ratio(repeats):
    expected = np.mean([pattern_references.instability(column.tolist()) for column in repeats.T])
    assert instability(repeats) == pytest.approx(expected, abs=1e-9)


def test_one_number_needs_no_axis_of_places():
    assert instability(np.array([1.0, 2.0, 6.0])) == pytest.approx((1 + 5 + 4) / 3 / 3)


def test_equal_repeats_and_zeros_are_stable():
    assert instability(np.full((5, 3), 0.1)) == 0
    assert instability(np.zeros((4, 2))) == 0
    assert instability(np.array([[0.0, 1.0], [0.0, 3.0]])) == pytest.approx(0.5)


def test_places_that_were_not_measured_are_left_out():
    assert instability(np.array([[1.0, np.nan], [3.0, 7.0]])) == 1.0
    assert np.isnan(instability(np.full((3, 2), np.nan)))
    assert np.isnan(instability(np.array([1.0])))


def test_opposite_repeats_reach_the_bound():
    assert instability(np.array([1.0, -1.0])) == 2.0
