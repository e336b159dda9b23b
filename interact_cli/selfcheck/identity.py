"""An identity as data: what it says, where it is from, and how far the package is from it on one game."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from interact_cli.progress import Progress
from interact_cli.seeding import generator
from interact_cli.selfcheck.checks import TOLERANCE, Agreement, Measure
from interact_cli.selfcheck.subject import Subject

SIZES = (6, 7, 8)
"""Players of the random games: standard normal values, that of nobody included."""
GAMES = 5
"""Random games of each size."""


@dataclass(frozen=True)
class Identity:
    """Something that holds for every game."""

    name: str
    asserts: str
    source: str
    error: Callable[[Subject], float]
    """How far a random game is from it."""
    tolerance: float = TOLERANCE
    games: int = GAMES
    """Random games of each size; one for a statement about many games, which draws them itself."""

    def check(self, measure: Measure, seed: int) -> Agreement:
        """Try it; the largest error counts, and NaN is the largest of all."""
        subjects = (_random_game(measure, seed, self.name, n, game) for n in SIZES for game in range(self.games))
        error = float(np.max([self.error(subject) for subject in subjects]))
        return Agreement(self.name, self.asserts, self.source, "identities", error, self.tolerance)


def identity(
    name: str, asserts: str, source: str, *, tolerance: float = TOLERANCE, games: int = GAMES
) -> Callable[[Callable[[Subject], float]], Identity]:
    """Make the function below an `Identity` that says this."""
    return lambda error: Identity(name, asserts, source, error, tolerance, games)


def stated_in(*modules: ModuleType) -> tuple[Identity, ...]:
    """Return the identities of modules, in the order in which they stand there."""
    return tuple(one for module in modules for one in vars(module).values() if isinstance(one, Identity))


def check_identities(identities: Sequence[Identity], measure: Measure, told: Progress, seed: int) -> list[Agreement]:
    """Try all of them."""
    checks = []
    told.start("axioms and identities", len(identities), "identities")
    for identity in identities:
        checks.append(identity.check(measure, seed))
        told.advance(1)
    told.finish()
    return checks


def _random_game(measure: Measure, seed: int, name: str, n_players: int, game: int) -> Subject:
    rng = generator(seed, "identities", name, n_players, game)
    return Subject(measure, rng.normal(size=2**n_players), rng)
