"""Where a report may be written, and what a failure leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.workbench import TABLE, done, refused

RUN = ("measure", *TABLE, "-n", "3")


def test_existing_report_of_another_run(desk: Path):
    done(*RUN, "-m", "shapley", "-o", "a.h5")
    before = Path("a.h5").read_bytes()
    line = refused(2, *RUN, "-m", "banzhaf", "-o", "a.h5")

    assert "--force" in line
    assert Path("a.h5").read_bytes() == before
    done(*RUN, "-m", "banzhaf", "-o", "a.h5", "--force")
    assert Path("a.h5").read_bytes() != before
    assert sorted(path.name for path in desk.glob("*a.h5*")) == ["a.h5"]


def test_force_does_not_replace_what_is_no_report(desk: Path):
    Path("notes.txt").write_text("mine")

    refused(2, *RUN, "-m", "shapley", "-o", "notes.txt")
    refused(2, *RUN, "-m", "shapley", "-o", "notes.txt", "--force")
    assert Path("notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["table.pt", "table.csv", "network.py"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_output_that_is_an_input(desk: Path, name: str, force: tuple[str, ...]):
    before = Path(name).read_bytes()
    told = "not a report" if name == "network.py" else "one of the inputs"

    assert told in refused(2, *RUN, "-m", "shapley", "-o", name, *force)
    assert Path(name).read_bytes() == before
    os.link(name, "link.h5")
    assert told in refused(2, *RUN, "-m", "shapley", "-o", "link.h5", *force)
    assert Path(name).read_bytes() == before


def test_old_report_stays_intact_when_a_forced_run_fails(desk: Path):
    done(*RUN, "-m", "shapley", "-o", "a.h5")
    before = Path("a.h5").read_bytes()
    poisoned = ("measure", "table.pt", "--arch", "py:network.py:poisoned", *TABLE[3:], "-n", "3")
    refused(5, *poisoned, "-m", "shapley", "--baseline", "zero", "-o", "a.h5", "--force")

    assert Path("a.h5").read_bytes() == before


def test_folder_that_does_not_exist(desk: Path):
    assert "absent" in refused(2, *RUN, "-m", "shapley", "-o", "absent/a.h5")
    assert not Path("absent").exists()


def test_output_that_is_a_folder(desk: Path):
    refused(2, *RUN, "-m", "shapley", "-o", "images")
    refused(2, *RUN, "-m", "shapley", "-o", "images", "--force")


def test_output_that_is_a_link(desk: Path):
    Path("link.h5").symlink_to("elsewhere.h5")
    refused(2, *RUN, "-m", "shapley", "-o", "link.h5")
    assert not Path("elsewhere.h5").exists()


def test_folder_that_cannot_be_written(desk: Path, monkeypatch: pytest.MonkeyPatch):
    """Permissions do not stop the superuser, so the question is answered for it."""
    Path("locked").mkdir(mode=0o555)
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: "locked" not in str(path) and allowed(path, mode))
    line = refused(2, *RUN, "-m", "shapley", "-o", "locked/a.h5")

    assert "permission" in line
    assert list(Path("locked").iterdir()) == []


def test_default_folder_that_cannot_be_made(desk: Path):
    Path("interact-runs").write_text("a file")

    assert "interact-runs" in refused(2, *RUN, "-m", "shapley")


def test_full_disk(desk: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    line = refused(5, *RUN, "-m", "shapley", "-o", "a.h5")

    assert "No space left" in line
    assert not Path("a.h5").exists()
    assert not list(desk.glob(".*tmp*"))


def test_second_process_on_the_same_output(desk: Path):
    import filelock

    with filelock.FileLock("a.h5.partial.lock"):
        assert "Another process" in refused(2, *RUN, "-m", "shapley", "-o", "a.h5")


def test_nothing_but_the_report_is_left(desk: Path):
    before = {path.name for path in desk.iterdir()}
    done(*RUN, "-m", "shapley", "-o", "a.h5")

    assert {path.name for path in desk.iterdir()} - before == {"a.h5"}
