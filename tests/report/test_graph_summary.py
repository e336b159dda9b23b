"""The And-Or graph comes back from a report's arrays as it was, and its patterns read as words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rich.cells import cell_len
from support.set_reports import measured, quantity, table_report, text_report
from support.words import telling

from interact_cli.report.documents import json_text
from interact_cli.report.terminal.summary import summary_text
from interact_cli.report.views.graphs import document, graph_of


def flat(text):
    return " ".join(text.split())


def members(rows, n, width):
    array = np.full((width, n), -1)
    for row, players in zip(array, rows, strict=False):
        row[:] = [int(player in players) for player in range(n)]
    return array


TOLD = "A graph of 2.00 patterns misses 13.1 % of the squared scores; its explained ratio is 0.738."


def graphs(patterns, coalitions, edges, n):
    """The arrays of ``and-or-graph`` by hand: of each sample patterns {players: value}, coalitions, edges."""
    most = [max(map(len, rows)) for rows in (patterns, coalitions, edges)]
    values = np.full((len(patterns), most[0]), np.nan)
    ends = np.full((len(edges), most[2], 2), -1)
    for sample, held in enumerate(patterns):
        values[sample, : len(held)] = list(held.values())
        ends[sample, : len(edges[sample])] = edges[sample]
    inner = np.stack([members(list(held), n, most[0]) for held in patterns])
    merged = np.stack([members(rows, n, most[1]) for rows in coalitions])
    counts = {
        "n_nodes": [n + len(c) + len(p) + 1 for p, c in zip(patterns, coalitions, strict=True)],
        "n_edges": [len(rows) for rows in edges],
        "n_patterns": [len(held) for held in patterns],
    }
    return measured(
        "and-or-graph",
        [
            quantity("pattern_members", ("sample", "pattern", "player"), inner, "1"),
            quantity("pattern_values", ("sample", "pattern"), values),
            quantity("node_members", ("sample", "node", "player"), merged, "1"),
            quantity("edges", ("sample", "edge", "end"), ends, "1"),
            *[quantity(name, ("sample",), np.array(rows), "1") for name, rows in counts.items()],
            quantity("explained_ratio", ("sample",), np.array([0.975, 0.5]), "1"),
            quantity("error", ("sample",), np.array([0.0125, 0.25]), "1"),
            quantity("sse", ("sample",), np.array([2.0, 4.0]), "log-odds^2"),
            quantity("constant", ("sample",), np.array([0.5, -0.5])),
            quantity("faithful", ("sample",), np.array([True, False]), "1"),
        ],
        [
            quantity("mean_explained_ratio", (), 0.7375, "1"),
            quantity("mean_error", (), 0.13125, "1"),
            quantity("mean_n_patterns", (), 2.0, "1"),
            quantity("mean_n_edges", (), 8.0, "1"),
        ],
        findings=[telling(TOLD, "mean_n_patterns", "mean_explained_ratio", "mean_error")],
    )


PATTERNS = [{(3, 4): -1.32, (3, 4, 6): 2.5, (0,): 0.25}, {(4, 5): 1.0}]
COALITIONS = [[(3, 4)], []]
EDGES = [
    # n = 7 players, then the coalition {3, 4} as 7, the patterns as 8, 9, 10, the sum as 11.
    [(7, 3), (7, 4), (8, 7), (9, 6), (9, 7), (10, 0), (11, 8), (11, 9), (11, 10)],
    [(7, 4), (7, 5), (8, 7)],
]


@pytest.fixture
def made():
    return text_report([graphs(PATTERNS, COALITIONS, EDGES, 7)])


def test_a_graph_comes_back_as_it_was(made):
    view = graph_of(made, made.measurements[0], 0)
    assert view.graph.n_players == 7
    assert view.names == ("the", "film", "is", "not", "good", "at", "all")
    assert [(tuple(p.members), p.value) for p in view.patterns] == list(PATTERNS[0].items())
    assert view.graph.coalitions == ((3, 4),)
    assert list(view.graph.edges) == EDGES[0]
    assert (view.graph.n_nodes, view.graph.n_edges, view.graph.n_patterns) == (12, 9, 3)
    assert (view.graph.explained_ratio, view.graph.error, view.unit) == (0.975, 0.0125, "log-odds")
    assert view.graph.nodes[9].children == (6, 7)
    assert [view.graph.nodes[node].members for node in (6, 7, 9, 11)] == [(6,), (3, 4), (3, 4, 6), (0, 3, 4, 6)]
    assert (view.graph.sse, view.graph.constant, view.graph.faithful) == (2.0, 0.5, True)


def test_padding_is_no_pattern_no_coalition_and_no_edge(made):
    view = graph_of(made, made.measurements[0], 1)
    assert [p.members for p in view.patterns] == [(4, 5)]
    assert view.graph.coalitions == ()
    assert list(view.graph.edges) == EDGES[1]
    assert view.names[4:6] == ("very (1st)", "very (2nd)")


def test_patterns_are_words_with_values(made):
    text = flat(summary_text(made))
    assert "'not' & 'good' & 'all' 2.50 'not' & 'good' -1.32 'the' 0.250" in text
    assert "Common to several: 'not' & 'good'." in text
    assert "3 patterns, 12 nodes, 9 edges; explained ratio 0.975, error 0.0125." in text
    assert "explained ratio 0.500, error 0.250: more than the published rules allow." in text
    assert "'very (1st)' & 'very (2nd)' 1.00" in text
    assert TOLD in text
    assert "edges: 8.00" in text
    assert "patterns: 2.00" not in text
    assert "explained ratio: 0.738" not in text


def test_cells_of_a_grid_are_named_by_row_and_column():
    one = graphs([{(0, 3): 1.0}, {(1,): 2.0}], [[], []], [[(4, 0), (4, 3), (5, 4)], [(4, 1), (5, 4)]], 4)
    made = table_report([one], names=("a", "b", "c", "d"), grid=(2, 2), labels=(0, 0), predicted=(0, 0))
    text = flat(summary_text(made))
    assert "'r0 c0' & 'r1 c1' 1.00" in text
    assert "table/test/1, class 0, predicted 0" in text


def test_only_the_strongest_patterns_are_shown_and_counted():
    patterns = [{(i, j): float(i - 3 * j) for i in range(3) for j in range(3, 7)}] * 2
    text = flat(summary_text(text_report([graphs(patterns, [[], []], [[(7, 0)]] * 2, 7)])))
    assert "The 8 strongest of 12 patterns." in text
    assert "'the' & 'all' -18.0" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_longer_than_the_terminal(made, width, ascii_only):
    text = summary_text(made, width=width, ascii_only=ascii_only)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert text.isascii() == ascii_only


def test_the_document_is_json_and_names_everything(made):
    told = json.loads(json_text(document(graph_of(made, made.measurements[0], 0))))
    assert told["players"] == ["the", "film", "is", "not", "good", "at", "all"]
    assert sorted(map(tuple, told["edges"])) == sorted(EDGES[0])
    assert [(node["kind"], node["names"], node["value"]) for node in told["nodes"][7:10]] == [
        ("coalition", ["not", "good"], None),
        ("and", ["not", "good"], -1.32),
        ("and", ["not", "good", "all"], 2.5),
    ]
    assert told["nodes"][11]["kind"] == "sum"
    assert (told["n_nodes"], told["n_edges"], told["n_patterns"], told["unit"]) == (12, 9, 3, "log-odds")
    assert (told["constant"], told["sse"], told["faithful"]) == (0.5, 2.0, True)
