"""Reports read in a child process: the same records, or one refusal, whatever the file does to the child."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from support.hostile_reports import HOSTILE, NO_FILES, ODD_NAME, ODD_NAME_SHOWN, SECRET, endless, odd_texts, with_room

from interact_cli.errors import ReportRefused, RunFailed
from interact_cli.report.hdf5 import confined
from interact_cli.report.hdf5.confined import Limits, read_both, read_confined
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import Report

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits")
linux = pytest.mark.skipif(sys.platform != "linux", reason="an address space that can be limited")
NEVER = ("torch", "torchvision", "timm", "transformers", "sklearn", "pandas", "scipy", "matplotlib", "pydantic", "rich")


def assert_same(one, other, where="report"):
    """Two records with equal fields of equal types, arrays to the last bit."""
    assert type(one) is type(other), where
    if dataclasses.is_dataclass(one):
        for name in vars(one).keys() | vars(other).keys():
            assert_same(getattr(one, name), getattr(other, name), f"{where}.{name}")
    elif isinstance(one, np.ndarray):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        assert one.tobytes() == other.tobytes(), where
    elif isinstance(one, dict):
        assert list(one) == list(other), where
        for key in one:
            assert_same(one[key], other[key], f"{where}[{key}]")
    elif isinstance(one, tuple | list):
        assert len(one) == len(other), where
        for position, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{where}[{position}]")
    else:
        assert repr(one) == repr(other), where  # NaN has one spelling


def in_process(path) -> Report:
    """What the reader gives, without what a comparison does not need."""
    report = read_report(path)
    samples = dataclasses.replace(report.samples, pictures=None, texts=())
    return dataclasses.replace(report, records=None, samples=samples)


def refused(path, read=read_confined) -> str:
    with pytest.raises(ReportRefused) as caught:
        read(path)
    message = str(caught.value)
    assert message.isprintable()
    assert SECRET not in message
    assert len(message) < 2100
    return message


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put another program in the place of the child."""

    def put(code: str) -> None:
        folder = tmp_path / "programs"
        folder.mkdir()
        (folder / "another_child.py").write_text(textwrap.dedent(code))
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setattr(confined, "CHILD", "another_child")

    return put


def spans(make_text_report):
    return make_text_report(spans=np.array([[0, 5], [2, 6], [0, 3]]))


def learned(make_text_report):
    baseline = np.arange(24, dtype=np.float32).reshape(3, 1, 8)
    return make_text_report(baseline=baseline, baseline_name="learned")


@pytest.mark.parametrize("kind", ["report", "texts", "layers", "spans", "learned"])
def test_the_records_are_those_of_the_reader(kind, request, make_text_report, tmp_path):
    made = {"spans": spans, "learned": learned}
    report = made[kind](make_text_report) if kind in made else request.getfixturevalue(kind)
    path = tmp_path / f"{kind}.h5"
    write_report(report, path)
    assert read_report(path).records is not None
    assert read_report(path).samples.pictures is not None or read_report(path).samples.texts
    got = read_confined(path)
    assert_same(got, in_process(path))
    assert (got.records, got.samples.pictures, got.samples.texts) == (None, None, ())
    assert got.samples.skipped == report.samples.skipped
    for mine, theirs in zip(got.measurements, report.measurements, strict=True):
        for one, other in zip(mine.per_sample + mine.summary, theirs.per_sample + theirs.summary, strict=True):
            np.testing.assert_array_equal(one.values, other.values)


def test_statistics_and_parts_come_along(report, tmp_path):
    measurement = report.measurements[1]
    part = measurement.per_sample[0]
    summary = dataclasses.replace(
        part, name="mean", dims=("player",), values=part.values.mean(0), statistic="mean", parts=("values",)
    )
    held = (report.measurements[0], dataclasses.replace(measurement, summary=(summary,)))
    write_report(dataclasses.replace(report, measurements=held), tmp_path / "r.h5")
    got = read_confined(tmp_path / "r.h5").measurement("shapley").quantity("mean")
    assert (got.statistic, got.parts) == ("mean", ("values",))


def test_what_is_not_finite_comes_as_the_reader_gives_it(report, tmp_path):
    payload = np.array([0x7FF8000000000123, 0xFFF0000000000000], dtype=np.uint64).view(np.float64)
    first = report.measurements[0]
    summary = (dataclasses.replace(first.summary[0], values=payload), *first.summary[1:])
    findings = (dataclasses.replace(first.findings[0], facts={"a": float("nan"), "b": 1e-320, "c": -0.0}),)
    changed = dataclasses.replace(first, summary=summary, findings=findings)
    write_report(dataclasses.replace(report, measurements=(changed,), config={"big": 10**40}), tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "r+") as file:
        old = file["provenance/json"]
        attributes = dict(old.attrs)
        del file["provenance/json"]
        text = b'{"too large": 1e999}'
        file["provenance/json"] = np.array(text, dtype=h5py.string_dtype("utf-8", len(text)))
        file["provenance/json"].attrs.update(attributes)
    got = read_confined(tmp_path / "r.h5")
    assert_same(got, in_process(tmp_path / "r.h5"))
    assert got.measurements[0].summary[0].values.tobytes() == payload.tobytes()
    assert str(got.measurements[0].findings[0].facts) == "{'a': nan, 'b': 1e-320, 'c': -0.0}"
    assert got.provenance == {"too large": float("inf")}


def test_notes_of_a_newer_file_come_along(written):
    with h5py.File(written, "r+") as file:
        file.attrs["schema_version"] = "1.999"
    assert "1.999" in read_confined(written).notes[0]


def test_two_reports_come_in_their_order(report, texts, tmp_path):
    write_report(report, tmp_path / "a.h5")
    write_report(texts, tmp_path / "b.h5")
    first, second = read_both(tmp_path / "a.h5", tmp_path / "b.h5")
    assert (first.samples.ids, second.samples.ids) == (report.samples.ids, texts.samples.ids)
    assert "'b.h" in refused(tmp_path, lambda folder: read_both(folder / "a.h5", folder / "b.hdf")).replace("/", "'")


def test_two_reports_are_read_side_by_side(written, program):
    """Each child waits for the other before it says a word."""
    program("""
        import os, sys, time
        from pathlib import Path
        from interact_cli.report.hdf5 import child
        def met(path, stream):
            from interact_cli.report.hdf5.wire import send_refusal
            path.with_name(f"{os.getpid()}.here").touch()
            for _ in range(600):
                if len(list(path.parent.glob("*.here"))) == 2:
                    send_refusal("met", stream)
                    return
                time.sleep(0.05)
        child.answer = met
        child.main()
    """)
    assert refused(written, lambda path: read_both(path, path)) == "met"


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: f"item {case.item}: {case.name}")
def test_items_36_to_42_are_refused_in_the_readers_words(case, written):
    case.spoil(written)
    message = refused(written)
    assert case.said in message
    assert message == refused(written, read_report)


@posix
@pytest.mark.parametrize("case", NO_FILES, ids=lambda case: case.name)
def test_what_is_no_report_file_is_refused_without_waiting(case, written):
    if case.name == "no permission" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    case.spoil(written)
    start = time.monotonic()
    message = refused(written)
    assert time.monotonic() - start < 20
    assert message.startswith(f"'{written}'")
    assert case.said in message
    assert message == refused(written, read_report)


@posix
def test_names_that_move_the_cursor_are_shown_escaped(written):
    odd = written.with_name(ODD_NAME)
    assert ODD_NAME_SHOWN in refused(odd)
    written.rename(odd)
    assert_same(read_confined(odd), in_process(odd))


@pytest.mark.parametrize("name", ["-c", "--help", "ä.h5"])
def test_a_name_is_never_an_option(written, monkeypatch, name):
    written.rename(written.with_name(name))
    monkeypatch.chdir(written.parent)
    assert_same(read_confined(Path(name)), in_process(name))


def test_a_name_with_a_null_is_refused():
    assert "cannot be opened: embedded null byte." in refused(Path("a\0b"))


def test_item_39_no_plugin_is_searched_for(written, program, monkeypatch):
    monkeypatch.setenv("HDF5_PLUGIN_PATH", "/somewhere")
    program("""
        import os
        from interact_cli.report.hdf5 import child
        child.answer = lambda path, stream: child_says(stream)
        def child_says(stream):
            from interact_cli.report.hdf5.wire import send_refusal
            send_refusal(str(sorted(name for name in os.environ.items() if name[0].startswith("HDF5"))), stream)
        child.main()
    """)
    assert refused(written) == "[('HDF5_PLUGIN_PRELOAD', '::')]"


def test_item_45_odd_texts_come_escaped_and_capped(written):
    odd_texts(written)
    got = read_confined(written)
    assert_same(got, in_process(written))
    assert got.measurements[0].source == r"\xff\x1b[31m"
    assert len(got.measurements[0].estimator) < 5_000
    assert all(name.isprintable() for name in got.samples.ids)


# Item 41: what the child dies of.


CRASH = """
    import ctypes, faulthandler
    from interact_cli.report.hdf5 import child, reader
    def crash(path):
        ctypes.string_at(0)
    reader.read_report = crash
    child.main()
"""


@posix
def test_item_41_a_crash_of_the_library_is_a_refusal(written, program):
    program(CRASH)
    assert refused(written) == (
        f"'{written}' crashed the HDF5 library (signal SIGSEGV); it is damaged or made to harm. "
        "Measure again or take an intact copy."
    )
    assert list(written.parent.glob("core*")) == []


@posix
@pytest.mark.parametrize("name", ["SIGABRT", "SIGBUS", "SIGILL", "SIGFPE"])
def test_item_41_other_crashes_are_named(written, program, name):
    program(f"import os, signal; os.kill(os.getpid(), signal.{name})")
    assert f"crashed the HDF5 library (signal {name})" in refused(written)


@posix
def test_item_41_a_crash_after_the_answer_counts(written, program):
    program("""
        import os, signal
        from interact_cli.report.hdf5 import child
        os._exit = lambda status: os.kill(os.getpid(), signal.SIGSEGV)
        child.main()
    """)
    assert "(signal SIGSEGV)" in refused(written)


@posix
def test_item_41_a_child_that_the_system_ended(written, program):
    program("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert "for want of memory" in refused(written)


@linux
def test_item_41_more_memory_than_a_report_takes(written):
    with_room(written, 3 << 30)
    assert written.stat().st_blocks < 1 << 20
    message = refused(written)
    assert message == (
        f"'{written}' needs more memory to be read than a comparison gives it. Measure it with fewer metrics."
    )


@linux
def test_item_41_the_limit_of_memory_is_the_childs(written, monkeypatch):
    with_room(written, 320 << 20)
    assert len(read_confined(written).measurements[0].coordinates["room"]) == (320 << 20) // 8
    monkeypatch.setattr(confined, "LIMITS", Limits(memory=400 << 20))
    assert "needs more memory" in refused(written)


def test_item_41_more_numbers_than_travel(written, program):
    program("""
        from interact_cli.report.hdf5 import child, wire
        wire.MAX_ARRAY_BYTES = 1000
        child.main()
    """)
    message = refused(written)
    assert message.startswith(f"'{written}' is too large to compare: its arrays hold ")
    assert message.endswith(" bytes; a comparison reads at most 1,000. Measure it with fewer metrics.")


def test_item_41_a_child_that_never_ends(written, program, monkeypatch):
    monkeypatch.setattr(confined, "LIMITS", Limits(seconds=1.0))
    program("import time; time.sleep(60)")
    start = time.monotonic()
    message = refused(written)
    assert message == f"'{written}' was not read within 1 s. Measure again or take an intact copy."
    assert time.monotonic() - start < 10


@posix
def test_item_41_a_child_that_computes_for_ever(written, program, monkeypatch):
    monkeypatch.setattr(confined, "LIMITS", Limits(processor_seconds=1, seconds=60.0))
    program("""
        from interact_cli.report.hdf5 import child
        def answer(path, stream):
            while True:
                pass
        child.answer = answer
        child.main()
    """)
    assert "was not read within 1 s of processor time" in refused(written)


@posix
def test_item_41_a_file_on_which_the_library_never_ends(written, monkeypatch):
    monkeypatch.setattr(confined, "LIMITS", Limits(processor_seconds=2, seconds=60.0))
    endless(written)
    message = refused(written)
    if h5py.version.hdf5_version == "2.0.0":
        assert "was not read within 2 s of processor time" in message


def test_item_41_a_child_that_talks_for_ever(written, program, monkeypatch):
    monkeypatch.setattr(confined, "LIMITS", Limits(seconds=20.0))
    program("""
        import sys
        while True:
            sys.stdout.buffer.write(bytes(1 << 16))
    """)
    assert "sent no report" in refused(written)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "it ends early, status 0"),
        ("raise SystemExit(3)", "it ends early, status 3"),
        ("raise ZeroDivisionError", "it ends early, status 1"),
        ("print('{}')", "it ends early"),
        ("import sys; sys.stdout.buffer.write(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b'[]')", "the header has other parts"),
        ("import sys, pickle; sys.stdout.buffer.write(pickle.dumps(print))", "the header would take"),
    ],
)
def test_nonsense_is_refused_and_not_shown(written, program, code, said, capfd):
    program(code)
    assert said in refused(written)
    assert capfd.readouterr() == ("", "")


def test_an_error_of_the_reader_is_a_refusal(written, program):
    program("""
        from interact_cli.report.hdf5 import child, reader
        def fail(path):
            raise ZeroDivisionError("a\\x1b[31m\\nb")
        reader.read_report = fail
        child.main()
    """)
    said = r"cannot be read (ZeroDivisionError: a\x1b[31m\nb). Measure again or take an intact copy."
    assert refused(written) == f"'{written}' {said}"


def test_a_process_that_cannot_be_started_is_no_refusal(written, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(written.with_name("no-python")))
    with pytest.raises(RunFailed, match="Cannot start the process"):
        read_confined(written)


# What the child is given, and what it leaves.


def test_the_child_sees_nothing_of_the_user(written, program, monkeypatch, tmp_path):
    monkeypatch.setenv("A_TOKEN", "geheim")
    inherited = os.open(written, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    program("""
        import json, os, sys
        from interact_cli.report.hdf5 import child, reader
        def told(path):
            import resource
            names = ("AS", "CPU", "CORE", "FSIZE")
            limits = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in names}
            fds = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))
            files = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in fds if os.path.exists(f"/proc/self/fd/{fd}")}
            stdin = sys.stdin.read()
            raise reader.ReportRefused(json.dumps([dict(os.environ), limits, files, stdin]))
        reader.read_report = told
        child.main()
    """)
    environment, limits, files, stdin = json.loads(refused(written))
    os.close(inherited)
    allowed = {*confined.KEPT, *confined.ONE_THREAD, "PYTHONPATH", "HDF5_PLUGIN_PRELOAD"}
    assert environment.keys() <= allowed
    assert stdin == ""
    if sys.platform == "linux":
        assert limits == {"AS": [2 << 30] * 2, "CPU": [60, 65], "CORE": [0, 0], "FSIZE": [0, 0]}
        assert not any(str(written.parent) in name for name in files.values())


def test_a_system_without_limits_has_the_clock(written, program):
    program("""
        import sys
        sys.modules["resource"] = None
        from interact_cli.report.hdf5 import child
        child.main()
    """)
    assert_same(read_confined(written), in_process(written))


@posix
def test_limits_that_are_lower_already_stay(written):
    code = f"""
        import resource, sys
        from interact_cli.report.hdf5.confined import read_confined
        resource.setrlimit(resource.RLIMIT_CPU, (20, 40))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        print(len(read_confined({str(written)!r}).samples.ids))
    """
    assert run(code).stdout == "3\n"


def test_the_current_folder_is_no_place_for_modules(written, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    for name in ("h5py", "numpy", "json", "resource", "sitecustomize", "interact_cli"):
        (here / f"{name}.py").write_text("open('imported', 'w').close(); raise SystemExit(0)")
    monkeypatch.chdir(here)
    for place in ("", str(here), os.curdir):
        monkeypatch.syspath_prepend(place)
        assert_same(read_confined(written), in_process(written))
    monkeypatch.setenv("PYTHONPATH", str(here))
    assert_same(read_confined(written), in_process(written))
    assert sorted(path.name for path in here.iterdir() if path.suffix != ".py") == []


def run(code, **options):
    """Run a program of its own."""
    options = {"capture_output": True, "text": True, "check": True} | options
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], **options)


TOLD = """
    from interact_cli.report.hdf5 import confined
    from interact_cli.errors import ReportRefused
    {before}
    try:
        confined.read_confined("a.h5")
    except ReportRefused as error:
        print(error)
"""
"""A parent that prints what its child says instead of a report."""


def test_the_child_cannot_read_what_is_typed(tmp_path):
    (tmp_path / "curious.py").write_text(
        "import sys\n"
        "from interact_cli.report.hdf5.wire import send_refusal\n"
        "send_refusal(f'read {sys.stdin.read()!r}', sys.stdout.buffer)\n"
    )
    code = TOLD.format(before=f"import sys; sys.path.append({str(tmp_path)!r}); confined.CHILD = 'curious'")
    assert run(code, input="typed").stdout == "read ''\n"


@posix
@pytest.mark.parametrize("place", ["PYTHONPATH", "the current folder"])
def test_the_child_is_of_the_same_installation(place, tmp_path):
    """A copy of the package that only the parent's way of starting knows, though another is installed."""
    home = tmp_path / "checkout"
    shutil.copytree(Path(confined.__file__).parents[2], home / "interact_cli", ignore=shutil.ignore_patterns("__pyc*"))
    (home / "interact_cli/where.py").write_text(
        "import sys, interact_cli\n"
        "from interact_cli.report.hdf5.wire import send_refusal\n"
        "send_refusal(interact_cli.__file__, sys.stdout.buffer)\n"
    )
    code = TOLD.format(before="confined.CHILD = 'interact_cli.where'")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if place == "PYTHONPATH":
        environment["PYTHONPATH"] = str(home)
    ran = run(code, cwd=tmp_path if place == "PYTHONPATH" else home, env=environment)
    assert ran.stdout == f"{home}/interact_cli/__init__.py\n"


def test_neither_process_loads_what_a_comparison_does_not_need(written):
    parent = f"""
        import sys
        from interact_cli.report.hdf5.confined import read_both
        read_both({str(written)!r}, {str(written)!r})
        print(*sys.modules)
    """
    child = f"""
        import io, sys
        from pathlib import Path
        from interact_cli.report.hdf5.child import answer, confine
        assert "numpy" not in sys.modules
        stream = io.BytesIO()
        answer(Path({str(written)!r}), stream)
        print(*sys.modules)
    """
    loaded = {name: set(run(code).stdout.split()) for name, code in {"parent": parent, "child": child}.items()}
    assert loaded["parent"] & {*NEVER, "h5py"} == set()
    assert loaded["child"] & set(NEVER) == set()
    assert "h5py" in loaded["child"]


INTERRUPTED = """
    import sys
    sys.path.insert(0, {programs!r})
    from interact_cli.report.hdf5 import confined
    confined.CHILD = "sleeping_child"
    print("started", flush=True)
    confined.read_both({one!r}, {other!r})
"""


@posix
def test_an_interrupt_ends_the_children(written, tmp_path):
    (tmp_path / "sleeping_child.py").write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from pathlib import Path\n"
        "Path(sys.argv[1] + '.pid').write_text(str(os.getpid()))\n"
        "time.sleep(60)\n"
    )
    paths = [str(tmp_path / name) for name in ("one", "other")]
    code = INTERRUPTED.format(programs=str(tmp_path), one=paths[0], other=paths[1])
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    pids = []
    deadline = time.monotonic() + 30
    while len(pids) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
        pids = [
            int(text) for path in paths if Path(f"{path}.pid").exists() and (text := Path(f"{path}.pid").read_text())
        ]
    assert len(pids) == 2
    parent.send_signal(signal.SIGINT)
    _, said = parent.communicate(timeout=20)
    assert said.rstrip().endswith(b"KeyboardInterrupt")
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_no_child_is_left_behind(written):
    before = subprocess._active[:] if hasattr(subprocess, "_active") else []
    for _ in range(3):
        read_confined(written)
        refused(written.with_name("missing"))
    assert subprocess._active == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


# Fuzz.

N_MUTANTS = 200
READ_ALL = """
import io, sys
from pathlib import Path
from interact_cli.errors import ReportRefused
from interact_cli.report.hdf5.child import answer, confine
from interact_cli.report.hdf5.wire import receive
confine(2 << 30, 30)
for name in sys.argv[1:]:
    stream = io.BytesIO()
    answer(Path(name), stream)
    stream.seek(0)
    try:
        receive(stream)
        print(name, "read", flush=True)
    except ReportRefused as error:
        line = str(error)
        print(name, "refused" if line.isprintable() and "cannot be read (" not in line else "odd " + line, flush=True)
"""


def mutant(raw: bytes, seed: int) -> bytes:
    """Damage a file: flip bits, overwrite, cut, move and repeat pieces."""
    draw = random.Random(seed)
    data = bytearray(raw)
    for _ in range(draw.choice((1, 1, 2, 8, 64))):
        at, size = draw.randrange(len(data)), draw.choice((1, 2, 4, 8, 64, 512))
        kind = draw.randrange(6)
        if kind < 2:
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 2:
            data[at : at + size] = draw.randbytes(len(data[at : at + size]))
        elif kind == 3:
            data[at : at + size] = draw.choice((b"\0", b"\xff", b"\x7f")) * len(data[at : at + size])
        elif kind == 4:
            other = draw.randrange(len(data))
            piece = data[other : other + size]
            data[at : at + len(piece)] = piece
        elif draw.random() < 0.1:
            del data[at:]
        if not data:
            break
    return bytes(data)


def test_fuzzed_copies_are_read_or_refused(written, tmp_path, monkeypatch):
    """Many in one process; a mutant that ends it is read again in one of its own, and refused there."""
    monkeypatch.setattr(confined, "LIMITS", Limits(processor_seconds=5, seconds=60.0))
    folder = tmp_path / "mutants"
    folder.mkdir()
    raw = written.read_bytes()
    for seed in range(N_MUTANTS):
        (folder / f"{seed:03d}.h5").write_bytes(mutant(raw, seed))
    waiting = [str(path) for path in sorted(folder.iterdir())]
    outcomes: dict[str, str] = {}
    while waiting:
        ran = subprocess.run([sys.executable, "-c", READ_ALL, *waiting], capture_output=True, text=True, timeout=300)
        assert "Traceback" not in ran.stderr
        lines = ran.stdout.splitlines()
        outcomes |= dict(line.split(" ", 1) for line in lines)
        waiting = waiting[len(lines) :]
        if waiting:
            refused(waiting[0])
            outcomes[waiting.pop(0)] = "refused"
    assert len(outcomes) == N_MUTANTS
    assert set(outcomes.values()) == {"read", "refused"}, [word for word in outcomes.values() if word.startswith("odd")]
    assert list(outcomes.values()).count("refused") > N_MUTANTS / 4
