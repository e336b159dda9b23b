"""From the values of A's coalitions in their contexts to the estimate."""

from __future__ import annotations

from typing import Literal

import numpy as np

from interact_cli.interactions.multivariate.learning.reading import Learned
from interact_cli.interactions.multivariate.members import Members
from interact_cli.interactions.multivariate.partitions import Family, Partition
from interact_cli.interactions.multivariate.result import Multivariate
from interact_cli.interactions.multivariate.worths import Worths


def reduced(  # noqa: PLR0913  (what an estimate says, each a plain value)
    worths: Worths,
    members: Members,
    family: Family,
    *,
    partitions: tuple[Partition, Partition],
    evaluations: int,
    learned: Learned | None,
    method: Literal["exact", "learned"],
) -> Multivariate:
    """Value the six quantities of two given partitions of positions."""
    values, errors = worths.quantities(*partitions)
    largest, smallest = map(members.named, partitions)
    return Multivariate(
        "multivariate",
        values,
        errors,
        np.isfinite(values) & (worths.weights is not None),
        evaluations,
        members.n_players,
        members=members.players,
        partitions=family,
        partition_max=largest,
        partition_min=smallest,
        trace=learned.trace if learned else None,
        trace_min=learned.trace_min if learned else None,
        learned_T=learned.T if learned else None,
        method=method,
    )
