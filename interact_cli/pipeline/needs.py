"""What metrics and numbers need of a run: prepared, or refused before any work."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import torch

from interact_cli.config.settings import Settings
from interact_cli.engine.evaluator import Evaluator
from interact_cli.engine.recording import checked_outputs
from interact_cli.errors import UsageError
from interact_cli.interfaces import Dataset, Measurable, Need
from interact_cli.pipeline.defaults import WITH_CLASSES
from interact_cli.pipeline.inputs import open_dataset
from interact_cli.types import MEMORY, Model, Sample


def check_needs(asked: Iterable[Measurable], settings: Settings, model: Model, dataset: Dataset) -> None:
    """Refuse what the network, the data or the settings do not allow.

    Args:
        asked: Metrics and numbers.
        settings: Resolved.
        model: The network.
        dataset: The data.

    Raises:
        UsageError: one of them needs what cannot be had; the message names it.
    """
    for measurable in asked:
        needs, name = measurable.needs, f"'{measurable.name}'"
        if "outputs" in needs and model.output == "features":
            raise UsageError(f"{name} needs outputs, and this network returns features. Leave it out.")
        if "labels" in needs and (dataset.labels is None or model.output not in WITH_CLASSES):
            raise UsageError(
                f"{name} needs true classes, and '{dataset.name}' has none for this network. Leave it out."
            )
        if "every sample" in needs and settings.data.only == "correct":
            raise UsageError(f"{name} is of every sample, and --only correct leaves some out. Leave out one of them.")
        if "input gradients" in needs and model.input.kind == "text":
            raise UsageError(f"{name} follows outputs back to the input, and words have no gradient. Leave it out.")
        if "training part" in needs and dataset.name == MEMORY:
            raise UsageError(f"{name} needs the training part of a data set, and these inputs are in memory.")


def training_part(needs: Collection[Need], settings: Settings, name: str) -> Dataset | None:
    """Open the training part of the data set where it is needed.

    Raises:
        InteractError: there is none.
    """
    return open_dataset(name, settings.data, split="train") if "training part" in needs else None


def let_gradients_through(needs: Collection[Need], evaluator: Evaluator, sample: Sample) -> None:
    """Let weights take gradients where they are needed, and see that those of the input arrive.

    Raises:
        UsageError: the network cuts them off, or has no outputs.
        RunFailed: it returns something else than one row of outputs.
    """
    if "weight gradients" in needs:
        evaluator.module.requires_grad_(requires_grad=True)
    if "input gradients" in needs:
        inputs = torch.from_numpy(sample.input[None].copy()).to(evaluator.device).requires_grad_()
        with torch.enable_grad():
            outputs = checked_outputs(evaluator.module(inputs), 1, evaluator.model)
        if not outputs.requires_grad:
            raise UsageError("Expected a network that lets gradients through to its input; this one runs without them.")
