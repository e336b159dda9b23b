"""The policy that `interact gate --init` writes loads, names what the report holds, and says why."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.gate_reports import made, with_samples

from interact_cli.config.policies import load_policy
from interact_cli.errors import UsageError
from interact_cli.gates.first_policy import policy_text, without_rule
from interact_cli.gates.policy import Margin, Policy
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.strict_yaml import load_strict


def policy_of(report: Report, name: str = "reference.h5") -> Policy:
    return Policy.model_validate(load_strict(policy_text(report, reference_name=name), "policy"))


def holding(*measurements: Measurement) -> Report:
    return replace(made(), measurements=tuple(measurements))


def measured(*quantities: Quantity, metric: str = "acme", of: str = "", **coordinates) -> Measurement:
    labels = {dim: np.array(values) for dim, values in coordinates.items()}
    return Measurement(metric, 1, "", "", (), quantities, labels, of=of)


def number(name: str, values, dims=(), *, statistic: str = "mean", low=None, unit: str = "logit") -> Quantity:
    values = np.asarray(values, dtype=np.float64)
    ends = {} if low is None else {"low": np.asarray(low, float), "high": values + 1}
    return Quantity(name, dims, values, unit, f"what {name} is", statistic=statistic, parts=("part",), **ends)


def test_every_metric_of_a_report_has_its_rule(tmp_path):
    report = made(n_samples=40, budget=256)
    path = tmp_path / "interact-gate.yaml"
    path.write_text(policy_text(report, reference_name="reference.h5"))
    loaded = load_policy(path)
    assert [(rule.metric, rule.quantity, rule.must_not, rule.level) for rule in loaded.rules] == [
        ("accuracy", "accuracy", "fall", "error"),
        ("multi-order", "overall_rms_corrected", "change", "error"),
        ("multi-order", "rms_corrected", "change", "warn"),
        ("bottleneck", "middle_over_ends", "change", "error"),
        ("bottleneck", "J_rms_corrected", "change", "warn"),
        ("strength", "strength_rms_corrected", "change", "error"),
        ("shapley", "mean_abs", "change", "error"),
    ]
    margins = {rule.metric: rule.margin for rule in loaded.rules}
    ratio = report.measurement("bottleneck").quantity("middle_over_ends").values
    assert next(rule.margin.amount for rule in loaded.rules if rule.quantity == "middle_over_ends") == pytest.approx(
        0.2 * ratio, rel=0.05
    )
    assert margins["bottleneck"] == Margin(0.2), "of J, which is 1 on average"
    assert margins["multi-order"] == margins["strength"] == Margin(0.2, "relative")
    assert margins["shapley"].kind == "absolute", "a fifth of nothing would be asked of a player without influence"
    fifth = 0.2 * report.measurement("shapley").quantity("mean_abs").values.mean()
    assert margins["shapley"].amount == pytest.approx(fifth, rel=0.05), "two digits of a fifth of the mean"
    assert all(rule.at is None for rule in loaded.rules)
    assert loaded == Policy(rules=loaded.rules), "all else is the default"


def test_every_rule_names_a_number_that_can_be_judged():
    report = made()
    for rule in policy_of(report).rules[1:]:
        quantity = report.measurement(rule.metric).quantity(rule.quantity)
        assert quantity.statistic
        assert quantity.parts


def test_the_same_report_gives_the_same_text():
    assert policy_text(made(), reference_name="a.h5") == policy_text(replace(made()), reference_name="a.h5")


@pytest.mark.parametrize(("labelled", "margin"), [(20, 0.2), (40, 0.1), (50, 0.08), (200, 0.02), (10_000, 0.02)])
def test_the_accuracy_that_may_be_lost_is_one_that_so_many_samples_show(labelled, margin):
    labels = np.zeros(labelled, np.int64)
    report = with_samples(made(), labels=labels, accuracy=0.9)
    rule = policy_of(report).rules[0]
    assert rule.margin == Margin(margin)
    assert margin * labelled >= 4 - 1e-9, "four samples at least"


def test_unlabelled_samples_have_no_accuracy():
    report = made()
    unlabelled = with_samples(report, labels=np.full(len(report.samples.ids), -1), accuracy=float("nan"))
    assert "accuracy" not in {rule.metric for rule in policy_of(unlabelled).rules}


def test_numbers_that_no_gate_can_judge_are_left_out():
    theory = number("J_mean_abs", [1.0, 2.0], ("order",), statistic="")
    newer = number("mean_abs", [1.0, 2.0], ("order",), statistic="median_of_means")
    table = number("strength", [[1.0, 2.0]], ("order", "pair"))
    broken = number("strength_mean_abs_corrected", float("nan"))
    nothing = number("strength_by_size", [0.0, 0.0], ("size",))
    good = number("plain", 2.0)
    others = (theory, newer, table, broken, nothing)
    rules = [rule for rule in policy_of(holding(measured(*others, good))).rules if rule.metric == "acme"]
    assert [(rule.quantity, rule.margin) for rule in rules] == [("plain", Margin(0.4))]
    unlabelled = with_samples(holding(measured(*others)), labels=np.full(40, -1))
    with pytest.raises(UsageError, match=r"got acme. Measure it again"):
        policy_text(unlabelled, reference_name="a.h5")
    with pytest.raises(UsageError, match="got no metric"):
        policy_text(replace(unlabelled, measurements=()), reference_name="a.h5")


def test_a_metric_of_which_nothing_is_asserted_is_said():
    """As in a report of an older version: a gate of the accuracy alone would pass any interactions."""
    older = measured(number("mean_abs", 1.0, statistic=""), metric="multi-order")
    report = holding(older, measured(number("x", 1.0)))
    text = policy_text(report, reference_name="a.h5")
    assert without_rule(report) == ("multi-order",)
    assert "# NO RULE for multi-order: it holds no number" in text
    assert [rule.metric for rule in policy_of(report).rules] == ["accuracy", "acme"]
    assert "NO RULE" not in policy_text(made(), reference_name="a.h5")


@pytest.mark.parametrize("values", [[-3.0, 1.0], [0.0, 1.0], [1.0, 2.0]])
@pytest.mark.parametrize("below", [None, 2.0, 0.7, 0.1])
def test_a_share_is_asked_of_nothing_that_may_be_zero(values, below):
    low = None if below is None else np.array(values) - below
    rule = policy_of(holding(measured(number("x", values, ("order",), low=low)))).rules[-1]
    far_above = below == 0.1 and min(values) == 1
    assert rule.margin.kind == ("relative" if far_above else "absolute")
    if rule.margin.kind == "absolute":
        assert rule.margin.amount == pytest.approx(float(f"{0.2 * np.abs(values).mean():.2g}"))


@pytest.mark.parametrize(("low", "kind"), [(0.0, "absolute"), (0.4, "relative")])
def test_a_share_needs_the_number_without_noise_above_zero_too(low, kind):
    raw = number("mean_abs", 1.0, statistic="mean_abs", low=0.9)
    corrected = number("mean_abs_corrected", 0.5, statistic="mean_abs_corrected", low=low)
    assert policy_of(holding(measured(raw, corrected))).rules[-1].margin.kind == kind


def test_a_metric_is_spoken_for_by_its_first_headline_that_can_be_judged():
    theory = replace(number("theory", [1.0, 2.0], ("order",), statistic=""), role="headline")
    table = replace(number("x", 1.0), role="by-order")
    leading, second = (replace(number(name, 2.0), role="headline", label=f"the {name}") for name in ("depth", "width"))
    (rule,) = (r for r in policy_of(holding(measured(theory, table, leading, second))).rules if r.metric == "acme")
    assert (rule.quantity, rule.margin) == ("depth", Margin(0.4))
    text = policy_text(holding(measured(theory, table, leading, second)), reference_name="a.h5")
    assert "# the depth: what depth is. Reference: 2 logit." in text
    assert "Others: x, width." in text


def test_the_margin_of_a_pure_number_is_a_fifth_of_its_size():
    """A fifth of the reference would be a share of a share."""
    pure = number("ratio", [1.0, 3.0], ("order",), low=[0.9, 2.9], unit="1")
    assert policy_of(holding(measured(pure))).rules[-1].margin == Margin(0.4)
    assert policy_of(holding(measured(replace(pure, unit="logit")))).rules[-1].margin == Margin(0.2, "relative")


@pytest.mark.parametrize("size", [1e-320, 1e-30, 1e-3, 12345.0, 1e30, 1e308])
def test_numbers_of_any_size_make_a_policy_that_loads(size):
    rules = policy_of(holding(measured(number("x", [size, size], ("order",))))).rules
    assert rules[0].metric == "accuracy"
    assert all(rule.margin.amount == pytest.approx(size / 5, rel=0.05) for rule in rules[1:])
    assert len(rules) == (1 if size in (1e-320, 1e308) else 2), "no margin fits a broken number"


def test_labels_are_shown_as_an_example_that_works():
    text = policy_text(
        holding(
            measured(number("a", np.ones(5), ("order",)), metric="m", order=[0, 3, 6, 12, 62]),
            measured(number("b", np.ones(2), ("part",)), metric="n", part=["on: off", "x"]),
        ),
        reference_name="a.h5",
    )
    assert "# at: [0, 6, 62]" in text
    used = load_strict(text.replace("# at:", "at:"), "policy")
    assert [rule.get("at") for rule in used["rules"]] == [None, [0, 6, 62], ["on: off", "x"]]
    assert Policy.model_validate(used).rules[2].at == ("on: off", "x")


HOSTILE = (
    'it\'s "quoted"', "a: b", "# no comment", "- item", "[x]", "true", "null", "~", "*alias", "&anchor", "!!tag", "%x",
    "身長", "\x1b[31mred", "a\nrules: []", "tab\tbed", "\\", "\x85\u2028", "😀", "trailing ", "1e3", "off",
    "0x10", "{", "\x7f", "\ufeff",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_names(name):
    said = replace(number(name, 1.0), label=name, role="headline")
    report = holding(measured(said, number("other " + name, 1.0), metric=name, of=name))
    text = policy_text(report, reference_name=name)
    rule = policy_of(report, name).rules[-1]
    assert (rule.metric, rule.quantity) == (f"{name}@{name}", name)
    assert not any(ord(one) < 32 and one != "\n" for one in text)
    assert len(policy_of(report, name).rules) == 2, "a name adds no rule"


@given(name=st.text(min_size=1, max_size=20), unit=st.text(max_size=9))
def test_any_name_can_be_read_back(name, unit):
    report = holding(measured(number(name, 1.0, unit=unit), metric=name))
    text = policy_text(report, reference_name=unit)
    assert policy_of(report, unit).rules[-1].metric == name
    assert yaml.safe_load(text.encode())["rules"][-1]["quantity"] == name, "to any reader of YAML"


def test_a_quick_look_and_few_samples_are_said():
    limited = replace(made(n_samples=12), status="limited")
    assert policy_of(limited).allow_partial
    assert "The report holds 12 samples." in policy_text(limited, reference_name="a.h5")
    assert "The report holds" not in policy_text(made(), reference_name="a.h5")


def test_every_line_that_decides_is_explained():
    text = policy_text(made(), reference_name="reference.h5")
    for line in text.splitlines():
        assert len(line) <= 120
    head, _, rules = text.partition("rules:\n")
    assert all("#" in line for line in head.splitlines() if line)
    for key in ("metric", "quantity", "must_not", "margin", "at", "level"):
        assert f"#   {key} " in head
    for block in rules.split("\n\n"):
        assert block.lstrip().startswith("# "), "each rule says what it is about"
        about = " ".join(line.lstrip("# ") for line in block.splitlines())
        assert re.search(r"Reference: -?\d", about)
