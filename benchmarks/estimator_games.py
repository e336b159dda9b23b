"""Games whose values and interactions are known: networks with complete tables, and sums of small parts.

``sou`` sums unanimity games, ``trees`` leaves of random decision trees, ``blocks`` network tables of 16 of the players.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial

import numpy as np
from scipy.special import beta

import interact_cli as ic
from benchmarks.gate_networks import FAMILIES, VERSIONS, Images, Tables, correct, trained
from interact_cli.interactions import indices
from interact_cli.interactions.designs.budgets import PAIR
from interact_cli.interactions.designs.sets import all_sets
from interact_cli.interactions.designs.within_budget import full_table
from interact_cli.seeding import generator
from interact_cli.types import BoolArray, FloatArray, IntArray

Value = Callable[[BoolArray], FloatArray]
Truth = Callable[[str, IntArray], FloatArray]
"""Name of an index, ``(set, size)`` -> ``(set,)``."""


@dataclass(frozen=True, eq=False)
class Known:
    """A game with the truth."""

    family: str
    n_players: int
    value: Value
    truth: Truth
    grid: tuple[int, int] | None = None
    noise: FloatArray | float = 0.0
    """``(pair,)``: variance of ``pairs`` where they are estimates themselves."""

    @cached_property
    def shapley(self) -> FloatArray:
        """``(n,)``."""
        return self.truth("shapley", all_sets(self.n_players, 1))

    @cached_property
    def pairs(self) -> FloatArray:
        """Shapley interactions of all pairs, ``(pair,)``."""
        return self.truth("shapley-interaction", all_sets(self.n_players, 2))


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
    for number, table in enumerate(network_tables()):
        yield Known("network", 16, ic.TableGame(table), partial(_of_table, number), (4, 4))


def _of_table(number: int, index: str, sets: IntArray) -> FloatArray:
    values = _all_of_table(number, index, sets.shape[1])
    return np.array([values[members] for members in map(tuple, np.sort(sets).tolist())])


@cache
def _all_of_table(number: int, index: str, size: int) -> Mapping[tuple[int, ...], float]:
    design = full_table(indices.lookup(index), 16, size=size if size > PAIR else None)
    estimate = design.estimate(network_tables()[number])
    return dict(zip(estimate.players, estimate.values.tolist(), strict=True))


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
    """Return ``v(S) = sum of worth over the leaves whose present players are in S and whose absent ones are not``."""
    signed = (present.astype(np.float32) - absent.astype(np.float32)).T
    n_present = present.sum(axis=1)

    def value(coalitions: BoolArray) -> FloatArray:
        starts = range(0, len(coalitions), 4096)
        parts = [coalitions[start : start + 4096].astype(np.float32) @ signed == n_present for start in starts]
        return np.concatenate([part @ worth for part in parts])

    return Known(family, n, value, partial(_derivatives, present, absent, worth))


def _derivatives(present: BoolArray, absent: BoolArray, worth: FloatArray, index: str, sets: IntArray) -> FloatArray:
    """Return an index of sums of leaves.

    Of a leaf with p present and q absent players the derivative in players A among them is worth times the mean over
    r of ``r^(p - |A n P|) (1 - r)^(q - |A n Q|)``, its sign that of the absent members: a Beta function.
    """
    law = indices.lookup(index).law(sets.shape[1])
    if law is None:
        raise ValueError(f"'{index}' is no mean over keep rates")
    total = np.zeros(len(sets))
    for needed, lacking, amount in zip(present, absent, worth, strict=True):
        of_set = needed[sets].sum(axis=1), lacking[sets].sum(axis=1)
        inside = np.flatnonzero(sum(of_set) == sets.shape[1])
        kept, dropped = needed.sum() - of_set[0][inside], lacking.sum() - of_set[1][inside]
        if law.keep_rate is not None:
            mean = law.keep_rate**kept * (1 - law.keep_rate) ** dropped
        else:  # r is Beta(1, b)
            mean = law.beta * beta(kept + 1, dropped + law.beta)
        total[inside] += amount * (-1.0) ** of_set[1][inside] * mean
    return total


def _blocks(n: int, seed: int) -> Known:
    rng = generator(seed, "blocks", n)
    tables = network_tables()
    blocks = [(rng.choice(n, 16, replace=False), number) for number in [*range(len(tables))] * 2]
    blocks = blocks[: max(3, round(n / 12))]

    def value(coalitions: BoolArray) -> FloatArray:
        values = [ic.TableGame(tables[number])(coalitions[:, players]) for players, number in blocks]
        total: FloatArray = np.sum(values, axis=0)
        return total

    def truth(index: str, sets: IntArray) -> FloatArray:
        total = np.zeros(len(sets))
        for players, number in blocks:  # players outside a block are dummies of its game
            places = np.full(n, -1)
            places[players] = np.arange(16)
            inside = (places[sets] >= 0).all(axis=1)
            total[inside] += _of_table(number, index, places[sets[inside]])
        return total

    return Known("blocks", n, value, truth)
