"""What the metrics of sets write comes back from a file as it was, also where there is nothing to write."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.runs import measured, of_tables
from support.set_reports import table_report

from interact_cli import extensions
from interact_cli.options import configured
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.report.terminal.summary import summary_text
from interact_cli.report.views.graphs import document, graph_of

METRICS = (
    "shapley-taylor",
    "k-shapley",
    "faithful-shapley",
    "faithful-banzhaf",
    "harsanyi",
    "or-interaction",
    "and-or",
    "and-or-graph",
    "concepts",
    "multivariate",
)
TABLES = {
    "random": np.random.default_rng(9).normal(size=(2, 2**4)) + np.arange(16) / 4,
    "constant": np.full((2, 2**4), 0.5),
}


def through_a_file(report, path):
    write_report(report, path)
    return read_report(path)


@pytest.mark.parametrize("tables", TABLES)
@pytest.mark.parametrize("metric", METRICS)
def test_a_report_comes_back_and_reads_the_same(metric, tables, tmp_path):
    values = TABLES[tables]
    if metric == "concepts":
        values = np.stack([values, 2 * values], axis=-1)
    one = measured(extensions.metric(metric), of_tables(values), 4, 2, 4000)
    made = table_report([one], labels=(0, 0), predicted=(0, 1))
    held = through_a_file(made, tmp_path / "r.h5")
    for before, after in zip(
        (*one.per_sample, *one.summary),
        (*held.measurements[0].per_sample, *held.measurements[0].summary),
        strict=True,
    ):
        assert (before.name, before.dims) == (after.name, after.dims)
        np.testing.assert_array_equal(before.values, after.values)
    assert summary_text(replace(held, path=None), width=100) == summary_text(made, width=100)
    if metric == "and-or-graph":
        graphs = [document(graph_of(report, report.measurements[0], 1)) for report in (made, held)]
        assert graphs[0] == graphs[1]


@pytest.mark.parametrize("metric", ["shapley-interaction", "banzhaf-interaction"])
def test_sets_of_three_come_back(metric, tmp_path):
    sized = configured(extensions.metric(metric), {"interaction_size": 3})
    one = measured(sized, of_tables(TABLES["random"]), 4, 2, 4000)
    made = table_report([one], labels=(0, 0), predicted=(0, 1))
    held = through_a_file(made, tmp_path / "r.h5")
    assert summary_text(replace(held, path=None)) == summary_text(made)
    assert "3 players together change the score by" in summary_text(held)


def test_learned_partitions_come_back(tmp_path):
    learner = configured(extensions.metric("multivariate"), {"learned": "corrected"})
    one = measured(learner, of_tables(TABLES["random"]), 4, 2, 4000)
    held = through_a_file(table_report([one], labels=(0, 0), predicted=(0, 1)), tmp_path / "r.h5")
    assert held.measurements[0].quantity("p_max").values.shape == one.quantity("p_max").values.shape
    assert "T by learning" in summary_text(held)
