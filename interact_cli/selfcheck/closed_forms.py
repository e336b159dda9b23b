"""The known games against the package: every index whose closed form is derived on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from interact_cli.games.closed_form import KnownGame, Members, Partitioned
from interact_cli.games.game import TableGame
from interact_cli.games.known import (
    additive,
    disjunction,
    majority,
    parity,
    product,
    sum_of_unanimity,
    unanimity,
)
from interact_cli.progress import Progress
from interact_cli.seeding import generator
from interact_cli.selfcheck.checks import Agreement, Measure
from interact_cli.selfcheck.subject import apart, by_players, largest

N_PLAYERS = (6, 7)
SIZE = 3
"""Largest sets of the indices that value sets."""
GROUPS = ((0, 1), (1, 2, 3), (0, 1, 2, 3), (2, 3, 4, 5))
"""Sets A of the multivariate interaction."""


@dataclass(frozen=True)
class Closed:
    """An index, and its closed form for given players."""

    index: str
    form: Callable[[KnownGame, Members], Any]
    options: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """The index with its size."""
        return self.index if self.options is None else f"{self.index} of {self.options['interaction_size']}"


def _orders(game: KnownGame, pair: Members) -> np.ndarray:
    return np.array([game.order(pair, m) for m in range(game.n_players - 1)])


def _patterns(game: KnownGame, pair: Members) -> np.ndarray:
    return np.array([game.inference_pattern(pair, q) for q in range(game.n_players - 1)])


UP_TO_SIZE = {"interaction_size": SIZE}
CLOSED = (
    Closed("shapley", lambda game, some: game.shapley(some)),
    Closed("banzhaf", lambda game, some: game.banzhaf(some)),
    Closed("shapley-interaction", lambda game, some: game.shapley(some)),
    Closed("banzhaf-interaction", lambda game, some: game.banzhaf(some)),
    Closed("shapley-interaction", lambda game, some: game.shapley(some), UP_TO_SIZE),
    Closed("banzhaf-interaction", lambda game, some: game.banzhaf(some), UP_TO_SIZE),
    Closed("shapley-taylor", lambda game, some: game.shapley_taylor(some, SIZE), UP_TO_SIZE),
    Closed("k-shapley", lambda game, some: game.k_shapley(some, SIZE), UP_TO_SIZE),
    Closed("faithful-shapley", lambda game, some: game.faithful_shapley(some, SIZE), UP_TO_SIZE),
    Closed("faithful-banzhaf", lambda game, some: game.faithful_banzhaf(some, SIZE), UP_TO_SIZE),
    Closed("multi-order", _orders),
    Closed("inference-patterns", _patterns),
    Closed("harsanyi", KnownGame.dividend),
    Closed("or-interaction", KnownGame.or_interaction),
)


def known_games(n_players: int, rng: np.random.Generator) -> tuple[KnownGame, ...]:
    """Return one game of each kind; what is not fixed is drawn."""
    team = sorted(rng.choice(n_players, 4, replace=False).tolist())
    teams = [(), *(tuple(sorted(rng.choice(n_players, size, replace=False).tolist())) for size in (1, 2, 3, 4, 5))]
    return (
        unanimity(n_players, team),
        sum_of_unanimity(n_players, {some: float(rng.normal()) for some in teams}),
        disjunction(n_players, team),
        majority(n_players),
        additive(rng.normal(size=n_players).tolist(), float(rng.normal())),
        product(rng.normal(size=n_players).tolist(), rng.normal(size=n_players).tolist()),
        parity(n_players),
    )


def check_closed_forms(measure: Measure, told: Progress, seed: int) -> list[Agreement]:
    """Compare every known game with every index."""
    checks = []
    by_size = [known_games(n, generator(seed, "known games", n)) for n in N_PLAYERS]
    told.start("closed forms", len(by_size[0]), "games")
    for alike in zip(*by_size, strict=True):
        checks += list(_checked(alike, measure))
        told.advance(1)
    told.finish()
    return checks


def _checked(games: tuple[KnownGame, ...], measure: Measure) -> Iterator[Agreement]:
    for closed in CLOSED:
        errors = [_error(game, closed, measure) for game in games]
        yield _agreement(games[0], closed.name, float(np.max(errors)))
    errors = [_multivariate(game.game, game.multivariate, measure) for game in games if game.multivariate]
    if errors:
        yield _agreement(games[0], "multivariate", float(np.max(errors)))


def _agreement(game: KnownGame, index: str, error: float) -> Agreement:
    return Agreement(
        f"{game.name}, {index}", f"{index} of the game as derived on paper", "games/known.py", "closed forms", error
    )


def _error(game: KnownGame, closed: Closed, measure: Measure) -> float:
    found = by_players(measure(game.game, closed.index, **(closed.options or {})))
    return apart(found, {members: closed.form(game, members) for members in found})


def _multivariate(game: TableGame, closed: Callable[[Members], Partitioned], measure: Measure) -> float:
    errors = []
    for group in GROUPS:
        found, known = measure(game, "multivariate", players=group), closed(frozenset(group))
        errors.append(found.values[:4] - np.array([known.together, known.most, known.least, known.most - known.least]))
    return largest(*errors)
