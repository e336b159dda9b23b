"""What every metric of one index shares: ask the index's design, keep its estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from interact_cli.interactions import indices
from interact_cli.interactions.indices import Index
from interact_cli.interfaces import Design, Metric, Question, ReadOff, Reduced
from interact_cli.metrics.drawn_sets import ByEstimator, DrawnSets
from interact_cli.metrics.fallback import DROPPED
from interact_cli.metrics.index_design import design_for
from interact_cli.metrics.summaries.tables import estimator_of
from interact_cli.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class IndexMetric(Metric):
    """Plan and per-sample reduction of one index; a metric adds how it summarises over samples.

    What it does not say of source, formula and cost, its index says.
    """

    index: Index
    source: str = ""
    cost: str = ""
    vectors_too: bool = False
    """True where `reduce` takes vectors too, for one game: `aggregate` is of numbers."""

    @classmethod
    def of(cls, index: str) -> Self:
        """Return the metric that is called as its index is."""
        return cls(name=index, index=indices.lookup(index))

    def __post_init__(self) -> None:
        """Take from the index what is not said."""
        for name in ("source", "formula", "cost"):
            object.__setattr__(self, name, getattr(self, name) or getattr(self.index, name))

    @property
    def asked_index(self) -> Index:
        """The index under the metric's name where it is never sampled: a refusal names what was asked for."""
        # Where it is sampled the draws are keyed by the index's own name, which must not change.
        return replace(self.index, name=self.name) if self.index.instead else self.index

    def design(self, question: Question) -> Design:
        """Ask for a published protocol, else the full table where it fits the budget, else the index's draws."""
        drawn = self if isinstance(self, DrawnSets) else None
        how = self if isinstance(self, ByEstimator) else None
        return design_for(self.asked_index, question, drawn, how=how)

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Estimate the index on one sample."""
        estimate = design.estimate(values)
        if self.index.rounding is not None and question.rounding:
            errors = np.broadcast_to(self.index.rounding(values, question.rounding), estimate.values.shape)
            estimate = replace(estimate, standard_errors=errors)
        reduced = Reduced(estimate, {}, estimator_of(design))
        if reduced.estimate.explained is None or not isinstance(design, ReadOff):
            return reduced
        if not isinstance(self, ByEstimator) or self.estimator != "auto":
            return reduced
        other = design.without_surrogate
        otherwise = Reduced(other.estimate(values), {}, f"{estimator_of(other)}; {DROPPED}")
        return replace(reduced, otherwise=otherwise)
