"""UCI's commercials in TV news: shots of five channels, 4,125 sparse features, in svmlight text.

Source: Vyas, Kannao, Bhargava & Guha (2014), https://archive.ics.uci.edu/dataset/326

The players. Deng et al. (2022) play with ten variables of this data set and do not say which columns make one. The
grouping here is ours: the features by what they describe, as the documentation of the data set lists them, with the
three spectral ones (centroid, roll-off, flux) taken as one.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from interact_cli.datasets.layouts import Layout, locate, not_found
from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.texts.lines import line_at, lines
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray

CHANNELS = ("BBC", "CNN", "CNNIBN", "NDTV", "TIMESNOW")
EXPECTED = f"TV_News_Channel_Commercial_Detection_Dataset/{{{', '.join(f'{name}.txt' for name in CHANNELS)}}}"
_LAYOUT = Layout(
    "tv_news",
    EXPECTED,
    ("TV_News_Channel_Commercial_Detection_Dataset", "tv_news"),
    ("TV_News_Channel_Commercial_Detection_Dataset.zip", "tv+news+channel+commercial+detection+dataset.zip"),
)

CLASSES = ("no commercial", "commercial")
_CLASS_OF = {"-1": 0, "1": 1, "+1": 1}

RANGES: dict[str, tuple[tuple[int, int], ...]] = {
    "shot length": ((1, 1),),
    "motion": ((2, 3), (18, 58)),
    "frame difference": ((4, 5), (59, 91)),
    "energy": ((6, 7),),
    "zero crossings": ((8, 9),),
    "spectrum": ((10, 15),),
    "fundamental frequency": ((16, 17),),
    "text area": ((92, 122),),
    "audio words": ((123, 4123),),
    "edge change": ((4124, 4125),),
}
"""First and last feature of each of the ten groups; features are counted from 1, as in the files."""

GROUPS = {
    name: tuple(f"{name} {feature}" for first, last in ranges for feature in range(first, last + 1))
    for name, ranges in RANGES.items()
}
COLUMNS = tuple(sorted(chain.from_iterable(GROUPS.values()), key=lambda column: int(column.rpartition(" ")[2])))
"""``GROUP FEATURE``: ``"motion 18"``; the place of a feature in a row is its number less one."""


def read(request: DataRequest) -> Samples:
    """Open the shots of all channels that are there, or of one: ``--split BBC``; class 1 is a commercial.

    No split is published; a channel is one. A row is read when it is asked for; features that a line does not name are
    0. Rows are numbered from 0 in the order of the file.

    Raises:
        DataRefused: not found, or a line that does not begin with 1 or -1; later, of one row: what is no
            ``FEATURE:NUMBER`` with a feature from 1 to 4125.
        UsageError: no such channel.
    """
    split = resolve_split(request, ("all", *CHANNELS))
    channels = CHANNELS if split == "all" else (split,)
    folder = locate(request, _LAYOUT, lambda folder: any((folder / f"{name}.txt").is_file() for name in channels))
    if folder is None:
        raise not_found(request, _LAYOUT)
    alone = request.path.stem if request.path is not None and request.path.is_file() else None
    present = [name for name in channels if (folder / f"{name}.txt").is_file() and alone in {None, name}]
    starts, labels, ids = [], [], []
    for channel in present:
        path = folder / f"{channel}.txt"
        for row, line in enumerate(lines(path)):
            starts.append((path, line.start))
            labels.append(_class(path, line.number, line.text))
            ids.append(f"tv_news/{channel}/{row}")
    if not ids:
        raise DataRefused(f"Expected rows in '{folder}', got none. Expected {EXPECTED}.")
    missing = [name for name in channels if name not in present]
    return Samples(
        name="tv_news",
        split=split if alone is None else alone,
        kind="columns",
        ids=ids,
        read=partial(_row, starts),
        labels=np.array(labels, np.int64),
        class_names=CLASSES,
        column_names=COLUMNS,
        groups=GROUPS,
        notes=(
            "ten groups of features: the grouping is ours",
            *([f"channels without a file: {', '.join(missing)}"] if missing else []),
        ),
    )


def _class(path: Path, number: int, text: str) -> int:
    label = text.split(maxsplit=1)[0]
    if label not in _CLASS_OF:
        raise DataRefused(
            f"Expected 1 or -1 and then FEATURE:NUMBER in line {number} of '{path}', got '{safe_text(label, 40)}'. "
            f"Expected {EXPECTED}."
        )
    return _CLASS_OF[label]


def _row(starts: list[tuple[Path, int]], index: int) -> FloatArray:
    path, start = starts[index]
    row = np.zeros(len(COLUMNS))
    for entry in line_at(path, start).split()[1:]:
        feature, _, number = entry.partition(":")
        try:
            place, value = int(feature) - 1, float(number)
        except ValueError:
            place, value = -1, 0.0
        if not 0 <= place < row.size or not np.isfinite(value):
            raise DataRefused(
                f"Expected FEATURE:NUMBER with a feature from 1 to {row.size} in '{path}', got "
                f"'{safe_text(entry, 40)}' in the line at byte {start}."
            )
        row[place] = value
    return row
