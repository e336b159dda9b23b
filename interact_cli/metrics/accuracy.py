"""The share of samples that the network classifies correctly: a number of the network that is no game."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from interact_cli.interfaces import Cohort, Need, Number
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.words import described

if TYPE_CHECKING:
    from interact_cli.pipeline.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Accuracy(Number):
    """How often the network's highest output is that of the true class.

    The interval is exact: it covers the accuracy on the data in at least 95 of 100 draws, whatever it is, also where
    no sample or every sample is right. It takes the samples as drawn at random; the draw has equal shares of the
    classes, so this is the accuracy where all classes are as frequent.
    """

    name: str = "accuracy"
    source: str = "interval: Clopper & Pearson (1934)"
    formula: str = "mean over samples of [argmax_k f_k(x) = y]"
    needs: frozenset[Need] = frozenset({"labels", "every sample", "outputs"})

    def measure(self, subject: Subject, cohort: Cohort) -> Measurement:
        """Compare predicted and true classes."""
        correct = (subject.predicted == subject.inputs.labels).astype(np.float64)
        own = Quantity("own_correct", ("sample",), correct, "1", "1 where the predicted class is the true one, else 0")
        resampler = Resampler.over(cohort, self.name)
        text = "share of samples whose predicted class is the true one"
        share = resampler.summarise("mean", own).quantity("accuracy", text, "accuracy", "headline")
        n, right = len(correct), int(correct.sum())
        if share.low is not None:
            low, high = interval(right, n)
            share = replace(share, low=np.asarray(low), high=np.asarray(high))
        sentence = f"The network classifies {right:,} of {resampler.counted} correctly: accuracy {described(share)}."
        finding = Finding("", sentence, {"correct": float(right), "samples": float(n)}, (share.name,))
        return self.measurement(
            "one forward pass of each sample", per_sample=(own,), summary=(share,), findings=(finding,)
        )


def interval(n_right: int, n_samples: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share of which ``n_right`` of ``n_samples`` were seen.

    Its ends are the shares under which so many, or so few, are seen with probability ``(1 - confidence) / 2``.

    Source: Clopper & Pearson (1934), "The Use of Confidence or Fiducial Limits".

    Example:
        >>> [round(end, 3) for end in interval(20, 20)]
        [0.832, 1.0]
    """
    from scipy.special import betaincinv  # a third of a second that most commands need not wait

    tail = (1 - confidence) / 2
    low = betaincinv(n_right, n_samples - n_right + 1, tail) if n_right else 0.0
    high = betaincinv(n_right + 1, n_samples - n_right, 1 - tail) if n_right < n_samples else 1.0
    return float(low), float(high)
