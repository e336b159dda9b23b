"""Pairs of players over the samples of a report: means, the strongest ones, the matrix, the grid map Color(g)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from interact_cli.errors import UnknownNameError
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.types import FloatArray, IntArray

PAIR_METRICS = ("shapley-interaction", "banzhaf-interaction", "multi-order")
"""Metrics that hold values of pairs, in the order in which a picture prefers them."""
PATTERNS = "inference-patterns"
"""The metric by order whose mean over the orders is no interaction: I^(m) average to the Shapley interaction."""
Reading = Literal["mean-abs", "abs-mean"]
"""Color(g) as in section 3 of Zhang et al. (ICLR 2021), and as in its appendix I (erratum 25)."""


@dataclass(frozen=True)
class PairValues:
    """Signed interaction of each measured pair in each sample; orders already averaged."""

    pairs: IntArray
    """``(sample, pair, 2)``; -1 where a sample has fewer pairs."""
    values: FloatArray
    """``(sample, pair)``; NaN where nothing was measured."""
    standard_errors: FloatArray | None
    """``(sample, pair)``; None where orders were averaged or the metric gives none."""
    unit: str
    orders_averaged: int
    """Most orders of any sample; 0 when the metric has no order axis."""


@dataclass(frozen=True)
class Means:
    """Pairs or sets of players, averaged over the samples that measured them; NaN where none did."""

    mean: FloatArray
    """Signed mean over samples."""
    mean_abs: FloatArray
    """Mean of absolute values over samples."""
    standard_errors: FloatArray
    """Of ``mean``; over samples, or of the sampling of coalitions where there is one sample."""
    samples: IntArray
    """How many samples measured it."""

    @classmethod
    def of(cls, slot: IntArray, values: FloatArray, errors: FloatArray | None, n: int) -> Means:
        """Average values with their standard errors, each of the pair or set ``slot`` of ``n``."""
        samples = np.bincount(slot, minlength=n).astype(np.int64)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, mean_abs = (np.bincount(slot, of, n) / samples for of in (values, np.abs(values)))
            squares = np.bincount(slot, (values - mean[slot]) ** 2, n)
            spread = np.where(samples > 1, np.sqrt(squares / (samples - 1) / samples), np.nan)
        if errors is not None:
            spread = np.where(samples == 1, np.bincount(slot, errors, n), spread)
        return cls(mean, mean_abs, spread, samples)

    def strongest(self, limit: int) -> IntArray:
        """Positions of those with the largest mean |I|, largest first.

        Those that fewer than half as many samples measured as the best-covered one are passed over: what was seen once
        is large by luck.
        """
        covered = (self.samples > 0) & (self.samples * 2 >= self.samples.max(initial=0))
        return largest(np.where(covered, self.mean_abs, np.nan), limit)


@dataclass(frozen=True)
class PairMeans:
    """Each measured pair once, averaged over the samples of the summary that measured it."""

    first: IntArray
    """``(pair,)``; the smaller player."""
    second: IntArray
    over: Means
    unit: str


def largest(strength: FloatArray, limit: int) -> IntArray:
    """Positions of the largest entries, largest first; NaN ones are left out."""
    finite = np.flatnonzero(np.isfinite(strength))
    ranked: IntArray = finite[np.argsort(-strength[finite], kind="stable")][:limit]
    return ranked


def find(measurement: Measurement, name: str) -> Quantity | None:
    """Return the quantity, or None where the metric does not hold it."""
    try:
        return measurement.quantity(name)
    except UnknownNameError:
        return None


def pair_values(measurement: Measurement) -> PairValues | None:
    """Read the pairs of a metric, whatever its axes; None when it holds none.

    Multi-order values ``(sample, order, pair)`` are averaged, signed, over the orders that were evaluated.
    """
    quantities = measurement.of_samples
    quantity = quantities.get("values")
    if quantity is None or quantity.dims[-1:] != ("pair",) or measurement.metric == PATTERNS:
        return None
    values = np.asarray(quantity.values, dtype=np.float64)
    pairs = _pairs_of(measurement, quantities.get("pairs"), values)
    if pairs is None:
        return None
    errors = quantity.standard_errors
    orders = 0
    if quantity.dims == ("sample", "order", "pair"):
        orders = values.shape[1]
        values, errors = _nanmean(values, axis=1), None
    elif quantity.dims != ("sample", "pair"):
        return None
    return PairValues(pairs, values, errors, quantity.unit, orders)


def pair_means(report: Report, measurement: Measurement) -> PairMeans | None:
    """Average each pair over the included samples that measured it; None when the metric holds no pairs.

    None too where each sample has its own players: a pair of one is no pair of another.
    """
    interactions = pair_values(measurement)
    if interactions is None or not report.players.shared:
        return None
    included = report.samples.included
    pairs, values = interactions.pairs[included], interactions.values[included]
    measured = (pairs >= 0).all(axis=-1) & np.isfinite(values)
    n_players = len(report.players.names)
    ends = np.sort(pairs[measured], axis=-1)
    codes, slot = np.unique(ends[:, 0] * n_players + ends[:, 1], return_inverse=True)
    errors = None if interactions.standard_errors is None else interactions.standard_errors[included][measured]
    means = Means.of(slot, values[measured], errors, codes.size)
    return PairMeans(codes // n_players, codes % n_players, means, interactions.unit)


def strongest_of_sample(interactions: PairValues, sample: int, limit: int) -> IntArray:
    """Positions of one sample's pairs with the largest |I|, largest first."""
    size = np.where((interactions.pairs[sample] >= 0).all(axis=-1), np.abs(interactions.values[sample]), np.nan)
    return largest(size, limit)


def pair_matrix(first: IntArray, second: IntArray, values: FloatArray, players: IntArray) -> FloatArray:
    """Values of pairs as a symmetric matrix over the ``players``, NaN on the diagonal and where nothing was measured.

    Args:
        first: ``(pair,)`` one player of each pair.
        second: ``(pair,)`` the other one.
        values: ``(pair,)``.
        players: Which players are rows and columns, in rising order; pairs with others are left out.

    Example:
        >>> pair_matrix(np.array([2, 0]), np.array([5, 2]), np.array([1.0, 9.0]), np.array([2, 5]))
        array([[nan,  1.],
               [ 1., nan]])
    """
    chosen = np.isin(first, players) & np.isin(second, players)
    rows, columns = np.searchsorted(players, first[chosen]), np.searchsorted(players, second[chosen])
    matrix = np.full((len(players), len(players)), np.nan)
    matrix[rows, columns] = matrix[columns, rows] = values[chosen]
    return matrix


def colour_map(
    pairs: IntArray,
    values: FloatArray,
    grid: tuple[int, int],
    neighbours: Literal[4, 8] | int,
    reading: Reading = "mean-abs",
) -> FloatArray:
    """Strength of each grid cell's interactions with the cells beside it.

    ``Color(g) = mean over neighbours g' of |I(g, g')|``, or ``|mean over neighbours g' of I(g, g')|``, before the
    min-max normalisation of `min_max`. Where a cell's interactions differ in sign the second is the smaller one.

    Source: Zhang et al. (2021), Interpreting and Boosting Dropout from a Game-Theoretic View, Section 3; its appendix I
    words the other reading (erratum 25).

    Args:
        pairs: ``(pair, 2)`` players, in either order; rows with -1 are padding.
        values: ``(pair,)`` signed interactions; NaN where nothing was measured.
        grid: Rows and columns; player ``r * columns + c`` sits at ``(r, c)``.
        neighbours: 4 for the cells that share a side, 8 for those that share a corner too.
        reading: ``"mean-abs"``, or ``"abs-mean"``.

    Returns:
        ``(rows, columns)``, in the unit of ``values``; NaN where no neighbouring pair was measured.

    Example:
        >>> colour_map(np.array([[0, 1]]), np.array([-2.0]), (1, 3), 4)
        array([[ 2.,  2., nan]])
    """
    rows, columns = grid
    measured = (pairs >= 0).all(axis=-1) & np.isfinite(values)
    left, right = pairs[measured].T
    strength = np.abs(values[measured]) if reading == "mean-abs" else values[measured]
    down, across = np.abs(left // columns - right // columns), np.abs(left % columns - right % columns)
    beside = (down + across == 1) if neighbours == 4 else (np.maximum(down, across) == 1)
    ends = np.concatenate([left[beside], right[beside]])
    total = np.bincount(ends, np.tile(strength[beside], 2), rows * columns)
    seen = np.bincount(ends, minlength=rows * columns)
    with np.errstate(invalid="ignore"):
        colour: FloatArray = np.abs(total / seen).reshape(rows, columns)
    return colour


def min_max(values: FloatArray) -> FloatArray:
    """Scale to [0, 1] over the measured entries; 0 everywhere when all are equal, NaN stays NaN."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return values
    low, span = float(finite.min()), float(np.ptp(finite))
    return (values - low) / span if span > 0 else values - low


def _pairs_of(measurement: Measurement, stored: Quantity | None, values: npt.NDArray[np.float64]) -> IntArray | None:
    if stored is not None:
        return np.asarray(stored.values, dtype=np.int64)
    i, j = measurement.coordinates.get("pair_i"), measurement.coordinates.get("pair_j")
    if i is None or j is None:
        return None
    shared = np.stack([np.asarray(i, np.int64), np.asarray(j, np.int64)], axis=-1)
    return np.broadcast_to(shared, (values.shape[0], *shared.shape))


def _nanmean(values: FloatArray, axis: int) -> FloatArray:
    seen = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        mean: FloatArray = np.where(seen, values, 0.0).sum(axis=axis) / seen.sum(axis=axis)
    return mean
