"""The share of samples that the network classifies correctly: a number of the network that is no game."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from interact_cli.interfaces import Cohort, Need, Number
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.types import IntArray
from interact_cli.words import described

if TYPE_CHECKING:
    from interact_cli.pipeline.subject import Subject


MOST_APART = 0.02
"""Difference between a class's share of the drawn samples and of the data from which a note tells of it."""


@dataclass(frozen=True, kw_only=True)
class Accuracy(Number):
    """How often the network's highest output is that of the true class, among the drawn samples.

    A draw takes the classes in equal shares while they last, so on data whose classes have other shares the accuracy
    may be another: a note says so. The interval is of the accuracy at the shares of the draw, and exact: it covers it
    in at least 95 of 100 draws, also where no sample or every sample is right.
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
        notes = _other_shares(subject.inputs.labels, subject.inputs.dataset.labels)
        return self.measurement(self.cost, per_sample=[own], summary=[share], findings=[finding], notes=notes)


def _other_shares(drawn: IntArray, every: IntArray | None) -> tuple[str, ...]:
    """Say where the drawn samples have other shares of the classes than the data."""
    if every is None:
        return ()
    n_classes = int(max(drawn.max(), every.max())) + 1
    here, there = (np.bincount(labels, minlength=n_classes) / len(labels) for labels in (drawn, every))
    farthest = int(np.abs(here - there).argmax())
    if abs(here[farthest] - there[farthest]) <= MOST_APART:
        return ()
    return (
        f"The samples have other shares of the classes than the data: class {farthest} is {here[farthest]:.0%} of them "
        f"and {there[farthest]:.0%} of all {len(every):,}, where the accuracy may be another. --n-samples {len(every)} "
        f"measures all.",
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
