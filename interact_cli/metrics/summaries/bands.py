"""Which orders are the ends, which are the middle, and what a game without structure shows at them."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from interact_cli.types import BoolArray, FloatArray, IntArray

ENDS = 0.1
"""Orders within this share of n - 2 of either end are the ends."""
MIDDLE = (0.3, 0.7)
"""Orders between these shares of n - 2 are the middle."""
SLACK = 1e-9
"""For products such as 0.7 * 10, which need not be 7."""


@dataclass(frozen=True)
class Bands:
    """Ends and middle among measured orders."""

    low_end: BoolArray
    high_end: BoolArray
    middle: BoolArray

    @classmethod
    def at(cls, orders: FloatArray | IntArray, n_others: float) -> Bands:
        """Sort orders out of 0..n-2 into ends and middle.

        The published orders are truncated shares: 0.9 of 254 is order 228, a share of 0.8976. So an order belongs
        to a band if it is less than one order outside. Where one order is a tenth of n - 2 or more it would be as
        wide as an end; there every order is measured and the bands stand as they are.

        Args:
            orders: The measured orders; or shares of n - 2, where the samples differ in n.
            n_others: n - 2; or 1.

        Example:
            >>> bands = Bands.at(np.array([0, 12, 25, 50, 76, 101, 127, 152, 177, 203, 228, 241, 254]), 254)
            >>> int(bands.low_end.sum()), int(bands.middle.sum()), int(bands.high_end.sum())
            (3, 5, 3)
        """
        tolerance = 1 - SLACK if n_others * ENDS > 1 else SLACK
        ends = ENDS * n_others + tolerance
        low, high = orders <= ends, orders >= n_others - ends
        middle = (orders >= MIDDLE[0] * n_others - tolerance) & (orders <= MIDDLE[1] * n_others + tolerance)
        return cls(low, high, middle & ~low & ~high)

    def among(self, orders: BoolArray) -> Bands:
        """Leave all orders out but these, ``(order,)``."""
        return Bands(self.low_end & orders, self.high_end & orders, self.middle & orders)

    @property
    def defined(self) -> bool:
        """True when both ends and the middle were measured."""
        return bool(self.low_end.any() and self.high_end.any() and self.middle.any())

    def means(self, by_order: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the means over the middle and over the ends: ``(..., order)`` -> ``(...)`` twice."""
        return by_order[..., self.middle].mean(axis=-1), by_order[..., self.low_end | self.high_end].mean(axis=-1)


def without_structure(n_players: int, orders: IntArray) -> FloatArray:
    """Return the mean square of I^(m) in a game of independent values, over four times their variance: ``(order,)``.

    ``1 / C(n - 2, m)``: an interaction of order m is a mean of so many differences, which share no coalition.

    Example:
        >>> without_structure(6, np.arange(5)).round(3).tolist()
        [1.0, 0.25, 0.167, 0.25, 1.0]
    """
    return np.array([1 / comb(n_players - 2, order) for order in orders.tolist()])
