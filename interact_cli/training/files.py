"""Checkpoints in the layout of timm's own train script, written whole or not at all."""

from __future__ import annotations

import argparse
import hashlib
import io
import pickle
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from interact_cli.errors import CheckpointRefused, OutputError
from interact_cli.journal.whole import write_whole


@dataclass(frozen=True)
class Stored:
    """A checkpoint that was read or written."""

    content: Mapping[str, Any]
    digest: str
    """SHA-256 of the file's bytes."""


def writable_folder(folder: Path) -> None:
    """Make sure that files can be written to a folder, before the work whose result goes there.

    Raises:
        OutputError: the folder cannot be made, or takes no files.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"Expected a folder that can be written, got '{folder}' ({error.strerror}). Name another folder."
        ) from error


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> Stored:
    """Write a checkpoint: temporary file, fsync, rename. Equal content gives equal bytes.

    Raises:
        OutputError: the file cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(dict(content), buffer)
    write_bytes(path, buffer.getvalue())
    return Stored(content, hashlib.sha256(buffer.getvalue()).hexdigest())


def write_bytes(path: Path, raw: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        write_whole(path, raw)
    except OSError as error:
        raise OutputError(f"Expected to write '{path}', got: {error.strerror}. Name another folder.") from error


def read_checkpoint(path: Path) -> Stored:
    """Read a checkpoint that `write_checkpoint` wrote; nothing but tensors, plain values and a Namespace opens.

    Raises:
        CheckpointRefused: missing, damaged, or holding anything else.
    """
    try:
        raw = path.read_bytes()
        with torch.serialization.safe_globals([argparse.Namespace]):
            content = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise CheckpointRefused(
            f"Expected a checkpoint that interact wrote at '{path}', got a damaged one ({reason}). Delete it."
        ) from error
    if not isinstance(content, dict) or "state_dict" not in content:
        raise CheckpointRefused(
            f"Expected a checkpoint that interact wrote at '{path}', got a {type(content).__name__} without "
            "'state_dict'. Delete it."
        )
    return Stored(content, hashlib.sha256(raw).hexdigest())
