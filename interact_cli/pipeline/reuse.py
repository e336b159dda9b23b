"""Another score or metric from an earlier report: its records answer, and the network only what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interact_cli import extensions, scores
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import AskedMetric, Settings, deciding
from interact_cli.errors import ReportRefused, UnknownNameError, UsageError
from interact_cli.interfaces import Measurable
from interact_cli.journal.units import Journal
from interact_cli.pipeline.answers import answer
from interact_cli.pipeline.asking import ask, common_options, flagged
from interact_cli.pipeline.defaults import BUDGET, WITH_CLASSES, check_labels
from interact_cli.pipeline.delivery import Outcome, deliver
from interact_cli.pipeline.earlier import check_code, data_of, lay, left_open, settings_of, without_options
from interact_cli.pipeline.filling import Ledger
from interact_cli.pipeline.learned_baselines import with_baselines
from interact_cli.pipeline.loading import load
from interact_cli.pipeline.material import Material
from interact_cli.pipeline.planning import Questions, check_numbers
from interact_cli.pipeline.provenance import (
    Invocation,
    differing,
    question_identity,
    record_identity,
    rounding_identity,
)
from interact_cli.pipeline.ranges import computed, readings
from interact_cli.pipeline.run import assemble
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.report.documents import content_key
from interact_cli.report.hdf5.reader import read_report
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.types import MEMORY


def rerun(source: Path, changes: Mapping[str, Any], progress: Progress, argv: Sequence[str] = ()) -> Outcome:
    """Answer other questions from an earlier report and write a new one.

    The new report has the identity, and so the numbers, that measuring from scratch would have given.

    Args:
        source: The earlier report, with records.
        changes: Dotted settings: those that decide the question, and places.
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
    settings, provenance = earlier.settings, report.provenance
    material = Material.of_report(report)
    labels_known = bool((material.labels >= 0).all()) and material.output in WITH_CLASSES
    check_labels(settings.target, settings.data.only, labels_known=labels_known, data_name=settings.data.name or "")
    asked, metrics = _asked(settings, material), earlier.metrics
    largest = max(len(material.players.of_sample(sample)) for sample in range(len(material.ids)))
    check_numbers(largest, settings.plan.budget or BUDGET, material.width)
    ranges = earlier.ranges(asked, metrics, labels_known=labels_known)
    question = question_identity(
        settings, asked, metrics, ranges.get("fingerprint", ""), illustration=provenance["illustration"]
    )
    identity = {**provenance["identity"], "question": question}

    normalisers = readings(ranges, asked[0].name)
    questions = Questions(settings, asked, metrics, normalisers, intervals=not provenance["illustration"])

    def make(journal: Journal) -> Report:
        ledger = Ledger(journal, records)
        answers = answer(material, questions, ledger, earlier.subject, progress)
        missing, all_ = int(answers.samples.evaluated.sum()), int(answers.samples.unique.sum())
        progress.note(f"From {source.name}: {missing} of {all_} coalitions were missing.")
        about = {
            **provenance,
            "identity": identity,
            "content_key": content_key(identity),
            "ranges": ranges,
            "smaller_batches": [*provenance["smaller_batches"], *ledger.smaller_batches()],
        }
        return assemble(about, questions, material, answers)

    return deliver(settings, identity, [source], make, invocation)


def _asked(settings: Settings, material: Material) -> tuple[scores.Score, ...]:
    """Return the scores of the games, which are those of the report where they are features of modules."""
    name = settings.score or ""
    try:
        asked = scores.resolve(name, material.output, material.modules, extensions.scores_with(name))
    except UnknownNameError:
        if not name.startswith(scores.OF_MODULES):
            raise
        asked = ()
    modules = tuple(score.module for score in asked if score.module is not None)
    if not asked or modules != material.modules or asked[0].vector != material.vector:
        names = ",".join(material.modules)
        of_module = f"the {'vector' if material.vector else 'features'} of {names or 'the output'}"
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
        changeable = {*deciding("question", "place"), *(f"plan.{name}" for name in flagged())}
        own = {name for name in ("arch", "arch_args") if self.changes.get(name) == self.report.config.get(name)}
        foreign = [name for name in self.changes if name not in {*changeable, *own, "data.name"}]
        if foreign:
            raise UsageError(
                f"--from takes the network, inputs and players of the report; {', '.join(foreign)} cannot change. "
                f"Changeable: {', '.join(sorted(changeable))}. Measure again without --from."
            )
        self._held = settings_of(self.report)
        self._check_protocol()
        settings = load_settings(flags=self._merged())
        asked = ask(settings)
        for remark in asked.remarks:
            self.progress.warn(remark)
        self.metrics = asked.metrics
        # What the protocol has fixed stands in the report, resolved.
        kept = {"protocol": self._held["plan.protocol"]}
        self.settings = asked.settings.model_copy(update={"plan": asked.settings.plan.model_copy(update=kept)})

    def _check_protocol(self) -> None:
        """Refuse what the report's protocol fixes."""
        if self._held["plan.protocol"] is not None:
            stated = left_open({name: self._held[name] for name in ("plan.protocol", "metrics")})
            ask(load_settings(flags={**stated, **self.changes}))

    def _merged(self) -> dict[str, Any]:
        """Return the settings of the report as changed; its protocol is left out, what it fixes is there."""
        settings = {**self._held, "plan.protocol": None}
        again = [name.removeprefix("plan.") for name in self.changes if name.startswith("plan.")]
        metrics = without_options(self._held["metrics"], again)
        if "metrics" in self.changes:
            asked = load_settings(flags={"metrics": self.changes["metrics"]}).metrics
            before = [AskedMetric.model_validate(written) for written in metrics]
            common = common_options(before, [metric.name for metric in asked])
            settings |= {f"plan.{name}": value for name, value in common.items()}
        return {**settings, "metrics": metrics, **self.changes}

    def subject(self) -> Subject:
        """Return the network on its inputs, checked to be the same as the report's.

        Raises:
            UsageError: something that only the user can name, and has not: the checkpoint, where the data lies, code,
                a training.
            ReportRefused: anything that decides a record differs; the message names it.
        """
        if self._subject is None:
            self._subject = self._loaded()
        return self._subject

    def ranges(
        self, asked: Sequence[scores.Score], metrics: Sequence[Measurable], *, labels_known: bool
    ) -> dict[str, Any]:
        """Return the range Y of all scores, from the report where it holds those that are asked for."""
        if not labels_known or not any("ranges" in metric.needs for metric in metrics):
            return {}
        stored: dict[str, Any] = dict(self.report.provenance["ranges"])
        if stored and all(score.module is not None or score.name in stored.get("scores", {}) for score in asked):
            return stored
        return computed(self.subject().range_data, self.subject().evaluator, asked)

    def _loaded(self) -> Subject:
        self._check_network()
        given = {**self._merged(), "plan.protocol": self._held["plan.protocol"], "data.name": self._data()}
        check_code(given, self.changes)
        # Of the same batch shape, so that new records agree with the old ones to the last bit.
        given = left_open(given) | {"run.batch_size": self.report.provenance["batch_rows"]}
        learned = self.report.provenance["baseline"].get("learned")
        if learned:  # for the score of the first run, whatever is asked now
            given |= {name: learned.get(name) for name in ("score", "target")}
        subject = load(load_settings(flags=given), self.progress, ids=self.report.samples.ids)
        identity = self.report.provenance["identity"]
        now = {"records": record_identity(subject), "rounding": rounding_identity(subject)}
        fields = [name for part in now for name in differing(identity[part], now[part])]
        if fields:
            raise ReportRefused(
                f"The report was made with another {', '.join(sorted(fields))}; its records cannot be completed. "
                f"Measure again without --from."
            )
        return with_baselines(subject, list(self.report.players.baseline)) if learned else subject

    def _check_network(self) -> None:
        """See that the user has named the network, which a report does not choose.

        Raises:
            UsageError: the checkpoint is not named, or not the training of a reference network.
        """
        if MEMORY in (self.report.provenance["arch_source"], self.report.config["data"]["name"]):
            raise UsageError(
                "The report does not hold all that is asked, and its network or its inputs were only in memory. Call "
                "interact_cli.audit again."
            )
        if self.report.provenance["arch_source"] == "reference":
            if "data.name" not in self.changes:
                raise UsageError(
                    f"The report does not hold all that is asked, and its network is the reference network of "
                    f"'{safe_text(self.report.config['data']['name'])}', which would be trained here. If you want "
                    f"that, pass --dataset NAME[:PATH] again, and --epochs where it was given."
                )
        elif self.changes.get("checkpoint") is None:
            raise UsageError(
                f"The report does not hold all that is asked, and a report does not choose which checkpoint is "
                f"opened{lay(self.report, 'checkpoint')}. Name it: interact measure CHECKPOINT --from REPORT."
            )

    def _data(self) -> str | None:
        return None if self.report.provenance["illustration"] else data_of(self.report, self.changes)
