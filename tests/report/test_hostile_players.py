"""Reports whose numbers name players, nodes or quantities that are not there: refused in one line, or left out."""

from __future__ import annotations

import dataclasses

import h5py
import numpy as np
import pytest
from support.coalition_reports import (
    TEXTS,
    by_coalition,
    by_set,
    column_players,
    film_graphs,
    film_partitions,
    grid_partitions,
    report_of,
    samples_of,
    text_players,
)

from interact_cli.errors import ReportRefused, UsageError
from interact_cli.report.export import to_json, write_graph
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.report.plots import plot_report
from interact_cli.report.terminal.summary import summary_text
from interact_cli.results import Measurement


def column_report(*measurements):
    return report_of(samples_of(2), column_players("abc"), measurements)


def word_report(*measurements):
    """Texts of 10 and 3 words."""
    return report_of(samples_of(2, texts=(" ".join(TEXTS[1]), "not good .")), text_players(TEXTS[1:]), measurements)


REPORTS = {
    "graph": film_graphs,
    "partition of words": film_partitions,
    "partition of cells": grid_partitions,
    "coalitions": lambda: column_report(by_coalition("harsanyi", [np.arange(8.0), -np.arange(8.0)])),
    "coalitions of words": lambda: word_report(by_coalition("concepts", [np.arange(1024.0), np.arange(8.0)])),
    "sets": lambda: column_report(by_set("shapley-taylor", [(0,), (0, 1), (1, 2)], [[1, 2, 3], [1, 2, 3]])),
    "sets of words": lambda: word_report(by_set("shapley-taylor", [(0,), (0, 1), (1, 2)], [[1, 2, 3], [1, 2, 3]])),
    "shared sets": lambda: column_report(
        Measurement(
            "shapley-taylor", 1, "source", "exact", (), (dataclasses.replace(
                by_set("k", [(0, 1), (1, 2)], [[1, 2]]).per_sample[0], name="shared_sets", dims=("set", "member"),
                values=np.array([[0, 1], [1, 2]]),
            ),), {},
        )
    ),
}  # fmt: skip


def written(report, path, name, place, value):
    """Write a report, then put a number into a quantity or a label of its only metric."""
    write_report(report, path)
    with h5py.File(path, "r+") as file:
        (group,) = file["metrics"].values()
        (held,) = [part[name] for part in (group, group["per_sample"], group["summary"]) if name in part]
        held[place] = value
    return path


@pytest.mark.parametrize("name", REPORTS)
def test_what_is_whole_is_read(tmp_path, name):
    write_report(REPORTS[name](), tmp_path / "whole.h5")
    assert summary_text(read_report(tmp_path / "whole.h5"))


@pytest.mark.parametrize(
    ("name", "quantity", "place", "value"),
    [
        ("partition of words", "members", (0, 0), len(TEXTS[0])),
        ("partition of words", "members", (2, 0), 3),
        ("partition of words", "partition_max", (0, 0), -2),
        ("partition of cells", "members", (0, 0), 16),
        ("partition of cells", "partition_min", (0, 0), 10**15),
        ("coalitions", "coalition", 7, 8),
        ("coalitions", "coalition", 7, 2**62),
        ("coalitions", "coalition", 7, 0),
        ("coalitions of words", "values", (1, 8), 5.0),
        ("sets", "sets", (0, 2, 1), 3),
        ("sets", "sets", (1, 2, 1), -2),
        ("sets of words", "sets", (1, 2, 1), 3),
        ("shared sets", "shared_sets", (1, 1), 3),
    ],
)
def test_foreign_players_are_refused_by_the_reader(tmp_path, name, quantity, place, value):
    hostile = written(REPORTS[name](), tmp_path / "hostile.h5", quantity, place, value)
    with pytest.raises(ReportRefused, match=quantity) as caught:
        read_report(hostile)
    assert "\n" not in str(caught.value)
    assert "Measure again or take an intact copy" in str(caught.value)


@pytest.mark.parametrize(
    ("quantity", "place", "value"),
    [("edges", (0, 0), (7, 999)), ("edges", (0, 0), (999, 3)), ("edges", (0, 0), (7, -5)), ("edges", (0, 0), (19, 3))],
)
def test_edges_to_no_node_are_refused_wherever_the_graph_is_shown(tmp_path, quantity, place, value):
    report = read_report(written(film_graphs(), tmp_path / "hostile.h5", quantity, place, value))
    shown = (
        lambda: summary_text(report),
        lambda: write_graph(report, tmp_path / "graph.json", sample=0),
        lambda: plot_report(report, tmp_path / "graph.png", kind="graph"),
    )
    for show in shown:
        with pytest.raises(ReportRefused, match=r"names nodes .* and has 19"):
            show()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hostile.h5"]


def without(report, name):
    measurement = report.measurements[0]
    kept = tuple(quantity for quantity in measurement.per_sample if quantity.name != name)
    return dataclasses.replace(report, measurements=(dataclasses.replace(measurement, per_sample=kept),))


@pytest.mark.parametrize(
    ("name", "kind", "quantity"),
    [
        *(("graph", "graph", one.name) for one in film_graphs().measurements[0].per_sample),
        *(("partition of words", "partition", one.name) for one in film_partitions().measurements[0].per_sample),
        *(("sets", "sets", one) for one in ("sets", "values")),
        *(("sets of words", "sets", one) for one in ("sets", "values")),
    ],
)
def test_a_part_that_is_missing_is_left_out_or_refused(tmp_path, name, kind, quantity):
    report = without(REPORTS[name](), quantity)
    assert summary_text(report)
    assert to_json(report)
    try:
        plot_report(report, tmp_path / "picture.png", kind=kind)
    except UsageError as error:
        assert "\n" not in str(error)
