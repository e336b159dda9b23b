"""What a tired person should read of a rule and of a whole verdict."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

from interact_cli.gates.policy import Margin, Rule, number_named
from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Decision, Problem, RuleVerdict, Word, samples_needed
from interact_cli.words import count, with_unit

MOVED = {"rise": "rose", "fall": "fell", "change": "changed"}
MOST_NAMED = 6
"""Samples that a remark lists by name."""
PERHAPS = {"rise": "may have risen", "fall": "may have fallen", "change": "may have changed"}


def of_rule(rule: Rule, word: Word, decisions: Sequence[Decision], n_samples: int, n_in_data: int | None = None) -> str:
    """Say what a rule found: what moved, where, how far, held against which margin, and what would decide.

    Args:
        rule: Of the policy.
        word: What it came to.
        decisions: Its places, at least one.
        n_samples: Samples that were compared.
        n_in_data: Samples that there are to compare; None where the reports do not say.
    """
    name, of = safe_text(rule.quantity), len(decisions)
    if word == "PASS" and all(decision.difference.change == "identical" for decision in decisions):
        return f"{name} is identical{f' at all {_places(decisions)}' if of > 1 else ''}."
    told, worst = [decision for decision in decisions if decision.word == word], worst_of(rule, word, decisions)
    margin, change = _margin(rule.margin, worst), _change(worst)
    if word == "PASS":
        where = (
            f" at any of {_places(decisions)}; nearest, {worst.difference.place}: {change}" if of > 1 else f": {change}"
        )
        return f"{name} did not {rule.must_not} by {margin}{where}."
    where = _where(told, decisions, worst)
    if word == "FAIL":
        return f"{name} {MOVED[rule.must_not]} by more than {margin}{where}: {change}."
    tells = _what_tells(samples_needed(rule.must_not, told), told, n_samples, n_in_data)
    return f"{name} {PERHAPS[rule.must_not]} by more than {margin}{where}: {change}; {tells}."


def worst_of(rule: Rule, word: Word, decisions: Sequence[Decision]) -> Decision:
    """Return the place that a rule speaks of: of those that came to its word, the one that goes furthest.

    Args:
        rule: Of the policy.
        word: What it came to.
        decisions: Its places; one at least came to the word.
    """
    return max((one for one in decisions if one.word == word), key=lambda decision: decision.reach(rule.must_not))


def of_carriers(decision: Decision, without: float, names: Sequence[str]) -> str:
    """Say that few samples move a difference.

    Args:
        decision: The place.
        without: The difference of the other samples, in the unit of the margin.
        names: The few.
    """
    where = f" at {safe_text(decision.difference.place)}" if decision.difference.place else ""
    of, factor = ("%", 100) if decision.as_share else (decision.difference.unit, 1)
    ends = [with_unit(f"{factor * change:+.3g}", of) for change in (without, decision.interval[1])]
    listed = ", ".join(safe_text(name, limit=60) for name in names[:MOST_NAMED])
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    move, them = ("moves", "it") if len(names) == 1 else ("move", "them")
    few = f"{count(len(names), 'sample')} {move} the difference{where} from {ends[0]} to {ends[1]}"
    return f"{few}: {listed}{more}. How many more like {them} there are, no interval tells."


def of_problems(rule: Rule, problems: Sequence[Problem]) -> str:
    """Say why a rule could not be judged."""
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    return f"{safe_text(rule.quantity)} could not be judged: {_said(problems[0])}{more}."


def of_verdict(word: Word, rules: Sequence[RuleVerdict]) -> str:
    """Say what the gate found, the gravest first.

    Args:
        word: What it came to.
        rules: Every rule that was judged.
    """
    deciding = [rule for rule in rules if rule.level == "error"]
    impossible = [rule for rule in rules if rule.unjudged or (rule in deciding and rule.problems)]
    if not deciding and not impossible:
        return f"no rule can fail this gate: {'all are' if len(rules) > 1 else 'the only one is'} of level warn."
    by_word = {kind: [rule for rule in deciding if rule.word == kind] for kind in ("FAIL", "INCONCLUSIVE")}
    warned = sum(rule.word != "PASS" for rule in rules if rule.level == "warn")
    rest = f"; {count(warned, 'rule')} of level warn did not pass" if warned else ""
    if word == "FAIL":
        first = by_word["FAIL"][0]
        of_metric = "" if first.metric == first.quantity else f"{first.metric} "
        claim = f"{_own_name(first)}{of_metric}{first.sentence.rstrip('.')}"
        return f"{_share(by_word['FAIL'], deciding)} broken: {claim}{rest}."
    undecided = by_word["INCONCLUSIVE"]
    if impossible:
        return f"{_share(impossible, rules)} impossible to judge: {_said(impossible[0].problems[0])}{rest}."
    if undecided:
        let = "" if word == "INCONCLUSIVE" else ", which the policy lets pass"
        return f"{_share(undecided, deciding)} undecided by {_samples(undecided)}{let}{rest}."
    decisions = [decision for rule in deciding for decision in rule.decisions]
    same = "identical, " if all(decision.difference.change == "identical" for decision in decisions) else ""
    holds = {1: "the rule holds", 2: "both rules hold"}.get(len(deciding), f"all {len(deciding)} rules hold")
    return f"{same}{holds} on {_samples(deciding)}{rest}."


def _samples(rules: Sequence[RuleVerdict]) -> str:
    """Say how many samples some rules were judged on, of each the least and the most where they differ."""
    counts = sorted({rule.n_samples or 0 for rule in rules})
    return count(counts[0], "sample") if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,} samples"


def _own_name(rule: RuleVerdict) -> str:
    """Return the name that the policy gives a rule; empty where it gives none."""
    given = rule.name != f"{number_named(rule.metric, rule.quantity)} must not {rule.must_not}"
    return f"{rule.name}: " if given else ""


def _said(problem: Problem) -> str:
    if problem.reference == problem.candidate:
        return f"{problem.field} ({problem.reference})"
    return f"{problem.field} ({problem.reference} / {problem.candidate})"


def _share(some: Sequence[RuleVerdict], deciding: Sequence[RuleVerdict]) -> str:
    if len(deciding) == 1:
        return "the rule is"
    return f"{len(some)} of {len(deciding)} rules {'is' if len(some) == 1 else 'are'}"


def _places(decisions: Sequence[Decision]) -> str:
    dims = decisions[0].difference.dims
    return f"{len(decisions)} {safe_text(dims[0]).replace('_', ' ') if len(dims) == 1 else 'place'}s"


def _where(told: Sequence[Decision], decisions: Sequence[Decision], worst: Decision) -> str:
    if len(decisions) == 1:
        return f" at {safe_text(worst.difference.place)}" if worst.difference.place else ""
    most = "most at" if len(told) > 1 else "at"
    counted = f" at {len(told)} of {_places(decisions)}," if len(told) > 1 else ""
    return f"{counted} {most} {safe_text(worst.difference.place)}"


def _margin(margin: Margin, decision: Decision) -> str:
    if decision.relative:
        return f"{100 * decision.margin:.4g} %"
    if isnan(decision.margin):
        return str(margin)
    size = with_unit(f"{decision.margin:.4g}", decision.difference.unit)
    return f"{size} ({margin})" if margin.kind == "noise" else size


def _change(decision: Decision) -> str:
    low, value, high = (100 * end if decision.as_share else end for end in decision.interval)
    interval = "" if isnan(low) or isnan(high) else f" [{low:+.3g}, {high:+.3g}]"
    return with_unit(f"{value:+.3g}{interval}", "%" if decision.as_share else decision.difference.unit)


def _what_tells(wanted: int | None, told: Sequence[Decision], n_samples: int, n_in_data: int | None) -> str:
    undecided = f"{count(n_samples, 'sample')} do not tell"
    if wanted is not None and n_in_data is not None and wanted > n_in_data:
        return f"{undecided}, and the {n_in_data:,} of this data cannot: it would take about {wanted:,}"
    if wanted is not None:
        return f"{undecided}, about {wanted:,} would"
    near = next((decision.difference.place for decision in told if decision.needed is None), "")
    where = f"at {safe_text(near)} " if near and len(told) > 1 else ""
    return f"{undecided}, and {where}the change lies so near the margin that more hardly would"
