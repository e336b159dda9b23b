"""A simulated change of strength, judged by this gate and by the usual rules: 50 images of 64 coalitions each.

``x[image, coalition] = s[image] |t|``, s log-normal, t Student's with 5 degrees of freedom: tails as heavy as those of
interactions. The candidate is ``(1 + change) x``, moved at random from image to image and from coalition to coalition
as another training would move it; with the coalitions of the reference, or with fresh ones.

``python -m benchmarks.gate_simulation`` prints the table in Markdown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.classic_rules import CLASSIC
from benchmarks.sheet import Share, Sheet
from benchmarks.table import Goal, Row
from interact_cli.gates.policy import Margin
from interact_cli.gates.statistics.decisions import decide, word_of
from interact_cli.gates.statistics.differences import differences
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

IMAGES, COALITIONS = 50, 64
LEVEL, BETWEEN_IMAGES, DEGREES = 1.76, 0.6, 5
"""Strength of a middling image at |t| = 1, spread of log s, degrees of freedom of t."""
IMAGE_MOVES, COALITION_MOVES = 0.088, 0.35
"""Spread of the logarithm by which another training moves an image, and a coalition of it."""
CHANGES = (0.0, 0.05, 0.10)
MARGINS = (0.01, 0.05)
REPEATS, QUICK_REPEATS = 1000, 300
RESAMPLES = 10_000


@dataclass(frozen=True)
class Condition:
    """What is true of a simulated pair of reports."""

    shared: bool
    """Both asked the same coalitions."""
    change: float

    def __str__(self) -> str:
        return f"{'same' if self.shared else 'fresh'} coalitions, {f'+{self.change:.0%}' if self.change else 'null'}"

    def draw(self, repeat: int) -> tuple[FloatArray, FloatArray]:
        """Return ``(image, coalition)`` of reference and candidate."""
        rng = generator(repeat, "gate simulation")
        scale = LEVEL * np.exp(rng.normal(0, BETWEEN_IMAGES, (IMAGES, 1)))
        reference, fresh = (scale * np.abs(rng.standard_t(DEGREES, (IMAGES, COALITIONS))) for _ in range(2))
        moved = _unbiased(rng, IMAGE_MOVES, (IMAGES, 1)) * _unbiased(rng, COALITION_MOVES, (IMAGES, COALITIONS))
        return reference, (1 + self.change) * moved * (reference if self.shared else fresh)


CONDITIONS = tuple(Condition(shared, change) for shared in (True, False) for change in CHANGES)


def _unbiased(rng: np.random.Generator, spread: float, shape: tuple[int, int]) -> FloatArray:
    return np.exp(rng.normal(-(spread**2) / 2, spread, shape))


def gate_simulation(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    yield from simulated(QUICK_REPEATS if quick else REPEATS).rows()


def simulated(repeats: int) -> Sheet:
    """Simulate."""
    drawn = {condition: [condition.draw(repeat) for repeat in range(repeats)] for condition in CONDITIONS}
    lines = [
        (name, tuple(Share.of([rule(*pair) for pair in pairs]) for pairs in drawn.values()))
        for name, rule in CLASSIC.items()
    ]
    by_gate = [_gate_shares(condition, pairs) for condition, pairs in drawn.items()]
    lines += [(name, tuple(shares[name] for shares in by_gate)) for name in by_gate[0]]
    title = f"Simulated changes shown or failed, in % of {repeats:,} repetitions"
    return Sheet(title, tuple(map(str, drawn)), tuple(lines))


def _gate_shares(condition: Condition, pairs: list[tuple[FloatArray, FloatArray]]) -> dict[str, Share]:
    numbers = [_numbers(*pair) for pair in pairs]
    shown = [_shown(one) for one in numbers]
    shares = {"this gate: a change is shown": Share.of(shown, _goal(condition, 0.0))}
    for margin in MARGINS:
        failed = [_fails(one, Margin(margin, "relative")) for one in numbers]
        shares[f"this gate: FAIL, must not rise {margin:.0%}"] = Share.of(failed, _goal(condition, margin))
    return shares


def _goal(condition: Condition, margin: float) -> Goal | None:
    """Few false alarms up to the margin; with shared coalitions most of what lies far beyond it is seen."""
    if condition.change <= margin:
        return Goal(most=7, unit=" %")
    far = condition.shared and condition.change == max(CHANGES) and margin < 0.05
    return Goal(least=95, unit=" %") if far else None


@cache
def _resamples() -> Resamples:
    return Resamples.draw(IMAGES, seed=0, resamples=RESAMPLES)


def _numbers(reference: FloatArray, candidate: FloatArray) -> PairedNumbers:
    parts = (reference.mean(axis=1),), (candidate.mean(axis=1),)
    return PairedNumbers("simulated", "strength", (), (), "1", STATISTICS["mean"], None, *parts)


def _shown(numbers: PairedNumbers) -> bool:
    return any(difference.change in {"rose", "fell"} for difference in differences(numbers, _resamples()))


def _fails(numbers: PairedNumbers, margin: Margin) -> bool:
    return word_of(decide(numbers, _resamples(), must_not="rise", margin=margin, alpha=0.05)) == "FAIL"


def main() -> None:
    print(simulated(QUICK_REPEATS if "--quick" in sys.argv else REPEATS).markdown())


if __name__ == "__main__":
    main()
