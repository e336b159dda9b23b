"""A folder of images: one sub-folder per class, perhaps below one sub-folder per split, or flat and without labels."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from interact_cli.datasets.images import tiny_imagenet
from interact_cli.datasets.images.pictures import SUFFIXES, entries, is_picture, open_one
from interact_cli.datasets.layouts import is_hidden, subfolders, what_lies_at, with_implied_split
from interact_cli.datasets.request import required_path, resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text

EXPECTED = (
    "PATH/{CLASS_A/*.png, CLASS_B/*.jpg, ...} (sorted names are the class indices), "
    "PATH/{train, val}/CLASS/*.png, or unlabelled PATH/*.png"
)

_TRAINING = ("train", "training")
_SPLITS = ("test", "val", "valid", "validation", *_TRAINING)
"""Names of split folders; the first one that has class folders is the default."""

_LEVELS_DOWN = 3
"""How far below the user's path the data set may begin: ``ILSVRC/Data/CLS-LOC``."""

_FLAT = "a flat folder: samples are unlabelled"
_FLAT_IMAGENET = (
    "these are ImageNet's validation images in one flat folder: samples are unlabelled, as their classes stand in "
    "another file (ILSVRC2012_validation_ground_truth.txt of the development kit); for labels, move every image into "
    "a folder named like its class (n01440764, ...)"
)


@dataclass
class _Scan:
    """One walk through a folder. Only names are read, however many files there are."""

    top: Path
    ignored: Counter[str] = field(default_factory=Counter)
    """What was left out, by reason."""

    def images(self, place: str, ancestors: frozenset[tuple[int, int]] = frozenset()) -> Iterator[str]:
        """Yield the images below a folder in sorted order; a loop of links is entered once.

        Args:
            place: The folder, relative to the top, with a slash at its end; empty for the top itself.
            ancestors: The folders above it.

        Yields:
            Paths relative to the top.
        """
        here = _inode(self.top / place)
        if here in ancestors:
            self.ignored["link(s) back to a parent folder"] += 1
            return
        for entry in self.kept(self.top / place):
            if entry.is_dir():
                yield from self.images(f"{place}{entry.name}/", ancestors | {here})
            elif is_picture(entry.name):
                yield place + entry.name
            else:
                self.ignored["file(s) of another kind"] += 1

    def kept(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        """Yield what lies in a folder, sorted by name, without hidden and unprintable names."""
        for entry in entries(folder):
            if is_hidden(entry.name):
                self.ignored["hidden file(s)"] += 1
            elif not entry.name.isprintable():
                self.ignored["name(s) that cannot be printed"] += 1
            else:
                yield entry

    def notes(self) -> tuple[str, ...]:
        return tuple(f"ignored {count} {reason}" for reason, count in sorted(self.ignored.items()) if count)


def read(request: DataRequest) -> Samples:
    """Open a folder of images; an image is opened when it is asked for.

    PATH may be the folder above, if nothing else lies in it: one sub-folder of several is the data set, no class. Where
    PATH holds split folders, or is one beside a ``train`` folder, the classes are numbered as in ``train``: a
    validation folder that lacks a class would shift all later ones. Tiny-ImageNet is recognised and read with its
    annotated labels. Links are followed, also out of the folder. An image that cannot be read is refused when it is
    asked for, by itself, so that a run can count it.

    Raises:
        DataRefused: no such folder, no image in it, or a split whose classes are not those of ``train``.
        UsageError: no path, or an unknown split.
    """
    path = required_path(request, what="path")
    if not path.is_dir():
        raise DataRefused(
            f"Expected a folder of images at '{safe_text(path)}', got {what_lies_at(path)}. Expected {EXPECTED}."
        )
    if (inside := _only_folder(path)) is not None:
        dataset = read(replace(request, path=inside))
        dataset.notes = (f"read from the only folder in there, '{safe_text(inside.relative_to(path))}'", *dataset.notes)
        return dataset
    if tiny_imagenet.recognises(path):
        return tiny_imagenet.read(request)
    top = path.parent if _is_split_beside_training(path) else path
    splits = _split_folders(top)
    if not splits:
        return _read_classes(_Scan(path), "", resolve_split(request, ("all",)))
    implied = with_implied_split(request, top, splits)
    split = resolve_split(implied, splits)
    dataset = _read_classes(_Scan(top), f"{split}/", split, _numbering(top, split))
    if implied.split is None:
        dataset.notes = (f"split '{split}' of: {', '.join(splits)}", *dataset.notes)
    return dataset


def _only_folder(path: Path) -> Path | None:
    """Return the folder of several that lies alone in a folder, perhaps in one that lies alone there; None if none."""
    inside = path
    for _ in range(_LEVELS_DOWN):
        below = subfolders(inside)
        if len(below) != 1 or below[0].name.lower() in _SPLITS or _has_pictures(inside):
            return None
        (inside,) = below
        if len(subfolders(inside)) > 1 and not _has_pictures(inside):
            return inside
    return None


def _has_pictures(folder: Path) -> bool:
    return any(is_picture(entry.name) and not entry.is_dir() for entry in entries(folder))


def _is_split_beside_training(path: Path) -> bool:
    absolute = path.absolute()
    return absolute.name.lower() in _SPLITS and bool(_training_folder(absolute.parent))


def _training_folder(top: Path) -> str:
    return next((name for name in _split_folders(top) if name.lower() in _TRAINING), "")


def _split_folders(top: Path) -> tuple[str, ...]:
    """Return the split folders in a folder, the default first; none where its sub-folders are classes."""
    names = [folder.name for folder in subfolders(top)]
    splits = [name for name in names if name.lower() in _SPLITS]
    has_training = any(name.lower() in _TRAINING for name in splits)
    if len(splits) < len(names) and not (has_training and len(splits) > 1):
        return ()
    with_classes = {name: bool(subfolders(top / name)) for name in splits}
    return tuple(sorted(splits, key=lambda name: (not with_classes[name], _SPLITS.index(name.lower()))))


def _numbering(top: Path, split: str) -> tuple[str, ...]:
    """Return the class names in the order of the training folder; empty where it says nothing about the split."""
    training = _training_folder(top)
    classes = tuple(folder.name for folder in subfolders(top / training)) if training else ()
    own = [folder.name for folder in subfolders(top / split)]
    strange = [name for name in own if name not in set(classes)]
    if classes and strange:
        raise DataRefused(
            f"Expected the class folders of '{safe_text(top / split)}' to be among the {len(classes)} of "
            f"'{safe_text(top / training)}', got {len(strange)} others, such as '{safe_text(strange[0])}'. "
            "Rename them, or move the folder away from its training folder."
        )
    return classes


def _inode(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _read_classes(scan: _Scan, place: str, split: str, numbering: tuple[str, ...] = ()) -> Samples:
    """Read the class folders at a place below the top, or the flat images there."""
    here = scan.top / place
    inside = list(scan.kept(here))
    classes = [entry.name for entry in inside if entry.is_dir()]
    start = frozenset({_inode(here)})
    by_class = {name: list(scan.images(f"{place}{name}/", start)) for name in classes}
    if not any(by_class.values()):
        return _flat(scan, place, split)
    scan.ignored["file(s) outside of the class folders"] += len(inside) - len(classes)
    numbering = numbering or tuple(classes)
    files = [file for members in by_class.values() for file in members]
    labels = [numbering.index(name) for name in classes]
    empty = [name for name, members in by_class.items() if not members]
    notes = [f"class folder(s) without images: {', '.join(empty)}"] if empty else []
    if len(numbering) == 1:
        notes.append(f"one class folder, '{safe_text(numbering[0])}': every sample is of class 0")
    if len(classes) < len(numbering):
        notes.append(f"{len(classes)} of {len(numbering)} classes; they are numbered as in the training folder")
    return replace(
        _unlabelled(scan.top, files, split),
        labels=np.repeat(np.array(labels, np.int64), [len(members) for members in by_class.values()]),
        class_names=numbering,
        notes=(*notes, *scan.notes()),
    )


def _flat(scan: _Scan, place: str, split: str) -> Samples:
    scan.ignored.clear()  # counted anew: the walk for class folders came by the same files
    files = list(scan.images(place))
    here = scan.top / place
    if not files:
        raise DataRefused(
            f"No image ({', '.join(SUFFIXES)}) in '{safe_text(here)}' ({what_lies_at(here)}). Expected {EXPECTED}."
        )
    is_imagenet = files[0].rpartition("/")[2].startswith("ILSVRC2012_val_")
    notes = (_FLAT_IMAGENET if is_imagenet else _FLAT, *scan.notes())
    return replace(_unlabelled(scan.top, files, split), notes=notes)


def _unlabelled(top: Path, files: list[str], split: str) -> Samples:
    ids = tuple(f"folder/{file}" for file in files)
    return Samples(name="folder", split=split, kind="image", ids=ids, read=partial(open_one, top, files))
