"""UCI's census income data ("Adult") in its own layout: 12 of its 14 columns, categories one-hot.

Source: Becker & Kohavi (1996), https://archive.ics.uci.edu/dataset/2/adult

The columns. Deng et al. (2022) play with 12 variables and do not say which; ours are all but ``fnlwgt`` (the weight of
a person in the census, which says nothing of the person) and ``education`` (the same as ``education-num``, as text).
Numbers stay numbers; every other column becomes one column per category, ``NAME=CATEGORY``, in the order of the
documentation of the data set. So order and meaning of the columns never depend on the file. ``?`` (unknown) is a
category of its own for the three columns that have it: it keeps every row, and that something is not known is
information too.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from interact_cli.datasets.layouts import Layout, split_place
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.datasets.tables.table import numbers
from interact_cli.datasets.texts.lines import line_at, lines
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray

EXPECTED = "adult/{adult.data, adult.test}: 15 fields a line, no line of names, as UCI ships them"

CLASSES = ("<=50K", ">50K")
_FILES = {"test": "adult.test", "train": "adult.data"}
_LAYOUT = Layout("census", EXPECTED, ("adult", "census", "census-income"), ("adult.zip", "census+income.zip"))

FIELDS = (
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education-num",
    "marital-status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital-gain",
    "capital-loss",
    "hours-per-week",
    "native-country",
    "income",
)
DROPPED = ("fnlwgt", "education")

CATEGORIES = {
    "workclass": "Private Self-emp-not-inc Self-emp-inc Federal-gov Local-gov State-gov Without-pay Never-worked ?",
    "marital-status": (
        "Married-civ-spouse Divorced Never-married Separated Widowed Married-spouse-absent Married-AF-spouse"
    ),
    "occupation": (
        "Tech-support Craft-repair Other-service Sales Exec-managerial Prof-specialty Handlers-cleaners "
        "Machine-op-inspct Adm-clerical Farming-fishing Transport-moving Priv-house-serv Protective-serv Armed-Forces ?"
    ),
    "relationship": "Wife Own-child Husband Not-in-family Other-relative Unmarried",
    "race": "White Asian-Pac-Islander Amer-Indian-Eskimo Other Black",
    "sex": "Female Male",
    "native-country": (
        "United-States Cambodia England Puerto-Rico Canada Germany Outlying-US(Guam-USVI-etc) India Japan Greece South "
        "China Cuba Iran Honduras Philippines Italy Poland Jamaica Vietnam Mexico Portugal Ireland France "
        "Dominican-Republic Laos Ecuador Taiwan Haiti Columbia Hungary Guatemala Nicaragua Scotland Thailand "
        "Yugoslavia El-Salvador Trinadad&Tobago Peru Hong Holand-Netherlands ?"
    ),
}
"""The categories of each column as the documentation of the data set lists them, its spelling kept."""

GROUPS = {name: tuple(f"{name}={category}" for category in listed.split()) for name, listed in CATEGORIES.items()}
"""The one-hot columns of each categorical column."""

COLUMNS = tuple(column for name in FIELDS[:-1] if name not in DROPPED for column in GROUPS.get(name, (name,)))
"""The 91 columns of a row: 5 numbers, and 86 categories in 7 groups."""


def read(request: DataRequest) -> Samples:
    """Open the census data: 91 columns of 12 variables; class 1 earns more than 50,000 dollars a year.

    Spaces behind commas, the first line of ``adult.test`` (``|1x3 Cross validator``) and the full stop behind its
    labels are no part of the data. Rows are numbered from 0 in the order of the file.

    Raises:
        DataRefused: not found, or another layout; later, of one row: a category that the documentation does not list,
            or a number that is none.
        UsageError: an unknown split.
    """
    split, path = split_place(request, _LAYOUT, _FILES)
    starts, labels = [], []
    for line in lines(path):
        if line.text.startswith("|"):
            continue
        fields = _fields(line.text)
        label = fields[-1].removesuffix(".")
        if len(fields) != len(FIELDS) or label not in CLASSES:
            raise DataRefused(
                f"Expected {len(FIELDS)} fields and then {' or '.join(CLASSES)} in line {line.number} of '{path}', got "
                f"{len(fields)} that end with '{safe_text(fields[-1], 40)}'. Expected {EXPECTED}."
            )
        starts.append(line.start)
        labels.append(CLASSES.index(label))
    if not starts:
        raise DataRefused(f"Expected rows in '{path}', got none. Expected {EXPECTED}.")
    return Samples(
        name="census",
        split=split,
        kind="columns",
        ids=Numbered(f"census/{split}", len(starts)),
        read=partial(_row, path, np.array(starts, np.int64)),
        labels=np.array(labels, np.int64),
        class_names=CLASSES,
        column_names=COLUMNS,
        groups=GROUPS,
        notes=("12 of the 14 columns: fnlwgt and education are left out; '?' is a category of its own",),
    )


def _fields(text: str) -> list[str]:
    return [field.strip() for field in text.split(",")]


def _row(path: Path, starts: IntArray, index: int) -> FloatArray:
    fields = dict(zip(FIELDS, _fields(line_at(path, starts[index])), strict=False))
    present = {f"{name}={fields.get(name)}": 1.0 for name in GROUPS}
    unknown = [column for name, column in zip(GROUPS, present, strict=True) if column not in GROUPS[name]]
    if unknown:
        raise DataRefused(
            f"Row {index} of '{path}' has '{safe_text(unknown[0], 80)}', which is no category of the census data."
        )
    plain = [name for name in COLUMNS if name in FIELDS]
    present |= dict(zip(plain, numbers(path, index, plain, [fields[name] for name in plain]).tolist(), strict=True))
    return np.array([present.get(column, 0.0) for column in COLUMNS])
