"""The papers' own protocols, in distribution: pairs, orders, contexts, score, baseline, samples.

They reproduce how the numbers were drawn, not the authors' random numbers; docs/mathematics.md says
where paper and code differ and which reading stands here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import comb, floor

import numpy as np

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interactions.designs.contexts import PairContexts, Stratum
from interact_cli.interactions.designs.pairs import (
    all_pairs,
    drawn_at_anchors,
    drawn_uniformly,
    drawn_with_clamped_offsets,
)
from interact_cli.interactions.designs.within_budget import context_generators
from interact_cli.interactions.indices import Index, ValuesOf
from interact_cli.interfaces import Question
from interact_cli.metrics.drawn_sets import DrawnSets, SizedSets
from interact_cli.seeding import generator
from interact_cli.types import IntArray

PUBLISHED_RATIOS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""The thirteen orders of the code of Deng et al. (2022), as shares of n - 2."""

FIXES = ("data.only", "players", "baseline", "score", "target", "plan.budget")
"""Settings that every protocol fixes."""
FIXES_OF_METRICS = ("pairs", "contexts", "estimator", "second_surrogate")
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
    grid_pairs: Callable[..., IntArray]
    """``(grid, rng=generator)`` -> ``(pair, 2)``: how pairs are drawn on a grid; without a grid all are taken."""
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
            grid_pairs=partial(drawn_with_clamped_offsets, n_pairs=200, radius=2),
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
            grid_pairs=partial(drawn_at_anchors, neighbours=5, radius=2),
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


def with_components(design: PairContexts, question: Question) -> PairContexts:
    """Add the order components of Zhang et al. (ICLR 2021): every pair again in as many contexts of each `KEEP_RATES`.

    Args:
        design: That of the index under that paper's protocol.
        question: What it answers.
    """
    strata = tuple(replace(design.strata[0], keep_rate=rates) for rates in KEEP_RATES)
    rngs = context_generators(question.seed, question.sample_id, design.index, strata)
    drawn = PairContexts.draw(design.index, design.n_players, design.pairs, strata, rngs)
    return replace(design, strata=design.strata + strata, asked=np.concatenate([design.asked, drawn.asked]))


def protocol_design(index: Index, question: Question, protocol: Protocol, drawn: DrawnSets) -> PairContexts:
    """Choose the coalitions that a paper's protocol fixes.

    Args:
        index: The index.
        question: What it answers.
        protocol: The protocol.
        drawn: Which pairs are wanted; on activations the protocol's own rule stands here.

    Raises:
        UsageError: the protocol does not cover the index, or fixes pairs where larger sets are asked for.
    """
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
    return protocol.grid_pairs(question.grid, rng=rng)


def _protocol_strata(index: Index, question: Question, protocol: Protocol) -> tuple[Stratum, ...]:
    n, contexts = question.n_players, protocol.contexts
    if index.values_of == "pairs":
        return (Stratum(contexts, keep_rate=index.keep_rate),)
    if question.grid is None:
        counts = [(order, comb(n - 2, order)) for order in range(n - 1)]
        return tuple(Stratum(min(count, contexts), order, exact=count <= contexts) for order, count in counts)
    # The published protocol asks for 100 contexts at every order, also where only one exists.
    return tuple(Stratum(contexts, order, exact=comb(n - 2, order) == 1) for order in published_orders(n))
