"""Resident memory and time of an audit's loop (plan, evaluate, journal, reduce) as evaluations grow.

Each size runs in a process of its own: ``python -m benchmarks.growth EVALUATIONS wall`` prints its peak memory and
time.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.subjects import CLASSES, mlp
from benchmarks.table import Goal, Row
from benchmarks.timing import Clock, use_cpu_time
from interact_cli import extensions
from interact_cli.interfaces import Question
from interact_cli.journal.units import Journal
from interact_cli.pipeline.filling import Ledger
from interact_cli.pipeline.planning import plan_sample
from interact_cli.scores import lookup

PER_SAMPLE = 2**12
"""The full table of 12 columns."""
MIB = 2**20


def audit_loop(n_samples: int, folder: Path) -> float:
    """Measure samples as an audit does; return its seconds after the first sample, which warms up."""
    subject = mlp((12,))
    evaluator = subject.evaluator()
    metrics = (extensions.metric_of_game("multi-order"),)
    score = lookup("log-odds", "classes")

    started = 0.0
    results = []
    with Journal.opened(folder, {"benchmark": "growth"}) as journal:
        ledger = Ledger(journal)
        for sample in range(n_samples + 1):
            if sample == 1:
                started = Clock.now()
            plan = plan_sample(metrics, Question(subject.players.n_players, PER_SAMPLE, 0, f"sample {sample}"))
            for unit in ledger.enter(plan, CLASSES, (len(CLASSES), 4)):  # every sample is the same input
                records = evaluator.records(subject.sample, subject.players, unit.coalitions, CLASSES)
                journal.write(unit.key, records)
            values = score.of_record(ledger.filled(sample, plan)[:, 0])
            results.append(plan.reduce(metrics, values))
        return Clock.now() - started


def measured(evaluations: int) -> tuple[float, float]:
    """Run one size in a fresh process, small ones again and again: ``(median seconds, peak MiB of the first)``."""
    command = [sys.executable, "-m", "benchmarks.growth", str(evaluations), "cpu" if Clock.cpu_time else "wall"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    document = json.loads(done.stdout)
    return document["seconds"], document["peak_mib"]


def growth(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    sizes = [10_000, 100_000, 1_000_000]
    rounds = 3 if quick else 5
    runs = [[measured(size) for size in sizes] for _ in range(rounds)]
    peaks = [statistics.median(run[column][1] for run in runs) for column in range(len(sizes))]
    samples = [round(size / PER_SAMPLE) for size in sizes]
    slopes = [float(np.polyfit(np.log(samples), np.log([run[0] for run in part]), 1)[0]) for part in runs]
    times = [statistics.median(run[column][0] for run in runs) for column in range(len(sizes))]
    slope = float(np.polyfit(np.log(samples), np.log(times), 1)[0])
    where = "10^4 to 10^6 evaluations, MLP 5x100, 12 columns"
    yield Row(f"growth of peak memory, {where}", peaks[-1] - peaks[0], " MiB", Goal(most=64e6 / MIB, unit=" MiB"))
    spread = f"{min(slopes):.3f} to {max(slopes):.3f}"
    yield Row(f"log-log slope of time, {where}", slope, goal=Goal(least=0.95, most=1.05), spread=spread)
    yield Row("peak memory of 10^6 evaluations, torch included", peaks[-1], " MiB")
    yield Row("audit loop with its journal", samples[-1] * PER_SAMPLE / times[-1], " evaluations/s")


def peak_mib() -> float:
    """Return the most memory that this very program has held.

    Linux carries ``ru_maxrss`` over from the parent process, so its own high-water mark is read there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB


def main() -> None:
    n_samples = round(int(sys.argv[1]) / PER_SAMPLE)
    if sys.argv[2] == "cpu":
        use_cpu_time()
    repeats = min(20, 100 // n_samples)
    with tempfile.TemporaryDirectory() as folder:
        times = [audit_loop(n_samples, Path(folder) / "0.partial")]
        peak = peak_mib()
        times += [audit_loop(n_samples, Path(folder) / f"{run}.partial") for run in range(1, 1 + repeats)]
    print(json.dumps({"seconds": statistics.median(times), "peak_mib": peak}))


if __name__ == "__main__":
    main()
