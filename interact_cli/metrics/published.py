"""The papers' own protocols, in distribution: pairs, orders, contexts, score, baseline, samples.

They reproduce how the numbers were drawn, not the authors' random numbers; docs/mathematics.md says
where paper and code differ and which reading stands here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb, floor

import numpy as np

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interactions.indices import Index, ValuesOf
from interact_cli.interactions.plans.budgets import PAIR, Sampling
from interact_cli.interactions.plans.contexts import PairContexts, Stratum
from interact_cli.interactions.plans.pairs import (
    all_pairs,
    candidates,
    drawn_at_anchors,
    drawn_uniformly,
    drawn_with_clamped_offsets,
)
from interact_cli.interactions.plans.planning import context_generators, design_within, need_players
from interact_cli.interactions.plans.sets import among
from interact_cli.interfaces import Design, Question
from interact_cli.metrics.drawn_sets import DrawnSets, SizedSets
from interact_cli.seeding import generator
from interact_cli.types import IntArray

PUBLISHED_RATIOS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""The thirteen orders of the code of Deng et al. (2022), as shares of n - 2."""

FIXES = ("data.only", "players", "baseline", "score", "target", "plan.budget")
"""Settings that every protocol fixes."""
FIXES_OF_METRICS = ("pairs", "contexts")
"""Options of metrics that every protocol fixes."""

KEEP_RATES = ((0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0))
"""The five order components of Zhang et al. (ICLR 2021): contexts whose keep rate lies in one of these ranges."""


def published_orders(n_players: int) -> tuple[int, ...]:
    """Return the thirteen published orders, duplicates removed: ``floor((n - 2) * ratio + 1e-9)``.

    Example:
        >>> published_orders(256)
        (0, 12, 25, 50, 76, 101, 127, 152, 177, 203, 228, 241, 254)
    """
    return tuple(sorted({order_at(n_players, ratio) for ratio in PUBLISHED_RATIOS}))


def order_at(n_players: int, ratio: float) -> int:
    """Return ``floor((n - 2) * ratio + 1e-9)``: the order at a share of n - 2."""
    return floor((n_players - 2) * ratio + 1e-9)


@dataclass(frozen=True)
class Protocol:
    """What a paper fixed."""

    name: str
    summary: str
    source: str
    values_of: ValuesOf
    """What the paper measured: pairs, or pairs at each order."""
    metrics: tuple[str, ...]
    """The metrics that measure it."""
    players: str
    """For images; tables always use their columns."""
    n_samples: int
    n_samples_of_tables: int
    only: str
    score: str
    score_with_batchnorm: str
    baseline: str
    contexts: int
    inner_pairs: str | None = None
    """The rule for pairs of activations, where the paper measured those too."""


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            name="deng2022",
            summary="200 pairs within radius 2, 13 orders, 100 contexts, log-odds of the true class",
            source="Deng et al. (2022), appendix C",
            values_of="orders",
            metrics=("multi-order", "bottleneck"),
            players="grid:16x16",
            n_samples=50,
            n_samples_of_tables=100,
            only="correct",
            score="log-odds",
            score_with_batchnorm="log-odds",
            baseline="mean",
            contexts=100,
        ),
        Protocol(
            name="zhang2021-dropout",
            summary="80 pairs at anchors, 500 contexts of random keep rate, logit (probability with batch norm)",
            source="Zhang et al. (ICLR 2021), appendices E and G",
            values_of="pairs",
            metrics=("shapley-interaction", "banzhaf-interaction", "strength"),
            players="grid:16x16",
            n_samples=10,
            n_samples_of_tables=10,
            only="all",
            score="logit",
            score_with_batchnorm="prob",
            baseline="data-mean",
            contexts=500,
            inner_pairs="random:500",
        ),
    )
}


def lookup(name: str) -> Protocol:
    """Return the protocol of that name.

    Raises:
        UnknownNameError: no such protocol.
    """
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]


def design_for(
    index: Index, question: Question, drawn: DrawnSets | None = None, *, orders: tuple[int, ...] | None = None
) -> Design:
    """Choose the coalitions for one index: a published protocol, the full table, or a sampled plan.

    Args:
        index: The index.
        question: What it answers.
        drawn: Which pairs or sets are wanted, and how many contexts of each; the defaults unless given.
        orders: The orders that an index by order is sampled at without a protocol; None for the published ones.

    Raises:
        BudgetError: the budget is too small.
        UsageError: too few players, pairs that these players do not have, or a protocol that does not cover the index.
    """
    n, drawn = question.n_players, drawn or DrawnSets()
    size = drawn.interaction_size if isinstance(drawn, SizedSets) and index.takes_size else None
    need_players(index, n, size)
    if question.protocol is not None:
        return _protocol_design(index, question, lookup(question.protocol), drawn)
    sampling = Sampling(
        question.budget,
        question.seed,
        question.sample_id,
        orders=published_orders(n) if orders is None else orders,
        contexts=drawn.contexts,
        repeats=question.repeats,
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


def with_components(design: PairContexts, question: Question) -> PairContexts:
    """Add the order components of Zhang et al. (ICLR 2021): every pair again in as many contexts of each `KEEP_RATES`.

    Args:
        design: The plan of the index under that paper's protocol.
        question: What it answers.
    """
    strata = tuple(replace(design.strata[0], keep_rate=rates) for rates in KEEP_RATES)
    rngs = context_generators(question.seed, question.sample_id, design.index, strata)
    drawn = PairContexts.draw(design.index, design.n_players, design.pairs, strata, rngs)
    return replace(design, strata=design.strata + strata, asked=np.concatenate([design.asked, drawn.asked]))


def _protocol_design(index: Index, question: Question, protocol: Protocol, drawn: DrawnSets) -> PairContexts:
    if index.values_of != protocol.values_of:
        raise UsageError(
            f"Protocol '{protocol.name}' fixes nothing for '{index.name}'; expected one of the metrics that it "
            f"covers: {', '.join(protocol.metrics)}. Choose among them, or leave --protocol out."
        )
    if index.takes_size and isinstance(drawn, SizedSets) and drawn.interaction_size is not None:
        raise UsageError(
            f"Protocol '{protocol.name}' fixes pairs of players, got interaction size {drawn.interaction_size}. "
            f"Leave --interaction-size out."
        )
    pairs = _protocol_pairs(question, protocol, drawn.pairs)
    strata = _protocol_strata(index, question, protocol)
    rngs = context_generators(question.seed, question.sample_id, index.name, strata)
    return PairContexts.draw(index.name, question.n_players, pairs, strata, rngs)


def _protocol_pairs(question: Question, protocol: Protocol, pairs: str) -> IntArray:
    rule, _, number = pairs.partition(":")
    if rule == "random":
        # "pos_500": drawn once and shared by all samples.
        return drawn_uniformly(question.n_players, int(number), generator(question.seed, "pairs", protocol.name))
    if question.grid is None:
        return all_pairs(question.n_players)
    rng = generator(question.seed, "pairs", question.sample_id, protocol.name)
    if protocol.name == "deng2022":
        return drawn_with_clamped_offsets(question.grid, 200, 2, rng)
    return drawn_at_anchors(question.grid, 5, 2, rng)


def _protocol_strata(index: Index, question: Question, protocol: Protocol) -> tuple[Stratum, ...]:
    n, contexts = question.n_players, protocol.contexts
    if index.values_of == "pairs":
        return (Stratum(contexts, keep_rate=index.keep_rate),)
    if question.grid is None:
        counts = [(order, comb(n - 2, order)) for order in range(n - 1)]
        return tuple(Stratum(min(count, contexts), order, exact=count <= contexts) for order, count in counts)
    # The published plan asks for 100 contexts at every order, also where only one exists.
    return tuple(Stratum(contexts, order, exact=comb(n - 2, order) == 1) for order in published_orders(n))
