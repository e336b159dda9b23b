"""The coalitions that an index asks for on one sample: a protocol's, all, or draws of what the options leave."""

from __future__ import annotations

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interactions.designs.budgets import PAIR, Sampling
from interact_cli.interactions.designs.pairs import candidates
from interact_cli.interactions.designs.sets import among
from interact_cli.interactions.designs.within_budget import design_within, need_players
from interact_cli.interactions.indices import Index
from interact_cli.interfaces import Design, Question
from interact_cli.metrics.drawn_sets import ByEstimator, DrawnSets, SizedSets
from interact_cli.metrics.published import lookup, protocol_design, published_orders
from interact_cli.seeding import generator
from interact_cli.types import IntArray


def design_for(
    index: Index,
    question: Question,
    drawn: DrawnSets | None = None,
    *,
    orders: tuple[int, ...] | None = None,
    how: ByEstimator | None = None,
) -> Design:
    """Choose the coalitions for one index: a published protocol, the full table, or draws within the budget.

    Args:
        index: The index.
        question: What it answers.
        drawn: Which pairs or sets are wanted, and how many contexts of each; the defaults unless given.
        orders: The orders that an index by order is sampled at without a protocol; None for the published ones.
        how: How values are obtained where no protocol says it; each set in contexts of its own unless given.

    Raises:
        BudgetError: the budget is too small.
        UsageError: too few players, pairs that these players do not have, or a protocol that does not cover the index.
    """
    n, drawn = question.n_players, drawn or DrawnSets()
    size = drawn.interaction_size if isinstance(drawn, SizedSets) and index.takes_size else None
    need_players(index, n, size)
    if question.protocol is not None:
        return protocol_design(index, question, lookup(question.protocol), drawn)
    sampling = Sampling(
        question.budget,
        question.seed,
        question.sample_id,
        orders=published_orders(n) if orders is None else orders,
        contexts=drawn.contexts,
        repeats=question.repeats,
        estimator=how.estimator if how else "sampled",
        grid=question.grid,
        learner=how.learner if how else None,
    )
    sets = _candidates(index, question, drawn.pairs, size or PAIR)
    return design_within(index, n, sampling, candidates=sets, size=size)


def _candidates(index: Index, question: Question, pairs: str, size: int) -> IntArray | None:
    """Return the pairs or sets that may be measured; None for all.

    An index of all sets up to a size takes all of them unless the rule says otherwise: they have a common sum.
    """
    if index.values_of in {"players", "coalitions"}:
        return None
    rule = "all" if index.values_of == "sets" and pairs == "auto" else pairs
    rng = generator(question.seed, "random pairs", str(question.n_players))
    sets = candidates(rule, question.n_players, question.grid, rng, size)
    if question.span:
        sets = among(question.span, size) if sets is None else sets[np.isin(sets, question.span).all(axis=1)]
    if sets is not None and not len(sets):
        what = "a pair of players" if size == PAIR else f"a set of {size} players"
        where = "inside the span" if question.span else "within the radius"
        raise UsageError(f"Expected {what} {where}, got none. Widen --span, or use --pairs all.")
    return sets
