"""Finding the scales of a kernel: largest posterior probability of the values of some coalitions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, cholesky
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize

from interact_cli.interactions.surrogate.kernel import CODES, JITTER, Kernel, Parities, Product, own_profile
from interact_cli.types import BoolArray, FloatArray, IntArray

STAGES = ((400, 15), (1000, 6))
"""Coalitions and steps of each search; it starts where the one before ended. Few coalitions cost little, and tell where
about the scales lie; the last bits of a search are worth nothing."""
SPREAD = 0.7
"""Prior standard deviation of the logarithm of a player's scale around the mean of all."""
MEAN_MOVES = 0.3
"""What the mean of all players' logarithms moves by in a step where one player's moves by `SPREAD`."""
SMALLEST, LARGEST = 1e-4, 3.0
"""Range of a player's scale."""
FAILED = 1e10
"""Objective where a matrix could not be factorised."""


def fitted(coalitions: BoolArray, values: FloatArray, neighbours: tuple[IntArray, ...] = ()) -> Kernel:
    """Return the kernel whose scales explain the values best.

    Minimises ``1/2 y' K^-1 y + 1/2 log det K + 1/2 sum_i (d_i / 0.7)^2``, ``log a_i = mean + d_i`` for every product.

    Source: Rasmussen & Williams (2006), equations 5.8 and 5.9; the prior keeps the scales of many players from
    following the noise of few values.

    Args:
        coalitions: ``(row, n)``.
        values: ``(row,)``, of mean 0 and variance about 1.
        neighbours: Sets of players that lie beside each other, ``(set, size)`` each, of different sizes from 2 on.
    """
    start = None
    for rows, steps in stages(len(values)):
        search = _Search(coalitions[:rows], values[:rows], neighbours)
        start = search.searched(start, steps)
    return search.kernel(search.best)


def stages(n_rows: int) -> list[tuple[int, int]]:
    """Return the coalitions and steps of each search where there are so many coalitions."""
    before = [0, *[rows for rows, _ in STAGES[:-1]]]
    return [(min(n_rows, rows), steps) for least, (rows, steps) in zip(before, STAGES, strict=True) if n_rows > least]


@dataclass
class _Search:
    """The objective over one vector of parameters: deviations, means and amplitudes of the products, then weights."""

    coalitions: BoolArray
    values: FloatArray
    neighbours: tuple[IntArray, ...]

    def __post_init__(self) -> None:
        n = self.coalitions.shape[1]
        players = np.arange(n, dtype=np.int64)[:, None]
        self._sets = (np.empty((1, 0), dtype=np.int64), players, *self.neighbours)
        self._signs = Parities(self._sets, np.empty(0)).signs(self.coalitions)
        self._own = own_profile(n)[self.coalitions.sum(axis=1)]
        self._least = np.inf
        self.best = self.start

    @property
    def _shape(self) -> tuple[int, int]:
        return len(CODES), self.coalitions.shape[1]

    @cached_property
    def start(self) -> FloatArray:
        """Where the search starts."""
        kinds, n = self._shape
        return np.concatenate(
            [
                np.zeros(kinds * n),
                np.full(kinds, np.log(0.6 / np.sqrt(n))),
                np.log([0.3] * kinds + [1.0, 0.01]),
                np.log([0.05 / len(sets) for sets in self.neighbours]),
            ]
        )

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Least and largest of every parameter."""
        kinds, n = self._shape
        means = [(np.log(1e-3), np.log(LARGEST))] * kinds
        return [(-6.0, 6.0)] * (kinds * n) + means + [(-16.0, 8.0)] * (kinds + 2 + len(self.neighbours))

    @property
    def units(self) -> FloatArray:
        """What every parameter is searched in: about what it moves by, so that the first steps suit all."""
        kinds, n = self._shape
        return np.concatenate(
            [np.full(kinds * n, SPREAD), np.full(kinds, MEAN_MOVES), np.ones(kinds + 2 + len(self.neighbours))]
        )

    def searched(self, start: FloatArray | None, steps: int) -> FloatArray:
        """Return the best parameters that some steps from a start, of no earlier search by default, came by."""
        units = self.units

        def objective(scaled: FloatArray) -> tuple[float, FloatArray]:
            value, slope = self.objective(scaled * units)
            return value, slope * units

        minimize(
            objective,
            (self.start if start is None else start) / units,
            jac=True,
            method="L-BFGS-B",
            bounds=[(least / unit, most / unit) for (least, most), unit in zip(self.bounds, units, strict=True)],
            options={"maxiter": steps, "maxfun": 2 * steps},
        )
        return self.best

    def kernel(self, parameters: FloatArray) -> Kernel:
        """Return the kernel of some parameters."""
        kinds, n = self._shape
        deviations = parameters[: kinds * n].reshape(kinds, n)
        means, amplitudes, (linear, own), by_size = np.split(parameters[kinds * n :], [kinds, 2 * kinds, 2 * kinds + 2])
        scales = np.exp(np.clip(deviations + means[:, None], np.log(SMALLEST), np.log(LARGEST)))
        products = tuple(
            Product(absent, present, of_players, float(np.exp(amplitude)))
            for (absent, present), of_players, amplitude in zip(CODES, scales, amplitudes, strict=True)
        )
        # Neighbours matter as their players do.
        relevant = [deviations[0][sets].sum(axis=1) for sets in self.neighbours]
        logarithms = [size + of_sets for size, of_sets in zip(by_size, relevant, strict=True)]
        weights = np.concatenate(
            [[np.exp(linear)], np.full(n, np.exp(linear) / n), *[np.exp(np.clip(log, -40, 8)) for log in logarithms]]
        )
        return Kernel(products, Parities(self._sets, weights), float(np.exp(own)))

    def objective(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Return the objective and its gradient."""
        kernel = self.kernel(parameters)
        parts = [product.between(self.coalitions, self.coalitions) for product in kernel.products]
        covariances = (self._signs * kernel.parities.weights) @ self._signs.T + sum(parts)
        covariances[np.diag_indices(len(self.values))] += kernel.own * self._own + JITTER
        try:
            factor = cholesky(covariances, lower=True, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return FAILED, np.zeros_like(parameters)
        inverse = inverse_of(factor)
        solved = inverse @ self.values
        kinds, n = self._shape
        deviations = parameters[: kinds * n]
        value = float(
            self.values @ solved / 2 + np.log(np.diag(factor)).sum() + deviations @ deviations / SPREAD**2 / 2
        )
        if value < self._least:
            self._least, self.best = value, parameters.copy()
        # d value = 1/2 sum of slope * d covariances
        slope = inverse - np.outer(solved, solved)
        return value, self._gradient(kernel, parts, slope, deviations)

    def _gradient(
        self, kernel: Kernel, parts: list[FloatArray], slope: FloatArray, deviations: FloatArray
    ) -> FloatArray:
        by_scale, by_amplitude = [], []
        for product, part in zip(kernel.products, parts, strict=True):
            weighted = slope * part
            total = weighted.sum()
            coded = product.coded(self.coalitions)
            by_scale.append((np.einsum("ti,ti->i", coded, weighted @ coded) - total) * product.scales / 2)
            by_amplitude.append(total / 2)
        by_weight = kernel.parities.weights * np.einsum("tk,tk->k", self._signs, slope @ self._signs) / 2
        n = self._shape[1]
        ends = np.cumsum([1 + n, *map(len, self.neighbours)])
        of_alone, *of_neighbours = np.split(by_weight, ends)[:-1]
        scales = np.array(by_scale)
        means = scales.sum(axis=1)
        for sets, of_sets in zip(self.neighbours, of_neighbours, strict=True):
            np.add.at(scales[0], sets, of_sets[:, None])
        own = kernel.own * (np.diag(slope) @ self._own) / 2
        last = [of_alone.sum(), own, *[of_sets.sum() for of_sets in of_neighbours]]
        return np.concatenate([scales.ravel() + deviations / SPREAD**2, means, by_amplitude, last])


def inverse_of(factor: FloatArray) -> FloatArray:
    """Return the inverse of ``L L'`` from the lower factor L."""
    inverse, _ = dpotri(factor, lower=1)  # what is above the diagonal of the factor, zeros, stays
    inverse += inverse.T
    inverse[np.diag_indices(len(inverse))] /= 2
    return np.asarray(inverse)
