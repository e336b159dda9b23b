"""Expressions of binary variables whose coalitions are known: the data sets of Zhang et al. (AAAI 2021), section 4.

Every variable is 1 where its player is present and 0 where absent; v(S) is what the expression gives. An operator
says whether its two neighbours belong together: ``*``, ``&`` and ``**`` join, ``|`` separates, ``+`` does neither and
is not scored.

Source: Zhang et al. (AAAI 2021), table 1; lengths and laws of the operators from its authors' code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from interact_cli.games.game import TableGame
from interact_cli.seeding import generator
from interact_cli.types import FloatArray, IntArray

LENGTHS = (8, 12)
"""Fewest and most variables."""
MOST_MEMBERS = 5
"""Most players of A; half of all, where that is fewer."""

OPERATORS: Mapping[str, np.ufunc] = {
    "+": np.add,
    "|": np.bitwise_or,
    "*": np.multiply,
    "&": np.bitwise_and,
    "**": np.power,
}
"""The first two separate terms, the others bind tighter; no expression mixes two that would need more than that."""
LOOSE = ("+", "|")
JOINS: Mapping[str, bool] = {"*": True, "&": True, "**": True, "|": False}
"""Whether the partition that reaches the maximum joins the neighbours of an operator; ``+`` is free."""


@dataclass(frozen=True)
class DataSet:
    """A law of expressions."""

    name: str
    example: str
    anywhere: tuple[str, ...]
    """Operators, uniform, at the start and after those that `after` does not name."""
    after: Mapping[str, tuple[str, ...]]
    """Operators, uniform, that may follow an operator."""
    inside: str | None = None
    """An operator that A must contain."""

    def draw(self, seed: int, number: int) -> Expression:
        """Draw model ``number``: the same for every count of models, and in any order.

        A model whose A lacks the operator that it must contain is drawn again.
        """
        rng = generator(seed, "expressions", self.name, number)
        while True:
            n_players = int(rng.integers(LENGTHS[0], LENGTHS[1] + 1))
            operators: list[str] = []
            for _ in range(n_players - 1):
                allowed = self.after.get(operators[-1], self.anywhere) if operators else self.anywhere
                operators.append(allowed[rng.integers(len(allowed))])
            n_members = int(rng.integers(2, min(n_players // 2, MOST_MEMBERS) + 1))
            first = int(rng.integers(n_players - n_members + 1))
            drawn = Expression(tuple(operators), tuple(range(first, first + n_members)))
            if self.inside is None or self.inside in drawn.gaps:
                return drawn


DATA_SETS = {
    data_set.name: data_set
    for data_set in (
        DataSet("addition-multiplication", "x0 + x1 * x2", ("*", "+"), {}),
        DataSet("and-or", "x0 | x1 & x2", ("&", "|"), {}),
        DataSet("exponential", "x0 ** x1 + x2 * x3", ("**", "*", "+"), {"*": ("*", "+"), "**": ("+",)}, "**"),
    )
}
"""The exponential law is the code's, which multiplies too; the paper speaks of exponents and additions only."""


@dataclass(frozen=True)
class Expression:
    """A model ``x0 operator x1 operator x2 ...`` and a run A of its variables.

    Example:
        >>> model = Expression(("&", "|"), members=(0, 1, 2))
        >>> str(model), model.table().tolist(), model.labels
        ('x0 & x1 | x2', [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0], (True, False))
    """

    operators: tuple[str, ...]
    """Between successive variables, ``n - 1``."""
    members: tuple[int, ...]
    """A, successive variables."""

    @property
    def n_players(self) -> int:
        """Number of variables ``n``."""
        return len(self.operators) + 1

    @property
    def gaps(self) -> tuple[str, ...]:
        """The operators inside A, ``|A| - 1``."""
        return self.operators[self.members[0] : self.members[-1]]

    @property
    def labels(self) -> tuple[bool | None, ...]:
        """For each gap, whether the maximising partition joins it; None where that makes no difference."""
        return tuple(JOINS.get(operator) for operator in self.gaps)

    def __str__(self) -> str:
        """Write the expression so that Python reads it."""
        return "x0" + "".join(f" {operator} x{i}" for i, operator in enumerate(self.operators, start=1))

    def table(self) -> FloatArray:
        """Evaluate all masks: ``(2^n,)`` by bit code.

        Terms and then their sum (or disjunction) grow by one outer operation each, so the cost is that of the last.
        ``0 ** 0`` is 1.
        """
        terms: list[IntArray] = [VARIABLE]
        between: list[str] = []
        for operator in self.operators:
            if operator in LOOSE:
                between.append(operator)
                terms.append(VARIABLE)
            else:
                terms[-1] = _combined(terms[-1], operator, VARIABLE)
        pairs = zip(between, terms[1:], strict=True)
        return reduce(lambda low, pair: _combined(low, *pair), pairs, terms[0]).astype(np.float64)

    def game(self) -> TableGame:
        """Return the game of the expression."""
        return TableGame(self.table())


VARIABLE = np.array([0, 1], dtype=np.int64)


def _combined(low: IntArray, operator: str, high: IntArray) -> IntArray:
    """Combine two tables over different players; those of ``high`` have the higher bits."""
    values: IntArray = OPERATORS[operator](low[None, :], high[:, None]).ravel()
    return values
