"""Reports of schema 1.3 and older are read as if they were of 1.4: options with their metrics, rounding by itself."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import pytest
from support.gate_reports import made, pair_of_reports

from interact_cli import extensions
from interact_cli.gates.compare import compare
from interact_cli.gates.evidence.comparability import Allowed, comparability
from interact_cli.options import options_of
from interact_cli.report.documents import content_key
from interact_cli.report.hdf5 import before_1_4
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import Report

PLAN = {
    "budget": 16, "contexts": None, "drop_rate": 0.25, "instability": None, "interaction_size": 3, "learned": None,
    "pairs": "random:3", "partitions": "contiguous", "protocol": None, "seed": 0,
}  # fmt: skip
CONFIG = {
    "allow_missing": [], "arch": "py:net.py:tiny", "arch_args": {}, "baseline": "mean",
    "data": {"allow_download": False, "continuation": None, "label_column": None, "limit": None, "max_failures": 0,
             "n_samples": 3, "name": "iris", "only": "all", "seed": 0, "split": None, "text_column": None,
             "texts": []},
    "metrics": ["shapley", "multi-order", "shapley-interaction", "dropout-suppression", "strength"],
    "plan": PLAN, "players": "columns", "run": {"batch_size": 2048, "device": "cpu", "records": True},
    "score": "log-odds", "span": None, "target": "true", "training": {"epochs": None, "seed": 0}, "unit": None,
    "weights": "auto",
}  # fmt: skip
ORIGINS = dict.fromkeys(CONFIG["metrics"], "interact-cli 0.1.0")
RECORDS = {
    "architecture": "py:net.py:tiny", "architecture arguments": {}, "baseline": {"name": "mean"},
    "checkpoint": "526be72399", "code": "1a332c238e", "data": "13693b8d36", "dtype": "float32, TF32 off",
    "entry": {"call": 0, "module": "", "place": "input"}, "modules": [], "output": "classes",
    "owners": "3a2de37ae9", "players": "columns", "prepared inputs": "95b7d0a7e1", "preprocessing": {"shape": [4]},
    "samples": "650692e5c0", "tool": "0", "weights": "state_dict",
}  # fmt: skip
ROUNDING = {
    "batch rows": 2048, "device": "cpu", "threads": 2, "timm": "1.0.31", "tokenizers": "0.23.3",
    "torch": "2.14.1+cu130", "torchvision": "0.29.1", "transformers": "5.24.0", "way": "whole network",
}  # fmt: skip
QUESTION = {
    "filter": "all", "illustration": False, "limit": None, "metric origins": ORIGINS,
    "metrics": [[name, 1] for name in CONFIG["metrics"]], "plan": PLAN, "ranges": "3480a2b7b1", "records kept": True,
    "score": "log-odds", "span": None, "target": "true",
}  # fmt: skip
"""As version 0.1.0 with schema 1.3 wrote them; digests cut short."""


def of_schema(version: str, path: Path, report: Report, config: Any, identity: Any) -> Report:
    """Write a report that says what an older one said, and read it."""
    provenance = {**report.provenance, "identity": identity, "content_key": "written then"}
    write_report(replace(report, config=config, provenance=provenance), path)
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = version
    return read_report(path)


@pytest.fixture
def migrated(tmp_path) -> Report:
    identity = {"question": QUESTION, "records": {**RECORDS, **ROUNDING}}
    return of_schema("1.3", tmp_path / "r.h5", made(n_samples=4, metrics=("shapley",)), CONFIG, identity)


def test_the_settings_hold_no_place_and_every_option_with_its_metrics(migrated):
    expected = deepcopy(CONFIG)
    del expected["data"]["allow_download"], expected["run"]["records"], expected["training"]
    expected["plan"] = {"budget": 16, "instability": None, "protocol": None, "seed": 0}
    expected["metrics"] = [
        "shapley",
        {"multi-order": {"estimator": "sampled", "pairs": "random:3"}},
        {"shapley-interaction": {"interaction_size": 3, "pairs": "random:3"}},
        {"dropout-suppression": {"drop_rate": 0.25, "pairs": "random:3"}},
        {"strength": {"pairs": "random:3"}},
    ]
    assert migrated.config == expected
    assert migrated.notes == ()


def test_the_identity_has_its_three_parts(migrated):
    identity = migrated.provenance["identity"]
    assert identity["rounding"] == ROUNDING
    assert identity["records"] == {**RECORDS, "limit": None, "protocol": None, "span": None}
    assert identity["question"] == {
        "data.only": "all",
        "score": "log-odds",
        "target": "true",
        "metrics": [
            ["shapley", 1, {}],
            ["multi-order", 2, {"estimator": "sampled", "pairs": "random:3"}],
            ["shapley-interaction", 1, {"interaction_size": 3, "pairs": "random:3"}],
            ["dropout-suppression", 1, {"drop_rate": 0.25, "pairs": "random:3"}],
            ["strength", 1, {"pairs": "random:3"}],
        ],
        "plan.budget": 16,
        "plan.seed": 0,
        "plan.instability": None,
        "metric origins": ORIGINS,
        "records kept": True,
        "ranges": "3480a2b7b1",
        "illustration": False,
    }
    assert migrated.provenance["content_key"] == content_key(identity)


@pytest.mark.parametrize("version", ["1.4", "1.5"])
def test_a_report_of_this_schema_or_a_newer_one_is_left_as_it_is(version, tmp_path):
    identity = {"question": QUESTION, "records": {**RECORDS, **ROUNDING}}
    kept = of_schema(version, tmp_path / "r.h5", made(n_samples=4, metrics=("shapley",)), CONFIG, identity)
    assert (kept.config, kept.provenance["identity"]) == (CONFIG, identity)
    assert kept.provenance["content_key"] == "written then"


def as_before(report: Report) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings and identity of a report as 1.3 told them; all of its metrics share one set of options."""
    identity, config = deepcopy(report.provenance["identity"]), deepcopy(report.config)
    question, records = identity["question"], identity["records"]
    plan = {"contexts": None, "drop_rate": 0.5, "interaction_size": None, "learned": None, "pairs": "auto",
            "partitions": "contiguous", "protocol": records["protocol"]}  # fmt: skip
    for _, _, options in question["metrics"]:
        plan |= options
    plan |= {name: question[f"plan.{name}"] for name in ("budget", "seed", "instability")}
    then = {name: question[name] for name in ("score", "target", "metric origins", "records kept", "ranges")}
    then |= {"filter": question["data.only"], "illustration": question["illustration"], "plan": plan}
    then |= {name: records.pop(name) for name in ("span", "limit")}
    then["metrics"] = [entry[:2] for entry in question["metrics"]]
    del records["protocol"]
    config |= {"metrics": [name for name, _ in then["metrics"]], "plan": plan, "training": {"epochs": None, "seed": 0}}
    return config, {"question": then, "records": {**records, **identity["rounding"]}}


def test_an_old_report_and_a_new_one_of_the_same_question_are_compared(tmp_path):
    # Orders of that time were sampled, and no option said so.
    reference, candidate = pair_of_reports(scale=1.1, n_samples=30, metrics=("strength", "shapley"))
    old = of_schema("1.3", tmp_path / "r.h5", reference, *as_before(reference))
    assert old.provenance["identity"] == reference.provenance["identity"]
    assert old.provenance["content_key"] == reference.provenance["content_key"]
    assert old.config == reference.config
    assert comparability(old, candidate, Allowed()).problems == ()
    assert compare(old, candidate).remarks == ()


def test_an_old_report_of_another_option_stands_against_a_comparison(tmp_path):
    reference, candidate = pair_of_reports(n_samples=4, metrics=("dropout-suppression",), pairs="auto")
    config, identity = as_before(reference)
    identity["question"]["plan"]["drop_rate"] = 0.25
    old = of_schema("1.2", tmp_path / "r.h5", reference, config, identity)
    (problem,) = comparability(old, candidate, Allowed()).problems
    assert (problem.field, problem.reference, problem.candidate) == (
        "dropout-suppression: drop rate",
        "0.25",
        "the default",
    )


@pytest.mark.parametrize(
    ("config", "identity"),
    [
        ({}, {}),
        ({"plan": 3, "metrics": "shapley", "data": [], "run": None}, {"records": [], "question": {}}),
        ({"plan": [], "metrics": [1, None], "training": 3}, {"records": {}, "question": "x"}),
        ({"plan": {"pairs": {"a": 1}}, "metrics": ["strength", "strength"]}, {"records": {}, "question": {}}),
        ({"metrics": ["\x1b[31m"]}, {"records": {"way": []}, "question": {"metrics": 3, "plan": 4}}),
        ({"metrics": []}, {"records": {}, "question": {"metrics": [1, [], ["a"], [[], 1], ["a", 1, 2], None]}}),
        ({"data": {"root": []}}, []),
        ({"metrics": {}}, "x"),
    ],
)
def test_whatever_an_old_report_says_it_is_read(config, identity, tmp_path):
    read = of_schema("1.3", tmp_path / "r.h5", made(n_samples=4, metrics=("shapley",)), config, identity)
    assert read.measurements[0].key == "shapley"
    compare_with = made(n_samples=4, metrics=("shapley",))
    assert comparability(read, compare_with, Allowed()).problems
    assert comparability(compare_with, read, Allowed()).problems


def test_what_was_the_default_then_still_is():
    """An option that is not named is at its default: were a default changed, old reports would say something else."""
    for metric, names in before_1_4.OPTIONS.items():
        now = {one.name: one.default for one in options_of(extensions.metric(metric))}
        assert {name: before_1_4.DEFAULTS[name] for name in names}.items() <= now.items()
