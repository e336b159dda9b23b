"""Transforms over all coalitions against sums over listed sets."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import references
from support.strategies import tables

from interact_cli.interactions.exact.transforms import (
    moebius,
    or_interactions,
    rounding_of_dividends,
    superset_differences,
    superset_sums,
    zeta,
)

SOME = settings(max_examples=30, deadline=None)
EVERY = [moebius, zeta, superset_sums, superset_differences, or_interactions]


def close(actual, expected, values):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9 * max(1.0, float(np.abs(values).max())))


@SOME
@given(drawn=tables(1, 7))
def test_superset_sums_are_sums_over_the_listed_supersets(drawn):
    values, n = drawn
    x = references.set_game(values, n)
    close(superset_sums(values), references.table(lambda S: sum(x[T] for T in x if S <= T), n), values * 2**n)
    signed = references.table(lambda S: sum((-1) ** (len(T) - len(S)) * x[T] for T in x if S <= T), n)
    close(superset_differences(values), signed, values * 2**n)
    close(superset_differences(superset_sums(values)), values, values * 4**n)


@SOME
@given(drawn=tables(1, 7), seed=st.integers(0, 1000))
def test_superset_transforms_are_the_transposes(drawn, seed):
    """<M x, y> = <x, M^T y>."""
    values, n = drawn
    other = np.random.default_rng(seed).normal(size=2**n)
    scale = 4**n * max(1.0, np.abs(values).max())
    assert moebius(values) @ other == pytest.approx(values @ superset_differences(other), abs=1e-12 * scale)
    assert zeta(values) @ other == pytest.approx(values @ superset_sums(other), abs=1e-12 * scale)


@pytest.mark.parametrize("transform", EVERY)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("order", ["C", "F"])
def test_vectors_are_transformed_component_by_component(transform, n, order):
    values = np.asarray(np.random.default_rng(n).normal(size=(2**n, 3)), order=order)
    before = values.copy()
    found = transform(values)
    assert found.shape == values.shape
    np.testing.assert_array_equal(values, before)
    for component in range(3):
        np.testing.assert_allclose(found[:, component], transform(np.ascontiguousarray(values[:, component])))


@pytest.mark.parametrize("transform", EVERY)
def test_a_strided_or_read_only_table_is_left_alone(transform):
    values = np.random.default_rng(0).normal(size=64)
    strided, frozen = np.repeat(values, 2)[::2], values.copy()
    frozen.flags.writeable = False
    np.testing.assert_array_equal(transform(strided), transform(values))
    np.testing.assert_array_equal(transform(frozen), transform(values))
    assert transform(np.arange(4)).dtype == np.float64


def test_an_or_of_two_is_one_or_interaction():
    assert or_interactions(np.array([5.0, 6.0, 6.0, 6.0])).tolist() == [5.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("transform", EVERY)
def test_twenty_players_stay_below_128_mib_above_the_table(transform):
    table = np.random.default_rng(0).normal(size=2**20)
    tracemalloc.start()
    try:
        transform(table)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 128 * 2**20


@pytest.mark.parametrize("transform", [moebius, or_interactions])
def test_rounding_of_a_dividend_is_what_independent_errors_make_of_it(transform):
    n, rounding = 5, 1e-3
    table = np.linspace(-7.0, 3.0, 2**n)
    by_value = np.stack([transform(row) for row in np.eye(2**n)])  # what an error of one value does to each dividend
    expected = 7.0 * rounding * np.sqrt((by_value**2).sum(axis=0))
    np.testing.assert_allclose(rounding_of_dividends(table, rounding), expected)
    both = rounding_of_dividends(np.stack([table, 2 * table], axis=1), rounding)
    np.testing.assert_allclose(both, np.stack([expected, 2 * expected], axis=1))
