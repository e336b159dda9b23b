"""A table network with 8 columns: every number of the CLI against sums over all subsets, written here."""

from __future__ import annotations

from itertools import combinations, permutations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
import torch
from support.workbench import TABLE, as_input, done, table_network, table_rows

import interact_cli as ic

N = 8
SAMPLES = (0, 3)
METRICS = ("shapley", "banzhaf", "shapley-interaction", "banzhaf-interaction", "multi-order")


def naive_game(desk: Path, row: int, label: int) -> dict[frozenset[int], float]:
    """Log-odds of the class on every coalition; an absent column shows its mean over the file's rows."""
    network = table_network(desk / "network.py").double()
    inputs = as_input(table_rows()).double()
    means = inputs.mean(dim=0)
    values = {}
    for size in range(N + 1):
        for present in combinations(range(N), size):
            x = means.clone()
            x[list(present)] = inputs[row, list(present)]
            with torch.inference_mode():
                p = torch.softmax(network(x[None])[0], dim=0)[label].item()
            values[frozenset(present)] = float(np.log(p / (1 - p)))
    return values


def subsets(players: list[int]) -> list[frozenset[int]]:
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def second_difference(v: dict[frozenset[int], float], s: frozenset[int], i: int, j: int) -> float:
    return v[s | {i, j}] - v[s | {i}] - v[s | {j}] + v[s]


def by_definition(metric: str, v: dict[frozenset[int], float]) -> np.ndarray:
    players = list(range(N))
    pairs = list(combinations(players, 2))
    if metric in {"shapley", "banzhaf"}:
        result = []
        for i in players:
            rest = subsets([p for p in players if p != i])
            shapley = [factorial(len(s)) * factorial(N - 1 - len(s)) / factorial(N) for s in rest]
            weights = shapley if metric == "shapley" else [2.0 ** (1 - N)] * len(rest)
            result.append(sum(w * (v[s | {i}] - v[s]) for w, s in zip(weights, rest, strict=True)))
        return np.array(result)
    differences = [
        {s: second_difference(v, s, i, j) for s in subsets([p for p in players if p not in (i, j)])} for i, j in pairs
    ]
    if metric == "multi-order":
        return np.array(
            [[np.mean([d for s, d in pair.items() if len(s) == m]) for pair in differences] for m in range(N - 1)]
        )
    if metric == "banzhaf-interaction":
        return np.array([np.mean(list(pair.values())) for pair in differences])
    weight = [factorial(s) * factorial(N - 2 - s) / factorial(N - 1) for s in range(N - 1)]
    return np.array([sum(weight[len(s)] * d for s, d in pair.items()) for pair in differences])


def test_cli_numbers_equal_the_naive_enumeration(desk: Path):
    Path("ids.txt").write_text("".join(f"csv/table.csv/{row}\n" for row in SAMPLES))
    flags = [flag for metric in METRICS for flag in ("--metric", metric)]
    done("measure", *TABLE, *flags, "--samples", "ids.txt", "-o", "a.h5")
    report = ic.read_report("a.h5")

    assert (report.samples.unique == 2**N).all()
    for position, row in enumerate(SAMPLES):
        v = naive_game(desk, row, int(report.samples.labels[position]))
        assert report.samples.empty_value[position] == pytest.approx(v[frozenset()], abs=1e-6)
        assert report.samples.full_value[position] == pytest.approx(v[frozenset(range(N))], abs=1e-6)
        for metric in METRICS:
            values = report.measurement(metric).quantity("values")
            expected = by_definition(metric, v)
            np.testing.assert_allclose(values.values[position], expected, atol=1e-6, rtol=0, err_msg=metric)
            assert np.abs(expected).max() > 0.01
            assert values.exact is not None
            assert values.exact[position].all()
            assert (values.standard_errors[position] == 0).all()


def test_shapley_is_the_mean_over_orders_of_arrival():
    """The reference itself, against the other definition of the Shapley value, for three players."""
    random = np.random.default_rng(0)
    v = {s: float(random.normal()) for s in subsets([0, 1, 2])}
    by_arrival = np.mean(
        [
            [v[frozenset(o[: o.index(i) + 1])] - v[frozenset(o[: o.index(i)])] for i in range(3)]
            for o in permutations(range(3))
        ],
        axis=0,
    )
    game = ic.TableGame([v[frozenset(i for i in range(3) if code >> i & 1)] for code in range(8)])

    np.testing.assert_allclose(ic.measure(game, "shapley").values, by_arrival, atol=1e-12)


def test_names_of_the_columns_are_the_players(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-o", "a.h5")

    assert ic.read_report("a.h5").players.names == tuple(f"c{i}" for i in range(N))
