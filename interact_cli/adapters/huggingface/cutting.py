"""Texts into tokens and words, as one network reads them.

Nothing is truncated and nothing padded: a text that is too long for the network is a skipped sample.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tokenizers import decoders

from interact_cli.errors import DataRefused, SampleSkipped, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray, Text, Tokens

if TYPE_CHECKING:
    import tokenizers

_VISIBLE = str.maketrans({" ": "\u2423", "\n": "\u21b5", "\t": "\u21e5"})


@dataclass(frozen=True)
class Limits:
    """What a network takes."""

    longest: int
    """Tokens of a text, special ones included."""
    n_vectors: int
    """Rows of the table of word vectors."""
    n_segments: int
    """Segment ids that are known; 0 where the network has no table of them."""
    continues: bool
    """Whether it is a causal language model, which is asked for a continuation."""


@dataclass(frozen=True, eq=False)
class FastTokenizer:
    """A `interact_cli.types.Tokenizer` over the tokenizers library.

    A word is what the tokenizer's own rule of splitting keeps together, and never spans white space: ``"don't"`` is
    three words for BERT and two for GPT-2. White space that is a token of its own belongs to the word before it.
    Special tokens that stand in the text itself are words of the text.

    A continuation is cut together with the text before it, so that its white space goes to its own first token; a text
    that is cut otherwise when it is continued is skipped.
    """

    backend: tokenizers.Tokenizer
    special: Mapping[str, int | None]
    """Ids of ``"mask"`` and ``"pad"``; None where the vocabulary has none."""
    unknown: int | None
    """Id that stands for what the vocabulary lacks."""
    limits: Limits
    writes_segments: bool
    """Whether segment ids are among the inputs that this tokenizer makes."""
    writes_bytes: bool
    """Whether its vocabulary writes bytes as letters, as GPT-2 does."""
    digests: Mapping[str, str]
    """SHA-256 of each file it was read from, by name."""

    def __call__(self, text: Text) -> Tokens:
        """Cut one text; see `interact_cli.types.Tokenizer`."""
        self._check_parts(text)
        encoding = self._encoded(text.text, text.second)
        ids, types = list(encoding.ids), list(encoding.type_ids)
        pieces, sequences = list(encoding.tokens), list(encoding.sequence_ids)
        continued: list[int] = []
        if text.continuation is not None:
            end = _end(sequences)
            continued = self._continuation(text, ids[:end])
            ids, types = ids[:end] + continued, types[:end] + [0] * len(continued)
            pieces = pieces[:end] + [str(self.backend.id_to_token(token)) for token in continued]
        word_of, words = _words((text.text, text.second or ""), encoding)
        word_of = np.append(word_of[: len(ids) - len(continued)], np.full(len(continued), -1))
        rows = np.array([ids, types if self.writes_segments else [0] * len(ids), [0] * len(ids)], dtype=np.int64)
        rows[2, len(ids) - len(continued) :] = 1
        self._check(rows, words)
        return Tokens(rows, tuple(map(self._shown, pieces)), word_of, words)

    def token_id(self, token: str) -> int:
        """Return the id of one token; see `interact_cli.types.Tokenizer`.

        A token is named as the vocabulary writes it, or by a text that is exactly one token.
        """
        number = self.special[token] if token in self.special else self._found(token)
        if number is None or number >= self.limits.n_vectors:
            raise UsageError(
                f"Expected a token of the network's vocabulary, but it has no token '{safe_text(token, 60)}'. "
                "Use --baseline zero, or token:T with another T."
            )
        return number

    def _found(self, token: str) -> int | None:
        known = self.backend.token_to_id(token)
        if known is not None:
            return int(known)
        try:
            ids = self._encoded(token, None, special=False).ids
        except SampleSkipped:
            return None
        return int(ids[0]) if len(ids) == 1 and ids[0] != self.unknown else None

    def _check_parts(self, text: Text) -> None:
        if self.limits.continues and text.continuation is None:
            raise DataRefused(
                "Expected a continuation for a causal language model, got a text alone. Give --continuation TEXT "
                "(with its leading space), or a 'continuation' field in the data."
            )
        if not self.limits.continues and text.continuation is not None:
            raise DataRefused(
                "Expected a text alone: this network is no causal language model, so it takes no continuation. "
                "Leave the continuation out."
            )
        added = [self.backend.num_special_tokens_to_add(is_pair=pair) for pair in (False, True)]
        if text.second is not None and (self.limits.continues or added[1] <= added[0]):
            raise DataRefused("Expected one text, got a pair, which this network's tokenizer does not separate.")

    def _encoded(self, text: str, second: str | None, *, special: bool = True) -> tokenizers.Encoding:
        try:
            return self.backend.encode(text, second, add_special_tokens=special)
        except Exception as error:  # a token that an incomplete vocabulary lacks, or text that is not Unicode
            raise SampleSkipped(f"the tokenizer cannot read this text: {safe_text(error, 120)}") from None

    def _continuation(self, text: Text, prompt: list[int]) -> list[int]:
        """Return the tokens that follow those of the prompt when both are cut as one text."""
        encoding = self._encoded(text.text + (text.continuation or ""), None)
        ids = encoding.ids[: _end(encoding.sequence_ids)]
        if ids[: len(prompt)] != prompt:
            raise SampleSkipped(
                "the continuation does not start where a token of text + continuation starts; end the text without "
                "white space and begin the continuation with it"
            )
        if len(ids) == len(prompt):
            raise SampleSkipped("the continuation is empty")
        return list(ids[len(prompt) :])

    def _check(self, rows: IntArray, words: Sequence[str]) -> None:
        if not words:
            raise SampleSkipped("the text is empty")
        length = rows.shape[1]
        if length > self.limits.longest:
            raise SampleSkipped(f"{length:,} tokens, the network takes at most {self.limits.longest:,}")
        if rows[0].max() >= self.limits.n_vectors:
            raise SampleSkipped(
                f"token {rows[0].max()} has no word vector: the network has {self.limits.n_vectors:,} of them"
            )
        if rows[1].max() >= self.limits.n_segments > 0:
            raise DataRefused(f"Expected texts of {self.limits.n_segments} segment, got a pair. Give one text.")

    def _shown(self, piece: str) -> str:
        """Write a piece of the vocabulary readably: marks for white space and bytes undone, bare space made visible."""
        if self.writes_bytes:
            piece = decoders.ByteLevel().decode([piece])
        piece = piece.replace("\u2581", " ")
        return piece if piece.strip() else piece.translate(_VISIBLE)


def _end(sequences: Sequence[int | None]) -> int:
    """Return the position behind the last token of the text; special tokens that close it are left out."""
    return max((i + 1 for i, sequence in enumerate(sequences) if sequence is not None), default=0)


class _Word(NamedTuple):
    """A stretch of one of the texts that is kept together."""

    sequence: int
    rule: int | None
    """Number of the stretch that the tokenizer's own rule keeps together."""
    start: int
    end: int


def _words(texts: tuple[str, str], encoding: tokenizers.Encoding) -> tuple[IntArray, tuple[str, ...]]:
    """Return the word of each position, -1 for special tokens, and how each word stands in the text."""
    word_of = np.full(len(encoding.ids), -1, dtype=np.int64)
    words: list[_Word] = []
    for position, (sequence, rule, offsets) in enumerate(
        zip(encoding.sequence_ids, encoding.word_ids, encoding.offsets, strict=True)
    ):
        if sequence is None:
            continue
        token = _Word(sequence, rule, *offsets)
        if words and _goes_on(words[-1], token, texts[sequence]):
            words[-1] = token._replace(start=words[-1].start, end=max(words[-1].end, token.end))
        else:
            words.append(token)
        word_of[position] = len(words) - 1
    shown = tuple(texts[word.sequence][word.start : word.end].strip() for word in words)
    return (word_of, shown) if any(shown) else (np.full_like(word_of, -1), ())


def _goes_on(word: _Word, token: _Word, text: str) -> bool:
    """Whether a token belongs to the word before it."""
    if word.sequence != token.sequence:
        return False
    if not text[token.start : token.end].strip() or not text[word.start : word.end].strip():
        return True
    between = text[max(word.start, word.end - 1) : token.start + 1]
    return word.rule == token.rule and not any(map(str.isspace, between))
