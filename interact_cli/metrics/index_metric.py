"""What every metric of one index shares: ask the index's design, keep its estimate."""

from __future__ import annotations

from dataclasses import replace

from interact_cli.interactions import indices
from interact_cli.interfaces import Design, Question, Reduced
from interact_cli.metrics.published import design_for
from interact_cli.metrics.summaries.tables import estimator_of
from interact_cli.types import FloatArray

SET_OPTIONS = ("span", "pairs", "contexts")
"""What a metric reads that chooses pairs, or sets, and draws contexts for them."""


class IndexMetric:
    """Plan and per-sample reduction of one index; a metric adds how it summarises over samples.

    Args:
        index: Name of the index.
        name: Name of the metric, where it is not the index's.
        source: Paper and equation, where they are not the index's.
    """

    version = 1
    needs_ranges = False
    options: tuple[str, ...] = ()
    of_vectors = False
    of_predicted = False
    kept_per_coalition = 0

    def __init__(self, index: str, *, name: str | None = None, source: str | None = None) -> None:
        self.index = indices.lookup(index)
        self.name = name or index
        if self.index.instead:
            # Never sampled, so no draw is keyed by the name, and a refusal names the metric that was asked for.
            self.index = replace(self.index, name=self.name)
        self.source = source or self.index.source

    def design(self, question: Question) -> Design:
        """Ask for a published protocol, else the full table where it fits the budget, else the index's sampled plan."""
        if "interaction_size" not in self.options:
            question = replace(question, interaction_size=None)
        return design_for(self.index, question)

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Estimate the index on one sample."""
        del question
        return Reduced(design.estimate(values), {}, estimator_of(design))
