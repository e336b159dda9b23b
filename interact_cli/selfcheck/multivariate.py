"""Identities of the multivariate interaction, and errata 17, 18 and 20."""

from __future__ import annotations

from itertools import product
from typing import Any, Literal

import numpy as np

from interact_cli.games.closed_form import Members
from interact_cli.selfcheck.checks import TOLERANCE
from interact_cli.selfcheck.identity import identity
from interact_cli.selfcheck.sets import interaction_among
from interact_cli.selfcheck.subject import Subject, largest, subsets

Partition = tuple[tuple[int, ...], ...]
SIZE = 4
"""Players of A."""
MANY = 600
"""Random games whose maxima are compared."""
SHARE_TOLERANCE = 0.1
"""How far a share of random games may be from the recorded one, which is of 200 games."""
RECORDED = 91 / 200
"""Share of random games in which all partitions reached more, as recorded with erratum 20."""


@identity("B of a pair", "B([ij]) = I(ij)", "Zhang et al. (AAAI 2021), equation 3")
def of_a_pair(subject: Subject) -> float:
    """B of two players is their Shapley interaction."""
    pair = subject.run_of_players(2)
    return largest(_measured(subject, pair).B - subject.ask("shapley-interaction")[frozenset(pair)])


@identity("B by definition", "B([A]) = phi([A] | N_A) - sum_i phi(i | N_i)", "Zhang et al. (AAAI 2021), equation 3")
def by_definition(subject: Subject) -> float:
    """Take the values of A's players, each without the rest of A, from that of A."""
    some = subject.run_of_players(SIZE)
    return largest(_measured(subject, some).B - (_worth(subject, some, some) - _singles(subject, some)))


@identity("B from subsets", "B = B+ + B- = sum_{L in A, l > 1} I_Sh(L | N-A+L)", "Zhang et al. (AAAI 2021), erratum 18")
def from_subsets(subject: Subject) -> float:
    """Add up the interactions of A's subsets, each among those outside A; and apart by sign."""
    some = frozenset(subject.run_of_players(SIZE))
    parts = np.array([interaction_among(subject, part, some) for part in subsets(some, 2)])
    found = _measured(subject, sorted(some))
    signed = [found.B_plus - parts[parts > 0].sum(), found.B_minus - parts[parts < 0].sum()]
    return largest(found.B - parts.sum(), *signed, found.B_plus - found.B_minus - np.abs(parts).sum())


@identity(
    "contiguous partitions", "B_max, B_min and T by enumerating all 2^(a-1)", "Zhang et al. (AAAI 2021), equation 5"
)
def contiguous_extremes(subject: Subject) -> float:
    """Enumerate the contiguous partitions; the ones named must reach the extremes."""
    return _extremes(subject, "contiguous")


@identity("all partitions", "the same over all set partitions", "Zhang et al. (AAAI 2021), equation 5")
def all_extremes(subject: Subject) -> float:
    """Enumerate all partitions; their maximum is never below the contiguous one."""
    return _extremes(subject, "all")


@identity(
    "larger maximum",
    "all reach more than contiguous in 46 % (+- 10 %)",
    "Zhang et al. (AAAI 2021), erratum 20",
    tolerance=SHARE_TOLERANCE,
    games=1,
)
def larger_maximum(subject: Subject) -> float:
    """Count how often all partitions have a larger maximum than contiguous ones."""
    games = [subject.on(subject.rng.normal(size=len(subject.table))) for _ in range(MANY)]
    some = range(SIZE)
    gains = [_measured(game, some, partitions="all").B_max - _measured(game, some).B_max for game in games]
    return largest(np.mean(np.array(gains) > TOLERANCE) - RECORDED)


def _extremes(subject: Subject, family: Literal["contiguous", "all"]) -> float:
    some = subject.run_of_players(SIZE)
    worth = {block: _worth(subject, block, some) for block in subsets(some, 1)}

    def total(partition: Partition) -> float:
        return sum(worth[frozenset(block)] for block in partition) - _singles(subject, some)

    totals = [total(partition) for partition in (_contiguous(some) if family == "contiguous" else _all(some))]
    found = _measured(subject, some, partitions=family)
    named = [total(found.partition_max) - max(totals), total(found.partition_min) - min(totals)]
    return largest(found.B_max - max(totals), found.B_min - min(totals), found.T - np.ptp(totals), *named)


def _measured(subject: Subject, members: Any, **options: Any) -> Any:
    return subject.estimate("multivariate", players=tuple(members), **options)


def _worth(subject: Subject, block: Members | tuple[int, ...], members: tuple[int, ...]) -> float:
    """``phi([C] | N_C)``: the Shapley value of a block without the rest of A."""
    game = subject.merged(block, absent=set(members) - set(block))
    return float(game.ask("shapley")[frozenset({game.n - 1})])


def _singles(subject: Subject, members: tuple[int, ...]) -> float:
    return sum(_worth(subject, (i,), members) for i in members)


def _contiguous(members: tuple[int, ...]) -> list[Partition]:
    found = []
    for joins in product([False, True], repeat=len(members) - 1):
        blocks = [[members[0]]]
        for join, player in zip(joins, members[1:], strict=True):
            if join:
                blocks[-1].append(player)
            else:
                blocks.append([player])
        found.append(tuple(map(tuple, blocks)))
    return found


def _all(members: tuple[int, ...]) -> list[Partition]:
    if not members:
        return [()]
    first, rest = members[0], members[1:]
    return [
        ((first, *sorted(others)), *partition)
        for others in subsets(rest)
        for partition in _all(tuple(player for player in rest if player not in others))
    ]
