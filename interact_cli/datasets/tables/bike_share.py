"""UCI's hourly bike-share counts (Capital Bikeshare, Washington), split and cut as Lengerich et al. (2022) do.

Source: Fanaee-T & Gama (2013), https://archive.ics.uci.edu/dataset/275; Lengerich et al. (2022), "Dropout as a
regularizer of interaction effects" its notebook: ``cnt`` is the target; ``instant``, ``casual`` and
``registered`` are dropped; ``dteday`` is the index of the rows and divides them: train before 2012-07-01, test from
then on. The notebook's z-scores are the network's business: rows come as they are in the file.
"""

from __future__ import annotations

import re
from functools import partial

import numpy as np

from interact_cli.datasets.layouts import Layout, locate, not_found
from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Samples
from interact_cli.datasets.tables.delimited import open_table
from interact_cli.datasets.tables.records import Records, scan
from interact_cli.datasets.tables.table import read_numbers
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray

EXPECTED = "Bike-Sharing-Dataset/hour.csv, as UCI ships it"
_FILE = "hour.csv"
_LAYOUT = Layout(
    "bike_share",
    EXPECTED,
    ("Bike-Sharing-Dataset", "bike_share", "bike+sharing+dataset"),
    ("Bike-Sharing-Dataset.zip", "bike+sharing+dataset.zip"),
)

COLUMNS = (
    "season",
    "yr",
    "mnth",
    "hr",
    "holiday",
    "weekday",
    "workingday",
    "weathersit",
    "temp",
    "atemp",
    "hum",
    "windspeed",
)
FIRST_TEST_DAY = "2012-07-01"
_DAY, _TARGET = "dteday", "cnt"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read(request: DataRequest) -> Samples:
    """Open the hourly table: 12 columns; the target is a number, so there are no labels.

    Ids number the rows from 0 in the order of the file, whichever the split. A row is read when it is asked for.

    Raises:
        DataRefused: not found, another table, or a day that is no date; later, of one row: a value that is no number.
        UsageError: an unknown split.
    """
    split = resolve_split(request, ("test", "train"))
    folder = locate(request, _LAYOUT, lambda folder: (folder / _FILE).is_file())
    if folder is None:
        raise not_found(request, _LAYOUT)
    path = folder / _FILE
    table = open_table(path, ",", expected=EXPECTED)
    missing = [name for name in (_DAY, *COLUMNS, _TARGET) if name not in table.names]
    if missing:
        raise DataRefused(f"Expected column '{missing[0]}' in '{path}', got none. Expected {EXPECTED}.")
    records, columns = scan(table, [_DAY])
    days = columns[_DAY]
    wrong = [day for day in days.texts if not _DATE.fullmatch(day)]
    if wrong:
        raise DataRefused(f"Expected dates like 2012-07-01 in '{path}', got '{safe_text(wrong[0], 40)}'.")
    in_test = np.array([day >= FIRST_TEST_DAY for day in days.texts], np.bool_)[days.positions]
    rows = np.flatnonzero(in_test if split == "test" else ~in_test)
    return Samples(
        name="bike_share",
        split=split,
        kind="columns",
        ids=[f"bike_share/{split}/{row}" for row in rows.tolist()],
        read=partial(_row, records, rows),
        column_names=COLUMNS,
        notes=("the target is a number of rentals, not a class: samples are unlabelled",),
    )


def _row(records: Records, rows: IntArray, index: int) -> FloatArray:
    return read_numbers(records, COLUMNS, int(rows[index]))
