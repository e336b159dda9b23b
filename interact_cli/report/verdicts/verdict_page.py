"""The page of a verdict: the word and its sentence, every rule in a table, what did not pass place by place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from interact_cli.report.terminal.pen import Column
from interact_cli.report.verdicts.blocks import Block, Facts, Grid, Item, Line, Section, Title
from interact_cli.report.verdicts.outcomes import by_weight, outcome, reading, tally, worst_first
from interact_cli.report.verdicts.shared import how_sure, notes, percent
from interact_cli.report.verdicts.wording import (
    STYLES,
    both_values,
    foreign,
    margin_text,
    name_of,
    place,
    probability,
    sentence,
)
from interact_cli.verdicts import Decision, Problem, RuleVerdict, Verdict, samples_needed
from interact_cli.words import WRITTEN_PLACES, count, shortened

ROWS = 40
"""Rules of the table; those that stop the candidate stand first."""
DETAILED = 20
"""Rules that are shown place by place."""
PROBLEMS = 20
"""Problems that are written."""
CELL = 20
"""Characters of a place, or of a margin, in the table."""
EXITS = {0: "0, may ship", 1: "1, worse than the policy allows", 3: "3, not to be decided"}
SELF_CHECKS = {
    0: "0: one checkpoint, two plan seeds; what differs here is noise",
    3: "3: one checkpoint, two plan seeds; no regression, but the policy calls them different or cannot judge them",
}
MARKS = {"warned": "(warn)", "let through": "(let through)"}
STANDING = {
    "warned": "Level warn: printed, and no part of the verdict.",
    "let through": "Not decided, and let through.",
}


def verdict_page(verdict: Verdict) -> Iterator[Block]:
    """Lay out a verdict.

    Args:
        verdict: What the gate says.

    Yields:
        Blocks, the most important first.
    """
    yield Title(verdict.word, sentence(verdict.sentence), STYLES[verdict.word])
    yield Facts(_about(verdict))
    yield from problem_blocks(verdict.problems)
    ranked = by_weight(verdict)
    if ranked:
        yield Section("rules")
        yield _table(ranked[:ROWS], verdict)
        if len(ranked) > ROWS:
            rest = tally([rule.word for rule in ranked[ROWS:]])
            yield Line(f"{count(len(ranked) - ROWS, 'more rule')}: {rest}; the JSON document lists them.")
        yield from _details(ranked, verdict)
    if verdict.comparison is not None:
        differences = [decision.difference for rule in verdict.rules for decision in rule.decisions]
        yield from how_sure(verdict.comparison, (difference.confidence for difference in differences))


def problem_blocks(problems: Sequence[Problem]) -> Iterator[Block]:
    """Say in which fields two reports differ, with both values and what to do."""
    for problem in problems[:PROBLEMS]:
        yield Line("", "bold", word=foreign(problem.field))
        rows = [("reference", foreign(problem.reference, 300)), ("candidate", foreign(problem.candidate, 300))]
        rows = [("both", rows[0][1])] if problem.reference == problem.candidate else rows
        rows += [("to do", sentence(problem.advice))]
        yield Facts([row for row in rows if row[1]], indent=4)
    if len(problems) > PROBLEMS:
        yield Line(f"{count(len(problems) - PROBLEMS, 'more problem')}: the JSON document lists them.")


def rule_lines(rule: RuleVerdict, verdict: Verdict) -> Iterator[str]:
    """Say everything that matters about one rule: its sentence, its worst places, what the samples can tell.

    Args:
        rule: One of the verdict's.
        verdict: Says what the rule does to the whole.
    """
    yield sentence(rule.sentence)
    ranked = worst_first(rule)
    shown = [decision for decision in ranked[:WRITTEN_PLACES] if decision.word == ranked[0].word]
    yield from (_place_line(rule, decision) for decision in shown)
    rest = ranked[len(shown) :]
    if rest:
        yield f"{count(len(rest), 'more place')}: {tally([decision.word for decision in rest])}."
    if rule.word != "PASS" and ranked:
        yield from _of_the_samples(ranked[0])
    standing = STANDING.get(outcome(rule, verdict))
    if standing:
        yield standing


def _about(verdict: Verdict) -> list[tuple[str, str]]:
    digest = f" (sha256 {foreign(verdict.policy_digest[:12])})" if verdict.policy_digest else ""
    code = (SELF_CHECKS if verdict.self_check else EXITS)[verdict.exit_code]
    rows = [
        ("Reference", foreign(verdict.reference, 300)),
        ("Candidate", foreign(verdict.candidate, 300)),
        ("Policy", f"{foreign(verdict.policy, 300)}{digest}" if verdict.policy else ""),
        ("Exit code", code),
    ]
    return [row for row in rows if row[1]]


def _table(rules: Sequence[RuleVerdict], verdict: Verdict) -> Grid:
    worst = [next(iter(worst_first(rule)), None) for rule in rules]
    places = ["" if decision is None else shortened(place(decision.difference), CELL) for decision in worst]
    counts = [f"{rule.n_samples:,}" if rule.n_samples else "" for rule in rules]
    levels = {decision.difference.confidence for decision in worst if decision is not None}
    head = f"change\n{percent(levels.pop())} interval" if len(levels) == 1 else "change\ninterval"
    columns = [
        _column("verdict", [_verdict_cell(rule, verdict) for rule in rules]),
        Column("rule", [foreign(rule.name) for rule in rules], right=False),
        *([_column("worst place", places)] if any(places) else []),
        _column(head, ["" if decision is None else _moved(decision) for decision in worst]),
        _column("margin", [_margin(rule, decision) for rule, decision in zip(rules, worst, strict=True)]),
        *([_column("samples", counts)] if len({*filter(None, counts)}) > 1 else []),
    ]
    return Grid(columns, folds=1)


def _column(head: str, cells: Sequence[str]) -> Column:
    """A column whose cells hold lines of their own."""
    widest = max(len(line) for cell in (head, *cells) for line in cell.split("\n"))
    return Column(head, cells, right=False, most=widest)


def _verdict_cell(rule: RuleVerdict, verdict: Verdict) -> str:
    wanted = samples_needed(rule.must_not, rule.decisions) if rule.word == "INCONCLUSIVE" else None
    lines = (rule.word, MARKS.get(outcome(rule, verdict), ""), f"needs {wanted:,}" if wanted else "")
    return "\n".join(line for line in lines if line)


def _moved(decision: Decision) -> str:
    read = reading(decision)
    if decision.difference.change == "identical":
        return "identical"
    return "\n".join(line for line in (read.change, read.interval) if line)


def _margin(rule: RuleVerdict, decision: Decision | None) -> str:
    read = None if decision is None else reading(decision)
    if read is None or not isfinite(read.margin):
        return foreign(rule.margin, CELL)
    return read.margin_words if read.unit == "%" else read.margin_words.replace(" ", "\n", 1)


def _details(ranked: Sequence[RuleVerdict], verdict: Verdict) -> Iterator[Block]:
    told = [rule for rule in ranked if rule.word != "PASS" or rule.remarks or rule.problems]
    for rule in told[:DETAILED]:
        margin = f"margin {foreign(rule.margin, CELL)}, alpha {rule.alpha:g}"
        yield Line(f"{foreign(rule.name)} ({margin})", STYLES[rule.word], word=rule.word)
        first, *others = rule_lines(rule, verdict)
        yield Line(first)
        yield from (Item(line) for line in others)
        yield from problem_blocks(rule.problems)
        yield from notes(rule.remarks)
    if len(told) > DETAILED:
        yield Line(f"{count(len(told) - DETAILED, 'more rule')} with something to say: the JSON document holds it.")


def _place_line(rule: RuleVerdict, decision: Decision) -> str:
    difference, read = decision.difference, reading(decision)
    values = " → ".join(both_values(difference))
    unit = "" if difference.unit in ("", "1") else f" {foreign(difference.unit, 24)}"
    change = "identical" if difference.change == "identical" else read.full
    noisy = rule.margin.endswith("noise") and isfinite(read.margin)
    chance = probability(decision.p_adjusted) if decision.word == "FAIL" else ""
    holm = " (Holm)" if chance and len(rule.decisions) > 1 else ""
    parts = (f"{values}{unit}", change, f"margin {read.margin_words}" if noisy else "", f"{chance}{holm}")
    return f"{_where(decision)}: {'; '.join(part for part in parts if part)}"


def _where(decision: Decision) -> str:
    return place(decision.difference) or name_of(decision.difference)


def _of_the_samples(worst: Decision) -> Iterator[str]:
    """Say what so many samples would have caught, and what chance alone moves, at the worst place."""
    if worst.word == "INCONCLUSIVE" and worst.detectable is not None:
        yield f"These samples catch a change of {_share(worst, worst.detectable)} or more in four of five cases."
    if worst.noise is not None:
        yield f"{_where(worst)}: two plan seeds of one checkpoint differ by {_share(worst, worst.noise)}."


def _share(decision: Decision, amount: float) -> str:
    """Write a number in the unit of the margin: in percent where that is a share."""
    if decision.relative:
        return f"{margin_text(100 * amount)} %"
    return f"{margin_text(amount)} {reading(decision).unit}".rstrip()
