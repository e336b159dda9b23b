"""A checkpoint measured exactly as an earlier report was: another checkpoint, or the same by a second plan seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from interact_cli import extensions
from interact_cli.adapters.loading import named_architecture
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import LARGEST_SEED, AskedMetric, decisions
from interact_cli.errors import NotComparable, UsageError
from interact_cli.metrics.fallback import answered_by
from interact_cli.metrics.summaries.tables import drawn_alike
from interact_cli.pipeline.delivery import Outcome
from interact_cli.pipeline.earlier import check_code, data_of, left_open, settings_of
from interact_cli.pipeline.loading import load
from interact_cli.pipeline.provenance import Invocation, differing, identity_of
from interact_cli.pipeline.run import measured
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

CHANGEABLE = tuple(
    name
    for name, decides in decisions().items()
    if decides.what in ("place", "rounding") or decides.of_network or decides.with_place
)
"""What may differ from the reference's run: the network, where things lie and how they run."""
FREE = ("records kept", "ranges", "metric origins")
"""What of the question's identity another network may have otherwise."""


def measure_like(
    reference: Report,
    checkpoint: Path,
    changes: Mapping[str, Any],
    progress: Progress,
    argv: Sequence[str] = (),
    inputs: Sequence[Path] = (),
) -> Outcome:
    """Measure a checkpoint with exactly the configuration, samples, players and coalitions of a report.

    The samples are taken by their ids, so neither a file of ids nor the draw has to be at hand.

    Args:
        reference: The report; its records are not read.
        checkpoint: What is measured.
        changes: Dotted settings, those of `CHANGEABLE`.
        progress: Told what happens.
        argv: For the report.
        inputs: Files that must not be overwritten, besides the checkpoint and the data.

    Raises:
        UsageError: a change of anything else.
        NotComparable: the same question cannot be asked here.
        DataRefused: the data is not where it was, or lacks samples of the reference.
    """
    invocation = Invocation.now(argv)
    given = _taken_back(reference, checkpoint, changes)
    named = _own_architecture(given, changes)
    if named is not None:
        choice = f"{safe_text(named)}, which the checkpoint names, not the reference's {safe_text(given['arch'])}"
        progress.note(f"Architecture: {choice}.")
        given = _without_arch(given, changes)
    check_code(given, changes)
    subject, identity = _loaded(reference, given, progress)
    return measured(subject, identity, progress, invocation, inputs)


def second_seed(
    reference: Report,
    checkpoint: Path,
    changes: Mapping[str, Any],
    progress: Progress,
    argv: Sequence[str] = (),
    inputs: Sequence[Path] = (),
) -> Outcome:
    """Measure the checkpoint of a report again, on the same samples, by the next plan seed.

    All that the two reports differ in is the noise of drawn coalitions (A/A).

    Args:
        reference: The report; its records are not read.
        checkpoint: The checkpoint that it was made of.
        changes: Dotted settings, those of `CHANGEABLE`.
        progress: Told what happens.
        argv: For the report.
        inputs: Files that must not be overwritten, besides the checkpoint and the data.

    Raises:
        UsageError: a change of anything else, or not the network and the inputs of the report.
        NotComparable: the same question cannot be asked here.
        DataRefused: the data is not where it was, or lacks samples of the reference.
    """
    invocation = Invocation.now(argv)
    given = _taken_back(reference, checkpoint, changes)
    check_code(given, changes)
    seed = int(given["plan.seed"])
    drawn = given.get("data.seed")
    # The draw of samples follows the plan seed unless it has one: it keeps the reference's.
    given |= {"plan.seed": (seed + 1) % (LARGEST_SEED + 1), "data.seed": seed if drawn is None else drawn}
    subject, identity = _loaded(reference, given, progress)
    _check_records(reference, identity)
    outcome = measured(subject, identity, progress, invocation, inputs)
    if _equal_numbers(reference, outcome.report):
        progress.note("Nothing is drawn: both plan seeds ask for the same coalitions, so there is no A/A noise.")
    return outcome


def _taken_back(reference: Report, checkpoint: Path, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the reference's run for a checkpoint, changed in what may change."""
    foreign = [name for name in changes if name not in CHANGEABLE]
    if foreign:
        raise UsageError(
            f"The checkpoint is measured exactly as the reference was, so {', '.join(foreign)} cannot change. "
            f"Changeable is where things lie and how they run: {', '.join(CHANGEABLE)}."
        )
    given = {**settings_of(reference), **changes}
    if given.get("arch") != reference.config.get("arch"):
        given = _without_arch(given, changes)
    given["checkpoint"] = checkpoint
    given["data.name"] = None if reference.provenance["illustration"] else data_of(reference, changes)
    given["metrics"] = _as_answered(reference, given["metrics"])
    _check_learned(reference)
    return left_open(given)


def _as_answered(reference: Report, metrics: Sequence[Any]) -> list[Any]:
    """Ask every metric for the estimator that answered the reference, whatever a surrogate explains of the candidate.

    Where some samples had another, ``auto`` stays: it alone asks for both.
    """
    answered = {
        measurement.metric: {"estimator": answered_by(measurement)}
        for measurement in reference.measurements
        if answered_by(measurement) is not None and drawn_alike(measurement.estimator)
    }
    asked = [AskedMetric.model_validate(written) for written in metrics]
    return [{metric.name: {**metric.options, **answered.get(metric.name, {})}} for metric in asked]


def _without_arch(given: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the reference's architecture and its arguments, where they are not asked for anew."""
    foreign = [name for name in ("arch", "arch_args") if name not in changes]
    return {name: value for name, value in given.items() if name not in foreign}


def _own_architecture(given: Mapping[str, Any], changes: Mapping[str, Any]) -> str | None:
    """Return the architecture that the checkpoint itself names, where it is not the reference's ``--arch``."""
    if "arch" in changes or not given.get("arch") or not given.get("checkpoint"):
        return None
    named = named_architecture(given["checkpoint"], weights=given["weights"], builders=extensions.adapters())
    return None if named == given["arch"] else named


def _check_learned(reference: Report) -> None:
    """Refuse baselines that were learned for another question than the report's, by ``--from``.

    Raises:
        UsageError: they were.
    """
    learned = reference.provenance["baseline"].get("learned")
    if learned and any(learned.get(name) != reference.config.get(name) for name in ("score", "target")):
        raise UsageError(
            f"The reference's baselines were learned for {safe_text(learned.get('score'))} and it answers "
            f"{safe_text(reference.config['score'])} (--from), which one measurement cannot do. Measure the reference "
            f"again without --from."
        )


def _loaded(reference: Report, given: Mapping[str, Any], progress: Progress) -> tuple[Subject, dict[str, Any]]:
    """Load the checkpoint, find the samples of the reference, and check that the question is the same."""
    settings = load_settings(flags=given)
    subject = load(settings, progress, ids=reference.samples.ids)
    identity = identity_of(subject)
    _tell_skipped(reference, subject, progress)
    before, now = _question(reference.provenance["identity"]), _question(identity)
    if _same_classes(reference, subject):
        before["contents of the samples"] = reference.provenance["data"]["fingerprint"]
        now["contents of the samples"] = subject.inputs.fingerprint
    seeds = {"plan: seed"} if settings.plan.seed != reference.config["plan"]["seed"] else set()
    fields = [name for name in differing(before, now) if name in before and name not in seeds]
    if fields:
        reasons = _told(fields, before, now)
        raise NotComparable(
            f"The checkpoint cannot be measured as the reference was: {reasons}. Measure the reference again with this "
            f"version on this data."
        )
    return subject, identity


def _question(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return what both runs must ask, by its name."""
    question, records = identity["question"], identity["records"]
    metrics = [
        [*metric, {name: value for name, value in options.items() if name != "estimator"}]
        for *metric, options in question["metrics"]
    ]
    return {
        **{name.replace(".", ": "): value for name, value in question.items() if name not in FREE},
        "metrics": metrics,
        **{name: records.get(name) for name in ("players", "span", "limit", "protocol")},
        "baseline": records["baseline"]["name"],
    }


def _same_classes(reference: Report, subject: Subject) -> bool:
    """Whether samples, and the numbers of their classes, can be compared by one fingerprint."""
    names = subject.model.class_names or subject.inputs.dataset.class_names
    ids = tuple(sample.id for sample in subject.inputs.samples)
    return ids == tuple(reference.samples.ids) and list(names) == list(reference.provenance["class_names"])


def _tell_skipped(reference: Report, subject: Subject, progress: Progress) -> None:
    skipped = subject.inputs.skipped
    if skipped:
        progress.warn(
            f"{len(skipped)} of {len(reference.samples.ids)} samples of the reference cannot be measured with this "
            f"checkpoint, first '{safe_text(skipped[0].id)}': {safe_text(skipped[0].reason)}"
        )


def _told(fields: Iterable[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{name} is {safe_text(before[name], 60)} in the reference and {safe_text(now.get(name), 60)} here"
        for name in fields
    )


def _check_records(reference: Report, identity: Mapping[str, Any]) -> None:
    """Refuse another network or other inputs than the reference's.

    Raises:
        UsageError: the message names what differs.
    """
    records = reference.provenance["identity"]["records"]
    fields = differing(records, identity["records"])
    if fields:
        digest = str(records["checkpoint"])[:12]
        raise UsageError(
            f"Expected the checkpoint and the inputs of the reference (SHA-256 {digest}...), got another "
            f"{', '.join(fields)}: the noise of a plan seed is that of one network on the same inputs. Name the "
            f"reference's checkpoint."
        )


def _equal_numbers(report: Report, other: Report) -> bool:
    """Whether two reports ask for the same coalitions and hold the same number everywhere per sample."""
    if report.provenance["plan_hash"] != other.provenance["plan_hash"]:
        return False
    pairs = zip(report.measurements, other.measurements, strict=True)
    return all(
        np.array_equal(first.values, second.values, equal_nan=True)
        for mine, theirs in pairs
        for first, second in zip(mine.per_sample, theirs.per_sample, strict=True)
    )
