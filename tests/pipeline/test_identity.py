"""Records of different networks, inputs or batches are never mixed, whether by a rerun, a resume or --from."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from support.workbench import TABLE, arrays, assert_identical, done, interact, refused

import interact_cli as ic
from interact_cli.engine import evaluator
from interact_cli.journal.units import Journal
from interact_cli.pipeline import reuse
from interact_cli.report.hdf5 import reader

RUN = ("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "100")
COMPLETE = ("measure", *TABLE[:5], "--from", "a.h5")
"""The network and the place of the data are the user's to name."""
SAMPLES = ("csv/table.csv/7", "csv/table.csv/2", "csv/table.csv/11")


def edit_network(old: str = "nn.GELU()", new: str = "nn.Tanh()") -> None:
    source = Path("network.py").read_text()
    assert old in source
    Path("network.py").write_text(source.replace(old, new))


def stop_after(units: int, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    written: list[str] = []
    write = Journal.write

    def stops(self, key, array):
        if len(written) == units:
            raise KeyboardInterrupt
        written.append(key)
        write(self, key, array)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", stops)
        assert interact(*arguments).code == 130


def test_another_factory_is_another_run(desk: Path):
    done(*RUN, "-o", "a.h5")
    edit_network()
    assert "another run" in refused(2, *RUN, "-o", "a.h5")


def test_another_factory_does_not_resume(desk: Path, monkeypatch: pytest.MonkeyPatch):
    stop_after(2, monkeypatch, *RUN, "-o", "a.h5")
    edit_network()
    assert "code" in refused(2, *RUN, "-o", "a.h5")


def test_another_factory_does_not_complete_a_report(desk: Path):
    done(*RUN, "-o", "a.h5")
    edit_network()
    told = refused(4, *COMPLETE, "-m", "banzhaf:estimator=sampled", "-b", "100", "-o", "b.h5")
    assert "another code" in told
    assert not Path("b.h5").exists()


def test_another_preprocessing_does_not_complete_a_report(desk: Path):
    done(*RUN, "--baseline", "zero", "-o", "a.h5")
    edit_network("[2.0] * 8", "[4.0] * 8")
    told = refused(4, *COMPLETE, "-m", "banzhaf:estimator=sampled", "-b", "100", "-o", "b.h5")
    assert "preprocessing" in told


def test_another_order_of_the_samples_is_another_run(desk: Path):
    named = ("measure", *TABLE, "-m", "shapley", "-b", "100", "--samples", "ids.txt")
    Path("ids.txt").write_text("\n".join(SAMPLES))
    done(*named, "-o", "a.h5")
    done(*named, "-m", "banzhaf:estimator=sampled", "-o", "once.h5")
    Path("ids.txt").write_text("\n".join(reversed(SAMPLES)))

    assert "another run" in refused(2, *named, "-o", "a.h5")
    # A report says which samples it holds, in its own order; whatever the file says now is nothing to it.
    done(*COMPLETE, "-m", "shapley", "-m", "banzhaf:estimator=sampled", "-b", "100", "-o", "b.h5")
    later, once = ic.read_report("b.h5"), ic.read_report("once.h5")
    assert later.samples.ids == SAMPLES
    assert later.samples.evaluated.sum() > 0
    assert later.provenance == once.provenance
    assert_identical(arrays(later), arrays(once))


def test_samples_of_other_contents_do_not_complete_a_report(desk: Path):
    done(*RUN, "--baseline", "zero", "-o", "a.h5")
    row = int(ic.read_report("a.h5").samples.ids[0].rpartition("/")[2])
    lines = Path("table.csv").read_text().splitlines()
    lines[1 + row] = ",".join(["9.5", *lines[1 + row].split(",")[1:]])
    Path("table.csv").write_text("\n".join(lines) + "\n")
    told = refused(4, *COMPLETE, "-m", "banzhaf:estimator=sampled", "-b", "100", "-o", "b.h5")
    assert "another data, prepared inputs" in told
    Path("table.csv").write_text("\n".join(lines[:1]) + "\n")
    refused(4, *COMPLETE, "-m", "banzhaf:estimator=sampled", "-b", "100", "-o", "b.h5")
    assert not Path("b.h5").exists()


def test_more_rows_change_the_range_and_so_the_run(desk: Path):
    """Y comes from rows that may not be drawn; they belong to the identity where a metric is normalised by Y."""
    strength = ("measure", *TABLE, "-m", "strength", "-n", "3", "--baseline", "zero", "--samples", "ids.txt")
    strength = tuple(part for part in strength if part not in {"-n", "3"})
    Path("ids.txt").write_text("\n".join(SAMPLES))
    done(*strength, "-o", "a.h5")
    lines = Path("table.csv").read_text().splitlines()
    cells = lines[-1].split(",")
    lines[-1] = ",".join([*(str(9.0) for _ in cells[:-1]), cells[-1]])
    Path("table.csv").write_text("\n".join(lines) + "\n")
    assert "another run" in refused(2, *strength, "-o", "a.h5")


MAPS = """
from torch import nn


def make():
    network = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))
    network.input_shape = (1, 8, 8)
    return network
"""


def test_other_parts_of_an_activation_are_another_run(desk: Path):
    """16 channels of 4 x 4 maps have as many players as the 16 cells, and the same numbers own them."""
    Path("maps.py").write_text(MAPS)
    torch.save(runpy.run_path("maps.py")["make"]().state_dict(), "maps.pt")
    run = ("measure", "maps.pt", "--arch", "py:maps.py:make", "-d", "digits", "-m", "shapley", "-n", "1", "-b", "200")
    done(*run, "--players", "activations:1", "--unit", "channel", "-o", "a.h5")
    assert "another run" in refused(2, *run, "--players", "activations:1", "--unit", "cell", "-o", "a.h5")


def small_memory(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    padded = evaluator._padded

    def small(batch: np.ndarray, rows: int) -> np.ndarray:
        if rows > limit:
            raise MemoryError
        return padded(batch, rows)

    monkeypatch.setattr(evaluator, "_padded", small)


def test_a_run_that_ran_out_of_memory_is_shown_again(desk: Path, monkeypatch: pytest.MonkeyPatch):
    run = (*RUN, "--batch-size", "64", "-o", "a.h5")
    small_memory(16, monkeypatch)
    done(*run)
    before = Path("a.h5").read_bytes()
    assert "Already measured" in done(*run).err
    assert Path("a.h5").read_bytes() == before


def test_units_of_smaller_batches_are_listed_after_a_resume(desk: Path, monkeypatch: pytest.MonkeyPatch):
    run = (*RUN, "--batch-size", "64", "-o", "a.h5")
    with monkeypatch.context() as patch:
        small_memory(16, patch)
        # The first sample: the note of its rows, its records.
        stop_after(2, patch, *run)
    done(*run)
    report = ic.read_report("a.h5")
    assert report.provenance["batch_rows"] == 64
    first = {"sample": report.samples.ids[0], "start": 0, "count": int(report.samples.unique[0]), "rows": 16}
    assert report.provenance["smaller_batches"] == [first]


def test_a_question_asked_later_gives_the_report_of_asking_at_once(desk: Path):
    """--from has the identity and every number of a fresh run; only /provenance/run differs."""
    done(*RUN, "-o", "a.h5")
    done(*COMPLETE, "-m", "shapley", "-m", "banzhaf", "--score", "prob", "-o", "later.h5")
    done(
        "measure", *TABLE, "-m", "shapley", "-m", "banzhaf", "-n", "3", "-b", "100", "--score", "prob", "-o", "once.h5"
    )
    later, once = ic.read_report("later.h5"), ic.read_report("once.h5")
    assert later.provenance == once.provenance
    assert later.config == once.config
    assert_identical(arrays(later), arrays(once))


def test_a_report_of_a_protocol_can_be_completed(desk: Path):
    done("measure", *TABLE, "--protocol", "deng2022", "-m", "multi-order", "-n", "2", "-o", "a.h5")
    done("measure", "--from", "a.h5", "-m", "multi-order", "-m", "bottleneck", "-o", "b.h5")
    assert ic.read_report("b.h5").samples.evaluated.sum() == 0
    assert ic.read_report("b.h5").provenance["protocol"] == "deng2022"
    told = refused(2, "measure", "--from", "a.h5", "--score", "prob", "-o", "c.h5")
    assert "--protocol deng2022 fixes" in told


def test_a_report_of_a_reference_network_can_be_completed(desk: Path):
    folder = ("--dataset", "cifar10:cifar-10-batches-py", "--epochs", "1")
    small = ("--players", "grid:4x4", "-n", "2", "-b", "200")
    done("bottleneck", *folder, *small, "-o", "a.h5")
    later = ("measure", "--from", "a.h5", "-m", "shapley", "-b", "100", "-o", "b.h5")
    line = refused(2, *later)
    assert "its network is the reference network of 'cifar10:cifar-10-batches-py', which would be trained here" in line
    assert "pass --dataset NAME[:PATH] again, and --epochs where it was given" in line
    assert not Path("b.h5").exists()
    done(*later, *folder)
    assert ic.read_report("b.h5").samples.evaluated.sum() > 0
    assert "another checkpoint" in refused(4, *later[:-1], "c.h5", *folder[:-1], "2")


def test_ranges_of_other_scores_need_no_network(desk: Path):
    done("measure", *TABLE, "-m", "strength", "-n", "3", "-o", "a.h5")
    Path("table.pt").unlink()
    done("measure", "--from", "a.h5", "--score", "prob", "-o", "b.h5")
    held = ic.read_report("b.h5")
    expected = held.provenance["ranges"]["scores"]["prob"]["paper"]
    assert held.measurement("strength").quantity("Y_paper").values == pytest.approx(expected, rel=1e-12)


def test_a_report_of_the_first_schema_answers_another_score(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """Reports knew no feature scores then, and said nothing of modules."""
    done(*RUN, "-o", "a.h5")

    def as_then(path: Path):
        report = reader.read_report(path)
        return replace(report, provenance={k: v for k, v in report.provenance.items() if k not in {"modules", "entry"}})

    monkeypatch.setattr(reuse, "read_report", as_then)
    done("measure", "--from", "a.h5", "--score", "prob", "-o", "b.h5")
    assert ic.read_report("b.h5").samples.evaluated.sum() == 0


def test_features_that_a_report_does_not_hold(desk: Path):
    run = ("measure", "ckpt.pt", "-d", "digits", "-m", "shapley", "-n", "1", "--players", "grid:2x2")
    done(*run, "--score", "feature:stages.1", "-o", "a.h5")
    for score in ("feature:stages.0", "log-odds"):
        told = refused(2, "measure", "--from", "a.h5", "--score", score, "-o", "b.h5")
        assert "the features of stages.1; got" in told
    done(*run, "-o", "c.h5")
    assert "hold, outputs; got" in refused(2, "measure", "--from", "c.h5", "--score", "feature:stages.1", "-o", "b.h5")


def test_filters_that_need_labels_are_refused_without(desk: Path):
    done(
        "measure", "ckpt.pt", "-d", "folder:images/0", "-m", "shapley", "-n", "1", "--players", "grid:2x2", "-o", "a.h5"
    )
    assert "needs labels" in refused(2, "measure", "--from", "a.h5", "--target", "true", "-o", "b.h5")
    assert "needs labels" in refused(2, "measure", "--from", "a.h5", "--only", "correct", "-o", "b.h5")


def test_places_decide_nothing(desk: Path):
    """The same run by another path to its files is the same but for /provenance/run."""
    done(*RUN, "-o", "a.h5")
    absolute = [str(desk / part) if part == "table.pt" else part for part in RUN]
    absolute = [f"csv:{desk / 'table.csv'}" if part == "csv:table.csv" else part for part in absolute]
    done(*absolute, "--device", "cpu", "-o", "b.h5")
    found: list[dict[str, bytes]] = []
    for name in ("a.h5", "b.h5"):
        with h5py.File(name) as file:
            texts: dict[str, bytes] = {}

            def note(path: str, thing: object, texts: dict[str, bytes] = texts) -> None:
                if isinstance(thing, h5py.Dataset) and not path.startswith("provenance/run"):
                    texts[path] = np.asarray(thing[()]).tobytes()

            file.visititems(note)
            found.append(texts)
    assert found[0].keys() == found[1].keys()
    assert [path for path in found[0] if found[0][path] != found[1][path]] == []


def test_a_dry_run_trains_nothing(desk: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("INTERACT_CACHE", str(tmp_path / "empty"))
    told = done("bottleneck", "--dataset", "cifar10:cifar-10-batches-py", "--players", "grid:2x2", "--dry-run")
    assert "trains the reference network first" in told.err
    assert not (tmp_path / "empty").exists()
