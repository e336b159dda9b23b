"""Where data is looked for when the user names no path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import platformdirs


def default_roots(data_root: Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders to search, in order, each once; none of them needs to exist.

    Args:
        data_root: ``--data-root``.
        environ: The environment; ``INTERACT_DATA`` and ``INTERACT_CACHE`` are read.

    Returns:
        ``--data-root``, ``$INTERACT_DATA``, ``./data``, the user's cache.

    Example:
        >>> [str(root) for root in default_roots(Path("mine"), {"INTERACT_DATA": "ours"})[:3]]
        ['mine', 'ours', 'data']
    """
    named = [data_root] if data_root is not None else []
    if environ.get("INTERACT_DATA"):
        named.append(Path(environ["INTERACT_DATA"]))
    roots = [*named, Path("data"), cache_folder(environ)]
    return tuple(dict.fromkeys(root.expanduser() for root in roots))


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Return the user's cache: ``$INTERACT_CACHE``, else the platform's own place."""
    named = environ.get("INTERACT_CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("interact", appauthor=False)
