"""What other programs read: a report or the graph of a sample as a JSON document, a metric as a tidy table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from interact_cli.errors import OutputError, UsageError
from interact_cli.journal.whole import write_whole
from interact_cli.report.documents import json_text
from interact_cli.report.hdf5.schema import SCHEMA_VERSION, UNCERTAINTY
from interact_cli.report.views.graphs import document, graph_of, has_graph
from interact_cli.report.wording import by_metric
from interact_cli.results import Measurement, Quantity, Report, SampleTable
from interact_cli.safe_text import safe_text
from interact_cli.words import count, labels_of, names_together

if TYPE_CHECKING:
    import pandas

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
    players = report.players
    document = {
        "format": JSON_FORMAT,
        "schema_version": SCHEMA_VERSION,
        "status": report.status,
        "notes": report.notes,
        "config": report.config,
        "provenance": report.provenance,
        "run": report.run,
        "samples": _samples(report.samples),
        "players": {**vars(players), **_listed("baseline", players.baseline), **_listed("owner", players.owner)},
        "metrics": {measurement.key: _measurement(measurement) for measurement in report.measurements},
        "records": None if report.records is None else {"evaluations": report.records.total},
    }
    return json_text(document, indent=2) + "\n"


def to_dataframe(report: Report, metric: str) -> pandas.DataFrame:
    """Return every number of a metric, one row for each; see `Report.to_dataframe`.

    Raises:
        UnknownNameError: the report holds no such metric.
    """
    import pandas

    measurement = report.measurement(metric)
    quantities = (*measurement.per_sample, *measurement.summary)
    dims = tuple(dict.fromkeys(dim for quantity in quantities for dim in quantity.dims))
    columns: dict[str, list[Any]] = {name: [] for name in ("quantity", *dims, "value", *UNCERTAINTY, "unit")}
    for quantity in quantities:
        nothing = np.full(quantity.values.shape, None)
        entries = {
            "quantity": np.full_like(nothing, quantity.name),
            **_labels(report, measurement, quantity),
            "value": np.asarray(quantity.values, dtype=np.float64),
            **{name: getattr(quantity, attribute) for name, attribute in UNCERTAINTY.items()},
            "unit": np.full_like(nothing, quantity.unit),
        }
        for name, column in columns.items():
            array = entries.get(name)
            column.extend((nothing if array is None else array).ravel().tolist())
    table = pandas.DataFrame(columns)
    types = dict.fromkeys(("standard_error", "low", "high"), "float64") | {"exact": "boolean"}
    # Whole numbers with gaps stay whole: pandas alone would make floats or objects of them.
    return table.astype(types).assign(**{dim: table[dim].convert_dtypes() for dim in dims})


def _labels(report: Report, measurement: Measurement, quantity: Quantity) -> dict[str, npt.NDArray[Any]]:
    """Return dimension -> its label at every number, shaped like the values."""
    places = np.indices(quantity.values.shape)
    labels = {}
    for axis, along in enumerate(labels_of(measurement, quantity, report.players)):
        dim = quantity.dims[axis]
        own = _own_names(report, measurement, dim) if quantity.dims[0] == "sample" else None
        if own is not None:
            labels[dim] = own[places[0], places[axis]]
        else:
            labels[dim] = np.array(report.samples.ids if dim == "sample" else along, dtype=object)[places[axis]]
    return labels


def _own_names(report: Report, measurement: Measurement, dim: str) -> npt.NDArray[Any] | None:
    """Name each sample's own players, pairs or sets, ``(sample, place)``; None where the samples share them."""
    players = report.players
    if dim == "player" and not players.shared:
        rows = [[[player] for player in range(len(names))] for names in players.own_names]
        members = [own + [[-1]] * (players.largest - len(own)) for own in rows]
    else:
        stored = measurement.of_samples.get({"pair": "pairs", "set": "sets"}.get(dim, ""))
        if stored is None or stored.dims != ("sample", dim, "member"):
            return None
        members = stored.values.tolist()
    names = [[names_together(players.of_sample(i), row) for row in own] for i, own in enumerate(members)]
    return np.array(names, dtype=object).reshape(len(members), -1)


def write_graph(report: Report, output: Path, *, sample: int) -> str:
    """Write the And-Or graph of one sample as a JSON document: players, nodes with their values, edges.

    Args:
        report: What was measured.
        output: ``.json``; replaced only when the new one is complete.
        sample: Position in the sample table.

    Returns:
        What was written, for example ``"graph of and-or-graph"``; of several games that of the last module.

    Raises:
        UsageError: the report holds no graph, no such sample, or another file suffix.
        OutputError: the file cannot be written.
    """
    if output.suffix.lower() != ".json":
        raise UsageError(f"Expected a document named *.json, got '{safe_text(output.name)}'.")
    check_sample(report, sample)
    graphs = [measurement for measurement in report.measurements if has_graph(measurement)]
    if not graphs:
        raise UsageError(f"Expected a metric that gives a graph, got {metrics_of(report)}; measure 'and-or-graph'.")
    about = {"sample": report.samples.ids[sample], "metric": graphs[-1].key}
    text = json_text(about | document(graph_of(report, graphs[-1], sample)), indent=2) + "\n"
    try:
        write_whole(output, text.encode())
    except OSError as error:
        raise OutputError(
            f"Cannot write the document '{safe_text(output)}': {error.strerror or error}. Choose another place with -o."
        ) from error
    return f"graph of {graphs[-1].key}"


def check_sample(report: Report, sample: int) -> None:
    """Refuse the position of a sample that the report does not hold.

    Raises:
        UsageError: no such sample.
    """
    n_samples = len(report.samples.ids)
    if not 0 <= sample < n_samples:
        raise UsageError(
            f"Expected a sample from 0 to {n_samples - 1}, got {sample}; {count(n_samples, 'sample')} measured."
        )


def metrics_of(report: Report) -> str:
    """Name the metrics that a report holds."""
    return ", ".join(safe_text(measurements[0].metric, limit=60) for measurements in by_metric(report)) or "nothing"


def _samples(samples: SampleTable) -> dict[str, Any]:
    columns = {name: value for name, value in vars(samples).items() if name != "pictures"}
    return columns | {"skipped": [vars(skipped) for skipped in samples.skipped]}


def _measurement(measurement: Measurement) -> dict[str, Any]:
    return vars(measurement) | {
        "findings": [vars(finding) for finding in measurement.findings],
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
    described |= {"label": quantity.called, "role": quantity.role}
    if quantity.statistic:
        described |= {"statistic": quantity.statistic, "parts": quantity.parts}
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
