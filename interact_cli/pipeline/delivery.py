"""Where a report goes: shown again if it is finished, continued if it was begun, else made and written whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from interact_cli.config.settings import Settings
from interact_cli.errors import OutputError, ReportRefused
from interact_cli.journal.units import Journal
from interact_cli.pipeline.provenance import Invocation, run_document
from interact_cli.report.documents import content_key
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import check_output, write_report
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

RUNS = Path("interact-runs")
"""Where reports lie unless ``--output`` says otherwise."""


@dataclass(frozen=True)
class Outcome:
    """A report and where it lies."""

    report: Report
    path: Path
    reused: bool
    """True when the same run had already finished: nothing was evaluated."""


def deliver(
    settings: Settings,
    identity: Mapping[str, Any],
    inputs: list[Path],
    make: Callable[[Journal], Report],
    invocation: Invocation,
    *,
    anew: bool = False,
) -> Outcome:
    """Return the finished report of this identity, or make and write it.

    Args:
        settings: ``run.output`` and ``run.force``.
        identity: What decides the numbers.
        inputs: Files that must not be overwritten.
        make: Makes the report with a journal of finished units.
        invocation: When and how the run was asked for.
        anew: Neither show nor continue an earlier run: nothing tells for sure that it was of the same network.

    Raises:
        OutputError: the output is another run's report, cannot be written, or is an input.
        UsageError: the folder of finished units is another run's.
    """
    key = content_key(identity)
    path = settings.run.output or RUNS / f"{key}.h5"
    _protect(path, inputs)
    if anew:
        if settings.run.output is not None and path.exists() and not settings.run.force:
            raise OutputError(
                f"'{safe_text(path)}' exists, and a network in memory is measured anew each time. Choose another "
                f"output, or pass force=True to replace it."
            )
        settings = settings.model_copy(update={"run": settings.run.model_copy(update={"force": True})})
    finished = _finished(path, key, force=settings.run.force)
    if finished is not None:
        return Outcome(finished, path, reused=True)
    with _journal(path, identity, settings, anew=anew) as journal:
        # Another process may have finished the same run before this one held the lock.
        finished = _finished(path, key, force=settings.run.force)
        if finished is None:
            report = make(journal)
            write_report(replace(report, run=run_document(settings, invocation)), path, force=settings.run.force)
        journal.remove()
    # Read back: its records were in the journal, and what is shown is then what was written.
    return Outcome(finished or read_report(path), path, reused=finished is not None)


def _protect(path: Path, inputs: list[Path]) -> None:
    try:
        clash = path.exists() and any(given.exists() and path.samefile(given) for given in inputs)
    except OSError as error:
        raise OutputError(f"Cannot write '{safe_text(path)}': {error.strerror}. Choose another --output.") from None
    if clash:
        raise OutputError(f"The output '{safe_text(path)}' is one of the inputs. Choose another --output.")


def _finished(path: Path, key: str, *, force: bool) -> Report | None:
    if force or not path.exists():
        return None
    try:
        report = read_report(path)
    except ReportRefused as error:
        check_output(path, force=True)  # what --force could not replace either is said first
        raise OutputError(f"{error} Choose another --output, or pass --force to replace it.") from None
    if report.provenance.get("content_key") != key:
        raise OutputError(
            f"'{safe_text(path)}' holds the report of another run. Choose another --output, or pass --force."
        )
    return report


@contextmanager
def _journal(path: Path, identity: Mapping[str, Any], settings: Settings, *, anew: bool) -> Iterator[Journal]:
    """Open ``OUT.partial`` beside a report that can be written; a folder `RUNS` made for nothing goes again."""
    ours = settings.run.output is None
    if ours:
        _make_runs_folder()
    try:
        if settings.run.force or not path.exists():
            check_output(path, force=settings.run.force)
        flat = {f"{part}: {name}": value for part, fields in identity.items() for name, value in fields.items()}
        folder = path.with_name(path.name + ".partial")
        with Journal.opened(folder, flat, fresh=settings.run.force, anew=anew) as journal:
            yield journal
    finally:
        if ours:
            with suppress(OSError):
                RUNS.rmdir()


def _make_runs_folder() -> None:
    try:
        RUNS.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot make the folder '{RUNS}' for reports: {error.strerror}. Name a place with --output."
        ) from None
