"""How one game is asked by a metric: its design, the game's values, its estimate. No samples, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeGuard, get_args

import numpy as np

from interact_cli.errors import BudgetError, UsageError
from interact_cli.games.coalitions import unique, unpack
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions.designs.budgets import gibibytes
from interact_cli.interactions.designs.full_table import LARGEST_TABLE, FullTable
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.multivariate.design import exact_evaluations
from interact_cli.interactions.multivariate.learning.climbing import SETTINGS, Gradient
from interact_cli.interactions.multivariate.learning.learn import learn
from interact_cli.interactions.multivariate.members import Members
from interact_cli.interactions.salient_contexts import salient_contexts_design
from interact_cli.interfaces import Design, Metric, Question
from interact_cli.metrics.fallback import settled
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.multivariate import MultivariateInteraction
from interact_cli.options import changed, configured, option, options_of
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, PackedArray

EXACT_BY_DEFAULT = 20
"""Most players for which ``budget=None`` enumerates all coalitions."""
BATCH = 65536
"""Coalitions passed to a game at once."""
STREAM = "game"
"""What the draws of a game belong to, where a run of the command has samples."""

Method = Literal["exact", "learned"]


@dataclass(frozen=True)
class Call:
    """One call of `interact_cli.measure`, checked."""

    game: TableGame | CallableGame
    index: str
    given_budget: int | None
    seed: int
    players: tuple[int, ...] | None
    """The players whose interactions are asked for; None where none were named."""

    @classmethod
    def of(cls, game: object, index: str, budget: object, seed: object, players: Iterable[int] | None) -> Call:
        """Check what every index needs.

        Raises:
            UsageError: no game, a budget or seed that is no whole number, or players that are none.
        """
        if not callable(game) or not hasattr(game, "n_players"):
            raise UsageError(
                f"Expected a game that has `n_players` and can be called, got {type(game).__name__}. Wrap the values "
                f"of all coalitions in ic.TableGame, or a function in ic.CallableGame."
            )
        if budget is not None and not _is_whole(budget):
            raise UsageError(f"Expected `budget` to be a whole number of evaluations, or None, got {budget!r}.")
        if not _is_whole(seed):
            raise UsageError(f"Expected `seed` to be a whole number, got {seed!r}. Equal seeds draw alike.")
        if not isinstance(game, TableGame | CallableGame):
            game = CallableGame(game, game.n_players, getattr(game, "dimension", None))
        members = None if players is None else _listed(players)
        return cls(game, index, None if budget is None else int(budget), int(seed), members)

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return self.game.n_players

    def budget(self, instead: str = "", exact: int | None = None) -> int:
        """Return the budget; without one that of all coalitions, or of those that are exact, if they are few.

        Args:
            instead: The nearest index that can be sampled, where this one cannot.
            exact: Evaluations that give the index exactly, where they may be fewer than all.

        Raises:
            BudgetError: no budget, and too many coalitions.
        """
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

    def by_metric(self, metric: Metric, *, exact: int | None = None) -> Estimate:
        """Ask as a metric does, about the players that were named where it reads any.

        Args:
            metric: With its options.
            exact: As in `budget`.

        Raises:
            UsageError: the metric reads no players, or these are no players of the game.
            BudgetError: the budget is too small, or missing where it must be given.
        """
        span: tuple[int, ...] = ()
        if self.players is not None:
            if not any(declared.name == "span" for declared in options_of(metric)):
                raise UsageError(f"'{self.index}' reads no players, got {self.players}. Leave it out.")
            span = Members.of(self.players, self.n_players).players
        budget = self.budget(metric.index.instead if isinstance(metric, IndexMetric) else "", exact)
        question = Question(self.n_players, budget, self.seed, STREAM, span=span)
        design = metric.design(question)
        (reduced,) = settled([metric.reduce(design, self.values(design), question)])
        return reduced.estimate.dense()

    def values(self, design: Design) -> FloatArray:
        """Ask the game for the coalitions of a design, each once."""
        if isinstance(design, FullTable):
            # It asks in the order of the bit codes, in which a table lies.
            return self.game.table if isinstance(self.game, TableGame) else self._values(design.asked)
        coalitions, where = unique(design.asked)
        return self._values(coalitions)[where]

    def check_numbers(self) -> None:
        """Refuse a game of vectors.

        Raises:
            UsageError: the values are vectors.
        """
        if self.game.dimension is not None:
            raise UsageError(
                f"'{self.index}' needs a game whose values are numbers, got vectors of {self.game.dimension}. Measure "
                f"'harsanyi', or one component."
            )

    def _values(self, coalitions: PackedArray) -> FloatArray:
        starts = range(0, len(coalitions), BATCH)
        batches = (unpack(coalitions[start : start + BATCH], self.n_players) for start in starts)
        return np.concatenate([self.game(batch) for batch in batches])


@dataclass(frozen=True, kw_only=True)
class MultivariateOfOneGame(MultivariateInteraction):
    """The metric, and the learning of Zhang et al. (AAAI 2021) that no design can say: what it asks depends on p."""

    method: Method = option("exact", "Enumerate the partitions, or learn them.", choices=get_args(Method))
    gradient: Gradient = option("corrected", "Of the learning.", choices=get_args(Gradient))
    setting: str = option("bert", "Of the learning: the authors' settings.", choices=tuple(SETTINGS))

    def answer(self, call: Call) -> Estimate:
        """Answer as the metric does, or learn.

        Raises:
            UsageError: no players, or options that do not fit each other.
        """
        call.check_numbers()
        if call.players is None:
            raise UsageError("'multivariate' needs the players of the set A. Pass players=(0, 1, 2), for example.")
        if self.method == "exact":
            for name in changed(self):
                if name in {"gradient", "setting"}:
                    raise UsageError(f"{name} belongs to method='learned'. Leave it out, or pass method='learned'.")
            return call.by_metric(self, exact=exact_evaluations(call.n_players, call.players, self.partitions))
        if self.partitions != "contiguous":
            raise UsageError("method='learned' joins successive players only. Leave partitions='all' out.")
        if self.learned is not None:
            raise UsageError("method='learned' learns already, by its gradient=. Leave learned= out.")
        return learn(
            call.game,
            call.players,
            seed=call.seed,
            stream=STREAM,
            setting=self.setting,
            gradient=self.gradient,
            budget=call.given_budget,
        )


@dataclass(frozen=True)
class SalientContextsOfOneGame:
    """The salient contexts of one pair: no metric, a report draws them from the records that it has."""

    name: str = "salient-contexts"

    def answer(self, call: Call) -> Estimate:
        """Weigh the contexts of the pair that was named.

        Raises:
            UsageError: no pair.
        """
        call.check_numbers()
        pair = call.players
        if pair is None or len(pair) != 2:
            given = "none" if pair is None else f"{len(pair)} players"
            raise UsageError(f"'{self.name}' needs one pair of players, got {given}. Pass players=(0, 1), for example.")
        i, j = pair
        design = salient_contexts_design(call.n_players, (i, j), call.budget(), seed=call.seed, stream=STREAM)
        return design.estimate(call.values(design))


OF_ONE_GAME: dict[str, type[MultivariateOfOneGame | SalientContextsOfOneGame]] = {
    "multivariate": MultivariateOfOneGame,
    "salient-contexts": SalientContextsOfOneGame,
}
"""What one game can be asked beyond the registered metrics (docs/decisions/0017)."""


def names() -> tuple[str, ...]:
    """Return all that a game can be asked for: the registered metrics, plugins too, and `OF_ONE_GAME`."""
    from interact_cli import extensions

    return tuple(sorted({entry.name for entry in extensions.metrics_of_games()} | OF_ONE_GAME.keys()))


def refuse_number(name: object) -> None:
    """Say of a number of networks that no game has it.

    Raises:
        UsageError: it is one.
    """
    from interact_cli import extensions

    if isinstance(name, str) and name in extensions.metrics():
        extensions.metric_of_game(name)


def answer(call: Call, options: Mapping[str, Any]) -> Estimate:
    """Answer what is asked of a game.

    Args:
        call: The game and what is asked of it; the name is one of `names`.
        options: Of the metric; None is not given.

    Raises:
        UsageError: an option that the metric does not declare, or values that it does not take.
        BudgetError: the budget is too small, or missing where it must be given.
    """
    from interact_cli import extensions

    given = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in options.items()
        if value is not None
    }
    own = OF_ONE_GAME.get(call.index)
    if own is not None:
        return configured(own(), given).answer(call)
    metric = extensions.equipped(configured(extensions.metric_of_game(call.index), given))
    if metric.of_vectors and call.game.dimension is None:
        raise UsageError(
            f"'{call.index}' needs a game whose values are vectors, got numbers. Pass a table (2^n, d), or "
            f"ic.CallableGame(..., dimension=d)."
        )
    if not (metric.of_vectors or (isinstance(metric, IndexMetric) and metric.vectors_too)):
        call.check_numbers()
    return call.by_metric(metric)


def _listed(players: Iterable[int]) -> tuple[int, ...]:
    try:
        listed = tuple(players)
    except TypeError:
        raise UsageError(f"Expected `players` to be several, for example (0, 1), got {players!r}.") from None
    if not all(map(_is_whole, listed)):
        raise UsageError(f"Expected `players` as whole numbers, for example (0, 1), got {safe_text(str(listed))}.")
    return tuple(map(int, listed))


def _is_whole(number: object) -> TypeGuard[int]:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)
