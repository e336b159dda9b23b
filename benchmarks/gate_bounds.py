"""How often the gate is wrong at exactly the margin, where few samples carry the strength; by cohorts of known laws.

Strengths of samples are log-normal, as those of trained networks nearly are, of log standard deviation .5 to 1. The
candidate is ``(1 + change) x``, moved at random from sample to sample as another training would move it. So the true
change of the mean is known, and every cohort is a place of one call of the gate. Beyond the goals stand laws that a
bound cannot see whole: a wider spread, another law of the same spread, and one sample in ten that carries the change.

About a quarter of an hour of one core; run by hand: ``make bench-coverage``. ``python -m benchmarks.gate_bounds``
prints the tables in Markdown.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from benchmarks.sheet import Share, Sheet
from benchmarks.table import Goal, Row
from interact_cli.gates.policy import Margin
from interact_cli.gates.statistics.carriers import carriers
from interact_cli.gates.statistics.decisions import Held
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.paired import Paired, blocks
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.seeding import generator
from interact_cli.types import FloatArray
from interact_cli.verdicts import MustNot

SIZES = (20, 50, 200)
COHORTS, OF_PRICE, OF_NAMES = 4000, 1000, 400
"""A cell: at the margin; where nothing or twice the margin changed; and where few samples are looked for."""
RESAMPLES = 2000
ALPHA, MARGIN = 0.05, 0.1
SIGNS: dict[MustNot, int] = {"rise": 1, "fall": -1}
RARELY = Goal(most=7, unit=" %")
COLUMNS = (
    "PASS at the margin",
    "FAIL at it",
    "PASS of no change",
    "FAIL at twice the margin",
    "by three bounds: PASS at the margin",
    "PASS of no change",
    "FAIL at twice",
)
"""The last three: without the log-normal bound, what it mends and what it costs."""


@dataclass(frozen=True)
class Law:
    """How strong the samples are, and how a candidate differs from the reference."""

    name: str
    spread: float
    """Standard deviation of the logarithm; of a gamma law, that of the log-normal with the same relative variance."""
    moved: float
    """Standard deviation of the logarithm of what another training makes of a sample."""
    gamma: bool = False
    carriers: float = 1.0
    """Share of the samples that carry the whole change."""
    judged: bool = True
    """Whether goals are meant for it."""

    def draw(self, size: int, change: float, cohorts: int) -> tuple[FloatArray, FloatArray]:
        """Return reference and candidate, ``(sample, cohort)`` each, of mean 1 and ``1 + change``."""
        rng = generator(0, "gate bounds", self.name, size, f"{change:g}")
        shape = (size, cohorts)
        power = 1 / np.expm1(self.spread**2)
        reference = rng.gamma(power, 1 / power, shape) if self.gamma else _unbiased(rng, self.spread, shape)
        carried = rng.random(shape) < self.carriers if self.carriers < 1 else np.ones(shape, np.bool_)
        return reference, reference * (1 + change * carried / self.carriers) * _unbiased(rng, self.moved, shape)


LAWS = (
    Law("log-normal, .5", 0.5, 0.1),
    Law("log-normal, .75", 0.75, 0.15),
    Law("log-normal, 1", 1.0, 0.2),
    Law("log-normal, 1.5", 1.5, 0.2, judged=False),
    Law("gamma, like .75", 0.75, 0.15, gamma=True, judged=False),
    Law("one sample in ten carries the change, .7", 0.7, 0.15, carriers=0.1, judged=False),
)


def gate_bounds(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    for law in LAWS:
        yield from of_law(law, COHORTS // 10 if quick else COHORTS, OF_PRICE // 10 if quick else OF_PRICE).rows()


def of_law(law: Law, cohorts: int, of_price: int) -> Sheet:
    """Judge all cohorts of a law."""
    lines = []
    for kind, must_not, size in product(("relative", "absolute"), SIGNS, SIZES):
        margin = Margin(MARGIN, "relative" if kind == "relative" else "absolute")
        at = _words(law, size, MARGIN, cohorts, must_not, margin)
        none = _words(law, size, 0.0, of_price, must_not, margin)
        twice = _words(law, size, 2 * MARGIN, of_price, must_not, margin)
        goal = RARELY if law.judged else None
        wrong = (Share(at.passed, cohorts, goal), Share(at.failed, cohorts, goal))
        price = (Share(none.passed, of_price), Share(twice.failed, of_price))
        before = Share(at.passed_by_three, cohorts), Share(none.passed_by_three, of_price)
        lines.append(
            (
                f"{kind}, must not {must_not}, {size} samples",
                (*wrong, *price, *before, Share(twice.failed_by_three, of_price)),
            )
        )
    return Sheet(f"{law.name}: words in % of {cohorts:,} cohorts", COLUMNS, tuple(lines))


class Words(NamedTuple):
    """How many cohorts of a true change got which word, by all bounds and without the log-normal one."""

    passed: int
    failed: int
    passed_by_three: int
    failed_by_three: int


def _words(law: Law, size: int, change: float, cohorts: int, must_not: MustNot, margin: Margin) -> Words:
    """Judge all cohorts of a true change."""
    numbers = _numbers(*law.draw(size, SIGNS[must_not] * change, cohorts))
    counts = np.zeros(4, np.int64)
    for block in blocks(numbers, _resamples(size)):
        held = [Held.of(one, must_not, margin, ALPHA, None) for one in (block, _by_three(block))]
        counts += [count for one in held for count in ((one.inside == 1).sum(), (one.p_value < ALPHA).sum())]
    return Words(*counts.tolist())


def _numbers(reference: FloatArray, candidate: FloatArray) -> PairedNumbers:
    places, mean = tuple(range(reference.shape[1])), STATISTICS["mean"]
    return PairedNumbers("simulated", "strength", ("cohort",), (places,), "1", mean, None, (reference,), (candidate,))


def _by_three(block: Paired) -> Paired:
    """Return the same numbers without the log-normal bound."""
    absolute, relative = (
        replace(change, readings=tuple(replace(reading, pivots=None) for reading in change.readings))
        for change in (block.absolute, block.relative)
    )
    return replace(block, absolute=absolute, relative=relative)


def _unbiased(rng: np.random.Generator, spread: float, shape: tuple[int, int]) -> FloatArray:
    """Return log-normal numbers of mean 1."""
    return np.exp(rng.normal(-(spread**2) / 2, spread, shape))


@cache
def _resamples(size: int) -> Resamples:
    return Resamples.draw(size, seed=0, resamples=RESAMPLES)


def worst_of_rules(sheets: Sequence[Sheet]) -> Sheet:
    """Return the worst of the four rules of each law and size: most errors, fewest words where one is due."""
    lines = []
    for law, sheet in zip(LAWS, sheets, strict=True):
        for size in SIZES:
            of_size = [shares for rule, shares in sheet.lines if rule.endswith(f", {size} samples")]
            worst = tuple(
                (max if "at the margin" in column or column == "FAIL at it" else min)(
                    filter(None, shares), key=lambda share: share.percent
                )
                for column, shares in zip(COLUMNS, zip(*of_size, strict=True), strict=True)
            )
            lines.append((f"{law.name}; {size} samples", worst))
    return Sheet("The worst of four rules: relative and absolute, rise and fall", COLUMNS, tuple(lines))


def named(laws: Sequence[Law]) -> Sheet:
    """Return how often the gate names few samples that move a relative difference."""
    lines = [
        (
            f"{law.name}; {size} samples",
            tuple(
                Share.of(
                    [
                        carriers(_numbers(*one), 0, MARGIN, relative=True) is not None
                        for one in zip(*(side.T[:, :, None] for side in law.draw(size, change, OF_NAMES)), strict=True)
                    ]
                )
                for change in (0.0, MARGIN)
            ),
        )
        for law in laws
        for size in SIZES
    ]
    title = f"Few samples are named, in % of {OF_NAMES} cohorts"
    return Sheet(title, ("no change", "a change of the margin"), tuple(lines))


def main() -> None:
    quick = "--quick" in sys.argv
    sheets = [of_law(law, COHORTS // 10 if quick else COHORTS, OF_PRICE // 10 if quick else OF_PRICE) for law in LAWS]
    print(*[sheet.markdown() for sheet in (worst_of_rules(sheets), named(LAWS), *sheets)], sep="\n\n")


if __name__ == "__main__":
    main()
