"""What a rule does to the whole verdict, and which of its places are worth a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import inf
from typing import Literal

from interact_cli.report.verdicts.wording import Reading, absolute, relative
from interact_cli.verdicts import SEVERITY, Decision, RuleVerdict, Verdict

Outcome = Literal["failed", "undecided", "let through", "warned", "passed"]
"""``let through``: the samples do not decide, and the policy accepts that; ``warned``: a rule of level ``warn``."""
ORDER: tuple[Outcome, ...] = ("failed", "undecided", "let through", "warned", "passed")


def outcome(rule: RuleVerdict, verdict: Verdict) -> Outcome:
    """Say what a rule does to the whole.

    Args:
        rule: One of the verdict's.
        verdict: Its exit code has the last word: at 0 no rule stops anything.
    """
    if rule.word == "PASS":
        return "passed"
    if rule.level == "warn" and not rule.unjudged:
        return "warned"
    if rule.word == "FAIL":
        return "failed"
    softened = verdict.on_inconclusive != "fail" and not rule.problems
    return "let through" if softened or verdict.exit_code == 0 else "undecided"


def by_weight(verdict: Verdict) -> list[RuleVerdict]:
    """Sort the rules: what stops the candidate first, then as in the policy."""
    return sorted(verdict.rules, key=lambda rule: ORDER.index(outcome(rule, verdict)))


def worst_first(rule: RuleVerdict) -> list[Decision]:
    """Sort the places of a rule: FAIL first, then by how far they go towards, or beyond, the margin."""
    return sorted(rule.decisions, key=lambda decision: (SEVERITY.index(decision.word), -decision.reach(rule.must_not)))


def reading(decision: Decision) -> Reading:
    """Read a decision in the unit of its margin."""
    difference = decision.difference
    in_percent = relative(difference, decision.margin) if decision.relative else None
    return in_percent or absolute(difference, inf if decision.relative else decision.margin)


def tally(words: Sequence[str]) -> str:
    """Count words: ``"1 FAIL, 9 PASS"``."""
    counts = Counter(words)
    return ", ".join(f"{counts[word]:,} {word}" for word in SEVERITY if counts[word])
