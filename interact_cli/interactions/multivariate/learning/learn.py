"""The multivariate interaction by the learned p of Zhang et al. (AAAI 2021): only what is drawn is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from interact_cli.errors import BudgetError
from interact_cli.games.coalitions import unique, unpack
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions.multivariate.learning.asking import Draws, Memory
from interact_cli.interactions.multivariate.learning.climbing import Climbed, Gradient, Setting, climb, setting_named
from interact_cli.interactions.multivariate.members import Coalitions, Members
from interact_cli.interactions.multivariate.result import Multivariate
from interact_cli.interactions.multivariate.worths import by_context
from interact_cli.interfaces import Game
from interact_cli.types import BoolArray, FloatArray, IntArray

TOGETHER = 2**22
"""Most uniform numbers of games that learn side by side: 32 MiB."""


def learn(  # noqa: PLR0913  (a learning has that many parts, each a plain value)
    game: Game,
    members: Iterable[int],
    *,
    seed: int = 0,
    stream: str = "game",
    setting: str = "bert",
    gradient: Gradient = "corrected",
    budget: int | None = None,
) -> Multivariate:
    """Learn the contiguous partitions with the largest and with the smallest sum, and value them.

    Every epoch draws contexts, which all coalitions and both climbs share, and partitions from each p; the game is
    asked for the coalitions of A that these partitions hold, in these contexts, and never twice. At the end the two
    partitions are read off p > 0.5 and valued, with the single players and A, in fresh contexts (partitions times
    contexts of the setting; all contexts where there are no more): so ``B``, ``B_max``, ``B_min`` and ``T`` have honest
    standard errors, and no draw of the climb flatters them. ``learned_T`` is the paper's estimate of T.

    Steps are in units of the game: where its differences are far below 1 in size, p stays near 0.5, and only its side
    of 0.5 says something.

    Source: Zhang et al. (AAAI 2021), equations 8 and 9; its authors' settings. What is drawn depends on
    the seed alone; what is asked, on p too.

    Args:
        game: Any game.
        members: The players of A, at least two.
        seed: Seed of the draws.
        stream: What the draws belong to, such as the sample.
        setting: A name in `climbing.SETTINGS`.
        gradient: ``"corrected"``, or ``"paper"`` for the authors' rule.
        budget: Most distinct evaluations: about half of it is kept for the values at the end, and learning stops before
            the rest is exceeded. None for no limit.

    Returns:
        A `Multivariate` with ``method="learned"``, ``trace``, ``trace_min``, ``learned_T``, and in ``evaluations`` the
        distinct coalitions that were asked for, to be compared with ``2^n``.

    Raises:
        UsageError: players that are repeated, foreign or fewer than two.
        UnknownNameError: no such setting.
        BudgetError: the budget does not allow one epoch and two contexts more; the message says what it takes.

    Example:
        >>> learn(TableGame([0.0, 0, 0, 5, 0, 0, 0, 7]), (0, 1), setting="toy").partition_max
        ((0, 1),)
    """
    chosen = setting_named(setting)
    group = Members.of(members, game.n_players)
    coalitions = Coalitions.of(len(group.players), "contiguous")
    if budget is not None and budget >= _most(group, coalitions):
        budget = None  # nothing is asked twice: it cannot be exceeded
    n_reading = _contexts_to_read(chosen, group, coalitions, budget)
    draws = Draws.draw(group, chosen, n_reading, seed=seed, stream=stream)
    memory = _asking(game, draws, coalitions)
    left = None if budget is None else budget - draws.n_reading * coalitions.n

    def worths(epoch: int, drawn: BoolArray) -> FloatArray | None:
        rows, numbers = memory.rows[draws.epoch(epoch)], np.flatnonzero(drawn[0])
        if not memory.ask(rows, numbers, left):
            return None
        mean: FloatArray = memory.values[rows].mean(axis=0, keepdims=True)
        return mean - mean[:, :1]

    climbed = climb(worths, draws.uniforms[:-1, None], coalitions.runs, chosen, gradient)
    return draws.read(climbed.trace[0], coalitions, memory)


def learn_tables(
    games: Sequence[TableGame],
    members: Sequence[Iterable[int]],
    *,
    seed: int = 0,
    setting: str = "toy",
    gradient: Gradient = "corrected",
) -> list[Multivariate]:
    """Learn on many small games side by side: as `learn`, hundreds of times as fast.

    Game k draws from the stream ``str(k)``, and its ``evaluations`` are those that `learn` would have asked for.

    Args:
        games: The games.
        members: The players of A, of each game.
        seed: Seed of the draws.
        setting: A name in `climbing.SETTINGS`.
        gradient: ``"corrected"``, or ``"paper"`` for the authors' rule.

    Raises:
        UsageError: players that are repeated, foreign or fewer than two.
        UnknownNameError: no such setting.

    Example:
        >>> [found] = learn_tables([TableGame([0.0, 0, 0, 5, 0, 0, 0, 7])], [(0, 1)])
        >>> found.partition_max, found.partition_min
        (((0, 1),), ((0,), (1,)))
    """
    chosen = setting_named(setting)
    groups = [Members.of(players, game.n_players) for game, players in zip(games, members, strict=True)]
    results: dict[int, Multivariate] = {}
    for together in _alike([len(group.players) for group in groups], chosen):
        coalitions = Coalitions.of(len(groups[together[0]].players), "contiguous")
        n_reading = _contexts_to_read(chosen, groups[together[0]], coalitions, None)
        of_games = [Draws.draw(groups[k], chosen, n_reading, seed=seed, stream=str(k)) for k in together]
        memories = [_known(games[k], draws, coalitions) for k, draws in zip(together, of_games, strict=True)]
        climbed = _climb_known(of_games, memories, coalitions, chosen, gradient)
        for place, (k, draws, memory) in enumerate(zip(together, of_games, memories, strict=True)):
            memory.mark(climbed.asked[:, place], chosen.contexts)
            results[k] = draws.read(climbed.trace[place], coalitions, memory)
    return [results[k] for k in range(len(games))]


def _most(members: Members, coalitions: Coalitions) -> int:
    """Count all that a learning can ask for: every coalition in every context."""
    return coalitions.n << len(members.others)


def _contexts_to_read(setting: Setting, members: Members, coalitions: Coalitions, budget: int | None) -> int:
    """Return how many contexts the last values take."""
    most = setting.partitions * setting.contexts
    if budget is None:
        return most
    least = (setting.contexts + 2) * coalitions.n
    if budget < least:
        what = f"one epoch of {setting.contexts} contexts and 2 for the values, each"
        if _most(members, coalitions) < least:
            least, what = _most(members, coalitions), f"all {2 ** len(members.others)} contexts, each"
        raise BudgetError(
            f"Expected a budget of at least {least} evaluations ({what} with {coalitions.n} coalitions of the "
            f"{coalitions.n_members} players), got {budget}. Raise the budget or name fewer players."
        )
    return min(most, max(2, (budget - setting.contexts * coalitions.n) // (2 * coalitions.n)))


def _asking(game: Game, draws: Draws, coalitions: Coalitions) -> Memory:
    """Return a memory that asks the game for what it does not know."""
    checked = game if isinstance(game, TableGame | CallableGame) else CallableGame(game, game.n_players)
    contexts, rows = unique(draws.members.outside(draws.contexts))
    within = draws.members.within(coalitions.rows)

    def fetch(which: IntArray, numbers: IntArray) -> FloatArray:
        return checked(unpack(contexts[which] | within[numbers], checked.n_players))

    return Memory.empty(rows, len(contexts), coalitions.n, fetch)


def _known(game: TableGame, draws: Draws, coalitions: Coalitions) -> Memory:
    """Return a memory that holds every value already, and counts what is asked."""
    n_members = coalitions.n_members
    codes = Coalitions(n_members, complete=True).runs[np.triu_indices(n_members)]
    order = slice(None) if coalitions.complete else np.concatenate([[0], codes])
    values = by_context(game.table, draws.members.players)[:, order]
    rows = draws.contexts @ (1 << np.arange(draws.contexts.shape[1]))
    return Memory(rows, values, np.zeros(values.shape, dtype=np.bool_), None)


def _climb_known(
    of_games: list[Draws], memories: list[Memory], coalitions: Coalitions, setting: Setting, gradient: Gradient
) -> Climbed:
    """Learn side by side, the worths of every epoch found beforehand."""
    n_learning, shape = setting.epochs * setting.contexts, (setting.epochs, setting.contexts, coalitions.n)
    means = np.empty((setting.epochs, len(of_games), coalitions.n))
    for game, memory in enumerate(memories):
        differences = memory.values - memory.values[:, :1]
        means[:, game] = differences[memory.rows[:n_learning]].reshape(shape).mean(axis=1)

    def worths(epoch: int, drawn: BoolArray) -> FloatArray:
        del drawn
        at_epoch: FloatArray = means[epoch]
        return at_epoch

    uniforms = np.stack([draws.uniforms[:-1] for draws in of_games], axis=1)
    return climb(worths, uniforms, coalitions.runs, setting, gradient)


def _alike(sizes: Sequence[int], setting: Setting) -> Iterator[list[int]]:
    """Yield the positions of games with equally many members, as many at a time as fit."""
    for size in sorted(set(sizes)):
        places = [place for place, own in enumerate(sizes) if own == size]
        at_once = max(1, TOGETHER // (2 * setting.epochs * setting.partitions * (size - 1)))
        for start in range(0, len(places), at_once):
            yield places[start : start + at_once]
