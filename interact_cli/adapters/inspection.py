"""What is inside a checkpoint: read without constructing a network and without running anything.

A file that would be refused is described too: its kind, the members of its zip, the names in its pickles, and why
it is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from interact_cli.adapters.archives import read_members
from interact_cli.adapters.contents import WHOLE_FILE, read_document, state_candidates
from interact_cli.adapters.files import CheckpointFile, opened
from interact_cli.adapters.pickles import referenced_globals, unsafe_globals
from interact_cli.adapters.sidecar import sidecar_path
from interact_cli.adapters.suggestions import suggest
from interact_cli.errors import InteractError
from interact_cli.safe_text import safe_text

MAX_ROWS = 2_000
"""Entries of a list that are kept; the counts are of all."""


@dataclass(frozen=True)
class TensorRow:
    """One tensor of the file."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Inspection:
    """What a file holds. Every text in it is fit to be printed."""

    path: str
    kind: str
    """``"zip"``, ``"legacy"``, ``"safetensors"``, or what the file is instead of a checkpoint."""
    size: int
    digest: str
    refusal: str | None
    """Why the file would not be opened; None when it is safe."""
    members: tuple[tuple[str, int], ...]
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
    """Training arguments that are set, as text."""
    globals: tuple[str, ...]
    """Names that the pickles refer to."""
    unsafe_globals: tuple[str, ...]
    """Those of them that are not on the allow-list; known for zip files."""
    sidecar: str | None
    """The sidecar, where there is one."""
    suggestions: tuple[str, ...]
    """Architectures whose tensors look alike: a proposal, never a decision."""


def inspect_file(path: str | Path) -> Inspection:
    """Describe a file.

    Raises:
        CheckpointRefused: there is no regular file to read.
    """
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
    return document, metadata, None


def _inside(document: Any, metadata: Mapping[str, str]) -> dict[str, Any]:
    top = document if isinstance(document, Mapping) else {}
    candidates = state_candidates(document)
    state = {} if not candidates else top if candidates[0] == WHOLE_FILE else top[candidates[0]]
    shapes = {str(name): tuple(tensor.shape) for name, tensor in state.items()}
    whole = candidates == (WHOLE_FILE,)
    arch = metadata.get("arch") if whole else top.get("arch")
    args = top.get("args")
    said = dict(metadata) if whole else vars(args) if hasattr(args, "__dict__") else args
    settings = said if isinstance(said, Mapping) else {}
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
        "suggestions": suggest(shapes),
    }


def _type(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"tensor {tuple(value.shape)}"
    if isinstance(value, Mapping):
        return f"{type(value).__name__} of {len(value)}"
    return safe_text(type(value).__name__)
