"""Words and tokens as players, and what a masked one shows, against the library on other ids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.texts import tiny_causal, tiny_classifier
from transformers import BertForSequenceClassification, GPT2LMHeadModel

from interact_cli.adapters.containers.directories import open_directory
from interact_cli.adapters.huggingface.text_networks import text_network
from interact_cli.adapters.huggingface.tokenizers import read_tokenizer
from interact_cli.errors import SampleSkipped, UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.words import embedding_baseline, tokens, words
from interact_cli.types import EMBEDDING, InputSpec, Model, Sample, Text

ZERO = Baseline("zero", np.zeros((1, 16), dtype=np.float32), "zero")


def model_of(folder, core, output):
    network = text_network(core, output)
    tokenizer, spec = read_tokenizer(open_directory(folder), network, output)
    return Model(
        network, "transformers:tiny", "checkpoint", spec, output, 2, "transformer", "", "(whole file)",
        tokenizer=tokenizer,
    )  # fmt: skip


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    folder = tiny_classifier(tmp_path_factory.mktemp("classifier"))
    return model_of(folder, BertForSequenceClassification.from_pretrained(folder), "classes")


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    folder = tiny_causal(tmp_path_factory.mktemp("causal"))
    return model_of(folder, GPT2LMHeadModel.from_pretrained(folder), "continuation")


def sample(model, text, second=None, continuation=None):
    read = model.tokenizer(Text(text, second, continuation))
    return Sample("texts/0", read.input, None, tokens=read, text=text)


def players(make, model, text, *, span=None, second=None, continuation=None):
    made = make(None, model, PlayerOptions(span=span))
    return made.of(sample(model, text, second, continuation), ZERO)


def test_all_pieces_of_a_word_are_one_player(classifier):
    found = players(words, classifier, "The cast is NOT unfunny.")
    assert found.names == ("The", "cast", "is", "NOT", "unfunny", ".")
    assert found.owner.tolist() == [[-1], [0], [1], [2], [3], [4], [4], [5], [-1]]
    assert (found.spec, found.entry, found.span, found.grid) == ("words", EMBEDDING, (), None)
    assert (found.baseline.shape, found.baseline_name) == ((1, 16), "zero")


def test_every_token_that_is_not_special_is_a_player(classifier):
    found = players(tokens, classifier, "not unfunny", second="the cast")
    assert found.names == ("not", "un", "##funny", "the", "cast")
    assert found.owner.tolist() == [[-1], [0], [1], [2], [-1], [3], [4], [-1]]
    assert (found.spec, found.entry) == ("tokens", EMBEDDING)


@pytest.mark.parametrize("make", [words, tokens])
def test_a_word_that_comes_twice_is_two_players(classifier, make):
    found = players(make, classifier, "the cast and the plot")
    assert found.names == ("the", "cast", "and", "the", "plot")
    assert found.owner.ravel().tolist() == [-1, 0, 1, 2, 3, 4, -1]


@pytest.mark.parametrize("make", [words, tokens])
def test_a_continuation_is_no_player(causal, make):
    found = players(make, causal, "the film is good", continuation=" yes")
    assert found.owner.ravel().tolist() == [0, 1, 2, 3, -1]
    assert [name.strip() for name in found.names] == ["the", "film", "is", "good"]


@pytest.mark.parametrize(
    ("make", "span", "expected"),
    [
        (words, "1:3", (1, 2)),
        (words, "3:6", (3, 4, 5)),
        (words, "not unfunny", (3, 4)),
        (words, "The CAST", (0, 1)),
        (words, "unfunny.", (4, 5)),
        (tokens, "unfunny", (4, 5)),
        (tokens, "not unfunny", (3, 4, 5)),
        (tokens, "3:5", (3, 4)),
    ],
)
def test_a_span_is_a_range_of_players_or_words_of_the_text(classifier, make, span, expected):
    assert players(make, classifier, "the cast is not unfunny.", span=span).span == expected


def test_of_equal_words_the_first_are_taken(classifier):
    assert players(words, classifier, "not good and not good", span="not good").span == (0, 1)


@pytest.mark.parametrize(
    ("make", "span", "reason"),
    [
        (words, "4:7", "needs 7 words, the text has 6"),
        (words, "unfunny", "is one player"),
        (words, "not funny", "no whole words"),
        (words, "not unf", "no whole words"),
        (tokens, "cast", "is one player"),
        (tokens, "6:9", "needs 9 tokens, the text has 7"),
    ],
)
def test_a_text_without_the_span_is_skipped_with_the_reason(classifier, make, span, reason):
    with pytest.raises(SampleSkipped, match=reason):
        players(make, classifier, "the cast is not unfunny.", span=span)


@pytest.mark.parametrize("span", ["3:", ":4", "3:4", "4:3", "3:3", "-1:3", "1:2:3", "1.5:3", " ", ":", "1:99999999999"])
def test_a_span_of_no_such_form_is_a_usage_error_at_once(classifier, span):
    with pytest.raises(UsageError, match="--span START:STOP"):
        words(None, classifier, PlayerOptions(span=span))


@pytest.mark.parametrize(("make", "reason"), [(words, "1 word, expected"), (tokens, "1 token, expected")])
def test_one_word_is_no_game(classifier, make, reason):
    with pytest.raises(SampleSkipped, match=reason):
        players(make, classifier, "good")


@pytest.mark.parametrize("make", [words, tokens])
def test_what_does_not_apply_is_refused(classifier, make):
    with pytest.raises(UsageError, match="take no argument"):
        make("3", classifier, PlayerOptions())
    with pytest.raises(UsageError, match="--unit does not apply"):
        make(None, classifier, PlayerOptions(unit="channel"))
    with pytest.raises(UsageError, match=r"takes images\. Use --players grid:8x8"):
        make(None, replace(classifier, input=InputSpec("image", (3, 8, 8))), PlayerOptions())


def outputs(model, text, baseline, absent):
    """The network's answer with the words of one text absent, through the players."""
    made = words(None, model, PlayerOptions())
    one = sample(model, text)
    read = made.of(one, baseline)
    inputs = torch.from_numpy(one.input)[None]
    with torch.no_grad():
        vectors = model.module.embed(inputs)
        hidden = torch.from_numpy(np.isin(read.owner, absent))
        return model.module.finish(torch.where(hidden, torch.from_numpy(read.baseline), vectors), inputs)


@pytest.mark.parametrize(("name", "token"), [("mask", 4), ("pad", 0), ("token:good", 26), ("token:##funny", 17)])
def test_the_vector_of_a_token_stands_where_its_id_would(classifier, name, token):
    core = classifier.module.core
    ids = sample(classifier, "the cast is not unfunny").input[0]
    ids[[4, 5, 6]] = token
    with torch.no_grad():
        expected = core(torch.from_numpy(ids)[None]).logits
    baseline = embedding_baseline(classifier, name)
    assert (baseline.name, baseline.values.shape, baseline.values.dtype) == (name, (1, 16), np.float32)
    torch.testing.assert_close(outputs(classifier, "the cast is not unfunny", baseline, [3, 4]), expected)


def test_zero_is_the_zero_vector_and_says_what_stays(classifier):
    baseline = embedding_baseline(classifier, "zero")
    assert baseline.values.shape == (1, 16)
    assert not baseline.values.any()
    assert "position and segment embeddings stay" in baseline.source
    assert "Zhang et al. (AAAI 2021)" in embedding_baseline(classifier, "pad").source
    assert "vector of the mask token" in embedding_baseline(classifier, "mask").source
    assert "vector of 'not'" in embedding_baseline(classifier, "token:not").source


def test_a_not_that_is_replaced_turns_the_answer_around(classifier):
    baseline = embedding_baseline(classifier, "token:very")
    answers = [outputs(classifier, "the cast is not good", baseline, absent).argmax().item() for absent in ([], [3])]
    assert answers == [0, 1]


@pytest.mark.parametrize("name", ["mean", "value:0", "token:", "token", "", "maske", "token:zzz", "mask:x"])
def test_other_baselines_are_refused(classifier, name):
    with pytest.raises(UsageError):
        embedding_baseline(classifier, name)


def test_a_vocabulary_without_a_mask_has_no_such_baseline(causal):
    with pytest.raises(UsageError, match="no token 'mask'"):
        embedding_baseline(causal, "mask")
    assert embedding_baseline(causal, "token: good").values.shape == (1, 16)
