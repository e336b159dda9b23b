"""Every object of an HDF5 file is checked here before a byte of its data is read.

HDF5 can read other files (external storage, external links, virtual data sets), load plugins (filters)
and promise far more data than it holds. A report needs none of that: what is not on the list is refused
with `ReportRefused`, whose message names the object.
"""

from __future__ import annotations

import math

import numpy as np
from h5py import File, h5a, h5d, h5g, h5l, h5o, h5s, h5t, h5z

from interact_cli.errors import ReportRefused
from interact_cli.report.hdf5 import schema
from interact_cli.safe_text import safe_text

_FILTERS = {h5z.FILTER_DEFLATE: "gzip", h5z.FILTER_SHUFFLE: "shuffle", h5z.FILTER_FLETCHER32: "fletcher32"}
_LINKS = {h5l.TYPE_SOFT: "a soft link", h5l.TYPE_EXTERNAL: "an external link"}
_NUMBER = h5t.TypeIntegerID | h5t.TypeFloatID | h5t.TypeEnumID
_NUMBERS = tuple(schema.DTYPES.values())
_Seen = dict[tuple[int, int], str]
"""Address of an object -> its name."""
_SMALL = 16
"""Entries of an array attribute."""


def vet(file: File) -> None:
    """Refuse a file that holds anything but plain groups and plain, wholly stored data sets.

    Raises:
        ReportRefused: the first object that is not on the list.
    """
    sizes = measure_sizes(file)
    for where, (declared, stored) in inflated(sizes).items():
        raise ReportRefused(
            f"{where} declares {declared:,} bytes and stores {stored:,}; a report never inflates so far"
        )


def measure_sizes(file: File) -> dict[str, tuple[int, int]]:
    """Vet every object and return the declared and stored bytes of each data set.

    Raises:
        ReportRefused: the first object that is not on the list.
    """
    sizes: dict[str, tuple[int, int]] = {}
    root, seen = h5g.open(file.id, b"/"), _Seen()
    _note_object(root, "/", seen)
    _attributes(root, "/")
    waiting = [(root, "", 0)]
    while waiting:
        group, where, depth = waiting.pop()
        for name in list(group):
            child, path = _child(group, name, where, seen)
            if isinstance(child, h5g.GroupID):
                if depth + 1 > schema.MAX_DEPTH:
                    raise ReportRefused(f"{path} is nested deeper than {schema.MAX_DEPTH} groups")
                waiting.append((child, path, depth + 1))
            else:
                sizes[path] = _dataset(child, path)
            _attributes(child, path)
    total, there = sum(stored for _, stored in sizes.values()), file.id.get_filesize()
    if total > there:
        raise ReportRefused(f"/: data sets claim {total:,} stored bytes in a file of {there:,}")
    return sizes


def inflated(sizes: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
    """Pick the data sets that declare implausibly more than they store, and together too much.

    Example:
        >>> inflated({"/a": (1 << 40, 1000), "/b": (8_000, 8_000)})
        {'/a': (1099511627776, 1000)}
    """
    steep = {path: size for path, size in sizes.items() if size[0] > schema.INFLATION_LIMIT * size[1]}
    if sum(declared for declared, _ in steep.values()) > schema.INFLATION_TOTAL:
        return steep
    return {path: size for path, size in steep.items() if size[0] > schema.INFLATION_FLOOR}


def _child(group: h5g.GroupID, name: bytes, where: str, seen: _Seen) -> tuple[h5g.GroupID | h5d.DatasetID, str]:
    path = f"{where}/{safe_text(name.decode('utf-8', 'backslashreplace'))}"
    link = group.links.get_info(name).type
    if link != h5l.TYPE_HARD:
        raise ReportRefused(f"{path} is {_LINKS.get(link, 'a user-defined link')}; a report holds its data itself")
    child = h5o.open(group, name)
    if not isinstance(child, h5g.GroupID | h5d.DatasetID):
        raise ReportRefused(f"{path} is a named type; a report holds only groups and data sets")
    _note_object(child, path, seen)
    return child, path


def _note_object(child: h5g.GroupID | h5d.DatasetID, path: str, seen: _Seen) -> None:
    info = h5o.get_info(child)
    address = (info.fileno, info.addr)
    if address in seen:
        raise ReportRefused(f"{path} is a second hard link to {seen[address]}; in a report every object has one name")
    if len(seen) >= schema.MAX_OBJECTS:
        raise ReportRefused(f"{path} is object number {schema.MAX_OBJECTS + 1:,}; a report holds fewer")
    seen[address] = path


def _dataset(dataset: h5d.DatasetID, path: str) -> tuple[int, int]:
    properties = dataset.get_create_plist()
    layout = properties.get_layout()
    if layout == h5d.VIRTUAL:
        raise ReportRefused(f"{path} is a virtual data set; a report holds its data itself")
    if properties.get_external_count() > 0:
        raise ReportRefused(f"{path} uses external storage; a report holds its data itself")
    for position in range(properties.get_nfilters()):
        code = properties.get_filter(position)[0]
        if code not in _FILTERS:
            raise ReportRefused(
                f"{path} uses the unknown filter {code}; a report uses only {', '.join(_FILTERS.values())}"
            )
    shape = _shape(dataset.get_space(), path)
    declared = math.prod(shape) * _item_bytes(dataset.get_type(), path, scalar=not shape)
    stored = dataset.get_storage_size()
    if layout == h5d.CHUNKED:
        _chunks(dataset, properties.get_chunk(), shape, path)
    elif stored != declared:
        raise ReportRefused(f"{path} declares {declared:,} bytes and stores {stored:,}")
    return declared, stored


def _shape(space: h5s.SpaceID, path: str) -> tuple[int, ...]:
    kind = space.get_simple_extent_type()
    if kind not in (h5s.SIMPLE, h5s.SCALAR):
        raise ReportRefused(f"{path} has no shape (a null data space)")
    if space.get_simple_extent_ndims() > schema.MAX_RANK:
        raise ReportRefused(
            f"{path} has {space.get_simple_extent_ndims()} dimensions; a report uses at most {schema.MAX_RANK}"
        )
    shape = tuple(int(size) for size in space.get_simple_extent_dims())
    if kind == h5s.SIMPLE and tuple(space.get_simple_extent_dims(maxdims=1)) != shape:
        raise ReportRefused(f"{path} can be resized; the shapes of a report are fixed")
    return shape


def _chunks(dataset: h5d.DatasetID, chunk: tuple[int, ...], shape: tuple[int, ...], path: str) -> None:
    size = math.prod(chunk) * dataset.get_type().get_size()
    if size > schema.MAX_CHUNK_BYTES or any(part > whole for part, whole in zip(chunk, shape, strict=True)):
        raise ReportRefused(f"{path} of shape {shape} is cut into chunks of shape {tuple(chunk)}, {size:,} bytes each")
    expected = math.prod(-(-whole // part) for part, whole in zip(chunk, shape, strict=True))
    stored = dataset.get_num_chunks()
    if stored != expected:
        raise ReportRefused(f"{path} of shape {shape} needs {expected:,} chunks and stores {stored:,}")


def _item_bytes(kind: h5t.TypeID, path: str, *, scalar: bool) -> int:
    if isinstance(kind, h5t.TypeStringID):
        limit = schema.MAX_DOCUMENT_BYTES if scalar else schema.MAX_STRING_BYTES
        if kind.is_variable_str() or kind.get_size() > limit:
            raise ReportRefused(f"{path} holds text of variable length or beyond {limit:,} bytes")
        return int(kind.get_size())
    if not (isinstance(kind, _NUMBER) and np.dtype(kind.dtype) in _NUMBERS):
        raise ReportRefused(f"{path} holds {_type_word(kind)}; a report holds {', '.join(schema.DTYPES)} and text")
    return int(kind.get_size())


def _type_word(kind: h5t.TypeID) -> str:
    words = {
        h5t.REFERENCE: "references",
        h5t.VLEN: "arrays of variable length",
        h5t.COMPOUND: "compound records",
        h5t.OPAQUE: "opaque bytes",
        h5t.INTEGER: "integers of another size",
        h5t.FLOAT: "floats of another size",
        h5t.ENUM: "an enumeration",
    }
    return words.get(kind.get_class(), "an unknown type")


def _attributes(holder: h5g.GroupID | h5d.DatasetID, path: str) -> None:
    count = h5a.get_num_attrs(holder)
    if count > schema.MAX_ATTRIBUTES:
        raise ReportRefused(f"{path} has {count:,} attributes; a report uses at most {schema.MAX_ATTRIBUTES}")
    for index in range(count):
        attribute = h5a.open(holder, index=index)
        name = safe_text(attribute.name.decode("utf-8", "backslashreplace"))
        if not _attribute_allowed(attribute, name, is_dataset=isinstance(holder, h5d.DatasetID)):
            word = _type_word(attribute.get_type())
            raise ReportRefused(f"attribute '{name}' of {path} holds {word}, shape {tuple(attribute.shape)}")


def _attribute_allowed(attribute: h5a.AttrID, name: str, *, is_dataset: bool) -> bool:
    kind = attribute.get_type()
    if is_dataset and name == "DIMENSION_LIST":
        return isinstance(kind, h5t.TypeVlenID) and kind.get_super() == h5t.STD_REF_OBJ
    if is_dataset and name == "REFERENCE_LIST":
        return (
            isinstance(kind, h5t.TypeCompoundID)
            and kind.get_nmembers() == 2
            and kind.get_member_type(0) == h5t.STD_REF_OBJ
            and isinstance(kind.get_member_type(1), h5t.TypeIntegerID)
        )
    if isinstance(kind, h5t.TypeStringID):
        return bool(attribute.shape == ())
    return isinstance(kind, _NUMBER) and math.prod(attribute.shape) <= _SMALL
