"""Words and tokens of a text as players, and what a masked one shows.

The mask enters at the word vectors: position and segment embeddings are added behind it and stay as they are. Special
tokens and the continuation of a language model belong to no player; they are always present.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from interact_cli.entries.wrapped import TextNetwork
from interact_cli.errors import SampleSkipped, UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.players.shared import check_kind, token_players
from interact_cli.players.span import Span, bare, read_span
from interact_cli.safe_text import safe_text
from interact_cli.types import EMBEDDING, Entry, IntArray, Model, PlayerSet, Sample, Tokens

Unit = Literal["tokens", "words"]

_STAYS = "position and segment embeddings stay"


def words(argument: str | None, model: Model, options: PlayerOptions) -> TextPlayers:
    """Make every word of a text a player.

    What a word is, the tokenizer's own rule of splitting says; all its tokens are masked together.

    Args:
        argument: Takes none.
        model: A network that reads text.
        options: ``span`` chooses successive words, see `interact_cli.players.span`.

    Raises:
        UsageError: an argument, another network, or a span of no such form.
    """
    return _players("words", argument, model, options)


def tokens(argument: str | None, model: Model, options: PlayerOptions) -> TextPlayers:
    """Make every token of a text a player.

    Args:
        argument: Takes none.
        model: A network that reads text.
        options: ``span`` chooses successive tokens, see `interact_cli.players.span`.

    Raises:
        UsageError: an argument, another network, or a span of no such form.
    """
    return _players("tokens", argument, model, options)


def _players(unit: Unit, argument: str | None, model: Model, options: PlayerOptions) -> TextPlayers:
    if argument is not None:
        raise UsageError(f"Players '{unit}' take no argument, got '{unit}:{safe_text(argument)}'.")
    check_kind(model, "text", f"Players '{unit}' needs a network that reads text")
    options.refuse(unit, "span")
    return TextPlayers(unit, None if options.span is None else read_span(options.span))


@dataclass(frozen=True)
class TextPlayers:
    """The players of texts; an `interact_cli.interfaces.Players`."""

    spec: Unit
    span: Span | None = None
    entry: Entry = EMBEDDING

    def of(self, sample: Sample, baseline: Baseline) -> PlayerSet:
        """Return the players of one text.

        Raises:
            SampleSkipped: fewer than two players, or the span is not in this text.
        """
        if sample.tokens is None:
            raise UsageError(f"Expected a tokenised text for players '{self.spec}', got sample '{sample.id}' without.")
        text = sample.tokens
        owner, names = (text.word_of, text.words) if self.spec == "words" else token_players(text)
        if len(names) < 2:
            what = self.spec.removesuffix("s")
            raise SampleSkipped(f"the text has {len(names)} {what}, expected at least 2")
        span = () if self.span is None else self._found(self.span, text, owner, len(names))
        return PlayerSet(names, owner[:, None], baseline.values, baseline.name, self.spec, entry=self.entry, span=span)

    def _found(self, span: Span, text: Tokens, owner: IntArray, n_players: int) -> tuple[int, ...]:
        if not span.said:
            if span.stop > n_players:
                raise SampleSkipped(f"--span {span} needs {span.stop} {self.spec}, the text has {n_players}")
            return tuple(range(span.start, span.stop))
        chosen = _first(bare(span.said), text.words)
        if not chosen:
            raise SampleSkipped(f"--span {span} are no whole words of the text")
        players = np.unique(owner[(owner >= 0) & np.isin(text.word_of, chosen)])
        if len(players) < 2:
            raise SampleSkipped(f"--span {span} is one player ({self.spec}), expected at least 2")
        return tuple(players.tolist())


def embedding_baseline(model: Model, name: str) -> Baseline:
    """Return what a masked word shows: ``(1, d)``, a word vector.

    ``zero`` is the zero vector (Zhang et al., AAAI 2021); ``mask``, ``pad``, ``token:T`` the vector of that token,
    which is the same as to replace its id. In all of them the masked position keeps its position and segment embedding.

    Args:
        model: A network that reads text.
        name: ``"zero"``, ``"mask"``, ``"pad"`` or ``"token:T"``; T as the vocabulary writes it, or any one token.

    Raises:
        UsageError: another network, no such baseline, or no such token.
    """
    check_kind(model, "text", f"Baseline '{safe_text(name)}' needs a network that reads text")
    network, tokenizer = model.module, model.tokenizer
    if not isinstance(network, TextNetwork) or tokenizer is None:
        raise UsageError(f"Expected a network with a tokenizer for baseline '{safe_text(name)}', got one without.")
    kind, colon, token = name.partition(":")
    if name not in {"zero", "mask", "pad"} and not (kind == "token" and token):
        raise UsageError(f"Expected --baseline zero, mask, pad or token:T for texts, got '{safe_text(name)}'.")
    if name == "zero":
        vector = torch.zeros_like(network.vector(0))  # any token's vector, for shape and device
        source = f"zero word vector, as in Zhang et al. (AAAI 2021); {_STAYS}"
    else:
        token_id = tokenizer.token_id(token if colon else name)
        vector = network.vector(token_id)
        named = f"'{safe_text(token, 40)}'" if colon else f"the {name} token"
        source = f"word vector of {named} (id {token_id}), as if it stood there; {_STAYS}"
    if name == "pad":
        source += " (as the code of Zhang et al. (AAAI 2021) does for BERT)"
    return Baseline(name, vector.detach().cpu().numpy().astype(np.float32)[None], source)


def _first(phrase: str, names: tuple[str, ...]) -> range:
    """Return the first successive words that read as ``phrase``, both without white space and case."""
    plain = [bare(name) for name in names]
    for start in range(len(plain)):
        joined = ""
        for stop in range(start, len(plain)):
            joined += plain[stop]
            if joined == phrase:
                return range(start, stop + 1)
            if not phrase.startswith(joined):
                break
    return range(0)
