"""Markdown that GitHub shows as it is meant: its tables are tables, and no name is markup."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support import verdicts

from interact_cli.report.verdicts.markdown import comparison_markdown, inline, verdict_markdown

GFM = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ALLOWED = {"<br>", "<!-- -->"}
"""The only HTML that is written."""
ACTIVE = {
    "link_open",
    "image",
    "code_inline",
    "code_block",
    "fence",
    "em_open",
    "s_open",
    "html_block",
    "blockquote_open",
}
"""Tokens that no output of ours makes."""


def tokens(text):
    for token in GFM.parse(text):
        yield token
        yield from token.children or ()


def cells(text):
    """Columns of every row of every table, as the parser counts them, and the pipes of the source."""
    widths, rows = [], []
    for token in GFM.parse(text):
        if token.type == "table_open":
            rows = []
        if token.type == "tr_open":
            rows.append(0)
        if token.type in ("th_open", "td_open"):
            rows[-1] += 1
        if token.type == "table_close":
            widths.append(rows)
    return widths


def columns_of_source(line):
    return len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) - 1


def plain(text):
    """What a reader sees."""
    words = (
        t.content if t.type != "html_inline" else " "
        for t in tokens(text)
        if t.type in ("text", "text_special", "html_inline")
    )
    return " ".join("".join(words).split())


def all_documents(verdict, comparison):
    return [
        verdict_markdown(verdict),
        comparison_markdown(comparison),
        comparison_markdown(comparison, everything=True),
    ]


@pytest.mark.parametrize("verdict", verdicts.every_verdict().values(), ids=verdicts.every_verdict())
def test_the_verdict_is_the_heading_and_its_sentence_follows(verdict):
    text = verdict_markdown(verdict)
    lines = text.splitlines()
    assert lines[0] == f"## {verdict.word}"
    assert lines[1] == ""
    assert lines[2].startswith("**")
    assert f"- **Exit code:** {verdict.exit_code}, " in text


def test_a_table_of_rules_by_hand():
    lines = verdict_markdown(verdicts.failed()).splitlines()
    start = lines.index("| verdict | rule | worst place | change<br>90 % interval | margin |")
    assert lines[start + 1 : start + 5] == [
        "| --- | --- | --- | --- | --- |",
        "| FAIL | multi-order mean_abs must not rise | order 3 | +13.6 %<br>\\[+8.9, +19.1\\] | 5 % |",
        "| INCONCLUSIVE<br>needs 214 | accuracy must not fall |  | -0.020<br>\\[-0.051, +0.011\\] | 0.03 |",
        "| PASS | overall strength stays |  | +0.012<br>\\[-0.024, +0.048\\] | 0.1<br>log-odds |",
    ]


@pytest.mark.parametrize("name", verdicts.HOSTILE, ids=lambda name: ascii(name[:12]))
def test_no_name_is_markup(name):
    for text in all_documents(verdicts.hostile_verdict(name), verdicts.hostile_comparison(name)):
        for token in tokens(text):
            assert token.type not in ACTIVE
            assert token.type != "html_inline" or token.content in ALLOWED
        assert not any(token.type == "ordered_list_open" for token in tokens(text))
        assert {token.tag for token in tokens(text) if token.type == "heading_open"} <= {"h2", "h3"}
        assert not re.search(r"[@#]\w", text.replace("<!-- -->", " "))
        assert not re.search(r"\w:/", text)
        assert not re.search(r"(?i)www\.", text)


@pytest.mark.parametrize("name", verdicts.HOSTILE, ids=lambda name: ascii(name[:12]))
def test_every_row_has_the_columns_of_its_table(name):
    for text in all_documents(verdicts.hostile_verdict(name), verdicts.hostile_comparison(name)):
        assert cells(text)
        for rows in cells(text):
            assert len(set(rows)) == 1
        lines = text.splitlines()
        for index, line in enumerate(lines):
            if re.fullmatch(r"\|( (---|---:) \|)+", line):
                wanted, row = columns_of_source(line), index - 1
                while row < len(lines) and lines[row].startswith("|"):
                    assert columns_of_source(lines[row]) == wanted
                    row += 1


@given(st.text(max_size=60))
def test_inline_text_is_read_back_as_it_was(text):
    kept = " ".join("".join(c for c in text if c.isprintable() and c != "\n").split())
    parsed = GFM.parseInline(f"x {inline(kept)} x")[0].children or []
    assert {token.type for token in parsed} <= {"text", "text_special", "html_inline"}
    shown = "".join(token.content for token in parsed if token.type != "html_inline")
    spaced = re.sub(":(?=:)", ": ", re.sub(r"##(?=\w*\[)", "# #", kept))
    assert shown == f"x {spaced} x"


def test_a_step_summary_is_below_one_mebibyte_and_says_what_it_lost():
    long = "ü|`" * 66
    differences = tuple(
        verdicts.difference(order, metric=long, quantity=f"{long}{order}", dims=("order",), at=(f"{long}{order}",))
        for order in range(9000)
    )
    text = comparison_markdown(verdicts.comparison(differences=differences, headline=()), everything=True)
    assert len(text.encode()) < 1 << 20
    last = text.splitlines()[-1]
    assert re.fullmatch(
        r"\*\*Cut here: [\d,]+ more lines left out, GitHub shows nothing above 1 MiB\. The JSON holds all\.\*\*", last
    )
    whole = sum(1 for _ in text.splitlines())
    left = int(re.search(r"([\d,]+) more lines", last)[1].replace(",", ""))
    assert whole + left > 9000
    assert {columns_of_source(line) for line in text.splitlines() if line.startswith("|")} == {6}


def test_a_verdict_of_thousands_of_rules_is_below_one_mebibyte():
    long = "<|*_`" * 4000
    problem = verdicts.Problem(long, long, long, long)
    rules = [
        verdicts.curve_rule("FAIL", name=f"{long}{i}", sentence=long, remarks=(long,) * 50, problems=(problem,) * 50)
        for i in range(2000)
    ]
    made = verdicts.verdict("FAIL", 1, long, rules, problems=(problem,) * 500)
    assert len(verdict_markdown(made).encode()) < 1 << 20
    assert verdict_markdown(made).startswith("## FAIL\n")


def test_what_a_reader_sees_is_what_the_terminal_says():
    text = plain(verdict_markdown(verdicts.failed()))
    for said in (
        "order 3: 0.440 → 0.500 log-odds; +13.6 [+8.9, +19.1] %; p = 0.0027 (Holm)",
        "These samples catch a change of 0.052 or more in four of five cases.",
    ):
        assert said in text


def test_a_sentence_at_the_beginning_of_a_line_is_no_list_and_no_heading():
    for opening in ("1. one", "2) two", "- dash", "+ plus", "# head", "=== rule", "    code"):
        made = verdicts.passed(rules=(verdicts.rule("FAIL", sentence=opening), verdicts.rule("PASS")))
        kinds = [token.type for token in tokens(verdict_markdown(replace(made, word="FAIL", exit_code=1)))]
        assert "ordered_list_open" not in kinds
        assert "code_block" not in kinds
        assert kinds.count("heading_open") == 3
