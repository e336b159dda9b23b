"""Pairs at several orders, all read off one surrogate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.laws import Law
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.types import FloatArray, IntArray, PackedArray


@dataclass(frozen=True)
class SurrogateByOrder:
    """The interactions of pairs at some orders: at each order another index of the same coalitions.

    An order whose coalitions are all there is exact. The squares of the others are corrected to first order by what
    left out values miss: a process is smooth from order to order, and a network need not be.
    """

    orders: tuple[int, ...]
    """Ascending."""
    parts: tuple[Surrogate, ...]
    """One of each order, of equal draws."""

    @classmethod
    def of(cls, orders: tuple[int, ...], pairs: Surrogate) -> Self:
        """Read the pairs of an index of pairs at each order."""
        n, sets = pairs.n_players, pairs.sets
        functionals = [Functional(Law(order=order), n, sets) for order in orders]
        return cls(orders, tuple(replace(pairs, functional=each, corrects_squares=True) for each in functionals))

    @property
    def asked(self) -> PackedArray:
        """``(n_asked, bytes)``."""
        return self.parts[0].asked

    @property
    def pairs(self) -> IntArray:
        """``(pair, 2)``."""
        return self.parts[0].sets

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return self.parts[0].n_players

    def estimate(self, values: FloatArray) -> Estimate:
        """Read off every order."""
        return self._stacked([part.estimate(values) for part in self.parts])

    @property
    def surrogates(self) -> tuple[Surrogate, ...]:
        """What is read off a surrogate; they share one."""
        return tuple(surrogate for part in self.parts for surrogate in part.surrogates)

    @property
    def without_surrogate(self) -> Self:
        """The same coalitions, answered by maximum sample reuse."""
        return replace(self, parts=tuple(part.without_surrogate for part in self.parts))

    def _stacked(self, estimates: list[Estimate]) -> Estimate:
        squares = np.stack([estimate.squares for estimate in estimates])
        return replace(
            estimates[0],
            values=np.stack([estimate.values for estimate in estimates]),
            standard_errors=np.stack([estimate.standard_errors for estimate in estimates]),
            exact=np.stack([estimate.exact for estimate in estimates]),
            orders=np.array(self.orders, dtype=np.int64),
            corrected_squares=squares,
        )
