"""How a budget of evaluations is shared between the sets that are measured and the contexts of each."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from math import comb, isqrt
from typing import Literal

from interact_cli.errors import BudgetError
from interact_cli.interfaces.surrogates import Learner

Estimator = Literal["auto", "surrogate", "reuse", "sampled", "exact"]
"""``sampled``: every set in contexts of its own. ``surrogate``: all sets read off a model of the game. ``reuse``: by
maximum sample reuse of the surrogate's coalitions. ``exact``: all coalitions or nothing. ``auto``: all coalitions where
they fit, else the surrogate where it is the more certain."""

PAIR = 2
"""Players of an interaction unless another size is asked for."""


MOST_PLANNED = 2**31
"""Bytes of drawn coalitions, a player a byte, that are held at once."""


def check_planned(budget: int, n_players: int) -> None:
    """Refuse a budget whose drawn coalitions would not fit the memory.

    Raises:
        BudgetError: more than `MOST_PLANNED` bytes.
    """
    if budget * n_players > MOST_PLANNED:
        raise BudgetError(
            f"Expected a budget of at most {MOST_PLANNED // n_players:,} evaluations to sample {n_players} players, "
            f"got {budget:,}: its plan alone would take {budget * n_players / 2**30:,.0f} GiB. Use a smaller budget."
        )


@dataclass(frozen=True)
class Sampling:
    """How an index may be sampled."""

    budget: int
    """Evaluations for one sample."""
    seed: int
    """The plan seed."""
    stream: str
    """What the draws belong to, such as the sample."""
    orders: tuple[int, ...] = ()
    """The orders that an index by order is sampled at; others ignore them, and a full table has all."""
    contexts: int | None = None
    """Contexts per set and order, where the user fixes them."""
    repeats: int = 1
    """Independent shares that there must be draws for."""
    estimator: Estimator = "sampled"
    """How values are obtained where the budget does not hold all coalitions."""
    grid: tuple[int, int] | None = None
    """Rows and columns, where the players lie on a grid."""
    learner: Learner | None = None
    """What learns that which the process leaves of a large budget's values."""

    @property
    def least(self) -> int:
        """Fewest draws of anything: two, for a standard error, and one for each share."""
        return max(2, self.repeats)


@dataclass(frozen=True)
class Cost:
    """Evaluations that contexts take."""

    n_players: int
    size: int = PAIR
    orders: tuple[int, ...] | None = None
    """The orders, each with its own contexts; None for contexts over all sizes."""
    before: int = 0
    """Evaluations that are needed before the first context."""

    @property
    def terms(self) -> int:
        """Evaluations of one context."""
        return 1 << self.size

    def of_one(self, n_contexts: int) -> int:
        """Count those of one set; an order that has fewer contexts than asked for is enumerated."""
        if self.orders is None:
            return self.terms * n_contexts
        return self.terms * sum(min(n_contexts, self._contexts_of(order)) for order in self.orders)

    def n_drawn(self, n_contexts: int) -> int:
        """Count the kinds of contexts that are not enumerated."""
        return sum(self._contexts_of(order) > n_contexts for order in self.orders) if self.orders is not None else 1

    def _contexts_of(self, order: int) -> int:
        return comb(self.n_players - self.size, order)


@dataclass(frozen=True)
class Shared:
    """How a budget is shared between sets and contexts."""

    n_sets: int
    n_contexts: int


def share(n_candidates: int, cost: Cost, sampling: Sampling) -> Shared:
    """Divide a budget of evaluations between sets (or pairs) and contexts.

    All candidates are taken if each can have at least 2 contexts, or one for each share where that is more; otherwise
    a set gets about the square root of the contexts that the budget allows at one order, so that both the variance
    within a set and the variance between sets fall with the budget.

    Args:
        n_candidates: Sets that may be measured.
        cost: What contexts take.
        sampling: The budget; the contexts per set and order, where the user fixes them.

    Raises:
        BudgetError: not even one set with the least contexts at each order fits.
    """
    contexts, fewest = sampling.contexts, sampling.least
    if contexts is not None and contexts < sampling.repeats:
        raise BudgetError(
            f"Expected at least {sampling.repeats} contexts, one for each share of the draws, got {contexts}. "
            f"Raise --contexts."
        )
    least = cost.before + cost.of_one(contexts or fewest)
    if sampling.budget < least:
        raise BudgetError(_too_small(cost, contexts or fewest, least, sampling.budget))
    budget = sampling.budget - cost.before
    if contexts is None:
        n_sets, most = n_candidates, max(fewest, budget // cost.terms)
        if n_sets * cost.of_one(fewest) > budget:
            n_sets, most = 1, max(fewest, isqrt(budget // (cost.terms * max(1, cost.n_drawn(fewest)))))
        choices = range(fewest, most + 1)
        contexts = fewest - 1 + bisect_right(choices, budget, key=lambda choice: n_sets * cost.of_one(choice))
    return Shared(min(n_candidates, budget // cost.of_one(contexts)), contexts)


def gibibytes(n_players: int) -> str:
    """Say how much memory the values of all coalitions take.

    Example:
        >>> gibibytes(21), gibibytes(30), gibibytes(256)
        ('0.02 GiB', '8 GiB', '2^229 GiB')
    """
    exponent = n_players - 27
    if exponent > 20:
        return f"2^{exponent} GiB"
    return f"{2**exponent:,} GiB" if exponent >= 0 else f"{2.0**exponent:.2f} GiB"


def _too_small(cost: Cost, contexts: int, least: int, budget: int) -> str:
    what = f"one {'pair' if cost.size == PAIR else f'set of {cost.size} players'}, {contexts} contexts"
    what += f" at each of {len(cost.orders)} orders" if cost.orders else ""
    what = f"{cost.before} coalitions of fewer than {cost.size} players, then {what}" if cost.before else what
    if 2**cost.n_players <= least:
        least, what = 2**cost.n_players, "all coalitions"
    advice = "" if cost.size <= PAIR else " or choose a smaller interaction size"
    return f"Expected a budget of at least {least} evaluations ({what}), got {budget}. Raise --budget{advice}."
