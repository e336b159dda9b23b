"""What differs between two reports of one question; informational, no verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Literal

from interact_cli.errors import NotComparable
from interact_cli.gates.evidence.comparability import Allowed, Comparability, comparability
from interact_cli.gates.evidence.measured import ACCURACY, NO_MEAN, Both, Sound
from interact_cli.gates.evidence.pairing import SampleRule, pair_samples
from interact_cli.gates.evidence.remarks import remarks
from interact_cli.gates.evidence.stated import NOT_STATED, at
from interact_cli.gates.policy import Declared
from interact_cli.gates.statistics.differences import differences
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.results import Measurement, Report
from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Comparison, Difference, Problem, Side, Spoken

MOST_PLACES = 200
"""Places of a quantity beyond which it is left out: nobody reads them, and pairs of players make thousands."""


@dataclass(frozen=True)
class Draws:
    """Resamples of any number of samples, drawn once each."""

    seed: int
    resamples: int
    _drawn: dict[int, Resamples] = field(default_factory=dict)

    def of(self, n_samples: int) -> Resamples:
        """Return the resamples of so many samples."""
        if n_samples not in self._drawn:
            self._drawn[n_samples] = Resamples.draw(n_samples, seed=self.seed, resamples=self.resamples)
        return self._drawn[n_samples]


def compare(  # noqa: PLR0913  (the options of a command, each a plain value)
    reference: Report,
    candidate: Report,
    *,
    samples: SampleRule | None = None,
    on_missing: Literal["refuse", "intersect"] = "refuse",
    may_differ: Sequence[Declared] = (),
    allow_partial: bool = False,
    plans_may_differ: bool = False,
    seed: int = 0,
    resamples: int = 10_000,
) -> Comparison:
    """Compare two reports sample by sample: every number that is a mean of samples, with its 95 % interval.

    Args:
        reference: What is judged against.
        candidate: What is judged; a difference is candidate minus reference.
        samples: ``both-correct`` compares what both networks classify correctly; where nothing is labelled, all.
            None is ``both-correct``.
        on_missing: What to do about samples that only one report holds.
        may_differ: Fields that are declared different.
        allow_partial: Take reports of a quick look too.
        plans_may_differ: Two plan seeds of one checkpoint (A/A).
        seed: Of the resamples.
        resamples: Bootstrap resamples of the samples.

    Raises:
        NotComparable: they answer different questions, or share no sample; one line names every field that differs,
            with both values.
    """
    allowed = Allowed(on_missing, may_differ, allow_partial, plans_may_differ)
    differing = comparability(reference, candidate, allowed)
    refuse(differing.problems)
    both = Both(reference, candidate, pair_samples(reference, candidate, samples))
    refuse(none_left(both))
    return compared(both, differing, Draws(seed, resamples), same_network=plans_may_differ)


def refuse(problems: Sequence[Problem]) -> None:
    """Refuse to compare.

    Raises:
        NotComparable: there are problems.
    """
    if problems:
        fields_in_words = "; ".join(
            f"{problem.field} ({problem.reference} / {problem.candidate})" for problem in problems
        )
        advice = next((f" {problem.advice}" for problem in problems if problem.advice), "")
        raise NotComparable(f"The reports cannot be compared, reference / candidate: {fields_in_words}.{advice}")


def none_left(both: Both) -> tuple[Problem, ...]:
    """Return the problem of a comparison without samples; none where there are some."""
    if both.paired.pairing.n_samples:
        return ()
    pairing = both.paired.pairing
    first, second = (
        f"{gone + pairing.lost_by_both} of {len(both.paired.labelled)} wrong"
        for gone in (pairing.lost_by_reference, pairing.lost_by_candidate)
    )
    advice = "None is right in both versions. Compare all samples: samples: all in a policy, --samples all for compare."
    return (Problem("samples: both correct", first, second, advice),)


def compared(both: Both, differing: Comparability, draws: Draws, *, same_network: bool = False) -> Comparison:
    """Compare two comparable reports.

    Args:
        both: The reports and their samples, at least one.
        differing: What differs as declared.
        draws: The resamples.
        same_network: True for two reports of one checkpoint.
    """
    rows: list[Difference] = []
    left_out: list[str] = []
    for key, name, numbers in _all_numbers(both):
        if isinstance(numbers, str):
            left_out.append(f"{safe_text(key)} {safe_text(name)}: {numbers}")
        else:
            rows += differences(numbers, draws.of(numbers.n_samples))
    return Comparison(
        _side(both.reference),
        _side(both.candidate),
        pairing=both.paired.pairing,
        differences=tuple(rows),
        headline=headline(rows, both.reference.measurements),
        left_out=tuple(left_out),
        spoken=tuple(_spoken(both)),
        remarks=remarks(both, differing.declared, same_network=same_network),
        seed=draws.seed,
        resamples=draws.resamples,
    )


def headline(rows: Sequence[Difference], measurements: Sequence[Measurement]) -> tuple[tuple[str, str], ...]:
    """Choose what a short summary shows: accuracy, then each metric's headlines; without them its single numbers."""
    headlines = {
        (measurement.key, quantity.name)
        for measurement in measurements
        for quantity in measurement.summary
        if quantity.role == "headline"
    }
    # Metric -> its quantities, and whether each is one number.
    single_numbers: dict[str, dict[str, bool]] = {}
    for row in rows:
        single_numbers.setdefault(row.metric, {})[row.quantity] = not row.dims
    chosen: list[tuple[str, str]] = []
    for metric, quantities in single_numbers.items():
        leading = [name for name in quantities if (metric, name) in headlines]
        chosen += [(metric, name) for name in leading or [name for name, single in quantities.items() if single]]
    return tuple(chosen)


def _all_numbers(both: Both) -> Iterator[tuple[str, str, PairedNumbers | str]]:
    """Go through what either report holds: (metric, quantity) -> its numbers, or why they cannot be compared."""
    if len(both.paired.labelled):
        evidence = both.numbers(ACCURACY, ACCURACY)
        yield (
            ACCURACY,
            ACCURACY,
            evidence.numbers if isinstance(evidence, Sound) else _reason(ACCURACY, ACCURACY, evidence),
        )
    others = {measurement.key: measurement for measurement in both.candidate.measurements}
    for measurement in both.reference.measurements:
        key = measurement.key
        if key == ACCURACY:  # above, from the labels that every report holds
            continue
        for name, places in _sizes(measurement, others[key]).items():
            if places > MOST_PLACES:
                yield key, name, f"{places:,} places, at most {MOST_PLACES} are compared"
                continue
            evidence = both.numbers(key, name)
            yield key, name, evidence.numbers if isinstance(evidence, Sound) else _reason(key, name, evidence)


def _sizes(*measurements: Measurement) -> dict[str, int]:
    return {
        quantity.name: quantity.values.size if quantity.statistic else 0
        for measurement in reversed(measurements)  # the later wins: what both hold has the size of the reference
        for quantity in measurement.summary
    }


def _reason(key: str, name: str, problems: Sequence[Problem]) -> str:
    if problems[0].reference == problems[0].candidate == NO_MEAN:
        return NO_MEAN
    known = f"{safe_text(key)}: ", safe_text(name), ": "
    fields = [reduce(str.removeprefix, known, problem.field) for problem in problems]
    return "; ".join(
        f"{field} {problem.reference} / {problem.candidate}".strip()
        for field, problem in zip(fields, problems, strict=True)
    )


def _side(report: Report) -> Side:
    stated = {
        "checkpoint": at(report.provenance, "checkpoint", "path"),
        "digest": at(report.provenance, "checkpoint", "sha256"),
        "arch": at(report.provenance, "arch"),
        "created": at(report.run, "created_utc"),
    }
    texts = {field: "" if value in (None, NOT_STATED) else safe_text(value) for field, value in stated.items()}
    return Side(path=str(report.path or ""), **texts, accuracy=float(report.samples.accuracy))


def _spoken(both: Both) -> Iterator[Spoken]:
    others = {measurement.key: measurement for measurement in both.candidate.measurements}
    for measurement in both.reference.measurements:
        sides = (measurement, others[measurement.key])
        first, second = (tuple(finding.sentence for finding in side.findings if finding.word) for side in sides)
        if first or second:
            yield Spoken(measurement.key, first, second)
