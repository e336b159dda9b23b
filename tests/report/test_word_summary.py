"""The summary of texts shows words, of activations where the mask enters, of several games one table."""

from __future__ import annotations

import dataclasses
from io import StringIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from support.words import cohort_of

from interact_cli.metrics.summaries import sentences
from interact_cli.report.sentences import around, told_apart
from interact_cli.report.terminal.pen import Pen
from interact_cli.report.terminal.summary import render_summary, summary_text
from interact_cli.report.views.pairs import pair_means, pair_values, strongest_of_sample
from interact_cli.results import Finding, Measurement, Quantity


def flat(text):
    return " ".join(text.split())


def section(text, metric):
    """The lines of one metric, from its heading to the next one."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith((f"{metric} ─", f"{metric}, ")))
    end = next(i for i in range(start + 1, len(lines)) if lines[i].endswith("──") and lines[i][0] != " ")
    return "\n".join(lines[start:end])


@pytest.fixture(params=["texts", "layers"])
def either(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_longer_than_the_terminal(either, width, ascii_only):
    text = summary_text(dataclasses.replace(either, path=Path("r.h5")), width=width, ascii_only=ascii_only)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert text.isascii() == ascii_only
    for word in ("film", "good", "[/red]", "fine\\x1b[31m"):
        assert word in text


def test_words_stand_above_their_values(texts):
    lines = section(summary_text(texts), "shapley").splitlines()
    row = next(i for i, line in enumerate(lines) if line.split() == ["the", "film", "was", "not", "good"])
    assert lines[row - 1].strip() == '"the film was not good"'
    assert lines[row - 2].strip() == "sst2/dev/0, class 0, predicted 1"
    assert [float(value) for value in lines[row + 1].split()] == [1, -2, 3, -4, 5]
    assert lines[row + 2].split() == ["±", "0.020"] * 5
    for above, below in zip(lines[row].split(), lines[row + 1].split(), strict=True):
        assert lines[row].index(above) + len(above) == lines[row + 1].index(below) + len(below)


@pytest.mark.parametrize("ascii_only", [False, True])
def test_words_and_values_wrap_together(ascii_only):
    columns = [[f"word{i}" * (1 + i % 2), f"{-i}.0"] for i in range(20)]
    console = Console(file=StringIO(), width=40, force_terminal=False)
    for part in Pen(40, ascii_only).interlinear(columns):
        console.print(part)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    assert max(map(len, lines)) <= 40
    blocks = [block.split("\n") for block in "\n".join(lines).split("\n\n")]
    assert [len(block) for block in blocks] == [2] * len(blocks)
    read = [pair for words, values in blocks for pair in zip(words.split(), values.split(), strict=True)]
    assert read == [tuple(column) for column in columns]
    assert all(words == words.rstrip() and len(words) == len(values) for words, values in blocks)


def test_pairs_are_words_strongest_first(texts):
    text = flat(section(summary_text(texts), "shapley-interaction"))
    first = text.partition("sst2/dev/0")[2].partition("sst2/dev/1")[0]
    assert "the × film -3.00 ± 0.050 film × was -2.00 ± 0.050 was × not -1.00 ± 0.050 not × good 0 ± 0.050" in first
    # Both words stand twice in the second text; positions 0, 1 and 4, 5.
    second = text.partition("sst2/dev/1")[2].partition("sst2/dev/2")[0]
    assert "to (1st) × be (1st) -6.00" in second
    assert "to (2nd) × be (2nd) 2.00" in second


def test_indices_are_nowhere_and_no_table_averages_over_texts(texts):
    text = summary_text(texts)
    assert pair_means(texts, texts.measurements[1]) is None
    assert "Players by" not in text
    assert "measured pair" not in text
    assert "One word moves the score by 2.50 ± 0.50 log-odds on average (mean |value|)." in flat(text)
    assert "add up to v(N) - v(empty) within 0 log-odds (worst of 3 samples)" in flat(text)


def test_efficiency_is_checked_over_the_words_that_a_text_has(texts):
    shapley = texts.measurements[0]
    sizes = [len(words) for words in texts.players.own_names]
    everyone = cohort_of(sizes, (texts.samples.full_value, [0.25, 0.0, 0.0]))
    told = tuple(sentences.sum_of_players(shapley.quantity("values"), everyone))
    text = flat(summary_text(dataclasses.replace(texts, measurements=(dataclasses.replace(shapley, findings=told),))))
    assert "within 0.25 log-odds (worst of 3 samples)" in text


def test_orders_are_shares_of_n(texts):
    text = flat(summary_text(texts))
    assert "mean |I|: 1.50 log-odds at order 0, 0.250 log-odds at order 0.5 (n-2), " in text
    assert "By order m as a share of n-2" in text
    # Pair values equal their order: texts of 5, 7 and 3 words have the orders 0..3, 0..5 and 0..1.
    held = pair_values(texts.measurements[2])
    np.testing.assert_allclose(held.values[:, 0], [1.5, 2.5, 0.5])
    assert held.orders_averaged == 6
    assert "as under multi-order." in section(summary_text(texts), "bottleneck")


def test_padding_is_no_pair():
    pairs = np.array([[[0, 1], [1, 2], [-1, -1]]])
    values = np.array([[np.nan, -0.5, 9.0]])
    quantities = (
        Quantity("pairs", ("sample", "pair", "member"), pairs, "1", ""),
        Quantity("values", ("sample", "pair"), values, "nat", ""),
    )
    held = pair_values(Measurement("shapley-interaction", 1, "", "", quantities, (), {}))
    assert strongest_of_sample(held, 0, 5).tolist() == [1]


def test_players_entry_and_way_are_told(texts):
    text = flat(summary_text(texts))
    assert "Players 3 to 7 (words): each sample has its own" in text
    assert "Entry masked at the word vectors (embedding) way: slice: embeddings, encoder; checked: differs" in text
    assert "by 1.0e-07 of max|v|" in text
    assert "zero: 0 everywhere at the word vectors (embedding)" in text
    assert "skipped: 1 word; interactions need 2 (1)" in text


def test_inner_entries_may_say_little(report):
    inside = dataclasses.replace(report.players, entry="input of fc")
    text = flat(summary_text(dataclasses.replace(report, players=inside)))
    assert "Entry masked at the input of fc" in text
    assert "way:" not in text
    assert "at the input of fc" in text.partition("Baseline")[2]
    assert "Entry" not in summary_text(report)


def test_long_texts_show_what_stands_around_a_pair(make_text_report):
    words = tuple(f"w{i}" for i in range(60))
    pairs = np.array([[[7, 9], [50, 7]]] * 3)
    values = np.array([[4.0, -5.0]] * 3)
    quantities = (
        Quantity("pairs", ("sample", "pair", "member"), pairs, "1", ""),
        Quantity("values", ("sample", "pair"), values, "nat", ""),
    )
    of_words = np.arange(180.0).reshape(3, 60)
    made = make_text_report(
        [
            Measurement("shapley-interaction", 1, "", "", quantities, (), {}),
            Measurement("shapley", 1, "", "", (Quantity("values", ("sample", "player"), of_words, "nat", ""),), (), {}),
        ],
        own_names=(words,) * 3,
        owner=np.tile(np.arange(60), (3, 1)),
        spans=np.array([[7, 10], [0, 0], [0, 0]]),
    )
    made = dataclasses.replace(made, samples=dataclasses.replace(made.samples, texts=(" ".join(words),) * 3))
    text = summary_text(made)
    pair_lines = [line for line in text.splitlines() if " × " in line][:2]
    assert pair_lines[0].split()[:4] == ["w7", "×", "w50", "-5.00"]
    assert "… w4 w5 w6 [w7] w8 w9 w10 … w47 w48 w49 [w50] w51" in pair_lines[0]
    assert "w6 [w7] w8 [w9] w10" in pair_lines[1]
    assert 'pairs within the span 7:10, "w7 w8 w9"' in text
    assert text.count("within the span") == 1
    assert "The 8 largest of 60 words:" in text
    assert "59.0" in text


@pytest.mark.parametrize("limit", [1, 10, 30, 200])
def test_the_words_around_a_pair_keep_their_order_and_the_limit(limit):
    words = [f"word{i}" for i in range(20)]
    shown = around(words, {3, 15}, limit)
    assert len(shown) <= max(limit, len("… [word3] … [word15] …"))
    found = [int(word.strip("[]").removeprefix("word")) for word in shown.split() if word != "…"]
    assert found == sorted(found)
    assert {3, 15} <= set(found)
    gaps = sum(after != before + 1 for before, after in pairwise([-1, *found, 20]))
    assert shown.count("…") == gaps


def test_equal_words_are_told_apart_and_blank_ones_named():
    assert told_apart(["a", "b", "a", " ", "x" * 30]) == ["a (1st)", "b", "a (2nd)", "(blank)", "x" * 23 + "…"]
    assert told_apart(["a"] * 22)[10:13] == ["a (11th)", "a (12th)", "a (13th)"]
    assert told_apart(["a"] * 22)[20:] == ["a (21st)", "a (22nd)"]


def test_words_are_never_markup_or_escapes(either):
    console = Console(file=StringIO(), width=100, force_terminal=True, color_system="truecolor")
    console.print(render_summary(either))
    shown = console.file.getvalue()
    assert "[/red]" in shown
    assert "fine\x1b[31m" not in shown


def test_several_games_are_one_table_for_each_metric(layers):
    text = summary_text(layers)
    assert text.count("shapley, 3 modules") == 1
    assert "Modules   encoder.layer.0, encoder.layer.1, pool/er (3, each its own game)" in text
    assert "v(N) of encoder.layer.0 5.67" in flat(text)
    strengths = flat(section(text, "shapley-interaction"))
    assert "encoder.layer.0 0.875 ± 0.12 encoder.layer.1 1.75 ± 0.12 pool/er 2.62 ± 0.12" in strengths
    assert "pool/er the × film -9.00 ± 0.050" in strengths
    words = flat(section(text, "shapley"))
    assert "module the film was not good" in words
    assert "pool/er 3.00 -6.00 9.00 -12.0 15.0" in words
    curve = flat(section(text, "bottleneck"))
    assert "module all 0 0.5 1" in curve
    assert "encoder.layer.1 █▃▇ 1.50 0.500 1.25" in curve  # .5 of 1.5 on steps 0 to 7 is 2.3, 1.25 is 5.8


def test_games_over_shared_players_name_their_strongest(report):
    values = np.array([[1.0, -5.0, *[0.0] * 7]] * 3)
    pairs = np.tile([[[0, 1], [3, 4]]], (3, 1, 1))

    def of(module, scale):
        mean = Quantity("mean", ("player",), values[0] * scale, "nat", "")
        mean_abs = Quantity("mean_abs", ("player",), np.abs(values[0] * scale), "nat", "")
        held = (
            Quantity("pairs", ("sample", "pair", "member"), pairs, "1", ""),
            Quantity("values", ("sample", "pair"), np.array([[1.0, -2.0]] * 3) * scale, "nat", ""),
        )
        verdict = (Finding("", "Of all."), Finding("deeper" if scale > 1 else "shallower", f"scale {scale}"))
        return (
            Measurement("shapley", 1, "", "", (), (mean, mean_abs), {}, of=module),
            Measurement("shapley-interaction", 1, "", "", held, (), {}, verdict, of=module),
        )

    text = summary_text(dataclasses.replace(report, measurements=(*of("a", 1.0), *of("b", 2.0))))
    assert "a r0 c1 -5.00 b r0 c1 -10.0" in flat(section(text, "shapley"))
    pairs_section = flat(section(text, "shapley-interaction"))
    assert "a r1 c0 × r1 c1 -2.00 ± 0 shallower" in pairs_section
    assert "b r1 c0 × r1 c1 -4.00 ± 0 deeper" in pairs_section
    assert "scale" not in pairs_section
    assert pairs_section.count("Of all.") == 1  # above the table: it holds for every module


def test_one_game_with_a_name_keeps_its_own_section(layers):
    one = dataclasses.replace(layers, measurements=layers.measurements[:1])
    text = summary_text(one)
    assert "shapley@encoder.layer.0 ─" in text
    assert "Modules   encoder.layer.0\n" in text
