"""A second surrogate: leaves of trees, by set arithmetic; and what it may change of an estimate."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

import interact_cli as ic
from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.interactions.designs.complementary import ComplementaryPairs
from interact_cli.interactions.laws import Law
from interact_cli.interactions.surrogate import design as design_module
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.interactions.surrogate.leaves import index_of, mean_of, values_at
from interact_cli.interfaces import Learner, Leaves
from interact_cli.metrics.summaries.tables import estimator_of

NOTHING = np.zeros((0, 6), dtype=np.bool_)


def some_leaves(n, rng, count=30):
    state = rng.integers(0, 3, (count, n)) * (rng.random((count, n)) < 0.6)
    return Leaves(state == 1, state == 2, rng.normal(size=count))


def table_of(leaves, n):
    """Every coalition by itself: what its leaves are worth."""
    table = np.zeros(2**n)
    for code in range(2**n):
        members = {player for player in range(n) if code >> player & 1}
        for present, absent, worth in zip(leaves.present, leaves.absent, leaves.worth, strict=True):
            if set(np.flatnonzero(present)) <= members and not set(np.flatnonzero(absent)) & members:
                table[code] += worth
    return table


@pytest.fixture
def leaves():
    return some_leaves(6, np.random.default_rng(3))


def test_values_are_those_of_the_leaves_that_a_coalition_reaches(leaves):
    np.testing.assert_allclose(values_at(leaves, unpack(all_coalitions(6), 6)), table_of(leaves, 6), atol=1e-12)


@pytest.mark.parametrize(
    ("index", "law", "size"),
    [
        ("shapley", Law(), 1),
        ("banzhaf", Law(0.5), 1),
        ("shapley-interaction", Law(), 2),
        ("banzhaf-interaction", Law(0.5), 2),
        ("shapley-interaction", Law(), 3),
    ],
)
def test_indices_are_those_of_the_whole_table(leaves, index, law, size):
    sets = np.array(list(combinations(range(6), size)))
    options = {"interaction_size": size} if size > 2 else {}
    exact = ic.measure(ic.TableGame(table_of(leaves, 6)), index, **options)
    expected = exact.values if size != 2 else exact.values[sets[:, 0], sets[:, 1]]
    found = index_of(leaves, Functional(law, 6, sets), without=NOTHING)
    np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("order", range(5))
def test_orders_are_those_of_the_whole_table(leaves, order):
    sets = np.array(list(combinations(range(6), 2)))
    exact = ic.measure(ic.TableGame(table_of(leaves, 6)), "multi-order").values[order]
    found = index_of(leaves, Functional(Law(order=order), 6, sets), without=NOTHING)
    np.testing.assert_allclose(found, exact[sets[:, 0], sets[:, 1]], atol=1e-10)


def test_coalitions_that_are_left_out_count_for_nothing(leaves):
    table, left_out = table_of(leaves, 6), np.array([0, 1, 32, 63, 21])
    table[left_out] = 0
    coalitions = unpack(all_coalitions(6), 6)[left_out]
    exact = ic.measure(ic.TableGame(table), "shapley").values
    found = index_of(leaves, Functional(Law(), 6, np.arange(6)[:, None]), without=coalitions)
    np.testing.assert_allclose(found, exact, atol=1e-10)


def test_a_mean_of_games_has_the_mean_value(leaves):
    other = some_leaves(6, np.random.default_rng(4))
    mean = values_at(mean_of([leaves, other]), unpack(all_coalitions(6), 6))
    np.testing.assert_allclose(mean, (table_of(leaves, 6) + table_of(other, 6)) / 2, atol=1e-12)


@pytest.mark.parametrize(
    ("present", "absent", "worth"),
    [
        (np.ones((2, 3), bool), np.zeros((2, 4), bool), np.ones(2)),
        (np.ones((2, 3), bool), np.zeros((2, 3), bool), np.ones(3)),
        (np.ones((2, 3), bool), np.eye(2, 3, dtype=bool), np.ones(2)),
        (np.eye(2, 3, dtype=bool), np.zeros((2, 3), bool), np.array([1, np.nan])),
    ],
)
def test_what_is_no_sum_of_leaves_is_refused(present, absent, worth):
    with pytest.raises(ValueError, match="expected"):
        Leaves(present, absent, worth)


def patterns(coalitions, values):
    """Learn the mean of every pattern of four players: a tree of depth four."""
    codes = coalitions[:, :4] @ np.array([1, 2, 4, 8])
    means = np.array([values[codes == code].mean() if (codes == code).any() else 0.0 for code in range(16)])
    present = np.zeros((16, coalitions.shape[1]), dtype=np.bool_)
    present[:, :4] = np.arange(16)[:, None] >> np.arange(4) & 1
    absent = np.zeros_like(present)
    absent[:, :4] = ~present[:, :4]
    return Leaves(present, absent, means)


def never(coalitions, values):
    raise AssertionError


def parity_of_four(coalitions):
    signs = np.where(coalitions, 1.0, -1.0)
    return signs[:, :4].prod(axis=1) + 0.5 * signs[:, 5] * signs[:, 6] + 0.2 * signs[:, 8]


PAIRS = np.array([4 / 3 * (pair[1] < 4) + 2.0 * (pair == (5, 6)) for pair in combinations(range(12), 2)])
"""Of 12 players: 4 E (2 r - 1)^2 in the parity, 4 times the weight of a product of two signs."""


def read(n, budget, learner, size=1, seed=0):
    sets = np.array(list(combinations(range(n), size)))
    design = Surrogate("x", Functional(Law(), n, sets), ComplementaryPairs(n, budget, seed, "x"), None, learner)
    return design, design.estimate(parity_of_four(unpack(design.asked, n)))


def seen_of(design, sizes):
    """What the process is given of these sizes."""
    given = ComplementaryPairs(12, 100, 0, "").counts
    return sum(given[min(size, 12 - size)] * (1 if size != 6 else 2) for size in sizes)


def test_leaves_learn_from_none_of_the_values_that_they_tell(monkeypatch):
    monkeypatch.setattr(design_module, "SEEN", 100)
    seen = []

    def learn(coalitions, values):
        seen.append(coalitions)
        return patterns(coalitions, values)

    design, _ = read(12, 1000, Learner("patterns", learn))
    assert len(seen) == 5
    drawn = {row.tobytes() for row in unpack(design.asked, 12)}
    learned_from = [{row.tobytes() for row in rows} for rows in seen]
    assert all(rows < drawn for rows in learned_from)
    rest = set.union(*learned_from)
    sizes = np.frombuffer(b"".join(rest), dtype=np.bool_).reshape(-1, 12).sum(axis=1)
    counts = np.bincount(unpack(design.asked, 12).sum(axis=1), minlength=13)
    not_whole = [size for size in range(13) if counts[size] < comb(12, size)]
    assert sorted(set(sizes)) == not_whole, "a size that is whole needs no learner"
    assert len(rest) == counts[not_whole].sum() - seen_of(design, not_whole)
    left_out = [rest - rows for rows in learned_from]
    assert set.union(*left_out) == rest, "every value is told once"
    assert sum(map(len, left_out)) == len(rest)
    complements = [{(~np.frombuffer(row, dtype=np.bool_)).tobytes() for row in rows} for rows in left_out]
    assert complements == left_out, "a coalition and its complement are left out together"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_where_everything_is_drawn_nothing_is_learned_and_the_values_are_exact(monkeypatch, size):
    monkeypatch.setattr(design_module, "SEEN", 100)
    _, estimate = read(10, 2**10, Learner("never", never), size)
    table = parity_of_four(unpack(all_coalitions(10), 10))
    options = {"interaction_size": size} if size == 3 else {}
    exact = ic.measure(ic.TableGame(table), "shapley" if size == 1 else "shapley-interaction", **options).values
    np.testing.assert_allclose(estimate.values, exact if size != 2 else exact[np.triu_indices(10, 1)], atol=1e-9)


def test_intervals_hold_the_value_where_something_was_learned(monkeypatch):
    monkeypatch.setattr(design_module, "SEEN", 100)
    scores = []
    for seed in range(40):
        _, estimate = read(12, 1000, Learner("patterns", patterns), 2, seed)
        scores.append((estimate.values - PAIRS) / estimate.standard_errors)
    assert (np.abs(scores) < 1.96).mean() > 0.93
    assert np.abs(np.mean(scores)) < 0.1


def test_a_learner_that_knows_the_game_makes_the_values_better(monkeypatch):
    monkeypatch.setattr(design_module, "SEEN", 100)
    learned, alone = [
        np.mean([((read(12, 1000, learner, 2, seed)[1].values - PAIRS) ** 2).sum() for seed in range(4)])
        for learner in (Learner("patterns", patterns), None)
    ]
    assert learned < 0.75 * alone


def test_a_learner_that_tells_nothing_is_dropped(monkeypatch):
    monkeypatch.setattr(design_module, "SEEN", 100)

    def noise(coalitions, values):
        leaves = patterns(coalitions, values)
        return Leaves(leaves.present, leaves.absent, 5 + np.arange(16.0))

    _, alone = read(12, 1000, None, 2)
    _, learned = read(12, 1000, Learner("noise", noise), 2)
    np.testing.assert_array_equal(alone.values, learned.values)
    np.testing.assert_array_equal(alone.standard_errors, learned.standard_errors)


def test_a_small_budget_asks_no_learner():
    design, _ = read(12, 1000, Learner("never", never))
    assert "never" not in estimator_of(design)


def test_the_estimator_line_names_a_learner_that_has_something_to_learn(monkeypatch):
    monkeypatch.setattr(design_module, "SEEN", 100)
    design, _ = read(12, 1000, Learner("patterns", patterns))
    assert "Gaussian process and, where they tell more, patterns of what it leaves" in estimator_of(design)
    assert "patterns" not in estimator_of(design.without_surrogate)
