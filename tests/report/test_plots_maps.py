"""Color(g), the pair means and the matrix against numbers worked out by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from interact_cli.report.views.pairs import colour_map, min_max, pair_matrix, pair_means, pair_values
from interact_cli.results import Measurement, PlayerTable, Quantity, Report, SampleTable

# Players of a 2 x 3 grid:  0 1 2
#                           3 4 5
ALL = np.array(list(combinations(range(6), 2)))
SIGNED = np.array([(-1.0) ** (i + j) * (10 * i + j) for i, j in ALL])  # |I(i, j)| = 10 i + j for i < j


def test_four_neighbours_share_a_side():
    expected = [
        [(1 + 3) / 2, (1 + 12 + 14) / 3, (12 + 25) / 2],
        [(3 + 34) / 2, (14 + 34 + 45) / 3, (25 + 45) / 2],
    ]
    np.testing.assert_allclose(colour_map(ALL, SIGNED, (2, 3), 4), expected)


def test_eight_neighbours_share_a_side_or_a_corner():
    expected = [
        [(1 + 3 + 4) / 3, (1 + 12 + 14 + 13 + 15) / 5, (12 + 25 + 24) / 3],
        [(3 + 34 + 13) / 3, (14 + 34 + 45 + 4 + 24) / 5, (25 + 45 + 15) / 3],
    ]
    np.testing.assert_allclose(colour_map(ALL, SIGNED, (2, 3), 8), expected)


def test_order_of_the_two_players_does_not_matter():
    np.testing.assert_allclose(colour_map(ALL[:, ::-1], SIGNED, (2, 3), 8), colour_map(ALL, SIGNED, (2, 3), 8))


def test_padding_and_unmeasured_pairs_leave_cells_unmeasured():
    pairs = np.array([[0, 1], [-1, -1], [1, 2], [2, 3]])
    values = np.array([2.0, 7.0, np.nan, 5.0])  # 2 and 3 are the ends of two rows, not neighbours
    nothing = np.nan
    np.testing.assert_array_equal(colour_map(pairs, values, (2, 3), 8), [[2, 2, nothing], [nothing] * 3])


def test_min_max_spans_zero_to_one_and_keeps_gaps():
    np.testing.assert_allclose(min_max(np.array([[2.0, np.nan, 4.0, 3.0]])), [[0.0, np.nan, 1.0, 0.5]])
    np.testing.assert_array_equal(min_max(np.array([3.0, 3.0])), [0.0, 0.0])
    assert np.isnan(min_max(np.array([np.nan]))).all()


def quantity(name, dims, values):
    return Quantity(name, dims, np.asarray(values), "logit", "")


def report_of(measurement, included, n_players=4):
    n = len(included)
    zeros = np.zeros(n, np.int64)
    table = SampleTable(
        tuple(map(str, range(n))), zeros, zeros, np.array(included), zeros * 1.0, zeros * 1.0, zeros, zeros, zeros
    )
    players = PlayerTable(tuple("abcd"[:n_players]), "columns", np.arange(n_players), np.zeros(1, np.float32), "zero")
    return Report({}, {}, {}, table, players, (measurement,))


def test_pair_means_join_both_directions_and_skip_what_is_left_out():
    pairs = [[[0, 1], [2, 3]], [[1, 0], [-1, -1]], [[0, 1], [2, 3]]]
    values = [[1.0, 4.0], [-3.0, 50.0], [100.0, 100.0]]
    held = (quantity("pairs", ("sample", "pair", "member"), pairs), quantity("values", ("sample", "pair"), values))
    measurement = Measurement("shapley-interaction", 1, "", "", held, (), {})
    means = pair_means(report_of(measurement, [True, True, False]), measurement)
    assert (means.first.tolist(), means.second.tolist()) == ([0, 2], [1, 3])
    np.testing.assert_allclose(means.over.mean, [-1.0, 4.0])
    np.testing.assert_allclose(means.over.mean_abs, [2.0, 4.0])
    np.testing.assert_array_equal(means.over.samples, [2, 1])
    np.testing.assert_allclose(means.over.standard_errors, [2.0, np.nan])  # |1 + 3| / sqrt(2) / sqrt(2)
    matrix = pair_matrix(means.first, means.second, means.over.mean, np.arange(4))
    np.testing.assert_array_equal(matrix, matrix.T)
    assert matrix[1, 0] == -1.0
    assert matrix[3, 2] == 4.0
    assert np.isnan(np.diag(matrix)).all()
    assert np.isnan(matrix[0, 2])


def test_a_pair_seen_once_does_not_beat_a_pair_seen_often():
    pairs = [[[0, 1], [2, 3]], [[0, 1], [1, 2]], [[0, 1], [1, 2]]]
    values = [[1.0, 9.0], [1.0, 2.0], [1.0, 2.0]]
    held = (quantity("pairs", ("sample", "pair", "member"), pairs), quantity("values", ("sample", "pair"), values))
    measurement = Measurement("shapley-interaction", 1, "", "", held, (), {})
    means = pair_means(report_of(measurement, [True] * 3), measurement)
    best = means.over.strongest(5)
    assert [(means.first[p], means.second[p]) for p in best] == [(1, 2), (0, 1)]


def test_orders_are_averaged_with_their_signs():
    values = np.array([[[1.0, 2.0], [-3.0, np.nan]]])  # (sample, order, pair)
    held = (quantity("values", ("sample", "order", "pair"), values),)
    shared = {"order": np.array([0, 2]), "pair_i": np.array([0, 1]), "pair_j": np.array([1, 2])}
    seen = pair_values(Measurement("multi-order", 1, "", "", held, (), shared))
    np.testing.assert_allclose(seen.values, [[-1.0, 2.0]])
    np.testing.assert_array_equal(seen.pairs, [[[0, 1], [1, 2]]])
    assert seen.orders_averaged == 2


@pytest.mark.parametrize("dims", [("sample", "player"), ("sample", "draw", "pair")])
def test_other_axes_hold_no_pairs(dims):
    values = np.zeros((1, 2, 2)[: len(dims)])
    held = (quantity("values", dims, values), quantity("pairs", ("sample", "pair", "member"), [[[0, 1], [1, 2]]]))
    assert pair_values(Measurement("x", 1, "", "", held, (), {})) is None
