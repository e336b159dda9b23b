"""Common coalitions of patterns, found by description length: which sets of players deserve a node of their own.

The patterns are written in code words. At first each player is a word; a merge makes a new word of some words that
occur together and writes it wherever they do. With ``W_w = sum of |I(S)| over the patterns whose code has w``,
``Z = sum_w W_w``, ``f_w = W_w / Z`` and the length ``l_w = log(1 / (f_w + 1e-8))`` of a word, a merge is to lower

``sum_w W_w l_w + 10 sum_w f_w l_w``

The second term, the dictionary's, has no unit: the weaker the interactions, the more it counts against merging.

Source: code of the authors of Zhou et al. (2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.games.coalitions import bits_of
from interact_cli.interactions.exact.transforms import superset_sums
from interact_cli.types import FloatArray

DICTIONARY_WEIGHT = 10.0
RARE = 1e-8
"""Added to a frequency, so that a word that no code has any more has a length."""


@dataclass(frozen=True)
class Word:
    """A player, or words that were merged."""

    code: int
    """Bit code of its players."""
    is_or: bool = False
    """Whether it joins them by OR; players alone stand for either."""
    parts: tuple[int, ...] = ()
    """The words it was merged of, by number; none for a player."""


@dataclass(frozen=True)
class Merged:
    """Patterns, written in words."""

    words: tuple[Word, ...]
    """The players, then the merged coalitions in the order of their merging."""
    spelled: tuple[tuple[int, ...], ...]
    """The words of each pattern, ascending."""


def merge_common(codes: list[int], is_or: list[bool], strengths: FloatArray, n_players: int, max_merges: int) -> Merged:
    """Merge common coalitions.

    Each merge tries every set of two or more words of every pattern, written wherever a pattern of that kind has them
    all, and takes the set with the lowest change of the objective per player. It ends when the best set would raise
    the objective, or occurs in one pattern only. AND and OR patterns share the players and the objective, but no
    coalition: an AND of two players is another node than their OR.

    Args:
        codes: Bit codes of the patterns.
        is_or: Their kinds.
        strengths: ``(pattern,)``: their ``|I(S)|``.
        n_players: Number of players.
        max_merges: Most merges.

    Example:
        >>> merged = merge_common([0b00111, 0b01011, 0b10011], [False] * 3, np.ones(3), 5, 5)
        >>> merged.words[5].parts, merged.spelled
        ((0, 1), ((2, 5), (3, 5), (4, 5)))
    """
    words = [Word(1 << player) for player in range(n_players)]
    spelled = list(codes)
    for _ in range(max_merges if len(codes) > 1 else 0):
        best = _best_merge(spelled, is_or, strengths, words)
        if best is None:
            break
        chosen, kind = best
        new = 1 << len(words)
        parts = bits_of(chosen)
        words.append(Word(sum(words[part].code for part in parts), kind, parts))
        spelled = [
            code & ~chosen | new if other is kind and code & chosen == chosen else code
            for code, other in zip(spelled, is_or, strict=True)
        ]
    return Merged(tuple(words), tuple(map(bits_of, spelled)))


def _best_merge(
    spelled: list[int], is_or: list[bool], strengths: FloatArray, words: list[Word]
) -> tuple[int, bool] | None:
    """Return the words to merge, as bits, and their kind; None when no merge is worth it."""
    weights = np.array(
        [sum(strengths[row] for row, code in enumerate(spelled) if code >> word & 1) for word in range(len(words))]
    )
    before = float(_described(weights * _length(weights, weights.sum()), weights.sum()).sum())
    sizes = np.array([word.code.bit_count() for word in words])
    lowest, change, chosen, kind = 0.0, 0.0, 0, False
    for row, code in enumerate(spelled):
        local = bits_of(code)
        if len(local) < 2:
            continue
        alike = [(c, s) for c, o, s in zip(spelled, is_or, strengths, strict=True) if o is is_or[row]]
        changes = _after_merging(weights, local, _used_by(local, alike)) - before
        subsets = np.arange(len(changes))
        n_players = sum((subsets >> place & 1) * sizes[word] for place, word in enumerate(local))
        rates = np.where(np.bitwise_count(subsets) >= 2, changes / np.maximum(n_players, 1), np.inf)
        best = int(np.argmin(rates))
        if not chosen or rates[best] < lowest:
            lowest, change, kind = float(rates[best]), float(changes[best]), is_or[row]
            chosen = sum(1 << word for place, word in enumerate(local) if best >> place & 1)
    users = sum(other is kind and code & chosen == chosen for code, other in zip(spelled, is_or, strict=True))
    return (chosen, kind) if chosen and change <= 0 and users > 1 else None


def _after_merging(weights: FloatArray, local: tuple[int, ...], used: FloatArray) -> FloatArray:
    """Return the objective after merging each subset of some words, ``(subset,)``.

    Args:
        weights: ``(word,)``: W of all words.
        local: Numbers of the words of one pattern; a subset of them is a code of their places.
        used: ``(subset,)``: strength of the patterns that have all words of a subset.
    """
    subsets = np.arange(len(used))
    total = weights.sum() - (np.bitwise_count(subsets) - 1.0) * used
    length = used * _length(used, total)
    for word, weight in enumerate(weights):
        left = weight - (subsets >> local.index(word) & 1) * used if word in local else weight
        length += left * _length(left, total)
    return _described(length, total)


def _length(weight: FloatArray, total: FloatArray) -> FloatArray:
    return -np.log(weight / total + RARE)


def _described(length: FloatArray, total: FloatArray) -> FloatArray:
    """Return the objective, given ``sum_w W_w l_w``: the dictionary's term is that sum over Z."""
    return length * (1.0 + DICTIONARY_WEIGHT / total)


def _used_by(local: tuple[int, ...], patterns: list[tuple[int, float]]) -> FloatArray:
    """Return the strength of the patterns that have all words of each subset of ``local``, ``(2^words,)``."""
    used = np.zeros(2 ** len(local))
    for code, strength in patterns:
        used[sum(1 << place for place, word in enumerate(local) if code >> word & 1)] += strength
    return superset_sums(used)
