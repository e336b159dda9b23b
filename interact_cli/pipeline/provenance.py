"""What a report says of where its numbers come from, and the identity that tells two runs apart."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import monotonic
from typing import Any

import torch

from interact_cli import __version__, extensions
from interact_cli.config.settings import Settings, deciding
from interact_cli.engine.devices import describe
from interact_cli.extensions import ORIGIN
from interact_cli.interfaces import Measurable
from interact_cli.pipeline.executors import LOCAL
from interact_cli.pipeline.learned_baselines import baseline_document, baseline_identity
from interact_cli.pipeline.subject import Subject
from interact_cli.report.documents import content_key, plain
from interact_cli.scores import Score
from interact_cli.seeding import digest
from interact_cli.types import PlayerSet

DTYPE = "float32, TF32 off"
PACKAGES = ("h5py", "numpy", "scikit-learn", "timm", "torch", "torchvision", "tokenizers", "transformers")


@dataclass(frozen=True)
class Invocation:
    """When and how a run was asked for."""

    argv: tuple[str, ...]
    started: str
    clock: float

    @classmethod
    def now(cls, argv: Sequence[str]) -> Invocation:
        """Start the clock."""
        return cls(tuple(argv), datetime.now(UTC).isoformat(timespec="seconds"), monotonic())


def record_identity(subject: Subject) -> dict[str, Any]:
    """Return everything that decides an evaluation record beyond its last bits.

    Every setting that decides records does so through one of these fields (`config.settings.Decides.through`).
    """
    settings, evaluator, model = subject.settings, subject.evaluator, subject.model
    document = {
        "tool": __version__.split(".", maxsplit=1)[0],  # the major version: after a smaller step it is the same run
        "checkpoint": model.digest,
        "architecture": model.arch,
        "architecture arguments": settings.arch_args,
        "code": model.code,
        "weights": model.weights_key,
        "preprocessing": asdict(model.input),
        "output": model.output,
        "data": subject.inputs.fingerprint,
        "samples": digest(*(sample.id for sample in subject.inputs.samples)),
        "players": subject.players[0].spec,
        "prepared inputs": digest(*(sample.input.tobytes() for sample in subject.inputs.samples)),
        "owners": digest(*(_owned(players) for players in subject.players)),
        "span": settings.span,
        "limit": settings.data.limit,
        "protocol": settings.plan.protocol,
        "entry": asdict(evaluator.entry),
        "modules": evaluator.features,
        "baseline": baseline_identity(subject),
        "dtype": DTYPE,
    }
    if evaluator.vector:
        document["vector"] = True
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def rounding_identity(subject: Subject) -> dict[str, Any]:
    """Return what decides the last bits of an evaluation record: only records that share it too may be mixed."""
    evaluator, executor = subject.evaluator, subject.settings.run.executor
    return {
        "way": evaluator.stem.way,
        "device": describe(evaluator.device),
        "batch rows": evaluator.first_rows,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        **{package: _version(package) for package in ("timm", "torchvision", "transformers", "tokenizers")},
        **({} if executor == LOCAL else {"executor": executor}),  # reports from before executors stay the same run
    }


def _owned(players: PlayerSet) -> str:
    """Return which position belongs to which player: 16 channels and 4 x 4 cells differ only in the shape."""
    return digest(str(players.owner.shape), players.owner.tobytes())


def question_identity(
    settings: Settings, asked: Sequence[Score], metrics: Sequence[Measurable], ranges: str, *, illustration: bool
) -> dict[str, Any]:
    """Return everything that decides the numbers once the records are given: every setting of the question first."""
    tree = settings.model_dump(mode="json")
    document = {
        **{name: at(tree, name) for name in deciding("question")},
        "metrics": [
            [metric.name, metric.version, entry.options]
            for metric, entry in zip(metrics, settings.metrics, strict=True)
        ],
        "metric origins": origins(settings, metrics),
        "score": named_scores(asked),
        **of_plugins(asked),
        "records kept": settings.run.records,
        "ranges": ranges,
        "illustration": illustration,
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def identity_of(subject: Subject) -> dict[str, Any]:
    """Return what decides the numbers of a run; two runs of equal identity are one run."""
    ranges = subject.range_data.fingerprint if subject.range_data else ""
    question = question_identity(
        subject.settings, subject.scores, subject.metrics, ranges, illustration=subject.illustration
    )
    return {"records": record_identity(subject), "rounding": rounding_identity(subject), "question": question}


def differing(earlier: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names of the fields in which two identities differ."""
    return sorted(name for name in {*earlier, *now} if earlier.get(name) != now.get(name))


def config_document(settings: Settings) -> dict[str, Any]:
    """Return the resolved settings without places."""
    document: dict[str, Any] = settings.model_dump(mode="json")
    for name in deciding("place"):
        *parents, last = name.split(".")
        del at(document, *parents)[last]
    document["data"]["name"] = named_data(settings)
    return {name: value for name, value in document.items() if value != {} or name == "arch_args"}


def at(tree: Any, *path: str) -> Any:
    """Return what stands at a dotted name."""
    for name in (part for dotted in path for part in dotted.split(".")):
        tree = tree[name]
    return tree


def named_data(settings: Settings) -> str | None:
    """Return the data set's name without the folder that it lies in."""
    if settings.data.name is None:
        return None
    reader, colon, path = settings.data.name.partition(":")
    return f"{reader}:{Path(path).name}" if colon else reader


def subject_document(subject: Subject, identity: Mapping[str, Any], ranges: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report says of the network, its inputs and its players."""
    model, inputs = subject.model, subject.inputs
    document = {
        "identity": identity,
        "content_key": content_key(identity),
        "checkpoint": {
            "path": Path(model.path).name,
            "sha256": model.digest,
            "weights_key": model.weights_key,
        },
        "arch": model.arch,
        "arch_source": model.arch_source,
        "preprocessing": asdict(model.input),
        "output": model.output,
        "n_classes": model.n_classes,
        "class_names": model.class_names or inputs.dataset.class_names,
        "data": {
            "name": named_data(subject.settings),
            "split": inputs.dataset.split,
            "fingerprint": inputs.fingerprint,
            "n_total": len(inputs.dataset),
        },
        "baseline": baseline_document(subject),
        "players": subject.players[0].spec,
        "entry": {
            **asdict(subject.evaluator.entry),
            "where": str(subject.evaluator.entry),
            "way": subject.evaluator.stem.way,
            "difference": subject.evaluator.stem.difference,
        },
        "modules": subject.evaluator.features,
        "vector": subject.evaluator.vector,
        "illustration": subject.illustration,
        "ranges": dict(ranges),
        "device": describe(subject.evaluator.device),
        "dtype": DTYPE,
        "batch_rows": subject.evaluator.first_rows,
        "threads": torch.get_num_threads(),
        "notes": [*model.notes, *inputs.notes],
    }
    if model.arch_source == "reference":
        document["accuracy_first_line"] = f"Reference network {model.arch}: {model.notes[0]}"
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def named_scores(asked: Sequence[Score]) -> str:
    """Return the scores in one word."""
    return ", ".join(score.name for score in asked)


def of_plugins(asked: Sequence[Score]) -> dict[str, Any]:
    """Return which distribution's, in which version, the scores of plugins are; empty where all are this package's."""
    of = {entry.name: entry.origin.rpartition(" ")[0] for entry in extensions.scores() if entry.origin != ORIGIN}
    stated = {score.name: [of[score.name], score.version] for score in asked if score.name in of}
    return {"score versions": stated} if stated else {}


def question_document(
    settings: Settings, asked: Sequence[Score], metrics: Sequence[Measurable], plan_hash: str
) -> dict[str, Any]:
    """Return what a report says of the question."""
    document = {
        "score": named_scores(asked),
        "score_unit": asked[0].unit,
        "target": settings.target,
        "budget": settings.plan.budget,
        "seed": settings.plan.seed,
        "protocol": settings.plan.protocol,
        "metrics": origins(settings, metrics),
        "plan_hash": plan_hash,
        "versions": versions(),
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def origins(settings: Settings, metrics: Sequence[Measurable]) -> dict[str, str]:
    """Return which distribution each metric comes from, and each second surrogate."""
    names = {metric.name for metric in metrics}
    seconds = {asked.options.get("second_surrogate") for asked in settings.metrics}
    return {
        **{entry.name: entry.origin for entry in extensions.metrics() if entry.name in names},
        **{f"surrogate {entry.name}": entry.origin for entry in extensions.surrogates() if entry.name in seconds},
    }


def versions() -> dict[str, str]:
    """Return the versions of this tool, of Python and of the packages that compute or store."""
    own = {"interact-cli": __version__, "python": platform.python_version()}
    return own | {package: _version(package) for package in PACKAGES}


def run_document(settings: Settings, invocation: Invocation) -> dict[str, Any]:
    """Return what does not decide the numbers: time, host, command line and places, the home folder redacted."""
    document = {
        "created_utc": invocation.started,
        "seconds": round(monotonic() - invocation.clock, 3),
        "host": platform.node(),
        "system": platform.platform(),
        "implementation": sys.implementation.name,
        "argv": [_redacted(argument) for argument in invocation.argv],
        "places": {"data.name": _placed(settings.data.name), **dict(_places(settings))},
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def _places(settings: Settings) -> Iterator[tuple[str, Any]]:
    """Say what was told of places, for a reader; no other run takes it from there."""
    tree = settings.model_dump()
    for name in deciding("place"):
        value = at(tree, name)
        yield name, _redacted(value.absolute()) if isinstance(value, Path) else value


def _placed(name: str | None) -> str | None:
    reader, colon, path = (name or "").partition(":")
    looks_like_path = bool(colon) and Path(path).exists()
    return f"{reader}:{_redacted(Path(path).absolute())}" if looks_like_path else name


def _redacted(text: object) -> str:
    home = os.path.expanduser("~")  # noqa: PTH111  (a missing home must not raise)
    return str(text).replace(home, "~") if len(home) > 1 else str(text)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
