"""Who is told what happens during a run: shown by the command, silent in the Python API."""

from __future__ import annotations

import warnings
from typing import Protocol


class Progress(Protocol):
    """Told what happens; decides itself whether and how to show it."""

    def start(self, label: str, total: int, unit: str) -> None:
        """A piece of work of ``total`` units begins."""

    def advance(self, done: int) -> None:
        """``done`` more units are finished."""

    def finish(self) -> None:
        """The piece of work is over."""

    def note(self, message: str) -> None:
        """Something that the user should know now."""

    def warn(self, message: str) -> None:
        """Something that the user must not miss."""


class Silent:
    """A `Progress` that shows nothing."""

    def start(self, label: str, total: int, unit: str) -> None:
        """Show nothing."""

    def advance(self, done: int) -> None:
        """Show nothing."""

    def finish(self) -> None:
        """Show nothing."""

    def note(self, message: str) -> None:
        """Show nothing."""

    def warn(self, message: str) -> None:
        """Show nothing."""


class Warnings(Silent):
    """A `Progress` that shows what must not be missed, as a warning of Python: the default of `interact_cli.audit`."""

    def warn(self, message: str) -> None:
        """Warn."""
        warnings.warn(message, stacklevel=2)
