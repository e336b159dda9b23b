"""An HDF5 file that is filled the same way every time: no times, tracked order, checksums, named axes."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5d, h5p, h5s, h5t

from interact_cli.errors import ShapeError
from interact_cli.report.documents import json_text
from interact_cli.report.hdf5 import schema

AnyArray = npt.NDArray[Any]


class Sink:
    """Puts groups, documents and arrays into an open file.

    Args:
        file: Open for writing.
        plain: Data sets to store without compression.
        check: Called after each piece of data; raises when the file could not take it.
    """

    def __init__(self, file: h5py.File, plain: frozenset[str], check: Callable[[], None]) -> None:
        self.file = file
        self.plain = plain
        self._check = check

    def put(self, dataset: h5py.Dataset, where: Any, values: Any) -> None:
        """Write into a data set and see whether the file took it."""
        dataset[where] = values
        self._check()

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
        dataset = self._create(path, (), _text_dtype(len(raw)), compact=len(raw) <= schema.COMPACT_TEXT_BYTES)
        self.put(dataset, (), np.array(raw, dtype=dataset.dtype))
        self._describe(dataset, (), "1", meaning)
        if len(raw) > schema.COMPACT_TEXT_BYTES:
            dataset.attrs["sha256"] = hashlib.sha256(raw).hexdigest()

    def scale(self, path: str, labels: AnyArray | range, *, meaning: str) -> None:
        """Store the labels of a dimension; a range numbers its positions."""
        name = path.rpartition("/")[2]
        if path in self.file:
            raise ShapeError(f"{path} is a dimension and something else; rename the dimension.")
        dtype = schema.DTYPES["int64"] if isinstance(labels, range) else labels.dtype
        dataset = self._create(path, (len(labels),), dtype)
        step = schema.CHUNK_BYTES
        for start in range(0, len(labels), step):
            part = slice(start, start + step)
            self.put(dataset, part, np.asarray(labels[part], dtype=dtype))
        dataset.make_scale(name)
        self._describe(dataset, (name,), "1", meaning)
        dataset.attrs["role"] = "position" if isinstance(labels, range) else "label"

    def field(self, field: schema.Field, value: Any, dims: Sequence[str] | None = None) -> None:
        """Store a data set with a fixed place; its axes are the field's own unless they are given."""
        values = labels_array(value) if field.dtype == "text" else np.asarray(value, dtype=schema.DTYPES[field.dtype])
        self.array(field.path, values, field.dims if dims is None else dims, unit=field.unit, meaning=field.meaning)

    def array(self, path: str, values: AnyArray, dims: Sequence[str], *, unit: str, meaning: str) -> h5py.Dataset:
        """Store an array whose axes carry names."""
        dataset = self.empty(path, values.shape, values.dtype, dims, unit=unit, meaning=meaning)
        if values.size:
            self.put(dataset, ..., values)
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
        if not home and dim not in schema.SHARED_DIMS:
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
        if compact or (compact is None and 0 < size <= schema.COMPACT_BYTES):
            properties.set_layout(h5d.COMPACT)
        elif shape and size:
            options = {"chunks": chunk_shape(shape, dtype.itemsize), "shuffle": True, "fletcher32": True}
            options |= {} if path in self.plain else {"compression": "gzip", "compression_opts": 4}
        if not shape:
            return self._create_scalar(path, dtype, properties)
        return self.file.create_dataset(
            path, shape, dtype, track_times=False, track_order=True, dcpl=properties, **options
        )

    def _create_scalar(self, path: str, dtype: np.dtype[Any], properties: h5p.PropDCID) -> h5py.Dataset:
        """Create a scalar with the layout asked for; the high-level call would make it contiguous, unchecked."""
        properties.set_obj_track_times(False)
        properties.set_attr_creation_order(h5p.CRT_ORDER_TRACKED | h5p.CRT_ORDER_INDEXED)
        kind, space = h5t.py_create(dtype, logical=True), h5s.create(h5s.SCALAR)
        return h5py.Dataset(h5d.create(self.file.id, path.encode(), kind, space, dcpl=properties))

    def _describe(self, dataset: h5py.Dataset, dims: Sequence[str], unit: str, meaning: str) -> None:
        dataset.attrs.update(
            {"dims": " ".join(dims), "unit": unit, schema.UNITS: unit, "meaning": meaning, schema.LABEL: meaning}
        )
        if dataset.dtype.kind == "S":
            dataset.attrs["_Encoding"] = "utf-8"


def chunk_shape(shape: Sequence[int], item_bytes: int) -> tuple[int, ...]:
    """Cut an array into runs of its last axes of about one MiB.

    Example:
        >>> chunk_shape((50, 13, 2800), 8), chunk_shape((200_000, 2, 4), 8)
        ((3, 13, 2800), (16384, 2, 4))
    """
    room = max(1, schema.CHUNK_BYTES // item_bytes)
    chunk = []
    for size in reversed(shape):
        chunk.append(min(size, max(1, room)))
        room //= chunk[-1]
    return tuple(reversed(chunk))


def labels_array(texts: Iterable[str] | AnyArray) -> AnyArray:
    """Encode texts as UTF-8 of one fixed length, in their shape."""
    array = np.array(list(texts), dtype=object)
    raw = [text.encode("utf-8", "backslashreplace") for text in array.flat]
    return np.array(raw, dtype=_text_dtype(max(map(len, raw), default=1))).reshape(array.shape)


def _text_dtype(length: int) -> np.dtype[Any]:
    dtype: np.dtype[Any] = h5py.string_dtype("utf-8", max(1, length))
    return dtype
