"""The And-Or graph: every pattern above its players, its value in the sum; the JSON document says the same."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from support import coalition_reports as made

from interact_cli.errors import OutputError, UsageError
from interact_cli.report.export import write_graph
from interact_cli.report.plots import plot_report
from interact_cli.report.plots.graph import draw_graph, spread
from interact_cli.report.plots.style import BLUE, ORANGE, WIDTH

METRIC = "and-or-graph"
WORDS = made.TEXTS[1]


def drawn(report, sample=0):
    figure = Figure(figsize=(WIDTH, 4))
    draw_graph(figure.subfigures(), report, METRIC, sample=sample)
    figure.draw_without_rendering()
    return figure.axes[0]


def words_at(axes):
    return {text.get_text(): text.get_position() for text in axes.texts}


def lines(axes):
    """Each line as its two ends, the higher one first, with its colour."""
    ends = [(np.column_stack(line.get_data()), line.get_color()) for line in axes.lines if isinstance(line, Line2D)]
    return [(*sorted(map(tuple, points), key=lambda point: -point[1]), colour) for points, colour in ends]


def test_players_stand_in_reading_order_under_their_names():
    axes = drawn(made.film_graphs())
    places = words_at(axes)
    across = [places[word][0] for word in WORDS]
    assert across == sorted(across)
    assert len({places[word][1] for word in WORDS}) == 1


def test_a_pattern_hangs_on_its_players_and_carries_its_value():
    axes = drawn(made.film_graphs(), sample=1)  # (0, 1): 1 and (2,): -3
    places = words_at(axes)
    for value, members, colour in (("1.00", (0, 1), BLUE), ("−3.00", (2,), ORANGE)):
        x = places[value][0]
        # The line into the sum has this value's x; its lower end is the pattern.
        pattern = next(low for high, low, _ in lines(axes) if high[0] == low[0] == x and high[1] > low[1] > 1.5)
        below = [(low, shade) for high, low, shade in lines(axes) if high == pattern and low[1] < pattern[1]]
        assert sorted(low[0] for low, _ in below) == pytest.approx([places[WORDS[player]][0] for player in members])
        assert {shade for _, shade in below} == {colour}


def test_a_merged_coalition_is_a_node_of_its_own():
    axes = drawn(made.film_graphs())
    place = words_at(axes)["&"]
    node = (place[0], pytest.approx(place[1], abs=0.01))
    below = [low for high, low, _ in lines(axes) if high == node]
    above = [high for high, low, _ in lines(axes) if low == node]
    places = words_at(axes)
    assert sorted(low[0] for low in below) == pytest.approx([places["good"][0], places["stupid"][0]])
    assert len(above) == 3  # (6, 7), (6, 7, 8) and (5, 6, 7, 8)


def test_the_size_of_a_pattern_is_the_size_of_its_value():
    axes = drawn(made.film_graphs(), sample=1)
    areas = axes.collections[0].get_sizes()
    assert areas.max() / areas.min() == pytest.approx(3)


@pytest.mark.parametrize("sample", [0, 1, 2])
def test_a_page_of_a_graph(tmp_path, sample):
    assert plot_report(made.film_graphs(), tmp_path / "g.png", sample=sample) == ["graph of and-or-graph"]


@pytest.mark.parametrize(("n_players", "n_patterns"), [(3, 7), (20, 80)])
def test_nothing_leaves_the_page_and_no_two_patterns_overlap(n_players, n_patterns):
    rng = np.random.default_rng(n_players)
    patterns = {}
    while len(patterns) < n_patterns:
        members = rng.choice(n_players, rng.integers(1, min(n_players, 5) + 1), replace=False)
        patterns[tuple(sorted(members.tolist()))] = float(rng.normal())
    names = [f"a long name of column {i}" for i in range(n_players)]
    report = made.report_of(
        made.samples_of(1), made.column_players(names), [made.graph([(patterns, [frozenset({0, 1})])], n_players)]
    )
    axes = drawn(report)
    page = axes.figure.get_figure(root=True).bbox
    outside = [
        text.get_text()
        for text in axes.texts
        if not (page.x0 <= text.get_window_extent().x0 and text.get_window_extent().x1 <= page.x1)
    ]
    assert outside == []
    circles = axes.collections[0]
    at = axes.transData.transform(circles.get_offsets())
    radius = np.sqrt(circles.get_sizes()) / 2 * axes.figure.dpi / 72
    apart = np.linalg.norm(at[:, None] - at, axis=-1) + np.diag(np.full(len(at), np.inf))
    assert (apart > np.add.outer(radius, radius) * 0.9).all()


def test_a_graph_without_patterns(tmp_path):
    report = made.report_of(made.samples_of(1), made.column_players("abc"), [made.graph([({}, [])], 3)])
    assert plot_report(report, tmp_path / "g.png") == ["graph of and-or-graph"]


def test_the_document_holds_nodes_edges_and_values(tmp_path):
    path = tmp_path / "graph.json"
    assert write_graph(made.film_graphs(), path, sample=1) == "graph of and-or-graph"
    held = json.loads(path.read_text())
    assert held["sample"] == "made/test/1"
    assert held["players"] == WORDS
    kinds = [node["kind"] for node in held["nodes"]]
    assert kinds == ["player"] * 10 + ["and", "and", "sum"]
    assert [(node["players"], node["value"]) for node in held["nodes"][10:12]] == [([0, 1], 1.0), ([2], -3.0)]
    assert held["edges"] == [[10, 0], [10, 1], [11, 2], [12, 10], [12, 11]]
    assert (held["explained_ratio"], held["error"], held["n_patterns"]) == (0.97, 0.0125, 2)


def test_a_document_is_refused_in_one_line(tmp_path):
    report = made.film_graphs()
    with pytest.raises(UsageError, match=r"Expected a document named \*.json"):
        write_graph(report, tmp_path / "graph.png", sample=0)
    with pytest.raises(UsageError, match="Expected a sample from 0 to 2, got 3"):
        write_graph(report, tmp_path / "graph.json", sample=3)
    with pytest.raises(UsageError, match="Expected a metric that gives a graph, got multivariate"):
        write_graph(made.film_partitions(), tmp_path / "graph.json", sample=0)
    with pytest.raises(OutputError, match="Cannot write the document"):
        write_graph(report, tmp_path / "absent" / "graph.json", sample=0)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=12), st.floats(0.05, 0.8))
def test_spreading_keeps_order_distance_and_page(wanted, apart):
    wanted = np.array(wanted)
    placed = spread(wanted, apart, 10.0)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(placed[order]) >= apart - 1e-9).all()
    assert placed.min() >= apart / 2 - 1e-9
    assert placed.max() <= 10 - apart / 2 + 1e-9


def test_places_that_are_far_enough_apart_stay():
    np.testing.assert_allclose(spread(np.array([7.0, 1.0, 4.0]), 1.0, 10.0), [7, 1, 4])
