"""Numbers that are no game: the accuracy, and those of a plugin, asked for like any metric."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import binomtest
from support.distributions import distribution
from support.workbench import TABLE, arrays, assert_identical, done, interact, refused

import interact_cli as ic
from interact_cli.errors import UsageError
from interact_cli.interfaces import Number
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.results import Quantity


def test_the_share_is_counted_over_all_samples(desk: Path):
    done("measure", *TABLE, "-m", "accuracy", "-n", "25", "-o", "a.h5")
    report = ic.read_report("a.h5")
    measured = report.measurement("accuracy")
    right = [int(a == b) for a, b in zip(report.samples.labels, report.samples.predicted, strict=True)]
    assert measured.of_samples["own_correct"].values.tolist() == right
    share = measured.quantity("accuracy")
    assert float(share.values) == sum(right) / 25 == report.samples.accuracy
    known = binomtest(sum(right), 25).proportion_ci(0.95, "exact")
    assert (float(share.low), float(share.high)) == pytest.approx((known.low, known.high), abs=1e-12)
    assert f"{sum(right)} of 25 samples correctly" in measured.findings[0].sentence
    assert report.samples.unique.tolist() == [2] * 25  # v(empty) and v(N), and nothing else


def test_few_samples_have_no_interval(desk: Path):
    done("measure", *TABLE, "-m", "accuracy", "-n", "5", "-o", "a.h5")
    share = ic.read_report("a.h5").measurement("accuracy").quantity("accuracy")
    assert share.low is None


def test_it_stands_beside_metrics_and_changes_none(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "300", "-o", "alone.h5")
    done("measure", *TABLE, "-m", "accuracy", "-m", "shapley", "-n", "3", "-b", "300", "-o", "both.h5")
    alone, both = ic.read_report("alone.h5"), ic.read_report("both.h5")
    assert [measured.metric for measured in both.measurements] == ["accuracy", "shapley"]
    mine = arrays(both)
    assert_identical(arrays(alone), {name: array for name, array in mine.items() if name in arrays(alone)})


def test_a_later_question_opens_the_network(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "300", "-o", "a.h5")
    line = refused(2, "measure", "--from", "a.h5", "-m", "accuracy", "-o", "b.h5")
    assert "does not hold all that is asked" in line
    assert not list(desk.glob("b.h5*"))
    done("measure", *TABLE[:5], "--from", "a.h5", "-m", "accuracy", "-o", "b.h5")
    assert np.isfinite(float(ic.read_report("b.h5").measurement("accuracy").quantity("accuracy").values))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--only", "correct"), "'accuracy' is of every sample, and --only correct leaves some out"),
    ],
)
def test_what_it_needs_is_asked_for_first(desk: Path, more: tuple[str, ...], words: str):
    assert words in refused(2, "measure", *TABLE, "-m", "accuracy", "-n", "5", *more)


def test_without_labels_it_is_refused(desk: Path):
    line = refused(2, "measure", "ckpt.pt", "-m", "accuracy", "-d", "photographs")
    assert "'accuracy' needs true classes, and 'photographs' has none" in line


def test_no_game_has_it():
    with pytest.raises(UsageError, match="a game has none"):
        ic.measure(ic.TableGame([0, 1]), "accuracy")


@dataclass(frozen=True, kw_only=True)
class Sharpness(Number):
    """How far the highest output is above the mean of all."""

    name: str = "sharpness"
    source: str = "a test"

    def measure(self, subject, cohort):
        outputs = subject.outputs
        own = Quantity("own_sharpness", ("sample",), outputs.max(axis=1) - outputs.mean(axis=1), "1", "max f - mean f")
        mean = Resampler.over(cohort, self.name).summarise("mean", own)
        return self.measurement("one forward pass", per_sample=[own], summary=[mean.quantity("sharpness", "its mean")])


@dataclass(frozen=True, kw_only=True)
class Followed(Number):
    """A number that follows the outputs back to weights and inputs, and reads the training part."""

    name: str = "followed"
    source: str = "a test"
    needs: frozenset = frozenset({"input gradients", "weight gradients", "training part"})

    def measure(self, subject, cohort):
        del cohort
        parameters = list(subject.model.module.parameters())
        values = np.array([float(len(subject.training_part)), float(all(part.requires_grad for part in parameters))])
        return self.measurement("none", per_sample=[], summary=[Quantity("seen", ("what",), values, "1", "seen")])


@pytest.fixture
def plugin(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    points = (f"sharpness = {__name__}:Sharpness", f"followed = {__name__}:Followed")
    monkeypatch.syspath_prepend(distribution(desk / "acme", "numbers", *points))
    return desk


def test_a_number_of_a_plugin_is_measured_shown_and_gated(plugin: Path):
    run = ("measure", *TABLE, "-m", "sharpness", "-n", "30")
    assert "sharpness" in done(*run, "-o", "a.h5").out
    own = ic.read_report("a.h5").measurement("sharpness").of_samples["own_sharpness"].values
    assert float(ic.read_report("a.h5").measurement("sharpness").quantity("sharpness").values) == own.mean()
    assert "sharpness" in interact("list", "metrics").out
    done("gate", "--init", "a.h5")
    assert "sharpness" in Path("interact-gate.yaml").read_text()
    done(*run, "--batch-size", "7", "-o", "b.h5")
    judged = json.loads(interact("gate", "a.h5", "b.h5", "--policy", "interact-gate.yaml", "--json").out)
    word = {rule["metric"]: rule["word"] for rule in judged["rules"]}["sharpness"]
    assert word == "PASS"


def test_a_number_gets_what_it_needs(plugin: Path):
    done("measure", "ckpt.pt", "-d", "digits", "-m", "followed", "-n", "3", "-o", "a.h5")
    values = ic.read_report("a.h5").measurement("followed").quantity("seen").values
    assert values.tolist() == [1797 - 359, 1.0]  # the digits that are no test samples; gradients of all weights


@dataclass(frozen=True, kw_only=True)
class Sure(Number):
    """Whether the highest output is above all others by one: yes or no of each sample."""

    name: str = "sure"
    source: str = "a test"

    def measure(self, subject, cohort):
        first, second = np.sort(subject.outputs, axis=1)[:, [-1, -2]].T
        own = Quantity("own_sure", ("sample",), (first > second - 9.0).astype(float), "1", "always 1 here")
        mean = Resampler.over(cohort, self.name).summarise("mean", own)
        return self.measurement("one forward pass", per_sample=[own], summary=[mean.quantity("sure", "its mean")])


def test_a_share_of_samples_that_none_differs_in_is_not_known_exactly(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """Of 25 samples none lost leaves open that up to 1 - 0.025^(1/25) are lost elsewhere."""
    monkeypatch.syspath_prepend(distribution(desk / "acme", "numbers", f"sure = {__name__}:Sure"))
    run = ("-d", "csv:table.csv", "--label-column", "kind", "-m", "sure", "-n", "25")
    done("measure", *TABLE[:3], *run, "-o", "a.h5")
    network = torch.load("table.pt")
    torch.save({name: 1.001 * part for name, part in network.items()}, "other.pt")
    done("measure", "other.pt", *TABLE[1:3], *run, "-o", "b.h5")
    told = json.loads(done("compare", "a.h5", "b.h5", "--samples", "all", "--json").out)
    (row,) = [row for row in told["differences"] if row["metric"] == "sure"]
    assert row["low"] == pytest.approx(-(1 - 0.025 ** (1 / 25)), abs=1e-9)


def test_the_accuracy_is_compared_and_asserted_once(desk: Path):
    done("measure", *TABLE, "-m", "accuracy", "-m", "shapley", "-b", "300", "-n", "25", "-o", "a.h5")
    told = json.loads(done("compare", "a.h5", "a.h5", "--json").out)
    assert [row["quantity"] for row in told["differences"]].count("accuracy") == 1
    done("gate", "--init", "a.h5")
    assert Path("interact-gate.yaml").read_text().count("metric: accuracy") == 1


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_other_shares_of_the_classes_than_in_the_data_are_told():
    """400 rows, 10 of class 1, a network that always says 0: the draw of 40 takes 10 of class 1, not 1."""
    rows, labels = np.random.default_rng(0).normal(size=(400, 2)), np.repeat([0, 1], [390, 10])
    network = torch.nn.Linear(2, 2)
    with torch.no_grad():
        network.weight.zero_()
        network.bias.copy_(torch.tensor([1.0, 0.0]))
    few = ic.audit(network, (rows, labels), "accuracy", n_samples=40).measurement("accuracy")
    assert float(few.quantity("accuracy").values) == 30 / 40
    (note,) = few.notes
    assert "class 1 is 25% of them and 2% of all 400" in note
    every = ic.audit(network, (rows, labels), "accuracy", n_samples=400).measurement("accuracy")
    assert (float(every.quantity("accuracy").values), every.notes) == (390 / 400, ())


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_a_sample_that_is_its_own_baseline_is_told():
    with pytest.warns(UserWarning, match=r"1 sample of 1, first 'memory/0', equals the baseline"):
        ic.audit(torch.nn.Linear(3, 2), np.array([[0.5, 1.0, 2.0]]), "shapley")
