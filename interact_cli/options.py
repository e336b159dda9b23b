"""Options of a metric: each is declared once, on a field of the metric, with kind, default, range and a line of help.

A metric with options is a frozen dataclass::

    @dataclass(frozen=True)
    class Halved:
        share: float = option(0.5, "Share of the players that stay.", above=0, below=1)

``-m halved:share=0.3`` sets it, several are separated by commas, entries of a list by ``+``; in YAML it is a mapping.
The metric reads it as ``self.share``. Everything else (messages, ``interact list metrics halved``, the identity of a
run, what a gate compares) follows from the declaration.

An option with a flag of its own (``flag=True``) can also be set for every metric that has it, by ``--share`` or
``plan.share``. What several metrics have in common is declared in one group, a dataclass that they inherit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from typing import Any, TypeVar

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.safe_text import safe_text

T = TypeVar("T")
_KEY = "interact option"
LARGEST = 10**9
"""Largest count that an option takes: far beyond any run, and far below what overflows."""


@dataclass(frozen=True)
class Option:
    """One thing that a metric can be told."""

    name: str
    """As in Python and in a report."""
    default: Any
    help: str
    """One line, ending in a full stop."""
    kind: type
    """``int``, ``float``, ``bool`` or ``str``: of the value, or of each entry of a list."""
    choices: tuple[str, ...] = ()
    at_least: float = -math.inf
    above: float = -math.inf
    below: float = math.inf
    several: bool = False
    """True where the value is a list, written ``a+b`` on the command line."""
    flag: bool = False
    """True where ``--NAME`` sets it for every metric that has it."""
    usual: bool = False
    """True where most metrics have it: set for all and read by none of them, it is remarked on, not refused."""
    metavar: str = ""
    """How the value is shown in help: ``"all|radius:R"``."""
    setting: str = ""
    """The setting that holds it, always for all metrics; empty where ``-m`` can set it for one."""

    @property
    def typed(self) -> str:
        """The name as typed: with ``-`` for ``_``."""
        return self.name.replace("_", "-")

    @property
    def shape(self) -> str | None:
        """How the value is shown in help; None leaves it to its kind."""
        return self.metavar or "|".join(self.choices) or None

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        what = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}[self.kind]
        if self.several:
            what = f"a list (a+b), each {what}"
        ends = (("above", self.above), ("from", self.at_least), ("below", self.below))
        bounds = " and ".join(f"{word} {end:g}" for word, end in ends if math.isfinite(end))
        return f"{what} {bounds}".strip()

    def read(self, value: Any, metric: str) -> Any:
        """Return a value as the metric takes it: from the text of a command line, or from YAML or JSON.

        Args:
            value: What was given.
            metric: Whose option this is, for the message.

        Raises:
            UnknownNameError: none of the choices; the message suggests the nearest.
            UsageError: it is nothing that the declaration allows.
        """
        if value is None and self.default is None:
            return None
        given: Iterable[Any] = (value,)
        if self.several:
            given = value.split("+") if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
        for entry in given:
            if self.choices and isinstance(entry, str) and entry not in self.choices:
                kind = f"{self.typed} of '{safe_text(metric, 60)}':"
                raise UnknownNameError(kind, safe_text(entry, 60), self.choices)
        read = [self._read_one(entry) for entry in given]
        if not read or any(entry is None for entry in read):
            raise UsageError(
                f"Expected {self.typed} of '{safe_text(metric, 60)}' to be {self.expected}, "
                f"got {safe_text(repr(value), 60)}."
            )
        return tuple(read) if self.several else read[0]

    def _read_one(self, value: Any) -> Any:
        """Return one value; None where it does not fit."""
        if isinstance(value, str) and self.kind is not str:
            value = _parsed(value, self.kind)
        if self.kind is float and type(value) is int and abs(value) <= LARGEST:
            value = float(value)
        # Not by isinstance: True is an int.
        if type(value) is not self.kind or value == "" or (self.choices and value not in self.choices):
            return None
        return value if self.kind not in (int, float) or self._inside(value) else None

    def _inside(self, value: Any) -> bool:
        return bool(value >= self.at_least and self.above < value < self.below and abs(value) <= LARGEST)


def _parsed(text: str, kind: type) -> Any:
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower())
    try:
        # Python reads 1_000 and the digits of any script too.
        return kind(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def option(  # noqa: PLR0913  (each a part of the declaration, named where it is used)
    default: T,
    help: str,  # noqa: A002  (what it is called everywhere)
    *,
    kind: type | None = None,
    choices: tuple[str, ...] = (),
    at_least: float = -math.inf,
    above: float = -math.inf,
    below: float = math.inf,
    several: bool = False,
    flag: bool = False,
    usual: bool = False,
    metavar: str = "",
    setting: str = "",
) -> T:
    """Declare a field of a metric as an option; the arguments are the fields of `Option`.

    Args:
        default: The value where nothing is given; a metric with all defaults is the metric that is asked for by name.
        help: One line.
        kind: Of the value; the default's own unless given.
        choices: All that the value may be.
        at_least: Smallest value.
        above: The value must be larger.
        below: The value must be smaller.
        several: A list of values.
        flag: Also a flag of its own, for all metrics that have it.
        usual: Most metrics have it.
        metavar: How the value is shown in help.
        setting: The setting that holds it for all metrics.

    Example:
        >>> @dataclass(frozen=True)
        ... class Halved:
        ...     name: str = "halved"
        ...     share: float = option(0.5, "Share of the players that stay.", above=0, below=1)
        >>> configured(Halved(), {"share": "0.3"}).share
        0.3
    """
    parts = {
        "help": help, "kind": kind or type(default), "choices": choices, "at_least": at_least, "above": above,
        "below": below, "several": several, "flag": flag, "usual": usual, "metavar": metavar, "setting": setting,
    }  # fmt: skip
    declared: T = field(default=default, metadata={_KEY: parts})
    return declared


def options_of(metric: object) -> tuple[Option, ...]:
    """Return the options that a metric, or its class, declares, in their order; none where it is no dataclass."""
    if not is_dataclass(metric):
        return ()
    return tuple(_declared(entry) for entry in fields(metric) if _KEY in entry.metadata)


def _declared(entry: Field[Any]) -> Option:
    default = None if entry.default is MISSING else entry.default
    return Option(entry.name, default, **entry.metadata[_KEY])


def configured(metric: T, given: Mapping[str, Any]) -> T:
    """Return a metric with some of its options set.

    Args:
        metric: With any options.
        given: Name of an option, as in Python or as typed -> its value.

    Raises:
        UnknownNameError: no such option; the message suggests the nearest.
        UsageError: a value that does not fit, an option that is given twice, or one that is for all metrics.
    """
    if not given:
        return metric
    name = str(getattr(metric, "name", ""))
    known = {declared.name: declared for declared in options_of(metric)}
    values: dict[str, Any] = {}
    for typed, value in given.items():
        key = str(typed).replace("-", "_")
        if key not in known:
            if not known:
                raise UsageError(f"'{safe_text(name, 60)}' has no options, got {safe_text(typed, 60)}. Leave it out.")
            typed_names = (declared.typed for declared in known.values() if not declared.setting)
            raise UnknownNameError(f"option of '{safe_text(name, 60)}':", safe_text(typed, 60), typed_names)
        declared = known[key]
        if declared.setting:
            raise UsageError(
                f"{declared.typed} is for all metrics: pass --{declared.typed}, not -m {safe_text(name, 60)}:..."
            )
        if key in values:
            raise UsageError(f"Option {declared.typed} of '{safe_text(name, 60)}' is given twice. Leave one out.")
        values[key] = declared.read(value, name)
    return replace(metric, **values)  # type: ignore[type-var]  # a metric with options is a dataclass


def changed(metric: object) -> dict[str, Any]:
    """Return the options of a metric that are not at their defaults: name -> value.

    An option that a metric gains later therefore changes nothing that was said of it before.
    """
    values = ((declared, getattr(metric, declared.name)) for declared in options_of(metric))
    return {declared.name: value for declared, value in values if value != declared.default and not declared.setting}


def parse(text: str) -> tuple[str, dict[str, str]]:
    """Read what follows ``-m``: a name, or a name with options.

    Raises:
        ValueError: no such form, or an option that is given twice.

    Example:
        >>> parse("multi-order:pairs=radius:1,contexts=8")
        ('multi-order', {'pairs': 'radius:1', 'contexts': '8'})
    """
    name, colon, rest = text.partition(":")
    given: dict[str, str] = {}
    for part in rest.split(",") if colon else ():
        option_name, equals, value = (piece.strip() for piece in part.partition("="))
        if not option_name or not equals or option_name.replace("-", "_") in {k.replace("-", "_") for k in given}:
            raise ValueError(
                "expected NAME:OPTION=VALUE,OPTION=VALUE, each option once, for example "
                "multi-order:pairs=all,contexts=8"
            )
        given[option_name] = value
    return name, given
