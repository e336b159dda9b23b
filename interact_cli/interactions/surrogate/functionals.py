"""Indices as what they are: linear maps of a game, applied in closed form to the covariance of the process.

An index of the sets A of one size is a mean over contexts of a difference (`interact_cli.interactions.laws`). Of a
product of one factor for each player the difference is a product again, so that its mean is a short sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from interact_cli.interactions.designs.budgets import PAIR
from interact_cli.interactions.laws import Law
from interact_cli.interactions.surrogate.kernel import Kernel, Parities, Product
from interact_cli.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

AT_ONCE = 2**22
"""Numbers that are held at a time beside what is returned."""
RETURNED = 2**23
"""Numbers that are returned at a time, of some sets for all coalitions."""


@dataclass(frozen=True)
class Functional:
    """An index of sets of one size: Shapley, Banzhaf, the top of Shapley-Taylor, or one order."""

    law: Law
    n_players: int
    sets: IntArray
    """``(set, size)``, of at least one player, ascending."""

    @property
    def size(self) -> int:
        """Players of a set."""
        return int(self.sets.shape[1])

    @cached_property
    def weights_by_size(self) -> FloatArray:
        """What v(L) counts for: ``(n + 1, size + 1)``, by players of L and players of L in the set."""
        n, a = self.n_players, self.size
        weights = np.zeros((n + 1, a + 1))
        of_contexts = self.law.of_contexts(n - a)
        for inside in range(a + 1):
            weights[inside : inside + n - a + 1, inside] = (-1.0) ** (a - inside) * of_contexts
        return weights

    def weights(self, coalitions: BoolArray) -> FloatArray:
        """Return what the value of each coalition counts for: ``(row, n)`` -> ``(row, set)``."""
        members = np.zeros((self.n_players, len(self.sets)), dtype=np.float32)
        members[self.sets.T, np.arange(len(self.sets))] = 1
        inside = (coalitions.astype(np.float32) @ members).astype(np.int64)
        weights: FloatArray = self.weights_by_size[coalitions.sum(axis=1)[:, None], inside]
        return weights

    def known_from(self, coalitions: BoolArray) -> BoolArray:
        """Return whether every coalition that counts is among some different ones: ``(row, n)`` -> ``(set,)``."""
        n, a = self.n_players, self.size
        sizes, inside = np.nonzero(self.weights_by_size)
        pairs = zip(sizes.tolist(), inside.tolist(), strict=True)
        needed = sum(comb(a, members) * comb(n - a, size - members) for size, members in pairs)
        known = np.zeros(len(self.sets), dtype=np.bool_)
        if needed <= len(coalitions):
            for some, part in self.parts(len(coalitions)):
                known[some] = np.count_nonzero(part.weights(coalitions), axis=0) == needed
        return known

    def covariances(self, kernel: Kernel, coalitions: BoolArray) -> FloatArray:
        """Return the covariance of the index with the value of each of some different coalitions: ``(row, set)``."""
        own = kernel.own_by_size(self.n_players)[coalitions.sum(axis=1)]
        covariances: FloatArray = self.weights(coalitions) * own[:, None]
        parities = kernel.parities
        covariances += (parities.signs(coalitions) * parities.weights) @ self._of_parities(parities)
        for product in kernel.products:
            self._add_product(product, coalitions, covariances)
        return covariances

    def variances(self, kernel: Kernel) -> FloatArray:
        """Return the variance of the index of each set before any value is known: ``(set,)``."""
        n, a = self.n_players, self.size
        of_contexts = [comb(n - a, size) for size in range(n - a + 1)]
        counts = np.zeros((n + 1, a + 1))
        for inside in range(a + 1):
            counts[inside : inside + n - a + 1, inside] = [comb(a, inside) * count for count in of_contexts]
        own = kernel.own_by_size(n) @ (counts * self.weights_by_size**2).sum(axis=1)
        of_parities = self._of_parities(kernel.parities)
        variances = own + (of_parities.multiply(of_parities)).T @ kernel.parities.weights
        for product in kernel.products:
            variances += self._variances_of(product)
        return np.asarray(variances)

    def _of_parities(self, parities: Parities) -> csr_array:
        """Return the index of every sign product: ``(product, set)``.

        Of chi_A it is 2^a times the mean of the signs of the players of A beside the set: of keep rates
        ``E (2 r - 1)^(|A| - a)``.
        """
        from scipy.sparse import csr_array

        number = {tuple(members): column for column, members in enumerate(self.sets.tolist())}
        rows, columns, values, start = [], [], [], 0
        for sets in parities.sets:
            more = sets.shape[1] - self.size
            if more >= 0:
                others = self.n_players - self.size
                rule = self.law.rule(others, more)
                signs = (rule.present - rule.absent) ** more * (rule.present + rule.absent) ** (others - more)
                value = 2.0**self.size * float((rule.weights @ signs).real)
                for row, members in enumerate(sets.tolist(), start):
                    for chosen in combinations(members, self.size):
                        if chosen in number:
                            rows.append(row)
                            columns.append(number[chosen])
                            values.append(value)
            start += len(sets)
        return csr_array((values, (rows, columns)), shape=(start, len(self.sets)))

    def _add_product(self, product: Product, coalitions: BoolArray, covariances: FloatArray) -> None:
        rule = self.law.rule(self.n_players - self.size)
        n_nodes = len(rule.weights)
        of_sets = self.n_players**2 if self.size <= PAIR else 2 * n_nodes * len(self.sets)
        at_once = max(1, AT_ONCE // (n_nodes * self.n_players + of_sets))
        for start in range(0, len(coalitions), at_once):
            rows = slice(start, start + at_once)
            coded = product.coded(coalitions[rows])
            # No factor is above 1: what is lost below the smallest number is nothing.
            absent, present = (
                np.exp(product.scales * (coded * code - 1)) for code in (product.absent, product.present)
            )
            means = rule.absent[:, None] * absent[:, None] + rule.present[:, None] * present[:, None]
            totals = means.prod(axis=2) * (rule.weights * product.amplitude)
            covariances[rows] += self.summed(totals, (present - absent)[:, None] / means)

    def _variances_of(self, product: Product) -> FloatArray:
        rule = self.law.rule(self.n_players - self.size)
        again = rule.whole
        both, one, none = (
            np.exp(product.scales * (left * right - 1))
            for left, right in (
                (product.present, product.present),
                (product.present, product.absent),
                (product.absent, product.absent),
            )
        )
        (here, not_here), (there, not_there) = (rule.present, rule.absent), (again.present, again.absent)
        means = np.outer(here, there).ravel()[:, None] * both + np.outer(not_here, not_there).ravel()[:, None] * none
        means = means + (np.outer(here, not_there) + np.outer(not_here, there)).ravel()[:, None] * one
        totals = means.prod(axis=1) * np.outer(rule.weights, again.weights).ravel() * product.amplitude
        variances: FloatArray = self.summed(totals[None], ((both - 2 * one + none) / means)[None])[0]
        return variances

    def summed(self, totals: FloatArray, ratios: FloatArray) -> FloatArray:
        """Return ``Re sum_q totals prod over i in A of ratios``: ``(row, q)``, ``(row, q, n)`` -> ``(row, set)``."""
        summed: FloatArray
        if self.size == 1:
            summed = np.einsum("tq,tqn->tn", totals, ratios).real[:, self.sets[:, 0]]
            return summed
        if self.size == PAIR:
            left, right = ratios * totals[:, :, None], ratios
            if np.iscomplexobj(right):  # the real part of a product of matrices is one product of real ones
                left, right = (
                    np.concatenate(parts, axis=1) for parts in ((left.real, -left.imag), (right.real, right.imag))
                )
            products = np.matmul(left.transpose(0, 2, 1), right)
            summed = products[:, self.sets[:, 0], self.sets[:, 1]]
            return summed
        chosen = ratios[:, :, self.sets[:, 0]]
        for column in self.sets.T[1:]:
            chosen = chosen * ratios[:, :, column]
        summed = np.einsum("tq,tqs->ts", totals, chosen).real
        return summed

    def parts(self, n_rows: int) -> Iterator[tuple[slice, Functional]]:
        """Yield the same index of as many sets at a time as `RETURNED` holds for so many coalitions."""
        at_once = max(1, RETURNED // max(1, n_rows))
        for start in range(0, len(self.sets), at_once):
            some = slice(start, start + at_once)
            yield some, Functional(self.law, self.n_players, self.sets[some])
