"""Games whose Shapley values and pair interactions are known: networks with complete tables, and sums of small parts.

``sou`` sums unanimity games, ``trees`` leaves of random decision trees, ``blocks`` network tables of 16 of the players.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import beta

import interact_cli as ic
from benchmarks.gate_networks import FAMILIES, VERSIONS, Images, Tables, correct, trained
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray

Value = Callable[[BoolArray], FloatArray]


@dataclass(frozen=True)
class Known:
    """A game with the truth."""

    family: str
    n_players: int
    value: Value
    shapley: FloatArray
    """``(n,)``."""
    pairs: FloatArray
    """``(pair,)`` in the order of ``numpy.triu_indices(n, 1)``."""
    grid: tuple[int, int] | None = None
    noise: FloatArray | None = None
    """``(pair,)``: variance of ``pairs`` where they are estimates themselves."""


@cache
def network_tables(n_games: int = 3) -> tuple[FloatArray, ...]:
    """Return ``(2^16,)`` log-odds of images of digits on a grid of 4 x 4, of networks trained here."""
    train, test = Images.of("train"), Images.of("test")
    tables = []
    for number in range(n_games):
        family = list(FAMILIES.values())[1 - number % 2]
        model = trained(family, VERSIONS["reference" if number < 2 else "dropout"], train)
        right = np.flatnonzero(correct(model, test))
        tables.append(Tables(model, test).of(int(right[7 * number])))
    return tuple(tables)


def networks() -> Iterator[Known]:
    """Yield the games of 16 players."""
    for table in network_tables():
        game = ic.TableGame(table)
        pairs = ic.measure(game, "shapley-interaction").values[np.triu_indices(16, 1)]
        yield Known("network", 16, game, ic.measure(game, "shapley").values, pairs, (4, 4))


def composed(n_players: int, seed: int = 0) -> Iterator[Known]:
    """Yield one game of each other family."""
    yield _of_leaves("sou", n_players, *_unanimity(n_players, seed))
    yield _of_leaves("trees", n_players, *_trees(n_players, seed))
    yield _blocks(n_players, seed)


def _unanimity(n: int, seed: int) -> tuple[BoolArray, BoolArray, FloatArray]:
    rng = generator(seed, "sou", n)
    present = np.zeros((3 * n, n), dtype=np.bool_)
    for row in present:
        row[rng.choice(n, rng.integers(1, 9), replace=False)] = True
    return present, np.zeros_like(present), rng.normal(size=3 * n)


def _trees(n: int, seed: int, n_trees: int = 25, depth: int = 6) -> tuple[BoolArray, BoolArray, FloatArray]:
    """Grow trees that prefer some players; the value of a leaf is a random walk along its path."""
    rng = generator(seed, "trees", n)
    liked = rng.dirichlet(np.full(n, 0.5)) + 1e-3
    leaves: list[tuple[list[int], list[int], float]] = []

    def grow(present: list[int], absent: list[int], left: int, value: float) -> None:
        free = [player for player in range(n) if player not in present and player not in absent]
        if left == 0 or (left < depth - 1 and rng.random() < 0.15):
            leaves.append((present, absent, value))
            return
        player = int(rng.choice(free, p=liked[free] / liked[free].sum()))
        step = rng.normal()
        grow([*present, player], absent, left - 1, value + step)
        grow(present, [*absent, player], left - 1, value - 0.3 * step)

    for _ in range(n_trees):
        grow([], [], depth, 0.0)
    masks = np.zeros((2, len(leaves), n), dtype=np.bool_)
    for row, (present, absent, _) in enumerate(leaves):
        masks[0, row, present] = True
        masks[1, row, absent] = True
    return masks[0], masks[1], np.array([value for _, _, value in leaves])


def _of_leaves(family: str, n: int, present: BoolArray, absent: BoolArray, worth: FloatArray) -> Known:
    """Return ``v(S) = sum of worth over the leaves whose present players are in S and whose absent ones are not``.

    Of a leaf with p present and a absent players the derivative in players A is worth times the mean over r of
    ``r^(p - |A n P|) (1 - r)^(a - |A n Q|)``, its sign that of the absent members: a Beta function.
    """
    signed = (present.astype(np.float32) - absent.astype(np.float32)).T
    n_present, n_absent = present.sum(axis=1), absent.sum(axis=1)

    def value(coalitions: BoolArray) -> FloatArray:
        starts = range(0, len(coalitions), 4096)
        parts = [coalitions[start : start + 4096].astype(np.float32) @ signed == n_present for start in starts]
        return np.concatenate([part @ worth for part in parts])

    def weight(fewer_present: int, fewer_absent: int) -> FloatArray:
        p, a = n_present - fewer_present, n_absent - fewer_absent
        possible = (p >= 0) & (a >= 0)
        return np.where(possible, worth * beta(np.maximum(p, 0) + 1, np.maximum(a, 0) + 1), 0.0)

    needs, lacks = present.astype(float), absent.astype(float)
    shapley = weight(1, 0) @ needs - weight(0, 1) @ lacks
    mixed = (needs * weight(1, 1)[:, None]).T @ lacks
    matrix = (needs * weight(2, 0)[:, None]).T @ needs + (lacks * weight(0, 2)[:, None]).T @ lacks - mixed - mixed.T
    return Known(family, n, value, shapley, matrix[np.triu_indices(n, 1)])


def _blocks(n: int, seed: int) -> Known:
    rng = generator(seed, "blocks", n)
    parts = [(rng.choice(n, 16, replace=False), ic.TableGame(table)) for table in network_tables() * 2]
    parts = parts[: max(3, round(n / 12))]
    shapley, matrix = np.zeros(n), np.zeros((n, n))
    for players, game in parts:  # players outside a block are dummies of its game
        shapley[players] += ic.measure(game, "shapley").values
        matrix[np.ix_(players, players)] += np.nan_to_num(ic.measure(game, "shapley-interaction").values)

    def value(coalitions: BoolArray) -> FloatArray:
        total: FloatArray = np.sum([game(coalitions[:, players]) for players, game in parts], axis=0)
        return total

    return Known("blocks", n, value, shapley, matrix[np.triu_indices(n, 1)])


def sets_of_games() -> Mapping[int, tuple[Known, ...]]:
    """Return the games by their number of players."""
    return {16: tuple(networks()), 36: tuple(composed(36)), 49: tuple(composed(49))}
