"""Write a report: a temporary file beside the goal, checked by the reader, then moved into place at once."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

import h5py

from interact_cli.errors import InputRefused, OutputError, RunFailed
from interact_cli.report.hdf5.allow_list import inflated, measure_sizes
from interact_cli.report.hdf5.layout import write_layout
from interact_cli.report.hdf5.patient_file import PatientFile
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.schema import SIGNATURE
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

_COMPANION = 20 * "x"
"""As long as what the names of the temporary file and of the journal add to the report's name."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_report(report: Report, path: Path, *, force: bool = False) -> None:
    """Write the report so that ``path`` holds either the whole of it or what it held before.

    Two equal reports give equal data sets and attributes everywhere outside ``/provenance/run``.

    Args:
        report: What was measured.
        path: Where to; the folder must exist.
        force: Replace an existing report.

    Raises:
        OutputError: ``path`` exists, is no plain report file, or its folder cannot be written.
        RunFailed: the disk is full, or the written file does not pass the reader.
        ShapeError: a quantity contradicts its dimensions.
    """
    path = Path(path)
    check_output(path, force=force)
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        _write(report, temporary)
        _verify(temporary)
        _finish(temporary, path, force=force)
    except OSError as error:
        raise _explained(error, path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_output(path: Path, *, force: bool = False) -> None:
    """Say before the work whether a report could be written to ``path``.

    Raises:
        OutputError: it exists (and ``force`` is not set), is no plain report file, or its folder cannot be written.
    """
    check_name(path)
    name = safe_text(path)
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"Cannot write '{name}': '{safe_text(folder)}' is not an existing folder. Create it first.")
    if path.is_symlink():
        raise OutputError(f"'{name}' is a symbolic link. Name the file itself, so that nothing else is overwritten.")
    if path.exists():
        _check_existing(path, name, force=force)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"Cannot write '{name}': no permission to create files in '{safe_text(folder)}'.")


def check_name(path: Path) -> None:
    """Refuse a name that no file can have, with room for the temporary files beside it.

    Raises:
        OutputError: it is too long, or it cannot be looked up.
    """
    try:
        path.with_name(path.name + _COMPANION).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return  # what the folder is, `check_output` says
    except (OSError, ValueError) as error:
        problem = safe_text(getattr(error, "strerror", None) or error)
        raise OutputError(f"Cannot write '{safe_text(path)}': {problem}. Choose another output.") from None


def _check_existing(path: Path, name: str, *, force: bool) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise OutputError(f"'{name}' exists and is not a file. Choose another output.")
    if not force:
        raise OutputError(f"'{name}' exists already. Choose another output, or use --force to replace it.")
    with suppress(OSError), path.open("rb") as file:
        if file.read(len(SIGNATURE)) in (b"", SIGNATURE):
            return
    raise OutputError(f"'{name}' is not a report, so --force does not replace it. Choose another output.")


def _write(report: Report, temporary: Path) -> None:
    """Write once; data that compresses like a bomb is written again without compression, so that readers trust it."""
    plain: frozenset[str] = frozenset()
    for _ in range(2):
        temporary.unlink(missing_ok=True)
        with temporary.open("x+b", buffering=0) as raw:
            patient = PatientFile(raw)
            with h5py.File(patient, "w", track_order=True) as file:
                write_layout(report, file, plain=plain, check=patient.check)
            patient.check()
        with h5py.File(temporary, "r", locking="best-effort") as file:
            plain = frozenset(inflated(measure_sizes(file)))
        if not plain:
            return


def _verify(temporary: Path) -> None:
    """Read everything back, one sample's records at a time; checksums are compared on the way."""
    try:
        records = read_report(temporary).records
        for _ in records or ():
            pass
    except InputRefused as error:
        raise RunFailed(f"The written report does not pass its own check, so it was discarded: {error}") from error


def _finish(temporary: Path, path: Path, *, force: bool) -> None:
    _sync(temporary, os.O_RDWR)
    check_output(path, force=force)
    temporary.replace(path)
    if os.name == "posix":
        _sync(path.parent, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _explained(error: OSError, path: Path) -> OutputError | RunFailed:
    problem = safe_text(error.strerror or error)
    if error.errno in _FULL:
        return RunFailed(f"No space left to write '{safe_text(path)}' ({problem}). Free some and run again.")
    return OutputError(f"Cannot write '{safe_text(path)}': {problem}.")
