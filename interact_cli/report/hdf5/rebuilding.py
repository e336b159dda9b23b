"""Build the records of a report anew from JSON values and arrays, each field held against its own annotation.

A field that a record gains is asked for and built like every other; one annotated with a kind that is not in the tables
below is a `TypeError` on the first report, so that none can be forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from interact_cli.results import Finding, Measurement, PlayerTable, Quantity, Report, SampleTable
from interact_cli.safe_text import safe_text
from interact_cli.types import Skipped

RECORDS = (Report, SampleTable, PlayerTable, Measurement, Quantity, Finding, Skipped)
"""What may be built, and nothing else."""
LEFT_OUT: dict[type, tuple[str, ...]] = {Report: ("records",), SampleTable: ("pictures", "texts")}
"""Fields that do not travel; they are built at their defaults."""


def _travelling(kind: type) -> dict[str, Any]:
    hints, left_out = get_type_hints(kind), LEFT_OUT.get(kind, ())
    return {field.name: hints[field.name] for field in fields(kind) if field.name not in left_out}


FIELDS: dict[type, dict[str, Any]] = {kind: _travelling(kind) for kind in RECORDS}
"""Record -> the fields that travel, with their annotations."""

Arrays = list[npt.NDArray[Any]]
R = TypeVar("R")


class WireError(ValueError):
    """No report: what arrived is none, or what should leave is too large."""


def record(packed: Any, kind: type[R], arrays: Arrays) -> R:
    """Build one record.

    Args:
        packed: A JSON object with the fields that travel; an array is its number in ``arrays``.
        kind: One of `RECORDS`.
        arrays: What arrived beside the JSON.

    Raises:
        WireError: a field is missing, unknown, or not what its annotation says.
        TypeError: a record of this package has a field of a kind that cannot travel.
    """
    hints = FIELDS[kind]
    if not isinstance(packed, dict) or packed.keys() != hints.keys():
        raise WireError(f"{kind.__name__} has other fields")
    return kind(**{name: _value(packed[name], hint, arrays, f"{kind.__name__}.{name}") for name, hint in hints.items()})


def visible_text(packed: Any, where: str) -> str:
    """Return a text that can be printed as it is.

    Raises:
        WireError: no text, or one with invisible characters, which the reader had escaped.
    """
    if not isinstance(packed, str):
        raise WireError(f"{where} is not text")
    if not packed.isprintable() and safe_text(packed, limit=len(packed)) != packed:
        raise WireError(f"{where} holds invisible characters")
    return packed


def _value(packed: Any, hint: Any, arrays: Arrays, where: str) -> Any:
    if hint in RECORDS:
        return record(packed, hint, arrays)
    if hint in _PLAIN:
        return _PLAIN[hint](packed, where)
    build = _COMPOSED.get(get_origin(hint))
    if build is None:
        raise TypeError(f"{where} is annotated {hint}, which cannot travel")
    return build(packed, get_args(hint), arrays, where)


def _exactly(kind: type) -> Callable[[Any, str], Any]:
    def check(packed: Any, where: str) -> Any:
        if type(packed) is not kind:
            raise WireError(f"{where} is not {kind.__name__}")
        return packed

    return check


def _document(packed: Any, where: str) -> Any:
    if isinstance(packed, str):
        return visible_text(packed, where)
    if isinstance(packed, dict):
        return {visible_text(key, where): _document(entry, where) for key, entry in packed.items()}
    if isinstance(packed, list):
        return [_document(entry, where) for entry in packed]
    return packed


def _optional(packed: Any, kinds: tuple[Any, ...], arrays: Arrays, where: str) -> Any:
    (kind,) = (kind for kind in kinds if kind is not NoneType)
    return None if packed is None else _value(packed, kind, arrays, where)


def _literal(packed: Any, words: tuple[Any, ...], arrays: Arrays, where: str) -> Any:
    del arrays
    if packed not in words:
        raise WireError(f"{where} is not one of {', '.join(map(str, words))}")
    return packed


def _tuple(packed: Any, kinds: tuple[Any, ...], arrays: Arrays, where: str) -> tuple[Any, ...]:
    if not isinstance(packed, list):
        raise WireError(f"{where} is not a list")
    if kinds[-1] is Ellipsis:
        kinds = (kinds[0],) * len(packed)
    if len(kinds) != len(packed):
        raise WireError(f"{where} has {len(packed)} entries")
    return tuple(_value(entry, kind, arrays, where) for entry, kind in zip(packed, kinds, strict=True))


def _mapping(packed: Any, kinds: tuple[Any, ...], arrays: Arrays, where: str) -> dict[str, Any]:
    if not isinstance(packed, dict):
        raise WireError(f"{where} is not a table")
    return {visible_text(key, where): _value(entry, kinds[1], arrays, where) for key, entry in packed.items()}


def _array(packed: Any, kinds: tuple[Any, ...], arrays: Arrays, where: str) -> npt.NDArray[Any]:
    if type(packed) is not int or not 0 <= packed < len(arrays):
        raise WireError(f"{where} is not the number of an array")
    array, (scalar,) = arrays[packed], get_args(kinds[1])
    if scalar is not Any and array.dtype != np.dtype(scalar):
        raise WireError(f"{where} holds {array.dtype}; expected {np.dtype(scalar)}")
    return array


_PLAIN: dict[Any, Callable[[Any, str], Any]] = {
    str: visible_text,
    Any: _document,
    **{kind: _exactly(kind) for kind in (int, float, bool)},
}
_COMPOSED: dict[Any, Callable[[Any, tuple[Any, ...], Arrays, str], Any]] = {
    UnionType: _optional,
    Union: _optional,
    Literal: _literal,
    tuple: _tuple,
    Mapping: _mapping,
    np.ndarray: _array,
}
