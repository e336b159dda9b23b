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
from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.pipeline.run import run
from interact_cli.progress import Silent
from interact_cli.report.terminal.summary import summary_text

KINDS = [
    ("metrics", "mean-interaction"),
    ("metrics", "margin"),
    ("players", "rings"),
    ("datasets", "parity"),
    ("archs", "mlp"),
    ("scores", "odds"),
    ("executors", "processes"),
]

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


@pytest.mark.parametrize(("kind", "name"), KINDS)
def test_every_kind_is_listed_with_the_distribution_it_comes_from(kind, name, interact):
    listed = interact("list", kind, "--json")
    assert (listed.code, listed.err) == (0, "")
    rows = {row["name"]: row for row in json.loads(listed.out)[kind]}
    assert rows[name]["origin"] == "interact-example 0.1.0"
    mine = {other for of_kind, other in KINDS if of_kind == kind}
    assert {other for other, row in rows.items() if row["origin"] == "interact-example 0.1.0"} == mine


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
        expected = naive_means(played(perceptron, rows[position], rows.mean(axis=0), int(labels[position])))
        np.testing.assert_allclose(values, expected, atol=1e-4 * np.abs(expected).max())
    over_pairs = report.measurement("mean-interaction").quantity("mean_over_pairs")
    np.testing.assert_allclose(over_pairs.values, measured.values.mean())


def test_the_number_and_the_executor_of_the_plugin_give_what_the_network_gives(
    interact, checkpoint, perceptron, tmp_path
):
    """The executor works in processes of its own, which load the network again: the numbers are the same to the bit."""
    run = ("measure", str(checkpoint), "--arch", "mlp:6-16-2", "--dataset", "parity:3", "--n-samples", "4")
    asked = ("--metric", "mean-interaction", "--metric", "margin")
    for name, more in {"here": (), "there": ("--executor", "processes")}.items():
        finished = interact(*run, *asked, *more, "--output", f"{name}.h5")
        assert finished.code == 0, finished.err
    here, there = (ic.read_report(tmp_path / f"{name}.h5") for name in ("here", "there"))
    assert there.provenance["identity"]["rounding"]["executor"] == "processes"
    for first, second in zip(here.records, there.records, strict=True):
        assert first.values.tobytes() == second.values.tobytes()
    rows, _ = parity_of_three()
    chosen = [int(sample.rpartition("/")[2]) for sample in here.samples.ids]
    outputs = perceptron(torch.from_numpy(rows[chosen]).float()).detach().double()
    margins = (outputs[:, 0] - outputs[:, 1]).abs().numpy()
    np.testing.assert_allclose(here.measurement("margin").quantity("own_margin").values, margins, atol=1e-5)
    np.testing.assert_allclose(here.measurement("margin").quantity("margin").values, margins.mean(), atol=1e-5)


def test_score_and_option_of_the_plugin_answer_from_the_records_of_an_earlier_run(
    interact, checkpoint, perceptron, tmp_path
):
    """The odds are exp of the log-odds; ``relative`` divides by the sample's |v(N) - v(empty)|."""
    first = interact(
        *("measure", str(checkpoint), "--arch", "mlp:6-16-2", "--dataset", "parity:3", "--n-samples", "4"),
        *("--metric", "mean-interaction", "--target", "true", "--output", "first.h5"),
    )
    assert first.code == 0, first.err
    checkpoint.unlink()
    second = interact(
        *("measure", "--from", "first.h5", "--score", "odds", "--metric", "mean-interaction:relative=true"),
        *("--output", "second.h5"),
    )
    assert second.code == 0, second.err
    report = ic.read_report(tmp_path / "second.h5")
    measurement = report.measurement("mean-interaction")
    rows, labels = parity_of_three()
    for row, sample in enumerate(report.samples.ids):
        position = int(sample.rpartition("/")[2])
        log_odds = played(perceptron, rows[position], rows.mean(axis=0), int(labels[position]))

        def odds(*players, log_odds=log_odds):
            return np.exp(log_odds(*players))

        full, empty = odds(*range(6)), odds()
        assert report.samples.full_value[row] == pytest.approx(full, rel=1e-4)
        assert report.samples.empty_value[row] == pytest.approx(empty, rel=1e-4)
        expected = naive_means(odds) / abs(full - empty)
        np.testing.assert_allclose(
            measurement.quantity("values").values[row], expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max()
        )
    assert (report.provenance["score"], report.provenance["score_unit"]) == ("odds", "odds")
    assert report.config["metrics"] == [{"mean-interaction": {"relative": True}}]
    assert measurement.quantity("mean_over_pairs").unit == "1"
    # Whoever shows the report needs no plugin: here none is installed.
    (told,) = measurement.findings
    assert "mean-interaction" not in extensions.metrics()
    assert " ".join(told.sentence.split()) in " ".join(summary_text(report).split())


def test_a_score_of_the_plugin_that_the_network_does_not_give_is_refused(interact, tmp_path):
    torch.save({"state_dict": nn.Sequential(nn.Linear(10, 1)).state_dict()}, tmp_path / "scalar.pt")
    (tmp_path / "net.py").write_text(
        "from torch import nn\n\n\ndef net():\n    return nn.Sequential(nn.Linear(10, 1))\n\n\n"
        "net.input_shape = (10,)\nnet.output = 'scalar'\n"
    )
    refused = interact(
        *("measure", "scalar.pt", "--arch", "py:net.py:net", "--dataset", "diabetes", "--score", "odds"),
        *("--metric", "shapley", "--n-samples", "2"),
    )
    assert (refused.code, refused.out) == (2, "")
    (line,) = refused.err.splitlines()
    assert line.startswith(
        "error: Score 'odds' does not fit a network with output 'scalar'. Use one of: scalar, feature:"
    )


def test_the_page_of_the_plugins_metric(interact):
    """I is 4 for the first two, 3 / 2 for each of three pairs of the last three: (4 + 4.5) / 6 on average."""
    shown = interact("list", "metrics", "mean-interaction")
    assert (shown.code, shown.err) == (0, "")
    page = " ".join(shown.out.split())
    for part in (
        "[interact-example 0.1.0]",
        "How much each player interacts with the others on average",
        "mean over j of I(i,j) = [ v(N) - v(N - i) - v({i}) + v(empty) ] / (n - 1)",
        "Source Grabisch & Roubens (1999): recursive axiom, with efficiency",
        "2n + 2 coalitions of each sample",
        "relative Divide by what all players together change the score, |v(N) - v(empty)|.",
        "Default: False.",
        "Example interact measure ckpt.pt --metric mean-interaction",
        "1.42 points [1.42, 1.42]",
    ):
        assert part in page
    document = json.loads(interact("list", "metrics", "mean-interaction", "--json").out)
    assert [(one["name"], one["default"], one["for_all"]) for one in document["options"]] == [("relative", False, None)]


def parity_of_three():
    """The rows as the plugin generates them (tested elsewhere), and the class from the signs of three columns."""
    data = read(DataRequest("parity", Path("3")))
    rows = np.stack([data.raw(index) for index in range(len(data))])
    return rows, (np.sign(rows[:, :3]).prod(axis=1) < 0).astype(int)


def played(network, row, baseline, label):
    """The game of one row: log-odds of its class where only some columns are shown."""

    def v(*players):
        masked = np.where([player in players for player in range(len(row))], row, baseline)
        with torch.no_grad():
            scores = network(torch.tensor(masked[None], dtype=torch.float32))[0].double()
        return float(scores[label] - scores[1 - label])

    return v


def naive_means(v, n=6):
    """Mean of I(i,j) over j, each I(i,j) summed over all contexts S with the weights s! (n - 2 - s)! / (n - 1)!."""

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
        "error: Expected dataset 'broken' of other 1.0 to work, but its code fails: ModuleNotFoundError: "
        "No module named 'nowhere'. Repair or uninstall it."
    ]


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("broken = nowhere:Nothing", "metric 'broken' of other 1.0 to work, but its code fails: ModuleNotFoundError"),
        ("broken = math:nothing", "metric 'broken' of other 1.0 to work, but its code fails: AttributeError"),
        ("broken = exits:Metric", "metric 'broken' of other 1.0 to work, but its code fails: SystemExit: 3"),
        ("broken = math:sqrt", "metric 'broken' of other 1.0 to work, but its code fails: TypeError"),
        (
            "broken = builtins:object",
            r"metric 'broken' of other 1\.0 to be an interact_cli\.interfaces\.Metric or Number, got object\. Have it",
        ),
        (
            "broken = misnamed:Metric",
            "metric 'broken' of other 1.0 to carry the name of its entry point, got 'shapley'",
        ),
        ("a/b = math:sqrt", r"other 1.0 to name its metric with letters, digits, '\.', '_' and '-', got 'a/b'"),
    ],
)
def test_every_way_to_be_broken_names_the_distribution(point, message, tmp_path, monkeypatch):
    folder = distribution(tmp_path, "metrics", point)
    (folder / "exits.py").write_text("raise SystemExit(3)")
    (folder / "misnamed.py").write_text(
        "from interact_cli.metrics.player_values import PlayerValues\n\n\ndef Metric():\n"
        "    return PlayerValues.of('shapley')\n"
    )
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(UsageError, match=message):
        extensions.metric("broken")


def test_a_broken_plugin_harms_no_other_name(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(distribution(tmp_path, "metrics", "broken = nowhere:Nothing"))
    assert "broken" in extensions.metrics()
    assert extensions.metric("shapley").name == "shapley"
