"""What a run does where a surrogate explains little of its games: the same values, without it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from interact_cli.interactions.designs.budgets import Estimator
from interact_cli.interfaces import Reduced
from interact_cli.results import EXPLAINED, Measurement
from interact_cli.types import FloatArray

LEAST_EXPLAINED = 0.2
"""Median R2 over the samples below which a surrogate is dropped."""
REUSE = "maximum sample reuse"
"""How the estimator line calls it; a report says nowhere else that it answered."""
DROPPED = f"a surrogate was dropped, its median R2 is below {LEAST_EXPLAINED:g}"


def explained_of(results: Sequence[Reduced]) -> FloatArray:
    """Return R2 of what a surrogate says of each sample; NaN where the sample needed none: ``(sample,)``."""
    said = (result.estimate.explained for result in results)
    return np.array([np.nan if explained is None else explained for explained in said])


def settled(results: Sequence[Reduced]) -> list[Reduced]:
    """Drop the surrogate for all samples and games of a run, or for none.

    It is kept where its median R2 is at least `LEAST_EXPLAINED`, and where the user holds to it (`Reduced.otherwise` is
    None). One choice for all: numbers of different samples, and of different modules, then mean the same.
    """
    offered = [result for result in results if result.otherwise is not None]
    if not offered or np.median(explained_of(offered)) >= LEAST_EXPLAINED:
        return list(results)
    return [result if result.otherwise is None else result.otherwise for result in results]


def answered_by(measurement: Measurement) -> Estimator | None:
    """Return which of the two that share their coalitions answered; None where neither did."""
    if EXPLAINED in measurement.of_samples:
        return "surrogate"
    return "reuse" if REUSE in measurement.estimator else None
