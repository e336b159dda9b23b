"""A Gaussian process that has seen the values of some coalitions of a game."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.linalg.lapack import dpotri

from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.interactions.surrogate.kernel import AT_ONCE, Kernel
from interact_cli.types import BoolArray, FloatArray

LEFT_OUT = 1000
"""Coalitions that are left out, each in turn, to see how well the others tell its value."""


@dataclass(frozen=True)
class Process:
    """The process given the values of different coalitions; values have mean 0 and variance 1."""

    kernel: Kernel
    coalitions: BoolArray
    """``(row, n)``."""
    factor: FloatArray
    """``(row, row)``: lower factor of the covariances of the values."""
    solved: FloatArray
    """``(row,)``: the covariances' inverse on the values."""
    explained: float
    """R2 of values that were left out: 1 where the others tell them, 0 where the mean does as well."""
    calibration: float
    """Mean square of what the left out values miss their predictions by, over the predicted variances and the share
    ``(1 - p/T)^2`` that p scales leave of T values; at least 1."""

    @classmethod
    def given(cls, kernel: Kernel, coalitions: BoolArray, values: FloatArray) -> Self:
        """Condition on values ``(row,)`` of different coalitions ``(row, n)``.

        The value at row i given all others is ``y_i - [K^-1 y]_i / [K^-1]_ii``, its variance ``1 / [K^-1]_ii``.

        Source: Rasmussen & Williams (2006), equations 2.25 and 5.12; Golub, Heath & Wahba (1979) for ``(1 - p/T)^2``.

        Raises:
            LinAlgError: the covariances cannot be factorised.
        """
        factor = cholesky(kernel.matrix(coalitions), lower=True, overwrite_a=True, check_finite=False)
        solved = cho_solve((factor, True), values, check_finite=False)
        n_rows = len(values)
        chosen = np.linspace(0, n_rows - 1, min(n_rows, LEFT_OUT)).astype(np.int64)
        unit = np.zeros((n_rows, len(chosen)))
        unit[chosen, np.arange(len(chosen))] = 1
        unit = solve_triangular(factor, unit, lower=True, overwrite_b=True, check_finite=False)
        precision = np.einsum("tc,tc->c", unit, unit)
        missed = solved[chosen] / precision
        explained = 1 - float((missed**2).mean() / max(values.var(), np.finfo(np.float64).tiny))
        # The scales followed these values too: p of them, from T values, as generalised cross-validation counts.
        free = 1 - min(len(kernel.products) * coalitions.shape[1] / n_rows, 0.5)
        # Never below 1: where others tell a value to the last bits, what was missed is rounding.
        calibration = max(1.0, float((missed**2 * precision).mean()) / free**2)
        return cls(kernel, coalitions, factor, solved, explained, calibration)

    @cached_property
    def left_out(self) -> FloatArray:
        """What every value misses its prediction from all others by, ``y_i - mean_i = [K^-1 y]_i / [K^-1]_ii``.

        Source: Rasmussen & Williams (2006), equation 5.12. ``(row,)``.
        """
        inverse, _ = dpotri(self.factor, lower=1)
        return self.solved / np.diag(inverse)

    def means_at(self, coalitions: BoolArray) -> FloatArray:
        """Return what the process expects at coalitions that it was not given: ``(row, n)`` -> ``(row,)``."""
        starts = range(0, len(coalitions), AT_ONCE)
        parts = [self.kernel.smooth(coalitions[start : start + AT_ONCE], self.coalitions) for start in starts]
        return np.concatenate([part @ self.solved for part in parts])

    def posterior(self, functional: Functional) -> tuple[FloatArray, FloatArray]:
        """Return mean and calibrated standard deviation of an index: ``(set,)`` twice.

        ``mean = q' K^-1 y``, ``variance = c (k - q' K^-1 q)``: q the covariances of the index with the values, k its
        variance before, c the calibration.

        Source: Rasmussen & Williams (2006), equations 2.25 and 2.26, for a linear functional.
        """
        means, errors, _ = self._posterior(functional, None)
        return means, errors

    def posterior_and_leverage(
        self, functional: Functional, counts: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return mean, deviation, and what the mean owes to the values that it is multiplied with: ``(set,)`` each.

        With e_i what value i misses its prediction by, the mean without that value is ``mean - e_i [K^-1 q]_i``. So
        ``sum_i counts_i w_i e_i mean`` is too large by ``sum_i counts_i w_i e_i^2 [K^-1 q]_i``, w what a value counts
        for in the index.

        Args:
            functional: The index.
            counts: ``(row,)``: how many values each stands for.
        """
        return self._posterior(functional, counts * self.left_out**2)

    def _posterior(
        self, functional: Functional, amounts: FloatArray | None
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        means, variances, leverage = np.zeros((3, len(functional.sets)))
        for some, part in functional.parts(len(self.coalitions)):
            covariances = part.covariances(self.kernel, self.coalitions)
            means[some] = self.solved @ covariances
            seen = solve_triangular(self.factor, covariances, lower=True, overwrite_b=True, check_finite=False)
            variances[some] = part.variances(self.kernel) - np.einsum("ts,ts->s", seen, seen)
            if amounts is not None:
                solved = solve_triangular(self.factor, seen, lower=True, trans=1, overwrite_b=True, check_finite=False)
                leverage[some] = np.einsum("t,ts,ts->s", amounts, part.weights(self.coalitions), solved)
        return means, np.sqrt(np.maximum(variances, 0) * self.calibration), leverage
