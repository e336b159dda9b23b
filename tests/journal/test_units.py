"""Finished units survive whatever happens to the process, and nothing else is ever read."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from interact_cli.errors import OutputError, RunFailed, UsageError
from interact_cli.journal.units import Journal

IDENTITY = {"checkpoint": "ab" * 32, "plan": [1, 2], "device": {"type": "cpu", "rows": 64}}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "out.h5.partial"


def started(folder: Path, identity=IDENTITY) -> None:
    """A run that finished one unit and stopped."""
    with Journal.opened(folder, identity) as journal:
        journal.write("unit", np.arange(3.0))


def unit_files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "units").iterdir())


@pytest.mark.parametrize(
    "array",
    [
        np.random.default_rng(0).normal(size=(5, 2, 4)),
        np.arange(7, dtype=np.uint8).reshape(7, 1),
        np.empty((0, 2, 4)),
        np.array(3.5),
        np.array([np.nan, np.inf, -0.0]),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ],
    ids=["records", "packed", "empty", "scalar", "special", "fortran"],
)
def test_round_trip(folder, array):
    with Journal.opened(folder, IDENTITY) as journal:
        journal.write("unit", array)
        back = journal.read("unit")
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert unit_files(folder) == ["unit.npy"]


def test_a_unit_that_was_never_written(folder):
    with Journal.opened(folder, IDENTITY) as journal:
        assert journal.read("unit") is None


def test_objects_are_neither_written_nor_read(folder):
    with Journal.opened(folder, IDENTITY) as journal:
        with pytest.raises(ValueError, match="allow_pickle"):
            journal.write("unit", np.array([{"a": 1}], dtype=object))
        assert unit_files(folder) == []


@pytest.mark.parametrize("keep", [0, 1, 31, 32, 33, 100, -1])
def test_a_truncated_unit_is_none(folder, keep):
    with Journal.opened(folder, IDENTITY) as journal:
        journal.write("unit", np.arange(20.0))
        path = folder / "units" / "unit.npy"
        path.write_bytes(path.read_bytes()[:keep])
        assert journal.read("unit") is None


def test_every_flipped_bit_is_seen(folder):
    with Journal.opened(folder, IDENTITY) as journal:
        journal.write("unit", np.arange(3.0))
        path = folder / "units" / "unit.npy"
        whole = path.read_bytes()
        for position in range(len(whole)):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << (position % 8)
            path.write_bytes(damaged)
            assert journal.read("unit") is None, position
        path.write_bytes(whole + b"\0")
        assert journal.read("unit") is None


def test_units_of_the_same_run_are_found_again(folder):
    started(folder)
    reordered = dict(reversed(IDENTITY.items()))
    with Journal.opened(folder, reordered) as journal:
        assert journal.read("unit").tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"plan": [1, 3]}, "plan"),
        ({"device": {"type": "cpu", "rows": 32}}, "device"),
        ({"checkpoint": "x", "plan": []}, "checkpoint, plan"),
        ({"new": 1}, "new"),
    ],
)
def test_another_run_s_folder_is_refused(folder, change, named):
    with Journal.opened(folder, IDENTITY) as journal:
        journal.write("unit", np.arange(3.0))
    with (
        pytest.raises(UsageError, match=f"another {named}\\. Rerun that command"),
        Journal.opened(folder, IDENTITY | change),
    ):
        pass
    with Journal.opened(folder, IDENTITY) as journal:
        assert journal.read("unit") is not None


def test_a_field_that_is_gone_counts(folder):
    started(folder)
    fewer = {name: value for name, value in IDENTITY.items() if name != "plan"}
    with pytest.raises(UsageError, match="another plan"), Journal.opened(folder, fewer):
        pass


def test_fresh_discards_another_run(folder):
    started(folder)
    with Journal.opened(folder, IDENTITY | {"plan": 0}, fresh=True) as journal:
        assert journal.read("unit") is None
        journal.write("other", np.arange(2.0))
    with Journal.opened(folder, IDENTITY | {"plan": 0}) as journal:
        assert journal.read("other") is not None


def test_fresh_keeps_the_same_run(folder):
    started(folder)
    with Journal.opened(folder, IDENTITY, fresh=True) as journal:
        assert journal.read("unit") is not None


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"text"', "\udcff"])
def test_a_damaged_manifest_fits_no_run(folder, content):
    started(folder)
    (folder / "manifest.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError, match="checkpoint, device, journal format, plan"), Journal.opened(folder, IDENTITY):
        pass
    with Journal.opened(folder, IDENTITY, fresh=True):
        assert json.loads((folder / "manifest.json").read_text()) == {**IDENTITY, "journal format": 2}


def test_an_unfinished_run_of_an_earlier_version_is_refused_by_name(folder):
    started(folder)
    (folder / "manifest.json").write_text(json.dumps(IDENTITY))
    with (
        pytest.raises(
            UsageError, match=r"an unfinished run of an earlier version of interact, .* or pass --force"
        ) as e,
        Journal.opened(folder, IDENTITY),
    ):
        pass
    assert "out.h5.partial" in str(e.value)
    assert unit_files(folder) == ["unit.npy"], "it can still be finished by that version"
    with Journal.opened(folder, IDENTITY, fresh=True) as journal:
        assert journal.read("unit") is None


def test_a_journal_of_a_later_format_is_another_one(folder):
    started(folder)
    (folder / "manifest.json").write_text(json.dumps({**IDENTITY, "journal format": 3}))
    with pytest.raises(UsageError, match=r"another journal format\. Rerun"), Journal.opened(folder, IDENTITY):
        pass


def test_a_folder_whose_units_were_deleted_works_again(folder):
    started(folder)
    shutil.rmtree(folder / "units")
    with Journal.opened(folder, IDENTITY) as journal:
        journal.write("unit", np.arange(3.0))
        assert journal.read("unit") is not None


def test_the_lock_is_gone_afterwards_also_after_an_error(folder):
    with pytest.raises(KeyError), Journal.opened(folder, IDENTITY) as journal:
        journal.write("unit", np.arange(3.0))
        raise KeyError
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    with Journal.opened(folder, IDENTITY) as journal:
        journal.remove()
    assert not list(folder.parent.iterdir())


def test_a_run_without_a_finished_unit_leaves_nothing(folder):
    with pytest.raises(KeyError), Journal.opened(folder, IDENTITY):
        raise KeyError
    assert not list(folder.parent.iterdir())


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "out.h5.partial").write_text("mine")
    for name in ("out.h5.partial", "out.h5.partial/deeper.partial"):
        refused = pytest.raises(OutputError, match="Choose another --output")
        with refused, Journal.opened(tmp_path / name, IDENTITY):
            pass
    assert (tmp_path / "out.h5.partial").read_text() == "mine"


def test_a_full_disk_leaves_no_half_written_file(folder, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Journal.opened(folder, IDENTITY) as journal:
        journal.write("before", np.arange(3.0))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(RunFailed, match=r"No space left on device.*finished units are kept") as caught:
                journal.write("unit", np.arange(3.0))
        assert caught.value.exit_code == 5
        assert unit_files(folder) == ["before.npy"]
        journal.write("unit", np.arange(3.0))
    assert unit_files(folder) == ["before.npy", "unit.npy"]


CHILD = """
import sys, time
from pathlib import Path
import numpy as np
from interact_cli.journal.units import Journal

with Journal.opened(Path(sys.argv[1]), {"run": 1}) as journal:
    print("open", flush=True)
    if sys.argv[2] == "hold":
        time.sleep(60)
    for number in range(100_000):
        journal.write(f"unit{number}", np.full(50_000, float(number)))
        if number == 3:
            print("some", flush=True)
"""


@pytest.fixture
def child(folder):
    processes = []

    def start(mode: str, until: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", CHILD, str(folder), mode], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        while (line := process.stdout.readline().strip()) != until:
            assert line, "the child ended early"
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_process_is_refused(folder, child):
    holder = child("hold", "open")
    with pytest.raises(OutputError, match=r"Another process is writing 'out\.h5'"), Journal.opened(folder, {"run": 1}):
        pass
    holder.kill()
    holder.wait()
    with Journal.opened(folder, {"run": 1}):
        pass


def test_kill_leaves_only_whole_units(folder, child):
    process = child("write", "some")
    time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Journal.opened(folder, {"run": 1}) as journal:
        finished = [name.removesuffix(".npy") for name in unit_files(folder) if name.startswith("unit")]
        assert len(finished) >= 4
        for key in finished:
            np.testing.assert_array_equal(journal.read(key), np.full(50_000, float(key.removeprefix("unit"))))
        assert journal.read(f"unit{len(finished)}") is None


def test_no_two_threads_parse_a_unit_at_once(folder, monkeypatch):
    """Python 3.11.7 fails where they do: "AST constructor recursion depth mismatch"."""
    with Journal.opened(folder, IDENTITY) as journal:
        journal.write("unit", np.arange(3.0))
        inside, most, load = [0], [0], np.load

        def slowly(*arguments, **options):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            found = load(*arguments, **options)
            inside[0] -= 1
            return found

        monkeypatch.setattr(np, "load", slowly)
        with ThreadPoolExecutor(4) as pool:
            read = list(pool.map(journal.read, ["unit"] * 12))
    assert most == [1]
    assert all(np.array_equal(unit, np.arange(3.0)) for unit in read)
