"""One run: a checkpoint on its inputs, asked, answered and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from interact_cli.audit.answers import Answers, Ask, answer
from interact_cli.audit.delivery import Outcome, deliver
from interact_cli.audit.evaluation import Evaluations, Network
from interact_cli.audit.learning import learned
from interact_cli.audit.material import Material, player_table
from interact_cli.audit.preparation import Subject, prepare
from interact_cli.audit.provenance import (
    Invocation,
    config_document,
    identity,
    question_document,
    subject_document,
)
from interact_cli.audit.ranges import computed, readings
from interact_cli.config.settings import Settings
from interact_cli.journal.units import Journal
from interact_cli.progress import Progress
from interact_cli.results import Report
from interact_cli.safe_text import safe_text


def run(settings: Settings, progress: Progress, argv: Sequence[str] = ()) -> Outcome:
    """Measure a checkpoint and write the report.

    An unfinished run of the same identity goes on where it stopped; a finished one is returned as it is.

    Raises:
        InteractError: whatever cannot be done; no half-written report is left.
    """
    invocation = Invocation.now(argv)
    return measured(prepare(settings, progress), progress, invocation)


def measured(subject: Subject, progress: Progress, invocation: Invocation, inputs: Sequence[Path] = ()) -> Outcome:
    """Measure what is prepared and write the report, or return the finished one of the same run.

    Args:
        subject: The checkpoint on its inputs.
        progress: Told what happens.
        invocation: When and how the run was asked for.
        inputs: Further files that must not be overwritten.

    Raises:
        InteractError: whatever cannot be done; no half-written report is left.
    """
    announce(subject, progress)

    def make(journal: Journal) -> Report:
        return _measured(subject, journal, progress)

    files = [*_input_files(subject.settings), *inputs]
    return deliver(subject.settings, identity(subject), files, make, invocation)


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


def _measured(subject: Subject, journal: Journal, progress: Progress) -> Report:
    settings, asked, metrics = subject.settings, subject.scores, subject.metrics
    material = Material.of_subject(subject)
    _warn_at_chance(material, progress)
    subject = learned(subject, material, journal, progress)
    material = replace(material, players=player_table(subject.players))
    ranges = computed(subject.range_data, subject.evaluator, asked)
    ask = Ask(settings, asked, metrics, readings(ranges, asked[0].name), intervals=not subject.illustration)
    evaluations = Evaluations(journal, Network.of(subject))
    answers = answer(material, ask, evaluations, progress)
    return assemble(
        subject_document(subject, ranges) | {"smaller_batches": evaluations.smaller_batches()}, ask, material, answers
    )


def assemble(about_subject: dict[str, Any], ask: Ask, material: Material, answers: Answers) -> Report:
    """Put a report together; what does not decide the numbers is added when it is delivered."""
    settings = ask.settings
    question = question_document(settings, ask.scores, ask.metrics, answers.plan_hash)
    return Report(
        config=config_document(settings),
        provenance={**about_subject, **question},
        run={},
        samples=answers.samples,
        players=material.players,
        measurements=answers.measurements,
        records=answers.records if settings.run.records else None,
        status="limited" if settings.data.limit is not None else "complete",
    )


def _warn_at_chance(material: Material, progress: Progress) -> None:
    accuracy, chance = material.accuracy
    if material.at_chance:
        progress.warn(
            f"Accuracy {accuracy:.3f} on {len(material.ids)} samples is at chance level ({chance:.3f}): wrong labels, "
            f"wrong preprocessing or a wrong head? The numbers below may mean nothing."
        )


def _input_files(settings: Settings) -> list[Path]:
    path = (settings.data.name or "").partition(":")[2]
    given = [settings.checkpoint, settings.data.samples, Path(path) if path else None]
    return [file for file in given if file is not None]
