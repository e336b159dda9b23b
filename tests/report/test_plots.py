"""Pictures are drawn for what a report holds, hold something, and replace a file only when they are complete."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from support.words import named

from interact_cli.errors import OutputError, UnknownNameError, UsageError
from interact_cli.report.plots import page as page_module
from interact_cli.report.plots import plot_report
from interact_cli.report.plots.curve import draw_curve
from interact_cli.report.plots.numbers import draw_numbers
from interact_cli.results import Finding, Measurement, PlayerTable, Quantity, Report, SampleTable

RANDOM = np.random.default_rng(5)


def quantity(name, dims, values, *, interval=False, unit="logit"):
    values = np.asarray(values)
    errors = np.full(values.shape, 0.05)
    ends = (values - 0.1, values + 0.1) if interval else (None, None)
    return Quantity(name, dims, values, unit, "", errors, *ends)


def report(measurements, names, grid=None, samples=4, pictures=True):
    zeros = np.zeros(samples, np.int64)
    shown = RANDOM.integers(0, 255, (2, 20, 30, 3), dtype=np.uint8) if grid and pictures else None
    table = SampleTable(
        tuple(f"toy/{i}" for i in range(samples)), zeros, zeros, np.ones(samples, bool), zeros + 3.0, zeros + 0.0,
        zeros + 90, zeros + 64, zeros + 64, pictures=shown,
    )  # fmt: skip
    owner = np.arange(len(names))
    if grid:
        owner = np.repeat(np.repeat(owner.reshape(grid), 10, axis=0), 10, axis=1)[None]
    stated = {"checkpoint": {"path": "$net_{x$.pt"}, "arch": "timm:x", "data": {"name": "toy"}, "score": "logit"}
    players = PlayerTable(tuple(names), "grid:2x3" if grid else "columns", owner, np.zeros(1, np.float32), "zero", grid)
    return Report({}, stated, {}, table, players, tuple(measurements))


def pairs_metric(name, n, samples=4):
    pairs = np.array(list(combinations(range(n), 2)))
    values = RANDOM.normal(size=(samples, len(pairs)))
    values[0, 0] = np.nan
    tiled = np.broadcast_to(pairs, (samples, *pairs.shape))
    held = (quantity("pairs", ("sample", "pair", "member"), tiled), quantity("values", ("sample", "pair"), values))
    return Measurement(name, 1, "s", "exact", held, (), {})


def players_metric(name, n, samples=4):
    values = RANDOM.normal(size=(samples, n))
    summary = (
        quantity("mean", ("player",), values.mean(axis=0)),
        quantity("mean_abs", ("player",), np.abs(values).mean(axis=0)),
    )
    return Measurement(name, 1, "s", "exact", (quantity("values", ("sample", "player"), values),), summary, {})


def order_metrics(n, *, interval=True):
    orders = np.arange(n - 1)
    shape = np.linspace(2.0, 0.5, n - 1)
    profile = tuple(
        quantity(name, ("order",), shape, interval=interval)
        for name in ("mean", "mean_abs", "mean_abs_corrected", "rms", "rms_corrected")
    )
    curve = tuple(
        quantity(name, ("order",), shape, interval=interval, unit="1")
        for name in ("J_mean_abs", "null_mean_abs", "J_rms_corrected", "null_rms_corrected", "theory")
    )
    held = [
        Measurement("multi-order", 1, "s", "sampled", (), profile, {"order": orders}),
        Measurement("bottleneck", 1, "s", "sampled", (), curve, {"order": orders}, (Finding("deeper", "It is."),)),
    ]
    return [named(measurement) for measurement in held]


def grid_report(**options):
    metrics = [*order_metrics(6), pairs_metric("shapley-interaction", 6), players_metric("shapley", 6)]
    return report(metrics, [f"cell {i}" for i in range(6)], (2, 3), **options)


def column_report():
    metrics = [players_metric("shapley", 5), players_metric("banzhaf", 5), pairs_metric("banzhaf-interaction", 5)]
    return report(metrics, ["age", "[/b]", "$\\frac$", "身長", "x" * 300])


def ink(path):
    """Standard deviation of the pixels: 0 on a blank page."""
    with Image.open(path) as picture:
        assert min(picture.size) > 300
        return np.asarray(picture.convert("L"), dtype=float).std()


@pytest.mark.parametrize("kind", ["curve", "profile", "map", "matrix", "players"])
def test_each_kind_draws_something(kind, tmp_path):
    target = tmp_path / "picture.png"
    drawn = plot_report(grid_report(), target, kind=kind)
    assert len(drawn) == 1
    assert drawn[0].startswith(f"{kind} of ")
    assert ink(target) > 5


def test_a_page_shows_all_that_fits(tmp_path):
    drawn = plot_report(grid_report(), tmp_path / "page.png", sample=1, neighbours=4)
    assert drawn == [
        "curve of bottleneck",
        "profile of multi-order",
        "map of shapley-interaction",
        "matrix of shapley-interaction",
        "players of shapley",
    ]
    assert ink(tmp_path / "page.png") > 5


def test_columns_with_hostile_names_are_drawn_beside_their_pairs(tmp_path):
    drawn = plot_report(column_report(), tmp_path / "page.png")
    assert drawn == ["matrix of banzhaf-interaction", "players of shapley and banzhaf"]


def test_the_theory_is_drawn_on_the_curve_that_it_was_fitted_to():
    figure = Figure()
    draw_curve(figure.subfigures(), report(order_metrics(6), [f"cell {i}" for i in range(6)], (2, 3)), "bottleneck")
    drawn = [[line.get_label() for line in axes.get_lines()] for axes in figure.axes]
    assert [sum("theory" in label for label in labels) for labels in drawn] == [1, 0]
    assert "mean |I|" in figure.axes[0].get_title()
    assert all(any("null" in label for label in labels) for labels in drawn)


def test_the_null_does_not_flatten_the_curve():
    """Null ends at ten times J: they leave the picture, J and its interval fill it."""
    profile, bottleneck = order_metrics(6)
    summary = tuple(
        replace(part, values=part.values * 10) if part.name.startswith("null") else part for part in bottleneck.summary
    )
    metrics = [profile, replace(bottleneck, summary=summary)]
    figure = Figure()
    draw_curve(figure.subfigures(), report(metrics, [f"cell {i}" for i in range(6)], (2, 3)), "bottleneck")
    highest = bottleneck.quantity("J_mean_abs").high.max()
    for axes in figure.axes:
        assert highest < axes.get_ylim()[1] < 2 * highest


@pytest.mark.parametrize("pictures", [True, False])
def test_a_map_needs_no_picture_of_the_sample(pictures, tmp_path):
    assert plot_report(grid_report(pictures=pictures), tmp_path / "map.png", kind="map", sample=3)


def test_few_samples_and_two_players_are_enough(tmp_path):
    metrics = [*order_metrics(2, interval=False), players_metric("shapley", 2), pairs_metric("shapley-interaction", 2)]
    assert len(plot_report(report(metrics, ["a", "b"]), tmp_path / "small.png")) == 4


def test_many_players_are_cut_to_the_largest(tmp_path):
    metrics = [players_metric("shapley", 256)]
    assert plot_report(report(metrics, [f"unit {i}" for i in range(256)]), tmp_path / "many.png")


@pytest.mark.parametrize(("suffix", "magic"), [(".pdf", b"%PDF"), (".svg", b"<?xml"), (".PNG", b"\x89PNG")])
def test_suffix_decides_the_format(suffix, magic, tmp_path):
    target = tmp_path / f"picture{suffix}"
    plot_report(column_report(), target)
    assert target.read_bytes().startswith(magic)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_same_report_gives_the_same_bytes(suffix, tmp_path):
    made = column_report()
    for name in ("one", "two"):
        plot_report(made, tmp_path / f"{name}{suffix}")
    assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_wrong_requests_are_usage_errors(tmp_path):
    target = tmp_path / "p.png"
    with pytest.raises(UnknownNameError, match="Did you mean 'matrix'"):
        plot_report(grid_report(), target, kind="matrx")
    with pytest.raises(UsageError, match=r"\*\.png"):
        plot_report(grid_report(), tmp_path / "p.jpg")
    with pytest.raises(UsageError, match="sample from 0 to 3, got 4"):
        plot_report(grid_report(), target, sample=4)
    with pytest.raises(UsageError, match="4 or 8"):
        plot_report(grid_report(), target, neighbours=6)
    with pytest.raises(UsageError, match="gives the picture 'curve'"):
        plot_report(column_report(), target, kind="curve")
    with pytest.raises(UsageError, match="gives a picture, got nothing"):
        plot_report(report([], ["a", "b"]), target)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_an_output_error(tmp_path):
    with pytest.raises(OutputError, match="Cannot write"):
        plot_report(column_report(), tmp_path / "absent" / "p.png")


def test_a_failed_drawing_leaves_the_old_picture(tmp_path, monkeypatch):
    target = tmp_path / "p.png"
    target.write_bytes(b"old")

    def fail(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page_module.Figure, "savefig", fail)
    with pytest.raises(OutputError, match="No space left"):
        plot_report(column_report(), target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


def test_an_existing_picture_is_replaced(tmp_path):
    target = tmp_path / "p.png"
    target.write_bytes(b"old")
    plot_report(column_report(), target)
    assert target.read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


def test_pictures_need_no_display_and_no_global_state():
    code = (
        "import sys, interact_cli.report.plots as plots;"
        "sys.exit('matplotlib.pyplot' in sys.modules or 'torch' in sys.modules or 'h5py' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pictures_can_be_drawn_off_the_main_thread(tmp_path):
    drawn = []
    worker = threading.Thread(target=lambda: drawn.extend(plot_report(column_report(), tmp_path / "p.png")))
    worker.start()
    worker.join()
    assert drawn


def test_single_numbers_are_drawn_where_no_other_picture_shows_them(tmp_path):
    """The dot lies at the number, the bar ends at the ends of its interval."""
    share = Quantity(
        "accuracy", (), np.array(0.9), "1", "share", np.array(0.03), np.array(0.8), np.array(0.95),
        label="accuracy", role="headline",
    )  # fmt: skip
    unknown = replace(share, name="other", label="other", values=np.array(np.nan))
    alone = Measurement("accuracy", 1, "a test", "counted", (), (share, unknown), {})
    whole = grid_report()
    drawn = plot_report(replace(whole, measurements=(*whole.measurements, alone)), tmp_path / "page.png")
    assert drawn[-1] == "numbers of accuracy"
    assert not any(name.startswith("numbers") for name in plot_report(whole, tmp_path / "page.png"))
    figure = Figure()
    draw_numbers(figure.subfigures(), [alone])
    (axes,) = figure.axes
    (bar,) = axes.containers
    assert bar.lines[0].get_xdata().tolist() == [0.9]
    assert bar.lines[2][0].get_segments()[0][:, 0] == pytest.approx([0.8, 0.95])
    assert axes.get_title() == "accuracy 0.900 [0.800, 0.950]"
