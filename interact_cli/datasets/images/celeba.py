"""CelebA: aligned faces with 40 attributes, of which one is the label.

Source: Liu et al. (2015), https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from interact_cli.datasets.images.pictures import entries, is_picture, open_one
from interact_cli.datasets.layouts import Layout, locate, not_found
from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.texts.lines import lines
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text

EXPECTED = (
    "celeba/{img_align_celeba/*.jpg, list_attr_celeba.txt, list_eval_partition.txt} "
    "(also .csv lists, or the folders Img, Anno and Eval); --label-column names the attribute"
)

_LAYOUT = Layout(
    name="celeba",
    expected=EXPECTED,
    folders=("celeba", "CelebA", "celebA"),
    archives=("img_align_celeba.zip",),
)

_PARTS = {"test": "2", "train": "0", "valid": "1"}
_IMAGES = "img_align_celeba"
_ATTRIBUTES = "list_attr_celeba"
_PARTITION = "list_eval_partition"
_FOLDERS = ("", "Anno", "Eval", "Img")
"""Where the lists and the images lie: together, or as they are handed out."""


def read(request: DataRequest) -> Samples:
    """Open CelebA: 178x218 RGB faces; class 1 has the attribute ``request.label_column``, class 0 has not.

    A subset of the images is enough; a note says how many are missing. An image is opened when it is asked for.

    Raises:
        DataRefused: not found, or lists that do not say what they should.
        UsageError: no attribute was named, no such attribute, or an unknown split.
    """
    split = resolve_split(request, tuple(_PARTS), labels_by_column=True)
    folder = locate(request, _LAYOUT, _is_whole) or locate(request, _LAYOUT, _has_attributes)
    attributes = _list(folder, _ATTRIBUTES) if folder else None
    if folder is None or attributes is None:
        raise not_found(request, _LAYOUT)
    partition, images = _list(folder, _PARTITION), _images(folder)
    if partition is None or images is None:
        what = f"{_IMAGES}/" if images is None else f"{_PARTITION}.txt"
        raise not_found(request, _LAYOUT, what=what, todo=f"Put it into '{safe_text(folder)}'")
    attribute = _attribute(attributes, request.label_column)
    members = _partition(partition, _PARTS[split])
    there = {entry.name for entry in entries(images) if is_picture(entry.name)}
    has = _column(attributes, attribute, members & there)
    if not has:
        raise DataRefused(
            f"Expected images of split '{split}' in '{safe_text(images)}', got none of the {len(members):,} that "
            f"'{safe_text(partition)}' names. Expected {EXPECTED}."
        )
    files = sorted(has)
    notes = [f"label: attribute {attribute}"]
    if len(files) < len(members):
        notes.append(f"{len(files):,} of the {len(members):,} images of split '{split}' are there")
    return Samples(
        name=_LAYOUT.name,
        split=split,
        kind="image",
        ids=tuple(f"{_LAYOUT.name}/{split}/{file}" for file in files),
        read=partial(open_one, images, files),
        labels=np.array([has[file] for file in files], np.int64),
        class_names=(f"not {attribute}", attribute),
        notes=tuple(notes),
    )


def _list(folder: Path, stem: str) -> Path | None:
    paths = (folder / place / f"{stem}{suffix}" for place in _FOLDERS for suffix in (".txt", ".csv"))
    return next((path for path in paths if path.is_file()), None)


def _has_attributes(folder: Path) -> bool:
    return _list(folder, _ATTRIBUTES) is not None


def _is_whole(folder: Path) -> bool:
    return _has_attributes(folder) and _images(folder) is not None


def _images(folder: Path) -> Path | None:
    """Return the folder of the images; some archives hold it twice, one in the other."""
    places = (folder / place / name for place in _FOLDERS for name in (f"{_IMAGES}/{_IMAGES}", _IMAGES))
    return next((place for place in places if place.is_dir()), None)


def _rows(path: Path) -> Iterator[list[str]]:
    """Yield the words of each line, of a list of either kind."""
    separator = "," if path.suffix == ".csv" else None
    for line in lines(path):
        yield line.text.split(separator)


def _names(path: Path) -> list[str]:
    """Return the attributes, in the order of the columns."""
    rows = _rows(path)
    header = next(rows, [])
    if path.suffix == ".csv":
        return [name.strip() for name in header[1:]]
    return next(rows, []) if len(header) == 1 and header[0].isdecimal() else []


def _attribute(path: Path, attribute: str | None) -> str:
    names = _names(path)
    if not names:
        raise DataRefused(
            f"Expected a line with the number of images, then one with the names of the attributes, in "
            f"'{safe_text(path)}', got something else. Take the file from its source again."
        )
    if attribute is None:
        some = ", ".join(name for name in ("Smiling", "Male", "Young", "Eyeglasses") if name in names) or names[0]
        raise UsageError(
            f"Expected the attribute that is the label, one of CelebA's {len(names)}, in --label-column: "
            f"{safe_text(some)}, ..."
        )
    if attribute not in names:
        raise UnknownNameError("attribute of CelebA", safe_text(attribute), [safe_text(name) for name in names])
    return attribute


def _partition(path: Path, part: str) -> set[str]:
    """Return the images of one part."""
    members = set()
    for number, row in enumerate(_rows(path), 1):
        if path.suffix == ".csv" and number == 1:
            continue
        if len(row) != 2 or row[1].strip() not in _PARTS.values():
            raise DataRefused(
                f"Expected 'FILE 0', 'FILE 1' or 'FILE 2' in line {number} of '{safe_text(path)}', "
                f"got '{safe_text(' '.join(row))}'."
            )
        if row[1].strip() == part:
            members.add(row[0])
    return members


def _column(path: Path, attribute: str, members: set[str]) -> dict[str, int]:
    """Return 0 or 1 for each wanted image; the other lines are only counted."""
    names = _names(path)
    position = 1 + names.index(attribute)
    is_csv = path.suffix == ".csv"
    has: dict[str, int] = {}
    separator = "," if is_csv else " "
    texts = (line.text for line in lines(path))
    stated = next(texts)
    if not is_csv:
        next(texts)
    n_rows = 0
    for line in texts:
        n_rows += 1
        if line.partition(separator)[0] not in members:
            continue
        row = line.split(separator if is_csv else None)
        if len(row) != 1 + len(names) or row[position].strip() not in {"-1", "1"}:
            raise DataRefused(
                f"Expected a file name and {len(names)} values of -1 or 1 in every line of '{safe_text(path)}', "
                f"got '{safe_text(line)}'."
            )
        has[row[0]] = int(row[position].strip() == "1")
    if not is_csv and int(stated) != n_rows:
        raise DataRefused(
            f"Expected {int(stated):,} images in '{safe_text(path)}', as its first line says, got {n_rows:,}. "
            "Is the file complete? Take it from its source again."
        )
    missing = members - has.keys()
    if missing:
        raise DataRefused(f"Expected a line for '{safe_text(min(missing))}' in '{safe_text(path)}', got none.")
    return has
