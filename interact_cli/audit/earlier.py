"""The settings of a finished run, taken back from its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interact_cli.audit.defaults import INNER
from interact_cli.results import Report

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


def settings_of(report: Report) -> dict[str, Any]:
    """Return the dotted settings of the run behind a report, its files where they lay."""
    places = {name: _expanded(name, value) for name, value in report.run.get("places", {}).items() if value}
    return {**_flat(report.config), **places}


def left_open(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what a protocol fixes, which a report holds as resolved, so that the protocol fills it in again."""
    if not given.get("plan.protocol"):
        return dict(given)
    inner = str(given.get("players")).partition(":")[0] == INNER
    fixed = [name for name in FIXED_BY_PROTOCOL if not (inner and name == "players")]
    return {name: value for name, value in given.items() if name not in fixed}


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
