"""The verdict of a gate: comparability first, then every rule, then one word and one exit code."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import inf, isfinite
from typing import Literal

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.gates import sentences
from interact_cli.gates.compare import Draws, compared, none_left
from interact_cli.gates.evidence.comparability import Allowed, comparability
from interact_cli.gates.evidence.measured import ACCURACY, Both, Sound
from interact_cli.gates.evidence.pairing import pair_samples
from interact_cli.gates.evidence.remarks import FEW
from interact_cli.gates.evidence.stated import at, words
from interact_cli.gates.noise import Noises, noise_of, noise_problems
from interact_cli.gates.policy import Policy, Rule, named
from interact_cli.gates.statistics.carriers import carriers
from interact_cli.gates.statistics.decisions import decide, problem, word_of
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import LEAST_FOR_INTERVAL
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Comparison, Decision, Problem, RuleVerdict, Verdict, Word

LISTING = "interact list metrics"
_WORSE = {"rise": ("rose",), "fall": ("fell",), "change": ("rose", "fell")}
NOTHING = "nothing asserted: every rule is off"


def judge(  # noqa: PLR0913  (two reports, a policy and what belongs to them)
    reference: Report,
    candidate: Report,
    policy: Policy,
    *,
    known_metrics: Collection[str],
    policy_name: str = "",
    noise: tuple[Report, Report] | None = None,
    plans_may_differ: bool = False,
) -> Verdict:
    """Judge a candidate. Nothing that a report holds raises: what stands against a verdict is part of it.

    FAIL (1) by any rule of level error that is shown to be broken; PASS (0) by all of them; else INCONCLUSIVE. What the
    samples leave open exits as ``on_inconclusive`` says; what cannot be judged at all is always 3.

    Args:
        reference: What is judged against.
        candidate: What is judged.
        policy: The rules.
        known_metrics: All metrics that exist, so that a typo in a rule is told from a metric that was not measured.
        policy_name: Name of the policy file.
        noise: Two reports of the reference's checkpoint by two plan seeds: the A/A noise.
        plans_may_differ: The two reports are of one checkpoint by two plan seeds (A/A).

    Raises:
        UnknownNameError: a rule names a metric or a quantity that does not exist.
        UsageError: a margin in A/A noise, and no noise is given.
    """
    check_policy(policy, (reference, candidate), known_metrics, noise_given=noise is not None)
    blank = Verdict(
        "INCONCLUSIVE",
        3,
        "",
        str(reference.path or ""),
        str(candidate.path or ""),
        policy=policy_name,
        policy_digest=digest_of(policy),
        on_inconclusive=policy.on_inconclusive,
    )
    differing = comparability(
        reference,
        candidate,
        Allowed(policy.on_missing, policy.may_differ, policy.allow_partial, plans_may_differ),
    )
    problems = differing.problems or _of_noise(reference, noise, policy)
    if problems:
        return _refused(blank, problems)
    both = Both(reference, candidate, pair_samples(reference, candidate, policy.samples))
    problems = none_left(both)
    if problems:
        return _refused(blank, problems)
    draws = Draws(policy.seed, policy.resamples)
    comparison = compared(both, differing, draws, same_network=plans_may_differ)
    asserted = [rule for rule in policy.rules if rule.level != "off"]
    if not asserted:
        nothing = Problem("policy: rules", "nothing asserted", "nothing asserted", "Give a rule the level error.")
        return replace(blank, sentence=f"{NOTHING}.", comparison=comparison, problems=(nothing,))
    bench = _Bench.of(both, policy, draws, noise)
    return _verdict(blank, tuple(bench.verdict(rule) for rule in asserted), comparison)


def digest_of(policy: Policy) -> str:
    """Return the SHA-256 of a policy's canonical JSON: keys sorted, no spaces, defaults written out."""
    text = json.dumps(policy.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()


def check_policy(
    policy: Policy, reports: Sequence[Report], known_metrics: Collection[str], *, noise_given: bool
) -> None:
    """Refuse, before anything is measured too, a policy that no candidate could be judged by.

    Args:
        policy: The rules.
        reports: Those that are there already: the reference alone, or none.
        known_metrics: All metrics that exist.
        noise_given: Whether there is a report of the A/A noise.

    Raises:
        UnknownNameError: a rule names a metric or a quantity that does not exist.
        UsageError: a margin in A/A noise, and no noise is given.
    """
    check_names(policy, reports, known_metrics)
    if not noise_given and any(rule.margin.kind == "noise" and rule.level != "off" for rule in policy.rules):
        raise UsageError("A margin in noise needs the noise: name a report of 'interact gate --self-check' (--noise).")


def check_names(policy: Policy, reports: Sequence[Report], known_metrics: Collection[str]) -> None:
    """Refuse a rule that names what does not exist: a gate that asserts a typo asserts nothing.

    Raises:
        UnknownNameError: no such metric, several of them (one for each module), or no such quantity in the reports.
    """
    measurements = [measurement for report in reports for measurement in report.measurements]
    keys = {measurement.key for measurement in measurements}
    for rule in policy.rules:
        of_metric = [m for m in measurements if rule.metric in (m.key, m.metric)]
        several = {m.key for m in of_metric}
        known = {*known_metrics, *keys, ACCURACY}
        if len(several) > 1:
            raise UnknownNameError("metric", safe_text(rule.metric), map(safe_text, several))
        if not of_metric and rule.metric not in known and rule.metric.partition("@")[0] not in known:
            raise UnknownNameError("metric", safe_text(rule.metric), map(safe_text, known), listing=LISTING)
        quantities = {q.name for m in of_metric for q in m.summary} or {ACCURACY}
        if rule.quantity not in quantities and (of_metric or rule.metric == ACCURACY):
            wanted = {q.name for m in of_metric for q in m.summary if q.statistic} or {ACCURACY}
            raise UnknownNameError(f"quantity of {safe_text(rule.metric)}", safe_text(rule.quantity), wanted)


def _of_noise(reference: Report, noise: tuple[Report, Report] | None, policy: Policy) -> tuple[Problem, ...]:
    """Return why the noise is not that of the reference's checkpoint."""
    if noise is None:
        return ()
    own, other = (at(report.provenance, "checkpoint", "sha256") for report in (reference, noise[0]))
    if own != other:
        return (Problem("noise: checkpoint", words(own), words(other), "The noise is that of another checkpoint."),)
    return noise_problems(*noise, allow_partial=policy.allow_partial)


def _refused(blank: Verdict, problems: tuple[Problem, ...]) -> Verdict:
    fields = ", ".join(dict.fromkeys(problem.field for problem in problems))
    n = len(problems)
    sentence = f"the reports cannot be compared: {n} field{'' if n == 1 else 's'} in the way ({fields})."
    return replace(blank, sentence=sentence, problems=problems)


@dataclass(frozen=True)
class _Bench:
    """All that a rule is judged with."""

    both: Both
    policy: Policy
    draws: Draws
    noises: Noises

    @classmethod
    def of(cls, both: Both, policy: Policy, draws: Draws, noise: tuple[Report, Report] | None) -> _Bench:
        """Measure the noise of what the rules assert."""
        bench = cls(both, policy, draws, {})
        if noise is None:
            return bench
        keys = [(rule, bench.key(rule)) for rule in policy.rules if rule.level != "off"]
        noises = noise_of(
            *noise,
            samples=policy.samples,
            only={(key, rule.quantity) for rule, key in keys if key is not None},
            allow_partial=policy.allow_partial,
            seed=policy.seed,
            resamples=policy.resamples,
        )
        return replace(bench, noises=noises)

    @property
    def n_in_data(self) -> int | None:
        """Samples that both data sets hold; None where a report does not say."""
        totals = [at(report.provenance, "data", "n_total") for report in (self.both.reference, self.both.candidate)]
        return min(totals) if all(isinstance(total, int) for total in totals) else None

    def key(self, rule: Rule) -> str | None:
        """Return the metric as the reports call it; None where they do not hold it."""
        if rule.metric == ACCURACY:
            return ACCURACY
        measurements = self.both.reference.measurements
        return next((m.key for m in measurements if rule.metric in (m.key, m.metric)), None)

    def verdict(self, rule: Rule) -> RuleVerdict:
        """Judge one rule."""
        alpha = self.policy.alpha if rule.alpha is None else rule.alpha
        blank = RuleVerdict(
            named(rule),
            safe_text(rule.metric),
            safe_text(rule.quantity),
            rule.must_not,
            str(rule.margin),
            "warn" if rule.level == "warn" else "error",
            alpha,
            "INCONCLUSIVE",
            "",
        )
        key = self.key(rule)
        if key is None:
            advice = f"Measure it too: --metric {safe_text(rule.metric)}."
            problem_ = Problem(f"{safe_text(rule.metric)}: metric", "not held", "not held", advice)
            return _unjudged(blank, rule, (problem_,))
        sound = self.both.numbers(key, rule.quantity, rule.at)
        if not isinstance(sound, Sound):
            return _unjudged(blank, rule, sound)
        n_samples, noise = sound.numbers.n_samples, self.noises.get((key, rule.quantity))
        decisions = decide(
            sound.numbers,
            self.draws.of(n_samples),
            must_not=rule.must_not,
            margin=rule.margin,
            alpha=alpha,
            noise=None if noise is None else sound.of(noise),
        )
        word = word_of(decisions)
        problems = () if word == "FAIL" else (*_too_few(n_samples), *filter(None, map(problem, decisions)))
        claim = (
            sentences.of_problems(rule, problems)
            if problems
            else sentences.of_rule(rule, word, decisions, n_samples, self.n_in_data)
        )
        notes = (*_remarks(rule, decisions, n_samples), *_carried(rule, word, decisions, sound.numbers))
        return replace(
            blank,
            word=word,
            sentence=claim,
            decisions=decisions,
            remarks=notes,
            problems=problems,
            n_samples=n_samples,
        )


def _too_few(n_samples: int) -> Iterator[Problem]:
    """Say that no interval can rest on so few samples: a policy may let pass what they leave open, not what is unasked.

    A candidate that gets hardly a sample right leaves few that both do.
    """
    if n_samples < LEAST_FOR_INTERVAL:
        too_few = f"{n_samples} sample{'' if n_samples == 1 else 's'}: it takes {LEAST_FOR_INTERVAL}"
        advice = "Measure more samples, or compare all of them: samples: all in the policy."
        yield Problem("samples compared", too_few, too_few, advice)


def _unjudged(blank: RuleVerdict, rule: Rule, problems: tuple[Problem, ...]) -> RuleVerdict:
    return replace(blank, sentence=sentences.of_problems(rule, problems), problems=problems)


def _remarks(rule: Rule, decisions: Sequence[Decision], n_samples: int) -> Iterator[str]:
    below = [decision for decision in decisions if decision.noise is not None and decision.margin < decision.noise]
    if below:
        worst = max(below, key=lambda decision: (decision.noise or 0.0) / decision.margin if decision.margin else inf)
        where = f" at {safe_text(worst.difference.place)}" if worst.difference.place else ""
        counted = f" at {len(below)} of {len(decisions)} places" if len(decisions) > 1 else ""
        yield (
            f"The margin lies below the A/A noise{counted}: {worst.margin:.3g} against {worst.noise:.3g}{where}, by "
            "which two plan seeds of one checkpoint differ."
        )
    if n_samples < FEW:
        yield f"Only {n_samples} sample{'' if n_samples == 1 else 's'}; intervals of fewer than {FEW} are rough."
    moved = [
        decision
        for decision in decisions
        if decision.word == "PASS" and decision.difference.change in _WORSE[rule.must_not]
    ]
    if moved:
        places = f" at {len(moved)} of {len(decisions)} places" if len(decisions) > 1 else ""
        yield f"A change is shown{places}, and it lies inside the margin."


def _carried(rule: Rule, word: Word, decisions: Sequence[Decision], numbers: PairedNumbers) -> Iterator[str]:
    """Name the few samples that move the difference where a rule is nearest to its margin, or furthest beyond."""
    worst = sentences.worst_of(rule, word, decisions)
    relative = worst.as_share
    if not (worst.margin > 0 and isfinite(worst.margin)) or (worst.relative and not relative):
        return
    found = carriers(numbers, decisions.index(worst), worst.margin, relative=relative)
    if found is not None:
        yield sentences.of_carriers(worst, found.without, [numbers.samples[row] for row in found.rows])


def _verdict(blank: Verdict, rules: tuple[RuleVerdict, ...], comparison: Comparison) -> Verdict:
    """Put the rules together: FAIL by any, then what cannot be judged, then what the samples leave open."""
    deciding = [rule for rule in rules if rule.level == "error"]
    undecided = [rule for rule in deciding if rule.word == "INCONCLUSIVE"]
    word: Word = "PASS"
    code: Literal[0, 1, 3] = 0
    impossible = any(rule.unjudged or (rule in undecided and rule.problems) for rule in rules)
    if any(rule.word == "FAIL" for rule in deciding):
        word, code = "FAIL", 1
    elif impossible or (undecided and blank.on_inconclusive == "fail"):
        word, code = "INCONCLUSIVE", 3
    elif undecided and blank.on_inconclusive == "warn":
        word = "INCONCLUSIVE"
    sentence = sentences.of_verdict(word, rules)
    if not deciding:
        comparison = replace(comparison, remarks=(f"{sentence[0].upper()}{sentence[1:]}", *comparison.remarks))
    return replace(blank, word=word, exit_code=code, sentence=sentence, rules=rules, comparison=comparison)
