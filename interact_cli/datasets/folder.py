"""A folder of images: one sub-folder per class, or a flat folder without labels."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from interact_cli.datasets.request import required_path, resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest

EXPECTED = "PATH/{CLASS_A/*.png, CLASS_B/*.jpg, ...} (sorted names are the class indices), or unlabelled PATH/*.png"

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow reads more; among it is PostScript, which is a program."""

_SPLIT_NAMES = {"train", "training", "val", "valid", "validation", "test"}


@dataclass
class _Scan:
    """One walk through a folder."""

    top: Path
    ignored: Counter[str] = field(default_factory=Counter)
    """What was left out, by reason."""

    def images(self, folder: Path, ancestors: frozenset[tuple[int, int]] = frozenset()) -> Iterator[str]:
        """Yield the images below a folder, relative to the top, in sorted order; a loop of links is entered once."""
        here = _inode(folder)
        if here in ancestors:
            self.ignored["link(s) back to a parent folder"] += 1
            return
        for path in self.entries(folder):
            if path.is_dir():
                yield from self.images(path, ancestors | {here})
            elif path.suffix.lower() in SUFFIXES:
                yield path.relative_to(self.top).as_posix()
            else:
                self.ignored["file(s) of another kind"] += 1

    def entries(self, folder: Path) -> list[Path]:
        """Return what lies in a folder, sorted by name, without hidden and unprintable names."""
        try:
            paths = sorted(folder.iterdir(), key=lambda path: path.name)
        except OSError as error:
            raise DataRefused(f"Cannot list the folder '{folder}': {error.strerror or error}.") from error
        kept = []
        for path in paths:
            if path.name.startswith("."):
                self.ignored["hidden file(s)"] += 1
            elif not path.name.isprintable():
                self.ignored["name(s) that cannot be printed"] += 1
            else:
                kept.append(path)
        return kept


def read(request: DataRequest) -> Samples:
    """Open a folder of images; an image is opened when it is asked for.

    Links are followed, also out of the folder. An image that cannot be read is refused when it is asked for, by
    itself, so that a run can count it.

    Raises:
        DataRefused: no such folder, no image in it, or a layout whose sub-folders are not classes.
        UsageError: no path, or an unknown split.
    """
    split = resolve_split(request, ("all",))
    top = required_path(request, what="path")
    if not top.is_dir():
        found = "a file" if top.exists() else "nothing"
        raise DataRefused(f"Expected a folder of images at '{top}', got {found}. Expected {EXPECTED}.")
    scan = _Scan(top)
    entries = scan.entries(top)
    classes = [path for path in entries if path.is_dir()]
    _refuse_other_layouts(top, [path.name for path in classes])
    start = frozenset({_inode(top)})
    by_class = [list(scan.images(path, start)) for path in classes]
    if any(by_class):
        scan.ignored["file(s) outside of the class folders"] += len(entries) - len(classes)
        return _labelled(split, scan, [path.name for path in classes], by_class)
    return _flat(split, scan)


def _inode(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _refuse_other_layouts(top: Path, classes: list[str]) -> None:
    if classes == ["images"] and (top / "val_annotations.txt").is_file():
        raise DataRefused(
            f"'{top}' is Tiny-ImageNet's validation folder: 'images' is not a class, the labels are in "
            "val_annotations.txt. Move every image into a folder named like its class (second column), then try again."
        )
    if classes and {name.lower() for name in classes} <= _SPLIT_NAMES:
        raise DataRefused(
            f"The sub-folders of '{top}' ({', '.join(classes)}) are splits, not classes. "
            f"Name one of them: --dataset folder:{os.fspath(top / classes[-1])}"
        )


def _labelled(split: str, scan: _Scan, classes: list[str], by_class: list[list[str]]) -> Samples:
    files = [file for members in by_class for file in members]
    empty = [name for name, members in zip(classes, by_class, strict=True) if not members]
    notes = (f"class folder(s) without images: {', '.join(empty)}",) if empty else ()
    return Samples(
        name="folder",
        split=split,
        kind="image",
        ids=tuple(f"folder/{file}" for file in files),
        read=partial(_open, scan.top, files),
        labels=np.repeat(np.arange(len(classes), dtype=np.int64), [len(members) for members in by_class]),
        class_names=tuple(classes),
        notes=(*notes, *_ignored(scan)),
    )


def _flat(split: str, scan: _Scan) -> Samples:
    scan.ignored.clear()
    files = list(scan.images(scan.top))
    if not files:
        raise DataRefused(f"No image ({', '.join(SUFFIXES)}) in '{scan.top}'. Expected {EXPECTED}.")
    return Samples(
        name="folder",
        split=split,
        kind="image",
        ids=tuple(f"folder/{file}" for file in files),
        read=partial(_open, scan.top, files),
        notes=("a flat folder: samples are unlabelled", *_ignored(scan)),
    )


def _ignored(scan: _Scan) -> tuple[str, ...]:
    return tuple(f"ignored {count} {reason}" for reason, count in sorted(scan.ignored.items()) if count)


def _open(top: Path, files: list[str], index: int) -> Image.Image:
    path = top / files[index]
    if not path.is_file():
        raise DataRefused(f"Cannot read the image '{path}': no such file any more, or a broken link.")
    if path.stat().st_size == 0:
        raise DataRefused(f"Cannot read the image '{path}': the file is empty.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as image:
                image.load()
                return image.copy()
    except UnidentifiedImageError as error:
        raise DataRefused(f"Cannot read the image '{path}': its content is none of {', '.join(_FORMATS)}.") from error
    except Exception as error:  # a broken image may raise anything
        raise DataRefused(f"Cannot read the image '{path}': {str(error) or type(error).__name__}.") from error
