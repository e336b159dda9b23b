"""Contexts of pairs and of larger sets: every set in its own contexts, asked with each of its subsets present."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import product
from math import comb
from operator import or_
from typing import Self

import numpy as np

from interact_cli.games.coalitions import pack, row_bytes, single_player_bits, unique
from interact_cli.interactions.designs.draws import (
    moderated_standard_errors,
    rounding_of,
    shares,
    standard_error,
    variance_without_structure,
)
from interact_cli.interactions.designs.sets import all_sets, padded
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.types import BoolArray, FloatArray, IntArray, PackedArray

TERMS = np.array([1.0, -1.0, -1.0, 1.0])
"""Signs of the four terms of a pair in a context: S+i+j, S+i, S+j, S."""

DRAWN_AT_ONCE = 2**22
"""Most entries of contexts that are held unpacked (one set's contexts where they are more): tens of megabytes."""


@dataclass(frozen=True)
class Stratum:
    """Contexts of one kind that every set is measured in."""

    n_contexts: int
    order: int | None = None
    """Size of the contexts; None where a keep rate is given."""
    keep_rate: tuple[float, float] | None = None
    """Each context keeps every other player with one probability, uniform between these bounds;
    None for uniform subsets of size ``order``."""
    exact: bool = False
    """True when these are all contexts of that size."""
    beta: int = 1
    """With keep rates between 0 and 1: their law is Beta(1, ``beta``); 1 is the uniform one."""


@dataclass(frozen=True)
class SetContexts:
    """Each set A in its own contexts T, asked with every subset L of A added.

    ``I(A) = E_T [ D_A v(T) ]``, ``D_A v(T) = sum over L in A of (-1)^(|A|-|L|) v(T u L)``

    The law of T makes the index: a keep probability uniform in [0, 1] gives the Shapley interaction index, one from
    Beta(1, k) the top of the Shapley-Taylor index of order k, one half Banzhaf's; the empty context alone gives the
    dividend. Of several strata the first is the index; the others are components, which only `averages` shows.

    Source: docs/mathematics.md, "Sampling"; ``int_0^1 r^t (1-r)^(n-a-t) dr = t! (n-a-t)! / (n-a+1)!``.
    """

    index: str
    n_players: int
    sets: IntArray
    """``(set, size)``."""
    strata: tuple[Stratum, ...]
    asked: PackedArray
    """Stratum by stratum, ``(set, context, term)`` in each, flattened; terms from all of A to none of it."""
    candidates: int | None = None
    """Sets that these were drawn from; None where nobody says."""

    @classmethod
    def draw(
        cls, index: str, n_players: int, sets: IntArray, strata: tuple[Stratum, ...], rngs: list[np.random.Generator]
    ) -> Self:
        """Take, for every stratum, all contexts of its size or a draw of them.

        A stratum that is exact and as large as the number of contexts of its size is enumerated; the others are
        independent draws, repetitions included.
        """
        blocks = [
            block
            for stratum, rng in zip(strata, rngs, strict=True)
            for block in _stratum(n_players, sets, stratum, rng)
        ]
        return cls(index, n_players, sets, strata, np.concatenate(blocks))

    @property
    def size(self) -> int:
        """Players of a set."""
        return int(self.sets.shape[1])

    @cached_property
    def n_distinct(self) -> int:
        """Distinct coalitions among those asked."""
        return len(unique(self.asked)[0])

    def differences(self, values: FloatArray) -> list[FloatArray]:
        """Return ``D_A v(T)`` of each stratum, ``(set, context)``."""
        signs = np.array([(-1.0) ** (self.size - sum(present)) for present in _subsets(self.size)])
        ends = np.cumsum([len(self.sets) * stratum.n_contexts * len(signs) for stratum in self.strata])
        parts = np.split(values, ends[:-1])
        return [
            part.reshape(len(self.sets), stratum.n_contexts, len(signs)) @ signs
            for part, stratum in zip(parts, self.strata, strict=True)
        ]

    def estimate(self, values: FloatArray) -> Estimate:
        """Average the differences over the contexts; no drawn value is surer than rounding of the game lets it be."""
        without_structure = variance_without_structure(self.asked, values, self.n_players, self.size)
        estimate = self.estimate_of(self.differences(values), without_structure)
        return self._at_least(rounding_of(values, self.size), estimate)

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Share the drawn contexts of every set out among ``parts`` estimates; exact strata are whole in each.

        Raises:
            BudgetError: fewer contexts than parts.
        """
        differences = self.differences(values)
        fewest = min((stratum.n_contexts for stratum in self.strata if not stratum.exact), default=parts)
        return [
            self.estimate_of(
                [
                    part if stratum.exact else part[:, share]
                    for part, stratum in zip(differences, self.strata, strict=True)
                ]
            )
            for share in shares(self.index, fewest, parts)
        ]

    @staticmethod
    def _at_least(rounding: float, estimate: Estimate) -> Estimate:
        if estimate.orders is not None:
            return estimate
        errors = np.maximum(estimate.standard_errors, np.where(estimate.exact, 0.0, rounding))
        return replace(estimate, standard_errors=errors)

    def estimate_of(self, differences: list[FloatArray], without_structure: float = 0.0) -> Estimate:
        """Average given differences: `differences`, or a part of their contexts."""
        means, errors = self.averages(differences, without_structure)
        exact = np.full(len(self.sets), self.strata[0].exact)
        return Estimate(
            self.index,
            means[0],
            errors[0],
            exact,
            self.n_distinct,
            self.n_players,
            sets=self.sets,
            candidates=self.candidates,
        )

    def averages(self, differences: list[FloatArray], without_structure: float = 0.0) -> tuple[FloatArray, FloatArray]:
        """Return the mean difference of each stratum and set, and its standard error: ``(stratum, set)``."""
        means = np.stack([part.mean(axis=1) for part in differences])
        of_strata = zip(differences, self.strata, strict=True)
        errors = np.stack([_errors(part, stratum, without_structure) for part, stratum in of_strata])
        return means, errors


@dataclass(frozen=True)
class PairContexts(SetContexts):
    """The published four terms: each pair in its own contexts S, asked as S+i+j, S+i, S+j and S.

    ``I(i,j) = E_S [ v(S+i+j) - v(S+i) - v(S+j) + v(S) ]``

    The law of S makes the index: a keep probability uniform in [0, 1] gives the Shapley interaction index,
    one half gives Banzhaf's, a uniform subset of size m gives the multi-order interaction of order m.

    Strata with orders together make one multi-order estimate. Of strata without, the first is the index; the others
    are order components, which only `averages` shows.

    Source: Deng et al. (2022), equation 1 and appendix C; Zhang et al. (ICLR 2021), appendix E.
    """

    @property
    def pairs(self) -> IntArray:
        """``(pair, 2)``."""
        return self.sets

    def estimate_of(self, differences: list[FloatArray], without_structure: float = 0.0) -> Estimate:
        """Average given second differences: `differences`, or a part of their contexts."""
        means, errors = self.averages(differences, without_structure)
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
            candidates=self.candidates,
        )


@dataclass(frozen=True)
class ContextsBySize:
    """Sets of several sizes, each size in contexts of its own kind: one estimate of them all."""

    sizes: tuple[SetContexts | Surrogate, ...]
    """The largest may be read off a surrogate."""

    @property
    def asked(self) -> PackedArray:
        """``(n_asked, bytes)``, size by size."""
        return np.concatenate([part.asked for part in self.sizes])

    def estimate(self, values: FloatArray) -> Estimate:
        """Estimate every size and put the sets below each other, padded with -1."""
        return self._stacked([part.estimate(own) for part, own in zip(self.sizes, self._split(values), strict=True)])

    @property
    def surrogates(self) -> tuple[Surrogate, ...]:
        """What of it is read off a surrogate."""
        return self.sizes[-1].surrogates if isinstance(self.sizes[-1], Surrogate) else ()

    @property
    def without_surrogate(self) -> Self:
        """The same coalitions, answered without a surrogate."""
        *below, largest = self.sizes
        return replace(self, sizes=(*below, largest.without_surrogate)) if isinstance(largest, Surrogate) else self

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Share the drawn contexts out among ``parts`` estimates; exact sizes are whole in each.

        Raises:
            BudgetError: fewer contexts than parts.
        """
        by_size = [part.estimates(own, parts) for part, own in zip(self.sizes, self._split(values), strict=True)]
        return [self._stacked(list(share)) for share in zip(*by_size, strict=True)]

    @cached_property
    def _n_distinct(self) -> int:
        return len(unique(self.asked)[0])

    def _split(self, values: FloatArray) -> list[FloatArray]:
        return np.split(values, np.cumsum([len(part.asked) for part in self.sizes])[:-1])

    def _stacked(self, estimates: list[Estimate]) -> Estimate:
        return Estimate(
            self.sizes[0].index,
            np.concatenate([estimate.values for estimate in estimates]),
            np.concatenate([estimate.standard_errors for estimate in estimates]),
            np.concatenate([estimate.exact for estimate in estimates]),
            self._n_distinct,
            self.sizes[0].n_players,
            sets=padded([part.sets for part in self.sizes]),
            candidates=estimates[-1].candidates,
            explained=estimates[-1].explained,
        )


def _errors(differences: FloatArray, stratum: Stratum, without_structure: float) -> FloatArray:
    """Return the standard errors of the means; at one order each pair has its own spread, as its papers have it."""
    if stratum.exact:
        return np.zeros(len(differences))
    if stratum.order is not None:
        return standard_error(differences, axis=1)
    return moderated_standard_errors(differences, without_structure)


def _subsets(size: int) -> list[tuple[bool, ...]]:
    """Which members each term adds: from all to none, the first member leading."""
    return list(product((True, False), repeat=size))


def _stratum(n_players: int, sets: IntArray, stratum: Stratum, rng: np.random.Generator) -> Iterator[PackedArray]:
    """Yield the terms of a stratum, some sets at a time: ``(set * context * term, bytes)``.

    Numbers are drawn in the same order however many sets are drawn at a time, so the contexts do not depend on it.
    """
    order = stratum.order or 0
    enumerated = stratum.exact and stratum.n_contexts == comb(n_players - sets.shape[1], order)
    rates = None
    if stratum.keep_rate is not None:
        rates = rng.uniform(*stratum.keep_rate, (len(sets), stratum.n_contexts, 1))
        # Beta(1, b) by its inverse distribution function, which leaves the uniform draws of b = 1 as they were.
        rates = rates if stratum.beta == 1 else 1 - (1 - rates) ** (1 / stratum.beta)
    at_once = max(1, DRAWN_AT_ONCE // (stratum.n_contexts * n_players))
    for start in range(0, len(sets), at_once):
        some = slice(start, start + at_once)
        if enumerated:
            contexts = _every_context(n_players, sets[some], order)
        elif rates is None:
            contexts = _uniform_contexts(n_players, sets[some], order, stratum.n_contexts, rng)
        else:
            contexts = rng.random((*rates[some].shape[:2], n_players)) < rates[some]
        yield _terms(contexts, sets[some], n_players)


def _uniform_contexts(
    n_players: int, sets: IntArray, order: int, n_contexts: int, rng: np.random.Generator
) -> BoolArray:
    """Draw uniform subsets of size ``order`` that leave the set out: ``(set, context, n)``."""
    keys = rng.random((len(sets), n_contexts, n_players), dtype=np.float32)
    members = np.broadcast_to(sets[:, None, :], (len(sets), n_contexts, sets.shape[1]))
    np.put_along_axis(keys, members, np.inf, axis=2)  # sorted last, so never among the chosen
    contexts = np.zeros(keys.shape, dtype=np.bool_)
    if order:
        chosen = np.argpartition(keys, order - 1, axis=2)[:, :, :order]
        np.put_along_axis(contexts, chosen, values=True, axis=2)
    return contexts


def _every_context(n_players: int, sets: IntArray, order: int) -> BoolArray:
    """List all subsets of size ``order`` of the other players: ``(set, C(n - size, order), n)``."""
    subsets = all_sets(n_players - sets.shape[1], order)
    contexts = np.zeros((len(sets), len(subsets), n_players), dtype=np.bool_)
    if order:
        others = np.stack([np.delete(np.arange(n_players), members) for members in sets])
        np.put_along_axis(contexts, others[:, subsets], values=True, axis=2)
    return contexts


def _terms(contexts: BoolArray, sets: IntArray, n_players: int) -> PackedArray:
    """Pack every context with all, some and none of its set: ``(set * context * term, bytes)``."""
    members = [single_player_bits(n_players, column) for column in sets.T]
    nobody = np.zeros((len(sets), row_bytes(n_players)), dtype=np.uint8)
    chosen = [
        reduce(or_, (bits for bits, there in zip(members, present, strict=True) if there), nobody)
        for present in _subsets(sets.shape[1])
    ]
    added = np.stack(chosen, axis=1)
    outside: PackedArray = pack(contexts) & ~added[:, :1]
    terms: PackedArray = outside[:, :, None, :] | added[:, None, :, :]
    return terms.reshape(-1, terms.shape[-1])
