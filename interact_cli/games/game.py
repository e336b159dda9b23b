"""Two games that anybody can write down: a table of all values, and a function.

The value of a coalition is a number, or a vector of ``d`` numbers (`dimension`) that only Harsanyi dividends read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interact_cli.errors import NonFiniteError, ShapeError, UsageError
from interact_cli.types import BoolArray, FloatArray

LARGEST = 1e100
"""Largest size of a value: sums over all coalitions, and their squares, stay far from overflow."""


@dataclass(frozen=True)
class TableGame:
    """A game given by the values of all ``2^n`` coalitions, indexed by bit code (player i = bit i).

    Args:
        values: ``(2^n,)`` finite numbers, or ``(2^n, d)`` where a value is a vector.

    Raises:
        ShapeError: the length is no power of two, or below 2.
        NonFiniteError: a value is NaN or infinite.
        UsageError: a value is above `LARGEST` in size.

    Example:
        >>> game = TableGame([0.0, 1.0, 2.0, 5.0])
        >>> game(np.array([[True, True]])).tolist()
        [5.0]
    """

    values: npt.ArrayLike

    def __post_init__(self) -> None:
        table = np.array(real_numbers(self.values, "values"))
        n_values = len(table) if table.ndim else 0
        if table.ndim not in {1, 2} or n_values < 2 or n_values & (n_values - 1) or not table.size:
            raise ShapeError(
                f"Expected `values` of shape (2^n,) or (2^n, d) with n >= 1, got {table.shape}. One entry, or one row, "
                f"per coalition."
            )
        if not np.isfinite(table).all():
            raise NonFiniteError(
                f"Expected finite `values`, got {int((~np.isfinite(table)).sum())} NaN or infinite ones."
            )
        _check_size(table, "`values`")
        table.flags.writeable = False
        object.__setattr__(self, "values", table)

    @property
    def table(self) -> FloatArray:
        """All values in the order of the bit codes, ``(2^n,)`` or ``(2^n, d)``."""
        return np.asarray(self.values, dtype=np.float64)

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return len(self.table).bit_length() - 1

    @property
    def dimension(self) -> int | None:
        """Numbers ``d`` of a value; None where a value is one number."""
        return self.table.shape[1] if self.table.ndim == 2 else None

    def __call__(self, coalitions: BoolArray) -> FloatArray:
        """Look up ``(n_coalitions, n_players)`` bools."""
        codes = np.asarray(coalitions, dtype=np.int64) @ (1 << np.arange(self.n_players))
        return self.table[codes]


@dataclass(frozen=True)
class CallableGame:
    """A game given by a function of a batch of coalitions.

    Args:
        fn: ``(n_coalitions, n_players)`` bool array -> ``(n_coalitions,)`` floats, or ``(n_coalitions, dimension)``.
            What it raises reaches the caller.
        n_players: Number of players ``n >= 1``.
        dimension: Numbers of a value where values are vectors; None where a value is one number.

    Raises:
        UsageError: ``fn`` cannot be called, or ``n_players`` or ``dimension`` is not a positive whole number.

    Example:
        >>> game = CallableGame(lambda coalitions: coalitions.all(axis=1), n_players=2)
        >>> game(np.array([[True, True], [True, False]])).tolist()
        [1.0, 0.0]
    """

    fn: Callable[[BoolArray], npt.ArrayLike]
    n_players: int
    dimension: int | None = None

    def __post_init__(self) -> None:
        if not callable(self.fn):
            raise UsageError(
                f"Expected `fn` to be a function of a batch of coalitions, got {type(self.fn).__name__}. "
                f"Values of all coalitions belong into a TableGame."
            )
        object.__setattr__(self, "n_players", _positive(self.n_players, "n_players"))
        if self.dimension is not None:
            object.__setattr__(self, "dimension", _positive(self.dimension, "dimension"))

    def __call__(self, coalitions: BoolArray) -> FloatArray:
        """Evaluate a batch and check what comes back.

        Raises:
            ShapeError: the function returns another shape than ``(n_coalitions,)`` or ``(n_coalitions, dimension)``.
            NonFiniteError: the function returns NaN or infinity.
            UsageError: the function returns a value above `LARGEST` in size.
        """
        values = real_numbers(self.fn(coalitions), "what `fn` returns")
        expected = (len(coalitions),) if self.dimension is None else (len(coalitions), self.dimension)
        if values.shape != expected:
            shape = "(n_coalitions,)" if self.dimension is None else "(n_coalitions, dimension)"
            raise ShapeError(
                f"Expected `fn` to return shape {shape} = {expected}, got {values.shape}. "
                f"One value per row of the batch."
            )
        if not np.isfinite(values).all():
            raise NonFiniteError("Expected `fn` to return finite values, got NaN or infinity. Check the function.")
        _check_size(values, "what `fn` returns")
        return values


def real_numbers(values: npt.ArrayLike, what: str) -> FloatArray:
    """Return an array of real numbers, without a copy where it is one.

    Raises:
        ShapeError: it is none; the message says why.
    """
    try:
        if np.iscomplexobj(values):
            raise TypeError("complex numbers")
        if np.ma.is_masked(values):
            raise TypeError("some are masked")
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ShapeError(f"Expected {what} to be one array of real numbers; it is not ({error}).") from error


def _check_size(values: FloatArray, what: str) -> None:
    largest = float(np.abs(values).max(initial=0.0))
    if largest > LARGEST:
        raise UsageError(
            f"Expected {what} to be at most {LARGEST:g} in size, got {largest:.1e}: sums would overflow. "
            f"Rescale the game."
        )


def _positive(number: int, name: str) -> int:
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
        raise UsageError(f"Expected `{name}` to be a whole number of at least 1, got {number!r}.")
    return int(number)
