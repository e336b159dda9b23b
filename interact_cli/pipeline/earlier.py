"""The settings of a finished run, taken back from its report.

A report may come from anywhere. What names code, a place, a download or a training is not taken from it: the user says
so, or the run stops and says which flag to give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from interact_cli.adapters.loading import is_own_network
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import AskedMetric, deciding
from interact_cli.errors import DataRefused, ReportRefused, UsageError
from interact_cli.metrics.published import FIXES, FIXES_OF_METRICS
from interact_cli.pipeline.asking import INNER
from interact_cli.pipeline.provenance import named_data
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.types import MEMORY

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
    "provenance.identity.records.baseline.name": str,
    "provenance.identity.records.checkpoint": str,
    "provenance.identity.records.players": str,
    "provenance.identity.rounding": Mapping,
    "provenance.identity.question": Mapping,
    "provenance.illustration": bool,
    "provenance.plan_hash": str,
}
"""What the documents of a finished run say, and another run rests on; None may also be left out."""


def settings_of(report: Report) -> dict[str, Any]:
    """Return the dotted settings of the run behind a report, without its places.

    Raises:
        ReportRefused: the report does not say what its run was; the message names the field.
    """
    _check_stated(report)
    settings = {name: value for name, value in _flat(report.config).items() if name not in deciding("place")}
    try:
        load_settings(flags=settings)
    except UsageError as error:
        raise ReportRefused(f"The report holds the settings of no run of this version. {error}") from None
    return settings


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
    fixed = [name for name in FIXES if not (inner and name == "players")]
    fixed += [f"plan.{name}" for name in FIXES_OF_METRICS]
    kept = {name: value for name, value in given.items() if name not in fixed}
    return {**kept, "metrics": without_options(given["metrics"], FIXES_OF_METRICS)}


def without_options(metrics: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """Return metrics as settings write them, without some of their options."""
    asked = [AskedMetric.model_validate(written) for written in metrics]
    return [{metric.name: {k: v for k, v in metric.options.items() if k not in names}} for metric in asked]


def data_of(report: Report, changes: Mapping[str, Any]) -> str:
    """Return the report's data set with the place that the user named where it has one.

    Raises:
        UsageError: another data set, or a place that nobody named.
        DataRefused: it is not there.
    """
    stated = str(report.config["data"]["name"])
    if stated == MEMORY:
        raise DataRefused(
            "The report's inputs were only in memory, so nothing can be measured on them again. Measure a reference on "
            "data in files."
        )
    reader, colon, name = stated.partition(":")
    if "data.name" in changes:
        now = named_data(load_settings(flags={"data.name": changes["data.name"]}))
        if now != stated:
            raise UsageError(
                f"Expected the report's data set '{safe_text(stated)}', wherever it lies, got '{safe_text(now)}'. Keep "
                f"its name, or measure the report's network again."
            )
        return str(changes["data.name"])
    if not colon:
        return stated
    if "data.root" not in changes:
        raise UsageError(
            f"Where the report's data '{safe_text(stated)}' lies is yours to say{lay(report, 'data.name')}. Pass "
            f"--dataset {safe_text(reader)}:PATH, or its folder with --data-root DIR."
        )
    place = Path(changes["data.root"], Path(name).name)  # the last part alone: a report leads to no other folder
    if not _exists(place):
        raise DataRefused(
            f"Expected the report's data at '{safe_text(place)}', got nothing there. Name the folder that holds "
            f"'{safe_text(place.name)}' with --data-root DIR, or the data itself with --dataset {reader}:PATH."
        )
    return f"{reader}:{place}"


def lay(report: Report, setting: str) -> str:
    """Say in a clause where a report says that something lay; empty where it does not say."""
    places = report.run.get("places")
    place = places.get(setting) if isinstance(places, Mapping) else None
    return f"; it lay at '{safe_text(place, 200)}'" if isinstance(place, str) and place else ""


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # a name that no file can have, or a folder that is closed
        return False


def check_code(given: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Let no report choose code: whoever made the file chose it.

    Raises:
        UsageError: it names some; ``--arch`` names it on the user's own word.
    """
    arch = str(given.get("arch") or "")
    prefix, _, name = arch.partition(":")
    if prefix == "py" and "arch" not in changes and not is_own_network(name):
        raise UsageError(
            f"The report was made with the code '{safe_text(arch)}', and a report chooses none. If you trust it, pass "
            f"--arch {safe_text(arch)}."
        )


def _flat(config: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in config.items():
        if isinstance(value, Mapping) and name != "arch_args":  # one setting, whatever names are in it
            flat |= {f"{name}.{inner}": entry for inner, entry in value.items()}
        else:
            flat[name] = value
    return flat
