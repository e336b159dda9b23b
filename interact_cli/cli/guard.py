"""Errors become one line and an exit code; an interrupted run says how to go on."""

from __future__ import annotations

import errno
import functools
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, NoReturn, ParamSpec

import typer
from typer.core import TyperGroup

from interact_cli.cli.console import ReaderLeft, screen
from interact_cli.cli.flags import LATE
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

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is called, with the flags that are known only now."""
        name, command, rest = super().resolve_command(ctx, args)
        late = getattr(getattr(command, "callback", None), LATE, None)
        if late is not None:
            alone = typer.Typer(add_completion=False)
            alone.command(name)(guarded(late()))
            command = typer.main.get_command(alone)
        return name, command, rest

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line and exit; ``standalone_mode=False`` returns and raises instead."""
        exits = options.pop("standalone_mode", True)
        options["standalone_mode"] = False
        if not exits:
            return super().main(*args, **options)
        try:
            code = super().main(*args, **options)
        except typer.Abort:
            sys.exit(INTERRUPTED)
        except SystemExit as stopped:
            # Both rich and Typer leave with 1 when nobody reads the help any more.
            sys.exit(0 if isinstance(stopped.__context__, BrokenPipeError) else stopped.code)
        except Exception as error:
            # Python itself would leave with 1, the code of a regression.
            sys.exit(_end(error))
        sys.exit(code if isinstance(code, int) else 0)


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
            raise typer.Exit(_end(error)) from None

    return run


def _end(error: BaseException) -> int:
    """Say in one line what happened and return the exit code, which stands where nobody can be told."""
    code, say = _ending(error)
    with suppress(Exception):  # stderr may be closed or full
        if screen.debug:
            screen.trace()
        say()
    return code


def _ending(error: BaseException) -> tuple[int, Callable[[], None]]:
    """Return the exit code of what was raised, and what says so."""
    if isinstance(error, InteractError):
        return error.exit_code, partial(screen.error, str(error))
    for kind, code, word in ((KeyboardInterrupt, INTERRUPTED, "Interrupted"), (Terminated, TERMINATED, "Terminated")):
        if isinstance(error, kind):
            return code, partial(screen.say, f"{word}. Finished units are kept: rerun the same command to go on.")
    if isinstance(error, ReaderLeft):
        return 0, screen.hang_up
    if isinstance(error, _ParserError):
        return UsageError.exit_code, partial(_say_not_parsed, error)
    lack = _lacking(error)
    if lack is not None:
        return RunFailed.exit_code, partial(screen.error, lack)
    advice = "Run again as 'interact --debug ...' and report the traceback."
    message = f"internal error, {type(error).__name__}: {safe_text(error)}. {advice}"
    return INTERNAL_ERROR, partial(screen.error, message)


def _lacking(error: BaseException) -> str | None:
    """Say which resource of the machine has run out; None where none has."""
    if isinstance(error, MemoryError):
        return f"The memory of this machine does not hold the plan or its values: {error}. Lower --budget."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"{error.strerror}. Free some space, then rerun the same command."
    return None


def _say_not_parsed(error: Any) -> None:
    """Say in one line what the parser refused; without a command it has shown the help already."""
    message = error.format_message().strip()
    if message:
        command = error.ctx.command_path if error.ctx else "interact"
        screen.error(f"{message.rstrip('.')}. '{command} --help' shows what is known.")


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    del signum, frame
    raise Terminated
