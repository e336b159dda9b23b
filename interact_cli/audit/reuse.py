"""Another score or metric from an earlier report: its records answer, and the network only what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interact_cli import scores
from interact_cli.audit.agreement import SPECIAL, check_agreement, unread
from interact_cli.audit.answers import Ask, answer
from interact_cli.audit.defaults import BUDGET, WITH_CLASSES, check_labels, check_protocol
from interact_cli.audit.delivery import Outcome, deliver
from interact_cli.audit.earlier import check_code, left_open, settings_of
from interact_cli.audit.evaluation import Evaluations, Network
from interact_cli.audit.learning import with_baselines
from interact_cli.audit.material import Material
from interact_cli.audit.planning import check_numbers
from interact_cli.audit.preparation import Subject, asked_metrics, prepare
from interact_cli.audit.provenance import Invocation, content_key, differing, question_identity, record_identity
from interact_cli.audit.ranges import computed, readings
from interact_cli.audit.run import assemble
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import Settings
from interact_cli.errors import ReportRefused, UnknownNameError, UsageError
from interact_cli.interfaces import Metric
from interact_cli.journal.units import Journal
from interact_cli.progress import Progress
from interact_cli.report.hdf5.reader import read_report
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

QUESTION = (
    "score",
    "metrics",
    "target",
    "data.only",
    "plan.budget",
    "plan.pairs",
    "plan.contexts",
    "plan.interaction_size",
    "plan.partitions",
    "plan.learned",
    "plan.drop_rate",
    "plan.instability",
)
"""What may differ from the earlier run; everything else decides what a record is."""
HANDLING = ("checkpoint", "run.output", "run.force", "run.records")


def rerun(source: Path, changes: Mapping[str, Any], progress: Progress, argv: Sequence[str] = ()) -> Outcome:
    """Answer other questions from an earlier report and write a new one.

    The new report has the identity, and so the numbers, that measuring from scratch would have given.

    Args:
        source: The earlier report, with records.
        changes: Dotted settings: those of `QUESTION` and `HANDLING`.
        progress: Told what happens.
        argv: For the report.

    Raises:
        UsageError: a change that would make the records another network's or other inputs'.
        ReportRefused: the report holds no records, or its checkpoint is not the same.
    """
    invocation = Invocation.now(argv)
    report = read_report(source)
    records = report.records
    if records is None:
        raise ReportRefused("The report holds no evaluation records (--no-records). Measure the checkpoint again.")
    earlier = EarlierRun(report, changes, progress)
    settings, held = earlier.settings, report.provenance
    material = Material.of_report(report)
    labels_known = bool((material.labels >= 0).all()) and material.output in WITH_CLASSES
    check_labels(settings.target, settings.data.only, labels_known=labels_known, data_name=settings.data.name or "")
    asked, metrics = _asked(settings, material), earlier.metrics
    largest = max(len(material.players.of_sample(sample)) for sample in range(len(material.ids)))
    check_numbers(largest, settings.plan.budget or BUDGET, material.width)
    ranges = earlier.ranges(metrics, labels_known=labels_known)
    question = question_identity(
        settings, asked, metrics, ranges.get("fingerprint", ""), illustration=held["illustration"]
    )
    identity = {"records": held["identity"]["records"], "question": question}

    def make(journal: Journal) -> Report:
        evaluations = Evaluations(journal, Network(earlier.subject), records)
        ask = Ask(settings, asked, metrics, readings(ranges, asked[0].name), intervals=not held["illustration"])
        answers = answer(material, ask, evaluations, progress)
        missing, all_ = int(answers.samples.evaluated.sum()), int(answers.samples.unique.sum())
        progress.note(f"From {source.name}: {missing} of {all_} coalitions were missing.")
        about = {
            **held,
            "identity": identity,
            "content_key": content_key(identity),
            "ranges": ranges,
            "smaller_batches": [*held["smaller_batches"], *evaluations.smaller_batches()],
        }
        return assemble(about, ask, material, answers)

    return deliver(settings, identity, [source], make, invocation)


def _asked(settings: Settings, material: Material) -> tuple[scores.Score, ...]:
    """Return the scores of the games, which are those of the report where they are features of modules."""
    name = settings.score or ""
    try:
        asked = scores.resolve(name, material.output, material.modules)
    except UnknownNameError:
        if not name.startswith(scores.OF_MODULES):
            raise
        asked = ()
    modules = tuple(score.module for score in asked if score.module is not None)
    if not asked or modules != material.modules or asked[0].vector != material.vector:
        held = ",".join(material.modules)
        of_module = f"the {'vector' if material.vector else 'features'} of {held or 'the output'}"
        what = of_module if material.modules else "outputs"
        raise UsageError(
            f"Expected a score of what the report's records hold, {safe_text(what)}; got '{safe_text(name)}'. "
            f"Measure again without --from."
        )
    return asked


@dataclass
class EarlierRun:
    """The run behind a report: its settings with some changed, and its network, loaded only when it is needed."""

    report: Report
    changes: Mapping[str, Any]
    progress: Progress
    _subject: Subject | None = None

    def __post_init__(self) -> None:
        """Merge settings and changes.

        Raises:
            UsageError: a change that --from cannot make, or settings that do not fit each other.
        """
        own = {"arch"} if self.changes.get("arch") == self.report.config.get("arch") else set()
        foreign = [name for name in self.changes if name not in {*QUESTION, *HANDLING, *own}]
        if foreign:
            raise UsageError(
                f"--from takes the network, inputs and players of the report; {', '.join(foreign)} cannot change. "
                f"Changeable: {', '.join((*QUESTION, *HANDLING))}. Measure again without --from."
            )
        self._given = {**settings_of(self.report), **self.changes}
        protocol = self._given.get("plan.protocol")
        if protocol is not None:
            check_protocol(load_settings(flags={"plan.protocol": protocol, **self.changes}))
        settings = load_settings(flags=self._given)
        self.metrics = asked_metrics(settings)
        # What only the metrics of the earlier run read is their question, not this one's.
        for option in unread(settings, self.metrics, SPECIAL):
            if option not in self.changes:
                del self._given[option]
        self.settings: Settings = load_settings(flags=self._given)
        check_agreement(self.settings, self.metrics)

    def subject(self) -> Subject:
        """Return the network on its inputs, checked to be the same as the report's.

        Raises:
            UsageError: the checkpoint is not where it was, or the report names code that the user did not.
            ReportRefused: anything that decides a record differs; the message names it.
        """
        if self._subject is None:
            self._subject = self._loaded()
        return self._subject

    def ranges(self, metrics: Sequence[Metric], *, labels_known: bool) -> dict[str, Any]:
        """Return the range Y of all scores, from the report where it holds them."""
        if not labels_known or not any(metric.needs_ranges for metric in metrics):
            return {}
        held: dict[str, Any] = dict(self.report.provenance["ranges"])
        return held or computed(self.subject().range_data, self.subject().evaluator)

    def _loaded(self) -> Subject:
        reference = self.report.provenance["arch_source"] == "reference"
        checkpoint = self.settings.checkpoint
        if not reference and (checkpoint is None or not checkpoint.exists()):
            raise UsageError(
                "The report does not hold all that is asked, and its checkpoint is not where it was. "
                "Name it: interact measure CHECKPOINT --from REPORT."
            )
        check_code(self._given, self.changes)
        given = left_open(self._given) | {"run.batch_size": self.report.provenance["batch_rows"]}
        learned = self.report.provenance["baseline"].get("learned")
        if learned:  # for the score of the first run, whatever is asked now
            given |= {name: learned.get(name) for name in ("score", "target")}
        subject = prepare(load_settings(flags=given), self.progress)
        fields = differing(self.report.provenance["identity"]["records"], record_identity(subject))
        if fields:
            raise ReportRefused(
                f"The report was made with another {', '.join(fields)}; its records cannot be completed. "
                f"Measure again without --from."
            )
        return with_baselines(subject, list(self.report.players.baseline)) if learned else subject
