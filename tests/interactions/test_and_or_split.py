"""The learned split into AND and OR interactions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import and_or_reference as naive
from support.references import table
from support.strategies import tables

from interact_cli.errors import NonFiniteError, ShapeError, UsageError
from interact_cli.interactions.and_or.blocks import Blocks
from interact_cli.interactions.and_or.split import AndOr, learned_split
from interact_cli.interactions.exact.transforms import moebius

QUICK = settings(max_examples=15, deadline=None)


def gaussian(n, seed=0):
    return np.random.default_rng(seed).normal(size=2**n)


@pytest.mark.parametrize("n", range(1, 11))
def test_the_blocks_are_the_moebius_transform_and_its_transpose(n):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=(2, 2, 2**n))
    forward = Blocks.moebius(n)
    mapped = forward.apply(x.copy(), np.empty_like(x))[0].copy()
    np.testing.assert_allclose(mapped, [moebius(x[0]), moebius(x[1])], atol=1e-9)
    back = forward.transposed.apply(y.copy(), np.empty_like(y))[0]
    np.testing.assert_allclose((back * x).sum(axis=1), (mapped * y).sum(axis=1), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("q_share", [0.0, 0.04, 0.5])
def test_the_descent_is_that_of_dense_matrices(n, q_share):
    v = gaussian(n, seed=n)
    rates = 1e-3 * np.ptp(v) * 10.0 ** -(np.arange(200) / 199)
    p, q, losses = naive.split(v, n, rates=rates, momentum=0.9, bound=q_share * abs(v[-1] - v[0]))
    split = learned_split(v, iterations=200, learning_rate=1e-3, q_share=q_share)
    np.testing.assert_allclose(split.q, q, atol=1e-9)
    np.testing.assert_allclose(split.loss, losses, atol=1e-9)
    ors = naive.or_matrix(n) @ ((v + q) / 2 - p)
    several = [len(S) > 1 for S in naive.in_order(n)]
    np.testing.assert_allclose(split.or_values, ors * several, atol=1e-9)
    moved = ors * np.logical_not(several)
    np.testing.assert_allclose(split.values, naive.and_matrix(n) @ ((v + q) / 2 + p) + moved, atol=1e-9)


@QUICK
@given(drawn=tables(1, 5), q_share=st.sampled_from([0.0, 0.04]))
def test_and_plus_or_is_the_game_plus_q(drawn, q_share):
    """v(T) = sum_{S in T} I_and(S) + I_or(empty) + sum over S that meet T of I_or(S) - q(T)."""
    v, n = drawn
    split = learned_split(v, iterations=60, learning_rate=1e-3, q_share=q_share)
    scale = max(1.0, np.abs(v).max())
    total = naive.total(naive.listed(split.values, split.or_values, n), split.values[0] + split.or_values[0], n)
    np.testing.assert_allclose(total - split.q, v, atol=1e-9 * scale)
    np.testing.assert_allclose(split.table, v, atol=1e-9 * scale)
    assert np.abs(split.q).max() <= q_share * abs(v[-1] - v[0]) + 1e-12 * scale


@QUICK
@given(drawn=tables(1, 5))
def test_p_and_q_give_both_kinds(drawn):
    v, n = drawn
    split = learned_split(v, iterations=60, learning_rate=1e-3)
    scale = max(1.0, np.abs(v).max())
    half = (v + split.q) / 2
    np.testing.assert_allclose(split.values, naive.and_matrix(n) @ (half + split.p), atol=1e-8 * scale)
    np.testing.assert_allclose(split.or_values, naive.or_matrix(n) @ (half - split.p), atol=1e-8 * scale)


def test_an_or_of_one_player_or_none_is_an_and():
    split = learned_split(gaussian(4))
    assert np.all(split.or_values[[0, 1, 2, 4, 8]] == 0.0)


@pytest.mark.parametrize("scale", [1e-4, 300.0])
def test_an_and_stays_and_and_an_or_goes_to_or(scale):
    v = scale * table(lambda T: 2.0 * ({0, 1, 2} <= T) - 1.5 * bool({2, 3, 4} & T) + 0.7 * (1 in T) + 5.0, 5)
    split = learned_split(v, q_share=0.0)
    ands, ors = np.zeros(32), np.zeros(32)
    ands[[0, 0b00010, 0b00111]] = 5.0, 0.7, 2.0
    ors[0b11100] = -1.5
    np.testing.assert_allclose(split.values, scale * ands, atol=5e-3 * scale)
    np.testing.assert_allclose(split.or_values, scale * ors, atol=5e-3 * scale)
    assert split.sparser
    assert split.l1_after == pytest.approx(4.2 * scale, rel=1e-2)


def test_noise_within_q_is_not_explained():
    clean = table(lambda T: 4.0 * ({0, 1} <= T) + 3.0 * bool({1, 2, 3} & T), 4)
    noisy = clean + 0.02 * gaussian(4)
    assert learned_split(noisy, q_share=0.04).l1_after < 0.95 * learned_split(noisy, q_share=0.0).l1_after


def test_strength_before_is_that_of_the_dividends():
    v = gaussian(3)
    assert learned_split(v, iterations=0).l1_before == pytest.approx(np.abs((naive.and_matrix(3) @ v)[1:]).sum())


def test_a_split_that_is_not_sparser_says_so():
    v = table(lambda T: float({0, 1, 2, 3} <= T), 4)
    split = learned_split(v, iterations=0)
    assert not split.sparser
    assert split.l1_before == pytest.approx(1.0)
    assert split.l1_after == pytest.approx(np.abs(split.values[1:]).sum() + np.abs(split.or_values).sum())
    assert split.l1_after > 1.0
    assert learned_split(v).l1_after <= 1.0 + 1e-2


def test_scale_offset_and_repetition_change_nothing_but_the_scale():
    v = gaussian(5)
    split = learned_split(v, iterations=500)
    again = learned_split(v, iterations=500)
    larger = learned_split(1024.0 * v, iterations=500)
    assert np.array_equal(split.values, again.values)
    assert np.array_equal(1024.0 * split.values, larger.values)
    assert np.array_equal(1024.0 * split.or_values, larger.or_values)


def test_a_constant_game_has_nothing_to_split():
    split = learned_split(np.full(8, 3.0))
    np.testing.assert_array_equal(split.values, [3.0, 0, 0, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(split.or_values, np.zeros(8))
    assert (split.l1_before, split.l1_after, split.sparser) == (0.0, 0.0, False)


def test_a_split_is_an_exact_estimate_of_all_coalitions():
    split = learned_split(gaussian(3), iterations=5)
    assert isinstance(split, AndOr)
    assert (split.index, split.n_players, split.evaluations, len(split.loss)) == ("and-or", 3, 8, 6)
    assert split.players[5] == (0, 2)
    assert split.exact.all()
    assert not split.standard_errors.any()


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (np.zeros(3), ShapeError, r"`table` of shape \(2\^n,\) with n >= 1, got \(3,\)"),
        (np.zeros((4, 2)), ShapeError, r"got \(4, 2\)"),
        (np.zeros(1), ShapeError, r"got \(1,\)"),
        (np.array([0.0, np.nan]), NonFiniteError, "finite `table`, got 1 NaN or infinite ones"),
    ],
)
def test_bad_tables(values, error, message):
    with pytest.raises(error, match=message):
        learned_split(values)


@pytest.mark.parametrize(
    "setting", [{"iterations": -1}, {"learning_rate": -1.0}, {"momentum": 1.0}, {"q_share": -0.1}], ids=str
)
def test_bad_settings(setting):
    with pytest.raises(UsageError, match="Expected iterations >= 0"):
        learned_split(np.zeros(4), **setting)
