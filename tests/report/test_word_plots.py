"""Pictures of texts carry words, of several games a curve for each module, of many players the strongest."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from interact_cli.report.plots import page as page_module
from interact_cli.report.plots import plot_report
from interact_cli.report.plots.games import draw_curves, draw_modules
from interact_cli.report.plots.grid_map import cell_pixels
from interact_cli.report.plots.matrix import draw_matrix
from interact_cli.report.plots.panels import panels_of
from interact_cli.report.plots.samples import draw_word_pairs, draw_words
from interact_cli.report.views.pairs import pair_matrix
from interact_cli.results import Finding, Measurement, PlayerTable, Quantity


def drawn(draw, *arguments, **options):
    figure = Figure()
    draw(figure.subfigures(), *arguments, **options)
    figure.draw_without_rendering()
    return figure.axes


def ticks(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def ink(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), dtype=float).std()


def test_a_page_of_texts(texts, tmp_path):
    assert plot_report(texts, tmp_path / "p.png") == [
        "curve of bottleneck",
        "profile of multi-order",
        "matrix of shapley-interaction",
        "players of shapley",
    ]
    assert ink(tmp_path / "p.png") > 5


def test_a_page_of_several_games(layers, tmp_path):
    assert plot_report(layers, tmp_path / "p.svg", sample=1) == [
        "curve of bottleneck in 3 modules",
        "profile of multi-order in 3 modules",
        "matrix of shapley-interaction@pool/er",
        "players of shapley in 3 modules",
    ]


def test_words_stand_under_their_bars(texts):
    rows = drawn(draw_words, texts, "shapley", samples=np.array([1, 2]))
    assert ticks(rows[0].xaxis) == ["to", "be", "or", "not", "to", "be", "[/red]"]
    assert [bar.get_height() for bar in rows[0].patches] == [2, -4, 6, -8, 10, -12, 14]
    assert ticks(rows[1].xaxis) == ["fine\\x1b[31m", "it", "is"]
    assert len({bar.get_facecolor() for bar in rows[0].patches}) == 2


def test_pairs_of_a_text_are_named_by_its_words(texts):
    axes = drawn(draw_word_pairs, texts, "shapley-interaction", samples=np.array([0, 1]))
    assert ticks(axes[0].yaxis) == ["the", "film", "was", "not", "good"]
    shown = axes[0].images[0].get_array().filled(np.nan)
    assert (shown[0, 1], shown[1, 0], shown[3, 4]) == (-3, -3, 0)
    assert np.isnan(shown[0, 2])
    assert axes[0].images[0].norm is axes[1].images[0].norm


def test_a_long_text_shows_its_strongest_words(make_text_report):
    words = tuple(f"w{i}" for i in range(60))
    ends = np.arange(59)
    pairs = np.stack([ends, ends + 1], axis=-1)
    held = (
        Quantity("pairs", ("sample", "pair", "member"), np.tile(pairs, (3, 1, 1)), "1", ""),
        Quantity("values", ("sample", "pair"), np.tile(ends * 1.0, (3, 1)), "nat", ""),
    )
    of_words = Quantity("values", ("sample", "player"), np.tile(np.arange(60.0), (3, 1)), "nat", "")
    made = make_text_report(
        [
            Measurement("shapley-interaction", 1, "", "", held, (), {}),
            Measurement("shapley", 1, "", "", (of_words,), (), {}),
        ],
        own_names=(words,) * 3,
        owner=np.tile(np.arange(60), (3, 1)),
    )
    matrix = drawn(draw_word_pairs, made, "shapley-interaction", samples=np.array([0]))[0]
    # Word p has the pairs p - 1 and p, of values p - 1 and p; the last word has one pair only.
    assert ticks(matrix.yaxis) == [f"w{i}" for i in range(43, 59)]
    bars = drawn(draw_words, made, "shapley", samples=np.array([0]))[0]
    assert ticks(bars.xaxis) == [f"w{i}" for i in range(20, 60)]


def test_every_module_has_a_curve(layers):
    curves = [measurement for measurement in layers.measurements if measurement.metric == "bottleneck"]
    axes = drawn(draw_curves, layers, curves, names=["J_mean_abs", "J_rms_corrected"])
    assert [one.get_title(loc="left") or one.get_title() for one in axes] == ["J, mean-abs", "J, corrected rms"]
    assert len(axes) == 2
    np.testing.assert_array_equal([line.get_ydata()[1] for line in axes[0].get_lines()], [0.25, 0.5, 0.75])
    assert [line.get_label() for line in axes[0].get_lines()] == ["encoder.layer.0", "encoder.layer.1", "pool/er"]
    np.testing.assert_array_equal(axes[0].get_lines()[0].get_xdata(), [0, 0.5, 1])


def test_the_footnote_of_several_games_gives_the_verdicts_that_there_are(layers, tmp_path, monkeypatch):
    """A sentence that only tells numbers is no verdict."""
    shown = []
    monkeypatch.setattr(page_module, "_save", lambda figure, _: shown.append(figure))

    def footnote(report):
        plot_report(report, tmp_path / "p.png", kind="curve")
        return " ".join("\n".join(text.get_text() for text in shown[-1].subfigs[-1].texts).split())

    assert all(measurement.findings for measurement in layers.measurements)
    assert "Verdicts" not in footnote(layers)
    judged = [
        dataclasses.replace(one, findings=(Finding(word, "It is."), *one.findings)) if word else one
        for one, word in zip(layers.measurements, ("", "", "", "deeper") * 3, strict=True)
    ]
    told = footnote(dataclasses.replace(layers, measurements=tuple(judged)))
    assert told.endswith("Verdicts: encoder.layer.0: deeper; encoder.layer.1: deeper; pool/er: deeper.")


def test_curves_below_zero_are_seen(layers):
    """A plugin's headline may be of either sign."""
    turned = [
        dataclasses.replace(one, summary=tuple(dataclasses.replace(held, values=-held.values) for held in one.summary))
        for one in layers.measurements
        if one.metric == "multi-order"
    ]
    (axes,) = drawn(draw_curves, layers, turned, names=["mean_abs"])
    low, high = axes.get_ylim()
    assert low <= min(min(line.get_ydata()) for line in axes.get_lines()) < 0 <= high


def test_words_across_modules(layers):
    values = [measurement for measurement in layers.measurements if measurement.metric == "shapley"]
    axes = drawn(draw_modules, layers, values, samples=np.array([0, 2]))
    assert ticks(axes[0].xaxis) == ["the", "film", "was", "not", "good"]
    assert ticks(axes[0].yaxis) == ["encoder.layer.0", "encoder.layer.1", "pool/er"]
    np.testing.assert_array_equal(axes[0].images[0].get_array()[2], [3, -6, 9, -12, 15])


def many(report, n=5000):
    ends = np.array([[i, i + 1] for i in range(0, 200, 2)])
    signed = np.arange(100.0) * np.where(np.arange(100) % 2, -1, 1)
    held = (
        Quantity("pairs", ("sample", "pair", "member"), np.tile(ends, (3, 1, 1)), "1", ""),
        Quantity("values", ("sample", "pair"), np.tile(signed, (3, 1)), "nat", ""),
    )
    values = np.arange(float(n))
    summary = (Quantity("mean", ("player",), values, "nat", ""), Quantity("mean_abs", ("player",), values, "nat", ""))
    players = PlayerTable(
        tuple(f"channel {i}" for i in range(n)), "activations:pre-dropout", np.arange(n), np.zeros((), np.float32),
        "zero", entry="input of fc",
    )  # fmt: skip
    measured = (
        Measurement("shapley-interaction", 1, "", "", held, (), {}),
        Measurement("shapley", 1, "", "", (), summary, {}),
    )
    return dataclasses.replace(report, players=players, measurements=measured)


def test_of_thousands_of_players_the_strongest_are_drawn(report, tmp_path):
    made = many(report)
    axes = drawn(draw_matrix, made, "shapley-interaction")[0]
    assert ticks(axes.yaxis)[:2] == ["channel 198 × channel 199", "channel 196 × channel 197"]
    assert [bar.get_width() for bar in axes.patches][:2] == [-99, 98]
    assert plot_report(made, tmp_path / "many.png") == ["matrix of shapley-interaction", "players of shapley"]
    assert ink(tmp_path / "many.png") > 5


def test_a_matrix_over_some_players_leaves_out_pairs_with_others():
    first, second, values = np.array([5, 2, 0]), np.array([2, 9, 5]), np.array([1.0, 2.0, 3.0])
    expected = np.full((3, 3), np.nan)
    expected[0, 1] = expected[1, 0] = 1
    expected[0, 2] = expected[2, 0] = 2
    np.testing.assert_array_equal(pair_matrix(first, second, values, np.array([2, 5, 9])), expected)


def test_cells_inside_the_network_are_stretched_over_the_picture(report):
    inside = dataclasses.replace(
        report.players, names=tuple("abcd"), grid=(2, 2), entry="output of layer3", owner=np.zeros((8, 2, 2), np.int64)
    )
    pixels = cell_pixels(dataclasses.replace(report, players=inside), 4, 6)
    np.testing.assert_array_equal(pixels, np.repeat(np.repeat([[0, 1], [2, 3]], 2, axis=0), 3, axis=1))


@pytest.mark.parametrize("kind", ["matrix", "players"])
def test_the_asked_sample_comes_first(texts, kind):
    panel = panels_of(texts, 1, 8, kind, "mean-abs")[0]
    titles = [axes.get_title(loc="left") or axes.get_title() for axes in drawn(panel.draw)]
    assert [title for title in titles if title] == ["sst2/dev/1, class 1, predicted 1", "sst2/dev/2, predicted 0"]
