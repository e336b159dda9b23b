"""What a report says of where its numbers come from, and the key that tells two runs apart."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from interact_cli import __version__, extensions
from interact_cli.audit.inputs import described
from interact_cli.audit.preparation import Subject
from interact_cli.config.settings import Settings
from interact_cli.engine.devices import describe
from interact_cli.report.documents import plain
from interact_cli.seeding import digest

PACKAGES = ("h5py", "numpy", "scikit-learn", "timm", "torch", "torchvision")
PLACES = {"run": {"output", "force"}, "data": {"root"}}
"""Settings that say where things lie; they decide no number."""


def identity(subject: Subject) -> dict[str, Any]:
    """Return everything that decides the numbers, JSON types only; two runs with equal identity are one run."""
    settings = subject.settings
    evaluator = subject.evaluator
    return {
        "tool": __version__.split(".", maxsplit=1)[0],
        "checkpoint": subject.model.digest,
        "architecture": subject.model.arch,
        "architecture arguments": plain(settings.arch_args),
        "weights": subject.model.weights_key,
        "preprocessing": plain(asdict(subject.model.input)),
        "output": subject.model.output,
        "data": subject.inputs.fingerprint,
        "players": subject.players.spec,
        "baseline": described(subject.baseline),
        "metrics": [[metric.name, metric.version] for metric in subject.metrics],
        "metric origins": origins(subject),
        "score": subject.score.name,
        "target": settings.target,
        "filter": settings.data.only,
        "limit": settings.data.limit,
        "plan": plain(settings.plan.model_dump(mode="json")),
        "records": settings.run.records,
        "device": evaluator.device.type,
        "dtype": "float32",
        "batch rows": evaluator.rows,
        "threads": torch.get_num_threads(),
    }


def content_key(identity_: Mapping[str, Any]) -> str:
    """Return a short name of a run.

    Example:
        >>> len(content_key({"data": "a"}))
        16
    """
    return digest(json.dumps(identity_, sort_keys=True))[:16]


def config_document(settings: Settings) -> dict[str, Any]:
    """Return the resolved settings without places."""
    document: dict[str, Any] = settings.model_dump(mode="json", exclude=PLACES)
    return document


def provenance(subject: Subject, ranges: Mapping[str, Any], plan_hash: str) -> dict[str, Any]:
    """Return what decides the numbers, in words a reader can check."""
    model, settings, evaluator = subject.model, subject.settings, subject.evaluator
    document = {
        "content_key": content_key(identity(subject)),
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
        "class_names": model.class_names or subject.inputs.dataset.class_names,
        "data": {
            "name": settings.data.name,
            "split": subject.inputs.dataset.split,
            "fingerprint": subject.inputs.fingerprint,
            "n_total": len(subject.inputs.dataset),
        },
        "score": subject.score.name,
        "score_unit": subject.score.unit,
        "target": settings.target,
        "baseline": described(subject.baseline),
        "players": subject.players.spec,
        "budget": settings.plan.budget,
        "seed": settings.plan.seed,
        "protocol": settings.plan.protocol,
        "metrics": origins(subject),
        "plan_hash": plan_hash,
        "illustration": subject.illustration,
        "ranges": dict(ranges),
        "device": describe(evaluator.device),
        "dtype": "float32, TF32 off",
        "batch_rows": settings_rows(subject),
        "smaller_batches": [asdict(back_off) for back_off in evaluator.back_offs],
        "threads": torch.get_num_threads(),
        "versions": versions(),
        "notes": [*model.notes, *subject.inputs.notes],
    }
    if model.arch_source == "reference":
        document["accuracy_first_line"] = f"Reference network {model.arch}: {model.notes[0]}"
    cleaned: dict[str, Any] = plain(document)
    return cleaned


def origins(subject: Subject) -> dict[str, str]:
    """Return which distribution each metric comes from."""
    return {entry.name: entry.origin for entry in extensions.metrics() if entry.name in subject.settings.metrics}


def settings_rows(subject: Subject) -> int:
    """Return the rows of a batch before memory ran out, if it did."""
    evaluator = subject.evaluator
    return evaluator.back_offs[0].rows * 2 if evaluator.back_offs else evaluator.rows


def versions() -> dict[str, str]:
    """Return the versions of this tool, of Python and of the packages that compute or store."""
    found = {"interact-cli": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def run_document(settings: Settings, argv: Sequence[str], started: str, seconds: float) -> dict[str, Any]:
    """Return what does not decide the numbers: time, host, command line with the home folder redacted."""
    home = os.path.expanduser("~")  # noqa: PTH111  (a missing home must not raise)
    document = {
        "created_utc": started,
        "seconds": round(seconds, 3),
        "host": platform.node(),
        "system": platform.platform(),
        "executable": sys.implementation.name,
        "argv": [argument.replace(home, "~") if len(home) > 1 else argument for argument in argv],
        "checkpoint": str(settings.checkpoint.absolute()).replace(home, "~") if settings.checkpoint else None,
    }
    cleaned: dict[str, Any] = plain(document)
    return cleaned
