"""Differences held against a margin: PASS, FAIL or INCONCLUSIVE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite, isnan
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

from interact_cli.gates.policy import Margin
from interact_cli.gates.statistics.differences import records, table_of
from interact_cli.gates.statistics.holm import holm
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.paired import Paired, blocks
from interact_cli.gates.statistics.resampling import LEAST_FOR_INTERVAL, Resamples
from interact_cli.types import FloatArray
from interact_cli.verdicts import Decision, Difference, MustNot, Problem, Word

POWER = 0.8
MOST_NEEDED = 1e6
"""More samples than this are not worth a number."""


def decide(
    numbers: PairedNumbers,
    resamples: Resamples,
    *,
    must_not: MustNot,
    margin: Margin,
    alpha: float,
    noise: FloatArray | None = None,
) -> tuple[Decision, ...]:
    """Hold each place of a quantity against a margin.

    PASS: the bound at level alpha lies inside the margin; for ``change`` both do (two one-sided tests). FAIL: it lies
    beyond at Holm's level, alpha / k first, k the number of places (half of it on either side for ``change``). So with
    one place, FAIL is "the interval at confidence 1 - 2 alpha lies beyond the margin". Identical places PASS. A margin
    of 0, from noise that is 0 where a value is exact, can be passed only by what is identical or shown to have moved
    the other way, and any change that is shown FAILs it. A reference of 0 cannot fall by a share of itself: a candidate
    that is lower on no resample PASSes.

    INCONCLUSIVE, whatever the numbers: below 20 samples; where a number is not finite on some resample; where the
    margin is relative and the reference not shown to be above 0, or the noise of the place unknown (`problem`).

    Source: Schuirmann (1987) for the two one-sided tests; Holm (1979).

    Args:
        numbers: What the paired samples contribute.
        resamples: Resamples of these samples.
        must_not: The direction that is worse.
        margin: The smallest change that matters.
        alpha: Share of false alarms at a change of exactly the margin.
        noise: A/A noise of every place, in the unit of the quantity, shaped like the quantity.

    Returns:
        One decision a place, row-major.

    Example:
        >>> from interact_cli.metrics.summaries.of_means import STATISTICS
        >>> before = np.random.default_rng(0).random((40, 1))
        >>> numbers = PairedNumbers("shapley", "mean_abs", ("player",), (("a",),), "logit", STATISTICS["mean"], None,
        ...                         (before,), (1.5 * before,))
        >>> drawn = Resamples.draw(40, seed=0, resamples=2000)
        >>> [judged] = decide(numbers, drawn, must_not="rise", margin=Margin.parse("10%"), alpha=0.05)
        >>> judged.word, round(judged.difference.relative, 6)
        ('FAIL', 0.5)
    """
    noises = None if noise is None else np.asarray(noise, dtype=np.float64).reshape(-1)
    tables, parts, first = [], [], 0
    for block in blocks(numbers, resamples):
        some = slice(first, first := first + len(block.reference))
        tables.append(table_of(block, alpha))
        parts.append(Held.of(block, must_not, margin, alpha, None if noises is None else noises[some]))
    differences = records(numbers, tables, 1 - 2 * alpha)
    claims = Held(*[np.concatenate(part) for part in zip(*parts, strict=True)])
    rule = _Rule(must_not, alpha, len(differences), numbers.n_samples, margin.kind == "relative")
    adjusted = holm(claims.p_value)
    return tuple(rule.decide(differences[place], claims.at(place), float(p)) for place, p in enumerate(adjusted))


def word_of(decisions: Sequence[Decision]) -> Word:
    """Return what a rule of these places says: FAIL by any, PASS by all.

    Example:
        >>> word_of(())
        'INCONCLUSIVE'
    """
    words = {decision.word for decision in decisions}
    if "FAIL" in words:
        return "FAIL"
    return "PASS" if words == {"PASS"} else "INCONCLUSIVE"


def problem(decision: Decision) -> Problem | None:
    """Return why a place could not be decided whatever its numbers say; None where it was, or lacks samples only."""
    difference = decision.difference
    field = ": ".join(part for part in (difference.metric, difference.quantity, difference.place) if part)
    values = f"{difference.reference:.4g}", f"{difference.candidate:.4g}"
    if difference.change == "undefined":
        return Problem(field, *values, "Not a finite number on every resample of the samples: nothing can be said.")
    if decision.word != "INCONCLUSIVE" or isnan(difference.low):
        return None
    if isnan(decision.margin):
        advice = "The A/A noise of this place is not known: measure it (interact gate --self-check), or give the margin"
        return Problem(field, *values, f"{advice} as a number.")
    if decision.relative and difference.relative is None:
        advice = "A share of the reference needs a reference that is shown to be above 0: give the margin in"
        return Problem(field, *values, f"{advice} {difference.unit}.")
    return None


class Held(NamedTuple):
    """Places held against their margins, in the unit of the margin; ``(place,)`` each, NaN where it cannot be done."""

    margin: FloatArray
    noise: FloatArray
    value: FloatArray
    bias: FloatArray
    error: FloatArray
    p_value: FloatArray
    inside: FloatArray
    """1 where the interval lies inside the margin, 0 where not."""

    @classmethod
    def of(cls, block: Paired, must_not: MustNot, margin: Margin, alpha: float, noise: FloatArray | None) -> Held:
        """Bound a block of places and compare."""
        relative = margin.kind == "relative"
        change, valid = (block.relative, block.positive) if relative else (block.absolute, block.bounded)
        with np.errstate(all="ignore"):
            size = np.full_like(block.reference, np.nan) if noise is None else np.abs(noise)
            limit = margin.amount * (size if margin.kind == "noise" else np.ones_like(block.reference))
            valid = valid & np.isfinite(limit)
            rose, fell = change.p_above(limit), change.p_below(-limit)
            below = change.high(alpha) < limit - change.rounding
            above = change.low(alpha) > -limit + change.rounding
            p_value, inside = {
                "rise": (rose, below),
                "fall": (fell, above),
                "change": (np.minimum(2 * np.minimum(rose, fell), 1.0), below & above),
            }[must_not]
            # What is 0 has no share to lose.
            kept = block.bounded & (block.reference == 0) & block.absolute.falls_nowhere
            settled = (block.identical & block.bounded) | (kept & relative & (must_not == "fall"))
            return cls(
                np.where(np.isfinite(limit), limit, np.nan),
                size / np.abs(block.reference) if relative else size,
                change.value.value,
                change.bias,
                np.where(valid, change.spread(alpha), np.nan),
                np.where(settled, 1.0, np.where(valid, p_value, np.nan)),
                np.where(settled, 1.0, np.where(valid, inside, 0.0)),
            )

    def at(self, place: int) -> Held:
        """Return one place."""
        return Held(*[column[place] for column in self])


@dataclass(frozen=True)
class _Rule:
    must_not: MustNot
    alpha: float
    n_places: int
    n_samples: int
    relative: bool

    def decide(self, difference: Difference, claim: Held, p_adjusted: float) -> Decision:
        word: Word = "PASS" if claim.inside else "FAIL" if p_adjusted < self.alpha else "INCONCLUSIVE"
        detectable = float(claim.margin) + self._errors(self._first_level) * float(claim.error)
        return Decision(
            difference,
            word,
            margin=float(claim.margin),
            relative=self.relative,
            p_value=float(claim.p_value),
            p_adjusted=p_adjusted,
            needed=self._needed(claim) if word == "INCONCLUSIVE" else None,
            detectable=detectable if isfinite(detectable) else None,
            noise=float(claim.noise) if isfinite(claim.noise) else None,
        )

    @property
    def _first_level(self) -> float:
        """Level of a FAIL at the place with the smallest p."""
        return self.alpha / self.n_places / (2 if self.must_not == "change" else 1)

    def _errors(self, level: float) -> float:
        """Return the standard errors between the margin and a change that is called in four of five cases."""
        return float(ndtri(POWER) - ndtri(level))

    def _needed(self, claim: Held) -> int | None:
        """Return the samples that would decide if the change, over both readings of its bias, is as it looks."""
        worse = {"rise": 1.0, "fall": -1.0, "change": float(np.sign(claim.value))}[self.must_not]
        value, bias, margin, error = (float(number) for number in (claim.value, claim.bias, claim.margin, claim.error))
        highest, lowest = worse * value - min(worse * bias, 0), worse * value - max(worse * bias, 0)
        room, excess = margin - highest, lowest - margin
        gap, level = (room, self.alpha) if room > 0 else (excess, self._first_level)
        if not gap > 0:
            return None
        errors = self._errors(level)
        if self.must_not == "change" and room > 0:
            errors = _errors_of_two(self.alpha, (margin + lowest) / room)
        samples = self.n_samples * (errors * error / gap) ** 2
        return max(ceil(samples), self.n_samples + 1, LEAST_FOR_INTERVAL) if samples <= MOST_NEEDED else None


def _errors_of_two(alpha: float, farther: float) -> float:
    """Return the standard errors between a change and its nearer margin at which two one-sided tests often both pass.

    Often is in four of five cases: both bounds can then lie beyond their margins, most where the change is 0.

    Args:
        alpha: Level of either test.
        farther: How far the other margin lies, in distances of the nearer one; at least 1.
    """
    power = (1 + POWER) / 2
    for _ in range(20):
        errors = float(ndtri(power) - ndtri(alpha))
        power = min(1 + POWER - float(ndtr(errors * farther + ndtri(alpha))), power)
    return errors
