"""Inference patterns of pairs: what the pair adds together with exactly q other players."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from interact_cli.interactions import indices
from interact_cli.interactions.indices import Index
from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.multi_order import OrderStrengths
from interact_cli.metrics.summaries.strengths import MOMENTS
from interact_cli.results import Measurement


@dataclass(frozen=True, kw_only=True)
class InferencePatterns(OrderStrengths):
    """What a pair adds together with exactly q other players, beyond all smaller sets: ``J^(q)(i,j)``.

    ``J^(q)(i,j) = mean over |T| = q of R^T(i,j)``, R the dividend of ``T u {i,j}``; an order is q, the players of the
    pattern beside the pair. Needs every coalition: nothing here is sampled.

    Source: Zhang et al. (ICLR 2021), equations 4 and 26.
    """

    name: str = "inference-patterns"
    version: int = 2
    source: str = "Zhang et al. (ICLR 2021), equations 4 and 26"
    index: Index = indices.lookup("inference-patterns")

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
