"""What a report offers in Python: its file, its text, its pictures and its tables."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import matplotlib as mpl
import numpy as np
import pandas
import pytest
from support.workbench import done, environment

import interact_cli as ic
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.report.export import to_json
from interact_cli.report.hdf5.confined import read_confined
from interact_cli.report.hdf5.writer import write_report
from interact_cli.report.plots import plot_report
from interact_cli.results import Measurement, Quantity


@pytest.fixture
def shown(report):
    """The hand-built report with a number that cannot be drawn, then a curve that can."""
    curve = Quantity("mean", ("order",), np.array([1.0, 0.25]), "log-odds", "mean of I", role="headline")
    drawable = Measurement("multi-order", 1, "source", "exact", (), (curve,), {"order": np.array([0, 7])})
    doubled = replace(curve, values=2 * curve.values)
    number = Quantity("total", (), np.asarray(2.5), "1", "one number")
    table = Measurement("table", 1, "source", "exact", (), (number,), {})
    return replace(report, measurements=(table, drawable, replace(drawable, metric="again", summary=(doubled,))))


def rows(table, quantity):
    return table[table["quantity"] == quantity]


# The file -------------------------------------------------------------------------------------------------------------


def test_a_report_knows_its_file_and_the_file_does_not(report, tmp_path):
    path = tmp_path / "somewhere.h5"
    assert report.path is None
    write_report(replace(report, path=tmp_path / "else" / "where.h5"), path)

    assert ic.read_report(path).path == ic.read_report(str(path)).path == read_confined(path).path == path
    raw = path.read_bytes()
    assert b"somewhere" not in raw
    assert b"where.h5" not in raw
    with h5py.File(path) as file:
        assert "path" not in file
    assert "path" not in json.loads(to_json(ic.read_report(path)))


# The text -------------------------------------------------------------------------------------------------------------


def test_the_text_is_what_show_prints(written, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    text = ic.read_report(written).summary()

    assert text.split() == done("show", written).out.split()
    assert "n' is 2.50 ± 0.50." in text
    assert "[0.800, 1.20]" in text
    assert f"interact show {written} --json" in " ".join(text.split())
    assert "\x1b" not in text


def test_the_text_is_as_wide_as_asked(texts, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    longest = {width: max(map(len, texts.summary(width).splitlines())) for width in (40, 60, 100)}

    assert all(length <= width for width, length in longest.items())
    assert longest[60] > 40
    assert longest[100] > 60
    assert texts.summary() == texts.summary(width=100)
    assert "\x1b" not in texts.summary()
    with pytest.raises(UsageError, match="40 columns or more, got 39"):
        texts.summary(39)


# The pictures ---------------------------------------------------------------------------------------------------------


def test_the_figure_has_the_axes_of_the_metric(shown):
    figure = shown.plot("multi-order")
    curve = next(axes for axes in figure.axes if axes.lines)

    assert curve.get_xlabel() == "order m / (n − 2)"
    np.testing.assert_array_equal(curve.lines[0].get_xdata(), [0, 1])
    np.testing.assert_array_equal(curve.lines[0].get_ydata(), [1.0, 0.25])


def test_the_first_metric_with_a_picture_is_drawn(shown):
    def lines(figure):
        return [np.asarray(line.get_ydata()).tolist() for axes in figure.axes for line in axes.lines]

    assert [1.0, 0.25] in lines(shown.plot())
    assert lines(shown.plot()) == lines(shown.plot("multi-order"))
    assert [2.0, 0.5] in lines(shown.plot("again"))
    assert [2.0, 0.5] not in lines(shown.plot())
    with pytest.raises(UsageError, match="Expected a metric that gives a picture, got table;"):
        shown.plot("table")
    with pytest.raises(UsageError, match="Expected a metric that gives a picture, got nothing;"):
        replace(shown, measurements=()).plot()


def test_a_figure_saved_is_the_picture_that_plot_writes(texts, tmp_path):
    """With another style of the user's when it is saved: a figure keeps the style that it was drawn in."""
    only = replace(texts, measurements=texts.measurements[-1:])
    plot_report(only, tmp_path / "written.png")
    figure = only.plot()
    with mpl.rc_context({"ytick.color": "red", "font.family": "serif", "text.parse_math": True, "lines.linewidth": 9}):
        figure.savefig(tmp_path / "saved.png", format="png", dpi=150)

    written, saved = (mpl.image.imread(tmp_path / name) for name in ("written.png", "saved.png"))
    np.testing.assert_array_equal(written, saved)


def test_every_game_of_a_metric_is_drawn_or_the_one_named(layers):
    def lines(figure):
        return {line.get_label() for axes in figure.axes for line in axes.lines}

    assert lines(layers.plot("bottleneck")) == {measurement.of for measurement in layers.measurements}
    assert "J" in lines(layers.plot("bottleneck@encoder.layer.1"))


def test_drawing_leaves_pyplot_and_its_backend_alone(shown, tmp_path):
    write_report(shown, tmp_path / "r.h5", force=True)
    code = """
import sys
import matplotlib
import interact_cli as ic
report = ic.read_report("r.h5")
before = matplotlib.rcParams.copy()
report.plot()
assert "matplotlib.pyplot" not in sys.modules
assert matplotlib.rcParams.copy() == before
matplotlib.use("svg")
import matplotlib.pyplot as plt
report.plot()
assert matplotlib.get_backend() == "svg", matplotlib.get_backend()
assert plt.get_fignums() == []
"""
    hidden = {name: value for name, value in environment().items() if name not in {"DISPLAY", "MPLBACKEND"}}
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, env=hidden, check=True)
    assert {path.name for path in tmp_path.iterdir()} == {"r.h5"}


# The table ------------------------------------------------------------------------------------------------------------


def test_every_number_has_its_row(report):
    table = report.to_dataframe("multi-order")
    measurement = report.measurements[0]

    assert list(table.columns) == [
        "quantity", "sample", "order", "pair", "member", "player", "cell",
        "value", "standard_error", "low", "high", "exact", "unit",
    ]  # fmt: skip
    assert len(table) == sum(quantity.values.size for quantity in (*measurement.per_sample, *measurement.summary))
    ids, orders = report.samples.ids, measurement.coordinates["order"]
    values, pairs = (measurement.of_samples[name] for name in ("values", "pairs"))
    for (s, m, p), value in np.ndenumerate(values.values):
        pair = [report.players.names[player] for player in pairs.values[s, p] if player >= 0]
        named = " + ".join(pair) or "none"
        of_values = rows(table, "values")
        (row,) = of_values[
            (of_values["sample"] == ids[s]) & (of_values["order"] == orders[m]) & (of_values["pair"] == named)
        ].itertuples()
        np.testing.assert_equal(row.value, value)
        np.testing.assert_equal(row.standard_error, values.standard_errors[s, m, p])
        assert row.exact == values.exact[s, m, p]
        assert row.unit == "log-odds"
        assert pandas.isna([row.low, row.high, row.member, row.player, row.cell]).all()


def test_a_summary_has_no_sample_and_a_single_number_no_place(report):
    table = report.to_dataframe("multi-order")
    mean, single = rows(table, "mean"), rows(table, "n_prime")

    assert mean["order"].tolist() == [0, 7]
    assert mean["sample"].isna().all()
    np.testing.assert_array_equal(mean[["value", "low", "high"]].to_numpy(), [[1.0, 0.8, 1.2], [np.nan] * 3])
    assert mean["exact"].tolist() == [True, False]
    assert single["value"].tolist() == [2.5]
    assert single["standard_error"].tolist() == [0.5]
    assert single[["sample", "order", "pair", "player", "cell"]].isna().all(axis=None)
    profile = rows(table, "profile").set_index(["player", "cell"])["value"]
    assert profile[("r1c2", "c299")] == report.measurements[0].summary[2].values[5, 299]


def test_words_are_named_by_their_own_sample(texts):
    table = rows(texts.to_dataframe("shapley"), "values").set_index("sample")
    for sample, text in zip(texts.samples.ids, texts.samples.texts, strict=True):
        words = text.split()
        of_sample = table.loc[sample]
        assert [name.replace("\\x1b", "\x1b") for name in of_sample["player"][: len(words)]] == words
        assert of_sample["player"][len(words) :].tolist() == ["none"] * (len(of_sample) - len(words))
        assert of_sample["value"].notna().tolist() == [name != "none" for name in of_sample["player"]]


def test_a_table_survives_csv(report, tmp_path):
    report.to_dataframe("shapley").to_csv(tmp_path / "t.csv", index=False)
    back = pandas.read_csv(tmp_path / "t.csv")

    np.testing.assert_array_equal(
        back.pivot(index="sample", columns="player", values="value").loc[list(report.samples.ids)].to_numpy(),
        report.measurements[1].per_sample[0].values,
    )


# The page -------------------------------------------------------------------------------------------------------------


def test_the_example_of_the_page_runs(shown, tmp_path, monkeypatch, capsys):
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
    example = page.partition("## Reports")[2].partition("```python\n")[2].partition("```")[0]
    curve = replace(shown.measurements[1].summary[0], name="J_mean_abs")
    write_report(
        replace(shown, measurements=(replace(shown.measurements[1], metric="bottleneck", summary=(curve,)),)),
        tmp_path / "report.h5",
    )
    monkeypatch.chdir(tmp_path)
    names = {"ic": ic}
    exec(example, names)

    assert capsys.readouterr().out.rstrip() == names["report"].summary().rstrip()
    assert names["table"]["value"].tolist() == [1.0, 0.25]
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


# Names that are wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ask", ["measurement", "to_dataframe", "plot"])
def test_an_unknown_metric_is_named_with_what_the_report_holds(ask, report):
    with pytest.raises(UnknownNameError) as error:
        getattr(report, ask)("shaply")

    assert str(error.value) == "Unknown measurement 'shaply'. Did you mean 'shapley'? Available: multi-order, shapley."


def test_an_unknown_quantity_is_named_with_what_the_metric_holds(report):
    with pytest.raises(UnknownNameError) as error:
        report.measurement("multi-order").quantity("means")

    assert str(error.value).startswith(
        "Unknown quantity of multi-order 'means'. Did you mean 'mean'? Available: mean, "
    )
