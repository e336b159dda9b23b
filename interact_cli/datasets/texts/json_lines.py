"""Texts as JSON lines: one object per line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from interact_cli.datasets.labels import LABEL_NAMES
from interact_cli.datasets.tables.records import MAX_DISTINCT, Column
from interact_cli.datasets.texts.lines import line_at, lines
from interact_cli.datasets.texts.text_parts import Source, choose_parts, read_text
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text

_ID = "id"
_MAX_ID = 200
"""Characters of an id."""


def scan(path: Path, request: DataRequest) -> Source:
    """Find the objects, and read their labels and ids. A key that one object has stands for the same part in all.

    Each object is parsed again when its text is asked for.

    Raises:
        DataRefused: a line is no object or names a key twice, only some objects have a label or an id, or an id stands
            twice.
        UsageError: an unknown key was asked for, or there is no way to tell the text.
    """
    starts: list[int] = []
    kept: list[dict[str, Any]] = []
    keys: dict[str, None] = {}
    for row, line in enumerate(lines(path)):
        record = _parsed(line.text, path, row)
        starts.append(line.start)
        kept.append({key: value for key, value in record.items() if _may_describe(key, request)})
        keys |= dict.fromkeys(record)
    if not starts:
        raise DataRefused(f"Expected an object per line in '{path}', got an empty file.")
    parts = choose_parts(path, list(keys), request)
    ids = _unique(path, _texts(path, _ID, kept))
    read = partial(read_text, path, parts, partial(_object, path, starts))
    return Source(len(starts), read, parts, _column(path, parts.label, kept), ids)


def _object(path: Path, starts: Sequence[int], row: int) -> dict[str, Any]:
    return _parsed(line_at(path, starts[row]), path, row)


def _may_describe(key: str, request: DataRequest) -> bool:
    """Whether a key may be that of the id or the label; texts are left in the file."""
    return key in {_ID, request.label_column} or key.lower() in LABEL_NAMES


def _parsed(text: str, path: Path, row: int) -> dict[str, Any]:
    try:
        record = json.loads(text, object_pairs_hook=_distinct)
    except RecursionError as error:
        raise DataRefused(f"Row {row} of '{path}' is nested too deeply. Expected one flat object per line.") from error
    except ValueError as error:
        raise DataRefused(
            f"Row {row} of '{path}' is no JSON: {safe_text(error)}. Expected one object per line, such as "
            '{"text": "..."}.'
        ) from error
    if not isinstance(record, dict):
        raise DataRefused(f"Expected an object in row {row} of '{path}', got {safe_text(text, 40)}.")
    return record


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        raise ValueError("it names a key twice")
    return record


def _texts(path: Path, key: str, kept: Sequence[Mapping[str, Any]]) -> list[str] | None:
    """Return labels or ids as texts; None where no object has one."""
    values = [record.get(key) for record in kept]
    if all(value is None for value in values):
        return None
    for row, value in enumerate(values):
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise DataRefused(
                f"Expected a text or a whole number as '{safe_text(key)}' in row {row} of '{path}', got "
                f"{safe_text(value, 40)}: give every object one, or none."
            )
    return [str(value) for value in values]


def _column(path: Path, key: str | None, kept: Sequence[Mapping[str, Any]]) -> Column | None:
    texts = None if key is None else _texts(path, key, kept)
    if texts is None:
        return None
    seen: dict[str, int] = {}
    positions = np.array([seen.setdefault(text, len(seen)) for text in texts], np.int64)
    if len(seen) > MAX_DISTINCT:
        raise DataRefused(f"Expected at most {MAX_DISTINCT:,} different labels in '{path}', got {len(seen):,}.")
    return Column(tuple(seen), positions)


def _unique(path: Path, ids: list[str] | None) -> list[str] | None:
    seen: set[str] = set()
    for name in ids or ():
        if name in seen or not name.isprintable() or not 0 < len(name) <= _MAX_ID:
            raise DataRefused(
                f"Expected ids of 1 to {_MAX_ID} printable characters, each once, in '{path}', got "
                f"'{safe_text(name, 40)}'{' twice' if name in seen else ''}."
            )
        seen.add(name)
    return ids
