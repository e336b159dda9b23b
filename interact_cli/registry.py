"""One registry per extension point: names, where each comes from, and what stands behind it.

A built-in is registered by a ``"module:attribute"`` string, so that listing the names imports nothing.
A plugin is registered by its entry point. Two different targets under one name are an error.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from interact_cli.errors import UnknownNameError, UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Registered(Generic[T]):
    """One name, and what stands behind it."""

    name: str
    """As written on the command line."""
    summary: str
    """One line for ``interact list``."""
    origin: str
    """The distribution that it comes from, with its version."""
    load: Callable[[], T]
    """Imports and returns the object."""


class Registry(Generic[T]):
    """Names of one kind, looked up with a suggestion when unknown.

    Args:
        kind: What is registered, in words, for messages: ``"metric"``.
        listing: The command that lists the names, for messages.
    """

    def __init__(self, kind: str, listing: str) -> None:
        self.kind = kind
        self.listing = listing
        self._by_name: dict[str, Registered[T]] = {}

    def add(self, name: str, target: str | Callable[[], T], *, summary: str, origin: str) -> None:
        """Register ``target`` (``"module:attribute"`` or a loader) under ``name``.

        Raises:
            UsageError: the name is taken by another origin.
        """
        if name in self._by_name and self._by_name[name].origin != origin:
            raise UsageError(
                f"{self.kind.capitalize()} '{name}' is registered twice: by {self._by_name[name].origin} "
                f"and by {origin}. Uninstall one."
            )
        load = target if callable(target) else _importer(target)
        self._by_name[name] = Registered(name, summary, origin, load)

    def get(self, name: str) -> T:
        """Import and return what stands behind ``name``.

        Raises:
            UnknownNameError: no such name; the message suggests the nearest.
        """
        if name not in self._by_name:
            raise UnknownNameError(self.kind, name, self._by_name, listing=self.listing)
        return self._by_name[name].load()

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Registered[T]]:
        return iter(sorted(self._by_name.values(), key=lambda registered: registered.name))


def _importer(target: str) -> Callable[[], Any]:
    module, _, attribute = target.partition(":")

    def load() -> Any:
        return getattr(importlib.import_module(module), attribute)

    return load
