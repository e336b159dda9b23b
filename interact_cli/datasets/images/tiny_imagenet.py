"""Tiny-ImageNet-200 as it is unpacked, and as users' scripts sort its validation images into class folders.

Source: Le and Yang (2015), http://cs231n.stanford.edu/tiny-imagenet-200.zip
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from interact_cli.datasets.images.pictures import entries, is_picture, open_one
from interact_cli.datasets.layouts import Layout, locate, not_found, subfolders, what_lies_at, with_implied_split
from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.texts.lines import lines
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray

EXPECTED = (
    "tiny-imagenet-200/{wnids.txt, words.txt, train/WNID/images/*.JPEG, val/{images/*.JPEG, val_annotations.txt}} "
    "(or val/WNID/*.JPEG)"
)

_LAYOUT = Layout(
    name="tiny_imagenet",
    expected=EXPECTED,
    folders=("tiny-imagenet-200", "tiny-imagenet"),
    archives=("tiny-imagenet-200.zip",),
)

_SPLITS = ("val", "train", "test")
_WNIDS = "wnids.txt"
_WORDS = "words.txt"
_ANNOTATIONS = "val_annotations.txt"
_ORDER = "classes are numbered by sorted WordNet id, as torchvision's ImageFolder trains, not as in wnids.txt"


def recognises(folder: Path) -> bool:
    """Whether a folder is Tiny-ImageNet, one of its split folders, or that of its annotated images.

    A folder per class would misread it.
    """
    folder = folder.absolute()
    is_part = folder.name in _SPLITS and _is_root(folder.parent)
    is_annotated = folder.name == "images" and _is_validation(folder.parent)
    return _is_root(folder) or _is_validation(folder) or is_part or is_annotated


def _is_root(folder: Path) -> bool:
    has_parts = (folder / "val").is_dir() or (folder / "train").is_dir()
    return has_parts and ((folder / _WNIDS).is_file() or _is_validation(folder / "val"))


def _is_validation(folder: Path) -> bool:
    return (folder / _ANNOTATIONS).is_file() and (folder / "images").is_dir()


def read(request: DataRequest) -> Samples:
    """Open Tiny-ImageNet-200: 64x64 images, mostly RGB, 200 classes; only names are read until one is asked for.

    The default split is ``val``: the labels of ``test`` were never published. Ids do not depend on whether the
    validation images were sorted into class folders.

    Raises:
        DataRefused: not found, no image in the split, or an annotation that names no class.
        UsageError: an unknown split.
    """
    root = locate(request, _LAYOUT, _is_root)
    alone = locate(replace(request, roots=()), _LAYOUT, _is_validation) if root is None else None
    if root is not None:
        request = with_implied_split(request, root, _SPLITS)
    split = resolve_split(request, _SPLITS if alone is None else ("val",))
    folder = alone or (root / split if root else None)
    if folder is None or not folder.is_dir():
        raise not_found(request, _LAYOUT, what=f"split '{split}'")
    part = _Found(root or folder, folder, split)
    return part.unlabelled() if split == "test" else part.labelled()


@dataclass
class _Found:
    """One split on the disk."""

    root: Path
    """Where the lists of classes lie."""
    folder: Path
    split: str

    def labelled(self) -> Samples:
        """Read a split whose images have a class each."""
        named = self._annotations() if _is_validation(self.folder) else {}
        annotated, notes = self._annotated(named) if named else ({}, ())
        wnid_of = annotated or self._sorted_by_class()
        if not wnid_of:
            raise self._no_images()
        wnids = self._wnids({*wnid_of.values(), *named.values()})
        number = {wnid: index for index, wnid in enumerate(wnids)}
        unknown = Counter(wnid for wnid in wnid_of.values() if wnid not in number)
        if unknown:
            raise DataRefused(
                f"Expected every image of '{safe_text(self.folder)}' in one of the {len(wnids)} classes of {_WNIDS}, "
                f"got {unknown.total()} images of class '{safe_text(next(iter(unknown)))}'. Expected {EXPECTED}."
            )
        files = self._in_order(wnid_of)
        labels = np.array([number[wnid_of[file]] for file in files], np.int64)
        return self._samples(files, labels, self._names(wnids), (_ORDER, *(notes if annotated else ())))

    def unlabelled(self) -> Samples:
        """Read the test part."""
        files = self._in_order(_pictures(self.folder))
        if not files:
            raise self._no_images()
        return self._samples(files, None, (), ("the labels of split 'test' are not public: samples are unlabelled",))

    def _annotations(self) -> dict[str, str]:
        """Return the class of each image of ``images/`` that the annotations name, there or not."""
        annotations = self.folder / _ANNOTATIONS
        wnid_of = {}
        for line in lines(annotations):
            name, _, rest = line.text.partition("\t")
            wnid = rest.partition("\t")[0].strip()
            if not wnid:
                raise DataRefused(
                    f"Expected 'FILE<tab>WNID<tab>...' in line {line.number} of '{safe_text(annotations)}', "
                    f"got '{safe_text(line.text)}'."
                )
            wnid_of[f"images/{name.strip()}"] = wnid
        return wnid_of

    def _annotated(self, wnid_of: dict[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the annotated images that lie there, and what is to be noted."""
        there = [name for name in _pictures(self.folder) if name.startswith("images/")]
        kept = {name: wnid_of[name] for name in there if name in wnid_of}
        notes = [f"labels from {_ANNOTATIONS}"]
        if len(there) > len(kept):
            notes.append(f"ignored {len(there) - len(kept)} image(s) that {_ANNOTATIONS} does not name")
        if len(wnid_of) > len(kept):
            notes.append(f"{len(kept)} of the {len(wnid_of)} images of {_ANNOTATIONS} are there")
        return kept, tuple(notes)

    def _sorted_by_class(self) -> dict[str, str]:
        """Return the class of each image by its folder: ``WNID/images/*.JPEG`` or ``WNID/*.JPEG``."""
        folder_of = {file: file.rpartition("/")[0].partition("/")[0] for file in _pictures(self.folder)}
        return {file: folder for file, folder in folder_of.items() if folder not in {"", "images"}}

    def _wnids(self, seen: set[str]) -> list[str]:
        """Return the classes in the order of their numbers; ``seen`` where nothing lists them."""
        if (self.root / _WNIDS).is_file():
            return sorted({line.text.strip() for line in lines(self.root / _WNIDS)})
        trained = [folder.name for folder in subfolders(self.root / "train")]
        return trained or sorted(seen)

    def _names(self, wnids: list[str]) -> tuple[str, ...]:
        """Return the first word for each class, its WordNet id in brackets where two share the word."""
        if not (self.root / _WORDS).is_file():
            return tuple(wnids)
        pairs = (line.text.partition("\t") for line in lines(self.root / _WORDS))
        word_of = {wnid: words.partition(",")[0].strip() for wnid, _, words in pairs}
        words = [word_of.get(wnid) or wnid for wnid in wnids]
        counts = Counter(words)
        return tuple(word if counts[word] == 1 else f"{word} ({wnid})" for wnid, word in zip(wnids, words, strict=True))

    def _in_order(self, files: dict[str, str] | list[str]) -> list[str]:
        # By the name alone, so that the order does not depend on class folders either.
        return sorted(files, key=lambda file: file.rpartition("/")[2])

    def _samples(
        self, files: list[str], labels: IntArray | None, class_names: tuple[str, ...], notes: tuple[str, ...]
    ) -> Samples:
        names = [file.rpartition("/")[2] for file in files]
        if len(set(names)) < len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise DataRefused(
                f"Expected every image name once in '{safe_text(self.folder)}', got '{twice}' in two class folders."
            )
        return Samples(
            name=_LAYOUT.name,
            split=self.split,
            kind="image",
            ids=tuple(f"{_LAYOUT.name}/{self.split}/{name}" for name in names),
            read=partial(open_one, self.folder, files),
            labels=labels,
            class_names=class_names,
            notes=notes,
        )

    def _no_images(self) -> DataRefused:
        return DataRefused(
            f"Found no images of split '{self.split}' in '{safe_text(self.folder)}' ({what_lies_at(self.folder)}). "
            f"Expected {EXPECTED}."
        )


def _pictures(folder: Path) -> list[str]:
    """Return the pictures in a folder and two levels below, relative to it; links to folders are followed."""
    return list(_below(folder, "", levels=2))


def _below(folder: Path, place: str, levels: int) -> Iterator[str]:
    for entry in entries(folder / place):
        if entry.is_dir():
            yield from _below(folder, f"{place}{entry.name}/", levels - 1) if levels else ()
        elif is_picture(entry.name):
            yield place + entry.name
