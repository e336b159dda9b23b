"""What is inside a checkpoint: read without running anything of it.

A file that would be refused is described too: its kind, the members of its zip, the names in its pickles, and why
it is refused. No network is constructed from a file. One is from a model directory, of the library's own classes, to
say whether the weights fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from interact_cli.adapters.architectures.suggestions import suggest
from interact_cli.adapters.architectures.timm_models import build as build_timm
from interact_cli.adapters.architectures.timm_models import said_by
from interact_cli.adapters.containers.archives import read_members
from interact_cli.adapters.containers.contents import (
    HYPER_PARAMETERS,
    WHOLE_FILE,
    Contents,
    plain_tensors,
    read_document,
    state_candidates,
)
from interact_cli.adapters.containers.directories import CONFIG, ModelDirectory, combined, is_directory, open_directory
from interact_cli.adapters.containers.files import CheckpointFile, opened
from interact_cli.adapters.containers.pickles import referenced_globals, unsafe_globals
from interact_cli.adapters.containers.shards import read_weights
from interact_cli.adapters.fitting import fitted
from interact_cli.adapters.huggingface.cutting import FastTokenizer
from interact_cli.adapters.huggingface.models import read_network
from interact_cli.adapters.sidecar import sidecar_path
from interact_cli.errors import InteractError
from interact_cli.safe_text import safe_text

MAX_ROWS = 2_000
"""Entries of a list that are kept; the counts are of all."""

SUMMARY = (
    *("model_type", "architectures", "architecture", "num_hidden_layers", "n_layers", "n_layer", "depths"),
    *("hidden_size", "hidden_sizes", "dim", "n_embd", "num_attention_heads", "n_heads", "n_head", "vocab_size"),
    *("max_position_embeddings", "n_positions", "image_size", "num_labels", "num_classes"),
)
"""Entries of ``config.json`` that are shown."""


@dataclass(frozen=True)
class TensorRow:
    """One tensor of the file."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class FileRow:
    """One file of a model directory."""

    name: str
    size: int
    digest: str
    """SHA-256 where the file is a part of the model; empty for the others."""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a file or a model directory holds. Every text in it is fit to be printed."""

    path: str
    kind: str
    """``"zip"``, ``"legacy"``, ``"safetensors"``, ``"transformers directory"``, ``"timm directory"``, or what the file
    is instead of a checkpoint."""
    size: int
    digest: str
    refusal: str | None
    """Why the file would not be opened; None when it is safe."""
    members: tuple[tuple[str, int], ...] = ()
    """Name and bytes of each member of a zip."""
    keys: tuple[tuple[str, str], ...]
    """Top-level keys, each with the type of its entry."""
    candidates: tuple[str, ...]
    """Where dictionaries of tensors lie: ``"state_dict"``, ``"(whole file)"``."""
    tensors: tuple[TensorRow, ...]
    """The tensors of the first candidate, at most 2,000."""
    n_tensors: int
    n_parameters: int
    """Numbers in all tensors of the first candidate."""
    arch: str | None
    """What the file says under ``arch``."""
    args: tuple[tuple[str, str], ...]
    """Training arguments, or Lightning's hyper-parameters, that are set, as text."""
    globals: tuple[str, ...] = ()
    """Names that the pickles refer to."""
    unsafe_globals: tuple[str, ...] = ()
    """Those of them that are not on the allow-list; known for zip files."""
    sidecar: str | None = None
    """The sidecar, where there is one."""
    suggestions: tuple[str, ...]
    """Architectures whose tensors look alike: a proposal, never a decision."""
    files: tuple[FileRow, ...] = ()
    """The files of a model directory."""
    config: tuple[tuple[str, str], ...] = ()
    """What its ``config.json`` says of the network's size."""
    tokenizer: str | None = None
    """How its tokenizer cuts texts."""


def inspect_file(path: str | Path) -> Inspection:
    """Describe a file or a model directory.

    Raises:
        CheckpointRefused: there is no regular file to read, or a folder that holds no model.
    """
    if is_directory(path):
        return _inspect_directory(open_directory(path))
    with opened(path) as file:
        pickled = file.kind in {"zip", "legacy", "pickle"}
        members = _members(file)
        names = referenced_globals(file) if pickled else ()
        unsafe = unsafe_globals(file)
        document, metadata, refusal = _try_read(file)
        return Inspection(
            path=file.name,
            kind=file.kind,
            size=file.size,
            digest=file.digest,
            refusal=refusal,
            members=members,
            globals=tuple(map(safe_text, names[:MAX_ROWS])),
            unsafe_globals=tuple(map(safe_text, unsafe[:MAX_ROWS])),
            sidecar=safe_text(beside) if (beside := sidecar_path(file.path)).is_file() else None,
            **_inside(document, metadata),
        )


def _inspect_directory(directory: ModelDirectory) -> Inspection:
    seen = _Seen(dict(directory.digests))
    try:
        contents, digests = read_weights(directory)
        seen.contents, seen.digests = contents, dict(digests)
        _try_load(directory, contents, seen)
    except InteractError as error:
        seen.refusal = str(error)
    files = tuple(_file_rows(directory, seen.digests))
    state = dict(sorted(seen.contents.state.items())) if seen.contents else None
    return Inspection(
        path=directory.name,
        kind=f"{directory.kind} directory",
        size=sum(row.size for row in files),
        digest=combined(seen.digests),
        refusal=seen.refusal,
        files=files,
        config=tuple((key, _flat(directory.config[key])) for key in SUMMARY if key in directory.config),
        tokenizer=seen.tokenizer,
        **_inside(state, {}) | {"arch": seen.arch, "keys": (), "suggestions": ()},
    )


@dataclass
class _Seen:
    """What is known of a directory by the time that something refuses it."""

    digests: dict[str, str]
    contents: Contents | None = None
    arch: str | None = None
    tokenizer: str | None = None
    refusal: str | None = None


def _try_load(directory: ModelDirectory, contents: Contents, seen: _Seen) -> None:
    if directory.kind == "timm":
        seen.arch, saved = said_by(directory)
        outline = build_timm.outline(seen.arch.removeprefix("timm:"), {}, saved)
        fitted(outline.state_dict(), contents, seen.arch, CONFIG)
        return
    filled = read_network(directory, contents)
    seen.arch = filled.arch
    seen.digests |= filled.digests
    tokenizer = filled.network.tokenizer
    if isinstance(tokenizer, FastTokenizer):
        backend = tokenizer.backend
        seen.tokenizer = f"{type(backend.model).__name__}, {backend.get_vocab_size():,} tokens"


def _file_rows(directory: ModelDirectory, digests: Mapping[str, str]) -> Iterator[FileRow]:
    for entry in sorted(directory.path.iterdir())[:MAX_ROWS]:
        if entry.is_file():
            yield FileRow(safe_text(entry.name), entry.stat().st_size, digests.get(entry.name, ""))


def _flat(value: Any) -> str:
    return ", ".join(map(safe_text, value)) if isinstance(value, list) else safe_text(value)


def _members(file: CheckpointFile) -> tuple[tuple[str, int], ...]:
    if file.kind != "zip":
        return ()
    try:
        return tuple((safe_text(member.filename), member.file_size) for member in read_members(file)[:MAX_ROWS])
    except InteractError:
        return ()


def _try_read(file: CheckpointFile) -> tuple[Any, Mapping[str, str], str | None]:
    file.handle.seek(0)
    try:
        document, metadata = read_document(file)
    except InteractError as error:
        return None, {}, str(error)
    try:
        for key in state_candidates(document)[:1]:
            plain_tensors(file, document if key == WHOLE_FILE else document[key], key)
    except InteractError as error:
        return document, metadata, str(error)
    return document, metadata, None


def _inside(document: Any, metadata: Mapping[str, str]) -> dict[str, Any]:
    top = document if isinstance(document, Mapping) else {}
    candidates = state_candidates(document)
    state = {} if not candidates else top if candidates[0] == WHOLE_FILE else top[candidates[0]]
    whole = candidates == (WHOLE_FILE,)
    arch = metadata.get("arch") if whole else top.get("arch")
    args = top.get("args", top.get(HYPER_PARAMETERS))
    raw = dict(metadata) if whole else vars(args) if hasattr(args, "__dict__") else args
    settings = raw if isinstance(raw, Mapping) else {}
    return {
        "keys": tuple((safe_text(key), _type(value)) for key, value in list(top.items())[:MAX_ROWS]),
        "candidates": tuple(map(safe_text, candidates)),
        "tensors": tuple(
            TensorRow(safe_text(name), tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
            for name, tensor in list(state.items())[:MAX_ROWS]
        ),
        "n_tensors": len(state),
        "n_parameters": sum(tensor.numel() for tensor in state.values()),
        "arch": safe_text(arch) if isinstance(arch, str) else None,
        "args": tuple((safe_text(key), safe_text(value)) for key, value in settings.items() if value is not None),
        "suggestions": suggest(state),
    }


def _type(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"tensor {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return f"{type(value).__name__} of {len(value)}"
    return safe_text(type(value).__name__)
