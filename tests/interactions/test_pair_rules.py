"""Which pairs are measured."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interact_cli.errors import UsageError
from interact_cli.interactions.designs.pairs import (
    all_pairs,
    candidates,
    drawn_at_anchors,
    drawn_uniformly,
    drawn_with_clamped_offsets,
    within_radius,
)
from interact_cli.interactions.designs.sets import among, numbered

RNG = np.random.default_rng(0)
GRIDS = st.tuples(st.integers(1, 6), st.integers(2, 6))


def near(grid, radius):
    cells = list(product(range(grid[0]), range(grid[1])))
    return {
        (a, b)
        for a, b in combinations(range(len(cells)), 2)
        if max(abs(cells[a][0] - cells[b][0]), abs(cells[a][1] - cells[b][1])) <= radius
    }


def as_set(pairs):
    listed = [tuple(pair) for pair in pairs.tolist()]
    assert len(set(listed)) == len(listed), "no pair twice"
    assert all(i < j for i, j in listed)
    return set(listed)


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS, radius=st.integers(1, 4))
def test_radius_takes_every_pair_of_near_cells_once(grid, radius):
    assert as_set(within_radius(grid, radius)) == near(grid, radius)


def test_all_pairs():
    assert as_set(all_pairs(9)) == set(combinations(range(9), 2))


def test_many_players_cost_little_more_than_their_pairs():
    """4,096 players: 8.4 million pairs of 16 bytes; a list of tuples would take thirteen times as much."""
    tracemalloc.start()
    try:
        pairs = all_pairs(4096)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        near = within_radius((64, 64), 2)
        held, peak_near = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert pairs.shape == (4096 * 4095 // 2, 2)
    assert pairs.dtype == np.int64
    assert peak < 3 * pairs.nbytes
    # twelve offsets, each losing the cells that would step over the edge
    offsets = [(r, c) for r, c in product(range(3), range(-2, 3)) if (r, c) > (0, 0)]
    assert len(near) == sum((64 - r) * (64 - abs(c)) for r, c in offsets)
    assert peak_near - pairs.nbytes < 10 * near.nbytes
    assert held < 2 * pairs.nbytes


def test_a_radius_beyond_the_grid_takes_all_pairs():
    np.testing.assert_array_equal(within_radius((3, 4), 10**12), all_pairs(12))
    assert within_radius((1, 1), 5).shape == (0, 2)


def test_rules():
    assert as_set(candidates("auto", 12, (3, 4), RNG)) == near((3, 4), 2)
    assert as_set(candidates("radius:1", 12, (3, 4), RNG)) == near((3, 4), 1)
    assert candidates("all", 12, (3, 4), RNG) is None
    assert candidates("auto", 5, None, RNG) is None


@given(n=st.integers(2, 40), data=st.data())
def test_a_pair_is_found_from_its_number(n, data):
    listed = list(combinations(range(n), 2))
    numbers = np.array(data.draw(st.lists(st.integers(0, len(listed) - 1), max_size=20)), dtype=np.int64)
    assert [tuple(pair) for pair in numbered(numbers, n).tolist()] == [listed[k] for k in numbers]


def test_pairs_of_very_many_players_take_no_memory():
    tracemalloc.start()
    pairs = candidates("random:500", 50_000, None, np.random.default_rng(1))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(as_set(pairs)) == len(pairs) == 500
    assert (pairs[:, 0] < pairs[:, 1]).all() and pairs.max() < 50_000
    assert peak < 8 * 2**20


def test_random_pairs_are_uniform():
    rng = np.random.default_rng(0)
    counts = Counter(pair for _ in range(4000) for pair in as_set(drawn_uniformly(5, 3, rng)))
    assert set(counts) == set(combinations(range(5), 2))
    # Each of the 10 pairs is in a draw of 3 with probability 0.3: 1200 +- 29.
    assert all(abs(count - 1200) < 6 * 29 for count in counts.values())


def test_among_some_players():
    assert as_set(among((7, 2, 4))) == {(2, 4), (2, 7), (4, 7)}


@pytest.mark.parametrize(
    "rule",
    [
        "radius",
        "radius:0",
        "radius:-1",
        "radius:two",
        "near",
        "",
        "radius:1.5",
        "ALL",
        "random",
        "random:0",
        "random:x",
    ],
)
def test_a_rule_that_nobody_knows_is_refused(rule):
    with pytest.raises(UsageError, match="'auto', 'all', 'radius:R' or 'random:K'"):
        candidates(rule, 16, (4, 4), RNG)


def test_a_radius_needs_a_grid_and_pairs_need_two_players():
    with pytest.raises(UsageError, match="no positions"):
        candidates("radius:2", 16, None, RNG)
    with pytest.raises(UsageError, match="at least 2 players"):
        candidates("all", 1, None, RNG)


@settings(max_examples=40, deadline=None)
@given(grid=GRIDS, wanted=st.integers(1, 60), radius=st.integers(1, 3), seed=st.integers(0, 100))
def test_clamped_offsets_give_distinct_near_pairs(grid, wanted, radius, seed):
    possible = near(grid, radius)
    drawn = as_set(drawn_with_clamped_offsets(grid, wanted, radius, np.random.default_rng(seed)))
    assert drawn <= possible
    assert len(drawn) == min(wanted, len(possible))


def test_clamped_offsets_follow_the_law_of_the_code_of_paper_003():
    """First cell uniform, offset uniform over the 24, result clamped, equal cells rejected: border pairs weigh more."""
    rows, columns, radius = 4, 5, 2
    law = Counter()
    for r, c in product(range(rows), range(columns)):
        for dr, dc in product(range(-radius, radius + 1), repeat=2):
            if (dr, dc) == (0, 0):
                continue
            other = (min(max(r + dr, 0), rows - 1), min(max(c + dc, 0), columns - 1))
            if other != (r, c):
                a, b = sorted((r * columns + c, other[0] * columns + other[1]))
                law[a, b] += 1
    total = sum(law.values())
    rng = np.random.default_rng(0)
    draws = 10000
    counts = Counter(
        tuple(drawn_with_clamped_offsets((rows, columns), 1, radius, rng)[0].tolist()) for _ in range(draws)
    )
    assert set(counts) <= set(law)
    statistic = sum((counts[p] - draws * w / total) ** 2 / (draws * w / total) for p, w in law.items())
    cells = len(law)
    assert statistic < (cells - 1) + 5 * np.sqrt(2 * (cells - 1))
    corner, inner = law[0, 1] / total, law[6, 7] / total
    assert corner > 2 * inner
    assert counts[0, 1] > 1.5 * counts[6, 7]


def test_anchors_of_a_16x16_grid_give_80_pairs():
    pairs = as_set(drawn_at_anchors((16, 16), 5, 2, np.random.default_rng(0)))
    assert len(pairs) == 80
    anchors = {r * 16 + c for r, c in product((0, 5, 10, 15), repeat=2)}
    of_anchor = Counter()
    for a, b in pairs:
        (anchor,) = {a, b} & anchors
        other = a + b - anchor
        of_anchor[anchor] += 1
        assert max(abs(anchor // 16 - other // 16), abs(anchor % 16 - other % 16)) <= 2
    assert of_anchor == dict.fromkeys(anchors, 5)


def test_neighbours_of_an_anchor_are_uniform_within_the_grid():
    counts = Counter()
    rng = np.random.default_rng(1)
    for _ in range(1500):
        for a, b in drawn_at_anchors((16, 16), 5, 2, rng).tolist():
            if a == 0:
                counts[b] += 1
    assert set(counts) == {r * 16 + c for r, c in product(range(3), repeat=2)} - {0}
    expected = 1500 * 5 / 8
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


@settings(max_examples=30, deadline=None)
@given(grid=GRIDS, seed=st.integers(0, 100))
def test_anchors_work_on_any_grid(grid, seed):
    assert as_set(drawn_at_anchors(grid, 5, 2, np.random.default_rng(seed))) <= near(grid, 2)
