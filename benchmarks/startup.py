"""How long the command line takes to say what it can do."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.table import Row
from benchmarks.timing import quartiles, seconds


def startup(quick: bool) -> Iterator[Row]:
    """Yield the row."""
    command = [sys.executable, "-m", "interact_cli", "--help"]

    def shown() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    shown()
    times = [seconds(shown) for _ in range(5 if quick else 11)]
    yield Row("`interact --help`, hoped for: 0.5 s", statistics.median(times), " s", spread=quartiles(times))
    bare = [seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(5)]
    yield Row("an empty Python program", statistics.median(bare), " s")
