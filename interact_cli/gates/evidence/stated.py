"""What a report states of itself, read without trust: a key that is missing is an answer, never an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import numpy as np

from interact_cli.gates.policy import Declared
from interact_cli.interactions.designs.budgets import Estimator
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.seeding import digest
from interact_cli.verdicts import Problem

NOT_STATED = "not stated"
DEFAULT = "the default"
LONGEST = 60
"""Characters of a value that a message shows."""
TOOL = "interact-cli"


@dataclass(frozen=True)
class Field:
    """One thing that two reports must agree on."""

    name: str
    """As a message names it: ``"plan: budget"``."""
    of: Callable[[Report], Any]
    """The value, or `NOT_STATED`."""
    may_differ: Declared | None = None
    """Under which name a policy may declare it different."""
    advice: str = ""


def at(document: Any, *path: str) -> Any:
    """Walk into a document; `NOT_STATED` where the path ends early.

    Example:
        >>> at({"data": {"name": "digits"}}, "data", "name"), at({}, "data", "name")
        ('digits', 'not stated')
    """
    for key in path:
        if not isinstance(document, Mapping) or key not in document:
            return NOT_STATED
        document = document[key]
    return document


def declared_by(name: Declared) -> str:
    """Say what to do where reports differ in what may be declared different."""
    return f"Measure both alike, or declare it: may_differ: [{name}] in a policy, --may-differ {name} for compare."


def provenance(*path: str) -> Callable[[Report], Any]:
    """Read from the provenance."""
    return lambda report: at(report.provenance, *path)


def asked(name: str) -> Callable[[Report], Any]:
    """Read a setting of the question, by its dotted name."""
    return provenance("identity", "question", name)


def words(value: Any) -> str:
    """Say a value in a message: digests and long lists by their beginning.

    Example:
        >>> words(None), words("0" * 64), words([0.5])
        ('none', '000000000000…', '[0.5]')
    """
    if isinstance(value, np.ndarray):
        shape = " x ".join(map(str, value.shape)) or "1"
        return words(value.tolist()) if value.size <= 8 else f"{shape} numbers, {digest(value.tobytes())[:12]}…"
    if value is None or value in ("", [], {}, ()):
        return "none"
    if isinstance(value, str) and re.fullmatch("[0-9a-f]{40,}", value):
        return f"{value[:12]}…"
    return safe_text(value, LONGEST)


def differs(field: str, of_both: Iterable[str], advice: str = "") -> Problem:
    """Return a problem from what the two reports say, in words."""
    reference, candidate = of_both
    return Problem(field, reference, candidate, advice)


def unlike(field: str, first: Any, second: Any, advice: str) -> Iterator[Problem]:
    """Say that two reports state other values, or that one states none."""
    if first != second or NOT_STATED in (first, second):
        yield Problem(field, words(first), words(second), advice)


def _major(report: Report) -> Any:
    version = at(report.provenance, "versions", TOOL)
    return version if version == NOT_STATED else str(version).partition(".")[0]


def _ranges(part: str) -> Callable[[Report], Any]:
    """Read what Y was computed on; None where no metric asked for Y."""

    def read(report: Report) -> Any:
        ranges = at(report.provenance, "ranges")
        return None if ranges == {} else at(ranges, part)

    return read


LIKE = "Measure the candidate as the reference was: interact gate --reference REFERENCE CHECKPOINT."
SEED = "plan: seed"
JUDGED_ELSEWHERE = ("metrics", "metric origins", "data.only", "records kept", "ranges", "illustration")
"""Parts of the question that comparability looks at in its own way, or that another report may have otherwise."""
ALWAYS_ASKED = ("score", "target", "plan.budget", "plan.seed", "plan.instability")
"""Parts of the question that every report states."""
FIELDS = (
    Field("score unit", provenance("score_unit"), advice=LIKE),
    Field("protocol", provenance("protocol"), advice=LIKE),
    Field("data: name", provenance("data", "name"), advice=LIKE),
    Field("data: split", provenance("data", "split"), advice=LIKE),
    Field("output", provenance("output")),
    Field("modules", provenance("modules"), advice=LIKE),
    Field("vector", provenance("vector"), advice=LIKE),
    Field("classes: names", provenance("class_names"), "classes"),
    Field("classes: number", provenance("n_classes"), "classes"),
    Field("players", lambda report: report.players.spec, advice=LIKE),
    Field("players: grid", lambda report: report.players.grid, advice=LIKE),
    Field("players: names", lambda report: report.players.names, advice=LIKE),
    *(Field(f"entry: {part}", provenance("entry", part), "entry") for part in ("place", "module", "call")),
    Field("baseline: name", lambda report: report.players.baseline_name, "baseline"),
    Field("dtype", provenance("dtype"), "dtype"),
    Field("tool: major version", _major, "tool"),
    *(Field(f"normaliser: {part}", _ranges(part), "normaliser") for part in ("fingerprint", "split")),
)
"""Fields that are one value of each report, whatever was asked."""


def question_fields(*reports: Report) -> Iterator[Field]:
    """Return what the reports were asked, every part of it, as they say: settings of the question, options of metrics.

    A report that lacks a part that the other has does not state it. An option that is not named is at its default;
    options of a metric that not all of them hold are not looked at.
    """
    questions = [at(report.provenance, "identity", "question") for report in reports]
    stated_questions = (question if isinstance(question, Mapping) else {} for question in questions)
    named = (name for question in stated_questions for name in question if name not in JUDGED_ELSEWHERE)
    for name in dict.fromkeys((*ALWAYS_ASKED, *named)):
        field = str(name).replace(".", ": ").replace("_", " ")
        yield Field(safe_text(field), asked(name), advice=LIKE)
    yield Field("options of metrics", _options_stated, advice=LIKE)
    asked_with = [dict(options(report)) for report in reports]
    shared = [metric for metric in asked_with[0] if all(metric in options_of_side for options_of_side in asked_with)]
    given = dict.fromkeys(
        (metric, name)
        for metric in shared
        for options_of_side in asked_with
        for name, value in options_of_side[metric].items()
        if not _judged_by_what_answered(name, value)
    )
    for metric, name in given:
        field = f"{safe_text(metric)}: {safe_text(name).replace('_', ' ')}"
        yield Field(field, partial(_option, metric=metric, name=name), advice=LIKE)


def _judged_by_what_answered(option: str, value: Any) -> bool:
    """Whether it is ``--estimator``, whose ``auto`` leaves open what answers; a plugin's own may mean another thing."""
    return option == "estimator" and value in get_args(Estimator)


def options(report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return the metrics of a report and the options that they were asked with, but for those at their defaults."""
    metrics = at(report.provenance, "identity", "question", "metrics")
    for entry in metrics if isinstance(metrics, list | tuple) else ():
        if isinstance(entry, list | tuple) and len(entry) == 3 and isinstance(entry[2], Mapping):
            yield str(entry[0]), entry[2]


def _options_stated(report: Report) -> Any:
    """Return whether the report says with which options each metric that it holds was asked."""
    stated_metrics = {metric for metric, _ in options(report)}
    return "stated" if stated_metrics == {measurement.metric for measurement in report.measurements} else NOT_STATED


def _option(report: Report, *, metric: str, name: str) -> Any:
    return dict(options(report)).get(metric, {}).get(name, DEFAULT)


def same_network(first: Report, second: Report) -> bool:
    """Whether two reports say that they are of one checkpoint, built and fed alike; False where either does not say."""
    for path in (("checkpoint", "sha256"), ("checkpoint", "weights_key"), ("arch",), ("preprocessing",), ("dtype",)):
        left, right = at(first.provenance, *path), at(second.provenance, *path)
        if left != right or left in (NOT_STATED, "", None):
            return False
    return bool(at(first.config, "arch_args") == at(second.config, "arch_args"))
