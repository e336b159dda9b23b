"""Numbers and names as a reader meets them: one rounding rule, one way to write an uncertainty.

A metric's sentences, the terminal, the pictures and a gate's verdict all write through here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from interact_cli.results import Measurement, PlayerTable, Quantity
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray

NOT_MEASURED = "not measured"
WRITTEN_PLACES = 3
"""Places that are written out: of an axis both ends and the middle, of a rule its worst; nobody reads more."""
Label = str | int | float
"""What a place along an axis is called."""


def number(value: float, digits: int = 3) -> str:
    """Write a number with ``digits`` significant digits; thousands keep all their integer digits.

    Example:
        >>> number(0.41189), number(12), number(-0.000123), number(1234.5), number(float("nan"))
        ('0.412', '12.0', '-1.23e-04', '1,234', 'not measured')
    """
    value = float(value)
    if math.isnan(value):
        return NOT_MEASURED
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if value == 0:
        return "0"
    scientific = f"{value:.{digits - 1}e}"
    exponent = int(scientific.partition("e")[2])  # of the rounded number: 9.999 is 10.0
    if exponent < -3 or exponent > 6:
        return scientific
    return f"{value:,.{max(digits - 1 - exponent, 0)}f}"


def plus_minus(value: float, error: float | None = None) -> str:
    """Write a value with its standard error: three significant digits, two for the error.

    Example:
        >>> plus_minus(0.41189, 0.0213), plus_minus(0.41189, float("nan"))
        ('0.412 ± 0.021', '0.412')
    """
    if error is None or math.isnan(error) or math.isnan(value):
        return number(value)
    return f"{number(value)} ± {number(error, 2)}"


def interval(low: float, high: float) -> str:
    """Write an interval; empty when either end is unknown."""
    return "" if math.isnan(low) or math.isnan(high) else f"[{number(low)}, {number(high)}]"


def with_unit(text: str, unit: str) -> str:
    """Append the unit unless the number is pure."""
    return text if unit in ("", "1") else f"{text} {safe_text(unit, limit=24)}"


def unit_words(unit: str) -> str:
    """A unit as it stands in a sentence."""
    return "pure numbers" if unit in ("", "1") else safe_text(unit, limit=24)


def entry(quantity: Quantity, *index: int) -> tuple[str, str]:
    """One entry of a quantity as ``(value, 95 % interval)``, or ``(value ± standard error, "")`` without interval."""
    value = float(quantity.values[index])
    if quantity.low is not None and quantity.high is not None:
        ends = interval(float(quantity.low[index]), float(quantity.high[index]))
        if ends:
            return number(value), ends
    error = None if quantity.standard_errors is None else float(quantity.standard_errors[index])
    return plus_minus(value, error), ""


def described(quantity: Quantity, *index: int) -> str:
    """One entry in full: value, unit, and interval or standard error."""
    text, ends = entry(quantity, *index)
    text = with_unit(text, quantity.unit) if np.isfinite(quantity.values[index]) else text
    return f"{text} {ends}" if ends else text


def count(amount: int, noun: str) -> str:
    """``1 sample``, ``4,000 samples``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def spread(counts: IntArray) -> str:
    """``12``, or ``12 to 1,040`` where counts differ."""
    low, high = int(counts.min()), int(counts.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def player_name(players: PlayerTable, player: int, limit: int = 40) -> str:
    """Name of a shared player: row and column (from 0, top left) on a grid, its own name elsewhere."""
    if players.grid is not None:
        row, column = divmod(player, players.grid[1])
        return f"r{row} c{column}"
    return shortened(safe_text(players.names[player]), limit)


def names_together(names: Sequence[str], players: Sequence[int]) -> str:
    """Name a pair or a set of players; -1 stands for none.

    Example:
        >>> names_together(["a", "b", "c"], [0, 2, -1]), names_together(["a"], [-1])
        ('a + c', 'none')
    """
    return safe_text(" + ".join(names[player] for player in players if player >= 0) or "none")


def labels_of(measurement: Measurement, quantity: Quantity, players: PlayerTable) -> tuple[tuple[Label, ...], ...]:
    """Return the labels along each axis: coordinates, names of players and pairs, else positions."""
    return tuple(
        tuple(_labels(measurement, players, dim, length))
        for dim, length in zip(quantity.dims, quantity.values.shape, strict=True)
    )


def _labels(measurement: Measurement, players: PlayerTable, dim: str, length: int) -> Sequence[Label]:
    coordinates = measurement.coordinates
    if dim in coordinates and len(coordinates[dim]) == length:
        return [safe_text(label) if isinstance(label, str) else label for label in coordinates[dim].tolist()]
    if dim == "player" and len(players.names) == length:
        return [safe_text(name) for name in players.names]
    members = _members(measurement, dim)
    if len(members) == length and all(-1 <= player < len(players.names) for own in members for player in own):
        return [names_together(players.names, own) for own in members]
    return range(length)


def _members(measurement: Measurement, dim: str) -> list[list[int]]:
    """Return the players of each pair or set that all samples share; empty where an axis has none."""
    coordinates = measurement.coordinates
    if dim == "pair" and {"pair_i", "pair_j"} <= coordinates.keys():
        ends: list[list[int]] = np.stack([coordinates["pair_i"], coordinates["pair_j"]], axis=1).tolist()
        return ends
    sets = [quantity.values.tolist() for quantity in measurement.summary if quantity.name == "shared_sets"]
    return sets[0] if dim == "set" and sets else []


NOUNS = {"words": "word", "tokens": "token"}
"""How players are specified -> what one of them is called; a player elsewhere."""


def noun(players: PlayerTable) -> str:
    """What one player is called."""
    return NOUNS.get(players.spec.partition(":")[0], "player")


def shortened(text: str, limit: int) -> str:
    """Cut a text that is longer than ``limit`` characters, and show that it was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
