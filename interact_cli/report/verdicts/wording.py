"""Words and numbers of a comparison: an interval decides the digits, a sign says the direction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import floor, inf, isfinite, isnan, log10

from interact_cli.safe_text import safe_text
from interact_cli.verdicts import Difference, Word
from interact_cli.words import number, shortened, unit_words

UNDEFINED = "undefined"
MOST_DECIMALS = 6
"""Smaller numbers are written with an exponent."""
CLOSER = 3
"""Digits that are added at most, so that an end of an interval is seen on its side of 0 and of the margin."""
STYLES: dict[Word, str] = {"PASS": "bold green", "FAIL": "bold red", "INCONCLUSIVE": "bold yellow"}
"""How a word is coloured; it is always written too."""
_COMMANDS = (
    (re.compile(":(?=:)"), ": "),
    (re.compile(r"##(?=\w*\[)"), "# #"),
)
"""What runners take for a command: ``::`` opening a line, also after spaces, ``##[`` and ``##vso[`` anywhere."""


def defused(words: str) -> str:
    """Write text so that no line of it, wherever it is folded, is a command of GitHub's or Azure's runner.

    Example:
        >>> defused("::error::x ##[group]"), defused("net:v2 #3")
        (': :error: :x # #[group]', 'net:v2 #3')
    """
    for pattern, instead in _COMMANDS:
        words = pattern.sub(instead, words)
    return words


def foreign(text: object, limit: int = 200) -> str:
    """Return text of a report or a policy: visible characters only, one space between words, cut at ``limit``."""
    return " ".join(safe_text(text, limit=limit).split())


def sentence(text: str) -> str:
    """Return a sentence of the records, safe to show."""
    return foreign(text, 600)


def name_of(difference: Difference) -> str:
    """What a reader calls the quantity."""
    return foreign(difference.label or difference.quantity, 60)


def axes(difference: Difference) -> str:
    """What the places are: ``"order"``, ``"player, size"``."""
    return ", ".join(foreign(dim, 30).replace("_", " ") for dim in difference.dims)


def labels(difference: Difference) -> str:
    """Where along its axes the number stands: ``"3"``."""
    return ", ".join(_label(label) for label in difference.at)


def place(difference: Difference) -> str:
    """``"order 3"``; empty for a single number.

    Args:
        difference: One place.
    """
    pairs = zip(difference.dims, difference.at, strict=True)
    return ", ".join(f"{foreign(dim, 30).replace('_', ' ')} {_label(label)}" for dim, label in pairs)


def _label(label: str | int | float) -> str:
    if isinstance(label, float):
        return f"{round(label, 3):g}"
    return shortened(foreign(label, 400), 40)


def decimals(low: float, high: float, value: float = 0.0, marks: Sequence[float] = (0.0,)) -> int:
    """Decimals that an interval allows: two digits of half its width, more where an end is close to a mark.

    Args:
        low: Lower end.
        high: Upper end.
        value: Decides, with three digits, where the interval has no width.
        marks: Numbers that must be seen on the same side of both ends as they are: 0, the margin.

    Example:
        >>> decimals(0.081, 0.165), decimals(0.0004, 0.1), decimals(7.0, 7.0, 7.0)
        (3, 4, 2)
    """
    half = (high - low) / 2
    if isfinite(half) and half > 0:
        start = 1 - floor(log10(half))
    elif isfinite(value) and value != 0:
        start = 2 - floor(log10(abs(value)))
    else:
        return 2
    ends = [end for end in (low, high) if isfinite(end)]
    for places in range(start, start + CLOSER):
        if all(_side(round(end, places), mark) == _side(end, mark) for end in ends for mark in marks):
            return places
    return start + CLOSER


def _side(value: float, mark: float) -> int:
    return (value > mark) - (value < mark)


def written(value: float, places: int, sign: str = "") -> str:
    """Write a number with that many decimals.

    Args:
        value: Any number; NaN is said in words.
        places: Decimals; below 0 as 0.
        sign: ``"+"`` writes the sign of positive numbers too.

    Example:
        >>> written(0.0512, 3, "+"), written(-0.0001, 3, "+"), written(1.5e-9, 10), written(float("nan"), 2)
        ('+0.051', '0.000', '1.5e-09', 'undefined')
    """
    if isnan(value):
        return UNDEFINED
    if not isfinite(value):
        return f"{'-' if value < 0 else sign}infinite"
    if value == 0:
        return "0"
    exponent = floor(log10(abs(value)))
    if places > MOST_DECIMALS or exponent > MOST_DECIMALS:
        return f"{value:{sign}.{min(max(places + exponent, 0), 15)}e}"
    text = f"{value:{sign},.{max(places, 0)}f}"
    return text if text.strip("+-0.,") else text.lstrip("+-")


def margin_text(amount: float) -> str:
    """Write a margin as people write it: ``5``, ``0.05``, ``0.02469``."""
    return f"{amount:,.0f}" if 1e4 <= amount < 1e7 else f"{amount:.4g}"


@dataclass(frozen=True)
class Reading:
    """A difference in the unit in which it is looked at, with one number of decimals for all its parts."""

    value: float
    low: float
    high: float
    unit: str
    """Words; empty for pure numbers."""
    margin: float = inf
    digits: int | None = None
    """Decimals, where those of the interval are not to decide."""

    @property
    def places(self) -> int:
        """Decimals."""
        if self.digits is not None:
            return self.digits
        marks = (0.0, self.margin, -self.margin) if isfinite(self.margin) else (0.0,)
        return decimals(self.low, self.high, self.value, marks)

    @property
    def change(self) -> str:
        """``"+0.051"``, ``"+12.3 %"``."""
        in_words = written(self.value, self.places, "+")
        return f"{in_words} %" if self.unit == "%" and isfinite(self.value) else in_words

    @property
    def interval(self) -> str:
        """``"[+0.012, +0.090]"``; empty where unknown."""
        if isnan(self.low) or isnan(self.high):
            return ""
        return f"[{written(self.low, self.places, '+')}, {written(self.high, self.places, '+')}]"

    @property
    def full(self) -> str:
        """``"+12.3 [+8.1, +16.5] %"``."""
        parts = (written(self.value, self.places, "+"), self.interval, self.unit if isfinite(self.value) else "")
        return " ".join(part for part in parts if part)

    @property
    def margin_words(self) -> str:
        """``"5 %"``, ``"0.1 log-odds"``."""
        return f"{margin_text(self.margin)} {self.unit}".rstrip()


def absolute(difference: Difference, margin: float = inf) -> Reading:
    """Read a difference in the unit of its quantity."""
    unit = "" if difference.unit in ("", "1") else foreign(unit_words(difference.unit), 24)
    return Reading(difference.difference, difference.low, difference.high, unit, margin)


def relative(difference: Difference, margin: float = inf) -> Reading | None:
    """Read a difference in percent of the reference; None where the reference is not shown to be above zero."""
    shares = (difference.relative, difference.relative_low, difference.relative_high)
    percents = [100 * share for share in shares if share is not None]
    return Reading(percents[0], percents[1], percents[2], "%", 100 * margin) if len(percents) == 3 else None


def alike(readings: Sequence[Reading]) -> list[Reading]:
    """Give the numbers of a column one number of decimals, where theirs differ by one at most."""
    places = {read.places for read in readings if read.low != read.high}
    if len(places) != 2 or max(places) - min(places) > 1:
        return list(readings)
    return [read if read.low == read.high else replace(read, digits=max(places)) for read in readings]


def both_values(difference: Difference, places: int | None = None) -> tuple[str, str]:
    """Both values, with the decimals of their difference unless given."""
    if difference.low == difference.high:
        return number(difference.reference), number(difference.candidate)
    places = absolute(difference).places if places is None else places
    return written(difference.reference, places), written(difference.candidate, places)


def probability(p_value: float) -> str:
    """``"p = 0.012"``; empty where unknown.

    Example:
        >>> probability(0.0123), probability(1e-9), probability(0)
        ('p = 0.012', 'p < 0.0001', 'p < 0.0001')
    """
    if isnan(p_value):
        return ""
    return "p < 0.0001" if p_value < 1e-4 else f"p = {p_value:.1e}" if p_value < 1e-3 else f"p = {number(p_value, 2)}"
