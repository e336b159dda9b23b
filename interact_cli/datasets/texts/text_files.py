"""A file of texts: one per line, JSON lines, or a column of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from interact_cli.datasets.labels import class_labels
from interact_cli.datasets.request import required_path, resolve_split
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.datasets.tables.delimited import open_table
from interact_cli.datasets.tables.parquet import open_parquet
from interact_cli.datasets.tables.records import Column, scan
from interact_cli.datasets.texts import json_lines
from interact_cli.datasets.texts.lines import line_at, lines
from interact_cli.datasets.texts.text_parts import TEXT_NAMES, Source, TextParts, choose_parts, read_text
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray, Text

EXPECTED = (
    "FILE.txt: one text per line; FILE.jsonl: one object per line; FILE.csv, .tsv (without quoting) or .parquet with a "
    f"line of names; keys or columns: {', '.join(TEXT_NAMES)} (or --text-column), and where wanted label, second, "
    "continuation, for objects id"
)


def read(request: DataRequest) -> Samples:
    """Open a file of texts; a text is read when it is asked for, as it is stored, blanks included.

    Rows are numbered from 0, blank lines and the line of names left out. Without a label the samples are unlabelled;
    labels that are whole numbers are class indices, all others are class names, indexed in sorted order.

    Raises:
        DataRefused: no such file, another format, or a label that is missing in some rows; later, of one row: no text.
        UsageError: no path, an unknown split or column, or no way to tell the text column.
    """
    split = resolve_split(request, ("all",), labels_by_column=True, texts_by_column=True)
    path = required_path(request, what="file")
    readers: dict[str, Callable[[Path, DataRequest], Source]] = {
        ".txt": _plain,
        ".jsonl": json_lines.scan,
        ".ndjson": json_lines.scan,
        ".csv": partial(_delimited, separator=",", quoted=True),
        ".tsv": partial(_delimited, separator="\t", quoted=False),
        ".parquet": _parquet,
    }
    if path.suffix.lower() not in readers:
        raise DataRefused(f"Expected a file of texts, got '{path}'. Expected {EXPECTED}.")
    source = readers[path.suffix.lower()](path, request)
    if not source.count:
        raise DataRefused(f"Expected texts in '{path}', got none. Expected {EXPECTED}.")
    prefix = f"text/{path.name}"
    samples = Samples(
        name="text",
        split=split,
        kind="text",
        ids=Numbered(prefix, source.count) if source.ids is None else [f"{prefix}/{name}" for name in source.ids],
        read=source.read,
    )
    return samples if source.parts is None else _described(samples, path, source.parts, source.label)


def _described(samples: Samples, path: Path, parts: TextParts, label: Column | None) -> Samples:
    """Add the labels, and say which columns were taken for what."""
    notes = tuple(f"{what} column: {safe_text(name)}" for what, name in parts.named() if name is not None)
    if label is None:
        return replace(samples, notes=notes)
    if set(np.array(label.texts)[np.unique(label.positions)].tolist()) == {"-1"}:
        return replace(samples, notes=(*notes, "all labels are -1, which stands for hidden: samples are unlabelled"))
    labels = class_labels(label.texts, label.positions, f"label column '{safe_text(parts.label)}' of '{path}'")
    return replace(samples, labels=labels.indices, class_names=labels.class_names, notes=(*notes, *labels.notes))


def _plain(path: Path, request: DataRequest) -> Source:
    for flag, column in (("--text-column", request.text_column), ("--label-column", request.label_column)):
        if column is not None:
            raise UsageError(
                f"{flag} '{safe_text(column)}': '{path}' has one text per line and no columns. Leave it out."
            )
    starts = np.array([line.start for line in lines(path)], np.int64)
    return Source(starts.size, partial(_line, path, starts))


def _line(path: Path, starts: IntArray, index: int) -> Text:
    return Text(line_at(path, starts[index]))


def _delimited(path: Path, request: DataRequest, *, separator: str, quoted: bool) -> Source:
    table = open_table(path, separator, quoted=quoted, expected=EXPECTED)
    parts = choose_parts(path, table.names, request)
    records, columns = scan(table, [parts.label] if parts.label is not None else [])
    label = columns[parts.label] if parts.label is not None else None
    return Source(len(records), partial(read_text, path, parts, records.row), parts, label)


def _parquet(path: Path, request: DataRequest) -> Source:
    table = open_parquet(path)
    parts = choose_parts(path, table.names, request)
    label = table.column(parts.label) if parts.label is not None else None
    find = table.groups(parts.columns, lambda group: group)
    return Source(len(table), partial(read_text, path, parts, partial(_entry, find)), parts, label)


def _entry(find: Callable[[int], tuple[pa.Table, int]], index: int) -> dict[str, Any]:
    group, place = find(index)
    record: dict[str, Any] = group.slice(place, 1).to_pylist()[0]
    return record
