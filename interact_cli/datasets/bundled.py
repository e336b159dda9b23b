"""The data sets that come with scikit-learn: the only ones that need no file.

**The split.** scikit-learn ships no split, so this one is ours and never changes: for every class in turn, the
positions of its samples are shuffled by ``seeding.generator(0, "split", NAME)`` (one generator for all classes), and
the first fifth (rounded) is the test part. Both parts keep scikit-learn's order. A data set without classes is one
class. A network that is to be audited on the test part must be trained on the train part of this very split.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn import datasets

from interact_cli.datasets.request import refuse_path, resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.interfaces import DataRequest
from interact_cli.seeding import generator
from interact_cli.types import FloatArray, IntArray

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


def read(request: DataRequest) -> Samples:
    """Open the data set of that name.

    ``digits``: 1797 grey images, 8x8, 0..16 scaled to 0..255, PIL mode ``L``, 10 classes. ``wine``: 178 rows of 13
    columns, 3 classes. ``breast_cancer``: 569 of 30, 2 classes. ``iris``: 150 of 4, 3 classes. ``diabetes``: 442 of 10;
    its target is a number, so there are no labels.

    Raises:
        UsageError: a path, an unknown split or a label column was given.
    """
    split = _asked(request, ("test", "train"))
    bunch = getattr(datasets, f"load_{request.name}")()
    is_images = "images" in bunch
    classes = tuple(str(item) for item in bunch.get("target_names", ()))
    labels = np.asarray(bunch.target, np.int64) if classes else None
    strata = np.zeros(len(bunch.data), np.int64) if labels is None else labels
    chosen = split_positions(request.name, strata, split)
    pixels = np.rint(bunch.images[chosen] * (255 / 16)).astype(np.uint8) if is_images else None
    rows: FloatArray = np.asarray(bunch.data, np.float64)[chosen]
    rows.setflags(write=False)
    return Samples(
        name=request.name,
        split=split,
        kind="image" if is_images else "columns",
        ids=tuple(f"{request.name}/{split}/{position}" for position in chosen),
        read=rows.__getitem__ if pixels is None else partial(_image, pixels),
        labels=None if labels is None else labels[chosen],
        class_names=classes,
        column_names=() if is_images else tuple(str(column) for column in bunch.feature_names),
        notes=() if classes else ("the target is a number, not a class: samples are unlabelled",),
    )


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


def _asked(request: DataRequest, splits: tuple[str, ...]) -> str:
    refuse_path(request)
    return resolve_split(request, splits)


def _image(pixels: npt.NDArray[np.uint8] | list[npt.NDArray[np.uint8]], index: int) -> Image.Image:
    return Image.fromarray(pixels[index])
