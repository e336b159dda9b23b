"""JSON that a strict parser reads, with every number and every string of the record."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass, replace

import pytest
from support import verdicts

from interact_cli.report.verdicts.document import comparison_document, verdict_document


def strict(text):
    def refused(constant):
        raise AssertionError(f"{constant} is not JSON")

    def unique(pairs):
        assert len({key for key, _ in pairs}) == len(pairs)
        return dict(pairs)

    return json.loads(text, parse_constant=refused, object_pairs_hook=unique)


def check_equal(held, read):
    """Compare a record with what was read, field by field."""
    if is_dataclass(held):
        for field in fields(held):
            check_equal(getattr(held, field.name), read[field.name])
    elif isinstance(held, tuple):
        assert len(held) == len(read)
        for one, other in zip(held, read, strict=True):
            check_equal(one, other)
    elif isinstance(held, float) and not math.isfinite(held):
        assert read is None
    else:
        assert type(held) is type(read)
        assert held == read


@pytest.mark.parametrize("verdict", verdicts.every_verdict().values(), ids=verdicts.every_verdict())
def test_a_verdict_is_there_to_the_last_digit(verdict):
    text = verdict_document(verdict)
    read = strict(text)
    check_equal(verdict, read)
    assert read["format"] == "interact-verdict-json"
    assert read["schema_version"] == "1.0"
    assert read["exit_code"] == verdict.exit_code
    assert text.endswith("}\n")


def test_a_comparison_is_there_to_the_last_digit():
    made = verdicts.comparison()
    read = strict(comparison_document(made))
    check_equal(made, read)
    assert read["format"] == "interact-comparison-json"
    assert read["exit_code"] == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_null(bad):
    held = verdicts.difference(3, bad, bad, bad, bad, "undefined")
    made = replace(verdicts.comparison(), differences=(held,))
    read = strict(comparison_document(made))
    assert read["differences"][0]["difference"] is None
    judged = verdicts.decision("INCONCLUSIVE", held, bad, p=bad)
    whole = strict(
        verdict_document(verdicts.verdict("INCONCLUSIVE", 3, "?", [verdicts.rule("INCONCLUSIVE", [judged])]))
    )
    assert whole["rules"][0]["decisions"][0]["margin"] is None


@pytest.mark.parametrize("name", verdicts.HOSTILE, ids=lambda name: ascii(name[:12]))
def test_every_name_comes_back_as_it_was(name):
    text = verdict_document(verdicts.hostile_verdict(name))
    assert text.encode().decode() == text
    check_equal(verdicts.hostile_verdict(name), strict(text))


def test_ordinary_letters_are_left_readable():
    made = verdicts.passed(candidate="läufe/模型.h5", comparison=None)
    assert "läufe/模型.h5" in verdict_document(made)
