"""How long two reports take to be compared and judged, as a CI job sees it: processes of their own, from the files.

The reports are real ones, records included: 50 samples, 13 orders, 200 pairs, two metrics.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from benchmarks.table import Goal, Row
from benchmarks.timing import quartiles
from interact_cli.networks import mlp
from interact_cli.seeding import generator
from interact_cli.training.fit import build

ROOT = Path(__file__).parents[1]
COLUMNS, SAMPLES, PAIRS = 64, 50, 200
BUDGET = 25_000
"""Two contexts of each pair at each order."""
NUDGE = 0.02
"""Share by which the candidate's weights differ."""
GOAL = Goal(most=2, unit=" s")
MEASURE = (
    *("--arch", "paper:mlp5", "--arch-arg", f"n_columns={COLUMNS}", "--arch-arg", "n_outputs=2"),
    *("--metric", "multi-order", "--metric", "bottleneck", "--players", "columns", "--label-column", "label"),
    *("--pairs", f"random:{PAIRS}", "--contexts", "2", "--budget", str(BUDGET), "--n-samples", str(SAMPLES)),
)


def gate_time(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    rounds = 5 if quick else 11
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        reference, candidate = _reports(place)
        _interact(place, "gate", "--init", reference)
        what = f"50 samples x 13 orders x 200 pairs, two metrics, {reference.stat().st_size / 1e6:.0f} MB each"
        for command in (("compare",), ("gate", "--policy", place / "interact-gate.yaml")):
            taken = [_taken(lambda: _interact(place, *command, reference, candidate)) for _ in range(rounds + 1)][1:]  # noqa: B023  (called at once)
            wall, busy = ([getattr(one, clock) for one in taken] for clock in ("wall", "busy"))
            yield Row(f"`interact {command[0]}`, {what}", statistics.median(wall), " s", GOAL, quartiles(wall))
            yield Row(f"`interact {command[0]}`, CPU time", statistics.median(busy), " s", spread=quartiles(busy))
    bare = [_taken(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)).wall for _ in range(rounds)]
    yield Row("an empty Python program", statistics.median(bare), " s", spread=quartiles(bare))


class Taken(NamedTuple):
    """Seconds that a process of its own took."""

    wall: float
    busy: float
    """On any core; a busy machine hardly changes it."""


def _taken(work: Callable[[], object]) -> Taken:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _reports(place: Path) -> tuple[Path, Path]:
    """Measure a network of columns and the same with weights a little moved."""
    rng = generator(0, "gate time")
    network = build(lambda: mlp(COLUMNS, 2), 0)
    rows = rng.normal(size=(4 * SAMPLES, COLUMNS))
    with torch.inference_mode():
        lead = network(torch.from_numpy(rows.astype(np.float32))) @ torch.tensor([-1.0, 1.0])
        labels = (lead > lead.median()).int().tolist()
        list(network.parameters())[-1][0] += lead.median()  # so that the labels are what the network says
    head = ",".join([*[f"c{column}" for column in range(COLUMNS)], "label"])
    lines = [",".join([*map(repr, row), str(label)]) for row, label in zip(rows.tolist(), labels, strict=True)]
    (place / "rows.csv").write_text("\n".join([head, *lines]) + "\n")
    made = []
    for name in ("reference", "candidate"):
        checkpoint = place / f"{name}.pt"
        torch.save(network.state_dict(), checkpoint)
        made.append(place / f"{name}.h5")
        data = ("--dataset", f"csv:{place / 'rows.csv'}")
        _interact(place, "measure", checkpoint, *MEASURE, *data, "--output", made[-1])
        with torch.inference_mode():
            for weights in network.parameters():
                moved = rng.normal(size=weights.shape).astype(np.float32)
                weights.add_(NUDGE * weights.std() * torch.from_numpy(moved))
    return made[0], made[1]


def _interact(place: Path, *arguments: object) -> None:
    """Run a command as a CI job does; a gate's verdict is no failure here."""
    command = [sys.executable, "-m", "interact_cli", *map(str, arguments)]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=place, env=environment, check=False, capture_output=True, text=True)
    if done.returncode not in {0, 1, 3}:
        raise RuntimeError(f"`interact {arguments[0]}` ended with {done.returncode}: {done.stderr.strip()}")
