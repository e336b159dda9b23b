"""Networks of transformers that read text: word vectors in, the library's own forward for the rest.

The masked word vectors are handed over as ``inputs_embeds``; the ids of the words are not, so a masked word has no
other way in. Position and segment embeddings are added by the library, as for an unmasked text.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from interact_cli.entries.wrapped import TextNetwork
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import first_line, safe_text
from interact_cli.types import TOKEN_ROWS, OutputKind

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

ID, TYPE, CONTINUED = range(len(TOKEN_ROWS))

_SEGMENTS_WITHOUT_TABLE = frozenset({"funnel", "xlnet"})
"""Families that read segment ids but keep no table of them. (GPT-2 would look them up among its words.)"""

_EXAMPLE = (2, 6)
"""Texts and tokens on which a network is checked when it is opened."""


class _LibraryNetwork(TextNetwork):
    """A network that the library runs from its word vectors: ``(B, K)`` with a head over the whole text."""

    core: PreTrainedModel
    measured = "logits"
    """What of the library's outputs is measured."""

    def __init__(self, core: PreTrainedModel) -> None:
        super().__init__(core)
        self.takes = frozenset(inspect.signature(core.forward).parameters)

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Look up the word vectors: ``(B, 3, L)`` -> ``(B, L, d)``."""
        return self._table()(tokens[:, ID])  # type: ignore[no-any-return]  # nn.Module calls are untyped

    def vector(self, token_id: int) -> torch.Tensor:
        """Return the word vector of one token: ``(d,)``."""
        table = self._table()
        device = next(table.parameters()).device
        return table(torch.tensor([[token_id]], device=device))[0, 0]  # type: ignore[no-any-return]  # untyped in the library

    def vocabulary(self) -> torch.Tensor:
        """Return the word vectors of all tokens: ``(V, d)``."""
        table = self._table()
        rows, device = len(next(table.parameters())), next(table.parameters()).device
        return table(torch.arange(rows, device=device)[None])[0].detach()  # type: ignore[no-any-return]  # untyped in the library

    def finish(self, vectors: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Run the rest; see `TextNetwork.finish`."""
        return self.answer(self._run(self.core, tokens, inputs_embeds=vectors), tokens)

    def by_ids(self, tokens: torch.Tensor) -> torch.Tensor:
        """Run the library's network on unmasked tokens the way the library does: what `forward` must equal."""
        return self.answer(self._run(self.core, tokens, input_ids=tokens[:, ID]), tokens)

    def answer(self, outputs: Any, tokens: torch.Tensor) -> torch.Tensor:
        """Take what is measured out of the library's outputs."""
        return getattr(outputs, self.measured)  # type: ignore[no-any-return]  # untyped in the library

    def _table(self) -> nn.Module:
        return self.core.get_input_embeddings()

    def _run(self, part: nn.Module, tokens: torch.Tensor, **source: torch.Tensor) -> Any:
        (rows,) = {len(entry) for entry in source.values()}
        return part(**source, **self._options(tokens, rows), return_dict=True)

    def _options(self, tokens: torch.Tensor, rows: int) -> dict[str, Any]:
        options: dict[str, Any] = {"use_cache": False} if "use_cache" in self.takes else {}
        if "token_type_ids" in self.takes and _reads_segments(self.core.config):
            options["token_type_ids"] = tokens[:, TYPE].expand(rows, -1)
        return options


class _LastTokenLogits(_LibraryNetwork):
    """A head over the last token that is not padding, as decoders classify: ``(B, K)``.

    The library looks for that token in the ids. They are those of the unmasked text here, so that a word masked by
    the padding token keeps its place.
    """

    def finish(self, vectors: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        states = self._run(self.core.base_model, tokens, inputs_embeds=vectors).last_hidden_state
        positions = torch.arange(states.shape[1], device=states.device)
        padding = self.core.config.get_text_config().pad_token_id
        words = torch.ones_like(tokens[:, ID]) if padding is None else (tokens[:, ID] != padding).long()
        last = (positions * words).argmax(dim=1).expand(len(states))
        head: Any = self.core.score
        return head(states[torch.arange(len(states), device=states.device), last])  # type: ignore[no-any-return]  # untyped in the library


class _Features(_LibraryNetwork):
    """The last hidden state of a network without a head: ``(B, L, d)``."""

    measured = "last_hidden_state"


class _Continuation(_LibraryNetwork):
    """``log p(continuation | text)`` of a causal language model, in nats: ``(B, 1)``.

    The sum of ``log softmax(logits at position t - 1)[token at t]`` over the positions ``t`` of the continuation,
    which end the text.
    """

    def answer(self, outputs: Any, tokens: torch.Tensor) -> torch.Tensor:
        length, n = tokens.shape[-1], _n_continued(tokens)
        before = outputs.logits[:, outputs.logits.shape[1] - 1 - n : -1]
        targets = tokens[:, ID, length - n :].expand(len(before), -1)
        log_p = F.log_softmax(before.float(), dim=-1).gather(-1, targets[..., None])[..., 0]
        return (log_p * tokens[:, CONTINUED, length - n :]).sum(dim=1, keepdim=True)

    def _options(self, tokens: torch.Tensor, rows: int) -> dict[str, Any]:
        # Logits over a whole vocabulary are large: only those that predict the continuation are asked for.
        keep = {"logits_to_keep": _n_continued(tokens) + 1} if "logits_to_keep" in self.takes else {}
        return super()._options(tokens, rows) | keep


def text_network(core: PreTrainedModel, output: OutputKind) -> TextNetwork:
    """Make a network of transformers ready for masked word vectors.

    It is run on a small example: from its word vectors it must answer as the library answers from the ids, and a
    language model must not see the tokens that it predicts.

    Args:
        core: The network with its weights; it is put into eval mode.
        output: ``"features"`` for a network without a head, ``"continuation"`` for a causal language model.

    Raises:
        CheckpointRefused: an encoder-decoder, a network whose words reach the output in another way too, or a
            language model that looks ahead.
    """
    if getattr(core.config, "is_encoder_decoder", False):
        raise CheckpointRefused(
            f"Expected an encoder or a decoder, got the encoder-decoder {safe_text(type(core).__name__)}. Measure a "
            "network such as BERT, or a causal language model."
        )
    network = _kind(core, output)(core)
    network.eval()
    _check(network)
    return network


def _kind(core: PreTrainedModel, output: OutputKind) -> type[_LibraryNetwork]:
    if output == "features":
        return _Features
    if output == "continuation":
        return _Continuation
    return _LastTokenLogits if isinstance(getattr(core, "score", None), nn.Linear) else _LibraryNetwork


def _reads_segments(config: PretrainedConfig) -> bool:
    return (getattr(config, "type_vocab_size", None) or 0) > 0 or config.model_type in _SEGMENTS_WITHOUT_TABLE


def _n_continued(tokens: torch.Tensor) -> int:
    return int(tokens[:, CONTINUED].sum(dim=1).max())


def _check(network: _LibraryNetwork) -> None:
    """Compare the way over the word vectors with the library's own, text by text."""
    called = safe_text(f"{type(network.core).__name__} ({network.core.config.model_type})")
    try:
        tokens = _example(network.core.config).to(network.core.device)
        with torch.inference_mode():
            expected = torch.cat([network.by_ids(text[None]) for text in tokens])
            answers = network(tokens)
            looks_ahead = isinstance(network, _Continuation) and _looks_ahead(network.core, tokens[:1, ID])
    except Exception as error:  # the forward of any family of the library
        raise CheckpointRefused(
            f"Expected a network whose words can be masked, but {called} cannot be run from its word vectors: "
            f"{first_line(error)}. Measure a network of another family."
        ) from error
    if not _alike(answers, expected):
        raise CheckpointRefused(
            f"Expected a network whose words can be masked, but {called} answers from its word vectors otherwise than "
            "from the words. Measure a network of another family."
        )
    if looks_ahead:
        raise CheckpointRefused(
            f"Expected a causal language model, but {called} sees the tokens that it is to predict. Set 'is_decoder' "
            "in its config.json if it was trained as a decoder."
        )


def _looks_ahead(core: PreTrainedModel, ids: torch.Tensor) -> bool:
    """Whether what is predicted for the last token depends on it."""
    others = torch.cat([ids[:, :-1], ids[:, :1]], dim=1)
    logits, other_logits = (core(input_ids=entry).logits[:, :-1] for entry in (ids, others))
    return not _alike(logits, other_logits)


def _alike(answers: torch.Tensor, expected: torch.Tensor) -> bool:
    tolerance = 1e-4 * max(float(expected.nan_to_num(0, 0, 0).abs().max()), 1e-6)
    same = answers.shape == expected.shape
    return same and torch.allclose(answers, expected, rtol=0, atol=tolerance, equal_nan=True)


def _example(config: PretrainedConfig) -> torch.Tensor:
    """Return ``(texts, 3, L)`` tokens spread over the vocabulary, none of them special."""
    texts, length = _EXAMPLE
    config = config.get_text_config()
    special = {getattr(config, f"{name}_token_id", None) for name in ("pad", "bos", "eos", "sep", "cls", "mask")}
    special |= {token for entry in special if isinstance(entry, list) for token in entry}
    words = [token for token in range(config.vocab_size) if token not in special]
    ids = np.array(words)[np.linspace(0, len(words) - 1, texts * length).astype(int)]
    tokens = torch.zeros(texts, len(TOKEN_ROWS), length, dtype=torch.int64)
    tokens[:, ID] = torch.from_numpy(ids).view(texts, length)
    tokens[:, CONTINUED, length // 2 :] = 1
    return tokens
