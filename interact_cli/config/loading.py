"""Settings from a file, the environment and the command line: CLI > ``INTERACT_*`` > file > default."""

from __future__ import annotations

import difflib
import errno
import os
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.safe_text import safe_text
from interact_cli.strict_yaml import MAX_BYTES, load_strict

PREFIX = "INTERACT_"
NOT_SETTINGS = frozenset({"INTERACT_DATA", "INTERACT_CACHE"})
"""Folders, read where they are used."""


def load_settings(
    config: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    assignments: Sequence[str] = (),
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge every source of settings and check the result.

    Args:
        config: YAML file.
        environ: Environment; ``INTERACT_RUN__DEVICE=cpu`` sets ``run.device``.
        assignments: ``a.b=value`` pairs of ``--set``; the value is read as YAML.
        flags: Dotted names to values from the command line; None values are left out.

    Raises:
        UsageError: an unreadable file, an unknown name, a value of the wrong type; all problems in one line.
    """
    tree = {} if config is None else read_mapping(config, "config", "Check the path after --config.")
    given = [*_from_environment(environ or {}), *map(assignment, assignments)]
    given += [(dotted, value) for dotted, value in (flags or {}).items() if value is not None]
    for dotted, value in given:
        _assign(tree, dotted.split("."), value)
    where = f" in '{safe_text(config)}', the environment or the command line" if config else ""
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        misfits = problems(error, Settings)
        raise UsageError(f"Settings do not fit{where}: {misfits}. ('interact validate' checks a file.)") from None


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, Any]]:
    # Sorted, a section (INTERACT_PLAN) comes before what is set inside it (INTERACT_PLAN__SEED).
    names = sorted(name for name in environ if name.startswith(PREFIX) and name not in NOT_SETTINGS)
    return [(name.removeprefix(PREFIX).lower().replace("__", "."), load_strict(environ[name], name)) for name in names]


def assignment(told: str) -> tuple[str, Any]:
    """Read what follows ``--set``: the dotted name of a setting, and its value as YAML.

    Raises:
        UsageError: no such form.
    """
    dotted, equals, text = told.partition("=")
    if not equals or not dotted:
        raise UsageError(f"Expected --set NAME=VALUE, for example plan.budget=2000, got '{safe_text(told)}'.")
    return dotted.strip(), load_strict(text, f"--set {safe_text(dotted)}")


def read_mapping(path: Path, kind: str, advice: str) -> dict[str, Any]:
    """Read the names and values of a YAML file; an empty one holds none.

    Nothing that is not a regular file is read, so a pipe or a device never blocks.

    Args:
        path: The file.
        kind: What it is called in a message: ``"config"``.
        advice: What to do where it does not exist, a sentence.

    Raises:
        UsageError: missing, no regular file, not UTF-8, more than 1 MB, or not strict YAML with names and values.
    """
    name = f"{kind.capitalize()} '{safe_text(path)}'"
    try:
        content = _content(path)
        text = content.decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"{name} does not exist. {advice}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = safe_text(getattr(error, "strerror", None) or "it is no UTF-8 text")
        raise UsageError(f"{name} cannot be read: {reason}.") from None
    if len(content) > MAX_BYTES:
        raise UsageError(f"{name} cannot be read: expected at most {MAX_BYTES:,} bytes of YAML.")
    tree = load_strict(text, str(path))
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise UsageError(f"Expected names and values in '{safe_text(path)}', got a {type(tree).__name__}.")
    return tree


def _content(path: Path) -> bytes:
    # Opened without waiting: a pipe would wait for somebody to write.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(MAX_BYTES + 1)


def _assign(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *parents, last = path
    for name in parents:
        child = tree.setdefault(name, {})
        if not isinstance(child, dict):
            raise UsageError(f"Expected '{safe_text(name)}' to hold names, but it was set to {safe_text(repr(child))}.")
        tree = child
    tree[last] = value


def problems(error: ValidationError, model: type[BaseModel]) -> str:
    """Write what pydantic found in one line: every field, what was expected and what arrived.

    Args:
        error: What pydantic raised.
        model: What was to be made; its fields are what an unknown name may have meant.
    """
    details = error.errors(include_url=False)
    # A list none of whose entries fits is called too short as well.
    kept = [detail for detail in details if not (detail["type"] == "too_short" and detail["input"])]
    return "; ".join(_problem(detail, model) for detail in kept)


def _problem(detail: Mapping[str, Any], model: type[BaseModel]) -> str:
    if detail["type"] == "extra_forbidden":
        *parents, unknown = detail["loc"]
        known = _fields_at(parents, model)
        near = difflib.get_close_matches(str(unknown), known, n=1)
        guess = f", did you mean '{near[0]}'?" if near else f"; known: {', '.join(known)}"
        return f"unknown name '{_place(detail['loc'])}'{guess}"
    if detail["type"] == "missing":
        return f"'{_place(detail['loc'])}' is missing"
    # A union adds the name of each of its types to the location: no field is called so.
    types = {"int", "str", "float"}
    location = [part for part in detail["loc"] if isinstance(part, int) or not ("[" in part or part in types)]
    plain = {"tuple_type": "expected a list", "too_short": "expected at least one entry"}
    message = plain.get(detail["type"], detail["msg"].removeprefix("Value error, "))
    return f"{_place(location)}: {safe_text(message)}, got {safe_text(repr(detail['input']), 60)}"


def _place(location: Sequence[str | int]) -> str:
    """``plan.budget``; entries of a list are counted from 1: ``rules[2].margin``."""
    named = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return safe_text(named.removeprefix("."))


def _fields_at(location: Sequence[Any], model: type[BaseModel]) -> list[str]:
    section = model
    for name in location:
        if isinstance(name, int):
            continue
        annotation = section.model_fields[name].annotation if name in section.model_fields else None
        inner = [annotation, *get_args(annotation)]
        models = [part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)]
        if not models:
            return []
        section = models[0]
    return list(section.model_fields)
