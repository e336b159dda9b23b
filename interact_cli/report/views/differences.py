"""The differences of a comparison, put together as they are drawn: quantity by quantity, with the rules that judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray
from interact_cli.verdicts import SEVERITY, Comparison, Decision, Difference, RuleVerdict, Verdict, Word

NAMES = frozenset({"player", "pair", "set", "coalition"})
"""Dimensions along which nothing rises or falls, even where the labels are numbers."""


@dataclass(frozen=True)
class Place:
    """One place of a quantity, and the decisions on it, the worst first."""

    difference: Difference
    judged: tuple[tuple[RuleVerdict, Decision], ...] = ()


@dataclass(frozen=True)
class Series:
    """One quantity at all its places."""

    places: tuple[Place, ...]

    @property
    def first(self) -> Difference:
        """What says metric, quantity, unit and axis for all places."""
        return self.places[0].difference

    @property
    def dim(self) -> str:
        """Name of the axis; empty for a single number."""
        return "".join(self.first.dims)

    @property
    def name(self) -> str:
        """``"bottleneck J_mean_abs"``."""
        return f"{safe_text(self.first.metric, limit=60)} {safe_text(self.first.quantity, limit=60)}"

    @property
    def label(self) -> str:
        """What a reader calls the quantity."""
        return safe_text(self.first.label or self.first.quantity, limit=60)

    @property
    def word(self) -> Word | None:
        """The worst decision on any place; None where no rule judged."""
        words = {decision.word for place in self.places for _, decision in place.judged}
        return next((word for word in SEVERITY if word in words), None)

    @property
    def rules(self) -> tuple[RuleVerdict, ...]:
        """The rules that judged any place."""
        return tuple({rule.name: rule for place in self.places for rule, _ in place.judged}.values())

    @property
    def relative(self) -> bool:
        """True where every margin is a share of the reference, and known: then the change is shown as one too."""
        decisions = [decision for place in self.places for _, decision in place.judged]
        known = all(place.difference.relative is not None for place in self.places)
        return known and bool(decisions) and all(decision.relative for decision in decisions)

    @property
    def unit(self) -> str:
        """Of the change."""
        return "% of the reference" if self.relative else self.first.unit

    @property
    def positions(self) -> FloatArray | None:
        """Labels along the axis where they are amounts; None where they are names."""
        labels = [place.difference.at[0] for place in self.places]
        if self.dim in NAMES or any(isinstance(label, str) for label in labels):
            return None
        return np.array(labels, dtype=np.float64)

    @property
    def values(self) -> FloatArray:
        """Reference and candidate, ``(2, place)``."""
        return np.array([[place.difference.reference, place.difference.candidate] for place in self.places]).T

    @property
    def change(self) -> FloatArray:
        """Candidate minus reference, its lower and its upper end: ``(3, place)``."""
        differences = [place.difference for place in self.places]
        if self.relative:
            shares = [
                [difference.relative, difference.relative_low, difference.relative_high] for difference in differences
            ]
            return 100 * np.array(shares, dtype=np.float64).T
        return np.array([[difference.difference, difference.low, difference.high] for difference in differences]).T

    @property
    def confidences(self) -> tuple[float, ...]:
        """Of the intervals: more than one where a rule judged some of the places only."""
        return tuple(sorted({place.difference.confidence for place in self.places}))

    def allowed(self, place: Place) -> list[tuple[float, float]]:
        """Return the changes that each rule of a place allows, infinite where it sets no bound; none by no share."""
        ends = []
        for rule, decision in place.judged:
            if decision.relative and place.difference.relative is None:
                continue
            share = 100.0 if self.relative else abs(place.difference.reference)
            margin = decision.margin * (share if decision.relative else 1.0)
            ends.append(
                (
                    -np.inf if rule.must_not == "rise" else -margin,
                    np.inf if rule.must_not == "fall" else margin,
                )
            )
        return ends


def series_of(comparison: Comparison, verdict: Verdict | None = None) -> list[Series]:
    """Put the places of each quantity together: what a verdict judged first, then the headline.

    Quantities over several axes are left out: there is no one curve to them.

    Args:
        comparison: What differs.
        verdict: Its decisions bring their own differences, at the confidence that was judged.
    """
    judged = _judged(verdict)
    wanted = [*((place.metric, place.quantity) for place in judged), *comparison.headline]
    by_quantity: dict[tuple[str, str], dict[object, Place]] = {name: {} for name in wanted}
    for difference in (*comparison.differences, *judged):
        places = by_quantity.get((difference.metric, difference.quantity))
        if places is not None and len(difference.dims) <= 1:
            places[difference.at] = Place(difference, judged.get(difference, ()))
    return [Series(tuple(places.values())) for places in by_quantity.values() if places]


def _judged(verdict: Verdict | None) -> dict[Difference, tuple[tuple[RuleVerdict, Decision], ...]]:
    rules_of: dict[object, list[tuple[RuleVerdict, Decision]]] = {}
    for rule in verdict.rules if verdict else ():
        for decision in rule.decisions:
            of = decision.difference
            rules_of.setdefault((of.metric, of.quantity, of.at), []).append((rule, decision))
    for rules in rules_of.values():
        rules.sort(key=lambda judged: SEVERITY.index(judged[1].word))
    return {rules[0][1].difference: tuple(rules) for rules in rules_of.values()}
