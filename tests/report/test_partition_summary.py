"""The coalitions of a sentence stand in brackets and colours; which way they point depends on what is scored."""

from __future__ import annotations

import dataclasses
import re
from io import StringIO

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from support.set_reports import measured, partitions, quantity, table_report, text_report
from support.words import telling

from interact_cli.report.terminal.pen import COLOURS
from interact_cli.report.terminal.summary import render_summary, summary_text

NUMBERS = {
    "B": [0.5, 0.25],
    "B_max": [1.5, 0.75],
    "B_min": [-0.5, 0.0],
    "T": [2.0, 0.75],
    "B_plus": [1.0, np.nan],
    "B_minus": [-0.5, np.nan],
}


def flat(text):
    return " ".join(text.split())


def multivariate(best, worst, members, **more):
    summary = [
        quantity("mean_T", (), 1.375, errors=np.asarray(0.625)),
        quantity("mean_B", (), 0.375, errors=np.asarray(0.125)),
        quantity("mean_B_max", (), 1.125, errors=np.asarray(0.375)),
    ]
    told = [
        telling("How the players team up makes a difference of 1.38 ± 0.62 log-odds (T).", "mean_T"),
        telling("All of them as one coalition instead of each alone: 0.375 ± 0.12 log-odds (B).", "mean_B"),
    ]
    return measured("multivariate", partitions(NUMBERS, members, best, worst, **more), summary, findings=told)


def texts(**stated):
    """Words 3 to 6 of both texts: "not good at all" and "and very very slow"."""
    one = multivariate([[0, 0, 1, 2], [0, 1, 1, 1]], [[0, 1, 1, 1], [0, 1, 2, 3]], [[3, 4, 5, 6]] * 2)
    return text_report([one], spans=[[3, 7], [3, 7]], **stated)


def lines_of(text, start):
    """What stands under the line that starts so, up to the next line that is indented less."""
    lines = text.splitlines()
    where = next(i for i, line in enumerate(lines) if line.strip().startswith(start))
    return lines[where + 1].strip()


def test_coalitions_stand_in_brackets():
    text = summary_text(texts(target="predicted"), width=100)
    assert "the film is [not good] at all" in text
    assert "the film is not [good at all]" in text
    assert "fine\\x1b[31m but [red]long[/red] and [very very slow]" in text
    assert "fine\\x1b[31m but [red]long[/red] and very very slow (each alone)" in text
    assert 'players asked about within the span 3:7, "not good at all"' in text


@pytest.mark.parametrize(
    "labels, predicted, target, best, worst",
    [
        ((0, 0), (1, 1), "predicted", "towards the wrong answer", "towards the right answer"),
        ((0, 0), (1, 1), "true", "towards the right answer", "towards the wrong answer"),
        ((1, 1), (1, 1), "predicted", "towards the right answer", "against the right answer"),
        ((1, 1), (1, 1), "true", "towards the right answer", "against the right answer"),
    ],
)
def test_what_a_partition_speaks_for(labels, predicted, target, best, worst):
    text = summary_text(texts(labels=labels, predicted=predicted, target=target), width=100)
    assert lines_of(text, f"{best}, largest sum of values, B_max 1.50:") == "the film is [not good] at all"
    assert lines_of(text, f"{worst}, smallest sum of values, B_min -0.500:") == "the film is not [good at all]"


@pytest.mark.parametrize("score", ["cross-entropy", "margin"])
def test_a_score_that_falls_with_certainty_points_the_other_way(score):
    text = summary_text(texts(labels=(0, 0), predicted=(1, 1), target="predicted", score=score), width=100)
    assert lines_of(text, "towards the right answer, largest") == "the film is [not good] at all"


def test_without_a_class_the_sums_are_named_by_their_size():
    text = summary_text(texts(labels=(-1, -1), predicted=(-1, -1), target=None, score="scalar"), width=100)
    assert lines_of(text, "largest sum of values, B_max 1.50") == "the film is [not good] at all"
    assert "towards" not in text
    assert "against" not in text


def test_numbers_stand_under_the_symbols_of_the_paper():
    text = summary_text(texts())
    rows = [line.split() for line in text.splitlines()]
    first = rows.index(["T", "B", "B_max", "B_min", "B+", "B-"])
    assert rows[first + 1] == ["2.00", "0.500", "1.50", "-0.500", "1.00", "-0.500"]
    second = rows.index(["T", "B", "B_max", "B_min"])
    assert rows[second + 1] == ["0.750", "0.250", "0.750", "0"]
    said = flat(text)
    assert "How the players team up makes a difference of 1.38 ± 0.62 log-odds" in said
    assert "All of them as one coalition instead of each alone: 0.375 ± 0.12 log-odds (B)." in said
    assert "B_max, the best partition: 1.12 ± 0.38 log-odds" in said
    assert said.count("1.38 ± 0.62") == 1


def test_standard_errors_stand_below_sampled_numbers():
    made = texts()
    held = made.measurements[0]
    with_errors = [
        dataclasses.replace(one, standard_errors=np.full(2, 0.125)) if one.name in NUMBERS else one
        for one in held.per_sample
    ]
    made = dataclasses.replace(made, measurements=(dataclasses.replace(held, per_sample=tuple(with_errors)),))
    text = summary_text(made)
    assert ["±", "0.12"] * 6 in [line.split() for line in text.splitlines()]
    assert "B_max 1.50 ± 0.12:" in flat(text)


def test_coalitions_of_scattered_words_carry_numbers():
    one = multivariate([[0, 1, 0, 1]] * 2, [[0, 0, 0, 0]] * 2, [[3, 4, 5, 6]] * 2)
    text = summary_text(text_report([one]), width=100)
    assert "the film is [not]1 [good]2 [at]1 [all]2" in text
    assert "the film is [not good at all]" in text


def test_coalitions_have_colours_where_there_are_colours():
    def shown(colours):
        console = Console(file=StringIO(), width=100, force_terminal=True, color_system=colours)
        console.print(render_summary(texts()))
        return console.file.getvalue()

    bold_cyan = "\x1b[1;36m"
    assert COLOURS[0] == "bold cyan"
    assert f"{bold_cyan}[not good]\x1b[0m" in shown("standard")
    assert f"{bold_cyan}[not good]" not in shown(None)
    assert "[not good]" in shown(None)
    assert "fine\x1b[31m" not in shown("standard")


def test_columns_are_named_and_cells_by_row_and_column():
    one = multivariate([[0, 0, 1], [0, 1, 1]], [[0, 1, 2], [0, 0, 0]], [[0, 1, 3], [1, 2, 3]])
    text = summary_text(table_report([one], labels=(0, 0), predicted=(1, 0), target="predicted"), width=100)
    assert lines_of(text, "towards the wrong answer") == "[age, dose], height"
    assert lines_of(text, "towards the right answer") == "age, dose, height (each alone)"
    assert "dose, [[/red]weight, height]" in text
    assert "table/test/0, class 0, predicted 1" in text
    grid = table_report([one], names=("a", "b", "c", "d"), grid=(2, 2), labels=(0, 0), predicted=(0, 0))
    text = summary_text(grid, width=100)
    assert "[r0 c0, r0 c1], r1 c1" in text
    assert "r and c count rows and columns" in text


def test_long_texts_are_cut_around_the_players_asked_about():
    words = tuple(f"word{i}" for i in range(200))
    made = text_report([multivariate([[0, 0]] * 2, [[0, 1]] * 2, [[100, 101]] * 2)])
    players = dataclasses.replace(made.players, own_names=(words,) * 2)
    text = summary_text(dataclasses.replace(made, players=players), width=80)
    assert "word99 [word100 word101] word102" in flat(text)
    assert flat(text).count("… word") == 4
    assert "word199" not in text


def test_learning_is_told_beside_the_enumeration():
    learned = quantity("learned_T", ("sample",), np.array([1.75, 0.5]))
    one = multivariate([[0, 0]] * 2, [[0, 1]] * 2, [[0, 1]] * 2, learned_T=learned)
    assert "T by learning, as Zhang et al. (AAAI 2021) does: 1.75 log-odds" in flat(summary_text(text_report([one])))


def test_several_modules_are_one_table_of_t():
    made = []
    for scale, of in enumerate(("layer.0", "layer.1"), 1):
        one = multivariate([[0, 0]] * 2, [[0, 1]] * 2, [[0, 1]] * 2)
        summary = tuple(dataclasses.replace(q, values=q.values * scale) for q in one.summary)
        made.append(dataclasses.replace(one, summary=summary, of=of))
    text = flat(summary_text(text_report(made)))
    assert "multivariate, 2 modules" in text
    assert "module T = B_max - B_min B, all as one coalition" in text
    assert "layer.0 1.38 ± 0.62 0.375 ± 0.12 layer.1 2.75 ± 0.62 0.750 ± 0.12" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_longer_than_the_terminal(width, ascii_only):
    many = multivariate([[0, 0, 1]] * 2, [[0, 1, 2]] * 2, [[0, 1, 3]] * 2)
    for made in (texts(target="predicted"), table_report([many], labels=(0, 0), predicted=(0, 0))):
        text = summary_text(made, width=width, ascii_only=ascii_only)
        assert max(cell_len(line) for line in text.splitlines()) <= width
        assert "\x1b" not in text
        assert text.isascii() == ascii_only


def test_of_very_many_players_only_the_largest_coalitions_are_written_out():
    names = tuple(f"column{i}" for i in range(100))
    blocks = np.array([*np.repeat(np.arange(10), 4), *range(10, 70)])
    one = multivariate([blocks] * 2, [np.zeros(100, int)] * 2, [np.arange(100)] * 2)
    text = flat(summary_text(table_report([one], names=names, labels=(0, 0), predicted=(0, 0)), width=80))
    assert "[column0, column1, column2, column3], [column4, column5" in text
    assert "2 more coalitions, 60 alone" in text
    assert re.search(r"\[column0, column1, .* (8|9)\d more\], 0 alone", text)
    assert "column99" not in text
