"""One run: a network on its inputs, asked, answered and written.

Three phases: the coalitions of all samples are planned (`planning`), what is missing of them is filled into the journal
(`filling`, by an executor), and every question is answered from there (`answers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from interact_cli.config.settings import Settings
from interact_cli.journal.units import Journal
from interact_cli.pipeline.answers import Answers, answer
from interact_cli.pipeline.delivery import Outcome, deliver
from interact_cli.pipeline.executors import check
from interact_cli.pipeline.filling import Ledger
from interact_cli.pipeline.in_memory import of
from interact_cli.pipeline.learned_baselines import learned
from interact_cli.pipeline.material import Material, player_table
from interact_cli.pipeline.planning import Questions
from interact_cli.pipeline.provenance import (
    Invocation,
    config_document,
    identity_of,
    question_document,
    subject_document,
)
from interact_cli.pipeline.ranges import computed, readings
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FRESH


def run(
    settings: Settings,
    progress: Progress,
    argv: Sequence[str] = (),
    *,
    network: nn.Module | None = None,
    inputs: Any = None,
    labels: Any = None,
) -> Outcome:
    """Measure a network and write the report: what the commands and `interact_cli.audit` call.

    An unfinished run of the same identity goes on where it stopped; a finished one is returned as it is. Of what is
    only in memory nothing is sure to be the same: it is measured anew.

    Args:
        settings: What the user asked for.
        progress: Told what happens.
        argv: For the report.
        network: A network in memory; None opens the checkpoint of the settings.
        inputs: Inputs in memory, likewise, and their classes: see `of`.
        labels: None where they have none.

    Raises:
        InteractError: whatever cannot be done; no half-written report is left.
    """
    invocation = Invocation.now(argv)
    subject = of(network, inputs, labels, settings, progress)
    return measured(subject, identity_of(subject), progress, invocation)


def measured(
    subject: Subject,
    identity: Mapping[str, Any],
    progress: Progress,
    invocation: Invocation,
    inputs: Sequence[Path] = (),
) -> Outcome:
    """Measure a subject and write the report, or return the finished one of the same run.

    Args:
        subject: The network on its inputs.
        identity: `identity_of` the subject.
        progress: Told what happens.
        invocation: When and how the run was asked for.
        inputs: Further files that must not be overwritten.

    Raises:
        InteractError: whatever cannot be done; no half-written report is left.
    """
    check(subject)
    announce(subject, progress)

    def make(journal: Journal) -> Report:
        return _measured(subject, identity, journal, progress)

    files = [*_input_files(subject.settings), *inputs]
    return deliver(subject.settings, identity, files, make, invocation, anew=subject.in_memory)


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


def _measured(subject: Subject, identity: Mapping[str, Any], journal: Journal, progress: Progress) -> Report:
    settings, games = subject.settings, subject.scores
    material = Material.of_subject(subject)
    if settings.weights != FRESH:  # before training, chance is what is expected
        _warn_at_chance(material, progress)
    subject = learned(subject, material, journal, progress)
    material = replace(material, players=player_table(subject.players))
    ranges = computed(subject.range_data, subject.evaluator, games)
    normalisers = readings(ranges, games[0].name)
    questions = Questions(settings, games, subject.metrics, normalisers, intervals=not subject.illustration)
    ledger = Ledger(journal)
    answers = answer(material, questions, ledger, lambda: subject, progress)
    about = subject_document(subject, identity, ranges) | {"smaller_batches": ledger.smaller_batches()}
    return assemble(about, questions, material, answers)


def assemble(about_subject: dict[str, Any], questions: Questions, material: Material, answers: Answers) -> Report:
    """Put a report together; what does not decide the numbers is added when it is delivered."""
    settings = questions.settings
    question = question_document(settings, questions.scores, questions.asked, answers.plan_hash)
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
