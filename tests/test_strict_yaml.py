from __future__ import annotations

import math
import time

import pytest

from interact_cli.errors import UsageError
from interact_cli.strict_yaml import load_strict


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        (".5", 0.5),
        ("3.", 3.0),
        ("-2.5e+2", -250.0),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("+7", 7),
        ("-.inf", -math.inf),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2020-01-01", "2020-01-01"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("'1'", "1"),
        ("=", "="),
    ],
)
def test_scalars_follow_yaml_1_2(text, value):
    loaded = load_strict(text, "a.yaml")
    assert loaded == value
    assert type(loaded) is type(value)


def test_nan_is_a_float():
    assert math.isnan(load_strict(".nan", "a.yaml"))


def test_collections():
    text = "a: [1, two, {b: c}]\nd:\n  - x\n  -\n1: one\non: 2\n"
    assert load_strict(text, "a.yaml") == {"a": [1, "two", {"b": "c"}], "d": ["x", None], "1": "one", "on": 2}


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' appears twice"),
        ("a: 1\n---\na: 2\n", 2, "expected a single document in the stream, but found another document"),
        ("x:\n  y: {k: 1, k: 2}\n", 2, "'k' appears twice"),
        ("a: &x 1\nb: 2\n", 1, "aliases"),
        ("a: 1\nb: *x\n", 2, "aliases"),
        ("a: !!python/object/apply:os.system ['true']\n", 1, "tag"),
        ("a: !!binary aGk=\n", 1, "tag"),
        ("a: !mine 1\n", 1, "tag"),
        ("? [1, 2]\n: x\n", 1, "key"),
        ("a: [1, 2\nb: 3\n", 2, "expected"),
        ("a: 1\n---\nb: 2\n", 2, "document"),
        ("a: !!int nine\n", 1, "tag"),
        ("a: ! 12\n", 1, "tag"),
        ("\ta: 1\n", 1, "cannot start"),
        ("a: " + "9" * 5000, 1, "too many digits"),
        ("a: !!map [1]\n", 1, "tag"),
    ],
)
def test_refusals_name_file_and_line(text, line, word):
    with pytest.raises(UsageError) as caught:
        load_strict(text, "conf/a.yaml")
    message = str(caught.value)
    assert message.startswith(f"conf/a.yaml, line {line}: ")
    assert word in message
    assert len(message.splitlines()) == 1
    assert len(message) < 500


def test_merge_key_is_not_special():
    assert load_strict("<<: {a: 1}\nb: 2", "a.yaml") == {"<<": {"a": 1}, "b": 2}


def test_deep_nesting_is_refused_quickly():
    start = time.monotonic()
    for text in ("[" * 20_000, "{a: " * 20_000, "- " * 20_000):
        with pytest.raises(UsageError, match="levels"):
            load_strict(text, "deep.yaml")
    assert time.monotonic() - start < 20


def test_large_documents_are_refused_before_parsing():
    with pytest.raises(UsageError, match="at most 1000000 bytes"):
        load_strict("#" * 1_000_001, "large.yaml")


def test_names_and_problems_are_made_harmless():
    with pytest.raises(UsageError) as caught:
        load_strict("k\x1b: 1", "evil\x1b[31m.yaml")
    assert "\x1b" not in str(caught.value)
    with pytest.raises(UsageError) as caught:
        load_strict('"k\\e": 1\n"k\\e": 2', "a.yaml")
    assert "\x1b" not in str(caught.value)
