"""Who does the work of a run: this process, or an executor that a plugin brings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from interact_cli import extensions
from interact_cli.errors import RunFailed, UsageError
from interact_cli.interfaces import Unit
from interact_cli.journal.units import Journal
from interact_cli.pipeline.subject import Subject
from interact_cli.safe_text import safe_text

LOCAL = "local"


class Local:
    """One unit after the other, on the device of this process."""

    carries_memory = True

    def fill(self, subject: Subject, journal: Journal, missing: Sequence[Unit]) -> None:
        """Carry out every unit in its order."""
        for unit in missing:
            for key, array in unit.carry_out(subject).items():
                journal.write(key, array)


def fill(subject: Subject, journal: Journal, missing: Sequence[Unit]) -> None:
    """Have the executor of the settings do what is missing, and see that it did.

    Raises:
        UsageError: no such executor, or its code fails.
        RunFailed: it left units undone.
    """
    name = subject.settings.run.executor
    executor = extensions.executor(name)
    # A mistake of our own executor is an internal error, no plugin's.
    blamed = nullcontext() if isinstance(executor, Local) else extensions.blamed(f"executor '{name}'")
    with blamed:
        executor.fill(subject, journal, missing)
    undone = sum(unit.key not in journal for unit in missing)
    if undone:
        raise RunFailed(
            f"Executor '{safe_text(name)}' left {undone} of {len(missing)} units undone. Rerun the command, or use "
            f"--executor {LOCAL}."
        )


def check(subject: Subject) -> None:
    """Refuse an executor that cannot carry a network that only memory holds, before any work.

    Raises:
        UsageError: it cannot, or there is none of that name.
    """
    name = subject.settings.run.executor
    executor = extensions.executor(name)
    if subject.in_memory and not getattr(executor, "carries_memory", False):
        raise UsageError(
            f"Executor '{safe_text(name)}' loads networks and inputs from files, and these are only in memory. Save "
            f"the network as a checkpoint, or use --executor {LOCAL}."
        )
