"""The evaluation records: each coalition once, and every score of the network's own outputs out of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.workbench import TABLE, as_input, done, table_network, table_rows

import interact_cli as ic
from interact_cli.engine import evaluator
from interact_cli.games.coalitions import unpack
from interact_cli.scores import SCORES

N = 8


def direct(score: str, logits: np.ndarray, label: int) -> np.ndarray:
    """A score from all logits, straight from its definition."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = (shifted / shifted.sum(axis=1, keepdims=True))[:, label]
    others = np.delete(logits, label, axis=1)
    return {
        "logit": logits[:, label],
        "prob": p,
        "log-prob": np.log(p),
        "cross-entropy": -np.log(p),
        "log-odds": np.log(p / (1 - p)),
        "margin": others.max(axis=1) - logits[:, label],
    }[score]


@pytest.fixture
def report(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-m", "banzhaf", "-n", "6", "-b", "100", "-o", "a.h5")
    return ic.read_report("a.h5")


@pytest.mark.parametrize("score", [name for name in SCORES if name != "scalar"])
def test_records_reconstruct_every_score(desk: Path, report, score: str):
    network, inputs = table_network(Path("network.py")), as_input(table_rows())
    means = inputs.mean(dim=0)
    seen = 0
    for record in report.records:
        row = int(report.samples.ids[record.sample].rpartition("/")[2])
        present = torch.tensor(unpack(record.coalitions, N))
        with torch.inference_mode():
            logits = network(torch.where(present, inputs[row], means)).double().numpy()
        for slot, label in enumerate(record.classes):
            values = SCORES[score].of_record(record.values[:, slot])
            np.testing.assert_allclose(values, direct(score, logits, label), atol=2e-6, rtol=2e-6)
            seen += len(values)
    assert seen > 300


def test_classes_are_the_true_one_then_the_predicted_one(report):
    samples = report.samples
    assert (samples.labels != samples.predicted).any()
    for record in report.records:
        label, predicted = int(samples.labels[record.sample]), int(samples.predicted[record.sample])
        assert record.classes == ((label,) if label == predicted else (label, predicted))


def test_each_coalition_is_evaluated_once(desk: Path, report):
    asked = 0
    for metric in ("shapley", "banzhaf"):
        done("measure", *TABLE, "-m", metric, "-n", "6", "-b", "100", "-o", f"{metric}.h5")
        asked = asked + ic.read_report(f"{metric}.h5").samples.asked

    samples = report.samples
    np.testing.assert_array_equal(samples.asked, asked)
    assert (samples.unique < samples.asked).all()
    np.testing.assert_array_equal(samples.evaluated, samples.unique)
    for record in report.records:
        rows = set(map(bytes, record.coalitions))
        assert len(rows) == len(record.coalitions) == samples.unique[record.sample]
        assert {bytes([0]), bytes([255])} <= rows


def test_union_of_the_plans_is_what_is_evaluated(desk: Path, report):
    union: list[set[bytes]] = [set() for _ in report.samples.ids]
    for metric in ("shapley", "banzhaf"):
        done("measure", *TABLE, "-m", metric, "-n", "6", "-b", "100", "-o", f"{metric}.h5")
        for record in ic.read_report(f"{metric}.h5").records:
            union[record.sample] |= set(map(bytes, record.coalitions))

    assert union == [set(map(bytes, record.coalitions)) for record in report.records]


def test_rows_through_the_network_are_the_unique_ones(desk: Path, forward_passes: list[int]):
    done("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "100", "--batch-size", "1", "-o", "a.h5")
    samples = ic.read_report("a.h5").samples

    unmasked = len(samples.ids)
    assert len(forward_passes) == samples.unique.sum() + unmasked


def test_smaller_batch_when_the_memory_of_the_machine_runs_out(desk: Path, monkeypatch: pytest.MonkeyPatch):
    done("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "100", "--batch-size", "16", "-o", "small.h5")
    padded = evaluator._padded

    def small(batch: np.ndarray, rows: int) -> np.ndarray:
        if rows > 16:
            raise MemoryError
        return padded(batch, rows)

    monkeypatch.setattr(evaluator, "_padded", small)
    ran = done("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "100", "--batch-size", "64", "-o", "large.h5")
    one, other = ic.read_report("small.h5"), ic.read_report("large.h5")

    assert "halved to 32" in ran.err
    # One unit per sample; memory ran out before the first was finished, so all three are listed.
    assert [entry["rows"] for entry in other.provenance["smaller_batches"]] == [16, 16, 16]
    assert [entry["sample"] for entry in other.provenance["smaller_batches"]] == list(other.samples.ids)
    for first, second in zip(one.records, other.records, strict=True):
        np.testing.assert_array_equal(first.values, second.values)
