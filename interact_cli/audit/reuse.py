"""Another score or metric from an earlier report: its records answer, and the network only what is missing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from interact_cli import extensions, scores
from interact_cli.audit.answers import Ask, answer
from interact_cli.audit.evaluation import Evaluations
from interact_cli.audit.material import Material
from interact_cli.audit.preparation import Subject, prepare
from interact_cli.audit.provenance import config_document, content_key
from interact_cli.audit.run import RUNS, Outcome, fetch_from, finished_run, journal_for, ranges_of, readings, with_run
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import Settings
from interact_cli.errors import OutputError, ReportRefused, UsageError
from interact_cli.interfaces import Progress
from interact_cli.report.documents import plain
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import Report
from interact_cli.types import FloatArray, PackedArray

CHANGEABLE = ("score", "metrics", "target", "data.only", "plan.budget", "plan.pairs", "plan.contexts")
"""What may differ from the earlier run; everything else decides what a record is."""


@dataclass
class LazySubject:
    """The network of an earlier report, loaded only when a coalition is missing."""

    report: Report
    settings: Settings
    progress: Progress
    subject: Subject | None = None

    def get(self) -> Subject:
        """Load it and check that it is the same network on the same inputs.

        Raises:
            UsageError: no checkpoint is known.
            ReportRefused: the checkpoint, data, players, baseline or batch differ from the report's.
        """
        if self.subject is None:
            self.subject = self._prepared()
        return self.subject

    def fetch(self, sample: int, coalitions: PackedArray, classes: tuple[int, ...]) -> FloatArray:
        """Evaluate missing coalitions."""
        records: FloatArray = fetch_from(self.get())(sample, coalitions, classes)
        return records

    def _prepared(self) -> Subject:
        if self.settings.checkpoint is None or not self.settings.checkpoint.exists():
            raise UsageError(
                "Some coalitions are not in the report, and its checkpoint is not where it was. "
                "Name it: interact measure CHECKPOINT --from REPORT."
            )
        subject = prepare(self.settings, self.progress)
        held = self.report.provenance
        compared = {
            "checkpoint": (held["checkpoint"]["sha256"], subject.model.digest),
            "data": (held["data"]["fingerprint"], subject.inputs.fingerprint),
            "players": (self.report.players.spec, subject.players.spec),
            "baseline": (held["baseline"]["values"], plain(subject.baseline.values.ravel())),
            "architecture": (held["arch"], subject.model.arch),
        }
        differing = [name for name, (earlier, now) in compared.items() if earlier != now]
        if differing:
            raise ReportRefused(
                f"The report was made with another {', '.join(differing)}; its records cannot be completed. "
                f"Measure again without --from."
            )
        subject.evaluator.rows = int(held["batch_rows"])
        return subject


def rerun(source: Path, changes: Mapping[str, Any], progress: Progress, argv: Sequence[str] = ()) -> Outcome:
    """Answer other questions from an earlier report and write a new one.

    Args:
        source: The earlier report, with records.
        changes: Dotted settings: those of `CHANGEABLE`, ``checkpoint`` and ``run.*``.
        progress: Told what happens.
        argv: For the report.

    Raises:
        UsageError: a change that would make the records another network's or other inputs'.
        ReportRefused: the report holds no records, or its checkpoint is not the same.
    """
    clock, started = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    report = read_report(source)
    if report.records is None:
        raise ReportRefused("The report holds no evaluation records (--no-records). Measure the checkpoint again.")
    settings = _settings(report, changes)
    material = Material.of_report(report)
    score = scores.lookup(settings.score or "log-odds", material.output)
    metrics = tuple(extensions.metric(name) for name in dict.fromkeys(settings.metrics))
    key = content_key({"records": report.provenance["content_key"], "config": config_document(settings)})
    path = settings.run.output or RUNS / f"{key}.h5"
    if path.exists() and path.samefile(source):
        raise OutputError("The output is the report that is read. Choose another --output.")
    finished = finished_run(path, key, force=settings.run.force)
    if finished is not None:
        return Outcome(finished, path, reused=True)

    lazy = LazySubject(report, settings, progress)
    with journal_for(path, {"key": key}, settings) as journal:
        ranges_ = _ranges(report, settings, lazy, any(metric.needs_ranges for metric in metrics))
        ask = Ask(settings, score, metrics, readings(ranges_), not report.provenance["illustration"])
        answers = answer(material, ask, Evaluations(journal, lazy.fetch, report.records), progress)
        evaluated = int(answers.samples.evaluated.sum())
        progress.note(
            f"From {source.name}: {evaluated} of {int(answers.samples.unique.sum())} coalitions were missing."
        )
        document = {
            **report.provenance,
            "content_key": key,
            "score": score.name,
            "score_unit": score.unit,
            "target": settings.target,
            "budget": settings.plan.budget,
            "plan_hash": answers.plan_hash,
            "ranges": ranges_,
            "records_from": report.provenance["content_key"],
        }
        fresh = Report(
            config=config_document(settings),
            provenance=document,
            run={},
            samples=answers.samples,
            players=report.players,
            measurements=answers.measurements,
            records=answers.records if settings.run.records else None,
            status=report.status,
        )
        fresh = with_run(fresh, settings, argv, started, time.monotonic() - clock)
        write_report(fresh, path, force=settings.run.force)
        fresh = read_report(path)
        journal.remove()
    return Outcome(fresh, path, reused=False)


def _settings(report: Report, changes: Mapping[str, Any]) -> Settings:
    foreign = [name for name in changes if name not in {*CHANGEABLE, "checkpoint"} and not name.startswith("run.")]
    if foreign:
        raise UsageError(
            f"--from takes the network, inputs and players of the report; {', '.join(foreign)} cannot change. "
            f"Changeable: {', '.join(CHANGEABLE)}. Measure again without --from."
        )
    earlier = _flat(report.config)
    recorded = report.run.get("checkpoint")
    if earlier.get("checkpoint") is None and recorded:
        earlier["checkpoint"] = recorded
    elif recorded and not Path(earlier["checkpoint"]).exists():
        earlier["checkpoint"] = str(Path(recorded).expanduser())
    earlier.pop("players", None)
    settings = load_settings(flags={**earlier, **changes})
    return settings.model_copy(update={"players": report.players.spec if settings.plan.protocol is None else None})


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and name != "arch_args":
            flat |= {f"{name}.{inner}": entry for inner, entry in value.items()}
        else:
            flat[name] = value
    return flat


def _ranges(report: Report, settings: Settings, lazy: LazySubject, needed: bool) -> dict[str, Any]:  # noqa: FBT001
    held: dict[str, Any] = dict(report.provenance.get("ranges") or {})
    if not needed:
        return {}
    if held and report.provenance["score"] == settings.score:
        return held
    subject = lazy.get()
    score = scores.lookup(settings.score or "log-odds", subject.model.output)
    return ranges_of(replace(subject, score=score), subject.metrics)
