"""Identities of the AND-OR split and of the graph."""

from __future__ import annotations

import numpy as np

from interact_cli.interactions.and_or.graph import and_or_graph
from interact_cli.interactions.and_or.split import learned_split
from interact_cli.selfcheck.identity import identity
from interact_cli.selfcheck.subject import Subject, coalitions_of, code, largest

ITERATIONS = 200
"""Of the learned split: the identity holds after any number."""


@identity("AND-OR split", "v(L) + q(L): I_and inside L, I_or that meet L", "code of Zhou et al. (2024)")
def split_rebuilds(subject: Subject) -> float:
    """Add up the AND interactions inside every coalition and the OR interactions that meet it; q is what is left."""
    split = learned_split(subject.table, iterations=ITERATIONS)
    codes = coalitions_of(subject.players)
    rebuilt = [
        split.values[codes & coalition == codes].sum()
        + split.or_values[codes & coalition != 0].sum()
        + split.or_values[0]
        for coalition in codes
    ]
    return largest(np.array(rebuilt) - subject.table - split.q)


@identity("graph", "sse = sum_L (v(L) - sum of kept patterns in L)^2", "Zhou et al. (2024), section 4.1")
def graph_errors(subject: Subject) -> float:
    """Rebuild v from the patterns that a graph keeps."""
    graph = and_or_graph(subject.estimate("harsanyi").values)
    codes = coalitions_of(subject.players)
    kept = np.full(len(codes), subject.table[0])
    for pattern in graph.patterns:
        kept += pattern.value * (codes & code(pattern.members) == code(pattern.members))
    return largest(((subject.table - kept) ** 2).sum() - graph.sse)
