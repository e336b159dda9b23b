"""What a plugin learns of a game whose coalitions are too many for the process: trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from interact_cli.types import BoolArray, FloatArray


@dataclass(frozen=True)
class Leaves:
    """A game that is a sum over the leaves of decision trees.

    ``f(S) = sum of worth over the leaves whose present players are all in S and whose absent ones are all not``

    Raises:
        ValueError: shapes that do not fit each other, a player that is both present and absent, a worth that is no
            finite number.
    """

    present: BoolArray
    """``(leaf, n)``."""
    absent: BoolArray
    """``(leaf, n)``."""
    worth: FloatArray
    """``(leaf,)``, in the unit of the values that were learned."""

    def __post_init__(self) -> None:
        """See that it is a game."""
        shapes = [np.shape(part) for part in (self.present, self.absent, self.worth)]
        if len(shapes[0]) != 2 or shapes[1] != shapes[0] or shapes[2] != shapes[0][:1]:
            raise ValueError(f"expected leaves of shape (leaf, n), (leaf, n) and (leaf,), got {shapes}")
        if (self.present & self.absent).any():
            raise ValueError("expected no player both present and absent in a leaf")
        if not np.isfinite(self.worth).all():
            raise ValueError("expected leaves of finite worth")


@dataclass(frozen=True)
class Learner:
    """A way to learn a game from some of its values: equal values give equal leaves."""

    name: str
    learn: Callable[[BoolArray, FloatArray], Leaves]
    """Coalitions ``(row, n)`` and values ``(row,)`` of mean about 0 and variance at most about 1 -> leaves."""
