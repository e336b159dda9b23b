"""``--metric margin``: how far a network's first choice is ahead of its second. No game: nothing is masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interfaces import Cohort, Need, Number
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.results import Measurement, Quantity

if TYPE_CHECKING:
    from interact_cli.pipeline.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Margin(Number):
    """How far the network's highest output is above its second highest, on average."""

    name: str = "margin"
    source: str = "textbook"
    formula: str = "mean over samples of f_(1)(x) - f_(2)(x), the two highest outputs"
    needs: frozenset[Need] = frozenset({"outputs"})

    def measure(self, subject: Subject, cohort: Cohort) -> Measurement:
        """Subtract the second highest output of each sample from the highest."""
        outputs = subject.outputs
        if outputs.shape[1] < 2:
            raise UsageError("'margin' is between two outputs, and this network has one. Leave it out.")
        second, first = np.sort(outputs, axis=1)[:, -2:].T
        own = Quantity("own_margin", ("sample",), first - second, "logit", "highest output minus the second highest")
        resampler = Resampler.over(cohort, self.name)
        mean = resampler.summarise("mean", own).quantity("margin", "mean over samples", "margin", "headline")
        return self.measurement(self.cost, per_sample=(own,), summary=(mean,))
