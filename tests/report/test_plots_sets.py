"""The strongest sets as bars with names, words of the strongest in boxes, strength by size."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from support import coalition_reports as made

from interact_cli.report.plots import plot_report
from interact_cli.report.plots.sets import draw_sets
from interact_cli.report.plots.style import BLUE, ORANGE, WIDTH


def drawn(report, metric, *samples):
    figure = Figure(figsize=(WIDTH, 6))
    draw_sets(figure.subfigures(), report, metric, samples=np.array(samples or [0]))
    figure.draw_without_rendering()
    return figure.axes


def names(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def bars(axes):
    return [(round(bar.get_width(), 6), to_hex(bar.get_edgecolor())) for bar in axes.patches]


def test_sets_are_ranked_by_their_mean_size_and_drawn_by_their_signed_mean():
    sets = [(), (0,), (1,), (0, 1), (1, 2)]
    report = made.report_of(
        made.samples_of(2), made.column_players(["age", "sex", "bmi"]),
        [made.by_set("shapley-taylor", sets, [[9, 1, -4, 2, 0.5], [9, 1, 2, -8, 0.5]])],
    )  # fmt: skip
    sizes, axes = drawn(report, "shapley-taylor")
    assert names(axes) == ["age × sex", "sex", "age", "sex × bmi"]
    assert [bar[0] for bar in bars(axes)] == [-3, -1, 1, 0.5]
    assert [bar[1] for bar in bars(axes)] == [colour.lower() for colour in (ORANGE, ORANGE, BLUE, BLUE)]
    # Two of three players and two of three pairs were measured: no sum, the mean of a measured set.
    assert [bar.get_height() for bar in sizes.patches] == [(5 + 3) / 4, (2.5 + 8.5) / 4]
    assert sizes.get_ylabel() == "mean |value| of a measured set (log-odds)"


def test_sets_of_texts_are_drawn_text_by_text():
    texts = (["not", "good"], ["so", "so"])
    report = made.report_of(
        made.samples_of(2, texts=("not good", "so so")), made.text_players(texts),
        [made.by_coalition("harsanyi", [[9, 1, 2, -3], [9, -1, 0.5, 4]])],
    )  # fmt: skip
    sizes, first, first_bars, second, second_bars = drawn(report, "harsanyi", 0, 1)
    assert (names(first_bars), names(second_bars)) == (
        ["not & good", "good", "not"],
        ["so (1st) & so (2nd)", "so (1st)", "so (2nd)"],
    )
    assert [bar[0] for bar in bars(first_bars)] == [-3, 2, 1]
    assert [bar.get_height() for bar in sizes.patches] == [(3 + 1.5) / 2, (3 + 4) / 2]
    assert to_hex(first.patches[0].get_edgecolor()) == ORANGE.lower()
    assert to_hex(second.patches[0].get_edgecolor()) == BLUE.lower()


def test_and_and_or_differ_to_the_eye():
    report = made.report_of(
        made.samples_of(1), made.column_players("ab"),
        [made.by_coalition("and-or", [[0, 1, 0, 3]], or_tables=[[0, 0, -2, 4]])],
    )  # fmt: skip
    _, axes = drawn(report, "and-or")
    assert names(axes)[:4] == ["a | b", "a & b", "b", "a"]
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches[:4]] == [
        "#ffffff",
        BLUE.lower(),
        "#ffffff",
        BLUE.lower(),
    ]
    assert "hollow: OR" in axes.get_xlabel()


@pytest.mark.parametrize("n_words", [1, 3, 20])
def test_a_page_of_sets(tmp_path, n_words):
    words = [f"word{i}" for i in range(n_words)]
    sets = [(i,) for i in range(n_words)] + [(i, i + 1) for i in range(n_words - 1)]
    report = made.report_of(
        made.samples_of(1, texts=(" ".join(words),)), made.text_players([words]),
        [made.by_set("k-shapley", sets, [np.arange(len(sets)) - 2.0], errors=np.full((1, len(sets)), 0.2))],
    )  # fmt: skip
    assert plot_report(report, tmp_path / "s.png") == ["sets of k-shapley"]


def test_metrics_of_all_kinds_share_a_page(tmp_path):
    players = made.text_players((made.TEXTS[1],) * 3)
    samples = made.samples_of(3, texts=(made.SENTENCES[1],) * 3)
    whole = [
        made.film_graphs().measurements[0],
        made.multivariate([[4, 5]] * 3, [[0, 0]] * 3, [[0, 1]] * 3),
        made.by_coalition("harsanyi", np.random.default_rng(0).normal(size=(3, 2**10))),
    ]
    report = made.report_of(samples, players, whole)
    assert plot_report(report, tmp_path / "page.png") == [
        "graph of and-or-graph",
        "partition of multivariate",
        "sets of harsanyi",
    ]
    for kind in ("graph", "partition", "sets"):
        assert len(plot_report(report, tmp_path / f"{kind}.pdf", kind=kind)) == 1


def test_lengths_of_concepts_are_not_called_signed():
    report = made.report_of(
        made.samples_of(2), made.column_players("ab"), [made.by_coalition("concepts", [[9, 1, 2, 3], [9, 1, 0.5, 4]])]
    )
    _, axes = drawn(report, "concepts")
    assert axes.get_xlabel().startswith("mean length over samples")
    assert axes.get_title().startswith("concepts, ranked by mean length")
