"""Settings from a file, the environment and the command line: CLI > ``INTERACT_*`` > file > default."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
    tree = {} if config is None else _read(config)
    given = [*_from_environment(environ or {}), *map(_from_assignment, assignments)]
    given += [(dotted.split("."), value) for dotted, value in (flags or {}).items() if value is not None]
    for path, value in given:
        _assign(tree, path, value)
    try:
        return Settings.model_validate(tree)
    except ValidationError as error:
        raise UsageError(_told(error, config)) from None


def _from_environment(environ: Mapping[str, str]) -> list[tuple[list[str], Any]]:
    names = sorted(name for name in environ if name.startswith(PREFIX) and name not in NOT_SETTINGS)
    return [(name.removeprefix(PREFIX).lower().split("__"), load_strict(environ[name], name)) for name in names]


def _from_assignment(assignment: str) -> tuple[list[str], Any]:
    dotted, equals, text = assignment.partition("=")
    if not equals or not dotted:
        raise UsageError(f"Expected --set NAME=VALUE, for example plan.budget=2000, got '{safe_text(assignment)}'.")
    return dotted.strip().split("."), load_strict(text, f"--set {safe_text(dotted)}")


def _read(config: Path) -> dict[str, Any]:
    try:
        with config.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8")
    except FileNotFoundError:
        raise UsageError(f"Config '{safe_text(config)}' does not exist. Check the path after --config.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = safe_text(getattr(error, "strerror", None) or "it is no UTF-8 text")
        raise UsageError(f"Config '{safe_text(config)}' cannot be read: {reason}.") from None
    tree = load_strict(text, str(config))
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise UsageError(f"Expected names and values in '{safe_text(config)}', got a {type(tree).__name__}.")
    return tree


def _assign(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *parents, last = path
    for name in parents:
        child = tree.setdefault(name, {})
        if not isinstance(child, dict):
            raise UsageError(f"Expected '{safe_text(name)}' to hold names, but it was set to {safe_text(repr(child))}.")
        tree = child
    tree[last] = value


def _told(error: ValidationError, config: Path | None) -> str:
    problems = [_problem(detail) for detail in error.errors(include_url=False)]
    where = f" in '{safe_text(config)}', the environment or the command line" if config else ""
    return f"Settings do not fit{where}: {'; '.join(problems)}. ('interact validate' checks a file.)"


def _problem(detail: Mapping[str, Any]) -> str:
    if detail["type"] == "extra_forbidden":
        *parents, unknown = detail["loc"]
        name = safe_text(".".join(map(str, detail["loc"])))
        known = _fields_at(parents)
        near = difflib.get_close_matches(str(unknown), known, n=1)
        guess = f", did you mean '{near[0]}'?" if near else f"; known: {', '.join(known)}"
        return f"unknown name '{name}'{guess}"
    # A union adds the name of each of its types to the location: no field is called so.
    location = [part for part in map(str, detail["loc"]) if "[" not in part and part not in {"int", "str"}]
    name = safe_text(".".join(location))
    return f"{name}: {safe_text(detail['msg'])}, got {safe_text(repr(detail['input']), 60)}"


def _fields_at(location: Sequence[Any]) -> list[str]:
    section: type[BaseModel] = Settings
    for name in location:
        annotation = section.model_fields[name].annotation if name in section.model_fields else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        section = annotation
    return list(section.model_fields)
