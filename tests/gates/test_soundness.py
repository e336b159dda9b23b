"""A number that is broken, of the wrong sign or not what its own samples give never passes; what is unmeasured may."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from support.gate_reports import (
    made,
    pair_of_reports,
    reordered,
    with_measurement,
    with_players,
    with_quantity,
    with_samples,
)
from support.text_gate_reports import text_report

from interact_cli.gates.evidence.measured import Both, Sound
from interact_cli.gates.evidence.pairing import pair_samples
from interact_cli.gates.evidence.soundness import measured, value_of
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.results import Quantity, Report

METRICS = ("multi-order", "bottleneck", "shapley")
NAMED = (1, *[k % 3 for k in range(1, 8)])
"""The reference errs on sample 0 alone."""


def pair() -> tuple[Report, Report]:
    return pair_of_reports(scale=1.1, n_samples=8, metrics=METRICS, predicted=(NAMED, None))


def numbers(reference: Report, candidate: Report, metric: str, quantity: str, **options: Any) -> Any:
    rule = options.pop("samples", None)
    return Both(reference, candidate, pair_samples(reference, candidate, rule)).numbers(metric, quantity, **options)


def fields(found: Any) -> dict[str, tuple[str, str]]:
    assert isinstance(found, tuple), "expected problems"
    return {problem.field: (problem.reference, problem.candidate) for problem in found}


def planted(array: np.ndarray, where: Any, value: float) -> np.ndarray:
    changed = array.copy()
    changed[where] = value
    return changed


def plant(report: Report, metric: str, kind: str, name: str, where: Any, value: float, array: str = "values") -> Report:
    held = next(q for q in getattr(report.measurement(metric), kind) if q.name == name)
    return with_quantity(report, metric, kind, name, **{array: planted(getattr(held, array), where, value)})


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("kind", "name", "where", "array", "field"),
    [
        ("summary", "mean_abs", 3, "values", "summary/mean_abs"),
        ("per_sample", "absolute", (4, 3), "values", "per_sample/absolute"),
        ("per_sample", "square", (4, 0), "values", "per_sample/square"),
        ("per_sample", "unbiased", (4, 6), "values", "per_sample/unbiased"),
        ("per_sample", "values", (4, 3, 1), "values", "per_sample/values"),
        ("per_sample", "values", (4, 3, 1), "standard_errors", "per_sample/values_standard_error"),
    ],
)
def test_43_what_is_not_finite_in_an_asserted_field_is_named(
    kind: str, name: str, where: Any, array: str, field: str, value: float
):
    reference, candidate = pair()
    found = fields(
        numbers(reference, plant(candidate, "multi-order", kind, name, where, value, array), "multi-order", "mean_abs")
    )
    turned = fields(
        numbers(plant(reference, "multi-order", kind, name, where, value, array), candidate, "multi-order", "mean_abs")
    )

    assert list(found) == list(turned) == [f"multi-order: {field}"]
    for (sound, broken), (broken_too, sound_too) in zip(found.values(), turned.values(), strict=True):
        assert sound == sound_too == "sound"
        assert broken == broken_too
        assert "not finite" in broken
    if kind == "per_sample":
        assert "made/test/004" in found[f"multi-order: {field}"][1]


def test_43_a_broken_sample_never_passes_though_it_is_not_compared():
    """Sample 0 is one that the reference gets wrong; a report with a broken number is broken."""
    reference, candidate = pair()
    for array in ("values", "standard_errors"):
        broken = plant(candidate, "multi-order", "per_sample", "values", (0, 3, 1), np.nan, array)
        for samples in ("both-correct", "all"):
            (said,) = fields(numbers(reference, broken, "multi-order", "mean_abs", samples=samples)).values()
            assert said == ("sound", "not finite: 1 number, first of 'made/test/000'")


def test_43_a_place_that_is_not_asserted_may_be_broken_in_the_summary_alone():
    reference, candidate = pair()
    broken = plant(candidate, "multi-order", "summary", "mean_abs", 3, np.nan)

    assert isinstance(numbers(reference, broken, "multi-order", "mean_abs", at=(2, 4)), Sound)
    assert isinstance(numbers(reference, broken, "multi-order", "mean_abs", at=(2, 3)), tuple)


@pytest.mark.parametrize(
    ("metric", "quantity", "strength"),
    [
        ("multi-order", "mean_abs", True),
        ("multi-order", "mean_abs_corrected", True),
        ("multi-order", "rms", True),
        ("multi-order", "rms_corrected", True),
        ("multi-order", "pair_mean_abs", True),
        ("bottleneck", "J_mean_abs", True),
        ("shapley", "mean_abs", True),
        ("multi-order", "mean", False),
        ("shapley", "mean", False),
    ],
)
def test_43_a_strength_below_zero_is_broken_and_a_signed_mean_is_not(metric: str, quantity: str, strength: bool):
    reference, candidate = pair()
    found = fields(numbers(reference, plant(candidate, metric, "summary", quantity, 0, -0.25), metric, quantity))
    (said,) = found.values()

    assert ("which no such number can be" in said[1]) == strength
    assert "-0.25" in said[1]


def test_a_standard_error_below_zero_is_broken():
    reference, candidate = pair()
    broken = plant(candidate, "multi-order", "per_sample", "values", (4, 3, 1), -1e-3, "standard_errors")
    found = fields(numbers(reference, broken, "multi-order", "mean_abs"))

    assert found == {
        "multi-order: per_sample/values_standard_error": ("sound", "below zero: 1 number, first of 'made/test/004'")
    }


@pytest.mark.parametrize(("factor", "sound"), [(1 + 1e-6, False), (1 - 1e-6, False), (1 + 1e-11, True), (2.0, False)])
@pytest.mark.parametrize(
    ("metric", "quantity"), [("multi-order", "rms"), ("bottleneck", "J_mean_abs"), ("shapley", "mean")]
)
def test_a_summary_that_its_own_samples_do_not_give_contradicts_itself(
    metric: str, quantity: str, factor: float, sound: bool
):
    reference, candidate = pair()
    stored = candidate.measurement(metric).quantity(quantity).values
    strongest = int(np.abs(stored).argmax())
    changed = plant(candidate, metric, "summary", quantity, strongest, stored[strongest] * factor)
    found = numbers(reference, changed, metric, quantity)

    assert isinstance(found, Sound) == sound
    if not sound:
        assert "by its own samples" in fields(found)[f"{metric}: summary/{quantity}"][1]


def test_a_part_that_was_changed_contradicts_the_summary():
    reference, candidate = pair()
    part = candidate.measurement("multi-order").per_sample
    absolute = next(quantity for quantity in part if quantity.name == "absolute").values
    changed = with_quantity(candidate, "multi-order", "per_sample", "absolute", values=absolute * 0.5)

    assert list(fields(numbers(reference, changed, "multi-order", "mean_abs"))) == ["multi-order: summary/mean_abs"]


def test_summaries_are_checked_over_the_samples_that_they_are_of():
    """Reports of correct samples only: what they say of themselves is right, though other samples are compared."""
    wrong = [1, 0, *[k % 3 for k in range(2, 8)]]
    reference, candidate = pair_of_reports(
        scale=1.1, n_samples=8, metrics=METRICS, predicted=(wrong, None), only="correct"
    )
    assert reference.samples.included.sum() == 6

    for samples in ("all", "both-correct"):
        assert isinstance(numbers(reference, candidate, "multi-order", "mean_abs", samples=samples), Sound)
    none = with_samples(reference, included=np.zeros(8, bool))
    assert fields(numbers(none, candidate, "multi-order", "mean_abs"))["multi-order: summary/mean_abs"][0] == (
        "a summary of no sample"
    )


@pytest.mark.parametrize("parts", [("absolute",), ("absolute", "square", "unbiased", "absolute")])
def test_parts_that_a_statistic_does_not_take_are_no_error(parts: tuple[str, ...]):
    sides = [with_quantity(side, "multi-order", "summary", "rms", parts=parts) for side in pair()]

    assert "not a rms of" in fields(numbers(*sides, "multi-order", "rms"))["multi-order: summary/rms"][0]


def test_a_share_of_a_part_that_is_not_there_is_no_error():
    stated = {"statistic": "share_of_second", "parts": ("absolute",)}
    sides = [with_quantity(side, "multi-order", "summary", "rms", **stated) for side in pair()]

    assert "not a share_of_second of" in fields(numbers(*sides, "multi-order", "rms"))["multi-order: summary/rms"][0]


def test_numbers_too_large_for_float64_are_broken_and_warn_of_nothing():
    reference, candidate = pair()
    huge = plant(candidate, "multi-order", "per_sample", "absolute", (slice(None), 3), 1.7e308)
    found = fields(numbers(reference, huge, "multi-order", "mean_abs"))

    assert list(found) == ["multi-order: summary/mean_abs"]


# What a report declares unmeasured ------------------------------------------------------------------------------------


def shorter(report: Report) -> Report:
    """Sample 4 has one pair and one order less than the others: -1 and NaN there."""
    measurement = report.measurement("multi-order")
    held = {quantity.name: quantity for quantity in measurement.per_sample}
    n, n_orders, _ = held["values"].values.shape
    orders = np.tile(np.arange(n_orders), (n, 1))
    orders[4, -1] = -1
    pairs = planted(held["pairs"].values, (4, -1), -1)
    values = planted(planted(held["values"].values, (4, slice(None), -1), np.nan), (4, -1), np.nan)
    errors = planted(planted(held["values"].standard_errors, (4, slice(None), -1), np.nan), (4, -1), np.nan)
    per_sample = [
        replace(quantity, **{"values": pairs} if name == "pairs" else {"values": values, "standard_errors": errors})
        if name in {"pairs", "values"}
        else quantity
        for name, quantity in held.items()
    ]
    whole = (*per_sample, Quantity("orders", ("sample", "order"), orders, "1", "orders of each sample"))
    return with_measurement(report, "multi-order", per_sample=whole)


def test_pairs_and_orders_that_a_sample_does_not_have_may_be_nan():
    reference, candidate = (shorter(side) for side in pair())

    assert isinstance(numbers(reference, candidate, "multi-order", "mean_abs"), Sound)
    broken = plant(candidate, "multi-order", "per_sample", "values", (4, 0, 0), np.nan)
    assert (
        "1 number" in fields(numbers(reference, broken, "multi-order", "mean_abs"))["multi-order: per_sample/values"][1]
    )
    undeclared = plant(candidate, "multi-order", "per_sample", "pairs", (4, -1), 1)
    assert (
        "6 numbers"
        in fields(numbers(reference, undeclared, "multi-order", "mean_abs"))["multi-order: per_sample/values"][1]
    )


def test_players_that_a_text_does_not_have_may_be_nan():
    texts = ("one two", "one two three")
    reference, candidate = text_report(texts), text_report(texts, scale=2)
    assert np.isnan(candidate.measurement("shapley").quantity("values").values[0, 2])

    assert isinstance(numbers(reference, candidate, "shapley", "strength"), Sound)
    longer = with_players(candidate, own_names=(("one", "two", "three"), ("one", "two", "three")))
    assert "text/0" in fields(numbers(reference, longer, "shapley", "strength"))["shapley: per_sample/values"][1]


@pytest.mark.parametrize(
    ("dims", "shape"), [(("sample", "coalition"), (2, 8)), (("sample", "set"), (2, 3)), (("sample", "set"), (2, 2))]
)
def test_coalitions_and_sets_beyond_a_samples_own(dims: tuple[str, ...], shape: tuple[int, ...]):
    """Sample 0 has two players, so four coalitions, and one set beside the empty one."""
    report = text_report(("one two", "one two three"))
    sets = np.array([[[-1, -1], [0, 1], [-1, -1]], [[-1, -1], [0, 1], [1, 2]]])
    measurement = replace(
        report.measurement("shapley"), per_sample=(Quantity("sets", ("sample", "set", "member"), sets, "1", ""),)
    )
    quantity = Quantity("values", dims, np.zeros(shape), "1", "")
    own = {"coalition": [4, 8], "set": [2, 3]}[dims[1]] if shape[1] != 2 else [2, 2]

    assert measured(report, measurement, quantity).sum(axis=1).tolist() == own


def test_an_axis_of_a_plugin_is_measured_everywhere():
    report = made(n_samples=3, metrics=("shapley",))
    quantity = Quantity("values", ("sample", "layer"), np.zeros((3, 5)), "1", "")

    assert measured(report, report.measurements[0], quantity).all()


# The statistics -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["multi-order", "bottleneck", "shapley", "strength", "harsanyi", "multivariate"])
def test_every_summary_of_a_real_metric_is_what_its_parts_give(metric: str):
    report = made(n_samples=5, metrics=(metric,), n_players=4, budget=16, pairs="all")
    (measurement,) = report.measurements
    held = {quantity.name: quantity.values for quantity in measurement.per_sample}
    with_statistic = [quantity for quantity in measurement.summary if quantity.statistic]

    assert with_statistic
    for quantity in with_statistic:
        again = value_of(quantity.statistic, [held[name] for name in quantity.parts])
        np.testing.assert_allclose(again, quantity.values, rtol=1e-9, atol=1e-12)
    assert {quantity.statistic for quantity in with_statistic} <= STATISTICS.keys()


def test_at_chooses_places_after_the_statistic():
    """J of one order is over the mean of all orders, not of the chosen ones."""
    reference, candidate = pair()
    found = numbers(reference, candidate, "bottleneck", "J_mean_abs", at=(2, 5))
    parts = [part.mean(axis=0, keepdims=True) for part in found.numbers.reference]
    curve = parts[0][0] / parts[0][0].mean()

    assert found.numbers.labels == ((2, 5),)
    np.testing.assert_allclose(found.numbers.statistic.of(*parts)[0], curve[[2, 5]])
    assert found.numbers.corrected.of(*parts).shape == (1, 2)
    assert found.of(np.arange(7.0)).tolist() == [2, 5]
    several = numbers(reference, candidate, "multi-order", "pair_mean_abs", at=(6, 0)).numbers
    means = [part.mean(axis=0, keepdims=True) for part in several.reference]
    values = reference.measurement("multi-order").quantity("values").values
    right = [reference.samples.predicted[k] == reference.samples.labels[k] for k in range(len(values))]
    np.testing.assert_allclose(several.statistic.of(*means)[0], np.abs(values[right]).mean(axis=0)[[0, 6]])
    assert [len(labels) for labels in several.labels] == [2, 3]


@pytest.mark.parametrize(
    ("metric", "quantity", "at", "known"),
    [
        ("multi-order", "mean_abs", (9,), "order 0, 1, 2, 3, 4, 5, 6"),
        ("multi-order", "mean_abs", (0, "x", 2.5), "order 0, 1, 2, 3, 4, 5, 6"),
        ("shapley", "mean", ("c9",), "player c0, c1, c2, c3, c4, c5, c6, c7"),
        ("accuracy", "accuracy", (1,), "a single number"),
    ],
)
def test_a_place_that_does_not_exist_is_a_problem_with_those_that_do(
    metric: str, quantity: str, at: tuple[Any, ...], known: str
):
    ((field, values),) = fields(numbers(*pair(), metric, quantity, at=at)).items()

    assert values == (known, known)
    assert all(str(one) in field for one in at if one != 0)


def test_no_place_at_all_is_a_problem():
    assert list(fields(numbers(*pair(), "shapley", "mean", at=()))) == ["shapley: mean: places"]
    bare = [with_quantity(side, "shapley", "summary", "mean", values=np.zeros(0), parts=("none",)) for side in pair()]
    none = Quantity("none", ("sample", "player"), np.zeros((8, 0)), "1", "")
    held = [with_measurement(side, "shapley", per_sample=(none,)) for side in bare]
    assert list(fields(numbers(*held, "shapley", "mean"))) == ["shapley: mean: places"]


@pytest.mark.parametrize("at", [("c1", "c6"), (1, 3)])
def test_places_are_chosen_by_name_or_number(at: tuple[Any, ...]):
    metric, quantity = ("shapley", "mean_abs") if isinstance(at[0], str) else ("multi-order", "mean_abs")
    assert numbers(*pair(), metric, quantity, at=(*reversed(at), at[0])).numbers.labels == (at,)


def test_what_the_paired_samples_contribute_is_row_by_row_the_same_sample():
    reference, candidate = pair()
    turned = reordered(candidate, [3, 0, 7, 1, 6, 2, 5, 4])
    found = numbers(reference, turned, "multi-order", "mean_abs").numbers
    ids = [f"made/test/{k:03d}" for k in range(1, 8)]
    for report, parts in ((reference, found.reference), (turned, found.candidate)):
        values = report.measurement("multi-order").quantity("values").values
        naive = [np.abs(values[report.samples.ids.index(name)]).mean(axis=1) for name in ids]
        np.testing.assert_allclose(parts[0], naive)
