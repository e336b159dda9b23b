"""The Python API: games, indices, reports. ``import interact_cli as ic`` offers what `__all__` lists.

Stable: names, signatures, shapes and the meaning of every field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, overload

import numpy as np

from interact_cli import __version__
from interact_cli.errors import BudgetError, UnknownNameError, UsageError
from interact_cli.games.coalitions import unique, unpack
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions import indices
from interact_cli.interactions.and_or.graph import AndOrGraph, and_or_graph
from interact_cli.interactions.and_or.split import AndOr
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.multivariate.design import exact_evaluations, multivariate_design
from interact_cli.interactions.multivariate.learning.climbing import SETTINGS, Gradient
from interact_cli.interactions.multivariate.learning.learn import learn
from interact_cli.interactions.multivariate.partitions import Family
from interact_cli.interactions.multivariate.result import Multivariate
from interact_cli.interactions.plans.budgets import Sampling, gibibytes
from interact_cli.interactions.plans.designs import LARGEST_TABLE, FullTable
from interact_cli.interactions.plans.planning import design_within
from interact_cli.interactions.salient_contexts import SalientContexts, salient_contexts_design
from interact_cli.interfaces import Design, Game
from interact_cli.metrics.published import published_orders
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, PackedArray

if TYPE_CHECKING:
    from interact_cli.results import Report

__all__ = [
    "AndOr",
    "AndOrGraph",
    "CallableGame",
    "Estimate",
    "Multivariate",
    "SalientContexts",
    "TableGame",
    "__version__",
    "and_or_graph",
    "measure",
    "read_report",
]

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


@overload
def measure(
    game: Game,
    index: Literal["multivariate"],
    *,
    budget: int | None = None,
    seed: int = 0,
    players: Iterable[int],
    partitions: Family = "contiguous",
    method: Method = "exact",
    gradient: Gradient = "corrected",
    setting: str = "bert",
) -> Multivariate: ...


@overload
def measure(
    game: Game, index: Literal["salient-contexts"], *, budget: int | None = None, seed: int = 0, players: Iterable[int]
) -> SalientContexts: ...


@overload
def measure(game: Game, index: Literal["and-or"], *, budget: int | None = None, seed: int = 0) -> AndOr: ...


@overload
def measure(
    game: Game,
    index: str,
    *,
    budget: int | None = None,
    seed: int = 0,
    interaction_size: int | None = None,
    players: Iterable[int] | None = None,
    partitions: Family = "contiguous",
    method: Method = "exact",
    gradient: Gradient = "corrected",
    setting: str = "bert",
) -> Estimate: ...


def measure(  # noqa: PLR0913  (the options of all indices)
    game: Game,
    index: str,
    *,
    budget: int | None = None,
    seed: int = 0,
    interaction_size: int | None = None,
    players: Iterable[int] | None = None,
    partitions: Family = "contiguous",
    method: Method = "exact",
    gradient: Gradient = "corrected",
    setting: str = "bert",
) -> Estimate:
    """Measure an index of a game, exactly where the budget allows all ``2^n`` coalitions and sampled elsewhere.

    A budget of at least ``2^n`` takes all coalitions, up to 24 players. Sampled indices of pairs and sets cover as many
    as the budget allows; sampled ``"multi-order"`` covers its pairs at the thirteen published orders, the shares 0,
    .05, .1, .2, ..., .9, .95 and 1 of n - 2. In the matrices whatever was not measured is NaN.

    | index | values | of | sampled |
    |---|---|---|---|
    | ``"shapley"``, ``"banzhaf"`` | ``(n,)`` | players | yes |
    | ``"shapley-interaction"``, ``"banzhaf-interaction"`` | ``(n, n)`` | pairs | yes |
    | the same with an interaction size k | ``(set,)`` | sets of k players | yes |
    | ``"shapley-taylor"`` | ``(set,)`` | sets of 0 to k players | yes |
    | ``"k-shapley"``, ``"faithful-shapley"``, ``"faithful-banzhaf"`` | ``(set,)`` | sets of 0 to k players | no |
    | ``"multi-order"`` | ``(n - 1, n, n)``; ``(order, pair)`` above 64 players | pairs by order m | yes |
    | ``"inference-patterns"`` | ``(n - 1, n, n)`` | pairs with q others | no |
    | ``"harsanyi"``, ``"or-interaction"``, ``"and-or"`` | ``(2^n,)`` by bit code | coalitions | no |
    | ``"multivariate"`` | ``(6,)``, see `Multivariate` | the set ``players`` | yes |
    | ``"salient-contexts"`` | ``(n,)``, see `SalientContexts` | players around the pair ``players`` | yes |

    Args:
        game: A `TableGame`, a `CallableGame`, or any object with ``n_players`` that maps ``(n_coalitions, n_players)``
            bools to ``(n_coalitions,)`` floats. Only ``"harsanyi"`` takes games whose values are vectors (their
            ``dimension`` says d), and gives ``(2^n, d)``.
        index: A name of the table.
        budget: Evaluations; None means exact.
        seed: Seed of the sampled coalitions.
        interaction_size: Players of a set, k; the largest size where smaller sets are valued too. None is a matrix of
            pairs where there is one, else 2.
        players: The set A of ``"multivariate"``, or the pair of ``"salient-contexts"``.
        partitions: ``"multivariate"``: coalitions of successive players of A, or any.
        method: ``"multivariate"``: find the partitions by enumeration, or learn them as paper 004 does.
        gradient: ``"multivariate"``, learned: the corrected gradient or the paper's.
        setting: ``"multivariate"``, learned: which of the settings that paper 004's code ships: ``"toy"``, ``"bert"``,
            ``"accuracy"``, ``"layers"``, ``"instability"``.

    Returns:
        An `Estimate` with ``.values``, ``.standard_errors`` and ``.exact`` of one shape, ``.players`` that each value
        belongs to, and ``.evaluations``.

    Raises:
        UnknownNameError: no such index.
        BudgetError: ``budget=None`` above 20 players, or a budget that is too small; the message says what it takes.
        UsageError: no game, fewer players than the index needs, foreign players, values above 1e100 in size, a budget
            or seed that is no whole number, or an option that the index does not read.
        ShapeError: the game returns another shape than ``(n_coalitions,)``.
        NonFiniteError: the game returns NaN or infinity.

    Example:
        >>> import interact_cli as ic
        >>> game = ic.TableGame([0, 1, 2, 10])
        >>> ic.measure(game, "shapley").values.tolist()
        [4.5, 5.5]
        >>> float(ic.measure(game, "shapley-interaction").values[0, 1])
        7.0
        >>> taylor = ic.measure(game, "shapley-taylor", interaction_size=2)
        >>> dict(zip(taylor.players, taylor.values.tolist()))
        {(): 0.0, (0,): 1.0, (1,): 2.0, (0, 1): 7.0}
    """
    route = _route(index)
    _check(game, budget, seed)
    members = None if players is None else _listed(players)
    options = _Options(interaction_size, members, partitions, method, gradient, setting)
    options.check(index, route.reads)
    dimension = getattr(game, "dimension", None)
    if dimension is not None and not route.of_vectors:
        of_vectors = ", ".join(f"'{name}'" for name, known in ROUTES.items() if known.of_vectors)
        raise UsageError(
            f"'{index}' needs a game whose values are numbers, got vectors of {dimension}. Measure {of_vectors}, "
            f"or one component."
        )
    checked = game if isinstance(game, TableGame | CallableGame) else CallableGame(game, game.n_players, dimension)
    return route.measure(_Ask(checked, index, None if budget is None else int(budget), int(seed), options))


def read_report(path: str | Path) -> Report:
    """Read a report: every number as a numpy array, named and with its dimensions.

    Args:
        path: A ``.h5`` file written by ``interact``.

    Returns:
        The report; ``report.measurement("bottleneck").quantity("J_mean_abs").values`` is an array.

    Raises:
        ReportRefused: missing, corrupt, unsafe, or not written by ``interact``.
    """
    from interact_cli.report.hdf5.reader import read_report as read

    return read(Path(path))


def _check(game: object, budget: object, seed: object) -> None:
    """Refuse what no index can be measured with."""
    if not callable(game) or not hasattr(game, "n_players"):
        raise UsageError(
            f"Expected a game that has `n_players` and can be called, got {type(game).__name__}. Wrap the values of "
            f"all coalitions in ic.TableGame, or a function in ic.CallableGame."
        )
    if budget is not None and not _is_whole(budget):
        raise UsageError(f"Expected `budget` to be a whole number of evaluations, or None, got {budget!r}.")
    if not _is_whole(seed):
        raise UsageError(f"Expected `seed` to be a whole number, got {seed!r}. Equal seeds draw alike.")


def _listed(players: Iterable[int]) -> tuple[int, ...]:
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
class _Options:
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
class _Ask:
    """One call of `measure`, checked."""

    game: TableGame | CallableGame
    index: str
    given_budget: int | None
    seed: int
    options: _Options

    @property
    def n_players(self) -> int:
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


def _by_index(ask: _Ask) -> Estimate:
    index, n, size = indices.lookup(ask.index), ask.n_players, ask.options.interaction_size
    sampling = Sampling(ask.budget(index.instead), ask.seed, STREAM, orders=published_orders(n))
    return ask.answer(design_within(index, n, sampling, size=size)).dense()


def _multivariate(ask: _Ask) -> Estimate:
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
        if getattr(options, name) != getattr(_Options(), name):
            raise UsageError(f"{name} belongs to method='learned'. Leave it out, or pass method='learned'.")
    budget = ask.budget(exact=exact_evaluations(n, options.players, options.partitions))
    return ask.answer(
        multivariate_design(n, options.players, budget, seed=ask.seed, stream=STREAM, partitions=options.partitions)
    )


def _salient_contexts(ask: _Ask) -> Estimate:
    pair = ask.options.players
    if pair is None or len(pair) != 2:
        given = "none" if pair is None else f"{len(pair)} players"
        raise UsageError(
            f"'salient-contexts' needs one pair of players, got {given}. Pass players=(0, 1), for example."
        )
    i, j = pair
    return ask.answer(salient_contexts_design(ask.n_players, (i, j), ask.budget(), seed=ask.seed, stream=STREAM))


@dataclass(frozen=True)
class _Route:
    """How an index is measured, which options it reads, and whether the values of a game may be vectors."""

    measure: Callable[[_Ask], Estimate]
    reads: tuple[str, ...] = ()
    of_vectors: bool = False


ROUTES = {
    **{
        name: _Route(_by_index, ("interaction_size",) if index.takes_size else (), index.of_vectors)
        for name, index in indices.INDICES.items()
    },
    "multivariate": _Route(_multivariate, ("players", "partitions", "method", "gradient", "setting")),
    "salient-contexts": _Route(_salient_contexts, ("players",)),
}


def _route(index: str) -> _Route:
    if not isinstance(index, str) or index not in ROUTES:
        raise UnknownNameError("index", str(index), ROUTES)
    return ROUTES[index]
