"""Resamples of the paired samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

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
