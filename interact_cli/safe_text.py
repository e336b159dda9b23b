"""External strings made harmless: a name inside a file can neither move the cursor nor fake a line."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that are not ink: controls, bidi and zero-width marks, surrogates, line separators."""


def safe_text(value: object, limit: int = 200) -> str:
    r"""Return ``str(value)`` with every invisible character written as an escape, cut at ``limit``.

    Markup such as ``[/red]`` is left as it is: it is for the printer to show it literally.

    Args:
        value: Anything that came from outside: a path, a key, a label, the message of a library.
        limit: Characters of ``value`` that are kept.

    Example:
        >>> print(safe_text("red\x1b[31m\nnext"))
        red\x1b[31m\nnext
        >>> print(safe_text("abcdef", limit=3))
        abc… (6 characters)
    """
    text = str(value)
    shown = "".join(map(_visible, text[:limit]))
    return shown if len(text) <= limit else f"{shown}… ({len(text)} characters)"


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
