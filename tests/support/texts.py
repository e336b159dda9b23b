"""Two tiny networks that read texts in which words interact, trained in seconds and saved as their library saves."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch.nn import functional as F
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
THINGS = ("film", "cast", "plot", "ending")
WORDS = {"good": 1, "great": 1, "funny": 1, "bad": -1, "dull": -1, "unfunny": -1}
"""Words that say what somebody thinks; ``not`` before one of them turns it around."""
PIECES = (
    *("the", "a", "is", "was", "not", "very", "and", ".", ",", "!", "'", "un", "##funny", "s", "##s", "it", "yes"),
    *THINGS,
    *(word for word in WORDS if word != "unfunny"),
)
BATCH, STEPS = 48, 150
LONGEST = 24
"""Tokens that the tiny networks take."""


def sentences() -> list[tuple[str, int]]:
    """Every sentence with its class: 1 where somebody liked it."""
    return [
        (f"the {thing} {verb} {negation}{word}{end}", int((sense > 0) != (negation == "not ")))
        for thing, verb, negation, (word, sense), end in itertools.product(
            THINGS, ("is", "was"), ("", "not ", "very "), WORDS.items(), ("", ".")
        )
    ]


def tiny_classifier(folder: Path) -> Path:
    """Save a BERT of two layers that tells what somebody thinks, with a WordPiece tokenizer; return the folder."""
    words_of = wordpiece()
    config = BertConfig(
        vocab_size=words_of.backend_tokenizer.get_vocab_size(), hidden_size=16, num_hidden_layers=2, num_labels=2,
        num_attention_heads=2, intermediate_size=32, max_position_embeddings=LONGEST, pad_token_id=0,
        initializer_range=0.2, id2label={0: "disliked", 1: "liked"}, label2id={"disliked": 0, "liked": 1},
    )  # fmt: skip
    texts, labels = zip(*sentences(), strict=True)
    batch, wanted = words_of(list(texts), padding=True, return_tensors="pt"), torch.tensor(labels)
    network = _built(BertForSequenceClassification, config)

    def loss(rows: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(network(**{name: part[rows] for name, part in batch.items()}).logits, wanted[rows])

    _train(network, loss, len(texts))
    return _saved(folder, network, words_of)


def tiny_causal(folder: Path) -> Path:
    """Save a GPT-2 of two layers that goes on with " yes" or " no", with a byte-level tokenizer; return the folder."""
    texts = [f"{text} liked? {'yes' if label else 'no'}" for text, label in sentences()]
    words_of = byte_level(texts)
    config = GPT2Config(
        vocab_size=words_of.backend_tokenizer.get_vocab_size(), n_embd=16, n_layer=2, n_head=2, n_positions=LONGEST,
        bos_token_id=0, eos_token_id=0, initializer_range=0.2,
    )  # fmt: skip
    ids = words_of(texts, padding=True, padding_side="left", return_tensors="pt")["input_ids"]
    network = _built(GPT2LMHeadModel, config)

    def loss(rows: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(network(ids[rows, :-1]).logits[:, -1], ids[rows, -1])

    _train(network, loss, len(texts))
    return _saved(folder, network, words_of)


def wordpiece() -> PreTrainedTokenizerFast:
    """A tokenizer as BERT's: lower case, words and punctuation apart, pieces of words, pairs."""
    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *PIECES))}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    names = {f"{token[1:-1].lower()}_token": token for token in SPECIAL}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_object=backend, **names, model_input_names=inputs)


def byte_level(texts: list[str]) -> PreTrainedTokenizerFast:
    """A tokenizer as GPT-2's: bytes, merged where the texts repeat them; no special tokens around a text."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.ByteLevel(trim_offsets=True)
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=letters, special_tokens=["<|endoftext|>"], show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|endoftext|>", pad_token="<|endoftext|>")


def _built(network: type[PreTrainedModel], config: BertConfig | GPT2Config) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        built: PreTrainedModel = network(config)
    return built.eval()


def _train(network: PreTrainedModel, loss: Callable[[torch.Tensor], torch.Tensor], n_texts: int) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2)
    order = torch.Generator().manual_seed(0)
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss(torch.randint(n_texts, (BATCH,), generator=order)).backward()
        optimizer.step()


def _saved(folder: Path, network: PreTrainedModel, words_of: PreTrainedTokenizerFast) -> Path:
    network.save_pretrained(folder)
    words_of.save_pretrained(folder)
    return folder
