"""JUnit that any parser reads: failures are regressions, errors are open questions, never greener than the exit."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from support import verdicts

from interact_cli.report.verdicts.junit import verdict_junit


def suite(verdict):
    root = ElementTree.fromstring(verdict_junit(verdict).encode())
    assert root.tag == "testsuites"
    [only] = root
    assert only.tag == "testsuite"
    cases = only.findall("testcase")
    for holder in (root, only):
        assert int(holder.get("tests")) == len(cases)
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(holder.get(name)) == sum(case.find(tag) is not None for case in cases)
    assert all(sum(child.tag in ("failure", "error", "skipped") for child in case) <= 1 for case in cases)
    assert len({(case.get("classname"), case.get("name")) for case in cases}) == len(cases)
    return only, cases


@pytest.mark.parametrize(
    ("name", "tests", "failures", "errors", "skipped"),
    [
        ("passed", 2, 0, 0, 0),
        ("failed", 3, 1, 1, 0),
        ("inconclusive", 3, 0, 1, 1),
        ("softened", 2, 0, 0, 1),
        ("warned", 2, 0, 0, 1),
        ("not_comparable", 1, 0, 1, 0),
        ("unjudged", 2, 0, 1, 0),
    ],
)
def test_every_shape_is_counted(name, tests, failures, errors, skipped):
    only, _ = suite(verdicts.every_verdict()[name])
    counts = [int(only.get(key)) for key in ("tests", "failures", "errors", "skipped")]
    assert counts == [tests, failures, errors, skipped]


@pytest.mark.parametrize("verdict", verdicts.every_verdict().values(), ids=verdicts.every_verdict())
def test_it_is_exactly_as_red_as_the_exit_code(verdict):
    only, _ = suite(verdict)
    red = int(only.get("failures")) + int(only.get("errors"))
    assert (red > 0) == (verdict.exit_code != 0)
    assert (int(only.get("failures")) > 0) == (verdict.exit_code == 1)


@pytest.mark.parametrize(("code", "tag"), [(1, "failure"), (3, "error")])
def test_an_exit_code_that_no_rule_explains_is_red_too(code, tag):
    _, cases = suite(verdicts.passed(exit_code=code))
    assert cases[-1].get("name") == "a verdict was reached"
    assert cases[-1].find(tag) is not None
    _, [only] = suite(verdicts.verdict("INCONCLUSIVE", 3, "nothing was asserted."))
    assert only.find("error").get("message") == "nothing was asserted."


def test_a_gate_that_lets_the_candidate_pass_is_green():
    only, cases = suite(verdicts.inconclusive(exit_code=0))
    assert [only.get(key) for key in ("failures", "errors", "skipped")] == ["0", "0", "2"]
    assert sum("Not decided, and let through." in (case[0].text or "") for case in cases) == 1


def test_what_cannot_be_judged_is_an_error_whatever_the_policy_lets_pass():
    for on_inconclusive in ("warn", "pass"):
        _, cases = suite(verdicts.unjudged(on_inconclusive=on_inconclusive))
        assert [case.find("error") is not None for case in cases] == [False, True]
        assert cases[1].get("name") == "multi-order mean_abs must not rise"


def test_a_failure_holds_the_numbers_and_an_error_both_values():
    _, cases = suite(verdicts.failed())
    failure = next(case for case in cases if case.find("failure") is not None)
    assert failure.get("classname") == "multi-order"
    assert failure.get("name") == "multi-order mean_abs must not rise"
    found = failure.find("failure")
    assert found.get("type") == "FAIL"
    assert found.get("message").startswith("mean_abs rose by more than 5 % at 2 of 13 orders")
    assert "order 3: 0.440 → 0.500 log-odds; +13.6 [+8.9, +19.1] %; p = 0.0027 (Holm)" in found.text.splitlines()
    _, [whole] = suite(verdicts.not_comparable())
    error = whole.find("error")
    assert whole.get("name") == "the reports can be compared"
    assert error.get("message").startswith("the reports cannot be compared: 2 fields in the way")
    said = "plan: budget: reference 4,000, candidate 8,000. Measure the candidate with --budget 4000."
    assert said in error.text.splitlines()


def test_the_suite_says_what_was_judged():
    only, _ = suite(verdicts.failed())
    held = {one.get("name"): one.get("value") for one in only.iter("property")}
    assert held["verdict"] == "FAIL"
    assert held["exit_code"] == "1"
    assert held["candidate"] == "reports/candidate.h5"
    assert held["samples"] == "46"


def test_rules_of_one_name_are_told_apart():
    twins = [verdicts.strength_rule()] * 3
    _, cases = suite(verdicts.verdict("PASS", 0, "fine.", twins))
    assert [case.get("name") for case in cases] == [f"overall strength stays{n}" for n in ("", " (2)", " (3)")]


@pytest.mark.parametrize("name", verdicts.HOSTILE, ids=lambda name: ascii(name[:12]))
def test_no_name_breaks_the_document(name):
    made = verdicts.hostile_verdict(name)
    _, cases = suite(made)
    assert len(cases) == len(made.rules)
    assert {child.tag for case in cases for child in case} == {"failure", "error", "system-out"}
    suite(replace(made, rules=(), exit_code=3, word="INCONCLUSIVE"))


def test_a_long_name_is_cut():
    assert len(verdict_junit(verdicts.hostile_verdict("x" * 1_000_000))) < 100_000
