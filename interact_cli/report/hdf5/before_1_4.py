"""What reports up to schema 1.3 say, in the words of 1.4. Frozen: no later change of the package changes this file.

Numbers had no labels and no roles (`before_1_4.yaml`), and most sentences were written by whoever showed the report.
Until 1.3 every option of a metric was a setting of the plan, the records' identity held what moves their last bits
only, and settings of places stood among the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

from interact_cli.report.documents import content_key
from interact_cli.results import Measurement, Quantity, Report, Role
from interact_cli.strict_yaml import load_strict

WORDS = Path(__file__).with_suffix(".yaml")
DEFAULTS: Mapping[str, Any] = {
    "pairs": "auto",
    "contexts": None,
    "interaction_size": None,
    "partitions": "contiguous",
    "learned": None,
    "drop_rate": 0.5,
}
"""Settings of the plan that became options of metrics, and what they were unless told otherwise."""
_DRAWN = ("pairs", "contexts")
_SIZED = ("interaction_size", *_DRAWN)
OPTIONS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("multi-order", "inference-patterns", "bottleneck", "strength"), _DRAWN),
    **dict.fromkeys(("shapley-interaction", "banzhaf-interaction"), _SIZED),
    **dict.fromkeys(("shapley-taylor", "k-shapley", "faithful-shapley", "faithful-banzhaf"), _SIZED),
    "dropout-suppression": ("drop_rate", *_DRAWN),
    "multivariate": ("partitions", "learned"),
}
"""Metric -> the options that it read; the others read none."""
SAMPLED = ("multi-order", "bottleneck")
"""Metrics whose pairs had contexts of their own, which a later version takes an option for."""
SAME_NUMBERS = {"multi-order 1": 2}
"""Metric and its version -> the version that gives the same numbers with these options."""
ROUNDING = ("way", "device", "batch rows", "threads", "torch", "timm", "torchvision", "transformers", "tokenizers")
"""What of the records' identity became an identity of its own."""
DROPPED_SETTINGS = {"data": ("root", "samples", "allow_download"), "run": ("output", "force", "records")}
"""Settings of sections that a report does not hold any more."""


def migrated(report: Report) -> Report:
    """Return a report as if it had been written with schema 1.4; what it says otherwise than expected is left alone."""
    config, provenance = dict(report.config), dict(report.provenance)
    plan = _mapping(config.get("plan"))
    names = config.get("metrics")
    if isinstance(names, list | tuple) and all(isinstance(name, str) for name in names):
        options_of = {name: _options(name, plan) for name in names}
        config["metrics"] = [{name: options} if options else name for name, options in options_of.items()]
    if plan:
        config["plan"] = _without(plan, DEFAULTS)
    for section, gone in DROPPED_SETTINGS.items():
        if isinstance(config.get(section), Mapping):
            config[section] = _without(config[section], gone)
    config.pop("training", None)
    identity = _mapping(provenance.get("identity"))
    if isinstance(identity.get("records"), Mapping) and isinstance(identity.get("question"), Mapping):
        provenance["identity"] = _identity(identity["records"], identity["question"])
        provenance["content_key"] = content_key(provenance["identity"])
    named = tuple(_named(measurement) for measurement in report.measurements)
    return replace(report, config=config, provenance=provenance, measurements=named)


def _named(measurement: Measurement) -> Measurement:
    """Give the numbers of a metric their labels and roles."""
    own = f"of {measurement.metric}"
    version = SAME_NUMBERS.get(f"{measurement.metric} {measurement.version}", measurement.version)
    summary = tuple(_labelled(quantity, own) for quantity in measurement.summary)
    return replace(measurement, version=version, summary=summary)


def _labelled(quantity: Quantity, own: str) -> Quantity:
    along = "along orders" if quantity.dims[:1] in (("order",), ("ratio",)) else "along players"
    tables = (_words()[name] for name in (own, along, "all") if name in _words())
    role, label = next((table[quantity.name] for table in tables if quantity.name in table), ("detail", ""))
    return replace(quantity, role=role, label=label)


@cache
def _words() -> Mapping[str, Mapping[str, tuple[Role, str]]]:
    """Return name of a number -> its role and label; apart for one metric, along orders and along players."""
    tree = load_strict(WORDS.read_text(encoding="utf-8"), WORDS.name)
    every = {name: (role, label) for role in get_args(Role) for name, label in tree[role].items()}
    return {"all": every, **{along: {k: tuple(v) for k, v in tree[along].items()} for along in tree if " " in along}}


def _identity(records: Mapping[str, Any], question: Mapping[str, Any]) -> dict[str, Any]:
    plan = _mapping(question.get("plan"))
    metrics = question.get("metrics")
    named = metrics if isinstance(metrics, list | tuple) else []
    return {
        "records": {
            **_without(records, ROUNDING),
            "baseline": _without(_mapping(records.get("baseline")), ("source",)),
            "span": question.get("span"),
            "limit": question.get("limit"),
            "protocol": plan.get("protocol"),
        },
        "rounding": {name: records[name] for name in ROUNDING if name in records},
        "question": {
            "data.only": question.get("filter"),
            "score": question.get("score"),
            "target": question.get("target"),
            "metrics": [
                [entry[0], SAME_NUMBERS.get("{} {}".format(*entry), entry[1]), _options(str(entry[0]), plan)]
                for entry in named
                if isinstance(entry, list | tuple) and len(entry) == 2
            ],
            **{f"plan.{name}": plan.get(name) for name in ("budget", "seed", "instability")},
            **{name: question.get(name) for name in ("metric origins", "records kept", "ranges", "illustration")},
        },
    }


def _options(metric: str, plan: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a metric was asked with, but for those at their defaults."""
    own = {name: plan[name] for name in OPTIONS.get(metric, ()) if name in plan and plan[name] != DEFAULTS[name]}
    return {"estimator": "sampled", **own} if metric in SAMPLED and plan.get("protocol") is None else own


def _without(section: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    gone = set(names)
    return {name: value for name, value in section.items() if name not in gone}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
