"""Errors become one line and an exit code; an interrupted run says how to go on."""

from __future__ import annotations

import errno
import functools
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn, ParamSpec

import typer
from typer.core import TyperGroup

from interact_cli.cli.console import screen
from interact_cli.errors import InteractError, RunFailed, UsageError
from interact_cli.safe_text import safe_text

P = ParamSpec("P")

CHECK_FAILED = 3
INTERNAL_ERROR = 70
INTERRUPTED = 130
TERMINATED = 143


_ParserError: Any = typer.BadParameter.__base__
"""What the command line's parser raises; Typer exports only this child of it."""


class Terminated(BaseException):
    """SIGTERM arrived."""


class Commands(TyperGroup):
    """The list of commands. What its parser refuses is one line too, and a reader that left is no failure."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line and exit; ``standalone_mode=False`` returns and raises instead."""
        exits = options.pop("standalone_mode", True)
        options["standalone_mode"] = False
        if not exits:
            return super().main(*args, **options)
        try:
            code = super().main(*args, **options)
        except _ParserError as error:
            sys.exit(_not_parsed(error))
        except typer.Abort:
            sys.exit(INTERRUPTED)
        except SystemExit as stopped:
            # Both rich and Typer leave with 1 when nobody reads the help any more.
            sys.exit(0 if isinstance(stopped.__context__, BrokenPipeError) else stopped.code)
        sys.exit(code if isinstance(code, int) else 0)


def _not_parsed(error: Any) -> int:
    """Say in one line what the parser refused; without a command it has shown the help already."""
    message = error.format_message().strip()
    if message:
        command = error.ctx.command_path if error.ctx else "interact"
        screen.error(f"{message.rstrip('.')}. '{command} --help' shows what is known.")
    return UsageError.exit_code


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Run a command so that a user's mistake never shows a traceback.

    | raised | exit code |
    |---|---|
    | an `InteractError` | its own |
    | Ctrl-C, SIGTERM | 130, 143, after the line that says how to go on |
    | a reader of stdout that left | 0 |
    | no space left | 5 |
    | anything else | 70, with a traceback only under ``--debug`` |
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        signal.signal(signal.SIGTERM, _terminate)
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.Abort):
            raise
        except BaseException as error:
            if screen.debug:
                screen.trace()
            raise typer.Exit(_told(error)) from None

    return run


def _told(error: BaseException) -> int:
    """Say in one line what happened and return the exit code."""
    if isinstance(error, InteractError):
        screen.error(str(error))
        return error.exit_code
    if isinstance(error, KeyboardInterrupt | Terminated):
        interrupted = isinstance(error, KeyboardInterrupt)
        word = "Interrupted" if interrupted else "Terminated"
        screen.say(f"{word}. Finished units are kept: rerun the same command to go on.")
        return INTERRUPTED if interrupted else TERMINATED
    if isinstance(error, BrokenPipeError):
        screen.hang_up()
        return 0
    if isinstance(error, MemoryError):
        screen.error(f"The memory of this machine does not hold the plan or its values: {error}. Lower --budget.")
        return RunFailed.exit_code
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        screen.error(f"{error.strerror}. Free some space, then rerun the same command.")
        return RunFailed.exit_code
    kind = type(error).__name__
    advice = "Run again as 'interact --debug ...' and report the traceback."
    screen.error(f"internal error, {kind}: {safe_text(error)}. {advice}")
    return INTERNAL_ERROR


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    del signum, frame
    raise Terminated
