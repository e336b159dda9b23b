"""Which source code defines a network: part of what its outputs depend on, beside its weights."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from torch import nn

from interact_cli.seeding import digest

PINNED = frozenset({"torch", "timm", "torchvision", "transformers"})
"""Libraries whose version says what their code is."""


def code_digest(module: nn.Module, *makers: Any) -> str:
    """Return the SHA-256 of the files that define a network's own modules and the callables that made it.

    Args:
        module: The network.
        *makers: Factory functions or classes.

    Returns:
        Hexadecimal text; empty when every part comes from a library whose version is recorded.
    """
    parts = {type(part) for part in module.modules()}
    things = [*makers, *(part for part in parts if part.__module__.partition(".")[0] not in PINNED)]
    files = sorted({file for file in map(_file_of, things) if file is not None})
    return digest(*(Path(file).read_bytes() for file in files)) if files else ""


def _file_of(thing: Any) -> str | None:
    try:
        # A decorated factory is defined where the function inside it stands.
        file = inspect.getsourcefile(inspect.unwrap(thing))
    except (TypeError, ValueError):
        return None
    return file if file is not None and Path(file).is_file() else None
