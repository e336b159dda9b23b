"""Values of all coalitions of a sample: dividends (AND), OR interactions, both at once, and lengths of vectors.

A value belongs to its bit code (player i = bit i) whatever the number of players, so samples of different sizes share
one axis, the shorter ones NaN beyond their own ``2^n``. Strengths leave the empty coalition out, v(empty) is no
interaction, and what rounding of the network's float32 alone may make (`Estimate.beyond_rounding`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from interact_cli.interactions import indices
from interact_cli.interactions.and_or.split import AndOr as Split
from interact_cli.interactions.indices import Index
from interact_cli.interfaces import Cohort, Design, Question, Reduced
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.summaries import sentences
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.metrics.summaries.tables import estimators, stacked, values_quantity
from interact_cli.results import Measurement, Quantity
from interact_cli.types import FloatArray

SALIENT = 0.05
"""A coalition is salient when its strength reaches this share of the strongest one's."""
SALIENT_TEXT = f"non-empty coalitions with |I(S)| >= {SALIENT} of the sample's largest, and beyond rounding"
SAVED = {
    "l1_before": "sum of |I(S)| where all of the score is taken as AND",
    "l1_after": "sum of |I_and(S)| + |I_or(S)| after learning the split",
}
"""What the learning of the split saves."""
KINDS = {"": "AND interaction of each coalition", "or_": "OR interaction of each coalition"}
"""Prefix of a quantity -> what its values are."""


@dataclass(frozen=True, kw_only=True)
class CoalitionValues(IndexMetric):
    """What each set of players adds that no smaller set explains: one value for every coalition.

    Strengths by size, and how many coalitions are salient (at least 5 % as strong as the sample's strongest).
    """

    version: int = 2
    kept_per_coalition: int = 6
    kind: str = "ANDs"
    """What its values are called, several of them."""

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise by size."""
        values = [result.estimate.beyond_rounding for result in results]
        sizes = int(cohort.n_players.max())
        resampler, unit = Resampler.over(cohort, self.name), cohort.unit
        by_size = own_strengths(values, sizes, unit)
        salient = own_salient([[own] for own in values])
        counted = n_salient(resampler, salient)
        share = resampler.summarise("share", by_size).quantity(
            "share_by_size", "strength of a size over that of all sizes", "share", "by-order"
        )
        text = "sum of |I(S)| beyond rounding over the coalitions of a size, mean of samples"
        return self.measurement(
            estimators(results),
            per_sample=(*self.by_coalition(results, unit), by_size, salient),
            summary=(
                resampler.summarise("mean", by_size).quantity("strength_by_size", text, "sum |I|", "headline"),
                share,
                counted,
            ),
            coordinates=axes(values, sizes),
            findings=[sentences.salient(counted, self.kind), *sentences.shares_of_sizes(share)],
        )

    def by_coalition(self, results: Sequence[Reduced], unit: str) -> list[Quantity]:
        """Return the samples' own values."""
        estimates = [result.estimate for result in results]
        return [values_quantity(estimates, ("coalition",), unit, self.index.summary)]


@dataclass(frozen=True, kw_only=True)
class Concepts(CoalitionValues):
    """Prototypical concepts: which sets of players a layer reacts to as a whole, by the length of its reaction.

    ``||I(S)||_2`` with ``I(S) = sum_{L in S} (-1)^(|S|-|L|) f(L)``, f a feature of the network.

    Source: Zhou et al. (2024), section 4.3.
    """

    name: str = "concepts"
    source: str = "Zhou et al. (2024), section 4.3"
    formula: str = "||I(S)||_2 with I(S) = sum over L in S of (-1)^(s-l) f(L), f a feature of the network"
    example: str = "interact measure ckpt.pt --metric concepts --score vector:norm --players grid:3x4 --budget 4096"
    index: Index = indices.lookup("harsanyi")
    of_vectors: bool = True
    kind: str = "concepts"

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Keep the lengths of one sample's vector dividends."""
        reduced = super().reduce(design, values, question)
        lengths, errors = (
            np.linalg.norm(vectors, axis=1) for vectors in (reduced.estimate.values, reduced.estimate.standard_errors)
        )
        exact = np.ones(lengths.shape, dtype=np.bool_)
        estimate = replace(reduced.estimate, values=lengths, standard_errors=errors, exact=exact)
        return replace(reduced, estimate=estimate)

    def by_coalition(self, results: Sequence[Reduced], unit: str) -> list[Quantity]:
        """Return the lengths, and the share of each among those of its sample."""
        (lengths_quantity,) = super().by_coalition(results, unit)
        lengths = stacked([result.estimate.beyond_rounding for result in results], np.nan)
        lengths[:, 0] = np.nan
        total = np.nansum(lengths, axis=1, keepdims=True)
        share = lengths / np.where(total > 0, total, np.nan)
        meaning = "length of the vector dividend, ||I(S)||"
        return [
            replace(lengths_quantity, meaning=meaning),
            Quantity("share", ("sample", "coalition"), share, "1", f"{meaning}, over the sum of the sample's"),
        ]


@dataclass(frozen=True, kw_only=True)
class AndOr(IndexMetric):
    """AND and OR interactions of each sample, the split between them learned to leave as little strength as it can.

    ``v + q = v_and + v_or``; minimise ``||I_and||_1 + ||I_or||_1`` over the split and the small noise q

    Source: see `interact_cli.interactions.and_or.split`.
    """

    name: str = "and-or"
    source: str = indices.lookup("and-or").source
    index: Index = indices.lookup("and-or")
    version: int = 2
    kept_per_coalition: int = 11

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Learn the split of one sample."""
        reduced = super().reduce(design, values, question)
        return replace(reduced, estimator=f"{reduced.estimator}, the split between AND and OR learned")

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise both kinds by size, and how much strength the split saved."""
        splits = [_split_of(result) for result in results]
        both = {"": splits, "or_": [replace(split, values=split.or_values) for split in splits]}
        ands, ors = ([split.beyond_rounding for split in of_kind] for of_kind in both.values())
        sizes, unit = int(cohort.n_players.max()), cohort.unit
        by_size = [own_strengths(ands, sizes, unit, "AND "), own_strengths(ors, sizes, unit, "OR ", "or_")]
        salient = own_salient(list(zip(ands, ors, strict=True)))
        saved = _own_sums(splits, unit)
        resampler = Resampler.over(cohort, self.name)
        of_kinds = [*_kinds_by_size(resampler, by_size)]
        counted, sums = n_salient(resampler, salient), [*_saved(resampler, saved)]
        shares = [part for part in of_kinds if part.unit == "1"]
        return self.measurement(
            estimators(results),
            per_sample=(
                *[
                    replace(values_quantity(of_kind, ("coalition",), unit, KINDS[prefix]), name=f"{prefix}values")
                    for prefix, of_kind in both.items()
                ],
                *by_size,
                salient,
                *saved,
            ),
            summary=(*of_kinds, counted, *sums),
            coordinates=axes(ands, sizes),
            findings=[
                sentences.saved(*sums),
                sentences.salient(counted, "ANDs and ORs"),
                *sentences.shares_of_sizes(*shares),
            ],
            notes=[*_notes(splits)],
        )


def strength_by_size(values: FloatArray, sizes: int) -> FloatArray:
    """Return ``sum of |I(S)| over the S of s players`` for s = 1..sizes; 0 where a game has fewer players.

    Args:
        values: ``(2^n,)`` by bit code.
        sizes: Largest size, n or more.

    Example:
        >>> strength_by_size(np.array([9.0, 1.0, -2.0, 4.0]), 3).tolist()
        [3.0, 4.0, 0.0]
    """
    return np.bincount(_sizes(len(values)), np.abs(values), sizes + 1)[1:].astype(np.float64)


def own_strengths(values: Sequence[FloatArray], sizes: int, unit: str, kind: str = "", prefix: str = "") -> Quantity:
    """Return the strength of each size in each sample, `strength_by_size`."""
    by_size = np.stack([strength_by_size(own, sizes) for own in values])
    text = f"sum of |I(S)| beyond rounding over the {kind}coalitions of a size"
    return Quantity(f"{prefix}own_strength_by_size", ("sample", "size"), by_size, unit, text)


def own_salient(values: Sequence[Sequence[FloatArray]]) -> Quantity:
    """Count the salient coalitions of each sample.

    Args:
        values: Of each sample one array ``(2^n,)``, or more where there are several kinds of interaction.
    """
    counts = np.array([_n_salient(np.abs([kind[1:] for kind in kinds])) for kinds in values], dtype=np.float64)
    return Quantity("own_n_salient", ("sample",), counts, "1", SALIENT_TEXT)


def n_salient(resampler: Resampler, counts: Quantity) -> Quantity:
    """Average the number of salient coalitions."""
    text = f"{SALIENT_TEXT}, mean of samples"
    return resampler.summarise("mean", counts).quantity("n_salient", text, "salient coalitions")


def axes(values: Sequence[FloatArray], sizes: int) -> dict[str, np.ndarray]:
    """Label coalitions by their bit codes and sizes by themselves."""
    return {"coalition": np.arange(max(map(len, values))), "size": np.arange(1, sizes + 1)}


def harsanyi() -> CoalitionValues:
    """Return the metric ``harsanyi``."""
    return replace(CoalitionValues.of("harsanyi"), vectors_too=True)


def or_interaction() -> CoalitionValues:
    """Return the metric ``or-interaction``."""
    return replace(CoalitionValues.of("or-interaction"), kind="ORs")


def _sizes(n_coalitions: int) -> np.ndarray:
    """Count the players of every coalition, by bit code."""
    return np.bitwise_count(np.arange(n_coalitions))


def _n_salient(strengths: FloatArray) -> int:
    largest = strengths.max(initial=0.0)
    return int((strengths >= SALIENT * largest).sum()) if largest > 0 else 0


def _kinds_by_size(resampler: Resampler, by_size: Sequence[Quantity]) -> Iterator[Quantity]:
    """Summarise the strengths of AND and OR: each kind by size, and its shares of both kinds together."""
    kinds = (("", "AND", "share", ""), ("or_", "OR", "share_of_second", ", OR"))
    for (prefix, kind, share, words), strengths in zip(kinds, by_size, strict=True):
        of_size = f"{kind} interactions of a size"
        text = f"sum of |I| over the {of_size}, mean of samples"
        yield resampler.summarise("mean", strengths).quantity(
            f"{prefix}strength_by_size", text, f"sum |I|{words}", "headline"
        )
        text = f"strength of the {of_size} over that of all, AND and OR"
        yield resampler.summarise(share, *by_size).quantity(f"{prefix}share_by_size", text, f"share{words}", "by-order")


def _own_sums(splits: Sequence[Split], unit: str) -> list[Quantity]:
    """Return the strength of each sample before and after the learning."""
    return [
        Quantity(f"own_{name}", ("sample",), np.array([getattr(split, name) for split in splits]), unit, text)
        for name, text in SAVED.items()
    ]


def _saved(resampler: Resampler, sums: Sequence[Quantity]) -> Iterator[Quantity]:
    labels = ("sum |I| before learning", "sum |I|, AND and OR")
    for name, own, label in zip(SAVED, sums, labels, strict=True):
        text = f"{own.meaning}, mean of samples"
        yield resampler.summarise("mean", own).quantity(name, text, label)


def _notes(splits: Sequence[Split]) -> Iterator[str]:
    noise = max(float(np.abs(split.q).max()) for split in splits)
    yield f"AND and OR explain the score up to a noise that is learned too, at most {noise:.2g} in any coalition."
    stronger = sum(not split.sparser for split in splits)
    if stronger:
        yield (
            f"In {stronger} of {len(splits)} samples the learned split is no weaker than AND alone; there 'harsanyi' "
            f"is the better account."
        )


def _split_of(result: Reduced) -> Split:
    if not isinstance(result.estimate, Split):
        raise TypeError(f"'and-or' summarises splits, got {type(result.estimate).__name__}")
    return result.estimate
