"""The verdict: what fails, what passes, and that nothing broken, missing or unasserted ever does."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import verdicts as hand_made
from support.gate_reports import (
    METRICS,
    made,
    pair_of_reports,
    reordered,
    with_measurement,
    with_provenance,
    with_quantity,
    with_question,
    with_samples,
    written,
)

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.gates import judging
from interact_cli.gates.judging import digest_of, judge
from interact_cli.gates.policy import Policy, Rule
from interact_cli.gates.sentences import of_rule
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.verdicts.markdown import verdict_markdown
from interact_cli.results import Report
from interact_cli.verdicts import Verdict

KNOWN = (*METRICS, "harsanyi", "and-or")
RULE: dict[str, Any] = {
    "metric": "multi-order",
    "quantity": "mean_abs",
    "must_not": "rise",
    "margin": "30%",
    "at": (0, 6),
}
"""Orders 0 and 6 are exact: nothing is drawn there, so a relative margin always has a reference above 0."""
SHAPLEY: dict[str, Any] = {"metric": "shapley", "quantity": "mean_abs", "must_not": "rise", "margin": "1", "at": None}
SMALL = ("multi-order", "shapley")


def policy(*rules: dict[str, Any], **more: Any) -> Policy:
    return Policy(rules=tuple(Rule(**{**RULE, **rule}) for rule in rules or ({},)), **{"resamples": 2000, **more})


def verdict(reference: Report, candidate: Report, *rules: dict[str, Any], **more: Any) -> Verdict:
    options = {name: more.pop(name) for name in ("noise", "plans_may_differ") if name in more}
    return judge(reference, candidate, policy(*rules, **more), known_metrics=KNOWN, **options)


def versions(scale: float = 1.1, **knobs: Any) -> tuple[Report, Report]:
    return pair_of_reports(**{"scale": scale, "noise": 0.1, "n_samples": 32, "metrics": SMALL} | knobs)


# PASS, FAIL, INCONCLUSIVE ---------------------------------------------------------------------------------------------


def test_a_rise_beyond_the_margin_fails_with_1():
    found = verdict(*versions(2.0))
    (rule,) = found.rules

    assert (found.word, found.exit_code, rule.word) == ("FAIL", 1, "FAIL")
    assert found.sentence.startswith("the rule is broken: multi-order mean_abs rose by more than 30 % at 2 of 2 orders")
    assert rule.name == "multi-order mean_abs must not rise"
    assert found.comparison is not None
    assert (found.reference, found.candidate) == ("a.h5", "b.h5")
    named = verdict(*versions(2.0), {"name": "no \x1bnoise"})
    assert named.rules[0].name == "no \\x1bnoise"
    assert named.sentence.startswith("the rule is broken: no \\x1bnoise: multi-order mean_abs rose")


@pytest.mark.parametrize(
    ("must_not", "scale", "word"),
    [
        ("rise", 2.0, "FAIL"), ("rise", 1.05, "PASS"), ("rise", 0.5, "PASS"),
        ("fall", 0.5, "FAIL"), ("fall", 0.95, "PASS"), ("fall", 2.0, "PASS"),
        ("change", 2.0, "FAIL"), ("change", 0.5, "FAIL"), ("change", 1.02, "PASS"),
    ],
)  # fmt: skip
def test_the_direction_that_is_worse(must_not: str, scale: float, word: str):
    found = verdict(*versions(scale), {"must_not": must_not})

    assert (found.word, found.exit_code) == (word, {"PASS": 0, "FAIL": 1}[word])


def test_a_change_of_about_the_margin_is_undecided_and_exits_as_the_policy_says():
    reports = versions(1.2, noise=0.5)
    for choice, word, code in (("fail", "INCONCLUSIVE", 3), ("warn", "INCONCLUSIVE", 0), ("pass", "PASS", 0)):
        found = verdict(*reports, on_inconclusive=choice)

        assert [rule.word for rule in found.rules] == ["INCONCLUSIVE"]
        assert (found.word, found.exit_code) == (word, code)
        assert "undecided by 32 samples" in found.sentence
        assert found.on_inconclusive == choice
        assert ("lets pass" in found.sentence) == (choice == "pass")
        assert "may have risen by more than 30 %" in found.rules[0].sentence


@pytest.mark.parametrize(
    ("margin", "needed", "said"),
    [
        (0.2, (71, 130), "about 130 would"),
        (0.2, (71, None), "more hardly would"),
        (0.05, (71, 130), "about 71 would"),
        (0.05, (71, None), "about 71 would"),
    ],
)
def test_one_place_breaks_a_rule_and_all_places_hold_it(margin: float, needed: tuple[int | None, ...], said: str):
    """Every place rose by 12 %; one at its margin, undecided for ever, hinders no FAIL by another."""
    rule = Rule(metric="multi-order", quantity="mean_abs", must_not="rise", margin=f"{100 * margin:g}%")
    open_ = [
        hand_made.decision("INCONCLUSIVE", hand_made.difference(n), margin, needed=one) for n, one in enumerate(needed)
    ]
    assert said in of_rule(rule, "INCONCLUSIVE", open_, 46)


def test_the_gravest_rule_decides():
    reports = versions(2.0)
    undecided, broken, holds = {**SHAPLEY, "margin": "0.3"}, {}, {"margin": "500%"}

    assert verdict(*reports, holds, undecided).exit_code == 3
    assert verdict(*reports, holds, undecided, broken).exit_code == 1
    assert verdict(*reports, undecided, broken, on_inconclusive="pass").exit_code == 1
    assert "1 of 3 rules is broken" in verdict(*reports, holds, undecided, broken).sentence
    assert "both rules hold" in verdict(*reports, holds, {**SHAPLEY, "margin": "5"}).sentence


def test_47_identical_reports_pass_before_any_resampling():
    reference, _ = versions()
    found = verdict(reference, made(n_samples=32, metrics=SMALL), {}, SHAPLEY, {**SHAPLEY, "margin": "1e-9"})

    assert (found.word, found.exit_code) == ("PASS", 0)
    assert "identical" in found.sentence
    for rule in found.rules:
        assert "identical" in rule.sentence
        for decision in rule.decisions:
            difference = decision.difference
            assert (difference.low, difference.difference, difference.high) == (0, 0, 0)


def test_few_samples_leave_it_open():
    for n, word in ((1, "INCONCLUSIVE"), (2, "INCONCLUSIVE"), (19, "INCONCLUSIVE"), (20, "FAIL")):
        found = verdict(*versions(3.0, n_samples=n), {"margin": "0.001"})

        assert found.word == word
        assert found.exit_code == {"INCONCLUSIVE": 3, "FAIL": 1}[word]
        assert any(f"Only {n} sample" in remark for remark in found.rules[0].remarks)
    assert "19 samples: it takes 20" in verdict(*versions(3.0, n_samples=19), {"margin": "0.001"}).rules[0].sentence


@pytest.mark.parametrize("choice", ["fail", "warn", "pass"])
def test_too_few_samples_never_pass_whatever_the_policy_lets_pass(choice: str):
    """A candidate that gets one sample right leaves one to compare: what it does there is no evidence."""
    right = [k % 3 for k in range(32)]
    wrong = [right[0], *((label + 1) % 3 for label in right[1:])]
    collapsed = versions(50.0, predicted=(right, wrong))
    for reports in (versions(3.0, n_samples=1), versions(1.0, noise=0.0, n_samples=19), collapsed):
        impossible(verdict(*reports, {"margin": "100%"}, on_inconclusive=choice), "samples compared")


def test_a_change_inside_the_margin_is_told_and_passes():
    found = verdict(*versions(1.1, noise=0.0))

    assert found.word == "PASS"
    assert found.rules[0].remarks == ("A change is shown at 2 of 2 places, and it lies inside the margin.",)


def test_alpha_of_a_rule_wins_over_the_policys():
    found = verdict(*versions(), {}, {"alpha": 0.01}, alpha=0.1)

    assert [rule.alpha for rule in found.rules] == [0.1, 0.01]
    assert [rule.decisions[0].difference.confidence for rule in found.rules] == pytest.approx([0.8, 0.98])


def test_a_rule_for_some_places_judges_these_alone():
    reports = versions(2.0, metrics=("multi-order", "bottleneck"))
    whole = verdict(*reports, {"at": None, "margin": "0.1"}).rules[0].decisions
    some = verdict(*reports, {"at": (4, 2), "margin": "0.1"}).rules[0].decisions

    assert [decision.difference for decision in some] == [whole[2].difference, whole[4].difference]
    assert [decision.p_value for decision in some] == [whole[2].p_value, whole[4].p_value]
    smaller = sorted(decision.p_value for decision in some)
    assert min(decision.p_adjusted for decision in some) == pytest.approx(min(1, 2 * smaller[0]))
    j = {"metric": "bottleneck", "quantity": "J_mean_abs", "margin": "0.2"}
    curve, one = (verdict(*reports, {**j, "at": at}).rules[0].decisions for at in (None, (3,)))
    for name in ("difference", "low", "high", "standard_error", "bias"):
        assert getattr(one[0].difference, name) == pytest.approx(getattr(curve[3].difference, name), rel=1e-9)


@pytest.mark.parametrize(("metric", "quantity"), [("shapley", "mean_abs"), ("strength", "pair_mean_abs")])
def test_noise_of_drawn_contexts_in_magnitudes_place_by_place_is_no_change(metric: str, quantity: str):
    """The candidate holds the reference's values with noise that they declare; what is not declared is a rise."""
    reference = made(metrics=(metric,), budget=256)
    values = reference.measurement(metric).quantity("values").values
    size = float(np.abs(values).mean())
    noisy = values + size * np.random.default_rng(0).normal(size=values.shape)
    candidate = with_quantity(reference, metric, "summary", quantity, values=np.abs(noisy).mean(axis=0))
    words = []
    for errors in (size, 0.0):
        told = {"values": noisy, "standard_errors": np.full_like(values, errors)}
        rule = {"metric": metric, "quantity": quantity, "must_not": "rise", "margin": 0.05 * size, "at": None}
        [judged] = verdict(reference, with_quantity(candidate, metric, "per_sample", "values", **told), rule).rules
        words.append(judged.word)
        assert {one.difference.bias > 0.05 * size for one in judged.decisions} == {errors > 0}

    assert words == ["INCONCLUSIVE", "FAIL"]


# Levels ---------------------------------------------------------------------------------------------------------------


def test_levels_warn_and_off():
    reports = versions(2.0)
    warned = verdict(*reports, {"level": "warn"}, {**SHAPLEY, "margin": "5"})
    off = verdict(*reports, {"level": "off"}, {**SHAPLEY, "margin": "5"})

    assert (warned.word, warned.exit_code, [rule.word for rule in warned.rules]) == ("PASS", 0, ["FAIL", "PASS"])
    assert "1 rule of level warn did not pass" in warned.sentence
    assert [rule.metric for rule in off.rules] == ["shapley"]
    assert off.exit_code == 0


def test_a_gate_of_warnings_says_loudly_that_nothing_can_fail():
    found = verdict(*versions(2.0), {"level": "warn"}, {**SHAPLEY, "level": "off"})

    assert (found.word, found.exit_code) == ("PASS", 0)
    assert "no rule can fail this gate" in found.sentence
    assert found.comparison is not None
    assert "No rule can fail this gate" in found.comparison.remarks[0]


def test_nothing_asserted_is_3():
    for choice in ("fail", "warn", "pass"):
        found = verdict(*versions(), {"level": "off"}, {**SHAPLEY, "level": "off"}, on_inconclusive=choice)

        assert (found.word, found.exit_code, found.rules) == ("INCONCLUSIVE", 3, ())
        assert found.sentence == "nothing asserted: every rule is off."
        assert [problem.field for problem in found.problems] == ["policy: rules"]


# What cannot be judged is 3, whatever the policy lets pass ------------------------------------------------------------


def impossible(found: Verdict, field: str) -> None:
    assert (found.word, found.exit_code) == ("INCONCLUSIVE", 3), found
    assert field in "\n".join(problem.field for rule in found.rules for problem in rule.problems), found
    assert field in found.sentence


@pytest.mark.parametrize("choice", ["fail", "warn", "pass"])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", ["summary", "per_sample"])
def test_43_nan_and_infinities_never_pass(choice: str, side: int, value: float, kind: str):
    reports = list(versions(1.0, noise=0.0))
    name = "mean_abs" if kind == "summary" else "absolute"
    held = next(q for q in getattr(reports[side].measurement("multi-order"), kind) if q.name == name)
    broken = held.values.copy()
    broken[-1 if kind == "summary" else (3, -1)] = value
    reports[side] = with_quantity(reports[side], "multi-order", kind, name, values=broken)

    impossible(verdict(*reports, on_inconclusive=choice), f"multi-order: {kind}/{name}")


def test_43_a_negative_strength_never_passes():
    reference, candidate = versions(1.0, noise=0.0)
    values = candidate.measurement("multi-order").quantity("mean_abs").values * -1
    found = verdict(reference, with_quantity(candidate, "multi-order", "summary", "mean_abs", values=values))

    impossible(found, "multi-order: summary/mean_abs")


def test_43_no_sample_and_one_sample_never_pass():
    one = versions(1.0, noise=0.0, n_samples=1)
    empty = [reordered(side, []) for side in one]

    for reports in (one, versions(1.1, n_samples=1)):
        found = verdict(*reports, {"margin": "100"})
        assert (found.word, found.exit_code) == ("INCONCLUSIVE", 3)
        assert "1 sample: it takes 20" in found.rules[0].sentence
    assert verdict(*empty).exit_code == 3
    assert [problem.field for problem in verdict(*empty).problems] == ["samples"]


def test_43_permuted_samples_give_the_same_verdict_and_repeated_ones_none():
    reference, candidate = versions(2.0)
    turned = verdict(reference, reordered(candidate, np.random.default_rng(3).permutation(32).tolist()))
    straight = verdict(reference, candidate)

    assert [d.word for d in turned.rules[0].decisions] == [d.word for d in straight.rules[0].decisions]
    for one, other in zip(turned.rules[0].decisions, straight.rules[0].decisions, strict=True):
        assert one.difference.low == pytest.approx(other.difference.low, rel=1e-9)
    twice = verdict(reference, reordered(candidate, [0, 0, *range(2, 32)]))
    assert (twice.exit_code, [problem.field for problem in twice.problems]) == (3, ["samples: names"])


def test_44_reports_of_other_questions_are_not_judged():
    reference, candidate = versions(2.0)
    other = with_question(candidate, {"score": "prob", "plan.budget": 99})
    for choice in ("fail", "warn", "pass"):
        found = verdict(reference, other, on_inconclusive=choice)

        assert (found.word, found.exit_code, found.rules, found.comparison) == ("INCONCLUSIVE", 3, (), None)
        assert [(p.field, p.reference, p.candidate) for p in found.problems] == [
            ("score", "log-odds", "prob"),
            ("plan: budget", "150", "99"),
        ]
        assert found.sentence == "the reports cannot be compared: 2 fields in the way (score, plan: budget)."


def test_49_quick_looks_are_not_judged_unless_they_may_be():
    reference, candidate = versions(2.0)
    quick = replace(candidate, status="limited")

    assert verdict(reference, quick).exit_code == 3
    assert verdict(reference, quick, allow_partial=True).exit_code == 1


def test_a_declared_difference_is_printed_and_judged():
    reference, candidate = versions(2.0)
    other = with_provenance(candidate, dtype="bfloat16")
    found = verdict(reference, other, may_differ=("dtype",))

    assert verdict(reference, other).exit_code == 3
    assert found.exit_code == 1
    assert found.comparison is not None
    assert "Declared different: dtype (float32, TF32 off / bfloat16)." in found.comparison.remarks


def test_48_swapped_reports_and_the_same_path_are_told():
    reference, candidate = versions(2.0)
    swapped, same = verdict(candidate, reference), verdict(reference, reference)

    assert swapped.comparison is not None
    assert same.comparison is not None
    assert "are they swapped?" in swapped.comparison.remarks[0]
    assert "same report" in same.comparison.remarks[0]
    assert (swapped.exit_code, same.exit_code) == (0, 0)


def test_a_metric_that_was_not_measured_is_3_and_a_typo_is_a_usage_error():
    reports = versions()
    found = verdict(*reports, {"metric": "harsanyi", "quantity": "anything"}, {})

    impossible(found, "harsanyi: metric")
    assert "1 of 2 rules is impossible to judge" in found.sentence
    for wrong in ({"metric": "multi-ordre"}, {"metric": "harsany"}, {"metric": "Shapley"}):
        with pytest.raises(UnknownNameError, match="Did you mean") as error:
            verdict(*reports, {**wrong, "level": "off"}, {})
        assert error.value.exit_code == 2
    with pytest.raises(UnknownNameError, match=r"'mean_ab'\. Did you mean 'mean_abs'\?.*rms_corrected"):
        verdict(*reports, {"quantity": "mean_ab"})
    with pytest.raises(UnknownNameError, match="accuracy"):
        verdict(*reports, {"metric": "accuracy", "quantity": "share", "at": None})


def test_a_typo_is_told_before_reports_that_cannot_be_compared():
    reference, candidate = versions()
    with pytest.raises(UnknownNameError):
        verdict(reference, with_provenance(candidate, score="prob"), {"metric": "multi-ordre"})


def test_a_metric_of_a_plugin_that_is_not_installed_here_is_judged_from_the_reports():
    sides = []
    for side in versions(2.0):
        origin = {**side.provenance["metrics"], "of-a-plugin": "acme 0.3"}
        asked = {"metrics": [["of-a-plugin", 1, {}], ["shapley", 1, {}]]}
        renamed = with_question(with_measurement(side, "multi-order", metric="of-a-plugin"), asked)
        sides.append(with_provenance(renamed, metrics=origin))

    assert verdict(*sides, {"metric": "of-a-plugin"}).exit_code == 1


def test_metrics_of_modules_are_named_with_their_module():
    sides = []
    for side in versions(2.0):
        (first, second) = (replace(side.measurement("multi-order"), of=module) for module in ("fc", "layer[1]\u202e"))
        asked = {"metrics": [["multi-order", 1, {}]]}
        sides.append(with_question(replace(side, measurements=(first, second)), asked))

    assert verdict(*sides, {"metric": "multi-order@fc"}).exit_code == 1
    with pytest.raises(UnknownNameError, match="Available: multi-order@fc, multi-order@layer"):
        verdict(*sides)
    impossible(verdict(*sides, {"metric": "multi-order@fd"}), "multi-order@fd: metric")
    one = [replace(side, measurements=side.measurements[:1]) for side in sides]
    assert verdict(*one).exit_code == 1, "one module needs no name"


def test_a_number_that_is_no_mean_of_samples_cannot_be_judged():
    reports = versions(metrics=("bottleneck",))

    impossible(
        verdict(*reports, {"metric": "bottleneck", "quantity": "theory_n_prime", "at": None, "margin": "1"}),
        "bottleneck: theory_n_prime",
    )


def test_a_share_of_a_reference_that_may_be_zero_is_refused():
    found = verdict(*versions(), {**SHAPLEY, "quantity": "mean", "margin": "5%"}, on_inconclusive="pass")

    impossible(found, "shapley: mean")
    assert any("shown to be above 0" in problem.advice for problem in found.rules[0].problems)


def test_a_place_that_does_not_exist_cannot_be_judged():
    impossible(verdict(*versions(), {"at": (0, 7)}), "multi-order: mean_abs: at order 7")


def test_no_sample_that_both_get_right_is_3_and_all_can_be_judged():
    labels = [k % 3 for k in range(32)]
    reports = versions(2.0, predicted=([(label + 1) % 3 for label in labels], labels))
    found = verdict(*reports)

    assert (found.exit_code, found.problems[0].field) == (3, "samples: both correct")
    assert verdict(*reports, samples="all").exit_code == 1


# Accuracy -------------------------------------------------------------------------------------------------------------


def test_accuracy_rests_on_every_labelled_sample_whatever_the_rule_of_samples():
    labels = [k % 3 for k in range(32)]
    worse = [label if k % 4 else (label + 1) % 3 for k, label in enumerate(labels)]
    reports = versions(1.0, predicted=(labels, worse))
    rule = {"metric": "accuracy", "quantity": "accuracy", "must_not": "fall", "margin": "0.02", "at": None}
    for samples in ("both-correct", "all"):
        found = verdict(*reports, rule, samples=samples)
        (decision,) = found.rules[0].decisions

        assert (decision.difference.reference, decision.difference.candidate) == (1.0, 24 / 32)
        assert found.exit_code == 1
        assert found.comparison is not None
        assert found.comparison.pairing.n_samples == (24 if samples == "both-correct" else 32)
    impossible(verdict(*versions(labels=[-1] * 32), rule), "accuracy")


@pytest.mark.parametrize("other", [{"dtype": "bfloat16"}, {"preprocessing": {"kind": "columns", "mean": [0.5]}}])
def test_the_same_checkpoint_fed_otherwise_is_not_the_same_network(other: dict[str, Any]):
    """It may lose samples that so few do not show; of the same network in every respect, none is lost."""
    reference, _ = versions()
    rule = {"metric": "accuracy", "quantity": "accuracy", "must_not": "fall", "margin": "0.02", "at": None}

    assert verdict(reference, reference, rule).word == "PASS"
    assert verdict(reference, with_provenance(reference, **other), rule, may_differ=("dtype",)).word == "INCONCLUSIVE"


# Noise ----------------------------------------------------------------------------------------------------------------


def test_margins_in_noise_are_multiples_of_what_two_plan_seeds_differ_by():
    reference, candidate = versions(3.0, noise=0.0)
    other = made(n_samples=32, metrics=SMALL, seed=1)
    found = verdict(reference, candidate, {"margin": "2 noise", "at": (2, 3)}, noise=(reference, other))
    between = verdict(reference, other, {"margin": "1", "alpha": 0.025, "at": (2, 3)}, noise=(reference, other),
                      plans_may_differ=True)  # fmt: skip

    for decision, aa in zip(found.rules[0].decisions, between.rules[0].decisions, strict=True):
        farther = max(abs(aa.difference.low), abs(aa.difference.high))
        assert aa.difference.confidence == pytest.approx(0.95)
        assert decision.noise == pytest.approx(farther)
        assert decision.margin == pytest.approx(2 * farther)
        assert not decision.relative


def test_a_margin_below_the_noise_is_told():
    reference, other = made(n_samples=32, metrics=SMALL), made(n_samples=32, metrics=SMALL, seed=1)
    fine, coarse = (
        verdict(reference, other, {"margin": margin, "must_not": "change", "at": (2, 3)}, noise=(reference, other),
                plans_may_differ=True) for margin in ("0.001", "100")
    )  # fmt: skip

    assert any("below the A/A noise at 2 of 2 places: 0.001 against" in remark for remark in fine.rules[0].remarks)
    assert not any("noise" in remark for remark in coarse.rules[0].remarks)
    assert coarse.word == "PASS"


def test_a_margin_in_noise_without_noise_is_a_usage_error():
    with pytest.raises(UsageError, match="--noise"):
        verdict(*versions(), {"margin": "2 noise"})
    assert verdict(*versions(), {"margin": "2 noise", "level": "off"}, {}).word


def test_noise_of_another_checkpoint_or_the_same_seed_is_3():
    reference, candidate = versions(2.0)
    other = made(n_samples=32, metrics=SMALL, seed=1, checkpoint="another")
    same_seed, seed_1 = (made(n_samples=32, metrics=SMALL, seed=seed) for seed in (0, 1))
    foreign = (other, made(n_samples=32, metrics=SMALL, checkpoint="another"))

    for noise, field in (
        ((reference, other), "noise: checkpoint sha256"),
        ((reference, same_seed), "noise: plan seed"),
        (foreign, "noise: checkpoint"),
        ((reference, with_question(seed_1, {"plan.budget": 1})), "noise: plan: budget"),
    ):
        found = verdict(reference, candidate, {"margin": "2 noise"}, noise=noise, on_inconclusive="pass")
        assert (found.exit_code, found.rules) == (3, ())
        assert field in [problem.field for problem in found.problems]


# The record -----------------------------------------------------------------------------------------------------------


def test_the_digest_is_that_of_the_policys_canonical_json():
    written_out = {
        "allow_partial": False, "alpha": 0.05, "may_differ": [], "noise": None, "on_inconclusive": "fail",
        "on_missing": "refuse", "resamples": 2000, "rules": [
            {"alpha": None, "at": [0, 6], "level": "error", "margin": "30%", "metric": "multi-order",
             "must_not": "rise", "name": "", "quantity": "mean_abs"}
        ], "samples": "both-correct", "seed": 0,
    }  # fmt: skip
    text = json.dumps(written_out, sort_keys=True, separators=(",", ":"))

    assert digest_of(policy()) == hashlib.sha256(text.encode()).hexdigest()
    assert digest_of(policy()) == digest_of(policy({"margin": " 30 %"}))
    assert len({digest_of(policy(change)) for change in ({}, {"margin": "31%"}, {"level": "warn"}, {"at": None})}) == 4
    found = judge(*versions(), policy(), known_metrics=KNOWN, policy_name="gate.yaml")
    assert (found.policy, found.policy_digest) == ("gate.yaml", digest_of(policy()))


def test_equal_questions_give_equal_verdicts(tmp_path: Path):
    reports = versions(1.2)
    read = [read_report(path) for path in written(tmp_path, *reports)]
    read = [replace(report, path=made.path) for report, made in zip(read, reports, strict=True)]

    assert verdict(*reports) == verdict(*reports) == verdict(*read)


def test_seeds_of_the_policy_decide_the_resamples():
    reports = versions(1.2)
    first, second = (
        [
            decision.difference.standard_error
            for decision in verdict(*reports, {"at": None}, seed=seed).rules[0].decisions
        ]
        for seed in (0, 1)
    )
    assert first != second


@pytest.mark.parametrize("nothing", [{}, {"data": None, "entry": [], "versions": "x", "checkpoint": 3, "ranges": [1]}])
def test_nothing_that_a_report_states_is_an_error(nothing: dict[str, Any]):
    reference, candidate = versions()
    bare = replace(candidate, provenance=nothing, config=nothing, run=nothing)

    for sides in ((reference, bare), (bare, reference), (bare, bare)):
        assert verdict(*sides).exit_code == 3
        assert verdict(*sides, noise=(sides[0], sides[1])).exit_code == 3


def test_labels_that_differ_are_not_judged():
    reference, candidate = versions(1.0)
    labels = candidate.samples.labels.copy()
    labels[0] = 2

    assert [p.field for p in verdict(reference, with_samples(candidate, labels=labels)).problems] == ["samples: labels"]


def test_the_module_does_not_import_a_network_library():
    import subprocess
    import sys

    watch = f"import {judging.__name__}, sys; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    ran = subprocess.run([sys.executable, "-c", watch], capture_output=True, text=True, check=True)

    assert not {"torch", "timm", "transformers", "pandas", "sklearn", "matplotlib", "h5py"} & set(ran.stdout.split())


def test_few_samples_that_move_the_difference_are_named():
    """Three of 32 are lost: without them nothing moved."""
    labels = [k % 3 for k in range(32)]
    wrong = [(label + 1) % 3 if k in (4, 5, 30) else label for k, label in enumerate(labels)]
    reports = versions(1.0, predicted=(labels, wrong))
    accuracy = {"metric": "accuracy", "quantity": "accuracy", "must_not": "fall", "margin": "0.05", "at": None}
    found = verdict(*reports, accuracy, {"margin": "500%"}, samples="all")
    lost = [reports[0].samples.ids[k] for k in (4, 5, 30)]
    first, other = (rule.remarks for rule in found.rules)
    named = f"3 samples move the difference from +0 to -0.0938: {', '.join(sorted(lost))}."
    assert first == (f"{named} How many more like them there are, no interval tells.",)
    assert not any("samples move" in remark for remark in other)
    assert "Note: 3 samples move the difference" in verdict_markdown(found)
    one = verdict(
        *versions(1.0, predicted=(labels, wrong[:30] + labels[30:])), accuracy | {"margin": "0.1"}, samples="all"
    )
    assert one.rules[0].remarks[0].startswith("2 samples move")


def test_every_rule_names_its_samples():
    """Accuracy takes all 32 labelled samples, what is measured those that both versions get right."""
    labels = [k % 3 for k in range(32)]
    reports = versions(1.0, predicted=(labels, [2, *labels[1:]]))
    accuracy = {"metric": "accuracy", "quantity": "accuracy", "must_not": "fall", "margin": "0.5", "at": None}
    found = verdict(*reports, {"margin": "500%"}, accuracy, samples="both-correct")
    assert [rule.n_samples for rule in found.rules] == [31, 32]
    assert found.sentence == "both rules hold on 31 to 32 samples."
    page = verdict_markdown(found)
    assert "| samples |" in page
    assert [line.rsplit("|", 2)[-2].strip() for line in page.splitlines() if "must not" in line][:2] == ["31", "32"]
    alone = verdict(*reports, accuracy, samples="both-correct")
    assert alone.sentence == "the rule holds on 32 samples."
    assert "| samples |" not in verdict_markdown(alone)
    undecided = verdict(*reports, {**accuracy, "margin": "0.01"}, {"margin": "500%"}, samples="both-correct")
    assert undecided.sentence == "1 of 2 rules is undecided by 32 samples."


@pytest.mark.parametrize(
    ("n_in_data", "said"),
    [
        (178, "and the 178 of this data cannot: it would take about 11,845"),
        (None, "about 11,845 would"),
        (12_000, "about 11,845 would"),
    ],
)
def test_what_would_decide_is_held_against_what_there_is(n_in_data: int | None, said: str):
    rule = Rule(metric="multi-order", quantity="mean_abs", must_not="rise", margin="20%")
    open_ = [hand_made.decision("INCONCLUSIVE", hand_made.difference(0), 0.2, needed=11_845)]
    assert of_rule(rule, "INCONCLUSIVE", open_, 46, n_in_data).endswith(f"46 samples do not tell, {said}.")
