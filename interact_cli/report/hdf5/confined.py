"""Read a report that may have been made to harm, in a process of its own with bounds on memory and time.

The HDF5 library is large, written in C, and reads what strangers wrote. A file that crashes it, that never ends or that
eats memory costs a comparison its child and nothing else: it is refused like any other. This process never loads the
library, and believes nothing that the child says (`interact_cli.report.hdf5.wire`).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Timer
from types import TracebackType
from typing import IO, Self, cast

import interact_cli
from interact_cli.errors import ReportRefused, RunFailed
from interact_cli.report.hdf5.rebuilding import WireError
from interact_cli.report.hdf5.wire import receive
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

CHILD = "interact_cli.report.hdf5.child"
START = """
import runpy, sys
from importlib.util import module_from_spec, spec_from_file_location
place, child = sys.argv[1:3]
del sys.argv[1:3]
spec = spec_from_file_location("interact_cli", place)
sys.modules["interact_cli"] = package = module_from_spec(spec)
spec.loader.exec_module(package)
runpy.run_module(child, run_name="__main__")
"""
"""Runs the child with the package of the parent, whichever is installed where the child would look for it."""
KEPT = (
    *("LANG", "LC_ALL", "LC_CTYPE", "PYTHONUTF8"),
    *("PYTHONHOME", "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT"),
)
"""All that the child sees of the environment: how names are spelt, and where Python finds its libraries."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The threads of a library take address space, and reading needs none."""
PATIENCE = 2.0
"""Seconds for the child to leave after its last word."""


@dataclass(frozen=True)
class Limits:
    """What a child may take."""

    memory: int = 2 << 30
    """Bytes of address space: Python, NumPy and HDF5 take 0.13 GB, the largest report that travels 1 GB."""
    processor_seconds: int = 60
    seconds: float = 120.0
    """By the clock, while it is waited for; the disk may be slow."""


LIMITS = Limits()


def read_confined(path: Path) -> Report:
    """Read a report in a child process, without its evaluation records, pictures and texts.

    Args:
        path: A file written by `interact_cli.report.hdf5.writer.write_report`, or anything else.

    Raises:
        ReportRefused: whatever `interact_cli.report.hdf5.reader.read_report` refuses, in its words, and a file that
            crashes the HDF5 library or needs more memory or time than any report.
        RunFailed: no process can be started.
    """
    with _Reading(path) as reading:
        return reading.report()


def read_both(reference: Path, candidate: Path) -> tuple[Report, Report]:
    """Read two reports side by side, each as `read_confined` does.

    Raises:
        ReportRefused: one of them is refused; of two, the reference.
        RunFailed: no process can be started.
    """
    with _Reading(reference) as first, _Reading(candidate) as second:
        return first.report(), second.report()


class _Reading:
    """A child at work; when the block ends, however it ends, the child has ended too."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = safe_text(path)
        self._late = False
        limits = (str(LIMITS.memory), str(LIMITS.processor_seconds))
        try:
            self._child = subprocess.Popen(
                (sys.executable, "-P", "-B", "-c", START, interact_cli.__file__, CHILD, str(path), *limits),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except ValueError as error:
            raise ReportRefused(f"'{self._name}' cannot be opened: {safe_text(error)}.") from error
        except OSError as error:
            problem = safe_text(error.strerror or error)
            raise RunFailed(f"Cannot start the process that reads '{self._name}': {problem}.") from error
        self._stream = cast(IO[bytes], self._child.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._child.kill()
        self._child.wait()
        self._stream.close()

    def report(self) -> Report:
        """Wait for the answer and believe it only if the child ended well."""
        clock = Timer(LIMITS.seconds, self._stop)
        clock.start()
        try:
            report = receive(self._stream)
        except WireError as error:
            raise self._refusal(self._status(), str(error)) from error
        finally:
            clock.cancel()
        status = self._status()
        if status:
            raise self._refusal(status, "it failed after its last word")
        return replace(report, path=self._path)

    def _stop(self) -> None:
        self._late = True
        self._child.kill()

    def _status(self) -> int:
        with suppress(subprocess.TimeoutExpired):
            return self._child.wait(PATIENCE)
        return 0  # it has had its last word: one that lingers is killed when the block ends

    def _refusal(self, status: int, problem: str) -> ReportRefused:
        name = self._name
        if self._late:
            what = f"'{name}' was not read within {LIMITS.seconds:g} s"
        elif -status == getattr(signal, "SIGXCPU", None):
            what = f"'{name}' was not read within {LIMITS.processor_seconds} s of processor time"
        elif -status == getattr(signal, "SIGKILL", None):
            what = f"The system ended the process that read '{name}' (signal SIGKILL), as it does for want of memory"
        elif status < 0:
            ended = f"signal {_signal_name(-status)}"
            what = f"'{name}' crashed the HDF5 library ({ended}); it is damaged or made to harm"
        else:
            what = f"'{name}' was not read: its process sent no report ({problem}, status {status})"
        return ReportRefused(f"{what}. Measure again or take an intact copy.")


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return str(number)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {**kept, **ONE_THREAD, "PYTHONPATH": os.pathsep.join(_import_path())}


def _import_path() -> list[str]:
    """List where this process finds modules, but for the current folder."""
    return [entry for entry in sys.path if Path(entry).is_absolute() and not _is_current(entry)]


def _is_current(entry: str) -> bool:
    try:
        return Path(entry).samefile(os.curdir)
    except OSError:
        return False
