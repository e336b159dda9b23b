"""YAML as people expect it: the YAML 1.2 core schema, one document, no aliases, no tags that build objects.

PyYAML follows YAML 1.1, where ``1e-3`` is text, ``on`` is true, ``010`` is eight and ``12:30`` is 750; and it
keeps the last of two equal keys. A settings file must not be read that way.

Source: YAML 1.2.2, section 10.3 (core schema), https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import yaml

from interact_cli.errors import UsageError
from interact_cli.safe_text import safe_text

MAX_BYTES = 1_000_000
MAX_DEPTH = 32


class _Refused(yaml.MarkedYAMLError):
    """Valid YAML that is not accepted here."""


class _StrictLoader(yaml.SafeLoader):
    """The core schema and nothing else."""

    # Its own and empty: else PyYAML would copy those of YAML 1.1 before it adds ours.
    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]  # types-PyYAML declares no class variable
    yaml_constructors: ClassVar[dict[str | None, Any]] = {}
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in types-PyYAML
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _Refused(problem="anchors and aliases are not accepted", problem_mark=event.start_mark)
        if getattr(event, "tag", None) is not None:
            raise _Refused(problem=f"tag '{event.tag}' is not accepted", problem_mark=event.start_mark)
        if self.depth >= MAX_DEPTH:
            raise _Refused(problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=event.start_mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


def _construct_mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise _Refused(problem="a key must be a single word or text", problem_mark=key_node.start_mark)
        if key_node.value in mapping:
            raise _Refused(problem=f"key '{key_node.value}' appears twice", problem_mark=key_node.start_mark)
        mapping[key_node.value] = loader.construct_object(value_node, deep=True)
    return mapping


def _scalar(convert: Callable[[str], Any]) -> Callable[[_StrictLoader, yaml.ScalarNode], Any]:
    def construct(_loader: _StrictLoader, node: yaml.ScalarNode) -> Any:
        try:
            return convert(node.value)
        except ValueError:
            raise _Refused(problem="a number has too many digits", problem_mark=node.start_mark) from None

    return construct


_SCALARS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "null": (r"~|null|Null|NULL|", lambda _text: None),
    "bool": (r"true|True|TRUE|false|False|FALSE", lambda text: text.lower() == "true"),
    "int": (
        r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
        lambda text: int(text, 0 if text[:2] in {"0o", "0x"} else 10),
    ),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        lambda text: float(re.sub(r"^([-+]?)\.(?=[in])", r"\1", text.lower())),
    ),
}
"""The core schema: type of a plain word -> how it is written, and what it stands for."""
for _name, (_pattern, _convert) in _SCALARS.items():
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", re.compile(f"^(?:{_pattern})$"), None)
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_name}", _scalar(_convert))
_StrictLoader.add_constructor("tag:yaml.org,2002:str", _scalar(str))
_StrictLoader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_StrictLoader.add_constructor("tag:yaml.org,2002:seq", partial(_StrictLoader.construct_sequence, deep=True))


def load_strict(text: str, where: str) -> Any:
    r"""Parse one YAML document.

    Keys are text always: ``1: a`` and ``on: a`` have the keys ``"1"`` and ``"on"``.

    Args:
        text: The document.
        where: The file that it comes from, for messages.

    Returns:
        Dictionaries, lists, text, numbers, booleans and None; None for an empty document.

    Raises:
        UsageError: not YAML, or YAML with duplicate keys, anchors, aliases, tags, several documents,
            more than 1 MB or more than 32 levels; the message names the file and the line.

    Example:
        >>> load_strict("rate: 1e-3\nswitch: on\ncode: 010\ntime: 12:30", "a.yaml")
        {'rate': 0.001, 'switch': 'on', 'code': 10, 'time': '12:30'}
    """
    name = safe_text(where)
    if len(text.encode("utf-8", "replace")) > MAX_BYTES:
        raise UsageError(f"{name}: expected at most {MAX_BYTES} bytes of YAML, got {len(text)} characters.")
    try:
        loader = _StrictLoader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        expected = f"{error.context}, " if (error.context or "").startswith("expected") and error.problem else ""
        problem = safe_text(f"{expected}{error.problem or error.context or 'not YAML'}")
        raise UsageError(f"{name}{line}: {problem}.") from None
    except yaml.YAMLError as error:
        raise UsageError(f"{name}: not YAML: {safe_text(str(error).splitlines()[0])}.") from None
