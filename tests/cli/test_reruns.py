"""The same command again, after the end and after a sudden end; other questions to an old report."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.workbench import (
    TABLE,
    arrays,
    assert_identical,
    command,
    done,
    environment,
    interact,
    refused,
    table_network,
)

import interact_cli as ic
from interact_cli.config.settings import Settings, TrainingSettings
from interact_cli.journal.units import Journal
from interact_cli.pipeline import reuse
from interact_cli.pipeline.subject import Subject
from interact_cli.report.hdf5.writer import write_report

RUN = ("measure", *TABLE, "-m", "multi-order", "-m", "shapley", "-n", "12", "--batch-size", "64", "-o", "a.h5")
CONVNET = ("measure", "ckpt.pt", "-n", "3", "--players", "grid:4x4", "-b", "300")


def leftovers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if ".partial" in p.name or ".tmp" in p.name or ".lock" in p.name)


def test_rerun_makes_no_forward_pass_and_shows_the_same_numbers(desk: Path, forward_passes: list[int]):
    first = done(*RUN)
    before = Path("a.h5").read_bytes()
    assert sum(forward_passes) > 0
    forward_passes.clear()
    second = done(*RUN)

    assert forward_passes == []
    assert second.out == first.out
    assert "no forward pass" in second.err
    assert Path("a.h5").read_bytes() == before
    assert leftovers(desk) == []


def test_default_output_is_named_by_content(desk: Path, forward_passes: list[int]):
    done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200")
    done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200")
    done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200", "--seed", "1")

    assert len(list(Path("interact-runs").glob("*.h5"))) == 2
    assert leftovers(Path("interact-runs")) == []


def _hears_interrupts() -> None:
    """Jobs that a shell starts in the background ignore Ctrl-C, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_killed_run_goes_on_where_it_stopped(desk: Path, forward_passes: list[int], name: str):
    killed = subprocess.Popen(
        command(*RUN), cwd=desk, env=environment(PAUSE_PER_BATCH="0.05"), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, preexec_fn=_hears_interrupts,
    )  # fmt: skip
    units = desk / "a.h5.partial" / "units"
    deadline = time.monotonic() + 60
    while len(list(units.glob("*.npy"))) < 4 and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.02)
    killed.send_signal(signal.Signals[name])
    out, err = killed.communicate(timeout=30)

    number = signal.Signals[name]
    assert killed.returncode == (-number if name == "SIGKILL" else 128 + number), err
    assert out == ""
    assert "Traceback" not in err
    if name != "SIGKILL":
        assert "rerun the same command" in err
    kept = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in units.glob("*.npy")}
    assert 0 < len(kept) < 12 * 2
    assert not Path("a.h5").exists()

    whole = desk / "whole"
    whole.mkdir()
    done(*RUN[:-1], whole / "a.h5")
    all_rows = sum(forward_passes)
    forward_passes.clear()
    done(*RUN)

    assert_identical(arrays(ic.read_report("a.h5")), arrays(ic.read_report(whole / "a.h5")))
    assert sum(forward_passes) < all_rows
    report = ic.read_report("a.h5").samples
    assert 0 < report.evaluated.sum() < report.unique.sum()
    assert leftovers(desk) == []


@pytest.fixture
def stopped(desk: Path, monkeypatch: pytest.MonkeyPatch) -> dict[Path, int]:
    """Ctrl-C after five units; their files and times."""
    written: list[str] = []
    write = Journal.write

    def stops(self, key, array):
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(key)
        write(self, key, array)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", stops)
        ran = interact(*RUN)
    assert ran.code == 130
    assert "Interrupted" in ran.err
    return {path: path.stat().st_mtime_ns for path in Path("a.h5.partial/units").iterdir()}


def test_units_of_a_stopped_run_are_not_changed(stopped: dict[Path, int], monkeypatch: pytest.MonkeyPatch):
    seen: list[dict[Path, int]] = []
    remove = Journal.remove

    def looks(self):
        seen.append({path: path.stat().st_mtime_ns for path in stopped})
        remove(self)

    monkeypatch.setattr(Journal, "remove", looks)
    done(*RUN)

    assert len(stopped) == 5
    assert seen == [stopped]


def test_damaged_unit_is_evaluated_again(stopped: dict[Path, int], forward_passes: list[int]):
    for path in stopped:
        path.write_bytes(path.read_bytes()[:-40])
    done(*RUN)
    done(*RUN[:-1], "fresh.h5")

    assert_identical(arrays(ic.read_report("a.h5")), arrays(ic.read_report("fresh.h5")))


def test_another_run_does_not_take_the_units(stopped: dict[Path, int]):
    line = refused(2, *RUN, "--seed", "1")

    assert "another data, plan" in line or "plan" in line
    assert {path: path.stat().st_mtime_ns for path in stopped} == stopped
    done(*RUN, "--seed", "1", "--force")
    assert leftovers(Path()) == []


def test_an_unfinished_run_of_an_earlier_version_is_refused_by_name(stopped: dict[Path, int]):
    manifest = Path("a.h5.partial/manifest.json")
    held = json.loads(manifest.read_text())
    assert held.pop("journal format") == 2
    manifest.write_text(json.dumps(held))
    line = refused(2, *RUN)

    assert "'a.h5.partial' holds an unfinished run of an earlier version of interact" in line
    assert "--output" in line and "--force" in line
    assert {path: path.stat().st_mtime_ns for path in stopped} == stopped
    done(*RUN, "--force")
    done(*RUN[:-1], "fresh.h5")
    assert_identical(arrays(ic.read_report("a.h5")), arrays(ic.read_report("fresh.h5")))
    assert leftovers(Path()) == []


def test_another_score_from_the_report_evaluates_nothing(desk: Path, forward_passes: list[int]):
    done(*CONVNET, "-m", "multi-order", "-m", "shapley", "-o", "a.h5")
    forward_passes.clear()
    told = done("measure", "--from", "a.h5", "--score", "prob", "-o", "b.h5")
    assert forward_passes == []
    done(*CONVNET, "-m", "multi-order", "-m", "shapley", "--score", "prob", "-o", "c.h5")

    assert "0 of" in told.err
    again, fresh = ic.read_report("b.h5"), ic.read_report("c.h5")
    assert again.samples.evaluated.sum() == 0
    assert again.provenance["score"] == "prob"
    assert again.measurement("shapley").quantity("values").unit == "probability"
    assert_identical(arrays(again), arrays(fresh))


@pytest.mark.parametrize("score", ["logit", "log-prob", "cross-entropy", "margin"])
def test_every_score_from_the_report_equals_a_fresh_run(desk: Path, score: str):
    done("measure", *TABLE, "-m", "shapley-interaction", "-n", "4", "-o", "a.h5")
    done("measure", "--from", "a.h5", "--score", score, "-o", "b.h5")
    done("measure", *TABLE, "-m", "shapley-interaction", "-n", "4", "--score", score, "-o", "c.h5")

    assert_identical(arrays(ic.read_report("b.h5")), arrays(ic.read_report("c.h5")))


def test_another_metric_from_the_report_evaluates_only_what_is_missing(desk: Path, forward_passes: list[int]):
    done(*CONVNET, "-m", "multi-order", "-o", "a.h5")
    forward_passes.clear()
    done("measure", "ckpt.pt", "--from", "a.h5", "--metric", "shapley", "-b", "90", "-o", "b.h5")
    evaluated = ic.read_report("b.h5").samples.evaluated
    done(*CONVNET, "-m", "shapley", "-b", "90", "-o", "c.h5")
    fresh = ic.read_report("c.h5")

    held = [set(map(bytes, record.coalitions)) for record in ic.read_report("a.h5").records]
    wanted = [set(map(bytes, record.coalitions)) for record in fresh.records]
    missing = [len(new - old) for new, old in zip(wanted, held, strict=True)]
    assert evaluated.tolist() == missing
    assert (evaluated < fresh.samples.unique).all()
    assert (evaluated > 0).all()
    assert_identical(arrays(ic.read_report("b.h5")), arrays(fresh))


def test_orders_hold_what_other_indices_of_the_same_budget_ask_for(desk: Path):
    """Unless their ends are exact, which takes coalitions that the others do not ask for."""
    done(*CONVNET, "-m", "multi-order", "-o", "a.h5")
    done("measure", "--from", "a.h5", "-m", "shapley", "-o", "b.h5")
    done(*CONVNET, "-m", "shapley", "-o", "c.h5")
    assert (ic.read_report("b.h5").samples.evaluated == 0).all()
    assert_identical(arrays(ic.read_report("b.h5")), arrays(ic.read_report("c.h5")))


def test_no_checkpoint_is_needed_when_nothing_is_missing(desk: Path):
    done("measure", *TABLE, "-m", "multi-order", "-n", "3", "-o", "a.h5")
    for name in ("table.pt", "table.csv", "network.py"):
        Path(name).unlink()

    done("measure", "--from", "a.h5", "-m", "shapley", "-m", "banzhaf-interaction", "-o", "b.h5")
    assert (ic.read_report("b.h5").samples.evaluated == 0).all()


@pytest.mark.parametrize("there", [True, False])
def test_missing_coalitions_without_the_checkpoint(desk: Path, there: bool):
    """A report does not choose what is opened, whether or not its checkpoint lies where it lay."""
    done(*CONVNET, "-m", "multi-order", "-o", "a.h5")
    if not there:
        Path("ckpt.pt").unlink()
    line = refused(2, "measure", "--from", "a.h5", "-m", "shapley", "-b", "90", "-o", "b.h5")

    assert "it lay at '~/desk/ckpt.pt'" in line
    assert "interact measure CHECKPOINT --from REPORT" in line
    assert not Path("b.h5").exists()
    assert leftovers(desk) == []


def test_missing_coalitions_without_the_data(desk: Path):
    """Where data has a place, the user names it: the data itself, or its folder."""
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "60", "-o", "a.h5")
    asked = ("measure", "table.pt", "--from", "a.h5", "--arch", "py:network.py:make", "-b", "100")
    line = refused(2, *asked, "-o", "b.h5")

    assert "it lay at 'csv:~/desk/table.csv'. Pass --dataset csv:PATH, or its folder with --data-root DIR" in line
    shutil.copy("table.csv", "rows.csv")
    line = refused(2, *asked, "-d", "csv:rows.csv", "-o", "b.h5")
    assert "Expected the report's data set 'csv:table.csv', wherever it lies, got 'csv:rows.csv'" in line
    Path("elsewhere").mkdir()
    shutil.move("table.csv", "elsewhere/table.csv")
    line = refused(4, *asked, "--data-root", ".", "-o", "b.h5")
    assert "Name the folder that holds 'table.csv' with --data-root DIR" in line
    assert not Path("b.h5").exists()
    assert leftovers(desk) == []
    done(*asked, "--data-root", "elsewhere", "-o", "b.h5")
    done(*asked, "-d", "csv:elsewhere/table.csv", "-o", "c.h5")
    done("measure", *TABLE[:4], "csv:elsewhere/table.csv", *TABLE[5:], "-m", "shapley", "-n", "2", "-b", "100",
         "-o", "d.h5")  # fmt: skip
    fresh = arrays(ic.read_report("d.h5"))
    for name in ("b.h5", "c.h5"):
        assert (ic.read_report(name).samples.evaluated > 0).all()
        assert_identical(arrays(ic.read_report(name)), fresh)


def test_a_report_allows_no_download_and_trains_nothing(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """Such settings stood in older reports, and may stand in any that somebody made; they are the user's to give."""
    done(*CONVNET, "-m", "multi-order", "-o", "a.h5")
    report, seen = ic.read_report("a.h5"), []
    config = {
        **report.config,
        "checkpoint": "precious.pt",
        "data": {**report.config["data"], "allow_download": True, "root": "elsewhere", "samples": "ids.txt"},
        "run": {**report.config["run"], "output": "precious.h5", "force": True, "records": False},
        "training": {"epochs": 3, "seed": 5},
    }
    write_report(replace(report, config=config), Path("forged.h5"), force=False)
    loaded = reuse.load

    def noted(settings: Settings, *arguments: Any, **options: Any) -> Subject:
        seen.append(settings)
        return loaded(settings, *arguments, **options)

    monkeypatch.setattr(reuse, "load", noted)
    done("measure", "ckpt.pt", "--from", "forged.h5", "-m", "shapley", "-b", "90", "-o", "b.h5")
    (settings,) = seen
    assert settings.checkpoint == Path("ckpt.pt")
    assert (settings.data.allow_download, settings.data.root, settings.data.samples) == (False, None, None)
    assert (settings.run.output, settings.run.force, settings.run.records) == (Path("b.h5"), False, True)
    assert settings.training == TrainingSettings()
    done("measure", "ckpt.pt", "--from", "a.h5", "-m", "shapley", "-b", "90", "-o", "c.h5")
    assert_identical(arrays(ic.read_report("b.h5")), arrays(ic.read_report("c.h5")))
    assert ic.read_report("b.h5").config == ic.read_report("c.h5").config
    assert not Path("precious.h5").exists()


def test_moved_checkpoint_is_named(desk: Path):
    done(*CONVNET, "-m", "multi-order", "-o", "a.h5")
    shutil.move("ckpt.pt", "moved.pt")

    done("measure", "moved.pt", "--from", "a.h5", "-m", "shapley", "-o", "b.h5")


def test_wrong_checkpoint_is_refused(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "100", "-o", "a.h5")
    network = table_network(desk / "network.py")
    with torch.no_grad():
        network.body[0].bias += 1
    torch.save(network.state_dict(), "table.pt")
    line = refused(4, "measure", *TABLE[:5], "--from", "a.h5", "-m", "banzhaf:estimator=sampled", "-o", "b.h5")

    assert "another checkpoint" in line
    assert not Path("b.h5").exists()


def test_from_refuses_what_would_change_the_records(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-o", "a.h5")

    assert "players" in refused(2, "measure", "--from", "a.h5", "--players", "columns", "-o", "b.h5")
    line = refused(2, "measure", "--from", "a.h5", "--set", "data.n_samples=1", "--set", "span=0:2", "-o", "b.h5")
    assert "data.n_samples, span cannot change" in line
    for flags in (("--config", "run.yaml"), ("--dry-run",)):
        assert flags[0] in refused(2, "measure", "--from", "a.h5", *flags, "-o", "b.h5")
    assert "one of the inputs" in refused(2, "measure", "--from", "a.h5", "--score", "prob", "-o", "a.h5")


def test_from_takes_settings_of_the_question_as_the_flags_do(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-o", "a.h5")
    done("measure", "--from", "a.h5", "--set", "plan.seed=1", "--set", "score=prob", "-o", "b.h5")
    done("measure", "--from", "a.h5", "--seed", "1", "--score", "prob", "-o", "c.h5")
    done("measure", "--from", "a.h5", "--set", "score=logit", "--score", "prob", "--seed", "1", "-o", "d.h5")

    one, *others = (ic.read_report(f"{name}.h5") for name in "bcd")
    assert (one.config["plan"]["seed"], one.config["score"]) == (1, "prob")
    for other in others:
        assert other.provenance["content_key"] == one.provenance["content_key"]
        assert_identical(arrays(other), arrays(one))


def test_options_of_the_metrics_of_a_report(desk: Path):
    """They are kept, changed for one metric or for all, and what two metrics agree on is asked of a third."""
    asked = ("-m", "multi-order:pairs=random:4", "-m", "shapley-interaction:pairs=random:4")
    done("measure", *TABLE, *asked, "-n", "2", "-o", "a.h5")

    def again(*changes: str) -> list[Any]:
        done("measure", "--from", "a.h5", *changes, "-o", "b.h5", "--force")
        return list(ic.read_report("b.h5").config["metrics"])

    rule = {"pairs": "random:4"}
    assert again("--score", "prob") == [{"multi-order": rule}, {"shapley-interaction": rule}]
    assert again("-m", "multi-order", "-m", "bottleneck") == [{"multi-order": rule}, {"bottleneck": rule}]
    assert again("-m", "multi-order:pairs=all", "-m", "shapley") == [{"multi-order": {"pairs": "all"}}, "shapley"]
    other = {"pairs": "random:3"}
    assert again("--pairs", "random:3") == [{"multi-order": other}, {"shapley-interaction": other}]
    assert again("--set", "plan.pairs=auto") == ["multi-order", "shapley-interaction"]


def test_no_number_depends_on_the_batch_size(desk: Path):
    found = []
    for rows in (1, 7, 64):
        done("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "100", "--batch-size", rows, "-o", f"{rows}.h5")
        found.append(ic.read_report(f"{rows}.h5"))
    largest = max(np.abs(record.values).max() for record in found[0].records)

    for report in found[1:]:
        for one, other in zip(found[0].records, report.records, strict=True):
            np.testing.assert_array_equal(one.coalitions, other.coalitions)
            np.testing.assert_allclose(one.values, other.values, atol=1e-5 * largest, rtol=0)


def test_a_report_chooses_no_code(desk: Path):
    """A report may come from anywhere; code that it names runs on the user's own word alone, be it in this folder."""
    done("measure", *TABLE, "-m", "multi-order", "-n", "2", "-b", "200", "-o", "a.h5")
    (desk.parent / "evil.py").write_text(
        Path("network.py").read_text() + "\nfrom pathlib import Path\nPath('touched').touch()\n"
    )
    report = ic.read_report("a.h5")
    outside = "py:../evil.py:make"
    write_report(replace(report, config={**report.config, "arch": outside}), Path("forged.h5"), force=False)
    named = ("table.pt", "-d", "csv:table.csv", "-m", "multi-order", "-b", "256", "-o", "b.h5")
    asked = ("measure", "--from", "forged.h5", *named)

    assert "pass --arch py:network.py:make" in refused(2, "measure", "--from", "a.h5", *named)
    assert f"pass --arch {outside}" in refused(2, *asked)
    assert not Path("touched").exists()
    assert "arch cannot change" in refused(2, *asked, "--arch", "py:network.py:make")
    interact(*asked, "--arch", outside)
    assert Path("touched").exists()
