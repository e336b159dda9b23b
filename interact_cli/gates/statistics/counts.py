"""Bounds of a change of a share, from how many samples two versions answer differently."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv

from interact_cli.metrics.summaries.bounds import LEAST
from interact_cli.types import FloatArray


@dataclass(frozen=True)
class Counts:
    """Samples that two versions answer differently, and what so few of them leave open about the others.

    The change of a share is (gained - lost) / n. Resamples of samples of which none differs never differ, so their
    bounds know nothing of rare losses: among 20 samples none is lost in a third of the cases where 5 % are. A bound
    here is exact (Clopper & Pearson, 1934) on the side that would be worse, the other side taken as it was seen.
    """

    lost: FloatArray
    """``(place,)``: samples that only the reference has."""
    gained: FloatArray
    """``(place,)``: samples that only the candidate has."""
    n_samples: int
    unit: FloatArray | float = 1.0
    """What a change of the share by 1 is here: 1 over the reference where the change is relative."""

    @classmethod
    def of(cls, reference: FloatArray, candidate: FloatArray) -> Counts:
        """Count ``(sample, place)`` zeros and ones."""
        lost, gained = ((left > right).sum(axis=0) for left, right in ((reference, candidate), (candidate, reference)))
        return cls(lost.astype(np.float64), gained.astype(np.float64), len(reference))

    def low(self, alpha: float) -> FloatArray:
        """Return the lower bound of the change at level alpha.

        Example:
            >>> none = np.zeros((50, 1))
            >>> Counts.of(none, none).low(0.05).round(3).tolist()
            [-0.058]
        """
        return (self.gained / self.n_samples - self._most(self.lost, alpha)) * self.unit

    def high(self, alpha: float) -> FloatArray:
        """Return the upper bound of the change at level alpha."""
        return (self._most(self.gained, alpha) - self.lost / self.n_samples) * self.unit

    def p_above(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the lower bound is at the threshold."""
        return self._rarer(self.lost, self.gained / self.n_samples - threshold / self.unit)

    def p_below(self, threshold: FloatArray) -> FloatArray:
        """Return the level at which the upper bound is at the threshold."""
        return self._rarer(self.gained, self.lost / self.n_samples + threshold / self.unit)

    def _most(self, seen: FloatArray, alpha: float) -> FloatArray:
        """Return the share under which so few are seen with probability alpha."""
        largest: FloatArray = betaincinv(seen + 1, np.maximum(self.n_samples - seen, LEAST), 1 - alpha)
        return np.where(seen < self.n_samples, largest, 1.0)

    def _rarer(self, seen: FloatArray, share: FloatArray) -> FloatArray:
        """Return the probability of seeing no more than so many, if the share were this."""
        inside = np.clip(share, 0.0, 1.0)
        rarer: FloatArray = 1 - betainc(seen + 1, np.maximum(self.n_samples - seen, LEAST), inside)
        return np.where(seen < self.n_samples, rarer, 1.0)
