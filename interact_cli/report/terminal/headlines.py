"""The sentences that open the section of a metric, and which numbers they have said already."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

import numpy as np

from interact_cli.report.sentences import noun
from interact_cli.report.terminal.sample_sections import player_values
from interact_cli.report.views.coalitions import CONCEPTS, JOINED_BY, set_quantities
from interact_cli.report.views.graphs import AND_OR_GRAPH
from interact_cli.report.views.pairs import PAIR_METRICS, find
from interact_cli.report.wording import (
    NOT_MEASURED,
    count,
    described,
    games,
    label,
    number,
    player_name,
    with_unit,
)
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.types import FloatArray

PLAYER_VALUES = frozenset({"shapley", "banzhaf"})
"""Metrics whose player values say how much a player moves the score."""
HEADLINES = {
    "multi-order": ("mean_abs", "rms_corrected"),
    "inference-patterns": ("mean_abs", "rms_corrected"),
    "strength": ("strength_mean_abs", "strength_rms_corrected"),
    "bottleneck": ("J_mean_abs", "J_rms_corrected"),
}
"""Metric -> one quantity for each of the two strengths, never mixed."""
OVERALL = ("strength", "mean_abs")
"""What the mean |value| over all players may be called."""
SUM_TO_FULL_VALUE = frozenset({"k-shapley", "shapley-taylor", "faithful-shapley"})
"""Metrics whose values over all sets, the empty one included, add up to v(N)."""
SAID = {
    "multivariate": ("mean_T", "mean_B"),
    AND_OR_GRAPH: ("mean_n_patterns", "mean_explained_ratio", "mean_error"),
    "and-or": ("l1_before", "l1_after", "n_salient"),
    **dict.fromkeys(JOINED_BY.keys() - {"and-or"}, ("n_salient",)),
    **dict.fromkeys(PLAYER_VALUES, OVERALL),
}
"""Metric -> numbers of its sentences."""


def sentences(report: Report, measurement: Measurement) -> Iterator[str]:
    """Say what a metric found, in a line or three."""
    for name in HEADLINES.get(measurement.metric, ()):
        quantity = find(measurement, name)
        if quantity is not None and quantity.dims in (("order",), ("ratio",)):
            yield _order_sentence(report, measurement, quantity)
        elif quantity is not None and quantity.dims == ():
            yield f"Interaction strength by {label(quantity).removeprefix('strength, ')}: {described(quantity)}."
    yield from _set_sentences(report, measurement)
    yield from _coalition_sentences(measurement)
    yield from _player_sentences(report, measurement)


def said_in_sentences(measurement: Measurement) -> tuple[str, ...]:
    """Return the names of the numbers that `sentences` has written out."""
    if measurement.metric in HEADLINES:
        return HEADLINES[measurement.metric]
    return SAID.get(measurement.metric, ("strength_mean_abs",) if _of_players_together(measurement) else ())


def _of_players_together(measurement: Measurement) -> bool:
    """Return True for the indices of pairs and of larger sets."""
    return measurement.metric in PAIR_METRICS[:2] or find(measurement, "sets") is not None


def _set_sentences(report: Report, measurement: Measurement) -> Iterator[str]:
    strength, sets = find(measurement, "strength_mean_abs"), find(measurement, "sets")
    if strength is None or not _of_players_together(measurement):
        return
    if sets is None:
        yield f"Two players change each other's effect by {described(strength)} on average (mean |I| over pairs)."
        return
    size = int((np.asarray(sets.values) >= 0).sum(axis=-1).max(initial=0))
    if size == 1:
        yield f"One {noun(report)} moves the score by {described(strength)} on average (mean |I| over players)."
    else:
        yield (
            f"{size} players together change the score by {described(strength)} on average, beyond what fewer of them "
            f"do (mean |I| over sets of {size})."
        )
    values = set_quantities(measurement).get("values")
    first = (*games(report), "")[0]
    if values is not None and measurement.metric in SUM_TO_FULL_VALUE and measurement.of == first:
        yield from _sum_check(report, values, size)


def _sum_check(report: Report, values: Quantity, size: int) -> Iterator[str]:
    """Check that the values of all sets add up, where all of them were measured and exactly."""
    measured = np.isfinite(values.values)
    n_players = [len(report.players.of_sample(sample)) for sample in range(len(report.samples.ids))]
    every = [sum(comb(n, members) for members in range(size + 1)) for n in n_players]
    if values.exact is None or not values.exact[measured].all() or measured.sum(axis=1).tolist() != every:
        return
    gap = np.where(measured, values.values, 0.0).sum(axis=1) - report.samples.full_value
    yield f"Efficiency check: the values of all sets of a sample add up to v(N) within {_worst(gap, values.unit)}."


def _coalition_sentences(measurement: Measurement) -> Iterator[str]:
    before, after = find(measurement, "l1_before"), find(measurement, "l1_after")
    if before is not None and after is not None:
        share = 100 * float(after.values) / float(before.values) if before.values > 0 else float("nan")
        yield (
            f"Told apart into AND and OR, the interactions have {number(share)} % of the strength that AND alone "
            f"needs: sum |I| is {described(after)} against {number(float(before.values))}."
        )
    salient = find(measurement, "n_salient")
    if salient is not None and measurement.metric in JOINED_BY:
        what = {"or-interaction": "ORs", "and-or": "ANDs and ORs", CONCEPTS: CONCEPTS}
        kind = what.get(measurement.metric, "ANDs")
        yield (f"A sample has {described(salient)} salient {kind} on average: at least 5 % as strong as its strongest.")
        yield from _size_sentence(measurement)
    ratio, error, patterns = (find(measurement, f"mean_{name}") for name in ("explained_ratio", "error", "n_patterns"))
    if ratio is not None and error is not None and patterns is not None:
        yield (
            f"A graph of {described(patterns)} patterns misses {number(100 * float(error.values))} % of the squared "
            f"scores; its explained ratio is {described(ratio)}."
        )
    yield from _multivariate_sentences(measurement)


def _size_sentence(measurement: Measurement) -> Iterator[str]:
    """Say how much of the strength single players and pairs hold."""
    shares = [find(measurement, name) for name in ("share_by_size", "or_share_by_size")]
    held: list[FloatArray] = [np.asarray(one.values, dtype=np.float64) for one in shares if one is not None]
    if held and all(np.isfinite(one).all() for one in held):
        single, pairs = (100 * sum(float(one[size : size + 1].sum()) for one in held) for size in (0, 1))
        larger = max(0.0, 100 - single - pairs)
        yield (
            f"Of the strength, {single:.0f} % is in single players, {pairs:.0f} % in pairs, {larger:.0f} % in larger "
            f"sets."
        )


def _multivariate_sentences(measurement: Measurement) -> Iterator[str]:
    difference, together = find(measurement, "mean_T"), find(measurement, "mean_B")
    if difference is None or together is None:
        return
    yield f"How the players team up makes a difference of {described(difference)} (T = B_max - B_min, mean of samples)."
    yield f"All of them as one coalition instead of each alone: {described(together)} (B)."


def _order_sentence(report: Report, measurement: Measurement, quantity: Quantity) -> str:
    axis = quantity.dims[0]
    places = measurement.coordinates.get(axis)
    if places is None or not np.isfinite(quantity.values).any():
        return f"{label(quantity)}: {NOT_MEASURED}."
    most, least = int(np.nanargmax(quantity.values)), int(np.nanargmin(quantity.values))
    high, low = (f"{place_on_axis(axis, places[position])}" for position in (most, least))
    high += f" of 0..{report.players.largest - 2}" if axis == "order" else ""
    return (
        f"{label(quantity)}: largest at {high}, {described(quantity, most)}; "
        f"smallest at {low}, {described(quantity, least)}."
    )


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


def _player_sentences(report: Report, measurement: Measurement) -> Iterator[str]:
    if measurement.metric not in PLAYER_VALUES:
        return
    overall = _overall(measurement)
    if overall is not None:
        yield f"One {noun(report)} moves the score by {described(overall)} on average (mean |value|)."
    mean_abs = find(measurement, "mean_abs")
    yield from _best_player(report, mean_abs)
    values = player_values(measurement)
    first = (*games(report), "")[0]
    if measurement.metric == "shapley" and values is not None and measurement.of == first:
        yield _efficiency(report, values)


def _overall(measurement: Measurement) -> Quantity | None:
    """Return the mean |value| over the players of all samples, where each sample has its own."""
    held = (find(measurement, name) for name in OVERALL)
    return next((quantity for quantity in held if quantity is not None and quantity.dims == ()), None)


def _best_player(report: Report, mean_abs: Quantity | None) -> Iterator[str]:
    if mean_abs is None or mean_abs.dims != ("player",) or not np.isfinite(mean_abs.values).any():
        return
    best = int(np.nanargmax(mean_abs.values))
    yield (
        f"'{player_name(report.players, best)}' moves the score most: "
        f"mean |value| {described(mean_abs, best)} over {count(int(report.samples.included.sum()), 'sample')}."
    )


def _efficiency(report: Report, values: Quantity) -> str:
    n_players = [len(report.players.of_sample(sample)) for sample in range(len(report.samples.ids))]
    own = np.arange(values.values.shape[1]) < np.array(n_players)[:, None]
    sums = np.where(own, values.values, 0.0).sum(axis=1)
    gap = sums - (report.samples.full_value - report.samples.empty_value)
    return f"Efficiency check: the values of a sample add up to v(N) - v(empty) within {_worst(gap, values.unit)}."


def _worst(gap: FloatArray, unit: str) -> str:
    worst = float(np.nanmax(np.abs(gap))) if np.isfinite(gap).any() else float("nan")
    return f"{with_unit(number(worst, 2), unit)} (worst of {count(gap.size, 'sample')})"
