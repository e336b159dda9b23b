"""Where the files of a known data set lie: at the path, in it, around it, or under one of the roots."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from interact_cli.datasets.request import refuse_arrays, resolve_split
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text

_UNPACK = {".tar.gz": "tar -xzf", ".tgz": "tar -xzf", ".tar": "tar -xf", ".zip": "unzip", ".7z": "7z x"}

_LEVELS_UP = 4
"""How far above the user's path the data set may begin: ``train/CLASS/images/FILE`` is four levels."""

_SHOWN = 6
_LISTED = 1000
"""Names of a folder that are looked at for a message."""


@dataclass(frozen=True)
class Layout:
    """How one data set lies on a disk."""

    name: str
    expected: str
    """The tree, in words for a message."""
    folders: tuple[str, ...]
    """What the folder of its files is called where it is unpacked: ``"MNIST/raw"``."""
    archives: tuple[str, ...] = ()
    """The files it is handed out in. They are never unpacked here."""


def locate(request: DataRequest, layout: Layout, holds: Callable[[Path], bool]) -> Path | None:
    """Return the folder of the data set, or None.

    With a path, that is: the path, a folder of the layout's name in it or in one of its sub-folders, or a folder
    above it. Without one the roots are searched in the same way, but not what lies above them.

    Args:
        request: Path and roots.
        layout: The names of the folder.
        holds: Whether a folder is the one; it looks at names only.

    Raises:
        DataRefused: the path is a numpy file.
    """
    for top in _tops(request):
        for folder in _candidates(top, layout.folders, above=request.path is not None):
            if holds(folder):
                return folder
    return None


def _tops(request: DataRequest) -> tuple[Path, ...]:
    if request.path is None:
        return request.roots
    refuse_arrays(request.path)
    return (request.path.expanduser(),)


def _candidates(top: Path, folders: tuple[str, ...], *, above: bool) -> Iterator[Path]:
    yield top
    for name in folders:
        yield top / name
    for child in subfolders(top):
        for name in folders:
            yield child / name
    if above and top.exists():
        yield from islice(top.absolute().parents, _LEVELS_UP)


def subfolders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted by name, without hidden ones; none where it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if not is_hidden(entry.name) and entry.is_dir())
    except OSError:
        return []


def is_hidden(name: str) -> bool:
    """Whether a name is none of the data's: hidden, or the folder that macOS adds to the archives it packs."""
    return name.startswith(".") or name == "__MACOSX"


def not_found(request: DataRequest, layout: Layout, *, what: str = "", todo: str = "") -> DataRefused:
    """Return the error that says what was looked for, what lies there instead, and what to do.

    Args:
        request: What the user asked for.
        layout: What was expected.
        what: What is missing, if not the whole data set: ``"split 'train'"``.
        todo: What to do, if not to name the place; a packed archive that lies there goes first.
    """
    tops = _tops(request)
    todo = _unpacking(tops, layout) or todo or f"Name its place: --dataset {layout.name}:PATH or --data-root DIR"
    places = ", ".join(f"'{safe_text(top)}' ({what_lies_at(top)})" for top in tops) or "no folder, as none was named"
    missing = " ".join(filter(None, (layout.name, what)))
    return DataRefused(f"Found no {missing}. Looked in {places}. Expected {layout.expected}. {todo}.")


def _unpacking(tops: tuple[Path, ...], layout: Layout) -> str:
    """Say how to unpack an archive that is the path or lies in it, if one does."""
    named = [top for top in tops if top.name.lower().endswith(tuple(_UNPACK))]
    for archive in [*named, *(folder / name for folder in tops for name in layout.archives)]:
        if archive.is_file():
            command = next(command for suffix, command in _UNPACK.items() if archive.name.lower().endswith(suffix))
            shown = safe_text(archive)
            return f"'{shown}' is still packed and is not unpacked for you: {command} '{shown}', then name the folder"
    return ""


def what_lies_at(path: Path) -> str:
    """Say in a few words what a path holds: ``"nothing there"``, ``"a file"``, ``"holds: train, val"``."""
    if not path.is_dir():
        return "a file" if path.exists() else "nothing there"
    try:
        with os.scandir(path) as entries:
            names = sorted(entry.name for entry in islice(entries, _LISTED))
    except OSError as error:
        return f"cannot be listed: {error.strerror or error}"
    shown = ", ".join(safe_text(name, 60) for name in names[:_SHOWN])
    more = f", … {len(names) - _SHOWN}{'+' if len(names) == _LISTED else ''} more" if len(names) > _SHOWN else ""
    return f"holds: {shown}{more}" if names else "an empty folder"


def split_place(request: DataRequest, layout: Layout, places: Mapping[str, str]) -> tuple[str, Path]:
    """Return the split to read and the file or folder that holds it, where each split has one.

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


def with_implied_split(request: DataRequest, root: Path, splits: tuple[str, ...]) -> DataRequest:
    """Return the request with the split that its path lies in, where it lies in one.

    Args:
        request: What the user asked for.
        root: The folder that holds one folder per split.
        splits: The names of those folders.

    Raises:
        UsageError: the path lies in another split than was asked for, or in a folder of the root that is no split.
    """
    inside = _first_part(request.path, root)
    if inside is None or inside == request.split or (root / inside).is_file():
        return request
    path = safe_text(request.path)
    if inside not in splits:
        raise UsageError(
            f"'{path}' lies in none of the splits {', '.join(splits)} of '{safe_text(root)}'. Name that folder instead."
        )
    if request.split is not None:
        raise UsageError(
            f"'{path}' lies in split '{inside}', but --split asks for '{safe_text(request.split)}'. Leave --split "
            "out, or name the folder above."
        )
    return replace(request, split=inside)


def _first_part(path: Path | None, root: Path) -> str | None:
    if path is None:
        return None
    place, top = path.expanduser().absolute(), root.absolute()
    return place.relative_to(top).parts[0] if top in place.parents else None
