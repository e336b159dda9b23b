"""Two reports are comparable when nothing but the network differs; a field that nobody checks is found here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from support.gate_reports import (
    made,
    pair_of_reports,
    reordered,
    with_measurement,
    with_options,
    with_players,
    with_provenance,
    with_question,
    with_samples,
)
from support.text_gate_reports import text_report

from interact_cli import extensions
from interact_cli.errors import NotComparable
from interact_cli.gates.compare import compare
from interact_cli.gates.evidence.comparability import Allowed, comparability
from interact_cli.gates.evidence.stated import FIELDS, question_fields, words
from interact_cli.gates.policy import MAY_DIFFER
from interact_cli.options import Option, options_of
from interact_cli.results import PlayerTable, Report, SampleTable

SMALL = {"n_samples": 4, "metrics": ("multi-order", "shapley")}
Flip = Callable[[Report], Report]


def pair() -> tuple[Report, Report]:
    return pair_of_reports(scale=1.1, **SMALL)


def provenance(*path: str, to: Any) -> Flip:
    """Set one entry of the provenance, however deep."""

    def flip(report: Report) -> Report:
        return replace(report, provenance=_set(report.provenance, path, to))

    return flip


def asked(name: str, *, to: Any) -> Flip:
    return lambda report: with_question(report, {name: to})


def option(metric: str, /, **changed: Any) -> Flip:
    return lambda report: with_options(report, metric, **changed)


def players(**changed: Any) -> Flip:
    return lambda report: with_players(report, **changed)


def samples(**changed: Any) -> Flip:
    return lambda report: with_samples(report, **changed)


def _set(document: Any, path: tuple[str, ...], to: Any) -> Any:
    if not path:
        return to
    return {**document, path[0]: _set(document.get(path[0], {}), path[1:], to)}


def other_ids(report: Report) -> Report:
    return with_samples(report, ids=(*report.samples.ids[:-1], "made/test/999"))


def other_label(report: Report) -> Report:
    labels = report.samples.labels.copy()
    labels[2] += 1
    return with_samples(report, labels=labels)


def other_count(column: str) -> Flip:
    def flip(report: Report) -> Report:
        counts = getattr(report.samples, column).copy()
        counts[1] += 1
        return with_samples(report, **{column: counts})

    return flip


def learned(report: Report, **settings: Any) -> Report:
    """Baselines of each sample's own; their values belong to the network."""
    values = np.random.default_rng(len(report.provenance["arch"])).normal(size=(4, 8)).astype(np.float32)
    said = {"score": "log-odds", "target": "true", "iterations": 100, **settings}
    about = {"name": "learned", "source": "", "values": "", "start": {"name": "mean"}, "learned": said}
    return with_provenance(with_players(report, baseline=values, baseline_name="learned"), baseline=about)


def of_metrics(report: Report, *names: str) -> Report:
    """A report of these metrics only: what it holds, and what it says that it was asked."""
    asked_for = [entry for entry in report.provenance["identity"]["question"]["metrics"] if entry[0] in names]
    held = tuple(measurement for measurement in report.measurements if measurement.metric in names)
    return with_question(replace(report, measurements=held), {"metrics": asked_for})


def without_options(report: Report) -> Report:
    """A report that does not say with which options its metrics were asked."""
    asked_for = report.provenance["identity"]["question"]["metrics"]
    return with_question(with_options(report, "multi-order", pairs=None), {"metrics": [e[:2] for e in asked_for]})


def by_sample_reuse(report: Report) -> Report:
    """As if the run had dropped its surrogate."""
    measurement = report.measurement("shapley")
    others = tuple(quantity for quantity in measurement.per_sample if quantity.name != "explained")
    assert len(others) < len(measurement.per_sample), "it was read off a surrogate"
    return with_measurement(report, "shapley", per_sample=others, estimator="maximum sample reuse: 150 coalitions")


FLIPS: dict[str, Flip] = {
    "score": asked("score", to="prob"),
    "score unit": provenance("score_unit", to="probability"),
    "target": asked("target", to="predicted"),
    "protocol": provenance("protocol", to="deng2022"),
    "data: name": provenance("data", "name", to="csv:other.csv"),
    "data: split": provenance("data", "split", to="train"),
    "data: fingerprint": provenance("data", "fingerprint", to="0" * 64),
    "output": provenance("output", to="scalar"),
    "modules": provenance("modules", to=["fc"]),
    "vector": provenance("vector", to=True),
    "classes: names": provenance("class_names", to=["a", "c", "b"]),
    "classes: number": provenance("n_classes", to=4),
    "players": players(spec="grid:2x4"),
    "players: grid": players(grid=(2, 4)),
    "players: names": players(names=tuple("hgfedcba")),
    "players: owner": players(owner=np.arange(8)[::-1].copy()),
    "players: shared": players(own_names=(tuple("abcdefgh"),) * 4, owner=np.tile(np.arange(8), (4, 1))),
    "span": players(spans=np.tile([0, 4], (4, 1))),
    "entry: place": provenance("entry", "place", to="module"),
    "entry: module": provenance("entry", "module", to="fc"),
    "entry: call": provenance("entry", "call", to=1),
    "baseline: name": players(baseline_name="zero"),
    "baseline: values": players(baseline=np.full(8, 0.5, np.float32)),
    "plan: budget": asked("plan.budget", to=151),
    "plan: seed": asked("plan.seed", to=1),
    "plan: instability": asked("plan.instability", to=2),
    "multi-order: pairs": option("multi-order", pairs="all"),
    "options of metrics": without_options,
    "multi-order: contexts": option("multi-order", contexts=3),
    "plan: coalitions": provenance("plan_hash", to="1" * 64),
    "plan: asked coalitions": other_count("asked"),
    "plan: unique coalitions": other_count("unique"),
    "dtype": provenance("dtype", to="bfloat16"),
    "tool: major version": provenance("versions", "interact-cli", to="1.0.0"),
    "normaliser: fingerprint": provenance("ranges", "fingerprint", to="6" * 64),
    "normaliser: split": provenance("ranges", "split", to="train"),
    "illustration": provenance("illustration", to=True),
    "status": lambda report: replace(report, status="limited"),
    "metrics": lambda report: of_metrics(report, "multi-order"),
    "multi-order: version": lambda report: with_measurement(report, "multi-order", version=99),
    "shapley: estimated": by_sample_reuse,
    "shapley: origin": provenance("metrics", "shapley", to="acme 0.1.0"),
    "samples": other_ids,
    "samples: names": lambda report: reordered(report, [0, 1, 2, 2]),
    "samples: labels": other_label,
}


def found(reference: Report, candidate: Report, **allowed: Any) -> dict[str, tuple[str, str]]:
    problems = comparability(reference, candidate, Allowed(**allowed)).problems
    return {problem.field: (problem.reference, problem.candidate) for problem in problems}


def test_versions_of_one_network_are_comparable():
    assert comparability(*pair(), Allowed()).problems == ()


@pytest.mark.parametrize("field", FLIPS)
def test_each_field_alone_stands_against_a_comparison(field: str):
    reference, candidate = pair()

    assert list(found(reference, FLIPS[field](candidate))) == [field]
    assert list(found(FLIPS[field](reference), candidate)) == [field]


@pytest.mark.parametrize("field", FLIPS)
def test_the_refusal_is_one_line_with_both_values(field: str):
    reference, candidate = pair()
    with pytest.raises(NotComparable) as refusal:
        compare(reference, FLIPS[field](candidate))
    line, values = str(refusal.value), found(reference, FLIPS[field](candidate))[field]

    assert refusal.value.exit_code == 3
    assert f"{field} ({values[0]} / {values[1]})" in line
    assert values[0] != values[1]
    assert "\n" not in line


def test_every_field_of_the_table_is_flipped_here():
    assert {field.name for field in (*FIELDS, *question_fields(*pair()))} <= FLIPS.keys()


OPTIONS = [
    pytest.param(entry.name, one, id=f"{entry.name}:{one.name}")
    for entry in extensions.metrics()
    if entry.origin == extensions.ORIGIN
    for one in options_of(extensions.metric(entry.name))
    if not one.setting and one.name != "estimator"
]


def test_what_answered_is_compared_and_not_what_was_asked_for():
    reference, candidate = pair()
    named = option("shapley", estimator="surrogate")(candidate)
    reused = option("shapley", estimator="reuse")(by_sample_reuse(candidate))

    assert not found(reference, named)
    assert not found(by_sample_reuse(reference), reused)
    assert found(named, reused) == {"shapley: estimated": ("by a surrogate", "by sample reuse")}
    of_a_plugin = option("shapley", estimator="jackknife")(candidate)
    assert found(named, of_a_plugin) == {"shapley: estimator": ("surrogate", "jackknife")}


def test_other_estimators_draw_other_coalitions_and_are_compared_where_declared():
    reference, candidate = pair()
    drawn = with_measurement(by_sample_reuse(candidate), "shapley", estimator="permutations, 150 coalitions asked")
    drawn = FLIPS["plan: coalitions"](FLIPS["plan: asked coalitions"](drawn))

    assert found(reference, drawn) == {
        "shapley: estimated": ("by a surrogate", "by neither surrogate nor sample reuse")
    }
    assert not found(reference, drawn, may_differ=("estimator",))
    assert list(found(reference, FLIPS["plan: seed"](drawn), may_differ=("estimator",))) == ["plan: seed"]


def test_no_metrics_option_is_forgotten_here():
    named = {param.values[1].name for param in OPTIONS}
    assert named == {"pairs", "contexts", "interaction_size", "partitions", "learned", "drop_rate", "second_surrogate"}


def holding(report: Report, metric: str) -> Report:
    """As if its first measurement were this metric's, with all options at their defaults."""
    renamed = with_provenance(report, metrics={metric: "interact-cli 0.1.0"})
    renamed = replace(renamed, measurements=(replace(report.measurements[0], metric=metric),))
    return with_question(renamed, {"metrics": [[metric, 1, {}]]})


@pytest.mark.parametrize(("metric", "of_metric"), OPTIONS)
def test_each_option_of_each_metric_stands_against_a_comparison(metric: str, of_metric: Option):
    reference, candidate = (holding(side, metric) for side in pair())
    value = of_metric.choices[-1] if of_metric.choices else {int: 3, float: 0.4, str: "all"}[of_metric.kind]
    other = option(metric, **{of_metric.name: value})
    field = f"{metric}: {of_metric.name.replace('_', ' ')}"

    assert found(reference, other(candidate)) == {field: ("the default", words(value))}
    assert found(other(reference), candidate) == {field: (words(value), "the default")}
    assert not found(other(reference), other(candidate))


def test_a_setting_that_only_one_report_knows_is_not_stated_by_the_other():
    """A later version may ask more of the records."""
    reference, candidate = pair()
    newer = asked("plan.brand_new", to=True)(candidate)

    assert found(reference, newer) == {"plan: brand new": ("not stated", "True")}
    assert found(newer, reference) == {"plan: brand new": ("True", "not stated")}


def leaves(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every entry that holds no further ones; an empty mapping is one."""
    if isinstance(document, dict) and document:
        for key, value in document.items():
            yield from leaves(value, (*path, key))
    else:
        yield path


def beneath(*path: str) -> list[tuple[str, ...]]:
    return [leaf for leaf in leaves(made(**SMALL).provenance) if leaf[: len(path)] == path]


BELONGS_TO_THE_VERSION = {
    ("arch",), ("arch_source",), ("checkpoint", "path"), ("checkpoint", "sha256"), ("checkpoint", "weights_key"),
    ("content_key",), ("notes",), ("preprocessing", "kind"), ("preprocessing", "shape"), ("preprocessing", "mean"),
    ("preprocessing", "std"), ("ranges", "scores"),
}  # fmt: skip
"""What is judged, or a remark (preprocessing)."""
SAID_TWICE = {
    ("budget",): "the question",
    ("seed",): "the question",
    ("score",): "the question",
    ("target",): "the question",
    ("batch_rows",): "the rounding",
    ("device",): "the rounding",
    ("threads",): "the rounding",
    ("entry", "way"): "the rounding",
    ("identity", "question", "ranges"): "the normaliser",
    ("identity", "question", "illustration"): "the illustration",
    ("identity", "question", "records kept"): "no number",
    ("identity", "question", "data.only"): "no number of a sample; a remark",
    **dict.fromkeys(beneath("identity", "records"), "each part of the records in its own way"),
    **dict.fromkeys(beneath("identity", "question", "metric origins"), "the metrics' origins"),
    ("players",): "the player table",
    ("baseline", "name"): "the player table",
    ("baseline", "source"): "the values",
    ("baseline", "values"): "the player table",
    ("entry", "where"): "place, module and call",
    ("entry", "difference"): "a measurement of rounding",
    ("data", "n_total"): "the drawn samples have a fingerprint",
    ("ranges", "n_samples"): "the fingerprint",
    ("smaller_batches",): "last bits",
}
"""Entry of the provenance -> where the same is checked."""
LAST_BITS = set(beneath("identity", "rounding"))


def test_nothing_in_the_provenance_goes_unseen():
    """Flip every entry that a report states: a problem, a remark, or a reason written above."""
    reference, candidate = pair()
    for path in leaves(reference.provenance):
        changed = provenance(*path, to="another")(candidate)
        if path in BELONGS_TO_THE_VERSION or path in SAID_TWICE:
            assert not found(reference, changed), path
        elif path in LAST_BITS or (path[0] == "versions" and path[1] != "interact-cli"):
            remarks = compare(reference, changed, samples="all").remarks
            assert any("another" in remark for remark in remarks), path
        else:
            assert found(reference, changed), path


def test_nothing_in_the_player_table_goes_unseen():
    seen = {"spec": "players", "grid": "players: grid", "names": "players: names", "owner": "players: owner",
            "own_names": "players: names", "spans": "span", "baseline": "baseline: values",
            "baseline_name": "baseline: name"}  # fmt: skip
    assert seen.keys() | {"entry"} == {field.name for field in fields(PlayerTable)}, "entry: words of provenance.entry"


def test_nothing_in_the_sample_table_goes_unseen():
    checked = {"ids", "labels", "asked", "unique", "texts"}
    measured = {"predicted", "included", "full_value", "empty_value", "accuracy"}
    shown = {"evaluated", "skipped", "chance", "pictures"}
    assert checked | measured | shown == {field.name for field in fields(SampleTable)}


@pytest.mark.parametrize("path", beneath(), ids="/".join)
def test_an_entry_that_is_missing_is_a_problem_and_no_error(path: tuple[str, ...]):
    reference, candidate = pair()

    def without(document: Any, path: tuple[str, ...]) -> Any:
        if len(path) == 1:
            return {key: value for key, value in document.items() if key != path[0]}
        return {**document, path[0]: without(document[path[0]], path[1:])}

    bare = [replace(side, provenance=without(side.provenance, path)) for side in (reference, candidate)]
    decides = path not in BELONGS_TO_THE_VERSION | SAID_TWICE.keys() | LAST_BITS and (
        path[0] != "versions" or path[1] == "interact-cli"
    )

    for sides in ((bare[0], candidate), (reference, bare[1]), tuple(bare)):
        problems = found(*sides)
        assert bool(problems) == decides, problems
        assert all("not stated" in values for values in problems.values())


@pytest.mark.parametrize("nothing", [{}, {"data": None, "entry": [], "versions": "x", "checkpoint": 3, "ranges": [1]}])
def test_a_report_that_states_nothing_is_refused_in_words(nothing: dict[str, Any]):
    reference, candidate = pair()
    bare = replace(candidate, provenance=nothing, config=nothing)

    assert len(found(reference, bare)) > 20
    assert len(found(bare, bare)) > 20


def test_44_another_data_set_plan_budget_and_metric_version_are_named_together():
    reference, candidate = pair()
    for field in ("data: name", "plan: budget", "multi-order: version", "score"):
        candidate = FLIPS[field](candidate)

    assert list(found(reference, candidate)) == ["score", "plan: budget", "data: name", "multi-order: version"]


def test_a_plan_that_differs_for_a_named_reason_is_named_once():
    reference, candidate = pair()
    other = FLIPS["plan: unique coalitions"](FLIPS["plan: coalitions"](FLIPS["plan: budget"](candidate)))

    assert list(found(reference, other)) == ["plan: budget"]


# What may differ ------------------------------------------------------------------------------------------------------


PREFIXES = {
    "baseline": "baseline: ", "entry": "entry: ", "classes": "classes: ", "normaliser": "normaliser: ",
    "estimator": "shapley: estimated",
}  # fmt: skip


@pytest.mark.parametrize("declared", MAY_DIFFER)
def test_a_declared_field_may_differ_and_is_printed(declared: str):
    reference, candidate = pair()
    fields_ = [field for field in FLIPS if field.startswith(PREFIXES.get(declared, declared))]
    assert fields_
    for field in fields_:
        other = FLIPS[field](candidate)
        values = found(reference, other)[field]

        assert not found(reference, other, may_differ=(declared,))
        assert found(reference, other, may_differ=tuple(set(MAY_DIFFER) - {declared}))
        (remark,) = [r for r in compare(reference, other, may_differ=(declared,)).remarks if field in r]
        assert all(value in remark for value in values)


def test_no_declaration_covers_anything_else():
    reference, candidate = pair()
    free = ("baseline", "entry", "classes", "dtype", "normaliser", "tool", "shapley: estimated")
    for field, flip in FLIPS.items():
        if not field.startswith(free):
            assert list(found(reference, flip(candidate), may_differ=MAY_DIFFER)) == [field]


@pytest.mark.parametrize("declared", MAY_DIFFER)
def test_the_way_out_is_open_to_a_policy_and_to_compare(declared: str):
    """`gate` has no flag that declares: its policy does."""
    reference, candidate = pair()
    field = next(field for field in FLIPS if field.startswith(PREFIXES.get(declared, declared)))
    problems = comparability(reference, FLIPS[field](candidate), Allowed()).problems
    assert [one.advice for one in problems if one.field == field] == [
        f"Measure both alike, or declare it: may_differ: [{declared}] in a policy, --may-differ {declared} for compare."
    ]


def test_plan_seeds_may_differ_for_noise_and_nothing_else():
    reference, candidate = pair_of_reports(seeds=(0, 1), **SMALL)

    assert list(found(reference, candidate)) == ["plan: seed"]
    assert not found(reference, candidate, plans=True)
    for field, flip in FLIPS.items():
        if field not in {"plan: seed", "plan: coalitions", "plan: asked coalitions", "plan: unique coalitions"}:
            assert list(found(reference, flip(candidate), plans=True)) == [field]


def test_49_a_quick_look_is_not_judged_unless_it_may_be():
    reference, candidate = pair()
    quick = replace(candidate, status="limited")

    assert found(reference, quick) == {"status": ("complete", "limited")}
    assert not found(reference, quick, partial=True)
    shown = FLIPS["illustration"](candidate)
    assert list(found(shown, shown, partial=True)) == ["illustration"], "both are illustrations: equal, and no data"


# Samples --------------------------------------------------------------------------------------------------------------


def test_43_permuted_samples_are_the_same_samples():
    reference, candidate = pair()

    assert not found(reference, reordered(candidate, [2, 0, 3, 1]))


def test_43_labels_follow_their_samples():
    reference, candidate = pair()
    turned = reordered(candidate, [2, 0, 3, 1])
    labels = turned.samples.labels

    assert labels.tolist() != candidate.samples.labels.tolist()
    assert "samples: labels" in found(reference, with_samples(turned, labels=candidate.samples.labels))


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 3], [0, 0, 0, 0], [1, 1, 2, 3]])
def test_43_a_sample_that_stands_twice_is_refused(order: list[int]):
    reference, candidate = pair()
    for sides in ((reference, reordered(candidate, order)), (reordered(reference, order), candidate)):
        assert list(found(*sides)) == ["samples: names"]
        assert list(found(*sides, on_missing="intersect")) == ["samples: names"]


def test_missing_samples_are_refused_or_left_out():
    reference, candidate = pair()
    fewer = with_provenance(
        reordered(candidate, [0, 2]), data={**candidate.provenance["data"], "fingerprint": "7" * 64}
    )

    assert found(reference, fewer) == {"samples": ("4, 2 only here ('made/test/001')", "2, none only here")}
    assert not found(reference, fewer, on_missing="intersect"), "contents of other samples cannot be compared"
    same = FLIPS["data: fingerprint"](candidate)
    assert list(found(reference, same, on_missing="intersect")) == ["data: fingerprint"], "the same samples can"


def test_of_shared_samples_labels_and_plans_are_compared():
    reference, candidate = pair()
    for field in ("samples: labels", "plan: asked coalitions", "plan: unique coalitions"):
        fewer = reordered(FLIPS[field](candidate), [2, 1])
        assert list(found(reference, fewer, on_missing="intersect")) == [field]


def test_no_shared_sample_and_no_sample_at_all():
    reference, candidate = pair()
    others = with_samples(candidate, ids=tuple(f"other/{k}" for k in range(4)))
    empty = reordered(candidate, [])

    for other in (others, empty):
        assert list(found(reference, other, on_missing="intersect")) == ["samples"]
    assert list(found(empty, empty)) == ["samples"]
    assert found(empty, empty)["samples"] == ("0 samples", "0 samples")


def test_no_metric_in_common_and_none_at_all():
    reference, candidate = pair()
    one, other = of_metrics(reference, "multi-order"), of_metrics(candidate, "shapley")
    none = of_metrics(candidate)

    assert found(one, other) == {"metrics": ("multi-order", "shapley")}
    assert found(none, none) == {"metrics": ("none", "none")}
    assert "metrics" in found(reference, none)


def test_options_are_stated_of_the_metrics_that_a_report_holds():
    """Else a report could hold a metric and say nothing of how it was asked."""
    reference, candidate = pair()
    lacking = replace(candidate, measurements=candidate.measurements[:1])
    forgotten = with_question(candidate, {"metrics": candidate.provenance["identity"]["question"]["metrics"][:1]})

    assert found(reference, lacking)["options of metrics"][1] == "not stated"
    assert found(reference, forgotten)["options of metrics"][1] == "not stated"
    assert found(forgotten, forgotten)["options of metrics"] == ("not stated", "not stated")


def test_another_release_of_the_distribution_is_no_other_metric():
    reference, candidate = pair()

    assert not found(reference, provenance("metrics", "shapley", to="interact-cli 0.2.0")(candidate))


# Players and baselines ------------------------------------------------------------------------------------------------


def test_texts_and_words_are_compared_sample_by_sample():
    texts = ("a film of note", "not bad at all", "very very bad indeed")
    reference, candidate = text_report(texts), text_report(texts)

    assert not found(reference, candidate)
    assert not found(reference, reordered_texts(candidate, [2, 0, 1]))
    other = text_report(("a film of note", "not good at all", "very very bad indeed"))
    assert {"samples: texts", "players: names"} <= found(reference, other).keys()
    cut = with_players(candidate, own_names=(("a", "film of note"), *candidate.players.own_names[1:]))
    assert list(found(reference, cut)) == ["players: names"]
    owner = candidate.players.owner.copy()
    owner[1, 0] = 1
    assert list(found(reference, with_players(candidate, owner=owner))) == ["players: owner"]
    spans = np.array([[0, 2], [0, 2], [0, 3]])
    spanned = [with_players(side, spans=spans) for side in (reference, candidate)]
    assert not found(*spanned)
    assert list(found(spanned[0], with_players(candidate, spans=spans + np.array([[0, 0], [0, 1], [0, 0]])))) == [
        "span"
    ]


def test_padding_behind_a_text_is_no_difference():
    texts = ("a film of note", "not bad")
    reference, candidate = text_report((*texts, "very very very long indeed")), text_report(texts)

    assert not found(reference, candidate, on_missing="intersect")


def reordered_texts(report: Report, order: list[int]) -> Report:
    table = report.players
    turned = reordered(report, order)
    turned = with_samples(turned, texts=tuple(report.samples.texts[k] for k in order))
    return with_players(turned, own_names=tuple(table.own_names[k] for k in order), owner=table.owner[order])


def test_word_vectors_are_the_networks_own():
    texts = ("a film of note", "not bad")
    reference, candidate = text_report(texts), text_report(texts)
    moved = with_players(candidate, baseline=candidate.players.baseline + np.float32(1))

    assert not found(reference, moved)
    assert list(found(reference, with_players(moved, baseline_name="pad"))) == ["baseline: name"]


def test_learned_baselines_may_have_other_values_and_no_other_settings():
    reference, candidate = pair()
    candidate = with_provenance(candidate, arch="another architecture")
    assert not np.array_equal(learned(reference).players.baseline, learned(candidate).players.baseline)

    assert not found(learned(reference), learned(candidate))
    assert list(found(learned(reference), learned(candidate, iterations=99))) == ["baseline: settings"]
    started = learned(candidate)
    zero = {**started.provenance["baseline"], "start": {"name": "zero"}}
    assert list(found(learned(reference), with_provenance(started, baseline=zero))) == ["baseline: settings"]
    assert list(found(reference, learned(candidate))) == ["baseline: name"]


def test_long_values_are_told_apart_in_words():
    first, second = np.zeros((1, 16, 16), np.int64), np.ones((1, 16, 16), np.int64)

    assert words(first) != words(second)
    assert len(words(first)) < 60
    assert words("x" * 500).startswith("x" * 60)
    assert "\x1b" not in words("\x1b[31mred")
    assert "\x1b" not in words(["\x1b[31mred"])
