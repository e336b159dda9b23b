"""The successive players whose interactions are asked for: ``--span``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from interact_cli.errors import UsageError
from interact_cli.safe_text import safe_text


@dataclass(frozen=True)
class Span:
    """The successive players whose interactions are asked for: by position, or by the words of the text."""

    start: int = 0
    stop: int = 0
    """Players ``start`` to ``stop - 1``, from 0; both 0 where ``said`` says which."""
    said: str = ""
    """Words of the text."""

    def __str__(self) -> str:
        return f"'{safe_text(self.said)}'" if self.said else f"{self.start}:{self.stop}"


def read_span(text: str) -> Span:
    """Read ``--span``: ``"3:8"`` are players 3 to 7, counted from 0; anything else is words of the text.

    Words are looked for without regard to case, as whole words, and their first occurrence is taken.

    Raises:
        UsageError: neither, or a range of fewer than two players.

    Example:
        >>> read_span("3:8")
        Span(start=3, stop=8, said='')
        >>> read_span("Not good").said
        'Not good'
    """
    phrase = bare(text)
    # A range that is mistyped is refused, and not looked for among the words.
    if not phrase or (":" in phrase and re.fullmatch(r"[-+\d:.]*", phrase)):
        match = re.fullmatch(r"(\d{1,9}):(\d{1,9})", phrase)
        if match is None or int(match[2]) - int(match[1]) < 2:
            raise UsageError(
                f"Expected --span START:STOP with two players or more (3:8 are players 3 to 7, counted from 0), or "
                f"some words of the text, got '{safe_text(text, 60)}'."
            )
        return Span(int(match[1]), int(match[2]))
    return Span(said=" ".join(text.split()))


def positions(text: str | None, players: str, n_players: int) -> tuple[int, ...]:
    """Return the span among players that every sample shares; empty where none is asked for.

    Args:
        text: As after ``--span``.
        players: As on the command line, for messages.
        n_players: How many there are.

    Raises:
        UsageError: no range of at least two of these players.

    Example:
        >>> positions("2:4", "columns", 10)
        (2, 3)
    """
    if text is None:
        return ()
    span = read_span(text)
    if span.said or span.stop > n_players:
        raise UsageError(
            f"Expected --span START:STOP within the {n_players} players of '{players}' (3:8 are players 3 to 7, "
            f"counted from 0), got '{safe_text(text, 60)}'."
        )
    return tuple(range(span.start, span.stop))


def bare(text: str) -> str:
    """Return a text without white space and case."""
    return "".join(text.split()).casefold()
