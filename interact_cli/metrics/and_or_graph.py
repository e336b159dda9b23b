"""The And-Or graph of each sample: the few patterns that explain the score, with the coalitions that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from interact_cli.interactions import indices
from interact_cli.interactions.and_or.graph import RATIO_FORMULA, AndOrGraph, and_or_graph
from interact_cli.interactions.and_or.removal import PUBLISHED
from interact_cli.interactions.designs.sets import padded
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.indices import Index
from interact_cli.interfaces import Cohort, Design, Question, Reduced
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.summaries.sentences import said
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.tables import estimators, stacked, values_quantity
from interact_cli.results import Finding, Measurement, Quantity
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import described, number

COUNTS = {
    "n_nodes": "nodes of the graph: players, merged coalitions, patterns and the sum",
    "n_edges": "edges of the graph",
    "n_patterns": "patterns that were kept",
}
FITS = {
    "explained_ratio": f"explained ratio, {RATIO_FORMULA}",
    "error": "squared error over all coalitions, as a share of the sum of v^2",
}
LABELS = {
    "explained_ratio": "explained ratio",
    "error": "squared error over sum v^2",
    "n_patterns": "patterns",
    "n_nodes": "nodes",
    "n_edges": "edges",
}
LEADING = ("n_patterns", "explained_ratio", "error")
FACTS = {
    "constant": "what the sum adds to the patterns, v(empty)",
    "sse": "squared error over all coalitions, sum (v - value of the graph)^2",
}


FAITHFUL = "True where error, explained ratio and number of patterns meet the published rules"


@dataclass(frozen=True, kw_only=True)
class Drawn(Reduced):
    """What is kept of one sample: the graph itself."""

    graph: AndOrGraph


@dataclass(frozen=True, kw_only=True)
class AndOrGraphs(IndexMetric):
    """The few patterns of players that explain a sample's score, as a graph; common parts are merged.

    Source: Zhou et al. (2024), section 4.1; `interact_cli.interactions.and_or.graph`.
    """

    name: str = "and-or-graph"
    version: int = 2
    source: str = "Zhou et al. (2024), section 4.1"
    formula: str = "v(S) = v(empty) + sum of the kept I(T), T in S; the fewest patterns T that meet the published rules"
    example: str = "interact measure ckpt.pt --metric and-or-graph --players grid:3x4 --budget 4096"
    index: Index = indices.lookup("harsanyi")

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Drawn:
        """Draw the graph of one sample; its estimate holds the patterns that were kept."""
        reduced = super().reduce(design, values, question)
        dividends = reduced.estimate
        graph = and_or_graph(dividends.beyond_rounding)
        strengths = np.array([pattern.value for pattern in graph.patterns], dtype=np.float64)
        exact = np.ones(strengths.shape, dtype=np.bool_)
        none = np.empty((0, 0), dtype=np.int64)
        sets = padded([none, *[np.array([pattern.members], dtype=np.int64) for pattern in graph.patterns]])
        codes = [sum(1 << player for player in pattern.members) for pattern in graph.patterns]
        errors, n = dividends.standard_errors[codes], question.n_players
        estimate = Estimate(self.name, strengths, errors, exact, dividends.evaluations, n, sets=sets)
        return Drawn(estimate, {}, reduced.estimator, graph=graph)

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Put the graphs of all samples side by side, and average what they leave and explain."""
        graphs = [_graph_of(result) for result in results]
        n = int(cohort.n_players.max())
        resampler = Resampler.over(cohort, self.name)
        units = {"constant": cohort.unit, "sse": f"{cohort.unit}^2"}
        numbers = {
            name: Quantity(
                name, ("sample",), np.array([getattr(graph, name) for graph in graphs]), units.get(name, "1"), meaning
            )
            for name, meaning in (FITS | COUNTS | FACTS).items()
        }
        means = {
            name: resampler.summarise("mean", numbers[name]).quantity(
                f"mean_{name}",
                f"mean over samples; {meaning}",
                LABELS[name],
                "headline" if name in LEADING else "detail",
            )
            for name, meaning in (FITS | COUNTS).items()
        }
        return self.measurement(
            estimators(results),
            per_sample=(
                _members_of_patterns(graphs, n),
                replace(
                    values_quantity(
                        [result.estimate for result in results], ("pattern",), cohort.unit, "I(S) of each pattern"
                    ),
                    name="pattern_values",
                ),
                *_structure(graphs, n),
                *numbers.values(),
                Quantity("faithful", ("sample",), np.array([graph.faithful for graph in graphs]), "1", FAITHFUL),
            ),
            summary=[*means.values()],
            findings=[_told(*[means[name] for name in LEADING])],
            notes=[*_notes(graphs)],
        )


def _told(patterns: Quantity, ratio: Quantity, error: Quantity) -> Finding:
    missed = number(100 * float(error.values))
    return said(
        f"A graph of {described(patterns)} patterns misses {missed} % of the squared scores; its explained ratio is "
        f"{described(ratio)}.",
        patterns,
        ratio,
        error,
    )


def _notes(graphs: Sequence[AndOrGraph]) -> Iterator[str]:
    unmet = sum(not graph.faithful for graph in graphs)
    if unmet:
        yield (
            f"In {unmet} of {len(graphs)} samples no graph of at most {PUBLISHED.max_patterns} patterns meets the "
            f"published rules (error below {PUBLISHED.max_error:g}, explained ratio above {PUBLISHED.min_ratio:g}); "
            f"theirs is the one with the least error."
        )


def _graph_of(result: Reduced) -> AndOrGraph:
    if not isinstance(result, Drawn):
        raise TypeError(f"'and-or-graph' summarises graphs, got {type(result).__name__}")
    return result.graph


def _members_of_patterns(graphs: Sequence[AndOrGraph], n_players: int) -> Quantity:
    members = [_indicators([pattern.members for pattern in graph.patterns], graph.n_players) for graph in graphs]
    text = "1 for the players of each pattern, 0 for the others; -1 where none"
    return Quantity("pattern_members", ("sample", "pattern", "player"), _padded(members, n_players), "1", text)


def _structure(graphs: Sequence[AndOrGraph], n_players: int) -> list[Quantity]:
    members = [_indicators(graph.coalitions, graph.n_players) for graph in graphs]
    edges = [np.array(graph.edges, dtype=np.int64).reshape(-1, 2) for graph in graphs]
    text = "1 for the players of each merged coalition, 0 for the others; -1 where none"
    numbered = "parent and child; players first, then merged coalitions, patterns, the sum; -1 where none"
    return [
        Quantity("node_members", ("sample", "node", "player"), _padded(members, n_players), "1", text),
        Quantity("edges", ("sample", "edge", "end"), stacked(edges, -1), "1", numbered),
    ]


def _indicators(sets: Sequence[tuple[int, ...]], n_players: int) -> IntArray:
    """Return ``(set, player)``: 1 for its players, 0 for the others."""
    rows = np.zeros((len(sets), n_players), dtype=np.int64)
    for row, members in zip(rows, sets, strict=True):
        row[list(members)] = 1
    return rows


def _padded(indicators: Sequence[IntArray], n_players: int) -> IntArray:
    """Stack the samples' indicators along an axis of all players, -1 where there is no such set or player."""
    widened = [np.pad(rows, ((0, 0), (0, n_players - rows.shape[1])), constant_values=-1) for rows in indicators]
    return stacked(widened, -1)
