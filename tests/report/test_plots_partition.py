"""Partitions: a box per coalition and line, right words for what an extreme speaks for, cells of a coalition alike."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from support import coalition_reports as made

from interact_cli.report.plots import plot_report
from interact_cli.report.plots.flow import ROOM, Word, flowed, width_of
from interact_cli.report.plots.games import draw_significance
from interact_cli.report.plots.partition import draw_partition_map, draw_partitions, partitions_height
from interact_cli.report.plots.style import COALITIONS, WIDTH
from interact_cli.report.views.partitions import directions, partitions_of

METRIC = "multivariate"
RIGHT, WRONG = "towards the right answer", "towards the wrong answer"


def drawn(report, *samples):
    chosen = np.array(samples)
    figure = Figure(figsize=(WIDTH, partitions_height(report, report.measurement(METRIC), chosen)))
    draw_partitions(figure.subfigures(), report, METRIC, samples=chosen)
    figure.draw_without_rendering()
    return figure.axes[0]


def boxed(axes):
    """Words inside each box, box by box from the top, with the box's colour; ``none`` for an outline."""
    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    found = []
    for box in boxes:
        x, y = box.get_x(), box.get_y()
        inside = [
            text.get_text()
            for text in axes.texts
            if x < text.get_position()[0] < x + box.get_width() and y < text.get_position()[1] < y + box.get_height()
        ]
        colour = box.get_facecolor()
        found.append((" ".join(inside), to_hex(colour) if colour[3] else "none"))
    return found


def test_blocks_are_read_by_their_numbers():
    held = partitions_of(made.film_partitions().measurement(METRIC), 1)
    assert held.members == (4, 5, 6, 7, 8)
    assert held.best == ((4,), (5, 6, 7), (8,))
    assert held.worst == ((4, 5, 7, 8), (6,))


@pytest.mark.parametrize(
    ("target", "label", "predicted", "expected"),
    [
        ("predicted", 1, 0, (WRONG, RIGHT)),
        ("true", 1, 0, (RIGHT, WRONG)),
        ("predicted", 1, 1, (RIGHT, "against the right answer")),
        ("true", 1, 1, (RIGHT, "against the right answer")),
        ("predicted", -1, 1, ("towards the predicted answer", "against the predicted answer")),
        (None, 1, 0, ("", "")),
    ],
)
def test_what_an_extreme_speaks_for(target, label, predicted, expected):
    report = made.film_partitions(target=target)
    samples = dataclasses.replace(report.samples, labels=np.full(3, label), predicted=np.full(3, predicted))
    assert directions(dataclasses.replace(report, samples=samples), 0) == expected


@pytest.mark.parametrize("score", ["cross-entropy", "margin"])
def test_scores_that_fall_turn_the_words_round(score):
    assert directions(made.film_partitions(score=score), 0) == (RIGHT, WRONG)


def test_words_of_a_coalition_share_a_box():
    best, worst = COALITIONS[:2], COALITIONS[2:4]
    assert boxed(drawn(made.film_partitions(), 0)) == [
        ("similarly morose and", best[0][0].lower()),
        ("humorless horror movie", best[1][0].lower()),
        ("that", "none"),
        (",", "none"),
        ("although", "none"),
        ("similarly", "none"),
        ("morose", "none"),
        ("and humorless", worst[0][0].lower()),
        ("horror", "none"),
        ("movie that , although", worst[1][0].lower()),
    ]


def test_a_coalition_with_a_gap_has_two_boxes_of_one_colour():
    boxes = boxed(drawn(made.film_partitions(), 1))
    colours = dict(boxes)
    assert colours["category of"] == colours["stupid fun"] != colours["of good stupid"]
    assert colours["good"] == "none"


def test_labels_and_numbers_stand_above_the_rows():
    words = [text.get_text() for text in drawn(made.film_partitions(), 0).texts]
    assert f"maximum, {WRONG}: B_max = 5.00 ± 0.25 log-odds" in words
    assert f"minimum, {RIGHT}: B_min = -2.00 ± 0.25 log-odds" in words
    assert "B = 3.00 ± 0.25 log-odds, T = 7.00 ± 0.25 log-odds" in words


def test_no_two_coalitions_of_a_partition_share_a_colour():
    names = [f"w{i}" for i in range(12)]
    pairs, others = [i // 2 for i in range(12)], [0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 1]
    report = made.report_of(
        made.samples_of(1), made.column_players(names), [made.multivariate([range(12)], [pairs], [others])]
    )
    boxes = boxed(drawn(report, 0))
    assert [words for words, _ in boxes[:12]] == names
    assert len({colour for _, colour in boxes[:12]}) == 6
    assert len({colour for _, colour in boxes[12:]}) == 6
    assert boxes[:2] == boxes[12:14]


def test_long_texts_wrap_and_are_cut_far_from_the_words_asked_about():
    words = [f"word{i}" for i in range(200)]
    report = made.report_of(
        made.samples_of(1),
        made.text_players([words]),
        [made.multivariate([range(100, 104)], [[0, 0, 0, 0]], [[0, 0, 1, 1]])],
    )
    shown = [text.get_text() for text in drawn(report, 0).texts if text.get_text().startswith("word")]
    assert shown[: len(shown) // 2] == words[75:129]
    axes = drawn(report, 0)
    right = axes.transData.transform((ROOM, 0))[0]
    assert all(text.get_window_extent().x1 <= right + 1 for text in axes.texts)


def test_a_box_that_wraps_goes_on_in_the_next_line():
    words = [Word("a" * 40, fill="red", edge="red", joined=i > 0) for i in range(5)]
    lines = [one.line for one in flowed(words)]
    assert lines == sorted(lines)
    assert lines[-1] > 0
    assert all(one.left + one.width <= ROOM for one in flowed(words))


def test_words_are_as_wide_as_they_are_drawn():
    figure = Figure(dpi=100)
    text = figure.text(0, 0, "humorless", fontsize=9.5)
    assert text.get_window_extent().width / 100 == pytest.approx(width_of("humorless"), rel=0.05)


@pytest.mark.parametrize("pictures", [True, False])
def test_cells_of_a_coalition_are_coloured_alike(pictures):
    figure = Figure(figsize=(WIDTH, 3.8))
    draw_partition_map(figure.subfigures(), made.grid_partitions(pictures=pictures), METRIC, sample=0)
    figure.draw_without_rendering()
    best, worst = (axes.images[0].get_array() for axes in figure.axes[-2:])
    cell = 8 if pictures else 1

    def tint(shown, player):
        """Blue minus red: 0 where the picture is grey."""
        row, column = divmod(player, 4)
        square = shown[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell]
        return float((square[..., 2] - square[..., 0]).mean())

    assert tint(best, 5) == pytest.approx(tint(best, 6))
    assert tint(best, 5) == pytest.approx(tint(best, 9))
    assert tint(best, 10) < 0 < tint(best, 5)
    assert tint(best, 0) == tint(best, 15) == pytest.approx(0)
    assert tint(worst, 5) == pytest.approx(0)
    assert tint(worst, 9) == pytest.approx(tint(worst, 15))
    assert tint(worst, 9) != pytest.approx(0)


def test_outlines_run_round_every_coalition_and_singleton():
    figure = Figure(figsize=(WIDTH, 3.8))
    draw_partition_map(figure.subfigures(), made.grid_partitions(pictures=False), METRIC, sample=0)
    # Cells 5 6 / 9 (an L), 10 11 (a bar) and 15: 8 + 6 + 4 sides, of which 6|10, 9|10 and 11|15 are shared.
    lines = figure.axes[0].collections[0].get_segments()
    assert sum(np.abs(end - start).sum() for start, end in lines) == 8 + 6 + 4 - 3


def test_significance_by_module():
    modules = [
        made.multivariate([range(2)], [[0, 0]], [[0, 1]], of=name, scale=scale)
        for name, scale in (("layer.0", 1.0), ("layer.1", 3.0))
    ]
    figure = Figure()
    draw_significance(figure.subfigures(), modules)
    figure.draw_without_rendering()
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), [7, 21])
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["layer.0", "layer.1"]
    report = made.report_of(made.samples_of(1, texts=("a b",)), made.text_players(["ab"]), modules, target=None)
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        assert plot_report(report, Path(folder) / "p.svg") == [
            "profile of multivariate in 2 modules",
            "partition of multivariate@layer.1",
        ]


def test_a_sample_about_which_nothing_was_asked(tmp_path):
    report = made.film_partitions()
    nothing = made.multivariate([[], [4, 5], []], [[], [0, 0], []], [[], [0, 1], []])
    report = dataclasses.replace(report, measurements=(nothing,))
    assert "no players were asked about" in [text.get_text() for text in drawn(report, 0, 1).texts]
    assert plot_report(report, tmp_path / "p.png") == ["partition of multivariate"]
