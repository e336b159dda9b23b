"""A report as one JSON document, for programs that do not read HDF5."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from interact_cli.report.documents import json_text
from interact_cli.report.hdf5.schema import SCHEMA_VERSION, UNCERTAINTY
from interact_cli.results import Measurement, PlayerTable, Quantity, Report, SampleTable

JSON_FORMAT = "interact-report-json"
LARGE = 100_000
"""Arrays with more numbers are described, not listed."""


def to_json(report: Report) -> str:
    """Write the report as one JSON document with sorted keys; NaN and infinities become null.

    Pictures and evaluation records stay in the HDF5 file. An array of more than `LARGE` numbers is
    replaced by ``null``, with its shape and a remark under ``left_out``.

    Args:
        report: What was measured.

    Returns:
        Indented JSON, ending in a newline.
    """
    document = {
        "format": JSON_FORMAT,
        "schema_version": SCHEMA_VERSION,
        "status": report.status,
        "notes": report.notes,
        "config": report.config,
        "provenance": report.provenance,
        "run": report.run,
        "samples": _samples(report.samples),
        "players": _players(report.players),
        "metrics": {measurement.key: _measurement(measurement) for measurement in report.measurements},
        "records": None if report.records is None else {"evaluations": report.records.total},
    }
    return json_text(document, indent=2) + "\n"


def _samples(samples: SampleTable) -> dict[str, Any]:
    columns = ("labels", "predicted", "included", "full_value", "empty_value", "asked", "unique", "evaluated")
    return {
        "ids": samples.ids,
        "texts": samples.texts,
        **{name: getattr(samples, name) for name in columns},
        "accuracy": samples.accuracy,
        "chance": samples.chance,
        "skipped": [{"id": skipped.id, "reason": skipped.reason} for skipped in samples.skipped],
    }


def _players(players: PlayerTable) -> dict[str, Any]:
    return {
        "names": players.names,
        "own_names": players.own_names,
        "spec": players.spec,
        "entry": players.entry,
        "spans": players.spans,
        "grid": players.grid,
        "baseline_name": players.baseline_name,
        **_listed("baseline", players.baseline),
        **_listed("owner", players.owner),
    }


def _measurement(measurement: Measurement) -> dict[str, Any]:
    return {
        "metric": measurement.metric,
        "of": measurement.of,
        "version": measurement.version,
        "source": measurement.source,
        "estimator": measurement.estimator,
        "findings": [{"word": f.word, "sentence": f.sentence, "facts": f.facts} for f in measurement.findings],
        "notes": measurement.notes,
        "coordinates": measurement.coordinates,
        "summary": {quantity.name: _quantity(quantity) for quantity in measurement.summary},
        "per_sample": {quantity.name: _quantity(quantity) for quantity in measurement.per_sample},
    }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    described: dict[str, Any] = {
        "dims": quantity.dims,
        "shape": np.shape(quantity.values),
        "unit": quantity.unit,
        "meaning": quantity.meaning,
        **_listed("values", quantity.values),
    }
    for attribute in UNCERTAINTY.values():
        if getattr(quantity, attribute) is not None:
            described |= _listed(attribute, getattr(quantity, attribute))
    return described


def _listed(name: str, values: Any) -> Mapping[str, Any]:
    array = np.asarray(values)
    if array.size <= LARGE:
        return {name: array}
    remark = f"{array.size:,} numbers, more than the {LARGE:,} that JSON lists; the HDF5 report holds them"
    return {name: None, "shape": array.shape, "left_out": remark}
