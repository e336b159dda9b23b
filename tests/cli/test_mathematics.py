"""The papers' mathematics on checkpoints, through the command: numbers against sums over sets, written here."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from math import comb, factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.references import SetGame, dividends, merged, restricted, set_game, shapley, subsets
from support.texts import tiny_classifier
from support.workbench import TABLE, as_input, done, refused, table_network, table_rows
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import interact_cli as ic

N = 8
EVERY = frozenset(range(N))
ROWS = (0, 3)
CLOSE: dict[str, Any] = {"atol": 1e-5, "rtol": 0}


@pytest.fixture(scope="module")
def sentiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return tiny_classifier(tmp_path_factory.mktemp("texts") / "bert")


def log_odds(desk: Path, row: int, label: int) -> SetGame:
    """Log-odds of the class on every coalition of columns; an absent one shows its mean over the file."""
    network, inputs = table_network(desk / "network.py").double(), as_input(table_rows()).double()
    masks = torch.tensor([[i in S for i in range(N)] for S in subsets(EVERY)])
    with torch.no_grad():
        logits = network(torch.where(masks, inputs[row], inputs.mean(dim=0)))
    p = torch.softmax(logits, dim=1)[:, label]
    return dict(zip(subsets(EVERY), torch.log(p / (1 - p)).tolist(), strict=True))


def measured(*flags: Any) -> Any:
    """A report of two rows of the table."""
    Path("ids.txt").write_text("".join(f"csv/table.csv/{row}\n" for row in ROWS))
    done("measure", *TABLE, "--samples", "ids.txt", "-o", "a.h5", "--force", *flags)
    return ic.read_report("a.h5")


def games(desk: Path, report: Any) -> list[SetGame]:
    return [log_odds(desk, row, int(label)) for row, label in zip(ROWS, report.samples.labels, strict=True)]


def by_code(of: SetGame) -> np.ndarray:
    values = np.empty(len(of))
    for S, value in of.items():
        values[sum(2**i for i in S)] = value
    return values


def held(report: Any, metric: str, sample: int) -> dict[frozenset[int], float]:
    """Set -> value of one sample."""
    measurement = report.measurement(metric)
    sets, values = measurement.quantity("sets").values[sample], measurement.quantity("values").values[sample]
    return {frozenset(i for i in row if i >= 0): v for row, v in zip(sets.tolist(), values, strict=True)}


def difference(v: SetGame, A: frozenset[int], T: frozenset[int]) -> float:
    return sum((-1) ** (len(A) - len(L)) * v[T | L] for L in subsets(A))


def test_dividends_of_a_table_network_and_its_or_interactions(desk: Path):
    report = measured("-m", "harsanyi", "-m", "or-interaction")

    for sample, v in enumerate(games(desk, report)):
        found = report.measurement("harsanyi").quantity("values").values[sample]
        np.testing.assert_allclose(found, by_code(dividends(v)), **CLOSE)
        ors = report.measurement("or-interaction").quantity("values").values[sample]
        for T in list(subsets(EVERY))[::17]:
            meets = [ors[sum(2**i for i in S)] for S in subsets(EVERY) if S & T]
            assert ors[0] + sum(meets) == pytest.approx(v[T], abs=1e-4)
    sizes = report.measurement("harsanyi").quantity("strength_by_size").values
    expected = [
        np.mean([sum(abs(share) for S, share in dividends(v).items() if len(S) == size) for v in games(desk, report)])
        for size in range(1, N + 1)
    ]
    np.testing.assert_allclose(sizes, expected, atol=1e-4)


def test_interactions_of_three_players(desk: Path):
    report = measured("-m", "shapley-interaction", "-m", "banzhaf-interaction", "--interaction-size", "3")

    v = games(desk, report)[0]
    for metric in ("shapley-interaction", "banzhaf-interaction"):
        found = held(report, metric, 0)
        assert len(found) == comb(N, 3)
        for A in list(found)[::5]:
            rest = list(subsets(EVERY - A))
            weights = [factorial(len(T)) * factorial(N - len(T) - 3) / factorial(N - 2) for T in rest]
            weights = weights if metric.startswith("shapley") else [2.0 ** (3 - N)] * len(rest)
            expected = sum(w * difference(v, A, T) for w, T in zip(weights, rest, strict=True))
            assert found[A] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("metric", ["shapley-taylor", "k-shapley", "faithful-shapley"])
def test_values_of_all_small_sets_sum_to_the_whole(desk: Path, metric: str):
    report = measured("-m", metric, "--interaction-size", "3")

    for sample, v in enumerate(games(desk, report)):
        found = held(report, metric, sample)
        assert set(found) == {S for S in subsets(EVERY) if len(S) <= 3}
        assert sum(found.values()) == pytest.approx(v[EVERY], abs=1e-4)


def test_faithful_banzhaf_is_the_nearest_polynomial(desk: Path):
    report = measured("-m", "faithful-banzhaf", "--interaction-size", "2")

    v = games(desk, report)[0]
    small = [S for S in subsets(EVERY) if len(S) <= 2]
    design = np.array([[float(S <= T) for S in small] for T in v])
    nearest, *_ = np.linalg.lstsq(design, np.array(list(v.values())), rcond=None)
    found = held(report, "faithful-banzhaf", 0)
    np.testing.assert_allclose([found[S] for S in small], nearest, **CLOSE)


def contiguous(members: tuple[int, ...]) -> list[list[frozenset[int]]]:
    gaps = len(members) - 1
    found = []
    for cuts in subsets(range(gaps)):
        edges = [0, *[cut + 1 for cut in sorted(cuts)], len(members)]
        found.append([frozenset(members[a:b]) for a, b in pairwise(edges)])
    return found


def phi(v: SetGame, n: int, members: frozenset[int], coalition: frozenset[int]) -> float:
    """Shapley value of a coalition as one player, the rest of A absent."""
    game, players = restricted(v, (frozenset(range(n)) - members) | coalition)
    alone, size = merged(game, len(players), [players.index(i) for i in coalition])
    return float(shapley(alone, size)[-1])


def test_multivariate_interaction_of_columns(desk: Path):
    report = measured("-m", "multivariate", "--span", "2:6", "--learned", "corrected", "--target", "true")

    members = (2, 3, 4, 5)
    found = report.measurement("multivariate")
    for sample, v in enumerate(games(desk, report)):
        A = frozenset(members)
        alone = sum(phi(v, N, A, frozenset({i})) for i in members)
        totals = {tuple(map(tuple, map(sorted, p))): sum(phi(v, N, A, C) for C in p) for p in contiguous(members)}
        expected = {
            "B": phi(v, N, A, A) - alone,
            "B_max": max(totals.values()) - alone,
            "B_min": min(totals.values()) - alone,
            "T": max(totals.values()) - min(totals.values()),
        }
        for name, value in expected.items():
            assert found.quantity(name).values[sample] == pytest.approx(value, abs=1e-5)
        blocks = found.quantity("partition_max").values[sample]
        best = max(totals, key=lambda p: totals[p])
        assert [sum(i in C for i in members) for C in best] == np.bincount(blocks[blocks >= 0]).tolist()
        plus_minus = found.quantity("B_plus").values[sample] + found.quantity("B_minus").values[sample]
        assert plus_minus == pytest.approx(expected["B"], abs=1e-5)
    traces = found.quantity("p_max").values
    assert traces.shape[0] == 2 and traces.shape[2] == 3
    assert ((traces >= 0) & (traces <= 1) | np.isnan(traces)).all()


def test_inference_patterns_and_what_dropout_leaves(desk: Path):
    report = measured("-m", "inference-patterns", "-m", "dropout-suppression", "--drop-rate", "0.3")

    for sample, v in enumerate(games(desk, report)):
        d = dividends(v)
        found = report.measurement("inference-patterns").quantity("values").values[sample]
        for position, pair in enumerate(map(frozenset, combinations(range(N), 2))):
            for q in (0, 2, 5):
                patterns = [d[T | pair] for T in subsets(EVERY - pair) if len(T) == q]
                assert found[q, position] == pytest.approx(np.mean(patterns), abs=1e-5)
    assert report.config["metrics"] == ["inference-patterns", {"dropout-suppression": {"drop_rate": 0.3}}]
    assert report.measurement("dropout-suppression").findings


def test_split_and_graph_explain_what_they_say(desk: Path):
    report = measured("-m", "and-or", "-m", "and-or-graph")

    split, graph = report.measurement("and-or"), report.measurement("and-or-graph")
    for sample, v in enumerate(games(desk, report)):
        values = by_code(v)
        ands, ors = (split.quantity(name).values[sample] for name in ("values", "or_values"))
        explained = np.array(
            [
                sum(ands[code] for code in range(2**N) if code & T == code) + ors[0]
                + sum(ors[code] for code in range(1, 2**N) if code & T)
                for T in range(2**N)
            ]
        )  # fmt: skip
        # v + q is decomposed, and |q| is at most 0.04 |v(N) - v(empty)|.
        assert np.abs(explained - values).max() <= 0.04 * abs(values[-1] - values[0]) + 1e-4
        members = graph.quantity("pattern_members").values[sample]
        kept = {
            frozenset(np.flatnonzero(row)): value
            for row, value in zip(members, graph.quantity("pattern_values").values[sample], strict=True)
            if (row >= 0).all()
        }
        d = dividends(v)
        for S, value in kept.items():
            assert value == pytest.approx(d[S], abs=1e-5)
        assert len(kept) == graph.quantity("n_patterns").values[sample]
    done("plot", "a.h5", "--kind", "graph", "-o", "graph.json")
    document = json.loads(Path("graph.json").read_text())
    assert "c0" in json.dumps(document)
    done("plot", "a.h5", "-o", "same.json")
    assert json.loads(Path("same.json").read_text()) == document
    assert "*.json" in refused(2, "plot", "a.h5", "--kind", "sets", "-o", "sets.json")


def test_concepts_are_lengths_of_vector_dividends(desk: Path):
    report = measured("-m", "concepts", "--score", "vector:body.2")

    network, inputs = table_network(desk / "network.py").double(), as_input(table_rows()).double()
    for sample, row in enumerate(ROWS):
        masks = torch.tensor([[bool(code >> i & 1) for i in range(N)] for code in range(2**N)])
        with torch.no_grad():
            features = network.body[:3](torch.where(masks, inputs[row], inputs.mean(dim=0))).numpy()
        by_coordinate = [by_code(dividends(set_game(column, N))) for column in features.T]
        expected = np.linalg.norm(np.stack(by_coordinate, axis=1), axis=1)
        found = report.measurement("concepts").quantity("values").values[sample]
        np.testing.assert_allclose(found[1:], expected[1:], **CLOSE)


def test_instability_is_zero_where_nothing_is_drawn_and_not_where_it_is(desk: Path):
    exact = measured("-m", "shapley-interaction", "-m", "shapley", "-m", "multi-order", "--instability", "3")
    drawn = measured("-m", "shapley-interaction", "-m", "shapley", "--instability", "3", "-b", "250")

    for metric in ("shapley-interaction", "shapley", "multi-order"):
        assert exact.measurement(metric).quantity("instability").values == 0
    for metric in ("shapley-interaction", "shapley"):
        assert 0 < drawn.measurement(metric).quantity("instability").values < 2


def test_the_words_of_a_sentence_form_coalitions(sentiment: Path, desk: Path):
    ran = done(
        "measure", sentiment, "-t", "the film was not good", "-m", "multivariate", "--span", "1:5", "-o", "a.h5",
        "--baseline", "zero",
    )  # fmt: skip
    network = AutoModelForSequenceClassification.from_pretrained(sentiment).double().eval()
    ids = AutoTokenizer.from_pretrained(sentiment)("the film was not good", return_tensors="pt")["input_ids"]

    def logits(S: frozenset[int]) -> torch.Tensor:
        vectors = network.get_input_embeddings()(ids).clone()
        vectors[0, [1 + i for i in range(5) if i not in S]] = 0
        with torch.no_grad():
            return network(inputs_embeds=vectors).logits[0]

    predicted = int(logits(frozenset(range(5))).argmax())
    v = {S: float(logits(S)[predicted] - logits(S)[1 - predicted]) for S in subsets(range(5))}
    A = frozenset({1, 2, 3, 4})
    alone = sum(phi(v, 5, A, frozenset({i})) for i in A)
    totals = [sum(phi(v, 5, A, C) for C in partition) - alone for partition in contiguous((1, 2, 3, 4))]
    report = ic.read_report("a.h5")
    assert report.provenance["target"] == "predicted"
    assert report.measurement("multivariate").quantity("B_max").values[0] == pytest.approx(max(totals), abs=1e-4)
    assert report.measurement("multivariate").quantity("B_min").values[0] == pytest.approx(min(totals), abs=1e-4)
    assert "towards" in ran.out
    done("plot", "a.h5", "--kind", "partition", "-o", "a.png")


def test_options_that_nobody_reads_are_refused(desk: Path):
    for flag, value, reader in (
        ("--interaction-size", 3, "shapley-taylor"),
        ("--partitions", "all", "multivariate"),
        ("--learned", "paper", "multivariate"),
        ("--drop-rate", 0.2, "dropout-suppression"),
    ):
        line = refused(2, "measure", *TABLE, "-m", "shapley", flag, value)
        assert flag in line and reader in line
    for flag, value in (("--span", "0:3"), ("--pairs", "random:2"), ("--contexts", 3)):
        told = done("measure", *TABLE, "-n", "1", "-m", "harsanyi", flag, value, "-o", "a.h5", "--force").err
        assert f"{flag} changes nothing here: it is read by none of harsanyi." in told
    Path("run.yaml").write_text("metrics: [harsanyi]\nplan: {drop_rate: 0.3}\n")
    assert "--drop-rate" in refused(2, "validate", "run.yaml")


def test_an_option_of_one_metric_is_that_of_all_metrics_that_have_it(desk: Path):
    """``-m NAME:OPTION=VALUE`` sets for one what the flag sets for all; both are one question."""
    by_flag = measured("-m", "dropout-suppression", "-m", "shapley-taylor", "--drop-rate", "0.3", "--contexts", "4")
    by_name = measured("-m", "dropout-suppression:drop-rate=0.3,contexts=4", "-m", "shapley-taylor:contexts=4")
    assert by_name.provenance["content_key"] == by_flag.provenance["content_key"]
    assert by_name.config == by_flag.config
    Path("run.yaml").write_text(
        "metrics:\n  dropout-suppression: {drop_rate: 0.3, contexts: 4}\n  shapley-taylor: {contexts: 4}\n"
    )
    by_file = measured("--config", "run.yaml")
    assert by_file.provenance["content_key"] == by_flag.provenance["content_key"]
    one_only = measured("-m", "dropout-suppression:drop_rate=0.3", "-m", "shapley-taylor")
    assert one_only.config["metrics"] == [{"dropout-suppression": {"drop_rate": 0.3}}, "shapley-taylor"]
    assert one_only.provenance["content_key"] != by_flag.provenance["content_key"]


def test_what_cannot_be_had_says_what_it_takes(desk: Path):
    few = ("measure", *TABLE, "-n", "1", "-b", "100")
    for metric in ("harsanyi", "k-shapley", "and-or-graph", "inference-patterns"):
        assert "256" in refused(2, *few, "-m", metric)
    assert "vector:" in refused(2, *few[:-2], "-m", "concepts")
    assert "shapley" in refused(2, *few[:-2], "-m", "shapley", "--score", "vector:body.2")
    assert "--span" in refused(2, *few[:-2], "-m", "multivariate", "--span", "2:12")
    assert "interaction" in refused(2, *few[:-2], "-m", "shapley-interaction", "--interaction-size", "9")


def test_a_text_with_too_few_words_is_skipped_with_the_reason(sentiment: Path, desk: Path):
    ran = done(
        "measure", sentiment, "-t", "the film was not good", "-t", "not bad", "-m", "shapley-taylor",
        "--interaction-size", "3", "-o", "a.h5",
    )  # fmt: skip
    (skipped,) = ic.read_report("a.h5").samples.skipped
    assert (skipped.id, skipped.reason) == ("text/1", "2 players, the options that were asked for need 3")
    assert "2 players, the options that were asked for need 3" in ran.out
    line = refused(2, "measure", sentiment, "-t", "not bad", "-m", "shapley-taylor", "--interaction-size", "3")
    assert "at least 3 players, got 2" in line


def test_values_by_coalition_that_would_not_fit_are_refused_before_any_forward_pass(desk: Path, forward_passes: Any):
    few = ("measure", "ckpt.pt", "-d", "digits", "--players", "grid:4x5", "-b", 2**20)
    line = refused(2, *few, "-n", "100", "-m", "harsanyi", "-m", "and-or")
    # 100 samples of 2^20 coalitions, 6 and 11 numbers of each, 8 bytes a number.
    assert "13.3 GiB" in line and "--n-samples" in line
