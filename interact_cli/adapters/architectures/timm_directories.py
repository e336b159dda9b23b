"""``config.json`` of a timm directory, in the words of timm's training arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from interact_cli.adapters.containers.directories import CONFIG, ModelDirectory
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text

_INPUT = ("input_size", "mean", "std", "interpolation", "crop_pct", "crop_mode")


def said_by(directory: ModelDirectory) -> tuple[str, dict[str, Any]]:
    """Return the architecture that a timm directory names, and what it says of the network.

    Args:
        directory: A directory of kind ``"timm"``; ``pretrained_cfg`` may also stand at the top, as old ones have it.

    Returns:
        ``("timm:NAME", saved)`` with ``saved`` as `interact_cli.interfaces.ArchBuilder` takes it.

    Raises:
        CheckpointRefused: an entry is not of its kind.
    """
    config = directory.config
    data = _mapping(directory, "pretrained_cfg") if "pretrained_cfg" in config else config
    arguments = _mapping(directory, "model_args")
    saved = {key: data[key] for key in _INPUT if data.get(key) is not None}
    saved["num_classes"] = config.get("num_classes", data.get("num_classes"))
    size = saved.get("input_size")
    if isinstance(size, list) and len(size) == 3:
        saved["in_chans"] = size[0]
    saved["model_kwargs"] = arguments
    names = config.get("label_names", data.get("label_names", data.get("labels")))
    if isinstance(names, list) and len(names) == saved["num_classes"]:
        saved["class_names"] = names
    return f"timm:{config['architecture']}", saved


def _mapping(directory: ModelDirectory, key: str) -> Mapping[str, Any]:
    value = directory.config.get(key)
    if value is not None and not isinstance(value, Mapping):
        raise CheckpointRefused(
            f"Expected '{key}' in {CONFIG} of '{directory.name}' to be a mapping, got {safe_text(value, 60)}."
        )
    return value or {}
