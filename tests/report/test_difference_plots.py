"""The picture of a comparison shows the numbers of its records, what the rules allow, and what failed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image

from interact_cli.errors import OutputError, UsageError
from interact_cli.report.plots import page as page_module
from interact_cli.report.plots.difference_panels import MARKS, draw_curves, draw_numbers
from interact_cli.report.plots.differences import MOST, plot_comparison
from interact_cli.report.plots.style import GREEN, INK
from interact_cli.report.views.differences import Series, series_of
from interact_cli.verdicts import Comparison, Decision, Difference, Pairing, RuleVerdict, Side, Verdict

ORDERS = (0, 1, 2, 31, 62)


def difference(metric="bottleneck", quantity="J_mean_abs", at=(), change=0.1, **changed):
    """Reference 2, and an interval of a tenth to either side."""
    made = Difference(
        metric, quantity, ("order",)[: len(at)], tuple(at), "1", 2.0, 2.0 + change, change, change - 0.1, change + 0.1,
        0.95, change - 0.1, change + 0.1, 0.05, 0.0, "no change shown",
        change / 2, change / 2 - 0.05, change / 2 + 0.05,
    )  # fmt: skip
    return replace(made, **changed)


def by_order(changes=(0.0, 0.1, 0.2, -0.4, 0.5), orders=ORDERS, label="J, mean-abs", **changed):
    changed["label"] = label
    return [difference(at=(m,), change=change, **changed) for m, change in zip(orders, changes, strict=True)]


def comparison(*differences, headline=None, **changed):
    side = Side("runs/reference.h5", "a.pt", "ab" * 32, "timm:x", "2026-03-01T10:00:00+00:00", 0.9)
    names = tuple(dict.fromkeys((one.metric, one.quantity) for one in differences)) if headline is None else headline
    held = Comparison(
        side, replace(side, path="runs/candidate.h5"), Pairing("both-correct", 44, 1, 3, 2), tuple(differences), names,
        resamples=10_000,
    )  # fmt: skip
    return replace(held, **changed)


def verdict(*rules, word="FAIL"):
    return Verdict(word, 1, "One rule failed.", "a.h5", "b.h5", tuple(rules))


def judged(differences, words, *, must_not="change", margin=0.3, relative=False, name="rule"):
    decisions = tuple(
        Decision(replace(one, confidence=0.9), word, margin, relative, 0.01, 0.02)
        for one, word in zip(differences, words, strict=True)
    )
    first = differences[0]
    told = f"{100 * margin:g}%" if relative else f"{margin:g}"
    return RuleVerdict(name, first.metric, first.quantity, must_not, told, "error", 0.05, "FAIL", "", decisions)


def curves(series):
    figure = Figure()
    part = figure.subfigures()
    draw_curves(part, series)
    return figure, *part.axes


def only(comparison, verdict=None) -> Series:
    (series,) = series_of(comparison, verdict)
    return series


def allowed(axes):
    """Bands of what a rule allows: place of the band -> its lower and upper end."""
    bands = [
        one
        for one in axes.collections
        if isinstance(one, PolyCollection) and to_hex(one.get_facecolor()[0]) == GREEN.lower()
    ]
    boxes = [band.get_paths()[0].get_extents() for band in bands]
    return {(box.x0, box.x1): (box.y0, box.y1) for box in boxes}


def marks(axes):
    """Verdict -> where it is marked."""
    return {
        word: [
            tuple(point)
            for line in axes.get_lines()
            if line.get_marker() == style["marker"]
            for point in line.get_xydata()
        ]
        for word, style in MARKS.items()
    }


def ink(path):
    with Image.open(path) as picture:
        assert min(picture.size) > 300
        return np.asarray(picture.convert("L"), dtype=float).std()


def test_both_curves_and_their_difference_are_the_records():
    _, above, below = curves(only(comparison(*by_order())))
    reference, candidate = above.get_lines()
    assert [line.get_label() for line in (reference, candidate)] == ["reference", "candidate"]
    assert reference.get_xdata().tolist() == list(ORDERS)
    assert reference.get_ydata().tolist() == [2.0] * 5
    assert candidate.get_ydata().tolist() == [2.0, 2.1, 2.2, 1.6, 2.5]
    assert reference.get_marker() != candidate.get_marker(), "told apart without colour"
    (line,) = [one for one in below.get_lines() if one.get_marker() == "o"]
    np.testing.assert_allclose(line.get_xydata(), np.column_stack([ORDERS, [0.0, 0.1, 0.2, -0.4, 0.5]]))
    (band,) = [one for one in below.collections if to_hex(one.get_facecolor()[0]) == INK.lower()]
    box = band.get_paths()[0].get_extents()
    assert (box.x0, box.x1, box.y0, box.y1) == pytest.approx((0, 62, -0.5, 0.6))
    assert any(np.all(np.asarray(one.get_ydata()) == 0) for one in below.get_lines()), "the zero line"
    assert below.get_ylim()[0] < -0.5
    assert below.get_ylim()[1] > 0.6


def test_axes_have_names_and_units():
    figure, above, below = curves(only(comparison(*by_order(unit="log-odds"))))
    assert above.get_title().splitlines() == ["bottleneck", "J, mean-abs"]
    assert above.get_ylabel() == "J, mean-abs (log-odds)"
    assert below.get_ylabel() == "difference (log-odds)"
    assert below.get_xlabel().startswith("order m")
    (legend,) = figure.subfigs[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["candidate − reference, 95 % interval"]


@pytest.mark.parametrize(("must_not", "ends"), [("change", (-0.3, 0.3)), ("rise", (None, 0.3)), ("fall", (-0.3, None))])
def test_the_margin_is_a_band(must_not, ends):
    found = by_order()
    _, _, below = curves(only(comparison(*found), verdict(judged(found, ["PASS"] * 5, must_not=must_not))))
    bottom, top = below.get_ylim()
    bands = allowed(below)
    assert len(bands) == 5
    for low, high in bands.values():
        assert low == pytest.approx(bottom if ends[0] is None else ends[0])
        assert high == pytest.approx(top if ends[1] is None else ends[1])
    assert min(bands)[0] < 0
    assert max(bands)[1] > 62


def test_a_margin_far_beyond_the_difference_is_seen():
    found = by_order()
    _, _, below = curves(only(comparison(*found), verdict(judged(found, ["PASS"] * 5, margin=9.0))))
    assert below.get_ylim()[0] < -9
    assert below.get_ylim()[1] > 9


def test_places_that_do_not_pass_are_marked():
    found = by_order()
    words = ["PASS", "PASS", "INCONCLUSIVE", "FAIL", "FAIL"]
    figure, above, below = curves(only(comparison(*found), verdict(judged(found, words))))
    assert marks(below) == {"INCONCLUSIVE": [(2.0, 0.2)], "FAIL": [(31.0, -0.4), (62.0, 0.5)]}
    assert above.get_title().endswith("J, mean-abs: FAIL")
    told = [text.get_text() for text in figure.subfigs[0].legends[0].get_texts()]
    assert told == ["candidate − reference, 90 % interval", "allowed: must not change by 0.3", "FAIL", "INCONCLUSIVE"]


def test_a_share_is_drawn_as_the_share_that_was_judged():
    found = by_order()
    _, _, below = curves(
        only(comparison(*found), verdict(judged(found, ["PASS"] * 5, margin=0.05, relative=True, must_not="rise")))
    )
    (line,) = [one for one in below.get_lines() if one.get_marker() == "o"]
    np.testing.assert_allclose(line.get_ydata(), [0, 5, 10, -20, 25])
    assert {round(high, 9) for _, high in allowed(below).values()} == {5.0}
    assert below.get_ylabel() == "difference\n(% of the reference)"


def test_a_share_of_nothing_is_no_band():
    found = by_order()
    found[1] = replace(found[1], relative=None, relative_low=None, relative_high=None)
    words = ["PASS", "INCONCLUSIVE", "PASS", "PASS", "PASS"]
    series = only(comparison(*found), verdict(judged(found, words, margin=0.05, relative=True)))
    _, _, below = curves(series)
    assert below.get_ylabel() == "difference"
    assert marks(below)["INCONCLUSIVE"] == [(1.0, 0.1)], "it is seen"
    assert {round(high, 9) for _, high in allowed(below).values()} == {0.1}
    assert [len(series.allowed(place)) for place in series.places] == [1, 0, 1, 1, 1]


def test_two_kinds_of_margin_share_the_unit_of_the_number():
    found = by_order()
    rules = (
        judged(found[:2], ["PASS"] * 2, margin=0.1, relative=True, name="a"),
        judged(found[3:], ["FAIL"] * 2, margin=0.3, name="b"),
    )
    series = only(comparison(*found), verdict(*rules))
    _, _, below = curves(series)
    assert below.get_ylabel() == "difference"
    assert sorted(high for _, high in allowed(below).values()) == pytest.approx([0.2, 0.2, 0.3, 0.3])
    assert series.confidences == (0.9, 0.95), "one place was not judged"


def test_of_two_rules_on_a_place_the_worse_is_marked_and_both_are_drawn():
    found = by_order()
    rules = (
        judged(found, ["PASS"] * 5, margin=0.9, name="wide"),
        judged(found, ["INCONCLUSIVE"] * 4 + ["FAIL"], must_not="rise", margin=0.2, name="narrow"),
    )
    series = only(comparison(*found), verdict(*rules))
    assert [rule.name for rule in series.rules] == ["narrow", "wide"]
    assert series.word == "FAIL"
    assert series.allowed(series.places[0]) == [(-np.inf, 0.2), (-0.9, 0.9)]


def test_what_was_judged_comes_first_and_brings_its_own_numbers():
    headline, other = by_order(), by_order(metric="multi-order", quantity="mean_abs")
    accuracy = difference("accuracy", "accuracy")
    rules = (judged(other, ["PASS"] * 5), judged([accuracy], ["FAIL"], must_not="fall"))
    found = series_of(comparison(*headline, *other, headline=(("bottleneck", "J_mean_abs"),)), verdict(*rules))
    assert [one.name for one in found] == ["multi-order mean_abs", "accuracy accuracy", "bottleneck J_mean_abs"]
    assert [one.confidences for one in found] == [(0.9,), (0.9,), (0.95,)]
    assert [place.difference.at for place in found[0].places] == [(m,) for m in ORDERS]


def test_only_the_headline_and_at_most_one_axis_are_drawn(tmp_path):
    table = difference(quantity="pair_mean_abs", dims=("order", "pair"), at=(0, 1))
    quiet = difference(quantity="J_rms")
    held = comparison(
        *by_order(), table, quiet, headline=(("bottleneck", "pair_mean_abs"), ("bottleneck", "J_mean_abs"))
    )
    assert [one.name for one in series_of(held)] == ["bottleneck J_mean_abs"]
    with pytest.raises(UsageError, match="got none"):
        plot_comparison(comparison(table), tmp_path / "p.png")
    assert list(tmp_path.iterdir()) == []


def test_single_numbers_stand_below_each_other_around_zero():
    held = comparison(difference("accuracy", "accuracy"), difference("strength", "strength_rms", change=-300.0))
    rule = judged([difference("accuracy", "accuracy")], ["FAIL"], must_not="fall", margin=0.02)
    figure = Figure()
    part = figure.subfigures()
    draw_numbers(part, series_of(held, verdict(rule)))
    first, second = part.axes
    for axes in (first, second):
        assert axes.get_xlim()[0] == -axes.get_xlim()[1], "zero is below zero"
    assert second.get_xlim()[0] < -300.1
    assert [text.get_text() for text in first.get_yticklabels()] == ["accuracy"]
    assert [text.get_text() for text in first.texts] == ["2.00 → 2.10\nmust not fall by 0.02"]
    assert marks(first)["FAIL"] == [(0.1, 0.0)]
    (band,) = first.patches
    assert band.get_x() == pytest.approx(-0.02)
    assert band.get_x() + band.get_width() == pytest.approx(first.get_xlim()[1])


def test_names_are_points_and_not_a_curve():
    told = {"dims": ("player",), "label": "mean |value|"}
    found = [difference("shapley", "mean_abs", at=(name,), **told) for name in ("age", "$x$", "c")]
    _, above, below = curves(only(comparison(*found)))
    assert {line.get_linestyle() for line in above.get_lines()} == {"None"}
    assert [text.get_text() for text in below.get_xticklabels()] == ["age", "$x$", "c"]
    assert "mean |value|" in above.get_ylabel()
    numbered = [difference("shapley", "mean_abs", at=(k,), dims=("player",)) for k in range(3)]
    assert only(comparison(*numbered)).positions is None, "player 2 is not more than player 1"


def test_a_page_says_who_on_what_and_how(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(page_module, "_save", lambda figure, _output: shown.append(figure))
    held = comparison(
        *by_order(), difference("accuracy", "accuracy"), remarks=("Another device: \x1b[31mcuda.",), seed=7
    )
    drawn = plot_comparison(held, tmp_path / "p.png", verdict=verdict(judged(by_order(), ["PASS"] * 5), word="FAIL"))
    assert drawn == ["difference of bottleneck J_mean_abs", "difference of accuracy accuracy"]
    words = "\n".join(text.get_text() for part in shown[0].subfigs for text in part.texts)
    for said in ("FAIL: candidate against reference", "One rule failed.", "runs/reference.h5", "runs/candidate.h5",
                 "seed 7", "44 paired samples", "in the candidate alone 3",
                 "Another device: \\x1b[31mcuda."):  # fmt: skip
        assert said in words.replace("\n", " ") or said in words


def test_every_format_is_drawn_and_holds_ink(tmp_path):
    held = comparison(*by_order(), difference("accuracy", "accuracy"))
    plot_comparison(held, tmp_path / "p.png")
    assert ink(tmp_path / "p.png") > 5
    for suffix, magic in ((".pdf", b"%PDF"), (".svg", b"<?xml")):
        plot_comparison(held, tmp_path / f"p{suffix}")
        assert (tmp_path / f"p{suffix}").read_bytes().startswith(magic)
    plot_comparison(held, tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "p.png").read_bytes()


HOSTILE = ("$\\frac$", "$_{", "\x1b[31mred\x1b[0m", "x" * 400, "a\nb", "[/red]", "身長", "", "%s", "\\")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_harmless(name, tmp_path):
    places = [
        difference(name, name, at=(label,), dims=(name or "d",), unit=name, change=k / 10)
        for k, label in enumerate((name, "b"))
    ]
    single = difference(name, "n" + name, unit=name)
    side = Side(name, name, name, name, name, 0.5)
    held = comparison(*places, single, reference=side, candidate=side, remarks=(name,))
    rule = replace(judged(places, ["FAIL", "PASS"]), name=name, margin=name)
    told = replace(verdict(rule), sentence=name)
    drawn = plot_comparison(held, tmp_path / "p.svg", verdict=told)
    assert len(drawn) == 2
    assert b"\x1b" not in (tmp_path / "p.svg").read_bytes()
    assert not any("\x1b" in one or "\n" in one for one in drawn)


finite = st.floats(-1e12, 1e12) | st.just(float("nan"))


@given(values=st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=6), relative=st.booleans())
@settings(max_examples=30)
def test_no_number_stops_the_drawing(values, relative):
    found = [
        difference(at=(m,), change=0.0, reference=d, difference=d, low=low, high=high, relative=None if m else d)
        for m, (d, low, high) in enumerate(values)
    ]
    rule = judged(found, ["INCONCLUSIVE"] * len(found), relative=relative)
    _, _, below = curves(only(comparison(*found), verdict(rule)))
    assert np.isfinite(below.get_ylim()).all()


@pytest.mark.parametrize("orders", [(5,), (5, 7), tuple(range(200))])
def test_one_place_and_very_many(orders, tmp_path):
    found = by_order([0.1] * len(orders), orders)
    plot_comparison(comparison(*found), tmp_path / "p.png", verdict=verdict(judged(found, ["FAIL"] * len(orders))))
    assert ink(tmp_path / "p.png") > 5


def test_labels_below_an_axis_do_not_lie_on_each_other():
    _, _, below = curves(only(comparison(*by_order())))
    assert [text.get_text() for text in below.get_xticklabels()] == ["0", "31", "62"]
    many = [difference(at=(f"player {k}",), dims=("player",)) for k in range(256)]
    _, _, below = curves(only(comparison(*many)))
    assert len(below.get_xticks()) <= 14


def test_identical_reports_have_a_picture_too(tmp_path):
    same = [replace(one, low=0.0, high=0.0, difference=0.0) for one in by_order([0.0] * 5)]
    plot_comparison(comparison(*same, replace(same[0], dims=(), at=(), quantity="n")), tmp_path / "p.png")
    assert ink(tmp_path / "p.png") > 5


def test_a_crowd_is_cut_and_said(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(page_module, "_save", lambda figure, _output: shown.append(figure))
    found = [one for k in range(MOST + 2) for one in by_order(quantity=f"q{k}")]
    assert len(plot_comparison(comparison(*found), tmp_path / "p.png")) == MOST
    assert f"bottleneck q{MOST}, bottleneck q{MOST + 1}" in " ".join(
        text.get_text() for text in shown[0].subfigs[-1].texts
    )


def test_wrong_places_are_refused_and_leave_nothing(tmp_path, monkeypatch):
    held = comparison(*by_order())
    with pytest.raises(UsageError, match=r"\*\.png, \*\.pdf or \*\.svg, got 'p.jpg'"):
        plot_comparison(held, tmp_path / "p.jpg")
    with pytest.raises(OutputError, match="Cannot write"):
        plot_comparison(held, tmp_path / "absent" / "p.png")
    (tmp_path / "old.png").write_bytes(b"old")

    def fail(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page_module.Figure, "savefig", fail)
    with pytest.raises(OutputError, match="No space left"):
        plot_comparison(held, tmp_path / "old.png")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old.png", b"old")]


def test_a_picture_loads_nothing_heavy():
    heavy = ("torch", "timm", "transformers", "sklearn", "pandas", "scipy.stats", "h5py", "matplotlib.pyplot")
    code = f"import sys, interact_cli.report.plots.differences; sys.exit(', '.join(set({heavy}) & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr.strip() == ""
    )
