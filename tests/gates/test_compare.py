"""Comparing two reports: every number worked out again by loops over the samples' own interactions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.gate_reports import (
    made,
    pair_of_reports,
    reordered,
    with_measurement,
    with_provenance,
    with_quantity,
    with_question,
    with_rounding,
    written,
)
from support.text_gate_reports import text_report

from interact_cli.errors import NotComparable
from interact_cli.gates.compare import MOST_PLACES, compare
from interact_cli.report.hdf5.reader import read_report
from interact_cli.results import Finding, Report
from interact_cli.verdicts import Comparison
from interact_cli.words import labels_of

N = 24
LABELS = [k % 3 for k in range(N)]
"""What each version names: the reference errs on 2 and 3, the candidate on 3 and 7."""
NAMED = tuple([(label + (k in wrong)) % 3 for k, label in enumerate(LABELS)] for wrong in ({2, 3}, {3, 7}))
KEPT = [k for k in range(N) if k not in {2, 3, 7}]


def compared(reference: Report, candidate: Report, **options: Any) -> Comparison:
    return compare(reference, candidate, resamples=2000, **options)


def versions(**knobs: Any) -> tuple[Report, Report]:
    return pair_of_reports(**{"n_samples": N, "scale": 1.2, "noise": 0.2, "predicted": NAMED} | knobs)


def both_values(comparison: Comparison, metric: str, quantity: str) -> dict[Any, tuple[float, float]]:
    return {
        row.at[0] if len(row.at) == 1 else row.at: (row.reference, row.candidate)
        for row in comparison.differences
        if (row.metric, row.quantity) == (metric, quantity)
    }


def interactions(report: Report, metric: str, ids: list[str]) -> list[np.ndarray]:
    """The values and standard errors of single samples, by name."""
    quantity = report.measurement(metric).quantity("values")
    rows = [report.samples.ids.index(name) for name in ids]
    return [quantity.values[rows], quantity.standard_errors[rows]]


def naive(report: Report, ids: list[str]) -> dict[tuple[str, str], list[float]]:
    """Every strength of the kept samples, one sample and one pair after the other."""
    found: dict[tuple[str, str], list[float]] = {}
    values, errors = interactions(report, "multi-order", ids)
    by_order = []
    for order in range(values.shape[1]):
        absolute = [np.mean([abs(v) for v in sample[order]]) for sample in values]
        square = [np.mean([v**2 for v in sample[order]]) for sample in values]
        unbiased = [
            np.mean([v**2 - e**2 for v, e in zip(sample[order], error[order], strict=True)])
            for sample, error in zip(values, errors, strict=True)
        ]
        e_abs, q, u = (sum(one) / len(ids) for one in (absolute, square, unbiased))
        by_order.append((e_abs, e_abs * np.sqrt(max(u, 0) / q), np.sqrt(q), np.sqrt(max(u, 0))))
    for name, curve in zip(
        ("mean_abs", "mean_abs_corrected", "rms", "rms_corrected"), np.transpose(by_order), strict=True
    ):
        found["multi-order", name] = list(curve)
        level = sum(curve) / len(curve)
        found["bottleneck", f"J_{name}"] = [one / level if level else float("nan") for one in curve]
    found["multi-order", "mean"] = [float(values[:, order].mean()) for order in range(values.shape[1])]
    effects = interactions(report, "shapley", ids)[0]
    found["shapley", "mean"] = [sum(row[k] for row in effects) / len(ids) for k in range(effects.shape[1])]
    found["shapley", "mean_abs"] = [sum(abs(row[k]) for row in effects) / len(ids) for k in range(effects.shape[1])]
    pairs = interactions(report, "strength", ids)[0]
    found["strength", "strength_mean_abs"] = [float(np.mean([np.mean(np.abs(row)) for row in pairs]))]
    found["strength", "strength_rms"] = [float(np.sqrt(np.mean([np.mean(row**2) for row in pairs])))]
    found["strength", "pair_mean"] = [float(np.mean([row[k] for row in pairs])) for k in range(pairs.shape[1])]
    return found


@pytest.mark.parametrize("samples", [None, "both-correct", "all"])
def test_both_values_of_every_number_equal_a_naive_loop(samples: str | None):
    reference, candidate = versions()
    turned = reordered(candidate, np.random.default_rng(0).permutation(N).tolist())
    comparison = compared(reference, turned, samples=samples)
    ids = [reference.samples.ids[k] for k in (range(N) if samples == "all" else KEPT)]
    first, second = naive(reference, ids), naive(candidate, ids)

    assert comparison.pairing.n_samples == len(ids)
    for (metric, quantity), values in first.items():
        found = list(both_values(comparison, metric, quantity).values())
        np.testing.assert_allclose([one for one, _ in found], values, rtol=1e-9)
        np.testing.assert_allclose([two for _, two in found], second[metric, quantity], rtol=1e-9)
    for row in comparison.differences:
        assert row.difference == pytest.approx(row.candidate - row.reference, abs=1e-12)
        assert row.low <= row.difference <= row.high


def test_what_each_version_lost_is_counted_and_accuracy_takes_all():
    comparison = compared(*versions())
    pairing = comparison.pairing

    assert (pairing.lost_by_reference, pairing.lost_by_candidate, pairing.lost_by_both) == (1, 1, 1)
    assert both_values(comparison, "accuracy", "accuracy") == {(): (22 / 24, 22 / 24)}
    assert (comparison.differences[0].metric, comparison.headline[0]) == ("accuracy", ("accuracy", "accuracy"))
    right = [np.array(NAMED[side]) == LABELS for side in (0, 1)]
    gained = np.mean(right[1].astype(float) - right[0].astype(float))
    assert comparison.differences[0].difference == pytest.approx(gained)


def test_without_labels_all_samples_are_compared_and_there_is_no_accuracy():
    unlabelled = versions(labels=[-1] * N, predicted=(None, None))
    comparison = compared(*unlabelled)

    assert (comparison.pairing.rule, comparison.pairing.n_samples) == ("all", N)
    assert not any(row.metric == "accuracy" for row in comparison.differences)


def test_an_empty_choice_of_samples_is_not_comparable():
    nobody = [(label + 1) % 3 for label in LABELS]
    with pytest.raises(
        NotComparable,
        match=r"samples: both correct \(24 of 24 wrong / 0 of 24 wrong\).*samples: all in a policy, --samples all",
    ):
        compared(*versions(predicted=(nobody, LABELS)))
    assert compared(*versions(predicted=(nobody, LABELS)), samples="all").pairing.n_samples == N


def test_only_the_shared_samples_of_intersected_reports():
    reference = made(n_samples=N)
    fewer = made(n_samples=N, scale=1.2, noise=0.2, picked=(5, 1, 9, *range(10, N)))
    with pytest.raises(NotComparable, match="--on-missing intersect"):
        compared(reference, fewer)
    comparison = compared(reference, fewer, on_missing="intersect")
    ids = [reference.samples.ids[k] for k in (1, 5, 9, *range(10, N))]

    assert comparison.pairing.n_samples == len(ids)
    assert (comparison.pairing.missing_in_reference, comparison.pairing.missing_in_candidate) == (0, N - len(ids))
    values = list(both_values(comparison, "multi-order", "mean_abs").values())
    np.testing.assert_allclose([one for one, _ in values], naive(reference, ids)["multi-order", "mean_abs"], rtol=1e-9)
    assert any(
        f"{N - len(ids)} samples that only the reference holds, 0 of the candidate" in r for r in comparison.remarks
    )


def test_43_the_order_of_the_samples_decides_no_digit():
    reference, candidate = versions()
    orders = [np.random.default_rng(seed).permutation(N).tolist() for seed in (1, 2)]
    turned = compared(reordered(reference, orders[0]), reordered(candidate, orders[1]))

    np.testing.assert_allclose(
        [(row.low, row.high) for row in turned.differences],
        [(row.low, row.high) for row in compared(reference, candidate).differences],
        rtol=1e-9,
    )


def test_47_identical_reports_show_no_nan():
    reference, _ = versions()
    comparison = compared(reference, made(n_samples=N, predicted=tuple(NAMED[0])))

    assert comparison.differences
    assert {row.change for row in comparison.differences} == {"identical"}
    assert all(row.low == row.difference == row.high == 0 for row in comparison.differences)


def test_a_report_from_its_file_compares_alike(tmp_path: Path):
    reports = versions()
    read = [read_report(path) for path in written(tmp_path, *reports)]
    read = [replace(report, path=made.path) for report, made in zip(read, reports, strict=True)]

    assert compared(read[0], read[1]) == compared(*reports)


# What is shown --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "quantities"),
    [
        ("bottleneck", ["J_rms_corrected", "J_mean_abs", "middle_over_ends"]),
        ("multi-order", ["rms_corrected", "mean_abs", "overall_rms_corrected", "overall_mean_abs"]),
        ("inference-patterns", ["rms_corrected", "mean_abs", "overall_rms_corrected", "overall_mean_abs"]),
        ("strength", ["strength_rms_corrected", "strength_mean_abs"]),
        ("shapley-taylor", ["strength_rms_corrected", "strength_mean_abs"]),
        ("shapley", ["mean_abs"]),
        ("harsanyi", ["strength_by_size"]),
        ("and-or", ["strength_by_size", "or_strength_by_size"]),
        ("and-or-graph", ["mean_explained_ratio", "mean_error", "mean_n_patterns"]),
        ("multivariate", ["mean_B", "mean_T"]),
    ],
)
def test_what_a_reader_wants_first(metric: str, quantities: list[str]):
    comparison = compared(*versions(metrics=(metric,), n_players=4, budget=16, pairs="all", picked=(0, 1, 4)))

    assert comparison.headline == (("accuracy", "accuracy"), *((metric, quantity) for quantity in quantities))
    shown = {(row.metric, row.quantity) for row in comparison.differences}
    assert set(comparison.headline) <= shown
    assert not any("without its parts" in left for left in comparison.left_out)


def test_a_metric_of_nobodys_shows_its_single_numbers():
    sides = []
    for report in versions(metrics=("strength",)):
        summary = [
            replace(quantity, name=name, role="detail")
            for quantity, name in zip(report.measurement("strength").summary, ("size", "twin", "q", "u"), strict=False)
        ]
        sides.append(with_measurement(report, "strength", summary=tuple(summary)))

    assert compared(*sides).headline[1:] == tuple(("strength", name) for name in ("size", "twin", "q", "u"))


def test_numbers_that_are_no_means_and_too_many_places_are_left_out_with_the_reason():
    comparison = compared(*versions(metrics=("multi-order", "bottleneck"), n_players=9, budget=512, pairs="all"))
    shown = {(row.metric, row.quantity) for row in comparison.differences}

    assert MOST_PLACES < 36 * 8
    assert "multi-order pair_mean_abs: 288 places, at most 200 are compared" in comparison.left_out
    assert "bottleneck theory: no mean of samples" in comparison.left_out
    assert "bottleneck null_mean_abs: no mean of samples" in comparison.left_out
    assert not shown & {("multi-order", "pair_mean_abs"), ("bottleneck", "theory")}
    held = {("bottleneck", f"J_{name}") for name in ("mean_abs", "mean_abs_corrected", "rms", "rms_corrected")}
    assert held <= shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "nat"}, r"multi-order mean_abs: unit log-odds / nat"),
        ({"statistic": "rms"}, r"multi-order mean_abs: statistic"),
        ({"statistic": "median"}, r"multi-order mean_abs: held / unknown statistic 'median'"),
        ({"statistic": ""}, r"multi-order mean_abs: held / no mean of samples"),
        ({"parts": ()}, r"multi-order mean_abs: held / without its parts"),
        ({"parts": ("absolute", "gone", "unbiased")}, r"multi-order mean_abs: held / without its parts gone"),
        ({"parts": ("absolute", "values", "unbiased")}, r"mean_abs: held / without its parts values"),
        ({"parts": ("absolute",)}, r"mean_abs: statistic"),
        ({"name": "other"}, r"multi-order mean_abs: held / not held"),
    ],
)
def test_a_number_that_is_another_in_the_candidate_is_left_out(change: dict[str, Any], said: str):
    reference, candidate = versions(metrics=("multi-order",))
    other = with_quantity(candidate, "multi-order", "summary", "mean_abs", **change)
    comparison = compared(reference, other)

    assert [left for left in comparison.left_out if said in left]
    assert ("multi-order", "mean_abs") not in {(row.metric, row.quantity) for row in comparison.differences}
    assert ("multi-order", "rms") in {(row.metric, row.quantity) for row in comparison.differences}


def test_other_places_are_no_difference_of_numbers():
    reference, candidate = versions(metrics=("multi-order",))
    coordinates = {**candidate.measurement("multi-order").coordinates, "order": np.array([0, 1, 2, 3, 4, 5, 9])}
    comparison = compared(reference, with_measurement(candidate, "multi-order", coordinates=coordinates))

    assert {row.quantity for row in comparison.differences} == {
        "accuracy", "overall_rms_corrected", "overall_mean_abs"
    }, "what has no places"  # fmt: skip
    assert any("mean_abs: places" in left and "9" in left for left in comparison.left_out)


def test_a_broken_number_is_left_out_of_a_comparison_and_the_others_stay():
    reference, candidate = versions(metrics=("multi-order",))
    broken = candidate.measurement("multi-order").quantity("mean_abs").values.copy()
    broken[2] = np.nan
    comparison = compared(reference, with_quantity(candidate, "multi-order", "summary", "mean_abs", values=broken))

    assert "multi-order mean_abs: summary/mean_abs sound / not finite at 1 place" in comparison.left_out
    assert {row.quantity for row in comparison.differences} == {
        "accuracy", "mean", "mean_abs_corrected", "rms", "rms_corrected", "pair_mean_abs", "overall_rms_corrected",
        "overall_mean_abs",
    }  # fmt: skip


def test_places_are_named_by_orders_players_pairs_and_sets():
    report = versions(metrics=("multi-order", "shapley", "shapley-taylor"), n_players=4, budget=16, pairs="all")[0]
    labels = {
        (m.key, quantity.name): labels_of(m, quantity, report.players)
        for m in report.measurements
        for quantity in m.summary
    }

    assert labels["multi-order", "mean_abs"] == ((0, 1, 2),)
    assert labels["multi-order", "pair_mean_abs"][1][:2] == ("c0 + c1", "c0 + c2")
    assert labels["shapley", "mean"] == (("c0", "c1", "c2", "c3"),)
    sets = labels["shapley-taylor", "set_mean"][0]
    assert len(sets) == len(set(sets))
    assert {"c0", "c0 + c1"} <= set(sets) or "c0 + c1" in sets


def test_what_the_reports_say_themselves_stands_side_by_side():
    reference, candidate = versions(metrics=("bottleneck",))
    told = with_measurement(candidate, "bottleneck", findings=(Finding("deeper", "Deeper than chance."),))
    (spoken,) = compared(reference, told).spoken

    assert (spoken.metric, spoken.candidate) == ("bottleneck", ("Deeper than chance.",))
    findings = reference.measurement("bottleneck").findings
    assert spoken.reference == tuple(f.sentence for f in findings if f.word)
    assert len(spoken.reference) == 1
    assert len(findings) > 1, "sentences that only tell numbers are no verdicts: their numbers stand in the table"


def test_sides_say_where_the_numbers_come_from():
    reference, candidate = versions()
    comparison = compared(reference, candidate)

    assert (comparison.reference.path, comparison.candidate.path) == ("a.h5", "b.h5")
    assert comparison.candidate.digest == candidate.provenance["checkpoint"]["sha256"]
    assert comparison.reference.created == "2026-03-01T10:00:00+00:00"
    assert comparison.reference.accuracy == pytest.approx(22 / 24)
    bare = compared(reference, replace(candidate, run={})).candidate
    assert bare.created == ""


def test_texts_of_different_lengths_compare_by_their_mean():
    texts = tuple(" ".join(["word"] * (2 + k % 5)) for k in range(N))
    comparison = compared(text_report(texts), text_report(texts, scale=1.5))

    assert both_values(comparison, "shapley", "strength") == {(): (4.0, 6.0)}


# What is remarked -----------------------------------------------------------------------------------------------------


def remarks(reference: Report, candidate: Report, **options: Any) -> str:
    return "\n".join(compare(reference, candidate, resamples=2000, **options).remarks)


def forty(**knobs: Any) -> tuple[Report, Report]:
    return pair_of_reports(**{"n_samples": 40, "metrics": ("shapley",), "scale": 1.1} | knobs)


def test_samples_without_a_label_that_are_left_out_are_told():
    labels = [k % 3 if k < 25 else -1 for k in range(32)]
    reports = pair_of_reports(noise=0.1, n_samples=32, metrics=("shapley",), labels=labels, predicted=([0] * 32,) * 2)
    for samples, told in (("both-correct", True), ("all", False)):
        found = compare(*reports, samples=samples, resamples=2000)
        assert ("Left out: 7 samples without a label." in found.remarks) == told


def test_nothing_to_remark_of_two_versions():
    assert remarks(*forty()) == ""


def test_48_the_same_file_and_the_same_content_are_told():
    reference, candidate = forty(scale=1.0)

    assert "are the same report" in remarks(reference, replace(candidate, path=reference.path))
    assert "same numbers of the same checkpoint" in remarks(reference, candidate)
    assert "same" not in remarks(*forty())


def test_48_old_and_new_swapped_is_told():
    reference, candidate = forty()

    assert "was measured before the reference (2026-03-01 10:00 / 2026-03-02 10:00 UTC)" in remarks(
        candidate, reference
    )
    assert "swapped" not in remarks(reference, candidate)


@pytest.mark.parametrize(
    "when", ["", "yesterday", None, 3, ["2026"], "2026-03-01T10:00:00", "9999-12-31T23:59:59-23:00"]
)
def test_a_time_that_is_none_or_has_no_zone_is_no_error(when: Any):
    reference, candidate = forty()
    said = replace(candidate, run={"created_utc": when})

    assert isinstance(remarks(reference, said), str)
    assert isinstance(remarks(said, reference), str)


def test_few_samples_are_told():
    assert "only 29;" in remarks(*forty(n_samples=29))
    assert remarks(*forty(n_samples=30)) == ""


def test_the_same_checkpoint_twice_is_told_unless_that_was_asked_for():
    reference, candidate = forty(scale=1.0)
    device = with_rounding(with_provenance(candidate, content_key="another"), device="cuda")

    assert "are of the same checkpoint" in remarks(reference, device)
    assert "device cpu / cuda" in remarks(reference, device)
    seeds = forty(scale=1.0, seeds=(0, 1))
    with pytest.raises(NotComparable, match="plan: seed"):
        remarks(*seeds)
    asked = remarks(*seeds, plans_may_differ=True)
    assert "Plan seeds 0 / 1" in asked
    assert "checkpoint" not in asked


def test_libraries_preprocessing_filters_and_quick_looks_are_told():
    reference, candidate = forty()
    versions_ = {**candidate.provenance["versions"], "torch": "2.10.0", "timm": "1.0.0"}

    assert "timm not stated / 1.0.0, torch 2.15.0 / 2.10.0" in remarks(
        reference, with_provenance(candidate, versions=versions_)
    )
    scaled = with_provenance(candidate, preprocessing={**candidate.provenance["preprocessing"], "mean": [0.5]})
    assert "prepare their inputs otherwise (mean)" in remarks(reference, scaled)
    assert "(only: all / correct)" in remarks(reference, with_question(candidate, {"data.only": "correct"}))
    assert "quick look (--limit), the candidate" in remarks(
        reference, replace(candidate, status="limited"), allow_partial=True
    )
    assert "Candidate: newer" in remarks(reference, replace(candidate, notes=("newer than this reader",)))


def test_hostile_text_in_a_report_comes_back_visible():
    reference, candidate = forty()
    evil = "\x1b[31m\n::error::x"
    checkpoint = {**candidate.provenance["checkpoint"], "path": evil}
    changed = with_rounding(with_provenance(candidate, checkpoint=checkpoint, arch=evil), device=evil)
    comparison = compared(reference, changed)
    asked = ({"score": evil}, {evil: evil}, {"metrics": [[evil, 1, {evil: evil}]]})
    refusals = []
    for question in asked:
        with pytest.raises(NotComparable) as refusal:
            compared(reference, with_question(candidate, question))
        refusals.append(str(refusal.value))

    for text in (comparison.candidate.checkpoint, comparison.candidate.arch, *comparison.remarks, *refusals):
        assert "\x1b" not in text
        assert "\n" not in text
