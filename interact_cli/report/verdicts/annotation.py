"""A verdict as one workflow command of GitHub: the annotation that a pull request shows."""

from __future__ import annotations

from interact_cli.report.verdicts.outcomes import by_weight, outcome
from interact_cli.report.verdicts.wording import defused, foreign, sentence
from interact_cli.verdicts import RuleVerdict, Verdict
from interact_cli.words import count

RULES = 3
"""Rules whose sentences are said beside the verdict's own; the others are in the summary."""


def annotation(verdict: Verdict) -> str | None:
    r"""Return the one workflow command of a verdict: an error where it stops the candidate, a warning where it could.

    Args:
        verdict: What a gate says.

    Returns:
        One line without its end; None where there is nothing to annotate.

    Example:
        >>> print(annotation(Verdict("INCONCLUSIVE", 3, "50 % of the samples\nare missing.", "a.h5", "b.h5")))
        ::error title=interact gate%3A INCONCLUSIVE::50 %25 of the samples\nare missing.
    """
    warning = [rule for rule in by_weight(verdict) if _warns(rule, verdict)]
    stopping = [rule for rule in by_weight(verdict) if outcome(rule, verdict) in ("failed", "undecided")]
    if verdict.exit_code == 0 and not warning:
        return None
    level, told = ("error", stopping) if verdict.exit_code else ("warning", warning)
    title = _property(f"interact gate: {verdict.word}")
    told = [rule for rule in told if rule.sentence.rstrip(".") not in verdict.sentence]
    sentences = [
        sentence(verdict.sentence),
        *(f"{foreign(rule.name)}: {sentence(rule.sentence)}" for rule in told[:RULES]),
    ]
    sentences += [f"{count(len(told) - RULES, 'more rule')}."] if len(told) > RULES else []
    return f"::{level} title={title}::{_data(defused(chr(10).join(sentences)))}"


def _warns(rule: RuleVerdict, verdict: Verdict) -> bool:
    if rule.level == "warn":
        return rule.word == "FAIL"
    return outcome(rule, verdict) == "let through" and verdict.on_inconclusive != "pass"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
