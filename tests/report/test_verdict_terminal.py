"""The terminal says the verdict first, every key number at 80 columns, and obeys no name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from support import verdicts
from support.verdicts import shown

from interact_cli.report.verdicts.outcomes import worst_first
from interact_cli.report.verdicts.terminal import render_comparison, render_verdict

WIDTHS = (40, 80, 120)


def words(text):
    return " ".join(text.split())


def printed(verdict, width=80):
    return shown(render_verdict(verdict), width)


@pytest.mark.parametrize(("name", "verdict"), verdicts.every_verdict().items())
@pytest.mark.parametrize("width", WIDTHS)
def test_every_shape_fits_every_width_and_opens_with_its_word(name, verdict, width):
    text = printed(verdict, width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert words(text).startswith(words(f"{verdict.word}: {verdict.sentence}"))
    assert f"Exit code {verdict.exit_code}, " in words(text)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (verdicts.passed(), "0, may ship"),
        (verdicts.failed(), "1, worse than the policy allows"),
        (verdicts.inconclusive(), "3, not to be decided"),
        (verdicts.not_comparable(), "3, not to be decided"),
        (verdicts.failed(exit_code=3, self_check=True), "3: one checkpoint, two plan seeds; no regression"),
        (verdicts.passed(self_check=True), "0: one checkpoint, two plan seeds"),
    ],
)
def test_every_exit_code_is_said_in_words(made, code):
    assert f"Exit code {code}" in words(printed(made))


def test_a_failed_verdict_as_a_person_would_write_it():
    text = words(printed(verdicts.failed()))
    for said in (
        "FAIL: 1 of 3 rules is broken: multi-order mean_abs rose by more than 5 % at 2 of 13 orders, most at order 3: "
        "+13.6 [+8.9, +19.1] %.",
        "Reference reports/reference.h5 Candidate reports/candidate.h5",
        "Policy interact-gate.yaml (sha256 abababababab)",
        "FAIL multi-order mean_abs must not rise (margin 5%, alpha 0.05)",
        "order 3: 0.440 → 0.500 log-odds; +13.6 [+8.9, +19.1] %; p = 0.0027 (Holm)",
        "order 4: 0.420 → 0.470 log-odds; +11.9 [+6.9, +17.6] %; p = 0.0027 (Holm)",
        "11 more places: 11 PASS.",
        "order 3: two plan seeds of one checkpoint differ by 1.3 %.",
        "INCONCLUSIVE accuracy must not fall (margin 0.03, alpha 0.05)",
        "accuracy: 0.940 → 0.920; -0.020 [-0.051, +0.011]",
        "These samples catch a change of 0.052 or more in four of five cases.",
        "46 compared: paired by id, right in both versions",
        "1 by the reference only, 2 by the candidate only, 1 by both; left out",
        "Intervals 90 %, 10,000 resamples of the samples, seed 0",
        "Note: The reference was measured on cuda, the candidate on cpu.",
        "bottleneck: theory (no mean over samples)",
    ):
        assert said in text


def test_the_table_of_rules_fits_80_columns_with_what_stops_the_candidate_first():
    lines = printed(verdicts.failed()).splitlines()
    start = next(i for i, line in enumerate(lines) if line.split()[:3] == ["verdict", "rule", "worst"])
    table = [line.split() for line in lines[start + 2 : start + 9]]
    assert table[0] == ["FAIL", "multi-order", "order", "3", "+13.6", "%", "5", "%"]
    assert [row[0] for row in table if row and row[0] in ("FAIL", "INCONCLUSIVE", "PASS")] == [
        "FAIL",
        "INCONCLUSIVE",
        "PASS",
    ]
    assert ["needs", "214", "fall", "[-0.051,", "+0.011]"] in table


def test_no_table_where_there_is_no_room_and_no_number_less():
    narrow, wide = words(printed(verdicts.failed(), 40)), words(printed(verdicts.failed(), 120))
    for number in ("+13.6 % [+8.9, +19.1]", "-0.020 [-0.051, +0.011]", "+0.012 [-0.024, +0.048]", "margin 5 %"):
        assert number in narrow
    assert "verdict rule worst place" in wide
    assert "verdict rule" not in narrow


def test_reports_that_cannot_be_compared_show_both_values_and_the_way_out():
    text = words(printed(verdicts.not_comparable()))
    assert "plan: budget reference 4,000 candidate 8,000 to do Measure the candidate with --budget 4000." in text
    assert "multi-order: version reference 2 candidate 3" in text
    assert "rules" not in text


def test_what_is_let_through_or_only_warned_says_so():
    softened, warned = words(printed(verdicts.softened())), words(printed(verdicts.warned()))
    assert "(let through)" in softened
    assert "Not decided, and let through." in softened
    assert "(warn)" in warned
    assert "Level warn: printed, and no part of the verdict." in warned
    assert "let through" not in words(printed(verdicts.inconclusive()))


def test_a_rule_that_could_not_be_judged_shows_its_problem():
    text = words(printed(verdicts.unjudged()))
    assert "multi-order: mean_abs, order 3 reference 0.412 candidate NaN to do Look for samples" in text
    assert "needs" not in text


@pytest.mark.parametrize(
    ("needed", "margin", "said"),
    [
        ((130, 71), 0.2, "needs 130"),
        ((130, None), 0.2, ""),
        ((None, None), 0.2, ""),
        ((130, 71), 0.05, "needs 71"),
        ((130, None), 0.05, "needs 130"),
        ((None, None), 0.05, ""),
    ],
)
def test_a_rule_is_held_by_its_neediest_place_and_broken_by_any(needed, margin, said):
    """Every place rose by 12 %."""
    open_ = [
        verdicts.decision("INCONCLUSIVE", verdicts.difference(n), margin, needed=amount)
        for n, amount in enumerate(needed)
    ]
    made = verdicts.verdict("INCONCLUSIVE", 3, "Open.", [verdicts.rule("INCONCLUSIVE", open_)])
    text = words(printed(made))
    assert said in text
    assert ("needs" in text) == bool(said)


def test_one_value_of_both_is_said_once():
    problem = verdicts.Problem("multi-order: metric", "not held", "not held", "Measure it too.")
    text = words(printed(verdicts.not_comparable(problems=(problem,))))
    assert "multi-order: metric both not held to do Measure it too." in text


def test_identical_numbers_are_called_identical():
    held = verdicts.difference(3, 0.4, 0.0, 0.0, 0.0, "identical", confidence=0.9)
    made = verdicts.verdict("PASS", 0, "Identical.", [verdicts.rule("PASS", [verdicts.decision("PASS", held)])])
    assert "order 3 identical 5 %" in words(printed(made))


@pytest.mark.parametrize(("must_not", "worst"), [("rise", 2), ("fall", 0), ("change", 2)])
def test_the_worst_place_is_the_one_nearest_the_margin(must_not, worst):
    ends = [(-0.03, 0.01), (-0.001, 0.001), (0.0, 0.04)]
    decisions = [
        verdicts.decision("PASS", verdicts.difference(order, 1.0, (low + high) / 2, low, high), 0.05)
        for order, (low, high) in enumerate(ends)
    ]
    ranked = worst_first(verdicts.rule("PASS", decisions, must_not=must_not))
    assert ranked[0].difference.at == (worst,)


def test_a_failed_place_stands_before_an_undecided_one_that_reaches_further():
    failed = verdicts.decision("FAIL", verdicts.difference(1, 1.0, 0.06, 0.055, 0.065))
    wide = verdicts.decision("INCONCLUSIVE", verdicts.difference(2, 1.0, 0.5, -0.5, 1.5))
    passing = verdicts.decision("PASS", verdicts.difference(3, 1.0, 0.0, -0.01, 0.01))
    unknown = verdicts.decision("INCONCLUSIVE", verdicts.difference(4, 1.0, *[verdicts.NAN] * 3))
    ranked = worst_first(verdicts.rule("FAIL", [passing, wide, unknown, failed]))
    assert [decision.difference.at[0] for decision in ranked] == [1, 4, 2, 3]


def test_hundreds_of_rules_stay_readable_and_are_counted():
    rules = [verdicts.curve_rule(word, 60, name=f"rule {i} {word}") for i in range(100) for word in ("PASS", "FAIL")]
    text = printed(verdicts.verdict("FAIL", 1, "100 of 200 rules are broken.", rules))
    assert len(text.splitlines()) < 400
    said = words(text)
    assert "160 more rules: 60 FAIL, 100 PASS; the JSON document lists them." in said
    assert "80 more rules with something to say" in said
    assert "58 more places: 58 PASS." in said


def test_a_comparison_as_a_person_would_write_it():
    text = words(shown(render_comparison(verdicts.comparison())))
    for said in (
        "Candidate against reference: mean |I| of multi-order rose at 3 of 13 orders, fell at 1; J, mean-abs of "
        "bottleneck rose at 3 of 7 orders, fell at 1; accuracy shows no change.",
        "mean |I|, in log-odds: rose at 3 of 13 orders, fell at 1, most at order 3: "
        "+0.060 [+0.039, +0.084] log-odds (+13.6 [+8.9, +19.1] %).",
        "3 0.4400 0.5000 +0.0600 [+0.0390, +0.0840] rose",
        "1 0.480 0.480 0 identical",
        "12 0.2600 0.2290 -0.0310 [-0.0520, -0.0110] fell",
        "The reference says: Middle orders are weaker than both ends",
        "The candidate says: The bottleneck is not distinguishable from chance.",
        "accuracy 0.940 0.920 -0.020 [-0.058, +0.018] nothing",
        "Compared, and not shown here (--all): multi-order rms_corrected, strength strength_rms.",
        "Intervals 95 %, 10,000 resamples of the samples, seed 0",
        "reference.safetensors (timm:resnet18); sha256 0123456789ab; accuracy 0.940",
    ):
        assert said in text
    assert "rms I" not in text


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_shows_every_number(width):
    made = verdicts.comparison()
    text = shown(render_comparison(made, everything=True), width)
    assert max(map(cell_len, text.splitlines())) <= width
    said = words(text)
    assert "rms I corrected" in said or "rms I, corrected" in said
    assert "--all" not in said


def test_many_places_are_thinned_to_those_that_stand_out():
    made = verdicts.comparison(differences=verdicts.orders(300), headline=())
    short, full = (words(shown(render_comparison(made, everything=all_))) for all_ in (False, True))
    assert "276 more places: 1 identical, 275 no change shown." in short
    for text in (short, full):
        assert "299 " in text
        assert "rose at 3 of 300 orders, fell at 1" in text
    assert "more places" not in full
    rows = [line.split() for line in shown(render_comparison(made, everything=True)).splitlines()]
    assert [int(row[0]) for row in rows if len(row) > 3 and row[0].isdigit()] == list(range(300))


def test_a_change_that_is_shown_is_never_thinned_out():
    loud = [verdicts.difference(n, 1.0, 0.5, -0.1, 0.9, "no change shown") for n in range(40)]
    quiet = verdicts.difference(40, 1.0, 0.01, 0.001, 0.5, "rose")
    made = verdicts.comparison(differences=(*loud, quiet), headline=())
    lines = shown(render_comparison(made)).splitlines()
    assert [line.split()[-1] for line in lines if line.split()[:1] == ["40"]] == ["rose"]


def test_reports_that_are_identical_or_share_nothing_say_so():
    same = tuple(replace(one, change="identical") for one in verdicts.orders())
    identical = shown(render_comparison(verdicts.comparison(differences=same)))
    assert "Candidate against reference: identical, 13 numbers compared." in words(identical)
    nothing = verdicts.comparison(differences=(), headline=(), spoken=())
    assert "the reports hold no number that can be compared." in words(shown(render_comparison(nothing)))


def test_what_both_reports_say_is_said_once():
    spoken = (verdicts.Spoken("bottleneck", ("It is deeper.",), ("It is deeper.",)),)
    text = words(shown(render_comparison(verdicts.comparison(spoken=spoken))))
    assert text.count("It is deeper.") == 1
    assert "Both reports say: It is deeper." in text


@pytest.mark.parametrize(
    ("pairing", "said"),
    [
        (verdicts.Pairing("both-correct", 50), "Wrong class none, in either version"),
        (verdicts.Pairing("all", 50, 1, 2, 3), "1 by the reference only, 2 by the candidate only, 3 by both; compared"),
        (verdicts.Pairing("all", 50, 0, 0, 0, 4, 5), "4 not in the reference, 5 not in the candidate; left out"),
    ],
)
def test_samples_are_counted(pairing, said):
    assert said in words(printed(verdicts.passed(comparison=verdicts.comparison(pairing=pairing))))


def test_a_terminal_without_unicode_gets_ascii():
    for renderable in (render_verdict(verdicts.failed()), render_comparison(verdicts.comparison())):
        text = shown(renderable, encoding="ascii")
        assert text.isascii()
    assert "0.440 -> 0.500 log-odds" in shown(render_verdict(verdicts.failed()), encoding="ascii")


def test_colour_says_nothing_that_words_do_not():
    plain = shown(render_verdict(verdicts.failed()))
    assert shown(render_verdict(verdicts.failed()), colour=True) == plain
