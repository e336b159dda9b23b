"""Files of Arrow's stream format, mapped into memory: nothing is copied, unpacked or handed to foreign code.

Source: https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pyarrow as pa

from interact_cli.errors import DataRefused
from interact_cli.safe_text import safe_text

_EXTENSION = b"ARROW:extension:name"
_COMPRESSION_FIELD = 3
"""Of the table RecordBatch in Arrow's Message.fbs."""


def open_stream(path: Path) -> pa.Table:
    """Map the record batches of one file.

    Columns of extension types are refused before pyarrow sees their description, as reading one may run code that is
    registered for it; compressed batches are refused, as nothing bounds what they unpack to.

    Raises:
        DataRefused: no such file, not of this format, truncated, compressed, or with an extension type.
    """
    if not path.is_file():
        raise DataRefused(f"Expected an Arrow file at '{safe_text(path)}', got no regular file.")
    try:
        source = pa.memory_map(str(path))
        _inspect(source, path)
        source.seek(0)
        table = pa.ipc.open_stream(source).read_all()
        table.validate()
        if not all(name.isprintable() for name in table.column_names):
            raise ValueError("a column name that cannot be printed")
    except (pa.ArrowException, OSError, ValueError, struct.error, IndexError) as error:
        raise DataRefused(
            f"Expected Arrow's stream format in '{safe_text(path)}', got something else ({safe_text(error)}). "
            "Is the file complete? Save the data set again."
        ) from error
    return table


def _inspect(source: Any, path: Path) -> None:
    """Walk the messages without interpreting their bodies."""
    messages = pa.ipc.MessageReader.open_stream(source)
    while True:
        try:
            message = messages.read_next_message()
        except StopIteration:
            return
        described = message.metadata.to_pybytes()
        if message.type == "schema" and _EXTENSION in described:
            raise DataRefused(
                f"Expected plain columns in '{safe_text(path)}', got one of an extension type, which is not read. "
                "Drop the column (arrays of several axes, as Array2D, are such), then save the data set again."
            )
        if message.type not in {"schema", "record batch"} or _is_compressed(described):
            raise DataRefused(
                f"Expected plain record batches in '{safe_text(path)}', got a compressed or dictionary-encoded one. "
                "Save the data set again with save_to_disk."
            )


def _is_compressed(message: bytes) -> bool:
    """Whether a record batch names a compression, from the flat buffer that describes it.

    A table begins with the distance back to its vtable; a vtable holds two sizes, then each field's place in the table,
    0 where the field is absent. In Message, field 2 is the header.
    """
    root = struct.unpack_from("<I", message)[0]
    header = _field(message, root, 2)
    if not header:
        return False
    batch = header + struct.unpack_from("<I", message, header)[0]
    is_batch = message[_field(message, root, 1)] == 3  # 3 is RecordBatch among the headers of Message.fbs
    return is_batch and bool(_field(message, batch, _COMPRESSION_FIELD))


def _field(message: bytes, table: int, number: int) -> int:
    """Return where a field of a table stands; 0 where it is absent."""
    vtable = table - struct.unpack_from("<i", message, table)[0]
    n_bytes = struct.unpack_from("<H", message, vtable)[0]
    place = 4 + 2 * number
    offset = struct.unpack_from("<H", message, vtable + place)[0] if place < n_bytes else 0
    return table + int(offset) if offset else 0


def value_at(column: pa.ChunkedArray, index: int, name: str) -> Any:
    """Return one value as a Python object, once its bytes are known to be sound.

    Args:
        column: The column.
        index: The row.
        name: What to call the value in a message.

    Raises:
        DataRefused: the file says something impossible of this value.
    """
    try:
        cell = column.slice(index, 1)
        cell.validate(full=True)
        return cell[0].as_py()
    except (pa.ArrowException, ValueError, OSError) as error:
        raise DataRefused(f"Cannot read {name}: {safe_text(error)}.") from error
