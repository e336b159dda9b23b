"""The And-Or graph of one sample, read back from a report's arrays: for the terminal, the picture and the JSON export.

Nodes are numbered as `interact_cli.interactions.and_or.graph` numbers them: players ``0..n-1``, then the merged
coalitions, then the patterns, the sum at last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from interact_cli.errors import ReportRefused
from interact_cli.interactions.and_or.graph import AndOrGraph, Kind, Node
from interact_cli.interactions.and_or.removal import PUBLISHED
from interact_cli.report.sentences import joined, names_of
from interact_cli.results import Measurement, Report
from interact_cli.types import IntArray
from interact_cli.words import count, number

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

    graph: AndOrGraph
    names: tuple[str, ...]
    """``(n,)``, told apart where two players are called alike."""
    patterns: tuple[Pattern, ...]
    """Strongest first."""
    unit: str
    """Of the values."""

    @property
    def counted(self) -> str:
        """``"3 patterns, 12 nodes, 9 edges; explained ratio 0.975, error 0.0125"``."""
        graph = self.graph
        counts = f"{count(graph.n_patterns, 'pattern')}, {count(graph.n_nodes, 'node')}, {count(graph.n_edges, 'edge')}"
        return f"{counts}; explained ratio {number(graph.explained_ratio)}, error {number(graph.error)}"

    def label(self, members: tuple[int, ...], limit: int = 200) -> str:
        """Write players as ``'not' & 'good'``; those that pass the limit of characters are counted."""
        return joined([f"'{self.names[player]}'" for player in members], " & ", limit) if members else "(nobody)"


def has_graph(measurement: Measurement) -> bool:
    """Return True where the metric holds graphs."""
    dims_of = {quantity.name: quantity.dims for quantity in measurement.per_sample}
    return all(dims_of.get(name) == dims for name, dims in ARRAYS.items())


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
    members = measurement.quantity("pattern_members").values[sample][kept]
    patterns = tuple(map(Pattern, _sets(members), values.values[sample][kept].tolist()))
    coalitions = [merged for merged in _sets(measurement.quantity("node_members").values[sample]) if merged]
    edges = [edge for edge in measurement.quantity("edges").values[sample].tolist() if edge[0] >= 0]
    names = names_of(report, sample)
    facts = {name: float(measurement.quantity(name).values[sample]) for name in FACTS}
    everybody = sorted({player for pattern in patterns for player in pattern.members})
    nodes: list[tuple[Kind, tuple[int, ...], float | None]] = [
        *(("player", (player,), None) for player in range(len(names))),
        *(("coalition", merged, None) for merged in coalitions),
        *(("and", *pattern) for pattern in patterns),
        ("sum", tuple(everybody), None),
    ]
    _check("players", [player for _, players, _ in nodes for player in players], len(names), sample)
    _check("nodes", [node for edge in edges for node in edge], len(nodes), sample)
    graph = AndOrGraph(
        len(names),
        tuple(
            Node(*node, children=tuple(sorted(child for parent, child in edges if parent == number)))
            for number, node in enumerate(nodes)
        ),
        constant=facts["constant"],
        sse=facts["sse"],
        error=facts["error"],
        explained_ratio=facts["explained_ratio"],
        faithful=bool(facts["faithful"]),
        rules=PUBLISHED,
    )
    return GraphView(graph, names, patterns, values.unit)


def document(view: GraphView) -> dict[str, Any]:
    """Return the graph in JSON types, as `AndOrGraph.document` writes it, with the unit of its values."""
    return view.graph.document(view.names) | {"unit": view.unit}


def _check(what: str, numbers: list[int], n: int, sample: int) -> None:
    """Refuse players and nodes that the graph has not."""
    if numbers and not 0 <= min(numbers) <= max(numbers) < n:
        raise ReportRefused(
            f"The And-Or graph of sample {sample} names {what} {min(numbers)} to {max(numbers)} and has {n}, "
            f"from 0. Measure again or take an intact copy."
        )


def _sets(indicators: IntArray) -> list[tuple[int, ...]]:
    """Turn rows of 1, 0 and -1 (padding) into players."""
    return [tuple(np.flatnonzero(row == 1).tolist()) for row in indicators]
