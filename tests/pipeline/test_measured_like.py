"""A candidate is measured exactly as the reference was, and a second plan seed changes the coalitions alone."""

from __future__ import annotations

import hashlib
import json
import os
import re
import runpy
import shutil
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from support.texts import tiny_classifier
from support.workbench import CONVNET, TABLE, arrays, assert_identical, done, table_network

import interact_cli as ic
from interact_cli import networks
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import LARGEST_SEED, AskedMetric, TrainingSettings
from interact_cli.errors import CheckpointRefused, DataRefused, NotComparable, OutputError, ReportRefused, UsageError
from interact_cli.gates.compare import compare
from interact_cli.metrics import fallback
from interact_cli.pipeline import baselines
from interact_cli.pipeline import like as like_module
from interact_cli.pipeline.delivery import Outcome
from interact_cli.pipeline.like import CHANGEABLE, _as_answered, measure_like, second_seed
from interact_cli.pipeline.run import run
from interact_cli.progress import Silent
from interact_cli.results import Report
from interact_cli.training import reference as training

Given = Mapping[str, Any]
CODE, DATA = "py:network.py:make", "csv:table.csv"
TABLE_RUN = {
    "checkpoint": "table.pt",
    "arch": CODE,
    "data.name": DATA,
    "data.label_column": "kind",
    "data.n_samples": 6,
    "metrics": ["shapley"],
    "plan.budget": 60,
}
DIGITS_RUN = {
    "checkpoint": "ckpt.pt",
    "data.name": "digits",
    "data.n_samples": 3,
    "players": "grid:4x4",
    "metrics": ["multi-order"],
    "plan.budget": 200,
}


class Told(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)

    def warn(self, message: str) -> None:
        self.warnings.append(message)


def measured(given: Given, **more: Any) -> Report:
    """Measure by settings, as the command line does, and read the report as a gate does: without records."""
    return run(load_settings(flags={**given, **more}), Silent()).report


def confined(report: Report) -> Report:
    """What the confined reader gives."""
    return replace(report, records=None, samples=replace(report.samples, pictures=None))


def named(reference: Report, changes: Given) -> dict[str, Any]:
    """Dotted settings: what a user changes, and the table and its code, which a report does not choose."""
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    if reference.config["data"]["name"] == DATA and "data.root" not in dotted:
        dotted.setdefault("data.name", DATA)
    if reference.config["arch"] == CODE:
        dotted.setdefault("arch", CODE)
    return dotted


def like(reference: Report, checkpoint: str, told: Silent | None = None, **changes: Any) -> Outcome:
    return measure_like(confined(reference), Path(checkpoint), named(reference, changes), told or Silent())


def second(reference: Report, checkpoint: str, told: Silent | None = None, **changes: Any) -> Outcome:
    return second_seed(confined(reference), Path(checkpoint), named(reference, changes), told or Silent())


def other_table(name: str = "other.pt") -> str:
    """Another version of the table network."""
    network = table_network(Path("network.py"))
    with torch.no_grad():
        network.body[-1].bias += torch.tensor([3.0, 0.0, -3.0])
        network.body[0].weight *= 1.3
    torch.save(network.state_dict(), name)
    return name


def other_convnet(name: str = "other.pt") -> str:
    """Another version of the network of digits."""
    document = torch.load("ckpt.pt", weights_only=False)
    state = {key: value * 1.1 if value.is_floating_point() else value for key, value in document["state_dict"].items()}
    torch.save({**document, "state_dict": state}, name)
    return name


def but_for_estimators(config: Given) -> Given:
    """A config whose metrics do not say their estimator: the candidate is asked for the one that answered."""
    asked = [AskedMetric.model_validate(written) for written in config["metrics"]]
    return {**config, "metrics": [(metric.name, {**metric.options, "estimator": None}) for metric in asked]}


def assert_same_plan(reference: Report, candidate: Report) -> None:
    """Same samples, same settings, same bytes of coalitions; another network."""
    assert candidate.samples.ids == reference.samples.ids
    assert candidate.provenance["plan_hash"] == reference.provenance["plan_hash"]
    assert but_for_estimators(candidate.config) == but_for_estimators(reference.config)
    assert candidate.provenance["data"]["fingerprint"] == reference.provenance["data"]["fingerprint"]
    assert candidate.provenance["checkpoint"]["sha256"] != reference.provenance["checkpoint"]["sha256"]
    assert reference.records is not None
    assert candidate.records is not None
    for mine, theirs in zip(reference.records, candidate.records, strict=True):
        assert mine.coalitions.tobytes() == theirs.coalitions.tobytes()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"plan.seed": 5, "data.only": "correct", "target": "predicted"},
        {"metrics": ["multi-order", "bottleneck"], "plan.pairs": "random:4", "score": "prob", "baseline": "data-mean"},
        {"plan.protocol": "deng2022", "plan.budget": None, "metrics": ["multi-order"]},
        {"metrics": ["strength"], "baseline": "zero"},
        {"data.limit": 3, "run.records": True, "plan.instability": 2},
        {"data.seed": 9},
    ],
    ids=["sampled", "correct", "random pairs", "protocol", "ranges", "limited", "data seed"],
)
def test_a_table(desk: Path, more: Given):
    reference = measured(TABLE_RUN, **more)
    assert_same_plan(reference, like(reference, other_table()).report)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"score": "feature:stages.1,norm", "metrics": ["shapley"], "players": "grid:2x2"},
        {"players": "activations:stages.2", "unit": "channel", "metrics": ["shapley"]},
    ],
    ids=["digits", "features", "activations"],
)
def test_digits(desk: Path, more: Given):
    reference = measured(DIGITS_RUN, **more)
    assert_same_plan(reference, like(reference, other_convnet()).report)


def test_each_network_learns_its_own_baselines(desk: Path):
    reference = measured(TABLE_RUN, **{"baseline": "learned", "data.n_samples": 2})
    candidate = like(reference, other_table()).report
    assert_same_plan(reference, candidate)
    assert (candidate.players.baseline != reference.players.baseline).any()
    assert candidate.provenance["baseline"]["learned"] == reference.provenance["baseline"]["learned"]
    for part in ("name", "source", "values"):
        assert candidate.provenance["baseline"]["start"][part] == reference.provenance["baseline"]["start"][part]


def test_named_samples_need_no_file_again(desk: Path):
    Path("ids.txt").write_text("csv/table.csv/7\ncsv/table.csv/2\ncsv/table.csv/11\n")
    reference = measured(TABLE_RUN, **{"data.samples": "ids.txt", "data.n_samples": None})
    Path("ids.txt").unlink()
    candidate = like(reference, other_table()).report
    assert candidate.samples.ids == ("csv/table.csv/7", "csv/table.csv/2", "csv/table.csv/11")
    assert_same_plan(reference, candidate)


def test_more_data_changes_no_sample(desk: Path):
    """A draw depends on every row; the samples of the reference are found by their ids."""
    reference = measured(TABLE_RUN, baseline="zero")
    lines = Path("table.csv").read_text().splitlines()
    Path("table.csv").write_text("\n".join([*lines, lines[3], lines[4]]) + "\n")
    assert measured(TABLE_RUN, baseline="zero").samples.ids != reference.samples.ids
    assert_same_plan(reference, like(reference, other_table()).report)


def test_the_same_checkpoint_is_the_finished_report(desk: Path, forward_passes: list[int]):
    first = run(load_settings(flags={**TABLE_RUN, "plan.estimator": "surrogate"}), Silent())
    forward_passes.clear()
    again = like(first.report, "table.pt")
    assert again.reused
    assert again.path == first.path
    assert forward_passes == []


@pytest.mark.parametrize("measure", [like, second])
@pytest.mark.parametrize("fell_back", [True, False])
def test_it_is_answered_as_the_reference_was(
    desk: Path, monkeypatch: pytest.MonkeyPatch, measure: Any, fell_back: bool
):
    """Alone, each of the two reports would have been answered by the other's estimator."""
    asked = {"metrics": ["shapley", "banzhaf-interaction", "multi-order"], "plan.instability": 2, "plan.budget": 120}
    checkpoint = other_table() if measure is like else "table.pt"
    limits = {True: 2.0, False: -np.inf}  # of R2, which lies between
    monkeypatch.setattr(fallback, "LEAST_EXPLAINED", limits[fell_back])
    reference = measured(TABLE_RUN, **asked)
    monkeypatch.setattr(fallback, "LEAST_EXPLAINED", limits[not fell_back])
    alone = measured(TABLE_RUN, **asked, **{"checkpoint": checkpoint, "run.output": "alone.h5"})
    candidate = measure(reference, checkpoint).report

    option, other = ("reuse", "surrogate") if fell_back else ("surrogate", "reuse")
    for report, answering in ((reference, option), (candidate, option), (alone, other)):
        words = {"reuse": "maximum sample reuse: ", "surrogate": "surrogate: "}[answering]
        assert report.measurement("shapley").estimator.startswith(words)
        assert report.measurement("banzhaf-interaction").estimator.startswith(words)
    so = {"estimator": option}
    metrics = [{"shapley": so}, {"banzhaf-interaction": so}, "multi-order"]  # shares of orders are sampled
    by_hand = {"metrics": metrics, "run.output": "hand.h5", "plan.seed": candidate.config["plan"]["seed"]}
    hand = measured(TABLE_RUN, **asked | by_hand, **{"checkpoint": checkpoint, "data.seed": 0})
    assert_identical(arrays(hand), arrays(candidate))
    if measure is like:
        assert_same_plan(reference, candidate)
        assert compare(reference, candidate).differences
        with pytest.raises(NotComparable, match=r"shapley: estimated .*--may-differ estimator"):
            compare(reference, alone)


def test_where_the_samples_had_several_estimators_auto_asks_again(desk: Path):
    reference = measured(TABLE_RUN)
    (measurement,) = reference.measurements
    words = measurement.estimator
    for said, option in ((f"exact: all 4 coalitions; elsewhere {words}", {"estimator": "surrogate"}),
                         (f"{words}; elsewhere permutations, 12 coalitions asked per sample", {})):  # fmt: skip
        mixed = replace(reference, measurements=(replace(measurement, estimator=said),))
        (asked,) = load_settings(flags={"metrics": _as_answered(mixed, ["shapley"])}).metrics
        assert asked.options == option


def test_a_rerun_makes_no_forward_pass(desk: Path, forward_passes: list[int]):
    reference = measured(TABLE_RUN)
    for measure, checkpoint in ((like, other_table()), (second, "table.pt")):
        first = measure(reference, checkpoint)
        assert not first.reused
        assert first.path.parent == Path("interact-runs")
        assert first.path.stem == first.report.provenance["content_key"]
        forward_passes.clear()
        again = measure(reference, checkpoint)
        assert again.reused
        assert forward_passes == []
        assert_identical(arrays(first.report), arrays(again.report))


def test_it_is_the_run_of_the_command_line(desk: Path):
    """Asked for by hand, the same report comes out, to the last bit and the same key."""
    reference = measured(TABLE_RUN)
    for outcome, by_hand in (
        (like(reference, other_table()), ("other.pt",)),
        (second(reference, "table.pt"), ("table.pt", "--seed", "1", "--set", "data.seed=0")),
    ):
        checkpoint, *more = by_hand
        more += ["--estimator", "surrogate", "-o", "hand.h5", "--force"]
        done("measure", checkpoint, *TABLE[1:], "-m", "shapley", "-n", "6", "-b", "60", *more)
        hand = ic.read_report("hand.h5")
        assert hand.provenance == outcome.report.provenance
        assert hand.config == outcome.report.config
        assert_identical(arrays(hand), arrays(outcome.report))


def test_it_can_be_asked_further(desk: Path):
    """The report of a candidate is completed as any other."""
    Path("ids.txt").write_text("csv/table.csv/7\ncsv/table.csv/2\n")
    reference = measured(TABLE_RUN, **{"data.samples": "ids.txt", "data.n_samples": None})
    like(reference, other_table(), run__output="b.h5")
    done(
        "measure",
        "other.pt",
        "--from",
        "b.h5",
        "-m",
        "banzhaf:estimator=sampled",
        "-d",
        DATA,
        "--arch",
        CODE,
        "-o",
        "c.h5",
    )
    assert ic.read_report("c.h5").samples.evaluated.sum() > 0
    assert ic.read_report("c.h5").samples.ids == reference.samples.ids


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return tiny_classifier(tmp_path_factory.mktemp("texts") / "bert")


TEXTS = ("the film was not good", "the cast is funny", "it is dull, the plot is not great and very bad")


def changed_classifier(reader: Path, name: str = "other") -> str:
    """The same tokenizer, other weights."""
    shutil.copytree(reader, name)
    place = Path(name) / "model.safetensors"
    state = {key: value * 1.1 for key, value in load_file(place).items()}
    place.unlink()
    save_file(state, place, {"format": "pt"})
    return name


@pytest.mark.parametrize("given", [{"data.texts": list(TEXTS)}, {"data.name": "text:lines.txt"}], ids=["texts", "file"])
def test_texts_with_words_of_their_own(desk: Path, reader: Path, given: Given):
    Path("lines.txt").write_text("\n".join(TEXTS) + "\n")
    asked = {"checkpoint": reader, "metrics": ["shapley"], "plan.budget": 120, **given}
    reference = measured(asked)
    assert len({len(names) for names in reference.players.own_names}) > 1
    where = {name: place for name, place in given.items() if name == "data.name"}
    candidate = like(reference, changed_classifier(reader), **where).report
    assert_same_plan(reference, candidate)
    assert candidate.players.own_names == reference.players.own_names


def test_what_the_new_network_cannot_read_is_told(desk: Path, reader: Path):
    """A text that is longer than the candidate takes is left out, and that is said."""
    reference = measured({"checkpoint": reader, "metrics": ["shapley"], "plan.budget": 120, "data.texts": list(TEXTS)})
    name = changed_classifier(reader)
    for file, key in (("config.json", "max_position_embeddings"), ("tokenizer_config.json", "model_max_length")):
        place = Path(name) / file
        place.write_text(json.dumps({**json.loads(place.read_text()), key: 12}))
    place = Path(name) / "model.safetensors"
    state = load_file(place)
    key = "bert.embeddings.position_embeddings.weight"
    state[key] = state[key][:12].clone()
    place.unlink()
    save_file(state, place, {"format": "pt"})
    told = Told()
    candidate = like(reference, name, told).report
    assert candidate.samples.ids == reference.samples.ids[:2]
    (warning,) = [line for line in told.warnings if "samples of the reference" in line]
    assert warning.startswith("1 of 3 samples of the reference cannot be measured with this checkpoint, first 'text/2'")


CIFAR = "cifar10:cifar-10-batches-py"


def test_a_reference_network_is_not_trained_for_a_report(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """What was trained lies in the cache; named there, it is a checkpoint as any other, and answers the same."""
    asked = {
        "data.name": CIFAR, "training.epochs": 1, "metrics": ["multi-order"], "players": "grid:4x4",
        "data.n_samples": 2, "plan.budget": 200,
    }  # fmt: skip
    reference = measured(asked)
    (trained,) = (path for path in Path(os.environ["INTERACT_CACHE"]).rglob("*.pt") if is_of(path, reference))

    def trains(*_arguments: Any, **_options: Any) -> None:
        raise AssertionError("a report trains nothing")

    monkeypatch.setattr(training, "reference_network", trains)
    again = like(reference, str(trained), data__name=CIFAR).report
    assert again.samples.ids == reference.samples.ids
    assert again.provenance["checkpoint"]["sha256"] == reference.provenance["checkpoint"]["sha256"]
    assert again.provenance["plan_hash"] == reference.provenance["plan_hash"]
    assert_identical(arrays(again), arrays(reference))
    with pytest.raises(UsageError, match="got another architecture"):
        second(reference, str(trained), data__name=CIFAR)


def is_of(checkpoint: Path, report: Report) -> bool:
    digest: str = report.provenance["checkpoint"]["sha256"]
    return hashlib.sha256(checkpoint.read_bytes()).hexdigest() == digest


def test_a_checkpoint_against_a_reference_network(desk: Path):
    """The training settings of the reference network are nothing to a checkpoint."""
    asked = {
        "data.name": CIFAR, "training.epochs": 1, "metrics": ["multi-order"],
        "players": "grid:4x4", "data.n_samples": 2, "plan.budget": 200,
    }  # fmt: skip
    reference = measured(asked)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        torch.save(networks.resnet20(10, 3).state_dict(), "resnet.pt")
    candidate = like(reference, "resnet.pt", arch="paper:resnet20", data__name=CIFAR).report
    assert candidate.samples.ids == reference.samples.ids
    assert candidate.provenance["plan_hash"] == reference.provenance["plan_hash"]


def test_an_illustration_stays_one(desk: Path):
    network = timm.create_model("resnetv2_18", num_classes=3, in_chans=3, **CONVNET).eval()
    for name, scale in (("one.pt", 1.0), ("two.pt", 1.1)):
        state = {key: value * scale for key, value in network.state_dict().items()}
        torch.save({"arch": "resnetv2_18", "state_dict": state}, name)
    asked = {
        "arch": "timm:resnetv2_18", "arch_args": {"num_classes": 3, **CONVNET}, "metrics": ["shapley"],
        "players": "grid:2x2", "plan.budget": 50,
    }  # fmt: skip
    reference = measured(asked, checkpoint="one.pt")
    assert reference.provenance["illustration"]
    candidate = like(reference, "two.pt").report
    assert candidate.provenance["illustration"]
    assert_same_plan(reference, candidate)


FIXED = ("plan.seed", "plan.budget", "score", "metrics", "players", "data.n_samples", "data.seed", "baseline")


def test_nothing_else_can_change(desk: Path):
    reference = measured(TABLE_RUN)
    for name, measure in product(FIXED, (measure_like, second_seed)):
        with pytest.raises(UsageError, match=f"exactly as the reference was, so {name} cannot change") as refused:
            measure(reference, Path("table.pt"), {name: 1}, Silent())
        assert all(possible in str(refused.value) for possible in CHANGEABLE)


def test_a_file_of_ids_changes_no_sample(desk: Path):
    """Where things lie can change; the samples are those of the reference, wherever it had them from."""
    Path("ids.txt").write_text("csv/table.csv/7\ncsv/table.csv/2\n")
    reference = measured(TABLE_RUN)
    assert_same_plan(reference, like(reference, other_table(), data__samples=Path("ids.txt")).report)


def test_where_and_how_can_change(desk: Path):
    reference = measured(TABLE_RUN)
    outcome = like(
        reference, other_table(), run__device="cpu", run__batch_size=16, run__output="b.h5", run__records=False
    )
    assert outcome.path == Path("b.h5")
    assert outcome.report.provenance["batch_rows"] == 16
    assert outcome.report.records is None
    assert outcome.report.provenance["plan_hash"] == reference.provenance["plan_hash"]
    with pytest.raises(OutputError, match="another run"):
        like(reference, "table.pt", run__output="b.h5")
    assert not like(reference, "table.pt", run__output="b.h5", run__force=True).reused


def test_the_reference_is_never_overwritten(desk: Path):
    outcome = run(load_settings(flags={**TABLE_RUN, "run.output": "ref.h5"}), Silent())
    changes = {"run.output": Path("ref.h5"), "run.force": True, "data.name": DATA, "arch": CODE}
    for measure, checkpoint in ((measure_like, other_table()), (second_seed, "table.pt")):
        with pytest.raises(OutputError, match="one of the inputs"):
            measure(outcome.report, Path(checkpoint), changes, Silent(), (), [Path("ref.h5")])
    assert ic.read_report("ref.h5").provenance["content_key"] == outcome.report.provenance["content_key"]


def test_data_that_moved(desk: Path):
    reference = measured(TABLE_RUN)
    Path("elsewhere").mkdir()
    Path("table.csv").rename("elsewhere/table.csv")
    with pytest.raises(DataRefused, match=r"nothing there\. Name the folder that holds 'table\.csv' with --data-root"):
        like(reference, other_table(), data__root=Path())
    by_root = like(reference, "other.pt", data__root=Path("elsewhere"), run__output="a.h5").report
    by_name = like(reference, "other.pt", data__name="csv:elsewhere/table.csv", run__output="b.h5").report
    for candidate in (by_root, by_name):
        assert_same_plan(reference, candidate)
    for nowhere in ("nowhere", f"/{'x' * 300}"):
        with pytest.raises(DataRefused, match="nothing there"):
            like(reference, "other.pt", data__root=Path(nowhere))


def test_a_report_does_not_say_where_the_data_lies(desk: Path):
    """It says where the data lay, to a reader; that the same file lies there still makes no difference."""
    reference = measured(TABLE_RUN, **{"data.name": f"csv:{desk / 'table.csv'}"})
    assert reference.run["places"]["data.name"] == "csv:~/desk/table.csv"
    said = (
        r"Where the report's data 'csv:table\.csv' lies is yours to say; it lay at 'csv:~/desk/table\.csv'\. "
        r"Pass --dataset csv:PATH, or its folder with --data-root DIR\."
    )
    for measure, checkpoint in ((measure_like, other_table()), (second_seed, "table.pt")):
        with pytest.raises(UsageError, match=said):
            measure(confined(reference), Path(checkpoint), {"arch": CODE}, Silent())
        for run_ in ({}, {"places": 5}, {"places": {"data.name": 5}}):
            with pytest.raises(UsageError, match=r"is yours to say\. Pass --dataset"):
                measure(confined(replace(reference, run=run_)), Path(checkpoint), {"arch": CODE}, Silent())
    assert_same_plan(reference, like(reference, "other.pt", data__name=f"csv:{desk / 'table.csv'}").report)


def test_data_by_its_name_alone_has_no_place_to_name(desk: Path):
    reference = measured(DIGITS_RUN)
    assert_same_plan(reference, measure_like(confined(reference), Path(other_convnet()), {}, Silent()).report)


def test_another_data_set(desk: Path):
    reference = measured(TABLE_RUN)
    shutil.copy("table.csv", "rows.csv")
    with pytest.raises(UsageError, match=r"data set 'csv:table\.csv', wherever it lies, got 'csv:rows\.csv'"):
        like(reference, other_table(), data__name="csv:rows.csv")


def test_samples_that_are_gone(desk: Path):
    reference = measured(TABLE_RUN, **{"data.n_samples": 30})
    Path("table.csv").write_text("\n".join(Path("table.csv").read_text().splitlines()[:-2]) + "\n")
    with pytest.raises(DataRefused, match=r"lacks 2 of 30, first 'csv/table.csv/2[89]'"):
        like(reference, other_table())


def test_samples_whose_contents_changed(desk: Path):
    reference = measured(TABLE_RUN, **{"data.n_samples": 30})
    lines = Path("table.csv").read_text().splitlines()
    cells = lines[4].split(",")
    lines[4] = ",".join(["9.5", *cells[1:]])
    Path("table.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(NotComparable, match="contents of the samples is"):
        like(reference, other_table())


def test_another_definition_of_a_metric(desk: Path):
    reference = measured(TABLE_RUN)
    identity = reference.provenance["identity"]
    question = {**identity["question"], "metrics": [["shapley", 0, {}]]}
    older = replace(reference, provenance={**reference.provenance, "identity": {**identity, "question": question}})
    with pytest.raises(NotComparable, match=r"metrics is \[\['shapley', 0, \{\}\]\] in the reference"):
        like(older, other_table())


def test_other_options_of_a_metric(desk: Path):
    """An option decides what is asked: a report that says one and ran by another is measured by neither."""
    asked = {"multi-order": {"pairs": "random:4"}}
    reference = measured(TABLE_RUN, metrics=[asked])
    assert reference.provenance["identity"]["question"]["metrics"] == [["multi-order", 2, {"pairs": "random:4"}]]
    assert_same_plan(reference, like(reference, other_table()).report)
    other = replace(reference, config={**reference.config, "metrics": ["multi-order"]})
    with pytest.raises(NotComparable, match=r"metrics is \[\['multi-order', 2, \{'pairs': 'random:4'\}\]\] in the"):
        like(other, "other.pt")


def test_a_protocol_that_scores_another_network_otherwise(desk: Path):
    """zhang2021-dropout reads probabilities off networks with batch normalisation, and logits off others."""
    source = Path("network.py").read_text()
    Path("normed.py").write_text(source.replace("nn.Linear(8, 16)", "nn.Linear(8, 16), nn.BatchNorm1d(16)"))
    torch.save(runpy.run_path("normed.py")["make"]().state_dict(), "normed.pt")
    more = {"plan.protocol": "zhang2021-dropout", "plan.budget": None, "metrics": ["strength"], "data.n_samples": 2}
    reference = measured(TABLE_RUN, **more)
    with pytest.raises(NotComparable, match="score is logit in the reference and prob here"):
        like(reference, "normed.pt", arch="py:normed.py:make")


def test_baselines_that_were_learned_for_another_score(desk: Path):
    measured(TABLE_RUN, **{"baseline": "learned", "data.n_samples": 2, "run.output": "a.h5"})
    done("measure", "--from", "a.h5", "--score", "prob", "-o", "b.h5")
    with pytest.raises(UsageError, match="learned for log-odds and it answers prob"):
        like(ic.read_report("b.h5"), other_table())


def test_an_architecture_that_the_checkpoint_names(desk: Path):
    """The reference is a plain state dict with --arch; the candidate is timm's and says what it is."""
    document = torch.load("ckpt.pt", weights_only=False)
    torch.save(document["state_dict"], "plain.pt")
    asked = {**DIGITS_RUN, "arch": "timm:resnetv2_18", "arch_args": {"num_classes": 10, "in_chans": 1, **CONVNET}}
    reference = measured(asked, checkpoint="plain.pt")
    assert reference.provenance["arch_source"] == "--arch"
    plain = {key: value * 1.1 if value.is_floating_point() else value for key, value in document["state_dict"].items()}
    torch.save(plain, "plain2.pt")
    assert like(reference, "plain2.pt").report.provenance["arch"] == "timm:resnetv2_18"
    told = Told()
    candidate = like(reference, "vit.pt", told).report
    assert candidate.provenance["arch"] == "timm:vit_tiny_patch16_224"
    assert any(line.startswith("Architecture: timm:vit_tiny_patch16_224, which the checkpoint") for line in told.notes)
    assert candidate.samples.ids == reference.samples.ids
    assert candidate.provenance["plan_hash"] == reference.provenance["plan_hash"]


def test_another_architecture_brings_no_old_arguments(desk: Path):
    Path("wide.py").write_text(Path("network.py").read_text().replace("def make(outputs=3)", "def make()"))
    Path("wide.py").write_text(Path("wide.py").read_text().replace("return Table(outputs)", "return Table(3)"))
    reference = measured(TABLE_RUN, arch_args={"outputs": 3})
    candidate = like(reference, other_table(), arch="py:wide.py:make").report
    assert candidate.config["arch_args"] == {}
    assert candidate.provenance["plan_hash"] == reference.provenance["plan_hash"]


def test_a_report_chooses_no_code(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """A report may come from anywhere, and so may what it says of code, be it in the current folder."""
    ran: list[object] = []
    monkeypatch.setattr("os.system", ran.append)
    (desk.parent / "evil.py").write_text("from pathlib import Path\nPath('touched').touch()\n")
    reference = measured(TABLE_RUN)
    for arch, measure in product(("py:os:system", "py:../desk/../evil.py:make", "py:/evil.py:make"), (like, second)):
        hostile = replace(reference, config={**reference.config, "arch": arch, "arch_args": {"command": "true"}})
        with pytest.raises(UsageError, match=f"pass --arch {re.escape(arch)}"):
            measure(hostile, "table.pt")
    assert ran == []
    assert not Path("touched").exists()
    for measure, checkpoint in ((measure_like, other_table()), (second_seed, "table.pt")):
        with pytest.raises(UsageError, match=f"and a report chooses none. If you trust it, pass --arch {CODE}"):
            measure(confined(reference), Path(checkpoint), {"data.name": DATA}, Silent())
    outside = f"py:{desk.parent / 'mine.py'}:make"
    shutil.copy("network.py", desk.parent / "mine.py")
    trusted = measured(TABLE_RUN, arch=outside)
    for measure, checkpoint in ((like, other_table()), (second, "table.pt")):
        assert measure(trusted, checkpoint, arch=outside).report.config["arch"] == outside


def test_a_report_chooses_no_place_and_replaces_nothing(desk: Path):
    """Whoever made the reference says neither what is opened, nor where the next report goes and what it replaces."""
    reference = run(load_settings(flags={**TABLE_RUN, "run.output": "precious.h5"}), Silent()).report
    before = Path("precious.h5").read_bytes()
    output = {"output": str(desk / "precious.h5"), "force": True}
    places = {f"run.{name}": value for name, value in output.items()} | {"arch": "py:os:system", "data.root": 5}
    places |= {"checkpoint": "precious.h5", "data.name": "csv:precious.h5", "data.samples": "precious.h5"}
    hostile = replace(
        reference,
        config={**reference.config, "run": {**reference.config["run"], **output}},
        run={**reference.run, "places": {**reference.run["places"], **places}},
    )
    for measure, checkpoint in ((like, other_table()), (second, "table.pt")):
        outcome = measure(hostile, checkpoint)
        assert outcome.path.parent == Path("interact-runs")
        expected = {**reference.config, "plan": outcome.report.config["plan"]}
        assert but_for_estimators(outcome.report.config) == but_for_estimators(expected)
    assert Path("precious.h5").read_bytes() == before
    assert_same_plan(reference, like(replace(reference, run={"places": 5}), "other.pt").report)


def test_a_report_allows_no_download_and_trains_nothing(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """Such settings stood in older reports, and may stand in any that somebody made; they are the user's to give."""
    reference = measured(DIGITS_RUN)
    config, seen = reference.config, []
    hostile = replace(
        reference,
        config={
            **config,
            "checkpoint": "precious.pt",
            "data": {**config["data"], "allow_download": True, "root": "elsewhere", "samples": "ids.txt"},
            "run": {**config["run"], "output": "precious.h5", "force": True, "records": False},
            "training": {"epochs": 3, "seed": 5},
        },
    )
    prepared = like_module.load
    monkeypatch.setattr(
        like_module, "load", lambda settings, *a, **k: seen.append(settings) or prepared(settings, *a, **k)
    )
    for measure, checkpoint in ((like, other_convnet()), (second, "ckpt.pt")):
        measure(hostile, checkpoint)
        settings = seen.pop()
        assert settings.checkpoint == Path(checkpoint)
        assert (settings.data.allow_download, settings.data.root, settings.data.samples) == (False, None, None)
        assert (settings.run.output, settings.run.force, settings.run.records) == (None, False, True)
        assert settings.training == TrainingSettings()
    like(hostile, "other.pt", data__allow_download=False, run__records=False)
    assert not seen.pop().run.records


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("config", "arch_args"),
        ("config", "plan.seed"),
        ("provenance", "class_names"),
        ("provenance", "identity.records.baseline.name"),
        ("provenance", "identity.rounding"),
        ("provenance", "identity.question"),
        ("provenance", "illustration"),
    ],
)
def test_a_report_that_does_not_say_what_it_was(desk: Path, document: str, field: str):
    reference = measured(TABLE_RUN)
    for value in (None, 5.5, "text"):
        told = deepcopy(getattr(reference, document))
        *parents, last = field.split(".")
        within = told
        for name in parents:
            within = within[name]
        if (value, last) == ("text", "name"):
            value = []
        within[last] = value
        for measure in (like, second):
            with pytest.raises(ReportRefused, match=rf"Expected '{re.escape(field)}' in /{document}/json"):
                measure(replace(reference, **{document: told}), "table.pt")
    with pytest.raises(ReportRefused, match="unknown name 'novelty'"):
        like(replace(reference, config={**reference.config, "novelty": 1}), "table.pt")


def test_a_missing_checkpoint(desk: Path):
    reference = measured(TABLE_RUN)
    with pytest.raises(CheckpointRefused, match=r"nowhere\.pt"):
        like(reference, "nowhere.pt")


def test_the_second_seed_changes_the_coalitions_alone(desk: Path):
    given = {**TABLE_RUN, "metrics": ["strength"], "baseline": "data-mean", "plan.seed": 3}
    reference = measured(given)
    outcome = second(reference, "table.pt")
    other = outcome.report
    assert other.samples.ids == reference.samples.ids
    assert other.provenance["plan_hash"] != reference.provenance["plan_hash"]
    assert other.provenance["identity"]["records"] == reference.provenance["identity"]["records"]
    assert other.provenance["ranges"] == reference.provenance["ranges"]
    question, held = other.provenance["identity"]["question"], reference.provenance["identity"]["question"]
    assert {**question, "plan.seed": 3, "metrics": [["strength", 2, {}]]} == held
    assert question["metrics"] == [["strength", 2, {"estimator": "surrogate"}]]
    assert (other.config["plan"]["seed"], other.config["data"]["seed"]) == (4, 3)
    np.testing.assert_array_equal(other.samples.full_value, reference.samples.full_value)
    third = second(other, "table.pt").report
    assert (third.config["plan"]["seed"], third.config["data"]["seed"]) == (5, 3)
    assert third.samples.ids == reference.samples.ids


def test_the_second_seed_of_a_report_from_before_there_was_a_data_seed(desk: Path):
    reference = measured(TABLE_RUN, **{"plan.seed": 3})
    data = {name: value for name, value in reference.config["data"].items() if name != "seed"}
    other = second(replace(reference, config={**reference.config, "data": data}), "table.pt").report
    assert other.samples.ids == reference.samples.ids
    assert (other.config["plan"]["seed"], other.config["data"]["seed"]) == (4, 3)


def test_the_second_seed_of_learned_baselines(desk: Path):
    reference = measured(TABLE_RUN, **{"baseline": "learned", "data.n_samples": 2})
    other = second(reference, "table.pt").report
    np.testing.assert_array_equal(other.players.baseline, reference.players.baseline)
    assert other.provenance["plan_hash"] != reference.provenance["plan_hash"]


def test_the_seed_after_the_largest_is_zero(desk: Path):
    reference = measured(TABLE_RUN, **{"plan.seed": LARGEST_SEED})
    other = second(reference, "table.pt").report
    assert (other.config["plan"]["seed"], other.config["data"]["seed"]) == (0, LARGEST_SEED)


def test_an_exact_plan_has_no_noise(desk: Path):
    told = Told()
    exact = measured(TABLE_RUN, **{"plan.budget": 256})
    other = second(exact, "table.pt", told).report
    assert any(line.startswith("Nothing is drawn") for line in told.notes)
    assert other.provenance["plan_hash"] == exact.provenance["plan_hash"]
    told = Told()
    second(measured(TABLE_RUN), "table.pt", told)
    pairs = measured(TABLE_RUN, **{"metrics": ["multi-order"], "plan.budget": 256, "plan.pairs": "random:3"})
    second(pairs, "table.pt", told)
    assert not any(line.startswith("Nothing is drawn") for line in told.notes)


def test_a_second_seed_is_of_the_same_network(desk: Path):
    reference = measured(TABLE_RUN)
    with pytest.raises(UsageError, match="got another checkpoint: the noise of a plan seed"):
        second(reference, other_table())
    Path("network.py").write_text(Path("network.py").read_text().replace("nn.GELU()", "nn.Tanh()"))
    with pytest.raises(UsageError, match="got another code"):
        second(reference, "table.pt")


def test_the_data_seed_draws_the_data(desk: Path):
    """Samples, the mean and the range Y follow data.seed; coalitions follow plan.seed."""
    base = {**TABLE_RUN, "metrics": ["strength"]}
    plain = measured(base, **{"plan.seed": 1})
    both = measured(base, **{"plan.seed": 2, "data.seed": 1})
    assert both.samples.ids == plain.samples.ids
    assert both.provenance["identity"]["records"] == plain.provenance["identity"]["records"]
    assert both.provenance["ranges"] == plain.provenance["ranges"]
    assert both.provenance["plan_hash"] != plain.provenance["plan_hash"]
    crossed, other = measured(base, **{"plan.seed": 1, "data.seed": 2}), measured(base, **{"plan.seed": 2})
    assert crossed.samples.ids == other.samples.ids
    assert other.samples.ids != plain.samples.ids


def test_the_plan_seed_given_as_data_seed_is_the_same_run(desk: Path):
    first = run(load_settings(flags={**TABLE_RUN, "plan.seed": 7}), Silent())
    second_ = run(load_settings(flags={**TABLE_RUN, "plan.seed": 7, "data.seed": 7}), Silent())
    assert second_.reused
    assert second_.path == first.path


def test_the_mean_of_images_is_drawn_by_the_data_seed(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(baselines, "MEAN_SAMPLES", 20)
    one, other, same = (
        measured({**DIGITS_RUN, "baseline": "data-mean"}, **seeds).provenance["baseline"]["values"]
        for seeds in ({}, {"plan.seed": 1}, {"plan.seed": 1, "data.seed": 0})
    )
    assert one == same
    assert one != other
