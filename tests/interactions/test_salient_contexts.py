"""Salient contexts of a pair against loops over sets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support import pattern_references, references
from support.strategies import tables

from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import unique, unpack
from interact_cli.interactions.salient_contexts import contexts_among, salient_contexts_design, size_weights, weighed

QUICK = settings(max_examples=25, deadline=None)


def values_of(table, packed):
    n = int(np.log2(len(table)))
    return table[unpack(packed, n) @ 2 ** np.arange(n)]


def sets_of(packed, n):
    return [frozenset(np.flatnonzero(row).tolist()) for row in unpack(packed, n)]


@QUICK
@given(drawn=tables(3, 6), data=st.data())
def test_the_map_over_all_contexts(drawn, data):
    table, n = drawn
    i, j = data.draw(st.permutations(range(n)))[:2]
    v = references.set_game(table, n)
    B = references.shapley_interaction(v, n)[i, j]
    scale = max(1.0, np.abs(table).max())
    if abs(B) < 1e-9 * scale:
        return
    rest = pattern_references.others(n, i, j)
    sizes = [abs(references.delta(v, i, j, S)) for S in references.subsets(rest)]
    assume(not any(0 < size < 1e-9 * scale for size in sizes))  # whether such a context counts is rounding
    picture, total, salient = pattern_references.salient_map(v, n, i, j)
    design = salient_contexts_design(n, (i, j), 2**n, seed=0, stream="x")
    assert len(unique(design.asked)[0]) == 2**n == len(design.asked)
    found = design.estimate(values_of(table, design.asked))
    np.testing.assert_allclose(found.values, picture, atol=1e-9 * scale)
    assert found.interaction == pytest.approx(B, abs=1e-9 * scale)
    assert found.salient_weight == pytest.approx(total, abs=1e-9 * scale)
    assert (found.n_contexts, found.n_salient) == (2 ** (n - 2), len(salient))
    np.testing.assert_allclose(found.inclusion_rate, picture / total, atol=1e-9)
    assert found.pair == (min(i, j), max(i, j))
    assert np.isnan(found.values[[i, j]]).all()
    assert found.exact[rest].all()
    assert (found.standard_errors[rest] == 0).all()
    assert found.evaluations == 2**n
    shown = [abs(references.delta(v, i, j, S)) for S in salient[:20]]
    np.testing.assert_allclose(np.abs(found.differences), shown, atol=1e-9 * scale)
    for context, difference in zip(found.contexts, found.differences, strict=True):
        assert difference == pytest.approx(references.delta(v, i, j, frozenset(context)), abs=1e-9 * scale)


def test_the_normalised_map_spans_zero_to_one():
    table = np.random.default_rng(3).normal(size=32)
    design = salient_contexts_design(5, (0, 1), 32, seed=0, stream="x")
    found = design.estimate(values_of(table, design.asked))
    rest = found.values[2:]
    np.testing.assert_allclose(found.normalised[2:], (rest - rest.min()) / (rest.max() - rest.min()))
    assert np.isnan(found.normalised[:2]).all()
    alike = design.estimate(2.0 * (unpack(design.asked, 5).sum(axis=1) == 5))  # all five are needed
    assert (alike.normalised[2:] == 0).all()
    np.testing.assert_allclose(alike.inclusion_rate[2:], 1)


def test_without_interaction_no_context_is_salient():
    design = salient_contexts_design(4, (1, 2), 16, seed=0, stream="x")
    found = design.estimate(np.zeros(16))
    assert found.n_salient == 0
    assert found.contexts == ()
    assert np.isnan(found.inclusion_rate).all()
    np.testing.assert_array_equal(found.values, [0, np.nan, np.nan, 0])


def test_drawn_contexts_are_averaged_as_they_come():
    n, pair = 6, (4, 1)
    table = np.random.default_rng(1).normal(size=2**n)
    v = references.set_game(table, n)
    design = salient_contexts_design(n, pair, 63, seed=5, stream="x")
    rows = sets_of(design.asked, n)
    assert len(rows) == 60
    terms = []
    for both, first, second, neither in zip(*[iter(rows)] * 4, strict=True):
        assert not neither & {1, 4}
        assert (both, {first, second}) == (neither | {1, 4}, {neither | {1}, neither | {4}})
        terms.append((neither, references.delta(v, 1, 4, neither)))
    B = np.mean([term for _, term in terms])
    salient = [(S, term) for S, term in terms if term * B > 0]
    expected = [sum(abs(term) for S, term in salient if k in S) / 15 for k in range(n)]
    found = design.estimate(values_of(table, design.asked))
    rest = [0, 2, 3, 5]
    np.testing.assert_allclose(found.values[rest], np.array(expected)[rest])
    assert found.interaction == pytest.approx(B)
    assert not found.exact.any()
    assert found.evaluations == len(set(rows))
    by_draw = [abs(term) * (0 in S) * (term * B > 0) for S, term in terms]
    assert found.standard_errors[0] == pytest.approx(np.std(by_draw, ddof=1) / np.sqrt(15))


def test_many_draws_reach_the_map_over_all_contexts():
    n = 7
    table = np.random.default_rng(2).normal(size=2**n) + 12 * np.array(
        [code.bit_count() ** 2 / n for code in range(2**n)]
    )
    exact = salient_contexts_design(n, (2, 5), 2**n, seed=0, stream="x")
    truth = exact.estimate(values_of(table, exact.asked))
    drawn = [salient_contexts_design(n, (2, 5), 2**n - 1, seed=seed, stream="x") for seed in range(300)]
    found = np.mean([design.estimate(values_of(table, design.asked)).values for design in drawn], axis=0)
    rest = [0, 1, 3, 4, 6]
    np.testing.assert_allclose(found[rest], truth.values[rest], rtol=0.06)


@pytest.mark.parametrize("budget", [8, 20, 63])
def test_errors_are_those_of_a_mean_even_of_two_contexts(budget):
    """Over many draws the mean square of the error is the variance of the interaction."""
    n = 6
    table = np.random.default_rng(2).normal(size=2**n)
    designs = [salient_contexts_design(n, (1, 4), budget, seed=seed, stream="x") for seed in range(2000)]
    found = [design.estimate(values_of(table, design.asked)) for design in designs]
    variance = np.var([one.interaction for one in found])
    assert np.mean([one.interaction_error**2 for one in found]) == pytest.approx(variance, rel=0.1)


def test_errors_of_contexts_that_weigh_unlike_follow_their_weights():
    n, contexts = 5, np.array([[0b00000], [0b00100], [0b01000], [0b10000]], dtype=np.uint8)
    weights, differences = size_weights(contexts, n), np.array([8.0, 1.0, 4.0, -2.0])
    found = weighed(n, (0, 1), contexts, differences, weights, exact=False)
    squares = np.array([1 / 2, 1 / 6, 1 / 6, 1 / 6]) ** 2
    spread = squares @ (differences - found.interaction) ** 2 / (1 - squares.sum())
    assert found.interaction == pytest.approx(4.5)
    assert found.interaction_error == pytest.approx(np.sqrt(spread))
    terms = np.array([0.0, 1.0, 0.0, 0.0])  # of player 2
    assert found.values[2] == pytest.approx(1 / 6)
    assert found.standard_errors[2] == pytest.approx(np.sqrt(squares @ (terms - 1 / 6) ** 2 / (1 - squares.sum())))


def test_one_context_has_no_error():
    found = weighed(3, (0, 1), np.array([[0b100]], dtype=np.uint8), np.array([2.0]), np.ones(1), exact=False)
    assert np.isnan(found.interaction_error)
    assert np.isnan(found.standard_errors).all()


def test_contexts_are_the_same_for_the_same_seed_and_pair():
    asked = [salient_contexts_design(9, pair, 100, seed=1, stream="x").asked for pair in ((3, 7), (7, 3), (3, 6))]
    np.testing.assert_array_equal(asked[0], asked[1])
    assert not np.array_equal(asked[0], asked[2])


def test_shares_of_the_draws_average_to_the_whole():
    table = np.random.default_rng(4).normal(size=64) + np.arange(64)
    design = salient_contexts_design(6, (0, 3), 63, seed=0, stream="x")
    values = values_of(table, design.asked)
    parts = design.estimates(values, 3)
    by_draw = values.reshape(-1, 4) @ [1, -1, -1, 1]
    for part, found in enumerate(parts):
        assert found.interaction == pytest.approx(by_draw[part::3].mean())
        assert found.n_contexts == 5
    with pytest.raises(BudgetError, match="at least 16 draws of each value, got 15"):
        design.estimates(values, 16)
    exact = salient_contexts_design(6, (0, 3), 64, seed=0, stream="x")
    alike = exact.estimates(values_of(table, exact.asked), 4)
    assert len(alike) == 4
    assert all(np.array_equal(one.values, alike[0].values, equal_nan=True) for one in alike)


@QUICK
@given(n=st.integers(3, 10), seed=st.integers(0, 100), data=st.data())
def test_contexts_among_recorded_coalitions(n, seed, data):
    i, j = data.draw(st.permutations(range(n)))[:2]
    rng = np.random.default_rng(seed)
    rows, _ = unique(np.packbits(rng.random((200, n)) < 0.5, axis=1, bitorder="little"))
    held = set(sets_of(rows, n))
    expected = {S for S in held if not S & {i, j} and {S | {i}, S | {j}, S | {i, j}} <= held}
    contexts, where = contexts_among(rows, (i, j), n)
    found = sets_of(contexts, n)
    assert set(found) == expected
    assert len(found) == len(expected)
    listed = sets_of(rows, n)
    for S, four in zip(found, where.tolist(), strict=True):
        assert [listed[place] for place in four] == [S | {i, j}, S | {i}, S | {j}, S]


def test_sizes_of_contexts_weigh_alike():
    design = salient_contexts_design(5, (0, 1), 32, seed=0, stream="x")
    sizes = [len(S) for S in sets_of(design.contexts, 5)]
    np.testing.assert_allclose(
        size_weights(design.contexts, 5), [pattern_references.shapley_weight(5, s) for s in sizes]
    )
    some = design.contexts[[sizes.index(0), sizes.index(3), *[k for k, s in enumerate(sizes) if s == 1][:2]]]
    np.testing.assert_allclose(size_weights(some, 5), [1 / 3, 1 / 3, 1 / 6, 1 / 6])


@pytest.mark.parametrize(("n", "pair"), [(4, (1, 1)), (4, (0, 4)), (4, (-1, 0))])
def test_a_pair_is_two_players_of_the_game(n, pair):
    with pytest.raises(UsageError, match="Expected two different players from 0 to 3"):
        salient_contexts_design(n, pair, 100, seed=0, stream="x")


def test_two_players_have_no_context_to_look_at():
    with pytest.raises(UsageError, match="at least 3 players, got 2"):
        salient_contexts_design(2, (0, 1), 100, seed=0, stream="x")


def test_two_contexts_need_eight_evaluations():
    with pytest.raises(BudgetError, match="at least 8 evaluations, got 7"):
        salient_contexts_design(30, (0, 1), 7, seed=0, stream="x")
