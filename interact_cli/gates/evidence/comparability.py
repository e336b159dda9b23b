"""Whether two reports answer the same question: everything but the network must be equal, or declared different."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from interact_cli.gates.evidence.pairing import Rows, aligned, twice
from interact_cli.gates.evidence.stated import (
    FIELDS,
    LIKE,
    NOT_STATED,
    SEED,
    at,
    declared_by,
    differs,
    question_fields,
    unlike,
    words,
)
from interact_cli.gates.policy import Declared
from interact_cli.metrics.fallback import answered_by
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Problem
from interact_cli.words import count


@dataclass(frozen=True)
class Allowed:
    """What may differ between two reports."""

    on_missing: Literal["refuse", "intersect"] = "refuse"
    may_differ: Collection[Declared] = ()
    partial: bool = False
    """Reports of a quick look may be compared too."""
    plans: bool = False
    """The plan seeds may differ, and with them the drawn coalitions: A/A, nothing else."""


@dataclass(frozen=True)
class Comparability:
    """What stands against a comparison, and what differs as declared."""

    problems: tuple[Problem, ...]
    declared: tuple[Problem, ...] = ()
    """Fields that differ and may."""


def comparability(reference: Report, candidate: Report, allowed: Allowed) -> Comparability:
    """Hold two reports against each other, field by field.

    A network's digest, architecture, preprocessing and accuracy are what is compared; they may differ. Device, batch
    rows, threads and versions move the last bits only. All else decides what a number means.
    """
    samples = tuple(_same_samples(reference, candidate, allowed))
    problems = [*_must(_usable(reference, candidate, allowed)), *_same_fields(reference, candidate, allowed)]
    problems += _must((*_same_metrics(reference, candidate), *samples))
    of_estimators = list(_same_estimators(reference, candidate))
    problems += of_estimators
    if not any(problem.field in {NAMES, NONE_SHARED} for problem in samples):
        rows = aligned(reference.samples.ids, candidate.samples.ids)
        problems += _must((*_same_contents(reference, candidate, rows), *_same_players(reference, candidate, rows)))
        problems += _same_absence(reference, candidate)
        # Other samples, players or estimators have other plans: said once is enough.
        if not of_estimators and not any(field is None for _, field in problems):
            problems += _must(_same_plan(reference, candidate, rows, allowed))
    return Comparability(
        tuple(problem for problem, field in problems if field is None or field not in allowed.may_differ),
        tuple(problem for problem, field in problems if field is not None and field in allowed.may_differ),
    )


Found = tuple[Problem, Declared | None]
NAMES = "samples: names"
NONE_SHARED = "samples"
ESTIMATED = {"surrogate": "by a surrogate", "reuse": "by sample reuse", None: "by neither surrogate nor sample reuse"}


def _must(problems: Iterable[Problem]) -> list[Found]:
    """Say that nobody may declare these different."""
    return [(problem, None) for problem in problems]


def _usable(reference: Report, candidate: Report, allowed: Allowed) -> Iterator[Problem]:
    """Whole measurements of real data only."""
    sides = (reference, candidate)
    if not allowed.partial and any(side.status != "complete" for side in sides):
        advice = "Measure without --limit, or allow it: --allow-partial."
        yield differs("status", (words(side.status) for side in sides), advice)
    shown = [at(side.provenance, "illustration") for side in sides]
    if shown != [False, False]:
        advice = "An illustration cannot be compared. Name data: --dataset."
        yield differs("illustration", map(words, shown), advice)


def _same_fields(reference: Report, candidate: Report, allowed: Allowed) -> Iterator[Found]:
    for field in (*question_fields(reference, candidate), *FIELDS):
        if field.name == SEED and allowed.plans:
            continue
        advice = declared_by(field.may_differ) if field.may_differ else field.advice
        for problem in unlike(field.name, field.of(reference), field.of(candidate), advice):
            yield problem, field.may_differ


def _same_metrics(reference: Report, candidate: Report) -> Iterator[Problem]:
    first, second = (
        {measurement.key: measurement for measurement in side.measurements} for side in (reference, candidate)
    )
    if first.keys() != second.keys() or not first:
        yield differs("metrics", (words(", ".join(sorted(keys))) for keys in (first, second)), LIKE)
    for key in sorted(first.keys() & second.keys()):
        first_metric, second_metric = first[key], second[key]
        if first_metric.version != second_metric.version:
            yield Problem(f"{safe_text(key)}: version", str(first_metric.version), str(second_metric.version), LIKE)
        origin, origin_too = (_distribution(side, first_metric.metric) for side in (reference, candidate))
        yield from unlike(f"{safe_text(key)}: origin", origin, origin_too, LIKE)


def _same_estimators(reference: Report, candidate: Report) -> Iterator[Found]:
    """By what the values were obtained, whatever was asked for: ``auto`` comes to one or the other."""
    others = {measurement.key: measurement for measurement in candidate.measurements}
    for measurement in reference.measurements:
        if measurement.key in others:
            kinds = [ESTIMATED[answered_by(side)] for side in (measurement, others[measurement.key])]
            if kinds[0] != kinds[1]:
                field = f"{safe_text(measurement.key)}: estimated"
                yield differs(field, kinds, declared_by("estimator")), "estimator"


def _distribution(report: Report, metric: str) -> Any:
    """Return which distribution a metric comes from; its own version, not the distribution's, says what it computes."""
    origin = at(report.provenance, "metrics", metric)
    return origin if origin == NOT_STATED else str(origin).rpartition(" ")[0] or origin


def _same_samples(reference: Report, candidate: Report, allowed: Allowed) -> Iterator[Problem]:
    first, second = reference.samples.ids, candidate.samples.ids
    if twice(first) or twice(second):
        yield differs(NAMES, (_repeated(ids) for ids in (first, second)), "A sample may stand in a report once.")
        return
    both = set(first) & set(second)
    if not both:
        yield differs(NONE_SHARED, (count(len(ids), "sample") for ids in (first, second)), f"None is in both. {LIKE}")
    elif allowed.on_missing == "refuse" and set(first) != set(second):
        only = [_only(sorted(set(ids) - both), len(ids)) for ids in (first, second)]
        yield differs("samples", only, "Measure the same, or compare those that both hold: --on-missing intersect.")


def _only(own: list[str], total: int) -> str:
    return f"{total}, {len(own)} only here ('{safe_text(own[0])}')" if own else f"{total}, none only here"


def _repeated(ids: tuple[str, ...]) -> str:
    repeated = twice(ids)
    return f"{len(repeated)} more than once ('{safe_text(repeated[0])}')" if repeated else "each once"


def _same_contents(reference: Report, candidate: Report, rows: Rows) -> Iterator[Problem]:
    """The same inputs and labels behind the same names."""
    if len(rows) == len(reference.samples.ids) == len(candidate.samples.ids):
        first, second = (at(side.provenance, "data", "fingerprint") for side in (reference, candidate))
        yield from unlike("data: fingerprint", first, second, "Same names, other contents.")
    first, second = reference.samples.labels[rows.reference], candidate.samples.labels[rows.candidate]
    yield from _unlike("samples: labels", reference, rows, first, second)
    if reference.samples.texts and candidate.samples.texts:
        texts = [np.array(side.samples.texts, dtype=object) for side in (reference, candidate)]
        yield from _unlike("samples: texts", reference, rows, texts[0][rows.reference], texts[1][rows.candidate])


def _unlike(field: str, reference: Report, rows: Rows, first: Any, second: Any) -> Iterator[Problem]:
    """Name the first sample in which two columns differ."""
    other = np.flatnonzero([not np.array_equal(here, there) for here, there in zip(first, second, strict=True)])
    if len(other):
        where, name = other[0], safe_text(reference.samples.ids[rows.reference[other[0]]])
        more = f" and {len(other) - 1} more samples" if len(other) > 1 else ""
        yield Problem(field, words(_plain(first[where])), words(_plain(second[where])), f"Of '{name}'{more}.")


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _same_players(reference: Report, candidate: Report, rows: Rows) -> Iterator[Problem]:
    """The same positions behind every player, and the same absence."""
    first, second = reference.players, candidate.players
    if first.shared != second.shared:
        kinds = ["the same for all samples" if table.shared else "each sample's own" for table in (first, second)]
        yield differs("players: shared", kinds, LIKE)
        return
    if first.shared:
        if not np.array_equal(first.owner, second.owner):
            advice = f"The players own other positions. {LIKE}"
            yield Problem("players: owner", words(first.owner), words(second.owner), advice)
    else:
        own = [
            [table.own_names[row] for row in side] for table, side in zip((first, second), _sides(rows), strict=True)
        ]
        yield from _unlike("players: names", reference, rows, *own)
        owners = [
            [_trimmed(table.owner[row]) for row in side]
            for table, side in zip((first, second), _sides(rows), strict=True)
        ]
        yield from _unlike("players: owner", reference, rows, *owners)
    if (first.spans is None) != (second.spans is None):
        yield differs("span", ("all players" if t.spans is None else "a part" for t in (first, second)), LIKE)
    elif first.spans is not None and second.spans is not None:
        yield from _unlike("span", reference, rows, first.spans[rows.reference], second.spans[rows.candidate])


def _sides(rows: Rows) -> tuple[list[int], list[int]]:
    return rows.reference.tolist(), rows.candidate.tolist()


def _trimmed(owner: np.ndarray) -> np.ndarray:
    """Leave out the padding behind a sample's last position that has a player."""
    owned = np.flatnonzero(owner >= 0)
    return owner[: owned[-1] + 1] if len(owned) else owner[:0]


def _same_absence(reference: Report, candidate: Report) -> Iterator[Found]:
    """What an absent player shows.

    At the input its numbers must be equal. Word vectors and activations are the network's own: there the name decides.
    What is learned belongs to sample and network: there the settings of the learning decide.
    """
    tables = (reference.players, candidate.players)
    if tables[0].shared != tables[1].shared:
        return
    advice = declared_by("baseline")
    if all(table.own_baselines for table in tables):
        learned = [
            (at(side.provenance, "baseline", "learned"), at(side.provenance, "baseline", "start", "name"))
            for side in (reference, candidate)
        ]
        if learned[0] != learned[1] or any(NOT_STATED in digests for digests in learned):
            yield (
                differs("baseline: settings", (f"from {words(start)}: {words(how)}" for how, start in learned), advice),
                "baseline",
            )
        return
    own = any(table.own_baselines for table in tables)
    inside = any(at(side.provenance, "entry", "place") not in ("input", NOT_STATED) for side in (reference, candidate))
    if not own and not inside and not np.array_equal(tables[0].baseline, tables[1].baseline, equal_nan=True):
        yield differs("baseline: values", (words(table.baseline) for table in tables), advice), "baseline"


def _same_plan(reference: Report, candidate: Report, rows: Rows, allowed: Allowed) -> Iterator[Problem]:
    """The same coalitions; looked at only where everything that decides them is equal."""
    if allowed.plans:
        return
    if reference.samples.ids == candidate.samples.ids:
        first, second = (at(side.provenance, "plan_hash") for side in (reference, candidate))
        yield from unlike("plan: coalitions", first, second, LIKE)
    for column in ("asked", "unique"):
        first, second = getattr(reference.samples, column), getattr(candidate.samples, column)
        taken = first[rows.reference], second[rows.candidate]
        yield from _unlike(f"plan: {column} coalitions", reference, rows, *taken)
