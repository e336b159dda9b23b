"""Open a file that may come from anywhere, and only if it can be a report."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from interact_cli.errors import ReportRefused
from interact_cli.report.hdf5.allow_list import vet
from interact_cli.report.hdf5.schema import FORMAT, SIGNATURE
from interact_cli.report.hdf5.source import Source
from interact_cli.safe_text import safe_text

LIBRARY_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError, SystemError)
"""What h5py raises on files that are damaged or made to harm."""
Identity = tuple[int, int, int, int]


@contextmanager
def vetted(path: Path) -> Iterator[tuple[h5py.File, Identity]]:
    """Open a file, vet all of it, and turn what the library says of a damaged one into a refusal."""
    name = safe_text(path)
    check_plain_file(path, name)
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            if Source(file).text_attribute("/", "format") != FORMAT:
                raise ReportRefused(f"attribute 'format' of / is not '{FORMAT}'")
            vet(file)
            yield file, identity_of(file)
    except ReportRefused as error:
        problem = safe_text(error, limit=1000)
        raise ReportRefused(
            f"'{name}' is refused as a report: {problem}. Measure again or take an intact copy."
        ) from error
    except LIBRARY_ERRORS as error:
        problem = safe_text(str(error).strip("'\""))
        raise ReportRefused(f"'{name}' is damaged: {problem}. Measure again or take an intact copy.") from error


def check_plain_file(path: Path, name: str) -> None:
    """Look at a file before HDF5 opens it: a pipe or a device could block for ever.

    Raises:
        ReportRefused: not a regular file, or one that does not start like HDF5.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise ReportRefused(f"'{name}' is {kind}; expected a report file.")
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise ReportRefused(f"'{name}' cannot be opened: {safe_text(error.strerror or error)}.") from error
    if not start:
        raise ReportRefused(f"'{name}' is empty; expected a report file.")
    if start.startswith(b"version https://git-lfs"):
        raise ReportRefused(f"'{name}' is a git-lfs pointer, not the report itself. Run 'git lfs pull'.")
    if not start.startswith(SIGNATURE):
        raise ReportRefused(f"'{name}' is not an HDF5 file: it starts with {start[:8]!r}. Expected a report file.")


def identity_of(file: h5py.File) -> Identity:
    """Say which file is open, so that a later look can tell whether it is still the same."""
    status = os.fstat(file.id.get_vfd_handle())
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
