"""`--baseline learned` end to end: bounds, losses, the report, resuming, other questions, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from support.texts import tiny_classifier
from support.workbench import (
    TABLE,
    arrays,
    as_input,
    assert_identical,
    done,
    interact,
    refused,
    table_network,
    table_rows,
)
from transformers import AutoModel

import interact_cli as ic
from interact_cli.games.coalitions import unpack
from interact_cli.journal.units import Journal
from interact_cli.pipeline import learned_baselines

N = 8
RUN = ("measure", *TABLE, "-m", "harsanyi", "--baseline", "learned", "-n", "3")
IMAGES = ("measure", "ckpt.pt", "-m", "harsanyi", "--baseline", "learned", "-n", "2", "--players", "grid:2x3")


@pytest.fixture
def relearned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The samples whose baselines are learned, as they come."""
    seen: list[str] = []
    learn: Callable[..., object] = learned_baselines.learn_baseline

    def watched(evaluator, sample, *rest):
        seen.append(sample.id)
        return learn(evaluator, sample, *rest)

    monkeypatch.setattr(learned_baselines, "learn_baseline", watched)
    return seen


def test_each_row_has_its_own_baseline_within_the_bounds(desk: Path):
    done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    baseline, inputs = report.players.baseline, as_input(table_rows()).double().numpy()
    assert report.players.baseline_name == "learned"
    assert report.players.own_baselines
    assert baseline.shape == (3, N)
    assert (baseline[0] != baseline[1]).any()
    reach = 0.3 * inputs.std(axis=0)
    assert (np.abs(baseline - inputs.mean(axis=0)) <= reach + 1e-6).all()
    assert report.config["baseline"] == "learned"


def test_records_show_the_learned_baseline_and_losses_are_sums_of_dividends(desk: Path):
    done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    network, inputs = table_network(Path("network.py")).double(), as_input(table_rows()).double()
    held = report.provenance["baseline"]
    dividends = report.measurement("harsanyi").quantity("values").values
    for record in report.records:
        row, label = (
            int(report.samples.ids[record.sample].rpartition("/")[2]),
            int(report.samples.labels[record.sample]),
        )
        present = torch.tensor(unpack(record.coalitions, N))
        own = torch.tensor(report.players.baseline[record.sample]).double()
        with torch.no_grad():
            logits = network(torch.where(present, inputs[row], own)).numpy()
        np.testing.assert_allclose(record.values[:, 0, 0], logits[:, label], atol=1e-5)
        assert held["loss_after"][record.sample] == pytest.approx(np.abs(dividends[record.sample]).sum(), rel=1e-9)
    assert all(after <= before for before, after in zip(held["loss_before"], held["loss_after"], strict=True))
    assert sum(held["loss_after"]) < 0.99 * sum(held["loss_before"])


def test_the_loss_before_is_that_of_the_start(desk: Path):
    done(*RUN, "-o", "a.h5")
    done("measure", *TABLE, "-m", "harsanyi", "-n", "3", "-o", "mean.h5")
    held, start = ic.read_report("a.h5").provenance["baseline"], ic.read_report("mean.h5")
    dividends = start.measurement("harsanyi").quantity("values").values
    np.testing.assert_allclose(held["loss_before"], np.abs(dividends).sum(axis=1), rtol=1e-9)
    assert held["start"] == start.provenance["baseline"]
    assert held["learned"]["score"] == "log-odds"
    assert held["learned"]["target"] == "true"


def test_images_learn_a_colour_for_each_channel(desk: Path):
    told = done(*IMAGES, "-o", "a.h5")
    report = ic.read_report("a.h5")
    assert report.players.baseline.shape == (2, 1, 1, 1)
    held = report.provenance["baseline"]
    assert sum(held["loss_after"]) < sum(held["loss_before"])
    assert "each channel of data set 'digits'" in held["learned"]["reach"]
    assert "learned" in told.out
    assert "sum of |I(S)|" in told.err


def test_identical_commands_give_identical_reports(desk: Path, relearned: list[str]):
    done(*RUN, "-o", "a.h5")
    done(*RUN, "-o", "b.h5")
    one, other = ic.read_report("a.h5"), ic.read_report("b.h5")
    assert len(relearned) == 6
    assert one.provenance == other.provenance
    np.testing.assert_array_equal(one.players.baseline, other.players.baseline)
    assert_identical(arrays(one), arrays(other))
    done(*RUN, "-o", "a.h5")
    assert len(relearned) == 6


@pytest.mark.parametrize("at", [1, 2, 4, 8])
def test_a_stopped_run_keeps_the_baselines_that_it_learned(
    desk: Path, relearned: list[str], monkeypatch: pytest.MonkeyPatch, at: int
):
    write, written = Journal.write, []

    def stops(self: Journal, key: str, array: np.ndarray) -> None:
        if len(written) == at:
            raise KeyboardInterrupt
        written.append(key)
        write(self, key, array)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", stops)
        assert interact(*RUN, "-o", "a.h5").code == 130
    finished = min(at // 2, 3)
    relearned.clear()
    done(*RUN, "-o", "a.h5")
    assert len(relearned) == 3 - finished
    done(*RUN, "-o", "b.h5")
    one, other = ic.read_report("a.h5"), ic.read_report("b.h5")
    np.testing.assert_array_equal(one.players.baseline, other.players.baseline)
    assert_identical(arrays(one), arrays(other))


def test_a_later_question_needs_no_learning(desk: Path, relearned: list[str], forward_passes: list[int]):
    done(*RUN, "-o", "a.h5")
    relearned.clear()
    forward_passes.clear()
    done("measure", "--from", "a.h5", "-m", "shapley", "-o", "b.h5")
    assert (relearned, forward_passes) == ([], [])
    done("measure", *TABLE, "-m", "shapley", "--baseline", "learned", "-n", "3", "-o", "c.h5")
    again, fresh = ic.read_report("b.h5"), ic.read_report("c.h5")
    assert again.provenance["content_key"] == fresh.provenance["content_key"]
    np.testing.assert_array_equal(again.players.baseline, fresh.players.baseline)
    assert_identical(arrays(again), arrays(fresh))


def test_missing_coalitions_are_evaluated_with_the_stored_baselines(desk: Path, relearned: list[str]):
    few = ("measure", *TABLE, "-m", "shapley", "--baseline", "learned", "-n", "3")
    done(*few, "-b", "60", "-o", "a.h5")
    relearned.clear()
    done("measure", *TABLE[:5], "--from", "a.h5", "-b", "300", "-o", "b.h5")
    assert relearned == []
    again = ic.read_report("b.h5")
    assert (again.samples.evaluated > 0).all()
    assert (again.samples.evaluated < again.samples.unique).all()
    done(*few, "-b", "300", "-o", "c.h5")
    assert_identical(arrays(again), arrays(ic.read_report("c.h5")))


def test_another_score_is_read_off_the_same_records_and_says_for_which_it_was_learned(desk: Path, relearned: list[str]):
    done(*RUN, "-o", "a.h5")
    relearned.clear()
    done("measure", "--from", "a.h5", "--score", "prob", "-m", "shapley", "-o", "b.h5")
    done("measure", "--from", "b.h5", "-m", "banzhaf", "-b", "50", "-o", "c.h5")
    assert relearned == []
    for name in ("b.h5", "c.h5"):
        report = ic.read_report(name)
        assert report.provenance["score"] == "prob"
        assert report.provenance["baseline"]["learned"]["score"] == "log-odds"
    done("measure", *TABLE, "-m", "shapley", "--score", "prob", "--baseline", "learned", "-n", "3", "-o", "d.h5")
    assert ic.read_report("b.h5").provenance["content_key"] != ic.read_report("d.h5").provenance["content_key"]


def test_another_score_with_coalitions_missing(desk: Path, relearned: list[str]):
    done("measure", *TABLE, "-m", "shapley", "--baseline", "learned", "-n", "2", "-b", "60", "-o", "a.h5")
    relearned.clear()
    done("measure", *TABLE[:5], "--from", "a.h5", "--score", "prob", "-b", "300", "-o", "b.h5")
    assert relearned == []
    np.testing.assert_array_equal(ic.read_report("b.h5").players.baseline, ic.read_report("a.h5").players.baseline)


def test_start_and_settings_are_the_identity_the_learned_numbers_are_not(desk: Path, monkeypatch: pytest.MonkeyPatch):
    done(*RUN, "-o", "a.h5")
    held = ic.read_report("a.h5").provenance["identity"]["records"]["baseline"]
    assert set(held["learned"]) == {"score", "target", "iterations", "first rate", "decades", "reach"}
    assert "loss_before" not in held
    done(*RUN, "--target", "predicted", "-o", "b.h5")
    other = ic.read_report("b.h5").provenance["identity"]["records"]["baseline"]
    assert other["learned"] == {**held["learned"], "target": "predicted"}


def test_a_start_that_no_step_improves_is_kept_and_said(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(learned_baselines, "REACH", {"columns": 0.0})
    told = done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    held = report.provenance["baseline"]
    assert held["loss_before"] == held["loss_after"]
    assert "3 of 3 samples keep the start" in told.err
    assert "3 of 3 samples keep the start" in held["source"]
    np.testing.assert_array_equal(report.players.baseline, np.tile(report.players.baseline[0], (3, 1)))


def test_the_forecast_counts_the_learning(desk: Path):
    told = done(*RUN, "--dry-run")
    assert f"as much as {3 * 256 * 201:,} to learn baselines" in told.out
    assert "learn" not in done("measure", *TABLE, "-m", "harsanyi", "-n", "3", "--dry-run").out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--players", "grid:4x4"), ("at most 12 players, got 16", "grid:3x4")),
        (("--players", "grid:2x2", "--score", "feature:norm"), ("follows a score of the outputs", "'feature:norm'")),
        (("--players", "activations:norm"), ("output of norm", "--baseline zero")),
        (("--players", "grid:2x2", "--protocol", "deng2022"), ("--protocol deng2022 fixes",)),
    ],
)
def test_what_cannot_be_learned_is_refused(desk: Path, arguments: tuple[str, ...], says: tuple[str, ...]):
    line = refused(2, "measure", "ckpt.pt", "-m", "shapley", "--baseline", "learned", "-n", "2", *arguments)
    for words in says:
        assert words in line


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return tiny_classifier(tmp_path_factory.mktemp("texts") / "bert")


def test_texts_learn_a_word_vector_and_long_ones_are_left_out(desk: Path, reader: Path):
    long = " ".join(["very"] * 13)
    texts = [part for text in ("the film was not good", "the cast is funny", long) for part in ("--text", text)]
    done("measure", reader, *texts, "-m", "harsanyi", "--baseline", "learned", "-b", "4096", "-o", "a.h5")
    report = ic.read_report("a.h5")
    (skipped,) = report.samples.skipped
    assert skipped.reason == "13 players, expected at most 12 for --baseline learned"
    assert report.players.baseline.shape == (2, 1, 16)
    held = report.provenance["baseline"]
    assert held["start"]["name"] == "zero"
    assert "word vectors" in held["learned"]["reach"]
    assert all(after < before for before, after in zip(held["loss_before"], held["loss_after"], strict=True))
    table = AutoModel.from_pretrained(reader).get_input_embeddings().weight.detach().double().numpy()
    assert (np.abs(report.players.baseline) <= 0.05 * table.std(axis=0) + 1e-7).all()


def test_only_long_texts_are_refused(desk: Path, reader: Path):
    line = refused(
        2, "measure", reader, "--text", " ".join(["very"] * 13), "-m", "shapley", "--baseline", "learned", "-b", "9000"
    )
    assert "at most 12 players, got 13" in line
