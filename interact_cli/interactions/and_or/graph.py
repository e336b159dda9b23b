"""The And-Or graph of a game: players, the coalitions that patterns share, the few patterns that explain it, their sum.

``v(L)`` is about the constant, plus the AND patterns inside L, plus the OR patterns that meet L. The graph comes from
all ``2^n`` interactions in two steps: `removal` drops the noisy ones, `merging` finds the common coalitions. (The
papers' first step, learned baselines, changes the game itself and comes before its values.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from interact_cli.errors import ShapeError, UsageError
from interact_cli.games.coalitions import bits_of
from interact_cli.interactions.and_or.merging import merge_common
from interact_cli.interactions.and_or.removal import PUBLISHED, Kept, Rules, keep_salient
from interact_cli.interactions.and_or.split import AndOr, checked, total_of, with_singles_as_and
from interact_cli.interactions.estimate import Estimate
from interact_cli.types import FloatArray

RATIO_FORMULA = "sum_kept |I| / (sum_kept |I| + |sum_removed I| + 1e-7)"

Kind = Literal["player", "coalition", "or-coalition", "and", "or", "sum"]
"""A player; players that several AND (or OR) patterns share; an AND or OR pattern; the root."""


@dataclass(frozen=True)
class Node:
    """A node of the graph."""

    kind: Kind
    members: tuple[int, ...]
    """Its players, ascending; those of all patterns for the root."""
    value: float | None
    """I(S) of a pattern, in the unit of the game; None for other nodes."""
    children: tuple[int, ...]
    """Numbers of the nodes that it joins: of a pattern or coalition, disjoint and together its members."""


@dataclass(frozen=True)
class AndOrGraph:
    """The graph, and how well it explains the game."""

    n_players: int
    nodes: tuple[Node, ...]
    """Players ``0..n-1``, of which some may be in no pattern; merged coalitions; patterns, strongest first; the sum."""
    constant: float
    """What the sum adds to the patterns: the interaction of nobody, v(empty) where there are only AND patterns."""
    sse: float
    """Squared error, ``sum_L (v(L) - the graph's value at L)^2``."""
    error: float
    """``SSE / (sum v^2 + 1e-7)``, as printed: a large v(empty) makes it small."""
    explained_ratio: float
    """`RATIO_FORMULA`, as printed: of the removed interactions the sum counts, in which signs cancel."""
    faithful: bool
    """Whether error, ratio and number of patterns meet the rules; False: no step of the removal does, and this is the
    least error that so few patterns reach."""
    rules: Rules
    """How the graph was simplified."""

    @property
    def patterns(self) -> tuple[Node, ...]:
        """The patterns, strongest first: ``.members``, ``.kind`` ("and" or "or"), ``.value``, ``.children``."""
        return tuple(node for node in self.nodes if node.kind in ("and", "or"))

    @property
    def coalitions(self) -> tuple[tuple[int, ...], ...]:
        """The players of the merged coalitions."""
        return tuple(node.members for node in self.nodes if node.kind in ("coalition", "or-coalition"))

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """``(parent, child)`` by node number: root to pattern, pattern to coalition or player, coalition likewise."""
        return tuple((parent, child) for parent, node in enumerate(self.nodes) for child in node.children)

    @property
    def n_nodes(self) -> int:
        """Number of nodes, all players and the root included."""
        return len(self.nodes)

    @property
    def n_edges(self) -> int:
        """Number of edges."""
        return len(self.edges)

    @property
    def n_patterns(self) -> int:
        """Number of patterns."""
        return len(self.patterns)

    def document(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the graph in JSON types.

        Args:
            names: ``(n,)``: what the players are called.

        Raises:
            ShapeError: not one name for each player.
        """
        if len(names) != self.n_players:
            raise ShapeError(f"Expected {self.n_players} `names`, one for each player, got {len(names)}.")
        return {
            "players": [str(name) for name in names],
            "nodes": [
                {
                    "id": number,
                    "kind": node.kind,
                    "players": list(node.members),
                    "names": [str(names[player]) for player in node.members],
                    "value": node.value,
                }
                for number, node in enumerate(self.nodes)
            ],
            "edges": [list(edge) for edge in self.edges],
            "n_nodes": self.n_nodes,
            "n_edges": self.n_edges,
            "n_patterns": self.n_patterns,
            "constant": self.constant,
            "explained_ratio": self.explained_ratio,
            "explained_ratio_formula": RATIO_FORMULA,
            "error": self.error,
            "sse": self.sse,
            "faithful": self.faithful,
        }


def and_or_graph(
    dividends: FloatArray | Estimate, or_dividends: FloatArray | None = None, *, rules: Rules = PUBLISHED
) -> AndOrGraph:
    """Simplify the interactions of a game to a graph of a few patterns.

    Noisy patterns are removed greedily, then common coalitions are merged: `keep_salient`, `merge_common`. The game is
    what the interactions add up to; that of an `AndOr` is v itself, so its noise q counts as error.

    The printed error is relative to ``sum v^2``, v(empty) included; clear ``dividends[0]`` for the reading in which the
    game starts at 0.

    Source: Zhou et al. (2024), section 4.1; code of its authors.

    Args:
        dividends: ``(2^n,)`` Harsanyi dividends by bit code, entry 0 the constant; or what `measure` returned for
            ``"harsanyi"`` or ``"and-or"``.
        or_dividends: ``(2^n,)`` OR interactions by bit code, which add to the AND interactions.
        rules: How to simplify; `PUBLISHED` or `DEMO` of `removal`, or your own.

    Raises:
        ShapeError: the arrays are not ``(2^n,)``, or not of the same game.
        NonFiniteError: a value is NaN or infinite.
        UsageError: an estimate of another index.

    Example:
        >>> dividends = np.zeros(32)
        >>> dividends[[0b00111, 0b01011, 0b10011]] = 3.0, 2.0, -1.0
        >>> graph = and_or_graph(dividends)
        >>> graph.coalitions, graph.patterns[0].children, graph.n_edges
        (((0, 1),), (2, 5), 11)
    """
    ands, ors, table = _interactions(dividends, or_dividends)
    n = len(ands).bit_length() - 1
    kept = keep_salient(table, ands, ors, rules)
    return AndOrGraph(
        n_players=n,
        nodes=_nodes(kept, n, rules.max_merges),
        constant=float(ands[0]),
        sse=kept.sse,
        error=kept.error,
        explained_ratio=kept.explained_ratio,
        faithful=kept.faithful,
        rules=rules,
    )


def _nodes(kept: Kept, n_players: int, max_merges: int) -> tuple[Node, ...]:
    codes, is_or = kept.patterns.codes.tolist(), kept.patterns.is_or.tolist()
    merged = merge_common(codes, is_or, np.abs(kept.patterns.values), n_players, max_merges)
    nodes = [Node("player", (player,), None, ()) for player in range(n_players)]
    for word in merged.words[n_players:]:
        nodes.append(Node("or-coalition" if word.is_or else "coalition", bits_of(word.code), None, word.parts))
    first = len(nodes)
    for code, either, value, spelled in zip(codes, is_or, kept.patterns.values.tolist(), merged.spelled, strict=True):
        nodes.append(Node("or" if either else "and", bits_of(code), value, spelled))
    everybody = sorted({player for node in nodes[first:] for player in node.members})
    return (*nodes, Node("sum", tuple(everybody), None, tuple(range(first, len(nodes)))))


def _interactions(
    dividends: FloatArray | Estimate, or_dividends: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return AND values, OR values and the game that they explain."""
    if isinstance(dividends, AndOr) and or_dividends is None:
        return dividends.values, dividends.or_values, dividends.table
    if isinstance(dividends, Estimate):
        if dividends.index != "harsanyi":
            raise UsageError(
                f"Expected dividends, or an estimate of 'harsanyi' or 'and-or', got one of '{dividends.index}'"
                f"{'' if or_dividends is None else ' with OR interactions beside it'}. Measure 'harsanyi' for a graph."
            )
        dividends = dividends.values
    ands = checked(dividends, "dividends")
    ors = np.zeros_like(ands) if or_dividends is None else checked(or_dividends, "or_dividends")
    if len(ands) != len(ors):
        raise ShapeError(f"Expected `dividends` and `or_dividends` of one game, got {len(ands)} and {len(ors)} values.")
    ands, ors = with_singles_as_and(ands, ors)
    return ands, ors, total_of(ands, ors)
