"""Inference patterns of pairs: what the pair adds together with exactly q other players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.multi_order import MultiOrder
from interact_cli.metrics.summaries.strengths import MOMENTS
from interact_cli.results import Measurement


class InferencePatterns(MultiOrder):
    """``J^(q)(i,j)`` per sample, and its mean and strengths at each q over pairs and samples.

    ``J^(q)(i,j) = mean over |T| = q of R^T(i,j)``, R the dividend of ``T u {i,j}``; an order is q, the players of the
    pattern beside the pair. Needs every coalition: nothing here is sampled.

    Source: paper 000, equations 4 and 26.
    """

    def __init__(self) -> None:
        IndexMetric.__init__(self, "inference-patterns", source="paper 000, equations 4 and 26")

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise by q."""
        measurement = super().aggregate(results, cohort)
        what = "; I is J^(q), the mean inference pattern of the pair with q others"
        summary = tuple(replace(quantity, meaning=quantity.meaning + what) for quantity in measurement.summary)
        per_sample = tuple(
            replace(quantity, meaning=quantity.meaning + what) if quantity.name in ("signed", *MOMENTS) else quantity
            for quantity in measurement.per_sample
        )
        return replace(measurement, summary=summary, per_sample=per_sample)
