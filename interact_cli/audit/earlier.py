"""The settings of a finished run, taken back from its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interact_cli.adapters.loading import OWN_NETWORKS
from interact_cli.audit.defaults import INNER
from interact_cli.errors import UsageError
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
