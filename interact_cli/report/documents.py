"""JSON in reports: one spelling of every document, and nothing in it that a strict parser refuses."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from interact_cli.errors import ReportRefused
from interact_cli.safe_text import safe_text
from interact_cli.seeding import digest

TEXT_LIMIT = 1 << 16
"""Characters of one string that a reader keeps."""


def plain(value: Any) -> Any:
    """Return ``value`` in JSON types; NaN and infinities become None.

    Example:
        >>> plain({"a": (1.0, float("nan"))})
        {'a': [1.0, None]}
    """
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value


def json_text(document: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Write a document with sorted keys and without NaN.

    ``##[``, by which a build log's runner is given commands, stands with an escape for its second sign.

    Example:
        >>> json_text({"b": float("inf"), "a": 1})
        '{"a": 1, "b": null}'
    """
    text = json.dumps(plain(document), sort_keys=True, allow_nan=False, ensure_ascii=False, indent=indent)
    return text.replace("##[", "#\\u0023[")


def content_key(identity_: Mapping[str, Any]) -> str:
    """Return a short name of a run, made of everything that decides its numbers.

    Example:
        >>> len(content_key({"data": "a"}))
        16
    """
    return digest(json.dumps(identity_, sort_keys=True))[:16]


def parse_document(text: str, where: str) -> dict[str, Any]:
    """Parse a JSON object; invisible characters in its strings come back as escapes.

    Raises:
        ReportRefused: not one JSON object, or one with NaN.
    """
    try:
        document = _clean(json.loads(text, parse_constant=_refuse_constant))
    except (ValueError, RecursionError) as error:
        raise ReportRefused(f"{where} is not a JSON document: {safe_text(error)}") from error
    if not isinstance(document, dict):
        raise ReportRefused(f"{where} holds a JSON {type(document).__name__}; expected an object")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"'{name}' is not JSON")


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return safe_text(value, limit=TEXT_LIMIT)
    if isinstance(value, dict):
        return {_clean(key): _clean(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_clean(entry) for entry in value]
    return value
