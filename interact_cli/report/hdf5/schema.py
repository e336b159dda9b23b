"""What a report file consists of: one table that the writer, the reader and the documentation share.

Version 1.4. A reader takes every minor version of its own major one; a newer minor version may add
data sets and attributes of the types in `DTYPES`, and changes nothing that is already there.

Since 1.1: players of each sample's own, the entry, texts, several games in one run (``/metrics/METRIC@MODULE``).
Since 1.2: a baseline of each sample's own; its first axis is ``sample``, and an older reader refuses it. Records of
vectors, with any number of components, older readers read as they are.
Since 1.3: a summary names its `STATISTIC` and its `PARTS`, per-sample quantities of the same metric.
Since 1.4: a quantity carries its `LABEL` and its `ROLE`, a sentence names the quantities that it says; the settings
name each metric with its options and no places, the identity tells rounding from records. Older reports are brought to
that form when they are read (`before_1_4`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, get_args
from urllib.parse import quote

import numpy as np

from interact_cli.results import Role

FORMAT = "interact-report"
SIGNATURE = b"\x89HDF\r\n\x1a\n"
"""First bytes of an HDF5 file."""
SCHEMA_MAJOR = 1
SCHEMA_MINOR = 4
SCHEMA_VERSION = f"{SCHEMA_MAJOR}.{SCHEMA_MINOR}"
STATUSES = ("complete", "limited")

SHARED_DIMS = ("sample", "player")
"""Dimension scales at the root; every other scale lies in the group that uses it."""

UNCERTAINTY = {"standard_error": "standard_errors", "low": "low", "high": "high", "exact": "exact"}
"""Suffix of the sibling data set -> attribute of `interact_cli.results.Quantity`."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""Names of metrics, quantities and dimensions."""
GAME = re.compile(r"(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2}){1,300}")
"""Which game a metric's group holds, as `group_name` writes it."""

DTYPES: dict[str, np.dtype[Any]] = {
    "float64": np.dtype("<f8"),
    "float32": np.dtype("<f4"),
    "int64": np.dtype("<i8"),
    "uint8": np.dtype("u1"),
    "bool": np.dtype(bool),
}
"""Numbers in a report; text is UTF-8 of fixed length."""

COMPACT_BYTES = 8 << 10
"""Up to here an array lies inside its object header, whose checksum covers it."""
COMPACT_TEXT_BYTES = 32 << 10
"""The same for a JSON document; a longer one carries the attribute ``sha256``."""
CHUNK_BYTES = 1 << 20
MAX_CHUNK_BYTES = 16 << 20
MAX_ARRAY_BYTES = 4 << 30
"""Largest array that is read into memory at once."""
MAX_DOCUMENT_BYTES = 64 << 20
MAX_STRING_BYTES = 64 << 10
"""Longest entry of an array of text."""
MAX_TEXT_CHARACTERS = 8_000
"""Characters of a sample's text that are kept."""
MAX_OBJECTS = 100_000
MAX_DEPTH = 8
MAX_RANK = 8
MAX_ATTRIBUTES = 64
INFLATION_FLOOR = 16 << 20
"""Arrays up to this size are never called inflated."""
INFLATION_LIMIT = 100
"""Declared over stored bytes of one larger array; real measurements compress two- to tenfold."""
INFLATION_TOTAL = 256 << 20
"""All arrays together may inflate beyond `INFLATION_LIMIT` up to this size."""


@dataclass(frozen=True)
class Field:
    """One data set with a fixed place."""

    path: str
    dtype: str
    """A key of `DTYPES`, ``"text"``, or ``"json"`` for a scalar document."""
    dims: tuple[str, ...] = ()
    unit: str = "1"
    meaning: str = ""
    optional: bool = False

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def group(self) -> str:
        """Path of the group that holds the data set."""
        return self.path.rpartition("/")[0] or "/"


FIELDS = (
    Field("/config/json", "json", meaning="resolved settings"),
    Field("/provenance/json", "json", meaning="what decides the numbers"),
    Field("/provenance/run/json", "json", meaning="what does not decide the numbers: time, host, command line"),
    Field("/provenance/run/evaluated", "int64", ("sample",), "evaluations", "coalitions sent through the network"),
    Field("/samples/id", "text", ("sample",), meaning="stable name of the sample"),
    Field("/samples/label", "int64", ("sample",), meaning="true class; -1 for unlabelled"),
    Field("/samples/predicted", "int64", ("sample",), meaning="class with the highest logit on the unmasked input"),
    Field("/samples/included", "bool", ("sample",), meaning="True where the sample counts in every summary"),
    Field("/samples/full_value", "float64", ("sample",), "score", "v(N): value with every player present"),
    Field("/samples/empty_value", "float64", ("sample",), "score", "v(empty): value with every player masked"),
    Field("/samples/asked", "int64", ("sample",), "evaluations", "coalitions asked for, over all metrics"),
    Field("/samples/unique", "int64", ("sample",), "evaluations", "coalitions after deduplication"),
    Field("/samples/text", "text", ("sample",), meaning="the text of the sample", optional=True),
    Field(
        "/samples/pictures", "uint8", ("picture", "y", "x", "rgb"), meaning="the first samples, for maps", optional=True
    ),
    Field("/skipped/id", "text", ("skipped",), meaning="stable name of a sample that was not measured"),
    Field("/skipped/reason", "text", ("skipped",), meaning="why it was not measured"),
)
"""Every report holds these, but for the optional ones."""

PLAYER_NAME = Field("/players/name", "text", meaning="name of the player")
PLAYER_COUNT = Field("/players/count", "int64", ("sample",), meaning="players of the sample", optional=True)
PLAYER_OWNER = Field("/players/owner", "int64", meaning="player of each position at the entry; -1 where always present")
PLAYER_SPAN = Field(
    "/players/span", "int64", ("sample", "bound"), meaning="first and past-the-last player asked for", optional=True
)
BASELINE = Field("/players/baseline", "float32", unit="input", meaning="what a masked position shows at the entry")
"""The players; their dims say whether every sample shares them (`geometry_dims`, `OWN_DIMS`)."""
OWN_DIMS = {"name": ("sample", "player"), "owner": ("sample", "owner_position")}
"""Axes where each sample has its own players, padded with empty names and -1."""

VECTOR_UNIT = "feature"
"""Unit of ``/records/values`` where the components are the numbers of a vector score, and nowhere else."""
RECORD_FIELDS = (
    Field("/records/sample_start", "int64", ("sample",), meaning="first evaluation of the sample"),
    Field("/records/classes", "int64", ("sample", "slot"), meaning="class of each slot; -1 for none"),
    Field(
        "/records/coalitions",
        "uint8",
        ("evaluation", "byte"),
        meaning="players present, player i = bit i % 8 of byte i // 8",
    ),
    Field(
        "/records/values",
        "float64",
        ("evaluation", "slot", "component"),
        "logit",
        "logit, and of the other logits logsumexp, maximum, mean; or one output; or log p, log(1 - p), 0, 0; or a "
        "vector",
    ),
)
"""The evaluation records; all of them or none."""

STATISTIC, PARTS = "statistic", "parts"
"""Attributes of a summary that is a function of means over samples: its name, and the names of the per-sample
quantities whose means it takes, separated by spaces; both or neither."""

LABEL, UNITS, ROLE = "long_name", "units", "number_role"
"""Attributes of a quantity: what a reader calls it, and its unit, as netCDF readers show them; and what it is for."""
ROLES = get_args(Role)

REMARKS = "json"
"""Data set of a metric's group: its findings and notes."""

GROUPS = ("config", "provenance", "samples", "skipped", "players", "metrics", "records")
"""Groups at the root; attribute ``encoding-type`` of each is its name, that of a metric's own group ``"metric"``."""


def geometry_dims(prefix: str, rank: int) -> tuple[str, ...]:
    """Name the axes of ``owner`` or ``baseline``.

    Example:
        >>> geometry_dims("owner", 3), geometry_dims("owner", 1), geometry_dims("owner", 0)
        (('owner_channel', 'owner_y', 'owner_x'), ('owner_position',), ())
    """
    axes = {1: ("position",), 3: ("channel", "y", "x")}.get(rank, tuple(str(axis) for axis in range(rank)))
    return tuple(f"{prefix}_{axis}" for axis in axes)


def group_name(metric: str, of: str) -> str:
    """Name the group of a metric: its key, with ``%XX`` for what a name cannot hold.

    Example:
        >>> group_name("shapley", ""), group_name("shapley", "encoder.layer.0"), group_name("shapley", "a/b")
        ('shapley', 'shapley@encoder.layer.0', 'shapley@a%2Fb')
    """
    return f"{metric}@{quote(of, safe='')}" if of else metric


def baseline_dims(rank: int, *, own: bool) -> tuple[str, ...]:
    """Name the axes of ``/players/baseline``; where each sample has its own, ``sample`` comes first.

    Example:
        >>> baseline_dims(2, own=True), baseline_dims(1, own=False)
        (('sample', 'baseline_position'), ('baseline_position',))
    """
    return ("sample", *geometry_dims("baseline", rank - 1)) if own else geometry_dims("baseline", rank)
