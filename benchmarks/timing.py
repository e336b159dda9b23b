"""Times that a busy machine cannot easily spoil: interleaved, judged by medians of ratios."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

Work = Callable[[], object]


class Clock:
    """Wall-clock seconds, or the CPU seconds of this process, which other processes hardly touch."""

    cpu_time = False

    @classmethod
    def now(cls) -> float:
        return time.process_time() if cls.cpu_time else time.perf_counter()


def use_cpu_time() -> None:
    """Time CPU seconds from here on, on one thread: two would count their waiting for each other."""
    Clock.cpu_time = True
    torch.set_num_threads(1)


def seconds(work: Work) -> float:
    """Time one call."""
    started = Clock.now()
    work()
    return Clock.now() - started


@dataclass(frozen=True)
class Interleaved:
    """Times of several works, taken in turn: ``times[work][round]``."""

    times: list[list[float]]

    @classmethod
    def of(cls, works: Sequence[Work], rounds: int, *, floor: float = 0.25) -> Interleaved:
        """Warm every work up, then time them in turn; each is repeated until it takes ``floor`` seconds.

        The order turns round from one round to the next (ABBA), so that a drift of the machine cancels.
        """
        calls = []
        for work in works:
            work()
            calls.append(max(1, round(floor / max(1e-9, seconds(work)))))
        times: list[list[float]] = [[] for _ in works]
        for number in range(rounds):
            order = range(len(works)) if number % 2 == 0 else reversed(range(len(works)))
            for position in order:
                started = Clock.now()
                for _ in range(calls[position]):
                    works[position]()
                times[position].append((Clock.now() - started) / calls[position])
        return cls(times)

    def median(self, work: int) -> float:
        """Median seconds of one call."""
        return statistics.median(self.times[work])

    def ratios(self, numerator: int, denominator: int) -> list[float]:
        """Ratio of the times in each round."""
        return [a / b for a, b in zip(self.times[numerator], self.times[denominator], strict=True)]


def quartiles(values: Sequence[float]) -> str:
    """Return the middle half as text."""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.3g} to {high:.3g}"
