"""Options that several metrics share: which pairs or sets are measured, how large they are, in how many contexts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from interact_cli.interactions.designs.budgets import Estimator
from interact_cli.interfaces.surrogates import Learner
from interact_cli.options import option


@dataclass(frozen=True, kw_only=True)
class WithinSpan:
    """A metric of the players that ``--span`` names."""

    span: str | None = option(
        None,
        "Only these successive players: 3:8 (players 3 to 7, counted from 0), or some words of the text; all.",
        kind=str,
        usual=True,
        setting="span",
    )


@dataclass(frozen=True, kw_only=True)
class ByEstimator:
    """A metric whose values can be read off a model of the game."""

    estimator: Estimator = option(
        "auto",
        "Where the budget holds not all coalitions: surrogate (all read off a model of the game), reuse (each value of "
        "the same coalitions counts for every set), sampled (each set in contexts of its own), exact (refuse). auto "
        "takes the surrogate for up to 300 players (orders: 63), and reuse for the whole run if it explains little.",
        choices=get_args(Estimator),
        flag=True,
        usual=True,
        metavar="auto|surrogate|reuse|sampled|exact",
    )
    second_surrogate: str | None = option(
        None,
        "What learns the rest where a surrogate has had its 8,192 values, if it tells any that it did not see; "
        "interact list surrogates.",
        kind=str,
        flag=True,
        usual=True,
        metavar="NAME",
    )
    learner: Learner | None = field(default=None, repr=False)
    """What stands behind the name."""


@dataclass(frozen=True, kw_only=True)
class DrawnSets(WithinSpan):
    """A metric that chooses pairs, or sets, and draws contexts for them."""

    pairs: str = option(
        "auto",
        "Which pairs: all, radius:R (at most R cells apart), random:K (K drawn once for all samples). auto is radius:2 "
        "on a grid, all elsewhere.",
        flag=True,
        usual=True,
        metavar="auto|all|radius:R|random:K",
    )
    contexts: int | None = option(
        None,
        "Sets of other players drawn for each pair (and order); as many as the budget holds.",
        kind=int,
        at_least=2,
        flag=True,
        usual=True,
    )


@dataclass(frozen=True, kw_only=True)
class SizedSets(DrawnSets):
    """A metric of sets of any size."""

    interaction_size: int | None = option(
        None, "Players of an interaction, for the indices of sets; 2.", kind=int, at_least=1, flag=True, metavar="K"
    )

    @property
    def least_players(self) -> int:
        """Players that a sample must have; others of the same run may have them."""
        return self.interaction_size or 0
