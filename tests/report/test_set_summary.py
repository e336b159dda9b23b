"""The strongest sets of players have names, sizes and how many there are; AND and OR look different."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from support.set_reports import (
    all_codes,
    by_code,
    listed_sets,
    measured,
    quantity,
    sets_of_size_up_to,
    table_report,
    text_report,
)
from support.words import cohort_of

from interact_cli.metrics.summaries import sentences
from interact_cli.report.terminal.summary import summary_text
from interact_cli.report.views.player_sets import by_size, of_all, of_sample


def flat(text):
    return " ".join(text.split())


def taylor(errors=None):
    """11 sets of 4 columns; set s of sample x has value (x + 1) s, negative for every second one."""
    sets = sets_of_size_up_to(4, 2)
    signs = np.array([(-1) ** s * s for s in range(len(sets))], float)
    values = np.outer([1.0, 2.0, 3.0], signs)
    strength = quantity("strength_mean_abs", (), 15.0, errors=np.asarray(1.0))
    told = sentences.of_sets(strength, 2, cohort_of([4] * 3, ([5.0] * 3, [1.0] * 3)))
    return measured("shapley-taylor", listed_sets(values, [sets] * 3, errors), (strength,), findings=[told])


def dividends(metric="harsanyi", own=False, **names):
    held = [(4, {(0, 1): 2.0, (0, 1, 3): -1.0, (2,): 0.5}), (4, {(0, 1): -2.0, (2,): 0.5, (): 9.0})]
    held = held if own else [*held, (4, {(0, 1): 3.0, (0, 1, 3): -2.0})]
    values = by_code(held)
    summary = [
        quantity("strength_by_size", ("size",), [0.25, 2.0, 1.5, 0.0], errors=np.full(4, 0.125)),
        quantity("share_by_size", ("size",), [0.25, 0.25, 0.5, 0.0], "1"),
        quantity("n_salient", (), 2.5, "1", errors=np.asarray(0.5)),
    ]
    _, share, salient = summary
    kind = {"harsanyi": "ANDs", "or-interaction": "ORs"}[metric]
    told = [sentences.salient(salient, kind), *sentences.shares_of_sizes(share)]
    held = [quantity("values", ("sample", "coalition"), values)]
    return measured(metric, held, summary, all_codes(values), findings=told)


def test_sets_of_shared_players_are_ranked_by_their_mean_strength_and_never_the_empty_one():
    made = table_report([taylor()])
    ranking = of_all(made, made.measurements[0], 3)
    # 11 sets with the empty one first: the last ones are the pairs (2,3), (1,3) and (1,2) with -+10, 9, 8 x mean 2.
    assert [one.members for one in ranking.sets] == [(2, 3), (1, 3), (1, 2)]
    assert [one.value for one in ranking.sets] == [20.0, -18.0, 16.0]
    np.testing.assert_allclose(ranking.sets[0].error, np.std([10, 20, 30], ddof=1) / np.sqrt(3))
    assert ranking.total == 10
    assert ranking.unit == "log-odds"


def test_the_strongest_sets_are_a_table_with_names_sizes_and_their_number():
    text = summary_text(table_report([taylor()]), width=100)
    assert "The 8 strongest of 10 sets by mean |I|, in log-odds:" in text
    assert "[/red]weight × height 2 20.0 ± 5.8 20.0" in flat(text)
    assert "dose × height 2 -18.0 ± 5.2 18.0" in flat(text)
    assert "age 1 " not in flat(text)  # the weakest of 10 is not among the 8
    assert "2 players together change the score by 15.0 ± 1.0 log-odds" in flat(text)
    assert "strength, mean |I|" not in text


def test_strength_by_size_counts_sets_and_sums_magnitudes():
    made = table_report([taylor()])
    # Singles 1+2+3+4 and pairs 5+...+10, times the mean 2 of the samples.
    assert list(by_size(made, made.measurements[0])) == [(1, 4, 20.0), (2, 6, 90.0)]
    text = flat(summary_text(made))
    assert "size sets strength share" in text
    assert "1 4 20.0 18 %" in text
    assert "2 6 90.0 82 %" in text


def test_strength_by_size_of_drawn_sets_is_a_mean_without_shares():
    """A sum over a draw would say how many were drawn: 1 of 6 pairs made pairs look weak."""
    sets = np.full((3, 5, 2), -1)
    sets[:, :4, 0] = range(4)
    sets[:, 4] = [[0, 1], [1, 2], [2, 3]]
    values = np.outer([1.0, 2.0, 3.0], [1.0, -1.0, 1.0, 1.0, -6.0])
    made = table_report([measured("shapley-taylor", listed_sets(values, sets))])
    assert list(by_size(made, made.measurements[0])) == [(1, 4, 2.0), (2, 1, 12.0)]
    text = flat(summary_text(made))
    assert "Strength by size, mean |I| over the sets that were measured, mean of samples, in log-odds:" in text
    assert "size sets strength" in text
    assert "1 4 2.00 2 1 12.0" in text
    assert "share" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_names_of_sets_are_folded_not_counted(width):
    names = ("mean concave points", "compactness error", "worst fractal dimension", "worst concavity")
    values = np.array([[1.0, -3.0]] * 3)
    made = table_report(
        [measured("shapley-interaction", listed_sets(values, [[[0, 1, 2], [1, 2, 3]]] * 3))], names=names
    )
    text = summary_text(made, width=width)
    assert " more" not in text
    assert all(cell_len(line) <= width for line in text.splitlines())
    words = text[text.index("2 sets") :].replace(":", " ").split()
    assert words.count("fractal") == words.count("compactness") == 2
    assert words.count("concave") == words.count("concavity") == 1


def test_values_of_all_sets_are_checked_to_add_up_to_the_full_value():
    sums = np.array([[4.0, 1.5, -0.5, 0.0], [1.0, 2.0, 2.0, 0.0], [5.0, 0.0, 0.0, 0.25]])
    sets = [[[-1, -1], [0, -1], [1, -1], [0, 1]]] * 3
    held = listed_sets(sums, sets)

    def said(names, values=held[1]):
        told = sentences.sum_of_sets(values, 2, cohort_of([len(names)] * 3, ([5.0] * 3, [1.0] * 3)))
        return flat(summary_text(table_report([measured("k-shapley", held, findings=[*told])], names=names)))

    assert "all sets of a sample add up to v(N) within 0.25 log-odds (worst of 3 samples)" in said(("a", "b"))
    # Of three players there are seven sets of up to two: what a span or a radius leaves does not add up.
    assert "add up" not in said(("a", "b", "c"))
    assert "add up" not in said(("a", "b"), replace(held[1], exact=np.zeros((3, 4), bool))), "drawn"


def test_sets_that_only_few_samples_measured_are_passed_over():
    sets = [[[0, 1, 2], [1, 2, 3]], [[0, 1, 2], [0, 2, 3]], [[0, 1, 2], [-1, -1, -1]]]
    values = np.array([[1.0, 50.0], [1.0, 60.0], [1.0, np.nan]])
    made = table_report([measured("shapley-interaction", listed_sets(values, sets))])
    ranking = of_all(made, made.measurements[0], 5)
    assert [(one.members, one.samples) for one in ranking.sets] == [((0, 1, 2), 3)]
    assert ranking.total == 3


def test_one_sample_shows_the_error_of_its_own_draws():
    sets, values = [[[0, 1, 2], [1, 2, 3]]], np.array([[1.0, -3.0]])
    made = table_report(
        [measured("shapley-interaction", listed_sets(values, sets, np.array([[0.5, 0.25]])))],
        labels=(0,),
        predicted=(0,),
    )
    assert "dose × [/red]weight × height 3 -3.00 ± 0.25 3.00" in flat(summary_text(made, width=110))


def test_dividends_are_joined_by_and_and_or_interactions_by_or():
    for metric, between, kind in (("harsanyi", "&", "ANDs"), ("or-interaction", "|", "ORs")):
        text = flat(summary_text(table_report([dividends(metric)]), width=100))
        assert f"age {between} dose 2 1.00 ± 1.5 2.33" in text
        assert f"age {between} dose {between} height 3 -1.00 ± 0.58 1.00" in text
        assert "The 3 strongest of 15 sets by mean |I|" in text
        assert f"A sample has 2.50 ± 0.50 salient {kind} on average" in text
        assert "25 % is in single players, 25 % in pairs, 50 % in larger sets" in text
        assert "size sum |I| share" in text
        assert "2 2.00 ± 0.12 0.250" in text


def test_and_and_or_stand_in_one_ranking():
    ands, ors = by_code([(2, {(0,): 1.0, (0, 1): -3.0})]), by_code([(2, {(0, 1): 2.0})])
    held = [quantity("values", ("sample", "coalition"), ands), quantity("or_values", ("sample", "coalition"), ors)]
    summary = [quantity("l1_before", (), 12.0), quantity("l1_after", (), 6.0), quantity("n_salient", (), 3.0, "1")]
    made = table_report(
        [measured("and-or", held, summary, all_codes(ands), findings=[sentences.saved(*summary[:2])])],
        names=("a", "b"),
        labels=(0,),
        predicted=(0,),
    )
    ranking = of_all(made, made.measurements[0], 3)
    assert [(one.members, one.joined.strip(), one.value) for one in ranking.sets] == [
        ((0, 1), "&", -3.0),
        ((0, 1), "|", 2.0),
        ((0,), "&", 1.0),
    ]
    text = flat(summary_text(made))
    assert "have 50.0 % of the strength that AND alone needs: sum |I| is 6.00 log-odds against 12.0." in text
    assert "sum |I| before learning" not in text, "it is said"
    assert "a & b 2 -3.00 3.00" in text
    assert "a | b 2 2.00 2.00" in text


def test_coalitions_of_texts_are_named_sample_by_sample_with_words_told_apart():
    values = by_code([(7, {(3, 4): -2.0, (4,): 1.0}), (7, {(4, 5): 3.0, (0, 2, 6): 1.0})])
    made = text_report([measured("harsanyi", [quantity("values", ("sample", "coalition"), values)])])
    assert of_all(made, made.measurements[0], 3) is None
    assert [one.members for one in of_sample(made.measurements[0], 1, 2).sets] == [(4, 5), (0, 2, 6)]
    text = flat(summary_text(made))
    assert "not & good 2 -2.00" in text
    assert "very (1st) & very (2nd) 2 3.00" in text
    assert "fine\\x1b[31m & [red]long[/red] & slow 3 1.00" in text
    assert "The 2 strongest of 127 sets." in text
    assert "may be chance" in text
    exact = [quantity("values", ("sample", "coalition"), values, exact=np.ones(values.shape, bool))]
    assert "may be chance" not in summary_text(text_report([measured("harsanyi", exact)]))


def test_concepts_have_lengths_and_shares():
    values = by_code([(7, {(3, 4): 3.0, (4,): 1.0}), (7, {(0,): 2.0})])
    share = values / values.sum(axis=1)[:, None]
    held = [quantity(name, ("sample", "coalition"), one) for name, one in (("values", values), ("share", share))]
    text = flat(summary_text(text_report([measured("concepts", held)])))
    assert "not & good 2 3.00 75.0 % good 1 1.00 25.0 %" in text
    assert "set size length share" in text
    assert "fine\\x1b[31m 1 2.00 100.0 % The strongest of 127 sets." in text
    shared = by_code([(2, {(0, 1): 3.0}), (2, {(0, 1): 1.0})])
    of_columns = [quantity("values", ("sample", "coalition"), shared)]
    made = table_report(
        [measured("concepts", of_columns, (), all_codes(shared))], names=("a", "b"), labels=(0, 0), predicted=(0, 0)
    )
    text = flat(summary_text(made))
    assert "a & b 2 2.00 ± 1.0" in text
    assert "set size mean length" in text
    assert "by mean length" in text


def test_the_ends_of_a_game_of_vectors_are_lengths():
    values = by_code([(2, {(0, 1): 3.0})] * 3)
    of_columns = [quantity("values", ("sample", "coalition"), values)]
    concepts = measured("concepts", of_columns, (), all_codes(values))
    text = flat(summary_text(table_report([concepts], names=("a", "b"), score="vector:head", score_unit="feature")))
    assert "|v(N)| 5.00 ± 0, |v(empty)| 1.00 ± 0: lengths of vectors, in feature (means of 3 samples)" in text
    assert "change the score" not in text


def test_several_modules_name_the_strongest_set_of_each():
    values = {of: by_code([(4, {(0, 3): scale})] * 3) for of, scale in (("a", 1.0), ("b", -2.0))}
    made = table_report(
        [
            measured("harsanyi", [quantity("values", ("sample", "coalition"), one)], (), all_codes(one), of=of)
            for of, one in values.items()
        ]
    )
    text = flat(summary_text(made))
    assert "module strongest set signed mean" in text
    assert "b age & height -2.00 ± 0" in text or "b age & height -2.00" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_longer_than_the_terminal(width, ascii_only):
    wide = by_code([(7, {tuple(range(7)): 1.0, (0, 1, 2, 3): -2.0, (5,): 3.0})] * 2)
    long = measured("harsanyi", [quantity("values", ("sample", "coalition"), wide)], (), all_codes(wide))
    listed = taylor()
    for made in (
        table_report([listed, dividends()]),
        text_report([long]),
        table_report([long], names=[f"r{i}" for i in range(7)], grid=(1, 7), labels=(0, 0), predicted=(0, 0)),
    ):
        text = summary_text(replace(made, path=Path("r.h5")), width=width, ascii_only=ascii_only)
        assert max(cell_len(line) for line in text.splitlines()) <= width
        assert "\x1b" not in text
        assert text.isascii() == ascii_only


def test_names_that_do_not_fit_are_counted():
    names = [f"a rather long name {i}" for i in range(12)]
    values = by_code([(12, {tuple(range(12)): 1.0})])
    made = table_report(
        [measured("harsanyi", [quantity("values", ("sample", "coalition"), values)], (), all_codes(values))],
        names=names,
        labels=(0,),
        predicted=(0,),
    )
    text = flat(summary_text(made, width=72))
    assert "a rather long name 0 & a rather long" in text
    assert " more " in text
    assert "long name 11" not in text
