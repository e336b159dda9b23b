"""Every error that `interact` raises on purpose, with the exit code that it stands for.

::

    InteractError
    ├── UsageError (2)              the command, the configuration or the API call is wrong
    │   ├── UnknownNameError        a name that no registry knows
    │   ├── BudgetError             fewer evaluations than the question needs
    │   ├── ShapeError              an array of another shape than the contract says
    │   └── OutputError             the output exists, cannot be written, or is an input
    ├── NotComparable (3)           two reports that answer different questions, or hold what no verdict can rest on
    ├── InputRefused (4)            a file is missing, unsafe, corrupt or unsupported
    │   ├── CheckpointRefused
    │   ├── DataRefused
    │   ├── ReportRefused
    │   └── SampleSkipped           one sample that the question does not fit: recorded, never fatal by itself
    └── RunFailed (5)               the run started and could not finish
        ├── NonFiniteError          the network returned NaN or infinity
        └── OutOfMemory             not even one row fits the device

A message says what was expected, what arrived and what to do next, in one line. The CLI prints it
after ``error:`` and exits with ``exit_code``; it never prints a traceback for one of these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MAX_LISTED = 60
"""More known names than this are not written into a message; the nearest are."""


class InteractError(Exception):
    """Base of every error raised on purpose."""

    exit_code = 70


class UsageError(InteractError):
    """The command, the configuration or the API call is wrong."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that no registry knows, with the nearest known ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, listing: str | None = None) -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(sorted(known))
        near = difflib.get_close_matches(name, self.known, n=1, cutoff=0.5)
        guess = f" Did you mean '{near[0]}'?" if near else ""
        more = f" ('{listing}' describes them.)" if listing else ""
        listed = f"Available: {', '.join(self.known)}." if self.known else "None is installed; a plugin brings it."
        if len(self.known) > MAX_LISTED:
            nearest = difflib.get_close_matches(name, self.known, n=5, cutoff=0.3)
            listed = f"Nearest of {len(self.known)}: {', '.join(nearest) or 'none'}."
        super().__init__(f"Unknown {kind} '{name}'.{guess} {listed}{more}")


class BudgetError(UsageError):
    """Fewer evaluations than the question needs, or a full table that is too large."""


class ShapeError(UsageError):
    """An array of another shape than the contract says."""


class OutputError(UsageError):
    """The output exists already, cannot be written, or is one of the inputs."""


class NotComparable(InteractError):
    """Two reports that answer different questions, or hold what no verdict can rest on."""

    exit_code = 3


class InputRefused(InteractError):
    """A file is missing, unsafe, corrupt or unsupported."""

    exit_code = 4


class CheckpointRefused(InputRefused):
    """A checkpoint that cannot be opened safely, or whose weights do not fit the architecture."""


class DataRefused(InputRefused):
    """A data set that is missing, in another layout, or whose labels are out of range."""


class ReportRefused(InputRefused):
    """A report that is missing, corrupt, or not written by `interact`."""


class SampleSkipped(InputRefused):
    """One sample that the question does not fit: too few players, too long. A record with a reason, no failure."""


class RunFailed(InteractError):
    """The run started and could not finish."""

    exit_code = 5


class NonFiniteError(RunFailed):
    """The network returned NaN or infinity."""


class OutOfMemory(RunFailed):
    """Not even one row fits the device."""
