"""The axioms, for every index that has them, in the corrected forms (docs/mathematics.md)."""

from __future__ import annotations

from typing import Any

import numpy as np

from interact_cli.games.closed_form import Members
from interact_cli.games.known import additive
from interact_cli.selfcheck.identity import identity
from interact_cli.selfcheck.subject import Subject, apart, coalitions_of, largest
from interact_cli.types import FloatArray

INDICES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("shapley", {}),
    ("banzhaf", {}),
    ("shapley-interaction", {}),
    ("shapley-interaction", {"interaction_size": 3}),
    ("banzhaf-interaction", {}),
    ("banzhaf-interaction", {"interaction_size": 3}),
    ("shapley-taylor", {"interaction_size": 3}),
    ("k-shapley", {"interaction_size": 3}),
    ("faithful-shapley", {"interaction_size": 3}),
    ("faithful-banzhaf", {"interaction_size": 3}),
    ("multi-order", {}),
    ("inference-patterns", {}),
    ("harsanyi", {}),
    ("or-interaction", {}),
)
"""Every index that values players or sets of players, with its options."""


@identity("linearity", "index(a u + b w) = a index(u) + b index(w), all", "Shapley (1953)")
def linearity(subject: Subject) -> float:
    """Compare the index of a weighted sum of two games with the weighted sum of the indices."""
    other = subject.on(subject.rng.normal(size=len(subject.table)))
    a, b = subject.rng.normal(size=2)
    both = subject.on(a * subject.table + b * other.table)
    errors = []
    for index, options in INDICES:
        u, w = subject.ask(index, **options), other.ask(index, **options)
        errors.append(apart(both.ask(index, **options), {members: a * u[members] + b * w[members] for members in u}))
    return largest(*errors)


@identity("dummy", "v(S+i) = v(S) + c: i has c, i with others 0, all", "Zhou et al. (2024), errata 6, 7")
def dummy(subject: Subject) -> float:
    """Let one more player add c to every coalition: worth c alone, and nothing in company."""
    worth = float(subject.rng.normal())
    added = subject.n
    game = subject.on(np.concatenate([subject.table, subject.table + worth]))
    errors = []
    for index, options in INDICES:
        for members, value in game.ask(index, **options).items():
            if added in members:
                errors.append(value - (worth if len(members) == 1 else 0.0))
    return largest(*errors)


@identity("symmetry", "interchangeable players have equal values, all", "Shapley (1953)")
def symmetry(subject: Subject) -> float:
    """Make two players interchangeable: exchanging them changes no value."""
    swap = {**{player: player for player in subject.players}, 0: 1, 1: 0}
    game = subject.on((subject.table + permuted(subject.table, swap)) / 2)
    return largest(*(_changed_by(swap, game, game, index, options) for index, options in INDICES))


@identity("anonymity", "renaming players renames their values, all", "Shapley (1953)")
def anonymity(subject: Subject) -> float:
    """Rename the players: every value keeps to the players it belongs to."""
    renamed = dict(enumerate(subject.rng.permutation(subject.n).tolist()))
    game = subject.on(permuted(subject.table, renamed))
    return largest(*(_changed_by(renamed, subject, game, index, options) for index, options in INDICES))


def _changed_by(renamed: dict[int, int], old: Subject, new: Subject, index: str, options: dict[str, Any]) -> float:
    before = old.ask(index, **options)
    return apart(new.ask(index, **options), {_image(members, renamed): value for members, value in before.items()})


def _image(members: Members, renamed: dict[int, int]) -> Members:
    return frozenset(renamed[player] for player in members)


def permuted(table: FloatArray, renamed: dict[int, int]) -> FloatArray:
    """Return the table in which player i is called ``renamed[i]``."""
    codes = coalitions_of(renamed[player] for player in range(len(renamed)))
    new = np.empty_like(table)
    new[codes] = table
    return new


@identity("efficiency", "sum_i phi(i) = v(N) - v(0)", "Shapley (1953)")
def efficiency(subject: Subject) -> float:
    """Compare what all players get with what there is."""
    return largest(sum(subject.ask("shapley").values()) - subject.gain)


@identity("efficiency of sets", "dividends, Taylor, k- and faithful Shapley: v(N)", "each index's own")
def efficiency_of_sets(subject: Subject) -> float:
    """Compare what all sets get, the empty one included, with v(N)."""
    asked = [entry for entry in INDICES if entry[0] in ("shapley-taylor", "k-shapley", "faithful-shapley", "harsanyi")]
    totals = [sum(subject.ask(index, **options).values()) for index, options in asked]
    return largest(np.array(totals) - subject.table[-1])


@identity("dummy as printed", "v(ij) - v(i) - v(j) = -v(0), though both are dummies", "Zhou et al. (2024), erratum 7")
def dummy_as_printed(subject: Subject) -> float:
    """In an additive game with v(empty) other than 0 the printed condition of a dummy fails; its values do not."""
    weights, empty = subject.rng.normal(size=subject.n), 0.7
    game = subject.on(additive(weights.tolist(), empty).game.table)
    printed = game.table[0b11] - game.table[0b01] - game.table[0b10]
    values = [game.ask(index)[frozenset({i})] - weights[i] for index in ("shapley", "banzhaf") for i in subject.players]
    return largest(printed + empty, *values)
