"""Run the benchmarks: ``python -m benchmarks [--only NAME] [--quick]``. The exit code is 1 where a goal is missed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import torch
from rich.console import Console

from benchmarks.and_or import and_or
from benchmarks.batch_sizes import batch_sizes
from benchmarks.coverage import coverage
from benchmarks.estimators import estimators
from benchmarks.exact_indices import exact_indices
from benchmarks.gate_bounds import gate_bounds
from benchmarks.gate_error_rates import gate_error_rates
from benchmarks.gate_simulation import gate_simulation
from benchmarks.gate_time import gate_time
from benchmarks.growth import growth
from benchmarks.masked_rows import masked_over_bare
from benchmarks.multivariate import multivariate
from benchmarks.order_verdicts import order_verdicts
from benchmarks.orders import orders
from benchmarks.peer import peer
from benchmarks.picking import picking
from benchmarks.second_surrogate import second_surrogate
from benchmarks.startup import startup
from benchmarks.strength_intervals import strength_intervals
from benchmarks.surrogate_time import surrogate_time
from benchmarks.table import Benchmark, Printer
from benchmarks.tails import tails
from benchmarks.timing import use_cpu_time

BENCHMARKS = (
    Benchmark("masked", masked_over_bare),
    Benchmark("exact", exact_indices),
    Benchmark("peer", peer),
    Benchmark("estimators", estimators),
    Benchmark("surrogate-time", surrogate_time),
    Benchmark("second-surrogate", second_surrogate, by_hand=True),
    Benchmark("coverage", coverage, by_hand=True),
    Benchmark("orders", orders, by_hand=True),
    Benchmark("order-verdicts", order_verdicts, by_hand=True),
    Benchmark("strength-intervals", strength_intervals, by_hand=True),
    Benchmark("gate-bounds", gate_bounds, by_hand=True),
    Benchmark("multivariate", multivariate),
    Benchmark("and-or", and_or),
    Benchmark("growth", growth),
    Benchmark("tails", tails),
    Benchmark("startup", startup),
    Benchmark("picking", picking),
    Benchmark("batch-rows", batch_sizes),
    Benchmark("gate-error-rates", gate_error_rates),
    Benchmark("gate-simulation", gate_simulation),
    Benchmark("gate-time", gate_time),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 1 where a row misses its goal, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Print one table of ratios.")
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument("--only", choices=names, action="append", help="run this one; may be given again")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument(
        "--cpu-time", action="store_true", help="CPU seconds of one thread instead of wall time, for a busy machine"
    )
    options = parser.parse_args(arguments)
    if options.cpu_time:
        use_cpu_time()
    console = Console()
    printer = Printer(Console(width=max(console.width, 150)))
    for benchmark in BENCHMARKS:
        if benchmark.name in options.only if options.only else not benchmark.by_hand:
            for row in benchmark.run(options.quick):
                printer.add(benchmark.name, row)
    clock = "CPU time" if options.cpu_time else "wall time"
    printer.console.print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, {clock}\n", highlight=False)
    printer.show()
    return int(any(row.verdict == "missed" for _, row in printer.rows))


if __name__ == "__main__":
    sys.exit(main())
