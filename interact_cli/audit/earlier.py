"""The settings of a finished run, taken back from its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interact_cli.adapters.loading import OWN_NETWORKS
from interact_cli.audit.defaults import INNER
from interact_cli.config.loading import load_settings
from interact_cli.errors import ReportRefused, UsageError
from interact_cli.results import Report
from interact_cli.safe_text import safe_text

FIXED_BY_PROTOCOL = (
    "score",
    "baseline",
    "players",
    "target",
    "data.only",
    "plan.budget",
    "plan.pairs",
    "plan.contexts",
)
PLACES = ("checkpoint", "data.name", "data.root", "data.samples")
"""Where the inputs of a run lay; beside its settings, a report says nothing else of a run."""
ASKED_ANEW = ("run.output", "run.force")
"""Where a report goes, and whether it replaces another: never an earlier report's to say."""
STATED: dict[str, Any] = {
    "config.arch": str | None,
    "config.arch_args": Mapping,
    "config.score": str,
    "config.target": str | None,
    "config.data.name": str,
    "config.plan.seed": int,
    "provenance.arch_source": str,
    "provenance.baseline": Mapping,
    "provenance.baseline.learned": Mapping | None,
    "provenance.class_names": list | tuple,
    "provenance.data.fingerprint": str,
    "provenance.identity.question.plan": Mapping,
    "provenance.identity.records.baseline.name": str,
    "provenance.identity.records.checkpoint": str,
    "provenance.identity.records.players": str,
    "provenance.illustration": bool,
    "provenance.plan_hash": str,
}
"""What the documents of a finished run say, and another run rests on; None may also be left out."""


def settings_of(report: Report) -> dict[str, Any]:
    """Return the dotted settings of the run behind a report, its files where they lay.

    Raises:
        ReportRefused: the report does not say what its run was; the message names the field.
    """
    _check_stated(report)
    settings = {name: value for name, value in _flat(report.config).items() if name not in ASKED_ANEW}
    try:
        load_settings(flags=settings)
    except UsageError as error:
        raise ReportRefused(f"The report holds the settings of no run of this version. {error}") from None
    held = report.run.get("places")
    places = held if isinstance(held, Mapping) else {}
    lay = {name: _expanded(name, places[name]) for name in PLACES if places.get(name) and type(places[name]) is str}
    return settings | lay


def _check_stated(report: Report) -> None:
    documents = {"config": report.config, "provenance": report.provenance}
    for path, kind in STATED.items():
        value: Any = documents
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if not isinstance(value, kind):
            document, _, field = path.partition(".")
            raise ReportRefused(
                f"Expected '{field}' in /{document}/json of the report, as every finished run writes it, got "
                f"{safe_text(value, 60)}. Measure again or take an intact copy."
            )


def left_open(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a protocol fixes, which a report holds as resolved, so that the protocol fills it in again."""
    if not given.get("plan.protocol"):
        return dict(given)
    inner = str(given.get("players")).partition(":")[0] == INNER
    fixed = [name for name in FIXED_BY_PROTOCOL if not (inner and name == "players")]
    return {name: value for name, value in given.items() if name not in fixed}


def check_code(given: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Let a report name code of the current folder only: whoever made the file chose it.

    Raises:
        UsageError: other code; ``--arch`` names it on the user's own word.
    """
    arch = str(given.get("arch") or "")
    prefix, _, name = arch.partition(":")
    file = name.rpartition(":")[0]
    here = file.endswith(".py") and Path(file).resolve().is_relative_to(Path.cwd())
    if prefix == "py" and "arch" not in changes and name not in OWN_NETWORKS and not here:
        raise UsageError(
            f"The report was made with the code '{safe_text(arch)}', and a report may choose none but a file of "
            f"the current folder. If you trust it, pass --arch {safe_text(arch)}."
        )


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and name != "arch_args":
            flat |= {f"{name}.{inner}": entry for inner, entry in value.items()}
        else:
            flat[name] = value
    return flat


def _expanded(name: str, value: str) -> str:
    """Put the home folder back where it was redacted."""
    if name == "data.name":
        reader, colon, path = value.partition(":")
        return f"{reader}:{Path(path).expanduser()}" if colon else value
    return str(Path(value).expanduser())
