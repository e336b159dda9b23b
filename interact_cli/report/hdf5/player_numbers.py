"""Quantities that name players by number: none may name a player that its sample has not."""

from __future__ import annotations

import numpy as np

from interact_cli.errors import ReportRefused
from interact_cli.results import Measurement, PlayerTable, Quantity

MEMBER, COALITION = "member", "coalition"
"""Axes along which numbers are players; whose places are bit codes."""
OF_PAIRS = ("pair_i", "pair_j")
"""Labels that are players."""


def check_player_numbers(measurement: Measurement, players: PlayerTable) -> None:
    """Refuse a measurement that names players beyond those of a sample, so that no reader has to.

    Raises:
        ReportRefused: a member or a coalition has other players than the sample; the message names the quantity.
    """
    _check_codes(measurement, players)
    for quantity in measurement.per_sample:
        if quantity.dims[-1] == MEMBER:
            for sample, numbers in enumerate(quantity.values):
                _check(measurement, quantity.name, numbers, len(players.of_sample(sample)), least=-1)
        if quantity.dims == ("sample", COALITION):
            _check_lengths(measurement, quantity, players)
    of_all = {
        quantity.name: (quantity.values, -1) for quantity in measurement.summary if quantity.dims[-1:] == (MEMBER,)
    }
    of_all |= {name: (labels, 0) for name, labels in measurement.coordinates.items() if name in OF_PAIRS}
    for name, (numbers, least) in of_all.items():
        _check(measurement, name, numbers, players.largest, least=least)


def _check(measurement: Measurement, name: str, numbers: np.ndarray, n_players: int, *, least: int) -> None:
    if numbers.dtype.kind != "i":
        raise ReportRefused(f"{name} of metric '{measurement.key}' holds {numbers.dtype}; expected numbers of players")
    if numbers.size and not least <= numbers.min() <= numbers.max() < n_players:
        raise ReportRefused(
            f"{name} of metric '{measurement.key}' holds {numbers.min()} to {numbers.max()}; expected numbers of "
            f"{n_players} players, {least} to {n_players - 1}"
        )


def _check_codes(measurement: Measurement, players: PlayerTable) -> None:
    codes = measurement.coordinates.get(COALITION)
    if codes is not None and not (len(codes) <= 2**players.largest and np.array_equal(codes, np.arange(len(codes)))):
        raise ReportRefused(
            f"{COALITION} of metric '{measurement.key}' does not count the coalitions of {players.largest} players"
        )


def _check_lengths(measurement: Measurement, quantity: Quantity, players: PlayerTable) -> None:
    for sample, values in enumerate(quantity.values):
        beyond = values[2 ** len(players.of_sample(sample)) :]
        if beyond.size and not np.isnan(beyond).all():
            raise ReportRefused(
                f"{quantity.name} of metric '{measurement.key}' has values beyond the coalitions of the "
                f"{len(players.of_sample(sample))} players of sample {sample}"
            )
