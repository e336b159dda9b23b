"""The terminal summary says the right numbers, at every width, and never obeys what a name contains."""

from __future__ import annotations

import dataclasses
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from interact_cli.interfaces import Cohort
from interact_cli.metrics.pair_interactions import Strength
from interact_cli.metrics.summaries import sentences
from interact_cli.metrics.summaries.axes import OrderAxis
from interact_cli.report.terminal.summary import render_summary, summary_text
from interact_cli.report.wording import bars
from interact_cli.results import Finding, Measurement, PlayerTable, Quantity, Report, SampleTable
from interact_cli.types import Skipped
from interact_cli.words import number, plus_minus

WIDTHS = (40, 80, 120)
COLUMNS = ("age", "dose", "[/red]weight", "height")


def quantity(name, dims, values, unit="log-odds", errors=None, low=None, high=None, exact=None, **said):
    return Quantity(
        name,
        dims,
        np.asarray(values),
        unit,
        f"meaning of {name}",
        *(None if one is None else np.asarray(one, dtype=float) for one in (errors, low, high)),
        None if exact is None else np.asarray(exact),
        **said,
    )


def cohort(samples=3, n_players=4):
    """The samples of `report`, the last one left out."""
    full, empty = np.arange(samples) + 5.0, np.full(samples, 1.0)
    return Cohort(
        np.arange(samples) < samples - 1, np.full(samples, n_players), True, None, "log-odds", 0, intervals=True,
        names=COLUMNS, full_value=full, empty_value=empty,
    )  # fmt: skip


def report(measurements, samples=3, names=COLUMNS, grid=None, accuracy=0.9, provenance=None, status="complete"):
    included = np.ones(samples, dtype=bool)
    included[-1] = False
    table = SampleTable(
        ids=tuple(f"table/test/{i}" for i in range(samples)),
        labels=np.zeros(samples, np.int64),
        predicted=np.zeros(samples, np.int64),
        included=included,
        full_value=np.arange(samples) + 5.0,
        empty_value=np.full(samples, 1.0),
        asked=np.full(samples, 1000),
        unique=np.full(samples, 16),
        evaluated=np.full(samples, 16),
        skipped=(Skipped("table/test/99", "only one column"),),
        accuracy=accuracy,
        chance=0.5,
    )
    players = PlayerTable(
        tuple(names), "columns", np.arange(len(names)), np.array([0.25, -1.5], np.float32), "mean", grid
    )
    stated = {
        "checkpoint": {"path": "runs/[/red]net.pt", "sha256": "0123456789abcdef", "weights_key": "state_dict_ema"},
        "arch": "py:nets:mlp",
        "arch_source": "--arch",
        "data": {"name": "toy", "split": "test", "n_total": 114},
        "score": "log-odds",
        "score_unit": "log-odds",
        "target": "true",
        "baseline": {"source": "mean of the training rows"},
        "device": "cpu",
        "dtype": "fp32",
        "notes": ["columns were used as they are"],
    }
    return Report({}, stated | (provenance or {}), {}, table, players, tuple(measurements), status=status)


VALUES = np.array([[1.0, 2.0, -1.0, 2.0], [1.0, 3.0, -1.0, 2.0], [9.0, 9.0, 9.0, 9.0]])


def shapley(gap=0.0):
    values = VALUES.copy()
    values[2] = [6.0, 0.0, 0.0, gap]
    mean_abs, errors = np.abs(values[:2]).mean(axis=0), [0, 0.5, 0, 0]
    own = quantity("values", ("sample", "player"), values, exact=np.ones((3, 4), bool))
    size = quantity("mean_abs", ("player",), mean_abs, errors=errors, label="mean |value|", role="headline")
    return Measurement(
        "shapley", 1, "Shapley (1953)", "exact, all 16 coalitions", (own,),
        (quantity("mean", ("player",), values[:2].mean(axis=0), errors=errors, label="signed mean"), size), {},
        (*sentences.best_player(size, cohort()), *sentences.sum_of_players(own, cohort())), ("read me [bold]twice",),
    )  # fmt: skip


def interaction(pairs=None, values=None):
    pairs = [[[0, 1], [1, 2]], [[0, 1], [3, 2]], [[0, 3], [0, 3]]] if pairs is None else pairs
    values = [[2.0, 1.0], [-4.0, 0.5], [99.0, 99.0]] if values is None else values
    strength = quantity("strength_mean_abs", (), 1.875, errors=0.123456, label="strength, mean |I|", role="headline")
    return Measurement(
        "shapley-interaction", 1, "source", "sampled",
        (
            quantity("pairs", ("sample", "pair", "member"), np.array(pairs), "1"),
            quantity("values", ("sample", "pair"), values, exact=np.zeros((3, 2), bool)),
        ),
        (strength,), {}, (sentences.of_pairs(strength),),
    )  # fmt: skip


def bottleneck(high=True):
    mean_abs = np.array([2.0, 0.4, 0.6])
    ends = {"low": mean_abs - 0.1, "high": mean_abs + 0.1} if high else {}
    headline = {"label": "J, mean-abs", "role": "headline"}
    curve = quantity("J_mean_abs", ("order",), mean_abs, "1", errors=[0.05] * 3, **ends, **headline)
    axis = OrderAxis("order", np.arange(3), np.tile(np.arange(3), (3, 1)), np.arange(3) / 2, 4)
    theory = "Theory F(m)/F(0): nearest with n' = 9, 0.0512 from J(m)/J(0) (root mean square)."
    return Measurement(
        "bottleneck", 1, "Deng et al. (2022)", "sampled", (),
        (
            curve,
            quantity("null_mean_abs", ("order",), [1.4, 0.2, 1.4], "1", label="null, mean-abs", role="by-order"),
            quantity("theory_n_prime", (), 9.0, "1", label="n' of the theory curve"),
            quantity("theory_rmse", (), 0.0512, "1", label="its misfit"),
        ),
        {"order": np.array([0, 1, 2])},
        (
            Finding("deeper", "The middle orders carry less than noise alone would."),
            sentences.over_orders(curve, axis, cohort()),
            Finding("", theory, says=("theory_n_prime", "theory_rmse")),
        ),
    )  # fmt: skip


def flat(text):
    """The words of a summary, whatever its folding."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [
        (0.0, 3, "0"),
        (0.12345, 3, "0.123"),
        (-12.345, 3, "-12.3"),
        (9.999, 3, "10.0"),
        (0.00123, 3, "0.00123"),
        (0.000123, 3, "1.23e-04"),
        (1e-9, 2, "1.0e-09"),
        (123456, 3, "123,456"),
        (float("inf"), 3, "infinite"),
        (float("nan"), 3, "not measured"),
    ],
)
def test_numbers_follow_one_rule(value, digits, expected):
    assert number(value, digits) == expected


def test_uncertainty_has_two_digits_and_is_left_out_when_unknown():
    assert plus_minus(1.2345, 0.04567) == "1.23 ± 0.046"
    assert plus_minus(1.2345, None) == plus_minus(1.2345, float("nan")) == "1.23"
    assert plus_minus(float("nan"), 0.1) == "not measured"


def test_bars_reach_from_zero_to_the_largest():
    assert bars([0.0, 1.0, 2.0, 4.0]) == "▁▃▅█"
    assert bars([3.0, float("nan")]) == "█?"
    assert bars([float("nan")]) == "?"
    assert bars([0.0, 0.0]) == "▁▁"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_line_is_longer_than_the_terminal_and_nothing_is_cut(width, ascii_only):
    made = dataclasses.replace(report([shapley(), interaction(), bottleneck()]), path=Path("r.h5"))
    text = summary_text(made, width=width, ascii_only=ascii_only)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert text.isascii() == ascii_only
    words = flat(text)
    for said in ("toy, test split", "py:nets:mlp", "named by --arch", "state_dict_ema", "0123456789ab", "cpu, fp32"):
        assert said in words
    assert "columns were used as they are" in words
    assert "interact plot r.h5 -o r.png" in words


@pytest.mark.parametrize("width", WIDTHS)
def test_says_what_was_left_out_and_how_sure(width):
    words = flat(summary_text(report([interaction()]), width=width))
    assert "2 in the summary, 1 left out by the filter, 1 skipped; 114 in the data" in words
    assert "only one column (1)" in words
    assert "accuracy 0.900 (the most frequent class alone: 0.500)" in words
    assert "0.250, -1.50 in the network's input space (mean of the training rows)" in words
    # samples 0 and 1: v(N) = 5 and 6, standard error |5 - 6| / 2; v(empty) = 1 for both.
    assert "v(N) 5.50 ± 0.50, v(empty) 1.00 ± 0; all players together change the score by 4.50 ± 0.50" in words
    assert "3,000 asked, 48 unique, 48 evaluated in this run" in words
    assert "none: 2 samples, an interval needs 20" in words


def test_a_baseline_whose_source_says_the_same_is_said_once():
    zero = report([interaction()], provenance={"baseline": {"source": "0.250, -1.50 in the network's input space"}})
    assert flat(summary_text(zero)).count("0.250, -1.50 in the network's input space") == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_players_are_ranked_and_efficiency_is_checked(width):
    words = flat(summary_text(report([shapley(gap=0.25)]), width=width))
    assert "'dose' moves the score most: mean |value| 2.50 ± 0.50 log-odds over 2 samples" in words
    # Differences v(N) - v(empty) are 4, 5, 6; the values add up to 4, 5 and 6.25.
    assert "within 0.25 log-odds (worst of 3 samples)" in words
    assert "every value is exact" in words
    table = words.partition("Players by")[2]
    assert table.index("dose") < table.index("height") < table.index("age") < table.index("[/red]weight")


@pytest.mark.parametrize("width", WIDTHS)
def test_strongest_pairs_are_named_over_included_samples_only(width):
    words = flat(summary_text(report([interaction()]), width=width))
    assert "Two players change each other's effect by 1.88 ± 0.12 log-odds (" in words
    assert "3 measured pairs by mean |I|" in words
    assert "99" not in words.replace("0.99", "")
    assert words.index("age × dose") < words.index("dose × [/red]weight") < words.index("[/red]weight × height")
    # age x dose: 2 and -4, so the mean is -1 with standard error 6 / 2, and the mean of |I| is 3.
    assert "-1.00 ± 3.0" in words
    assert "3.00" in words
    assert "every value is an estimate" in words


def test_grid_cells_are_named_by_row_and_column():
    cells = [f"player {i}" for i in range(6)]
    pairs = [[[0, 1], [4, 5]]] * 3
    text = summary_text(report([interaction(pairs)], names=cells, grid=(2, 3)))
    assert "r0 c0 × r0 c1" in text
    assert "r1 c1 × r1 c2" in text


@pytest.mark.parametrize("width", WIDTHS)
def test_bottleneck_says_verdict_extremes_and_theory(width):
    words = flat(summary_text(report([bottleneck()]), width=width))
    assert "The middle orders carry less than noise alone would." in words
    assert "J, mean-abs: 2.00 [1.90, 2.10] at order 0, 0.400 [0.300, 0.500] at order 1, " in words
    assert "nearest with n' = 9, 0.0512 from J(m)/J(0)" in words
    assert "n' of the theory curve" not in words, "a number that a sentence says is said once"
    assert "its misfit" not in words
    assert "█▂▃" in words  # 2.0, 0.4, 0.6 of 2.0 on steps 0 to 7: 7, 1.4, 2.1


def test_below_twenty_samples_the_standard_error_stands_in():
    words = flat(summary_text(report([bottleneck(high=False)])))
    assert "2.00 ± 0.050" in words
    assert "[1.90, 2.10]" not in words


def test_names_and_paths_are_never_markup_or_escapes():
    hostile = report([shapley()], provenance={"checkpoint": {"path": "a\x1b[31m[/red].pt"}})
    console = Console(file=StringIO(), width=100, force_terminal=True, color_system="truecolor")
    console.print(render_summary(dataclasses.replace(hostile, path=Path("out[/x].h5"))))
    shown = console.file.getvalue()
    assert "[/red].pt" in shown
    assert "[/red]weight" in shown
    assert "[bold]twice" in shown
    assert "out[/x].h5" in shown
    assert "\x1b[31m[/red]" not in shown


def test_sentences_and_labels_of_anybody_are_never_markup_or_escapes():
    numbers = [
        quantity("one", (), 1.5, label="[/red]one\x1b[31m"),
        quantity("many", ("distance",), [1.0, 2.0], label="[bold]many\u202e", role="headline"),
    ]
    told = Finding("", "[bold]Told[/bold]\x1b[31m by\na plugin.")
    foreign = Measurement("acme", 1, "s", "e", (), tuple(numbers), {"distance": np.array([1, 2])}, (told,))
    console = Console(file=StringIO(), width=100, force_terminal=True, color_system="truecolor")
    console.print(render_summary(report([foreign])))
    shown = console.file.getvalue()
    for said in ("[bold]Told[/bold]\\x1b[31m by", "[/red]one\\x1b[31m: 1.50", "[bold]many\\u202e"):
        assert said in shown
    assert "\x1b[31m" not in shown
    assert "\u202e" not in shown


def test_unmeasured_numbers_say_so():
    values = quantity("strength_mean_abs", (), np.nan, errors=np.nan, label="strength, mean |I|", role="headline")
    nothing = Measurement("strength", 1, "s", "e", (), (values,), {}, tuple(Strength().sentences([values])))
    unknown = quantity("J_mean_abs", ("order",), [np.nan, np.nan], "1", label="J, mean-abs", role="headline")
    axis = OrderAxis("order", np.arange(2), np.zeros((3, 2), int), np.arange(2.0), 4)
    told = sentences.over_orders(unknown, axis, cohort())
    curve = Measurement("bottleneck", 1, "s", "e", (), (unknown,), {"order": [0, 1]}, (told,))
    text = flat(summary_text(report([nothing, curve, interaction(values=np.full((3, 2), np.nan))])))
    assert "mean |I|: not measured." in text
    assert "J, mean-abs: not measured." in text
    assert "Pairs: not measured." in text
    assert "nan" not in text.split()


def test_loud_lines_come_first():
    assert "not above chance" not in summary_text(report([shapley()]))
    poor = summary_text(report([], samples=20, accuracy=0.6)).splitlines()
    assert poor[0].startswith("WARNING: accuracy 0.600 is not above chance (0.500)")
    shown = summary_text(
        report([shapley()], provenance={"illustration": True, "accuracy_first_line": "Held-out accuracy 0.97"},
               status="limited")
    )  # fmt: skip
    assert shown.startswith("Held-out accuracy 0.97")
    assert "ILLUSTRATION" in shown
    assert "LIMITED" in shown


@pytest.mark.parametrize(("samples", "accuracy"), [(2, 1.0), (2, 0.5), (3, 0.0), (20, 0.75)])
def test_luck_is_not_blamed_without_evidence(samples, accuracy):
    assert "not above chance" not in summary_text(report([], samples=samples, accuracy=accuracy))


def test_unlabelled_data_has_no_accuracy_and_no_warning():
    bare = report([shapley()], accuracy=float("nan"))
    text = flat(summary_text(bare))
    assert "accuracy not measured (no labels)" in text
    assert "chance" not in text.split("shapley ")[0]


def test_a_metric_of_a_plugin_gets_a_generic_section():
    foreign = Measurement(
        "acme/depth", 3, "Acme (2031)", "sampled", (),
        (quantity("depth", (), 4.5, "nat", errors=0.25), quantity("width", ("order",), [0.1, 0.2], "nat")),
        {"order": np.array([0, 2])},
    )  # fmt: skip
    text = flat(summary_text(report([foreign])))
    assert "depth: 4.50 ± 0.25 nat" in text
    assert "order width" in text
    assert "Source: Acme (2031) (version 3)" in text


def test_a_report_that_says_little_can_still_be_read():
    bare = dataclasses.replace(report([]), provenance={})
    text = summary_text(bare)
    assert "a network without a name" in text
    assert "This report holds no metric." in text
