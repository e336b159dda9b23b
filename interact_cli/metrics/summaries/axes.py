"""The orders at which samples are summarised: their own where all have as many players, shares of n - 2 elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.published import PUBLISHED_RATIOS, order_at, published_orders
from interact_cli.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class OrderAxis:
    """Which measured order of each sample stands at each place of a summary.

    Texts of different lengths have different orders. There a place is one of the thirteen published ratios r, and
    sample x stands in it with its order floor((n_x - 2) r); ratios that name the same orders everywhere are one place.
    """

    dim: str
    """``"order"``, or ``"ratio"`` where the samples differ in n."""
    places: IntArray | FloatArray
    """``(place,)`` orders, or order / (n - 2)."""
    picks: IntArray
    """``(sample, place)``: position among the sample's measured orders."""
    shares: FloatArray
    """``(place,)`` order / (n - 2)."""
    n_players: int
    """n, the smallest where the samples differ."""

    @classmethod
    def of(cls, results: Sequence[Reduced], cohort: Cohort) -> OrderAxis:
        """Line up the orders of all samples."""
        measured = [orders_of(result) for result in results]
        sizes = cohort.n_players.tolist()
        n = min(sizes)
        if len(set(sizes)) == 1:
            orders = measured[0]
            shares = orders / (n - 2) if n > 2 else np.zeros(len(orders))
            return cls("order", orders, np.tile(np.arange(len(orders)), (len(results), 1)), shares, n)
        wanted = np.array([[order_at(size, ratio) for ratio in PUBLISHED_RATIOS] for size in sizes])
        _, first = np.unique(wanted, axis=1, return_index=True)
        kept = np.sort(first)
        picks = np.stack([np.searchsorted(orders, row[kept]) for orders, row in zip(measured, wanted, strict=True)])
        ratios = np.array(PUBLISHED_RATIOS)[kept]
        return cls("ratio", ratios, picks, ratios, n)

    def aligned(self, by_sample: Sequence[FloatArray]) -> FloatArray:
        """Bring ``(..., order)`` arrays of the samples, each at its own orders, to ``(sample, ..., place)``."""
        return np.stack([array[..., picks] for array, picks in zip(by_sample, self.picks, strict=True)])

    @property
    def coordinates(self) -> dict[str, np.ndarray]:
        """Label the axis."""
        return {self.dim: self.places}

    @property
    def published(self) -> BoolArray:
        """``(place,)``: True at the published orders, which every budget measures; a full table has more."""
        if self.dim == "ratio":
            return np.ones(len(self.places), dtype=np.bool_)
        return np.isin(self.places, published_orders(self.n_players))

    @property
    def positions(self) -> tuple[FloatArray, float]:
        """Return places and the last possible place, in one scale: orders and n - 2, or ratios and 1."""
        if self.dim == "ratio":
            return self.shares, 1.0
        return self.places.astype(np.float64), self.n_players - 2.0


def orders_of(result: Reduced) -> IntArray:
    """Return the orders of one sample."""
    if result.estimate.orders is None:
        raise ValueError(f"'{result.estimate.index}' has no orders")
    return result.estimate.orders
