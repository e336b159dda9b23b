"""A verdict as JUnit XML: a worse candidate is a failure, an undecided question is an error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from interact_cli.report.verdicts.outcomes import Outcome, outcome
from interact_cli.report.verdicts.verdict_page import rule_lines
from interact_cli.report.verdicts.wording import defused, foreign, sentence
from interact_cli.verdicts import Problem, RuleVerdict, Verdict

SUITE = "interact gate"
TAGS: dict[Outcome, str] = {
    "failed": "failure",
    "undecided": "error",
    "let through": "skipped",
    "warned": "skipped",
    "passed": "system-out",
}
"""What a rule does to the verdict -> the element that says so."""
STOPPED = {1: "failure", 3: "error"}
"""Exit code -> an element that the document holds at least once."""


def verdict_junit(verdict: Verdict) -> str:
    """Write a verdict as JUnit XML: one suite, one case per rule.

    Reports that cannot be compared are one case with an error, and so is whatever else stops the candidate though no
    rule does: the document is never greener than the exit code.

    Args:
        verdict: What a gate says.
    """
    cases = [_case(rule, verdict) for rule in verdict.rules]
    stopped = STOPPED.get(verdict.exit_code)
    if stopped and not any(case.find(tag) is not None for case in cases for tag in STOPPED.values()):
        cases.append(_whole(verdict, stopped))
    _number_twins(cases)
    counts = {"tests": str(len(cases))}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[name] = str(sum(case.find(tag) is not None for case in cases))
    root = Element("testsuites", {"name": SUITE, **counts, "time": "0"})
    suite = SubElement(root, "testsuite", {"name": SUITE, **counts, "time": "0"})
    properties = SubElement(suite, "properties")
    for name, value in _properties(verdict):
        SubElement(properties, "property", {"name": name, "value": value})
    suite.extend(cases)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _case(rule: RuleVerdict, verdict: Verdict) -> Element:
    case = Element("testcase", {"classname": _safe(rule.metric), "name": _safe(rule.name), "time": "0"})
    tag = TAGS[outcome(rule, verdict)]
    lines = [*rule_lines(rule, verdict), *_problem_lines(rule.problems), *(f"Note: {note}" for note in rule.remarks)]
    _say(case, tag, rule.word, rule.sentence, lines)
    return case


def _whole(verdict: Verdict, tag: str) -> Element:
    """A case for what stops the candidate though no rule does."""
    name = "the reports can be compared" if verdict.comparison is None else "a verdict was reached"
    case = Element("testcase", {"classname": SUITE, "name": name, "time": "0"})
    _say(case, tag, verdict.word, verdict.sentence, [sentence(verdict.sentence), *_problem_lines(verdict.problems)])
    return case


def _say(case: Element, tag: str, word: str, message: str, lines: Sequence[str]) -> None:
    about = {} if tag == "system-out" else {"message": _sentence(message)}
    about |= {"type": word} if tag in STOPPED.values() else {}
    SubElement(case, tag, about).text = "\n".join(_sentence(line) for line in lines)


def _problem_lines(problems: Sequence[Problem]) -> list[str]:
    return [f"{foreign(problem.field)}: {_both(problem)}. {sentence(problem.advice)}".rstrip() for problem in problems]


def _both(problem: Problem) -> str:
    if problem.reference == problem.candidate:
        return f"both {foreign(problem.reference)}"
    return f"reference {foreign(problem.reference)}, candidate {foreign(problem.candidate)}"


def _number_twins(cases: Sequence[Element]) -> None:
    """Tell cases of one name apart: GitLab shows only one of them."""
    seen = Counter[tuple[str | None, str | None]]()
    for case in cases:
        key = (case.get("classname"), case.get("name"))
        seen[key] += 1
        if seen[key] > 1:
            case.set("name", f"{case.get('name')} ({seen[key]})")


def _properties(verdict: Verdict) -> list[tuple[str, str]]:
    samples = [] if verdict.comparison is None else [("samples", str(verdict.comparison.pairing.n_samples))]
    return [
        ("verdict", verdict.word),
        ("exit_code", str(verdict.exit_code)),
        ("reference", _safe(verdict.reference)),
        ("candidate", _safe(verdict.candidate)),
        ("policy", _safe(verdict.policy)),
        ("policy_digest", _safe(verdict.policy_digest)),
        ("on_inconclusive", verdict.on_inconclusive),
        *samples,
    ]


def _safe(text: str) -> str:
    """Text of attributes; characters that XML cannot hold are among those that are written as escapes."""
    return defused(foreign(text))


def _sentence(text: str) -> str:
    return defused(sentence(text))
