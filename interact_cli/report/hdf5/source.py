"""Typed access to a vetted file: every look says what it expects, and refuses anything else by name."""

from __future__ import annotations

import hashlib
import math
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt
from h5py import h5a, h5t

from interact_cli.errors import ReportRefused
from interact_cli.report.documents import parse_document
from interact_cli.report.hdf5 import schema
from interact_cli.safe_text import safe_text

ATTRIBUTE_LIMIT = 4096
"""Characters of a text attribute that are kept."""
AnyArray = npt.NDArray[Any]


class Source:
    """Reads the parts of one open report.

    Args:
        file: Open for reading; only `text_attribute` may be used before it is vetted.
    """

    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self._loaded = 0

    def names(self, path: str) -> list[str]:
        """List what a group holds, in the order of writing."""
        group = self.file.get(path)
        if not isinstance(group, h5py.Group):
            raise ReportRefused(f"{path} is missing; expected a group")
        return list(group)

    def text_attribute(self, path: str, name: str, default: str | None = None) -> str:
        """Read a text attribute, invisible characters escaped, cut at `ATTRIBUTE_LIMIT`."""
        holder = self._holder(path)
        if name not in holder.attrs:
            if default is not None:
                return default
            raise ReportRefused(f"attribute '{name}' of {path} is missing")
        attribute = h5a.open(holder.id, name.encode())
        if not isinstance(attribute.get_type(), h5t.TypeStringID) or attribute.shape != ():
            raise ReportRefused(f"attribute '{name}' of {path} is not one text")
        return _clean(holder.attrs[name], ATTRIBUTE_LIMIT)

    def number_attribute(self, path: str, name: str) -> float:
        """Read a number."""
        value = self._holder(path).attrs.get(name)
        if not isinstance(value, float | np.floating):
            raise ReportRefused(f"attribute '{name}' of {path} is missing or not a number")
        return float(value)

    def role(self, path: str) -> str:
        """Return the attribute ``role`` of a data set, or nothing for other objects."""
        holder = self.file[path]
        return self.text_attribute(path, "role") if isinstance(holder, h5py.Dataset) and "role" in holder.attrs else ""

    def document(self, path: str) -> dict[str, Any]:
        """Read a JSON document."""
        dataset = self._dataset(path)
        if dataset.shape != () or dataset.dtype.kind != "S":
            raise ReportRefused(f"{path} is not one text; expected a JSON document")
        raw: bytes = self._read(dataset).item()
        if len(raw) > schema.COMPACT_TEXT_BYTES and hashlib.sha256(raw).hexdigest() != self.text_attribute(
            path, "sha256"
        ):
            raise ReportRefused(f"{path} does not match its sha256")
        return parse_document(raw.decode("utf-8", "backslashreplace"), path)

    def texts(self, path: str) -> tuple[str, ...]:
        """Read an array of text, each cut at `MAX_TEXT_CHARACTERS`."""
        return tuple(_clean(raw, schema.MAX_TEXT_CHARACTERS) for raw in self._text(path, "one axis").tolist())

    def table(self, path: str) -> tuple[tuple[str, ...], ...]:
        """Read an array of text with two axes."""
        rows = self._text(path, "two axes").tolist()
        return tuple(tuple(_clean(raw, schema.MAX_TEXT_CHARACTERS) for raw in row) for row in rows)

    def rank(self, path: str) -> int:
        """Return how many axes a data set has."""
        return int(self._dataset(path).ndim)

    def array(self, path: str, dtype: str) -> AnyArray:
        """Read an array of numbers."""
        dataset = self._dataset(path)
        if dataset.dtype != schema.DTYPES[dtype]:
            raise ReportRefused(f"{path} holds {dataset.dtype}; expected {dtype}")
        return self._read(dataset)

    def check_field(self, field: schema.Field) -> None:
        """Check type and dimensions of a data set without reading it."""
        dataset = self._dataset(field.path)
        if field.dtype != "text" and dataset.dtype != schema.DTYPES[field.dtype]:
            raise ReportRefused(f"{field.path} holds {dataset.dtype}; expected {field.dtype}")
        self.expect_dims(field.path, field.dims)

    def field(self, field: schema.Field) -> Any:
        """Read a data set with a fixed place; None for an optional one that is absent."""
        if field.optional and field.path not in self.file:
            return None
        self.check_field(field)
        return self.texts(field.path) if field.dtype == "text" else self.array(field.path, field.dtype)

    def labels(self, path: str) -> AnyArray:
        """Read the labels of a dimension."""
        dataset = self._dataset(path)
        return np.array(self.texts(path), dtype=str) if dataset.dtype.kind == "S" else self._read(dataset)

    def quantity(self, path: str) -> tuple[AnyArray, tuple[str, ...]]:
        """Read the values of a quantity and the names of their axes."""
        dataset = self._dataset(path)
        if dataset.dtype not in (schema.DTYPES["float64"], schema.DTYPES["int64"], schema.DTYPES["bool"]):
            raise ReportRefused(f"{path} holds {dataset.dtype}; expected float64, int64 or bool")
        dims = self._dims(path)
        self.expect_dims(path, dims)
        return self._read(dataset), dims

    def rows(self, path: str, start: int, stop: int) -> AnyArray:
        """Read some rows of a data set."""
        dataset = self._dataset(path)
        self._charge(path, (stop - start) * math.prod(dataset.shape[1:]) * dataset.dtype.itemsize)
        rows: AnyArray = dataset[start:stop]
        return rows

    def expect_dims(self, path: str, dims: tuple[str, ...]) -> None:
        """Check the named axes of a data set against the dimension scales that it lies under."""
        dataset = self._dataset(path)
        if self._dims(path) != dims or len(dims) != dataset.ndim:
            raise ReportRefused(f"{path} has shape {dataset.shape} and dimensions {self._dims(path)}; expected {dims}")
        for dim, size in zip(dims, dataset.shape, strict=True):
            scale = self._scale(path, dim)
            if scale.shape != (size,):
                raise ReportRefused(f"{path} has {size} entries along '{dim}'; {scale.name} has shape {scale.shape}")

    def _dims(self, path: str) -> tuple[str, ...]:
        return tuple(self.text_attribute(path, "dims").split())

    def _scale(self, path: str, dim: str) -> h5py.Dataset:
        folder = path.rpartition("/")[0]
        for home in (folder, folder.rpartition("/")[0]):
            scale = self.file.get(f"{home}/{dim}") if home else None
            if isinstance(scale, h5py.Dataset) and "CLASS" in scale.attrs:
                return scale
        if dim in schema.SHARED_DIMS:
            return self._dataset(f"/{dim}")
        raise ReportRefused(f"{path} has a dimension '{safe_text(dim)}' without a dimension scale")

    def _holder(self, path: str) -> h5py.Group | h5py.Dataset:
        holder = self.file.get(path)
        if holder is None:
            raise ReportRefused(f"{path} is missing")
        return holder

    def _dataset(self, path: str) -> h5py.Dataset:
        dataset = self.file.get(path)
        if not isinstance(dataset, h5py.Dataset):
            raise ReportRefused(f"{path} is missing; expected a data set")
        return dataset

    def _text(self, path: str, axes: Literal["one axis", "two axes"]) -> AnyArray:
        dataset = self._dataset(path)
        if dataset.ndim != ("one axis", "two axes").index(axes) + 1 or dataset.dtype.kind != "S":
            raise ReportRefused(f"{path} holds {dataset.dtype}, shape {dataset.shape}; expected {axes} of text")
        return self._read(dataset)

    def _read(self, dataset: h5py.Dataset) -> AnyArray:
        self._charge(dataset.name, dataset.size * dataset.dtype.itemsize)
        try:
            return np.asarray(dataset[()])
        except OSError as error:
            raise ReportRefused(f"{dataset.name} is damaged: {safe_text(error)}") from error

    def _charge(self, path: str, size: int) -> None:
        self._loaded += size
        if self._loaded > schema.MAX_ARRAY_BYTES:
            raise ReportRefused(f"{path} brings what is read at once beyond {schema.MAX_ARRAY_BYTES:,} bytes")


def _clean(raw: Any, limit: int) -> str:
    data = raw if isinstance(raw, bytes) else str(raw).encode("utf-8", "surrogateescape")
    return safe_text(data.decode("utf-8", "backslashreplace"), limit=limit)
