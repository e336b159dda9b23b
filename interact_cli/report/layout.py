"""How the records of `interact_cli.results` lie in an HDF5 file: groups, data sets, dimension scales."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5d, h5p

import interact_cli
from interact_cli.errors import ShapeError
from interact_cli.report.documents import json_text
from interact_cli.report.hdf5_schema import (
    CHUNK_BYTES,
    COMPACT_BYTES,
    COMPACT_TEXT_BYTES,
    DTYPES,
    ENCODINGS,
    FIELDS,
    FORMAT,
    NAME,
    RECORD_FIELDS,
    REMARKS,
    SCHEMA_VERSION,
    SHARED_DIMS,
    UNCERTAINTY,
    Field,
    geometry_dims,
)
from interact_cli.results import Measurement, Quantity, Records, Report

AnyArray = npt.NDArray[Any]


def write_layout(report: Report, file: h5py.File, *, plain: frozenset[str]) -> None:
    """Fill an empty file.

    Args:
        report: What was measured.
        file: Open for writing, empty.
        plain: Data sets to store without compression.

    Raises:
        ShapeError: a quantity contradicts its dimensions.
    """
    sink = Sink(file, plain)
    root = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "status": report.status}
    file.attrs.update({**root, "tool_version": interact_cli.__version__})
    sink.scale("/sample", _labels(report.samples.ids), meaning="stable name of the sample")
    sink.scale("/player", _labels(report.players.names), meaning="name of the player")
    for path, kind in ENCODINGS.items():
        if path != "/records" or report.records is not None:
            sink.group(path, {"encoding-type": kind, "encoding-version": "1"})
    _fixed(report, sink)
    for measurement in report.measurements:
        _measurement(measurement, sink)
    if report.records is not None:
        _records(report.records, sink)


class Sink:
    """An HDF5 file that is filled the same way every time: no times, tracked order, checksums, named axes."""

    def __init__(self, file: h5py.File, plain: frozenset[str]) -> None:
        self.file = file
        self.plain = plain

    def group(self, path: str, attributes: Mapping[str, Any]) -> None:
        """Create a group without time stamps."""
        properties = h5p.create(h5p.GROUP_CREATE)
        properties.set_link_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
        properties.set_attr_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
        properties.set_obj_track_times(False)
        group = h5py.Group(h5py.h5g.create(self.file.id, path.encode(), gcpl=properties))
        group.attrs.update(attributes)

    def document(self, path: str, content: Mapping[str, Any], *, meaning: str) -> None:
        """Store a JSON document as one UTF-8 string."""
        raw = json_text(content).encode()
        dataset = self._create(path, (), _text_dtype(len(raw)), compact=len(raw) <= COMPACT_TEXT_BYTES)
        dataset[()] = np.array(raw, dtype=dataset.dtype)
        self._describe(dataset, (), "1", meaning)
        if len(raw) > COMPACT_TEXT_BYTES:
            dataset.attrs["sha256"] = hashlib.sha256(raw).hexdigest()

    def scale(self, path: str, labels: AnyArray | range, *, meaning: str) -> None:
        """Store the labels of a dimension; a range numbers its positions."""
        name = path.rpartition("/")[2]
        if path in self.file:
            raise ShapeError(f"{path} is a dimension and something else; rename the dimension.")
        dtype = DTYPES["int64"] if isinstance(labels, range) else labels.dtype
        dataset = self._create(path, (len(labels),), dtype)
        step = CHUNK_BYTES
        for start in range(0, len(labels), step):
            dataset[start : start + step] = np.asarray(labels[start : start + step], dtype=dtype)
        dataset.make_scale(name)
        self._describe(dataset, (name,), "1", meaning)
        dataset.attrs["role"] = "position" if isinstance(labels, range) else "label"

    def array(self, path: str, values: AnyArray, dims: Sequence[str], *, unit: str, meaning: str) -> h5py.Dataset:
        """Store an array whose axes carry names."""
        dataset = self.empty(path, values.shape, values.dtype, dims, unit=unit, meaning=meaning)
        if values.size:
            dataset[...] = values
        return dataset

    def empty(
        self, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], dims: Sequence[str], *, unit: str, meaning: str
    ) -> h5py.Dataset:
        """Create a data set and tie each axis to its dimension scale, the nearest one on the way to the root."""
        if len(dims) != len(shape) or len(set(dims)) != len(dims):
            raise ShapeError(f"{path} has shape {shape}, but its dimensions are {tuple(dims)}: one name per axis.")
        scales = [self._nearest(path, dim, size) for dim, size in zip(dims, shape, strict=True)]
        dataset = self._create(path, shape, dtype)
        self._describe(dataset, dims, unit, meaning)
        for axis, scale in enumerate(scales):
            dataset.dims[axis].attach_scale(scale)
        return dataset

    def _nearest(self, path: str, dim: str, size: int) -> h5py.Dataset:
        """Find the scale of a dimension, or number the positions of one that has no labels beside the data set."""
        folder = path.rpartition("/")[0]
        home = folder
        while home and not self._is_scale(f"{home}/{dim}"):
            home = home.rpartition("/")[0]
        if not home and dim not in SHARED_DIMS:
            home = folder.removesuffix("/per_sample").removesuffix("/summary")
            self.scale(f"{home}/{dim}", range(size), meaning=f"positions along {dim}")
        scale = self.file[f"{home}/{dim}"]
        if scale.shape != (size,):
            raise ShapeError(f"{path} has {size} entries along '{dim}', but {scale.name} has {scale.shape}.")
        return scale

    def _is_scale(self, path: str) -> bool:
        return path in self.file and isinstance(self.file[path], h5py.Dataset) and self.file[path].is_scale

    def _create(
        self, path: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, compact: bool | None = None
    ) -> h5py.Dataset:
        size = math.prod(shape) * dtype.itemsize
        properties = h5p.create(h5p.DATASET_CREATE)
        options: dict[str, Any] = {}
        if compact or (compact is None and 0 < size <= COMPACT_BYTES):
            properties.set_layout(h5d.COMPACT)
        elif shape and size:
            options = {"chunks": chunk_shape(shape, dtype.itemsize), "shuffle": True, "fletcher32": True}
            options |= {} if path in self.plain else {"compression": "gzip", "compression_opts": 4}
        return self.file.create_dataset(
            path, shape, dtype, track_times=False, track_order=True, dcpl=properties, **options
        )

    def _describe(self, dataset: h5py.Dataset, dims: Sequence[str], unit: str, meaning: str) -> None:
        dataset.attrs.update({"dims": " ".join(dims), "unit": unit, "meaning": meaning})
        if dataset.dtype.kind == "S":
            dataset.attrs["_Encoding"] = "utf-8"


def chunk_shape(shape: Sequence[int], item_bytes: int) -> tuple[int, ...]:
    """Cut an array into runs of its last axes of about one MiB.

    Example:
        >>> chunk_shape((50, 13, 2800), 8), chunk_shape((200_000, 2, 4), 8)
        ((3, 13, 2800), (16384, 2, 4))
    """
    room = max(1, CHUNK_BYTES // item_bytes)
    chunk = []
    for size in reversed(shape):
        chunk.append(min(size, max(1, room)))
        room //= chunk[-1]
    return tuple(reversed(chunk))


def _fixed(report: Report, sink: Sink) -> None:
    samples, players = report.samples, report.players
    content: dict[str, Any] = {
        "/config/json": report.config,
        "/provenance/json": report.provenance,
        "/provenance/run/json": report.run,
        "/samples/id": samples.ids,
        "/samples/label": samples.labels,
        "/skipped/id": [skipped.id for skipped in samples.skipped],
        "/skipped/reason": [skipped.reason for skipped in samples.skipped],
        "/players/name": players.names,
        "/players/owner": players.owner,
        "/players/baseline": players.baseline,
    }
    sink.group("/provenance/run", {"encoding-type": "run", "encoding-version": "1"})
    for field in FIELDS:
        value = content[field.path] if field.path in content else getattr(samples, field.name)
        if field.dtype == "json":
            sink.document(field.path, value, meaning=field.meaning)
        elif value is not None:
            _field(field, value, sink)
    sink.file["samples"].attrs.update({"accuracy": float(samples.accuracy), "chance": float(samples.chance)})
    attributes = sink.file["players"].attrs
    attributes.update({"spec": players.spec, "baseline_name": players.baseline_name})
    if players.grid is not None:
        attributes["grid"] = np.array(players.grid, dtype=DTYPES["int64"])


def _field(field: Field, value: Any, sink: Sink) -> None:
    values = _labels(value) if field.dtype == "text" else np.asarray(value, dtype=DTYPES[field.dtype])
    dims = field.dims or geometry_dims(field.name, values.ndim)
    sink.array(field.path, values, dims, unit=field.unit, meaning=field.meaning)


def _measurement(measurement: Measurement, sink: Sink) -> None:
    base = f"/metrics/{_name(measurement.metric, 'metric')}"
    sink.group(
        base,
        {
            "encoding-type": "metric",
            "encoding-version": str(measurement.version),
            "source": measurement.source,
            "estimator": measurement.estimator,
        },
    )
    findings = [{"word": f.word, "sentence": f.sentence, "facts": dict(f.facts)} for f in measurement.findings]
    remarks = {"findings": findings, "notes": list(measurement.notes)}
    sink.document(f"{base}/{REMARKS}", remarks, meaning="findings and notes")
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
    if dim in SHARED_DIMS and not np.array_equal(values, sink.file[dim][()]):
        raise ShapeError(f"{base} labels the shared dimension '{dim}' otherwise than the report does.")
    sink.scale(f"{base}/{dim}", values, meaning=f"labels of {dim}")


def _quantity(quantity: Quantity, base: str, sink: Sink) -> None:
    path = f"{base}/{_name(quantity.name, 'quantity')}"
    values = _stored(np.asarray(quantity.values), path)
    if path in sink.file:
        raise ShapeError(f"{path} is the name of another data set already; rename the quantity.")
    unit = quantity.unit
    dataset = sink.array(path, values, quantity.dims, unit=unit, meaning=quantity.meaning)
    dataset.attrs["role"] = "quantity"
    for suffix, attribute in UNCERTAINTY.items():
        uncertainty = getattr(quantity, attribute)
        if uncertainty is None:
            continue
        sibling = f"{path}_{suffix}"
        kind = DTYPES["bool" if suffix == "exact" else "float64"]
        if sibling in sink.file or np.shape(uncertainty) != values.shape:
            raise ShapeError(f"{sibling} exists already, or is not shaped like {path} {values.shape}.")
        array = np.asarray(uncertainty, dtype=kind)
        meaning = f"{suffix.replace('_', ' ')} of {quantity.name}"
        dataset = sink.array(sibling, array, quantity.dims, unit="1" if suffix == "exact" else unit, meaning=meaning)
        dataset.attrs["role"] = suffix


def _records(records: Records, sink: Sink) -> None:
    """Stream the records sample by sample; a class slot that a sample does not use holds NaN."""
    fields = {field.name: field for field in RECORD_FIELDS}
    starts = np.zeros(records.n_samples, dtype=DTYPES["int64"])
    classes = np.full((records.n_samples, records.slots), -1, dtype=DTYPES["int64"])
    width = -(-sink.file["player"].shape[0] // 8)
    shapes = {"coalitions": (records.total, width), "values": (records.total, records.slots, records.components)}
    data = {}
    for name, shape in shapes.items():
        field = fields[name]
        dtype = DTYPES[field.dtype]
        data[name] = sink.empty(field.path, shape, dtype, field.dims, unit=field.unit, meaning=field.meaning)
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
            data["coalitions"][start:stop] = record.coalitions
            data["values"][start:stop] = block
        start = stop
    if start != records.total:
        raise ShapeError(f"The records promise {records.total} evaluations and hold {start}.")
    _field(fields["sample_start"], starts, sink)
    _field(fields["classes"], classes, sink)


def _stored(values: AnyArray, where: str) -> AnyArray:
    """Convert to one of the types of a report."""
    kinds = {"f": "float64", "i": "int64", "u": "int64", "b": "bool"}
    if values.dtype.kind in kinds:
        return values.astype(DTYPES[kinds[values.dtype.kind]], copy=False)
    if values.dtype.kind in "US" or all(isinstance(value, str) for value in values.flat):
        return _labels([str(value) for value in values.flat]).reshape(values.shape)
    raise ShapeError(f"{where} holds {values.dtype}; a report holds floats, integers, booleans and text.")


def _labels(texts: Iterable[str]) -> AnyArray:
    raw = [text.encode("utf-8", "backslashreplace") for text in texts]
    return np.array(raw, dtype=_text_dtype(max(map(len, raw), default=1)))


def _text_dtype(length: int) -> np.dtype[Any]:
    dtype: np.dtype[Any] = h5py.string_dtype("utf-8", max(1, length))
    return dtype


def _name(name: str, kind: str) -> str:
    if NAME.fullmatch(name):
        return name
    raise ShapeError(f"The {kind} '{name}' cannot be a name in a report; expected letters, digits, '_', '.' and '-'.")
