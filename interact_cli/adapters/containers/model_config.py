"""``config.json`` and its neighbours: read strictly, and refused where they ask for more than a network.

A configuration is written by whoever made the model. What it may say is how large a network of the library is; code
of its own, kernels from elsewhere, quantised weights and sizes that no network has are refused before anything is
built. What only concerns how a program runs it (attention implementation, number format) is left out: that is
decided here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from interact_cli.adapters.containers.files import opened
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text

MAX_BYTES = 16_000_000
"""Bytes of a JSON file: room for the names of 20,000 classes, and for the index of a few hundred shards."""
MAX_DEPTH = 32
MAX_LAYERS = 1_024
MAX_WIDTH = 2**20
MAX_LENGTH = 2**24

_CODE = "asks for code from elsewhere, which is never run; if the library's own network is meant, delete that entry"
_QUANTISED = "says that the weights are quantised, and dense ones are expected. Take the original weights"
_REFUSED = {
    "auto_map": _CODE,
    "custom_pipelines": _CODE,
    "trust_remote_code": _CODE,
    "kernel_config": _CODE,
    "use_kernels": _CODE,
    "fusion_config": _CODE,
    "use_pretrained_backbone": "asks for weights from elsewhere, and nothing is downloaded",
    "quantization_config": _QUANTISED,
    "compression_config": _QUANTISED,
}
"""Entries that are refused wherever they stand, unless they are empty or false."""

_IMPLEMENTATION = re.compile(r"_?(attn|experts)_implementation")
_DECIDED_HERE = frozenset(
    {
        *("dtype", "torch_dtype", "torchscript", "return_dict", "output_attentions", "output_hidden_states"),
        *("gradient_checkpointing", "name_or_path", "_name_or_path", "_commit_hash", "transformers_weights"),
    }
)

_NAMES = frozenset({"id2label", "label2id", "label_names", "label_descriptions", "task_specific_params"})
"""Entries whose inner keys are free text."""

_LAYERS = re.compile(r"(.*_)?(layers?|depths?|num_blocks|num_stages)")
_LENGTH = re.compile(r"(.*_)?(max|n_positions|n_ctx|seq_len|seq_length|context_length).*")
_WIDTH = re.compile(r"(n|d|num|dim)_.*|.*(size|sizes|dim|dims|embd|heads|width|channels|experts|labels)")


def read_json(path: Path) -> tuple[Mapping[str, Any], str]:
    """Read a JSON object strictly, and the digest of its bytes; the caller has seen to its size (`directories.member`).

    Raises:
        CheckpointRefused: not a regular file, not an object in UTF-8, a key twice, or more than 32 levels.
    """
    name = safe_text(path)
    start = f"Expected a JSON object in '{name}'"
    with opened(path) as file:
        raw = file.handle.read()
        digest = file.digest
    try:
        document = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_unique)
        _check_depth(document)
    except RecursionError:
        raise CheckpointRefused(f"{start}, got more than {MAX_DEPTH} levels. Get a fresh copy.") from None
    except ValueError as error:
        raise CheckpointRefused(f"{start}, got: {safe_text(error, 120)}. Get a fresh copy.") from None
    if not isinstance(document, dict):
        raise CheckpointRefused(f"{start}, got one of type {type(document).__name__}. Get a fresh copy.")
    return document, digest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key, value in pairs:
        if key in mapping:
            raise ValueError(f"key '{safe_text(key, 60)}' appears twice")
        mapping[key] = value
    return mapping


def _check_depth(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} levels")
    for entry in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(entry, dict | list):
            _check_depth(entry, depth + 1)


def checked_config(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a configuration without what is decided here.

    Args:
        document: As read by `read_json`.
        path: Its file, for messages.

    Raises:
        CheckpointRefused: it asks for code, kernels or weights from elsewhere, says that the weights are quantised,
            or has a size that no network has; the message names the entry.
    """
    for place, key, value in _entries(document):
        problem = _problem(key, value)
        if problem:
            raise CheckpointRefused(
                f"Expected a plain network in '{safe_text(path)}', but '{safe_text(place, 80)}' {problem}."
            )
    kept: dict[str, Any] = _kept(document)
    return kept


def layer_counts(document: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Yield the entries that say how many layers there are."""
    for place, key, value in _entries(document):
        if _LAYERS.fullmatch(key) and _is_whole(value):
            yield place, value


def _entries(value: Any, place: str = "", key: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield (place, key, value) of every entry; those of a list carry the key of the list."""
    if isinstance(value, Mapping):
        for name, entry in value.items():
            where = f"{place}.{name}" if place else name
            yield where, name, entry
            if name not in _NAMES:
                yield from _entries(entry, where, name)
    elif isinstance(value, list):
        for entry in value:
            if not isinstance(entry, Mapping | list):
                yield place, key, entry
            yield from _entries(entry, place, key)


def _problem(key: str, value: Any) -> str | None:
    if key in _REFUSED and value:
        return _REFUSED[key]
    if _IMPLEMENTATION.match(key):
        texts = [value] if isinstance(value, str) else list(_texts(value))
        odd = next((text for text in texts if not re.fullmatch(r"[a-z0-9_]*", text)), None)
        return None if odd is None else f"asks for the kernel '{safe_text(odd, 60)}', and nothing is downloaded"
    limit = _limit(key)
    if _is_whole(value) and limit is not None and value > limit:
        return f"is {safe_text(value, 30)}, and at most {limit:,} is expected"
    return None


def _texts(value: Any) -> Iterator[str]:
    return (entry for _place, _key, entry in _entries(value) if isinstance(entry, str))


def _limit(key: str) -> int | None:
    if _LENGTH.fullmatch(key):
        return MAX_LENGTH
    if _LAYERS.fullmatch(key):
        return MAX_LAYERS
    return MAX_WIDTH if _WIDTH.fullmatch(key) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kept(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: entry if key in _NAMES else _kept(entry) for key, entry in value.items() if not _dropped(key)}
    return [_kept(entry) for entry in value] if isinstance(value, list) else value


def _dropped(key: str) -> bool:
    return key in _REFUSED or key in _DECIDED_HERE or bool(_IMPLEMENTATION.match(key))
