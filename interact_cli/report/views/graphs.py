"""The And-Or graph of one sample, read back from a report's arrays: for the terminal, the picture and the JSON export.

Nodes are numbered as `interact_cli.interactions.and_or.graph` numbers them: players ``0..n-1``, then the merged
coalitions, then the patterns, the sum at last.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from interact_cli.errors import ReportRefused
from interact_cli.interactions.and_or.graph import AndOrGraph, Node
from interact_cli.interactions.and_or.removal import PUBLISHED
from interact_cli.report.sentences import joined, names_of
from interact_cli.results import Measurement, Report
from interact_cli.types import IntArray

AND_OR_GRAPH = "and-or-graph"
FACTS = ("n_nodes", "n_edges", "n_patterns", "explained_ratio", "error", "sse", "constant", "faithful")
ARRAYS = {
    "pattern_values": ("sample", "pattern"),
    "pattern_members": ("sample", "pattern", "player"),
    "node_members": ("sample", "node", "player"),
    "edges": ("sample", "edge", "end"),
    **dict.fromkeys(FACTS, ("sample",)),
}
"""Quantity -> its axes: a graph is all of them."""


class Pattern(NamedTuple):
    """An AND of players that the graph kept."""

    members: tuple[int, ...]
    """Players, ascending."""
    value: float
    """I(S), in the score's unit."""


@dataclass(frozen=True)
class GraphView:
    """The And-Or graph of one sample, with names that are safe to show."""

    n_players: int
    names: tuple[str, ...]
    """``(n,)``, told apart where two players are called alike."""
    patterns: tuple[Pattern, ...]
    """Strongest first."""
    coalitions: tuple[tuple[int, ...], ...]
    """Merged coalitions: players that several patterns share as one node."""
    edges: tuple[tuple[int, int], ...]
    """``(parent, child)`` by node number."""
    n_nodes: int
    n_edges: int
    n_patterns: int
    explained_ratio: float
    error: float
    """Squared error over all coalitions, as a share of sum v^2."""
    sse: float
    """The same in the unit of the score, squared."""
    constant: float
    """What the sum adds to the patterns."""
    faithful: bool
    """Whether the graph meets the published rules; otherwise it is the best that so few patterns can do."""
    unit: str

    def children(self, node: int) -> tuple[int, ...]:
        """Return the nodes that a node is put together from, ascending."""
        return tuple(sorted(child for parent, child in self.edges if parent == node))

    def members(self, node: int) -> tuple[int, ...]:
        """Return the players of a node: itself, a merged coalition's, a pattern's, or those of all patterns."""
        return self._nodes[node].members

    @cached_property
    def _nodes(self) -> tuple[Node, ...]:
        sets = [*((player,) for player in range(self.n_players)), *self.coalitions]
        nodes = [Node("player" if len(s) < 2 else "coalition", s, None, self.children(k)) for k, s in enumerate(sets)]
        first = len(nodes)
        for number, pattern in enumerate(self.patterns, first):
            nodes.append(Node("and", pattern.members, pattern.value, self.children(number)))
        everybody = sorted({player for pattern in self.patterns for player in pattern.members})
        return (*nodes, Node("sum", tuple(everybody), None, self.children(len(nodes))))

    def graph(self) -> AndOrGraph:
        """Return the graph as the mathematics knows it."""
        return AndOrGraph(
            self.n_players,
            self._nodes,
            constant=self.constant,
            sse=self.sse,
            error=self.error,
            explained_ratio=self.explained_ratio,
            faithful=self.faithful,
            rules=PUBLISHED,
        )

    def label(self, members: tuple[int, ...], limit: int = 200) -> str:
        """Write players as ``'not' & 'good'``; those that pass the limit of characters are counted."""
        quoted = [f"'{name}'" for name in self.names]
        return joined([quoted[player] for player in members], " & ", limit) if members else "(nobody)"


def has_graph(measurement: Measurement) -> bool:
    """Return True where the metric holds graphs."""
    held = {quantity.name: quantity.dims for quantity in measurement.per_sample}
    return all(held.get(name) == dims for name, dims in ARRAYS.items())


def graph_of(report: Report, measurement: Measurement, sample: int) -> GraphView:
    """Read the graph of one sample.

    Args:
        report: What was measured.
        measurement: One that `has_graph`.
        sample: Position in the sample table.

    Raises:
        ReportRefused: a pattern, coalition or edge of what the graph has not; the file was made by something else.
    """
    values = measurement.quantity("pattern_values")
    kept = np.isfinite(values.values[sample])
    patterns = measurement.quantity("pattern_members").values[sample][kept]
    coalitions = measurement.quantity("node_members").values[sample]
    edges = measurement.quantity("edges").values[sample]
    held = {name: float(measurement.quantity(name).values[sample]) for name in FACTS}
    names = names_of(report, sample)
    view = GraphView(
        n_players=len(names),
        names=names,
        patterns=tuple(map(Pattern, _sets(patterns), values.values[sample][kept].tolist())),
        coalitions=tuple(members for members in _sets(coalitions) if members),
        edges=tuple((parent, child) for parent, child in edges.tolist() if parent >= 0),
        n_nodes=int(held["n_nodes"]),
        n_edges=int(held["n_edges"]),
        n_patterns=int(held["n_patterns"]),
        explained_ratio=held["explained_ratio"],
        error=held["error"],
        sse=held["sse"],
        constant=held["constant"],
        faithful=bool(held["faithful"]),
        unit=values.unit,
    )
    _check(view, sample)
    return view


def document(view: GraphView) -> dict[str, Any]:
    """Return the graph in JSON types, as `AndOrGraph.document` writes it, with the unit of its values."""
    return view.graph().document(view.names) | {"unit": view.unit}


def _check(view: GraphView, sample: int) -> None:
    """Refuse players and nodes that the graph has not."""
    players = [player for members in (*view.coalitions, *(p.members for p in view.patterns)) for player in members]
    nodes = [node for edge in view.edges for node in edge]
    n_nodes = view.n_players + len(view.coalitions) + len(view.patterns) + 1
    for what, numbers, n in (("players", players, view.n_players), ("nodes", nodes, n_nodes)):
        if numbers and not 0 <= min(numbers) <= max(numbers) < n:
            raise ReportRefused(
                f"The And-Or graph of sample {sample} names {what} {min(numbers)} to {max(numbers)} and has {n}, "
                f"from 0. Measure again or take an intact copy."
            )


def _sets(indicators: IntArray) -> list[tuple[int, ...]]:
    """Turn rows of 1, 0 and -1 (padding) into players."""
    return [tuple(np.flatnonzero(row == 1).tolist()) for row in indicators]
