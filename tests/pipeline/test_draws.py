"""What a run asks depends on data and seed, never on the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.workbench import TABLE, done, table_network

import interact_cli as ic

RUN = ("measure", *TABLE, "-m", "shapley", "-m", "banzhaf", "-b", "100", "-n", "8")


@pytest.fixture
def other_weights(desk: Path) -> str:
    """Another version of the network, at another accuracy."""
    network = table_network(Path("network.py"))
    with torch.no_grad():
        network.body[-1].bias += torch.tensor([3.0, 0.0, -3.0])
    torch.save(network.state_dict(), "other.pt")
    return "other.pt"


def run(name: str, *changes: str, checkpoint: str = "table.pt"):
    done("measure", checkpoint, *RUN[2:], *changes, "-o", name)
    return ic.read_report(name)


def test_two_checkpoints_get_the_same_samples_and_coalitions(other_weights: str):
    one, other = run("a.h5"), run("b.h5", checkpoint=other_weights)

    assert one.samples.accuracy != other.samples.accuracy
    assert one.samples.ids == other.samples.ids
    assert one.provenance["plan_hash"] == other.provenance["plan_hash"]
    assert one.provenance["data"]["fingerprint"] == other.provenance["data"]["fingerprint"]
    for first, second in zip(one.records, other.records, strict=True):
        np.testing.assert_array_equal(first.coalitions, second.coalitions)


def test_the_filter_works_at_aggregation_only(desk: Path):
    everyone, correct = run("a.h5", "--only", "all"), run("b.h5", "--only", "correct")

    assert everyone.samples.ids == correct.samples.ids
    assert everyone.samples.accuracy == correct.samples.accuracy
    assert everyone.provenance["plan_hash"] == correct.provenance["plan_hash"]
    right = correct.samples.labels == correct.samples.predicted
    assert 0 < right.sum() < len(right)
    np.testing.assert_array_equal(correct.samples.included, right)
    assert everyone.samples.included.all()
    for metric in ("shapley", "banzhaf"):
        values = everyone.measurement(metric).quantity("values").values
        np.testing.assert_array_equal(correct.measurement(metric).quantity("values").values, values)
        np.testing.assert_allclose(everyone.measurement(metric).quantity("mean").values, values.mean(axis=0))
        np.testing.assert_allclose(correct.measurement(metric).quantity("mean").values, values[right].mean(axis=0))


def test_the_seed_changes_samples_and_coalitions(desk: Path):
    one, other = run("a.h5"), run("b.h5", "--seed", "1")

    assert one.samples.ids != other.samples.ids
    assert one.provenance["plan_hash"] != other.provenance["plan_hash"]


def test_a_shared_sample_gets_the_same_coalitions_in_a_longer_draw(desk: Path):
    short, long = run("a.h5"), run("b.h5", "-n", "16")

    assert long.samples.ids[:8] == short.samples.ids
    for first, second in zip(short.records, long.records, strict=False):
        np.testing.assert_array_equal(first.coalitions, second.coalitions)
        np.testing.assert_array_equal(first.values, second.values)


def test_a_second_metric_does_not_move_the_first(desk: Path):
    together = run("a.h5")
    done("measure", "table.pt", *TABLE[1:], "-m", "banzhaf", "-b", "100", "-n", "8", "-o", "b.h5")
    alone = ic.read_report("b.h5")

    for name in ("values", "mean", "mean_abs"):
        np.testing.assert_array_equal(
            together.measurement("banzhaf").quantity(name).values, alone.measurement("banzhaf").quantity(name).values
        )


def test_named_samples_are_measured_in_their_order(desk: Path):
    ids = ["csv/table.csv/7", "csv/table.csv/2"]
    Path("ids.txt").write_text("\n".join(ids))

    done("measure", *TABLE, "-m", "shapley", "-b", "100", "--samples", "ids.txt", "-o", "a.h5")
    assert list(ic.read_report("a.h5").samples.ids) == ids
