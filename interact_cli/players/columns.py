"""Columns of a table, one-hot groups kept together."""

from __future__ import annotations

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interfaces import PlayerOptions
from interact_cli.players.shared import SharedPlayers, check_kind
from interact_cli.players.span import positions
from interact_cli.types import Model


def columns(argument: str | None, model: Model, options: PlayerOptions) -> SharedPlayers:
    """Make every column a player, and every one-hot group of the model's preprocessing one player.

    Players stand in the order of their first column.

    Args:
        argument: Takes none.
        model: A column model; its ``input.columns`` names the columns and groups.
        options: ``span`` chooses successive players.

    Raises:
        UsageError: an argument, another option, a span outside, no column model, two columns of one name, or a group
            with an unknown or doubly used column or the name of a column outside it.
    """
    if argument is not None:
        raise UsageError(f"Players 'columns' take no argument, got 'columns:{argument}'.")
    options.refuse("columns", "span")
    check_kind(model, "columns", "Players 'columns' need a column model")
    (n_columns,) = model.input.shape
    names = model.input.columns.names or tuple(f"column {position}" for position in range(n_columns))
    group_of = _groups(model, names)
    player_of = [group_of.get(name, name) for name in names]
    players = tuple(dict.fromkeys(player_of))
    owner = np.array([players.index(player) for player in player_of], dtype=np.int64)
    return SharedPlayers(players, owner, "columns", positions(options.span, "columns", len(players)))


def _groups(model: Model, names: tuple[str, ...]) -> dict[str, str]:
    """Return the group of every column that is in one."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"Expected every column to have its own name, got '{repeated[0]}' more than once. Rename one.")
    groups = model.input.columns.groups
    for group, members in groups.items():
        if group in names and group not in members:
            raise UsageError(f"Group '{group}' has the name of a column outside it. Rename the group.")
    group_of: dict[str, str] = {}
    for group, member in ((group, member) for group, members in groups.items() for member in members):
        if member not in names:
            raise UsageError(f"Group '{group}' names column '{member}', which the model does not have.")
        if member in group_of:
            raise UsageError(f"Column '{member}' is in two groups, '{group_of[member]}' and '{group}'.")
        group_of[member] = group
    return group_of
