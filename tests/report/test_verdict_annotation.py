"""At most one annotation, and nothing that any output holds is a command of a runner."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import pytest
from support import verdicts
from support.verdicts import shown

from interact_cli.report.verdicts.annotation import annotation
from interact_cli.report.verdicts.document import comparison_document, verdict_document
from interact_cli.report.verdicts.junit import verdict_junit
from interact_cli.report.verdicts.markdown import comparison_markdown, verdict_markdown
from interact_cli.report.verdicts.terminal import render_comparison, render_verdict


def parsed(line):
    """Read a command as the runner does: ``::name key=value,...::data``, then its escapes."""
    found = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert found is not None
    held = dict(one.split("=", 1) for one in found[2].split(","))

    def decoded(text):
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            text = text.replace(code, character)
        return text

    return found[1], {key: decoded(value) for key, value in held.items()}, decoded(found[3])


def commands(text):
    """Lines that GitHub's or Azure's runner would obey."""
    return [line for line in text.splitlines() if line.lstrip().startswith("::") or re.search(r"##\w*\[", line)]


def invisible(text):
    hidden = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
    return {character for character in set(text) - {"\n"} if unicodedata.category(character) in hidden}


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("passed", None),
        ("failed", "error"),
        ("inconclusive", "error"),
        ("softened", "warning"),
        ("warned", "warning"),
        ("not_comparable", "error"),
        ("unjudged", "error"),
    ],
)
def test_one_annotation_for_what_a_reviewer_must_see(name, level):
    made = verdicts.every_verdict()[name]
    line = annotation(made)
    if level is None:
        assert line is None
        return
    said, properties, data = parsed(line)
    assert said == level
    assert properties == {"title": f"interact gate: {made.word}"}
    assert data.splitlines()[0] == made.sentence
    assert len(line.splitlines()) == 1


def test_the_rules_that_stop_the_candidate_are_named():
    _, _, data = parsed(annotation(verdicts.failed()))
    assert data.splitlines() == [
        "1 of 3 rules is broken: multi-order mean_abs rose by more than 5 % at 2 of 13 orders, most at order 3: "
        "+13.6 [+8.9, +19.1] %.",
        "accuracy must not fall: accuracy may have fallen by more than 0.03: -0.02 [-0.051, +0.011]; 46 samples do "
        "not tell, about 214 would.",
    ]
    many = verdicts.verdict("FAIL", 1, "many.", [verdicts.curve_rule("FAIL")] * 8)
    assert parsed(annotation(many))[2].splitlines()[-1] == "5 more rules."


def test_what_the_policy_passes_in_silence_has_no_annotation():
    assert annotation(verdicts.softened(on_inconclusive="pass")) is None
    undecided = verdicts.verdict("PASS", 0, "fine.", [verdicts.accuracy_rule(level="warn")])
    assert annotation(undecided) is None


def test_percent_signs_and_line_ends_are_escaped():
    made = verdicts.failed(sentence="100 % %0A::error::x", rules=())
    line = annotation(made)
    assert line == "::error title=interact gate%3A FAIL::100 %25 %250A: :error: :x"


@pytest.mark.parametrize("name", verdicts.HOSTILE, ids=lambda name: ascii(name[:12]))
def test_no_name_adds_a_command(name):
    line = annotation(verdicts.hostile_verdict(name))
    said, properties, data = parsed(line)
    assert said == "error"
    assert properties == {"title": "interact gate: FAIL"}
    assert commands(line) == [line]
    assert len(data) < 4000
    assert all(unicodedata.category(character) not in ("Cc", "Cf", "Cs") for character in line)


@pytest.mark.parametrize("name", verdicts.HOSTILE, ids=lambda name: ascii(name[:12]))
@pytest.mark.parametrize("width", [17, 80])
def test_no_output_holds_a_command_or_an_invisible_character(name, width):
    made, compared = verdicts.hostile_verdict(name), verdicts.hostile_comparison(name)
    stopped = replace(made, rules=(), comparison=None, word="INCONCLUSIVE", exit_code=3)
    outputs = [verdict_markdown(made), comparison_markdown(compared, everything=True), verdict_junit(made)]
    renderables = [render_verdict(made), render_verdict(stopped)]
    renderables += [render_comparison(compared), render_comparison(compared, everything=True)]
    outputs += [shown(renderable, width) for renderable in renderables]
    for text in outputs:
        assert commands(text) == []
        assert not invisible(text)


@pytest.mark.parametrize("name", verdicts.HOSTILE, ids=lambda name: ascii(name[:12]))
def test_no_document_holds_a_command_or_an_invisible_character(name):
    problem = verdicts.Problem(name, name, name)
    made = verdicts.verdict("INCONCLUSIVE", 3, name, candidate=name, problems=(problem,), comparison=None)
    for text in (verdict_document(made), comparison_document(verdicts.comparison(remarks=(name,)))):
        assert commands(text) == []
        assert not invisible(text)


@pytest.mark.parametrize("pieces", [(":", ":error::x"), (":", ":"), ("#", "#[error]x"), ("##", "[error]x")])
def test_two_harmless_names_make_no_command_together(pieces):
    name, other = pieces
    rules = [replace(verdicts.curve_rule("FAIL"), name=name, sentence=other, remarks=(other,), margin=other)]
    problems = (verdicts.Problem(name, other, other, other),)
    made = verdicts.verdict("FAIL", 1, other, rules, problems=problems, policy=name, policy_digest=other)
    for text in (verdict_markdown(made), verdict_junit(made), verdict_document(made), shown(render_verdict(made), 30)):
        assert commands(text) == []


@pytest.mark.parametrize("letters", range(24))
def test_folding_brings_no_command_to_the_front_of_a_line(letters):
    name = f"{'x' * letters}:"
    held = [verdicts.difference(order, dims=(name,), at=(f"{name}{order}:",), metric=name) for order in range(2)]
    made = verdicts.comparison(differences=tuple(held), headline=(), spoken=())
    for width in (20, 30, 80):
        assert commands(shown(render_comparison(made), width)) == []
