"""Designs of the multivariate interaction: the whole table, or contexts that all coalitions of A share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import unique
from interact_cli.interactions.designs.budgets import check_planned
from interact_cli.interactions.designs.draws import shares
from interact_cli.interactions.designs.full_table import LARGEST_TABLE, FullTable
from interact_cli.interactions.multivariate.contexts import contexts_drawn, every_context
from interact_cli.interactions.multivariate.learning.climbing import SETTINGS, Gradient
from interact_cli.interactions.multivariate.learning.reading import learned_on
from interact_cli.interactions.multivariate.members import Coalitions, Members
from interact_cli.interactions.multivariate.partitions import Family
from interact_cli.interactions.multivariate.reduction import reduced
from interact_cli.interactions.multivariate.result import Multivariate
from interact_cli.interactions.multivariate.worths import Worths, by_context, shapley_weights
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, PackedArray


@dataclass(frozen=True)
class Reduction:
    """What is asked of the set A: from the values of its coalitions in their contexts to the estimate."""

    members: Members
    family: Family
    learned: Gradient | None
    seed: int
    stream: str

    def of_table(self, table: FloatArray) -> Multivariate:
        """Reduce a full table, ``(2^n,)``."""
        coalitions = Coalitions(len(self.members.players), complete=True)
        values = by_context(table, self.members.players)
        return self(Worths(coalitions, values, shapley_weights(len(self.members.others))), len(table))

    def __call__(self, worths: Worths, evaluations: int) -> Multivariate:
        """Find the partitions and value them; learn beside where that is asked."""
        learned = None
        if self.learned is not None:
            learned = learned_on(worths, SETTINGS["bert"], self.learned, seed=self.seed, stream=self.stream)
        return reduced(
            worths,
            self.members,
            self.family,
            partitions=worths.extremes(self.family),
            evaluations=evaluations,
            learned=learned,
            method="exact",
        )


@dataclass(frozen=True)
class MultivariateContexts:
    """Contexts S of the players outside A, each asked with every coalition C that is valued, and alone.

    ``phi(C) = E_S [ v(S u C) - v(S) ]`` where S keeps every player outside A with one probability, uniform in [0, 1].
    All coalitions share the contexts, so differences between partitions are more precise than their sums.

    Source: Zhang et al. (AAAI 2021), equation 7.
    """

    reduction: Reduction
    coalitions: Coalitions
    contexts: BoolArray
    """``(context, other)``."""
    weights: FloatArray | None
    """``(context,)`` where these are all contexts; None where they were drawn."""

    @property
    def asked(self) -> PackedArray:
        """``(context * coalition, bytes)``: for each context, the empty coalition of A first."""
        members = self.reduction.members
        outside, within = members.outside(self.contexts), members.within(self.coalitions.rows)
        joint: PackedArray = outside[:, None, :] | within
        return joint.reshape(-1, joint.shape[-1])

    @cached_property
    def n_distinct(self) -> int:
        """Distinct coalitions among those asked."""
        return len(unique(self.reduction.members.outside(self.contexts))[0]) * self.coalitions.n

    def estimate(self, values: FloatArray) -> Multivariate:
        """Average the worths over the contexts."""
        return self.estimates(values, 1)[0]

    def estimates(self, values: FloatArray, parts: int) -> list[Multivariate]:
        """Share the contexts out among ``parts`` estimates; all alike where nothing was drawn.

        Raises:
            BudgetError: fewer contexts than parts.
        """
        by_context = np.asarray(values, dtype=np.float64).reshape(len(self.contexts), self.coalitions.n)
        if self.weights is not None:
            return [self.reduction(Worths(self.coalitions, by_context, self.weights), self.n_distinct)] * parts
        return [
            self.reduction(Worths(self.coalitions, by_context[share], None), self.n_distinct)
            for share in shares("multivariate", len(self.contexts), parts)
        ]


def multivariate_design(  # noqa: PLR0913  (a design has that many parts, each a plain value)
    n_players: int,
    members: tuple[int, ...],
    budget: int,
    *,
    seed: int,
    stream: str,
    partitions: Family = "contiguous",
    learned: Gradient | None = None,
    repeats: int = 1,
) -> FullTable | MultivariateContexts:
    """Ask for the full table where it fits the budget, else for contexts that all coalitions of A share.

    Where the budget allows every context it takes them all and the values are exact; B_plus and B_minus need all
    ``2^|A|`` coalitions, that is the full table, all partitions, or two players.

    Args:
        n_players: Number of players n.
        members: The players of A, at least two; all players are allowed.
        budget: Evaluations.
        seed: The plan seed.
        stream: What the draws belong to, such as the sample.
        partitions: ``"contiguous"``: coalitions of players that succeed each other in A; ``"all"``: any. Over all
            partitions the maximum is the larger one in nearly half of random games (erratum 20).
        learned: Learn the contiguous partition too, by this gradient, from the same values; it changes no value.
        repeats: Contexts are drawn for at least so many independent shares.

    Raises:
        BudgetError: not even two contexts (or one for each repeat) fit; the message says how much it would take.
        UsageError: players that are repeated, foreign or too few, too many for all partitions, or a learning over all.

    Example:
        >>> design = multivariate_design(3, (0, 1), 8, seed=0, stream="game")
        >>> design.estimate(np.array([0.0, 0, 0, 5, 0, 0, 0, 7])).B
        6.0
    """
    group = Members.of(members, n_players)
    coalitions = Coalitions.of(len(group.players), partitions)
    if learned is not None and partitions == "all":
        raise UsageError(
            "The learned p joins successive players: it knows contiguous partitions only. Ask for 'contiguous' "
            "partitions, or do not learn."
        )
    reduction = Reduction(group, partitions, learned, seed, stream)
    if n_players <= LARGEST_TABLE and 2**n_players <= budget:
        return FullTable("multivariate", n_players, reduction.of_table)
    check_planned(budget, n_players)
    n_others = len(group.others)
    if 2**n_others * coalitions.n <= budget:
        return MultivariateContexts(reduction, coalitions, every_context(n_others), shapley_weights(n_others))
    n_contexts = budget // coalitions.n
    if n_contexts < max(2, repeats):
        raise BudgetError(_too_small(budget, coalitions, n_others, max(2, repeats)))
    drawn = contexts_drawn(n_contexts, n_others, generator(seed, "multivariate contexts", stream))
    return MultivariateContexts(reduction, coalitions, drawn, None)


def exact_evaluations(n_players: int, members: tuple[int, ...], partitions: Family = "contiguous") -> int:
    """Count the evaluations that give B, B_max, B_min and T exactly: every context with the coalitions it needs.

    Raises:
        UsageError: players that are repeated, foreign or too few, or too many for all partitions.

    Example:
        >>> exact_evaluations(25, tuple(range(25)))
        326
    """
    group = Members.of(members, n_players)
    return int(2 ** len(group.others) * Coalitions.of(len(group.players), partitions).n)


def _too_small(budget: int, coalitions: Coalitions, n_others: int, n_contexts: int) -> str:
    n_contexts = min(n_contexts, 2**n_others)
    contexts = "one context" if n_contexts == 1 else f"{n_contexts} contexts, each"
    advice = ", ask for 'contiguous' partitions" if coalitions.complete and coalitions.n_members > 2 else ""
    return (
        f"Expected a budget of at least {n_contexts * coalitions.n} evaluations ({contexts} with "
        f"{coalitions.n} coalitions of the {coalitions.n_members} players), got {budget}. Raise --budget{advice} "
        f"or name fewer players."
    )
