"""The papers' protocols: how many coalitions, which orders, which pairs."""

from __future__ import annotations

from dataclasses import replace
from math import comb, floor

import numpy as np
import pytest
from support import references, runs

import interact_cli as ic
from interact_cli.errors import BudgetError, UnknownNameError, UsageError
from interact_cli.games.coalitions import unpack
from interact_cli.interactions import indices
from interact_cli.interactions.designs import within_budget
from interact_cli.interactions.designs.contexts import PairContexts
from interact_cli.interactions.designs.full_table import FullTable
from interact_cli.interfaces import Question
from interact_cli.metrics.drawn_sets import DrawnSets
from interact_cli.metrics.index_design import design_for
from interact_cli.metrics.pair_interactions import PairInteractions, Strength
from interact_cli.metrics.published import PROTOCOLS, lookup, published_orders
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
    assert np.abs(np.diff(rows)).max() == 2
    assert np.abs(np.diff(columns)).max() == 2
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


def components(n, grid=None, sample="x"):
    return Strength().design(Question(n, 4000, 0, sample, grid=grid, protocol="zhang2021-dropout"))


def test_zhang2021_order_components_keep_a_fifth_of_the_rates_each():
    """Beside the 500 contexts of the strength itself, 500 more in each range."""
    design = components(256, (16, 16))
    rates = [(0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)]
    assert [s.keep_rate for s in design.strata] == [(0.0, 1.0), *rates]
    assert all(s.order is None and not s.exact for s in design.strata)
    contexts = design.asked.reshape(6, 80, 500, 4, 32)[:, :, :, 3]
    shares = np.bitwise_count(contexts).sum(axis=-1).mean(axis=(1, 2)) / 254
    assert shares == pytest.approx([0.5, 0.1, 0.3, 0.5, 0.7, 0.9], abs=0.005)
    strength = published("zhang2021-dropout", 256, (16, 16), "shapley-interaction")
    np.testing.assert_array_equal(design.pairs, strength.pairs)
    np.testing.assert_array_equal(design.asked[: len(strength.asked)], strength.asked)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_zhang2021_components_are_drawn_independently(n):
    design = components(n)
    contexts = unpack(design.asked, n).reshape(6, -1, 500, 4, n)[:, 0, :, 3, 2:].astype(float).reshape(6, -1)
    assert np.abs(np.corrcoef(contexts) - np.eye(6)).max() < 0.2


def test_components_of_a_triple_are_the_keep_rates():
    """v = 1 with players 0, 1 and 2: each pair interacts exactly where the third is kept, so I is the keep rate.

    500 contexts leave a standard error of at most sqrt(.25 / 500) = .022 a pair and sample, .006 over 3 x 4 of them.
    """
    n_samples, centres = 4, [0.1, 0.3, 0.5, 0.7, 0.9]
    measurement = runs.measured(
        Strength(), lambda _, c: c.all(axis=1) * 2.0, 3, n_samples, 100, protocol="zhang2021-dropout"
    )
    assert measurement.coordinates["keep_rate"].tolist() == centres
    for name in ("mean_abs", "mean_abs_corrected", "rms", "rms_corrected"):
        quantity = measurement.quantity(f"component_{name}")
        assert quantity.dims == ("keep_rate",)
        assert quantity.unit == "logit"
        assert quantity.values == pytest.approx(np.multiply(centres, 2), abs=0.05)
        assert measurement.quantity(f"strength_{name}").values == pytest.approx(1.0, abs=0.05)
    assert (measurement.quantity("component_rms").values > measurement.quantity("component_rms_corrected").values).all()
    assert measurement.quantity("values").values.shape == (n_samples, 3)
    assert "500 drawn contexts each, as many again in each of 5 ranges of keep rates" in measurement.estimator


def test_components_by_hand_from_the_very_contexts():
    """The magnitude of the mean second difference over the contexts of each range, averaged over the ten pairs."""
    n, values_of = 5, np.random.default_rng(3).normal(size=32)
    metric = Strength()
    (question,) = runs.questions(n, 1, 100, protocol="zhang2021-dropout")
    design = metric.design(question)
    codes = unpack(design.asked, n) @ (1 << np.arange(n))
    reduced = metric.reduce(design, values_of[codes], question)
    by_term = values_of[codes].reshape(6, 10, 500, 4)
    differences = by_term[..., 0] - by_term[..., 1] - by_term[..., 2] + by_term[..., 3]
    np.testing.assert_allclose(reduced.estimate.values, differences[0].mean(axis=-1), atol=1e-12)
    np.testing.assert_allclose(
        reduced.extras["components"][0], np.abs(differences[1:].mean(axis=-1)).mean(axis=-1), atol=1e-12
    )


def test_no_components_without_the_protocol():
    measurement = runs.measured(Strength(), runs.noise(0), 6, 2, 60)
    assert "keep_rate" not in measurement.coordinates
    assert not any(quantity.name.startswith("component") for quantity in measurement.summary)


@pytest.mark.parametrize(
    ("protocol", "index", "covered"),
    [
        ("zhang2021-dropout", "multi-order", "shapley-interaction, banzhaf-interaction, strength"),
        ("zhang2021-dropout", "shapley", "shapley-interaction, banzhaf-interaction, strength"),
        ("deng2022", "shapley", "multi-order, bottleneck"),
        ("deng2022", "banzhaf", "multi-order, bottleneck"),
        ("deng2022", "shapley-interaction", "multi-order, bottleneck"),
    ],
)
def test_a_protocol_refuses_what_its_paper_did_not_measure(protocol, index, covered):
    with pytest.raises(UsageError, match=f"'{protocol}' fixes nothing for '{index}'.*: {covered}"):
        published(protocol, 9, index=index)


def test_a_protocol_that_nobody_knows_is_refused_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="Did you mean 'deng2022'"):
        lookup("deng2023")
    assert set(PROTOCOLS) == {"deng2022", "zhang2021-dropout"}


def test_without_a_protocol_the_full_table_is_asked_where_it_fits():
    for index in indices.INDICES.values():
        assert isinstance(design_for(index, Question(8, 256, 0, "x")), FullTable)
        if not index.instead:
            assert not isinstance(design_for(index, Question(8, 255, 0, "x")), FullTable)
            continue
        with pytest.raises(BudgetError, match=f"at least 256 .* got 255.*sample '{index.instead}'"):
            design_for(index, Question(8, 255, 0, "x"))


def test_without_a_protocol_pairs_of_a_grid_lie_within_radius_2():
    design = design_for(MULTI_ORDER, Question(64, 4000, 0, "x", grid=(8, 8)))
    rows, columns = np.divmod(design.pairs, 8)
    assert np.abs(np.diff(rows)).max() <= 2
    assert np.abs(np.diff(columns)).max() <= 2
    assert tuple(s.order for s in design.strata) == published_orders(64)
    assert len(design.asked) <= 4000
    everywhere = design_for(MULTI_ORDER, Question(64, 4000, 0, "x", grid=(8, 8)), DrawnSets(pairs="all"))
    assert np.abs(np.diff(np.divmod(everywhere.pairs, 8)[0])).max() > 2


@pytest.mark.parametrize("index", ["shapley-interaction", "banzhaf-interaction", "multi-order"])
@pytest.mark.parametrize(
    ("rule", "grid", "said"),
    [
        ("banana", (2, 4), "'auto', 'all', 'radius:R' or 'random:K'"),
        ("radius:0", (2, 4), "'auto', 'all', 'radius:R' or 'random:K'"),
        ("radius:1", None, "no positions"),
    ],
)
def test_a_wrong_rule_for_pairs_is_refused_at_any_budget(index, rule, grid, said):
    for budget in (256, 200):
        with pytest.raises(UsageError, match=said):
            design_for(indices.lookup(index), Question(8, budget, 0, "x", grid=grid), DrawnSets(pairs=rule))


@pytest.mark.parametrize("index", ["shapley-interaction", "multi-order"])
@pytest.mark.parametrize(("rule", "radius"), [("auto", 2), ("radius:1", 1), ("radius:3", 3), ("all", 9)])
def test_the_full_table_measures_the_pairs_that_sampling_measures(index, rule, radius):
    n, grid = 8, (2, 4)
    near = [
        (a, b) for a in range(n) for b in range(a + 1, n) if max(abs(a // 4 - b // 4), abs(a % 4 - b % 4)) <= radius
    ]
    table = np.random.default_rng(0).normal(size=2**n)
    definition = indices.lookup(index)
    asked = [Question(n, budget, 0, "x", grid=grid) for budget in (4000, 255)]
    designs = [design_for(definition, question, DrawnSets(pairs=rule)) for question in asked]
    if index == "shapley-interaction":
        assert designs[1].pairs.tolist() == [list(pair) for pair in near]
    exact = designs[0].estimate(table)
    assert [tuple(pair) for pair in exact.pairs.tolist()] == near
    truth = references.DEFINITIONS[index](references.set_game(table, n), n)
    np.testing.assert_allclose(exact.values, truth[..., exact.pairs[:, 0], exact.pairs[:, 1]], atol=1e-12)
    assert exact.standard_errors.shape == exact.exact.shape == exact.values.shape


def test_a_summary_of_a_full_table_covers_the_chosen_pairs():
    n = 8
    table = np.random.default_rng(1).normal(size=(1, 2**n))
    truth = references.shapley_interaction(references.set_game(table[0], n), n)
    near = [abs(truth[a, b]) for a in range(n) for b in range(a + 1, n) if abs(a % 4 - b % 4) <= 1]
    metric = replace(PairInteractions.of("shapley-interaction"), pairs="radius:1")
    results = runs.reduced(metric, runs.of_tables(table), runs.questions(n, 1, 256, grid=(2, 4)))
    measurement = metric.aggregate(results, runs.cohort(n, 1))
    assert measurement.quantity("strength_mean_abs").values == pytest.approx(np.mean(near))


@pytest.mark.parametrize("index", sorted(name for name, index in indices.INDICES.items() if not index.instead))
def test_api_and_audit_choose_alike_beyond_the_largest_table(index, monkeypatch):
    """2^n within the budget, but more players than are ever enumerated: both draw."""
    monkeypatch.setattr(within_budget, "LARGEST_TABLE", 6)
    for n, full in ((6, True), (7, False)):
        game = ic.CallableGame(lambda c: c.all(axis=1) * 1.0, n_players=n)
        estimate = ic.measure(game, index, budget=2000, estimator="auto" if full else "sampled")
        assert isinstance(design_for(indices.lookup(index), Question(n, 2000, 0, "x")), FullTable) == full
        assert estimate.exact[np.isfinite(estimate.values)].all() == full


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
