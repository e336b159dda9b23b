"""Designs: which coalitions a question asks for, and how their values become an estimate.

A design is drawn once, from a generator that knows the plan seed and the sample and nothing of the model.
`asked` may repeat coalitions; whoever evaluates removes the repetitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb

import numpy as np

from interact_cli.games.coalitions import all_coalitions, pack, single_player_bits, unique
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.pairs import all_pairs
from interact_cli.interactions.size_sums import SizeSums
from interact_cli.types import BoolArray, FloatArray, IntArray, PackedArray

TERMS = np.array([1.0, -1.0, -1.0, 1.0])
"""Signs of the four terms of a pair in a context: S+i+j, S+i, S+j, S."""

DRAWN_AT_ONCE = 2**22
"""Most entries of contexts that are held unpacked (one pair's contexts where they are more): tens of megabytes."""


@dataclass(frozen=True)
class FullTable:
    """All ``2^n`` coalitions: every index exactly, of every player or of the pairs that were asked for."""

    index: str
    n_players: int
    from_sums: Callable[[SizeSums], FloatArray]
    """Size sums of the table -> ``(n,)``, ``(n, n)`` or ``(n - 1, n, n)``."""
    pairs: IntArray | None = None
    """``(pair, 2)``: the pairs that a pair index is reduced to; None for all."""

    @property
    def asked(self) -> PackedArray:
        """``(2^n, bytes)`` in the order of the bit codes."""
        return all_coalitions(self.n_players)

    def estimate(self, values: FloatArray) -> Estimate:
        """Reduce the whole table; pairs are laid out as ``(pair,)`` and ``(order, pair)``."""
        result = self.from_sums(SizeSums.of(np.asarray(values, dtype=np.float64)))
        pairs = orders = None
        if result.ndim > 1:
            pairs = all_pairs(self.n_players) if self.pairs is None else self.pairs
            result = result[..., pairs[:, 0], pairs[:, 1]]
        if result.ndim > 1:
            orders = np.arange(self.n_players - 1)
        return Estimate(
            self.index,
            result,
            np.zeros_like(result),
            np.ones(result.shape, dtype=np.bool_),
            2**self.n_players,
            self.n_players,
            pairs,
            orders,
        )


@dataclass(frozen=True)
class Permutations:
    """Random orders of the players: one marginal contribution per player and order.

    ``phi(i) = E_order [ v(predecessors + i) - v(predecessors) ]``

    Source: Castro, Gomez & Tejada (2009); every single order satisfies efficiency.
    """

    index: str
    orders: IntArray
    """``(draw, n)``: the players in the order in which they enter."""

    @classmethod
    def draw(cls, index: str, n_players: int, n_draws: int, rng: np.random.Generator) -> Permutations:
        """Draw ``n_draws`` uniform orders."""
        players = np.tile(np.arange(n_players), (n_draws, 1))
        return cls(index, rng.permuted(players, axis=1))

    @property
    def asked(self) -> PackedArray:
        """``(draw * (n + 1), bytes)``: for each order, the empty coalition, then one player more at a time."""
        n_draws, n = self.orders.shape
        rank = np.argsort(self.orders, axis=1)
        prefixes = rank[:, None, :] < np.arange(n + 1)[None, :, None]
        return pack(prefixes.reshape(n_draws * (n + 1), n))

    def estimate(self, values: FloatArray) -> Estimate:
        """Average the marginal contributions of each player over the orders."""
        n_draws, n = self.orders.shape
        steps = np.diff(values.reshape(n_draws, n + 1), axis=1)
        marginals = np.empty_like(steps)
        np.put_along_axis(marginals, self.orders, steps, axis=1)
        return _averaged(self.index, marginals, self.asked, n)


@dataclass(frozen=True)
class Flips:
    """Uniform coalitions, each with every single player flipped: one marginal contribution per player and draw.

    ``psi(i) = E_S [ v(S + i) - v(S - i) ]``, S uniform over all coalitions.

    Source: Banzhaf (1965).
    """

    index: str
    bases: BoolArray
    """``(draw, n)``."""

    @classmethod
    def draw(cls, index: str, n_players: int, n_draws: int, rng: np.random.Generator) -> Flips:
        """Draw ``n_draws`` coalitions, each player present with probability one half."""
        return cls(index, rng.random((n_draws, n_players)) < 0.5)

    @property
    def asked(self) -> PackedArray:
        """``(draw * (n + 1), bytes)``: for each draw, the base, then the base with player 0..n-1 flipped."""
        flips = np.concatenate([pack(np.zeros_like(self.bases[:1])), single_player_bits(self.bases.shape[1])])
        flipped: PackedArray = pack(self.bases)[:, None, :] ^ flips
        return flipped.reshape(-1, flips.shape[1])

    def estimate(self, values: FloatArray) -> Estimate:
        """Average the signed flips of each player over the draws."""
        n_draws, n = self.bases.shape
        by_draw = values.reshape(n_draws, n + 1)
        change = by_draw[:, 1:] - by_draw[:, :1]
        return _averaged(self.index, np.where(self.bases, -change, change), self.asked, n)


@dataclass(frozen=True)
class Stratum:
    """Contexts of one kind that every pair is measured in."""

    n_contexts: int
    order: int | None = None
    """Size of the contexts; None where a keep rate is given."""
    keep_rate: tuple[float, float] | None = None
    """Each context keeps every other player with one probability, uniform between these bounds;
    None for uniform subsets of size ``order``."""
    exact: bool = False
    """True when these are all contexts of that size."""


@dataclass(frozen=True)
class PairContexts:
    """The published four-term plan: each pair in its own contexts S, asked as S+i+j, S+i, S+j and S.

    ``I(i,j) = E_S [ v(S+i+j) - v(S+i) - v(S+j) + v(S) ]``

    The law of S makes the index: a keep probability uniform in [0, 1] gives the Shapley interaction index,
    one half gives Banzhaf's, a uniform subset of size m gives the multi-order interaction of order m.

    Strata with orders together make one multi-order estimate. Of strata without, the first is the index; the others
    are order components, which only `averages` shows.

    Source: paper 003, equation 1 and appendix C; paper 000, appendix E.
    """

    index: str
    n_players: int
    pairs: IntArray
    """``(pair, 2)``."""
    strata: tuple[Stratum, ...]
    asked: PackedArray
    """Stratum by stratum, ``(pair, context, term)`` in each, flattened."""

    @classmethod
    def draw(
        cls, index: str, n_players: int, pairs: IntArray, strata: tuple[Stratum, ...], rngs: list[np.random.Generator]
    ) -> PairContexts:
        """Take, for every stratum, all contexts of its size or a draw of them.

        A stratum that is exact and as large as the number of contexts of its size is enumerated; the others are
        independent draws, repetitions included.
        """
        blocks = [
            block
            for stratum, rng in zip(strata, rngs, strict=True)
            for block in _stratum(n_players, pairs, stratum, rng)
        ]
        return cls(index, n_players, pairs, strata, np.concatenate(blocks))

    @cached_property
    def n_distinct(self) -> int:
        """Distinct coalitions among those asked."""
        return len(unique(self.asked)[0])

    def differences(self, values: FloatArray) -> list[FloatArray]:
        """Return the second differences of each stratum, ``(pair, context)``."""
        ends = np.cumsum([len(self.pairs) * stratum.n_contexts * 4 for stratum in self.strata])
        parts = np.split(values, ends[:-1])
        return [
            part.reshape(len(self.pairs), stratum.n_contexts, 4) @ TERMS
            for part, stratum in zip(parts, self.strata, strict=True)
        ]

    def estimate(self, values: FloatArray) -> Estimate:
        """Average the second differences over the contexts."""
        return self.estimate_of(self.differences(values))

    def estimate_of(self, differences: list[FloatArray]) -> Estimate:
        """Average given second differences: `differences`, or a part of their contexts."""
        means, errors = self.averages(differences)
        exact = np.broadcast_to(np.array([stratum.exact for stratum in self.strata])[:, None], means.shape)
        orders = [stratum.order for stratum in self.strata if stratum.order is not None]
        if len(orders) < len(self.strata):
            means, errors, exact = means[0], errors[0], exact[0]
        return Estimate(
            self.index,
            means,
            errors,
            exact.copy(),
            self.n_distinct,
            self.n_players,
            self.pairs,
            np.array(orders, dtype=np.int64) if orders else None,
        )

    def averages(self, differences: list[FloatArray]) -> tuple[FloatArray, FloatArray]:
        """Return the mean second difference of each stratum and pair, and its standard error: ``(stratum, pair)``."""
        means = np.stack([part.mean(axis=1) for part in differences])
        errors = np.stack(
            [
                np.zeros(len(part)) if stratum.exact else standard_error(part, axis=1)
                for part, stratum in zip(differences, self.strata, strict=True)
            ]
        )
        return means, errors


def standard_error(draws: FloatArray, axis: int) -> FloatArray:
    """Return the standard error of the mean of independent draws; NaN for a single draw."""
    n_draws = draws.shape[axis]
    if n_draws < 2:
        return np.full(np.delete(draws.shape, axis), np.nan)
    error: FloatArray = draws.std(axis=axis, ddof=1) / np.sqrt(n_draws)
    return error


def _averaged(index: str, draws: FloatArray, asked: PackedArray, n_players: int) -> Estimate:
    """Average ``(draw, n)`` marginal contributions."""
    return Estimate(
        index,
        draws.mean(axis=0),
        standard_error(draws, axis=0),
        np.zeros(n_players, dtype=np.bool_),
        len(unique(asked)[0]),
        n_players,
    )


def _stratum(n_players: int, pairs: IntArray, stratum: Stratum, rng: np.random.Generator) -> Iterator[PackedArray]:
    """Yield S+i+j, S+i, S+j and S of a stratum, some pairs at a time: ``(pair * context * 4, bytes)``.

    Numbers are drawn in the same order however many pairs are drawn at a time, so the contexts do not depend on it.
    """
    order = stratum.order or 0
    if stratum.exact and stratum.n_contexts == comb(n_players - 2, order):
        yield _four_terms(_every_context(n_players, pairs, order), pairs, n_players)
        return
    rates = None
    if stratum.keep_rate is not None:
        rates = rng.uniform(*stratum.keep_rate, (len(pairs), stratum.n_contexts, 1))
    at_once = max(1, DRAWN_AT_ONCE // (stratum.n_contexts * n_players))
    for start in range(0, len(pairs), at_once):
        some = slice(start, start + at_once)
        if rates is None:
            contexts = _uniform_contexts(n_players, pairs[some], order, stratum.n_contexts, rng)
        else:
            contexts = rng.random((*rates[some].shape[:2], n_players)) < rates[some]
        yield _four_terms(contexts, pairs[some], n_players)


def _uniform_contexts(
    n_players: int, pairs: IntArray, order: int, n_contexts: int, rng: np.random.Generator
) -> BoolArray:
    """Draw uniform subsets of size ``order`` that leave the pair out: ``(pair, context, n)``."""
    keys = rng.random((len(pairs), n_contexts, n_players), dtype=np.float32)
    np.put_along_axis(keys, np.broadcast_to(pairs[:, None, :], (len(pairs), n_contexts, 2)), np.inf, axis=2)
    contexts = np.zeros(keys.shape, dtype=np.bool_)
    if order:
        chosen = np.argpartition(keys, order - 1, axis=2)[:, :, :order]
        np.put_along_axis(contexts, chosen, values=True, axis=2)
    return contexts


def _every_context(n_players: int, pairs: IntArray, order: int) -> BoolArray:
    """List all subsets of size ``order`` of the other players: ``(pair, C(n-2, order), n)``."""
    n_subsets = comb(n_players - 2, order)
    subsets = np.array(list(combinations(range(n_players - 2), order)), dtype=np.int64).reshape(n_subsets, order)
    others = np.stack([np.delete(np.arange(n_players), pair) for pair in pairs])
    contexts = np.zeros((len(pairs), len(subsets), n_players), dtype=np.bool_)
    np.put_along_axis(contexts, others[:, subsets], values=True, axis=2)
    return contexts


def _four_terms(contexts: BoolArray, pairs: IntArray, n_players: int) -> PackedArray:
    """Pack S+i+j, S+i, S+j and S for every context: ``(pair * context * 4, bytes)``."""
    i, j = (single_player_bits(n_players, members) for members in pairs.T)
    neither: PackedArray = pack(contexts) & ~(i | j)[:, None, :]
    added = np.stack([i | j, i, j, np.zeros_like(i)], axis=1)
    terms: PackedArray = neither[:, :, None, :] | added[:, None, :, :]
    return terms.reshape(-1, terms.shape[-1])
