"""Samples are paired by name; which of them count is a rule, and what each version lost is counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gate_reports import made, reordered, with_samples

from interact_cli.gates.evidence.pairing import aligned, pair_samples, twice
from interact_cli.results import Report

NAMES = st.lists(st.sampled_from([f"s/{k}" for k in range(12)]), unique=True, max_size=12)
CLASSES = st.integers(-1, 2)


def report(ids: list[str], labels: list[int], predicted: list[int]) -> Report:
    base = reordered(made(n_samples=1, metrics=("shapley",)), [0] * len(ids))
    return with_samples(base, ids=tuple(ids), labels=np.array(labels), predicted=np.array(predicted))


@given(first=NAMES, second=NAMES)
def test_rows_name_the_same_samples_in_both_tables(first: list[str], second: list[str]):
    rows = aligned(first, second)

    assert [first[k] for k in rows.reference] == [second[k] for k in rows.candidate] == sorted({*first} & {*second})


@given(st.lists(st.sampled_from("abcde")))
def test_names_that_stand_twice(ids: list[str]):
    assert sorted(twice(ids)) == sorted(name for name, count in Counter(ids).items() if count > 1)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Report, Report]:
    """Two reports with samples of their own, whose labels agree on common ones."""
    first, second = draw(NAMES), draw(NAMES)
    label = {f"s/{k}": draw(CLASSES) for k in range(12)}
    return tuple(  # type: ignore[return-value]
        report(ids, [label[name] for name in ids], [draw(CLASSES) for _ in ids]) for ids in (first, second)
    )


@given(pairs(), st.sampled_from([None, "both-correct", "all"]))
def test_samples_and_counts_equal_a_loop_over_names(both: tuple[Report, Report], rule: str | None):
    reference, candidate = both
    first, second = (
        {name: (label, said) for name, label, said in zip(s.ids, s.labels.tolist(), s.predicted.tolist(), strict=True)}
        for s in (reference.samples, candidate.samples)
    )
    common = sorted(first.keys() & second.keys())
    named = all(any(said >= 0 for _, said in side.values()) for side in (first, second))
    known = [name for name in common if named and first[name][0] >= 0]
    lost = Counter((first[name][1] != first[name][0], second[name][1] != second[name][0]) for name in known)
    kept = [name for name in known if first[name][0] == first[name][1] == second[name][1]]
    everything = rule == "all" or not known
    found = pair_samples(reference, candidate, rule)  # type: ignore[arg-type]

    assert [reference.samples.ids[k] for k in found.rows.reference] == (common if everything else kept)
    assert [candidate.samples.ids[k] for k in found.rows.candidate] == (common if everything else kept)
    assert [reference.samples.ids[k] for k in found.labelled.reference] == known
    pairing = found.pairing
    assert pairing.rule == ("all" if everything else "both-correct")
    assert pairing.n_samples == len(found.rows)
    assert pairing.missing_in_reference == len(second.keys() - first.keys())
    assert pairing.missing_in_candidate == len(first.keys() - second.keys())
    assert pairing.lost_by_both == lost[True, True]
    assert (pairing.lost_by_reference, pairing.lost_by_candidate) == (lost[True, False], lost[False, True])


@pytest.mark.parametrize("rule", [None, "both-correct", "all"])
def test_where_nothing_is_labelled_all_are_compared(rule: str | None):
    reference, candidate = (report(["a", "b"], [-1, -1], said) for said in ([0, 1], [1, 1]))
    found = pair_samples(reference, candidate, rule)  # type: ignore[arg-type]

    assert (found.pairing.rule, found.pairing.n_samples, len(found.labelled)) == ("all", 2, 0)
    assert (found.pairing.lost_by_reference, found.pairing.lost_by_candidate, found.pairing.lost_by_both) == (0, 0, 0)


def test_outputs_without_classes_are_not_labelled():
    """A scalar output predicts -1; a label of 0 is then no hit."""
    reference, candidate = (report(["a", "b"], [0, 1], [-1, -1]) for _ in range(2))

    assert pair_samples(reference, candidate, "both-correct").pairing.rule == "all"


def test_a_sample_without_a_class_among_others_with_one_is_wrong():
    """Left out, the samples that a broken candidate cannot answer would spare its accuracy."""
    reference, candidate = report(["a", "b"], [0, 1], [0, 1]), report(["a", "b"], [0, 1], [0, -1])
    found = pair_samples(reference, candidate, None)

    assert (len(found.labelled), found.pairing.n_samples, found.pairing.lost_by_candidate) == (2, 1, 1)


def test_the_order_of_a_file_decides_nothing():
    reference = report(["c", "a", "b"], [0, 1, 2], [0, 1, 2])
    candidate = report(["b", "c", "a"], [2, 0, 1], [2, 0, 1])
    found = pair_samples(reference, candidate, None)

    assert found.rows.reference.tolist() == [1, 2, 0]
    assert found.rows.candidate.tolist() == [2, 0, 1]
