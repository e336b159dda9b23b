"""One number, or one at each of several places, of both reports: what every sample contributes to it, pair by pair."""

from __future__ import annotations

from dataclasses import dataclass

from interact_cli.metrics.summaries.of_means import OfMeans
from interact_cli.types import FloatArray


@dataclass(frozen=True)
class PairedNumbers:
    """What the paired samples of two reports contribute to one quantity.

    Row k of every array is the same sample in both reports; ``(sample, *dims)``, all finite.
    """

    metric: str
    """Key in the reports."""
    quantity: str
    dims: tuple[str, ...]
    """Axes of the places; empty for a single number."""
    labels: tuple[tuple[str | int | float, ...], ...]
    """One tuple of labels per axis."""
    unit: str
    statistic: OfMeans
    corrected: OfMeans | None
    """The statistic of the same parts that is free of the noise of drawn contexts; None where there is none."""
    reference: tuple[FloatArray, ...]
    """The parts of the reference."""
    candidate: tuple[FloatArray, ...]
    label: str = ""
    """What a reader calls the quantity."""
    counted: bool = False
    """True for a share of samples: every contribution is 0 or 1, and that none differs among these few does not mean
    that none differs. The bounds then allow for what so few samples cannot show (`gates.statistics.counts.Counts`)."""
    samples: tuple[str, ...] = ()
    """Names of the paired samples; empty where nobody asks for them."""

    @property
    def n_samples(self) -> int:
        """Number of paired samples."""
        return len(self.reference[0])
