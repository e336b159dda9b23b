"""What a configuration of transformers asks for: which class of the library, for which task, and how large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
import transformers
from torch import nn
from transformers.models.auto import modeling_auto

from interact_cli.adapters.containers.contents import Contents
from interact_cli.adapters.containers.directories import CONFIG, ModelDirectory
from interact_cli.adapters.containers.model_config import layer_counts
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import named_error, safe_text

SLACK = 2**24
"""Numbers that a network may have beyond those of the file: room for a head, and for tables that are not saved."""

Task = Literal["classes", "image", "continuation", "features"]

_TASKS: dict[Task, str] = {
    "classes": "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES",
    "image": "MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES",
    "continuation": "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "features": "MODEL_MAPPING_NAMES",
}
SUPPORTED = "sequence classification, image classification, a causal language model or an encoder without a head"


@dataclass(frozen=True)
class NamedNetwork:
    """The network that ``config.json`` names."""

    architecture: str
    """A class of transformers."""
    task: Task
    config: Any
    """A ``PreTrainedConfig``."""
    where: str
    """The file, for messages."""


def named_network(directory: ModelDirectory) -> NamedNetwork:
    """Find the class and the task that a directory's configuration names.

    Raises:
        CheckpointRefused: the library has no such model type, the class is none of it or of another task, or the
            library refuses a setting.
    """
    where = f"'{directory.name}/{CONFIG}'"
    model_type = directory.config["model_type"]
    if model_type not in transformers.CONFIG_MAPPING:
        raise CheckpointRefused(
            f"Expected a model_type of transformers {transformers.__version__} in {where}, got "
            f"'{safe_text(model_type, 60)}'. Its code would have to come from elsewhere, which is never run."
        )
    names = directory.config.get("architectures")
    architecture = names[0] if isinstance(names, list) and names else None
    if not isinstance(architecture, str):
        raise CheckpointRefused(
            f"Expected 'architectures' in {where} to name the class of the network, got {safe_text(names, 60)}. "
            f'Write it there, for example "architectures": ["BertForSequenceClassification"].'
        )
    task = next((task for task in _TASKS if architecture in _known(task, model_type)), None)
    if task is None:
        raise CheckpointRefused(_unsupported(architecture, model_type, where))
    try:
        config = transformers.CONFIG_MAPPING[model_type].from_dict(dict(directory.config))
    except Exception as error:  # the library checks the types of its own settings, family by family
        raise CheckpointRefused(f"Expected settings of {model_type} in {where}, got: {named_error(error)}.") from None
    return NamedNetwork(architecture, task, config, where)


def _known(task: Task, model_type: str) -> tuple[str, ...]:
    names = getattr(modeling_auto, _TASKS[task]).get(model_type, ())
    return (names,) if isinstance(names, str) else tuple(names)


def _unsupported(architecture: str, model_type: str, where: str) -> str:
    known = [name for task in _TASKS for name in _known(task, model_type)]
    return (
        f"Expected {SUPPORTED} in {where}, got '{safe_text(architecture, 80)}' for model_type '{model_type}'. "
        f"Of this family: {', '.join(known) or 'none'}. Save the part that you mean, for example: "
        "transformers.AutoModel.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER)"
    )


def check_size(named: NamedNetwork, contents: Contents) -> str:
    """Refuse a network that the weights cannot fill, before it takes memory; return its attention implementation."""
    for place, layers in layer_counts(named.config.to_dict()):
        if layers > len(contents.state):
            raise CheckpointRefused(
                f"Expected weights for {layers} layers ('{safe_text(place)}' in {named.where}), got "
                f"{len(contents.state)} tensors in all. The configuration belongs to another checkpoint."
            )
    outline = _built(named, lambda cls: cls(named.config))
    parts = {id(tensor): tensor.numel() for tensor in (*outline.parameters(), *outline.buffers())}
    needed, stored = sum(parts.values()), sum(tensor.numel() for tensor in contents.state.values())
    if needed > 2 * stored + SLACK:
        raise CheckpointRefused(
            f"Expected weights for the {needed:,} numbers of {named.architecture} as {named.where} describes it, got "
            f"{stored:,}. The configuration belongs to another checkpoint."
        )
    return str(getattr(outline.config, "_attn_implementation", None) or "eager")


def _built(named: NamedNetwork, make: Callable[[Any], nn.Module]) -> nn.Module:
    try:
        with torch.device("meta"):
            network: nn.Module = make(getattr(transformers, named.architecture))
    except Exception as error:  # hundreds of constructors read the settings
        raise CheckpointRefused(
            f"Expected settings in {named.where} from which {named.architecture} can be built, but: "
            f"{named_error(error)}."
        ) from None
    return network
