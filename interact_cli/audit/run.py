"""One run, from settings to a report on disk: prepare, continue or start, answer, write."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interact_cli.audit.answers import Answers, Ask, answer
from interact_cli.audit.evaluation import Evaluations
from interact_cli.audit.inputs import at_chance, range_inputs
from interact_cli.audit.material import Material
from interact_cli.audit.preparation import Subject, prepare
from interact_cli.audit.provenance import config_document, content_key, identity, provenance, run_document
from interact_cli.config.settings import Settings
from interact_cli.errors import OutputError, ReportRefused
from interact_cli.interfaces import Metric, Progress
from interact_cli.journal.units import Journal
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import check_output, write_report
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.scores import ranges
from interact_cli.types import FloatArray, PackedArray

RUNS = Path("interact-runs")
"""Where reports lie unless ``--output`` says otherwise."""


@dataclass(frozen=True)
class Outcome:
    """A report and where it lies."""

    report: Report
    path: Path
    reused: bool
    """True when the same run had already finished: nothing was evaluated."""


def run(settings: Settings, progress: Progress, argv: Sequence[str] = ()) -> Outcome:
    """Measure a checkpoint and write the report.

    An unfinished run of the same identity goes on where it stopped; a finished one is returned as it is.

    Raises:
        InteractError: whatever cannot be done; no half-written report is left.
    """
    clock, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    subject = prepare(settings, progress)
    announce(subject, progress)
    identity_ = identity(subject)
    key = content_key(identity_)
    path = settings.run.output or RUNS / f"{key}.h5"
    protect_inputs(path, settings)
    finished = finished_run(path, key, force=settings.run.force)
    if finished is not None:
        return Outcome(finished, path, reused=True)
    with journal_for(path, identity_, settings) as journal:
        report = _measured(subject, journal, progress)
        report = with_run(report, settings, argv, started, time.monotonic() - clock)
        write_report(report, path, force=settings.run.force)
        report = read_report(path)
        journal.remove()
    return Outcome(report, path, reused=False)


@contextmanager
def journal_for(path: Path, identity_: Mapping[str, Any], settings: Settings) -> Iterator[Journal]:
    """Open the journal beside a report that can be written; a folder `RUNS` made for nothing goes again.

    Raises:
        OutputError: the report cannot be written there, or another process writes it.
        UsageError: the journal is another run's.
    """
    ours = settings.run.output is None
    if ours:
        _make_runs_folder()
    try:
        check_output(path, force=settings.run.force)
        with Journal.opened(partial(path), identity_, fresh=settings.run.force) as journal:
            yield journal
    finally:
        if ours:
            with suppress(OSError):
                RUNS.rmdir()


def _make_runs_folder() -> None:
    try:
        RUNS.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"Cannot make the folder '{RUNS}' for reports: {error.strerror}. Name a place with --output."
        ) from None


def partial(path: Path) -> Path:
    """Return the folder of a run's finished units: ``OUT.partial``."""
    return path.with_name(path.name + ".partial")


def protect_inputs(path: Path, settings: Settings) -> None:
    """Refuse an output that is one of the inputs.

    Raises:
        OutputError: it is.
    """
    inputs = [settings.checkpoint, settings.data.samples]
    data_path = (settings.data.name or "").partition(":")[2]
    for given in [*inputs, Path(data_path) if data_path else None]:
        if given is not None and path.exists() and given.exists() and path.samefile(given):
            raise OutputError(f"The output '{safe_text(path)}' is one of the inputs. Choose another --output.")


def finished_run(path: Path, key: str, *, force: bool) -> Report | None:
    """Return the report at ``path`` if it is this very run, finished.

    Raises:
        OutputError: another run's report stands there, and ``force`` is not set.
    """
    if force or not path.exists():
        return None
    try:
        report = read_report(path)
    except ReportRefused as error:
        check_output(path, force=True)
        raise OutputError(f"{error} Choose another --output, or pass --force to replace it.") from None
    if report.provenance.get("content_key") != key:
        raise OutputError(
            f"'{safe_text(path)}' holds the report of another run. Choose another --output, or pass --force."
        )
    return report


def announce(subject: Subject, progress: Progress) -> None:
    """Say first what is measured on what."""
    model, inputs = subject.model, subject.inputs
    progress.note(
        f"Checkpoint: {safe_text(model.path or model.arch)} ({safe_text(model.arch)}, from {model.arch_source})"
    )
    where = (
        f"{subject.settings.data.name} ({inputs.dataset.split}), {len(inputs.samples)} of {len(inputs.dataset)} samples"
    )
    if subject.illustration:
        where += "; no data named: an illustration on bundled photographs, predicted class, no interval"
    elif subject.inputs.dataset.name == "digits":
        where += "; bundled with scikit-learn"
    progress.note(f"Data: {safe_text(where)}")


def ranges_of(subject: Subject, metrics: Sequence[Metric]) -> dict[str, Any]:
    """Compute the range Y of the score if a metric is normalised by it."""
    if not any(metric.needs_ranges for metric in metrics) or subject.model.output == "scalar":
        return {}
    inputs, labels = range_inputs(subject.model, subject.inputs.dataset, subject.settings.plan.seed)
    if not inputs:
        return {}
    found = ranges(subject.score, subject.evaluator.logits(inputs), labels)
    return {
        "paper": found.paper,
        "code": found.code,
        "n_samples": len(inputs),
        "split": subject.inputs.dataset.split,
    }


def readings(ranges_: Mapping[str, Any]) -> dict[str, float]:
    """Return the two readings of Y, those that are finite."""
    return {name: ranges_[name] for name in ("paper", "code") if ranges_.get(name) is not None}


def assemble(subject: Subject, material: Material, answers: Answers, ranges_: Mapping[str, Any]) -> Report:
    """Put a report together; what does not decide the numbers is added by `with_run`."""
    settings = subject.settings
    return Report(
        config=config_document(settings),
        provenance=provenance(subject, ranges_, answers.plan_hash),
        run={},
        samples=answers.samples,
        players=material.players,
        measurements=answers.measurements,
        records=answers.records if settings.run.records else None,
        status="limited" if settings.data.limit is not None else "complete",
    )


def with_run(report: Report, settings: Settings, argv: Sequence[str], started: str, seconds: float) -> Report:
    """Add time, host and command line."""
    return replace(report, run=run_document(settings, argv, started, seconds))


def _measured(subject: Subject, journal: Journal, progress: Progress) -> Report:
    logits = subject.evaluator.logits([sample.input for sample in subject.inputs.samples])
    material = Material.of_subject(subject, logits)
    warn_at_chance(material, progress)
    ranges_ = ranges_of(subject, subject.metrics)
    ask = Ask(subject.settings, subject.score, subject.metrics, readings(ranges_), not subject.illustration)
    answers = answer(material, ask, Evaluations(journal, fetch_from(subject)), progress)
    return assemble(subject, material, answers, ranges_)


def warn_at_chance(material: Material, progress: Progress) -> None:
    """Warn loudly when the network does no better than chance."""
    accuracy, chance = material.accuracy
    if at_chance(accuracy, chance, len(material.ids)):
        progress.warn(
            f"Accuracy {accuracy:.3f} on {len(material.ids)} samples is at chance level ({chance:.3f}): wrong labels, "
            f"wrong preprocessing or a wrong head? The numbers below may mean nothing."
        )


def fetch_from(subject: Subject) -> Any:
    """Return how the network is asked about the samples of a subject."""

    def fetch(sample: int, coalitions: PackedArray, classes: tuple[int, ...]) -> FloatArray:
        return subject.evaluator.records(subject.inputs.samples[sample], subject.players, coalitions, classes)

    return fetch
