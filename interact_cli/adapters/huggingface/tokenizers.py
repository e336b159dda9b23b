"""The tokenizer saved beside a network, read from its own files alone.

Nothing is downloaded and no code of a folder is run: a configuration may name a tokenizer of the library and nothing
else, and neither its truncation nor its padding is taken over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import AutoTokenizer, PreTrainedTokenizerFast
from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

from interact_cli.adapters.containers.directories import ModelDirectory, has, member
from interact_cli.adapters.containers.files import opened
from interact_cli.adapters.containers.model_config import read_json
from interact_cli.adapters.huggingface.cutting import FastTokenizer, Limits
from interact_cli.entries.wrapped import TextNetwork
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import first_line, safe_text
from interact_cli.types import TOKEN_ROWS, InputSpec, OutputKind

if TYPE_CHECKING:
    from transformers import PretrainedConfig

WHOLE, SETTINGS = "tokenizer.json", "tokenizer_config.json"
VOCABULARIES = frozenset(
    {
        *(WHOLE, "vocab.txt", "vocab.json", "tokenizer.model", "spiece.model", "spm.model"),
        "sentencepiece.bpe.model",
    }
)
FILES = (SETTINGS, "special_tokens_map.json", "added_tokens.json", "merges.txt", *sorted(VOCABULARIES))
"""What a tokenizer may be made of."""

MAX_BYTES = 2**28
"""Bytes of one file; the largest vocabularies take some 40 million."""

STDERR = 2
"""The process's own, which libraries of other languages write to."""

LONGEST = 2**20
"""Tokens of a text where neither the network nor the tokenizer names a limit."""

_REFUSED = {
    "auto_map": "asks for code from elsewhere, which is never run",
    "init_inputs": "hands over arguments that may name files elsewhere",
    "gguf_file": "names a GGUF file",
}
_FIRST_POSITION_AFTER_PADDING = frozenset(
    {
        *("camembert", "data2vec-text", "esm", "ibert", "lilt", "longformer", "luke", "markuplm", "mpnet", "roberta"),
        *("roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod"),
    }
)
"""Families that count positions from the padding id + 1, so that so many rows of their position table are not used."""


def read_tokenizer(
    directory: ModelDirectory, network: TextNetwork, output: OutputKind
) -> tuple[FastTokenizer, InputSpec]:
    """Read the tokenizer of a model directory.

    Args:
        directory: Holds ``tokenizer.json``, or the older files that transformers makes one of.
        network: The network of the directory, for its limits.
        output: What the network gives; ``"continuation"`` asks every text for one.

    Returns:
        The tokenizer, and the texts that the network takes.

    Raises:
        CheckpointRefused: no tokenizer, one with code of its own, one that is no fast tokenizer, or one whose
            vocabulary is larger than the network's.
    """
    folder = directory.path
    config: PretrainedConfig = network.core.config  # type: ignore[assignment]  # modules are open to any attribute
    digests = {}
    for file in filter(lambda file: has(folder, file), FILES):
        with opened(member(folder, file, at_most=MAX_BYTES)) as read:
            digests[file] = read.digest
    if not digests.keys() & VOCABULARIES:
        raise CheckpointRefused(
            f"Expected a tokenizer in '{directory.name}' ({WHOLE}), got none. Save it beside the network."
        )
    settings = read_json(folder / SETTINGS)[0] if SETTINGS in digests else {}
    _lint(settings, config, directory.name, whole=WHOLE in digests)
    with _foreign(directory):
        tokenizer = _loaded(directory, config, whole=WHOLE in digests)
        limits = _limits(config, tokenizer.model_max_length, continues=output == "continuation")
        cutter = _cutter(tokenizer, limits, digests)
        # Some broken files show at their first text only: here that is a refusal, in a run it would be a panic.
        cutter.backend.encode("a")
        cutter.backend.encode("a", "b")
    size = cutter.backend.get_vocab_size(with_added_tokens=False)
    if size > limits.n_vectors:
        raise CheckpointRefused(
            f"Expected a tokenizer for the network's {limits.n_vectors:,} word vectors, but that in "
            f"'{directory.name}' has {size:,} tokens. Take the tokenizer that the network was trained with."
        )
    return cutter, InputSpec("text", (len(TOKEN_ROWS), limits.longest), source="tokenizer")


def _lint(settings: Mapping[str, Any], config: PretrainedConfig, name: str, *, whole: bool) -> None:
    """Refuse a tokenizer that is more than data."""
    for key, problem in _REFUSED.items():
        if settings.get(key):
            raise CheckpointRefused(f"Expected a plain tokenizer in '{name}', but '{key}' in {SETTINGS} {problem}.")
    for key, value in settings.items():
        if not whole and key.endswith("_file") and isinstance(value, str) and Path(value).name != value:
            raise CheckpointRefused(
                f"Expected the files of the tokenizer in '{name}', but '{safe_text(key, 40)}' in {SETTINGS} points "
                f"elsewhere. Save the tokenizer again, with {WHOLE}."
            )
    for class_name in (settings.get("tokenizer_class"), getattr(config, "tokenizer_class", None)):
        if class_name is not None and not _is_fast(class_name):
            raise CheckpointRefused(
                f"Expected a fast tokenizer of transformers in '{name}', got class '{safe_text(class_name, 60)}'. "
                f"Save it as {WHOLE} (PreTrainedTokenizerFast)."
            )


def _is_fast(name: object) -> bool:
    """Whether a name stands for a fast tokenizer of the library; it may stand for anything else in it."""
    if not isinstance(name, str):
        return False
    known = tokenizer_class_from_name(name) or tokenizer_class_from_name(name.removesuffix("Fast"))
    return isinstance(known, type) and issubclass(known, PreTrainedTokenizerFast)


@contextmanager
def _foreign(directory: ModelDirectory) -> Iterator[None]:
    """Refuse a tokenizer whatever its reader raises; that library panics on some files, and says so itself."""
    try:
        with _muted():
            yield
    except BaseException as error:
        # Rust's panic is no Exception, and has no class to import.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise CheckpointRefused(
            f"Expected a fast tokenizer in '{directory.name}', but it cannot be read: {first_line(error)}. "
            f"Save it as {WHOLE}."
        ) from None


@contextmanager
def _muted() -> Iterator[None]:
    """Keep what a library written in another language says on its own, past Python, out of stderr."""
    kept, nothing = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(nothing)


def _loaded(directory: ModelDirectory, config: PretrainedConfig, *, whole: bool) -> PreTrainedTokenizerFast:
    named = {"tokenizer_file": str(directory.path / WHOLE)} if whole else {}
    tokenizer = AutoTokenizer.from_pretrained(
        str(directory.path), config=config, local_files_only=True, trust_remote_code=False, **named
    )
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise TypeError(f"{type(tokenizer).__name__} is not one")
    return tokenizer


def _cutter(tokenizer: PreTrainedTokenizerFast, limits: Limits, digests: Mapping[str, str]) -> FastTokenizer:
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    return FastTokenizer(
        backend,
        {"mask": tokenizer.mask_token_id, "pad": tokenizer.pad_token_id},
        tokenizer.unk_token_id,
        limits,
        writes_segments="token_type_ids" in tokenizer.model_input_names,
        writes_bytes="ByteLevel" in repr(backend.decoder),
        digests=digests,
    )


def _limits(config: PretrainedConfig, model_max_length: float, *, continues: bool) -> Limits:
    text = config.get_text_config()
    lengths = [LONGEST, int(model_max_length)]
    positions = getattr(text, "max_position_embeddings", None) or 0
    if positions > 0:
        unused = text.pad_token_id + 1 if text.model_type in _FIRST_POSITION_AFTER_PADDING else 0
        lengths.append(positions - unused)
    if min(lengths) < 1:
        raise ValueError(f"a text may have {min(lengths)} tokens")
    return Limits(min(lengths), text.vocab_size, getattr(text, "type_vocab_size", 0) or 0, continues)
