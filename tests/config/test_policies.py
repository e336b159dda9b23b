"""A policy is read strictly: what is not exactly a policy is one line and exit 2, never a gate that cannot fail."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.gate_reports import made

from interact_cli.config.policies import load_policy, parse_margin
from interact_cli.errors import UsageError
from interact_cli.gates.policy import Margin, Policy, Rule

SAMPLE = Path(__file__).parents[2] / "sample_configs" / "interact-gate.yaml"
RULE = "{metric: multi-order, quantity: mean_abs, must_not: rise, margin: 5%}"


@pytest.fixture
def policy(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "interact-gate.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refused(path: Path) -> str:
    """The message, in bounded time: a pipe must not hang."""
    caught: list[BaseException] = []

    def load():
        try:
            load_policy(path)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=load, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "it waits"
    assert len(caught) == 1
    assert isinstance(caught[0], UsageError)
    assert caught[0].exit_code == 2
    message = str(caught[0])
    assert len(message.splitlines()) == 1
    assert len(message) < 1500
    assert "\x1b" not in message
    return message


def rule(**changed: str) -> str:
    keys = {"metric": "multi-order", "quantity": "mean_abs", "must_not": "rise", "margin": "5%"} | changed
    return f"rules: [{{{', '.join(f'{key}: {value}' for key, value in keys.items())}}}]\n"


def test_a_rule_alone_is_a_policy(policy):
    loaded = load_policy(policy(f"rules:\n  - {RULE}\n"))
    assert loaded == Policy(rules=(Rule(metric="multi-order", quantity="mean_abs", must_not="rise", margin="5%"),))
    assert loaded.rules[0].margin == Margin(0.05, "relative")
    assert (loaded.alpha, loaded.samples, loaded.on_inconclusive) == (0.05, "both-correct", "fail")


def test_every_key_is_read(policy):
    loaded = load_policy(
        policy(
            "alpha: 0.1\nsamples: all\non_inconclusive: warn\non_missing: intersect\nallow_partial: true\n"
            "may_differ: [dtype, tool]\nnoise: aa.h5\nresamples: 4000\nseed: 9\n"
            "rules: [{metric: a, quantity: b, must_not: fall, margin: 2 noise, at: [0, 2.5, red], level: warn, "
            "alpha: 0.01, name: 'no [/red]'}]\n"
        )
    )
    assert loaded.rules == (
        Rule(
            metric="a", quantity="b", must_not="fall", margin=Margin(2.0, "noise"), at=(0, 2.5, "red"), level="warn",
            alpha=0.01, name="no [/red]",
        ),
    )  # fmt: skip
    given = loaded.model_dump(exclude={"rules"})
    assert given == {
        "alpha": 0.1, "samples": "all", "on_inconclusive": "warn", "on_missing": "intersect", "allow_partial": True,
        "may_differ": ("dtype", "tool"), "noise": "aa.h5", "resamples": 4000, "seed": 9,
    }  # fmt: skip


@pytest.mark.parametrize("text", ["1e-3", "1.0e-3", "0.001", "'0.001'", "'0.1%'", "0.1 %"])
def test_margins_as_people_write_them(policy, text):
    margin = load_policy(policy(rule(margin=text))).rules[0].margin
    assert margin.amount == pytest.approx(0.001)
    assert margin.kind == ("relative" if "%" in text else "absolute")


@pytest.mark.parametrize(
    "text",
    ["nan", ".nan", "inf", ".inf", "-.inf", "-1", "0", "0%", "-5%", "true", "5 %%", "noise", "''", "null", "[1]",
     "{a: 1}", "1e999", "1e-999", "0x1g", "five", "5% noise"],
)  # fmt: skip
def test_margins_that_disarm_a_gate(policy, text):
    message = refused(policy(rule(margin=text)))
    assert "rules[1].margin: expected a finite number above 0, alone (0.1), as a share (5%)" in message


@pytest.mark.parametrize("text", ["2", "0.5", "0", "-0.05", ".nan", ".inf", "high"])
def test_alphas_that_are_none(policy, text):
    assert "rules[1].alpha: " in refused(policy(rule(alpha=text)))
    assert "; alpha: " in f"; {refused(policy(rule() + f'alpha: {text}')).partition('fit: ')[2]}"


def test_names_that_are_not_known_come_with_the_nearest(policy):
    assert "unknown name 'alhpa', did you mean 'alpha'?" in refused(policy(rule() + "alhpa: 0.1\n"))
    assert "unknown name 'rules[1].margn', did you mean 'margin'?" in refused(policy(rule(margn="5%")))
    assert "unknown name 'xyzzy'; known: rules, alpha, samples" in refused(policy(rule() + "xyzzy: 1\n"))


def test_what_is_missing_is_named(policy):
    message = refused(policy("rules: [{metric: a, quantity: b, must_not: rise}]"))
    assert "'rules[1].margin' is missing" in message
    assert "interact-gate.yaml" in message
    assert "too_short" not in message
    assert "at least 1" not in message, "one rule that does not fit is not no rule"
    assert "'rules[1].must_not' is missing" in refused(policy("rules: [{metric: a, quantity: b, margin: 1}]"))


@pytest.mark.parametrize("text", ["rules: []", rule(at="[]")])
def test_an_empty_list_asserts_nothing(policy, text):
    assert "expected at least one entry, got []" in refused(policy(text))


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "---\n", "alpha: 0.05\n", "null\n"])
def test_no_rules_are_no_policy(policy, text):
    message = refused(policy(text))
    assert "'rules' is missing" in message
    assert "interact gate --init REPORT" in message


@pytest.mark.parametrize("text", ["rules: []", "rules: {}", "rules: null", "rules: 3", "rules: [3]", "rules: [[]]"])
def test_rules_of_another_shape(policy, text):
    assert "rules" in refused(policy(text)).partition("fit: ")[2]


def test_a_place_alone_is_told_to_be_a_list(policy):
    assert "rules[1].at: expected a list, got 3" in refused(policy(rule(at="3")))


def test_a_rule_over_no_place_asserts_nothing(policy):
    assert "rules[1].at" in refused(policy(rule(at="[]")))


@pytest.mark.parametrize(
    ("key", "text"),
    [("must_not", "rose"), ("must_not", "[rise]"), ("level", "eror"), ("metric", "''"), ("quantity", "3"),
     ("at", "[[1]]"), ("name", "[1]"), ("name", "x" * 201)],
)  # fmt: skip
def test_values_of_a_rule_that_do_not_fit(policy, key, text):
    assert f"rules[1].{key}" in refused(policy(rule(**{key: text})))


@pytest.mark.parametrize(
    "line",
    ["samples: some", "on_inconclusive: ignore", "on_missing: skip", "allow_partial: maybe", "may_differ: [plan]",
     "may_differ: dtype", "resamples: 100", "resamples: 1e9", "seed: -1", "seed: 1.5", "noise: [a]"],
)  # fmt: skip
def test_values_of_the_policy_that_do_not_fit(policy, line):
    assert line.partition(":")[0] in refused(policy(rule() + line)).partition("fit: ")[2]


def test_yaml_that_is_not_strict(policy):
    assert "line 2: key 'rules' appears twice" in refused(policy(rule() + rule()))
    assert "tag" in refused(policy("rules: !!python/object/apply:os.system ['touch pwned']"))
    assert "anchors and aliases are not accepted" in refused(policy("a: &a [1]\nrules: [*a]"))
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    assert "anchors and aliases are not accepted" in refused(policy(bomb))
    assert "nested deeper than 32 levels" in refused(policy("rules: " + "[" * 10_000))
    assert "line 1" in refused(policy("rules: ]"))
    assert "Expected names and values in" in refused(policy("- a\n- b\n"))
    assert "Expected names and values in" in refused(policy("just text"))
    assert "interact-gate.yaml" in refused(policy(rule() + "---\n" + rule()))


def test_a_hundred_megabytes_are_not_read(tmp_path):
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.write(b"# \xc3\xa4" * 3)
        file.truncate(100_000_000)
    assert "at most 1,000,000 bytes" in refused(path)


def test_files_that_cannot_be_read(tmp_path, policy):
    message = refused(tmp_path / "none.yaml")
    assert "none.yaml' does not exist" in message
    assert "interact gate --init REPORT" in message
    assert "cannot be read" in refused(tmp_path)
    assert "no UTF-8 text" in refused(policy(b"rules: \xe9\xff\n"))
    (tmp_path / "loop").symlink_to("loop")
    assert "cannot be read" in refused(tmp_path / "loop")
    assert "cannot be read" in refused(tmp_path / ("n" * 5000))


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_policy(path):
    assert "no regular file" in refused(Path(path))


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in refused(tmp_path / "pipe")


def test_hostile_names_and_values_are_shown_harmless(policy, tmp_path):
    refused(policy('"\\e[31mred": 1\nrules: [{metric: "\\e[2J\\n", quantity: 3}]'))
    refused(tmp_path / "\x1b[31m\nnone.yaml")


@given(text=st.text(max_size=80) | st.sampled_from(["rules:", "- ", RULE]).flatmap(lambda s: st.just(f"rules: [{s}]")))
def test_any_text_is_a_policy_or_one_line(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        assert load_policy(path).rules
    except UsageError as error:
        assert len(str(error).splitlines()) == 1


def test_a_margin_from_a_flag():
    assert parse_margin("0.1") == Margin(0.1)
    assert parse_margin(" 5 % ") == Margin(0.05, "relative")
    assert parse_margin("2 noise") == Margin(2.0, "noise")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "-1", "0", "", "5%%", "\x1b[31m", "x" * 10_000, "1" * 400])
def test_a_margin_from_a_flag_that_is_none(text):
    with pytest.raises(UsageError, match=r"^--margin: expected a finite number above 0") as caught:
        parse_margin(text)
    assert len(str(caught.value)) < 250
    assert "\x1b" not in str(caught.value)


def fields(model: type[Policy | Rule]) -> set[str]:
    return set(model.model_fields)


def test_the_sample_shows_and_explains_every_key():
    lines = SAMPLE.read_text().splitlines()
    keys = {
        model: {found[1]: bool(found[2]) for line in lines if (found := re.match(indent + r"(\w+):[^#]*(#.*)?$", line))}
        for model, indent in ((Policy, ""), (Rule, r"  [ -] "))
    }
    for model, shown in keys.items():
        assert set(shown) == fields(model)
    explained = {model: {key for key, words in shown.items() if words} for model, shown in keys.items()}
    assert explained[Policy] == fields(Policy) - {"rules"}
    for key in fields(Rule):
        assert any(re.match(rf"  [ -] {key}:[^#]*#", line) for line in lines), f"no line explains '{key}'"


def test_the_sample_is_what_its_comments_say():
    loaded = load_policy(SAMPLE)
    defaults = {name: field.default for name, field in Policy.model_fields.items() if name != "rules"}
    assert loaded.model_dump(exclude={"rules"}) == defaults, "it shows the defaults"
    accuracy, bottleneck, orders, noise = loaded.rules
    assert (accuracy.metric, accuracy.must_not, str(accuracy.margin), accuracy.level) == (
        "accuracy",
        "fall",
        "0.02",
        "warn",
    )
    assert (bottleneck.quantity, bottleneck.margin) == ("J_mean_abs", Margin(0.1))
    assert (orders.margin, orders.at, orders.alpha) == (Margin(0.1, "relative"), (0, 7, 14), 0.01)
    assert (noise.margin, noise.level) == (Margin(2.0, "noise"), "off")
    assert {one.margin.kind for one in loaded.rules} == {"absolute", "relative", "noise"}
    text = SAMPLE.read_text()
    for name in get_args(Policy.model_fields["may_differ"].annotation)[0].__args__:
        assert name in text


def test_the_sample_names_what_a_report_holds():
    report = made(n_players=16, metrics=("multi-order", "bottleneck"), n_samples=20)
    for rule in load_policy(SAMPLE).rules[1:]:
        held = report.measurement(rule.metric)
        assert held.quantity(rule.quantity).statistic
        assert set(rule.at or ()) <= set(held.coordinates["order"].tolist())
