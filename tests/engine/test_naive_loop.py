"""The engine against a loop that masks one input at a time in numpy and runs it in float64."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.engine.evaluator import Evaluator
from interact_cli.engine.masking import Masker
from interact_cli.games.coalitions import pack
from interact_cli.types import Sample

SAMPLE = Sample("one", np.empty(0, dtype=np.float32), None)


def masker_of(sample, players, memory_format=torch.contiguous_format):
    return Masker(torch.from_numpy(sample.input)[None], players, memory_format)


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_records_equal_the_naive_loop(case, rows, naive, gap):
    expected = naive[case.model.family]
    assert expected.std(axis=0).min() > 1e-3 * np.abs(expected).max(), "masking must change the outputs"
    got = case.records(rows)
    assert got.shape == expected.shape
    assert got.dtype == np.float64
    assert gap(got, expected) <= 1e-5


def test_batch_sizes_agree(case, gap):
    of_one, of_seven, of_64 = (case.records(rows) for rows in (1, 7, 64))
    assert gap(of_one, of_64) <= 1e-5
    assert gap(of_seven, of_64) <= 1e-5


@pytest.mark.parametrize("rows", [7, 64, 200])
def test_bits_do_not_depend_on_the_neighbours(case, rows):
    whole = case.records(rows)
    order = np.random.default_rng(0).permutation(len(whole))
    np.testing.assert_array_equal(case.records(rows, case.packed[order]), whole[order])
    np.testing.assert_array_equal(case.records(rows, case.packed[order[:5]]), whole[order[:5]])
    for position in order[:5]:
        alone = case.records(rows, case.packed[position : position + 1])
        np.testing.assert_array_equal(alone[0], whole[position])


def test_several_classes_at_once_equal_single_ones(case):
    together = case.records(32)
    for slot, label in enumerate(case.classes):
        alone = dataclasses.replace(case, classes=(label,)).records(32)
        np.testing.assert_array_equal(alone[:, 0], together[:, slot])


def test_every_batch_has_the_same_shape(case, limited, swap):
    module = limited(case.model.module, 64, RuntimeError())
    swap(case, module).records(40)
    assert {tuple(batch.shape) for batch in module.finished} == {(40, *case.sample.input.shape)}


def test_no_coalitions_no_forward_pass(case, limited, swap):
    module = limited(case.model.module, 64, RuntimeError())
    assert swap(case, module).records(8, case.packed[:0]).shape == (0, 2, 4)
    assert not module.finished


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_masked_inputs_to_the_bit(cases, memory_format):
    case = cases["convnet"]
    masker = masker_of(case.sample, case.players, memory_format)
    batch = masker(torch.from_numpy(case.packed))
    assert batch.is_contiguous(memory_format=memory_format)
    owner = np.broadcast_to(case.players.owner, case.sample.input.shape)
    baseline = np.broadcast_to(case.players.baseline, case.sample.input.shape)
    for row, present in zip(batch.numpy(), case.present, strict=True):
        np.testing.assert_array_equal(row, np.where(present[owner], case.sample.input, baseline))


def test_baseline_lands_on_the_columns_of_absent_players(build):
    sample = dataclasses.replace(SAMPLE, input=np.array([1, 2, 3, 4, 5], dtype=np.float32))
    players = build.players(np.array([0, 1, 1, 2, 0]), np.array([-1, -2, -3, -4, -5]))
    masker = masker_of(sample, players)
    only_the_group = masker(torch.from_numpy(pack(np.array([[False, True, False]]))))
    assert only_the_group.tolist() == [[-1, 2, 3, -4, -5]]


def test_per_pixel_baseline(build):
    sample = dataclasses.replace(SAMPLE, input=np.arange(12, dtype=np.float32).reshape(2, 2, 3))
    baseline = -sample.input
    players = build.players(np.array([[[0, 0, 1], [0, 0, 1]]]), baseline)
    masker = masker_of(sample, players, torch.channels_last)
    left = masker(torch.from_numpy(pack(np.array([[True, False]]))))[0].numpy()
    np.testing.assert_array_equal(left[:, :, :2], sample.input[:, :, :2])
    np.testing.assert_array_equal(left[:, :, 2], baseline[:, :, 2])


def test_many_players_cross_byte_borders(build):
    n_players = 37
    sample = dataclasses.replace(SAMPLE, input=np.ones(n_players, dtype=np.float32))
    players = build.players(np.arange(n_players), np.zeros(n_players))
    present = build.coalitions(n_players, 20, 0)
    masked = masker_of(sample, players)(torch.from_numpy(pack(present)))
    np.testing.assert_array_equal(masked.numpy(), present)


def test_scalar_output(cases, build, gap):
    base = cases["mlp"]
    module = nn.Sequential(nn.Linear(9, 4), nn.Tanh(), nn.Linear(4, 1))
    model = build.model(module.eval(), (9,), 0, output="scalar")
    case = build.case(model, base.sample, base.players, base.present, ())
    records = case.records(16)
    assert records.shape == (64, 1, 1)
    assert gap(records[:, 0, 0], build.naive_outputs(case)[:, 0]) <= 1e-5


def test_scalar_output_without_a_column(cases, build, gap):
    base = cases["mlp"]
    model = build.model(nn.Sequential(nn.Linear(9, 1), nn.Flatten(0)), (9,), 0, output="scalar")
    case = build.case(model, base.sample, base.players, base.present, ())
    assert gap(case.records(16)[:, 0, 0], build.naive_outputs(case)) <= 1e-5


def test_single_logit_is_the_log_odds_of_both_classes(cases, build, gap):
    base = cases["mlp"]
    model = build.model(nn.Linear(9, 1), (9,), 2, output="single-logit")
    case = build.case(model, base.sample, base.players, base.present, (1, 0))
    records, logit = case.records(16), build.naive_outputs(case)[:, 0]
    assert gap(records[:, 0, 0], logit) <= 1e-5
    assert gap(records[:, 1, 0], -logit) <= 1e-5
    assert not records[:, :, 1:].any()


def test_unmasked_logits(case, gap):
    inputs = [case.sample.input * scale for scale in np.linspace(-1, 1, 11, dtype=np.float32)]
    evaluator = Evaluator(case.model, torch.device("cpu"), 4)
    with torch.no_grad():
        one_at_a_time = np.array([case.model.module(torch.from_numpy(x)[None]).numpy()[0] for x in inputs])
    assert gap(evaluator.logits(inputs), one_at_a_time) <= 1e-5
    grand = case.records(4)[1]
    true_logits = evaluator.logits([case.sample.input])[0, list(case.classes)]
    np.testing.assert_array_equal(true_logits, grand[:, 0])
