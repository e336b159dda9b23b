"""A folder as a model: which kind it is, and its files.

| kind | ``config.json`` has | weights |
|---|---|---|
| ``transformers`` | ``model_type``, ``architectures`` | ``model.safetensors``, ``pytorch_model.bin``, or their shards |
| ``timm`` | ``architecture`` | the same |

Every file is a plain name inside the folder. A link may lead to another file of the folder, or into ``blobs`` of a
hub cache (``snapshots/REVISION/config.json -> ../../blobs/...``), and nowhere else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from interact_cli.adapters.containers.files import REFUSALS, SAVED_MODEL
from interact_cli.adapters.containers.model_config import MAX_BYTES, checked_config, read_json
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text
from interact_cli.seeding import digest

CONFIG = "config.json"
EXPECTED = (
    "a model directory: config.json of transformers (model_type, architectures) or timm (architecture), "
    "beside model.safetensors, its shards, or pytorch_model.bin"
)

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,250}")
_LISTED = 8
_MODEL_TYPE_OF_TIMM = "timm_wrapper"


@dataclass(frozen=True)
class ModelDirectory:
    """A folder with a model in it."""

    path: Path
    kind: Literal["transformers", "timm"]
    config: Mapping[str, Any]
    """``config.json``, checked, without what is decided here."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each file that was read so far, by name."""

    @property
    def name(self) -> str:
        """The path, fit to be printed."""
        return safe_text(self.path)


def is_directory(path: str | Path) -> bool:
    """Return whether a path is a folder; False for what cannot be a path."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):
        return False


def open_directory(path: str | Path) -> ModelDirectory:
    """Read and check the configuration of a model directory.

    Raises:
        CheckpointRefused: the folder is of neither kind, or its configuration asks for more than a network.
    """
    folder = Path(path)
    if has(folder, SAVED_MODEL):
        raise CheckpointRefused(f"Expected a checkpoint in '{safe_text(folder)}', {REFUSALS['saved-model']}")
    if not (folder / CONFIG).is_file():
        raise CheckpointRefused(_neither(folder, "there is no config.json"))
    file = member(folder, CONFIG, at_most=MAX_BYTES)
    document, sha = read_json(file)
    config = checked_config(document, file)
    kind = _kind(config)
    if kind is None:
        raise CheckpointRefused(_neither(folder, "its config.json names no network of either library"))
    return ModelDirectory(folder, kind, config, {CONFIG: sha})


def _kind(config: Mapping[str, Any]) -> Literal["transformers", "timm"] | None:
    model_type = config.get("model_type")
    if isinstance(config.get("architecture"), str) and model_type in {None, _MODEL_TYPE_OF_TIMM}:
        return "timm"
    return "transformers" if isinstance(model_type, str) else None


def member(folder: Path, name: str, *, at_most: int | None = None) -> Path:
    """Return the path of a file of a folder, after checking that it lies there.

    Args:
        folder: The folder.
        name: The file's name.
        at_most: Bytes that it may have, checked before anything is read.

    Raises:
        CheckpointRefused: the name is not a plain file name, or a link that leads out of the folder, or the file is
            larger.
    """
    if not _PLAIN_NAME.fullmatch(name):
        raise CheckpointRefused(
            f"Expected plain file names inside '{safe_text(folder)}', got '{safe_text(name, 120)}'. "
            "A model directory may not point elsewhere."
        )
    path = folder / name
    home, target = folder.resolve(), Path(os.path.realpath(path))  # a loop of links is opened(), which says so
    homes = [home, home.parent.parent / "blobs"] if home.parent.name == "snapshots" else [home]
    if not any(map(target.is_relative_to, homes)):
        raise CheckpointRefused(
            f"Expected the files of '{safe_text(folder)}' to lie inside it, but '{name}' is a link to "
            f"'{safe_text(target, 120)}'. Copy that file into the folder if you trust it."
        )
    size = target.stat().st_size if target.is_file() else 0
    if at_most is not None and size > at_most:
        raise CheckpointRefused(
            f"Expected at most {at_most:,} bytes in '{safe_text(path)}', got {size:,}. Get a fresh copy."
        )
    return path


def has(folder: Path, name: str) -> bool:
    """Return whether a folder lists a file, be it a dangling link."""
    return (folder / name).is_symlink() or (folder / name).exists()


def combined(digests: Mapping[str, str]) -> str:
    """Return one SHA-256 for the files of a model, from that of each.

    Example:
        >>> combined({"a": "1", "b": "2"}) == combined({"b": "2", "a": "1"})
        True
    """
    return digest(*(part for name in sorted(digests) for part in (name, digests[name])))


def _neither(folder: Path, why: str) -> str:
    listed = sorted(entry.name for entry in _entries(folder))
    shown = ", ".join(safe_text(name, 60) for name in listed[:_LISTED])
    more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
    return (
        f"Expected {EXPECTED}; in '{safe_text(folder)}' {why}. It holds: {shown or 'nothing'}{more}.{_advice(folder)}"
    )


def _advice(folder: Path) -> str:
    if has(folder, "adapter_config.json"):
        return " It looks like a PEFT adapter: merge it into its base model (merge_and_unload) and save that."
    inner = sorted(
        config.parent
        for pattern in ("*/config.json", "snapshots/*/config.json")
        for config in folder.glob(pattern)
        if config.is_file()
    )
    return f" Did you mean '{safe_text(inner[0])}'?" if inner else ""


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
