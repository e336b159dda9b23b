"""What a run will cost, before it starts: forward passes, memory, time."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import torch

from interact_cli.audit.defaults import WITH_CLASSES
from interact_cli.audit.material import player_table
from interact_cli.audit.planning import plan_sample
from interact_cli.audit.preparation import Subject, question
from interact_cli.engine.learned_baseline import PASSES
from interact_cli.entries.shapes import standing
from interact_cli.progress import Silent

TIMED_BATCHES = 2


@dataclass(frozen=True)
class Forecast:
    """The cost of a run."""

    n_samples: int
    n_players: int
    asked: int
    """Coalitions that the metrics ask for on the sample with the most players."""
    unique: int
    """The same after deduplication."""
    rows: int
    """Rows of a batch."""
    input_bytes: int
    """One batch of masked rows, as they stand at the entry."""
    plan_bytes: int
    """Plan and records of one sample."""
    peak_bytes: int
    """Most memory used so far, network and timed batches included: of the device, or of the process on a CPU."""
    seconds: float
    """All masked forward passes and those of `learning`, at the rate of the timed batches."""
    learning: int = 0
    """Forward passes that cost as much as learning the baselines of all samples."""

    @property
    def total(self) -> int:
        """Masked forward passes over all samples, padding left out."""
        return self.unique * self.n_samples


def forecast(subject: Subject) -> Forecast:
    """Plan the sample with the most players, time two batches, and extrapolate to all samples."""
    table, samples = player_table(subject.players), subject.inputs.samples
    largest = max(range(len(samples)), key=lambda index: subject.players[index].n_players)
    players, sample = subject.players[largest], samples[largest]
    plan = plan_sample(subject.metrics, question(subject.settings, table, largest, sample.id))
    evaluator = replace(subject.evaluator, progress=Silent())
    with_classes = subject.model.output in WITH_CLASSES and not evaluator.features
    classes = (0, 1) if with_classes else ()  # the true class and another, predicted one
    batch = plan.coalitions[: evaluator.rows]
    if evaluator.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(evaluator.device)
    records = evaluator.records(sample, players, batch, classes)
    started = time.perf_counter()
    for _ in range(TIMED_BATCHES):
        evaluator.records(sample, players, batch, classes)
    per_batch = (time.perf_counter() - started) / TIMED_BATCHES
    n_samples = len(subject.inputs.samples)
    batches = -(-len(plan.coalitions) // evaluator.rows) * n_samples
    learning = sum(PASSES * 2**one.n_players for one in subject.players) if subject.learning else 0
    return Forecast(
        n_samples=n_samples,
        n_players=players.n_players,
        asked=plan.n_asked,
        unique=len(plan.coalitions),
        rows=evaluator.rows,
        input_bytes=evaluator.rows * prod(standing(subject.model, players.entry, sample.input).shape) * 4,
        plan_bytes=plan.coalitions.nbytes + plan.where.nbytes + len(plan.coalitions) * records[0].nbytes,
        peak_bytes=_peak(evaluator.device),
        seconds=(batches + learning / evaluator.rows) * per_batch,
        learning=learning,
    )


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would also count what the parent process once held
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
