"""Errors become one line and an exit code; an interrupted run says how to go on."""

from __future__ import annotations

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType
from typing import NoReturn, ParamSpec

import typer

from interact_cli.cli.console import screen
from interact_cli.errors import InteractError
from interact_cli.safe_text import safe_text

P = ParamSpec("P")

INTERNAL_ERROR = 70
INTERRUPTED = 130
TERMINATED = 143


class Terminated(BaseException):
    """SIGTERM arrived."""


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """Run a command so that a user's mistake never shows a traceback.

    | raised | exit code |
    |---|---|
    | an `InteractError` | its own |
    | Ctrl-C, SIGTERM | 130, 143, after the line that says how to go on |
    | anything else | 70, with a traceback only under ``--debug`` |
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        signal.signal(signal.SIGTERM, _terminate)
        try:
            command(*args, **kwargs)
        except InteractError as error:
            if screen.debug:
                traceback.print_exc()
            screen.error(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            _stopped("Interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except Terminated:
            _stopped("Terminated")
            raise typer.Exit(TERMINATED) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if screen.debug:
                traceback.print_exc()
            kind = type(error).__name__
            advice = "Run again as 'interact --debug ...' and report the traceback."
            screen.error(f"internal error, {kind}: {safe_text(error)}. {advice}")
            raise typer.Exit(INTERNAL_ERROR) from None

    return run


def _stopped(word: str) -> None:
    screen.say(f"{word}. Finished units are kept: rerun the same command to go on.")


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    del signum, frame
    raise Terminated
