"""Build the records of a report anew from JSON values and arrays, each field by the builder that stands here for it.

The table is the wire's own: what an annotation looks like from inside is another thing in every version of Python and
numpy. A field that a record gains must be given a builder, or be named among those that stay behind: a test holds
the table against the records.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.report.hdf5.schema import ROLES
from interact_cli.results import Finding, Measurement, PlayerTable, Quantity, Report, SampleTable
from interact_cli.safe_text import safe_text
from interact_cli.types import Skipped

Arrays = list[npt.NDArray[Any]]
Builder = Callable[[Any, Arrays, str], Any]
"""What arrived, the arrays beside it, and where it stands -> the value of a field."""


class WireError(ValueError):
    """No report: what arrived is none, or what should leave is too large."""


def made(kind: type) -> Builder:
    """Build a record.

    Args:
        kind: A key of `FIELDS`; what arrives for it is a JSON object with the fields that travel.

    Raises:
        WireError: a field is missing, unknown, or not what it is to be.
    """

    def build(packed: Any, arrays: Arrays, _where: str) -> Any:
        fields = FIELDS[kind]
        if not isinstance(packed, dict) or packed.keys() != fields.keys():
            raise WireError(f"{kind.__name__} has other fields")
        return kind(**{name: of(packed[name], arrays, f"{kind.__name__}.{name}") for name, of in fields.items()})

    return build


def visible_text(packed: Any, _arrays: Arrays, where: str) -> str:
    """Return a text that can be printed as it is.

    Raises:
        WireError: no text, or one with invisible characters, which the reader had escaped.
    """
    if not isinstance(packed, str):
        raise WireError(f"{where} is not text")
    if not packed.isprintable() and safe_text(packed, limit=len(packed)) != packed:
        raise WireError(f"{where} holds invisible characters")
    return packed


def _if(right: Callable[[Any], bool], expected: str) -> Builder:
    """A JSON value as it arrived, if it is right."""

    def build(packed: Any, _arrays: Arrays, where: str) -> Any:
        if not right(packed):
            raise WireError(f"{where} is not {expected}")
        return packed

    return build


def _word(*words: str) -> Builder:
    return _if(lambda packed: packed in words, f"one of {', '.join(words)}")


def _exactly(kind: type) -> Builder:
    return _if(lambda packed: type(packed) is kind, kind.__name__)


def _optional(builder: Builder) -> Builder:
    def build(packed: Any, arrays: Arrays, where: str) -> Any:
        return None if packed is None else builder(packed, arrays, where)

    return build


def _many(builder: Builder) -> Builder:
    def build(packed: Any, arrays: Arrays, where: str) -> tuple[Any, ...]:
        if not isinstance(packed, list):
            raise WireError(f"{where} is not a list")
        return tuple(builder(entry, arrays, where) for entry in packed)

    return build


def _two(builder: Builder) -> Builder:
    def build(packed: Any, arrays: Arrays, where: str) -> tuple[Any, ...]:
        entries: tuple[Any, ...] = _many(builder)(packed, arrays, where)
        if len(entries) != 2:
            raise WireError(f"{where} has {len(entries)} entries")
        return entries

    return build


def _table(builder: Builder) -> Builder:
    def build(packed: Any, arrays: Arrays, where: str) -> dict[str, Any]:
        if not isinstance(packed, dict):
            raise WireError(f"{where} is not a table")
        return {visible_text(key, arrays, where): builder(entry, arrays, where) for key, entry in packed.items()}

    return build


def _document(packed: Any, arrays: Arrays, where: str) -> Any:
    if isinstance(packed, str):
        return visible_text(packed, arrays, where)
    if isinstance(packed, dict):
        return _table(_document)(packed, arrays, where)
    if isinstance(packed, list):
        return [_document(entry, arrays, where) for entry in packed]
    return packed


def _array(dtype: npt.DTypeLike | None = None) -> Builder:
    """An array of this type, or of any that travels."""

    def build(packed: Any, arrays: Arrays, where: str) -> npt.NDArray[Any]:
        if type(packed) is not int or not 0 <= packed < len(arrays):
            raise WireError(f"{where} is not the number of an array")
        array = arrays[packed]
        if dtype is not None and array.dtype != np.dtype(dtype):
            raise WireError(f"{where} holds {array.dtype}; expected {np.dtype(dtype)}")
        return array

    return build


_whole, _real = _exactly(int), _exactly(float)
_integers, _floats, _truths = _array(np.int64), _array(np.float64), _array(np.bool_)

FIELDS: dict[type, dict[str, Builder]] = {
    Quantity: {
        "name": visible_text,
        "dims": _many(visible_text),
        "values": _array(),
        "unit": visible_text,
        "meaning": visible_text,
        "standard_errors": _optional(_floats),
        "low": _optional(_floats),
        "high": _optional(_floats),
        "exact": _optional(_truths),
        "statistic": visible_text,
        "parts": _many(visible_text),
        "label": visible_text,
        "role": _word(*ROLES),
    },
    Finding: {"word": visible_text, "sentence": visible_text, "facts": _table(_real), "says": _many(visible_text)},
    Measurement: {
        "metric": visible_text,
        "version": _whole,
        "source": visible_text,
        "estimator": visible_text,
        "per_sample": _many(made(Quantity)),
        "summary": _many(made(Quantity)),
        "coordinates": _table(_array()),
        "findings": _many(made(Finding)),
        "notes": _many(visible_text),
        "of": visible_text,
    },
    Skipped: {"id": visible_text, "reason": visible_text},
    SampleTable: {
        "ids": _many(visible_text),
        "labels": _integers,
        "predicted": _integers,
        "included": _truths,
        "full_value": _floats,
        "empty_value": _floats,
        "asked": _integers,
        "unique": _integers,
        "evaluated": _integers,
        "skipped": _many(made(Skipped)),
        "accuracy": _real,
        "chance": _real,
    },
    PlayerTable: {
        "names": _many(visible_text),
        "spec": visible_text,
        "owner": _integers,
        "baseline": _array(np.float32),
        "baseline_name": visible_text,
        "grid": _optional(_two(_whole)),
        "own_names": _many(_many(visible_text)),
        "entry": visible_text,
        "spans": _optional(_integers),
    },
    Report: {
        "config": _table(_document),
        "provenance": _table(_document),
        "run": _table(_document),
        "samples": made(SampleTable),
        "players": made(PlayerTable),
        "measurements": _many(made(Measurement)),
        "status": _word("complete", "limited"),
        "notes": _many(visible_text),
    },
}
"""What may be built, and nothing else: record -> its fields that travel -> how each is built."""
LEFT_OUT: dict[type, tuple[str, ...]] = {Report: ("records", "path"), SampleTable: ("pictures", "texts")}
"""Fields that do not travel; they are built at their defaults."""
