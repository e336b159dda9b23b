"""Hand-made reports of metrics that value sets of players: nothing of the package computes their numbers."""

from __future__ import annotations

import dataclasses
from itertools import combinations

import numpy as np

from interact_cli.results import Measurement, PlayerTable, Quantity, Report, SampleTable
from support.words import named

TEXTS = ("the film is not good at all", "fine\x1b[31m but [red]long[/red] and very very slow")
WORDS = tuple(tuple(text.split()) for text in TEXTS)
COLUMNS = ("age", "dose", "[/red]weight", "height")


def quantity(name, dims, values, unit="log-odds", errors=None, exact=None):
    return Quantity(name, dims, np.asarray(values), unit, f"meaning of {name}", errors, exact=exact)


def measured(metric, per_sample, summary=(), coordinates=None, of="", findings=()):
    held = (tuple(per_sample), tuple(summary), coordinates or {})
    return named(Measurement(metric, 1, "source", "exact: by hand", *held, of=of), *findings)


def table_report(measurements, *, names=COLUMNS, grid=None, labels=(0, 1, 1), predicted=(0, 0, 1), **provenance):
    samples = SampleTable(
        ids=tuple(f"table/test/{i}" for i in range(len(labels))),
        labels=np.array(labels),
        predicted=np.array(predicted),
        included=np.ones(len(labels), bool),
        full_value=np.full(len(labels), 5.0),
        empty_value=np.full(len(labels), 1.0),
        asked=np.full(len(labels), 16),
        unique=np.full(len(labels), 16),
        evaluated=np.full(len(labels), 16),
    )
    players = PlayerTable(tuple(names), "columns", np.arange(len(names)), np.zeros(1, np.float32), "zero", grid)
    stated = {"score": "log-odds", "score_unit": "log-odds", "target": "true"} | provenance
    return Report({}, stated, {}, samples, players, tuple(measurements))


def text_report(measurements, *, labels=(0, 1), predicted=(1, 1), spans=None, **provenance):
    made = table_report(measurements, labels=labels, predicted=predicted, **provenance)
    players = dataclasses.replace(
        made.players,
        names=(),
        spec="words",
        own_names=WORDS,
        owner=np.zeros((2, 7), np.int64),
        entry="embedding",
        spans=None if spans is None else np.array(spans),
    )
    return dataclasses.replace(made, players=players, samples=dataclasses.replace(made.samples, texts=TEXTS))


def sets_of_size_up_to(n, size, *, width=None):
    """Every set with 0..size players, padded with -1."""
    rows = [combo for k in range(size + 1) for combo in combinations(range(n), k)]
    return [[*row, *[-1] * ((width or size) - len(row))] for row in rows]


def listed_sets(values, sets, errors=None):
    """Quantities of a metric whose sets are listed: ``(sample, set)`` values."""
    return (
        quantity("sets", ("sample", "set", "member"), sets, "1"),
        quantity("values", ("sample", "set"), values, errors=errors, exact=np.ones(np.shape(values), bool)),
    )


def by_code(values):
    """``{(0, 2): 1.5}`` of each sample -> ``(sample, 2^n)``, NaN beyond the sample's own coalitions."""
    sizes = [n for n, _ in values]
    array = np.full((len(values), 2 ** max(sizes)), np.nan)
    for row, (n, held) in zip(array, values, strict=True):
        row[: 2**n] = 0.0
        for members, value in held.items():
            row[sum(2**player for player in members)] = value
    return array


def all_codes(array):
    n = array.shape[1].bit_length() - 1
    return {"coalition": np.arange(array.shape[1]), "size": np.arange(1, n + 1)}


def partitions(numbers, members, best, worst, **more):
    """Quantities of ``multivariate``: ``(sample,)`` numbers by name, and the partitions by block number."""
    held = [quantity(name, ("sample",), np.array(values, float)) for name, values in numbers.items()]
    for name, rows in {"members": members, "partition_max": best, "partition_min": worst}.items():
        held.append(quantity(name, ("sample", "member"), rows, "1"))
    return (*held, *more.values())
