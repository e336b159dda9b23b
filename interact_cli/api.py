"""The Python API: games, indices, reports. ``import interact_cli as ic`` offers what `__all__` lists.

Stable: names, signatures, shapes and the meaning of every field.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from interact_cli import __version__
from interact_cli.errors import BudgetError
from interact_cli.games.coalitions import unique, unpack
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions import indices
from interact_cli.interactions.designs import Flips, FullTable, PairContexts, Permutations
from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Game
from interact_cli.metrics.published import published_orders

if TYPE_CHECKING:
    from interact_cli.results import Report

__all__ = ["CallableGame", "Estimate", "TableGame", "__version__", "measure", "read_report"]

EXACT_BY_DEFAULT = 20
"""Most players for which ``budget=None`` enumerates all coalitions."""
BATCH = 65536
"""Coalitions passed to a game at once."""


def measure(game: Game, index: str, *, budget: int | None = None, seed: int = 0) -> Estimate:
    """Measure an index of a game, exactly where the budget allows all ``2^n`` coalitions and sampled elsewhere.

    A budget of at least ``2^n`` takes all coalitions, up to 24 players. Sampled pair indices cover as many pairs as
    the budget allows; sampled ``"multi-order"`` covers those pairs at the thirteen published orders, the shares 0,
    .05, .1, .2, ..., .9, .95 and 1 of n - 2. In the matrices whatever was not measured is NaN.

    Args:
        game: A `TableGame`, a `CallableGame`, or any object with ``n_players`` that maps ``(n_coalitions, n_players)``
            bools to ``(n_coalitions,)`` floats.
        index: ``"shapley"``, ``"banzhaf"``, ``"shapley-interaction"``, ``"banzhaf-interaction"``, ``"multi-order"``.
        budget: Evaluations; None means exact.
        seed: Seed of the sampled coalitions.

    Returns:
        An `Estimate` with ``.values``, ``.standard_errors`` and ``.exact`` of one shape, and ``.evaluations``:
        ``(n,)`` for players; ``(n, n)``, symmetric with NaN on the diagonal, for pairs; ``(n - 1, n, n)`` for
        multi-order up to 64 players, above that ``(order, pair)`` with ``.orders`` and ``.pairs``.

    Raises:
        UnknownNameError: no such index.
        BudgetError: ``budget=None`` above 20 players, or a budget that is too small; the message says what it takes.
        UsageError: fewer players than the index needs.
        ShapeError: the game returns another shape than ``(n_coalitions,)``.
        NonFiniteError: the game returns NaN or infinity.

    Example:
        >>> import interact_cli as ic
        >>> game = ic.TableGame([0, 1, 2, 10])
        >>> ic.measure(game, "shapley").values.tolist()
        [4.5, 5.5]
        >>> float(ic.measure(game, "shapley-interaction").values[0, 1])
        7.0
    """
    definition = indices.lookup(index)
    checked = game if isinstance(game, TableGame | CallableGame) else CallableGame(game, game.n_players)
    design = _design(definition, checked.n_players, budget, seed)
    coalitions, where = unique(design.asked)
    values = np.concatenate(
        [
            checked(unpack(coalitions[start : start + BATCH], checked.n_players))
            for start in range(0, len(coalitions), BATCH)
        ]
    )
    return design.estimate(values[where]).dense()


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


def _design(
    index: indices.Index, n_players: int, budget: int | None, seed: int
) -> FullTable | Permutations | Flips | PairContexts:
    if budget is None:
        if n_players > EXACT_BY_DEFAULT:
            raise BudgetError(
                f"Exact '{index.name}' of {n_players} players needs 2^{n_players} evaluations; without a budget at "
                f"most {EXACT_BY_DEFAULT} players are enumerated. Pass budget=..., for example budget=4000."
            )
        return indices.full_table(index, n_players)
    orders = published_orders(n_players)
    return indices.design_within(index, n_players, None, budget, seed=seed, stream="game", orders=orders)
