"""How each index is measured on a game: which options it reads, what is checked first, which plan it asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np

from interact_cli.errors import BudgetError, UnknownNameError, UsageError
from interact_cli.games.coalitions import unique, unpack
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions import indices
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.multivariate.design import exact_evaluations, multivariate_design
from interact_cli.interactions.multivariate.learning.climbing import SETTINGS, Gradient
from interact_cli.interactions.multivariate.learning.learn import learn
from interact_cli.interactions.multivariate.partitions import Family
from interact_cli.interactions.plans.budgets import Sampling, gibibytes
from interact_cli.interactions.plans.designs import LARGEST_TABLE, FullTable
from interact_cli.interactions.plans.planning import design_within
from interact_cli.interactions.salient_contexts import salient_contexts_design
from interact_cli.interfaces import Design
from interact_cli.metrics.published import published_orders
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, PackedArray

EXACT_BY_DEFAULT = 20
"""Most players for which ``budget=None`` enumerates all coalitions."""
BATCH = 65536
"""Coalitions passed to a game at once."""
STREAM = "game"
"""What the draws of a game belong to, where a run of the command has samples."""


Method = Literal["exact", "learned"]
CHOICES = {
    "partitions": get_args(Family),
    "method": get_args(Method),
    "gradient": get_args(Gradient),
    "setting": tuple(SETTINGS),
}


def check_call(game: object, budget: object, seed: object) -> None:
    """Refuse what no index can be measured with.

    Raises:
        UsageError: no game, or a budget or seed that is no whole number.
    """
    if not callable(game) or not hasattr(game, "n_players"):
        raise UsageError(
            f"Expected a game that has `n_players` and can be called, got {type(game).__name__}. Wrap the values of "
            f"all coalitions in ic.TableGame, or a function in ic.CallableGame."
        )
    if budget is not None and not _is_whole(budget):
        raise UsageError(f"Expected `budget` to be a whole number of evaluations, or None, got {budget!r}.")
    if not _is_whole(seed):
        raise UsageError(f"Expected `seed` to be a whole number, got {seed!r}. Equal seeds draw alike.")


def listed(players: Iterable[int]) -> tuple[int, ...]:
    """Return given players as a tuple of whole numbers.

    Raises:
        UsageError: they are none.
    """
    try:
        listed = tuple(players)
    except TypeError:
        raise UsageError(f"Expected `players` to be several, for example (0, 1), got {players!r}.") from None
    if not all(map(_is_whole, listed)):
        raise UsageError(f"Expected `players` as whole numbers, for example (0, 1), got {safe_text(str(listed))}.")
    return tuple(map(int, listed))


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


@dataclass(frozen=True)
class Options:
    """What only some indices read."""

    interaction_size: int | None = None
    players: tuple[int, ...] | None = None
    partitions: Family = "contiguous"
    method: Method = "exact"
    gradient: Gradient = "corrected"
    setting: str = "bert"

    def check(self, index: str, reads: tuple[str, ...]) -> None:
        """Refuse what the index does not read, and choices that nobody offers."""
        for field in fields(self):
            given = getattr(self, field.name)
            if given == field.default:
                continue
            if field.name not in reads:
                raise UsageError(f"'{index}' reads no {field.name}, got {given!r}. Leave it out.")
            if field.name in CHOICES and given not in CHOICES[field.name]:
                raise UnknownNameError(field.name, str(given), CHOICES[field.name])


@dataclass(frozen=True)
class Ask:
    """One call of `measure`, checked."""

    game: TableGame | CallableGame
    index: str
    given_budget: int | None
    seed: int
    options: Options

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return self.game.n_players

    def budget(self, instead: str = "", exact: int | None = None) -> int:
        """Return the budget; without one that of all coalitions, or of those that are exact, if they are few."""
        n = self.n_players
        if self.given_budget is not None:
            return self.given_budget
        if n <= EXACT_BY_DEFAULT:
            return 1 << n
        if exact is not None and exact <= 1 << EXACT_BY_DEFAULT:
            return exact
        advice = f"sample '{instead}'" if instead else "sample: pass budget=..., for example budget=4000"
        if n <= LARGEST_TABLE:
            advice = f"pass budget=2**{n} to enumerate them all the same, or {advice}"
        raise BudgetError(
            f"Exact '{self.index}' of {n} players needs 2^{n} evaluations and {gibibytes(n)} for their values; "
            f"without a budget at most {EXACT_BY_DEFAULT} players are enumerated. You can {advice}."
        )

    def answer(self, design: Design) -> Estimate:
        """Ask the game for the coalitions of a design, each once."""
        if isinstance(design, FullTable):
            return design.estimate(self.game.table if isinstance(self.game, TableGame) else self._values(design.asked))
        coalitions, where = unique(design.asked)
        return design.estimate(self._values(coalitions)[where])

    def _values(self, coalitions: PackedArray) -> FloatArray:
        starts = range(0, len(coalitions), BATCH)
        batches = (unpack(coalitions[start : start + BATCH], self.n_players) for start in starts)
        return np.concatenate([self.game(batch) for batch in batches])


def _by_index(ask: Ask) -> Estimate:
    index, n, size = indices.lookup(ask.index), ask.n_players, ask.options.interaction_size
    sampling = Sampling(ask.budget(index.instead), ask.seed, STREAM, orders=published_orders(n))
    return ask.answer(design_within(index, n, sampling, size=size)).dense()


def _multivariate(ask: Ask) -> Estimate:
    n, options = ask.n_players, ask.options
    if options.players is None:
        raise UsageError("'multivariate' needs the players of the set A. Pass players=(0, 1, 2), for example.")
    if options.method == "learned":
        if options.partitions != "contiguous":
            raise UsageError("method='learned' joins successive players only. Leave partitions='all' out.")
        return learn(
            ask.game,
            options.players,
            seed=ask.seed,
            stream=STREAM,
            setting=options.setting,
            gradient=options.gradient,
            budget=ask.given_budget,
        )
    for name in ("gradient", "setting"):
        if getattr(options, name) != getattr(Options(), name):
            raise UsageError(f"{name} belongs to method='learned'. Leave it out, or pass method='learned'.")
    budget = ask.budget(exact=exact_evaluations(n, options.players, options.partitions))
    return ask.answer(
        multivariate_design(n, options.players, budget, seed=ask.seed, stream=STREAM, partitions=options.partitions)
    )


def _salient_contexts(ask: Ask) -> Estimate:
    pair = ask.options.players
    if pair is None or len(pair) != 2:
        given = "none" if pair is None else f"{len(pair)} players"
        raise UsageError(
            f"'salient-contexts' needs one pair of players, got {given}. Pass players=(0, 1), for example."
        )
    i, j = pair
    return ask.answer(salient_contexts_design(ask.n_players, (i, j), ask.budget(), seed=ask.seed, stream=STREAM))


@dataclass(frozen=True)
class Route:
    """How an index is measured, which options it reads, and whether the values of a game may be vectors."""

    measure: Callable[[Ask], Estimate]
    reads: tuple[str, ...] = ()
    of_vectors: bool = False


ROUTES = {
    **{
        name: Route(_by_index, ("interaction_size",) if index.takes_size else (), index.of_vectors)
        for name, index in indices.INDICES.items()
    },
    "multivariate": Route(_multivariate, ("players", "partitions", "method", "gradient", "setting")),
    "salient-contexts": Route(_salient_contexts, ("players",)),
}


def route_of(index: str) -> Route:
    """Return how an index is measured.

    Raises:
        UnknownNameError: no such index.
    """
    if not isinstance(index, str) or index not in ROUTES:
        raise UnknownNameError("index", str(index), ROUTES)
    return ROUTES[index]
