"""Learned baselines: the gradient against finite differences in float64, the descent against its promises."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.engine import baseline_descent
from interact_cli.engine.baseline_descent import Slope, learn_baseline, loss_weights
from interact_cli.engine.evaluator import Evaluator
from interact_cli.errors import NonFiniteError, UsageError
from interact_cli.scores import LOGIT, OTHERS_LOGSUMEXP, SCORES, Score, resolve
from interact_cli.types import Entry, Sample

CPU = torch.device("cpu")
N = 4
ODDS = Score(
    "odds",
    "odds",
    "odds of the class",
    "a test",
    lambda record: np.exp(record[..., LOGIT] - record[..., OTHERS_LOGSUMEXP]),
    of_tensor=lambda record, functional: (record[..., LOGIT] - record[..., OTHERS_LOGSUMEXP]).exp(),
)
"""As a plugin adds one."""
FOLLOWED = {**SCORES, "odds": ODDS}


def subsets(players: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [some for size in range(len(players) + 1) for some in combinations(players, size)]


def loss_by_sets(values: dict[tuple[int, ...], float]) -> float:
    """sum over S of |sum over L in S of (-1)^(|S| - |L|) v(L)|, the empty set included."""
    return sum(abs(sum((-1) ** (len(whole) - len(part)) * values[part] for part in subsets(whole))) for whole in values)


def score_of(name: str, logits: np.ndarray, label: int) -> float:
    """Straight from the definitions."""
    p = np.exp(logits - logits.max())
    p = p / p.sum()
    others = np.delete(logits, label)
    return {
        "logit": lambda: logits[label],
        "log-odds": lambda: np.log(p[label] / (1 - p[label])),
        "log-prob": lambda: np.log(p[label]),
        "prob": lambda: p[label],
        "cross-entropy": lambda: -np.log(p[label]),
        "margin": lambda: others.max() - logits[label],
        "odds": lambda: p[label] / (1 - p[label]),
    }[name]()


@pytest.fixture(params=["images", "columns"])
def game(request, build) -> Any:
    """A tiny smooth network in float64, four players, one position that is always present."""
    rng = np.random.default_rng(1)
    if request.param == "columns":
        network, shape = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)), (6,)
        owner, baseline = np.array([0, 1, 1, 2, 3, -1]), rng.normal(size=6)
    else:
        network = nn.Sequential(nn.Conv2d(2, 5, 3), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3))
        shape, owner, baseline = (2, 4, 4), np.arange(16).reshape(1, 4, 4) // 4, rng.normal(size=(2, 1, 1))
        owner[0, 0, 0] = -1
    network = build.randomised(network, 2).double()
    sample = Sample("tiny/0", rng.normal(size=shape), 1)
    players = replace(build.players(owner, baseline), baseline=baseline)
    model = build.model(network, shape, 3, "convnet" if len(shape) == 3 else "mlp")
    return build.case(model, sample, players, np.zeros((1, N), bool), (1,))


def value(case: Any, build: Any, score: str, baseline: np.ndarray, coalition: tuple[int, ...]) -> float:
    """One masked input through the network."""
    present = np.isin(np.arange(N), coalition)
    row = build.naive_masked(case.sample.input, replace(case.players, baseline=baseline), present)
    with torch.no_grad():
        return score_of(score, case.model.module(torch.from_numpy(row)[None]).numpy()[0], 1)


def all_values(case: Any, build: Any, score: str, baseline: np.ndarray) -> dict[tuple[int, ...], float]:
    return {coalition: value(case, build, score, baseline, coalition) for coalition in subsets(tuple(range(N)))}


def by_code(values: dict[tuple[int, ...], float]) -> np.ndarray:
    table = np.empty(2**N)
    for coalition, number in values.items():
        table[sum(2**player for player in coalition)] = number
    return table


def dividends_by_sets(values: dict[tuple[int, ...], float]) -> np.ndarray:
    return by_code({S: sum((-1) ** (len(S) - len(part)) * values[part] for part in subsets(S)) for S in values})


@pytest.mark.parametrize("score", [name for name in FOLLOWED if name != "scalar"])
@pytest.mark.parametrize("rows", [16, 80, 256])
def test_gradient_against_finite_differences(game, build, score, rows):
    """rows / 16 coalitions a batch: one, a part that does not divide, all at once."""
    start = np.asarray(game.players.baseline)
    slope = Slope(Evaluator(game.model, CPU, rows), game.sample, game.players, (1,), FOLLOWED[score])
    values = all_values(game, build, score, start)
    gradient = slope(start, loss_weights(dividends_by_sets(values)))
    step = 1e-6
    for place in np.ndindex(start.shape):
        up, down = start.copy(), start.copy()
        up[place] += step
        down[place] -= step
        change = loss_by_sets(all_values(game, build, score, up)) - loss_by_sets(all_values(game, build, score, down))
        assert gradient[place] == pytest.approx(change / (2 * step), rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("game", ["columns"], indirect=True)
def test_the_baseline_of_what_is_always_present_has_no_slope(game):
    slope = Slope(Evaluator(game.model, CPU, 256), game.sample, game.players, (1,), SCORES["logit"])
    gradient = slope(np.asarray(game.players.baseline), np.random.default_rng(0).normal(size=16))
    assert gradient[-1] == 0
    assert (gradient[:-1] != 0).all()


def test_loss_weights_are_the_derivative_of_the_loss(game):
    """Changing one value by h changes the loss by h times its weight."""
    rng = np.random.default_rng(3)
    values = {coalition: float(rng.normal()) for coalition in subsets(tuple(range(N)))}
    weights = loss_weights(dividends_by_sets(values))
    for coalition in values:
        moved = {**values, coalition: values[coalition] + 1e-7}
        code = sum(2**player for player in coalition)
        assert (loss_by_sets(moved) - loss_by_sets(values)) / 1e-7 == pytest.approx(weights[code], abs=1e-4)


@pytest.mark.parametrize("name", list(SCORES))
def test_scores_with_gradients_are_the_scores(name):
    records = np.random.default_rng(0).normal(scale=8, size=(50, 4))
    found = SCORES[name].of_tensor(torch.from_numpy(records), torch.nn.functional).numpy()
    np.testing.assert_allclose(found, SCORES[name].of_record(records), rtol=1e-12, atol=1e-12)


def learned(case: Any, reach: float = 0.5, score: Score = SCORES["log-odds"], **fields: Any):
    start = case.players.baseline.astype(np.float32)
    evaluator = Evaluator(case.model, CPU, fields.pop("rows", 32), **fields)
    players = replace(case.players, baseline=start)
    return learn_baseline(
        evaluator, case.sample, players, 1, score, (start - np.float32(reach), start + np.float32(reach))
    )


@pytest.fixture
def single(game):
    """The same game in float32, as the engine plays it."""
    model = replace(game.model, module=copy.deepcopy(game.model.module).float())
    return replace(game, model=model, sample=replace(game.sample, input=game.sample.input.astype(np.float32)))


def test_the_loss_falls_and_is_that_of_the_learned_baseline(single, game, build, monkeypatch):
    monkeypatch.setattr(baseline_descent, "FIRST_RATE", 2e-2)
    start = single.players.baseline
    found = learned(single)
    assert found.after < 0.99 * found.before
    assert found.values.shape == start.shape
    assert found.values.dtype == np.float32
    for baseline, told in ((start.astype(np.float32), found.before), (found.values, found.after)):
        expected = loss_by_sets(all_values(game, build, "log-odds", baseline.astype(np.float64)))
        assert told == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("reach", [0.0, 1e-3, 0.05])
def test_bounds_hold(single, reach, monkeypatch):
    monkeypatch.setattr(baseline_descent, "FIRST_RATE", 10.0)
    start, found = single.players.baseline.astype(np.float32), learned(single, reach)
    assert (found.values >= start - np.float32(reach)).all()
    assert (found.values <= start + np.float32(reach)).all()
    assert found.after <= found.before
    if reach:
        assert (found.values != start).any()


class Bowl(nn.Module):
    """The dividends sum up to twice the squared distance of the baseline from 1."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return (batch - 1).square().sum(dim=1, keepdim=True)


@pytest.mark.parametrize(("rate", "kept"), [(1e2, True), (1e-2, False)])
def test_the_start_is_kept_where_no_step_lowers_the_loss(build, monkeypatch, rate, kept):
    """Steps of a rate that is far too large leave the bowl and never come back."""
    monkeypatch.setattr(baseline_descent, "FIRST_RATE", rate)
    sample = Sample("rows/0", np.ones(2, np.float32), None)
    players = build.players(np.array([0, 1]), np.array([1.25, 1.0]))
    model = build.model(Bowl(), (2,), 0, output="scalar")
    bounds = players.baseline - 1, players.baseline + 1
    found = learn_baseline(Evaluator(model, CPU, 4), sample, players, None, SCORES["scalar"], bounds)
    assert found.before == 2 * 0.25**2
    assert (found.after == found.before) == kept
    assert np.array_equal(found.values, players.baseline) == kept
    assert found.after == pytest.approx(2 * np.square(found.values.astype(np.float64) - 1).sum())


def test_the_same_bits_again(single):
    one, other = learned(single), learned(single)
    np.testing.assert_array_equal(one.values, other.values)
    assert (one.before, one.after) == (other.before, other.after)


def test_inside_the_network_too(cases, build):
    """Behind a layer the rest of the network is a slice; its parameters keep their flags and get no gradient."""
    case = cases["mlp"]
    players = build.players(np.arange(20) % 5, np.full(20, 0.5))
    evaluator = Evaluator(case.model, CPU, 64, entry=Entry("output", "1"))
    bounds = players.baseline - 1, players.baseline + 1
    found = learn_baseline(evaluator, case.sample, players, 0, SCORES["logit"], bounds)
    assert found.after < found.before
    assert all(parameter.requires_grad and parameter.grad is None for parameter in case.model.module.parameters())
    assert not case.model.module.training


def test_memory_that_runs_out_halves_the_batch(single, monkeypatch):
    expected = learned(single, rows=256)
    seen: list[int] = []
    values = Slope._values

    def small(self: Slope, packed: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
        seen.append(len(packed))
        if len(packed) > 4:
            raise MemoryError
        return values(self, packed, shown)

    monkeypatch.setattr(Slope, "_values", small)
    found = learned(single, rows=256)
    assert seen[:4] == [16, 8, 4, 4]
    np.testing.assert_allclose(found.values, expected.values, atol=1e-5)


@pytest.mark.parametrize("name", ["feature:0", "vector:0"])
def test_scores_of_modules_are_refused(single, name):
    (score,) = resolve(name, "classes", ["", "0"])
    with pytest.raises(UsageError, match="--baseline learned follows a score of the outputs"):
        learned(single, score=score)


def test_a_score_that_does_not_say_how_gradients_follow_it_is_refused(single):
    with pytest.raises(UsageError, match=r"back to the baseline \(logit, log-odds, .*\), got 'odds'\. Choose another"):
        learned(single, score=replace(ODDS, of_tensor=None))


def test_thirteen_players_are_refused(build):
    players = build.players(np.arange(13), np.zeros(13))
    model = build.model(nn.Linear(13, 2), (13,), 2)
    sample = Sample("rows/0", np.ones(13, np.float32), 0)
    bounds = players.baseline, players.baseline
    with pytest.raises(UsageError, match="at most 12 players, got 13"):
        learn_baseline(Evaluator(model, CPU, 4), sample, players, 0, SCORES["logit"], bounds)


class Detached(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.inner(batch).detach()


def test_a_network_without_gradients_is_refused(single):
    case = replace(single, model=replace(single.model, module=Detached(single.model.module)))
    with pytest.raises(UsageError, match="lets gradients through"):
        learned(case)


def test_a_gradient_that_is_no_number_is_refused(build):
    """The square root has an infinite slope at 0."""

    class Root(nn.Module):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            return batch.sqrt().sum(dim=1, keepdim=True)

    players = build.players(np.array([0, 1]), np.zeros(2))
    sample = Sample("rows/0", np.ones(2, np.float32), None)
    model = build.model(Root(), (2,), 0, output="scalar")
    bounds = players.baseline, players.baseline + 1
    with pytest.raises(NonFiniteError, match="gradient"):
        learn_baseline(Evaluator(model, CPU, 4), sample, players, None, SCORES["scalar"], bounds)
