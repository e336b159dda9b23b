"""A report on its way from one process to another: a JSON header, then the bytes of its arrays.

Nothing in it can run: the header holds texts and numbers, an array has one of the types of a report, and the receiver
believes neither (`interact_cli.report.hdf5.rebuilding`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from interact_cli.errors import ReportRefused
from interact_cli.report.hdf5.rebuilding import FIELDS, WireError, made, visible_text
from interact_cli.report.hdf5.schema import DTYPES, MAX_RANK
from interact_cli.results import Measurement, Report
from interact_cli.safe_text import safe_text

MAX_HEADER_BYTES = 32 << 20
MAX_ARRAY_BYTES = 1 << 30
"""All arrays of a report together; 50 samples with 13 orders of 200 pairs take 2 MB a metric."""
MAX_LINE = 2000
"""Characters of a refusal that are kept."""
_LENGTH_BYTES = 8
AnyArray = npt.NDArray[Any]


def send(report: Report, stream: IO[bytes]) -> None:
    """Write a report without its evaluation records, pictures and texts.

    Nothing is written of a report that cannot be sent.

    Raises:
        WireError: it holds more than a comparison reads.
    """
    arrays: list[AnyArray] = []
    tree = _packed(report, arrays)
    size = sum(array.nbytes for array in arrays)
    if size > MAX_ARRAY_BYTES:
        raise WireError(f"its arrays hold {size:,} bytes; a comparison reads at most {MAX_ARRAY_BYTES:,}")
    _send({"report": tree, "arrays": [_described(array) for array in arrays]}, stream)
    for array in arrays:
        if array.dtype.kind != "U":
            stream.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def send_refusal(line: str, stream: IO[bytes]) -> None:
    """Write why there is no report."""
    _send({"refused": line[:MAX_LINE]}, stream)


def receive(stream: IO[bytes]) -> Report:
    """Read what `send` or `send_refusal` wrote, and nothing else.

    Args:
        stream: From a process that may be in the hands of whoever made the file.

    Raises:
        ReportRefused: a refusal arrived.
        WireError: something else than a report or a refusal arrived.
    """
    header = _header(stream)
    if header.keys() == {"refused"}:
        raise ReportRefused(safe_text(header["refused"], limit=MAX_LINE))
    if header.keys() != {"report", "arrays"}:
        raise WireError("the header has other parts")
    arrays = list(_arrays(header["arrays"], stream))
    if stream.read(1):
        raise WireError("it goes on after its last array")
    try:
        report: Report = made(Report)(header["report"], arrays, "")
    except RecursionError as error:
        raise WireError("a document is nested too deep") from error
    _check_shapes(report)
    return report


def _packed(value: Any, arrays: list[AnyArray]) -> Any:
    """Return a value in JSON types; an array goes to the list and leaves its number."""
    if type(value) in FIELDS:
        return {name: _packed(getattr(value, name), arrays) for name in FIELDS[type(value)]}
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return len(arrays) - 1
    if isinstance(value, Mapping):
        return {key: _packed(entry, arrays) for key, entry in value.items()}
    if isinstance(value, tuple | list):
        return [_packed(entry, arrays) for entry in value]
    return value


def _described(array: AnyArray) -> dict[str, Any]:
    if array.dtype.kind == "U" and array.ndim == 1:
        return {"dtype": "text", "texts": array.tolist()}
    for name, dtype in DTYPES.items():
        if array.dtype == dtype:
            return {"dtype": name, "shape": array.shape}
    raise TypeError(f"an array of {array.dtype}, shape {array.shape}, cannot travel")


def _send(header: Mapping[str, Any], stream: IO[bytes]) -> None:
    raw = json.dumps(header).encode()
    if len(raw) > MAX_HEADER_BYTES:
        raise WireError(f"its texts take {len(raw):,} bytes; a comparison reads at most {MAX_HEADER_BYTES:,}")
    stream.write(len(raw).to_bytes(_LENGTH_BYTES, "little"))
    stream.write(raw)


def _header(stream: IO[bytes]) -> dict[str, Any]:
    length = int.from_bytes(_read(stream, _LENGTH_BYTES), "little")
    if length > MAX_HEADER_BYTES:
        raise WireError(f"the header would take {length:,} bytes")
    raw = _read(stream, length)
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WireError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise WireError("the header has other parts")
    return header


def _read(stream: IO[bytes], length: int) -> bytes:
    raw = stream.read(length)
    if len(raw) != length:
        raise WireError("it ends early")
    return raw


def _arrays(described: Any, stream: IO[bytes]) -> Iterator[AnyArray]:
    if not isinstance(described, list) or not all(isinstance(entry, dict) for entry in described):
        raise WireError("the arrays are not described")
    room = MAX_ARRAY_BYTES
    for entry in described:
        array = _texts(entry, room) if entry.keys() == {"dtype", "texts"} else _numbers(entry, room, stream)
        room -= array.nbytes
        yield array


def _texts(entry: dict[str, Any], room: int) -> AnyArray:
    if entry["dtype"] != "text" or not isinstance(entry["texts"], list):
        raise WireError("an array is of another type")
    texts = [visible_text(text, [], "an array") for text in entry["texts"]]
    if 4 * max(map(len, texts), default=0) * len(texts) > room:
        raise WireError(f"the arrays would take more than {MAX_ARRAY_BYTES:,} bytes")
    return np.array(texts, dtype=str)


def _numbers(entry: dict[str, Any], room: int, stream: Any) -> AnyArray:
    if entry.keys() != {"dtype", "shape"} or entry["dtype"] not in list(DTYPES):
        raise WireError("an array is of another type")
    shape, dtype = entry["shape"], DTYPES[entry["dtype"]]
    if not isinstance(shape, list) or len(shape) > MAX_RANK or not all(type(size) is int for size in shape):
        raise WireError("an array has no shape")
    # Every axis counts by itself too: one of length 0 makes the product 0, however long the others claim to be.
    if min(shape, default=0) < 0 or max(math.prod(shape), *shape, 0) * dtype.itemsize > room:
        raise WireError(f"the arrays would take more than {MAX_ARRAY_BYTES:,} bytes")
    array = np.empty(shape, dtype)
    raw = array.reshape(-1).view(np.uint8)  # filled in place: a copy would double what the largest report takes
    if stream.readinto(raw.data) != raw.size:
        raise WireError("it ends early")
    if dtype.kind == "b" and raw.max(initial=0) > 1:
        raise WireError("a truth value is neither true nor false")
    return array


def _check_shapes(report: Report) -> None:
    """See that every axis is as long as what it runs over, as the reader has."""
    sizes = {"sample": len(report.samples.ids), "player": report.players.largest}
    samples = [value for value in vars(report.samples).values() if isinstance(value, np.ndarray)]
    if any(values.shape != (sizes["sample"],) for values in samples):
        raise WireError("the sample table has columns of other lengths")
    for measurement in report.measurements:
        _check_axes(measurement, sizes | {dim: labels.size for dim, labels in measurement.coordinates.items()})


def _check_axes(measurement: Measurement, sizes: Mapping[str, int]) -> None:
    for quantity in (*measurement.per_sample, *measurement.summary):
        shape = quantity.values.shape
        uncertainty = (quantity.standard_errors, quantity.low, quantity.high, quantity.exact)
        if (
            len(quantity.dims) != len(shape)
            or any(size != sizes.get(dim, size) for dim, size in zip(quantity.dims, shape, strict=True))
            or any(values is not None and values.shape != shape for values in uncertainty)
        ):
            raise WireError(f"{measurement.key}: {quantity.name} is of another shape than its axes")
    if any(quantity.dims[:1] != ("sample",) for quantity in measurement.per_sample):
        raise WireError(f"{measurement.key}: a number of each sample does not run over the samples")
