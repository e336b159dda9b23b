"""Masked word vectors of texts of different lengths, against a small transformer written out by hand in float64."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.engine.batch_rows import batch_rows
from interact_cli.engine.evaluator import Evaluator
from interact_cli.entries.wrapped import TextNetwork
from interact_cli.errors import NonFiniteError
from interact_cli.scores import lookup
from interact_cli.types import EMBEDDING, InputSpec, Model, PlayerSet, Sample

CPU = torch.device("cpu")
D, VOCABULARY = 8, 30
LENGTHS = (3, 9, 5, 9)


class Core(nn.Module):
    """Word, position and segment embeddings, one attention layer, a head."""

    def __init__(self, n_outputs: int) -> None:
        super().__init__()
        self.words, self.positions, self.types = nn.Embedding(VOCABULARY, D), nn.Embedding(12, D), nn.Embedding(2, D)
        self.layer = nn.TransformerEncoderLayer(D, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(D, n_outputs)

    def rest(self, vectors: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        places = self.positions(torch.arange(vectors.shape[1]))
        return self.head(self.layer(vectors + places + self.types(types))[:, 0])


class Small(TextNetwork):
    """The outputs of `Core`, or log-probabilities where it has a single one."""

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.core.words(tokens[:, 0])

    def finish(self, vectors: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        outputs = self.core.rest(vectors, tokens[:, 1])
        return nn.functional.logsigmoid(outputs) if outputs.shape[1] == 1 else outputs


def network(build: Any, output: str = "classes") -> Model:
    module = build.randomised(Small(Core(3 if output == "classes" else 1)), 4)
    n_classes = 3 if output == "classes" else 0
    return Model(module, "test", "test", InputSpec("text", (3, 12)), output, n_classes, "transformer", "0" * 64, "test")


def text(number: int) -> Sample:
    rng = np.random.default_rng(number)
    length = LENGTHS[number]
    rows = [rng.integers(0, VOCABULARY, length), np.arange(length) > 3, np.zeros(length)]
    return Sample(f"text/{number}", np.array(rows, dtype=np.int64), 1)


def words_of(sample: Sample) -> PlayerSet:
    """One player per two tokens; the first and the last token are special."""
    length = sample.input.shape[1]
    owner = np.full((length, 1), -1)
    owner[1:-1, 0] = np.arange(length - 2) // 2
    baseline = np.linspace(-1, 1, D, dtype=np.float32)[None]
    names = tuple(f"word {i}" for i in range(owner.max() + 1))
    return PlayerSet(names, owner, baseline, "test", "words", entry=EMBEDDING)


def naive(model: Model, sample: Sample, players: PlayerSet, present: np.ndarray, build: Any) -> np.ndarray:
    """Outputs of every coalition, one row at a time: ``(row, K)``."""
    module = copy.deepcopy(model.module).double().eval()
    tokens = torch.from_numpy(sample.input)[None]
    outputs = []
    with torch.no_grad():
        vectors = module.core.words.weight[tokens[0, 0]].numpy()
        for row in present:
            masked = torch.from_numpy(build.naive_masked(vectors, players, row))[None]
            outputs.append(module.finish(masked, tokens)[0].numpy())
    return np.array(outputs)


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_texts_of_every_length_equal_the_naive_loop(build, gap, rows):
    evaluator = Evaluator(network(build), CPU, rows, entry=EMBEDDING)
    for number, length in enumerate(LENGTHS):
        sample = text(number)
        players = words_of(sample)
        case = build.case(evaluator.model, sample, players, build.coalitions(players.n_players, 20, 0), (1, 2))
        logits = naive(evaluator.model, sample, players, case.present, build)
        expected = np.array([[build.naive_record(row, label) for label in (1, 2)] for row in logits])
        got = evaluator.records(sample, players, case.packed, (1, 2))
        assert sample.input.shape == (3, length)
        assert expected.std(axis=0).min() > 1e-3 * np.abs(expected).max(), "masking must change the outputs"
        assert gap(got, expected) <= 1e-5


def test_bits_do_not_depend_on_the_neighbours(build):
    sample = text(1)
    players = words_of(sample)
    case = build.case(network(build), sample, players, build.coalitions(players.n_players, 60, 0), (0, 1))
    whole = case.records(16, entry=EMBEDDING)
    order = np.random.default_rng(0).permutation(len(whole))
    np.testing.assert_array_equal(case.records(16, case.packed[order], entry=EMBEDDING), whole[order])
    np.testing.assert_array_equal(case.records(16, case.packed[:1], entry=EMBEDDING), whole[:1])


def test_special_tokens_are_always_present(build):
    """With nobody present the words leave no trace, and the special tokens still do."""
    model, sample = network(build), text(2)
    masked = words_of(sample)
    everything = replace(masked, owner=masked.owner.clip(min=0))
    nobody = np.zeros((1, 1), dtype=np.uint8)
    with_specials, without = (
        Evaluator(model, CPU, 4, entry=EMBEDDING).records(sample, players, nobody, (0,))
        for players in (masked, everything)
    )
    assert np.abs(with_specials - without).max() > 1e-3
    words_changed = replace(sample, input=sample.input.copy())
    words_changed.input[0, 1:-1] = (words_changed.input[0, 1:-1] + 5) % VOCABULARY
    again = Evaluator(model, CPU, 4, entry=EMBEDDING).records(words_changed, masked, nobody, (0,))
    np.testing.assert_array_equal(again, with_specials)


def test_unmasked_texts_keep_their_order(build, gap):
    evaluator = Evaluator(network(build), CPU, 16, entry=EMBEDDING)
    samples = [text(number) for number in range(len(LENGTHS))]
    full = [naive(evaluator.model, s, words_of(s), np.ones((1, 9), dtype=bool), build)[0] for s in samples]
    logits = evaluator.logits([sample.input for sample in samples])
    assert logits.dtype == np.float64
    assert gap(logits, np.array(full)) <= 1e-5
    np.testing.assert_array_equal(evaluator.logits([samples[2].input])[0], logits[2])


def test_the_mean_word_vector(build, gap):
    evaluator = Evaluator(network(build), CPU, 16, entry=EMBEDDING)
    samples = [text(number) for number in range(len(LENGTHS))]
    weight = evaluator.module.core.words.weight.detach().double().numpy()
    every_word = np.concatenate([weight[sample.input[0]] for sample in samples])
    mean = evaluator.stem.mean(samples, evaluator.rows)
    assert mean.shape == (1, D)
    assert gap(mean, every_word.mean(axis=0, keepdims=True)) <= 1e-6
    of_one_length = evaluator.stem.mean([samples[1], samples[3]], evaluator.rows)
    expected = (weight[samples[1].input[0]] + weight[samples[3].input[0]]) / 2
    assert gap(of_one_length, expected) <= 1e-6


def test_features_of_texts(build, gap):
    model, sample = network(build), text(1)
    players = words_of(sample)
    present = build.coalitions(players.n_players, 20, 0)
    case = build.case(model, sample, players, present, ())
    records = case.records(8, entry=EMBEDDING, features=("layer", "head", ""))
    outputs = naive(
        model, sample, players, np.concatenate([np.ones((1, players.n_players), dtype=bool), present]), build
    )
    full = outputs[0]
    assert gap(records[:, 1, 0], outputs[1:] @ full / np.linalg.norm(full)) <= 1e-5
    np.testing.assert_array_equal(records[:, 1], records[:, 2])
    assert records[:, 0].std() > 0


# --- continuations ------------------------------------------------------------------------------------


def test_a_continuation_is_recorded_as_two_logarithms(build, gap):
    model, sample = network(build, "continuation"), text(1)
    players = words_of(sample)
    case = build.case(model, sample, players, build.coalitions(players.n_players, 20, 0), ())
    records = case.records(8, entry=EMBEDDING)
    log_p = naive(model, sample, players, case.present, build)[:, 0]
    assert records.shape == (20, 1, 4)
    assert log_p.std() > 1e-2
    assert gap(records[:, 0, 0], log_p) <= 1e-5
    assert gap(records[:, 0, 1], np.log(1 - np.exp(log_p))) <= 1e-5
    assert not records[..., 2:].any()
    logits = Evaluator(model, CPU, 8, entry=EMBEDDING).logits([sample.input])
    np.testing.assert_allclose(logits, [[records[1, 0, 0]]], rtol=1e-5)


class Given(TextNetwork):
    """Returns what it is told."""

    def __init__(self, value: float) -> None:
        super().__init__(nn.Linear(1, 1))
        self.value = value

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(tokens), tokens.shape[2], D)

    def finish(self, vectors: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        return torch.full((len(vectors), 1), self.value)


@pytest.mark.parametrize(
    ("log_p", "log_odds"),
    [
        (0.0, 24 * np.log(2)),
        (-(2.0**-30), 24 * np.log(2)),
        (-(2.0**-23), 23 * np.log(2)),
        (-1e-3, 6.907255),
        (-800.0, -800.0),
    ],
)
def test_log_odds_of_certain_and_of_hopeless_continuations_are_finite(build, log_p, log_odds):
    model = replace(network(build, "continuation"), module=Given(log_p))
    record = Evaluator(model, CPU, 1, entry=EMBEDDING).records(
        text(0), words_of(text(0)), np.ones((1, 1), np.uint8), ()
    )
    assert record[0, 0, 0] == pytest.approx(log_p)
    assert lookup("log-odds", "continuation").of_record(record[0, 0]) == pytest.approx(log_odds, rel=1e-6)


@pytest.mark.parametrize("log_p", [np.nan, -np.inf])
def test_an_impossible_continuation_is_refused(build, log_p):
    model = replace(network(build, "continuation"), module=Given(log_p))
    with pytest.raises(NonFiniteError, match="NaN or infinity"):
        Evaluator(model, CPU, 1, entry=EMBEDDING).records(text(0), words_of(text(0)), np.ones((1, 1), np.uint8), ())


def test_rows_of_a_text_batch_follow_from_its_word_vectors(build):
    model = network(build)
    short, long = (batch_rows(model, "cpu", size=length * 384) for length in (8, 512))
    assert short > long
    assert batch_rows(model, "cpu", 5, size=10**9) == 5
