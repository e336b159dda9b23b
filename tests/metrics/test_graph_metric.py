"""The And-Or graph of a report against games of a few patterns, whose graph is known."""

from __future__ import annotations

import numpy as np
import pytest
from support import references
from support.runs import cohort, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.interfaces import Cohort, Question

PATTERNS = {frozenset({0, 1, 2}): 3.0, frozenset({0, 1, 3}): 2.0, frozenset({0, 1, 4}): -1.0}


def table(patterns, n, constant=0.0):
    return references.table(lambda S: constant + sum(value for A, value in patterns.items() if A <= S), n)


def measured(tables, n, included=None):
    metric = extensions.metric("and-or-graph")
    results = reduced(metric, of_tables(tables), questions(n, len(tables), 4000))
    return metric.aggregate(results, cohort(n, len(tables), included=included))


@pytest.fixture
def known():
    return measured(np.stack([table(PATTERNS, 5), table({frozenset({1}): 4.0}, 5, constant=0.5)]), 5)


def test_the_patterns_of_a_game_of_a_few_unanimities_are_all_kept(known):
    members, values = known.quantity("pattern_members").values, known.quantity("pattern_values").values
    assert known.quantity("pattern_members").dims == ("sample", "pattern", "player")
    found = {
        frozenset(np.flatnonzero(row == 1).tolist()): value for row, value in zip(members[0], values[0], strict=True)
    }
    assert found.keys() == PATTERNS.keys()
    for players, value in PATTERNS.items():
        assert found[players] == pytest.approx(value)
    assert (members[1, 0] == [0, 1, 0, 0, 0]).all()
    assert (members[1, 1:] == -1).all()
    assert np.isnan(values[1, 1:]).all()


def test_what_all_patterns_share_is_one_node(known):
    assert known.quantity("node_members").values[0].tolist() == [[1, 1, 0, 0, 0]]
    assert (known.quantity("node_members").values[1] == -1).all()
    edges = {tuple(edge) for edge in known.quantity("edges").values[0].tolist()}
    # 5 players, the coalition {0, 1} is node 5, the patterns 6, 7, 8, the sum 9.
    assert {(5, 0), (5, 1), (6, 5), (7, 5), (8, 5), (9, 6), (9, 7), (9, 8)} < edges
    assert len(edges) == 11
    assert known.quantity("n_nodes").values.tolist() == [10, 7]
    assert known.quantity("n_edges").values.tolist() == [11, 2]
    assert known.quantity("n_patterns").values.tolist() == [3, 1]


def test_a_graph_that_keeps_everything_misses_nothing(known):
    np.testing.assert_allclose(known.quantity("error").values, 0, atol=1e-12)
    np.testing.assert_allclose(known.quantity("explained_ratio").values, 1, atol=1e-6)
    assert known.quantity("faithful").values.all()
    assert known.quantity("constant").values.tolist() == [0.0, 0.5]
    assert known.notes == ()


def test_means_leave_excluded_samples_out():
    tables = np.stack([table(PATTERNS, 5), table({frozenset({1}): 4.0}, 5), table(PATTERNS, 5)])
    measurement = measured(tables, 5, included=np.array([True, True, False]))
    assert measurement.quantity("mean_n_patterns").values == 2.0
    assert measurement.quantity("mean_n_edges").values == (11 + 2) / 2
    assert measurement.quantity("mean_n_nodes").values == (10 + 7) / 2
    assert {quantity.name for quantity in measurement.summary} == {
        "mean_explained_ratio",
        "mean_error",
        "mean_n_patterns",
        "mean_n_edges",
        "mean_n_nodes",
    }


def test_texts_of_different_lengths_are_padded():
    sizes = (5, 3)
    games = [table(PATTERNS, 5), table({frozenset({0, 2}): 1.0}, 3)]

    def value(sample, rows):
        return games[sample][rows @ 2 ** np.arange(rows.shape[1])]

    metric = extensions.metric("and-or-graph")
    results = reduced(metric, value, [Question(n, 4000, 0, f"text/{n}") for n in sizes])
    own = Cohort(np.ones(2, bool), np.array(sizes), False, None, "logit", 0, intervals=True)
    measurement = metric.aggregate(results, own)
    assert measurement.quantity("pattern_members").values[1, 0].tolist() == [1, 0, 1, -1, -1]
    assert results[1].estimate.players == ((0, 2),)


def test_noise_is_told_where_no_small_graph_explains_it():
    tables = np.random.default_rng(0).normal(size=(2, 2**8)) + 1.0
    measurement = measured(tables, 8)
    assert not measurement.quantity("faithful").values.any()
    assert any("In 2 of 2 samples no graph of at most 80 patterns" in note for note in measurement.notes)
    assert (measurement.quantity("n_patterns").values <= 80).all()


def test_one_sample_without_any_interaction_has_an_empty_graph():
    measurement = measured(np.zeros((1, 8)), 3)
    assert measurement.quantity("n_patterns").values.tolist() == [0]
    assert measurement.quantity("pattern_values").values.shape[0] == 1
