"""Command line > environment > file > default, and `validate` on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from support.workbench import done, refused

import interact_cli as ic


def resolved(*arguments: str) -> dict:
    return json.loads(done("validate", *arguments, "--json").out)


def test_validate_prints_what_the_file_resolves_to(desk: Path):
    Path("run.yaml").write_text("metrics: [shapley]\nplan: {budget: 500}\n")
    printed = yaml.safe_load(done("validate", "run.yaml").out)

    assert printed == resolved("run.yaml")
    assert printed["plan"]["budget"] == 500
    assert printed["plan"]["seed"] == 0


def test_environment_wins_over_the_file(desk: Path, monkeypatch: pytest.MonkeyPatch):
    Path("run.yaml").write_text("plan: {budget: 500, seed: 3}\n")
    monkeypatch.setenv("INTERACT_PLAN__BUDGET", "600")

    assert resolved("run.yaml")["plan"] | {} == {**resolved("run.yaml")["plan"], "budget": 600, "seed": 3}


def test_set_wins_over_the_environment(desk: Path, monkeypatch: pytest.MonkeyPatch):
    Path("run.yaml").write_text("plan: {budget: 500}\n")
    monkeypatch.setenv("INTERACT_PLAN__BUDGET", "600")

    assert resolved("run.yaml", "--set", "plan.budget=700")["plan"]["budget"] == 700


def test_the_whole_order_in_a_run(desk: Path, monkeypatch: pytest.MonkeyPatch):
    Path("run.yaml").write_text(
        "checkpoint: ckpt.pt\nmetrics: [banzhaf]\nplan: {budget: 300, seed: 1, pairs: all}\nplayers: grid:2x2\n"
        "data: {n_samples: 7}\n"
    )
    monkeypatch.setenv("INTERACT_PLAN__SEED", "2")
    monkeypatch.setenv("INTERACT_PLAYERS", "grid:4x2")
    monkeypatch.setenv("INTERACT_DATA__N_SAMPLES", "6")
    monkeypatch.setenv("INTERACT_METRICS", "[multi-order]")
    done("measure", "-c", "run.yaml", "--set", "data.n_samples=5", "--set", "plan.seed=3", "--seed", "4", "-o", "a.h5")
    report = ic.read_report("a.h5")

    assert report.config["plan"] == {"budget": 300, "seed": 4, "instability": None, "protocol": None}
    assert report.config["metrics"] == [{"multi-order": {"pairs": "all"}}]
    assert report.config["players"] == "grid:4x2"
    assert report.config["data"]["n_samples"] == len(report.samples.ids) == 5
    assert [m.metric for m in report.measurements] == ["multi-order"]
    assert report.config["score"] == "log-odds"


def test_the_whole_order_of_an_option(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """Command line > --set > environment > file; what a metric is asked with wins over what all are."""
    few = ("measure", "ckpt.pt", "--players", "grid:2x2", "-n", "2", "-c", "run.yaml", "--force", "-o", "a.h5")

    def options(*arguments: str) -> list:
        done(*few, *arguments)
        return ic.read_report("a.h5").config["metrics"]

    Path("run.yaml").write_text("metrics: [bottleneck, {multi-order: {contexts: 3}}]\nplan: {contexts: 4}\n")
    own = {"multi-order": {"contexts": 3}}
    assert options() == [{"bottleneck": {"contexts": 4}}, own]
    monkeypatch.setenv("INTERACT_PLAN__CONTEXTS", "5")
    assert options() == [{"bottleneck": {"contexts": 5}}, own]
    assert options("--set", "plan.contexts=6") == [{"bottleneck": {"contexts": 6}}, own]
    assert options("--set", "plan.contexts=6", "--contexts", "7") == [{"bottleneck": {"contexts": 7}}, own]
    assert options("-m", "multi-order:contexts=8,pairs=all", "-m", "bottleneck", "--contexts", "7") == [
        {"multi-order": {"pairs": "all", "contexts": 8}}, {"bottleneck": {"contexts": 7}}
    ]  # fmt: skip
    assert options("-m", "multi-order:contexts=8,pairs=all") == [{"multi-order": {"pairs": "all", "contexts": 8}}]


def test_folders_in_the_environment_are_no_settings(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERACT_DATA", str(desk))

    done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200")
    done("bottleneck", "--dataset", "cifar10", "-n", "2", "-b", "60", "--players", "grid:2x2", "--dry-run")


def test_unknown_variable_in_the_environment(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("INTERACT_PLAN__BUDGT", "600")

    assert "Did you mean 'budget'?" in refused(2, "measure", "ckpt.pt", "-m", "shapley")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("metrics: [shaply]", "'shapley'"),
        ("data: {name: digts}", "'digits'"),
        ("players: gird", "'grid'"),
        ("arch: tim:resnet18", "'timm'"),
        ("score: logg", "'logit'"),
        ("plan: {protocol: deng}", "deng2022"),
        ("plan: {budgt: 3}", "'budget'"),
        ("plan: {pears: all}", "'pairs'"),
        ("metrics: [{multi-order: {pears: all}}]", "'pairs'"),
        ("metrics: {multi-order: {contexts: 1}}", "contexts of 'multi-order' to be a whole number from 2, got 1"),
        ("metrics: [multi-order, multi-order]", "each metric once, 'multi-order' is asked for twice"),
        ("metrics: [{multi-order: {}, bottleneck: {}}]", "a mapping from its name to its options"),
        ("metrics: [{shapley: {pairs: all}}]", "pairs"),
        ("metrics: [{multi-order: {span: '0:2'}}]", "span is for all metrics: pass --span"),
        ("pln: {budget: 3}", "'plan'"),
        ("plan: {budget: 1e3}", "budget"),
        ("plan: {budget: true}", "budget"),
        ("run: {batch_size: true}", "batch_size"),
        ("plan: 3", "plan"),
    ],
)
def test_validate_finds_the_mistake(desk: Path, text: str, word: str):
    Path("run.yaml").write_text(text + "\n")

    assert word in refused(2, "validate", "run.yaml")


def test_batch_size_from_every_source(desk: Path, monkeypatch: pytest.MonkeyPatch):
    Path("run.yaml").write_text("run: {batch_size: 32}\n")
    few = ("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200")
    done(*few, "-c", "run.yaml", "-o", "file.h5")
    done(*few, "-c", "run.yaml", "--batch-size", "16", "-o", "flag.h5")
    monkeypatch.setenv("INTERACT_RUN__BATCH_SIZE", "8")
    done(*few, "-c", "run.yaml", "-o", "environment.h5")
    found = {name: ic.read_report(f"{name}.h5").provenance["batch_rows"] for name in ("file", "flag", "environment")}

    assert found == {"file": 32, "flag": 16, "environment": 8}
