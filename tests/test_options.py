"""Options of metrics: what a declaration accepts, on a command line as in YAML, and what it says where it does not."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interact_cli import extensions
from interact_cli.config.loading import load_settings
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.metrics.drawn_sets import DrawnSets
from interact_cli.metrics.instability import WithInstability
from interact_cli.options import LARGEST, changed, configured, option, options_of, parse

BUILT_IN = [entry.name for entry in extensions.metrics() if entry.origin == extensions.ORIGIN]


@dataclass(frozen=True, kw_only=True)
class Mixed(DrawnSets):
    """One option of every kind, and a field that is none."""

    name: str = "mixed"
    rounds: int = option(3, "Rounds.", at_least=1)
    share: float = option(0.5, "Share.", above=0, below=1)
    deep: bool = option(False, "Deep.")
    mode: str = option("plain", "Mode.", choices=("plain", "bold"))
    shares: tuple[float, ...] = option((0.5,), "Shares.", kind=float, above=0, below=1, several=True)
    most: int | None = option(None, "Most.", kind=int, at_least=2)


def refused(given, error=UsageError):
    with pytest.raises(error) as caught:
        configured(Mixed(), given)
    message = str(caught.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert len(message) < 500
    return message


@pytest.mark.parametrize(
    ("name", "typed", "written", "value"),
    [
        ("rounds", "7", 7, 7),
        ("share", "0.25", 0.25, 0.25),
        ("share", "1e-3", 1e-3, 0.001),
        ("deep", "true", True, True),
        ("deep", "False", False, False),
        ("mode", "bold", "bold", "bold"),
        ("shares", "0.1+0.9", [0.1, 0.9], (0.1, 0.9)),
        ("shares", "0.1", (0.1,), (0.1,)),
        ("most", "2", 2, 2),
        ("pairs", "random:5", "random:5", "random:5"),
    ],
)
def test_the_text_of_a_command_line_and_the_value_of_a_file_are_the_same_option(name, typed, written, value):
    for told in (typed, written):
        found = getattr(configured(Mixed(), {name: told}), name)
        assert (found, type(found)) == (value, type(value))
    assert changed(configured(Mixed(), {name: typed})) == ({} if value == getattr(Mixed(), name) else {name: value})


def test_a_whole_number_is_a_number_and_none_is_the_default_of_what_may_be_none():
    below = replace(Mixed(), share=0.1)
    assert configured(below, {"shares": [0.5]}).share == 0.1, "what is not named stays"
    assert configured(replace(Mixed(), most=4), {"most": None}).most is None
    assert "a number above 0 and below 1, got 1" in refused({"share": 1})
    assert "got None" in refused({"rounds": None})


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        (
            "rounds",
            ["0", "-1", "1.5", "x", "", "1_0", "٣", 1.0, True, [1], {}, 10**10, 10**30],
            "a whole number from 1",
        ),
        ("share", ["0", "1", "nan", "inf", "-0.5", "1e400", "half", math.nan, math.inf, True, []], "a number above 0"),
        ("deep", ["yes", "1", "", 1, 0, None, []], "true or false"),
        ("mode", [3, None, ["bold"]], "one of plain, bold"),
        (
            "shares",
            ["", "0.5+", "0.5+2", "a", [], [0.5, 2], [[0.5]], 0.5, {"a": 1}, "nan"],
            "a list (a+b), each a number",
        ),
        ("most", ["1", 1, "none", False], "a whole number from 2"),
        ("pairs", ["", 3, None, ["all"]], "a text"),
    ],
)
def test_a_value_that_does_not_fit_says_what_would(name, values, expected):
    for value in values:
        message = refused({name: value})
        assert message.startswith(f"Expected {name} of 'mixed' to be {expected}")
        assert "got " in message


@pytest.mark.parametrize("value", ["Plain", "", "bold "])
def test_a_choice_that_nobody_offers_is_told_the_nearest(value):
    guess = {"Plain": " Did you mean 'plain'?", "bold ": " Did you mean 'bold'?", "": ""}[value]
    assert refused({"mode": value}) == f"Unknown mode of 'mixed': '{value}'.{guess} Available: bold, plain."


def test_the_largest_count_is_the_largest():
    assert configured(Mixed(), {"rounds": LARGEST}).rounds == LARGEST
    assert refused({"rounds": LARGEST + 1})


@pytest.mark.parametrize("name", ["interaction-size", "least_of_all", "Pairs", "name", "", "\x1b[31m"])
def test_an_option_that_is_none_is_refused_by_name(name):
    assert "Unknown option of 'mixed':" in refused({name: 1}, UnknownNameError)


def test_the_nearest_option_is_suggested_as_it_is_typed():
    with pytest.raises(UnknownNameError, match="Did you mean 'drop-rate'"):
        configured(extensions.metric("dropout-suppression"), {"droprate": 0.5})
    assert configured(extensions.metric("dropout-suppression"), {"drop-rate": "0.25"}).drop_rate == 0.25


def test_an_option_is_given_once_and_what_is_for_all_is_not_given_to_one():
    with pytest.raises(UsageError, match=r"Option drop-rate of 'dropout-suppression' is given twice\. Leave one out"):
        configured(extensions.metric("dropout-suppression"), {"drop-rate": 0.5, "drop_rate": 0.25})
    assert "span is for all metrics: pass --span, not -m mixed:..." in refused({"span": "0:2"})


def test_a_metric_without_options_says_so():
    with pytest.raises(UsageError, match=r"'harsanyi' has no options, got pairs\. Leave it out"):
        configured(extensions.metric("harsanyi"), {"pairs": "all"})
    harsanyi = extensions.metric("harsanyi")
    assert configured(harsanyi, {}) is harsanyi
    assert options_of(object()) == ()


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("multi-order", ("multi-order", {})),
        ("multi-order:pairs=radius:1", ("multi-order", {"pairs": "radius:1"})),
        (" a : b = c , d-e=f=g", (" a ", {"b": "c", "d-e": "f=g"})),
        ("a:b=", ("a", {"b": ""})),
        ("", ("", {})),
    ],
)
def test_what_follows_m_is_a_name_with_options(text, parsed):
    assert parse(text) == parsed


@pytest.mark.parametrize("text", ["a:", "a:b", "a:=c", "a:b=c,", "a:,b=c", "a:b=c,b=d", "a:b-c=1,b_c=2", "a:\x1b[2J"])
def test_what_follows_m_in_another_form_is_shown_the_form(text):
    form = "expected NAME:OPTION=VALUE,OPTION=VALUE, each option once"
    with pytest.raises(ValueError, match=f"^{form}"):
        parse(text)
    with pytest.raises(UsageError, match=rf"metrics\[1\]: {form}, .*, got 'a:") as told:
        load_settings(flags={"metrics": [text]})
    assert "\x1b" not in str(told.value)


@given(st.text(max_size=60))
def test_any_text_is_a_metric_or_one_line(text):
    try:
        name, given_ = parse(text)
    except ValueError:
        with pytest.raises(UsageError) as told:
            load_settings(flags={"metrics": [text]})
        assert len(str(told.value).splitlines()) == 1
    else:
        assert text.startswith(name)
        assert bool(given_) == (":" in text)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_option_of_a_built_in_metric_is_declared_for_people(name):
    metric = extensions.metric(name)
    assert changed(metric) == {}
    for one in options_of(metric):
        assert one.help.endswith(".")
        assert "\n" not in one.help
        assert one.expected
        assert one.typed == one.name.replace("_", "-")
        assert getattr(metric, one.name) == one.default
        if not one.setting:
            assert one.read(one.default, name) == one.default
    assert {one.name for one in options_of(metric)} <= {field.name for field in fields(metric)}


def test_an_option_is_read_the_same_of_a_class_and_of_a_metric():
    metric = extensions.metric("dropout-suppression")
    assert options_of(type(metric)) == options_of(metric)
    assert [one.name for one in options_of(metric)] == ["span", "pairs", "contexts", "drop_rate"]
    assert options_of(WithInstability.of(metric, 2)) == ()
