"""The work of a run, in units, and who does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy.typing as npt

if TYPE_CHECKING:
    from interact_cli.journal.units import Journal
    from interact_cli.pipeline.subject import Subject


class Unit(Protocol):
    """A piece of the work of a run that is not done yet: it can be pickled, and needs nothing but the subject."""

    @property
    def key(self) -> str:
        """Where the journal holds its result; it is done when the journal does."""

    @property
    def n_rows(self) -> int:
        """Masked inputs that it runs through the network: what it costs."""

    def carry_out(self, subject: Subject) -> Mapping[str, npt.NDArray[Any]]:
        """Do the work and return what the journal is to hold, by its keys; that under `key` last.

        Raises:
            InteractError: it cannot be done; what others have written stays.
        """


@runtime_checkable
class Executor(Protocol):
    """Does the work of a run, here or elsewhere. What stands behind the entry point is called without arguments.

    It is made anew for each round: what is to last longer belongs outside it.

    An executor that can carry a network that no file holds (because it works in this very process) says so by an
    attribute ``carries_memory = True``; others are not asked to.
    """

    def fill(self, subject: Subject, journal: Journal, missing: Sequence[Unit]) -> None:
        """Carry out every unit and write its result into the journal; called once in each round of a run.

        The order is free, and so is who does it: ``subject.settings`` and ``subject.inputs`` say what another process
        must load. A unit that is written stays, so an interrupted round goes on where it stopped.

        Args:
            subject: The network on its inputs.
            journal: ``journal.write(key, array)`` stores a result; it is whole on disk then.
            missing: What is to be done; none of it is in the journal.

        Raises:
            InteractError: it cannot be done.

        Example:
            >>> class Backwards:
            ...     carries_memory = True
            ...     def fill(self, subject, journal, missing):
            ...         for unit in reversed(missing):
            ...             for key, array in unit.carry_out(subject).items():
            ...                 journal.write(key, array)
            >>> isinstance(Backwards(), Executor)
            True
        """
