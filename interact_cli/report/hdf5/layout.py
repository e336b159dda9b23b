"""How the records of `interact_cli.results` lie in an HDF5 file: groups, data sets, dimension scales."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import h5py
import numpy as np

import interact_cli
from interact_cli.errors import ShapeError
from interact_cli.report.hdf5 import schema
from interact_cli.report.hdf5.player_table import player_labels, write_players
from interact_cli.report.hdf5.sink import AnyArray, Sink, labels_array
from interact_cli.results import Measurement, Quantity, Records, Report
from interact_cli.safe_text import safe_text
from interact_cli.words import shortened


def write_layout(report: Report, file: h5py.File, *, plain: frozenset[str], check: Callable[[], None]) -> None:
    """Fill an empty file.

    Args:
        report: What was measured.
        file: Open for writing, empty.
        plain: Data sets to store without compression.
        check: Called after each piece of data; raises when the file could not take it.

    Raises:
        OSError: from ``check``.
        ShapeError: a quantity contradicts its dimensions.
    """
    sink = Sink(file, plain, check)
    root = {"format": schema.FORMAT, "schema_version": schema.SCHEMA_VERSION, "status": report.status}
    file.attrs.update({**root, "tool_version": interact_cli.__version__})
    sink.scale("/sample", labels_array(report.samples.ids), meaning="stable name of the sample")
    sink.scale("/player", player_labels(report.players), meaning="the player")
    for kind in schema.GROUPS:
        if kind != "records" or report.records is not None:
            sink.group(f"/{kind}", {"encoding-type": kind, "encoding-version": "1"})
    _fixed(report, sink)
    write_players(report.players, sink)
    for measurement in report.measurements:
        _measurement(measurement, sink)
    if report.records is not None:
        _records(report.records, sink)


def _fixed(report: Report, sink: Sink) -> None:
    samples = report.samples
    content: dict[str, Any] = {
        "/config/json": report.config,
        "/provenance/json": report.provenance,
        "/provenance/run/json": report.run,
        "/samples/id": samples.ids,
        "/samples/label": samples.labels,
        "/samples/text": [shortened(text, schema.MAX_TEXT_CHARACTERS) for text in samples.texts] or None,
        "/skipped/id": [skipped.id for skipped in samples.skipped],
        "/skipped/reason": [skipped.reason for skipped in samples.skipped],
    }
    sink.group("/provenance/run", {"encoding-type": "run", "encoding-version": "1"})
    for field in schema.FIELDS:
        value = content[field.path] if field.path in content else getattr(samples, field.name)
        if field.dtype == "json":
            sink.document(field.path, value, meaning=field.meaning)
        elif value is not None:
            sink.field(field, value)
    sink.file["samples"].attrs.update({"accuracy": float(samples.accuracy), "chance": float(samples.chance)})


def _measurement(measurement: Measurement, sink: Sink) -> None:
    base = f"/metrics/{_group(measurement)}"
    sink.group(
        base,
        {
            "encoding-type": "metric",
            "encoding-version": str(measurement.version),
            "source": measurement.source,
            "estimator": measurement.estimator,
            "of": measurement.of,
        },
    )
    remarks = {"findings": [vars(finding) for finding in measurement.findings], "notes": measurement.notes}
    sink.document(f"{base}/{schema.REMARKS}", remarks, meaning="findings and notes")
    parts = {"per_sample": measurement.per_sample, "summary": measurement.summary}
    for part in parts:
        sink.group(f"{base}/{part}", {"encoding-type": part, "encoding-version": "1"})
    for dim, labels in measurement.coordinates.items():
        _coordinate(base, _name(dim, "dimension"), labels, sink)
    dims = {dim for quantities in parts.values() for quantity in quantities for dim in quantity.dims}
    for part, quantities in parts.items():
        for quantity in quantities:
            if quantity.name in dims:
                raise ShapeError(f"{base} uses '{quantity.name}' as a quantity and as a dimension; rename one.")
            _quantity(quantity, f"{base}/{part}", sink)


def _coordinate(base: str, dim: str, labels: AnyArray, sink: Sink) -> None:
    values = _stored(np.asarray(labels), f"{base}/{dim}")
    if values.ndim != 1:
        raise ShapeError(f"The labels of dimension '{dim}' of {base} have shape {values.shape}; expected one axis.")
    if dim in schema.SHARED_DIMS and not np.array_equal(values, sink.file[dim][()]):
        raise ShapeError(f"{base} labels the shared dimension '{dim}' otherwise than the report does.")
    sink.scale(f"{base}/{dim}", values, meaning=f"labels of {dim}")


def _quantity(quantity: Quantity, base: str, sink: Sink) -> None:
    path = f"{base}/{_name(quantity.name, 'quantity')}"
    values = _stored(np.asarray(quantity.values), path)
    if path in sink.file:
        raise ShapeError(f"{path} is the name of another data set already; rename the quantity.")
    unit = quantity.unit
    dataset = sink.array(path, values, quantity.dims, unit=unit, meaning=quantity.meaning)
    dataset.attrs.update(
        {"role": "quantity", schema.LABEL: quantity.label or quantity.meaning, schema.ROLE: quantity.role}
    )
    if quantity.statistic:
        dataset.attrs.update({schema.STATISTIC: quantity.statistic, schema.PARTS: " ".join(quantity.parts)})
    for suffix, attribute in schema.UNCERTAINTY.items():
        uncertainty = getattr(quantity, attribute)
        if uncertainty is None:
            continue
        sibling = f"{path}_{suffix}"
        kind = schema.DTYPES["bool" if suffix == "exact" else "float64"]
        if sibling in sink.file or np.shape(uncertainty) != values.shape:
            raise ShapeError(f"{sibling} exists already, or is not shaped like {path} {values.shape}.")
        array = np.asarray(uncertainty, dtype=kind)
        meaning = f"{suffix.replace('_', ' ')} of {quantity.name}"
        dataset = sink.array(sibling, array, quantity.dims, unit="1" if suffix == "exact" else unit, meaning=meaning)
        dataset.attrs.update({"role": suffix, schema.LABEL: f"{quantity.called}, {suffix.replace('_', ' ')}"})


def _records(records: Records, sink: Sink) -> None:
    """Stream the records sample by sample; a class slot that a sample does not use holds NaN."""
    fields = {field.name: field for field in schema.RECORD_FIELDS}
    starts = np.zeros(records.n_samples, dtype=schema.DTYPES["int64"])
    classes = np.full((records.n_samples, records.slots), -1, dtype=schema.DTYPES["int64"])
    width = -(-sink.file["player"].shape[0] // 8)
    units = {"coalitions": "1", "values": _record_unit(records, fields["values"].unit)}
    shapes = {"coalitions": (records.total, width), "values": (records.total, records.slots, records.components)}
    data = {}
    for name, shape in shapes.items():
        field = fields[name]
        dtype = schema.DTYPES[field.dtype]
        data[name] = sink.empty(field.path, shape, dtype, field.dims, unit=units[name], meaning=field.meaning)
    start = 0
    for position, record in enumerate(records):
        stop = start + len(record.coalitions)
        used = record.values.shape[1]
        if stop > records.total or used > records.slots or len(record.classes) > records.slots:
            raise ShapeError(f"The records of sample {position} do not fit {records.total} x {records.slots} slots.")
        starts[position] = start
        classes[position, : len(record.classes)] = record.classes
        block = np.full((stop - start, records.slots, records.components), np.nan)
        block[:, :used] = record.values
        if stop > start:
            spare = width - record.coalitions.shape[1]
            sink.put(data["coalitions"], slice(start, stop), np.pad(record.coalitions, ((0, 0), (0, spare))))
            sink.put(data["values"], slice(start, stop), block)
        start = stop
    if start != records.total:
        raise ShapeError(f"The records promise {records.total} evaluations and hold {start}.")
    sink.field(fields["sample_start"], starts)
    sink.field(fields["classes"], classes)


def _record_unit(records: Records, usual: str) -> str:
    if records.vectors:
        return schema.VECTOR_UNIT
    if records.components == 1:
        return "output"
    return "nat" if (records.slots, records.components) == (1, 4) else usual


def _stored(values: AnyArray, where: str) -> AnyArray:
    """Convert to one of the types of a report."""
    kinds = {"f": "float64", "i": "int64", "u": "int64", "b": "bool"}
    if values.dtype.kind in kinds:
        return values.astype(schema.DTYPES[kinds[values.dtype.kind]], copy=False)
    if values.dtype.kind in "US" or all(isinstance(value, str) for value in values.flat):
        return labels_array([str(value) for value in values.flat]).reshape(values.shape)
    raise ShapeError(f"{where} holds {values.dtype}; a report holds floats, integers, booleans and text.")


def _group(measurement: Measurement) -> str:
    name = schema.group_name(_name(measurement.metric, "metric"), measurement.of)
    if measurement.of and not schema.GAME.fullmatch(name.partition("@")[2]):
        raise ShapeError(f"The game '{safe_text(measurement.of)}' of {measurement.metric} has too long a name.")
    return name


def _name(name: str, kind: str) -> str:
    if schema.NAME.fullmatch(name):
        return name
    raise ShapeError(f"The {kind} '{name}' cannot be a name in a report; expected letters, digits, '_', '.' and '-'.")
