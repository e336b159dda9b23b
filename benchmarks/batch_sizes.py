"""Rows per second of every power of two against the committed table's choice: what `batch_rows.yaml` rests on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.subjects import CLASSES, Subject, encoder, mlp, resnet18, vit
from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved

SMALLEST, LARGEST = 16, 4096
SECONDS_PER_BATCH = 4.0
"""No batch size is tried that takes longer."""


def swept(subject: Subject, rounds: int) -> Row:
    """Time every batch size in turn on whole batches, per row."""
    rates: dict[int, float] = {}
    works, sizes = [], []
    rows = SMALLEST
    while rows <= LARGEST:
        records, coalitions = subject.evaluator(rows).records, subject.coalitions(rows)
        masked = partial(records, subject.sample, subject.players, coalitions, CLASSES)
        works.append(masked)
        sizes.append(rows)
        if Interleaved.of([masked], 1, floor=0).median(0) > SECONDS_PER_BATCH / 4:
            break
        rows *= 2
    timed = Interleaved.of(works, rounds, floor=0.15)
    rates = {rows: rows / timed.median(position) for position, rows in enumerate(sizes)}
    best = max(rates, key=rates.__getitem__)
    listed = " ".join(f"{rows}:{rate / rates[best]:.2f}" for rows, rate in rates.items())
    what = f"{subject.name}: rows/s at the table's {subject.rows} / at the best power of two, {best}"
    return Row(what, rates[subject.rows] / rates[best], goal=Goal(least=0.95), spread=listed)


def batch_sizes(quick: bool) -> Iterator[Row]:
    """Yield one row per network and input size."""
    rounds = 3 if quick else 7
    yield swept(mlp((12,)), rounds)
    for side in (32, 64):
        for make in (mlp_on_images, resnet18, vit):
            yield swept(make(side), rounds)
    for n_tokens in (8, 32):
        yield swept(encoder(n_tokens), rounds)


def mlp_on_images(side: int) -> Subject:
    return mlp((3, side, side), n_classes=10)
