"""Two games that anybody can write down: a table of all values, and a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from interact_cli.errors import NonFiniteError, ShapeError, UsageError
from interact_cli.types import BoolArray, FloatArray


@dataclass(frozen=True)
class TableGame:
    """A game given by the values of all ``2^n`` coalitions, indexed by bit code (player i = bit i).

    Args:
        values: ``(2^n,)`` finite numbers.

    Raises:
        ShapeError: the length is no power of two, or below 2.
        NonFiniteError: a value is NaN or infinite.

    Example:
        >>> game = TableGame([0.0, 1.0, 2.0, 5.0])
        >>> game(np.array([[True, True]])).tolist()
        [5.0]
    """

    values: npt.ArrayLike

    def __post_init__(self) -> None:
        table = np.array(self.values, dtype=np.float64)
        if table.ndim != 1 or len(table) < 2 or len(table) & (len(table) - 1):
            raise ShapeError(
                f"Expected `values` of shape (2^n,) with n >= 1, got {table.shape}. One entry per coalition."
            )
        if not np.isfinite(table).all():
            raise NonFiniteError(
                f"Expected finite `values`, got {int((~np.isfinite(table)).sum())} NaN or infinite ones."
            )
        table.flags.writeable = False
        object.__setattr__(self, "values", table)

    @property
    def table(self) -> FloatArray:
        """All values in the order of the bit codes, ``(2^n,)``."""
        return np.asarray(self.values, dtype=np.float64)

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return len(self.table).bit_length() - 1

    def __call__(self, coalitions: BoolArray) -> FloatArray:
        """Look up ``(n_coalitions, n_players)`` bools."""
        codes = np.asarray(coalitions, dtype=np.int64) @ (1 << np.arange(self.n_players))
        return self.table[codes]


@dataclass(frozen=True)
class CallableGame:
    """A game given by a function of a batch of coalitions.

    Args:
        fn: ``(n_coalitions, n_players)`` bool array -> ``(n_coalitions,)`` floats.
        n_players: Number of players ``n >= 1``.

    Raises:
        UsageError: ``n_players`` is not a positive whole number.

    Example:
        >>> game = CallableGame(lambda coalitions: coalitions.all(axis=1), n_players=2)
        >>> game(np.array([[True, True], [True, False]])).tolist()
        [1.0, 0.0]
    """

    fn: Callable[[BoolArray], npt.ArrayLike]
    n_players: int

    def __post_init__(self) -> None:
        if isinstance(self.n_players, bool) or not isinstance(self.n_players, (int, np.integer)) or self.n_players < 1:
            raise UsageError(f"Expected `n_players` to be a whole number of at least 1, got {self.n_players!r}.")
        object.__setattr__(self, "n_players", int(self.n_players))

    def __call__(self, coalitions: BoolArray) -> FloatArray:
        """Evaluate a batch and check what comes back.

        Raises:
            ShapeError: the function returns another shape than ``(n_coalitions,)``.
            NonFiniteError: the function returns NaN or infinity.
        """
        values = np.asarray(self.fn(coalitions), dtype=np.float64)
        if values.shape != (len(coalitions),):
            raise ShapeError(
                f"Expected `fn` to return shape (n_coalitions,) = ({len(coalitions)},), got {values.shape}. "
                f"One value per row of the batch."
            )
        if not np.isfinite(values).all():
            raise NonFiniteError("Expected `fn` to return finite values, got NaN or infinity. Check the function.")
        return values
