"""The design whose estimates are read off a surrogate: coalitions of all sizes, shared by every set and every index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from threading import local
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from interact_cli.errors import BudgetError
from interact_cli.games.coalitions import pack
from interact_cli.interactions.designs.complementary import ComplementaryPairs, with_complements
from interact_cli.interactions.designs.draws import ROUNDING, rounding_of
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.surrogate.functionals import Functional
from interact_cli.interactions.surrogate.leaves import index_of, mean_of, values_at
from interact_cli.interactions.surrogate.neighbours import neighbours
from interact_cli.interactions.surrogate.sample_reuse import reused
from interact_cli.interfaces.surrogates import Learner, Leaves
from interact_cli.types import BoolArray, FloatArray, IntArray, PackedArray

if TYPE_CHECKING:
    from interact_cli.interactions.surrogate.process import Process

SEEN = 8192
"""Most coalitions that the process is given; the others correct it."""
FOLDS = 5
"""Parts of what the process was not given: each is told by leaves that learned from the others."""
LEAST_FREE = 0.1
"""Least share of a pair's values that a linear fit leaves free: where it follows one whole, its error is not known."""
OWN_RAISED = 100.0
"""Factor of what coalitions have to themselves when their covariances cannot be factorised."""


@dataclass(frozen=True)
class Surrogate:
    """An index of sets of one size, read off a process that was given the values of coalitions of all sizes.

    The coalitions do not depend on the index: indices of equal budget share them, and one fit. Where there are more
    than `SEEN`, what the process leaves of the others corrects it by maximum sample reuse, each part weighted by its
    own variance: ``f + l d``, ``l = s^2 / (s^2 + e^2)``, of variance ``l e^2``. A learner may take part of d before.
    """

    index: str
    functional: Functional
    draw: ComplementaryPairs
    grid: tuple[int, int] | None = None
    """Rows and columns, where the players lie on a grid."""
    learner: Learner | None = None
    """What learns the rest where there is more than the process is given."""
    values_of: Literal["players", "pairs", "sets"] = "pairs"
    """How the values are laid out."""
    reuse: bool = False
    """True where maximum sample reuse answers from the same coalitions, without the process."""
    corrects_squares: bool = False
    """True where squares are corrected to first order by what left out values miss their predictions by."""

    @property
    def n_players(self) -> int:
        """Number of players ``n``."""
        return self.draw.n_players

    @property
    def sets(self) -> IntArray:
        """``(set, size)``."""
        return self.functional.sets

    @cached_property
    def asked(self) -> PackedArray:
        """``(n_asked, bytes)``: each drawn coalition, its complement behind it."""
        return pack(self.draw.coalitions)

    @property
    def learns(self) -> Learner | None:
        """The learner, where there is anything that the process is not given."""
        return self.learner if not self.reuse and 2 * len(self.draw.first) > SEEN else None

    def estimate(self, values: FloatArray) -> Estimate:
        """Return the posterior means, with calibrated posterior deviations; or what `reuse` says."""
        game = _Drawn.of(self.draw, values)
        return self._read(game, lambda: _last.model_of(self, game))

    def estimates(self, values: FloatArray, parts: int) -> list[Estimate]:
        """Share the pairs of coalitions out among ``parts`` estimates; sizes that are whole are whole in each.

        Raises:
            BudgetError: fewer pairs than parts.
        """
        game = _Drawn.of(self.draw, values)
        drawn = np.flatnonzero(~game.whole)
        if len(drawn) < parts:
            raise BudgetError(
                f"Sharing '{self.index}' out among {parts} plans needs at least {parts} pairs of coalitions, got "
                f"{len(drawn)}. Raise --budget."
            )
        shares = [np.concatenate([np.flatnonzero(game.whole), drawn[part::parts]]) for part in range(parts)]
        games = [game.only(np.sort(share)) for share in shares]
        return [self._read(game, partial(_Model.of, self, game)) for game in games]

    @property
    def surrogates(self) -> tuple[Self, ...]:
        """Itself, unless it does without."""
        return () if self.reuse else (self,)

    @property
    def without_surrogate(self) -> Self:
        """The same coalitions, answered by maximum sample reuse."""
        return replace(self, reuse=True)

    def _reused(self, game: _Drawn) -> Estimate:
        """Estimate by maximum sample reuse alone, of what a linear fit leaves of the values."""
        terms = np.concatenate([np.ones((len(game.values), 1)), np.where(game.coalitions, 1.0, -1.0)], axis=1)
        linear, *_ = np.linalg.lstsq(terms, game.values, rcond=None)
        left = game.values - terms @ linear
        means, *_ = reused(self.functional, game.first, left.reshape(-1, 2), game.possible)
        # The fit followed these values: what a pair would miss without itself is `(1 - H)^-1` of what is left of it.
        basis = np.linalg.qr(terms)[0].reshape(len(game.first), 2, -1)
        free, ways = np.linalg.eigh(np.eye(2) - basis @ basis.mT)
        missed = left.reshape(-1, 1, 2) @ ways / np.maximum(free, LEAST_FREE)[:, None] @ ways.mT
        _, errors, variances = reused(self.functional, game.first, missed[:, 0], game.possible)
        if self.functional.size == 1:
            means += 2 * linear[1:][self.sets[:, 0]]
        squares = means**2 - variances if self.corrects_squares else None
        return self._said(game, means, errors, None, squares=squares)

    def _read(self, game: _Drawn, model_of: Callable[[], _Model]) -> Estimate:
        if self.reuse:
            return self._reused(game)
        if game.spread == 0:
            nothing = np.zeros(len(self.sets))
            return self._said(game, nothing, nothing, 1.0)
        model, others, squares = model_of(), game.unseen, None
        if self.exact.all():
            nothing = np.zeros(len(self.sets))
            return self._said(game, nothing, nothing, model.process.explained, raised=model.raised)
        if self.corrects_squares:
            means, errors, squares = self._corrected(game, model.process)
        else:
            means, errors = model.process.posterior(self.functional)
        if len(others.first):
            left = model.left.reshape(-1, 2)
            added, error_of_added, _ = reused(self.functional, others.first, left, others.possible)
            if model.learned is not None:
                added += index_of(model.learned, self.functional, without=game.known.coalitions)
            share = errors**2 / np.maximum(errors**2 + error_of_added**2, np.finfo(np.float64).tiny)
            means, errors = means + share * added, np.sqrt(share) * error_of_added
        return self._said(game, means, errors, model.process.explained, raised=model.raised, squares=squares)

    @cached_property
    def exact(self) -> BoolArray:
        """``(set,)``: True where every coalition that counts for the index is asked for."""
        return self.functional.known_from(self.draw.coalitions)

    def _corrected(self, game: _Drawn, process: Process) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return what the process says, its error, and the squared index, ``f^2 + s^2 + 2 f d``.

        f is what the process says, s its error, d what the left out values say is missing of f: without bias, but
        noisy. Each value is multiplied with what the others say of f, so that the noise averages out over many sets. A
        learner has no part in it: s is not the error of what it told.
        """
        counts = np.repeat((game.possible / np.maximum(game.drawn, 1))[game.seen.sizes], 2)
        means, errors, leverage = process.posterior_and_leverage(self.functional, counts)
        missing, *_ = reused(self.functional, game.first, _missed(process, game).reshape(-1, 2), game.possible)
        return means, errors, means**2 + errors**2 + 2 * (means * missing - leverage)

    def _said(
        self,
        game: _Drawn,
        means: FloatArray,
        errors: FloatArray,
        explained: float | None,
        *,
        raised: bool = False,
        squares: FloatArray | None = None,
    ) -> Estimate:
        rounding = rounding_of(np.array([game.largest]), self.functional.size)
        known = self.functional.known_from(game.coalitions)
        if known.any():
            means, errors = means.copy(), np.where(known, 0.0, errors)
            weights = replace(self.functional, sets=self.sets[known]).weights(game.coalitions)
            means[known] = game.values @ weights
            squares = None if squares is None else np.where(known, means**2, squares)
        return Estimate(
            self.index,
            means * game.spread,
            np.maximum(errors * game.spread, rounding),
            known,
            2 * len(game.first),
            self.n_players,
            pairs=self.sets if self.values_of == "pairs" else None,
            sets=self.sets if self.values_of == "sets" else None,
            explained=explained,
            raised=raised,
            corrected_squares=None if squares is None else squares * game.spread**2,
        )


@dataclass(frozen=True)
class _Drawn:
    """Pairs of coalitions with their values, these of mean 0 and variance 1."""

    first: BoolArray
    """``(pair, n)``."""
    values: FloatArray
    """``(2 pair,)``."""
    possible: FloatArray
    """``(n // 2 + 1,)``: the pairs of each size that they were drawn from."""
    spread: float
    """What one is in the unit of the game; 0 where all values are equal."""
    largest: float
    """Largest magnitude of a value."""
    whole_up_to: int
    """Players of the largest coalitions that are all taken, if there is room."""

    @classmethod
    def of(cls, draw: ComplementaryPairs, values: FloatArray) -> Self:
        """Take the values of a draw, each pair after the other."""
        largest = float(np.abs(values).max())
        scaled = values / largest if largest > 0 else np.zeros(len(values))
        scaled = scaled - scaled.mean()
        deviation = float(scaled.std())
        if deviation <= ROUNDING:
            scaled, deviation = np.zeros(len(values)), 0.0
        possible = np.array([float(count) for count in draw.possible])
        return cls(draw.first, scaled / (deviation or 1.0), possible, deviation * largest, largest, draw.whole)

    @property
    def coalitions(self) -> BoolArray:
        """``(2 pair, n)``."""
        return with_complements(self.first)

    @cached_property
    def sizes(self) -> IntArray:
        """``(pair,)``."""
        sizes: IntArray = self.first.sum(axis=1)
        return sizes

    @property
    def turns(self) -> IntArray:
        """``(pair,)``: how many pairs of its size stand before each."""
        turns = np.empty(len(self.first), dtype=np.int64)
        for size in np.unique(self.sizes):
            of_size = np.flatnonzero(self.sizes == size)
            turns[of_size] = np.arange(len(of_size))
        return turns

    @property
    def whole(self) -> BoolArray:
        """``(pair,)``: True where all pairs of the size are there."""
        return (self.drawn >= self.possible)[self.sizes]

    @property
    def drawn(self) -> IntArray:
        """``(n // 2 + 1,)``: how many pairs of each size there are."""
        return np.bincount(self.sizes, minlength=len(self.possible))

    def only(self, pairs: IntArray) -> _Drawn:
        """Keep some pairs."""
        both = self.values.reshape(-1, 2)[pairs].ravel()
        return replace(self, first=self.first[pairs], values=both)

    @cached_property
    def is_seen(self) -> BoolArray:
        """``(pair,)``: True where the process is given them, every size in the same share."""
        n = self.first.shape[1]
        counts = ComplementaryPairs(n, min(SEEN, 2 * len(self.first)), 0, "", self.whole_up_to).counts
        seen = np.zeros(len(self.first), dtype=np.bool_)
        for size, count in enumerate(counts):
            seen[np.flatnonzero(self.sizes == size)[:count]] = True
        return seen

    @property
    def seen(self) -> _Drawn:
        """What the process is given."""
        return self if 2 * len(self.first) <= SEEN else self.only(np.flatnonzero(self.is_seen))

    @property
    def known(self) -> _Drawn:
        """What needs no learner: what the process is given, and sizes that are whole."""
        return self.only(np.flatnonzero(self.is_seen | self.whole))

    @property
    def unseen(self) -> _Drawn:
        """What corrects the process."""
        if 2 * len(self.first) <= SEEN:
            return self.only(np.empty(0, dtype=np.int64))
        counts = np.bincount(self.sizes[self.is_seen], minlength=len(self.possible))
        return replace(self.only(np.flatnonzero(~self.is_seen)), possible=self.possible - counts)


@dataclass(frozen=True)
class _Model:
    """What is known of one game."""

    process: Process
    left: FloatArray
    """``(row,)``: what process and learner leave of the values that the process was not given."""
    raised: bool
    """True where the covariances could not be factorised as they were fitted."""
    learned: Leaves | None = None
    """What the learner took from them."""

    @classmethod
    def of(cls, design: Surrogate, game: _Drawn) -> Self:
        """Condition the process, then let the learner tell the rest, if it tells any of what it did not see."""
        (process, raised), others = _conditioned(game, design.grid), game.unseen
        left = others.values - process.means_at(others.coalitions) if len(others.first) else np.empty(0)
        drawn = others.only(np.flatnonzero(~others.whole))
        if design.learner is None or len(drawn.first) < FOLDS:
            return cls(process, left, raised)
        of_drawn = np.repeat(~others.whole, 2)
        learned, missed = _learned(design.learner, drawn, left[of_drawn])
        if (missed**2).mean() >= (left[of_drawn] ** 2).mean():
            return cls(process, left, raised)
        left[of_drawn] = missed
        return cls(process, left, raised, learned)


def _missed(process: Process, game: _Drawn) -> FloatArray:
    """Return what every value of a game misses what the process tells of it from others by: ``(row,)``."""
    seen, others = np.repeat(game.is_seen, 2), game.unseen
    missed = np.empty(len(seen))
    missed[seen] = process.left_out
    if len(others.first):
        missed[~seen] = others.values - process.means_at(others.coalitions)
    return missed


def _learned(learner: Learner, others: _Drawn, left: FloatArray) -> tuple[Leaves, FloatArray]:
    """Return the mean of the leaves that learned without one fold each, and what that fold's values miss them by."""
    fold, coalitions = np.repeat(others.turns % FOLDS, 2), others.coalitions  # each has its share of every size
    learned, missed = [], left.copy()
    for part in range(FOLDS):
        out = fold == part
        learned.append(learner.learn(coalitions[~out], left[~out]))
        missed[out] -= values_at(learned[-1], coalitions[out])
    return mean_of(learned), missed


class _Last(local):
    """The last model of a thread: the indices of one sample are read off it in succession."""

    known: tuple[Any, ...] | None = None
    model: _Model | None = None

    def model_of(self, design: Surrogate, game: _Drawn) -> _Model:
        """Learn one game, once for all its indices."""
        known = (design.draw, design.grid, design.learner, game.values.tobytes())
        if self.model is None or self.known != known:
            self.known, self.model = known, None  # the earlier one goes before there is another
            self.model = _Model.of(design, game)
        return self.model


_last = _Last()


def _conditioned(game: _Drawn, grid: tuple[int, int] | None) -> tuple[Process, bool]:
    """Return the process, and whether what coalitions have to themselves was raised until it could be factorised."""
    # Not before it is needed: scipy takes time to load.
    from interact_cli.interactions.surrogate.fitting import fitted
    from interact_cli.interactions.surrogate.process import Process

    seen = game.seen
    coalitions, values = seen.coalitions, seen.values
    # The scales follow the first: every size equally often, one of each pair, in turn the smaller and the larger.
    order, turn = np.argsort(seen.turns, kind="stable"), np.arange(len(seen.first)) % 2
    some = np.concatenate([2 * order + turn, 2 * order + 1 - turn])
    as_fitted = kernel = fitted(coalitions[some], values[some], neighbours(grid))
    while True:
        try:
            return Process.given(kernel, coalitions, values), kernel is not as_fitted
        except np.linalg.LinAlgError:
            kernel = replace(kernel, own=kernel.own * OWN_RAISED)
