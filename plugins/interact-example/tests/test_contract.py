"""What `interact` expects of any plugin. Copy this file and replace the lines down to `IMAGE`."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.errors import UsageError
from interact_cli.extensions import NAME
from interact_cli.games.coalitions import pack, unpack
from interact_cli.interfaces import (
    Baseline,
    Cohort,
    DataRequest,
    Executor,
    Metric,
    Need,
    Number,
    PlayerOptions,
    Question,
)
from interact_cli.options import changed, configured, options_of
from interact_cli.scores import Score, records_of
from interact_cli.types import InputSpec, Model, Sample

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
REQUEST = DataRequest("parity")
ARCH = "6-16-2"
PLAYERS = None
IMAGE = InputSpec("image", (3, 13, 8))

QUESTIONS = [Question(n, 4000, 7, "sample/3", grid) for n, grid in ((2, None), (5, None), (9, (3, 3)), (16, (4, 4)))]


def entry_points(group):
    points = tomllib.loads(PROJECT.read_text())["project"]["entry-points"].get(f"interact_cli.{group}", {})
    return [pytest.param(name, target, id=name) for name, target in points.items()]


def load(target):
    module, _, attribute = target.partition(":")
    return getattr(importlib.import_module(module), attribute)


def values_of(coalitions):
    """A game with interactions of every size."""
    return np.sin(1 + coalitions @ np.arange(1, coalitions.shape[1] + 1)) + coalitions.sum(axis=1) ** 2


@pytest.mark.parametrize("group", ["metrics", "numbers", "players", "datasets", "adapters", "scores", "executors"])
def test_every_entry_point_has_a_name_that_can_be_typed_and_loads(group):
    for point in entry_points(group):
        name, target = point.values
        assert NAME.fullmatch(name)
        assert callable(load(target)) or group == "scores"


@pytest.mark.parametrize(("name", "target"), entry_points("metrics"))
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: f"n={question.n_players}")
class TestMetric:
    def test_it_calls_itself_as_its_entry_point_does(self, name, target, question):
        metric = load(target)()
        assert isinstance(metric, Metric)
        assert metric.name == name
        assert metric.version >= 1
        assert metric.source

    def test_without_arguments_every_option_is_at_its_default(self, name, target, question):
        metric = load(target)()
        assert metric == load(target)()
        assert changed(metric) == {}
        defaults = {option.name: option.default for option in options_of(metric) if not option.setting}
        assert configured(metric, defaults) == metric
        assert all(option.help.endswith(".") for option in options_of(metric))

    def test_the_same_question_asks_for_the_same_coalitions(self, name, target, question):
        first, second = (load(target)().design(question).asked for _ in range(2))
        assert first.dtype == np.uint8
        np.testing.assert_array_equal(first, second)
        np.testing.assert_array_equal(pack(unpack(first, question.n_players)), first)

    def test_an_estimate_says_what_it_is(self, name, target, question):
        metric = load(target)()
        design = metric.design(question)
        coalitions = unpack(design.asked, question.n_players)
        estimate = metric.reduce(design, values_of(coalitions), question).estimate
        assert np.isfinite(estimate.values).all()
        assert estimate.values.shape == estimate.standard_errors.shape == estimate.exact.shape
        assert (estimate.standard_errors[estimate.exact] == 0).all()
        assert estimate.n_players == question.n_players
        assert estimate.evaluations == len(np.unique(coalitions, axis=0)) <= question.budget

    def test_samples_that_the_filter_leaves_out_change_no_summary(self, name, target, question):
        metric = load(target)()
        results = []
        for scale in (1.0, -2.0, 0.5, 1e6):
            design = metric.design(question)
            values = scale * values_of(unpack(design.asked, question.n_players))
            results.append(metric.reduce(design, values, question))
        n = question.n_players

        def cohort(included):
            sizes, grid = np.full(len(included), n), question.grid
            return Cohort(included, sizes, shared_players=True, grid=grid, unit="logit", seed=0, intervals=True)

        most = metric.aggregate(results, cohort(np.arange(4) < 3))
        three = metric.aggregate(results[:3], cohort(np.ones(3, bool)))
        assert most.metric == name
        for quantity, alone in zip(most.summary, three.summary, strict=True):
            np.testing.assert_allclose(quantity.values, alone.values)
        sizes = {"sample": 4, "player": n}
        for quantity in (*most.per_sample, *most.summary):
            assert re.fullmatch(NAME, quantity.name)
            assert quantity.unit
            assert quantity.meaning
            assert len(quantity.dims) == np.ndim(quantity.values)
            for dim, size in zip(quantity.dims, np.shape(quantity.values), strict=True):
                assert sizes.setdefault(dim, size) == size
        assert "headline" in {quantity.role for quantity in most.summary}
        names = {quantity.name for quantity in most.summary}
        for finding in most.findings:
            assert finding.sentence.endswith(".")
            assert names.issuperset(finding.says)
        held = {quantity.name: quantity.dims for quantity in most.per_sample}
        assert all(dims[0] == "sample" for dims in held.values())
        for quantity in most.summary:
            assert quantity.label, "what a reader calls it"
            assert bool(quantity.statistic) == bool(quantity.parts)
            assert [held.get(part) for part in quantity.parts] == [("sample", *quantity.dims)] * len(quantity.parts)


@pytest.mark.parametrize(("name", "target"), entry_points("numbers"))
def test_a_number_calls_itself_as_its_entry_point_does(name, target):
    number = load(target)()
    assert isinstance(number, Number)
    assert (number.name, number.version >= 1, bool(number.source)) == (name, True, True)
    assert number.needs <= set(get_args(Need))


@pytest.mark.parametrize(("name", "target"), entry_points("executors"))
def test_an_executor_fills(name, target):
    assert isinstance(load(target)(), Executor), name


@pytest.mark.parametrize(("name", "target"), [*entry_points("metrics"), *entry_points("numbers")])
def test_a_metric_needs_neither_the_network_nor_files(name, target):
    module = target.partition(":")[0]
    check = f"import sys, {module}; print(sorted({{'torch', 'h5py', 'timm', 'yaml'}} & set(sys.modules)))"
    path = [
        str(Path(importlib.import_module(top).__file__).parents[1]) for top in (module.split(".")[0], "interact_cli")
    ]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path}; {check}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize(("name", "target"), entry_points("scores"))
def test_a_score_gives_one_number_for_each_record_and_the_same_where_gradients_flow(name, target):
    score = load(target)
    assert isinstance(score, Score)
    assert score.name == name
    assert all((score.unit, score.summary, score.source, score.outputs))
    records = records_of(np.random.default_rng(0).normal(scale=3, size=(4, 5)))
    values = score.of_record(records)
    assert values.shape == (4, 5)
    assert np.isfinite(values).all()
    if score.of_tensor is not None:
        tensor = torch.from_numpy(records).requires_grad_()
        followed = score.of_tensor(tensor, nn.functional)
        np.testing.assert_allclose(followed.detach().numpy(), values, rtol=1e-12)
        assert torch.autograd.grad(followed.sum(), tensor)[0].isfinite().all()


@pytest.mark.parametrize(("name", "target"), entry_points("players"))
def test_players_own_every_position_and_none_is_empty(name, target):
    model = Model(nn.Identity(), "py:x", "--arch", IMAGE, "classes", 2, "convnet", "0" * 64, "(whole file)")
    baseline = Baseline("mean", np.full((3, 1, 1), 0.25, np.float32), "a test")
    sample = Sample("a/0", np.zeros(IMAGE.shape, np.float32), None)
    cut = load(target)(PLAYERS, model, PlayerOptions())
    players = cut.of(sample, baseline)
    assert (cut.spec, cut.entry) == (players.spec, players.entry)
    with pytest.raises(UsageError, match="--unit"):
        load(target)(PLAYERS, model, PlayerOptions(unit="cell"))
    assert np.broadcast_shapes(players.owner.shape, IMAGE.shape) == IMAGE.shape
    assert players.owner.dtype == np.int64
    assert set(players.owner.ravel()) == set(range(players.n_players))
    assert len(set(players.names)) == players.n_players
    assert players.baseline is baseline.values
    assert (players.baseline_name, players.spec.partition(":")[0]) == (baseline.name, name)
    again = load(target)(players.spec.partition(":")[2] or None, model, PlayerOptions())
    assert again.of(sample, baseline).names == players.names


@pytest.mark.parametrize(("name", "target"), entry_points("datasets"))
def test_a_data_set_is_the_same_twice_and_its_labels_have_names(name, target):
    first, second = load(target)(REQUEST), load(target)(REQUEST)
    ids = [first.sample_id(index) for index in range(len(first))]
    assert len(set(ids)) == len(first) > 0
    assert ids == [second.sample_id(index) for index in range(len(second))]
    assert first.name == name
    for index in (0, len(first) - 1):
        np.testing.assert_array_equal(np.asarray(first.raw(index)), np.asarray(second.raw(index)))
        if first.kind == "columns":
            assert len(first.raw(index)) == len(first.column_names)
    if first.labels is not None:
        assert len(first.labels) == len(first)
        assert set(first.labels) <= set(range(len(first.class_names)))


@pytest.mark.parametrize(("name", "target"), entry_points("adapters"))
def test_an_outline_has_the_shapes_of_the_network_and_no_memory(name, target):
    builder = load(target)
    network, outline = builder(ARCH, {}, {}), builder.outline(ARCH, {}, {})
    shapes = {key: tensor.shape for key, tensor in network.module.state_dict().items()}
    assert {key: tensor.shape for key, tensor in outline.state_dict().items()} == shapes
    assert all(tensor.is_meta for tensor in outline.state_dict().values())
    scores = network.module.eval()(torch.zeros(2, *network.input.shape))
    assert scores.shape == (2, network.n_classes)
