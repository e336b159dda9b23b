"""Samples with players of their own, as a reader meets them: quoted texts, equal words told apart, context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from interact_cli.report.wording import class_name
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.words import player_name, shortened

NAME_LIMIT = 24
"""Characters of one word."""


def first_samples(report: Report, limit: int) -> list[int]:
    """Positions of the first samples of the summary."""
    return [int(sample) for sample in np.flatnonzero(report.samples.included)[:limit]]


def plain_names(names: Sequence[str]) -> list[str]:
    """Make names safe and short."""
    return [shortened(safe_text(name, limit=200).strip(), NAME_LIMIT) or "(blank)" for name in names]


def told_apart(names: Sequence[str]) -> list[str]:
    """Make names safe and short, and number those that stand more than once.

    Example:
        >>> told_apart(["to", "be", "or", "not", "to", "be"])
        ['to (1st)', 'be (1st)', 'or', 'not', 'to (2nd)', 'be (2nd)']
    """
    shown = plain_names(names)
    times, seen, apart = Counter(shown), Counter[str](), []
    for name in shown:
        seen[name] += 1
        apart.append(f"{name} ({_ordinal(seen[name])})" if times[name] > 1 else name)
    return apart


def names_of(report: Report, sample: int) -> tuple[str, ...]:
    """Names of a sample's players, safe, short and told apart; row and column on a grid."""
    players = report.players
    if players.grid is not None:
        return tuple(player_name(players, player) for player in range(len(players.names)))
    return tuple(told_apart(players.of_sample(sample)))


def joined(names: Sequence[str], between: str, limit: int) -> str:
    """Join names; those that pass the limit of characters are counted.

    Example:
        >>> joined(["not", "very", "good"], " & ", 12), joined(["not", "very", "good"], " & ", 20)
        ('not & 2 more', 'not & very & good')
    """
    for shown in range(len(names), 0, -1):
        more = [f"{len(names) - shown} more"] if shown < len(names) else []
        words = between.join([*names[:shown], *more])
        if len(words) <= limit:
            return words
    return f"{len(names)} players" if len(names) > 1 else shortened(names[0], limit)


def sentence(report: Report, sample: int, limit: int) -> str:
    """Quote the text of a sample, cut to ``limit`` characters; its players in a row where the report has no texts."""
    texts = report.samples.texts
    text = texts[sample] if texts else " ".join(report.players.of_sample(sample))
    return f'"{shortened(" ".join(safe_text(text, limit=10 * limit).split()), limit)}"'


def about(report: Report, sample: int) -> str:
    """Name a sample, its class and the predicted one."""
    label, predicted = int(report.samples.labels[sample]), int(report.samples.predicted[sample])
    parts = [shortened(safe_text(report.samples.ids[sample]), 60)]
    parts += [f"class {class_name(report, label)}"] if label >= 0 else []
    parts += [f"predicted {class_name(report, predicted)}"] if predicted >= 0 else []
    return ", ".join(parts)


def span_of(report: Report, sample: int, what: str) -> str:
    """Say which span of a sample ``what`` (pairs, sets) was asked about; empty for all of it."""
    span = report.players.span_of(sample)
    if not span:
        return ""
    names = names_of(report, sample)
    words = (", " if report.players.shared else " ").join(names[player] for player in span)
    return f'{what} within the span {span[0]}:{span[-1] + 1}, "{shortened(words, 60)}"'


def around(names: Sequence[str], marked: Collection[int], limit: int) -> str:
    """Show the marked players in brackets among those beside them, in at most ``limit`` characters.

    Example:
        >>> around("it was not a very good film , was it ?".split(), {2, 5}, 32)
        '… was [not] a very [good] film …'
        >>> around("it was not a very good film , was it ?".split(), {2, 9}, 32)
        'it was [not] a very … was [it] ?'
    """
    words = [f"[{name}]" if player in marked else name for player, name in enumerate(plain_names(names))]
    kept = sorted(marked)
    distance = [min(abs(player - chosen) for chosen in marked) for player in range(len(words))]
    for player in sorted(range(len(words)), key=lambda player: (distance[player], player)):
        wider = sorted({*kept, player})
        if len(_joined(words, wider)) > limit:
            break
        kept = wider
    return _joined(words, kept)


def _joined(words: Sequence[str], kept: Sequence[int]) -> str:
    parts: list[str] = []
    for before, player in zip([-1, *kept[:-1]], kept, strict=True):
        parts += ["…", words[player]] if player > before + 1 else [words[player]]
    return " ".join([*parts, "…"] if kept[-1] < len(words) - 1 else parts)


def _ordinal(position: int) -> str:
    ending = "th" if position % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(position % 10, "th")
    return f"{position}{ending}"
