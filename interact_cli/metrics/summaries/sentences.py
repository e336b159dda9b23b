"""What the numbers of a metric say, in sentences that a tired person can read.

They are written when the numbers are summarised and stand in the report: whoever shows it needs to know no metric.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import comb

import numpy as np

from interact_cli.interactions.designs.budgets import PAIR
from interact_cli.interactions.estimate import Estimate
from interact_cli.interfaces import Cohort, Reduced
from interact_cli.metrics.summaries.axes import OrderAxis
from interact_cli.results import Finding, Quantity
from interact_cli.types import FloatArray
from interact_cli.words import NOT_MEASURED, count, described, number, spread, with_unit


def said(sentence: str, *quantities: Quantity) -> Finding:
    """Return a sentence that tells these numbers and judges nothing."""
    return Finding("", sentence, says=tuple(quantity.name for quantity in quantities))


def over_orders(quantity: Quantity, axis: OrderAxis, cohort: Cohort) -> Finding:
    """Say a strength at the first order, the middle one and the last: where it is largest, noise may decide."""
    values = np.asarray(quantity.values, dtype=np.float64)
    if not np.isfinite(values).any():
        return said(f"{quantity.called}: {NOT_MEASURED}.", quantity)
    places = sorted({0, len(values) // 2, len(values) - 1})
    told = (f"{described(quantity, place)} at {place_on_axis(axis.dim, float(axis.places[place]))}" for place in places)
    every = f" of 0..{int(cohort.n_players.max()) - 2}" if axis.dim == "order" else ""
    return said(f"{quantity.called}: {', '.join(told)}{every}.", quantity)


def place_on_axis(axis: str, place: float) -> str:
    """Name one place of an axis.

    Example:
        >>> place_on_axis("order", 3), place_on_axis("ratio", 0.25), place_on_axis("ratio", 1.0)
        ('order 3', 'order 0.25 (n-2)', 'order n-2')
    """
    written = f"{round(float(place), 3):g}"
    if axis == "ratio" and place > 0:
        written = "n-2" if place == 1 else f"{written} (n-2)"
    return f"order {written}"


def part_measured(results: Sequence[Reduced]) -> Iterator[Finding]:
    """Say that the budget holds a part of the pairs or sets only; nothing where all were measured."""
    drawn = [result.estimate for result in results if result.estimate.candidates is not None]
    counts = np.array([(_largest_sets(estimate), estimate.candidates) for estimate in drawn]).reshape(-1, 2)
    measured, wanted = counts.T
    if (measured < wanted).any():
        size = len(drawn[0].players[-1])
        what = "pairs" if size == PAIR else f"sets of {size}"
        yield said(
            f"Only {spread(measured)} of {spread(wanted)} {what} of a sample are measured "
            f"({number(100 * measured.sum() / wanted.sum(), 2)} %): the budget holds no more."
        )


def of_pairs(strength: Quantity) -> Finding:
    """Say how strong the interaction of two players is."""
    sentence = f"Two players change each other's effect by {described(strength)} ({_kind(strength)} over pairs)."
    return said(sentence, strength)


def of_sets(strength: Quantity, size: int, cohort: Cohort) -> Finding:
    """Say how strong the interaction of the largest sets is."""
    if size == 1:
        sentence = f"One {cohort.noun} moves the score by {described(strength)} ({_kind(strength)} over players)."
        return said(sentence, strength)
    return said(
        f"{size} players together change the score by {described(strength)}, beyond what fewer of them do "
        f"({_kind(strength)} over sets of {size}).",
        strength,
    )


def sum_of_sets(values: Quantity, size: int, cohort: Cohort) -> Iterator[Finding]:
    """Check that the values of all sets add up to v(N), where all of them were measured and exactly."""
    measured = np.isfinite(values.values)
    every = [sum(comb(n, members) for members in range(size + 1)) for n in cohort.n_players.tolist()]
    exact = values.exact is not None and bool(values.exact[measured].all())
    if cohort.full_value is not None and exact and measured.sum(axis=1).tolist() == every:
        gap = np.where(measured, values.values, 0.0).sum(axis=1) - cohort.full_value
        yield said(
            f"Efficiency check: the values of all sets of a sample add up to v(N) within {_worst(gap, values.unit)}."
        )


def sum_of_players(values: Quantity, cohort: Cohort) -> Iterator[Finding]:
    """Check that the values of the players add up to v(N) - v(empty)."""
    if cohort.full_value is None or cohort.empty_value is None:
        return
    own = np.arange(values.values.shape[1]) < cohort.n_players[:, None]
    gap = np.where(own, values.values, 0.0).sum(axis=1) - (cohort.full_value - cohort.empty_value)
    yield said(f"Efficiency check: the values of a sample add up to v(N) - v(empty) within {_worst(gap, values.unit)}.")


def best_player(mean_abs: Quantity, cohort: Cohort) -> Iterator[Finding]:
    """Name the player that moves the score most, where all samples share the players."""
    if cohort.names and np.isfinite(mean_abs.values).any():
        best = int(np.nanargmax(mean_abs.values))
        samples = count(int(cohort.included.sum()), "sample")
        amount = described(mean_abs, best)
        yield said(f"'{cohort.names[best]}' moves the score most: {mean_abs.called} {amount} over {samples}.")


def overall_player(strength: Quantity, cohort: Cohort) -> Finding:
    """Say by how much one player moves the score, where each sample has its own."""
    return said(f"One {cohort.noun} moves the score by {described(strength)} on average (mean |value|).", strength)


def salient(n_salient: Quantity, kind: str) -> Finding:
    """Say how many coalitions of a sample are salient."""
    return said(
        f"A sample has {described(n_salient)} salient {kind} on average: at least 5 % as strong as its strongest.",
        n_salient,
    )


def shares_of_sizes(*shares: Quantity) -> Iterator[Finding]:
    """Say how much of the strength single players and pairs hold, of all kinds of interaction together."""
    of_kinds: list[FloatArray] = [np.asarray(kind.values, dtype=np.float64) for kind in shares]
    if all(np.isfinite(by_size).all() for by_size in of_kinds):
        single, pairs = (100 * sum(float(by_size[k : k + 1].sum()) for by_size in of_kinds) for k in (0, 1))
        larger = max(0.0, 100 - single - pairs)
        yield said(
            f"Of the strength, {single:.0f} % is in single players, {pairs:.0f} % in pairs, {larger:.0f} % in larger "
            f"sets."
        )


def saved(before: Quantity, after: Quantity) -> Finding:
    """Say how much strength the split between AND and OR saves."""
    share = 100 * float(after.values) / float(before.values) if before.values > 0 else float("nan")
    return said(
        f"Told apart into AND and OR, the interactions have {number(share)} % of the strength that AND alone needs: "
        f"sum |I| is {described(after)} against {number(float(before.values))}.",
        before,
        after,
    )


def _kind(strength: Quantity) -> str:
    """Return which of the strengths it is: ``"rms I corrected"``."""
    return strength.called.removeprefix("strength, ")


def _largest_sets(estimate: Estimate) -> int:
    """Count the pairs, or the sets of the largest size."""
    sizes = list(map(len, estimate.players))
    return sizes.count(max(sizes))


def _worst(gap: FloatArray, unit: str) -> str:
    worst = float(np.nanmax(np.abs(gap))) if np.isfinite(gap).any() else float("nan")
    return f"{with_unit(number(worst, 2), unit)} (worst of {count(gap.size, 'sample')})"
