"""A folder that Hugging Face's `datasets` wrote with ``save_to_disk``, read with pyarrow alone.

Source: https://huggingface.co/docs/datasets/process#save
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from interact_cli.datasets.images.pictures import decode_picture
from interact_cli.datasets.request import required_path
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.datasets.saved.arrow_stream import value_at
from interact_cli.datasets.saved.files import LAYOUT, Table, saved_split
from interact_cli.datasets.saved.labels import label_column, read_labels
from interact_cli.datasets.tables.parquet import is_text
from interact_cli.datasets.texts.text_parts import CONTINUATION_NAMES, SECOND_NAMES, TEXT_NAMES
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, InputKind, Text

EXPECTED = LAYOUT.expected

_PAIRS = (("premise", "hypothesis"), ("question1", "question2"), ("question", "sentence"))
"""Names of two sentences that belong together, besides those that every reader of texts knows."""


def read(request: DataRequest) -> Samples:
    """Open a saved folder: images, texts, or numeric columns, by what its columns hold.

    An image column makes images; else string columns make texts (``request.text_column`` names one, or two with a
    comma between them); else the numeric columns make rows. The label is ``request.label_column``, or the only class
    column. The library `datasets` is not needed. Images are read from the bytes that the folder holds; paths that are
    stored instead are never followed.

    Raises:
        DataRefused: not such a folder, damaged, or with nothing that can be read.
        UsageError: no path, an unknown split or column, or columns among which the user has to choose.
    """
    required_path(request, what="path")
    folder, split = saved_split(request)
    table = Table.of(folder)
    label = label_column(table.features, table.rows, request.label_column)
    part = _part(table, [name for name in table.rows.column_names if name != label], request.text_column)
    labels = read_labels(table.features, table.rows, label)
    left = [name for name in table.rows.column_names if name not in {*part.columns, label}]
    notes = (f"column(s) not read: {', '.join(safe_text(name, 60) for name in left)}",) if left else ()
    return Samples(
        name=LAYOUT.name,
        split=split,
        kind=part.kind,
        ids=Numbered(f"{LAYOUT.name}/{split}", table.rows.num_rows),
        read=part.read,
        labels=labels.indices,
        class_names=labels.class_names,
        column_names=tuple(part.columns) if part.kind == "columns" else (),
        notes=(*labels.notes, *notes),
    )


@dataclass(frozen=True)
class _Part:
    """What is read of every row."""

    kind: InputKind
    read: Callable[[int], Any]
    columns: list[str]


def _part(table: Table, names: list[str], text_column: str | None) -> _Part:
    """Choose among the columns that are not the label."""
    images = [name for name in names if table.kind(name) == "Image"]
    texts = [name for name in names if is_text(table.rows.schema.field(name).type)]
    if images and text_column is None:
        return _image_part(table, images)
    if texts or text_column is not None:
        return _text_part(table, texts, text_column)
    return _number_part(table, names)


def _image_part(table: Table, images: list[str]) -> _Part:
    if len(images) > 1:
        raise DataRefused(
            f"Expected one image column in '{safe_text(table.folder)}', got {', '.join(map(safe_text, images))}. "
            "Save the data set with one of them."
        )
    name = images[0]
    stored = table.rows.schema.field(name).type
    at = stored.get_field_index("bytes") if pa.types.is_struct(stored) else -1
    if at < 0 or not _is_binary(stored.field(at).type):
        raise DataRefused(f"Expected the bytes of pictures in {table.place(name)}, got {safe_text(str(stored))}.")
    return _Part("image", partial(_image, table.place(name), table.rows.column(name)), [name])


def _is_binary(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _image(place: str, column: pa.ChunkedArray, index: int) -> Image.Image:
    where = f"row {index} of {place}"
    value = value_at(column, index, where) or {}
    content = value.get("bytes")
    if content is None and value.get("path"):
        raise DataRefused(
            f"Expected the bytes of the picture in {where}, got only a path, '{safe_text(value['path'])}', which "
            "is not followed. Load the data set with 'datasets' and call save_to_disk, which embeds the files."
        )
    return decode_picture(content or b"", where)


def _text_part(table: Table, texts: list[str], text_column: str | None) -> _Part:
    columns = _text_columns(table, texts, text_column)
    stored = {part: (table.place(name), table.rows.column(name)) for part, name in columns.items()}
    return _Part("text", partial(_text, stored), list(columns.values()))


def _text_columns(table: Table, texts: list[str], text_column: str | None) -> dict[str, str]:
    """Return part of `Text` -> column."""
    chosen = _asked_texts(texts, text_column) if text_column is not None else _usual_texts(texts)
    if not chosen:
        names = ", ".join(safe_text(name) for name in texts)
        raise UsageError(
            f"Expected to know which of the text columns of '{safe_text(table.folder)}' to read: {names}. Name it with "
            "--text-column NAME, or a pair with --text-column NAME,NAME."
        )
    columns = dict(zip(("text", "second"), chosen, strict=False))
    for part, known in (("second", SECOND_NAMES), ("continuation", CONTINUATION_NAMES)):
        usual = next((name for name in known if name in texts and name not in chosen), None)
        if part not in columns and usual is not None:
            columns[part] = usual
    return columns


def _asked_texts(texts: list[str], text_column: str) -> list[str]:
    columns = [text_column] if text_column in texts else text_column.split(",")
    for name in columns:
        if name not in texts:
            raise UnknownNameError("text column", safe_text(name), [safe_text(text) for text in texts])
    if len(columns) > 2:
        raise UsageError(f"Expected one text column, or two with a comma between, got '{safe_text(text_column)}'.")
    return columns


def _usual_texts(texts: list[str]) -> list[str]:
    """Return the only text column, a pair that goes by known names, or the column of a usual name."""
    pair = next((list(pair) for pair in _PAIRS if set(pair) <= set(texts)), [])
    return texts if len(texts) == 1 else pair or [name for name in TEXT_NAMES if name in texts][:1]


def _text(stored: dict[str, tuple[str, pa.ChunkedArray]], index: int) -> Text:
    parts = {part: value_at(column, index, f"row {index} of {place}") for part, (place, column) in stored.items()}
    if parts["text"] is None:
        raise DataRefused(f"Expected a text in row {index} of {stored['text'][0]}, got nothing.")
    return Text(parts.pop("text"), **{part: value for part, value in parts.items() if value})


def _number_part(table: Table, rest: list[str]) -> _Part:
    kinds = {name: table.rows.schema.field(name).type for name in rest}
    numeric = [name for name, kind in kinds.items() if _is_number(kind)]
    if not numeric:
        shown = ", ".join(f"{safe_text(name, 60)} ({safe_text(str(kind), 60)})" for name, kind in kinds.items())
        raise DataRefused(
            f"Expected a column of images, texts or numbers in '{safe_text(table.folder)}', got: {shown or 'none'}."
        )
    rows = np.column_stack([_numbers(table.rows.column(name)) for name in numeric])
    rows.setflags(write=False)
    return _Part("columns", rows.__getitem__, numeric)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _numbers(column: pa.ChunkedArray) -> FloatArray:
    """Return a column as float64; what is missing becomes NaN."""
    chunks = [chunk.to_numpy(zero_copy_only=False).astype(np.float64) for chunk in column.chunks]
    return np.concatenate(chunks)
