"""Salient contexts from the records of a report, against loops over sets; both readings of Color(g)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from support import pattern_references, references

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.games.coalitions import all_coalitions, unpack
from interact_cli.report.plots import plot_report
from interact_cli.report.plots.grid_map import draw_map
from interact_cli.report.views.contexts import pair_named, recorded_contexts
from interact_cli.report.views.pairs import colour_map, min_max
from interact_cli.results import Measurement, PlayerTable, Quantity, Records, Report, SampleRecords, SampleTable

N = 6
RANDOM = np.random.default_rng(11)
LOGITS = RANDOM.normal(size=(2, 2**N, 2, 4))
"""``(sample, coalition, slot, component)``: true class 1, then the predicted class."""
WORDS = (("to", "be", "or", "not", "to", "3"), ("not", "a", "very", "good", "film", "at"))


def report_of(
    kind="grid", *, codes=None, score="logit", target="true", output="classes", modules=(), values=LOGITS
) -> Report:
    kept = np.arange(2**N) if codes is None else np.sort(np.asarray(codes))

    def read(sample):
        classes = () if modules else ((1,) if sample == 0 else (1, 2))
        held = values[sample][kept]
        return SampleRecords(sample, classes, all_coalitions(N)[kept], held[:, : len(classes) or None])

    zeros = np.zeros(2, np.int64)
    grid = (2, 3) if kind == "grid" else None
    samples = SampleTable(
        ("toy/0", "toy/1"), zeros + 1, np.array([1, 2]), np.ones(2, bool), zeros * 1.0, zeros * 1.0, zeros + 64,
        zeros + 64, zeros, pictures=RANDOM.integers(0, 255, (2, 20, 30, 3), dtype=np.uint8) if grid else None,
    )  # fmt: skip
    owner = np.arange(N)
    if grid:
        owner = np.repeat(np.repeat(owner.reshape(grid), 10, axis=0), 10, axis=1)[None]
    players = PlayerTable(
        () if kind == "words" else tuple(f"column {k}" for k in range(N)),
        {"grid": "grid:2x3", "columns": "columns", "words": "words"}[kind],
        owner, np.zeros(1, np.float32), "zero", grid, WORDS if kind == "words" else (),
    )  # fmt: skip
    about = {"score": score, "target": target, "output": output, "modules": list(modules)}
    return Report({}, about, {}, samples, players, (), Records(2 * len(kept), 2, 4, read, 2))


def game(sample, slot=0):
    return references.set_game(LOGITS[sample, :, slot, 0], N)


def ink(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"), dtype=float).std()


def test_all_coalitions_give_the_exact_map():
    for sample in (0, 1):
        picture, total, salient = pattern_references.salient_map(game(sample), N, 2, 5)
        found = recorded_contexts(report_of(), sample, (5, 2)).salient
        np.testing.assert_allclose(found.values, picture)
        assert (found.salient_weight, found.n_salient) == (pytest.approx(total), len(salient))
        assert found.interaction_error == 0


@pytest.mark.parametrize(("target", "sample", "slot"), [("true", 1, 0), ("predicted", 1, 1), ("predicted", 0, 0)])
def test_the_values_are_those_of_the_target_class(target, sample, slot):
    found = recorded_contexts(report_of(target=target), sample, (0, 1)).salient
    expected, _, _ = pattern_references.salient_map(game(sample, slot), N, 0, 1)
    np.testing.assert_allclose(found.values, expected)


def test_the_score_is_the_reports():
    recorded = recorded_contexts(report_of(score="log-odds"), 0, (0, 1))
    table = LOGITS[0, :, 0, 0] - LOGITS[0, :, 0, 1]
    expected, _, _ = pattern_references.salient_map(references.set_game(table, N), N, 0, 1)
    np.testing.assert_allclose(recorded.salient.values, expected)
    assert recorded.unit == "log-odds"


def test_of_several_modules_the_last_one_is_shown():
    features = RANDOM.normal(size=(2, 2**N, 2, 1))
    report = report_of(score="feature:a, feature:b", modules=("a", "b"), values=features)
    found = recorded_contexts(report, 0, (0, 1)).salient
    table = references.set_game(features[0, :, 1, 0], N)
    np.testing.assert_allclose(found.values, pattern_references.salient_map(table, N, 0, 1)[0])


def test_contexts_whose_four_coalitions_are_recorded():
    kept = sorted(RANDOM.choice(2**N, 54, replace=False).tolist())
    held = {frozenset(np.flatnonzero(row).tolist()) for row in unpack(all_coalitions(N)[kept], N)}
    v = game(0)
    contexts = [S for S in held if not S & {0, 4} and {S | {0}, S | {4}, S | {0, 4}} <= held]
    sizes = [len(S) for S in contexts]
    weights = [1 / (sizes.count(size) * len(set(sizes))) for size in sizes]
    deltas = [references.delta(v, 0, 4, S) for S in contexts]
    B = sum(w * d for w, d in zip(weights, deltas, strict=True))
    expected = [
        sum(w * abs(d) for S, w, d in zip(contexts, weights, deltas, strict=True) if d * B > 0 and k in S)
        for k in (1, 2, 3, 5)
    ]
    recorded = recorded_contexts(report_of(codes=kept), 0, (0, 4))
    np.testing.assert_allclose(recorded.salient.values[[1, 2, 3, 5]], expected)
    assert recorded.salient.n_contexts == len(contexts) > 2
    assert recorded.salient.interaction_error > 0
    assert not recorded.salient.exact.any()
    chance = np.mean([sum(w for S, w in zip(contexts, weights, strict=True) if k in S) for k in (1, 2, 3, 5)])
    assert recorded.by_chance == pytest.approx(chance)


@pytest.mark.parametrize(
    ("kind", "rule", "pairs"), [("grid", "radius:1", 11), ("columns", "all", 15), ("words", "all", 15)]
)
def test_without_contexts_the_message_says_how_to_ask_for_them(kind, rule, pairs):
    with pytest.raises(UsageError, match=f"--metric shapley-interaction --pairs {rule} --budget {8 * pairs}"):
        recorded_contexts(report_of(kind, codes=[0, 3, 63]), 0, (0, 1))


def test_records_are_needed_and_numbers():
    with pytest.raises(UsageError, match="--no-records"):
        recorded_contexts(replace(report_of(), records=None), 0, (0, 1))
    vectors = report_of(score="vector:a", modules=("a",), values=RANDOM.normal(size=(2, 64, 1, 5)))
    with pytest.raises(UsageError, match="got vectors"):
        recorded_contexts(vectors, 0, (0, 1))


def test_a_pair_is_read_by_number_or_name():
    grid, columns, words = (report_of(kind) for kind in ("grid", "columns", "words"))
    assert pair_named(grid, 0, "5,1") == (1, 5)
    assert pair_named(grid, 0, "r1 c2, r0 c0") == (0, 5)
    assert pair_named(columns, 0, "column 3,0") == (0, 3)
    assert pair_named(words, 1, "good,not") == (0, 3)
    assert pair_named(words, 0, "to (2nd),be") == (1, 4)
    assert pair_named(words, 0, "3,1") == (1, 3)  # a number is a number
    for wrong in ("1", "1,2,3", "2,2", "0,6"):
        with pytest.raises(UsageError, match=r"Expected (--pair I,J, )?two"):
            pair_named(grid, 0, wrong)
    with pytest.raises(UnknownNameError, match="Unknown player 'to'"):
        pair_named(words, 0, "to,be")


@pytest.mark.parametrize("kind", ["grid", "columns", "words"])
@pytest.mark.parametrize("codes", [None, range(0, 64, 1)[8:60]])
def test_contexts_are_drawn(kind, codes, tmp_path):
    target = tmp_path / "c.png"
    drawn = plot_report(report_of(kind, codes=codes), target, kind="contexts", pair="0,1", sample=1)
    names = {"grid": "r0 c0 × r0 c1", "columns": "column 0 × column 1", "words": "not × a"}
    assert drawn == [f"contexts of {names[kind]}"]
    assert ink(target) > 5


def test_a_pair_goes_with_contexts(tmp_path):
    for options in ({"kind": "contexts"}, {"kind": "map", "pair": "0,1"}, {"pair": "0,1"}):
        with pytest.raises(UsageError, match="--kind contexts together with --pair"):
            plot_report(report_of(), tmp_path / "c.png", **options)


def test_erratum_25_the_two_readings_of_color_differ():
    """mean of |I| over the neighbours, and |mean of I|, by two loops over the cells."""
    rows, columns = 4, 5
    n = rows * columns
    matrix = RANDOM.normal(size=(n, n))
    pairs = np.array([(i, j) for i, j in product(range(n), repeat=2) if i < j])
    values = matrix[pairs[:, 0], pairs[:, 1]]
    both = {reading: np.empty((rows, columns)) for reading in ("mean-abs", "abs-mean")}
    for g in range(n):
        beside = [
            matrix[min(g, h), max(g, h)]
            for h in range(n)
            if h != g and abs(g // columns - h // columns) <= 1 and abs(g % columns - h % columns) <= 1
        ]
        both["mean-abs"][g // columns, g % columns] = np.mean(np.abs(beside))
        both["abs-mean"][g // columns, g % columns] = abs(np.mean(beside))
    for reading, expected in both.items():
        np.testing.assert_allclose(colour_map(pairs, values, (rows, columns), 8, reading), expected)
    assert both["abs-mean"].mean() < 0.6 * both["mean-abs"].mean()


def test_the_reading_reaches_the_picture(tmp_path):
    pairs = np.array([(i, j) for i in range(N) for j in range(i + 1, N)])
    tiled = np.broadcast_to(pairs, (2, *pairs.shape))
    held = (
        Quantity("pairs", ("sample", "pair", "member"), tiled, "1", ""),
        Quantity("values", ("sample", "pair"), RANDOM.normal(size=(2, len(pairs))), "logit", ""),
    )
    report = replace(report_of(), measurements=(Measurement("shapley-interaction", 1, "s", "exact", held, (), {}),))
    values = held[1].values[0]
    for reading in ("mean-abs", "abs-mean"):
        part = Figure().subfigures()
        draw_map(part, report, "shapley-interaction", sample=0, neighbours=4, reading=reading)
        shown = part.axes[2].images[0].get_array()
        np.testing.assert_allclose(shown, min_max(colour_map(pairs, values, (2, 3), 4, reading)))
        assert {"mean-abs": "mean |I(", "abs-mean": "|mean I("}[reading] in part.axes[2].get_title()
    drawn = plot_report(report, tmp_path / "map.png", kind="map", reading="abs-mean")
    assert drawn == ["map of shapley-interaction"]
    with pytest.raises(UsageError, match="mean-abs or abs-mean, got 'mean'"):
        plot_report(report, tmp_path / "x.png", kind="map", reading="mean")
