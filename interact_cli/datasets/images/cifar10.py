"""CIFAR-10 and CIFAR-100 in the layout of their python archives.

Source: Krizhevsky (2009), https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from interact_cli.datasets.images.unpickling import read_arrays
from interact_cli.datasets.layouts import Layout, locate, not_found
from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray

EXPECTED = {
    "cifar10": "cifar-10-batches-py/{test_batch, data_batch_1 .. data_batch_5, batches.meta}",
    "cifar100": "cifar-100-python/{test, train, meta}",
}


@dataclass(frozen=True)
class _Layout:
    """Where one of the two data sets keeps what."""

    name: str
    folder: str
    archive: str
    parts: dict[str, tuple[str, ...]]
    labels_key: str
    n_classes: int
    meta: str
    meta_key: str
    class_names: tuple[str, ...]
    torchvision: str
    expected: str


_CIFAR10 = _Layout(
    name="cifar10",
    folder="cifar-10-batches-py",
    archive="cifar-10-python.tar.gz",
    parts={"test": ("test_batch",), "train": tuple(f"data_batch_{number}" for number in range(1, 6))},
    labels_key="labels",
    n_classes=10,
    meta="batches.meta",
    meta_key="label_names",
    class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    torchvision="CIFAR10",
    expected=EXPECTED["cifar10"],
)

_CIFAR100 = _Layout(
    name="cifar100",
    folder="cifar-100-python",
    archive="cifar-100-python.tar.gz",
    parts={"test": ("test",), "train": ("train",)},
    labels_key="fine_labels",
    n_classes=100,
    meta="meta",
    meta_key="fine_label_names",
    class_names=(),
    torchvision="CIFAR100",
    expected=EXPECTED["cifar100"],
)


def read(request: DataRequest) -> Samples:
    """Open CIFAR-10: 32x32 RGB images, 10 classes.

    ``cifar-10-batches-py`` may be the path itself, hold it, or lie in it or one folder deeper; without a path it is
    looked for in each of the roots. Some of the five training batches are enough; a note says which are missing. The
    pixels of the split stay in memory as bytes (31 MB per full batch).

    Raises:
        DataRefused: not found, unsafe, or not what a batch holds.
        UsageError: an unknown split.
    """
    return _open(request, _CIFAR10)


def read_cifar100(request: DataRequest) -> Samples:
    """Open CIFAR-100 with its fine labels: 32x32 RGB images, 100 classes.

    Raises:
        DataRefused: not found, unsafe, or not what a batch holds.
        UsageError: an unknown split.
    """
    return _open(request, _CIFAR100)


def _open(request: DataRequest, layout: _Layout) -> Samples:
    split = resolve_split(request, tuple(layout.parts), can_download=True)
    folder = _find(request, layout, split)
    asked = layout.parts[split]
    found = [name for name in asked if (folder / name).is_file()]
    batches = [_read_batch(folder / name, layout) for name in found]
    prefix = f"{layout.name}/{split}"
    places = [prefix if len(asked) == 1 else f"{prefix}/{name}" for name in found]
    class_names, notes = _class_names(folder / layout.meta, layout)
    if len(found) < len(asked):
        missing = ", ".join(name for name in asked if name not in found)
        notes = (*notes, f"{len(found)} of {len(asked)} batches of split '{split}' found; missing: {missing}")
    return Samples(
        name=layout.name,
        split=split,
        kind="image",
        ids=tuple(f"{place}/{i}" for place, (data, _) in zip(places, batches, strict=True) for i in range(len(data))),
        read=partial(_image, [data for data, _ in batches]),
        labels=np.concatenate([labels for _, labels in batches]),
        class_names=class_names,
        notes=notes,
    )


def _image(batches: list[npt.NDArray[np.uint8]], index: int) -> Image.Image:
    """Return one image; a stored row is the red, then the green, then the blue plane."""
    for data in batches:
        if index < len(data):
            return Image.fromarray(np.ascontiguousarray(data[index].reshape(3, 32, 32).transpose(1, 2, 0)))
        index -= len(data)
    raise IndexError(index)


def _find(request: DataRequest, layout: _Layout, split: str) -> Path:
    place = Layout(layout.name, layout.expected, (layout.folder,), (layout.archive,))
    folder = locate(request, place, partial(_holds, layout.parts[split]))
    if folder is not None:
        return folder
    other = locate(request, place, partial(_holds, tuple(_all_files(layout))))
    tops = (request.path.expanduser(),) if request.path is not None else request.roots
    if request.allow_download and tops:
        return _download(tops[0], layout)
    if other is not None:
        todo = f"'{safe_text(other)}' lacks the files of split '{split}': add them, or ask for another --split"
    else:
        todo = f"Put {layout.folder} there, name its place with --data-root DIR, or allow a download: --allow-download"
    raise not_found(request, place, what=f"split '{split}'", todo=todo)


def _holds(files: tuple[str, ...], folder: Path) -> bool:
    return any((folder / name).is_file() for name in files)


def _all_files(layout: _Layout) -> Iterator[str]:
    for names in layout.parts.values():
        yield from names


def _download(root: Path, layout: _Layout) -> Path:
    # Imported here: whoever downloads nothing needs neither torch nor a torchvision that fits it.
    from torchvision import datasets

    try:
        root.mkdir(parents=True, exist_ok=True)
        getattr(datasets, layout.torchvision)(str(root), download=True)
    except (OSError, RuntimeError) as error:
        raise DataRefused(
            f"The download of {layout.name} into '{root}' failed ({error}). Try again, or fetch {layout.archive} "
            f"yourself, unpack it and name its place with --data-root DIR."
        ) from error
    return root / layout.folder


def _read_batch(path: Path, layout: _Layout) -> tuple[npt.NDArray[np.uint8], IntArray]:
    """Return ``(n, 3072)`` pixels and ``(n,)`` labels of one file."""
    content = read_arrays(path)
    data = content.get("data")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
        raise DataRefused(f"Expected 'data' of type uint8 and shape (n, 3072) in '{path}', got {_describe(data)}.")
    labels = content.get(layout.labels_key)
    values = labels.tolist() if isinstance(labels, np.ndarray) and labels.ndim == 1 else labels
    if not isinstance(values, list) or not all(type(label) is int for label in values):
        raise DataRefused(
            f"Expected '{layout.labels_key}' as a list of whole numbers in '{path}', got {_describe(labels)}."
        )
    if len(values) != len(data) or not values:
        raise DataRefused(f"Expected one label per image in '{path}', got {len(values)} labels, {len(data)} images.")
    wrong = [label for label in values if not 0 <= label < layout.n_classes]
    if wrong:
        raise DataRefused(
            f"Expected labels in 0..{layout.n_classes - 1} in '{path}', got {wrong[0]} "
            f"({len(wrong)} of {len(values)} labels are outside)."
        )
    return data, np.array(values, np.int64)


def _class_names(path: Path, layout: _Layout) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the class names and what is to be noted about them."""
    if not path.is_file():
        source = "the standard class names are used" if layout.class_names else "classes have no names"
        return layout.class_names, (f"no {layout.meta}: {source}",)
    names = read_arrays(path).get(layout.meta_key)
    if not isinstance(names, list) or len(names) != layout.n_classes:
        raise DataRefused(
            f"Expected '{layout.meta_key}' with {layout.n_classes} names in '{path}', got {_describe(names)}."
        )
    return tuple(name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names), ()


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    if isinstance(value, list):
        kinds = sorted({type(item).__name__ for item in value})
        return f"a list of {len(value)} ({', '.join(kinds)})"
    return "nothing" if value is None else type(value).__name__
