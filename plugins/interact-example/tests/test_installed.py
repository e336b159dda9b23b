"""The plugin as a user has it: installed by pip, found by ``interact`` through its entry points."""

from __future__ import annotations

import json
import re
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
import torch
from interact_example.parity import read
from torch import nn

import interact_cli as ic
from interact_cli import extensions
from interact_cli.audit.run import run
from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.progress import Silent

KINDS = {"metrics": "mean-interaction", "players": "rings", "datasets": "parity", "archs": "mlp"}

FACTORY = """
from torch import nn

def tiny():
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 10))

tiny.input_shape = (1, 12, 12)
"""


def distribution(folder: Path, group: str, points: str) -> Path:
    """Lay out another installed distribution: ``other 1.0``."""
    info = folder / "other-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\nSummary: another plugin\n")
    (info / "entry_points.txt").write_text(f"[interact_cli.{group}]\n{points}\n")
    return folder


def test_the_types_are_shipped(site):
    assert (site / "interact_example" / "py.typed").is_file()


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_every_kind_is_listed_with_the_distribution_it_comes_from(kind, name, interact):
    listed = interact("list", kind, "--json")
    assert (listed.code, listed.err) == (0, "")
    rows = {row["name"]: row for row in json.loads(listed.out)[kind]}
    assert rows[name]["origin"] == "interact-example 0.1.0"
    assert sum(row["origin"] == "interact-example 0.1.0" for row in rows.values()) == 1


def test_the_table_names_distribution_and_version(interact):
    (line,) = re.findall("(?m)^mean-interaction .*$", interact("list", "metrics").out)
    assert line.endswith("  [interact-example 0.1.0]")


def test_metric_data_set_and_architecture_of_the_plugin_in_one_run(interact, checkpoint, perceptron, tmp_path):
    finished = interact(
        *("measure", str(checkpoint), "--arch", "mlp:6-16-2", "--dataset", "parity:3"),
        *("--metric", "mean-interaction", "--n-samples", "5", "--output", "report.h5"),
    )
    assert finished.code == 0, finished.err
    assert "mean-interaction" in finished.out
    report = ic.read_report(tmp_path / "report.h5")
    measured = report.measurement("mean-interaction").quantity("values")
    assert measured.dims == ("sample", "player")
    assert measured.exact is not None
    assert measured.exact.all()
    assert (report.samples.unique == 14).all()
    rows, labels = parity_of_three()
    for sample, values in zip(report.samples.ids, measured.values, strict=True):
        position = int(sample.rpartition("/")[2])
        expected = naive_means(perceptron, rows[position], rows.mean(axis=0), int(labels[position]))
        np.testing.assert_allclose(values, expected, atol=1e-4 * np.abs(expected).max())
    over_pairs = report.measurement("mean-interaction").quantity("mean_over_pairs")
    np.testing.assert_allclose(over_pairs.values, measured.values.mean())


def parity_of_three():
    """The rows as the plugin generates them (tested elsewhere), and the class from the signs of three columns."""
    data = read(DataRequest("parity", Path("3")))
    rows = np.stack([data.raw(index) for index in range(len(data))])
    return rows, (np.sign(rows[:, :3]).prod(axis=1) < 0).astype(int)


def naive_means(network, row, baseline, label):
    """Mean of I(i,j) over j, each I(i,j) summed over all contexts S with the weights s! (n - 2 - s)! / (n - 1)!."""
    n = len(row)

    def v(*players):
        masked = np.where([player in players for player in range(n)], row, baseline)
        with torch.no_grad():
            scores = network(torch.tensor(masked[None], dtype=torch.float32))[0].double()
        return float(scores[label] - scores[1 - label])

    def interaction(i, j):
        others = [player for player in range(n) if player not in (i, j)]
        return sum(
            factorial(size) * factorial(n - 2 - size) / factorial(n - 1) * (v(*S, i, j) - v(*S, i) - v(*S, j) + v(*S))
            for size in range(n - 1)
            for S in combinations(others, size)
        )

    return np.array([np.mean([interaction(i, j) for j in range(n) if j != i]) for i in range(n)])


def test_players_of_the_plugin_reach_the_network(site, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(FACTORY)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 10))
    torch.save({"state_dict": network.state_dict()}, tmp_path / "image.pt")
    settings = Settings(
        checkpoint=Path("image.pt"),
        arch="py:net.py:tiny",
        players="rings:3",
        metrics=("mean-interaction",),
        data={"n_samples": 2},
        run={"device": "cpu"},
    )
    report = run(settings, Silent()).report
    assert (report.players.spec, report.players.names) == ("rings:3", ("ring 0", "ring 1", "ring 2"))
    assert report.players.owner.shape == (1, 12, 12)
    assert (report.samples.unique == 8).all()


@pytest.mark.parametrize(
    ("name", "owner"), [("mean-interaction", "interact-example 0.1.0"), ("shapley", "interact-cli 0.1.0")]
)
def test_a_clash_names_both_distributions(name, owner, interact, tmp_path):
    also = distribution(tmp_path / "other", "metrics", f"{name} = nowhere:Nothing")
    refused = interact("list", "metrics", also=also)
    assert (refused.code, refused.out) == (2, "")
    (line,) = refused.err.splitlines()
    assert line.startswith(f"error: Metric '{name}' is registered twice: by ")
    assert owner in line
    assert "other 1.0" in line
    assert line.endswith("Uninstall one.")


def test_a_broken_plugin_is_one_line_that_names_it(interact, tmp_path):
    also = distribution(tmp_path / "other", "datasets", "broken = nowhere:read")
    refused = interact("list", "datasets", also=also)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.splitlines() == [
        "error: Expected to load dataset 'broken' of other 1.0, but its code fails: ModuleNotFoundError: "
        "No module named 'nowhere'. Repair or uninstall it."
    ]


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("broken = nowhere:Nothing", "metric 'broken' of other 1.0, but its code fails: ModuleNotFoundError"),
        ("broken = math:nothing", "metric 'broken' of other 1.0, but its code fails: AttributeError"),
        ("broken = exits:Metric", "metric 'broken' of other 1.0, but its code fails: SystemExit: 3"),
        ("broken = math:sqrt", "metric 'broken' of other 1.0, but its code fails: TypeError"),
        ("broken = builtins:object", "metric 'broken' of other 1.0, but its code fails: AttributeError"),
        ("broken = misnamed:Metric", "metric 'broken' of other 1.0 to carry the name of its entry point, got 'other'"),
        ("a/b = math:sqrt", r"other 1.0 to name its metric with letters, digits, '\.', '_' and '-', got 'a/b'"),
    ],
)
def test_every_way_to_be_broken_names_the_distribution(point, message, tmp_path, monkeypatch):
    folder = distribution(tmp_path, "metrics", point)
    (folder / "exits.py").write_text("raise SystemExit(3)")
    (folder / "misnamed.py").write_text("class Metric:\n    name = 'other'\n")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(UsageError, match=message):
        extensions.metric("broken")


def test_a_broken_plugin_harms_no_other_name(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(distribution(tmp_path, "metrics", "broken = nowhere:Nothing"))
    assert "broken" in extensions.metrics()
    assert extensions.metric("shapley").name == "shapley"
