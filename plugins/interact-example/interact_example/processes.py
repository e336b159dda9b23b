"""``--executor processes``: two processes of this machine, each with the network of its own.

Each loads network and inputs itself, from the settings of the run. Another machine would be reached alike: the
settings, the ids of the samples, their players and the units are all that travels.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import torch

from interact_cli.config.settings import Settings
from interact_cli.interfaces import Unit
from interact_cli.journal.units import Journal
from interact_cli.pipeline.loading import load
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Silent
from interact_cli.types import PlayerSet

N_PROCESSES = 2

_loaded: list[Subject] = []
"""In a process of the pool: the subject, once."""


class Processes:
    """Deals the units out to processes, which load the network themselves."""

    def fill(self, subject: Subject, journal: Journal, missing: Sequence[Unit]) -> None:
        """Carry the units out elsewhere, and write here what comes back."""
        ids = tuple(sample.id for sample in subject.inputs.samples)
        setup = (subject.asked, ids, subject.players, torch.get_num_threads())
        with ProcessPoolExecutor(N_PROCESSES, get_context("spawn"), _load, setup) as pool:
            for results in pool.map(_carry_out, missing):
                for key, array in results.items():
                    journal.write(key, array)


def _load(asked: Settings, ids: Sequence[str], players: tuple[PlayerSet, ...], n_threads: int) -> None:
    torch.set_num_threads(n_threads)  # the last bits of a sum depend on it
    # The players travel too: those of a run with learned baselines have had theirs since the round before.
    _loaded.append(replace(load(asked, Silent(), ids=ids), players=players))


def _carry_out(unit: Unit) -> dict[str, Any]:
    return dict(unit.carry_out(_loaded[0]))
