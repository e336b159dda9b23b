"""What the user sees: the result on stdout, everything else on stderr."""

from __future__ import annotations

import os
import re
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from interact_cli.progress import Progress as Told
from interact_cli.progress import Silent
from interact_cli.safe_text import safe_text

LONGEST = 4000
"""Characters of one message that are shown."""
LINE_EVERY = 10.0
"""Seconds between two lines of plain progress."""


class ReaderLeft(Exception):
    """Whoever read the result stopped reading. No other pipe that breaks means that."""


class _Result(Console):
    """stdout: whoever stops reading ends the command."""

    def on_broken_pipe(self) -> None:
        """Leave it to `guarded`; rich would exit with 1, the code of a regression."""
        raise ReaderLeft


class _Told(Console):
    """stderr: the work goes on when nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """Write into the void from now on."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


class _NoCommands:
    """A stream on which nothing that came from outside can speak to the runner of a CI service.

    GitHub's takes a line that begins with ``::``, or holds ``##[``, for a command; Azure's one that holds ``##[`` or
    ``##vso[``. All of them are broken by a space.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write text without commands."""
        text = re.sub(r"(?m)^(\s*):(?=:)", r"\1: ", text)
        return self._stream.write(re.sub(r"##(?=\w*\[)", "# #", text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _stream(stream: IO[str]) -> IO[str]:
    """Return the stream, guarded where a runner listens."""
    listens = on_github() or os.environ.get("TF_BUILD") == "True"
    return cast("IO[str]", _NoCommands(stream)) if listens else stream


def _write_result(stream: IO[str], text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise ReaderLeft from None


def on_github() -> bool:
    """True inside a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


@dataclass
class Screen:
    """Where output goes; set once from the global options."""

    color: bool = True
    quiet: bool = False
    debug: bool = False

    @property
    def out(self) -> Console:
        """The result."""
        # None, not False: only then does rich heed NO_COLOR.
        return _Result(file=_stream(sys.stdout), no_color=None if self.color else True, highlight=False)

    @property
    def err(self) -> Console:
        """Everything else."""
        return _Told(file=_stream(sys.stderr), no_color=None if self.color else True, highlight=False, stderr=True)

    def show(self, result: RenderableType) -> None:
        """Print a result."""
        self.out.print(result)

    def document(self, text: str) -> None:
        """Print a document as it is: JSON or YAML, never folded or coloured."""
        _write_result(sys.stdout, text if text.endswith("\n") else text + "\n")

    def data(self, document: Mapping[str, Any]) -> None:
        """Print a document as JSON."""
        from interact_cli.report.documents import json_text

        self.document(json_text(document, indent=2))

    def place(self, path: Path) -> None:
        """Print where something lies, in one line."""
        _write_result(_stream(sys.stdout), f"{safe_text(path, LONGEST)}\n")

    def workflow_command(self, line: str) -> None:
        """Speak to GitHub's runner: the one line that is meant as a command."""
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def hang_up(self) -> None:
        """Write results into the void from now on: nobody reads them any more."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def say(self, message: str, style: str = "") -> None:
        """Tell something beside the result, unless quiet."""
        if not self.quiet:
            self.err.print(Text(safe_text(message, LONGEST), style=style), soft_wrap=True)

    def trace(self) -> None:
        """Show the traceback of the error at hand."""
        traceback.print_exc(file=_stream(sys.stderr))

    def warn(self, message: str) -> None:
        """Tell what must not be missed, even where quiet."""
        self.err.print(Text.assemble(("warning: ", "bold yellow"), safe_text(message, LONGEST)), soft_wrap=True)

    def error(self, message: str) -> None:
        """Tell why nothing came out: one line."""
        line = safe_text(" ".join(message.split()), LONGEST)
        self.err.print(Text.assemble(("error: ", "bold red"), line), soft_wrap=True)


screen = Screen()


class PlainProgress:
    """Progress as lines: a start, a line every ten seconds with rate and time left, an end."""

    def __init__(self) -> None:
        self.label, self.unit, self.total, self.done = "", "", 0, 0
        self.started = self.last = 0.0

    def start(self, label: str, total: int, unit: str) -> None:
        """Say what begins."""
        self.label, self.total, self.unit, self.done = label, total, unit, 0
        self.started = self.last = time.monotonic()
        screen.say(f"{label}: {total:,} {unit}")

    def advance(self, done: int) -> None:
        """Say how far it is, now and then."""
        self.done += done
        now = time.monotonic()
        if now - self.last >= LINE_EVERY and self.done:
            rate = self.done / (now - self.started)
            left = max(0, self.total - self.done) / rate
            screen.say(
                f"{self.label}: {self.done:,} of {self.total:,} {self.unit}, {rate:,.0f}/s, about {left:.0f} s left"
            )
            self.last = now

    def finish(self) -> None:
        """Say how long it took."""
        seconds = time.monotonic() - self.started
        screen.say(f"{self.label}: done, {self.done:,} {self.unit} in {seconds:.1f} s")

    def note(self, message: str) -> None:
        """Say it."""
        screen.say(message)

    def warn(self, message: str) -> None:
        """Say it loudly."""
        screen.warn(message)


class RichProgress(PlainProgress):
    """Progress as one moving line with rate and time left, for terminals."""

    def __init__(self) -> None:
        super().__init__()
        self.bar: Progress | None = None

    def start(self, label: str, total: int, unit: str) -> None:
        """Draw the bar."""
        self.finish()
        self.label, self.total, self.unit, self.done = label, total, unit, 0
        self.started = time.monotonic()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=screen.err,
            transient=True,
        )
        self.bar.add_task(label, total=total, rate="")
        self.bar.start()

    def advance(self, done: int) -> None:
        """Move the bar."""
        self.done += done
        if self.bar is not None:
            rate = self.done / max(time.monotonic() - self.started, 1e-9)
            self.bar.update(self.bar.task_ids[0], advance=done, rate=f"{rate:,.0f}/s")

    def finish(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None
            super().finish()


class NoProgress(Silent):
    """Warnings only."""

    def warn(self, message: str) -> None:
        """Say it loudly."""
        screen.warn(message)


def progress(kind: str) -> Told:
    """Return the progress of that kind; ``auto`` draws a bar on a terminal and lines elsewhere."""
    if kind == "none" or screen.quiet:
        return NoProgress()
    if kind == "rich" or (kind == "auto" and sys.stderr.isatty()):
        return RichProgress()
    return PlainProgress()
