"""MNIST, FashionMNIST and KMNIST as their four idx files, packed with gzip or not.

An idx file is big-endian: two zero bytes, a byte for the type (8: unsigned bytes), a byte for the number of axes, one
32-bit length per axis, then the values.

Sources: LeCun, Cortes and Burges (1998), http://yann.lecun.com/exdb/mnist/; Xiao et al. (2017), arXiv:1708.07747;
Clanuwat et al. (2018), arXiv:1812.01718
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from interact_cli.datasets.layouts import Layout, locate, not_found
from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.datasets.texts.lines import reading
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray

_FILES = "{t10k,train}-{images-idx3,labels-idx1}-ubyte[.gz]"

SIDE = 28
MAX_PACKED = 200_000
"""Most images or labels that are unpacked from a .gz file, into memory; plain files may have any number."""

_PREFIXES = {"test": "t10k", "train": "train"}
_IMAGES = ("images", "idx3")
_LABELS = ("labels", "idx1")


class _Family(NamedTuple):
    """One of the data sets that share the names of their files."""

    folder: str
    class_names: tuple[str, ...]


_FAMILIES = {
    "mnist": _Family("MNIST", tuple("0123456789")),
    "fashion_mnist": _Family(
        "FashionMNIST",
        ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    "kmnist": _Family("KMNIST", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")),
}
EXPECTED = {
    name: f"{family.folder}/raw/{_FILES}, or the folder of these files alone" for name, family in _FAMILIES.items()
}


def read(request: DataRequest) -> Samples:
    """Open MNIST, FashionMNIST or KMNIST, whichever the request names: 28x28 grey images, 10 classes.

    Plain files are read image by image when asked for; ``.gz`` files are unpacked into memory (8 MB for ``test``).

    Raises:
        DataRefused: not found, truncated, of another format, or a header that does not fit its content.
        UsageError: an unknown split.
    """
    split = resolve_split(request, tuple(_PREFIXES))
    name, folder = request.name, _FAMILIES[request.name].folder
    layout = Layout(name, EXPECTED[name], (f"{folder}/raw", folder, f"{name}/raw", name, "raw"))
    place = _find(request, layout, split)
    images, labels = (_file(place, split, part) for part in (_IMAGES, _LABELS))
    if images is None or labels is None:
        raise not_found(request, layout, what=f"labels of split '{split}'", todo="Put them beside the images")
    classes = _labels(labels)
    n_images, source = _images(images)
    if n_images != classes.size or not n_images:
        raise DataRefused(
            f"Expected one label per image in '{safe_text(place)}', got {n_images:,} images, {classes.size:,} labels."
        )
    return Samples(
        name=name,
        split=split,
        kind="image",
        ids=Numbered(f"{name}/{split}", n_images),
        read=partial(_image, source),
        labels=classes,
        class_names=_FAMILIES[name].class_names,
    )


def _find(request: DataRequest, layout: Layout, split: str) -> Path:
    """Return the folder that holds the images, unless it is named like a data set whose files are called the same."""

    def holds(folder: Path) -> bool:
        return _file(folder, split, _IMAGES) is not None

    folder = locate(request, layout, lambda place: holds(place) and not _relative(place, request.name))
    if folder is not None:
        return folder
    folder = locate(request, layout, holds)
    if folder is None:
        raise not_found(request, layout, what=f"split '{split}'")
    other = _relative(folder, request.name)
    raise DataRefused(
        f"Expected {_FAMILIES[request.name].folder}, but '{safe_text(folder)}' is named like "
        f"{_FAMILIES[other].folder}, whose files are called the same. Write --dataset {other}, or rename the folder."
    )


def _relative(folder: Path, name: str) -> str:
    """Return the other data set that a folder is named like; empty for none."""
    named = {part.lower() for part in folder.absolute().parts[-2:]}
    likes = (other for other, family in _FAMILIES.items() if named & {other, family.folder.lower()})
    return next((other for other in likes if other != name), "")


def _file(folder: Path, split: str, part: tuple[str, str]) -> Path | None:
    """Return a file under the names that it goes by: plain or packed, with a dot, or in a folder of its own name."""
    what, axes = part
    names = [f"{_PREFIXES[split]}-{what}{mark}{axes}-ubyte" for mark in "-."]
    places = [place for name in names for place in (name, f"{name}.gz", f"{name}/{name}")]
    return next((folder / place for place in places if (folder / place).is_file()), None)


def _images(path: Path) -> tuple[int, Path | npt.NDArray[np.uint8]]:
    """Return the number of images, and the unpacked pixels or the plain file that holds them."""
    if path.suffix != ".gz":
        return _plain(path, n_axes=3)[0], path
    shape, content = _unpacked(path, n_axes=3)
    return shape[0], np.frombuffer(content, np.uint8).reshape(shape)


def _labels(path: Path) -> IntArray:
    if path.suffix == ".gz":
        labels = np.frombuffer(_unpacked(path, n_axes=1)[1], np.uint8)
    else:
        shape = _plain(path, n_axes=1)
        labels = np.fromfile(path, np.uint8, offset=_n_bytes(shape, 1) - shape[0])
    if labels.size and labels.max() > 9:
        raise DataRefused(f"Expected labels in 0..9 in '{safe_text(path)}', got {labels.max()}.")
    return labels.astype(np.int64)


def _plain(path: Path, n_axes: int) -> tuple[int, ...]:
    """Return the lengths of the axes of a file that is as long as its header says."""
    with path.open("rb") as file:
        shape = _header(file, path, n_axes)
    expected, actual = _n_bytes(shape, n_axes), path.stat().st_size
    if expected != actual:
        raise DataRefused(_lying(path, shape, expected, f"{actual:,}"))
    return shape


def _unpacked(path: Path, n_axes: int) -> tuple[tuple[int, ...], bytes]:
    """Unpack a file as far as its header says, and one byte more to see that it ends there."""
    try:
        with gzip.open(path, "rb") as file:
            shape = _header(file, path, n_axes)
            if shape[0] > MAX_PACKED:
                raise DataRefused(
                    f"Expected at most {MAX_PACKED:,} entries in the packed file '{safe_text(path)}', its header says "
                    f"{shape[0]:,}. Unpack it (gunzip): plain files are read one by one."
                )
            n_values = math.prod(shape)
            content = file.read(n_values + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataRefused(
            f"Cannot unpack '{safe_text(path)}': {safe_text(error)}. Is the file complete? Take it from its source."
        ) from error
    if len(content) != n_values:
        start = _n_bytes(shape, n_axes) - n_values
        arrived = f"more than {start + n_values:,}" if len(content) > n_values else f"{start + len(content):,}"
        raise DataRefused(_lying(path, shape, start + n_values, arrived))
    return shape, content


def _header(file: BinaryIO | gzip.GzipFile, path: Path, n_axes: int) -> tuple[int, ...]:
    """Read the magic number and the lengths of the axes."""
    magic = bytes((0, 0, 8, n_axes))
    head = file.read(4 + 4 * n_axes)
    if head[:4] != magic or len(head) < 4 + 4 * n_axes:
        what = "images" if n_axes == 3 else "labels"
        arrived = f"{len(head)} bytes" if head[:4] == magic else f"the bytes {head[:4].hex(' ') or '(none)'}"
        raise DataRefused(
            f"Expected idx {what} in '{safe_text(path)}', which begin with {magic.hex(' ')} and {4 * n_axes} bytes of "
            f"lengths, got {arrived}. Take the file from its source again."
        )
    shape = struct.unpack(f">{n_axes}I", head[4:])
    if n_axes == 3 and shape[1:] != (SIDE, SIDE):
        raise DataRefused(f"Expected {SIDE}x{SIDE} images in '{safe_text(path)}', got {shape[1]}x{shape[2]}.")
    return shape


def _n_bytes(shape: tuple[int, ...], n_axes: int) -> int:
    return 4 + 4 * n_axes + math.prod(shape)


def _lying(path: Path, shape: tuple[int, ...], expected: int, arrived: str) -> str:
    return (
        f"Expected {expected:,} bytes in '{safe_text(path)}', as its header says {shape[0]:,} entries, got {arrived}. "
        "Is the file complete? Take it from its source again."
    )


def _image(source: Path | npt.NDArray[np.uint8], index: int) -> Image.Image:
    if not isinstance(source, Path):
        return Image.fromarray(source[index])
    with reading(source) as file:
        file.seek(_n_bytes((index, SIDE, SIDE), 3))
        content = file.read(SIDE * SIDE)
    if len(content) < SIDE * SIDE:
        raise DataRefused(f"Cannot read image {index} of '{safe_text(source)}': the file has become shorter.")
    return Image.frombytes("L", (SIDE, SIDE), content)
