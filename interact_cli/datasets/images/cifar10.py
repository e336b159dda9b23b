"""CIFAR-10 and CIFAR-100 in the layout of their python archives.

Source: Krizhevsky (2009), https://www.cs.toronto.edu/~kriz/cifar.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
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
class _Kind:
    """Where one of the two data sets keeps what."""

    folder: str
    archive: str
    parts: dict[str, tuple[str, ...]]
    labels_key: str
    n_classes: int
    meta: str
    meta_key: str
    class_names: tuple[str, ...] = ()


_KINDS = {
    "cifar10": _Kind(
        folder="cifar-10-batches-py",
        archive="cifar-10-python.tar.gz",
        parts={"test": ("test_batch",), "train": tuple(f"data_batch_{number}" for number in range(1, 6))},
        labels_key="labels",
        n_classes=10,
        meta="batches.meta",
        meta_key="label_names",
        class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    ),
    "cifar100": _Kind(
        folder="cifar-100-python",
        archive="cifar-100-python.tar.gz",
        parts={"test": ("test",), "train": ("train",)},
        labels_key="fine_labels",
        n_classes=100,
        meta="meta",
        meta_key="fine_label_names",
    ),
}


def read(request: DataRequest) -> Samples:
    """Open CIFAR-10 or CIFAR-100 with its fine labels, whichever the request names: 32x32 RGB images.

    Its folder (``cifar-10-batches-py``) may be the path itself, hold it, or lie in it or one folder deeper; without a
    path it is looked for in each of the roots. Some of the five training batches of CIFAR-10 are enough; a note says
    which are missing. The pixels of the split stay in memory as bytes (31 MB per full batch).

    Raises:
        DataRefused: not found, unsafe, or not what a batch holds.
        UsageError: an unknown split.
    """
    kind = _KINDS[request.name]
    split = resolve_split(request, tuple(kind.parts), can_download=True)
    folder = _find(request, kind, split)
    batch_files = kind.parts[split]
    present = [name for name in batch_files if (folder / name).is_file()]
    batches = [_read_batch(folder / name, kind) for name in present]
    prefix = f"{request.name}/{split}"
    places = [prefix if len(batch_files) == 1 else f"{prefix}/{name}" for name in present]
    class_names, notes = _class_names(folder / kind.meta, kind)
    if len(present) < len(batch_files):
        missing = ", ".join(name for name in batch_files if name not in present)
        notes = (*notes, f"{len(present)} of {len(batch_files)} batches of split '{split}' found; missing: {missing}")
    return Samples(
        name=request.name,
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


def _find(request: DataRequest, kind: _Kind, split: str) -> Path:
    place = Layout(request.name, EXPECTED[request.name], (kind.folder,), (kind.archive,))
    folder = locate(request, place, partial(_holds, kind.parts[split]))
    if folder is not None:
        return folder
    tops = (request.path.expanduser(),) if request.path is not None else request.roots
    if request.allow_download and tops:
        return _download(tops[0], request.name)
    other = locate(request, place, partial(_holds, tuple(chain(*kind.parts.values()))))
    if other is not None:
        todo = f"'{safe_text(other)}' lacks the files of split '{split}': add them, or ask for another --split"
    else:
        todo = f"Put {kind.folder} there, name its place with --data-root DIR, or allow a download: --allow-download"
    raise not_found(request, place, what=f"split '{split}'", todo=todo)


def _holds(files: tuple[str, ...], folder: Path) -> bool:
    return any((folder / name).is_file() for name in files)


def _download(root: Path, name: str) -> Path:
    # Imported here: whoever downloads nothing needs neither torch nor a torchvision that fits it.
    from torchvision import datasets

    kind = _KINDS[name]
    try:
        root.mkdir(parents=True, exist_ok=True)
        getattr(datasets, name.upper())(str(root), download=True)
    except (OSError, RuntimeError) as error:
        raise DataRefused(
            f"The download of {name} into '{root}' failed ({error}). Try again, or fetch {kind.archive} "
            f"yourself, unpack it and name its place with --data-root DIR."
        ) from error
    return root / kind.folder


def _read_batch(path: Path, kind: _Kind) -> tuple[npt.NDArray[np.uint8], IntArray]:
    """Return ``(n, 3072)`` pixels and ``(n,)`` labels of one file."""
    content = read_arrays(path)
    data = content.get("data")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != 3072:
        raise DataRefused(f"Expected 'data' of type uint8 and shape (n, 3072) in '{path}', got {_describe(data)}.")
    labels = content.get(kind.labels_key)
    values = labels.tolist() if isinstance(labels, np.ndarray) and labels.ndim == 1 else labels
    if not isinstance(values, list) or not all(type(label) is int for label in values):
        raise DataRefused(
            f"Expected '{kind.labels_key}' as a list of whole numbers in '{path}', got {_describe(labels)}."
        )
    if len(values) != len(data) or not values:
        raise DataRefused(f"Expected one label per image in '{path}', got {len(values)} labels, {len(data)} images.")
    wrong = [label for label in values if not 0 <= label < kind.n_classes]
    if wrong:
        raise DataRefused(
            f"Expected labels in 0..{kind.n_classes - 1} in '{path}', got {wrong[0]} "
            f"({len(wrong)} of {len(values)} labels are outside)."
        )
    return data, np.array(values, np.int64)


def _class_names(path: Path, kind: _Kind) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the class names and what is to be noted about them."""
    if not path.is_file():
        source = "the standard class names are used" if kind.class_names else "classes have no names"
        return kind.class_names, (f"no {kind.meta}: {source}",)
    names = read_arrays(path).get(kind.meta_key)
    if not isinstance(names, list) or len(names) != kind.n_classes:
        raise DataRefused(
            f"Expected '{kind.meta_key}' with {kind.n_classes} names in '{path}', got {_describe(names)}."
        )
    return tuple(name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names), ()


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype} of shape {value.shape}"
    if isinstance(value, list):
        kinds = sorted({type(item).__name__ for item in value})
        return f"a list of {len(value)} ({', '.join(kinds)})"
    return "nothing" if value is None else type(value).__name__
