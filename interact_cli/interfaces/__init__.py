"""What the rooms promise each other. A plugin implements one of these and registers an entry point.

| interface | entry point group | answers |
|---|---|---|
| `ArchBuilder` | ``interact_cli.adapters`` | ``--arch PREFIX:NAME`` -> a network without weights |
| `DatasetReader` | ``interact_cli.datasets`` | ``--dataset NAME[:PATH]`` -> samples |
| `PlayerMaker` | ``interact_cli.players`` | ``--players NAME[:ARGUMENT]`` -> players |
| `Metric` | ``interact_cli.metrics`` | ``--metric NAME`` -> plan and reduce |
| `Number` | ``interact_cli.numbers`` | ``--metric NAME`` -> a number of the network that is no game |
| `Executor` | ``interact_cli.executors`` | ``--executor NAME`` -> the journal of a run, filled |
| `Leaves` | ``interact_cli.surrogates`` | ``--second-surrogate NAME`` -> a game learned from some of its values |
| `interact_cli.scores.Score` | ``interact_cli.scores`` | ``--score NAME`` -> an evaluation record to a value |
"""

from __future__ import annotations

from interact_cli.interfaces.adapters import ArchBuilder, Network, OutlineBuilder
from interact_cli.interfaces.datasets import DataRequest, Dataset, DatasetReader
from interact_cli.interfaces.executors import Executor, Unit
from interact_cli.interfaces.metrics import (
    Cohort,
    Design,
    Divisible,
    Game,
    Measurable,
    Metric,
    Need,
    Number,
    Question,
    ReadOff,
    Reduced,
)
from interact_cli.interfaces.players import Baseline, Passage, PlayerMaker, PlayerOptions, Players
from interact_cli.interfaces.surrogates import Learner, Leaves

__all__ = [
    "ArchBuilder",
    "Baseline",
    "Cohort",
    "DataRequest",
    "Dataset",
    "DatasetReader",
    "Design",
    "Divisible",
    "Executor",
    "Game",
    "Learner",
    "Leaves",
    "Measurable",
    "Metric",
    "Need",
    "Network",
    "Number",
    "OutlineBuilder",
    "Passage",
    "PlayerMaker",
    "PlayerOptions",
    "Players",
    "Question",
    "ReadOff",
    "Reduced",
    "Unit",
]
