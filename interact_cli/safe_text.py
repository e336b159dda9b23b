"""External strings made harmless: a name inside a file can neither move the cursor nor fake a line."""

from __future__ import annotations

import reprlib
import unicodedata
from pathlib import PurePath

_HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
"""Unicode categories that are not ink: controls, bidi and zero-width marks, surrogates, line separators."""


_DIRECT = (str, int, float, complex, bytes, type(None), PurePath, BaseException)


class _Brief(reprlib.Repr):
    """Writes containers a few levels deep and a few entries wide; other objects by their type alone."""

    def repr_instance(self, x: object, level: int) -> str:
        return repr(x) if isinstance(x, _DIRECT) else f"<{type(x).__name__}>"


_BRIEF = _Brief()


def safe_text(value: object, limit: int = 200) -> str:
    r"""Return a value as text, every invisible character written as an escape, cut at ``limit``.

    Markup such as ``[/red]`` is left as it is: it is for the printer to show it literally. Containers
    are abbreviated, so that nested ones cost nothing, and foreign objects show their type only.

    Args:
        value: Anything that came from outside: a path, a key, a label, an exception of a library.
        limit: Characters of ``value`` that are kept.

    Example:
        >>> print(safe_text("red\x1b[31m\nnext"))
        red\x1b[31m\nnext
        >>> print(safe_text("abcdef", limit=3))
        abc… (6 characters)
    """
    text = str(value) if isinstance(value, _DIRECT) else _BRIEF.repr(value)
    shown = "".join(map(_visible, text[:limit]))
    return shown if len(text) <= limit else f"{shown}… ({len(text)} characters)"


def first_line(error: BaseException) -> str:
    r"""Return the first line of what a library's error says, without its full stop; its type where it says nothing.

    Example:
        >>> first_line(ValueError("no such layer.\nhint: look again"))
        'no such layer'
    """
    return safe_text((str(error).strip() or type(error).__name__).splitlines()[0].rstrip("."), 160)


def named_error(error: BaseException) -> str:
    """Return an error of foreign code in one line: its type and what it says.

    Example:
        >>> named_error(KeyError("no such layer"))
        "KeyError: 'no such layer'"
    """
    text = (" ".join(str(error).split()) or "no message").rstrip(".")
    return f"{type(error).__name__}: {safe_text(text, 160)}"


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii")
