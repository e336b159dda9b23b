"""The And-Or graph: greedy removal of noisy patterns, merging of common coalitions, the graph and its numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import and_or_reference as naive
from support.references import table, unanimity
from support.strategies import tables

import interact_cli as ic
from interact_cli.errors import NonFiniteError, ShapeError, UsageError
from interact_cli.interactions.and_or.graph import AndOrGraph, Node, and_or_graph
from interact_cli.interactions.and_or.merging import merge_common
from interact_cli.interactions.and_or.removal import DEMO, PUBLISHED, Rules, explained_ratio
from interact_cli.interactions.and_or.split import learned_split
from interact_cli.interactions.exact.transforms import moebius

QUICK = settings(max_examples=15, deadline=None)
STEP = {"max_error": 0.0, "max_merges": 0}
"""Rules that no step meets."""


def random_kinds(n, seed, *, with_or=True):
    """AND and OR interactions of n players; OR ones of two players or more."""
    ands, ors = np.random.default_rng(seed).normal(size=(2, 2**n))
    several = np.array([len(S) > 1 for S in naive.in_order(n)])
    return ands, ors * several * with_or


def pairs_within_triples():
    """AND(0,1,2), AND(0,1,3) and AND(0,1,4): {0, 1} is common to all three."""
    return moebius(table(lambda T: sum(unanimity({0, 1, other})(T) for other in (2, 3, 4)), 5))


def patterns_of(graph):
    return {(node.kind, frozenset(node.members), round(node.value, 9)) for node in graph.patterns}


def rounded(interactions):
    return {(kind, S, round(value, 9)) for kind, S, value in interactions}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("n", "with_or"), [(3, False), (4, False), (3, True), (4, True)])
def test_greedy_removal_takes_the_naive_steps(n, with_or, seed):
    ands, ors = random_kinds(n, seed, with_or=with_or)
    every = [x for x in naive.listed(ands, ors, n) if x[2] != 0.0]
    v = naive.total(every, ands[0], n)
    steps = naive.remove_greedily(v, every, ands[0], n, candidates=4, least=2)
    for kept in steps:
        rules = Rules(candidates=4, min_patterns=len(kept), max_patterns=len(kept), **STEP)
        graph = and_or_graph(ands, ors, rules=rules)
        assert patterns_of(graph) == rounded(kept)
        assert graph.sse == pytest.approx(naive.squared_error(v, kept, ands[0], n), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_latest_step_within_the_rules_is_taken(seed):
    n = 4
    ands, _ = random_kinds(n, seed)
    every = naive.listed(ands, np.zeros(2**n), n)[: 2**n - 1]
    v = naive.total(every, ands[0], n)
    good = []
    for kept in naive.remove_greedily(v, every, ands[0], n, candidates=5, least=2):
        strength, removed = sum(abs(x[2]) for x in kept), sum(x[2] for x in every if x not in kept)
        error = naive.squared_error(v, kept, ands[0], n) / (np.square(v).sum() + 1e-7)
        if error < 0.3 and strength / (strength + abs(removed) + 1e-7) > 0.8:
            good.append(kept)
    rules = Rules(candidates=5, min_patterns=2, max_error=0.3, min_ratio=0.8)
    graph = and_or_graph(ands, rules=rules)
    assert graph.faithful
    assert patterns_of(graph) == rounded(good[-1])


@QUICK
@given(drawn=tables(1, 4), least=st.integers(0, 6))
def test_error_and_ratio_are_those_of_set_arithmetic(drawn, least):
    v, n = drawn
    split = learned_split(v, iterations=30, learning_rate=1e-3)
    graph = and_or_graph(split, rules=Rules(min_patterns=least, max_error=0.5))
    kept = [(node.kind, frozenset(node.members), node.value) for node in graph.patterns]
    scale = max(1.0, np.abs(v).max()) ** 2
    sse = naive.squared_error(v, kept, graph.constant, n)
    assert graph.sse == pytest.approx(sse, abs=1e-9 * scale)
    assert graph.error == pytest.approx(sse / (np.square(v).sum() + 1e-7), abs=1e-9 * scale)
    removed = sum(x[2] for x in naive.listed(split.values, split.or_values, n)) - sum(x[2] for x in kept)
    strength = sum(abs(x[2]) for x in kept)
    assert graph.explained_ratio == pytest.approx(strength / (strength + abs(removed) + 1e-7), abs=1e-6)


def test_the_explained_ratio_takes_the_size_of_the_sum_of_the_removed():
    """As printed: removed interactions of opposite sign cancel, so a ratio of 1 does not mean that little is gone."""
    assert explained_ratio(np.array([1.0]), np.array([5.0, -5.0])) == pytest.approx(1.0, abs=1e-6)
    assert explained_ratio(np.array([1.0, -2.0]), np.array([5.0, -4.0])) == pytest.approx(0.75, abs=1e-6)


def test_the_noise_q_of_a_split_counts_as_error():
    split = learned_split(np.random.default_rng(0).normal(size=8), iterations=300, q_share=0.5)
    graph = and_or_graph(split)
    assert np.abs(split.q).max() > 0
    assert graph.sse == pytest.approx(np.square(split.q).sum(), rel=1e-6)


def test_a_game_without_a_good_step_keeps_the_least_error_and_says_so():
    ands, _ = random_kinds(4, 0)
    every = naive.listed(ands, np.zeros(16), 4)[:15]
    v = naive.total(every, ands[0], 4)
    steps = naive.remove_greedily(v, every, ands[0], 4, candidates=20, least=2)
    few = [kept for kept in steps if len(kept) <= 5]
    graph = and_or_graph(ands, rules=Rules(min_patterns=2, max_patterns=5, max_error=1e-9))
    assert not graph.faithful
    assert graph.sse == pytest.approx(min(naive.squared_error(v, kept, ands[0], 4) for kept in few))
    assert graph.document("abcd")["faithful"] is False


def test_more_patterns_than_allowed_is_not_faithful():
    dividends = np.zeros(16)
    dividends[[1, 2, 4, 8]] = 1.0
    graph = and_or_graph(dividends, rules=Rules(min_patterns=0, max_patterns=3))
    assert (graph.faithful, graph.n_patterns) == (False, 3)
    assert and_or_graph(dividends).faithful


def test_interactions_that_are_rounding_are_no_patterns():
    v = table(lambda T: 0.1 * unanimity({0, 2})(T) + 0.3 * unanimity({1, 2, 3})(T), 4)
    graph = and_or_graph(moebius(v))
    assert patterns_of(graph) == {("and", frozenset({0, 2}), 0.1), ("and", frozenset({1, 2, 3}), 0.3)}
    assert graph.sse == pytest.approx(0.0, abs=1e-20)
    assert graph.faithful


def test_a_constant_game_is_a_graph_without_patterns():
    graph = and_or_graph(moebius(np.full(8, 4.0)))
    assert (graph.n_patterns, graph.n_edges, graph.n_nodes) == (0, 0, 4)
    assert (graph.constant, graph.sse, graph.faithful) == (4.0, 0.0, True)


def test_a_pair_common_to_three_patterns_gets_its_node():
    graph = and_or_graph(pairs_within_triples())
    players = [Node("player", (i,), None, ()) for i in range(5)]
    patterns = [Node("and", (0, 1, other), 1.0, (other, 5)) for other in (2, 3, 4)]
    root = Node("sum", (0, 1, 2, 3, 4), None, (6, 7, 8))
    assert graph.nodes == (*players, Node("coalition", (0, 1), None, (0, 1)), *patterns, root)
    assert graph.edges == ((5, 0), (5, 1), (6, 2), (6, 5), (7, 3), (7, 5), (8, 4), (8, 5), (9, 6), (9, 7), (9, 8))
    assert (graph.n_nodes, graph.n_edges, graph.n_patterns, graph.coalitions) == (10, 11, 3, ((0, 1),))
    assert (graph.sse, graph.explained_ratio) == (0.0, pytest.approx(1.0, abs=1e-6))


def test_without_merges_the_patterns_join_players():
    graph = and_or_graph(pairs_within_triples(), rules=Rules(max_merges=0))
    assert graph.coalitions == ()
    assert (graph.n_nodes, graph.n_edges) == (9, 12)


def test_an_and_coalition_is_not_shared_with_or_patterns():
    ands, ors = np.zeros((2, 64))
    ands[[0b000111, 0b001011, 0b010011]] = 3.0
    ors[[0b100011, 0b111000]] = 2.0
    graph = and_or_graph(ands, ors)
    joined = {node.kind: node for node in graph.nodes if node.kind in ("coalition", "or-coalition")}
    assert joined["coalition"].members == (0, 1)
    assert "or-coalition" not in joined
    pattern = next(node for node in graph.patterns if node.members == (0, 1, 5))
    assert (pattern.kind, pattern.children) == ("or", (0, 1, 5))


def test_or_patterns_share_an_or_coalition():
    ors = np.zeros(32)
    ors[[0b00111, 0b01011, 0b10011]] = 3.0, -2.0, 1.0
    graph = and_or_graph(np.zeros(32), ors)
    assert [node.members for node in graph.nodes if node.kind == "or-coalition"] == [(0, 1)]
    assert [node.value for node in graph.patterns] == [3.0, -2.0, 1.0]


@pytest.mark.parametrize("scale", [1.0, 0.3, 0.03])
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("with_or", [False, True])
def test_merging_agrees_with_trying_every_set(seed, with_or, scale):
    rng = np.random.default_rng(seed)
    n, count = 5, 7
    codes = rng.choice(np.arange(3, 2**n), count, replace=False).tolist()
    is_or = (rng.random(count) < 0.5).tolist() if with_or else [False] * count
    strengths = scale * rng.exponential(size=count)
    every = naive.in_order(n)
    kinds = ["or" if either else "and" for either in is_or]
    patterns = [(kind, every[code], s) for kind, code, s in zip(kinds, codes, strengths.tolist(), strict=True)]
    expected, spelled = naive.merge(patterns, 5)
    merged = merge_common(codes, is_or, strengths, n, 5)
    found = [("or" if word.is_or else "and", every[word.code]) for word in merged.words[n:]]
    assert found == expected
    names = [str(i) for i in range(n)] + [" ".join([kind, *map(str, sorted(S))]) for kind, S in expected]
    assert [{names[word] for word in words} for words in merged.spelled] == spelled


@pytest.mark.parametrize("n", [4, 6, 8])
def test_every_node_is_the_disjoint_union_of_its_children(n):
    graph = and_or_graph(*random_kinds(n, n), rules=Rules(max_error=10.0, min_ratio=0.1, min_patterns=10))
    assert graph.coalitions
    for number, node in enumerate(graph.nodes[:-1]):
        if node.kind == "player":
            assert node.children == ()
            continue
        parts = [graph.nodes[child].members for child in node.children]
        assert sorted(player for part in parts for player in part) == list(node.members)
        assert all(child < number for child in node.children)
        joins = {graph.nodes[child].kind for child in node.children} - {"player"}
        assert joins <= {"or-coalition" if node.kind.startswith("or") else "coalition"}
    assert graph.nodes[-1].children == tuple(range(graph.n_nodes - 1 - graph.n_patterns, graph.n_nodes - 1))
    strengths = [abs(node.value) for node in graph.patterns]
    assert strengths == sorted(strengths, reverse=True)


def test_the_document_survives_json():
    ands, ors = random_kinds(4, 3)
    graph = and_or_graph(ands, ors)
    document = graph.document(["not", "good", '"', "\x1b[31m"])
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert [node["id"] for node in document["nodes"]] == list(range(graph.n_nodes))
    assert document["nodes"][1] == {"id": 1, "kind": "player", "players": [1], "names": ["good"], "value": None}
    assert document["nodes"][-1]["kind"] == "sum"
    assert [tuple(edge) for edge in document["edges"]] == list(graph.edges)
    assert document["explained_ratio_formula"] == "sum_kept |I| / (sum_kept |I| + |sum_removed I| + 1e-7)"


def test_the_document_needs_a_name_for_each_player():
    with pytest.raises(ShapeError, match="Expected 5 `names`, one for each player, got 2"):
        and_or_graph(pairs_within_triples()).document(["a", "b"])


def test_estimates_are_taken_as_they_are_measured():
    v = np.random.default_rng(1).normal(size=16)
    graph = and_or_graph(ic.measure(ic.TableGame(v), "harsanyi"))
    assert isinstance(graph, AndOrGraph)
    assert patterns_of(graph) == patterns_of(and_or_graph(moebius(v)))


def test_an_or_of_one_player_is_drawn_as_an_and():
    ors = np.zeros(4)
    ors[[0, 1]] = 5.0, 2.0
    graph = and_or_graph(np.zeros(4), ors)
    assert graph.constant == 5.0
    assert patterns_of(graph) == {("and", frozenset({0}), 2.0)}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.zeros(3),), ShapeError, r"`dividends` of shape \(2\^n,\) with n >= 1, got \(3,\)"),
        ((np.zeros((4, 2)),), ShapeError, r"got \(4, 2\)"),
        ((np.zeros(4), np.zeros(8)), ShapeError, "of one game, got 4 and 8 values"),
        ((np.array([0.0, np.inf]),), NonFiniteError, "finite `dividends`, got 1"),
        ((np.zeros(2), np.array([0.0, np.nan])), NonFiniteError, "finite `or_dividends`, got 1"),
    ],
)
def test_bad_arrays(arguments, error, message):
    with pytest.raises(error, match=message):
        and_or_graph(*arguments)


def test_estimates_of_other_indices_are_refused():
    shapley = ic.measure(ic.TableGame(np.arange(4.0)), "shapley")
    with pytest.raises(UsageError, match="an estimate of 'harsanyi' or 'and-or', got one of 'shapley'"):
        and_or_graph(shapley)
    with pytest.raises(UsageError, match="got one of 'and-or' with OR interactions beside it"):
        and_or_graph(learned_split(np.arange(4.0), iterations=1), np.zeros(4))


@pytest.mark.parametrize(
    "rules", [{"candidates": 0}, {"min_patterns": -1}, {"min_patterns": 90}, {"max_merges": -1}], ids=str
)
def test_bad_rules(rules):
    with pytest.raises(UsageError, match="Expected candidates >= 1"):
        Rules(**rules)


def test_the_published_rules():
    assert Rules(20, 15, 80, 0.1, 0.95, 5) == PUBLISHED
    assert Rules(40, 15, 80, 0.01, 0.95, 5) == DEMO
