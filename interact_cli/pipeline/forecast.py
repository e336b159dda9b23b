"""What a run will cost, before it starts: forward passes, memory, time."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import threadpool_limits

from interact_cli.engine.baseline_descent import PASSES
from interact_cli.entries.shapes import standing
from interact_cli.interactions.designs.full_table import LARGEST_TABLE
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interactions.surrogate.effort import operations
from interact_cli.interfaces import ReadOff
from interact_cli.journal.units import Journal
from interact_cli.pipeline.answers import side_by_side
from interact_cli.pipeline.executors import fill
from interact_cli.pipeline.filling import Evaluation
from interact_cli.pipeline.material import Material
from interact_cli.pipeline.planning import Plan, Questions, rounds
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Silent

TIMED_BATCHES = 2
FACTORISED = 600
"""Rows of the matrix whose factorisation is timed."""
FACTORISATIONS = 5


@dataclass(frozen=True)
class Forecast:
    """The cost of a run."""

    n_samples: int
    n_players: int
    asked: int
    """Coalitions that the metrics ask for on the sample with the most players."""
    unique: int
    """The same after deduplication."""
    total: int
    """Masked forward passes over all samples, padding left out."""
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
    surrogate_seconds: float = 0.0
    """What surrogates take beside, from counted operations; 0 where nothing is read off one."""
    instead: int = 0
    """Evaluations of a sample that the same time would hold without surrogates; 0 where they take less than the
    forward passes."""

    @property
    def holds_all(self) -> bool:
        """Whether these are all coalitions."""
        return self.n_players <= LARGEST_TABLE and 2**self.n_players <= self.instead


def forecast(subject: Subject) -> Forecast:
    """Plan as a run does, have its executor fill in two batches of the largest sample, and extrapolate to all."""
    material, evaluator = Material.of_subject(subject), replace(subject.evaluator, progress=Silent())
    subject = replace(subject, evaluator=evaluator)
    questions = Questions(subject.settings, subject.scores, subject.metrics, {}, intervals=False)
    plans = next(rounds(questions, material))
    largest = max(range(len(plans)), key=lambda sample: plans[sample].question.n_players)
    plan, sample = plans[largest], subject.inputs.samples[largest]
    batches = [
        Evaluation(f"timed {i}", largest, plan.coalitions[: evaluator.rows], material.classes(largest))
        for i in range(1 + TIMED_BATCHES)
    ]
    if evaluator.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(evaluator.device)
    with tempfile.TemporaryDirectory() as folder, Journal.opened(Path(folder, "timed"), {}) as journal:
        fill(subject, journal, batches[:1])  # not timed: the first batch also warms the device up
        seconds = []
        for some in (batches[:1], batches):  # an executor may take its time before the first unit
            started = time.perf_counter()
            fill(subject, journal, some)
            seconds.append(time.perf_counter() - started)
        record_bytes = journal.whole(batches[0].key)[0].nbytes
    more = seconds[1] - seconds[0]
    per_batch = (
        more / TIMED_BATCHES if more > 0 else seconds[1] / len(batches)
    )  # so fast that the clock's noise is more
    start = max(seconds[0] - per_batch, 0.0)
    n_samples = len(material.ids)
    scale = n_samples / len(plans)  # of a run of several rounds only the first is planned here
    n_batches = sum(-(-len(planned.coalitions) // evaluator.rows) for planned in plans) * scale
    evaluation = n_batches * per_batch
    surrogates = scale * len(questions.scores) * sum(operations(_surrogates(planned)) for planned in plans)
    beside = surrogates * seconds_per_operation() / side_by_side(len(plans)) if surrogates else 0.0
    in_that_time = evaluator.rows * (evaluation + beside) / per_batch / n_samples
    learning = sum(PASSES * 2**players.n_players for players in subject.players) if subject.learning else 0
    return Forecast(
        n_samples=n_samples,
        n_players=plan.question.n_players,
        asked=plan.n_asked,
        unique=len(plan.coalitions),
        total=round(sum(len(planned.coalitions) for planned in plans) * scale),
        rows=evaluator.rows,
        input_bytes=evaluator.rows * prod(standing(subject.model, subject.players[0].entry, sample.input).shape) * 4,
        plan_bytes=plan.coalitions.nbytes + plan.where.nbytes + len(plan.coalitions) * record_bytes,
        peak_bytes=_peak(evaluator.device),
        seconds=start + evaluation + learning / evaluator.rows * per_batch,
        learning=learning,
        surrogate_seconds=beside,
        instead=int(float(f"{in_that_time:.1e}")) if beside > evaluation else 0,
    )


def _surrogates(plan: Plan) -> Iterator[Surrogate]:
    for design in plan.designs.values():
        if isinstance(design, ReadOff):
            yield from design.surrogates


def seconds_per_operation() -> float:
    """Time the unit that `operations` counts in: the fastest of a few factorisations on one thread."""
    from scipy.linalg import cholesky  # not before it is needed: scipy takes time to load

    matrix, seconds = np.eye(FACTORISED), []
    with threadpool_limits(1, user_api="blas"):
        for _ in range(FACTORISATIONS):
            started = time.thread_time()
            cholesky(matrix, lower=True, check_finite=False)
            seconds.append(time.thread_time() - started)
    return min(seconds) / (FACTORISED**3 / 3)


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would also count what the parent process once held
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
