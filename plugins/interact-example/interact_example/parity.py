"""``--dataset parity[:K]``: rows whose class is the parity of K columns, so the true interactions are known.

Six columns are uniform in [-1, 1]. The class is the parity of the number of negative values among the first K; the
other columns are noise. No column and no smaller set of columns tells anything about the class: a network that is
right can be so only by an interaction of all K.
"""

from __future__ import annotations

import numpy as np

from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.errors import UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.seeding import generator

EXPECTED = "no files: generated; parity:K makes the class depend on the signs of K columns, 2 unless given"

N_COLUMNS = 6
N_ROWS = {"test": 500, "train": 2000}
DEFAULT_RELEVANT = 2


def read(request: DataRequest) -> Samples:
    """Generate the rows; they are the same on every machine and for every K.

    Raises:
        UsageError: K is no whole number from 1 to 6, or the data set has no such split or option.
    """
    split = resolve_split(request, tuple(N_ROWS))
    n_relevant = _n_relevant(request)
    rows = generator(0, "parity", split).uniform(-1, 1, (N_ROWS[split], N_COLUMNS))
    rows.setflags(write=False)
    return Samples(
        name="parity",
        split=split,
        kind="columns",
        ids=tuple(f"parity/{split}/{position}" for position in range(len(rows))),
        read=rows.__getitem__,
        labels=(rows[:, :n_relevant] < 0).sum(axis=1, dtype=np.int64) % 2,
        class_names=("even", "odd"),
        column_names=tuple(f"x{column}" for column in range(N_COLUMNS)),
        notes=(f"generated: the class is the parity of the signs of the first {n_relevant} of {N_COLUMNS} columns",),
    )


def _n_relevant(request: DataRequest) -> int:
    if request.path is None:
        return DEFAULT_RELEVANT
    text = str(request.path)
    if text not in map(str, range(1, N_COLUMNS + 1)):
        raise UsageError(
            f"Expected --dataset parity:K with K from 1 to {N_COLUMNS}, for example parity:3, "
            f"got 'parity:{safe_text(text)}'."
        )
    return int(text)
