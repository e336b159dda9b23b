"""Expressions of binary variables whose coalitions are known: the three data sets of paper 004, section 4.

Every variable is 1 where its player is present and 0 where absent; v(S) is what the expression gives. An operator
says whether its two neighbours belong together: ``*``, ``&`` and ``**`` join, ``|`` separates, ``+`` does neither and
is not scored.

Source: paper 004, table 1; lengths and laws of the operators from its authors' code (`protocols.md`, section 8.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import comb

import numpy as np

from interact_cli.errors import UnknownNameError
from interact_cli.games.game import TableGame
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray

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


def lookup(name: str) -> DataSet:
    """Return the data set of that name.

    Raises:
        UnknownNameError: no such data set.
    """
    if name not in DATA_SETS:
        raise UnknownNameError("data set of expressions", name, DATA_SETS)
    return DATA_SETS[name]


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


def join_at_random(model: Expression, rng: np.random.Generator) -> BoolArray:
    """Baseline 1 of paper 004: join each gap of A with probability one half, ``(gap,)``."""
    return rng.random(len(model.gaps)) < 0.5


def join_by_pair_interaction(model: Expression, table: FloatArray) -> BoolArray:
    """Baseline 2: join where the pairwise Shapley interaction over all players is positive, ``(gap,)``.

    Source: paper 004, table 1; Lundberg, Erion & Lee (2018).
    """
    n_others = model.n_players - 2
    sizes = np.bitwise_count(np.arange(2**n_others))
    weights = 1 / ((n_others + 1) * np.array([comb(n_others, size) for size in range(n_others + 1)]))
    return np.array([weights[sizes] @ _differences(table, gap) > 0 for gap in model.members[:-1]])


def join_by_erasure(model: Expression, table: FloatArray) -> BoolArray:
    """Baseline 3: join where erasing one matters more while the other is there, all else present, ``(gap,)``.

    ``v(N) - v(N - i) - v(N - j) + v(N - i - j) > 0``. The authors' code is not public; this is our reading of paper
    004, which names Li, Monroe & Jurafsky (2016).
    """
    return np.array([_differences(table, gap)[-1] > 0 for gap in model.members[:-1]])


def _differences(table: FloatArray, first: int) -> FloatArray:
    """Second differences of players ``first`` and ``first + 1`` in all contexts, by bit code of the others."""
    folded = table.reshape(-1, 2, 2, 2**first)
    values: FloatArray = folded[:, 1, 1] - folded[:, 1, 0] - folded[:, 0, 1] + folded[:, 0, 0]
    return values.ravel()
