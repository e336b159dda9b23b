"""The data sets that come with scikit-learn: the only ones that need no file.

**The split.** scikit-learn ships no split, so this one is ours and never changes: for every class in turn, the
positions of its samples are shuffled by ``seeding.generator(0, "split", NAME)`` (one generator for all classes), and
the first fifth (rounded) is the test part. Both parts keep scikit-learn's order. A data set without classes is one
class. A network that is to be audited on the test part must be trained on the train part of this very split.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn import datasets

from interact_cli.datasets.request import refuse_path, resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.interfaces import DataRequest
from interact_cli.seeding import generator
from interact_cli.types import FloatArray, IntArray

EXPECTED = "no files: comes with scikit-learn"

TEST_SHARE = 0.2


def split_positions(name: str, labels: IntArray, split: str) -> IntArray:
    """Return the positions of the ``"train"`` or the ``"test"`` part, ascending.

    Args:
        name: The data set, which keys the shuffle.
        labels: ``(n_samples,)`` classes.
        split: ``"train"`` or ``"test"``.
    """
    random = generator(0, "split", name)
    is_test = np.zeros(labels.size, bool)
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        is_test[members[: round(TEST_SHARE * members.size)]] = True
    return np.flatnonzero(is_test if split == "test" else ~is_test).astype(np.int64)


def digits(request: DataRequest) -> Samples:
    """Open the 1797 handwritten digits: 8x8 grey images, 0..16 scaled to 0..255, PIL mode ``L``.

    Raises:
        UsageError: a path, an unknown split or a label column was given.
    """
    split = _asked(request, ("test", "train"))
    bunch = datasets.load_digits()
    pixels = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    labels = np.asarray(bunch.target, np.int64)
    chosen = split_positions("digits", labels, split)
    return Samples(
        name="digits",
        split=split,
        kind="image",
        ids=_ids("digits", split, chosen),
        read=partial(_image, pixels[chosen]),
        labels=labels[chosen],
        class_names=tuple(str(name) for name in bunch.target_names),
    )


def wine(request: DataRequest) -> Samples:
    """Open the wine data: 178 rows of 13 columns, 3 classes."""
    return _table(request, "wine", datasets.load_wine)


def breast_cancer(request: DataRequest) -> Samples:
    """Open the breast cancer data: 569 rows of 30 columns, 2 classes."""
    return _table(request, "breast_cancer", datasets.load_breast_cancer)


def iris(request: DataRequest) -> Samples:
    """Open the iris data: 150 rows of 4 columns, 3 classes."""
    return _table(request, "iris", datasets.load_iris)


def diabetes(request: DataRequest) -> Samples:
    """Open the diabetes data: 442 rows of 10 columns; its target is a number, so there are no labels."""
    return _table(request, "diabetes", datasets.load_diabetes)


def photographs(request: DataRequest) -> Samples:
    """Open the two photographs, ``china.jpg`` and ``flower.jpg``, 640x427 RGB, unlabelled."""
    split = _asked(request, ("all",))
    names = ("china.jpg", "flower.jpg")
    pixels = [datasets.load_sample_image(name) for name in names]
    return Samples(
        name="photographs",
        split=split,
        kind="image",
        ids=tuple(f"photographs/{name}" for name in names),
        read=partial(_image, pixels),
    )


def _table(request: DataRequest, name: str, load: Callable[[], Any]) -> Samples:
    split = _asked(request, ("test", "train"))
    bunch = load()
    classes = tuple(str(item) for item in bunch.get("target_names", ()))
    labels = np.asarray(bunch.target, np.int64) if classes else None
    strata = np.zeros(len(bunch.data), np.int64) if labels is None else labels
    chosen = split_positions(name, strata, split)
    rows: FloatArray = np.asarray(bunch.data, np.float64)[chosen]
    rows.setflags(write=False)
    return Samples(
        name=name,
        split=split,
        kind="columns",
        ids=_ids(name, split, chosen),
        read=rows.__getitem__,
        labels=None if labels is None else labels[chosen],
        class_names=classes,
        column_names=tuple(str(column) for column in bunch.feature_names),
        notes=() if classes else ("the target is a number, not a class: samples are unlabelled",),
    )


def _asked(request: DataRequest, splits: tuple[str, ...]) -> str:
    refuse_path(request)
    return resolve_split(request, splits)


def _ids(name: str, split: str, chosen: IntArray) -> tuple[str, ...]:
    return tuple(f"{name}/{split}/{position}" for position in chosen)


def _image(pixels: npt.NDArray[np.uint8] | list[npt.NDArray[np.uint8]], index: int) -> Image.Image:
    return Image.fromarray(pixels[index])
