"""The weights of a model directory: one file, or the shards that an index names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from interact_cli.adapters.containers.contents import Contents, read_contents
from interact_cli.adapters.containers.directories import EXPECTED, ModelDirectory, combined, has, member
from interact_cli.adapters.containers.model_config import MAX_BYTES, read_json
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text

FILES = ("model.safetensors", "pytorch_model.bin")
"""Looked for in this order, each by itself and then as ``NAME.index.json``."""
MAX_SHARDS = 1_000


def read_weights(directory: ModelDirectory, weights: str = "auto") -> tuple[Contents, Mapping[str, str]]:
    """Read all weights of a directory.

    Args:
        directory: The folder.
        weights: ``"auto"``, ``"ema"`` or ``"raw"``, as for a file.

    Returns:
        The weights, their digest combined with that of the configuration; and the SHA-256 of each file, by name.

    Raises:
        CheckpointRefused: there are none, a name leads out of the folder, the index and the shards disagree, or a
            file cannot be opened safely.
        NonFiniteError: a weight is NaN or infinite.
    """
    for name in FILES:
        if has(directory.path, name):
            contents = read_contents(str(member(directory.path, name)), weights)
            digests = {**directory.digests, name: contents.digest}
            return replace(contents, path=str(directory.path), digest=combined(digests)), digests
        if has(directory.path, f"{name}.index.json"):
            return _read_shards(directory, f"{name}.index.json", weights)
    raise CheckpointRefused(f"Expected {EXPECTED}; '{directory.name}' has no such weights.")


def _read_shards(directory: ModelDirectory, index: str, weights: str) -> tuple[Contents, Mapping[str, str]]:
    listed, index_digest = _index(directory, index)
    digests = {**directory.digests, index: index_digest}
    state: dict[str, torch.Tensor] = {}
    notes: dict[str, None] = {}
    contents = None
    for shard in sorted(set(listed.values())):
        contents = read_contents(str(member(directory.path, shard)), weights)
        expected = {name for name, where in listed.items() if where == shard}
        if expected != set(contents.state):
            odd = sorted(expected.symmetric_difference(contents.state))
            raise CheckpointRefused(
                f"Expected '{safe_text(shard)}' in '{directory.name}' to hold the {len(expected)} tensors that {index} "
                f"lists for it, but they differ in {len(odd)} ('{safe_text(odd[0], 80)}'). Copy all shards again."
            )
        state.update(contents.state)
        digests[shard] = contents.digest
        notes.update(dict.fromkeys(contents.notes))
    if contents is None:
        raise CheckpointRefused(f"Expected shards in {index} of '{directory.name}', got none. Copy it again.")
    merged = replace(contents, state=state, digest=combined(digests), path=str(directory.path), notes=tuple(notes))
    return merged, digests


def _index(directory: ModelDirectory, name: str) -> tuple[Mapping[str, str], str]:
    document, digest = read_json(member(directory.path, name, at_most=MAX_BYTES))
    listed = document.get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(shard, str) for shard in listed.values()):
        raise CheckpointRefused(
            f"Expected a weight_map of tensors to files in {name} of '{directory.name}', got {safe_text(listed, 60)}."
        )
    shards = set(listed.values())
    if len(shards) > MAX_SHARDS:
        raise CheckpointRefused(
            f"Expected at most {MAX_SHARDS:,} shards in {name} of '{directory.name}', got {len(shards):,}."
        )
    for shard in shards:
        member(directory.path, shard)
    return listed, digest
