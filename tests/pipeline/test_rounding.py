"""What a network's float32 does to dividends, from the network to the line that a reader reads."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn

import interact_cli as ic

N = 6
DIVIDENDS = ("harsanyi", "or-interaction", "and-or", "and-or-graph", "inference-patterns")


class Additive(nn.Module):
    """Columns only add up: no set of two or more is worth anything."""

    output = "scalar"

    def __init__(self) -> None:
        super().__init__()
        self.worths = nn.Parameter(torch.linspace(0.3, 1.7, N))

    def forward(self, rows):
        return (rows * self.worths).sum(dim=1, keepdim=True) + 100


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    inputs = torch.rand(3, N, generator=torch.Generator().manual_seed(0)) + 0.5
    path = tmp_path_factory.mktemp("rounding") / "report.h5"
    return ic.audit(Additive(), inputs, [*DIVIDENDS, "shapley"], budget=2**N, baseline="zero", output=path)


def how(report, metric):
    """The estimator line of a metric's section."""
    text = " ".join(report.summary(width=120).split())
    return re.search(rf" {metric} ───.*? How: (.*? \(version \d\))", text)[1]


@pytest.mark.parametrize("metric", DIVIDENDS)
def test_the_estimator_line_says_up_to_which_rounding_values_are_exact(report, metric):
    largest = float(report.samples.full_value.max())  # all worths are positive: v(N) is the largest value
    members = {"and-or-graph": 1, "inference-patterns": None}.get(metric, N)
    told = float(re.search(r"every value is exact up to rounding of about (\S+) output\.", how(report, metric))[1])
    if members is None:  # sum over q of signed means of 4 values each: (1 + 16/4 + 36/6 + 16/4 + 1) x 4
        expected = np.sqrt(16 * 4) * 2.0**-23 * largest
    else:
        expected = 2 ** (members / 2) * 2.0**-23 * largest
    assert told == float(f"{expected:.0e}")


def test_no_set_of_an_additive_network_is_larger_than_its_rounding_lets_it_be(report):
    values = report.measurement("harsanyi").quantity("values")
    larger = np.bitwise_count(np.arange(2**N)) > 1
    assert (np.abs(values.values) <= 4 * values.standard_errors)[:, larger].all()
    assert (report.measurement("harsanyi").quantity("strength_by_size").values[1:] == 0).all()
    assert (report.measurement("inference-patterns").quantity("rms_corrected").values == 0).all()
    graphs = report.measurement("and-or-graph")
    assert graphs.quantity("pattern_members").values.sum(axis=2).max() == 1


def test_what_adds_up_no_signs_stays_exact(report):
    assert "; every value is exact. Source" in how(report, "shapley")


def test_a_game_from_python_is_taken_as_it_is():
    estimate = ic.measure(ic.CallableGame(lambda coalitions: coalitions.sum(axis=1) * 0.1, n_players=4), "harsanyi")
    assert (estimate.standard_errors == 0).all()
