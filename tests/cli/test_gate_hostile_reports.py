"""Items 36 to 42 and 45 through the commands: exit code 4, one clean line, nothing shown, nothing written, no hang."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.gate_reports import made
from support.hostile_reports import (
    HOSTILE,
    NO_FILES,
    ODD_NAME,
    ODD_NAME_SHOWN,
    SECRET,
    Spoiled,
    endless,
    odd_texts,
    with_room,
)
from support.workbench import Ran, environment, interact, refused

from interact_cli.report.hdf5 import confined
from interact_cli.report.hdf5.writer import write_report

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and signals")
POLICY = """
rules:
  - metric: multi-order
    quantity: mean_abs
    must_not: rise
    margin: 10%
"""
COMMANDS = {
    "compare": ("compare", "good.h5", "bad.h5"),
    "compare, as the reference": ("compare", "bad.h5", "good.h5", "--json"),
    "gate": ("gate", "good.h5", "bad.h5", "--policy", "policy.yaml"),
    "gate, as the reference": ("gate", "bad.h5", "good.h5", "--policy", "policy.yaml", "-o", "verdict.xml"),
}
"""Each file is shown to one of these in turn; those that ask the library most, to all."""


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("honest") / "good.h5"
    write_report(made(n_samples=24), path)
    return path


@pytest.fixture
def table(honest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a policy, a good report and one to spoil."""
    folder = tmp_path / "table"
    folder.mkdir()
    shutil.copy(honest, folder / "good.h5")
    shutil.copy(honest, folder / "bad.h5")
    (folder / "policy.yaml").write_text(POLICY)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    return folder


def refusal(call: tuple[str, ...]) -> str:
    """One line on stderr, exit code 4, and nothing else anywhere."""
    before = sorted(Path.cwd().iterdir())
    line = refused(4, *call)
    assert line.isprintable()
    assert SECRET not in line
    assert sorted(Path.cwd().iterdir()) == before
    return line


@pytest.mark.parametrize("call", ["compare", "gate"])
def test_the_honest_pair_is_read(table: Path, call: str):
    assert interact(*COMMANDS[call]).code == 0


@pytest.mark.parametrize(
    ("case", "call"),
    [(case, list(COMMANDS)[number % len(COMMANDS)]) for number, case in enumerate(HOSTILE)],
    ids=lambda given: f"item {given.item}: {given.name}" if isinstance(given, Spoiled) else given,
)
def test_items_36_to_42(table: Path, case: Spoiled, call: str):
    case.spoil(Path("bad.h5"))
    assert case.said in refusal(COMMANDS[call])


@pytest.mark.parametrize("case", NO_FILES, ids=lambda case: case.name)
def test_what_is_no_report_file(table: Path, case: Spoiled):
    if case.name == "no permission" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    case.spoil(Path("bad.h5"))
    start = time.monotonic()
    assert case.said in refusal(COMMANDS["gate"])
    assert time.monotonic() - start < 20


def test_a_name_that_moves_the_cursor(table: Path):
    assert ODD_NAME_SHOWN in refusal(("compare", "good.h5", ODD_NAME))
    Path(ODD_NAME).write_bytes(Path("good.h5").read_bytes()[:100])
    assert ODD_NAME_SHOWN in refusal(("gate", ODD_NAME, "good.h5", "--policy", "policy.yaml"))


def subprocess_ran(*arguments: str, **more: str) -> Ran:
    """Run Python as a user's shell would: what this process has told HDF5 is not inherited."""
    told = {name: value for name, value in environment(**more).items() if name != "HDF5_PLUGIN_PRELOAD"}
    ran = subprocess.run(
        [sys.executable, *arguments], env=told, capture_output=True, text=True, check=False, timeout=120
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize("call", [COMMANDS["compare"], COMMANDS["gate"]], ids=["compare", "gate"])
def test_item_36_no_byte_of_another_file_in_a_process_of_its_own(table: Path, call: tuple[str, ...]):
    next(case for case in HOSTILE if case.item == 36).spoil(Path("bad.h5"))
    ran = subprocess_ran("-m", "interact_cli", "--debug", *call)
    assert (ran.code, ran.out) == (4, "")
    assert "/players/owner uses external storage" in ran.err
    assert SECRET not in ran.err


@pytest.mark.skipif(shutil.which("cc") is None, reason="no compiler")
def test_item_39_a_plugin_beside_the_report_is_not_loaded(table: Path):
    """A filter plugin leaves a mark when it is loaded, as it is by a program that takes no care."""
    source, mark = Path("plugin.c"), table / "loaded"
    source.write_text(
        "#include <fcntl.h>\n#include <unistd.h>\n"
        f'__attribute__((constructor)) static void mark(void) {{ close(open("{mark}", O_CREAT | O_WRONLY, 0600)); }}\n'
        "int H5PLget_plugin_type(void) { return 0; }\n"
        "const void *H5PLget_plugin_info(void) { return 0; }\n"
    )
    Path("plugins").mkdir()
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "plugins/libevil.so", source.name], check=True)
    next(case for case in HOSTILE if case.item == 39).spoil(Path("bad.h5"))
    careless = "import h5py; h5py.h5z.filter_avail(32015)"
    subprocess_ran("-c", careless, HDF5_PLUGIN_PATH=str(table / "plugins"))
    assert mark.exists()
    mark.unlink()
    ran = subprocess_ran("-m", "interact_cli", *COMMANDS["gate"], HDF5_PLUGIN_PATH=str(table / "plugins"))
    assert ran.code == 4
    assert "unknown filter 32015" in ran.err
    assert not mark.exists()


@pytest.fixture
def another_child(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for a program that runs instead of the child."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(confined, "CHILD", "another_child")
    return folder / "another_child.py"


@pytest.mark.parametrize("call", COMMANDS.values(), ids=COMMANDS)
def test_item_41_a_file_that_crashes_the_library(another_child: Path, call: tuple[str, ...]):
    another_child.write_text(
        "import ctypes, sys\n"
        "from interact_cli.report.hdf5 import child, reader\n"
        "honest = reader.read_report\n"
        "reader.read_report = lambda path: ctypes.string_at(0) if path.name == 'bad.h5' else honest(path)\n"
        "child.main()\n"
    )
    assert refusal(call) == (
        "error: 'bad.h5' crashed the HDF5 library (signal SIGSEGV); it is damaged or made to harm. "
        "Measure again or take an intact copy."
    )


@pytest.mark.skipif(sys.platform != "linux", reason="an address space that can be limited")
def test_item_41_a_file_that_eats_memory(table: Path):
    with_room(Path("bad.h5"), 3 << 30)
    assert "'bad.h5' needs more memory to be read than a comparison gives it" in refusal(COMMANDS["gate"])


def test_item_41_a_file_that_never_ends(table: Path, monkeypatch: pytest.MonkeyPatch):
    """The library runs in circles on this file, or refuses it where it has learnt better."""
    monkeypatch.setattr(confined, "LIMITS", confined.Limits(processor_seconds=2))
    endless(Path("bad.h5"))
    assert "'bad.h5'" in refusal(COMMANDS["gate"])


def test_item_41_a_child_that_sleeps(another_child: Path, monkeypatch: pytest.MonkeyPatch):
    another_child.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(confined, "LIMITS", confined.Limits(seconds=1.0))
    assert "'good.h5' was not read within 1 s" in refusal(COMMANDS["compare"])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_the_command_and_its_children(table: Path, tmp_path: Path, number: int, code: int):
    (tmp_path / "waiting.py").write_text(
        "import os, signal, sys, time\n"
        "from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "Path(sys.argv[1] + '.pid').write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    script = (
        "import sys\n"
        "from interact_cli.cli.app import main\n"
        "from interact_cli.report.hdf5 import confined\n"
        f"sys.path.append({str(tmp_path)!r})\n"
        "confined.CHILD = 'waiting'\n"
        "main()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, *COMMANDS["compare"]], env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    marks = [Path(f"{name}.h5.pid") for name in ("good", "bad")]
    deadline = time.monotonic() + 60
    while not all(mark.exists() and mark.read_text() for mark in marks) and time.monotonic() < deadline:
        time.sleep(0.05)
    pids = [int(mark.read_text()) for mark in marks]
    parent.send_signal(number)
    out, err = parent.communicate(timeout=30)
    assert (parent.returncode, out) == (code, b"")
    assert b"Traceback" not in err
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.parametrize("call", ["compare", "gate, as the reference"])
def test_item_45_odd_texts_are_shown_escaped_and_capped(table: Path, call: str):
    for name in ("good.h5", "bad.h5"):
        odd_texts(Path(name))
    ran = interact(*COMMANDS[call])
    written = Path("verdict.xml").read_text() if Path("verdict.xml").exists() else ""
    assert ran.code == 0, ran
    for text in (ran.out, ran.err, written):
        assert all(line.isprintable() for line in text.split("\n"))
        assert len(text) < 1 << 19
        assert "y" * 10_000 not in text
