"""Data sets that have one file or folder per split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from interact_cli.datasets.layouts import Layout, locate, not_found
from interact_cli.datasets.request import resolve_split
from interact_cli.errors import UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text


def split_place(request: DataRequest, layout: Layout, places: Mapping[str, str]) -> tuple[str, Path]:
    """Return the split to read and the file or folder that holds it.

    A path that is itself such a file or folder asks for its split.

    Args:
        request: What the user asked for.
        layout: Where the files lie.
        places: Name of the file or folder of each split; the first split is the default.

    Raises:
        DataRefused: not found.
        UsageError: an unknown split, or one that the path contradicts.
    """
    named = {place: split for split, place in places.items()}.get(request.path.name if request.path else "")
    if named is not None and request.split not in {None, named}:
        raise UsageError(
            f"'{safe_text(request.path)}' is split '{named}', but --split asks for '{safe_text(request.split)}'. "
            "Leave --split out, or name the folder."
        )
    split = resolve_split(replace(request, split=named or request.split), tuple(places))
    folder = locate(request, layout, lambda folder: (folder / places[split]).exists())
    if folder is None:
        raise not_found(request, layout, what=f"split '{split}' ({places[split]})")
    return split, folder / places[split]
