"""What the coalitions of A are worth, and the six quantities as sums of their worths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import comb

import numpy as np

from interact_cli.interactions.designs.draws import standard_error
from interact_cli.interactions.exact.transforms import moebius, superset_differences
from interact_cli.interactions.multivariate.members import Coalitions
from interact_cli.interactions.multivariate.partitions import Family, Partition, best_of_all, best_of_contiguous
from interact_cli.types import FloatArray

ROUNDING = 2.0**-40
"""A join must gain this much of the largest value, far above rounding: additive players stay apart."""


def by_context(table: FloatArray, members: tuple[int, ...]) -> FloatArray:
    """Lay a table out by context and coalition of A.

    Args:
        table: ``(2^n,)`` values by bit code.
        members: The players of A, ascending.

    Returns:
        ``(2^q, 2^|A|)``: row = bit code of the context among the other players, column = bit code within A.

    Example:
        >>> by_context(np.arange(8.0), (0, 2)).tolist()
        [[0.0, 1.0, 4.0, 5.0], [2.0, 3.0, 6.0, 7.0]]
    """
    n_players = len(table).bit_length() - 1
    stretches = [(inside, 2 ** len(list(run))) for inside, run in groupby(n in members for n in range(n_players))]
    stretches.reverse()
    order = sorted(range(len(stretches)), key=lambda axis: stretches[axis][0])
    folded = table.reshape([size for _, size in stretches])
    return folded.transpose(order).reshape(-1, 2 ** len(members))


def shapley_weights(n_others: int) -> FloatArray:
    """Return ``s! (q-s)! / (q+1)!`` of every context S among q other players, ``(2^q,)`` by bit code; they sum to 1."""
    of_size = np.array([1.0 / ((n_others + 1) * comb(n_others, size)) for size in range(n_others + 1)])
    return of_size[np.bitwise_count(np.arange(2**n_others))]


@dataclass(frozen=True)
class Worths:
    """Values of the coalitions of A in some contexts."""

    coalitions: Coalitions
    values: FloatArray
    """``(context, coalition)``: v(S u C)."""
    weights: FloatArray | None
    """``(context,)`` where these are all contexts; None where they were drawn."""

    @cached_property
    def phi(self) -> FloatArray:
        """``(coalition,)``: ``phi(C) = sum over contexts S of weight(S) [v(S u C) - v(S)]``."""
        mean = self.values.mean(axis=0) if self.weights is None else self.weights @ self.values
        phi: FloatArray = mean - mean[0]
        return phi

    def extremes(self, family: Family) -> tuple[Partition, Partition]:
        """Return the partitions of positions with the largest and with the smallest sum of phi.

        Among partitions whose sums differ by no more than rounding the one with fewer joins is taken.
        """
        tie = ROUNDING * max(float(self.values.max()), -float(self.values.min()))
        return self._best(self.phi, family, tie), self._best(-self.phi, family, tie)

    def quantities(self, largest: Partition, smallest: Partition) -> tuple[FloatArray, FloatArray]:
        """Return the six values and their standard errors, given the two partitions of positions."""
        if self.weights is not None:
            values = np.array([form @ self.phi for form in self._forms(largest, smallest)])
            return values, np.where(np.isnan(values), np.nan, 0.0)
        differences = self.values - self.values[:, :1]
        draws = np.stack([differences @ form for form in self._forms(largest, smallest)], axis=1)
        return draws.mean(axis=0), standard_error(draws, axis=0)

    def _best(self, phi: FloatArray, family: Family, tie: float) -> Partition:
        """Maximise the sum of phi, every block more counting as a tie."""
        alone = phi[self.coalitions.singles]
        if family == "all":
            apart = np.zeros(1)
            for worth in alone:
                apart = np.concatenate([apart, apart + worth])
            return best_of_all(phi - apart + tie)
        before = np.concatenate([[0.0], np.cumsum(alone)])
        return best_of_contiguous(phi[self.coalitions.runs] - (before[1:] - before[:-1, None]) + tie)

    def _forms(self, largest: Partition, smallest: Partition) -> Iterator[FloatArray]:
        """Yield each quantity as a linear form of phi, ``(coalition,)``; NaN where coalitions are missing."""
        coalitions = self.coalitions
        whole = (tuple(range(coalitions.n_members)),)
        sums = (self._sum(whole), self._sum(largest), self._sum(smallest))
        apart = self._sum(tuple((position,) for position in whole[0]))
        yield from (joined - apart for joined in sums)
        yield sums[1] - sums[2]
        if not coalitions.complete:
            yield from [np.full(coalitions.n, np.nan)] * 2
            return
        interactions = moebius(self.phi)
        interactions[coalitions.singles] = 0.0
        yield superset_differences((interactions > 0.0).astype(np.float64))
        yield superset_differences((interactions < 0.0).astype(np.float64))

    def _sum(self, partition: Partition) -> FloatArray:
        form = np.zeros(self.coalitions.n)
        form[self.coalitions.numbers(partition)] = 1.0
        return form
