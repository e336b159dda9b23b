"""Values of all coalitions of a sample: dividends (AND), OR interactions, both at once, and lengths of vectors.

A value belongs to its bit code (player i = bit i) whatever the number of players, so samples of different sizes share
one axis, the shorter ones NaN beyond their own ``2^n``. Strengths leave the empty coalition out: v(empty) is no
interaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from interact_cli.interactions.and_or.split import AndOr as Split
from interact_cli.interfaces import Cohort, Design, Question, Reduced
from interact_cli.metrics.index_metric import IndexMetric
from interact_cli.metrics.summaries.statistics import Resampler, Summary, mean
from interact_cli.metrics.summaries.tables import estimators, stacked
from interact_cli.results import Measurement, Quantity
from interact_cli.types import FloatArray

SALIENT = 0.05
"""A coalition is salient when its strength reaches this share of the strongest one's (`protocols.md` section 9)."""


class CoalitionValues(IndexMetric):
    """One value per coalition and sample; strengths by size, and how many coalitions are salient."""

    kept_per_coalition = 4

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise by size."""
        values = [result.estimate.values for result in results]
        sizes = int(cohort.n_players.max())
        by_size = np.stack([strength_by_size(one, sizes) for one in values])
        resampler, unit = Resampler.over(cohort, self.name), cohort.unit
        return Measurement(
            self.name,
            self.version,
            self.source,
            estimators(results),
            per_sample=tuple(self.by_coalition(results, unit)),
            summary=(
                resampler.summarise(mean, by_size).quantity(
                    "strength_by_size", ("size",), unit, "sum of |I(S)| over the coalitions of a size, mean of samples"
                ),
                resampler.summarise(_share, by_size).quantity(
                    "share_by_size", ("size",), "1", "strength of a size over that of all sizes"
                ),
                salient_quantity(resampler, [[one] for one in values]),
            ),
            coordinates=axes(values, sizes),
        )

    def by_coalition(self, results: Sequence[Reduced], unit: str) -> list[Quantity]:
        """Return the samples' own values."""
        estimates = [result.estimate for result in results]
        values = stacked([estimate.values for estimate in estimates], np.nan)
        exact = stacked([estimate.exact for estimate in estimates], fill=False)
        return [Quantity("values", ("sample", "coalition"), values, unit, self.index.summary, exact=exact)]


class Concepts(CoalitionValues):
    """Prototypical concepts: how long the vector dividend of each coalition is.

    ``||I(S)||_2`` with ``I(S) = sum_{L in S} (-1)^(|S|-|L|) f(L)``, f a feature of the network.

    Source: paper 002, section 4.3.
    """

    of_vectors = True

    def __init__(self) -> None:
        super().__init__("harsanyi", name="concepts", source="paper 002, section 4.3")

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Keep the lengths of one sample's vector dividends."""
        reduced = super().reduce(design, values, question)
        lengths = np.linalg.norm(reduced.estimate.values, axis=1)
        exact = np.ones(lengths.shape, dtype=np.bool_)
        estimate = replace(reduced.estimate, values=lengths, standard_errors=np.zeros_like(lengths), exact=exact)
        return replace(reduced, estimate=estimate)

    def by_coalition(self, results: Sequence[Reduced], unit: str) -> list[Quantity]:
        """Return the lengths, and the share of each among those of its sample."""
        held = super().by_coalition(results, unit)
        lengths = held[0].values.copy()
        lengths[:, 0] = np.nan
        total = np.nansum(lengths, axis=1, keepdims=True)
        share = lengths / np.where(total > 0, total, np.nan)
        meaning = "length of the vector dividend, ||I(S)||"
        return [
            replace(held[0], meaning=meaning),
            Quantity("share", ("sample", "coalition"), share, "1", f"{meaning}, over the sum of the sample's"),
        ]


class AndOr(IndexMetric):
    """AND and OR interactions of each sample, the split between them learned to leave as little strength as it can.

    ``v + q = v_and + v_or``; minimise ``||I_and||_1 + ||I_or||_1`` over the split and the small noise q

    Source: see `interact_cli.interactions.and_or.split`.
    """

    kept_per_coalition = 8

    def __init__(self) -> None:
        super().__init__("and-or")

    def reduce(self, design: Design, values: FloatArray, question: Question) -> Reduced:
        """Learn the split of one sample."""
        reduced = super().reduce(design, values, question)
        split = replace(_split_of(reduced), p=np.empty(0), loss=np.empty(0))
        return replace(reduced, estimate=split, estimator=f"{reduced.estimator}, the split between AND and OR learned")

    def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
        """Summarise both kinds by size, and how much strength the split saved."""
        splits = [_split_of(result) for result in results]
        ands, ors = [split.values for split in splits], [split.or_values for split in splits]
        sizes, unit = int(cohort.n_players.max()), cohort.unit
        by_size = np.stack([[strength_by_size(part, sizes) for part in pair] for pair in zip(ands, ors, strict=True)])
        resampler = Resampler.over(cohort, self.name)
        exact = stacked([split.exact for split in splits], fill=False)
        kinds = {"": ("AND interaction", ands), "or_": ("OR interaction", ors)}
        dims = ("sample", "coalition")
        return Measurement(
            self.name,
            self.version,
            self.source,
            estimators(results),
            per_sample=tuple(
                Quantity(f"{prefix}values", dims, stacked(held, np.nan), unit, f"{kind} of each coalition", exact=exact)
                for prefix, (kind, held) in kinds.items()
            ),
            summary=(
                *_kinds_by_size(resampler, by_size, unit),
                salient_quantity(resampler, list(zip(ands, ors, strict=True))),
                *_saved(resampler, splits, unit),
            ),
            coordinates=axes(ands, sizes),
            notes=tuple(_notes(splits)),
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
    sums: FloatArray = np.bincount(_sizes(len(values)), np.abs(values), sizes + 1)[1:].astype(np.float64)
    return sums


def salient_quantity(resampler: Resampler, values: Sequence[Sequence[FloatArray]]) -> Quantity:
    """Count the salient coalitions of each sample.

    Args:
        resampler: Over the samples.
        values: Of each sample one array ``(2^n,)``, or more where there are several kinds of interaction.
    """
    counts = np.array([_n_salient(np.abs([kind[1:] for kind in kinds])) for kinds in values], dtype=np.float64)
    text = f"non-empty coalitions with |I(S)| >= {SALIENT} of the sample's largest, mean of samples"
    return resampler.summarise(mean, counts).quantity("n_salient", (), "1", text)


def axes(values: Sequence[FloatArray], sizes: int) -> dict[str, np.ndarray]:
    """Label coalitions by their bit codes and sizes by themselves."""
    return {"coalition": np.arange(max(map(len, values))), "size": np.arange(1, sizes + 1)}


def harsanyi() -> CoalitionValues:
    """Return the metric ``harsanyi``."""
    return CoalitionValues("harsanyi")


def or_interaction() -> CoalitionValues:
    """Return the metric ``or-interaction``."""
    return CoalitionValues("or-interaction")


def _sizes(n_coalitions: int) -> np.ndarray:
    """Count the players of every coalition, by bit code."""
    return np.bitwise_count(np.arange(n_coalitions))


def _n_salient(strengths: FloatArray) -> int:
    largest = strengths.max(initial=0.0)
    return int((strengths >= SALIENT * largest).sum()) if largest > 0 else 0


def _share(by_size: FloatArray) -> FloatArray:
    """Divide by the sum over the last axis."""
    total = by_size.sum(axis=-1, keepdims=True)
    share: FloatArray = by_size / np.where(total > 0, total, np.nan)
    return share


def _kinds_by_size(resampler: Resampler, by_size: FloatArray, unit: str) -> list[Quantity]:
    """Summarise ``(sample, kind, size)`` strengths: each kind by size, and its shares of both kinds together."""

    def share(means: FloatArray) -> FloatArray:
        return _share(means.reshape(len(means), -1)).reshape(means.shape)

    strength, shares = resampler.summarise(mean, by_size), resampler.summarise(share, by_size)
    quantities = []
    for position, (prefix, kind) in enumerate((("", "AND"), ("or_", "OR"))):
        of_size = f"{kind} interactions of a size"
        quantities += [
            _one_of(strength, position).quantity(
                f"{prefix}strength_by_size", ("size",), unit, f"sum of |I| over the {of_size}, mean of samples"
            ),
            _one_of(shares, position).quantity(
                f"{prefix}share_by_size", ("size",), "1", f"strength of the {of_size} over that of all, AND and OR"
            ),
        ]
    return quantities


def _one_of(summary: Summary, position: int) -> Summary:
    """Take one entry of the first axis."""
    low, high = (None if end is None else end[position] for end in (summary.low, summary.high))
    error = summary.standard_error[position]
    return Summary(summary.value[position], error, low, high, summary.replicates[:, position])


def _saved(resampler: Resampler, splits: Sequence[Split], unit: str) -> list[Quantity]:
    """Summarise the strength before and after the learning."""
    texts = {
        "l1_before": "sum of |I(S)| where all of the score is taken as AND, mean of samples",
        "l1_after": "sum of |I_and(S)| + |I_or(S)| after learning the split, mean of samples",
    }
    return [
        resampler.summarise(mean, np.array([getattr(split, name) for split in splits])).quantity(name, (), unit, text)
        for name, text in texts.items()
    ]


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
