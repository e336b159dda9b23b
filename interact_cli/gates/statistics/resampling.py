"""Resamples of the paired samples, and how far out in them a bound of a given level lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from interact_cli.errors import ShapeError
from interact_cli.metrics.summaries.of_means import MeansToNumber
from interact_cli.seeding import generator
from interact_cli.types import FloatArray

LEAST_FOR_INTERVAL = 20
"""Fewest paired samples from which an interval is given."""
AT_ONCE = 2**21
"""Numbers of one array that are held at a time: 16 MiB."""


@dataclass(frozen=True)
class Resamples:
    """Bootstrap resamples of the samples: both reports are resampled alike, so what they share cancels.

    Source: Efron & Tibshirani (1993), chapter 13.
    """

    counts: npt.NDArray[np.unsignedinteger]
    """``(resample, sample)``: how often each sample was drawn."""

    @classmethod
    def draw(cls, n_samples: int, *, seed: int, resamples: int) -> Resamples:
        """Draw the resamples; fewer of them are the first of more.

        Args:
            n_samples: Number of paired samples.
            seed: Seed of the policy.
            resamples: How many.

        Example:
            >>> drawn = Resamples.draw(50, seed=0, resamples=2000)
            >>> drawn.counts.shape, bool((drawn.counts.sum(axis=1) == 50).all())
            ((2000, 50), True)
        """
        rng = generator(seed, "gate", "samples", n_samples)
        counts = np.zeros((resamples, n_samples), dtype=np.min_scalar_type(n_samples))
        rows = max(1, AT_ONCE // max(1, n_samples))
        for first in range(0, resamples if n_samples else 0, rows):
            block = counts[first : first + rows]
            places = rng.integers(0, n_samples, size=block.shape) + n_samples * np.arange(len(block))[:, None]
            block[:] = np.bincount(places.ravel(), minlength=block.size).reshape(block.shape)
        return cls(counts)

    @property
    def n_samples(self) -> int:
        """Number of paired samples."""
        return int(self.counts.shape[1])

    def of(self, statistic: MeansToNumber, parts: Sequence[FloatArray]) -> FloatArray:
        """Return a statistic of the means over every resample, some resamples at a time.

        Args:
            statistic: Function of the parts' means.
            parts: ``(sample, ..., place)`` each, of the samples that were resampled.

        Returns:
            ``(resample, place)``, all axes of places as one.

        Raises:
            ShapeError: other samples than were resampled.
        """
        n, given = self.n_samples, len(parts[0])
        if given != n:
            raise ShapeError(f"Expected values of the {n} resampled samples, got {given} samples.")
        flat = [part.reshape(n, prod(part.shape[1:])) for part in parts]
        rows = max(1, AT_ONCE // max(n, *(part.shape[1] for part in flat)))
        replicates = []
        for first in range(0, len(self.counts), rows):
            drawn = self.counts[first : first + rows].astype(np.float64)
            means = [
                (drawn @ values / np.float64(n)).reshape(-1, *part.shape[1:])
                for values, part in zip(flat, parts, strict=True)
            ]
            replicates.append(statistic(*means).reshape(len(drawn), -1))
        return np.concatenate(replicates)


def distance(n_samples: int, alpha: float) -> float:
    """Return how many standard errors of the resamples lie between a number and its one-sided bound.

    ``sqrt(n / (n - 1)) t``, t Student's point of n - 1 degrees: the resamples spread too little by the root, and do not
    know that their spread is an estimate. So the interval of a mean is as wide as Student's.

    Source: Hesterberg (2015), "What Teachers Should Know About the Bootstrap", section 3.4.
    """
    degrees = np.float64(n_samples - 1)
    return float(np.sqrt(n_samples / degrees) * stdtrit(degrees, 1 - alpha))


def level(n_samples: int, deviation: FloatArray) -> FloatArray:
    """Return alpha of the bound at which a normal deviate stands: ``level(n, -distance(n, alpha))`` is alpha.

    Args:
        n_samples: Number of paired samples, at least 2.
        deviation: Normal deviates of shares of resamples, negative far below.

    Example:
        >>> round(float(level(20, np.float64(-distance(20, 0.05)))), 6)
        0.05
    """
    alpha: FloatArray = stdtr(n_samples - 1, deviation * np.sqrt((n_samples - 1) / np.float64(n_samples)))
    return alpha
