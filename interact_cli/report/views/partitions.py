"""Partitions of a multivariate interaction as a reader meets them: their coalitions, and what they speak for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.results import Measurement, Report

FALLING = ("cross-entropy", "margin")
"""Scores that fall as the network grows surer of the class."""

Block = tuple[int, ...]


@dataclass(frozen=True)
class Partitions:
    """The players of one sample that were asked about, and both of their extreme partitions."""

    members: Block
    """The players A, ascending."""
    best: tuple[Block, ...]
    """Coalitions of the partition that gives the largest sum of Shapley values, singletons included."""
    worst: tuple[Block, ...]
    """Coalitions of the partition that gives the smallest."""


def has_partitions(measurement: Measurement) -> bool:
    """Return True where the metric holds partitions, and T, of which they are the ends."""
    dims_of = {quantity.name: quantity.dims for quantity in measurement.per_sample}
    of_members = (dims_of.get(name) == ("sample", "member") for name in ("members", "partition_max", "partition_min"))
    return dims_of.get("T") == ("sample",) and all(of_members)


def partitions_of(measurement: Measurement, sample: int) -> Partitions | None:
    """Read the partitions of one sample; None where it has none."""
    if not has_partitions(measurement):
        return None
    stored = np.asarray(measurement.quantity("members").values[sample], dtype=np.int64)
    kept = np.flatnonzero(stored >= 0)
    members = stored[kept]
    if not kept.size:
        return None
    best, worst = (
        blocks(members, np.asarray(measurement.quantity(name).values[sample], dtype=np.int64)[kept])
        for name in ("partition_max", "partition_min")
    )
    return Partitions(tuple(members.tolist()), best, worst)


def blocks(members: np.ndarray, numbers: np.ndarray) -> tuple[Block, ...]:
    """Return the coalitions of a partition, ordered by their first member.

    Args:
        members: ``(member,)`` players, ascending.
        numbers: ``(member,)`` number of the coalition of each.

    Example:
        >>> blocks(np.array([4, 5, 8]), np.array([1, 0, 1]))
        ((4, 8), (5,))
    """
    members_of: dict[int, list[int]] = {}
    for player, number in zip(members.tolist(), numbers.tolist(), strict=True):
        members_of.setdefault(number, []).append(player)
    return tuple(tuple(block) for block in members_of.values())


def directions(report: Report, sample: int) -> tuple[str, str]:
    """Say what the maximising and the minimising partition of one sample speak for.

    In a misclassified sample the score of the predicted class is that of the wrong answer, so its maximum is
    "towards the wrong answer" and its minimum "towards the right answer"; reversed where the true class is scored.

    Returns:
        Words for both; empty ones where no class is scored.
    """
    target = report.provenance.get("target")
    label, predicted = int(report.samples.labels[sample]), int(report.samples.predicted[sample])
    scored = {"true": label, "predicted": predicted}.get(str(target), -1)
    if scored < 0:
        return "", ""
    if label < 0 or predicted < 0:
        ends = ("towards the predicted answer", "against the predicted answer")
    elif label == predicted:
        ends = ("towards the right answer", "against the right answer")
    else:
        ends = ("towards the wrong answer", "towards the right answer")
        ends = ends[::-1] if scored == label else ends
    return ends[::-1] if report.provenance.get("score") in FALLING else ends
