"""The process that reads one report: limits first, then the reader, then one answer.

Called with PATH MEMORY SECONDS by `interact_cli.report.hdf5.confined`. What the HDF5 library does with a file that was
made to harm, it does here.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

from interact_cli.errors import ReportRefused
from interact_cli.safe_text import safe_text

GRACE = 5
"""Seconds of processor time between the signal that ends the process and the one that cannot be ignored."""


def main() -> None:
    """Answer on what was standard output; nothing else can write there."""
    path, memory, seconds = sys.argv[1:]
    confine(int(memory), int(seconds))
    with os.fdopen(os.dup(1), "wb") as stream:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        answer(Path(path), stream)
    os._exit(0)  # a library in disorder has nothing to tidy up


def confine(memory: int, seconds: int) -> None:
    """Bound what this process can take, where the system can.

    Args:
        memory: Bytes of address space.
        seconds: Of processor time.
    """
    try:
        import resource
    except ImportError:
        return
    limits = {"AS": (memory, memory), "CPU": (seconds, seconds + GRACE), "CORE": (0, 0), "FSIZE": (0, 0)}
    for name, limit in limits.items():
        with suppress(ValueError, OSError):  # lower already, or a system that knows only the name of RLIMIT_AS
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), limit)


def answer(path: Path, stream: IO[bytes]) -> None:
    """Read a report and send it, or one line that says why not."""
    from interact_cli.report.hdf5.wire import send, send_refusal

    try:
        from interact_cli.report.hdf5.reader import read_report

        send(read_report(path), stream)
    except Exception as error:
        send_refusal(_told(error, safe_text(path)), stream)


def _told(error: Exception, name: str) -> str:
    from interact_cli.report.hdf5.rebuilding import WireError

    if _lacks_memory(error):
        return f"'{name}' needs more memory to be read than a comparison gives it. Measure it with fewer metrics."
    if isinstance(error, WireError):
        return f"'{name}' is too large to compare: {error}. Measure it with fewer metrics."
    if isinstance(error, ReportRefused):
        return str(error)
    problem = f"{type(error).__name__}: {safe_text(error)}"
    return f"'{name}' cannot be read ({problem}). Measure again or take an intact copy."


def _lacks_memory(error: BaseException | None) -> bool:
    return error is not None and (isinstance(error, MemoryError) or _lacks_memory(error.__cause__))


if __name__ == "__main__":
    main()
