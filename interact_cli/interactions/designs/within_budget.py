"""The design of one index: the full table where it fits the budget, else draws of players, pairs or sets within it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import comb
from typing import Literal

import numpy as np

from interact_cli.errors import BudgetError, UsageError
from interact_cli.interactions.designs.budgets import PAIR, Cost, Sampling, Shared, check_planned, gibibytes, share
from interact_cli.interactions.designs.complementary import ComplementaryPairs
from interact_cli.interactions.designs.contexts import ContextsBySize, PairContexts, SetContexts, Stratum
from interact_cli.interactions.designs.full_table import LARGEST_TABLE, FullTable
from interact_cli.interactions.designs.pairs import all_pairs
from interact_cli.interactions.designs.players import Flips, Permutations
from interact_cli.interactions.designs.sets import all_sets, countable, numbered, padded, subsets_of
from interact_cli.interactions.exact.transforms import moebius
from interact_cli.interactions.exact.weights import Weight, values_of_sets
from interact_cli.interactions.indices import Index
from interact_cli.interactions.surrogate.by_order import SurrogateByOrder
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.seeding import generator
from interact_cli.types import FloatArray, IntArray

IndexDesign = FullTable | Permutations | Flips | SetContexts | ContextsBySize | Surrogate | SurrogateByOrder

MOST_PLAYERS = 300
"""Most players of a surrogate: it has a scale for each, found from the values of a few hundred coalitions."""
MOST_BY_ORDER = 63
"""Most players of a surrogate that orders are read off: of more, few coalitions of a size hold a given pair."""
MOST_MEMBERS = 8
"""Most players of a set that is read off one: its value alternates over all its subsets."""
LEAST_DRAWN = 40
"""Fewest coalitions that a surrogate is fitted to."""
MOST_SETS = 50_000
"""Most sets that are read off one: all pairs of 300 players."""
SHARE_OF_ENDS = 1 / 3
"""Most of a budget that goes to the coalitions that make the lowest and the highest order exact."""
LEAST_OF_A_SIZE = 2
"""Fewest coalitions of a size, and their complements, that an order is read off."""


def design_within(
    index: Index,
    n_players: int,
    sampling: Sampling,
    *,
    candidates: IntArray | None = None,
    size: int | None = None,
) -> IndexDesign:
    """Ask for the full table where it fits the budget and the memory, else draw within the budget.

    Args:
        index: The index.
        n_players: Number of players.
        sampling: The budget, and how draws are made.
        candidates: ``(set, size)``: the pairs or sets that may be measured, and the smaller sets inside them; None for
            all. Players and coalitions ignore them.
        size: Players of a set, the largest where smaller ones are valued too; None for pairs.

    Raises:
        BudgetError: the budget is too small; the message says how much it would take.
        UsageError: fewer players than the index needs, or a size that it does not take.
    """
    need_players(index, n_players, size)
    if n_players <= LARGEST_TABLE and 2**n_players <= sampling.budget:
        return full_table(index, n_players, candidates, size)
    if index.instead:
        raise BudgetError(_never_sampled(index, n_players, sampling.budget))
    if sampling.estimator == "exact":
        raise BudgetError(_not_exact(index, n_players, sampling.budget))
    check_planned(sampling.budget, n_players)
    if sampling.estimator != "sampled":
        hindrance = next(_hindrances(index, n_players, sampling, candidates, size), None)
        if hindrance is None:
            return read_off(index, n_players, sampling, candidates, size)
        if sampling.estimator != "auto":
            what = "Sample reuse" if sampling.estimator == "reuse" else "A surrogate"
            raise UsageError(f"{what} of '{index.name}' {hindrance}, or pass --estimator sampled.")
    if index.values_of == "players":
        return sampled_players(index, n_players, sampling)
    return sampled_sets(index, n_players, sampling, candidates, size)


def full_table(index: Index, n_players: int, candidates: IntArray | None = None, size: int | None = None) -> FullTable:
    """Ask for all ``2^n`` coalitions, for all pairs or sets or the given ones.

    Raises:
        BudgetError: the table would not fit; the message says how large it would be.
        UsageError: fewer players than the index needs, a size that it does not take, or too many sets.
    """
    need_players(index, n_players, size)
    if n_players > LARGEST_TABLE:
        raise BudgetError(
            f"Exact '{index.name}' of {n_players} players needs 2^{n_players} evaluations and "
            f"{gibibytes(n_players)} for their values; at most {LARGEST_TABLE} players are enumerated. "
            f"{_instead(index)}"
        )
    if index.weight is not None and (size is not None or index.values_of == "sets"):
        largest = size or PAIR
        sets = _valued_sets(index, n_players, candidates, largest)
        from_table = partial(_by_weight, weight=index.weight, sets=sets, largest=largest)
        return FullTable(index.name, n_players, from_table, sets=sets)
    if index.whole is not None:
        return FullTable(index.name, n_players, index.whole)
    exact = _exact_of(index)
    if index.values_of in {"players", "coalitions"}:
        return FullTable(index.name, n_players, exact)
    pairs = all_pairs(n_players) if candidates is None else candidates
    orders = np.arange(n_players - 1) if index.values_of == "orders" else None
    return FullTable(index.name, n_players, partial(_at_pairs, exact=exact, pairs=pairs), pairs, orders)


def read_off(
    index: Index,
    n_players: int,
    sampling: Sampling,
    candidates: IntArray | None = None,
    size: int | None = None,
) -> Surrogate | SurrogateByOrder | ContextsBySize:
    """Draw coalitions of all sizes and read the index of all candidates off a model of the game.

    The coalitions depend on the budget and on what they belong to alone; of orders also on whether the lowest and the
    highest can be exact. Where smaller sets are worth their dividends, those are measured first, all of them.
    """
    largest = 1 if index.values_of == "players" else size or PAIR
    law = index.law(largest)
    if law is None:
        raise ValueError(f"'{index.name}' is no mean over contexts")
    sets = all_sets(n_players, largest) if candidates is None else candidates
    below = list(_below(n_players, candidates, largest)) if index.beta_of_size else []
    budget = sampling.budget - sum(map(len, below[2:]))  # no and one player are among what is drawn
    by_order = index.values_of == "orders"
    draw = ComplementaryPairs(n_players, budget, sampling.seed, sampling.stream)
    with_ends = replace(draw, whole=_whole_for_orders(n_players, budget)) if by_order else draw
    if with_ends.counts != draw.counts:  # else they share the draw, and the fit, with the other indices
        draw = with_ends
    values_of: Literal["players", "pairs", "sets"] = "players"
    if index.values_of != "players":
        values_of = "pairs" if size is None and index.values_of in {"pairs", "orders"} else "sets"
    reuse = sampling.estimator == "reuse"
    functional = Functional(law, n_players, sets)
    surrogate = Surrogate(index.name, functional, draw, sampling.grid, sampling.learner, values_of, reuse)
    if by_order:
        return SurrogateByOrder.of(sampling.orders, surrogate)
    return ContextsBySize((*_alone(index, n_players, below), surrogate)) if index.beta_of_size else surrogate


def sampled_players(index: Index, n_players: int, sampling: Sampling) -> Permutations | Flips:
    """Draw permutations (Shapley) or flipped coalitions (Banzhaf) within a budget.

    Raises:
        BudgetError: fewer than 2 draws fit, or fewer than there are shares.
    """
    need_players(index, n_players)
    rng = generator(sampling.seed, "draws", sampling.stream, index.name)
    by_order = index.name == "shapley"
    # The empty and the grand coalition are shared by all orders.
    shared, each = (2, max(1, n_players - 1)) if by_order else (0, n_players + 1)
    n_draws = (sampling.budget - shared) // each
    if n_draws < sampling.least:
        least = min(sampling.least * each + shared, 2**n_players)
        raise BudgetError(
            f"Sampling '{index.name}' needs a budget of at least {least} evaluations, got {sampling.budget}. "
            f"Raise --budget."
        )
    return (Permutations if by_order else Flips).draw(index.name, n_players, n_draws, rng)


def sampled_sets(
    index: Index,
    n_players: int,
    sampling: Sampling,
    candidates: IntArray | None = None,
    size: int | None = None,
) -> SetContexts | ContextsBySize:
    """Draw pairs or sets, from the candidates or from all, and contexts within a budget.

    Where smaller sets are worth their dividends, those are measured first, all of them.

    Raises:
        BudgetError: the budget is too small for one set.
    """
    need_players(index, n_players, size)
    largest = size or PAIR
    n_candidates = countable(n_players, largest) if candidates is None else len(candidates)
    orders = sampling.orders if index.values_of == "orders" else None
    dividends = _count_below(n_players, candidates, largest) if index.beta_of_size else 0
    cost = Cost(n_players, largest, orders, dividends)
    shared = share(n_candidates, cost, sampling)
    chosen = np.arange(n_candidates) if shared.n_sets == n_candidates else _some(n_candidates, shared, sampling)
    sets = numbered(chosen, n_players, largest) if candidates is None else candidates[chosen]
    strata: tuple[Stratum, ...] = (
        Stratum(shared.n_contexts, keep_rate=index.keep_rate, beta=largest if index.beta_of_size else 1),
    )
    if orders is not None:
        strata = order_strata(n_players, orders, shared.n_contexts)
    rngs = context_generators(sampling.seed, sampling.stream, index.name, strata)
    if size is None and index.values_of != "sets":
        pairs = PairContexts.draw(index.name, n_players, sets, strata, rngs)
        return replace(pairs, candidates=n_candidates)
    drawn = replace(SetContexts.draw(index.name, n_players, sets, strata, rngs), candidates=n_candidates)
    if not index.beta_of_size:
        return drawn
    return ContextsBySize((*_alone(index, n_players, _below(n_players, candidates, largest)), drawn))


def order_strata(n_players: int, orders: tuple[int, ...], n_contexts: int) -> tuple[Stratum, ...]:
    """Enumerate the orders that have at most ``n_contexts`` contexts and draw ``n_contexts`` at the others."""
    counts = [(order, comb(n_players - 2, order)) for order in orders]
    return tuple(Stratum(min(count, n_contexts), order, exact=count <= n_contexts) for order, count in counts)


def context_generators(seed: int, stream: str, index: str, strata: tuple[Stratum, ...]) -> list[np.random.Generator]:
    """Return one generator per stratum of one sample, keyed by its order and keep rate."""
    return [
        generator(seed, "contexts", stream, index, stratum.order or 0, str(stratum.keep_rate)) for stratum in strata
    ]


def need_players(index: Index, n_players: int, size: int | None = None) -> None:
    """Check that the index takes the interaction size and that there are enough players.

    Raises:
        UsageError: a size for an index without, a size below 1, one player for a pair index, or none at all.
    """
    if size is not None and not index.takes_size:
        raise UsageError(f"'{index.name}' takes no interaction size, got {size}. Leave it out.")
    if size is not None and (isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1):
        raise UsageError(f"Expected the interaction size to be a whole number of at least 1, got {size!r}.")
    least = size or (1 if index.values_of in {"players", "coalitions"} else PAIR)
    if n_players < least:
        what = f"'{index.name}'" + (f" of interaction size {size}" if size else "")
        advice = "a smaller interaction size, or finer players" if size else "finer players, for example a finer grid"
        raise UsageError(f"{what} needs at least {least} players, got {n_players}. Choose {advice}.")


def _alone(index: Index, n_players: int, sizes: Sequence[IntArray]) -> list[SetContexts]:
    """Ask for the dividends of sets of each size: each alone, in the empty context."""
    alone = (Stratum(1, order=0, exact=True),)
    nothing_drawn = [generator(0, "dividends")]
    return [SetContexts.draw(index.name, n_players, sets, alone, nothing_drawn) for sets in sizes]


def _hindrances(
    index: Index, n_players: int, sampling: Sampling, candidates: IntArray | None, size: int | None
) -> Iterator[str]:
    """Say why an index is not read off a surrogate, and what would help; nothing where it is."""
    largest = 1 if index.values_of == "players" else size or PAIR
    count = comb(n_players, largest) if candidates is None else len(candidates)
    if index.law(largest) is None:
        yield "is not to be had. Choose an index of players, pairs or sets"
    if sampling.contexts is not None:
        yield "draws no contexts for each pair. Leave --contexts out"
    if n_players > MOST_PLAYERS:
        yield f"takes at most {MOST_PLAYERS} players, got {n_players}. Choose fewer players"
    if index.values_of == "orders":
        yield from _hindrances_of_orders(n_players, sampling)
    if largest > MOST_MEMBERS:
        yield f"takes sets of at most {MOST_MEMBERS} players, got {largest}. Choose a smaller interaction size"
    if count > MOST_SETS:
        yield f"takes at most {MOST_SETS:,} sets, got {count:,}. Choose some of them: --pairs random:K"
    below = sum(map(len, _below(n_players, candidates, largest)[2:])) if index.beta_of_size else 0
    least = max(2 * (n_players + 1), LEAST_DRAWN) * sampling.repeats + below
    if sampling.budget < least:
        yield f"needs a budget of at least {least} evaluations, got {sampling.budget}. Raise --budget"


def _hindrances_of_orders(n_players: int, sampling: Sampling) -> Iterator[str]:
    if n_players > MOST_BY_ORDER:
        yield f"takes at most {MOST_BY_ORDER} players, got {n_players}. Choose fewer players"
    if sampling.repeats > 1:
        yield "is not shared out among plans. Leave --instability out"
    if not _suffices(n_players, sampling.budget):
        budgets = range(max(sampling.budget, LEAST_DRAWN), 2**n_players)
        least = next((budget for budget in budgets if _suffices(n_players, budget)), 2**n_players)
        yield f"needs a budget of at least {least} evaluations, got {sampling.budget}. Raise --budget"


def _suffices(n_players: int, budget: int) -> bool:
    """Whether an order could be read off without a surrogate: there are coalitions of every size."""
    if budget < LEAST_DRAWN:
        return False
    draw = ComplementaryPairs(n_players, budget, 0, "", _whole_for_orders(n_players, budget))
    sizes = zip(draw.counts, draw.possible, strict=True)
    return all(count >= min(LEAST_OF_A_SIZE, possible) for count, possible in sizes)


def _whole_for_orders(n_players: int, budget: int) -> int:
    """Return up to which size all coalitions are asked for: pairs, where order 0 and order n - 2 are then exact."""
    ends = 2 * sum(comb(n_players, size) for size in range(PAIR + 1))
    return PAIR if ends <= SHARE_OF_ENDS * budget else 1


def _not_exact(index: Index, n_players: int, budget: int) -> str:
    if n_players > LARGEST_TABLE:
        return (
            f"Exact '{index.name}' of {n_players} players needs 2^{n_players} evaluations and {gibibytes(n_players)} "
            f"for their values; at most {LARGEST_TABLE} players are enumerated. Choose fewer, or leave --estimator out."
        )
    return (
        f"Expected a budget of at least {2**n_players} evaluations for exact values of {n_players} players, got "
        f"{budget}. Raise --budget, or leave --estimator out."
    )


def _never_sampled(index: Index, n_players: int, budget: int) -> str:
    if n_players > LARGEST_TABLE:
        return (
            f"'{index.name}' is never sampled: of {n_players} players it needs 2^{n_players} evaluations and "
            f"{gibibytes(n_players)} for their values; at most {LARGEST_TABLE} are enumerated. {_instead(index)}"
        )
    return (
        f"Expected a budget of at least {2**n_players} evaluations, got {budget}: '{index.name}' is never sampled, it "
        f"needs all 2^{n_players} coalitions. Raise --budget, or sample '{index.instead}'."
    )


def _instead(index: Index) -> str:
    if index.instead:
        return f"Choose fewer players, or sample '{index.instead}' instead."
    return "Give a budget to sample instead."


def _exact_of(index: Index) -> Callable[[FloatArray], FloatArray]:
    if index.exact is None:
        raise ValueError(f"'{index.name}' has no values but those of sets")
    return index.exact


def _valued_sets(index: Index, n_players: int, candidates: IntArray | None, largest: int) -> IntArray:
    """List the sets that an index values: those of the largest size, or all sizes from the empty set on."""
    top = all_sets(n_players, largest) if candidates is None else candidates
    return top if index.values_of == "pairs" else padded([*_below(n_players, candidates, largest), top])


def _some(n_candidates: int, shared: Shared, sampling: Sampling) -> IntArray:
    rng = generator(sampling.seed, "pairs", sampling.stream)
    return np.sort(rng.choice(n_candidates, shared.n_sets, replace=False))


def _count_below(n_players: int, candidates: IntArray | None, largest: int) -> int:
    if candidates is None:
        return sum(comb(n_players, size) for size in range(largest))
    return sum(map(len, _below(n_players, candidates, largest)))


def _below(n_players: int, candidates: IntArray | None, largest: int) -> Sequence[IntArray]:
    """List the sets of each size below the largest: all of them, or those inside the candidates."""
    if candidates is None:
        return [all_sets(n_players, size) for size in range(largest)]
    return [subsets_of(candidates, size) for size in range(largest)]


def _by_weight(table: FloatArray, *, weight: Weight, sets: IntArray, largest: int) -> FloatArray:
    return values_of_sets(moebius(table), sets, weight, largest)


def _at_pairs(table: FloatArray, *, exact: Callable[[FloatArray], FloatArray], pairs: IntArray) -> FloatArray:
    values: FloatArray = exact(table)
    return values[..., pairs[:, 0], pairs[:, 1]]
