"""A comparison and a verdict as one JSON document: every number of the record, for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from interact_cli.report.documents import json_text
from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Comparison, Verdict

SCHEMA_VERSION = "1.0"
COMPARISON_FORMAT = "interact-comparison-json"
VERDICT_FORMAT = "interact-verdict-json"
_UNUSUAL = re.compile(r"[^\n -~]|#(?=#)")
"""What may be invisible, and what a runner of a CI service could take for a command: ``::`` opens no line of JSON."""


def comparison_document(comparison: Comparison) -> str:
    """Write a comparison as one JSON document; NaN and infinities become null.

    Args:
        comparison: What differs between two reports.

    Returns:
        Indented JSON with sorted keys, ending in a newline. Invisible characters, and what a runner would take for a
        command, are written as JSON's escapes: a parser gets back every string as it was.
    """
    return _document(COMPARISON_FORMAT, {**asdict(comparison), "exit_code": 0})


def verdict_document(verdict: Verdict) -> str:
    """Write a verdict as one JSON document; NaN and infinities become null.

    Args:
        verdict: What a gate says.

    Returns:
        As `comparison_document`.
    """
    return _document(VERDICT_FORMAT, asdict(verdict))


def _document(name: str, content: Mapping[str, Any]) -> str:
    text = json_text({"format": name, "schema_version": SCHEMA_VERSION, **content}, indent=2)
    return _UNUSUAL.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character == "#":
        return r"\u0023"
    return character if safe_text(character) == character else json.dumps(character)[1:-1]
