"""Frozen records of a comparison of two reports, and of a gate's verdict on it.

One object feeds everything that a gate says: terminal, JSON, Markdown, JUnit, annotation and exit code. `gates/` makes
these records, `report/verdicts/` and `report/plots/` show them, and neither knows the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Literal

Word = Literal["PASS", "FAIL", "INCONCLUSIVE"]
Level = Literal["error", "warn"]
SEVERITY: tuple[Word, ...] = ("FAIL", "INCONCLUSIVE", "PASS")
"""The worst first."""
MustNot = Literal["rise", "fall", "change"]
Change = Literal["rose", "fell", "no change shown", "identical", "undefined"]
"""What a difference shows: its sign where zero lies outside the interval, corrected for the number of places."""


@dataclass(frozen=True)
class Side:
    """One of the two reports."""

    path: str
    """As given."""
    checkpoint: str
    """File name of the checkpoint; empty for a reference network."""
    digest: str
    """SHA-256 of the checkpoint."""
    arch: str
    created: str
    """When it was measured, ISO 8601 in UTC; empty where the report does not say."""
    accuracy: float
    """On the drawn samples; NaN where unlabelled."""


@dataclass(frozen=True)
class Pairing:
    """Which samples the comparison rests on."""

    rule: Literal["both-correct", "all"]
    n_samples: int
    """Samples that are compared: paired by id, and kept by the rule."""
    lost_by_reference: int = 0
    """Paired samples that only the reference gets wrong; left out by ``both-correct``, counted always."""
    lost_by_candidate: int = 0
    """Paired samples that only the candidate gets wrong."""
    lost_by_both: int = 0
    missing_in_reference: int = 0
    """Samples of the candidate that the reference does not hold (``on_missing: intersect``)."""
    missing_in_candidate: int = 0


@dataclass(frozen=True)
class Difference:
    """One number of both reports, candidate minus reference, on the same samples."""

    metric: str
    """Key in the reports: ``"multi-order"``, ``"shapley@encoder.layer.0"``."""
    quantity: str
    dims: tuple[str, ...]
    """Axes of the quantity: ``("order",)``; empty for a single number."""
    at: tuple[str | int | float, ...]
    """Label of the place along each axis: ``(3,)``."""
    unit: str
    reference: float
    candidate: float
    difference: float
    low: float
    """Lower end of the interval of the difference, at ``confidence``; the bias of sampling noise is part of it."""
    high: float
    confidence: float
    """0.95 in a comparison; 1 - 2 alpha in a gate, so that either end alone is a bound at level alpha."""
    t_low: float
    """The same by Student's t on jackknife pseudo-values alone, without the bias; ``low`` and ``high`` enclose it."""
    t_high: float
    standard_error: float
    bias: float
    """The part of ``difference`` by which noise of the drawn contexts alone moves it: raw minus corrected; 0 for
    unbiased quantities."""
    change: Change
    relative: float | None = None
    """Difference over reference; None where the reference is not shown to be above zero."""
    relative_low: float | None = None
    relative_high: float | None = None
    label: str = ""
    """What a reader calls the quantity; its name where empty."""

    @property
    def place(self) -> str:
        """``"order 3"``, ``"size 2"``; empty for a single number."""
        return ", ".join(f"{dim} {label}" for dim, label in zip(self.dims, self.at, strict=True))


@dataclass(frozen=True)
class Problem:
    """Why two reports, or a field of them, cannot be compared."""

    field: str
    """``"plan: budget"``, ``"multi-order: version"``, ``"samples"``."""
    reference: str
    """What the reference holds, in words."""
    candidate: str
    advice: str = ""
    """What to do next."""


@dataclass(frozen=True)
class Spoken:
    """What the two reports themselves say of one metric: their findings' sentences."""

    metric: str
    reference: tuple[str, ...]
    candidate: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What differs between two reports that can be compared."""

    reference: Side
    candidate: Side
    pairing: Pairing
    differences: tuple[Difference, ...]
    """Metric by metric, quantity by quantity, place by place."""
    headline: tuple[tuple[str, str], ...] = ()
    """(metric, quantity) that a short summary shows; the others are in the JSON, and with ``--all``."""
    left_out: tuple[str, ...] = ()
    """What the reports hold and cannot be compared, with the reason: ``"bottleneck theory: no mean of samples"``."""
    spoken: tuple[Spoken, ...] = ()
    remarks: tuple[str, ...] = ()
    """What a reader must know: another device, older and newer swapped, fewer than 30 samples."""
    seed: int = 0
    resamples: int = 0


@dataclass(frozen=True)
class Decision:
    """One place of a rule: its difference held against the margin."""

    difference: Difference
    word: Word
    margin: float
    """In the unit of the quantity; the share of the reference where the rule's margin is relative."""
    relative: bool
    p_value: float
    """Of "the change is not beyond the margin", one-sided (two-sided for ``change``)."""
    p_adjusted: float
    """Holm's, over the places of the rule; what FAIL rests on."""
    needed: int | None = None
    """Samples that would decide in four of five cases if the difference is as it looks; None where decided, or where it
    lies at the margin."""
    detectable: float | None = None
    """Smallest change that this many samples would have called beyond the margin in four of five cases; in the unit of
    ``margin``."""
    noise: float | None = None
    """What two plan seeds of one checkpoint differ by (A/A), in the unit of ``margin``; None where not measured."""

    @property
    def as_share(self) -> bool:
        """True where the change too is known as a share of the reference."""
        return self.relative and self.difference.relative is not None

    @property
    def interval(self) -> tuple[float, float, float]:
        """Low end, value and high end; shares of the reference `as_share`, else in the unit of the quantity."""
        of = self.difference
        if not self.as_share:
            return of.low, of.difference, of.high
        low, value, high = (nan if end is None else end for end in (of.relative_low, of.relative, of.relative_high))
        return low, value, high

    def reach(self, must_not: MustNot) -> float:
        """How far it goes in the direction that is worse, in margins: its value where it failed, else its bound."""
        low, value, high = self.interval
        if self.word == "FAIL":
            low = high = value
        far = worse(must_not, low, high) / (self.margin or 1.0)
        if self.relative and not self.as_share:
            return 0.0
        return inf if isnan(far) else far


def worse(must_not: MustNot, low: float, high: float) -> float:
    """Return how far an interval goes in the direction that is worse."""
    return {"rise": high, "fall": -low, "change": max(high, -low)}[must_not]


def samples_needed(must_not: MustNot, decisions: Sequence[Decision]) -> int | None:
    """Return the samples that would decide a rule: one place shown beyond its margin breaks it, all of them hold it.

    None where nothing is open, and where it would take a place whose change lies at its margin.

    Args:
        must_not: The direction that is worse.
        decisions: The places of the rule.
    """
    undecided = [decision for decision in decisions if decision.word == "INCONCLUSIVE"]
    known = [(decision, decision.needed) for decision in undecided if decision.needed is not None]
    beyond = [worse(must_not, place.interval[1], place.interval[1]) > place.margin for place, _ in known]
    breaking = [needed for (_, needed), past in zip(known, beyond, strict=True) if past]
    if breaking:
        return min(breaking)
    return max(needed for _, needed in known) if known and len(known) == len(undecided) else None


@dataclass(frozen=True)
class RuleVerdict:
    """One rule of the policy."""

    name: str
    metric: str
    quantity: str
    must_not: MustNot
    margin: str
    """As written: ``"5%"``, ``"0.1"``, ``"2 noise"``."""
    level: Level
    alpha: float
    word: Word
    sentence: str
    """What a tired person should read."""
    decisions: tuple[Decision, ...] = ()
    remarks: tuple[str, ...] = ()
    """A margin below the A/A noise, fewer than 30 samples, a change that is shown inside the margin."""
    problems: tuple[Problem, ...] = ()
    """Why it could not be decided at all: metric missing, non-finite value, margin relative to nothing."""
    n_samples: int | None = None
    """Samples that it was judged on, which differ from rule to rule: accuracy takes all; None where unjudged."""

    @property
    def unjudged(self) -> bool:
        """True where no place could be looked at: missing, not finite or contradictory numbers, whatever the level."""
        return bool(self.problems) and not self.decisions


@dataclass(frozen=True)
class Verdict:
    """What a gate says."""

    word: Word
    exit_code: Literal[0, 1, 3]
    sentence: str
    reference: str
    """Path, as given."""
    candidate: str
    rules: tuple[RuleVerdict, ...] = ()
    comparison: Comparison | None = None
    """None where the reports cannot be compared."""
    problems: tuple[Problem, ...] = ()
    """Fields in which the reports differ and must not; then no rule was judged."""
    policy: str = ""
    """Name of the policy file."""
    policy_digest: str = ""
    """SHA-256 of the policy as it was applied, flags included."""
    on_inconclusive: Literal["fail", "warn", "pass"] = "fail"
    self_check: bool = False
    """One checkpoint was measured by two plan seeds: what differs is noise, and nothing ships or stays."""
