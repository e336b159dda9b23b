"""The papers' protocols: how many coalitions, which orders, which pairs."""

from __future__ import annotations

from math import comb, floor

import numpy as np
import pytest

from interact_cli.errors import UnknownNameError
from interact_cli.games.coalitions import unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs import FullTable, PairContexts
from interact_cli.interfaces import Question
from interact_cli.metrics.published import PROTOCOLS, design_for, lookup, published_orders
from interact_cli.seeding import generator

MULTI_ORDER = indices.lookup("multi-order")


def published(protocol, n, grid=None, index="multi-order", seed=0, sample="x"):
    return design_for(indices.lookup(index), Question(n, 4000, seed, sample, grid=grid, protocol=protocol))


@pytest.fixture(scope="module")
def deng():
    return published("deng2022", 256, (16, 16))


def test_deng2022_asks_1_040_000_coalitions_per_image(deng):
    assert len(deng.asked) == 1_040_000 == 13 * 200 * 100 * 4
    assert deng.asked.shape[1] == 32
    assert deng.pairs.shape == (200, 2)
    assert len({tuple(pair) for pair in deng.pairs.tolist()}) == 200
    assert [s.n_contexts for s in deng.strata] == [100] * 13


def test_deng2022_orders(deng):
    orders = (0, 12, 25, 50, 76, 101, 127, 152, 177, 203, 228, 241, 254)
    assert published_orders(256) == orders
    assert tuple(s.order for s in deng.strata) == orders
    contexts = np.bitwise_count(deng.asked.reshape(13, 200, 100, 4, 32)[:, :, :, 3]).sum(axis=-1)
    assert (contexts == np.array(orders)[:, None, None]).all()


def test_deng2022_knows_the_ends_exactly_and_the_rest_not(deng):
    estimate = deng.estimate(np.zeros(len(deng.asked)))
    assert estimate.exact[[0, -1]].all()
    assert not estimate.exact[1:-1].any()
    rows = deng.asked.reshape(13, 200, 100, 4, 32)
    for end in (0, 12):
        assert (rows[end] == rows[end][:, :1]).all(), "one context exists, asked 100 times"


def test_deng2022_pairs_lie_within_radius_2_and_change_with_the_image(deng):
    rows, columns = np.divmod(deng.pairs, 16)
    assert np.abs(np.diff(rows)).max() <= 2
    assert np.abs(np.diff(columns)).max() <= 2
    other = published("deng2022", 256, (16, 16), sample="y")
    assert not np.array_equal(deng.pairs, other.pairs)


def test_deng2022_on_a_table_takes_all_pairs_and_every_order():
    design = published("deng2022", 12)
    assert len(design.pairs) == 66
    assert [s.order for s in design.strata] == list(range(11))
    assert [s.n_contexts for s in design.strata] == [min(comb(10, m), 100) for m in range(11)]
    assert [s.exact for s in design.strata] == [comb(10, m) <= 100 for m in range(11)]


@pytest.mark.parametrize("n", [2, 3, 4, 9, 16, 22, 64, 100, 196, 1024])
def test_published_orders_start_at_0_end_at_n_minus_2_and_never_repeat(n):
    orders = published_orders(n)
    # in whole percent, so that no rounding of a ratio can matter
    percents = (0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 100)
    assert orders == tuple(sorted({(n - 2) * percent // 100 for percent in percents}))
    assert (orders[0], orders[-1]) == (0, n - 2)


def test_zhang2021_asks_80_pairs_in_500_contexts_of_random_keep_rate():
    design = published("zhang2021-dropout", 256, (16, 16), "shapley-interaction")
    assert isinstance(design, PairContexts)
    assert design.pairs.shape == (80, 2)
    assert len(design.asked) == 80 * 500 * 4
    sizes = np.bitwise_count(design.asked.reshape(80, 500, 4, 32)[:, :, 3]).sum(axis=-1)
    assert np.quantile(sizes, [0.1, 0.5, 0.9]) == pytest.approx([25.4, 127, 228.6], abs=4)


def test_zhang2021_order_components_keep_a_fifth_of_the_rates_each():
    design = published("zhang2021-dropout", 256, (16, 16))
    assert [s.keep_rate for s in design.strata] == [(0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)]
    contexts = design.asked.reshape(5, 80, 500, 4, 32)[:, :, :, 3]
    shares = np.bitwise_count(contexts).sum(axis=-1).mean(axis=(1, 2)) / 254
    assert shares == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=0.005)
    assert not design.estimate(np.zeros(len(design.asked))).exact.any()


@pytest.mark.parametrize("n", [3, 4, 5, 6, 10, 30])
def test_zhang2021_components_of_few_players_are_orders_and_independent(n):
    design = published("zhang2021-dropout", n)
    assert all(0 <= s.order <= n - 2 for s in design.strata)
    contexts = unpack(design.asked, n).reshape(5, -1, 500, 4, n)[:, :, :, 3].astype(float)
    flat = contexts[..., 2:][:, :1].reshape(5, -1)
    if flat.std(axis=1).min() > 0:
        correlation = np.corrcoef(flat) - np.eye(5)
        assert np.abs(correlation).max() < 0.2


def test_a_protocol_that_nobody_knows_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="Did you mean 'deng2022'"):
        lookup("deng2023")
    assert set(PROTOCOLS) == {"deng2022", "zhang2021-dropout"}


def test_without_a_protocol_the_full_table_is_asked_where_it_fits():
    for index in indices.INDICES.values():
        assert isinstance(design_for(index, Question(8, 256, 0, "x")), FullTable)
        assert not isinstance(design_for(index, Question(8, 255, 0, "x")), FullTable)


def test_without_a_protocol_pairs_of_a_grid_lie_within_radius_2():
    design = design_for(MULTI_ORDER, Question(64, 4000, 0, "x", grid=(8, 8)))
    rows, columns = np.divmod(design.pairs, 8)
    assert np.abs(np.diff(rows)).max() <= 2
    assert np.abs(np.diff(columns)).max() <= 2
    assert tuple(s.order for s in design.strata) == published_orders(64)
    assert len(design.asked) <= 4000
    everywhere = design_for(MULTI_ORDER, Question(64, 4000, 0, "x", grid=(8, 8), pairs="all"))
    assert np.abs(np.diff(np.divmod(everywhere.pairs, 8)[0])).max() > 2


def test_float_ratios_would_lose_an_order_without_care():
    """(n - 2) * 0.7 of 10 others is 7, though floor(10 * 0.7) depends on how 0.7 is stored."""
    assert floor(10 * 0.7 + 1e-9) in published_orders(12)
    assert 7 in published_orders(12)


def test_plans_of_a_protocol_depend_on_seed_and_sample_only():
    first = published("zhang2021-dropout", 64, (8, 8), "shapley-interaction", seed=1)
    generator(5, "elsewhere").random(10)
    again = published("zhang2021-dropout", 64, (8, 8), "shapley-interaction", seed=1)
    np.testing.assert_array_equal(first.asked, again.asked)
    other = published("zhang2021-dropout", 64, (8, 8), "shapley-interaction", seed=2)
    assert not np.array_equal(first.asked, other.asked)
