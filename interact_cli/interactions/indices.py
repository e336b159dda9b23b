"""The indices as a table: name, source, what it gives a value to, exact from size sums, sampled by a design."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from math import comb, isqrt
from typing import Literal

import numpy as np

from interact_cli.errors import BudgetError, UnknownNameError, UsageError
from interact_cli.interactions.designs import (
    Flips,
    FullTable,
    PairContexts,
    Permutations,
    Stratum,
)
from interact_cli.interactions.pairs import numbered
from interact_cli.interactions.size_sums import SizeSums, interactions_by_order, marginals_by_size
from interact_cli.seeding import generator
from interact_cli.types import FloatArray, IntArray

ValuesOf = Literal["players", "pairs", "orders"]
"""What an index gives a value to: each player, each pair, or each pair at each order."""

LARGEST_TABLE = 24
"""Most players whose full table is ever asked for: 2^24 values are 128 MiB."""


@dataclass(frozen=True)
class Index:
    """A rule from a game to values of players, of pairs, or of pairs at each order."""

    name: str
    summary: str
    source: str
    values_of: ValuesOf
    exact: Callable[[SizeSums], FloatArray]
    """Size sums of the full table -> ``(n,)``, ``(n, n)`` or ``(n - 1, n, n)``."""
    keep_rate: tuple[float, float] | None = None
    """For pair indices: a context keeps each other player with one probability, uniform between these bounds."""


def shapley(sums: SizeSums) -> FloatArray:
    """Return ``phi(i) = sum_S s! (n-s-1)! / n! [v(S+i) - v(S)]``, the mean over sizes of the mean marginals.

    Source: Shapley (1953); paper 000, equation 1. Shape ``(n,)``.
    """
    values: FloatArray = marginals_by_size(sums).mean(axis=0)
    return values


def banzhaf(sums: SizeSums) -> FloatArray:
    """Return ``psi(i) = 2^-(n-1) sum_S [v(S+i) - v(S)]``.

    Source: Banzhaf (1965); paper 000, section 3. Shape ``(n,)``.
    """
    values: FloatArray = _share_of_sizes(sums.n_players - 1) @ marginals_by_size(sums)
    return values


def shapley_interaction(sums: SizeSums) -> FloatArray:
    """Return ``I(i,j) = sum_S s! (n-2-s)! / (n-1)! [v(S+i+j) - v(S+i) - v(S+j) + v(S)]``, no factor 1/2.

    The mean over orders of the multi-order interactions.

    Source: Grabisch & Roubens (1999); paper 000, equation 2. Shape ``(n, n)``.
    """
    values: FloatArray = interactions_by_order(sums).mean(axis=0)
    return values


def banzhaf_interaction(sums: SizeSums) -> FloatArray:
    """Return ``2^-(n-2) sum_S [v(S+i+j) - v(S+i) - v(S+j) + v(S)]``.

    Source: Grabisch & Roubens (1999); paper 000, section 3. Shape ``(n, n)``.
    """
    values: FloatArray = np.tensordot(_share_of_sizes(sums.n_players - 2), interactions_by_order(sums), axes=1)
    return values


INDICES = {
    index.name: index
    for index in (
        Index(
            "shapley",
            "Shapley value of every player",
            "Shapley (1953); paper 000, equation 1",
            "players",
            shapley,
        ),
        Index("banzhaf", "Banzhaf value of every player", "Banzhaf (1965); paper 000, section 3", "players", banzhaf),
        Index(
            "shapley-interaction",
            "Shapley interaction index of pairs",
            "Grabisch & Roubens (1999); paper 000, equation 2",
            "pairs",
            shapley_interaction,
            keep_rate=(0.0, 1.0),
        ),
        Index(
            "banzhaf-interaction",
            "Banzhaf interaction index of pairs",
            "Grabisch & Roubens (1999); paper 000, section 3",
            "pairs",
            banzhaf_interaction,
            keep_rate=(0.5, 0.5),
        ),
        Index(
            "multi-order",
            "Interaction I^(m)(i,j) of pairs at each order m",
            "Zhang et al. (2020); paper 003, equation 1",
            "orders",
            interactions_by_order,
        ),
    )
}


def lookup(name: str) -> Index:
    """Return the index of that name.

    Raises:
        UnknownNameError: no such index.
    """
    if name not in INDICES:
        raise UnknownNameError("index", name, INDICES)
    return INDICES[name]


def design_within(  # noqa: PLR0913  (a plan has that many parts, each a plain value)
    index: Index,
    n_players: int,
    pairs: IntArray | None,
    budget: int,
    *,
    seed: int,
    stream: str,
    orders: tuple[int, ...],
    contexts: int | None = None,
) -> FullTable | Permutations | Flips | PairContexts:
    """Ask for the full table where it fits the budget and the memory, else draw within the budget.

    Args:
        index: The index.
        n_players: Number of players.
        pairs: ``(pair, 2)``: the pairs that a pair index may measure, None for all; players ignore them.
        budget: Evaluations for one sample.
        seed: The plan seed.
        stream: What the draws belong to, such as the sample.
        orders: The orders that an index by order is sampled at; others ignore them, and a full table has all.
        contexts: Contexts per pair and order, where the user fixes them.

    Raises:
        BudgetError: the budget is too small; the message says how much it would take.
        UsageError: fewer players than the index needs.
    """
    need_players(index, n_players)
    if n_players <= LARGEST_TABLE and 2**n_players <= budget:
        return full_table(index, n_players, pairs)
    if index.values_of == "players":
        return sampled_players(index, n_players, budget, seed, stream)
    return sampled_pairs(
        index,
        n_players,
        pairs,
        budget,
        seed=seed,
        stream=stream,
        orders=orders if index.values_of == "orders" else None,
        contexts=contexts,
    )


def full_table(index: Index, n_players: int, pairs: IntArray | None = None) -> FullTable:
    """Ask for all ``2^n`` coalitions, for all pairs or the given ones.

    Raises:
        BudgetError: the table would not fit; the message says how large it would be.
        UsageError: fewer players than the index needs.
    """
    need_players(index, n_players)
    if n_players > LARGEST_TABLE:
        raise BudgetError(
            f"Exact '{index.name}' of {n_players} players needs 2^{n_players} evaluations and "
            f"{2.0 ** (n_players - 27):,.0f} GiB for their values; at most {LARGEST_TABLE} players are enumerated. "
            f"Give a budget to sample instead."
        )
    return FullTable(index.name, n_players, index.exact, pairs)


def sampled_players(index: Index, n_players: int, budget: int, seed: int, stream: str) -> Permutations | Flips:
    """Draw permutations (Shapley) or flipped coalitions (Banzhaf) within a budget.

    Raises:
        BudgetError: fewer than 2 draws fit.
    """
    need_players(index, n_players)
    rng = generator(seed, "draws", stream, index.name)
    if index.name == "shapley":
        # The empty and the grand coalition are shared by all orders.
        n_draws = (budget - 2) // max(1, n_players - 1)
        _need(index, n_draws, 2, least=2 * (n_players - 1) + 2, budget=budget)
        return Permutations.draw(index.name, n_players, n_draws, rng)
    n_draws = budget // (n_players + 1)
    _need(index, n_draws, 2, least=min(2 * (n_players + 1), 2**n_players), budget=budget)
    return Flips.draw(index.name, n_players, n_draws, rng)


@dataclass(frozen=True)
class PairBudget:
    """How a budget is shared between pairs and contexts."""

    n_pairs: int
    n_contexts: int


def share(
    budget: int, n_candidates: int, orders: tuple[int, ...] | None, n_players: int, contexts: int | None
) -> PairBudget:
    """Divide a budget of evaluations between pairs and contexts.

    Every pair costs ``4 x (contexts summed over orders)``, where an order that has fewer contexts than asked for
    is enumerated. All candidate pairs are taken if each can have at least 2 contexts; otherwise a pair gets about
    the square root of the contexts that the budget allows at one order, so that both the variance within a pair
    and the variance between pairs fall with the budget.

    Args:
        budget: Evaluations for one sample.
        n_candidates: Pairs that may be measured.
        orders: The orders, or None for contexts over all sizes.
        n_players: Number of players.
        contexts: Contexts per pair and order, where the user fixes them.

    Raises:
        BudgetError: not even one pair with 2 contexts at each order fits.
    """

    def cost(n_contexts: int) -> int:
        if orders is None:
            return 4 * n_contexts
        return 4 * sum(min(n_contexts, comb(n_players - 2, order)) for order in orders)

    least = cost(contexts or 2)
    if budget < least:
        what = f"one pair, {contexts or 2} contexts" + (f" at each of {len(orders)} orders" if orders else "")
        if 2**n_players <= least:
            least, what = 2**n_players, "all coalitions"
        raise BudgetError(f"Expected a budget of at least {least} evaluations ({what}), got {budget}. Raise --budget.")
    if contexts is None:
        n_pairs, most = n_candidates, max(2, budget // 4)
        if n_pairs * cost(2) > budget:
            sampled = [order for order in orders or (-1,) if order < 0 or comb(n_players - 2, order) > 2]
            n_pairs, most = 1, max(2, isqrt(budget // (4 * max(1, len(sampled)))))
        contexts = 1 + bisect_right(range(2, most + 1), budget, key=lambda choice: n_pairs * cost(choice))
    return PairBudget(min(n_candidates, budget // cost(contexts)), contexts)


def order_strata(n_players: int, orders: tuple[int, ...], n_contexts: int) -> tuple[Stratum, ...]:
    """Enumerate the orders that have at most ``n_contexts`` contexts and draw ``n_contexts`` at the others."""
    counts = [(order, comb(n_players - 2, order)) for order in orders]
    return tuple(Stratum(min(count, n_contexts), order, exact=count <= n_contexts) for order, count in counts)


def context_generators(seed: int, stream: str, index: str, strata: tuple[Stratum, ...]) -> list[np.random.Generator]:
    """Return one generator per stratum of one sample, keyed by its order and keep rate."""
    return [
        generator(seed, "contexts", stream, index, stratum.order or 0, str(stratum.keep_rate)) for stratum in strata
    ]


def sampled_pairs(  # noqa: PLR0913  (a plan has that many parts, each a plain value)
    index: Index,
    n_players: int,
    candidates: IntArray | None,
    budget: int,
    *,
    seed: int,
    stream: str,
    orders: tuple[int, ...] | None = None,
    contexts: int | None = None,
) -> PairContexts:
    """Draw pairs, from the candidates or from all, and contexts within a budget.

    Raises:
        BudgetError: the budget is too small for one pair.
    """
    need_players(index, n_players)
    n_candidates = comb(n_players, 2) if candidates is None else len(candidates)
    shared = share(budget, n_candidates, orders, n_players, contexts)
    chosen = np.arange(n_candidates) if shared.n_pairs == n_candidates else _some(n_candidates, shared, seed, stream)
    pairs = numbered(chosen, n_players) if candidates is None else candidates[chosen]
    strata: tuple[Stratum, ...] = (Stratum(shared.n_contexts, keep_rate=index.keep_rate),)
    if orders is not None:
        strata = order_strata(n_players, orders, shared.n_contexts)
    rngs = context_generators(seed, stream, index.name, strata)
    return PairContexts.draw(index.name, n_players, pairs, strata, rngs)


def _some(n_candidates: int, shared: PairBudget, seed: int, stream: str) -> IntArray:
    chosen: IntArray = np.sort(generator(seed, "pairs", stream).choice(n_candidates, shared.n_pairs, replace=False))
    return chosen


def need_players(index: Index, n_players: int) -> None:
    """Check that there are enough players.

    Raises:
        UsageError: one player for a pair index, or none at all.
    """
    least = 1 if index.values_of == "players" else 2
    if n_players < least:
        raise UsageError(
            f"'{index.name}' needs at least {least} players, got {n_players}. Choose finer players, "
            f"for example a finer grid."
        )


def _need(index: Index, n_draws: int, least_draws: int, *, least: int, budget: int) -> None:
    if n_draws < least_draws:
        raise BudgetError(
            f"Sampling '{index.name}' needs a budget of at least {least} evaluations, got {budget}. Raise --budget."
        )


def _share_of_sizes(n_others: int) -> FloatArray:
    """Share of the coalitions of ``n_others`` players that have each size."""
    return np.array([comb(n_others, size) / 2**n_others for size in range(n_others + 1)])
